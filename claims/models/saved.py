"""Questions that people keep for the lists of the API."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, UniqueConstraint

from claims.models.desk import Person


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, person: Person) -> SavedFilterQuerySet:
        """One's own, and those that are shared with the desk."""
        return self.filter(Q(person=person) | Q(shared=True))


class SavedFilter(models.Model):
    """A list's filters, words and order under a name: `GET /api/v1/<list>/?saved=<slug>`.

    Nobody's history: it may be taken away, and the record keeps that it was there.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = ()

    person = models.ForeignKey(Person, models.PROTECT, related_name="saved_filters")
    list = models.CharField(max_length=40, help_text="The list it is for, such as claims.")
    slug = models.CharField(
        max_length=60, validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*\Z", "Small letters, digits and hyphens.")]
    )
    title = models.CharField(max_length=200, blank=True)
    query = models.TextField(
        max_length=4000, help_text="Parameters of the list, such as state=decided&ordering=due_at."
    )
    shared = models.BooleanField(default=False, help_text="Whether the whole desk may use it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ("list", "slug")
        constraints = (
            UniqueConstraint(
                fields=["person", "list", "slug"], name="saved_filter_has_its_own_name",
                violation_error_message="You have a filter of this name for this list: choose another.",
            ),
            UniqueConstraint(
                fields=["list", "slug"], condition=Q(shared=True), name="shared_filter_has_its_own_name",
                violation_error_message="The desk shares a filter of this name for this list: choose another.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.list}?saved={self.slug}"
