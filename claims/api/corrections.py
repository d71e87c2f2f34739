"""Corrections: public, dated notes on what readers were shown."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import corrections
from claims.api.base import Shown
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Choice, PersonField, Reference, RowSerializer, StrictSerializer, Text, Whole, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter
from claims.choices import CorrectionType
from claims.models import Claim, Correction, Publication


class CorrectionSerializer(RowSerializer):
    """A public note on a publication, open until the version that carries it is out."""

    article = Whole(source="publication.article_id", read_only=True, help_text="The article's id.")
    claims: Any = serializers.PrimaryKeyRelatedField(
        many=True, read_only=True, help_text="The ids of the claims it is about."
    )
    made_by = PersonField(read_only=True, help_text="Who made it.")
    expanded = Expanded(publication="claims.api.publications.PublicationDoor")

    class Meta:
        model = Correction
        fields = ("id", "publication", "article", "type", "text", "claims", "made_by", "made_at", "published_in",
                  "expanded")  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The correction's id.", publication="The id of the publication it is on.", type="What kind of note.",
            text="What readers are told.", made_at="When it was made.",
            published_in="The id of the publication that carries it; null while it is open.",
        )  # fmt: skip


@examples({
    "A clarification": {"type": "clarification", "text": "The date is that of the log.", "claims": [1]},
    "A retraction": {"type": "retraction", "text": "We checked the log of another harbour."},
})  # fmt: skip
class CorrectionGiven(StrictSerializer):
    """A note on what readers see now."""

    type = Choice(choices=CorrectionType.choices, help_text="What kind of note; a retraction takes the page away.")
    text = Text(max_length=5000, help_text="What readers are told.")
    claims = serializers.ListField(
        child=Reference(queryset=Claim.objects.all()), required=False, max_length=1000,
        help_text="The ids of the claims it is about.",
    )  # fmt: skip

    def validate_claims(self, claims: list[Claim]) -> list[Claim]:
        others = [claim.pk for claim in claims if claim.article_id != self.context["publication"].article_id]
        if others:
            raise serializers.ValidationError(f"Not claims of the published article: {others}.", code="unknown")
        return claims


class CorrectionFilters(django_filters.FilterSet):
    publication = IdFilter("publication", "Corrections of this publication.")
    article = IdFilter("publication__article", "Corrections of this article.")
    claim = IdFilter("claims", "Corrections about this claim.")
    type = OneOf("type", CorrectionType.choices, "Corrections of this type.")
    open = FlagFilter("Corrections that no version carries yet, or the others.",
                      condition=Q(published_in__isnull=True))  # fmt: skip
    made_by = PersonFilter("made_by", "Corrections by this person")
    made_after = MomentFilter("made_at", "Made at this moment or later.", "gte")
    made_before = MomentFilter("made_at", "Made before this moment.", "lt")


class CorrectionDoor(Exported, Shown):
    noun, nouns = "correction", "corrections"
    place = "corrections"
    serializer_class = CorrectionSerializer
    filterset_class = CorrectionFilters
    search_fields = ("text",)
    ordering_fields = ("type", "made_at")
    queryset = (
        Correction.objects.select_related("publication", "made_by")
        .defer("publication__content")
        .prefetch_related(Prefetch("claims", Claim.objects.only("pk").order_by("pk")))
    )


class PublicationCorrectionDoor(CorrectionDoor):
    @extend_schema(request=CorrectionGiven, responses={201: CorrectionSerializer}, filters=False)
    def create(self, request: Request, publication_id: int) -> Response:
        """Correct or retract what readers see now

        The article's next version carries the note; a retraction takes the page's place at once.
        """
        publication = get_object_or_404(self.publications(), pk=publication_id)
        self.publication: Any = publication
        given = self.body(CorrectionGiven)
        return self.made(corrections.correct(publication=publication, by=self.person, **given))

    def publications(self) -> QuerySet:
        return Publication.objects.select_related("article").defer("content")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "publication": getattr(self, "publication", None)}
