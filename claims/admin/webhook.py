"""Addresses of people's programs: one's own; a superuser sees whose there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from claims.actions import webhooks
from claims.admin.base import DeskModelAdmin, View, holds_a_role, me
from claims.admin.forms import DeskForm, PageForm, sent
from claims.choices import NotificationKind
from claims.models import Delivery, Webhook

LOGGED = 50


class WebhookForm(DeskForm):
    """An address of one's own."""

    kinds = forms.MultipleChoiceField(
        choices=NotificationKind.choices, widget=forms.CheckboxSelectMultiple, required=False,
        help_text="What it is told of; none: of everything.",
    )  # fmt: skip


class WebhookAdmin(DeskModelAdmin):
    """Added and switched off and on; what was sent is in its log. The secret is shown once."""

    change_form_template = "admin/desk/webhook.html"
    hidden_fields = ("secret",)
    add_form = WebhookForm
    add_fieldsets = ((None, {"fields": ["url", "kinds"]}),)
    fields = ("person", "url", "told_of", "made_at", "disabled_at", "disabled_reason")
    readonly_fields = ("told_of",)
    list_display = ("url", "person", "told_of", "made_at", "disabled_at", "disabled_reason")
    list_filter = (("disabled_at", admin.EmptyFieldListFilter),)
    list_select_related = ("person",)
    search_fields = ("url",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return holds_a_role(request.user)

    @admin.display(description="told of")
    def told_of(self, webhook: Webhook) -> str:
        return ", ".join(NotificationKind(kind).label for kind in webhook.kinds) or "Everything"

    def enter(self, request: Any, form: DeskForm) -> Webhook:
        webhook, request.secret = webhooks.add_webhook(by=me(request), **form.values())
        return webhook

    def response_add(self, request: Any, obj: Webhook, post_url_continue: Any = None) -> HttpResponse:
        return self.show(
            request, "admin/desk/secret.html", title="The secret of your webhook", original=obj, secret=request.secret,
            says="Copy it now, it is not shown again: with it your program tells that what it receives is from this "
            "desk (Standard Webhooks, webhook-signature).",
        )  # fmt: skip

    def beside(self, request: HttpRequest, row: Webhook) -> dict[str, Any]:
        return {"mine": row.person_id == me(request).pk, "may_disable": self._may_disable(request, row)}

    def _may_disable(self, request: HttpRequest, row: Webhook) -> bool:
        return row.person_id == me(request).pk or request.user.has_perm("claims.change_webhook")

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (
            ("disable/", "disable", self.disable_view),
            ("enable/", "enable", self.enable_view),
            ("deliveries/", "deliveries", self.deliveries_view),
        )

    def disable_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.form_page(
            request, row, PageForm(**sent(request)), lambda _: webhooks.disable_webhook(webhook=row, by=me(request)),
            title="Switch a webhook off", button="Switch off", done="Switched off.",
            says="Nothing more is sent there, and what waits is given up. It can be switched on again.",
        )  # fmt: skip

    def enable_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        return self.form_page(
            request, row, PageForm(**sent(request)), lambda _: webhooks.enable_webhook(webhook=row, by=me(request)),
            title="Switch a webhook on", button="Switch on", done="Switched on.",
            says="What you are told from now on is sent there. What was missed is not sent later.",
        )  # fmt: skip

    def deliveries_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What was sent there, newest first, with every try."""
        row = self.row(request, pk)
        found = Delivery.objects.filter(webhook=row).select_related("notification").prefetch_related("log")
        return self.show(
            request, "admin/desk/deliveries.html", title="What was sent there", original=row, most=LOGGED,
            deliveries=found.order_by("-id")[:LOGGED],
        )  # fmt: skip
