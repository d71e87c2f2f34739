"""Reads that join nouns: what waits for whom, derived from the workflow, never typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from claims.choices import ArticleState, ClaimState
from claims.models import Anchor, Article, AuditEvent, Claim, Contact, Evidence, Person
from claims.models.article import ArticleQuerySet
from claims.models.claim import ClaimQuerySet
from claims.models.evidence import speaks_for_one_side
from claims.workflow import CLAIM_STEPS, JUDGE, Step

IN_HAND = (ArticleState.CHECKING, ArticleState.UNDER_CORRECTION)
SIGNED = (ArticleState.SIGNED_OFF, ArticleState.UNDER_CORRECTION)


@dataclass(frozen=True, slots=True)
class ClaimQueue:
    """One kind of work on claims: the permission it takes, and which claims wait for a person."""

    name: str
    title: str
    permission: str
    waiting: Callable[[ClaimQuerySet, Person], ClaimQuerySet]

    def of(self, person: Person) -> ClaimQuerySet:
        """The claims that wait for this person; none for somebody whose roles do not do this work."""
        return self.waiting(Claim.objects.all(), person) if person.has_perm(self.permission) else Claim.objects.none()


@dataclass(frozen=True, slots=True)
class ArticleQueue:
    """One kind of work on whole articles, which waits for everybody who may do it; `states` is where it begins."""

    name: str
    title: str
    permission: str
    states: tuple[ArticleState, ...]
    narrowed: Callable[[ArticleQuerySet], ArticleQuerySet]

    def of(self, person: Person) -> ArticleQuerySet:
        """The articles that wait for this person; none for somebody whose roles do not do this work."""
        waiting = self.narrowed(Article.objects.filter(state__in=self.states))
        return waiting if person.has_perm(self.permission) else Article.objects.none()


CLAIM_QUEUES = {
    queue.name: queue
    for queue in (
        ClaimQueue("review", "To review", "claims.judge", ClaimQuerySet.awaiting_review_by),
        ClaimQueue("adjudication", "To adjudicate", "claims.adjudicate", ClaimQuerySet.awaiting_adjudication_by),
        ClaimQueue("research", "To research", "claims.submit_for_review", ClaimQuerySet.awaiting_research_by),
        ClaimQueue(
            "confirmation",
            "To confirm as set aside",
            "claims.confirm_set_aside",
            ClaimQuerySet.awaiting_confirmation_by,
        ),
        ClaimQueue("overdue", "Overdue on the desk", "claims.edit_article", lambda found, person: found.overdue()),
    )
}
ARTICLE_QUEUES = (
    ArticleQueue(
        "sign_off", "Settled, to sign off", "claims.sign_off", IN_HAND, lambda found: found.settled().signed(False)
    ),
    ArticleQueue("checking", "Being checked", "claims.edit_article", IN_HAND, lambda found: found.settled(False)),
    ArticleQueue("publish", "To publish", "claims.publish", SIGNED, lambda found: found.signed()),
)

STEPS: dict[str, Step] = {step.name: step for step in (*CLAIM_STEPS, JUDGE)}
# The step that leads on from a state: what the claim waits for.
LEADS_ON = {
    ClaimState.IDENTIFIED: "triage", ClaimState.RESEARCHING: "submit_for_review", ClaimState.IN_REVIEW: "judge",
    ClaimState.DISPUTED: "adjudicate", ClaimState.NOT_CHECKABLE: "confirm_set_aside",
}  # fmt: skip
# The columns that verdicts are bound to (claims_digest_of in the database), by the kinds of row in the trail.
JUDGED = {
    "claim": {
        "statement", "headline", "kind", "claimant", "attribution", "stated_on", "none_contradicting",
    },
    "evidence": {
        "source_id", "stance", "excerpt", "locator", "addresses", "attribution_link", "note", "withdrawn_at",
    },
    "source": {
        "title", "publisher", "author", "url", "archived_url", "kind", "tier", "affiliation", "derived_from_id",
        "published_on", "sha256", "withdrawn_at",
    },
    "anchor": {"exact"},
}  # fmt: skip
MOST_CHANGES = 20


@dataclass(frozen=True, slots=True)
class Change:
    """One change, after a judgement, of what was judged: who changed which columns of what, and when (UTC)."""

    at: datetime
    actor: Person | None
    action: str
    kind: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a claim stands: which step it waits for, since when, and what should be known before it is taken.

    `step` is None where nothing is waited for. `verdicts_needed` and `verdicts_in` are numbers alone: whose are in is
    nobody's business before the round closes.
    """

    step: Step | None
    since: datetime | None
    overdue: bool
    verdicts_needed: int | None
    verdicts_in: int | None
    stale_because: tuple[Change, ...]
    cautions: tuple[str, ...]


def standing_of(claim: Claim, person: Person) -> Standing:
    """How a claim stands, as far as this person may see."""
    in_review = claim.state == ClaimState.IN_REVIEW
    changed = claim.stale or (claim.state == ClaimState.DISPUTED and not claim.dispute_is_current())
    name = "return_to_research" if changed else LEADS_ON.get(ClaimState(claim.state))
    if claim.withdrawn or claim.confirmed_by_id:
        name = None
    evidence = claim.evidence.standing().visible_to(person).select_related("source")
    return Standing(
        step=STEPS[name] if name else None,
        since=claim.moved_at if name else None,
        overdue=bool(name and claim.due_at and claim.due_at < timezone.now()),
        verdicts_needed=claim.article.quorum if in_review else None,
        verdicts_in=claim.verdicts.counting().count() if in_review else None,
        stale_because=tuple(changes_since_judged(claim, person)),
        cautions=tuple(speaks_for_one_side(evidence)),
    )


def changes_since_judged(claim: Claim, person: Person) -> list[Change]:
    """Where a decision, or this person's own verdict in the open round, is stale: what was changed since, oldest first,
    as far as the trail is open to this person.
    """
    judged_at = _judged_at(claim, person)
    if judged_at is None:
        return []
    evidence = Evidence.objects.filter(claim=claim)
    of_claim = (
        Q(object_type="claim", object_id=claim.pk)
        | Q(object_type="evidence", object_id__in=evidence.values("pk"))
        | Q(object_type="anchor", object_id__in=Anchor.objects.filter(claim=claim).values("pk"))
        | Q(object_type="source", object_id__in=evidence.values("source"))
    )
    events = AuditEvent.objects.visible_to(person).filter(of_claim, at__gt=judged_at).select_related("actor")
    found = []
    for event in events.order_by("seq")[: 10 * MOST_CHANGES]:
        fields = JUDGED[event.object_type] & set(event.content["after"] or ())
        if fields:
            found.append(Change(event.at, event.actor, event.action, event.object_type, tuple(sorted(fields))))
    return found[:MOST_CHANGES]


def _judged_at(claim: Claim, person: Person) -> datetime | None:
    """When what has changed since was judged; None where nothing is stale, or nothing this person may know of."""
    if claim.decision is not None:
        return claim.decision.decided_at if claim.stale else None
    own = claim.verdicts.filter(reviewer=person, round=claim.round, superseded_by__isnull=True).first()
    return own.submitted_at if own is not None and own.digest != claim.digest else None


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something of one person's that is due: when (UTC), its row, and what it is called."""

    due_at: datetime
    changed_at: datetime
    row: Claim | Article | Contact
    title: str


def deadlines_of(person: Person) -> list[Deadline]:
    """What this person has to have done by when, the next first: their claims, the articles they lead, the answers they
    wait for. Three queries.
    """
    claims = Claim.objects.unfinished().filter(assignee=person, due_at__isnull=False).select_related("article")
    done = (ArticleState.PUBLISHED, ArticleState.WITHDRAWN)
    led = Article.objects.filter(lead=person, due_at__isnull=False).exclude(state__in=done)
    asked = Contact.objects.awaiting().filter(asked_by=person, due_at__isnull=False).select_related("article")
    found = [
        *(
            Deadline(c.due_at, c.updated_at, c, f"{c.code} {c.headline or c.statement[:75]}")
            for c in claims
            if c.due_at
        ),
        *(Deadline(a.due_at, a.updated_at, a, str(a)) for a in led if a.due_at),
        *(Deadline(k.due_at, k.created_at, k, f"Answer to “{k.article}”") for k in asked if k.due_at),
    ]
    return sorted(found, key=lambda deadline: deadline.due_at)
