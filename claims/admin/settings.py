"""The desk's settings: one page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseRedirect

from claims.actions import desk
from claims.admin.base import DeskModelAdmin, me
from claims.admin.forms import DeskForm
from claims.models import DeskSettings

EVIDENCE: list[Any] = ["primary_needed", "secondary_needed"]
BEGIN_WITH: list[Any] = ["quorum", "votes_to_carry", "blind", "publish_dissent"]


class DeskSettingsAdmin(DeskModelAdmin):
    """The desk's one row of settings; until somebody changes them there is none, and the defaults hold."""

    change_permission = "claims.configure_desk"
    fieldsets = (
        ("The evidence rule", {"fields": EVIDENCE, "description": "Holds for every claim from now on."}),
        ("New articles begin with", {"fields": BEGIN_WITH}),
    )
    list_display = ("__str__", *EVIDENCE, *BEGIN_WITH)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.change_permission) and not DeskSettings.objects.exists()

    def enter(self, request: HttpRequest, form: DeskForm) -> DeskSettings:
        return desk.configure(by=me(request), **form.values())

    def amend(self, request: HttpRequest, form: DeskForm, row: DeskSettings) -> DeskSettings:
        return desk.configure(by=me(request), **form.values(changed=True))

    def response_post_save_add(self, request: HttpRequest, obj: DeskSettings) -> HttpResponseRedirect:
        return HttpResponseRedirect("../")
