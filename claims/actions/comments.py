"""People of the desk, and guests, talk about what is being checked; a thread can keep an article from its sign-off."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils import timezone

from claims.actions import notifying
from claims.actions.acting import acting, check_text, insert, lock_article, require, update
from claims.actions.claims import resolve as place_of
from claims.choices import GuestMay, NotificationKind
from claims.models import Article, Claim, Comment, Evidence, GuestLink, Person, Thread, Verdict
from claims.rules import Refusal, Refused

# A username as Django allows it, after an @ that stands in no word: not the end of an e-mail address.
MENTION = re.compile(r"(?<![\w.@+-])@([\w.@+-]{1,150})")
ENDINGS = ".-+@"  # of a username, but also of a sentence
MOST = 50  # people whom one comment names


def thread_is_resolved_by_its_opener_or_an_editor(thread: Thread, person: Person) -> Refusal | None:
    """A thread that blocks is resolved, or made to block no longer, by who opened it or by an editor."""
    if thread.blocking and thread.opened_by_id != person.pk and not person.has_perm("claims.edit_article"):
        return Refusal(
            "thread_is_resolved_by_its_opener_or_an_editor",
            "This conversation blocks the sign-off, so who opened it or an editor resolves it.",
            ("thread", thread.pk),
        )
    return None


def comment_is_taken_back_by_its_author(comment: Comment, person: Person) -> Refusal | None:
    """A comment is taken back by its author, once."""
    if comment.author_id != person.pk:
        return Refusal("comment_is_taken_back_by_its_author", "Only who wrote a comment takes it back.")
    if comment.taken_back_at is not None:
        return Refusal("comment_is_taken_back_by_its_author", "You have taken this comment back already.")
    return None


def guest_writes_in_their_own_thread(thread: Thread, link: GuestLink) -> Refusal | None:
    """A guest writes while their link lets them comment, on what it shows, and in their own conversations alone."""
    if not GuestLink.objects.usable().filter(pk=link.pk, may=GuestMay.COMMENT).exists():
        said = "This link does not let you write any more: ask the desk for another."
    elif thread.guest_link_id != link.pk or thread.article_id != link.article_id:
        said = "This is no conversation of yours."
    elif link.claim_id is not None and thread.claim_id != link.claim_id:
        said = "Your link is for another claim."
    else:
        return None
    return Refusal("guest_writes_in_their_own_thread", said)


def open_thread(
    *, article: Article | None = None, text: str, by: Person | None = None, guest_link: GuestLink | None = None,
    claim: Claim | None = None, evidence: Evidence | None = None, verdict: Verdict | None = None,
    passage: Mapping[str, Any] | None = None, blocking: bool = False, mentions: Iterable[Person] = (),
) -> Thread:  # fmt: skip
    """Begin a conversation with its first comment, by a person of the desk or by a guest.

    In: what it is about (evidence or a verdict imply their claim, and a claim its article); `passage`, a place in the
    article's current text as claims.identify takes it; `blocking` keeps the article from being signed off; `mentions`,
    people to be told besides those named in the text as @username. Raises Refused; ValidationError by field; for the
    passage OffsetsOutOfRange, QuoteNotFound or QuoteAmbiguous.
    """
    _insist_on_writer(by, guest_link)
    _insist_on_seeing(by, evidence=evidence, verdict=verdict)
    thing = evidence or verdict
    claim = claim or (thing.claim if thing else guest_link.claim if guest_link else None)
    article = article or (claim.article if claim else None)
    if article is None:
        raise ValidationError({"article": "Say what the conversation is about: an article, or something of one."})
    with acting(by=by, action="comment.write"):
        article = lock_article(article)
        thread = Thread(
            article=article, claim=claim, evidence=evidence, verdict=verdict, opened_by=by, guest_link=guest_link,
            blocking=blocking and guest_link is None, **_placed(article, passage),
        )  # fmt: skip
        if guest_link is not None and (refusal := guest_writes_in_their_own_thread(thread, guest_link)):
            raise Refused([refusal])
        insert(thread)
        _write(thread, text, by, guest_link, mentions)
    return thread


def reply(
    *, thread: Thread, text: str, by: Person | None = None, guest_link: GuestLink | None = None,
    mentions: Iterable[Person] = (),
) -> Comment:  # fmt: skip
    """Add to a conversation; one that was resolved is open again. Raises Refused, or ValidationError by field."""
    _insist_on_writer(by, guest_link)
    with acting(by=by, action="comment.write"):
        thread = _held(thread, by)
        if guest_link is not None and (refusal := guest_writes_in_their_own_thread(thread, guest_link)):
            raise Refused([refusal])
        comment = _write(thread, text, by, guest_link, mentions)
        if thread.resolved_at is not None:
            update(thread, resolved_by=None, resolved_at=None)
    return comment


def take_back(*, comment: Comment, by: Person) -> Comment:
    """Take one's own comment back: from then on its text is shown to those who read the record, and to nobody else.

    Raises Refused.
    """
    require(by, "comment", "take part in conversations")
    with acting(by=by, action="comment.take_back"):
        _held(comment.thread, by)
        comment = Comment.objects.select_related("thread").get(pk=comment.pk)
        if refusal := comment_is_taken_back_by_its_author(comment, by):
            raise Refused([refusal])
        update(comment, taken_back_at=timezone.now())
    return comment


def resolve(*, thread: Thread, by: Person) -> Thread:
    """Close a conversation. Raises Refused."""
    require(by, "comment", "take part in conversations")
    with acting(by=by, action="thread.resolve"):
        thread = _held(thread, by)
        if thread.resolved_at is not None:
            raise Refused([Refusal("thread_is_open", "This conversation is resolved already.")])
        if refusal := thread_is_resolved_by_its_opener_or_an_editor(thread, by):
            raise Refused([refusal])
        update(thread, resolved_by=by, resolved_at=timezone.now())
    return thread


def reopen(*, thread: Thread, by: Person) -> Thread:
    """Take up again a conversation that was resolved; where it blocks, it blocks again. Raises Refused."""
    require(by, "comment", "take part in conversations")
    with acting(by=by, action="thread.reopen"):
        thread = _held(thread, by)
        if thread.resolved_at is None:
            raise Refused([Refusal("thread_is_resolved", "This conversation is open already.")])
        update(thread, resolved_by=None, resolved_at=None)
    return thread


def set_blocking(*, thread: Thread, blocking: bool, by: Person) -> Thread:
    """Say whether the article waits for this conversation to be resolved before it is signed off. Raises Refused."""
    require(by, "comment", "take part in conversations")
    with acting(by=by, action="thread.block" if blocking else "thread.unblock"):
        thread = _held(thread, by)
        if thread.blocking == blocking:
            return thread
        if refusal := thread_is_resolved_by_its_opener_or_an_editor(thread, by):
            raise Refused([refusal])
        update(thread, blocking=blocking)
    return thread


def _insist_on_writer(by: Person | None, guest_link: GuestLink | None) -> None:
    """One person of the desk whose roles include it, or one guest."""
    if (by is None) == (guest_link is None):
        raise ValueError("A comment is by a person or by a guest.")
    if by is not None:
        require(by, "comment", "take part in conversations")


def _insist_on_seeing(by: Person | None, *, evidence: Evidence | None, verdict: Verdict | None) -> None:
    """Nobody talks about what they may not see. Raises ValidationError as for what is not there."""
    missing = {}
    if evidence and by and not Evidence.objects.visible_to(by).filter(pk=evidence.pk).exists():
        missing["evidence"] = "There is no such evidence that you may see."
    if verdict and by and not Verdict.objects.visible_to(by).filter(pk=verdict.pk).exists():
        missing["verdict"] = "There is no such verdict that you may see."
    if missing:
        raise ValidationError(missing)


def _held(thread: Thread, by: Person | None) -> Thread:
    """The thread as it is now, and its article, held until the transaction ends. Raises ValidationError where the
    person may not see it.
    """
    article = lock_article(thread.article)
    seen = Thread.objects.all() if by is None else Thread.objects.visible_to(by)
    held = seen.select_for_update(of=("self",), no_key=True).select_related("claim").filter(pk=thread.pk).first()
    if held is None:
        raise ValidationError({"thread": "There is no such conversation that you may see."})
    held.article = article
    return held


def _placed(article: Article, passage: Mapping[str, Any] | None) -> dict[str, Any]:
    """The thread's columns for a place in the article's current text."""
    if passage is None:
        return {}
    if article.current_revision is None:
        raise ValidationError({"passage": "The article has no text."})
    found = place_of(article.current_revision.text, passage)
    return {"revision": article.current_revision, "start": found.start, "end": found.end, "exact": found.exact}


def _write(
    thread: Thread, text: str, by: Person | None, guest_link: GuestLink | None, mentions: Iterable[Person]
) -> Comment:
    """The comment, with those it mentions told of it; what a guest writes mentions nobody, and those it concerns are
    told.
    """
    check_text(Comment, "text", text, missing="Say something.")
    comment = Comment(thread=thread, author=by, guest_link=guest_link, text=text)
    insert(comment)
    if by is not None and (people := _mentioned(thread, text, mentions)):
        comment.mentions.set(people)
        notifying.tell(
            NotificationKind.MENTION, people, by=by, comment=comment, article=thread.article, claim=thread.claim
        )
    if guest_link is not None:
        notifying.tell(
            NotificationKind.GUEST_NEWS, _concerned(thread, guest_link), by=None, comment=comment,
            article=thread.article, claim=thread.claim,
        )  # fmt: skip
    return comment


def _concerned(thread: Thread, guest_link: GuestLink) -> list[Person]:
    """Whom it concerns that a guest writes: who made the link, who leads the article, who wrote in the conversation or
    resolved it; where none of them is at the desk any more, everybody who may invite guests. Of them, who may see it.
    """
    wrote = Person.objects.filter(comments__thread=thread).distinct()
    near = [guest_link.made_by, thread.article.lead, thread.resolved_by, *wrote]
    seeing = [person for person in near if person is not None and _may_see(thread, person)]
    return seeing or [person for person in notifying.those_who_may("invite_guest") if _may_see(thread, person)]


def _mentioned(thread: Thread, text: str, given: Iterable[Person]) -> list[Person]:
    """The people named in the text, and those given. Raises ValidationError where one may not see the thread."""
    named, given = people_named_in(text), list(given)
    people = {person.pk: person for person in (*named, *given)}
    if len(people) > MOST:
        raise ValidationError({"text": f"Mention at most {MOST} people in one comment."})
    for field, group in (("text", named), ("mentions", given)):
        if blind := [person.name for person in group if not _may_see(thread, person)]:
            raise ValidationError({field: f"They may not see this conversation: {', '.join(blind)}. Mention others."})
    return list(people.values())


def _may_see(thread: Thread, person: Person) -> bool:
    """Whether somebody active, with any role of the desk, may see the thread."""
    return person.of_the_desk and Thread.objects.visible_to(person).filter(pk=thread.pk).exists()


def people_named_in(text: str) -> list[Person]:
    """The active people whose usernames stand in the text behind an @, whatever their case; other words are none."""
    readings = [_readings(name) for name in MENTION.findall(text)]
    wanted = {reading for each in readings for reading in each}
    if not wanted:
        return []
    known = Person.objects.filter(is_active=True).alias(lowered=Lower("username")).filter(lowered__in=wanted)
    people = {person.username.lower(): person for person in known}
    named = (next((people[r] for r in each if r in people), None) for each in readings)
    return list({person.pk: person for person in named if person is not None}.values())


def _readings(name: str) -> list[str]:
    """The usernames that may be meant, the longest first: a full stop may end the name, or the sentence."""
    name = unicodedata.normalize("NFKC", name).lower()
    bare = name.rstrip(ENDINGS)
    return [name[:end] for end in range(len(name), max(len(bare), 1) - 1, -1)]
