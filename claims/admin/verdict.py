"""Verdicts and decisions, to look at: they are made on the claim's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest

from claims.admin.base import ReadOnlyAdmin, me
from claims.admin.conversations import talks_about
from claims.models import Evidence, Verdict


class VerdictAdmin(ReadOnlyAdmin):
    """Only those this person may see: blind review holds in lists, filters, searches and counts alike."""

    fields = (
        "claim", "round", "reviewer", "rating", "said_rating", "rationale", "confidence", "relied", "is_stale",
        "supersedes", "submitted_at",
    )  # fmt: skip
    readonly_fields = ("relied", "is_stale")
    change_form_template = "admin/desk/verdict.html"
    list_display = ("claim", "round", "reviewer", "rating", "said_rating", "confidence", "is_stale", "submitted_at")
    list_filter = ("confidence", "said_rating")
    list_select_related = ("claim", "reviewer", "rating")
    search_fields = ("=claim__code", "claim__statement", "reviewer__username", "rationale")
    date_hierarchy = "submitted_at"
    ordering = ("-id",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Verdict | None:
        verdict: Verdict | None = super().get_object(request, object_id, from_field)
        if verdict is not None:
            seen = Evidence.objects.visible_to(me(request)).select_related("source")
            prefetch_related_objects([verdict], Prefetch("relied_on", seen))
        return verdict

    def beside(self, request: HttpRequest, row: Verdict) -> dict[str, Any]:
        return {"talks": talks_about(me(request), verdict=row)}

    @admin.display(description="evidence relied on")
    def relied(self, verdict: Verdict) -> str:
        return "\n".join(f"{e.get_stance_display()}: {e.source.title}" for e in verdict.relied_on.all()) or "—"

    @admin.display(description="stale", boolean=True)
    def is_stale(self, verdict: Verdict) -> bool:
        return verdict.stale


class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("claim", "round", "method", "rating", "said_rating", "decided_by", "decided_at")
    list_filter = ("method", "said_rating")
    list_select_related = ("claim", "rating", "decided_by")
    search_fields = ("=claim__code", "claim__statement", "reason", "decided_by__username")
    date_hierarchy = "decided_at"
    ordering = ("-id",)

    def get_exclude(self, request: Any, obj: Any = None) -> tuple[str, ...]:
        return ("digest",)
