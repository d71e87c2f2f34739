"""Where something can be looked up."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q

from claims.choices import SourceKind, Tier
from claims.models.desk import Person
from claims.models.fields import WebAddress


class SourceQuerySet(models.QuerySet["Source"]):
    def standing(self) -> SourceQuerySet:
        """Sources that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def visible_to(self, person: Person) -> SourceQuerySet:
        """Confidential sources are for those whose role needs them."""
        return self if person.has_perm("claims.view_confidential") else self.filter(confidential=False)

    def origins(self) -> dict[int, int]:
        """For each of these sources the id of the source at the end of its `derived_from` chain (itself, if none)."""
        origin = {pk: pk for pk in self.values_list("pk", flat=True)}
        parents: dict[int, int | None] = {}
        frontier = set(origin)
        while frontier:
            found = dict(Source.objects.filter(pk__in=frontier).values_list("pk", "derived_from_id"))
            parents |= found
            frontier = {up for up in found.values() if up is not None and up not in parents}
        for pk in origin:
            while (up := parents[origin[pk]]) is not None:
                origin[pk] = up
        return origin


class Source(models.Model):
    """A document, transcript, recording… Two outlets with one origin are one source: `derived_from`."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "source_does_not_derive_from_itself", "claim_digest_is_true", "sign_off_covers_what_stands",
        "writers_are_remembered", "search_is_kept",
    )  # fmt: skip

    title = models.CharField(max_length=500)
    publisher = models.CharField(max_length=300, blank=True)
    author = models.CharField(max_length=300, blank=True)
    url = WebAddress(blank=True)
    archived_url = WebAddress(blank=True)
    kind = models.CharField(max_length=20, choices=SourceKind)
    tier = models.CharField(max_length=10, choices=Tier)
    affiliation = models.CharField(
        max_length=200, blank=True, help_text="The party, state or interest the source speaks for, if any."
    )
    derived_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="derivatives")
    published_on = models.DateField(null=True, blank=True)
    accessed_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(
        max_length=64, blank=True, validators=[RegexValidator(r"^[0-9a-f]{64}\Z", "64 lower-case hex digits.")],
        help_text="Hex SHA-256 of the content as it was looked up.",
    )  # fmt: skip
    confidential = models.BooleanField(default=False, help_text="Appears in nothing public.")
    withdrawn_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = (
            ("write_source", "Can write and edit sources"),
            ("view_confidential", "Can see confidential sources"),
        )
        constraints = (
            CheckConstraint(
                condition=Q(derived_from__isnull=True) | ~Q(derived_from=F("id")),
                name="source_is_not_its_own_origin",
            ),
            CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="source_is_withdrawn_by_somebody_with_a_reason",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None
