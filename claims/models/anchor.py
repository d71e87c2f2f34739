"""Where a claim stands in the article's text, and who wrote it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from claims.anchoring import AnchorStatus
from claims.models.article import ArticleRevision
from claims.models.desk import Person

SETTLED_ANCHORS = (AnchorStatus.EXACT.value, AnchorStatus.MOVED.value)


class Anchor(models.Model):
    """W3C selectors of a claim in one revision. A newer anchor takes the place of the older, which stays.

    `start` and `end` are code points into the revision's text, the end exclusive; an orphaned anchor has none and
    keeps the quote it lost. `score` (0–1] is there when the place was found by likeness and waits for a person.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "anchor_quotes_its_text", "anchor_stays_where_it_was", "claim_digest_is_true", "sign_off_covers_what_stands",
        "writers_are_remembered",
    )  # fmt: skip

    claim = models.ForeignKey("Claim", models.PROTECT, related_name="anchors")
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

    claim = models.ForeignKey("Claim", models.PROTECT, related_name="contributions")
    person = models.ForeignKey(Person, models.PROTECT, related_name="contributions")
    since = models.DateTimeField()

    class Meta:
        constraints = (UniqueConstraint(fields=["claim", "person"], name="contribution_is_kept_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} wrote claim {self.claim_id}"
