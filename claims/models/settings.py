"""What the desk has settled for all its articles."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, F, Q


class DeskSettings(models.Model):
    """One row. The evidence rule holds for every claim from the moment it is changed; the rest is what new articles
    begin with.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = ()

    primary_needed = models.PositiveSmallIntegerField(
        default=1, help_text="So many independent primary sources suffice for review."
    )
    secondary_needed = models.PositiveSmallIntegerField(
        default=3, help_text="Without them, so many secondary sources that do not derive from one another."
    )
    quorum = models.PositiveSmallIntegerField(default=2, help_text="Of new articles: verdicts that close a round.")
    votes_to_carry = models.PositiveSmallIntegerField(
        default=2, help_text="Of new articles: equal verdicts that decide a claim."
    )
    blind = models.BooleanField(default=True, help_text="Of new articles: whether review is blind.")
    publish_dissent = models.BooleanField(
        default=False, help_text="Of new articles: whether readers are shown verdicts that differ from the decision."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "desk settings"
        permissions = (("configure_desk", "Can change the desk's settings"),)
        constraints = (
            CheckConstraint(condition=Q(id=1), name="desk_has_one_row_of_settings"),
            CheckConstraint(
                condition=Q(primary_needed__gte=1, primary_needed__lte=20, secondary_needed__gte=1,
                            secondary_needed__lte=20),
                name="evidence_rule_asks_for_some_sources",
                violation_error_message="The evidence rule asks for 1 to 20 sources of each tier.",
            ),
            CheckConstraint(
                condition=Q(quorum__gte=1, quorum__lte=15, votes_to_carry__lte=F("quorum"),
                            votes_to_carry__gt=F("quorum") / 2),
                name="new_articles_votes_are_a_majority",
                violation_error_message="The quorum is 1 to 15; votes to carry are more than half of it, at most all.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return "Desk settings"

    @classmethod
    def of_the_desk(cls) -> DeskSettings:
        """The row; where nobody has changed anything, the defaults."""
        return cls.objects.first() or cls(pk=1)
