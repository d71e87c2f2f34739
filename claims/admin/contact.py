"""Whom the desk asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from claims.admin.base import ReadOnlyAdmin
from claims.admin.guest import guests_beside
from claims.models import Contact


class ContactAdmin(ReadOnlyAdmin):
    """Questions put to people outside."""

    change_form_template = "admin/desk/contact.html"
    list_display = ("whom", "article", "claim", "channel", "asked_by", "asked_at", "due_at", "outcome")
    list_filter = ("outcome", "channel")
    list_select_related = ("article", "claim", "asked_by")
    search_fields = ("whom", "question", "answer")
    ordering = ("-id",)

    def beside(self, request: HttpRequest, row: Contact) -> dict[str, Any]:
        return guests_beside(request, article=row.article, claim=row.claim, contact=row)
