"""Pages by keyset: a page begins where the one before ended, so a list costs the same at any depth and size."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as BadValue
from django.db.models import Model, Q
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from claims.api.ordering import Term, terms_of
from claims.api.parsing import wrong_with

PAGE = 50
LARGEST = 200
LONGEST_CURSOR = 4000


class DeskPagination(BasePagination):
    """`results`, `next`, `previous`; `page_size` up to 200; `count` only for `?count=true`."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.terms = request, terms_of(request, view)
        size = _page_size(request)
        self.count = queryset.count() if _wants_count(request) else None
        values, backwards = self._cursor()
        if values is not None:
            queryset = queryset.filter(beyond(self.terms, values, backwards))
        queryset = queryset.order_by(*(term.expression(backwards) for term in self.terms))
        rows = list(queryset[: size + 1])
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        before, after = (more, True) if backwards else (values is not None, more)
        self.previous = self._link(rows[0], backwards=True) if rows and before else None
        self.next = self._link(rows[-1], backwards=False) if rows and after else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        page = {"results": data, "next": self.next, "previous": self.previous}
        links = [
            f'<{address}>; rel="{rel}"' for rel, address in (("next", self.next), ("prev", self.previous)) if address
        ]
        headers = {"Link": ", ".join(links)} if links else None
        return Response(page if self.count is None else page | {"count": self.count}, headers=headers)

    def _link(self, row: Model, backwards: bool) -> str:
        cursor = {
            "o": self.request.query_params.get("ordering", ""),
            "v": [_written(term, row) for term in self.terms],
            "b": backwards,
        }
        packed = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")
        address = remove_query_param(self.request.build_absolute_uri(), "cursor")
        return replace_query_param(address, "cursor", packed)

    def _cursor(self) -> tuple[list[Any] | None, bool]:
        """The values that the page begins after, and whether it goes backwards."""
        packed = self.request.query_params.get("cursor", "")
        if not packed:
            return None, False
        try:
            if len(packed) > LONGEST_CURSOR:
                raise ValueError
            cursor = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
            if cursor["o"] != self.request.query_params.get("ordering", ""):
                raise ValueError
            return _read(self.terms, cursor["v"]), bool(cursor["b"])
        except (ValueError, TypeError, KeyError, RecursionError, BadValue):
            wrong = ErrorDetail("This is no cursor of this list in this order.", code="invalid")
            raise ValidationError({"cursor": wrong}) from None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema | {"description": "The rows of this page."},
                "next": address | {"description": "The address of the next page, if there is one."},
                "previous": address | {"description": "The address of the page before, if there is one."},
                "count": {"type": "integer", "description": "How many rows there are in all, for ?count=true."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST, "default": PAGE}
        return [
            _parameter("cursor", {"type": "string"}, "Where the page begins: follow `next` and `previous`."),
            _parameter("page_size", size, f"Rows on a page, {PAGE} by default, {LARGEST} at most."),
            _parameter("count", {"type": "boolean", "default": False}, "`true` adds the exact count of all rows."),
        ]


def beyond(terms: Sequence[Term], values: Sequence[Any], backwards: bool) -> Q:
    """The rows that come after these values in this order (before them, when backwards)."""
    found, same = Q(pk__in=()), Q()
    for term, value in zip(terms, values, strict=True):
        name = term.field.attname
        if value is None:
            after = Q((f"{name}__isnull", False)) if backwards else Q(pk__in=())
            same_here = Q((f"{name}__isnull", True))
        else:
            after = Q((f"{name}__gt" if term.ascending != backwards else f"{name}__lt", value))
            if term.field.null and not backwards:
                after |= Q((f"{name}__isnull", True))
            same_here = Q((name, value))
        found |= same & after
        same &= same_here
    return found


def _written(term: Term, row: Model) -> str | None:
    value = getattr(row, term.field.attname)
    return None if value is None else str(value.isoformat() if hasattr(value, "isoformat") else value)


def _read(terms: Sequence[Term], values: Any) -> list[Any]:
    if not isinstance(values, list) or len(values) != len(terms):
        raise ValueError
    if any(not (value is None or isinstance(value, str)) or "\0" in (value or "") for value in values):
        raise ValueError
    if any(value is None and not term.field.null for term, value in zip(terms, values, strict=True)):
        raise ValueError
    if any(isinstance(v, str) and wrong_with(v) for v in values):
        raise ValueError
    return [None if v is None else term.field.to_python(v) for term, v in zip(terms, values, strict=True)]


def _page_size(request: Request) -> int:
    given = request.query_params.get("page_size", str(PAGE))
    if not (given.isascii() and given.isdigit() and len(given) <= 6 and 1 <= int(given) <= LARGEST):
        raise ValidationError({"page_size": ErrorDetail(f"A number from 1 to {LARGEST}.", code="invalid")})
    return int(given)


def _wants_count(request: Request) -> bool:
    given = request.query_params.get("count", "false")
    if given not in ("true", "false"):
        raise ValidationError({"count": ErrorDetail("true or false.", code="invalid")})
    return given == "true"


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
