"""A page as an HTTP answer: validators, 304, how long it may be kept."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from claims.publishing.pages import Page

# Eighteen digits always fit a bigint.
ID = re.compile(r"[0-9]{1,18}")
# Short, so that a correction is seen soon; with the validators a repeated visit costs a 304.
KEPT_FOR = "public, max-age=60"


def answer(request: HttpRequest, page: Page | None) -> HttpResponse:
    """The page with a strong ETag, or 304 where the reader has it. Raises Http404 for None."""
    if page is None:
        raise Http404
    response = HttpResponse(page.body, content_type=page.content_type, status=page.status)
    response.headers["Cache-Control"] = KEPT_FOR
    if page.status != HTTPStatus.OK:
        return response
    etag = f'"{hashlib.sha256(page.body).hexdigest()[:32]}"'
    modified = int(page.modified.timestamp()) if page.modified else None
    response.headers["ETag"] = etag
    if modified is not None:
        response.headers["Last-Modified"] = http_date(modified)
    answered = get_conditional_response(request, etag=etag, last_modified=modified, response=response)
    # Readers change nothing here, so a failed If-Match is answered like any other request.
    return answered if answered is not None and answered.status_code == HTTPStatus.NOT_MODIFIED else response


def place_in_list(request: HttpRequest) -> int | None:
    """`?before=` of a list's address: the id its rows come after. Raises Http404 for what is no id."""
    given = request.GET.get("before")
    if given is None:
        return None
    if not ID.fullmatch(given):
        raise Http404
    return int(given)
