"""What readers were shown, and what was put right afterwards."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from claims.choices import CorrectionType, PublicationState
from claims.models.article import Article
from claims.models.claim import Claim
from claims.models.desk import Person
from claims.models.signoff import SignOff


class PublicationQuerySet(models.QuerySet["Publication"]):
    def shown(self) -> PublicationQuerySet:
        """What readers were or are shown: not what still waits for its seal, nor what never got as far."""
        return self.exclude(state__in=(PublicationState.WAITING, PublicationState.LAPSED))

    def newest(self) -> PublicationQuerySet:
        """Of every article the version readers are shown now: the live one, or the retraction notice."""
        return self.shown().exclude(state=PublicationState.SUPERSEDED)


class Publication(models.Model):
    """A frozen, numbered snapshot. `content` is canonical JSON, kept as the very bytes that `digest` is of."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "publication_is_signed_off_by_another", "everybody_acts_in_their_own_name", "publication_is_never_edited",
        "publication_digest_is_true", "publication_does_not_come_back", "publication_is_sealed", "no_thread_blocks",
    )  # fmt: skip

    article = models.ForeignKey(Article, models.PROTECT, related_name="publications")
    version = models.PositiveIntegerField()
    sign_off = models.ForeignKey(SignOff, models.PROTECT, related_name="publications")
    content = models.BinaryField()
    digest = models.CharField(max_length=64, help_text="Hex SHA-256 of the content.")
    claims_root = models.CharField(
        max_length=64, blank=True,
        help_text="Hex RFC 6962 root over the claims as published, each as canonical JSON, in their order.",
    )  # fmt: skip
    claims_count = models.PositiveIntegerField(default=0, help_text="How many claims that root is over.")
    state = models.CharField(max_length=20, choices=PublicationState, default=PublicationState.WAITING)
    published_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    objects = PublicationQuerySet.as_manager()

    class Meta:
        ordering = ("article", "-version")
        constraints = (
            UniqueConstraint(fields=["article", "version"], name="publication_version_is_unique_in_its_article"),
            UniqueConstraint(
                fields=["article"],
                condition=Q(state=PublicationState.LIVE),
                name="article_has_one_live_publication",
            ),
            CheckConstraint(condition=Q(version__gte=1), name="publication_versions_start_at_one"),
        )

    def __str__(self) -> str:
        return f"version {self.version} of article {self.article_id}"

    @property
    def snapshot(self) -> dict[str, Any]:
        """The frozen content as data."""
        data: dict[str, Any] = json.loads(bytes(self.content))
        return data


class Correction(models.Model):
    """A public note on a publication; open until the version that carries it (`published_in`) is out."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "correction_is_never_edited", "correction_stays_published", "sign_off_covers_what_stands",
    )  # fmt: skip

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="corrections")
    type = models.CharField(max_length=20, choices=CorrectionType)
    text = models.TextField(max_length=5000)
    claims = models.ManyToManyField(Claim, related_name="corrections", blank=True)
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    published_in = models.ForeignKey(
        Publication, models.PROTECT, null=True, blank=True, related_name="carries", editable=False
    )

    class Meta:
        ordering = ("-id",)
        permissions = (("correct", "Can correct and retract publications"),)
        constraints = (CheckConstraint(condition=~Q(text=""), name="correction_says_something"),)

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.pk}"
