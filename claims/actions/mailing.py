"""Notifications as e-mail: put into words for their person, and handed to the mail server."""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse

from claims.choices import EmailMode
from claims.messages import messages_of
from claims.models import Delivery, Person

LONGEST_DIGEST = 200  # notifications that are said one by one; of more it says how many


class Mailer:
    """One connection to the mail server for many messages, opened when the first is there."""

    def __init__(self) -> None:
        self.backend = get_connection()
        self.is_open = False

    def send(self, message: EmailMessage) -> None:
        """Hand one message over: when this ends, the server has said that it has it. Raises what went wrong."""
        if not self.is_open:
            self.backend.open()
            self.is_open = True
        self.backend.send_messages([message])

    def close(self) -> None:
        """Let go of the connection, whatever state it is in."""
        with suppress(smtplib.SMTPException, OSError):
            self.backend.close()
        self.backend, self.is_open = get_connection(), False


def wants_mail(person: Person) -> bool:
    """Whether e-mail goes to this person at all, as they stand now."""
    return bool(person.is_active and person.email and person.email_mode != EmailMode.NONE)


def is_final(error: Exception) -> bool:
    """Whether the mail server has refused this very message or its address for good (5xx)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def mail_of(deliveries: Sequence[Delivery]) -> EmailMessage:
    """One message that says these notifications of one person: one, or those of a day.

    In: deliveries with their notifications `for_reading`. Its Message-ID is the same whenever it is made of the same
    deliveries, so that a message that comes a second time is known as the same. No words of comments, notes or readers
    are in it: those are read at the desk.
    """
    person = deliveries[0].notification.person
    rows = [d.notification for d in deliveries]
    shown = messages_of(rows[:LONGEST_DIGEST], person)
    parts = [
        f"{said.title}\n{said.sentence}\n{settings.SITE_URL}{reverse('admin:notification', args=[row.pk])}"
        for row, said in zip(rows, shown, strict=False)
    ]
    if len(rows) > len(shown):
        parts.append(f"And {len(rows) - len(shown)} more:\n{settings.SITE_URL}{reverse('admin:notifications')}")
    parts.append(f"-- \nHow this comes to you is set here: {settings.SITE_URL}{reverse('admin:me')}")
    what = rows[0].get_kind_display() if len(rows) == 1 else f"{len(rows)} notifications"
    return EmailMessage(
        subject=f"{settings.DESK_NAME}: {what}",
        body="\n\n".join(parts) + "\n",
        to=[person.email],
        headers={"Message-ID": f"<{message_id_of(deliveries)}>", "Auto-Submitted": "auto-generated"},
    )


def message_id_of(deliveries: Sequence[Delivery]) -> str:
    """The id of the message that these deliveries make, without its brackets."""
    ids = sorted(d.message_id for d in deliveries)
    name = ids[0] if len(ids) == 1 else "day_" + hashlib.sha256(" ".join(ids).encode()).hexdigest()[:40]
    return f"{name}@{urlsplit(settings.SITE_URL).hostname}"
