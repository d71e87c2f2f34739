"""People without an account who are shown one article or claim."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.utils import timezone

from claims.choices import GuestDid, GuestMay, GuestRelation
from claims.models.article import Article
from claims.models.claim import Claim
from claims.models.contact import Contact
from claims.models.desk import Person

# How long a link is good for at most.
LONGEST = timedelta(days=90)


class GuestLinkQuerySet(models.QuerySet["GuestLink"]):
    def visible_to(self, person: Person) -> GuestLinkQuerySet:
        """Links that this person may know of: who is a source is for those whose role needs confidential ones."""
        if person.has_perm("claims.view_confidential"):
            return self.all()
        return self.exclude(relation=GuestRelation.SOURCE)

    def usable(self) -> GuestLinkQuerySet:
        """Links that open their page now: neither revoked nor expired."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=timezone.now())


class GuestLink(models.Model):
    """A link for one guest. Its secret is told once and kept only as its SHA-256."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "guest_link_stays_as_it_was_given", "guest_link_is_about_its_own_article", "guest_link_stays_revoked",
    )  # fmt: skip

    article = models.ForeignKey(Article, models.PROTECT, related_name="guest_links")
    claim = models.ForeignKey(
        Claim, models.PROTECT, null=True, blank=True, related_name="guest_links",
        help_text="The one claim that is shown; none: the whole article.",
    )  # fmt: skip
    name = models.CharField(max_length=200, help_text="Who the guest is; shown beside what they write.")
    relation = models.CharField(max_length=20, choices=GuestRelation)
    may = models.CharField(max_length=20, choices=GuestMay, default=GuestMay.READ)
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="guest_links",
        help_text="The question that the guest is asked to answer.",
    )  # fmt: skip
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = GuestLinkQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = (("invite_guest", "Can make and revoke links for guests"),)
        constraints = (
            CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="guest_link_expires_after_it_was_made"),
            CheckConstraint(
                condition=Q(expires_at__lte=F("made_at") + LONGEST),
                name="guest_link_lasts_ninety_days",
                violation_error_message="A guest's link is good for 1 to 90 days.",
            ),
            CheckConstraint(
                condition=Q(revoked_by__isnull=True, revoked_at__isnull=True)
                | Q(revoked_by__isnull=False, revoked_at__isnull=False),
                name="guest_link_is_revoked_by_somebody_at_some_time",
            ),
            CheckConstraint(
                condition=(Q(may=GuestMay.ANSWER) & Q(contact__isnull=False))
                | (~Q(may=GuestMay.ANSWER) & Q(contact__isnull=True)),
                name="guest_who_answers_has_a_question",
                violation_error_message="Choose the question that the guest is to answer; only then may they answer.",
            ),
        )

    def __str__(self) -> str:
        return f"link for {self.name}"

    @property
    def usable(self) -> bool:
        """Whether it opens its page now."""
        return self.revoked_at is None and self.expires_at > timezone.now()

    @staticmethod
    def digest_of(secret: str) -> str:
        """The form in which a link's secret is kept: hex SHA-256 of its UTF-8 bytes. It is random: that is enough."""
        return hashlib.sha256(secret.encode()).hexdigest()


class GuestUseQuerySet(models.QuerySet["GuestUse"]):
    def visible_to(self, person: Person) -> GuestUseQuerySet:
        """Uses of links that this person may know of."""
        if person.has_perm("claims.view_confidential"):
            return self.all()
        return self.exclude(link__relation=GuestRelation.SOURCE)


class GuestUse(models.Model):
    """One use of a guest's link. Never edited."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "guest_use_is_never_edited", "guest_use_is_of_a_link_that_allows_it",
    )  # fmt: skip

    link = models.ForeignKey(GuestLink, models.PROTECT, related_name="uses")
    did = models.CharField(max_length=20, choices=GuestDid)
    at = models.DateTimeField(auto_now_add=True)

    objects = GuestUseQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.did} by link {self.link_id}"
