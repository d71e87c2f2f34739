"""A whole list as a stream, for spreadsheets (CSV, RFC 4180) and programs (JSON Lines): one row after the other, in
little memory, as everything stood at one moment.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from claims.api.base import Listed
from claims.api.expanding import EXPANDED
from claims.api.fields import PersonField
from claims.api.rendering import render

CHUNK = 500
MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}
# What a spreadsheet takes for the beginning of a formula.
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
FORMAT = OpenApiParameter(
    "format", str, OpenApiParameter.QUERY, enum=tuple(MEDIA_TYPES), default="csv",
    description="`csv`, with a row of names first, or `jsonl`: one JSON object a line.",
)  # fmt: skip


class Exported(Listed):
    """With `export`: what the list holds, filtered and ordered as there, in one stream."""

    def media_types(self) -> tuple[str, ...]:
        return tuple(MEDIA_TYPES.values()) if self.action == "export" else super().media_types()

    @extend_schema(
        responses={(200, media_type): OpenApiTypes.STR for media_type in MEDIA_TYPES.values()},
        parameters=[FORMAT], filters=True,
    )  # fmt: skip
    def export(self, request: Request) -> StreamingHttpResponse:
        form = request.query_params.get("format", "csv")
        if form not in MEDIA_TYPES:
            raise ValidationError({"format": ErrorDetail(f"One of {', '.join(MEDIA_TYPES)}.", code="invalid")})
        rows = self.filter_queryset(self.keys())
        self.shown([], many=True)  # wrong ?fields= are an error, and not the end of a stream
        write = _csv if form == "csv" else _lines
        stream = StreamingHttpResponse(
            write(self, _chunks(self, rows)), content_type=f"{MEDIA_TYPES[form]}; charset=utf-8"
        )
        stream["Content-Disposition"] = f'attachment; filename="{self.place}.{form}"'
        return stream


def _chunks(door: Listed, rows: Any) -> Iterator[list[dict[str, Any]]]:
    """The rows' answers, some at a time, from one snapshot of the database."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        waiting: list[Any] = []
        for row in rows.iterator(chunk_size=CHUNK):
            waiting.append(row)
            if len(waiting) == CHUNK:
                yield door.shown(waiting, many=True)
                waiting = []
        if waiting:
            yield door.shown(waiting, many=True)


def _lines(door: Listed, chunks: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    for chunk in chunks:
        yield b"".join(render(row) + b"\n" for row in chunk)


def _csv(door: Listed, chunks: Iterable[list[dict[str, Any]]]) -> Iterator[str]:
    wanted = door.request.query_params.get("fields")
    columns = list(_columns(_fields(door), wanted.split(",") if wanted is not None else None))
    written: list[str] = []
    writer = csv.writer(_Gathering(written.append))
    writer.writerow(name for name, _ in columns)
    for chunk in chunks:
        writer.writerows([_cell(_at(row, path)) for _, path in columns] for row in chunk)
        yield "".join(written)
        written.clear()
    yield "".join(written)


def _columns(fields: Any, wanted: list[str] | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of the columns and where their values stand: objects are spread out, people go by their usernames."""
    for name, field in fields.items():
        if name == EXPANDED or (wanted is not None and name not in wanted):
            continue
        if isinstance(field, PersonField):
            yield name, (name, "username")
        elif isinstance(field, serializers.Serializer):
            for inner, path in _columns(field.fields, None):
                yield f"{name}.{inner}", (name, *path)
        else:
            yield name, (name,)


def _fields(door: Listed) -> Any:
    serializer: Any = door.get_serializer()
    return serializer.fields


def _at(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = row[name] if row is not None else None
    return row


def _cell(value: Any) -> str:
    """A value as a cell that no spreadsheet runs: nothing for null, JSON for what is a list."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(RUN_BY_SPREADSHEETS) else value
    return json.dumps(value, ensure_ascii=False)


class _Gathering:
    """What csv writes to."""

    def __init__(self, put: Callable[[str], None]) -> None:
        self.write = put
