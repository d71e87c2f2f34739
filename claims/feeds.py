"""The doors machines come through: feeds, the ClaimReview data feed, the sitemap, robots.txt."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from claims.publishing import machine
from claims.publishing.serving import answer, place_in_list


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    return answer(request, machine.atom())


@require_safe
def json_feed(request: HttpRequest) -> HttpResponse:
    return answer(request, machine.json_feed())


@require_safe
def claim_reviews(request: HttpRequest) -> HttpResponse:
    return answer(request, machine.claim_reviews(place_in_list(request)))


@require_safe
def record(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    return answer(request, machine.record(slug, version))


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    return answer(request, machine.sitemap())


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return answer(request, machine.robots())
