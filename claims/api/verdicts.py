"""Verdicts: filed, and read by those whose eyes are not to stay closed (blind review)."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import F, Prefetch, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import verdicts
from claims.api.base import Shown, visible
from claims.api.claims import rating_on_scale
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Choice, Flag, OrNull, PersonField, Reference, RowSerializer, StrictSerializer, Text, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter, WordFilter
from claims.choices import Confidence, SaidRating
from claims.models import Claim, Evidence, Verdict


class VerdictSerializer(RowSerializer):
    """One reviewer's judgement of one claim in one round. Never edited: a change of mind is a new one."""

    reviewer = PersonField(read_only=True, help_text="Who judged.")
    rating = Text(source="rating.code", read_only=True, help_text="The rating's code.")
    said_rating = OrNull(choices=SaidRating.choices, help_text="Of a quotation: whether it was said; else null.")
    relied_on: Any = serializers.PrimaryKeyRelatedField(
        many=True, read_only=True, help_text="The ids of the evidence relied on."
    )
    stale = Flag(read_only=True, help_text="Whether claim or evidence changed since: it then no longer counts.")
    expanded = Expanded(claim="claims.api.claims.ClaimDoor")

    class Meta:
        model = Verdict
        fields = (
            "id", "claim", "round", "reviewer", "rating", "said_rating", "rationale", "confidence", "relied_on",
            "digest", "stale", "supersedes", "submitted_at", "expanded",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The verdict's id.", claim="The claim's id.", round="The round of review it was filed in.",
            rationale="Why.", confidence="How sure the reviewer is.", digest="The digest of what was judged.",
            supersedes="The id of the reviewer's verdict before it in this round, or null.",
            submitted_at="When it was filed.",
        )  # fmt: skip


@examples({
    "A verdict on just what was read": {
        "claim": 1, "rating": "true", "rationale": "The harbour's own log says so.", "confidence": "high",
        "relied_on": [1], "digest": "9a3c5e7f1b2d4860a8c0e2f4061828a4c6e80a2c4e6f8091a3b5c7d9ebfd0f21",
    },
    "On a quotation: whether it was said, and whether it is true": {
        "claim": 2, "said_rating": "verbatim", "rating": "false", "confidence": "medium",
        "rationale": "The mayor said it; the budget has eleven million.",
    },
})  # fmt: skip
class VerdictFiled(StrictSerializer):
    """A reviewer's judgement of a claim in review."""

    claim = Reference(queryset=Claim.objects.select_related("article"), help_text="The claim's id.")
    rating = Text(max_length=40, help_text="A rating's code on the article's scale.")
    said_rating = Choice(
        choices=SaidRating.choices, required=False, allow_null=True, help_text="Of a quotation alone: was it said?"
    )
    rationale = Text(max_length=20_000, help_text="Why.")
    confidence = Choice(choices=Confidence.choices, help_text="How sure you are.")
    relied_on = serializers.ListField(
        child=Reference(queryset=Evidence.objects.all()), required=False, max_length=500,
        help_text="The ids of the evidence you rely on.",
    )  # fmt: skip
    digest = Text(
        required=False, allow_blank=True, max_length=64,
        help_text="The claim's digest as you read it: the verdict is refused if it has changed since.",
    )  # fmt: skip


class VerdictFilters(django_filters.FilterSet):
    claim = IdFilter("claim", "Verdicts on this claim.")
    article = IdFilter("claim__article", "Verdicts on this article's claims.")
    reviewer = PersonFilter("reviewer", "Verdicts of this person")
    round = IdFilter("round", "Verdicts of the round of this number.")
    rating = WordFilter("rating__code", "Verdicts of this rating.")
    confidence = OneOf("confidence", Confidence.choices, "Verdicts of this confidence.")
    stale = FlagFilter("Stale verdicts, or the others.", condition=~Q(digest=F("claim__digest")))
    superseded = FlagFilter("Superseded verdicts, or the others.", condition=Q(superseded_by__isnull=False))
    submitted_after = MomentFilter("submitted_at", "Filed at this moment or later.", "gte")
    submitted_before = MomentFilter("submitted_at", "Filed before this moment.", "lt")


class VerdictDoor(Exported, Shown):
    noun, nouns = "verdict", "verdicts"
    place = "verdicts"
    serializer_class = VerdictSerializer
    filterset_class = VerdictFilters
    search_fields = ("rationale",)
    ordering_fields = ("claim", "round", "submitted_at")
    queryset = Verdict.objects.select_related("claim", "reviewer", "rating")

    def get_queryset(self) -> QuerySet:
        """Everything below (lists, filters, counts, search, ETags) sees only these rows."""
        relied_on = Prefetch("relied_on", visible(Evidence.objects, self.person).only("pk").order_by("pk"))
        return visible(super().get_queryset(), self.person).prefetch_related(relied_on)

    @extend_schema(request=VerdictFiled, responses={201: VerdictSerializer})
    def create(self, request: Request) -> Response:
        """File a verdict in the claim's open round

        The last one needed closes the round. A second one by the same person supersedes the first.
        """
        given = self.body(VerdictFiled)
        given["rating"] = rating_on_scale(given["claim"], given["rating"])
        given["said_rating"] = given.get("said_rating") or ""
        return self.made(verdicts.file(by=self.person, **given))
