"""Articles are received, revised, described, and signed off as settled sentence by sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.text import slugify

from claims.actions.acting import acting, actor, check_able, insert, insist, lock_article, require, update
from claims.actions.notifying import tell_of_article
from claims.anchoring import AnchorStatus, Selector, describe, reanchor
from claims.choices import ArticleState, ClaimState
from claims.models import (
    Anchor,
    Article,
    ArticleLink,
    ArticleRevision,
    Claim,
    DeskSettings,
    NonFactualMark,
    Person,
    RatingScale,
)
from claims.models.anchor import SETTLED_ANCHORS
from claims.models.coverage import OUTSIDE
from claims.rules import Refusal, Refused
from claims.segmenting import Block, Link, Sentence
from claims.workflow import BY_NAME

# What new articles take from the desk's settings.
BEGIN_WITH = ("quorum", "votes_to_carry", "blind", "publish_dissent")
DETAILS = (
    "title", "byline", "publisher", "url", "published_on", "language",
    "republished_from_publisher", "republished_from_url", "republished_from_on",
)  # fmt: skip
PROMISED = ("quorum", "votes_to_carry", "blind")  # to whoever has filed a verdict in an open round
SETTINGS = ("lead", "due_at", *BEGIN_WITH, "signer_may_have_judged")


class Origin(Protocol):
    """Where a republished text came from first."""

    @property
    def publisher(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def published_on(self) -> date | None: ...


class Reading(Protocol):
    """What an importer made of the bytes (claims.importers.text.Reading)."""

    @property
    def text(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def source_sha256(self) -> str: ...
    @property
    def blocks(self) -> Sequence[Block]: ...
    @property
    def sentences(self) -> Sequence[Sentence]: ...
    @property
    def links(self) -> Sequence[Link]: ...
    @property
    def report(self) -> Sequence[str]: ...
    @property
    def title(self) -> str: ...
    @property
    def byline(self) -> str: ...
    @property
    def publisher(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def published_on(self) -> date | None: ...
    @property
    def language(self) -> str: ...
    @property
    def republished_from(self) -> Origin | None: ...


def receive(*, reading: Reading, raw: bytes, media_type: str, by: Person, **given: Any) -> Article:
    """Receive an article with its first revision.

    In: what the importer read, the bytes it read from and their media type, and any of DETAILS, which win over what
    the text says. Out: the article, `received`. Raises Refused without the permission, ValidationError by field.
    """
    require(by, "receive_article", "receive articles")
    details = _details_from(reading) | given
    settings = DeskSettings.of_the_desk()
    with acting(by=by, action="article.receive"):
        article = Article(
            slug=_free_slug(details["title"]),
            scale=RatingScale.objects.get(is_default=True),
            created_by=by,
            **{name: getattr(settings, name) for name in BEGIN_WITH},
            **details,
        )
        insert(article)
        _add_revision(article, reading, raw, media_type, note="", by=by)
        refresh_coverage(article)
    return article


def revise(
    *, article: Article, reading: Reading, raw: bytes, media_type: str, by: Person, note: str = ""
) -> tuple[ArticleRevision, dict[str, int]]:
    """Add a new text as the next revision and find every claim and non-factual mark in it again.

    Out: the revision, and how many claims came through as exact, moved, fuzzy and orphaned. The last two wait for a
    person. Raises Refused where the text is the one there already, or the article is withdrawn.
    """
    require(by, "receive_article", "receive articles")
    with acting(by=by, action="article.revise", reason=note):
        article = lock_article(article)
        former = article.current_revision
        if article.state == ArticleState.WITHDRAWN:
            raise Refused([Refusal("article_is_open", "The article is withdrawn.")])
        if former is not None and former.sha256 == reading.sha256:
            raise Refused([Refusal("revision_is_a_new_text", "This is the text of the current revision.")])
        revision = _add_revision(article, reading, raw, media_type, note=note, by=by)
        counts = _reanchor_claims(article, revision, by)
        if former is not None:
            _carry_marks(former, revision)
        refresh_coverage(article)
    return revision, counts


def edit(*, article: Article, by: Person, **changes: Any) -> Article:
    """Change details or desk settings. Raises Refused, or ValidationError by field."""
    require(by, "edit_article", "edit articles")
    if unknown := set(changes) - {*DETAILS, *SETTINGS}:
        raise ValidationError({name: "This is not a detail that can be edited." for name in unknown})
    check_able("lead", changes.get("lead"), "receive_article")
    with acting(by=by, action="article.edit"):
        article = lock_article(article)
        promised = {k for k in PROMISED if k in changes and changes[k] != getattr(article, k)}
        if promised and article.claims.filter(state=ClaimState.IN_REVIEW).exists():
            said = "Neither quorum nor blindness changes while a claim is in review."
            raise Refused([Refusal("no_round_is_open", said)])
        update(article, **changes)
    return article


def mark_non_factual(*, article: Article, start: int, end: int, by: Person) -> list[NonFactualMark]:
    """Mark the body's sentences that lie in [start, end) (code points) as stating no fact, in this person's name.

    Gives the new marks; sentences marked before stay as they are. Raises ValidationError when the range holds none.
    """
    require(by, "mark_non_factual", "mark sentences as non-factual")
    with acting(by=by, action="article.mark_non_factual"):
        article = lock_article(article)
        revision = _revision_of(article)
        inside = [(s, e) for s, e, kind in revision.sentences if kind not in OUTSIDE and s < end and e > start]
        if not inside:
            raise ValidationError({"start": "No sentence of the body stands between start and end."})
        standing = revision.non_factual_marks.filter(taken_back_at__isnull=True)
        there = set(standing.values_list("start", flat=True))
        marks = [NonFactualMark(revision=revision, start=s, end=e, marked_by=by) for s, e in inside if s not in there]
        for mark in marks:
            insert(mark)
        refresh_coverage(article)
    return marks


def take_mark_back(*, mark: NonFactualMark, by: Person) -> None:
    """The sentence may state a fact after all."""
    require(by, "mark_non_factual", "mark sentences as non-factual")
    with acting(by=by, action="article.take_mark_back"):
        article = lock_article(mark.revision.article)
        mark.refresh_from_db()
        if mark.taken_back_at is None:
            update(mark, taken_back_by=by, taken_back_at=timezone.now())
        refresh_coverage(article)


def withdraw(*, article: Article, reason: str, by: Person) -> Article:
    """Stop checking an article that was never published. Raises Refused."""
    step = BY_NAME["withdraw"]
    if not reason.strip():
        raise ValidationError({"reason": "Say why the article is withdrawn."})
    with acting(by=by, action="article.withdraw", reason=reason):
        article = lock_article(article)
        insist(step, article, by, {"reason": reason})
        update(article, state=step.moves[article.state])
    return article


def refresh_coverage(article: Article) -> None:
    """Put the counters of settled sentences right; called by every action that may move them.

    Who leads the article is told when its last sentence is settled.
    """
    coverage = article.coverage()
    counters = {"sentence_count": coverage.body, "settled_count": coverage.settled}
    if any(getattr(article, name) != value for name, value in counters.items()):
        settled_before = article.settled_count == article.sentence_count > 0
        update(article, **counters)
        if article.settled_count == article.sentence_count > 0 and not settled_before:
            tell_of_article(article, "settled", by=actor())


def _details_from(reading: Reading) -> dict[str, Any]:
    origin = reading.republished_from
    return {
        "title": reading.title,
        "byline": reading.byline,
        "publisher": reading.publisher,
        "url": reading.url,
        "published_on": reading.published_on,
        "language": reading.language,
        "republished_from_publisher": origin.publisher if origin else "",
        "republished_from_url": origin.url if origin else "",
        "republished_from_on": origin.published_on if origin else None,
    }


def _free_slug(title: str) -> str:
    """A slug nobody has. Two articles of one title received at once wait for one another here."""
    base = slugify(title)[:100].strip("-") or "article"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"factcheck.slug.{base}"])
    taken = set(Article.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(s for s in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if s not in taken)


def _revision_of(article: Article) -> ArticleRevision:
    if article.current_revision is None:
        raise ValidationError("The article has no text.")
    return article.current_revision


def _add_revision(
    article: Article, reading: Reading, raw: bytes, media_type: str, *, note: str, by: Person
) -> ArticleRevision:
    number = article.current_revision.number + 1 if article.current_revision else 1
    revision = ArticleRevision(
        article=article, number=number, text=reading.text, sha256=reading.sha256, source_bytes=raw,
        source_sha256=reading.source_sha256, media_type=media_type, note=note, created_by=by,
        blocks=[[b.kind.value, b.start, b.end] for b in reading.blocks],
        sentences=[[s.start, s.end, s.kind.value] for s in reading.sentences],
        report=list(reading.report),
    )  # fmt: skip
    insert(revision)
    ArticleLink.objects.bulk_create(
        ArticleLink(revision=revision, text=k.text, start=k.start, end=k.end, target=k.target, status=k.status.value)
        for k in reading.links
    )
    update(article, current_revision=revision)
    return revision


def _reanchor_claims(article: Article, revision: ArticleRevision, by: Person) -> dict[str, int]:
    counts: Counter[str] = Counter()
    anchors = {a.claim_id: a for a in Anchor.objects.filter(claim__article=article, current=True)}
    settled = Anchor.objects.filter(claim__article=article, status__in=SETTLED_ANCHORS).order_by("id")
    known = anchors | {a.claim_id: a for a in settled}  # the last place that was sure is the one to look for
    for claim in Claim.objects.filter(article=article).order_by("number"):
        old = known[claim.pk]
        found = reanchor(Selector(old.start or 0, old.end or 0, old.exact, old.prefix, old.suffix), revision.text)
        place(claim, revision, found.status, found.selector, by=by, lost=old, score=found.score)
        counts[found.status.value] += 1
    return {status.value: counts[status.value] for status in AnchorStatus}


def place(
    claim: Claim, revision: ArticleRevision, status: AnchorStatus, selector: Selector | None, *,
    by: Person, lost: Anchor | None = None, score: float | None = None,
) -> Anchor:  # fmt: skip
    """Make this the claim's current anchor; without a selector it keeps the quote of the anchor it lost."""
    claim.anchors.filter(current=True).update(current=False)
    quote = selector or lost
    if quote is None:
        raise ValueError("An anchor needs a selector, or the anchor that was lost.")
    anchor = Anchor(
        claim=claim, revision=revision, status=status.value, score=None if score is None else str(score), created_by=by,
        start=selector.start if selector else None, end=selector.end if selector else None,
        exact=quote.exact, prefix=quote.prefix, suffix=quote.suffix,
    )  # fmt: skip
    insert(anchor)
    return anchor


def _carry_marks(former: ArticleRevision, revision: ArticleRevision) -> None:
    """A mark is carried over only to the very same sentence: quote and surroundings agree."""
    spans = {(s, e) for s, e, kind in revision.sentences if kind not in OUTSIDE}
    for mark in former.non_factual_marks.filter(taken_back_at__isnull=True):
        found = reanchor(describe(former.text, mark.start, mark.end), revision.text)
        same = found.selector
        if found.status.value in SETTLED_ANCHORS and same and (same.start, same.end) in spans:
            insert(NonFactualMark(revision=revision, start=same.start, end=same.end, marked_by=mark.marked_by))
