"""A claim, and which of them wait for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Exists, F, OuterRef, Prefetch, Q, Subquery, UniqueConstraint
from django.utils import timezone

from claims.choices import ClaimKind, ClaimState, DecisionMethod, Importance, Stance, TriageReason
from claims.models.anchor import Anchor
from claims.models.article import Article
from claims.models.desk import Person
from claims.models.settings import DeskSettings
from claims.models.source import Source

if TYPE_CHECKING:
    from claims.models.verdict import Decision


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A piece of evidence as the evidence rule sees it: `origin` is the id of the source it leads back to."""

    stance: str
    tier: str
    origin: int


class EvidenceRule(NamedTuple):
    """So many independent primary sources, or so many secondary ones."""

    primary: int
    secondary: int


class ClaimQuerySet(models.QuerySet["Claim"]):
    def standing(self) -> ClaimQuerySet:
        """Claims that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def for_lists(self) -> ClaimQuerySet:
        """With all that a row in a list shows, in a constant number of queries."""
        return self.select_related(
            "article", "assignee", "decision__rating", "decision__decided_by", "duplicate_of"
        ).prefetch_related(
            Prefetch("anchors", Anchor.objects.filter(current=True).select_related("revision").defer(
                "revision__text", "revision__source_bytes", "revision__sentences", "revision__blocks"),
                to_attr="current_anchors")
        )  # fmt: skip

    def unfinished(self) -> ClaimQuerySet:
        """Claims that something still waits for."""
        done = Q(state__in=(ClaimState.DECIDED, ClaimState.DUPLICATE)) & Q(
            Q(decision__isnull=True) | Q(decision__digest=F("digest"))
        )
        confirmed = Q(state=ClaimState.NOT_CHECKABLE, confirmed_by__isnull=False)
        return self.standing().exclude(done | confirmed)

    def overdue(self, wanted: bool = True) -> ClaimQuerySet:
        """Unfinished claims whose due date has passed; or all the others."""
        late = Claim.objects.unfinished().filter(due_at__lt=timezone.now()).values("pk")
        return self.filter(pk__in=late) if wanted else self.exclude(pk__in=late)

    def with_votes_lost(self) -> ClaimQuerySet:
        """With `votes_lost`: whether a reviewer whose verdict counted in a decision by agreement has since recused."""
        lost = Claim.objects.filter(
            pk=OuterRef("pk"), decision__method=DecisionMethod.AGREEMENT,
            recusals__recused_at__gt=F("decision__decided_at"),
            recusals__person__verdicts__claim=F("pk"), recusals__person__verdicts__round=F("decision__round"),
        )  # fmt: skip
        return self.annotate(votes_lost=Exists(lost))

    def awaiting_review_by(self, person: Person) -> ClaimQuerySet:
        """Claims in an open round that this person may still judge: not researched, not yet judged as they stand."""
        judged = Q(
            verdicts__reviewer=person, verdicts__round=F("round"), verdicts__digest=F("digest"),
            verdicts__superseded_by__isnull=True,
        )  # fmt: skip
        return (
            self.filter(state=ClaimState.IN_REVIEW)
            .exclude(contributions__person=person)
            .exclude(recusals__person=person)
            .exclude(pk__in=Claim.objects.filter(judged).values("pk"))
        )

    def awaiting_adjudication_by(self, person: Person) -> ClaimQuerySet:
        """Disputed claims, as the reviewers judged them, that this person neither researched nor reviewed."""
        of_the_round = Claim.objects.filter(pk=OuterRef("pk"), verdicts__round=F("round"))
        last = of_the_round.order_by("-verdicts__pk").values("verdicts__digest")[:1]
        return (
            self.filter(state=ClaimState.DISPUTED, digest=Subquery(last))
            .exclude(contributions__person=person)
            .exclude(recusals__person=person)
            .exclude(verdicts__reviewer=person)
        )

    def awaiting_confirmation_by(self, person: Person) -> ClaimQuerySet:
        """Claims that somebody else set aside and nobody has confirmed."""
        waiting = self.standing().filter(state=ClaimState.NOT_CHECKABLE, confirmed_by__isnull=True)
        return waiting.exclude(set_aside_by=person)

    def awaiting_research_by(self, person: Person) -> ClaimQuerySet:
        """Claims to be triaged or researched that are this person's, or nobody's yet."""
        return self.standing().filter(
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
        "claim_stands", "moved_at_is_true", "people_are_told_what_is_stale", "precedents_are_kept",
        "search_is_kept",
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
    legal_risk = models.BooleanField(
        default=False, db_default=False, help_text="A lawyer should see this before it is published."
    )
    topics = ArrayField(models.CharField(max_length=100), default=list, blank=True)

    state = models.CharField(max_length=20, choices=ClaimState, default=ClaimState.IDENTIFIED)
    round = models.PositiveIntegerField(default=0)
    assignee = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="assigned_claims")
    assignment_note = models.TextField(
        blank=True, default="", db_default="", max_length=2000, help_text="What the assignee is told with the work."
    )
    due_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, editable=False, help_text="When it came into its state and round.")
    none_contradicting = models.TextField(blank=True, help_text="Where we looked and found nothing against the claim.")

    triage_reason = models.CharField(max_length=20, choices=TriageReason, blank=True)
    triage_note = models.TextField(blank=True)
    set_aside_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    set_aside_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")

    withdrawn_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_reason = models.TextField(blank=True, default="", db_default="", editable=False)

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
            ("withdraw_claim", "Can withdraw mistaken claims and restore them"),
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
            CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")
                   & Q(state__in=(ClaimState.IDENTIFIED, ClaimState.RESEARCHING, ClaimState.NOT_CHECKABLE,
                                  ClaimState.DUPLICATE))),
                name="claim_is_withdrawn_by_somebody_with_a_reason",
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=["state", "id"]),
            models.Index(fields=["article", "state"]),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="claims_claim_due"),
        )

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
            self.evidence.filter(withdrawn_at__isnull=True, source__withdrawn_at__isnull=True)
            .exclude(stance=Stance.CONTEXT)
            .values_list("stance", "source__tier", "source_id")
        )
        origins = Source.objects.filter(pk__in={source for _, _, source in cited}).origins()
        return [CitedSource(stance, tier, origins[source]) for stance, tier, source in cited]

    def was_researched_by(self, person: Person) -> bool:
        """Whether this person ever wrote the claim or any of its evidence."""
        return self.contributions.filter(person=person).exists()

    def evidence_rule(self) -> EvidenceRule:
        """How much evidence the desk asks for before review."""
        settings = DeskSettings.of_the_desk()
        return EvidenceRule(settings.primary_needed, settings.secondary_needed)

    def was_reviewed_by(self, person: Person) -> bool:
        """Whether this person ever filed a verdict on the claim."""
        return self.verdicts.filter(reviewer=person).exists()

    def was_recused_from_by(self, person: Person) -> bool:
        """Whether this person stepped back from judging the claim."""
        return self.recusals.filter(person=person).exists()

    def is_duplicated(self) -> bool:
        """Whether another claim is marked as a duplicate of this one."""
        return self.duplicates.exists()

    def dispute_is_current(self) -> bool:
        """Whether the verdict that closed the present round is about the claim and its evidence as they stand."""
        last = self.verdicts.filter(round=self.round).order_by("-id").values_list("digest", flat=True).first()
        return last == self.digest

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def stale(self) -> bool:
        """Whether the claim or its evidence changed after it was decided."""
        decision: Decision | None = self.decision
        return decision is not None and decision.digest != self.digest
