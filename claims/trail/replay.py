"""What stood at an earlier time: an article's rows, put together again from the events of its stream alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Q

from claims.models import Article, AuditEvent
from claims.models.audit import NOT_KEPT, recorded_as

Rows = dict[str, dict[int, dict[str, Any]]]


def as_of(article: Article, *, at: datetime | None = None, size: int | None = None) -> dict[str, Any]:
    """The article's whole file as it stood: every row by its kind and id, with the sources its evidence cites.

    In: a time (aware; events of that very moment count), or the size of a signed tree (its first so many events).
    Out: JSON data: `article`, `at` or `size`, `events` (how many were read), `rows`: kind → id → columns. Texts too
    large to be kept twice are taken from their row, which never changes; what was erased reads as redacted.
    """
    until = Q(leaf__index__lt=size) if size is not None else Q(at__lte=at)
    events = AuditEvent.objects.filter(until, stream=f"article/{article.pk}").order_by("n")
    rows, read = _fold(events.opened().iterator(chunk_size=500))
    cited = {row["source_id"] for row in rows.get("evidence", {}).values()}
    streams = [f"source/{pk}" for pk in sorted(cited)]
    sources, _ = _fold(
        AuditEvent.objects.filter(until, stream__in=streams).order_by("stream", "n").opened().iterator(500)
    )
    named = {"size": size} if size is not None else {"at": at.isoformat() if at else None}
    return {"article": article.pk, **named, "events": read, "rows": _sorted(_with_kept(rows | sources))}


def _fold(events: Iterable[AuditEvent]) -> tuple[Rows, int]:
    """The rows as the events leave them, and how many events there were."""
    rows: Rows = {}
    read = 0
    for read, event in enumerate(events, start=1):  # noqa: B007 - the count is given back
        kind = rows.setdefault(event.object_type, {})
        if event.object_id is None:
            continue
        if event.after is None:
            kind.pop(event.object_id, None)
        else:
            kind[event.object_id] = kind.get(event.object_id, {}) | event.after
    return rows, read


def _with_kept(rows: Rows) -> Rows:
    """Columns that the trail holds as commitments alone, from their rows."""
    models = {recorded_as(m._meta.db_table): m for m in apps.get_app_config("claims").get_models()}
    for kind, found in rows.items():
        for pk, row in found.items():
            if missing := [name for name, value in row.items() if value == NOT_KEPT]:
                kept = models[kind]._default_manager.filter(pk=pk).values(*missing).first() or {}
                row |= {name: _as_recorded(value) for name, value in kept.items()}
    return rows


def _as_recorded(value: Any) -> Any:
    """Bytes in the form in which the trail speaks of them."""
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else value


def _sorted(rows: Rows) -> dict[str, dict[str, dict[str, Any]]]:
    return {kind: {str(pk): dict(sorted(row.items())) for pk, row in _by_id(rows[kind])} for kind in sorted(rows)}


def _by_id(found: dict[int, dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    return iter(sorted(found.items()))
