"""An object's history, from the trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models

from claims.admin.forms import LONGEST_ID
from claims.models import AuditEvent, Person

PER_PAGE = 50
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One event and its changes, ready to be shown."""

    event: AuditEvent
    changes: tuple[Change, ...]


def changes_of(event: AuditEvent) -> Iterator[Change]:
    """What the event changed, field by field; of a new row, all that is not empty."""
    before, after = event.before or {}, event.after or {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old in EMPTY and new in EMPTY:
            continue
        yield Change(name.removesuffix("_id").replace("_", " "), _shown(old), _shown(new))


def lines_of(events: models.QuerySet[AuditEvent], before: str) -> tuple[list[Line], int | None]:
    """A page of events, newest first, and the seq that the next page starts before."""
    if before.isdecimal() and len(before) <= LONGEST_ID:
        events = events.filter(seq__lt=int(before))
    found = list(events.select_related("actor").order_by("-seq")[: PER_PAGE + 1])
    lines = [Line(event, tuple(changes_of(event))) for event in found[:PER_PAGE]]
    return lines, (lines[-1].event.seq if len(found) > PER_PAGE else None)


def history_of(row: models.Model, person: Person) -> models.QuerySet[AuditEvent]:
    """The trail of one row, as far as this person may read it."""
    return AuditEvent.objects.visible_to(person).of(row)


def _shown(value: Any) -> str:
    if value in EMPTY:
        return "—"
    return value if isinstance(value, str) else str(value)
