"""Filters that people keep for the lists of the API."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest

from claims.admin.base import ReadOnlyAdmin, me
from claims.models import SavedFilter


class SavedFilterAdmin(ReadOnlyAdmin):
    """One's own and those that the desk shares; kept, changed and taken away over REST."""

    list_display = ("slug", "list", "title", "query", "shared", "person")
    list_filter = ("list", "shared")
    list_select_related = ("person",)
    search_fields = ("slug", "title")
    ordering = ("list", "slug")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request) & SavedFilter.objects.visible_to(me(request))
