"""Every error as application/problem+json (RFC 9457). The one place where refusals become HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django
from django.db import DataError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions as rest
from rest_framework.response import Response
from rest_framework.views import set_rollback

from claims.anchoring import OffsetsOutOfRange, QuoteAmbiguous, QuoteNotFound, Selector
from claims.api.parsing import BadStrings, escaped
from claims.api.rendering import render
from claims.importers.text import UnreadableText
from claims.rules import Refusal, Refused

MEDIA_TYPE = "application/problem+json"
# SQLSTATE of a serialization failure, a deadlock, and a lock that could not be had in time.
TRY_AGAIN = {"40001", "40P01", "55P03"}
# By RFC 9110, whatever the version of Python calls them.
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
UNREADABLE = {"too_long": 413, "unsupported_media_type": 415}
# Fields that the API nests and the model keeps flat.
NESTED = {
    "republished_from_publisher": "/republished_from/publisher",
    "republished_from_url": "/republished_from/url",
    "republished_from_on": "/republished_from/published_on",
}
Problem = dict[str, Any]


def as_problem(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler. None for what is our own fault: that is logged, and a 500."""
    made = problem_of(error, context)
    if made is None:
        return None
    set_rollback()
    told = {
        "ETag": getattr(error, "etag", None),
        "WWW-Authenticate": getattr(error, "auth_header", None),
        "Retry-After": getattr(error, "wait", None),
    }
    headers = {name: str(value) for name, value in told.items() if value}
    response = Response(made, status=made["status"], headers=headers, content_type=MEDIA_TYPE)
    response.exception = True
    return response


def our_fault() -> HttpResponse:
    """500, for what no caller can mend. What it was, the log says under the same X-Request-Id."""
    said = "Something went wrong at the desk's end. Tell it the X-Request-Id of this answer."
    return HttpResponse(render(problem(500, said, "server_error")), status=500, content_type=MEDIA_TYPE)


def problem_of(error: Exception, context: Mapping[str, Any]) -> Problem | None:
    """What is said of an error; None for what is our own fault."""
    for kind, translate in TRANSLATIONS:
        if isinstance(error, kind):
            return translate(error, context)
    return None


def problem(status: int, detail: str, code: str = "", **more: Any) -> Problem:
    """A problem's members; `more` are its extensions."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **more}


def _refused(error: Refused, context: Mapping[str, Any]) -> Problem:
    forbidden = any(refusal.code == "not_permitted" for refusal in error.refusals)
    return problem(
        403 if forbidden else 409, str(error), "refused", refusals=[told(refusal) for refusal in error.refusals]
    )


def told(refusal: Refusal) -> Problem:
    """A refusal as data: its code, its message, and the row that stands in the way, if it is one."""
    about = {"type": refusal.about[0], "id": refusal.about[1]} if refusal.about else None
    return {"code": refusal.code, "message": refusal.message, "about": about}


def _bad_strings(error: BadStrings, context: Mapping[str, Any]) -> Problem:
    errors = [{"pointer": at, "detail": str(what), "code": what.code} for at, what in error.found]
    return problem(400, "Some strings hold characters that no text has.", "invalid", errors=errors)


def _invalid(error: rest.ValidationError, context: Mapping[str, Any]) -> Problem:
    return _bad_fields(list(_flat(error.detail)), context)


def _model_invalid(error: django.ValidationError, context: Mapping[str, Any]) -> Problem:
    found: list[tuple[str, str, str]] = []
    fields = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    for name, errors in fields.items():
        pointer = "" if name == "__all__" else NESTED.get(name, f"/{escaped(name)}")
        found += [(pointer, message, e.code or "invalid") for e in errors for message in e.messages]
    return _bad_fields(found, context)


def _bad_fields(found: list[tuple[str, str, str]], context: Mapping[str, Any]) -> Problem:
    reading = getattr(context.get("request"), "method", "") in ("GET", "HEAD")
    errors = [
        ({"parameter": pointer.strip("/")} if reading else {"pointer": pointer}) | {"detail": detail, "code": code}
        for pointer, detail, code in found
    ]
    what = "The query does not hold what it should." if reading else "The body does not hold what it should."
    return problem(400, what, "invalid", errors=errors)


def _flat(detail: Any, pointer: str = "") -> Iterator[tuple[str, str, str]]:
    """REST framework's nested errors as (pointer, message, code)."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flat(inner, pointer if name == "non_field_errors" else f"{pointer}/{escaped(name)}")
    elif isinstance(detail, list):
        nested = any(isinstance(inner, (Mapping, list)) for inner in detail)
        for at, inner in enumerate(detail):
            yield from _flat(inner, f"{pointer}/{at}" if nested else pointer)
    else:
        yield pointer, str(detail), str(getattr(detail, "code", "") or "invalid")


def _unreadable(error: UnreadableText, context: Mapping[str, Any]) -> Problem:
    pointer = "/media_type" if error.code == "unsupported_media_type" else "/text"
    errors = [{"pointer": pointer, "detail": str(error), "code": error.code}]
    return problem(UNREADABLE.get(error.code, 400), str(error), error.code, errors=errors)


def _no_anchor(error: Exception, context: Mapping[str, Any]) -> Problem:
    code = {OffsetsOutOfRange: "offsets_out_of_range", QuoteNotFound: "quote_not_found"}.get(
        type(error), "quote_ambiguous"
    )
    pointer = getattr(context.get("view"), "anchor_pointer", "/anchor")
    made = problem(422, str(error), code, errors=[{"pointer": pointer, "detail": str(error), "code": code}])
    if isinstance(error, QuoteNotFound):
        made["nearest"] = asdict(error.nearest) if error.nearest else None
    if isinstance(error, QuoteAmbiguous):
        made |= {"candidates": _places(error.candidates), "total": error.total}
    return made


def _places(selectors: Iterable[Selector]) -> list[dict[str, Any]]:
    return [asdict(selector) for selector in selectors]


def _api(error: rest.APIException, context: Mapping[str, Any]) -> Problem:
    return problem(error.status_code, str(error.detail), str(error.get_codes()), **getattr(error, "more", {}))


def _database(error: OperationalError, context: Mapping[str, Any]) -> Problem | None:
    if getattr(error.__cause__, "sqlstate", None) not in TRY_AGAIN:
        return None
    said = "Somebody else was changing the same thing at that moment: try again."
    return problem(409, said, "try_again", refusals=[told(Refusal("try_again", said))])


TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any, Mapping[str, Any]], Problem | None]], ...] = (
    (Refused, _refused),
    (BadStrings, _bad_strings),
    (rest.ValidationError, _invalid),
    (rest.APIException, _api),
    (django.ValidationError, _model_invalid),
    (UnreadableText, _unreadable),
    (OffsetsOutOfRange, _no_anchor),
    (QuoteNotFound, _no_anchor),
    (QuoteAmbiguous, _no_anchor),
    (Http404, lambda error, context: problem(404, "There is nothing here for you.", "not_found")),
    (django.ObjectDoesNotExist, lambda error, context: problem(404, "There is nothing here for you.", "not_found")),
    (django.RequestDataTooBig, lambda error, context: problem(413, "The body is too large.", "too_large")),
    (django.PermissionDenied, lambda error, context: problem(403, "This is not for you.", "not_permitted")),
    (django.BadRequest, lambda error, context: problem(400, str(error), "invalid")),
    (OperationalError, _database),
    (DataError, lambda error, context: problem(400, "A value is out of the range that is kept.", "out_of_range")),
)
