"""Sources: entered and described."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from claims.actions import sources
from claims.admin.base import MOMENTS, DeskModelAdmin, View, me
from claims.admin.forms import DeskForm
from claims.admin.steps import form_for, reason_field
from claims.models import Source


class SourceAdmin(DeskModelAdmin):
    change_form_template = "admin/desk/source.html"
    hidden_fields = ("derived_from", "derived_from_id")  # it may name a source that is confidential
    add_permission = change_permission = "claims.write_source"
    fieldsets = (
        (None, {"fields": ["title", "publisher", "author", "kind", "published_on"]}),
        ("Its weight", {"fields": ["tier", "affiliation", "derived_from", "confidential"]}),
        ("Where it is", {"fields": ["url", "archived_url", "accessed_at", "sha256"]}),
    )
    autocomplete_fields = ("derived_from",)
    list_display = ("title", "publisher", "kind", "tier", "affiliation", "derived", "confidential", "published_on")
    list_filter = ("tier", "kind", "confidential")
    list_select_related = ("derived_from",)
    search_fields = ("title", "author", "publisher", "affiliation", "url")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """The origin is left out for those who may not see confidential sources: it may be one."""
        if request.user.has_perm("claims.view_confidential"):
            return super().get_fieldsets(request, obj)
        shown = super().get_fieldsets(request, obj)
        return [(name, {"fields": [f for f in given["fields"] if f != "derived_from"]}) for name, given in shown]

    def has_change_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.withdrawn)

    def beside(self, request: HttpRequest, row: Source) -> dict[str, Any]:
        may = super().has_change_permission(request, row)
        return {"may_withdraw": may and not row.withdrawn, "may_restore": may and row.withdrawn}

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("withdraw/", "withdraw", self.withdraw_view), ("restore/", "restore", self.restore_view))

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.form_page(
            request, row, form_for({"reason": reason_field()}, request),
            lambda given: sources.withdraw(source=row, by=me(request), **given),
            title="Withdraw a source", button="Withdraw", done="Withdrawn; it stays on file.",
            says=f"Evidence from “{row.title}” counts no longer, on any claim; what was judged with it becomes stale. "
            "It can be restored.",
        )  # fmt: skip

    def restore_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.form_page(
            request, row, form_for({"reason": reason_field()}, request),
            lambda given: sources.restore(source=row, by=me(request), **given),
            title="Restore a source", button="Restore", done="Restored.",
            says=f"Evidence from “{row.title}” counts again.",
        )  # fmt: skip

    @admin.display(description="derived from")
    def derived(self, source: Source) -> str:
        """Not the origin's title: it may be confidential where this source is not."""
        return "another source" if source.derived_from_id else "—"

    def enter(self, request: HttpRequest, form: DeskForm) -> Source:
        return sources.enter(by=me(request), **form.values())

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Source | None:
        since = timezone.now() - MOMENTS
        return Source.objects.filter(created_by=me(request), created_at__gte=since, **form.values()).first()

    def amend(self, request: HttpRequest, form: DeskForm, row: Source) -> Source:
        return sources.edit(source=row, by=me(request), **form.values(changed=True))
