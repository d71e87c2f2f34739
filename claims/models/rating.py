"""The published scale that verdicts are given on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint


class RatingScale(models.Model):
    """A scale as readers see it on /ratings/. Its ratings run from best to worst; unrated outcomes stand apart."""

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = (
            UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="there_is_one_default_scale"),
        )

    def __str__(self) -> str:
        return self.name


class Rating(models.Model):
    """One outcome on a scale: `value` from worst (1) to best, or none where the outcome is not on the scale."""

    TRIGGERS: ClassVar[tuple[str, ...]] = ("rating_in_use_is_never_edited",)

    scale = models.ForeignKey(RatingScale, models.PROTECT, related_name="ratings")
    code = models.SlugField(max_length=40)
    label = models.CharField(max_length=60)
    definition = models.TextField()
    value = models.PositiveSmallIntegerField(null=True, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("scale", "position")
        constraints = (
            UniqueConstraint(fields=["scale", "code"], name="rating_code_is_unique_in_its_scale"),
            UniqueConstraint(fields=["scale", "position"], name="rating_position_is_unique_in_its_scale"),
            CheckConstraint(condition=Q(value__isnull=True) | Q(value__gte=1), name="rating_value_is_at_least_one"),
        )

    def __str__(self) -> str:
        return self.label
