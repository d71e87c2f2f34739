"""What reviewers judged, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Exists, F, OuterRef, Q, UniqueConstraint

from claims.choices import ClaimState, Confidence, DecisionMethod, SaidRating
from claims.models.anchor import Contribution
from claims.models.claim import Claim
from claims.models.desk import Person
from claims.models.evidence import Evidence
from claims.models.rating import Rating
from claims.models.recusal import Recusal


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def visible_to(self, person: Person) -> VerdictQuerySet:
        """Blind review: until the round closes a verdict is its reviewer's alone, and auditors' who may not judge.

        Superusers may judge, so they are not shown what others filed either.
        """
        # Who may judge is no watcher, also where they come with a token that does not reach so far.
        watcher = person.has_perm("claims.view_blind_verdicts") and not person.holds("claims.judge")
        if watcher:
            return self
        closed = ~Q(claim__state=ClaimState.IN_REVIEW) | ~Q(round=F("claim__round"))
        return self.filter(closed | Q(reviewer=person) | Q(claim__article__blind=False))

    def counting(self) -> VerdictQuerySet:
        """Verdicts of the claim's present round that count: not superseded, on what stands now, their reviewer neither
        recused nor a researcher of the claim by now.
        """
        current = self.filter(round=F("claim__round"), digest=F("claim__digest"), superseded_by__isnull=True)
        return current.not_recused().not_researched()

    def not_recused(self) -> VerdictQuerySet:
        """Without the verdicts of those who have since stepped back from their claim."""
        return self.exclude(Exists(Recusal.objects.filter(claim=OuterRef("claim"), person=OuterRef("reviewer"))))

    def not_researched(self, by_the_time_of: str = "") -> VerdictQuerySet:
        """Without the verdicts of those who have researched their claim; by then, where a column of a time is named."""
        wrote = Contribution.objects.filter(claim=OuterRef("claim"), person=OuterRef("reviewer"))
        return self.exclude(Exists(wrote.filter(since__lte=OuterRef(by_the_time_of)) if by_the_time_of else wrote))


class Verdict(models.Model):
    """One reviewer's judgement of one claim in one round, bound to the digest of what was judged. Never edited."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "reviewer_did_not_research", "everybody_acts_in_their_own_name", "verdict_is_in_an_open_round",
        "reviewer_has_one_standing_verdict", "judge_is_not_recused",
        "verdict_is_never_edited",
    )  # fmt: skip

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="verdicts")
    round = models.PositiveIntegerField()
    reviewer = models.ForeignKey(Person, models.PROTECT, related_name="verdicts")
    rating = models.ForeignKey(Rating, models.PROTECT, related_name="+")
    said_rating = models.CharField(max_length=20, choices=SaidRating, blank=True)
    rationale = models.TextField(max_length=20_000)
    confidence = models.CharField(max_length=10, choices=Confidence)
    relied_on = models.ManyToManyField(Evidence, related_name="relied_on_by", blank=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", editable=False
    )
    submitted_at = models.DateTimeField(auto_now_add=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        ordering = ("claim", "round", "id")
        permissions = (
            ("judge", "Can file verdicts"),
            ("view_blind_verdicts", "Can see verdicts of open rounds (auditors)"),
        )
        constraints = (
            CheckConstraint(condition=Q(round__gte=1), name="verdict_belongs_to_a_round"),
            CheckConstraint(condition=~Q(rationale=""), name="verdict_has_a_rationale"),
        )

    def __str__(self) -> str:
        return f"verdict {self.pk} on claim {self.claim_id}, round {self.round}"

    @property
    def stale(self) -> bool:
        """Whether the claim or its evidence changed after this verdict."""
        return self.digest != self.claim.digest


class Decision(models.Model):
    """The outcome of a round. An adjudication names its adjudicator and reason; dissent stays in the verdicts."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "adjudicator_did_not_research", "adjudicator_did_not_review", "everybody_acts_in_their_own_name",
        "decision_has_its_quorum", "judge_is_not_recused",
        "decision_is_never_edited",
    )  # fmt: skip

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="decisions")
    round = models.PositiveIntegerField()
    method = models.CharField(max_length=20, choices=DecisionMethod)
    rating = models.ForeignKey(Rating, models.PROTECT, related_name="+")
    said_rating = models.CharField(max_length=20, choices=SaidRating, blank=True)
    reason = models.TextField(blank=True, max_length=20_000)
    quorum = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="The quorum it was taken with; 0 where that was not yet kept.",
    )
    votes_to_carry = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="decisions")
    decided_at = models.DateTimeField(auto_now_add=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ("claim", "round")
        permissions = (("adjudicate", "Can adjudicate disputed claims"),)
        constraints = (
            UniqueConstraint(fields=["claim", "round"], name="round_has_one_decision"),
            CheckConstraint(
                condition=Q(method=DecisionMethod.AGREEMENT, decided_by__isnull=True)
                | (Q(method=DecisionMethod.ADJUDICATION, decided_by__isnull=False) & ~Q(reason="")),
                name="adjudication_has_an_adjudicator_and_a_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rating_id} by {self.method}"
