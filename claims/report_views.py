"""The door by which readers report an error. Nothing is asked of who they are, and nothing is kept of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from claims.actions import reports
from claims.models import Claim, Publication
from claims.publishing import reading
from claims.rules import Refused

TRY_AGAIN = 3600  # seconds


class ReportForm(forms.Form):
    """What a reader thinks is wrong."""

    text = forms.CharField(
        label="What is wrong, and how do you know?", max_length=reports.LONGEST,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Quote the words you mean, and give the source that shows it, if you can.",
    )  # fmt: skip
    email = forms.EmailField(
        label="Your e-mail address, if you want an answer", required=False, max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="Optional. Only those who handle reports see it.",
    )  # fmt: skip
    # People are not shown this field; what fills it in is a machine.
    website = forms.CharField(
        label="Leave this empty", required=False, widget=forms.TextInput(attrs={"tabindex": -1, "autocomplete": "off"})
    )


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, slug: str, code: str | None = None) -> HttpResponse:
    """The form, about an article or one of its claims. Raises Http404 where readers are shown no such thing."""
    publication, claim = _about(slug, code)
    form = ReportForm(request.POST if request.method == "POST" else None)
    status: int = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        done = HttpResponseRedirect(reverse("public-report-sent", args=[slug]))
        if form.cleaned_data["website"]:
            return done
        try:
            text = form.cleaned_data["text"].replace("\r\n", "\n")
            reports.report(publication=publication, claim=claim, text=text, email=form.cleaned_data["email"])
            return done
        except Refused as refused:
            form.add_error(None, [refusal.message for refusal in refused.refusals])
            limited = any(refusal.code == "reports_within_limits" for refusal in refused.refusals)
            status = HTTPStatus.TOO_MANY_REQUESTS if limited else HTTPStatus.CONFLICT
        except ValidationError as error:
            form.add_error(None, error)
    response = render(request, "public/report.html", {**_context(slug, code), "form": form}, status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = str(TRY_AGAIN)
    return response


@never_cache
@require_safe
def sent(request: HttpRequest, slug: str) -> HttpResponse:
    """The thanks."""
    _about(slug, None)
    return render(request, "public/report_sent.html", _context(slug, None))


def _about(slug: str, code: str | None) -> tuple[Publication, Claim | None]:
    """What readers see now, and the claim of it that is meant. Raises Http404."""
    publication = reading.live(slug)
    if publication is None or (code is not None and code not in reading.codes_of(slug)):
        raise Http404
    claim = Claim.objects.filter(article=publication.article_id, code=code).first() if code else None
    return publication, claim


def _context(slug: str, code: str | None) -> dict[str, Any]:
    """The article and claim in the words that readers were shown."""
    shown = reading.shown(slug)
    if shown is None:
        raise Http404
    every = (*shown.data["claims"], *shown.data["duplicates"], *shown.data["set_aside"])
    claim = next((c["statement"] for c in every if c["code"] == code), "")
    return {"article": shown.data["article"], "language": shown.data["article"]["language"], "code": code or "",
            "claim": claim}  # fmt: skip
