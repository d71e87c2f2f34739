"""Who has stepped back."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class RecusalAdmin(ReadOnlyAdmin):
    """Recusals; the note is shown on the claim's page to those entitled to it."""

    list_display = ("claim", "person", "recused_at")
    list_select_related = ("claim", "person")
    search_fields = ("=claim__code", "person__username")
    exclude = ("note",)
    ordering = ("-id",)
