"""The people of the desk and their groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from claims.actions import desk
from claims.admin.base import DeskModelAdmin, ReadOnlyAdmin, View, me
from claims.admin.forms import DeskForm, PageForm
from claims.admin.steps import form_for
from claims.choices import Role
from claims.models import Person

CHANGE = "claims.change_person"


def roles_field(**more: Any) -> forms.MultipleChoiceField:
    """Which roles somebody has."""
    return forms.MultipleChoiceField(choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False, **more)


class PersonForm(DeskForm):
    """Somebody new; the password is made by the desk and shown once."""

    roles = roles_field()


class PersonAdmin(DeskModelAdmin):
    """Added here, and changed one thing at a time, each by its own action."""

    add_permission = "claims.add_person"
    change_form_template = "admin/desk/person.html"
    hidden_fields = ("password",)
    add_form = PersonForm
    add_fieldsets = ((None, {"fields": ["username", "first_name", "last_name", "email", "roles"]}),)
    fields = ("username", "first_name", "last_name", "email", "in_roles", "is_active", "is_superuser", "date_joined")
    readonly_fields = ("in_roles",)
    list_display = ("username", "name", "email", "in_roles", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    date_hierarchy = "date_joined"
    ordering = ("username",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("groups")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "groups__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="roles")
    def in_roles(self, person: Person) -> str:
        return ", ".join(sorted(group.name for group in person.groups.all())) or "—"

    def enter(self, request: Any, form: DeskForm) -> Person:
        person, request.secret = desk.add_person(by=me(request), roles=form.cleaned_data["roles"], **form.values())
        return person

    def response_add(self, request: Any, obj: Person, post_url_continue: Any = None) -> HttpResponse:
        return self.secret_page(request, obj, request.secret)

    def secret_page(self, request: HttpRequest, person: Person, secret: str) -> HttpResponse:
        """The one answer in which a password stands."""
        return self.show(
            request, "admin/desk/secret.html", title=f"The password of {person.name}", original=person, secret=secret,
            says="Give it to them now: it is kept nowhere and not shown again. They can change it after they log in.",
        )  # fmt: skip

    def beside(self, request: HttpRequest, row: Person) -> dict[str, Any]:
        return {"person": row, "may_change": request.user.has_perm(CHANGE)}

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (
            ("roles/", "roles", self.roles_view),
            ("password/", "password", self.password_view),
            ("deactivate/", "deactivate", self.deactivate_view),
            ("reactivate/", "reactivate", self.reactivate_view),
        )

    def roles_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self.row(request, pk)
        form = form_for({"roles": roles_field(initial=[g.name for g in person.groups.all()])}, request)
        return self._page(
            request, person, form, lambda given: desk.set_roles(person=person, by=me(request), **given),
            "Roles", "Set the roles", "They have exactly these roles from now on; what they did stays theirs.",
        )  # fmt: skip

    def password_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self.row(request, pk)

        def act(given: dict[str, Any]) -> HttpResponse:
            return self.secret_page(request, person, desk.reset_password(person=person, by=me(request)))

        return self._page(
            request, person, form_for({}, request), act, "New password", "Make a new password",
            "The old password stops working at once. The new one is shown once.",
        )  # fmt: skip

    def deactivate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self.row(request, pk)
        return self._page(
            request, person, form_for({}, request), lambda given: desk.deactivate(person=person, by=me(request)),
            "Deactivate", "Deactivate", "No login and no token of theirs opens the desk; all they did stays theirs.",
        )  # fmt: skip

    def reactivate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self.row(request, pk)
        return self._page(
            request, person, form_for({}, request), lambda given: desk.reactivate(person=person, by=me(request)),
            "Reactivate", "Reactivate", "They can log in again, in the roles they had.",
        )  # fmt: skip

    def _page(
        self, request: HttpRequest, person: Person, form: PageForm, act: Callable[[dict[str, Any]], Any],
        title: str, button: str, says: str,
    ) -> HttpResponse:  # fmt: skip
        return self.form_page(
            request, person, form, act, title=f"{title}: {person.name}", button=button, says=says, done="Done."
        )


class GroupAdmin(ReadOnlyAdmin):
    """Roles and what they may do, to look at."""

    fields = ("name", "may")
    readonly_fields = ("may",)
    list_display = ("name",)
    search_fields = ("name",)

    @admin.display(description="may")
    def may(self, group: Group) -> SafeString:
        names = ((p.name,) for p in group.permissions.order_by("codename"))
        return format_html_join("", "<p>{}</p>", names)
