"""Threads and what was said in them."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class ThreadAdmin(ReadOnlyAdmin):
    """Conversations."""

    list_display = ("__str__", "article", "claim", "blocking", "opened_by", "opened_at", "resolved_at")
    list_filter = ("blocking",)
    list_select_related = ("article", "claim", "opened_by")
    ordering = ("-id",)


class CommentAdmin(ReadOnlyAdmin):
    """What was said."""

    list_display = ("text", "thread", "author", "created_at")
    list_select_related = ("thread", "author")
    search_fields = ("text",)
    ordering = ("-id",)
