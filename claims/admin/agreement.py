"""The page on which the desk sees how far its reviewers agree. It stands alone: beside a verdict form it would sway."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from claims.admin.base import holds_a_role, me
from claims.models import Verdict
from claims.reliability import FEW, MOST_PAIRS, Question, agreement_for, sees_all_pairs


class PeriodForm(forms.Form):
    """Which question, and of which time."""

    question = forms.ChoiceField(choices=Question.choices, required=False)
    since = forms.DateField(label="From", required=False, widget=AdminDateWidget, help_text="Both days are included.")
    until = forms.DateField(
        label="To", required=False, widget=AdminDateWidget, help_text="Rounds count by the day they ended, in UTC."
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("since") and given.get("until") and given["since"] > given["until"]:
            self.add_error("until", "The period ends before it begins.")
        return given


def agreement_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Percent, kappa and alpha for the desk, and for the pairs this person may see."""
    if not holds_a_role(request.user):
        raise PermissionDenied
    person = me(request)
    asked = {name: value for name, value in request.GET.items() if name in PeriodForm.base_fields}
    form = PeriodForm({"question": Question.RATING.value} | asked)
    scales = None
    if form.is_valid():
        given = form.cleaned_data
        question = Question(given["question"] or Question.RATING)
        scales = agreement_for(person, question=question, since=given["since"], until=given["until"])
    request.current_app = site.name  # as Django's own pages do
    return TemplateResponse(request, "admin/desk/agreement.html", {
        **site.each_context(request), "title": "Agreement between reviewers", "form": form, "scales": scales,
        "ordered": form.is_valid() and form.cleaned_data["question"] != Question.SAID_RATING.value,
        "all_pairs": sees_all_pairs(person), "few": FEW, "most_pairs": MOST_PAIRS,
        "media": site._registry[Verdict].media + form.media,
    })  # fmt: skip
