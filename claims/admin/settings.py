"""The desk's settings: one page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from claims.actions import desk
from claims.admin.base import DeskModelAdmin, me
from claims.admin.forms import DeskForm
from claims.models import DeskSettings

EVIDENCE: list[Any] = ["primary_needed", "secondary_needed"]
BEGIN_WITH: list[Any] = ["quorum", "votes_to_carry", "blind", "publish_dissent"]


class DeskSettingsAdmin(DeskModelAdmin):
    """The desk's one row of settings; a migration made it."""

    change_permission = "claims.configure_desk"
    fieldsets = (
        ("The evidence rule", {"fields": EVIDENCE, "description": "Holds for every claim from now on."}),
        ("New articles begin with", {"fields": BEGIN_WITH}),
    )
    list_display = ("__str__", *EVIDENCE, *BEGIN_WITH)

    def amend(self, request: HttpRequest, form: DeskForm, row: DeskSettings) -> DeskSettings:
        return desk.configure(by=me(request), **form.values(changed=True))
