"""Evidence: cited, put right, withdrawn with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from claims.actions import evidence
from claims.admin.base import MOMENTS, DeskModelAdmin, View, me, url_of
from claims.admin.conversations import talks_about
from claims.admin.forms import DeskForm
from claims.admin.steps import form_for, reason_field
from claims.models import Evidence

SAYS: Any = (
    "What it says",
    {"fields": ["source", "stance", "addresses", "attribution_link", "excerpt", "locator", "note", "visibility"]},
)


class EvidenceAdmin(DeskModelAdmin):
    add_permission = change_permission = "claims.cite_evidence"
    change_form_template = "admin/desk/evidence.html"
    fieldsets = (SAYS, ("On file", {"fields": ["claim", "created_by", "created_at", "withdrawal"]}))
    add_fieldsets = ((None, {"fields": ["claim"]}), SAYS)
    readonly_fields = ("claim", "created_by", "created_at", "withdrawal")
    autocomplete_fields = ("claim", "source")
    list_display = ("claim", "stance", "source", "short", "addresses", "visibility", "stands", "created_by")
    list_filter = ("stance", "addresses", "visibility", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("claim", "source", "created_by")
    search_fields = ("excerpt", "note", "source__title", "=claim__code")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @admin.display(description="excerpt")
    def short(self, row: Evidence) -> str:
        return (row.excerpt or row.note)[:100]

    @admin.display(description="stands", boolean=True)
    def stands(self, row: Evidence) -> bool:
        return not row.withdrawn

    @admin.display(description="withdrawn")
    def withdrawal(self, row: Evidence) -> str:
        return f"{row.withdrawn_at:%Y-%m-%d %H:%M} by {row.withdrawn_by.name}: {row.withdrawn_reason}" \
            if row.withdrawn_by and row.withdrawn_at else "no"  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Evidence | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.withdrawn)

    def enter(self, request: HttpRequest, form: DeskForm) -> Evidence:
        return evidence.cite(by=me(request), **form.values())

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Evidence | None:
        since = timezone.now() - MOMENTS
        mine = Evidence.objects.standing().filter(created_by=me(request), created_at__gte=since)
        return mine.filter(**form.values()).first()

    def amend(self, request: HttpRequest, form: DeskForm, row: Evidence) -> Evidence:
        return evidence.edit(evidence=row, by=me(request), **form.values(changed=True))

    def response_post_save_add(self, request: HttpRequest, obj: Evidence) -> HttpResponseRedirect:
        """Back to the claim, which is what one is working on."""
        return HttpResponseRedirect(url_of(obj.claim))

    response_post_save_change = response_post_save_add

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("withdraw/", "withdraw", self.withdraw_view), ("restore/", "restore", self.restore_view))

    def beside(self, request: HttpRequest, row: Evidence) -> dict[str, Any]:
        return {
            "may_withdraw": self.has_change_permission(request, row),
            "may_restore": row.withdrawn and super().has_change_permission(request, row),
            "talks": talks_about(me(request), evidence=row),
        }

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.form_page(
            request, row, form_for({"reason": reason_field()}, request),
            lambda given: evidence.withdraw(evidence=row, by=me(request), **given),
            title="Withdraw evidence", button="Withdraw", back=url_of(row.claim), done="Withdrawn; it stays on file.",
            says=f"“{(row.excerpt or row.note)[:200]}” counts no longer. It stays on file with your reason; "
            "verdicts that judged it become stale. It can be restored.",
        )  # fmt: skip

    def restore_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.form_page(
            request, row, form_for({"reason": reason_field()}, request),
            lambda given: evidence.restore(evidence=row, by=me(request), **given),
            title="Restore evidence", button="Restore", back=url_of(row.claim), done="Restored.",
            says=f"“{(row.excerpt or row.note)[:200]}” counts again. Verdicts that judged the claim with it count "
            "again, where nothing else has changed.",
        )  # fmt: skip
