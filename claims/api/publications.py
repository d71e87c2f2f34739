"""Publications: made, read, and corrected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import F, Func, JSONField, TextField, Value
from django.db.models.functions import Cast
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import publications
from claims.api.base import Shown
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Address, Nothing, PersonField, RowSerializer, Text, said
from claims.api.filtering import IdFilter, MomentFilter, OneOf, PersonFilter
from claims.choices import PublicationState
from claims.models import Publication
from claims.publishing import snapshot
from claims.publishing.urls import article_url, claim_url

# The claims a snapshot shows, found inside the database: a list of fifty does not carry fifty whole snapshots.
SHOWN_CLAIMS = Func(
    Cast(Func(F("content"), Value("UTF8"), function="convert_from", output_field=TextField()), JSONField()),
    Value("$.claims[*].code"),
    template="jsonb_path_query_array(%(expressions)s::jsonpath)",
    output_field=JSONField(),
)


class PublishedClaim(serializers.Serializer):
    code = Text(help_text="The claim's public code.")
    url = Address(help_text="Its public page.")


class PublicationSerializer(RowSerializer):
    """What readers were shown: a frozen, numbered snapshot."""

    url = serializers.SerializerMethodField(help_text="The article's public page, which shows the newest version.")
    version_url = serializers.SerializerMethodField(help_text="The page of this very version, for ever.")
    published_by = PersonField(read_only=True, help_text="Who published it.")
    claims = serializers.SerializerMethodField(help_text="The claims it shows, and their pages.")
    expanded = Expanded(article="claims.api.articles.ArticleDoor")

    class Meta:
        model = Publication
        fields = (
            "id", "article", "version", "url", "version_url", "digest", "state", "published_by", "published_at",
            "claims", "expanded",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The publication's id.", article="The article's id.", version="Its number within the article, from 1.",
            digest="Hex SHA-256 of the frozen content.",
            state="waiting for its seal, live, superseded, retracted, or lapsed: never shown.",
            published_at="When it was published.",
        )  # fmt: skip

    @extend_schema_field(Address())
    def get_url(self, publication: Publication) -> str:
        return article_url(publication.article.slug)

    @extend_schema_field(Address())
    def get_version_url(self, publication: Publication) -> str:
        return article_url(publication.article.slug, publication.version)

    @extend_schema_field(PublishedClaim(many=True))
    def get_claims(self, publication: Any) -> list[dict[str, str]]:
        slug = publication.article.slug
        return [{"code": code, "url": claim_url(slug, code)} for code in publication.shown_claims]


class PublicationFilters(django_filters.FilterSet):
    article = IdFilter("article", "Versions of this article.")
    state = OneOf("state", PublicationState.choices, "Publications in this state.")
    published_by = PersonFilter("published_by", "Publications by this person")
    published_after = MomentFilter("published_at", "Published at this moment or later.", "gte")
    published_before = MomentFilter("published_at", "Published before this moment.", "lt")


class PublicationDoor(Exported, Shown):
    noun, nouns = "publication", "publications"
    place = "publications"
    serializer_class = PublicationSerializer
    filterset_class = PublicationFilters
    search_fields = ("article__title", "article__slug")
    ordering_fields = ("article", "version", "published_at")
    queryset = (
        Publication.objects.select_related("article", "published_by")
        .defer("content")
        .annotate(shown_claims=SHOWN_CLAIMS)
    )


class ArticlePublicationDoor(PublicationDoor):
    in_parts = True

    @extend_schema(request=None, responses={201: PublicationSerializer}, filters=False)
    def create(self, request: Request, article_id: int) -> Response:
        """Publish the article's next version

        What was signed off is frozen as it stands. A 409 lists every refusal.
        """
        article = self.article(article_id)
        self.body(Nothing)
        return self.made(publications.publish(article=article, build=snapshot.build, by=self.person))

    def taken_up(self, since: datetime, **kwargs: Any) -> Response | None:
        """The version that this person froze and readers were shown; one that waits yet, publishing takes up."""
        frozen = self.article(kwargs["article_id"]).publications.filter(
            published_by=self.person, published_at__gte=since
        )
        shown = (
            frozen.exclude(state__in=(PublicationState.WAITING, PublicationState.LAPSED)).order_by("version").first()
        )
        return self.made(shown) if shown else None
