"""Articles: received, described, and how their sentences stand."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import articles
from claims.actions.acting import lock_article
from claims.api.base import Door, Edited, Shown
from claims.api.examples import examples
from claims.api.exporting import Exported
from claims.api.fields import Address, PersonField, RowSerializer, StrictSerializer, Text, Verbatim, Whole, said
from claims.api.filtering import DayFilter, MomentFilter, OneOf, PersonFilter, WordFilter
from claims.choices import ArticleState
from claims.importers import intake
from claims.models import Article, ArticleRevision
from claims.models.coverage import STATUSES

NO_ORIGIN = {"republished_from_publisher": "", "republished_from_url": "", "republished_from_on": None}


class RevisionReference(RowSerializer):
    class Meta:
        model = ArticleRevision
        fields = ("id", "number", "sha256")
        read_only_fields = fields
        extra_kwargs = said(
            id="The revision's id.", number="Its number within the article, from 1.",
            sha256="Hex SHA-256 of its text as UTF-8.",
        )  # fmt: skip


class RepublishedFrom(StrictSerializer):
    """Where a republished text came from first."""

    publisher = Text(
        source="republished_from_publisher", required=False, allow_blank=True, max_length=300,
        help_text="Who published the text first.",
    )  # fmt: skip
    url = Address(
        source="republished_from_url", required=False, allow_blank=True, max_length=2000,
        help_text="Where it stood first.",
    )  # fmt: skip
    published_on = serializers.DateField(
        source="republished_from_on", required=False, allow_null=True, help_text="When it was published first."
    )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return dict(NO_ORIGIN) if data is None else super().run_validation(data)

    def to_representation(self, instance: Article) -> Any:
        if not any(getattr(instance, name) for name in NO_ORIGIN):
            return None
        return super().to_representation(instance)


class SettledCount(serializers.Serializer):
    sentences = Whole(source="sentence_count", help_text="How many sentences of the body are to be settled.")
    settled = Whole(source="settled_count", help_text="How many of them are.")


@examples({
    "Say who leads the check, and by when": {"lead": "ingrid", "due_at": "2024-05-10T12:00:00Z"},
    "Ask for three verdicts, of which two carry": {"quorum": 3, "votes_to_carry": 2},
})  # fmt: skip
class ArticleSerializer(RowSerializer):
    """An article under check."""

    republished_from = RepublishedFrom(
        source="*", required=False, allow_null=True, help_text="The first publication of a republished text, or null."
    )
    current_revision = RevisionReference(read_only=True, help_text="The text that is being checked.")
    coverage = SettledCount(source="*", read_only=True, help_text="How much of the current text is settled.")
    lead = PersonField(required=False, allow_null=True, help_text="Who leads the check, or null.")
    created_by = PersonField(read_only=True, help_text="Who received the article.")

    class Meta:
        model = Article
        fields: tuple[str, ...] = (
            "id", "slug", "title", "byline", "publisher", "url", "published_on", "language", "republished_from",
            "state", "moved_at", "scale", "quorum", "votes_to_carry", "blind", "publish_dissent",
            "signer_may_have_judged", "current_revision", "coverage",
            "claim_count", "lead", "due_at", "created_by", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("id", "slug", "state", "moved_at", "scale", "claim_count", "created_at", "updated_at")
        extra_kwargs = said(
            id="The article's id.", slug="Its name in public addresses.", title="Its headline.",
            byline="Who wrote it.", publisher="Who published it.", url="Where it was published.",
            published_on="When it was published.", state="Where it is in its workflow; moved by steps alone.",
            scale="The id of the rating scale its claims are judged on.",
            moved_at="When it came into its state; null where that was not yet kept.",
            claim_count="How many claims have been written on it.", due_at="When the check is due, or null.",
            created_at="When it was received.", updated_at="When it was last changed.",
        )  # fmt: skip


@examples({
    "A text in Markdown, which says its title and byline itself": {
        "text": "# The harbour was closed twice\n\nBy Ada Example\n\nThe harbour was closed on 3 May 2023.\n",
        "media_type": "text/markdown", "publisher": "The Example Post", "published_on": "2024-05-03", "language": "en",
    },
    "A republication": {
        "text": "The harbour was closed on 3 May 2023.", "media_type": "text/plain", "title": "The harbour was closed",
        "url": "https://courier.example/harbour", "republished_from": {
            "publisher": "The Example Post", "url": "https://post.example/harbour", "published_on": "2024-05-03",
        },
    },
})  # fmt: skip
class ArticleIntake(StrictSerializer):
    """An article's text, and details that win over what the text says of itself."""

    text = Verbatim(allow_blank=True, help_text="The whole text, at most 10 MB of UTF-8.")
    media_type = Text(help_text="text/plain or text/markdown.", allow_blank=True)
    title = Text(required=False, allow_blank=True, max_length=300, help_text="Its headline.")
    byline = Text(required=False, allow_blank=True, max_length=300, help_text="Who wrote it.")
    publisher = Text(required=False, allow_blank=True, max_length=300, help_text="Who published it.")
    url = Address(required=False, allow_blank=True, max_length=2000, help_text="Where it was published.")
    published_on = serializers.DateField(required=False, allow_null=True, help_text="When it was published.")
    language = Text(required=False, allow_blank=True, max_length=35, help_text="A BCP 47 language tag, such as en.")
    republished_from = RepublishedFrom(
        source="*", required=False, allow_null=True, help_text="The first publication of a republished text."
    )


class ArticleReceived(ArticleSerializer):
    """An article as received, with what the reader of its text could and could not tell."""

    report = serializers.ListField(
        child=Text(), read_only=True, source="current_revision.report",
        help_text="Sentences on what was found in the text, and what could not be told.",
    )  # fmt: skip

    class Meta(ArticleSerializer.Meta):
        fields = (*ArticleSerializer.Meta.fields, "report")


class SentenceSerializer(serializers.Serializer):
    start = Whole(help_text="Where the sentence begins, in code points.")
    end = Whole(help_text="Where it ends, exclusive.")
    status = serializers.ChoiceField(
        choices=STATUSES, help_text="How it stands; `boilerplate` is all that is outside coverage, headings included."
    )
    claims = serializers.ListField(child=Text(), help_text="The codes of the claims that touch it.")


class CoverageTotals(serializers.Serializer):
    covered = Whole(help_text="Sentences with a decided claim.")
    set_aside = Whole(help_text="Sentences whose claims are confirmed as set aside.")
    non_factual = Whole(help_text="Sentences that a person marked as stating no fact.")
    boilerplate = Whole(help_text="Sentences outside coverage.")
    open = Whole(help_text="Sentences still to be settled.")


class CoverageSerializer(serializers.Serializer):
    """How every sentence of the current revision stands."""

    sentences = SentenceSerializer(many=True, help_text="Every sentence, in order.")
    totals = CoverageTotals(help_text="How many sentences stand how.")


class ArticleFilters(django_filters.FilterSet):
    state = OneOf("state", ArticleState.choices, "Articles in this state.")
    lead = PersonFilter("lead", "Articles led by this person")
    publisher = WordFilter("publisher", "Articles of this publisher.", lookup_expr="iexact")
    language = WordFilter("language", "Articles in this language.", lookup_expr="iexact")
    url = WordFilter("url", "The article that was published at this address.")
    slug = WordFilter("slug", "The article of this name.")
    published_after = DayFilter("published_on", "Published on this day or later.", "gte")
    published_before = DayFilter("published_on", "Published before this day.", "lt")
    created_after = MomentFilter("created_at", "Received at this moment or later.", "gte")
    created_before = MomentFilter("created_at", "Received before this moment.", "lt")
    due_before = MomentFilter("due_at", "Due before this moment.", "lt")


class ArticleDoor(Exported, Shown, Edited):
    noun, nouns = "article", "articles"
    place = "articles"
    serializer_class = ArticleSerializer
    filterset_class = ArticleFilters
    search_fields = ("title", "byline", "publisher", "slug", "url")
    ordering_fields = ("title", "published_on", "state", "due_at", "created_at", "updated_at")
    queryset = Article.objects.for_lists().select_related("created_by")

    @extend_schema(request=ArticleIntake, responses={201: ArticleReceived})
    def create(self, request: Request) -> Response:
        """Receive an article with its first text

        Title, byline, publisher, dates, blocks, sentences and links are read from the text; what is given wins.
        """
        given = self.body(ArticleIntake)
        raw, media_type = given.pop("text").encode(), given.pop("media_type")
        article = intake.receive(raw=raw, media_type=media_type, by=self.person, **given)
        shown = ArticleReceived(self.row(article.pk), context=self.get_serializer_context()).data
        return Response(shown, status=201, headers=self.location(article))

    def hold(self, row: Article) -> None:
        lock_article(row)

    def change(self, row: Article, changes: dict[str, Any]) -> None:
        articles.edit(article=row, by=self.person, **changes)


class CoverageDoor(Door):
    serializer_class = CoverageSerializer
    queryset = Article.objects.none()

    @extend_schema(summary="Show how every sentence of the article stands")
    def show(self, request: Request, article_id: int) -> Response:
        coverage = self.article(article_id).coverage()
        return Response(CoverageSerializer({"sentences": coverage.sentences, "totals": coverage.totals}).data)


def of_article(queryset: models.QuerySet, door: Any, path: str) -> models.QuerySet:
    """The rows under the article of the address; none where the schema is drawn. Raises Http404."""
    if "article_id" not in door.kwargs:
        return queryset.none()
    return queryset.filter(**{path: door.article(door.kwargs["article_id"])})
