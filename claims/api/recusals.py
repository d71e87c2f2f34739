"""Recusals: who has stepped back from judging which claim."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import recusals
from claims.api.base import Listed, Shown, visible
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.fields import PersonField, Reference, RowSerializer, StrictSerializer, Text, said
from claims.api.filtering import IdFilter, MomentFilter, PersonFilter
from claims.models import Claim, Recusal


class RecusalSerializer(RowSerializer):
    """Somebody has stepped back from judging a claim, for good."""

    person = PersonField(read_only=True, help_text="Who has stepped back.")
    expanded = Expanded(claim="claims.api.claims.ClaimDoor")

    class Meta:
        model = Recusal
        fields = ("id", "claim", "person", "note", "recused_at", "expanded")
        read_only_fields = fields
        extra_kwargs = said(
            id="The recusal's id.", claim="The claim's id.", recused_at="When.",
            note="The conflict of interest; empty for those whom it does not concern.",
        )  # fmt: skip

    def to_representation(self, instance: Recusal) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if "note" in shown:
            shown["note"] = instance.note_for(self.context["request"].user)
        return shown


@examples({"Step back": {"claim": 1, "note": "My brother works at the harbour office."}})  # fmt: skip
class RecusalGiven(StrictSerializer):
    """The caller steps back from judging a claim."""

    claim = Reference(queryset=Claim.objects.select_related("article"), help_text="The claim's id.")
    note = Text(allow_blank=True, max_length=5000, help_text="The conflict of interest, for editors and auditors.")


class RecusalFilters(django_filters.FilterSet):
    claim = IdFilter("claim", "Recusals from this claim.")
    article = IdFilter("claim__article", "Recusals from this article's claims.")
    person = PersonFilter("person", "Recusals of this person")
    recused_after = MomentFilter("recused_at", "At this moment or later.", "gte")


class RecusalDoor(Listed, Shown):
    noun, nouns = "recusal", "recusals"
    place = "recusals"
    serializer_class = RecusalSerializer
    filterset_class = RecusalFilters
    ordering_fields = ("claim", "recused_at")
    queryset = Recusal.objects.select_related("person")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)

    @extend_schema(request=RecusalGiven, responses={201: RecusalSerializer})
    def create(self, request: Request) -> Response:
        """Step back from judging a claim, for good

        A verdict that the caller filed in its open round counts no longer.
        """
        return self.made(recusals.recuse(by=self.person, **self.body(RecusalGiven)))
