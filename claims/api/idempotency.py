"""Idempotency-Key on every POST (draft-ietf-httpapi-idempotency-key-header-07): asked again, it is done once.

What is done is kept with its answer for a day: the same key with the same request gives the very same answer again,
with another request it is a 422, and while the first is still at work a 409. What was refused wrote nothing and is not
kept: asked again, it is looked at anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import answers
from claims.actions.acting import refusing
from claims.actions.answers import Asked
from claims.api.rendering import render
from claims.models import KeptAnswer

HEADER = "Idempotency-Key"
LONGEST = 255
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location",)
Handler = Callable[..., HttpResponse]


class Door(Protocol):
    """What is asked of a resource. `in_parts` says that its POST is work of several transactions; then `taken_up` gives
    the answer to what was begun at a time and did get done, or None where it is to be done now.
    """

    in_parts: bool

    @property
    def person(self) -> Any: ...
    def handle_exception(self, exc: Exception) -> Response: ...
    def taken_up(self, since: datetime, **kwargs: Any) -> Response | None: ...


class BadKey(APIException):
    """The header holds no key."""

    status_code = 400
    default_code = "bad_key"
    default_detail = f"{HEADER}: give a key of 1 to {LONGEST} printable ASCII characters, such as a random UUID."


class KeyReused(APIException):
    """The key belongs to another request."""

    status_code = 422
    default_code = "key_reused"
    default_detail = "This Idempotency-Key was used for another request: give each thing you ask a key of its own."


class AtWork(APIException):
    """The first request with the key is not done yet."""

    status_code = 409
    default_code = "in_progress"
    default_detail = "The first request with this Idempotency-Key is still at work: ask again in a moment."
    wait = 1


class AnswerGone(APIException):
    """The answer's text was erased."""

    status_code = 409
    default_code = "answer_gone"
    default_detail = "This was done. What it was answered has been erased since: read what there is."


def once(door: Door, handler: Handler) -> Handler:
    """The handler of a POST, run once for a key."""

    def answered(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = _asked(door, request)
        if asked is None:
            return handler(request, *args, **kwargs)

        def do() -> HttpResponse:
            return handler(request, *args, **kwargs)

        return _in_parts(door, asked, do, kwargs) if door.in_parts else _in_one(door, asked, do)

    return answered


def _in_one(door: Door, asked: Asked, do: Callable[[], HttpResponse]) -> HttpResponse:
    with transaction.atomic():
        if not answers.hold(asked):
            raise AtWork
        if kept := answers.find(asked):
            return _again(kept, asked)
        try:
            with refusing(), transaction.atomic():
                response = do()
        except Exception as error:
            return door.handle_exception(error)
        _keep(asked, response)
    return response


def _in_parts(door: Door, asked: Asked, do: Callable[[], HttpResponse], kwargs: dict[str, Any]) -> HttpResponse:
    with answers.held(asked) as got:
        if not got:
            raise AtWork
        kept, done = answers.find(asked), None
        if kept is not None and (kept.status is not None or kept.asked != asked.digest):
            return _again(kept, asked)
        if kept is not None:
            done = door.taken_up(kept.began_at, **kwargs)
        else:
            answers.begin(asked)
        try:
            response = done or do()
        except Exception:
            answers.drop(asked)
            raise
        _keep(asked, response)
    return response


def _asked(door: Door, request: Request) -> Asked | None:
    given = request.headers.get(HEADER)
    if given is None:
        return None
    # By the draft it is a string of structured fields, in quotes; most programs leave them out.
    key = given.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not (0 < len(key) <= LONGEST and all(" " <= c <= "~" for c in key)):
        raise BadKey
    place = f"{request.method} {request.get_full_path()}\n".encode()
    return Asked(person=door.person, key=key, request=place + request._request.body)


def _keep(asked: Asked, response: HttpResponse) -> None:
    data = getattr(response, "data", None)
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    answers.keep(asked, response.status_code, headers, b"" if data is None else render(data))


def _again(kept: KeptAnswer, asked: Asked) -> HttpResponse:
    if kept.asked != asked.digest:
        raise KeyReused
    body = answers.body_of(kept, asked)
    if body is None:
        raise AnswerGone
    headers = kept.headers | {REPLAYED: "true"}
    return HttpResponse(body, status=kept.status, headers=headers, content_type="application/json")
