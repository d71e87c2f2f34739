"""What readers report."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class ReaderReportAdmin(ReadOnlyAdmin):
    """Readers' reports."""

    view_permission = "claims.handle_report"
    list_display = ("text", "publication", "claim", "sent_at", "outcome")
    list_filter = ("outcome",)
    list_select_related = ("publication", "claim")
    search_fields = ("text",)
    ordering = ("-id",)
