"""What a source says about one claim."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q

from claims.choices import Addresses, Stance, Visibility
from claims.models.claim import Claim
from claims.models.desk import Person
from claims.models.source import Source


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def standing(self) -> EvidenceQuerySet:
        """Evidence that has not been withdrawn, from a source that has not been either."""
        return self.filter(withdrawn_at__isnull=True, source__withdrawn_at__isnull=True)

    def public(self) -> EvidenceQuerySet:
        """Evidence that readers may see: standing, public, from a source that is not confidential."""
        return self.standing().filter(visibility=Visibility.PUBLIC, source__confidential=False)

    def visible_to(self, person: Person) -> EvidenceQuerySet:
        """Evidence from a confidential source is for those whose role needs it."""
        return self if person.has_perm("claims.view_confidential") else self.filter(source__confidential=False)


def speaks_for_one_side(evidence: Iterable[Evidence]) -> list[str]:
    """Of each stance, a sentence where all of its evidence is from sources with one affiliation (party, state).

    In: standing evidence, with its sources. Context is no stance one relies on.
    """
    said = []
    rows = list(evidence)
    for stance in (Stance.CORROBORATES, Stance.CONTRADICTS):
        sides = {row.source.affiliation.strip() for row in rows if row.stance == stance}
        if len(sides) == 1 and (side := sides.pop()):
            verb = "corroborates" if stance == Stance.CORROBORATES else "contradicts"
            said.append(f"All that {verb} this is from sources that speak for {side}.")
    return said


class Evidence(models.Model):
    """An excerpt with its stance. Withdrawn with a reason, never deleted."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "claim_digest_is_true", "sign_off_covers_what_stands", "writers_are_remembered",
        "evidence_stays_with_its_claim",
    )  # fmt: skip

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="evidence")
    source = models.ForeignKey(Source, models.PROTECT, related_name="evidence")
    stance = models.CharField(max_length=20, choices=Stance)
    excerpt = models.TextField(blank=True, max_length=20_000, help_text="The source's own words, exactly.")
    locator = models.CharField(max_length=300, blank=True, help_text="Page, paragraph or time stamp.")
    addresses = models.CharField(max_length=10, choices=Addresses, default=Addresses.TRUE)
    attribution_link = models.PositiveSmallIntegerField(
        null=True, blank=True,
        help_text="Which link of the attribution it is about: 0 the claimant, 1 who first passed it on…",
    )  # fmt: skip
    note = models.TextField(blank=True, max_length=20_000)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    withdrawn_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ("claim", "id")
        verbose_name_plural = "evidence"
        permissions = (("cite_evidence", "Can cite, edit and withdraw evidence"),)
        constraints = (
            CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="evidence_is_withdrawn_by_somebody_with_a_reason",
            ),
            CheckConstraint(
                condition=Q(attribution_link__isnull=True) | Q(addresses=Addresses.SAID),
                name="link_of_attribution_is_about_saying",
                violation_error_message="Only evidence on whether it was said is about a link of the attribution.",
            ),
            CheckConstraint(
                condition=~Q(excerpt="") | ~Q(note=""),
                name="evidence_says_something",
                violation_error_message="Give the source's own words as an excerpt, or a note.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_stance_display()}: {self.excerpt or self.note}"

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None
