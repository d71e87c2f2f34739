"""What belongs to one text of an article: the revision, its links, and the sentences said to hold no fact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse

from claims.actions import articles
from claims.admin.base import ReadOnlyAdmin, View, me, url_of
from claims.admin.forms import PageForm, sent
from claims.models import ArticleRevision, NonFactualMark


class ArticleRevisionAdmin(ReadOnlyAdmin):
    fields = (
        "article", "number", "sha256", "source_sha256", "media_type", "note", "said", "text", "created_by",
        "created_at",
    )  # fmt: skip
    readonly_fields = ("said",)
    list_display = ("article", "number", "media_type", "sha256", "note", "created_by", "created_at")
    list_filter = ("media_type",)
    list_select_related = ("article", "created_by")
    search_fields = ("article__title", "=sha256", "=source_sha256", "note")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).defer("source_bytes", "blocks", "sentences")

    @admin.display(description="import report")
    def said(self, revision: ArticleRevision) -> str:
        return "\n".join(revision.report) or "Nothing to report."


class ArticleLinkAdmin(ReadOnlyAdmin):
    list_display = ("text", "status", "target", "revision", "start", "end")
    list_filter = ("status",)
    list_select_related = ("revision",)
    search_fields = ("text", "target")
    ordering = ("-id",)


class NonFactualMarkAdmin(ReadOnlyAdmin):
    list_display = ("revision", "start", "end", "marked_by", "marked_at", "taken_back_by", "taken_back_at")
    list_select_related = ("revision", "marked_by", "taken_back_by")
    search_fields = ("revision__article__title", "marked_by__username")
    date_hierarchy = "marked_at"
    ordering = ("-id",)

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("take-back/", "take_back", self.take_back_view),)

    def take_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        mark: NonFactualMark = self.row(request, pk)
        return self.form_page(
            request, mark, PageForm(**sent(request)), lambda given: articles.take_mark_back(mark=mark, by=me(request)),
            title="Take a mark back", button="Take back", back=url_of(mark.revision.article),
            done="Taken back: the sentence is open unless a claim settles it.",
            says="The sentence may state a fact after all, and is open until a claim settles it.",
        )  # fmt: skip
