"""Many rows at once: all of them are made, or none, and each is answered for."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions.acting import refusing
from claims.api.base import Door
from claims.api.problems import as_problem

MOST = 100


class ItemsRefused(APIException):
    """Some items cannot be made, so none was. `items` says of each, by its place, what is wrong with it, or null."""

    status_code = 422
    default_code = "items_refused"

    def __init__(self, items: list[dict[str, Any]]) -> None:
        wrong = sum(item["problem"] is not None for item in items)
        super().__init__(f"{wrong} of {len(items)} items cannot be made, so none was: see items.")
        self.more = {"items": items}


class Bulk(Door):
    """With `create_many`, which takes `{"items": […]}` and answers `{"results": […]}` in the same order."""

    def make(self, data: Any) -> models.Model:
        """Make one row of what a body gives. Raises what making it alone would raise."""
        raise NotImplementedError

    def create_many(self, request: Request) -> Response:
        items = self._items(request)
        made: list[int] = []
        answers: list[dict[str, Any]] = []
        with transaction.atomic():
            for at, item in enumerate(items):
                problem = None
                try:
                    with refusing(), transaction.atomic():
                        made.append(self.make(item).pk)
                except Exception as error:
                    problem = self._problem(error, at)
                answers.append({"index": at, "problem": problem})
            if len(made) < len(items):
                raise ItemsRefused(answers)
            rows = {row.pk: row for row in self.keys().filter(pk__in=made)}
        return Response({"results": self.shown([rows[pk] for pk in made], many=True)}, status=201)

    def _items(self, request: Request) -> list[Any]:
        body = request.data
        if not isinstance(body, dict) or set(body) != {"items"} or not isinstance(body["items"], list):
            raise ValidationError('Give {"items": […]} and nothing else.')
        if not 1 <= len(body["items"]) <= MOST:
            raise ValidationError({"items": ErrorDetail(f"Give 1 to {MOST} items at once.", code="max_length")})
        return body["items"]

    def _problem(self, error: Exception, at: int) -> dict[str, Any]:
        response = as_problem(error, self.get_exception_handler_context())
        if response is None:
            raise error
        problem: dict[str, Any] = response.data
        for wrong in problem.get("errors", ()):
            if "pointer" in wrong:
                wrong["pointer"] = f"/items/{at}{wrong['pointer']}"
        return problem
