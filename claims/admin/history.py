"""The trail as people read it: the history of an object, the timeline of an article, by filters and in pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.urls import reverse

from claims.admin.changes import Change, Part, changes_of, reason_of, references_of, subject_of
from claims.admin.forms import LONGEST_ID
from claims.admin.names import Names, name_of, names_of, page_of
from claims.admin.wording import ACTIONS, kind_of, words_of
from claims.models import Article, AuditEvent, Person
from claims.models.audit import AuditEventQuerySet

PER_PAGE = 50
# The kinds of object that events on an article can be about.
UNDER_AN_ARTICLE = (
    "article", "articlerevision", "articlelink", "nonfactualmark", "claim", "anchor", "contribution", "evidence",
    "verdict", "verdict_relied_on", "decision", "thread", "comment", "comment_mentions", "contact", "guestlink",
    "guestuse", "signoff", "publication", "correction", "correction_claims", "readerreport", "redaction",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One event, ready to be shown; `page` is the event's own page, for those whose role reads the record. `whole`
    where nothing is cut.
    """

    event: AuditEvent
    action: str
    kind: str
    about: str
    about_page: str
    page: str
    whole: bool
    reason: Part | None
    changes: tuple[Change, ...]


class PersonChoice(forms.ModelChoiceField):
    """Somebody of the desk, by name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class TrailFilters(forms.Form):
    """Whose doing, which action, what kind of object, and when. What can be chosen tells nothing of what is there."""

    person = PersonChoice(Person.objects.order_by("first_name", "last_name", "username"), required=False,
                          empty_label="Anybody")  # fmt: skip
    action = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(label="Object", required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: QueryDict, kinds: Sequence[str] = ()) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["action"].choices = [("", "Any"), *action_choices()]
        fields["kind"].choices = [("", "Any"), *((kind, kind_of(kind)) for kind in kinds)]
        if not kinds:
            del fields["kind"]

    def narrow(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Those of the events that are asked for; none where that is not understood. Days are days in UTC."""
        if not self.is_valid():
            return events.none()
        given = self.cleaned_data
        lookups = {
            "actor": given["person"],
            "action": given["action"],
            "object_type": given.get("kind"),
            "at__gte": given["since"] and datetime.combine(given["since"], time.min, UTC),
            "at__lte": given["until"] and datetime.combine(given["until"], time.max, UTC),
        }
        return events.filter(**{name: value for name, value in lookups.items() if value})

    def chosen(self) -> dict[str, str]:
        """What was asked for, as it stands in the address."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


def action_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every action by the noun it begins with."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for action, words in ACTIONS.items():
        noun = action.partition(".")[0]
        grouped.setdefault("record" if noun == "audit" else noun, []).append((action, words))
    return list(grouped.items())


def history_of(row: models.Model, person: Person) -> AuditEventQuerySet:
    """The trail of one row, as far as this person may read it."""
    return AuditEvent.objects.visible_to(person).of(row)


def timeline_of(article: Article, person: Person) -> AuditEventQuerySet:
    """The trail of an article and all under it, as far as this person may read it."""
    return AuditEvent.objects.visible_to(person).filter(article=article)


def page_of_events(
    events: AuditEventQuerySet, asked: QueryDict, person: Person, kinds: Sequence[str] = ()
) -> dict[str, Any]:
    """A page of events, newest first, and the form that narrows them; the next page begins before `older`."""
    form = TrailFilters(asked, kinds)
    narrowed, before = form.narrow(events), asked.get("before", "")
    if before.isdecimal() and len(before) <= LONGEST_ID:
        narrowed = narrowed.filter(seq__lt=int(before))
    found = list(narrowed.opened().select_related("actor").order_by("-seq")[: PER_PAGE + 1])
    lines = lines_of(found[:PER_PAGE], person)
    return {
        "form": form,
        "lines": lines,
        "older": lines[-1].event.seq if len(found) > PER_PAGE else None,
        "chosen": form.chosen(),
        "later": bool(before),
    }


def lines_of(events: Iterable[AuditEvent], person: Person, *, short: bool = True) -> list[Line]:
    """Events (from `opened`) as lines, the names on all of them looked up at once."""
    found = list(events)
    names = names_of((reference for event in found for reference in references_of(event)), person)
    reads = person.has_perm("claims.view_record")
    return [_line(event, names, reads, short) for event in found]


def _line(event: AuditEvent, names: Names, reads: bool, short: bool) -> Line:
    about = subject_of(event)
    return Line(
        event=event,
        action=words_of(event.action),
        kind=kind_of(event.object_type),
        about=name_of(*about, names) if about else "",
        about_page=page_of(*about) if about and about in names else "",
        page=reverse("admin:claims_auditevent_change", args=[event.pk]) if reads else "",
        whole=not short,
        reason=reason_of(event, short=short),
        changes=changes_of(event, names, short=short),
    )
