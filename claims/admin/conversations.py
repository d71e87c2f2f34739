"""The conversations about one article, claim, piece of evidence or verdict, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Max, Prefetch, Q
from django.urls import reverse

from claims.actions.comments import thread_is_resolved_by_its_opener_or_an_editor
from claims.admin.names import page_of
from claims.models import Article, Claim, Comment, Evidence, Person, Thread, Verdict
from claims.models.comment import ThreadQuerySet

SHOWN = 40  # conversations on one page


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as one person finds it. `held` says why they cannot resolve it; empty where they can."""

    thread: Thread
    comments: list[Comment]
    about: str
    held: str
    may_comment: bool
    me: int | None

    @property
    def last(self) -> Comment | None:
        return self.comments[-1] if self.comments else None


@dataclass(frozen=True, slots=True)
class Talks:
    """What a page shows: open conversations and resolved ones, the newest activity first. `begin` is what a new one is
    about, as fields of its form; `others` counts the open ones on the article's claims.
    """

    open: list[Talk]
    resolved: list[Talk]
    more: str
    begin: dict[str, int]
    may_comment: bool
    others: dict[str, int]


def talks_about(
    person: Person, *, article: Article | None = None, claim: Claim | None = None, evidence: Evidence | None = None,
    verdict: Verdict | None = None,
) -> Talks:  # fmt: skip
    """The conversations on this row that the person may see: on an article's page those on none of its claims, on a
    claim's those on its evidence and verdicts too.
    """
    given = {"article": article, "claim": claim, "evidence": evidence, "verdict": verdict}
    name, row = next((name, row) for name, row in given.items() if row is not None)
    seen = Thread.objects.visible_to(person).filter(**{name: row})
    others: dict[str, int] = {}
    if article is not None:
        open_ones = seen.filter(claim__isnull=False, resolved_at__isnull=True)
        others = open_ones.aggregate(all=Count("pk"), blocking=Count("pk", filter=Q(blocking=True)))
        seen = seen.filter(claim__isnull=True)
    talks = [talk_of(thread, person) for thread in with_comments(seen)[: SHOWN + 1]]
    return Talks(
        open=[talk for talk in talks[:SHOWN] if talk.thread.resolved_at is None],
        resolved=[talk for talk in talks[:SHOWN] if talk.thread.resolved_at is not None],
        more=f"{reverse('admin:claims_thread_changelist')}?{name}={row.pk}" if len(talks) > SHOWN else "",
        begin={name: row.pk},
        may_comment=person.has_perm("claims.comment"),
        others=others,
    )


def with_comments(threads: ThreadQuerySet) -> ThreadQuerySet:
    """Threads with all that is shown of them, open ones first, the newest activity first; in two queries."""
    spoken = Comment.objects.select_related("author", "guest_link").order_by("pk")
    joined = ("claim", "evidence__source", "verdict__reviewer", "revision", "guest_link", "opened_by", "resolved_by")
    texts = (f"revision__{text}" for text in ("text", "source_bytes", "sentences", "blocks", "report"))
    shown = threads.select_related(*joined).defer(*texts).prefetch_related(Prefetch("comments", spoken))
    return shown.annotate(last=Max("comments__pk")).order_by(F("resolved_at").desc(nulls_first=True), "-last")


def talk_of(thread: Thread, person: Person) -> Talk:
    """A thread from `with_comments`, for this person."""
    refusal = thread_is_resolved_by_its_opener_or_an_editor(thread, person)
    return Talk(
        thread=thread,
        comments=list(thread.comments.all()),
        about=subject_of(thread),
        held=refusal.message if refusal else "",
        may_comment=person.has_perm("claims.comment"),
        me=person.pk,
    )


def subject_of(thread: Thread) -> str:
    """What of its article the thread is about, in words; empty for the article itself."""
    code = thread.claim.code if thread.claim else ""
    if thread.evidence:
        return f"{code}: evidence from {thread.evidence.source.title}"
    if thread.verdict:
        return f"{code}: verdict of {thread.verdict.reviewer.name}, round {thread.verdict.round}"
    return code


def home_of(thread: Thread) -> str:
    """The page where the conversation is shown among others, at its place."""
    page = page_of(Claim, thread.claim_id) if thread.claim_id else page_of(Article, thread.article_id)
    return f"{page}#thread-{thread.pk}"
