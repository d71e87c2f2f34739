"""What a notification says. It is made when it is read, for the person who reads it, from the rows as they stand
then.

So no old notification tells of a conversation that its person may not see any more, or of words that were taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from claims.choices import ClaimState, NotificationKind
from claims.models import Article, Claim, Comment, Contact, Notification, Person

Kind = NotificationKind
LONGEST_TITLE = 150
LONGEST_QUOTE = 500


@dataclass(frozen=True, slots=True)
class Message:
    """A notification in words. `quote` is what somebody wrote, for the desk's own pages and never for an e-mail; `path`
    leads to the page it is about. `hidden` says that this person may not see what it is about.
    """

    title: str
    sentence: str
    quote: str
    path: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What has to be looked up for many notifications at once."""

    person: Person
    comments: frozenset[int]
    contacts: tuple[Contact, ...]
    handles_reports: bool


def messages_of(notifications: Iterable[Notification], person: Person) -> list[Message]:
    """What each of these notifications of one person says to them now; two queries at most for any number of them.

    In: rows from `Notification.objects.for_reading()`.
    """
    rows = list(notifications)
    commented = [row.comment_id for row in rows if row.comment_id]
    overdue = [row.article_id for row in rows if row.kind == Kind.OVERDUE]
    seen = Seen(
        person,
        frozenset(Comment.objects.visible_to(person).filter(pk__in=commented).values_list("pk", flat=True))
        if commented else frozenset(),
        tuple(Contact.objects.awaiting().filter(asked_by=person, article__in=overdue, due_at__lte=timezone.now()))
        if overdue else (),
        any(row.report_id for row in rows) and person.is_active and person.has_perm("claims.handle_report"),
    )  # fmt: skip
    return [SAID[Kind(row.kind)](row, seen) for row in rows]


def message_of(notification: Notification) -> Message:
    """What one notification says to the person it is for."""
    return messages_of([notification], notification.person)[0]


def _assignment(row: Notification, seen: Seen) -> Message:
    claim = _claim(row)
    if claim.assignee_id != seen.person.pk:
        return _message(row, f"{claim.code} was assigned to you", f"It is somebody else's now. {_about(row)}")
    due = f" It is due on {claim.due_at:%Y-%m-%d %H:%M} UTC." if claim.due_at else ""
    return _message(row, f"{claim.code} is assigned to you", f"{_about(row)}{due}", quote=claim.assignment_note)


def _your_turn(row: Notification, seen: Seen) -> Message:
    if row.claim is None:
        return _message(
            row, "An article is settled", f"Every sentence is settled: see whether it can be signed off. {_about(row)}"
        )
    if row.claim.state == ClaimState.IN_REVIEW:
        return _message(row, f"{row.claim.code} is in review", f"See whether you judge it. {_about(row)}")
    if row.claim.state == ClaimState.RESEARCHING:
        return _message(row, f"{row.claim.code} is back in research", f"It waits for you. {_about(row)}")
    return _message(row, f"{row.claim.code} waited for you", f"It has moved on since. {_about(row)}")


def _mention(row: Notification, seen: Seen) -> Message:
    if row.comment is None or row.comment_id not in seen.comments:
        return Message(
            "You were mentioned", "It is in a conversation that is not open to you now.", "", "", hidden=True
        )
    who = row.comment.author.name if row.comment.author else "A guest"
    if row.comment.taken_back_at is not None:
        return _message(row, f"{who} mentioned you", f"The comment has been taken back. {_about(row)}")
    return _message(row, f"{who} mentioned you", _about(row), quote=row.comment.text)


def _disputed(row: Notification, seen: Seen) -> Message:
    return _message(row, f"The reviewers of {_claim(row).code} differ", f"It waits for an adjudicator. {_about(row)}")


def _stale(row: Notification, seen: Seen) -> Message:
    said = "The claim or its evidence has changed since it was judged; verdicts on what stood before count no longer."
    return _message(row, f"{_claim(row).code} has changed", f"{said} {_about(row)}")


def _overdue(row: Notification, seen: Seen) -> Message:
    """What is overdue of it now: the claim or article itself, or questions of this person that nobody answered."""
    late = [c for c in seen.contacts if c.article_id == row.article_id and c.claim_id == row.claim_id]
    thing: Claim | Article = row.claim or _article(row)
    said = []
    if thing.due_at and thing.due_at <= timezone.now():
        said.append(f"It was due on {thing.due_at:%Y-%m-%d %H:%M} UTC.")
    if late:
        said.append(f"{len(late)} of your questions to others {'is' if len(late) == 1 else 'are'} past the deadline.")
    title = f"{row.claim.code} is overdue" if row.claim else "An article is overdue"
    return _message(row, title, " ".join([*(said or ["It has another date by now."]), _about(row)]))


def _guest_news(row: Notification, seen: Seen) -> Message:
    """A guest's comment, or an answer to a question; not whose: an e-mail tells that to nobody."""
    if row.contact is not None:
        return _answer(row, row.contact, seen)
    if row.comment is None or row.comment_id not in seen.comments:
        return Message(
            "A guest has commented", "It is in a conversation that is not open to you now.", "", "", hidden=True
        )
    return _message(row, "A guest has commented", _about(row), quote=row.comment.said)


def _answer(row: Notification, contact: Contact, seen: Seen) -> Message:
    whose = "Your question" if contact.asked_by_id == seen.person.pk else "A question to others"
    if contact.late_answer_at is None:
        return _message(row, f"{whose} is answered", _about(row), quote=contact.answer)
    said = "How it ended stays as it was entered: see whether anything said or published since has to change."
    return _message(row, f"{whose} is answered late", f"{said} {_about(row)}", quote=contact.late_answer)


def _signed_off(row: Notification, seen: Seen) -> Message:
    return _message(row, "An article is signed off", _about(row))


def _reader_report(row: Notification, seen: Seen) -> Message:
    where = f"in {row.claim.code}" if row.claim else "in an article"
    if row.report is None or not seen.handles_reports:
        return _message(row, f"A reader reports an error {where}", _about(row))
    path = reverse("admin:claims_readerreport_change", args=[row.report_id])
    return _message(row, f"A reader reports an error {where}", _about(row), quote=row.report.text, path=path)


SAID: dict[NotificationKind, Callable[[Notification, Seen], Message]] = {
    Kind.ASSIGNMENT: _assignment,
    Kind.YOUR_TURN: _your_turn,
    Kind.MENTION: _mention,
    Kind.DISPUTED: _disputed,
    Kind.STALE: _stale,
    Kind.OVERDUE: _overdue,
    Kind.SIGNED_OFF: _signed_off,
    Kind.READER_REPORT: _reader_report,
    Kind.GUEST_NEWS: _guest_news,
}


def _message(row: Notification, title: str, sentence: str, quote: str = "", path: str = "") -> Message:
    return Message(_short(title, LONGEST_TITLE), sentence, _short(quote, LONGEST_QUOTE), path or _path(row))


def _path(row: Notification) -> str:
    """The page in the admin that it is about: the question, the conversation, the claim or the article."""
    if row.contact_id:
        return reverse("admin:claims_contact_change", args=[row.contact_id])
    if row.comment is not None:
        return reverse("admin:claims_thread_change", args=[row.comment.thread_id])
    if row.claim_id:
        return reverse("admin:claims_claim_change", args=[row.claim_id])
    return reverse("admin:claims_article_change", args=[row.article_id]) if row.article_id else ""


def _about(row: Notification) -> str:
    """The article and the claim by their names."""
    article = _short(str(_article(row)), LONGEST_TITLE) if row.article_id else ""
    if row.claim is None:
        return f"“{article}”." if article else ""
    return f"{row.claim.code}, “{_short(row.claim.headline or row.claim.statement, 75)}”, in “{article}”."


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _claim(row: Notification) -> Claim:
    if row.claim is None:
        raise ValueError(f"{row} is about no claim.")
    return row.claim


def _article(row: Notification) -> Article:
    if row.article is None:
        raise ValueError(f"{row} is about no article.")
    return row.article
