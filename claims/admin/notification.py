"""What I am told, and how it reaches me: pages of one's own, beside those of the nouns."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.forms import ChoiceField, RadioSelect
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from claims.actions import desk, notifying
from claims.admin.base import holds_a_role, me
from claims.admin.forms import LONGEST_ID, PageForm, sent
from claims.choices import EmailMode, Scope
from claims.messages import message_of, messages_of
from claims.models import ApiToken, Notification, Webhook

PAGE = 50
COUNTED = 99  # beyond, the header says that there are more


class MailForm(PageForm):
    """How notifications come by e-mail."""

    mode = ChoiceField(choices=EmailMode.choices, required=False, widget=RadioSelect, label="E-mail")


def unread_of(request: HttpRequest) -> Any:
    """How many notifications this person has not read, for the header: asked once, where the page says it at all."""

    def count() -> str:
        found = Notification.objects.filter(person=me(request)).unread().order_by()[: COUNTED + 1].count()
        return f"{COUNTED}+" if found > COUNTED else str(found or "")

    return SimpleLazyObject(count)


class Pages:
    """The pages, on one site."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def show(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        request.current_app = self.site.name
        return TemplateResponse(request, template, {**self.site.each_context(request), **context})

    def listed(self, request: HttpRequest) -> HttpResponse:
        """My notifications, newest first; by `before` the older ones, by `unread` those alone that I have not read."""
        person = _of_the_desk(request)
        rows = Notification.objects.visible_to(person).for_reading()
        unread = request.GET.get("unread") == "1"
        rows = rows.unread() if unread else rows
        before = request.GET.get("before", "")
        if before.isascii() and before.isdigit() and len(before) <= LONGEST_ID:
            rows = rows.filter(pk__lt=int(before))
        found = list(rows.order_by("-id")[: PAGE + 1])
        shown = found[:PAGE]
        return self.show(
            request, "admin/desk/notifications.html", title="Notifications", only_unread=unread,
            rows=list(zip(shown, messages_of(shown, person), strict=True)),
            older=shown[-1].pk if len(found) > PAGE else None,
        )  # fmt: skip

    def opened(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Where a notification leads; with that it is read."""
        person = _of_the_desk(request)
        row = Notification.objects.visible_to(person).for_reading().filter(pk=pk).first()
        if row is None:
            raise Http404
        said = message_of(row)
        notifying.mark_read(notification=row, by=person)
        if not said.path:
            messages.info(request, said.sentence)
        return HttpResponseRedirect(said.path or reverse("admin:notifications"))

    def all_read(self, request: HttpRequest) -> HttpResponse:
        """All are read, on a POST."""
        if request.method == "POST":
            count = notifying.mark_read(by=_of_the_desk(request))
            messages.success(request, f"Marked as read: {count}." if count else "There was nothing unread.")
        return HttpResponseRedirect(reverse("admin:notifications"))

    def mine(self, request: HttpRequest) -> HttpResponse:
        """How what I am told reaches me: by e-mail, by webhook; and my deadlines, by calendar."""
        person = _of_the_desk(request)
        form = MailForm(**sent(request), initial={"mode": person.email_mode})
        act = lambda: notifying.set_email_mode(mode=form.cleaned_data["mode"], by=person)  # noqa: E731
        if request.method == "POST" and form.is_valid() and form.hear(act):
            messages.success(request, "Kept: from now on they come like this.")
            return HttpResponseRedirect(reverse("admin:me"))
        hooks = Webhook.objects.filter(person=person).order_by(F("disabled_at").desc(nulls_first=True), "-id")[:PAGE]
        calendars = ApiToken.objects.usable().filter(person=person, scope=Scope.CALENDAR).order_by("-id")[:PAGE]
        return self.show(
            request, "admin/desk/me.html", title="How you are told", form=form, person=person, hooks=hooks,
            calendars=calendars,
        )  # fmt: skip

    def calendar(self, request: HttpRequest) -> HttpResponse:
        """A new secret address for the calendar of my deadlines, on a POST; the one answer in which it stands."""
        person = _of_the_desk(request)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:me"))
        secret = desk.calendar_address(by=person)
        address = request.build_absolute_uri(reverse("calendar", args=[secret]))
        return self.show(request, "admin/desk/calendar.html", title="Your calendar address", address=address)


def _of_the_desk(request: HttpRequest) -> Any:
    if not holds_a_role(request.user):
        raise PermissionDenied
    return me(request)
