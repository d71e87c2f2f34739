"""What those answer whom the desk asked."""

from __future__ import annotations

from django.utils import timezone

from claims.actions.acting import acting, update
from claims.choices import ContactOutcome
from claims.models import Contact, GuestLink


def answer(*, contact: Contact, answer: str, guest_link: GuestLink) -> Contact:
    """Enter a guest's own answer."""
    with acting(by=None, action="contact.answer"):
        contact = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
        update(contact, outcome=ContactOutcome.ANSWERED, answer=answer, closed_at=timezone.now())
    return contact
