"""Strong ETags: the hash of the very bytes of an answer, so no two answers share one (RFC 9110, 8.8 and 13.1)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from claims.api.rendering import render


class PreconditionRequired(APIException):
    """A change came without If-Match (RFC 6585)."""

    status_code = 428
    default_code = "precondition_required"
    default_detail = "Send If-Match with the ETag of the answer you are changing."


class PreconditionFailed(APIException):
    """What was to be changed is no longer what the caller saw."""

    status_code = 412
    default_code = "precondition_failed"
    default_detail = "It has changed since you read it. Look at what it is now, then change that."

    def __init__(self, current: dict[str, Any], etag: str) -> None:
        super().__init__()
        self.more, self.etag = {"current": current}, etag


def etag_of(body: bytes) -> str:
    """The ETag of an answer's bytes, quoted."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def insist_on_if_match(request: Request) -> None:
    """Raises PreconditionRequired."""
    if not request.headers.get("If-Match", "").strip():
        raise PreconditionRequired


def insist_on_match(request: Request, shown: dict[str, Any]) -> None:
    """In: what a GET would answer now. Raises PreconditionFailed, with that."""
    given = parse_etags(request.headers.get("If-Match", ""))
    tag = etag_of(render(shown))
    if "*" not in given and tag not in given:
        raise PreconditionFailed(shown, tag)


def stamp(request: Request, response: Response) -> None:
    """Give the answer its ETag once it is rendered, or turn it into 304 where the caller has it already."""

    def stamped(rendered: Response) -> HttpResponse | None:
        tag = etag_of(rendered.content)
        rendered["ETag"] = tag
        if request.method not in ("GET", "HEAD"):
            return None
        known = [known.removeprefix("W/") for known in parse_etags(request.headers.get("If-None-Match", ""))]
        if tag not in known and "*" not in known:
            return None
        unchanged = HttpResponseNotModified()
        for name in ("ETag", "Cache-Control", "Vary"):
            unchanged[name] = rendered[name]
        return unchanged

    response.add_post_render_callback(stamped)
