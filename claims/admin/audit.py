"""The trail, to read: what happened, word by word, and where each event stands in what is sealed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from claims.admin.base import ReadOnlyAdmin, me
from claims.admin.history import UNDER_AN_ARTICLE, Line, lines_of
from claims.admin.wording import ACTIONS, kind_of, words_of
from claims.models import AuditEvent, Checkpoint, Leaf, Person

NOUNS = (
    *UNDER_AN_ARTICLE, "source", "ratingscale", "rating", "person", "person_groups", "apitoken", "auth_group",
    "signingkey",
)  # fmt: skip


class FromAList(admin.SimpleListFilter):
    """What can be chosen is known beforehand: to ask the table what it holds would read all of it."""

    field = ""

    def queryset(self, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = queryset
        value = self.value()
        return found.filter(**{self.field: value}) if value in dict(self.lookup_choices) else found


class Noun(FromAList):
    title = "object"
    parameter_name = "noun"
    field = "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((noun, kind_of(noun)) for noun in NOUNS), key=lambda pair: pair[1])


class Action(FromAList):
    title = "action"
    parameter_name = "of"
    field = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(action, f"{action.partition('.')[0]}: {words.lower()}") for action, words in ACTIONS.items()]


class Actor(FromAList):
    title = "person"
    parameter_name = "by"
    field = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (str(person.pk), person.name) for person in Person.objects.order_by("first_name", "last_name", "username")
        ]


class TrailList(ChangeList):
    """Each event of the page with its line."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = told(list(self.result_list), me(request))


class AuditEventAdmin(ReadOnlyAdmin):
    """No date hierarchy: it asks for the first and the last moment of ten million rows, which have no index."""

    view_permission = "claims.view_record"
    fieldsets = (
        (None, {"fields": ["when", "who", "what", "about", "why", "changes", "article", "request_id"]}),
        ("Its place on the record", {"fields": ["seq", "stream", "n", "leaf_hash", "seal", "proof", "told"]}),
    )
    readonly_fields = ("seq", "when", "who", "what", "about", "why", "changes", "leaf_hash", "seal", "proof", "told")
    list_display = ("seq", "when_and_who", "what_to_what", "why_and_what_changed", "place")
    list_filter = ("outside", Actor, Action, Noun, ("at", admin.DateFieldListFilter))
    list_select_related = ("actor",)
    search_fields = ("^action", "=request_id", "=actor__username")
    search_help_text = "The beginning of an action, a request id, or a person's user name."
    ordering = ("-seq",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        events: Any = super().get_queryset(request)
        return events.opened()  # type: ignore[no-any-return]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TrailList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEvent | None:
        event: AuditEvent | None = super().get_object(request, object_id, from_field)
        return told([event], me(request), short=False)[0] if event else None

    @admin.display(description="when", ordering="at")
    def when(self, event: AuditEvent) -> str:
        return f"{event.at:%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description="who", ordering="actor")
    def who(self, event: AuditEvent) -> str:
        if event.outside:
            return f"Outside the desk, as the database role {event.db_role}"
        return event.actor.name if event.actor else "The machine's owner"

    @admin.display(description="what", ordering="action")
    def what(self, event: AuditEvent) -> SafeString:
        return format_html('{} <span class="quiet">{}</span>', words_of(event.action), event.action)

    @admin.display(description="object")
    def about(self, event: Any) -> SafeString | str:
        line: Line = event.line
        if not line.about_page:
            return f"{line.kind}: {line.about}"
        return format_html('{}: <a href="{}">{}</a>', line.kind, line.about_page, line.about)

    @admin.display(description="reason")
    def why(self, event: Any) -> str:
        return render_to_string("admin/desk/part.html", {"p": event.line.reason}) if event.line.reason else "—"

    @admin.display(description="what changed")
    def changes(self, event: Any) -> str:
        return render_to_string("admin/desk/changes.html", {"changes": event.line.changes, "open": event.line.whole})

    @admin.display(description="when and who", ordering="at")
    def when_and_who(self, event: AuditEvent) -> SafeString:
        return format_html("{}<br>{}", f"{event.at:%Y-%m-%d %H:%M:%S}", self.who(event))

    @admin.display(description="what", ordering="action")
    def what_to_what(self, event: AuditEvent) -> SafeString:
        return format_html("<strong>{}</strong>{}", self.what(event), self.about(event))

    @admin.display(description="why and what changed")
    def why_and_what_changed(self, event: Any) -> SafeString:
        why = format_html('<p class="desk-change">{}</p>', self.why(event)) if event.line.reason else ""
        return format_html("{}{}", why, self.changes(event))

    @admin.display(description="place", ordering="stream")
    def place(self, event: AuditEvent) -> SafeString:
        return format_html("{}<br>{}", event.stream, event.n)

    @admin.display(description="hash")
    def leaf_hash(self, event: AuditEvent) -> SafeString:
        return format_html("<code>{}</code>", bytes(event.hash).hex())

    @admin.display(description="seal")
    def seal(self, event: AuditEvent) -> str:
        leaf = Leaf.objects.filter(event=event).first()
        if leaf is None:
            return "Not sealed yet."
        first = Checkpoint.objects.filter(size__gt=leaf.index).order_by("size").first()
        if first is None:
            return f"Leaf {leaf.index} of the tree, which is not signed yet."
        return (f"Leaf {leaf.index} of the tree, signed first with the checkpoint of {first.size:,} events, "
                f"{first.at:%Y-%m-%d %H:%M:%S} UTC.")  # fmt: skip

    @admin.display(description="proof")
    def proof(self, event: AuditEvent) -> SafeString:
        says = (
            '<a href="{}" download="event-{}-proof.json">The proof that it is sealed</a>, '
            'to be verified offline with <a href="/trail/">the verifier</a>'
        )
        return format_html(says, reverse("api:audit-proof", args=[event.pk]), event.pk)

    @admin.display(description="the event, as it was hashed")
    def told(self, event: AuditEvent) -> SafeString:
        return format_html('<pre class="desk-bytes">{}</pre>', bytes(event.bytes).decode())


def told(events: list[Any], person: Person, *, short: bool = True) -> list[Any]:
    """The events, each with its line for the columns to read."""
    for line in lines_of(events, person, short=short):
        line.event.line = line  # type: ignore[attr-defined]
    return events
