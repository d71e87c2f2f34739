"""Links for guests."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class GuestLinkAdmin(ReadOnlyAdmin):
    """Links that let somebody without an account in."""

    list_display = ("name", "relation", "article", "claim", "may", "expires_at", "revoked_at")
    list_filter = ("may", "relation")
    list_select_related = ("article", "claim")
    search_fields = ("name",)
    ordering = ("-id",)


class GuestUseAdmin(ReadOnlyAdmin):
    """What guests did."""

    list_display = ("link", "did", "at")
    list_filter = ("did",)
    list_select_related = ("link",)
    ordering = ("-id",)
