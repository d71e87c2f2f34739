"""Evidence: cited, put right, withdrawn."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import evidence
from claims.actions.acting import lock_claim
from claims.api.base import Edited, Shown, visible
from claims.api.bulk import MOST, Bulk
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import (
    Derived,
    PersonField,
    Reference,
    RowSerializer,
    StrictSerializer,
    Text,
    Verbatim,
    said,
)
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter
from claims.api.shapes import KEPT, Shape
from claims.choices import Addresses, Stance, Visibility
from claims.models import Claim, Evidence, Source


@examples({"Put the place right": {"locator": "p. 5, last line"}})  # fmt: skip
class EvidenceSerializer(RowSerializer):
    """What a source says about one claim."""

    claim = Reference(read_only=True, help_text="The claim's id.")
    source = Reference(queryset=Source.objects.all(), help_text="The source's id.")  # type: ignore[assignment]
    excerpt = Verbatim(
        required=False, allow_blank=True, max_length=20_000, help_text="The source's own words, exactly."
    )
    withdrawn = Derived(
        "withdrawn_at", how=lambda at: at is not None,
        help_text="Whether it has been withdrawn: it then counts for nothing.",
    )  # fmt: skip
    withdrawn_by = PersonField(read_only=True, allow_null=True, help_text="Who withdrew it, or null.")
    created_by = PersonField(read_only=True, help_text="Who cited it.")
    expanded = Expanded(claim="claims.api.claims.ClaimDoor", source="claims.api.sources.SourceDoor")

    class Meta:
        model = Evidence
        fields = (
            "id", "claim", "source", "stance", "excerpt", "locator", "addresses", "attribution_link", "note",
            "visibility", "withdrawn",
            "withdrawn_by", "withdrawn_at", "withdrawn_reason", "created_by", "created_at", "updated_at", "expanded",
        )  # fmt: skip
        read_only_fields = ("id", "withdrawn_at", "withdrawn_reason", "created_at", "updated_at")
        extra_kwargs = said(
            id="The evidence's id.", stance="Whether it corroborates or contradicts the claim, or gives context.",
            addresses="Whether it is about the claim having been said, or being true.",
            note="What the researcher says to it; there is an excerpt or a note.",
            visibility="Whether readers are shown it.", withdrawn_at="When it was withdrawn, or null.",
            withdrawn_reason="Why it was withdrawn.", created_at="When it was cited.",
            updated_at="When it was last changed.",
        )  # fmt: skip


@examples({"The source's own words, and where they stand": {
    "claim": 1, "source": 1, "stance": "corroborates", "excerpt": "3 May: closed to all ships from 06:00.",
    "locator": "p. 4", "addresses": "true", "note": "The log is kept by hand.", "visibility": "public",
}})  # fmt: skip
class EvidenceCited(EvidenceSerializer):
    """New evidence on a claim."""

    claim = Reference(queryset=Claim.objects.all(), help_text="The claim's id.")


@examples({"One source on two claims": {"items": [
    {"claim": 1, "source": 1, "stance": "corroborates", "excerpt": "3 May: closed to all ships.", "locator": "p. 4",
     "addresses": "true"},
    {"claim": 2, "source": 1, "stance": "contradicts", "excerpt": "Works: 1 June to 2 March.", "locator": "p. 9",
     "addresses": "true"},
]}})  # fmt: skip
class ManyCited(serializers.Serializer):
    """Evidence to be cited at once."""

    items = serializers.ListField(
        child=EvidenceCited(), min_length=1, max_length=MOST, help_text=f"At most {MOST} pieces of evidence."
    )


class ManyMade(serializers.Serializer):
    """The new evidence."""

    results = EvidenceSerializer(many=True, help_text="In the order of the items.")


@examples({"Cited by mistake": {"reason": "It is the log of another year."}})  # fmt: skip
class Withdrawal(StrictSerializer):
    """Why something is withdrawn, or restored."""

    reason = Text(allow_blank=True, max_length=5000, help_text="Why; it stays on file.")


class EvidenceFilters(django_filters.FilterSet):
    claim = IdFilter("claim", "Evidence on this claim.")
    article = IdFilter("claim__article", "Evidence on this article's claims.")
    source = IdFilter("source", "Evidence from this source.")
    stance = OneOf("stance", Stance.choices, "Evidence of this stance.")
    addresses = OneOf("addresses", Addresses.choices, "Evidence on this question.")
    visibility = OneOf("visibility", Visibility.choices, "Evidence of this visibility.")
    withdrawn = FlagFilter("Withdrawn evidence, or what stands.", condition=Q(withdrawn_at__isnull=False))
    created_by = PersonFilter("created_by", "Evidence that this person cited")
    created_after = MomentFilter("created_at", "Cited at this moment or later.", "gte")
    created_before = MomentFilter("created_at", "Cited before this moment.", "lt")


class EvidenceDoor(Bulk, Exported, Shown, Edited):
    noun, nouns = "piece of evidence", "evidence"
    place = "evidence"
    serializer_class = EvidenceSerializer
    filterset_class = EvidenceFilters
    search_fields = ("excerpt", "note", "locator")
    ordering_fields = ("claim", "stance", "created_at", "updated_at")
    queryset = Evidence.objects.select_related("created_by", "withdrawn_by", "claim")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)

    def shape(self, names: tuple[str, ...]) -> Shape:
        return _shape(names)

    @extend_schema(request=EvidenceCited, responses={201: EvidenceSerializer})
    def create(self, request: Request) -> Response:
        """Cite what a source says about a claim"""
        return self.made(self.make(request.data))

    @extend_schema(request=ManyCited, responses={201: ManyMade})
    def create_many(self, request: Request) -> Response:
        """Cite many pieces of evidence at once: all of them, or none

        Each is answered for by its place: the new evidence, or what is wrong with which.
        """
        return super().create_many(request)

    def make(self, data: Any) -> Evidence:
        return evidence.cite(by=self.person, **self.body(EvidenceCited, data))

    def hold(self, row: Evidence) -> None:
        lock_claim(row.claim)

    def change(self, row: Evidence, changes: dict[str, Any]) -> None:
        evidence.edit(evidence=row, by=self.person, **changes)


class EvidenceWithdrawalDoor(EvidenceDoor):
    @extend_schema(request=Withdrawal, responses={200: EvidenceSerializer}, filters=False)
    def withdraw(self, request: Request, pk: int) -> Response:
        """Withdraw evidence, with a reason

        It stays on file and counts for nothing.
        """
        row = self.row(pk)
        evidence.withdraw(evidence=row, by=self.person, **self.body(Withdrawal))
        return Response(self.shown(self.row(pk)))

    @extend_schema(request=Withdrawal, responses={200: EvidenceSerializer}, filters=False)
    def restore(self, request: Request, pk: int) -> Response:
        """Restore withdrawn evidence, with a reason

        What was judged with it counts again where nothing else has changed.
        """
        row = self.row(pk)
        evidence.restore(evidence=row, by=self.person, **self.body(Withdrawal))
        return Response(self.shown(self.row(pk)))


@lru_cache(KEPT)
def _shape(names: tuple[str, ...]) -> Shape:
    return Shape(EvidenceSerializer(), names, Evidence.objects.all())
