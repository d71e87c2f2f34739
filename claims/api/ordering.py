"""`?ordering=` on the fields a resource declares; the key of its pages, so always total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Field, QuerySet
from django.db.models.expressions import F, OrderBy
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request


@dataclass(frozen=True, slots=True)
class Term:
    """One field of an ordering. Rows without a value come last, either way round."""

    field: Field
    ascending: bool

    def expression(self, backwards: bool = False) -> OrderBy:
        nulls = {"nulls_first" if backwards else "nulls_last": True} if self.field.null else {}
        column = F(self.field.attname)
        return column.asc(**nulls) if self.ascending != backwards else column.desc(**nulls)


def terms_of(request: Request, view: Any) -> list[Term]:
    """The ordering asked for, newest first by default, ended by the id. Raises ValidationError."""
    model = view.get_queryset().model
    key = model._meta.pk.name
    given = [name for name in request.query_params.get("ordering", "").split(",") if name]
    terms: list[Term] = []
    for name in given:
        bare = name.removeprefix("-")
        if bare not in (*view.ordering_fields, key):
            known = ", ".join((*view.ordering_fields, key))
            raise ValidationError({"ordering": ErrorDetail(f"Order by {known}, not by {bare}.", code="unknown")})
        terms.append(Term(model._meta.get_field(bare), not name.startswith("-")))
    if all(term.field.name != key for term in terms):
        terms.append(Term(model._meta.pk, ascending=False))
    return terms


class DeskOrdering(BaseFilterBackend):
    """Orders a list; DeskPagination turns the same terms into its cursor."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        return queryset.order_by(*(term.expression() for term in terms_of(request, view)))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = (*getattr(view, "ordering_fields", ()), "id")
        return [{
            "name": "ordering", "in": "query", "required": False, "schema": {"type": "string"},
            "description": f"Fields to order by, comma-separated, `-` for descending: {', '.join(names)}. "
                           "Newest first by default; rows without a value come last.",
        }]  # fmt: skip
