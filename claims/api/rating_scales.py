"""Rating scales, as readers see them."""

from __future__ import annotations

import django_filters

from claims.api.base import Listed, Shown
from claims.api.fields import RowSerializer, said
from claims.api.filtering import FlagFilter, WordFilter
from claims.models import Rating, RatingScale


class RatingSerializer(RowSerializer):
    class Meta:
        model = Rating
        fields = ("code", "label", "definition", "value", "position")
        read_only_fields = fields
        extra_kwargs = said(
            code="What verdicts call it.", label="What readers call it.", definition="What it means.",
            value="Its place from worst (1) to best; null when it is not on the scale.",
            position="Its place in lists, from 1.",
        )  # fmt: skip


class RatingScaleSerializer(RowSerializer):
    """A published scale: ratings from best to worst, and outcomes apart."""

    ratings = RatingSerializer(many=True, read_only=True, help_text="Its ratings, in order.")

    class Meta:
        model = RatingScale
        fields = ("id", "name", "description", "is_default", "ratings")
        read_only_fields = fields
        extra_kwargs = said(
            id="The scale's id.", name="Its name.", description="What it is for.",
            is_default="Whether new articles are judged on it.",
        )  # fmt: skip


class RatingScaleFilters(django_filters.FilterSet):
    is_default = FlagFilter("The scale of new articles, or the others.", "is_default")
    name = WordFilter("name", "The scale of this name.", lookup_expr="iexact")


class RatingScaleDoor(Listed, Shown):
    noun, nouns = "rating scale", "rating scales"
    place = "rating-scales"
    serializer_class = RatingScaleSerializer
    filterset_class = RatingScaleFilters
    search_fields = ("name", "description")
    ordering_fields = ("name",)
    queryset = RatingScale.objects.prefetch_related("ratings")
