"""The door guests come through: by a link and nothing else. What it opens is shown to them and to nobody after them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from claims.actions import guests
from claims.choices import GuestDid
from claims.models import GuestLink
from claims.publishing.guests import claims_of, shown_to
from claims.rules import Refused

View = Callable[..., HttpResponseBase]
SENT = {"comment": "Your comment has been sent to the desk.", "answer": "Your answer has been sent to the desk."}
TRY_AGAIN = 3600  # seconds


class CommentForm(forms.Form):
    """What a guest says."""

    prefix = "comment"

    about = forms.ChoiceField(label="What it is about", required=False)
    text = forms.CharField(
        label="Your comment", max_length=guests.LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 6})
    )

    def __init__(self, link: GuestLink, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.claims = {c.code: c for c in claims_of(link)}
        about: Any = self.fields["about"]
        about.choices = [("", "The article as a whole"), *((code, f"Claim {code}") for code in self.claims)]
        if link.claim_id is not None:
            del self.fields["about"]

    def send(self, link: GuestLink) -> None:
        about = self.claims.get(self.cleaned_data.get("about", ""))
        guests.comment(link=link, text=_lines(self.cleaned_data["text"]), claim=about)


class AnswerForm(forms.Form):
    """What a guest answers."""

    prefix = "answer"

    answer = forms.CharField(
        label="Your answer", max_length=guests.LONGEST_ANSWER, widget=forms.Textarea(attrs={"rows": 10}),
        help_text="The desk may quote it. It cannot be changed once it is sent.",
    )  # fmt: skip

    def send(self, link: GuestLink) -> None:
        guests.answer(link=link, text=_lines(self.cleaned_data["answer"]))


class TokenAlone(CsrfViewMiddleware):
    """Django's check of a form's token against the cookie, without that of Referer.

    A page under `Referrer-Policy: no-referrer` sends none, and the Origin of its forms is `null`: Django would refuse
    every form of it. Any other origin that is not ours is refused as elsewhere.
    """

    # No part of what Django documents; the stubs do not know it.
    as_elsewhere = CsrfViewMiddleware._origin_verified  # type: ignore[attr-defined]

    def _origin_verified(self, request: HttpRequest) -> bool:
        return request.headers["Origin"] == "null" or bool(self.as_elsewhere(request))

    def _check_referer(self, request: HttpRequest) -> None:
        """Nothing: see above."""


def for_its_guest_alone(view: View) -> View:
    """Kept by nobody on the way, found by no search, and the link told to nobody whom the page leads to."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answered


@csrf_exempt  # from the middleware of all pages, for the one below
@for_its_guest_alone
@require_http_methods(["GET", "HEAD", "POST"])
@decorator_from_middleware(TokenAlone)
def guest(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a guest's link, and what is written there."""
    try:
        link = guests.open_link(token=token)
        if request.method == "POST":
            return _written(request, link)
        guests.note_use(link=link, did=GuestDid.OPENED)
    except (guests.LinkNotValid, Refused):  # refused: its time was over between the one and the other
        says = str(guests.LinkNotValid())
        return render(request, "guest/closed.html", {"says": says}, status=HTTPStatus.NOT_FOUND)
    return _page(request, link, _forms(link))


def _written(request: HttpRequest, link: GuestLink) -> HttpResponse:
    """Send what the guest wrote, once; or the page again with what is wrong beside what they wrote."""
    did = request.POST.get("send", "")
    every = _forms(link, **{did: request.POST} if did in SENT else {})
    form = every.get(did)
    if form is None:
        return _page(request, link, every, status=HTTPStatus.BAD_REQUEST)
    refused = Refused([])
    if form.is_valid():
        try:
            form.send(link)
            return HttpResponseRedirect(f"{request.path}?sent={did}#sent")
        except Refused as error:
            refused = error
            for refusal in error.refusals:
                form.add_error(None, refusal.message)
        except ValidationError as error:
            form.add_error(None, [message for messages in error.message_dict.values() for message in messages])
    codes = {refusal.code for refusal in refused.refusals}
    if "guest_writes_within_limits" in codes:
        response = _page(request, link, every, status=HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(TRY_AGAIN)
        return response
    return _page(request, link, every, status=HTTPStatus.CONFLICT if codes else HTTPStatus.OK)


def _forms(link: GuestLink, **sent: Any) -> dict[str, Any]:
    """The forms that this link offers, bound with what was sent to each."""
    return {"comment": CommentForm(link, sent.get("comment")), "answer": AnswerForm(sent.get("answer"))}


def _page(request: HttpRequest, link: GuestLink, every: dict[str, Any], status: int = HTTPStatus.OK) -> HttpResponse:
    shown = shown_to(link)
    said = SENT.get(request.GET.get("sent", ""), "") if request.method != "POST" else ""
    context = {**shown, "sent": said, "comment_form": every["comment"], "answer_form": every["answer"]}
    return render(request, "guest/page.html", context, status=status)


def _lines(text: str) -> str:
    """A text with the line ends of text, not those of a form."""
    return text.replace("\r\n", "\n")
