"""Earlier decisions on claims like one, or like a text."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.api.base import Door
from claims.api.fields import Flag, OrNull, RowSerializer, Text, said
from claims.choices import ClaimState, SaidRating
from claims.models import Article, Claim
from claims.models.article import LANGUAGE_TAG
from claims.precedents import LONGEST, Precedent, similar, similar_to
from claims.publishing.urls import claim_url


class SimilarAsked(serializers.Serializer):
    """What claims are to be like."""

    text = serializers.CharField(max_length=LONGEST, help_text=f"A text of at most {LONGEST} characters.")
    language = serializers.CharField(
        required=False, max_length=35, validators=[LANGUAGE_TAG],
        help_text="Its language as a BCP 47 tag, such as en; without it, words are found as they are written.",
    )  # fmt: skip


class ArticleOfPrecedent(RowSerializer):
    class Meta:
        model = Article
        fields = ("id", "slug", "title")
        read_only_fields = fields
        extra_kwargs = said(id="The article's id.", slug="Its name in public addresses.", title="Its headline.")


class DecisionOfPrecedent(serializers.Serializer):
    rating = Text(source="decision.rating.code", help_text="The rating's code.")
    rating_label = Text(source="decision.rating.label", help_text="What readers are told it is called.")
    said_rating = OrNull(
        source="decision.said_rating", choices=SaidRating.choices,
        help_text="Of a quotation: whether it was said; else null.",
    )  # fmt: skip
    decided_at = serializers.DateTimeField(source="decision.decided_at", help_text="When it was decided.")
    stale = Flag(help_text="Whether that claim or its evidence changed after the decision.")


class PrecedentSerializer(serializers.Serializer):
    """A claim like the one asked for."""

    id = serializers.IntegerField(source="claim.id", help_text="The claim's id.")
    code = Text(source="claim.code", help_text="Its public code within its article.")
    article = ArticleOfPrecedent(source="claim.article", help_text="The article it was made in.")
    statement = Text(source="claim.statement", help_text="What is claimed.")
    headline = Text(source="claim.headline", allow_blank=True, help_text="The same in short; may be empty.")
    state = serializers.ChoiceField(
        source="claim.state", choices=ClaimState.choices, help_text="Where it is in its workflow."
    )
    decision = DecisionOfPrecedent(source="decided", allow_null=True, help_text="What was decided, or null.")
    public_url = serializers.SerializerMethodField(help_text="Where readers are shown its verdict, or null.")
    score = serializers.SerializerMethodField(
        help_text="How like it is by the words they share: near 1 is the same again. Below 0.2 nothing is shown."
    )

    def get_public_url(self, precedent: Precedent) -> str | None:
        claim = precedent.claim
        return claim_url(claim.article.slug, claim.code) if precedent.published else None

    def get_score(self, precedent: Precedent) -> float:
        return round(precedent.score, 3)


class SimilarSerializer(serializers.Serializer):
    """Claims that are like it: decided ones first, then by likeness, at most ten."""

    results = PrecedentSerializer(many=True, help_text="The claims.")


class SimilarDoor(Door):
    noun = "claim"
    serializer_class = SimilarSerializer
    queryset = Claim.objects.select_related("article")
    parameters: ClassVar = {"of_text": ("text", "language")}

    @extend_schema(responses=SimilarSerializer, operation_id="claims_similar_of_claim")
    def of_claim(self, request: Request, pk: int) -> Response:
        """Show earlier decisions on claims like this one

        Found by the words they share. Withdrawn claims are left out; of verdicts nothing is told.
        """
        return self._answer(similar_to(self.row(pk), self.person))

    @extend_schema(parameters=[SimilarAsked], responses=SimilarSerializer, operation_id="claims_similar_of_text")
    def of_text(self, request: Request) -> Response:
        """Show earlier decisions on claims like a text

        To look before a claim is written.
        """
        asked = SimilarAsked(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return self._answer(similar(person=self.person, **asked.validated_data))

    def _answer(self, found: list[Precedent]) -> Response:
        return Response(SimilarSerializer({"results": found}).data)
