"""The desk's settings."""

from __future__ import annotations

from claims.admin.base import ReadOnlyAdmin


class DeskSettingsAdmin(ReadOnlyAdmin):
    """The desk's one row of settings."""

    list_display = (
        "__str__",
        "primary_needed",
        "secondary_needed",
        "quorum",
        "votes_to_carry",
        "blind",
        "publish_dissent",
    )
    ordering = ("-id",)
