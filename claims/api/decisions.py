"""Decisions: the outcomes of rounds."""

from __future__ import annotations

from functools import lru_cache

import django_filters

from claims.api.base import Shown
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Derived, OrNull, PersonField, RowSerializer, Text, said
from claims.api.filtering import IdFilter, MomentFilter, OneOf, PersonFilter, WordFilter
from claims.api.shapes import KEPT, Shape
from claims.choices import DecisionMethod, SaidRating
from claims.models import Decision


class DecisionSerializer(RowSerializer):
    """The outcome of a round, by agreement or by adjudication."""

    rating = Text(source="rating.code", read_only=True, help_text="The rating's code.")
    said_rating = OrNull(choices=SaidRating.choices, help_text="Of a quotation: whether it was said; else null.")
    decided_by = PersonField(read_only=True, allow_null=True, help_text="The adjudicator; null when by agreement.")
    stale = Derived(
        "digest", "claim__digest", how=lambda decided, now: decided != now,
        help_text="Whether claim or evidence changed since.",
    )  # fmt: skip
    expanded = Expanded(claim="claims.api.claims.ClaimDoor")

    class Meta:
        model = Decision
        fields = (
            "id", "claim", "round", "method", "rating", "said_rating", "reason", "decided_by", "decided_at", "digest",
            "stale", "expanded",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The decision's id.", claim="The claim's id.", round="The round of review it closed.",
            method="By agreement of the reviewers, or by adjudication.",
            reason="The adjudicator's reason; empty when by agreement.", decided_at="When it was made.",
            digest="The digest of what was decided on.",
        )  # fmt: skip


class DecisionFilters(django_filters.FilterSet):
    claim = IdFilter("claim", "Decisions on this claim.")
    article = IdFilter("claim__article", "Decisions on this article's claims.")
    method = OneOf("method", DecisionMethod.choices, "Decisions by this method.")
    rating = WordFilter("rating__code", "Decisions for this rating.")
    decided_by = PersonFilter("decided_by", "Adjudications by this person")
    decided_after = MomentFilter("decided_at", "Made at this moment or later.", "gte")
    decided_before = MomentFilter("decided_at", "Made before this moment.", "lt")


class DecisionDoor(Exported, Shown):
    noun, nouns = "decision", "decisions"
    place = "decisions"
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilters
    search_fields = ("reason",)
    ordering_fields = ("claim", "round", "decided_at")
    queryset = Decision.objects.select_related("claim", "rating", "decided_by")

    def shape(self, names: tuple[str, ...]) -> Shape:
        return _shape(names)


@lru_cache(KEPT)
def _shape(names: tuple[str, ...]) -> Shape:
    return Shape(DecisionSerializer(), names, Decision.objects.all())
