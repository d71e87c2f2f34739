"""Sign-offs, publications and corrections, to look at: they are made on the article's page."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from claims.admin.base import ReadOnlyAdmin
from claims.models import Publication, SignOff


class SignOffAdmin(ReadOnlyAdmin):
    fields = ("article", "revision", "signed_by", "signed_at", "note", "digest", "voided_at", "void_reason")
    list_display = ("article", "signed_by", "signed_at", "stands", "voided_at", "void_reason")
    list_filter = (("voided_at", admin.EmptyFieldListFilter),)
    list_select_related = ("article", "signed_by")
    search_fields = ("article__title", "signed_by__username", "note")
    date_hierarchy = "signed_at"
    ordering = ("-id",)

    @admin.display(description="stands", boolean=True)
    def stands(self, row: SignOff) -> bool:
        return row.voided_at is None


class PublicationAdmin(ReadOnlyAdmin):
    fields = ("article", "version", "state", "digest", "sign_off", "published_by", "published_at", "frozen")
    readonly_fields = ("frozen",)
    list_display = ("article", "version", "state", "published_by", "published_at", "digest")
    list_filter = ("state",)
    list_select_related = ("article", "published_by")
    search_fields = ("article__title", "=digest", "published_by__username")
    date_hierarchy = "published_at"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).defer("content")

    @admin.display(description="frozen content")
    def frozen(self, row: Publication) -> str:
        return json.dumps(row.snapshot, indent=2, ensure_ascii=False)[:20_000]


class CorrectionAdmin(ReadOnlyAdmin):
    fields = ("publication", "type", "text", "claims", "made_by", "made_at", "published_in")
    list_display = ("publication", "type", "text", "made_by", "made_at", "published_in")
    list_filter = ("type", ("published_in", admin.EmptyFieldListFilter))
    list_select_related = ("publication", "made_by", "published_in")
    search_fields = ("text", "publication__article__title", "made_by__username")
    date_hierarchy = "made_at"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).defer("publication__content", "published_in__content")
