"""The fields of the API: as strict as its schema says, and people, ratings and rows by the names callers know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import models
from rest_framework import serializers

from claims.models import Person

LARGEST_ID = 2**63 - 1


class Text(serializers.CharField):
    """A string and nothing else. Whitespace around it is dropped, except where `trim_whitespace` is off."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Verbatim(Text):
    """A string kept to the letter: quotations and texts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)


class Address(serializers.URLField):
    """A URL."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Derived(Flag):
    """true or false as it follows from other columns.

    In: their names, with `__` from row to row, and what follows from their values (None where a row is not there).
    """

    def __init__(self, *of: str, how: Callable[..., bool], **kwargs: Any) -> None:
        super().__init__(source="*", read_only=True, **kwargs)
        self.of, self.how = of, how

    def to_representation(self, value: Any) -> bool:
        return self.how(*(_reached(value, path) for path in self.of))


class Choice(serializers.ChoiceField):
    """One of these words."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class OrNull(serializers.ChoiceField):
    """One of these words in an answer, or null for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> Any:
        return value or None


class Words(serializers.ListField):
    """A list of strings."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=kwargs.pop("max_text", 300)), max_length=100, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


class Reference(serializers.PrimaryKeyRelatedField):
    """Another row by its id, among those that this person may see."""

    def get_queryset(self) -> Any:
        found: Any = super().get_queryset()
        visible_to = getattr(found, "visible_to", None)
        return visible_to(self.context["request"].user) if visible_to else found

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("incorrect_type", data_type=type(data).__name__)
        if not 0 < data <= LARGEST_ID:
            self.fail("does_not_exist", pk_value=data)
        return super().to_internal_value(data)


class PersonField(serializers.Field):
    """Somebody of the desk: answered as {id, username, name}; given as an id or a username."""

    default_error_messages: ClassVar = {"unknown": "There is nobody of that id or username on the desk."}

    def to_representation(self, value: Person) -> dict[str, Any]:
        return {"id": value.pk, "username": value.username, "name": value.name}

    def to_internal_value(self, data: Any) -> Person:
        by: dict[str, Any] = {"username": data} if isinstance(data, str) else {"pk": data}
        known = isinstance(data, str) or (isinstance(data, int) and not isinstance(data, bool))
        found = Person.objects.filter(**by).first() if known else None
        if found is None:
            self.fail("unknown")
        return found


def _reached(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = None if row is None else getattr(row, name)
    return row


class StrictSerializer(serializers.Serializer):
    """Says which names of a body it does not know, instead of dropping them."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {field.field_name for field in self._writable_fields}
            unknown = {
                name: [serializers.ErrorDetail("This is not a field that can be given here.", code="unknown")]
                for name in data
                if name not in writable
            }
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class Nothing(StrictSerializer):
    """A body in which nothing is given."""


class RowSerializer(StrictSerializer, serializers.ModelSerializer):
    """A row of the model. It checks shapes alone: what is allowed, the actions say, and they write."""

    serializer_field_mapping: ClassVar = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: Text,
        models.TextField: Text,
        models.URLField: Address,
        models.BooleanField: Flag,
        models.PositiveIntegerField: Whole,
        models.PositiveSmallIntegerField: Whole,
    }
    serializer_choice_field = Choice

    def get_validators(self) -> list[Any]:
        """None: uniqueness and constraints are the database's, and refusals name them."""
        return []


def said(**sentences: str) -> dict[str, dict[str, Any]]:
    """Help texts as a serializer's extra_kwargs."""
    return {name: {"help_text": sentence} for name, sentence in sentences.items()}
