"""`?expand=`: the rows that a row names by their ids, beside it, as they would be answered by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

PARAMETER = "expand"
EXPANDED = "expanded"


class Expanded(serializers.Field):
    """The member `expanded` of a row, which is there for who asks for it; the ids stay what they are.

    In: for each field that may be expanded, where the resource of its rows is declared, as a dotted name.
    """

    def __init__(self, **doors: str) -> None:
        super().__init__(source="*", read_only=True, help_text="What ?expand= asked for, by the names of the fields.")
        self.doors = doors

    def door(self, name: str) -> Any:
        """The resource of a field's rows."""
        return import_string(self.doors[name])


def expands(serializer_class: Any) -> bool:
    """Whether a serializer's rows have anything to expand."""
    return EXPANDED in getattr(serializer_class, "_declared_fields", ())


def chosen(asked: str, known: Iterable[str], parameter: str) -> list[str]:
    """The names in a comma-separated parameter. Raises ValidationError for one that is not known."""
    names, known = [name for name in asked.split(",") if name], list(known)
    if unknown := [name for name in names if name not in known]:
        wrong = f"There is no {', '.join(unknown)} here: choose from {', '.join(known)}."
        raise ValidationError({parameter: ErrorDetail(wrong, code="unknown")})
    return names


def expand(
    view: Any, serializer_class: Any, answers: list[dict[str, Any]], names: list[str], besides: set[str]
) -> None:
    """Put the rows that these fields name beside them, one look-up a field; then drop the ids nobody asked for."""
    field: Expanded = serializer_class._declared_fields[EXPANDED]
    for answer in answers:
        answer[EXPANDED] = {}
    for name in names:
        ids = {answer[name] for answer in answers} - {None}
        found = {row["id"]: row for row in field.door(name).of(view).plain(ids)} if ids else {}
        for answer in answers:
            answer[EXPANDED][name] = found.get(answer[name])
    for answer in answers:
        for name in besides:
            del answer[name]


class ExpandedShape(OpenApiSerializerFieldExtension):
    """Each expanded field is the row as its own resource answers it, or null where the caller may not see it."""

    target_class = "claims.api.expanding.Expanded"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        field = cast(Expanded, self.target)
        shapes = {}
        for name in field.doors:
            of = auto_schema.resolve_serializer(field.door(name).serializer_class(), direction).ref
            what = f"The row that `{name}` names; null where there is none, or the caller may not see it."
            shapes[name] = {"anyOf": [of, {"type": "null"}], "description": what}
        return {"type": "object", "properties": shapes}
