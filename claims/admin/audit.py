"""The trail, to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from claims.admin.base import ReadOnlyAdmin
from claims.admin.history import changes_of
from claims.models import AuditEvent

NOUNS = (
    "article", "articlerevision", "articlelink", "nonfactualmark", "claim", "anchor", "contribution", "source",
    "evidence", "verdict", "decision", "signoff", "publication", "correction", "ratingscale", "rating", "person",
    "apitoken", "auth_group",
)  # fmt: skip


class Noun(admin.SimpleListFilter):
    """The kind of object, from a list: to ask the table which kinds it has would read all of it."""

    title = "object"
    parameter_name = "noun"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(noun, noun) for noun in NOUNS]

    def queryset(self, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = queryset.filter(object_type=self.value()) if self.value() else queryset
        return found


class AuditEventAdmin(ReadOnlyAdmin):
    """No date hierarchy: it asks for the first and the last moment of ten million rows, which have no index."""

    view_permission = "claims.view_record"
    fields = (
        "seq", "at", "actor", "action", "reason", "object_type", "object_id", "article", "changes", "outside",
        "db_role", "request_id",
    )  # fmt: skip
    readonly_fields = ("seq", "changes")
    list_display = (
        "seq", "at", "actor", "action", "object_type", "object_id", "article", "reason", "outside", "db_role",
    )  # fmt: skip
    list_filter = ("outside", Noun, ("at", admin.DateFieldListFilter))
    list_select_related = ("actor", "article")
    search_fields = ("^action", "=request_id", "=actor__username")
    search_help_text = "The beginning of an action, a request id, or a person's user name."
    ordering = ("-seq",)

    @admin.display(description="before → after")
    def changes(self, event: AuditEvent) -> SafeString:
        rows = ((c.field, c.before, c.after) for c in changes_of(event))
        return format_html("{}", format_html_join("", "<p><strong>{}</strong>: {} → {}</p>", rows))
