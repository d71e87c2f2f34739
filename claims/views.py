"""The doors readers come through. Reading only, and only what was published."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from claims.publishing import pages, proving
from claims.publishing.serving import answer, place_in_list


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/factchecks/")


@require_safe
def article_list(request: HttpRequest) -> HttpResponse:
    return answer(request, pages.article_list(place_in_list(request)))


@require_safe
def article(request: HttpRequest, slug: str, version: int | None = None) -> HttpResponse:
    return answer(request, pages.article(slug, version))


@require_safe
def claim(request: HttpRequest, slug: str, code: str, version: int | None = None) -> HttpResponse:
    page = pages.claim(slug, code, version)
    if page is None and version is None and (there := pages.elsewhere(slug, code)):
        return HttpResponseRedirect(there)
    return answer(request, page)


@require_safe
def corrections(request: HttpRequest) -> HttpResponse:
    return answer(request, pages.corrections(place_in_list(request)))


@require_safe
def ratings(request: HttpRequest) -> HttpResponse:
    return answer(request, pages.ratings())


@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    return answer(request, pages.methodology())


@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    return answer(request, proving.about())


@require_safe
def proof(request: HttpRequest, slug: str, code: str, version: int) -> HttpResponse:
    return answer(request, proving.proof(slug, code, version))


@require_safe
def checkpoint(request: HttpRequest, size: int | None = None) -> HttpResponse:
    return answer(request, proving.checkpoint(size))


@require_safe
def checkpoint_archive(request: HttpRequest, after: int = 0) -> HttpResponse:
    return answer(request, proving.archive(after))


@require_safe
def consistency(request: HttpRequest, old: int, new: int) -> HttpResponse:
    return answer(request, proving.consistency(old, new))


@require_safe
def verifier_file(request: HttpRequest) -> HttpResponse:
    return answer(request, proving.verifier_file())


@require_safe
def verifier_page(request: HttpRequest) -> HttpResponse:
    """A page that is meant to be kept: its one script stands in it, and its hash in the policy."""
    page, script = proving.verifier_page()
    response = answer(request, page)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {script}; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 `ok` while the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database unreachable\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
