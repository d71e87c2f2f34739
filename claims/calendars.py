"""A person's deadlines as a calendar that other programs subscribe to (iCalendar, RFC 5545)."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from claims.choices import Scope
from claims.models import ApiToken
from claims.queries import Deadline, deadlines_of


@require_safe
def deadlines(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar of whoever holds this secret address; 404 for one that is unknown, expired or revoked."""
    token = ApiToken.objects.usable().filter(digest=ApiToken.digest_of(secret), scope=Scope.CALENDAR).first()
    if token is None:
        raise Http404
    calendar = Calendar()
    calendar.add("prodid", "-//Factcheck//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("name", f"{settings.DESK_NAME}: deadlines")
    calendar.add("x-wr-calname", f"{settings.DESK_NAME}: deadlines")
    for deadline in deadlines_of(token.person):
        calendar.add_component(_event(deadline))
    answer = HttpResponse(calendar.to_ical(), content_type="text/calendar; charset=utf-8")
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _event(deadline: Deadline) -> Event:
    kind = deadline.row._meta.model_name
    page = reverse(f"admin:{deadline.row._meta.app_label}_{kind}_change", args=[deadline.row.pk])
    event = Event()
    event.add("uid", f"{kind}-{deadline.row.pk}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", deadline.changed_at)
    event.add("dtstart", deadline.due_at)
    event.add("summary", f"Due: {deadline.title}")
    event.add("url", f"{settings.SITE_URL.rstrip('/')}{page}")
    return event
