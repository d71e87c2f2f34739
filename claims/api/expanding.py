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
        self.doors, self.found = doors, dict[str, dict[Any, Any]]()

    def door(self, name: str) -> Any:
        """The resource of a field's rows."""
        return import_string(self.doors[name])

    def look_up(self, asked: str, rows: Iterable[Any], view: Any) -> None:
        """Find what is asked for with these rows, in one look-up for each field. Raises ValidationError."""
        names = [name for name in asked.split(",") if name]
        if unknown := [name for name in names if name not in self.doors]:
            wrong = f"There is nothing to expand at {', '.join(unknown)}: choose from {', '.join(self.doors)}."
            raise ValidationError({PARAMETER: ErrorDetail(wrong, code="unknown")})
        rows = list(rows)
        for name in names:
            ids = {getattr(row, f"{name}_id") for row in rows} - {None}
            self.found[name] = {shown["id"]: shown for shown in self.door(name).of(view).plain(ids)}

    def to_representation(self, row: Any) -> dict[str, Any]:
        return {name: found.get(getattr(row, f"{name}_id")) for name, found in self.found.items()}


def expands(serializer_class: Any) -> bool:
    """Whether a serializer's rows have anything to expand."""
    return EXPANDED in getattr(serializer_class, "_declared_fields", ())


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
