"""The one base of every admin of the desk: it cannot write past the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import smart_split, unescape_string_literal

from claims.admin.forms import LONGEST_ID, DeskForm, IdAutocomplete, PageForm
from claims.admin.history import history_of, page_of_events
from claims.admin.paging import MOST, BoundedPaginator
from claims.models import Person
from claims.models.audit import AuditEventQuerySet
from claims.models.search import SEARCHABLE
from claims.search.lists import holding

View = Callable[..., HttpResponse]
MOMENTS = timedelta(seconds=60)  # within which the same again is the button pressed twice


def me(request: HttpRequest) -> Person:
    """Who asks: the admin lets nobody in who is not somebody."""
    return cast(Person, request.user)


def holds_a_role(person: Any) -> bool:
    """Whether somebody is of the desk: active staff with any permission on it."""
    return bool(person.is_staff and person.of_the_desk)


def url_of(row: models.Model, page: str = "change", **kwargs: Any) -> str:
    """The address of a row's page in the admin."""
    opts = row._meta
    args = {"object_id": row.pk} if page in ("change", "history") else {"pk": row.pk}
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", kwargs=args | kwargs)


def once(request: HttpRequest, look: Callable[[], Any], act: Callable[[], Any]) -> Any:
    """Act, unless one finds that the same has just been done: a button pressed twice does one thing.

    The person's row is locked, so that the second press waits for the first and sees what it did.
    """
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(pk=me(request).pk)
        return look() or act()


class DeskModelAdmin(admin.ModelAdmin):
    """Everybody of the desk may look. Adding and changing need a permission and go through `enter` and `amend`,
    which call an action; nothing is deleted, and nothing here touches the ORM to write.
    """

    add_permission = ""
    change_permission = ""
    view_permission = ""  # where being of the desk is not enough
    hidden_fields: tuple[str, ...] = ()  # fields nobody may filter on

    formfield_overrides = {  # noqa: RUF012  (Django's own way)
        models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})},
    }
    form = DeskForm
    add_form: type[DeskForm] | None = None
    add_fieldsets: Any = None
    actions = None
    list_editable = ()
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    save_as = False
    change_form_template = "admin/desk/change_form.html"
    object_history_template = "admin/desk/history.html"

    # ------------------------------------------------------------ who may

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        needed = self.view_permission
        return holds_a_role(request.user) and (not needed or request.user.has_perm(needed))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.add_permission) and request.user.has_perm(self.add_permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.change_permission) and request.user.has_perm(self.change_permission)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Only what this person may see, wherever the noun knows of a difference."""
        rows = super().get_queryset(request)
        return rows.visible_to(me(request)) if hasattr(rows, "visible_to") else rows

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Of claims, articles and sources by the index of their texts; of others row by row."""
        words = smart_split(search_term)
        parts = [unescape_string_literal(w) if w[0] in "\"'" and w[0] == w[-1] else w for w in words]
        if parts and self.model in SEARCHABLE:
            return holding(queryset, parts, wanted=MOST), False
        return super().get_search_results(request, queryset, search_term)

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Filters in the address stay on the row itself: through a relation they would tell what is not shown."""
        field = lookup.split("__")[0]
        if request is not None and field in {getattr(f, "parameter_name", None) for f in self.get_list_filter(request)}:
            return True  # a filter of ours, which answers for itself
        own = {f.name for f in self.opts.concrete_fields} | {f.attname for f in self.opts.concrete_fields}
        if field not in own or field in self.hidden_fields:
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        """What can be chosen is what can be seen."""
        related = self.admin_site._registry.get(db_field.remote_field.model)
        return related.get_queryset(request) if related else super().get_field_queryset(db, db_field, request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", IdAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # ------------------------------------------------------------ writing, through actions alone

    def enter(self, request: HttpRequest, form: DeskForm) -> Any:
        """Add what the form says, by an action; gives the new row."""
        raise PermissionDenied

    def amend(self, request: HttpRequest, form: DeskForm, row: Any) -> Any:
        """Change this row as the form says, by an action; gives the row."""
        raise PermissionDenied

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Any:
        """The row that the very same form has added a moment ago: the button was pressed twice."""
        return None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if not change and self.add_form:
            kwargs["form"] = self.add_form
        form_class: Any = super().get_form(request, obj, change=change, **kwargs)

        def perform(form: DeskForm) -> Any:
            if change:
                # The form has written what was typed into its own copy; the action is given the row as it stands.
                return self.amend(request, form, self.model._default_manager.get(pk=obj.pk))
            return once(request, lambda: self.just_entered(request, form), lambda: self.enter(request, form))

        form_class.perform = staticmethod(perform)
        return form_class

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None and self.add_fieldsets:
            return self.add_fieldsets
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj is not None else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        relations = {f.name for f in self.opts.fields if f.is_relation}
        return {k: v for k, v in initial.items() if k not in relations or (v.isdecimal() and len(v) <= LONGEST_ID)}

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The action has written already; this is what it gave."""
        return form.done

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing: `save_form` says why."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: relations are the action's too."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Nothing: there are no inline forms."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise PermissionDenied

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        raise PermissionDenied

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the database's own trail is the history."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: see log_addition."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing: see log_addition."""

    # ------------------------------------------------------------ pages

    def pages(self) -> Iterable[tuple[str, str, View]]:
        """Further pages of a row: (path after its id, name, view)."""
        return ()

    def get_urls(self) -> list[Any]:
        noun = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(f"<int:pk>/{route}", self.admin_site.admin_view(view), name=f"{noun}_{name}")
            for route, name, view in self.pages()
        ]
        return own + super().get_urls()

    def row(self, request: HttpRequest, pk: int) -> Any:
        """The row a further page is about; 404 where this person sees none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def beside(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the row's change page shows beside its fields."""
        return {}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        beside = self.beside(request, row) if row is not None and self.has_view_permission(request, row) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **beside})

    def form_page(
        self, request: HttpRequest, row: Any, form: PageForm, act: Callable[[dict[str, Any]], Any], *,
        title: str, button: str, done: str = "", says: str = "", back: str = "",
        template: str = "admin/desk/page.html", **context: Any,
    ) -> HttpResponse:  # fmt: skip
        """A page with one form for one action: shown, and on a POST done (then `done` is said) or shown again."""
        back = back or url_of(row)
        if request.method == "POST" and form.is_valid() and form.hear(lambda: act(form.cleaned_data)):
            if isinstance(form.done, HttpResponse):
                return form.done
            self.message_user(request, done or f"{title}: done.")
            return HttpResponseRedirect(back)
        return self.show(
            request, template, title=title, original=row, form=form, button=button, says=says, back=back, **context
        )

    def done_already(self, request: HttpRequest, row: Any, now: str) -> HttpResponse:
        """What the second press of a button answers."""
        said = f"You have done this already: {now}. Nothing was written a second time."
        self.message_user(request, said, messages.INFO)
        return HttpResponseRedirect(url_of(row))

    def show(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """One of our templates, with what every admin page needs."""
        request.current_app = self.admin_site.name
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, template, {**everywhere, **context})

    def history(self, row: Any, person: Person) -> AuditEventQuerySet:
        """The events that are this row's history."""
        return history_of(row, person)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            raise Http404
        page = page_of_events(self.history(row, me(request)), request.GET, me(request))
        return self.show(request, self.object_history_template, title=f"History: {row}"[:150], original=row, **page)


class ReadOnlyAdmin(DeskModelAdmin):
    """A noun that is looked at here and written elsewhere, or by the desk itself."""
