"""Whom the desk asked."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class ContactAdmin(ReadOnlyAdmin):
    """Questions put to people outside."""

    list_display = ("whom", "article", "claim", "channel", "asked_by", "asked_at", "due_at", "outcome")
    list_filter = ("outcome", "channel")
    list_select_related = ("article", "claim", "asked_by")
    search_fields = ("whom", "question", "answer")
    ordering = ("-id",)
