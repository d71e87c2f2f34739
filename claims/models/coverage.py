"""What of an article is settled: every sentence of its current revision, and what still blocks a sign-off."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.choices import ClaimState
from claims.rules import Refusal
from claims.segmenting import BlockKind

if TYPE_CHECKING:
    from claims.models.article import Article
    from claims.models.claim import Claim
    from claims.models.desk import Person

OUTSIDE = {BlockKind.HEADING.value, BlockKind.BOILERPLATE.value}
COVERED, SET_ASIDE, NON_FACTUAL, BOILERPLATE, OPEN = (
    "covered",
    "set_aside",
    "non_factual",
    "boilerplate",
    "open",
)
STATUSES = (COVERED, SET_ASIDE, NON_FACTUAL, BOILERPLATE, OPEN)


@dataclass(frozen=True, slots=True)
class SentenceCoverage:
    """One sentence: offsets in code points, how it stands, and the codes of the claims that touch it.

    `boilerplate` stands for all that is outside coverage, headings included.
    """

    start: int
    end: int
    status: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """All sentences of a revision in order."""

    sentences: tuple[SentenceCoverage, ...]

    @property
    def totals(self) -> dict[str, int]:
        """How many sentences stand how."""
        counted = Counter(s.status for s in self.sentences)
        return {status: counted[status] for status in STATUSES}

    @property
    def body(self) -> int:
        """How many sentences are to be settled at all."""
        return sum(s.status != BOILERPLATE for s in self.sentences)

    @property
    def settled(self) -> int:
        """How many of them are."""
        return sum(s.status not in (BOILERPLATE, OPEN) for s in self.sentences)


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that keeps an article from being signed off, and the row it is about: its kind and id."""

    code: str
    message: str
    kind: str
    pk: int

    def refusal(self) -> Refusal:
        """The same as a reason against signing off."""
        return Refusal(self.code, self.message, (self.kind, self.pk))


# What a claim's outcome follows from.
OUTCOME = ("state", "digest", "confirmed_by", "decision__digest")


def outcome_of(claim: Claim) -> str:
    """What the claim makes of the sentences it stands in: covered, set_aside, or open while it is unfinished."""
    claim = claim.duplicate_of or claim
    if claim.state == ClaimState.DECIDED and not claim.stale:
        return COVERED
    if claim.state == ClaimState.NOT_CHECKABLE and claim.confirmed_by_id:
        return SET_ASIDE
    return OPEN


def coverage_of(article: Article) -> Coverage:
    """How every sentence of the current revision stands. Three queries, whatever the number of claims."""
    revision = article.current_revision
    if revision is None:
        return Coverage(())
    marked = set(revision.non_factual_marks.filter(taken_back_at__isnull=True).values_list("start", flat=True))
    claims = article.claims.standing().select_related("decision", "duplicate_of__decision").order_by("number")
    claims = claims.only("article", "code", *OUTCOME, *(f"duplicate_of__{name}" for name in OUTCOME))
    anchors = revision.anchors.filter(current=True, start__isnull=False).only(
        "revision", "claim", "start", "end", "status"
    )
    anchored = {a.claim_id: a for a in anchors if a.settled}
    spans: list[tuple[int, int, str]] = [(s, e, k) for s, e, k in revision.sentences]
    ends = [e for _, e, _ in spans]
    touching: dict[int, list[Claim]] = {}
    for claim in claims:
        anchor = anchored.get(claim.pk)
        if anchor is None or anchor.start is None or anchor.end is None:
            continue
        at = bisect_left(ends, anchor.start + 1)
        while at < len(spans) and spans[at][0] < anchor.end:
            touching.setdefault(at, []).append(claim)
            at += 1
    return Coverage(
        tuple(
            SentenceCoverage(
                start, end, _status(kind, start in marked, touching.get(i, [])),
                tuple(c.code for c in touching.get(i, [])),
            )
            for i, (start, end, kind) in enumerate(spans)
        )
    )  # fmt: skip


def _status(kind: str, marked: bool, claims: list[Claim]) -> str:
    if kind in OUTSIDE:
        return BOILERPLATE
    outcomes = {outcome_of(c) for c in claims}
    if OPEN in outcomes:
        return OPEN
    if COVERED in outcomes:
        return COVERED
    if SET_ASIDE in outcomes:
        return SET_ASIDE
    return NON_FACTUAL if marked else OPEN


def blockers_of(article: Article, person: Person | None = None) -> list[Blocker]:
    """Everything that is open: sentences by their words, claims by their codes; as far as the person may know of it."""
    found: list[Blocker] = []
    text = article.current_revision.text if article.current_revision else ""
    for s in coverage_of(article).sentences:
        if s.status == OPEN and not s.claims:
            words = " ".join(text[s.start : s.end].split())
            found.append(
                Blocker(
                    "sentence_is_open",
                    f"Sentence {s.start}–{s.end} is open: “{words[:80]}{'…' * (len(words) > 80)}”",
                    "article",
                    article.pk,
                )
            )
    for claim in article.claims.standing().for_lists().with_votes_lost():
        found.extend(_blockers_of_claim(claim))
    return [*found, *_blocking_threads(article, person)]


def _blocking_threads(article: Article, person: Person | None) -> Iterator[Blocker]:
    """Threads that block. Of one that the person may not see they learn that it is there, and not where.

    Of one on a verdict that is blind to them they learn nothing: its round is open, which blocks as well.
    """
    blocking = article.threads.blocking().order_by("pk")
    rows: list[tuple[int, str | None, int | None]] = list(blocking.values_list("pk", "claim__code", "verdict_id"))
    if not rows:
        return
    visible = blocking if person is None else blocking.visible_to(person)
    seen = set(visible.values_list("pk", flat=True))
    for pk, claim, verdict in rows:
        said = "a conversation that blocks is not resolved."
        if pk in seen:
            yield Blocker("thread_is_unresolved", f"{claim}: {said}" if claim else said.capitalize(), "thread", pk)
        elif verdict is None:
            yield Blocker("thread_is_unresolved", said.capitalize(), "article", article.pk)


def _blockers_of_claim(claim: Claim) -> list[Blocker]:
    return [Blocker(code, f"{claim.code}{message}", "claim", claim.pk) for code, message in _open_in(claim)]


def _open_in(claim: Claim) -> Iterator[tuple[str, str]]:
    """What of the claim is not settled: a code, and what follows the claim's own code in a sentence."""
    anchor = claim.current_anchor()
    if anchor is None or not anchor.settled:
        yield "anchor_is_not_settled", ": its place in the text is not settled."
    if claim.state in (ClaimState.IN_REVIEW, ClaimState.DISPUTED):
        yield "round_is_open", f": round {claim.round} is open."
    elif claim.state in (ClaimState.IDENTIFIED, ClaimState.RESEARCHING):
        yield "claim_is_unfinished", f" is {claim.get_state_display().lower()}."
    elif claim.state == ClaimState.NOT_CHECKABLE and claim.confirmed_by_id is None:
        yield "set_aside_is_unconfirmed", ": nobody has confirmed that it is set aside."
    elif claim.stale:
        yield "decision_is_stale", ": the claim or its evidence changed after the decision."
    elif getattr(claim, "votes_lost", False):
        yield "decision_keeps_its_quorum", ": a reviewer whose verdict counted has stepped back: return it to research."
