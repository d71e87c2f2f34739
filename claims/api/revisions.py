"""The texts of an article, their links, and the sentences marked as non-factual."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import articles
from claims.api.anchors import LARGEST_OFFSET
from claims.api.articles import of_article
from claims.api.base import Listed
from claims.api.examples import examples
from claims.api.fields import Address, PersonField, RowSerializer, StrictSerializer, Text, Verbatim, Whole, said
from claims.api.filtering import FlagFilter, OneOf, PersonFilter, WordFilter
from claims.importers import intake
from claims.models import ArticleLink, ArticleRevision, NonFactualMark
from claims.segmenting import BlockKind, LinkStatus


class BlockSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=[kind.value for kind in BlockKind], help_text="What the block is.")
    start = Whole(help_text="Where it begins, in code points.")
    end = Whole(help_text="Where it ends, exclusive; the next one begins there.")


class RevisionSummary(RowSerializer):
    """A text of an article, without the text."""

    created_by = PersonField(read_only=True, help_text="Who brought the text.")
    report = serializers.ListField(
        child=Text(), read_only=True, help_text="Sentences on what was found in the text, and what could not be told."
    )

    class Meta:
        model = ArticleRevision
        fields: tuple[str, ...] = (
            "id", "number", "sha256", "source_sha256", "media_type", "report", "note", "created_by", "created_at",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The revision's id.", number="Its number within the article, from 1.",
            media_type="What it was received as.", note="Why there is a new text.",
            created_at="When it was received.", text="The text; every offset counts its code points.",
        )  # fmt: skip


class RevisionSerializer(RevisionSummary):
    """One text of an article, never edited. The blocks joined are the text."""

    blocks = serializers.SerializerMethodField(help_text="The pieces that tile the text, in order.")

    class Meta(RevisionSummary.Meta):
        fields = (*RevisionSummary.Meta.fields, "text", "blocks")
        read_only_fields = fields

    @extend_schema_field(BlockSerializer(many=True))
    def get_blocks(self, revision: ArticleRevision) -> list[dict[str, Any]]:
        return [{"kind": kind, "start": start, "end": end} for kind, start, end in revision.blocks]


class Reanchored(serializers.Serializer):
    exact = Whole(help_text="Claims found at the same place.")
    moved = Whole(help_text="Claims found at one other place.")
    fuzzy = Whole(help_text="Claims found by likeness: a person settles them.")
    orphaned = Whole(help_text="Claims not found: a person settles them.")


class RevisionMade(RevisionSerializer):
    """A new text, and what became of the claims' places in it."""

    reanchored = Reanchored(read_only=True, help_text="How many claims came through how.")

    class Meta(RevisionSerializer.Meta):
        fields = (*RevisionSerializer.Meta.fields, "reanchored")
        read_only_fields = fields


@examples({"The text as the publisher changed it": {
    "text": "# The harbour was closed twice\n\nThe harbour was closed on 4 May 2023. It was a shame.\n",
    "media_type": "text/markdown", "note": "The publisher put the date right.",
}})  # fmt: skip
class RevisionIntake(StrictSerializer):
    """The article's next text."""

    text = Verbatim(allow_blank=True, help_text="The whole text, at most 10 MB of UTF-8.")
    media_type = Text(allow_blank=True, help_text="text/plain or text/markdown.")
    note = Text(required=False, default="", allow_blank=True, max_length=2000, help_text="Why there is a new text.")


class RevisionFilters(django_filters.FilterSet):
    created_by = PersonFilter("created_by", "Texts brought by this person")


class RevisionDoor(Listed):
    noun, nouns = "text of an article", "texts of an article"
    queryset = ArticleRevision.objects.select_related("created_by")
    serializer_class = RevisionSerializer
    filterset_class = RevisionFilters
    ordering_fields = ("number", "created_at")

    def get_queryset(self) -> QuerySet:
        found = of_article(super().get_queryset(), self, "article")
        return found.defer("text", "blocks", "sentences", "source_bytes") if self.action == "list" else found

    def get_serializer_class(self) -> type[RevisionSummary]:
        return RevisionSummary if self.action == "list" else RevisionSerializer

    def location(self, row: Any) -> dict[str, str]:
        return {"Location": self.request.build_absolute_uri(f"{row.number}/")}

    def retrieve(self, request: Request, article_id: int, number: int) -> Response:
        return Response(self.shown(get_object_or_404(self.get_queryset(), number=number)))

    @extend_schema(request=RevisionIntake, responses={201: RevisionMade})
    def create(self, request: Request, article_id: int) -> Response:
        """Bring the article's next text

        Every claim and every non-factual mark is looked for in it again.
        """
        article, given = self.article(article_id), self.body(RevisionIntake)
        revision, counts = intake.revise(
            article=article, raw=given["text"].encode(), media_type=given["media_type"], by=self.person,
            note=given["note"],
        )  # fmt: skip
        return self.made(revision, reanchored=counts)


class LinkSerializer(RowSerializer):
    """A citation link of a text."""

    revision = Whole(source="revision.number", read_only=True, help_text="The number of the text it stands in.")
    target = Address(read_only=True, allow_blank=True, help_text="Where it leads; empty when missing.")

    class Meta:
        model = ArticleLink
        fields = ("id", "revision", "text", "start", "end", "target", "status")
        read_only_fields = fields
        extra_kwargs = said(
            id="The link's id.", text="Its anchor text.", start="Where that begins, in code points.",
            end="Where it ends, exclusive.",
            status="Whether the target is present, missing, or was recovered by a person.",
        )  # fmt: skip


class LinkFilters(django_filters.FilterSet):
    revision = django_filters.NumberFilter(
        method="of_revision", min_value=1, max_value=LARGEST_OFFSET, decimal_places=0,
        help_text="Links of the text of this number; of the current one by default.",
    )  # fmt: skip
    status = OneOf("status", [(s.value, s.value) for s in LinkStatus], "Links of this status.")
    target = WordFilter("target", "Links to this address.")

    def of_revision(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset.filter(revision__number=value)


class LinkDoor(Listed):
    noun, nouns = "link", "links of an article's text"
    queryset = ArticleLink.objects.select_related("revision").only(
        "text", "start", "end", "target", "status", "revision__number"
    )
    serializer_class = LinkSerializer
    filterset_class = LinkFilters
    search_fields = ("text", "target")
    ordering_fields = ("start",)

    def get_queryset(self) -> QuerySet:
        found = super().get_queryset()
        if "article_id" not in self.kwargs:
            return found.none()
        article = self.article(self.kwargs["article_id"])
        if "revision" in self.request.query_params:
            return found.filter(revision__article=article)
        return found.filter(revision=article.current_revision_id)


class MarkSerializer(RowSerializer):
    """A named person's word that one sentence states no fact."""

    revision = Whole(source="revision.number", read_only=True, help_text="The number of the text it stands in.")
    marked_by = PersonField(read_only=True, help_text="Who says so.")
    taken_back_by = PersonField(read_only=True, allow_null=True, help_text="Who took it back, or null.")

    class Meta:
        model = NonFactualMark
        fields = ("id", "revision", "start", "end", "marked_by", "marked_at", "taken_back_by", "taken_back_at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The mark's id.", start="Where the sentence begins, in code points.", end="Where it ends, exclusive.",
            marked_at="When it was marked.", taken_back_at="When it was taken back, or null.",
        )  # fmt: skip


@examples({"A sentence that states no fact": {"start": 70, "end": 85}})  # fmt: skip
class Span(StrictSerializer):
    """A range of the current text."""

    start = Whole(min_value=0, max_value=LARGEST_OFFSET, help_text="Where the range begins, in code points.")
    end = Whole(min_value=0, max_value=LARGEST_OFFSET, help_text="Where it ends, exclusive.")


class MarksMade(serializers.Serializer):
    results = MarkSerializer(many=True, help_text="The new marks; sentences marked before stay as they are.")


class MarkFilters(django_filters.FilterSet):
    standing = FlagFilter("Marks that stand, or those taken back.", condition=Q(taken_back_at__isnull=True))
    marked_by = PersonFilter("marked_by", "Marks by this person")


class MarkDoor(Listed):
    noun, nouns = "mark", "non-factual marks of an article's current text"
    queryset = NonFactualMark.objects.select_related("revision", "marked_by", "taken_back_by").defer(
        "revision__text", "revision__source_bytes", "revision__sentences", "revision__blocks"
    )
    serializer_class = MarkSerializer
    filterset_class = MarkFilters
    ordering_fields = ("start", "marked_at")

    def get_queryset(self) -> QuerySet:
        found = super().get_queryset()
        if "article_id" not in self.kwargs:
            return found.none()
        return found.filter(revision=self.article(self.kwargs["article_id"]).current_revision_id)

    @extend_schema(request=Span, responses={201: MarksMade})
    def create(self, request: Request, article_id: int) -> Response:
        """Mark the sentences in a range as stating no fact

        The marks are in the caller's name.
        """
        marks = articles.mark_non_factual(article=self.article(article_id), by=self.person, **self.body(Span))
        return Response({"results": self.shown(marks, many=True)}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, article_id: int, pk: int) -> Response:
        """Take a non-factual mark back

        It stays on record with who took it back and when.
        """
        articles.take_mark_back(mark=self.row(pk), by=self.person)
        return Response(status=204)
