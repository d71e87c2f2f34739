"""Whom the desk asked, by which channel, what and until when; and how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from claims.actions.acting import acting, check_text, insert, lock_article, require, update
from claims.actions.notifying import tell, those_who_may
from claims.choices import ContactOutcome, GuestMay, NotificationKind
from claims.models import Article, Claim, Contact, GuestLink, Person
from claims.rules import Refusal, Refused

CLOCKS = timedelta(minutes=5)  # by which the clock of whoever enters it may be ahead


def contact_is_awaiting(contact: Contact) -> Refusal | None:
    """How a question ended is entered once."""
    if contact.outcome != ContactOutcome.AWAITING:
        said = f"This question is closed already: {contact.get_outcome_display().lower()}."
        return Refusal("contact_is_awaiting", said)
    return None


def late_answer_is_entered_once(contact: Contact) -> Refusal | None:
    """A late answer is one to a question that is closed, and there is one at most."""
    if contact.outcome == ContactOutcome.AWAITING:
        return Refusal("late_answer_is_entered_once", "This question is open: enter how it ended.")
    if contact.late_answer_at is not None:
        return Refusal("late_answer_is_entered_once", "There is a late answer to this question already.")
    return None


def contact_is_answered_by_its_guest(contact: Contact, link: GuestLink) -> Refusal | None:
    """A guest answers the question their link was made for, while the link is good."""
    good = GuestLink.objects.usable().filter(pk=link.pk, may=GuestMay.ANSWER, contact=contact)
    if not good.exists():
        said = "This link does not let you answer this question: ask the desk for another."
        return Refusal("contact_is_answered_by_its_guest", said)
    return None


def log(
    *, article: Article | None = None, claim: Claim | None = None, whom: str, channel: str, question: str,
    asked_at: datetime, due_at: datetime | None = None, by: Person,
) -> Contact:  # fmt: skip
    """Put on file a question that the desk has put to somebody outside.

    In: the article, or the claim it is about; who was asked, the moment they were, and the deadline they were given.
    Raises Refused, or ValidationError by field.
    """
    require(by, "log_contact", "log whom the desk asked")
    article = article or (claim.article if claim else None)
    if article is None:
        raise ValidationError({"article": "Say what the question is about: an article, or a claim of it."})
    check_text(Contact, "whom", whom, missing="Say whom the desk asked.")
    check_text(Contact, "question", question, missing="Say what they were asked.")
    if asked_at > timezone.now() + CLOCKS:
        raise ValidationError({"asked_at": "This is still to come: log a question when it has been put."})
    _check_deadline(asked_at, due_at)
    with acting(by=by, action="contact.log"):
        contact = Contact(
            article=lock_article(article), claim=claim, whom=whom, channel=channel, question=question,
            asked_by=by, asked_at=asked_at, due_at=due_at,
        )  # fmt: skip
        insert(contact)
    return contact


def close(*, contact: Contact, outcome: str, answer: str = "", by: Person) -> Contact:
    """Enter how a question ended, with the answer where there is one. Raises Refused, or ValidationError by field."""
    require(by, "log_contact", "log whom the desk asked")
    if outcome == ContactOutcome.AWAITING:
        raise ValidationError({"outcome": "Say how it ended."})
    needed = "Give the answer, or choose another outcome." if outcome == ContactOutcome.ANSWERED else ""
    check_text(Contact, "answer", answer, missing=needed)
    with acting(by=by, action="contact.close"):
        contact = _held(contact)
        _insist(contact_is_awaiting(contact))
        update(contact, outcome=outcome, answer=answer, closed_by=by, closed_at=timezone.now())
    return contact


def answer(*, contact: Contact, answer: str, guest_link: GuestLink) -> Contact:
    """The guest who was asked answers: the question is closed by nobody of the desk, and whom it concerns is told.

    Where the desk has closed it meanwhile, the answer is kept as a late one. Raises Refused unless the link is good and
    for this question, and no guest has answered it; ValidationError by field.
    """
    if refusal := contact_is_answered_by_its_guest(contact, guest_link):
        raise Refused([refusal])
    check_text(Contact, "answer", answer, missing="Give the answer.")
    with acting(by=None, action="contact.answer"):
        contact = _held(contact)
        if contact.outcome != ContactOutcome.AWAITING and contact.closed_by_id is not None:
            return _keep_late(contact, answer, None)
        _insist(contact_is_awaiting(contact))
        update(contact, outcome=ContactOutcome.ANSWERED, answer=answer, closed_at=timezone.now())
        _tell(contact, None)
    return contact


def answer_late(*, contact: Contact, answer: str, by: Person) -> Contact:
    """Enter what was answered after a question was closed, beside how it ended; whom it concerns is told.

    Raises Refused, or ValidationError by field.
    """
    require(by, "log_contact", "log whom the desk asked")
    check_text(Contact, "answer", answer, missing="Give the answer.")
    with acting(by=by, action="contact.answer_late"):
        return _keep_late(_held(contact), answer, by)


def extend(*, contact: Contact, due_at: datetime | None, by: Person) -> Contact:
    """Give another deadline, or none. Raises Refused, or ValidationError by field."""
    require(by, "log_contact", "log whom the desk asked")
    with acting(by=by, action="contact.extend"):
        contact = _held(contact)
        _insist(contact_is_awaiting(contact))
        _check_deadline(contact.asked_at, due_at)
        if contact.due_at != due_at:
            update(contact, due_at=due_at)
    return contact


def _keep_late(contact: Contact, answer: str, by: Person | None) -> Contact:
    """Put a late answer beside how a question ended, which stays. In: the contact as it is now, held."""
    _insist(late_answer_is_entered_once(contact))
    update(contact, late_answer=answer, late_answer_by=by, late_answer_at=timezone.now())
    _tell(contact, by)
    return contact


def _tell(contact: Contact, by: Person | None) -> None:
    """Tell of an answer: who asked, who made links for whom was asked, who closed the question, who leads the article;
    where none of them is at the desk any more, everybody who may invite guests.
    """
    makers = [link.made_by for link in contact.guest_links.select_related("made_by")]
    concerned = [contact.asked_by, contact.closed_by, contact.article.lead, *makers]
    there = [person for person in concerned if person is not None and person.is_active]
    tell(NotificationKind.GUEST_NEWS, there or those_who_may("invite_guest"), by=by, article=contact.article,
         claim=contact.claim, contact=contact)  # fmt: skip


def _held(contact: Contact) -> Contact:
    """The contact as it is now, and its article, held until the transaction ends."""
    article = lock_article(contact.article)
    held = Contact.objects.select_for_update(of=("self",), no_key=True).select_related("claim").get(pk=contact.pk)
    held.article = article
    return held


def _insist(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Refused([refusal])


def _check_deadline(asked_at: datetime, due_at: datetime | None) -> None:
    if due_at is not None and due_at <= asked_at:
        raise ValidationError({"due_at": "The deadline comes after the question."})
