"""What an event changed, field by field, as people read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from claims.admin.differences import GONE, NEW, SAME, Run, differences, list_differences, shortened
from claims.admin.names import Names, Reference, name_of
from claims.admin.wording import field_of, label_of, model_of, order_of
from claims.models import AuditEvent
from claims.models.audit import NOT_KEPT, REDACTED

DIGEST = re.compile("[0-9a-f]{64}")
# Values that are not there to be shown, and what is said in their place.
UNSHOWN = {REDACTED: "redacted by law", NOT_KEPT: "not kept in the record"}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a value. `tag` says that it stands for what is not shown."""

    kind: str
    text: str
    tag: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after: one text with what is gone and new in it (`words`), the items of a `list`, or the
    one value and then the other (`whole`).
    """

    field: str
    form: str
    parts: tuple[Part, ...]


def references_of(event: AuditEvent) -> Iterator[Reference]:
    """The rows that the event is about and that its values name."""
    about = subject_of(event)
    if about:
        yield about
    for values in (event.before or {}, event.after or {}):
        for column, value in values.items():
            if found := _reference(event, column, value):
                yield found


def subject_of(event: AuditEvent) -> Reference | None:
    """The row the event is about; for a row that joins two others the one it belongs to."""
    model, pk = model_of(event.object_type), event.object_id
    parent: Any = model._meta.auto_created if model else None
    if parent:
        model, pk = parent, event.parent_id
    return None if model is None or pk is None else (model, pk)


def changes_of(event: AuditEvent, names: Names, *, short: bool = True) -> tuple[Change, ...]:
    """What the event changed; of a new row all that is not empty. `short` is for lists: long texts are cut."""
    before, after = event.before or {}, event.after or {}
    columns = sorted({*before, *after} - {"id"}, key=lambda column: order_of(event.object_type, column))
    made = (
        _change(event, column, _value(event, column, before.get(column), names),
                _value(event, column, after.get(column), names), short)
        for column in columns
    )  # fmt: skip
    return tuple(change for change in made if change)


def reason_of(event: AuditEvent, *, short: bool = True) -> Part | None:
    """Why, in the actor's words."""
    if not event.reason:
        return None
    run = Run(SAME, event.reason)
    return _part(shortened([run])[0] if short else run, True)


def _change(event: AuditEvent, column: str, old: str | list[str], new: str | list[str], short: bool) -> Change | None:
    if not old and not new:
        return None
    label, created = label_of(event.object_type, column), event.before is None
    runs: Iterable[Run]
    if isinstance(old, list) or isinstance(new, list):
        form, runs = "list", list_differences(_items(old), _items(new))
    elif old in UNSHOWN or new in UNSHOWN or not (old and new and _is_text(event, column)):
        form, runs = "whole", [run for run in (Run(GONE, old), Run(NEW, new)) if run.text]
    else:
        form, runs = "words", differences(old, new)
    cut = shortened([_brief(run) for run in runs]) if short and form != "list" else runs
    return Change(label, form, tuple(_part(run, created) for run in cut))


def _brief(run: Run) -> Run:
    """Of a digest the beginning."""
    return Run(run.kind, f"{run.text[:12]}…") if DIGEST.fullmatch(run.text) else run


def _part(run: Run, created: bool) -> Part:
    """Of a new row everything is new, so nothing is marked."""
    kind = SAME if created else run.kind
    return Part(kind, UNSHOWN[run.text], True) if run.text in UNSHOWN else Part(kind, run.text if created else run.seen)


def _items(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _is_text(event: AuditEvent, column: str) -> bool:
    """Whether the column holds words that people wrote, and can be compared word by word."""
    field = field_of(event.object_type, column)
    return isinstance(field, models.CharField | models.TextField) and not field.choices


def _value(event: AuditEvent, column: str, value: Any, names: Names) -> str | list[str]:
    """A value in words; a list as the words of its items."""
    if value is None or value in UNSHOWN:
        return value or ""
    if found := _reference(event, column, value):
        return name_of(*found, names)
    field: Any = field_of(event.object_type, column)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(field, ArrayField | models.JSONField):
        return _list(value)
    if isinstance(field, models.DateTimeField):
        return _moment(value)
    choices = dict(field.flatchoices) if field is not None and field.choices else {}
    return str(choices.get(value, value))


def _reference(event: AuditEvent, column: str, value: Any) -> Reference | None:
    """The row that a value names by its id."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    field = field_of(event.object_type, column)
    if isinstance(field, models.ForeignKey):
        return field.related_model, value
    if event.object_type == "redaction" and column == "object_id":
        model = model_of((event.after or event.before or {}).get("object_type", ""))
        return None if model is None else (model, value)
    return None


def _list(value: str) -> str | list[str]:
    try:
        found = json.loads(value)
    except ValueError:
        return value
    if not isinstance(found, list):
        return value
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in found]


def _moment(value: str) -> str:
    try:
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):
        return value
