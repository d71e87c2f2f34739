"""A claim, where it stands in the article's text, and who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Prefetch, Q, UniqueConstraint

from claims.anchoring import AnchorStatus
from claims.choices import ClaimKind, ClaimState, Importance, Stance, TriageReason
from claims.models.article import Article, ArticleRevision
from claims.models.desk import Person
from claims.models.source import Source

if TYPE_CHECKING:
    from claims.models.verdict import Decision

SETTLED_ANCHORS = (AnchorStatus.EXACT.value, AnchorStatus.MOVED.value)


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A piece of evidence as the evidence rule sees it: `origin` is the id of the source it leads back to."""

    stance: str
    tier: str
    origin: int


class ClaimQuerySet(models.QuerySet["Claim"]):
    def for_lists(self) -> ClaimQuerySet:
        """With all that a row in a list shows, in a constant number of queries."""
        return self.select_related(
            "article", "assignee", "decision__rating", "decision__decided_by", "duplicate_of"
        ).prefetch_related(
            Prefetch("anchors", Anchor.objects.filter(current=True).select_related("revision").defer(
                "revision__text", "revision__source_bytes", "revision__sentences", "revision__blocks"),
                to_attr="current_anchors")
        )  # fmt: skip

    def awaiting_review_by(self, person: Person) -> ClaimQuerySet:
        """Claims in an open round that this person may still judge: not researched, not yet judged as they stand."""
        judged = Q(
            verdicts__reviewer=person, verdicts__round=F("round"), verdicts__digest=F("digest"),
            verdicts__superseded_by__isnull=True,
        )  # fmt: skip
        return (
            self.filter(state=ClaimState.IN_REVIEW)
            .exclude(contributions__person=person)
            .exclude(pk__in=Claim.objects.filter(judged).values("pk"))
        )

    def awaiting_adjudication_by(self, person: Person) -> ClaimQuerySet:
        """Disputed claims that this person neither researched nor reviewed."""
        return (
            self.filter(state=ClaimState.DISPUTED)
            .exclude(contributions__person=person)
            .exclude(verdicts__reviewer=person)
        )

    def awaiting_research_by(self, person: Person) -> ClaimQuerySet:
        """Claims to be triaged or researched that are this person's, or nobody's yet."""
        return self.filter(
            Q(assignee=person) | Q(assignee__isnull=True),
            state__in=(ClaimState.IDENTIFIED, ClaimState.RESEARCHING),
        )


class Claim(models.Model):
    """One checkable statement.

    `digest` is the hex SHA-256 of what reviewers judge (statement, quote, evidence, sources). The database computes
    it on every change; verdicts and decisions made on another digest are stale and count for nothing.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "claim_moves_by_workflow", "claim_digest_is_true", "writers_are_remembered", "sign_off_covers_what_stands",
    )  # fmt: skip

    article = models.ForeignKey(Article, models.PROTECT, related_name="claims")
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=12)
    statement = models.TextField(max_length=2000)
    headline = models.CharField(
        max_length=75,
        blank=True,
        help_text="The claim in fewer than 76 characters, for ClaimReview and lists.",
    )
    kind = models.CharField(max_length=20, choices=ClaimKind)
    claimant = models.CharField(max_length=300, blank=True)
    attribution = ArrayField(
        models.CharField(max_length=300), default=list, blank=True,
        help_text="Through whom the claim reaches us, nearest to the claimant first.",
    )  # fmt: skip
    stated_on = models.DateField(null=True, blank=True)
    importance = models.CharField(max_length=20, choices=Importance, default=Importance.SUPPORTING)
    topics = ArrayField(models.CharField(max_length=100), default=list, blank=True)

    state = models.CharField(max_length=20, choices=ClaimState, default=ClaimState.IDENTIFIED)
    round = models.PositiveIntegerField(default=0)
    assignee = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="assigned_claims")
    due_at = models.DateTimeField(null=True, blank=True)
    none_contradicting = models.TextField(blank=True, help_text="Where we looked and found nothing against the claim.")

    triage_reason = models.CharField(max_length=20, choices=TriageReason, blank=True)
    triage_note = models.TextField(blank=True)
    set_aside_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    set_aside_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")

    decision = models.ForeignKey("Decision", models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    digest = models.CharField(max_length=64, editable=False, blank=True)
    corroborates_count = models.PositiveIntegerField(default=0, editable=False)
    contradicts_count = models.PositiveIntegerField(default=0, editable=False)
    context_count = models.PositiveIntegerField(default=0, editable=False)

    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ("article", "number")
        permissions = (
            ("write_claim", "Can write and edit claims"),
            ("triage", "Can triage claims"),
            ("set_aside", "Can set claims aside"),
            ("confirm_set_aside", "Can confirm a set-aside claim"),
            ("mark_duplicate", "Can mark claims as duplicates"),
            ("submit_for_review", "Can submit claims for review"),
            ("return_to_research", "Can return claims to research"),
            ("reopen", "Can reopen claims"),
        )
        constraints = (
            UniqueConstraint(fields=["article", "code"], name="claim_code_is_unique_in_its_article"),
            UniqueConstraint(fields=["article", "number"], name="claim_number_is_unique_in_its_article"),
            CheckConstraint(
                condition=Q(state=ClaimState.DECIDED, decision__isnull=False)
                | (~Q(state=ClaimState.DECIDED) & Q(decision__isnull=True)),
                name="claim_is_decided_by_a_decision",
            ),
            CheckConstraint(
                condition=(
                    Q(state=ClaimState.NOT_CHECKABLE, set_aside_by__isnull=False, set_aside_at__isnull=False)
                    & ~Q(triage_reason="") & ~Q(triage_note="")
                ) | (
                    ~Q(state=ClaimState.NOT_CHECKABLE)
                    & Q(set_aside_by__isnull=True, set_aside_at__isnull=True, triage_reason="", triage_note="")
                ),
                name="claim_is_set_aside_with_a_reason",
            ),
            CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, state=ClaimState.NOT_CHECKABLE)
                & ~Q(confirmed_by=F("set_aside_by")),
                name="set_aside_is_confirmed_by_another_person",
            ),
            CheckConstraint(
                condition=(Q(state=ClaimState.DUPLICATE, duplicate_of__isnull=False) & ~Q(duplicate_of=F("id")))
                | (~Q(state=ClaimState.DUPLICATE) & Q(duplicate_of__isnull=True)),
                name="claim_is_a_duplicate_of_another",
            ),
        )  # fmt: skip
        indexes = (models.Index(fields=["state", "id"]), models.Index(fields=["article", "state"]))

    def __str__(self) -> str:
        return f"{self.code} {self.statement}"

    def current_anchor(self) -> Anchor | None:
        """Where the claim stands in the article's current revision (from `for_lists`, else one query)."""
        kept: list[Anchor] | None = getattr(self, "current_anchors", None)
        if kept is not None:
            return kept[0] if kept else None
        return self.anchors.filter(current=True).select_related("revision").first()

    def cited_sources(self) -> list[CitedSource]:
        """The standing evidence that corroborates or contradicts, with the tier and origin of its source."""
        cited = list(
            self.evidence.filter(withdrawn_at__isnull=True)
            .exclude(stance=Stance.CONTEXT)
            .values_list("stance", "source__tier", "source_id")
        )
        origins = Source.objects.filter(pk__in={source for _, _, source in cited}).origins()
        return [CitedSource(stance, tier, origins[source]) for stance, tier, source in cited]

    def was_researched_by(self, person: Person) -> bool:
        """Whether this person ever wrote the claim or any of its evidence."""
        return self.contributions.filter(person=person).exists()

    def was_reviewed_by(self, person: Person) -> bool:
        """Whether this person ever filed a verdict on the claim."""
        return self.verdicts.filter(reviewer=person).exists()

    @property
    def stale(self) -> bool:
        """Whether the claim or its evidence changed after it was decided."""
        decision: Decision | None = self.decision
        return decision is not None and decision.digest != self.digest


class Anchor(models.Model):
    """W3C selectors of a claim in one revision. A newer anchor takes the place of the older, which stays.

    `start` and `end` are code points into the revision's text, the end exclusive; an orphaned anchor has none and
    keeps the quote it lost. `score` (0–1] is there when the place was found by likeness and waits for a person.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "anchor_quotes_its_text", "anchor_stays_where_it_was", "claim_digest_is_true", "sign_off_covers_what_stands",
        "writers_are_remembered",
    )  # fmt: skip

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="anchors")
    revision = models.ForeignKey(ArticleRevision, models.PROTECT, related_name="anchors")
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    exact = models.TextField()
    prefix = models.TextField(blank=True)
    suffix = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in AnchorStatus])
    score = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    current = models.BooleanField(default=True)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("claim", "-id")
        constraints = (
            UniqueConstraint(fields=["claim"], condition=Q(current=True), name="claim_has_one_current_anchor"),
            CheckConstraint(
                condition=Q(status=AnchorStatus.ORPHANED.value, start__isnull=True, end__isnull=True)
                | (~Q(status=AnchorStatus.ORPHANED.value) & Q(end__gt=F("start"))),
                name="anchor_has_a_place_unless_orphaned",
            ),
            CheckConstraint(
                condition=Q(status=AnchorStatus.FUZZY.value, score__gt=0, score__lte=1)
                | (~Q(status=AnchorStatus.FUZZY.value) & Q(score__isnull=True)),
                name="anchor_has_a_score_when_fuzzy",
            ),
        )

    def __str__(self) -> str:
        return self.exact

    @property
    def settled(self) -> bool:
        """Whether the place is sure: fuzzy and orphaned anchors wait for a person."""
        return self.status in SETTLED_ANCHORS


class Contribution(models.Model):
    """Who ever wrote a claim or any of its evidence. Written by triggers on those tables, by nothing else."""

    TRIGGERS: ClassVar[tuple[str, ...]] = ("contribution_is_never_edited",)

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="contributions")
    person = models.ForeignKey(Person, models.PROTECT, related_name="contributions")
    since = models.DateTimeField()

    class Meta:
        constraints = (UniqueConstraint(fields=["claim", "person"], name="contribution_is_kept_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} wrote claim {self.claim_id}"
