"""What readers report, and what the desk made of it; for those who handle it alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from claims.actions import reports
from claims.admin.base import DeskModelAdmin, View, me
from claims.admin.steps import NamedChoice, form_for
from claims.choices import ReportOutcome
from claims.models import Correction, ReaderReport


class CorrectionChoice(NamedChoice):
    """Corrections, each with its kind, day and first words."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.get_type_display()}, {obj.made_at:%Y-%m-%d}: {obj.text[:100]}"


class ReaderReportAdmin(DeskModelAdmin):
    """Readers' reports."""

    view_permission = "claims.handle_report"
    change_form_template = "admin/desk/report.html"
    fields = ("text", "email", "publication", "claim", "sent_at", "outcome", "note", "correction", "closed_by",
              "closed_at")  # fmt: skip
    list_display = ("short", "article", "claim", "sent_at", "outcome", "closed_by")
    list_filter = ("outcome", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("publication__article", "claim", "closed_by")
    search_fields = ("text", "note")
    date_hierarchy = "sent_at"
    ordering = ("-id",)

    @admin.display(description="report")
    def short(self, report: ReaderReport) -> str:
        return report.text[:100]

    @admin.display(description="article")
    def article(self, report: ReaderReport) -> str:
        return str(report.publication.article)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("publication__content")

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("close/", "close", self.close_view),)

    def beside(self, request: HttpRequest, row: ReaderReport) -> dict[str, Any]:
        return {"report": row, "may_close": row.outcome == ReportOutcome.OPEN}

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = self.row(request, pk)
        made = Correction.objects.filter(publication__article=report.publication.article_id)
        outcomes = [(value, label) for value, label in ReportOutcome.choices if value != ReportOutcome.OPEN]
        fields: dict[str, forms.Field | None] = {
            "outcome": forms.ChoiceField(label="What came of it", choices=outcomes, widget=forms.RadioSelect),
            "note": forms.CharField(
                label="What you found", max_length=reports.LONGEST, widget=forms.Textarea(attrs={"rows": 5})
            ),
            "correction": CorrectionChoice(made, required=False, empty_label="None, or not yet"),
        }
        form = form_for(fields, request)
        page = self.form_page(
            request, report, form, lambda given: reports.close(report=report, by=me(request), **given),
            title="Close a reader's report", button="Close the report", done="Closed.",
            says=f"“{report.text[:300]}” The report stays closed, with what you found.",
        )  # fmt: skip
        if form.refused and report.outcome != ReportOutcome.OPEN and report.closed_by == me(request):
            return self.done_already(request, report, "the report is closed")
        return page
