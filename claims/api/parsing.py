"""JSON in, within bounds: size, depth, and no string that the database or a reader could not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import APIException, ErrorDetail, NotAcceptable, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser

DEPTH = 50


class TooLarge(APIException):
    """The body is larger than this server takes."""

    status_code = 413
    default_code = "too_large"


class BoundedJSONParser(BaseParser):
    """application/json, in UTF-8, at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes and 50 levels."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"Send at most {limit} bytes.")
        try:
            data = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        broken = list(_broken_strings(data))
        if broken:
            raise BadStrings(broken)
        return data


class BadStrings(ValidationError):
    """Strings with NUL or a lone surrogate, with the pointer (RFC 6901) to each."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__("Some strings hold characters that no text has.")
        self.found = [(pointer, ErrorDetail(what, code="bad_characters")) for pointer, what in found]


class OnlyJSON(BaseContentNegotiation):
    """A resource answers in its media types, the schema and its pages in theirs; who takes none of them gets a 406
    (RFC 9110, 12.5.1), itself a problem in JSON.
    """

    def select_parser(self, request: Any, parsers: Any) -> Any:
        given = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> tuple[Any, str]:
        given = request.headers.get("Accept", "").strip()
        view = (request.parser_context or {}).get("view")
        of_resource = getattr(view, "media_types", None)
        kinds = of_resource() if of_resource else [renderer.media_type for renderer in renderers]
        if given and not any(_takes(part, kinds) for part in given.split(",")):
            raise NotAcceptable(f"Answers are {' or '.join(kinds)} here: accept that.")
        return renderers[0], renderers[0].media_type


def _takes(accepted: str, kinds: Iterable[str]) -> bool:
    """Whether one media range of an Accept header includes one of these media types, or problems."""
    media_range, *parameters = (part.strip().lower() for part in accepted.split(";"))
    if any(re.fullmatch(r"q=0(\.0*)?", parameter.replace(" ", "")) for parameter in parameters):
        return False
    return any(
        media_range in ("*/*", f"{kind.partition('/')[0]}/*", kind) for kind in (*kinds, "application/problem+json")
    )


def escaped(part: object) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def _broken_strings(data: Any) -> Iterator[tuple[str, str]]:
    """Pointers to bad strings and bad keys. Without recursion: depth is what is being bounded here."""
    waiting: list[tuple[str, Any, int]] = [("", data, 1)]
    while waiting:
        pointer, value, depth = waiting.pop()
        if isinstance(value, str):
            if wrong := wrong_with(value):
                yield pointer, wrong
            continue
        if depth > DEPTH and isinstance(value, (dict, list)):
            raise _too_deep()
        for name, inner in _inside(value):
            if isinstance(name, str) and (wrong := wrong_with(name)):
                yield pointer, f"A name: {wrong}"
            else:
                waiting.append((f"{pointer}/{escaped(name)}", inner, depth + 1))


def _inside(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def wrong_with(text: str) -> str:
    """What makes this no text that can be kept; empty when nothing does."""
    if "\0" in text:
        return "NUL (U+0000) is no character of a text."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "A lone surrogate (an unpaired \\u escape) is no character."
    return ""


def _too_deep() -> ParseError:
    return ParseError(f"The body is nested deeper than {DEPTH} levels.", code="too_deep")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
