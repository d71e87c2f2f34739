"""django-filter, strict: a filter that is not known, given twice or not understood is an error, never ignored."""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import SearchFilter
from rest_framework.request import Request

from claims.api.expanding import PARAMETER, expands
from claims.api.fields import LARGEST_ID
from claims.api.pagination import PAGE
from claims.models.search import SEARCHABLE
from claims.search.lists import holding

LIST_PARAMETERS = ("cursor", "page_size", "count", "ordering", "fields")
LONGEST_SEARCH = 200


class IdFilter(django_filters.NumberFilter):
    """A row by its id."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str, sentence: str, **kwargs: Any) -> None:
        kwargs |= {"min_value": 1, "max_value": LARGEST_ID, "help_text": sentence}
        super().__init__(field_name=field_name, **kwargs)

    def get_max_validator(self) -> None:
        """The form field's own."""


class WordFilter(django_filters.CharFilter):
    """A text, compared as it stands (or by `lookup_expr`)."""

    def __init__(self, field_name: str, sentence: str, **kwargs: Any) -> None:
        super().__init__(field_name=field_name, help_text=sentence, strip=False, **kwargs)


class OneOf(django_filters.ChoiceFilter):
    """One of the field's words."""

    def __init__(self, field_name: str, choices: Any, sentence: str, **kwargs: Any) -> None:
        super().__init__(field_name=field_name, choices=choices, help_text=sentence, **kwargs)


@extend_schema_field(str)
class PersonFilter(django_filters.CharFilter):
    """Somebody by id or username."""

    def __init__(self, field_name: str, sentence: str) -> None:
        super().__init__(field_name=field_name, help_text=f"{sentence} (id or username).")

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        if not value:
            return queryset
        if value.isascii() and value.isdigit() and len(value) < 19:
            return queryset.filter(**{f"{self.field_name}_id": int(value)})
        return queryset.filter(**{f"{self.field_name}__username": value})


@extend_schema_field(bool)
class FlagFilter(django_filters.TypedChoiceFilter):
    """true or false. `condition` says which rows are the true ones, where it is more than a field."""

    def __init__(self, sentence: str, field_name: str = "", condition: Q | None = None) -> None:
        self.condition = Q((field_name, True)) if condition is None else condition
        choices = (("true", "true"), ("false", "false"))
        super().__init__(field_name=field_name or "id", choices=choices, help_text=sentence)

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        if not value:
            return queryset
        return queryset.filter(self.condition) if value == "true" else queryset.exclude(self.condition)


class DayFilter(django_filters.DateFilter):
    """A day, as 2024-05-03."""

    def __init__(self, field_name: str, sentence: str, lookup_expr: str = "exact") -> None:
        super().__init__(field_name=field_name, lookup_expr=lookup_expr, help_text=sentence, input_formats=["%Y-%m-%d"])


class MomentField(IsoDateTimeField):
    """In UTC: the database knows no offsets beyond 15:59."""

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A moment, as RFC 3339 writes it."""

    field_class = MomentField

    def __init__(self, field_name: str, sentence: str, lookup_expr: str) -> None:
        super().__init__(field_name=field_name, lookup_expr=lookup_expr, help_text=sentence)


class DeskFilters(DjangoFilterBackend):
    """The filters of a list; only those that are asked for are made ready."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
        if filters.keys().isdisjoint(request.query_params.keys()):
            return queryset
        return cast(QuerySet, super().filter_queryset(request, queryset, view))

    def get_filterset(self, request: Request, queryset: QuerySet, view: Any) -> Any:
        asked = _with_these(self.get_filterset_class(view, queryset), frozenset(request.query_params))
        return asked(**self.get_filterset_kwargs(request, queryset, view))


@lru_cache(256)
def _with_these(filterset_class: Any, names: frozenset[str]) -> Any:
    """A filter set with these of its filters alone."""
    narrowed: Any = type(filterset_class.__name__, (filterset_class,), {})
    narrowed.base_filters = {name: f for name, f in filterset_class.base_filters.items() if name in names}
    return narrowed


class DeskSearch(SearchFilter):
    """Words or parts of words; of claims, articles and sources by an index of all that they are searched by."""

    search_description = "Words or parts of words that a row holds, each in one of the fields that are searched."

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        parts = list(self.get_search_terms(request))
        if parts and queryset.model in SEARCHABLE:
            every = view.action == "export" or request.query_params.get("count") == "true"
            return holding(queryset, parts, **({} if every else {"wanted": PAGE}))
        return super().filter_queryset(request, queryset, view)


def check_parameters(request: Request, view: Any) -> None:
    """Raises ValidationError for parameters that are unknown, given twice or hold NUL, and filters without a value."""
    known = set(_known(view))
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    wrong: dict[str, ErrorDetail] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            takes = f"This address takes {', '.join(sorted(known)) or 'none'}."
            wrong[name] = ErrorDetail(f"There is no such parameter. {takes}", code="unknown")
        elif len(values) > 1:
            wrong[name] = ErrorDetail("Give this parameter once.", code="repeated")
        elif values == [""] and name in filters:
            wrong[name] = ErrorDetail("Give it a value, or leave it out.", code="blank")
        elif "\0" in values[0]:
            wrong[name] = ErrorDetail("NUL (U+0000) is no character of a text.", code="bad_characters")
        elif name == "search" and len(values[0]) > LONGEST_SEARCH:
            wrong[name] = ErrorDetail(f"Search for at most {LONGEST_SEARCH} characters.", code="max_length")
    if wrong:
        raise ValidationError(wrong)


def saveable(view: Any) -> set[str]:
    """The parameters of a list that can be kept under a name: all but those of one page."""
    return set(_known(view)) - {"cursor", "page_size", "count"}


def _known(view: Any) -> tuple[str, ...]:
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    search = ("search",) if getattr(view, "search_fields", ()) else ()
    if view.action == "list":
        return (*LIST_PARAMETERS, *_expand(view), *search, *filters)
    if view.action == "export":
        return ("format", "ordering", "fields", *_expand(view), *search, *filters)
    if view.action == "retrieve" and view.sparse:
        return ("fields", *_expand(view))
    return tuple(getattr(view, "parameters", {}).get(view.action, ()))


def _expand(view: Any) -> tuple[str, ...]:
    return (PARAMETER,) if expands(view.get_serializer_class()) else ()
