"""An editor's approval of the whole article."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from claims.models.article import Article, ArticleRevision
from claims.models.desk import Person


class SignOff(models.Model):
    """Bound to the digest of exactly what was approved; the database voids it when that changes."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "editor_did_not_research", "everybody_acts_in_their_own_name", "editor_did_not_judge",
        "sign_off_covers_what_stands", "sign_off_is_never_edited",
        "sign_off_stays_voided", "no_thread_blocks",
    )  # fmt: skip

    article = models.ForeignKey(Article, models.PROTECT, related_name="sign_offs")
    revision = models.ForeignKey(ArticleRevision, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, blank=True, editable=False)
    note = models.TextField(blank=True)
    signed_by = models.ForeignKey(Person, models.PROTECT, related_name="sign_offs")
    signed_at = models.DateTimeField(auto_now_add=True)
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    void_reason = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ("article", "-id")
        constraints = (
            UniqueConstraint(
                fields=["article"],
                condition=Q(voided_at__isnull=True),
                name="article_has_one_standing_sign_off",
            ),
            CheckConstraint(
                condition=Q(voided_at__isnull=True, void_reason="") | (Q(voided_at__isnull=False) & ~Q(void_reason="")),
                name="sign_off_is_voided_with_a_reason",
            ),
        )

    def __str__(self) -> str:
        return f"sign-off {self.pk} of article {self.article_id}"
