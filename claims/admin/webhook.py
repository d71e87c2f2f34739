"""Addresses of people's programs."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class WebhookAdmin(ReadOnlyAdmin):
    """Webhooks."""

    list_display = ("url", "person", "made_at", "disabled_at", "disabled_reason")
    list_select_related = ("person",)
    exclude = ("secret",)
    ordering = ("-id",)
