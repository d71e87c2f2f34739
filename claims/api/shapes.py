"""The answers of a serializer, straight from the columns they are made of.

A serializer says once what a row's fields are: what may be written, what the schema says, what is answered. For the
lists that have to be quick this reads the same declaration, once, as one SELECT by ids and one function that turns its
rows into answers; nothing is built, compiled or looked up again with a request. What a shape answers is what the
serializer would (tests/test_shapes.py); a field that it cannot read so is an error when the shape is made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from rest_framework import serializers

from claims.api.fields import Derived, OrNull, PersonField

Row = Sequence[Any]
Read = Callable[[Row], Any]
KEPT = 64  # shapes of a resource that are kept ready: one for every choice of fields that is asked for
AS_THEY_ARE = (
    serializers.BooleanField, serializers.CharField, serializers.ChoiceField, serializers.IntegerField,
    serializers.ListField, serializers.PrimaryKeyRelatedField,
)  # fmt: skip


def moment(at: datetime) -> str:
    """A time as RFC 3339 has it, in UTC."""
    return at.isoformat().replace("+00:00", "Z")


# What is made of a value that is there; the first that fits.
MADE: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (serializers.DateTimeField, moment),
    (serializers.DateField, date.isoformat),
    (serializers.FloatField, float),
    (OrNull, lambda word: word or None),
)


class Shape:
    """How rows of one kind are answered.

    In: the serializer; the fields of it that are wanted; the rows as a queryset, without conditions, with the
    annotations that the fields read; what stands in their place for who may not see everything (`instead`, by paths).
    """

    def __init__(
        self, serializer: Any, names: Sequence[str], queryset: QuerySet, instead: Mapping[str, str] | None = None
    ) -> None:
        self._columns: dict[str, int] = {}
        self._people: list[int] = []  # where people stand in the rows
        self._instead = instead or {}
        key = self._at("pk")
        fields = [(name, self._reader(serializer.fields[name], "")) for name in names]
        self._plain = [(name, at) for name, at in fields if isinstance(at, int)]
        self._made = [(name, read) for name, read in fields if not isinstance(read, int)]
        self._order, self._key = tuple(names), key
        chosen = queryset.order_by().values_list(*self._columns)
        compiler = chosen.query.get_compiler(connection=connection)
        statement, self._given = compiler.as_sql()
        self._converters = compiler.get_converters([expression for expression, *_ in compiler.select])
        self._compiler = compiler
        if chosen.query.where:
            raise TypeError(f"{type(serializer).__name__} cannot be read from its columns alone.")
        table = connection.ops.quote_name(queryset.model._meta.db_table)
        self._statement = (
            f"{statement} WHERE {table}.{connection.ops.quote_name(queryset.model._meta.pk.column)} = ANY(%s)"
        )

    def answers(self, ids: Iterable[int]) -> list[dict[str, Any]]:
        """The rows of these ids as they are answered, in this order, without what is not there. At most two queries."""
        ids = list(ids)
        if not ids:
            return []
        with connection.cursor() as cursor:
            cursor.execute(self._statement, [*self._given, ids])
            rows: Iterable[Any] = cursor.fetchall()
        if self._converters:
            rows = self._compiler.apply_converters(rows, self._converters)
        found = {row[self._key]: row for row in self._with_people(rows)}
        return [self._answer(found[pk]) for pk in ids if pk in found]

    def _with_people(self, rows: Iterable[Any]) -> list[Any]:
        """The rows with people in place of their ids. They are few: joining them costs more than asking for them."""
        filled = [list(row) for row in rows]
        people = people_of({row[at] for row in filled for at in self._people} - {None})
        for row in filled:
            for at in self._people:
                row[at] = people.get(row[at])
        return filled

    def _answer(self, row: Row) -> dict[str, Any]:
        answer = dict.fromkeys(self._order)
        for name, at in self._plain:
            answer[name] = row[at]
        for name, read in self._made:
            answer[name] = read(row)
        return answer

    def _at(self, path: str) -> int:
        """The place of a column in the rows; it is asked for if it was not yet."""
        return self._columns.setdefault(self._instead.get(path, path), len(self._columns))

    def _reader(self, field: Any, prefix: str) -> int | Read:
        """Where a field's value stands, or how it is made."""
        path = prefix + "__".join(field.source_attrs)
        if isinstance(field, PersonField):
            return self._person(path)
        if isinstance(field, Derived):
            return self._derived(field, prefix)
        if isinstance(field, serializers.BaseSerializer):
            return self._nested(field, prefix, path)
        at = self._at(path)
        made = next((how for kind, how in MADE if isinstance(field, kind)), None)
        if made is not None:
            return lambda row: None if row[at] is None else made(row[at])
        if not isinstance(field, AS_THEY_ARE):
            raise TypeError(f"{field.field_name} ({type(field).__name__}) cannot be read from columns.")
        return at

    def _person(self, path: str) -> int:
        at = self._at(f"{path}_id")
        self._people.append(at)
        return at

    def _derived(self, field: Derived, prefix: str) -> Read:
        places, how = [self._at(prefix + path) for path in field.of], field.how
        return lambda row: how(*(row[at] for at in places))

    def _nested(self, serializer: Any, prefix: str, path: str) -> Read:
        if type(serializer).to_representation is not serializers.Serializer.to_representation:
            raise TypeError(f"{type(serializer).__name__} makes its answers itself.")
        whole = prefix if serializer.source == "*" else f"{path}__"
        there = None if serializer.source == "*" else self._at(f"{whole}pk")
        fields = [(name, self._reader(inner, whole)) for name, inner in serializer.fields.items()]

        def read(row: Row) -> dict[str, Any] | None:
            if there is not None and row[there] is None:
                return None
            return {name: row[at] if isinstance(at, int) else at(row) for name, at in fields}

        return read


def people_of(ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The people of these ids as they are answered, by id."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, username, first_name, last_name FROM claims_person WHERE id = ANY(%s)", [list(ids)])
        return {
            pk: {"id": pk, "username": username, "name": f"{first} {last}".strip() or username}
            for pk, username, first, last in cursor.fetchall()
        }
