"""API tokens: one's own; a superuser sees all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from claims.actions import desk
from claims.admin.base import DeskModelAdmin, View, holds_a_role, me, url_of
from claims.admin.forms import DeskForm, PageForm, sent
from claims.choices import Scope
from claims.models import ApiToken, Person
from claims.models.desk import ALL_SCOPES


class TokenForm(DeskForm):
    """A token for oneself."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, initial=ALL_SCOPES, widget=forms.CheckboxSelectMultiple, label="good for",
        help_text="What a program may do with it, where you may. The calendar goes with nothing else.",
    )  # fmt: skip
    days = forms.IntegerField(initial=desk.DAYS, min_value=1, max_value=3650, help_text="How long it is good for.")


class ApiTokenAdmin(DeskModelAdmin):
    change_form_template = "admin/desk/token.html"
    hidden_fields = ("digest",)
    add_form = TokenForm
    add_fieldsets = ((None, {"fields": ["name", "scopes", "networks", "days"]}),)
    fields = ("person", "name", "scope", "networks", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_display = ("name", "person", "scope", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("person",)
    search_fields = ("name", "person__username")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return holds_a_role(request.user)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        tokens = super().get_queryset(request)
        return tokens if request.user.is_superuser else tokens.filter(person=me(request))

    def enter(self, request: Any, form: DeskForm) -> ApiToken:
        given = form.cleaned_data
        token, request.secret = desk.issue_token(
            person=me(request), by=me(request), name=given["name"], scopes=given["scopes"], days=given["days"],
            networks=given["networks"].split(),
        )  # fmt: skip
        return token

    def response_add(self, request: Any, obj: ApiToken, post_url_continue: Any = None) -> HttpResponse:
        secret = request.secret
        if Scope.CALENDAR in obj.scopes:
            secret = request.build_absolute_uri(reverse("calendar", args=[secret]))
        return self.show(
            request, "admin/desk/secret.html", title=f"Your token {obj.name}", original=obj, secret=secret,
            says="Copy it now: only its digest is kept, and it is not shown again.",
        )  # fmt: skip

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("revoke/", "revoke", self.revoke_view),)

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        token = self.row(request, pk)
        return self.form_page(
            request, token, PageForm(**sent(request)), lambda given: desk.revoke_token(token=token, by=me(request)),
            title="Revoke a token", button="Revoke", done="Revoked.", back=home_of(token, me(request)),
            says="The token opens nothing any more. There is no way back.",
        )  # fmt: skip


def home_of(token: ApiToken, person: Person) -> str:
    """Where one comes from: for one's own calendar address the page that shows it, else the token's."""
    own = token.scope == Scope.CALENDAR and token.person_id == person.pk
    return f"{reverse('admin:me')}#by-calendar" if own else url_of(token)
