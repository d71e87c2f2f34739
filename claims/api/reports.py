"""Readers' reports: read and closed by those who handle them."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import reports
from claims.api.base import Listed, Shown, visible
from claims.api.examples import examples
from claims.api.fields import Choice, PersonField, Reference, RowSerializer, StrictSerializer, Text, Whole, said
from claims.api.filtering import IdFilter, MomentFilter, OneOf, PersonFilter
from claims.api.permissions import ReportPermission
from claims.choices import ReportOutcome
from claims.models import Correction, ReaderReport


class ReaderReportSerializer(RowSerializer):
    """A reader's word that something published is wrong."""

    article = Whole(source="publication.article_id", read_only=True, help_text="The article's id.")
    email = serializers.EmailField(
        read_only=True, allow_blank=True, help_text="Where the reader wants an answer; empty where they want none."
    )
    closed_by = PersonField(read_only=True, allow_null=True, help_text="Who closed it, or null.")

    class Meta:
        model = ReaderReport
        fields = ("id", "publication", "article", "claim", "text", "email", "sent_at", "outcome", "note", "correction",
                  "closed_by", "closed_at")  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The report's id.", publication="The id of the publication that the reader saw.",
            claim="The claim's id, or null: about the article.", text="What the reader wrote.",
            sent_at="When it was sent.",
            outcome="Whether it is open, led to a correction, or was dismissed.", note="What the desk found.",
            correction="The id of the correction it led to, or null.", closed_at="When it was closed, or null.",
        )  # fmt: skip


@examples({"It was no error": {"outcome": "dismissed", "note": "The reader has another harbour's log."}})  # fmt: skip
class Closing(StrictSerializer):
    """What the desk made of a report."""

    outcome = Choice(
        choices=[choice for choice in ReportOutcome.choices if choice[0] != ReportOutcome.OPEN],
        help_text="Whether it led to a correction, or was no error.",
    )
    note = Text(max_length=reports.LONGEST, help_text="What was found.")
    correction = Reference(
        queryset=Correction.objects.select_related("publication").defer("publication__content"), required=False,
        allow_null=True, help_text="The id of the correction it led to.",
    )  # fmt: skip


class ReaderReportFilters(django_filters.FilterSet):
    publication = IdFilter("publication", "Reports of this publication.")
    article = IdFilter("publication__article", "Reports of this article.")
    claim = IdFilter("claim", "Reports of this claim.")
    outcome = OneOf("outcome", ReportOutcome.choices, "Reports of this outcome.")
    closed_by = PersonFilter("closed_by", "Reports that this person closed")
    sent_after = MomentFilter("sent_at", "Sent at this moment or later.", "gte")
    sent_before = MomentFilter("sent_at", "Sent before this moment.", "lt")


class ReaderReportDoor(Listed, Shown):
    noun, nouns = "reader's report", "readers' reports"
    place = "reader-reports"
    permission_classes = (ReportPermission,)
    serializer_class = ReaderReportSerializer
    filterset_class = ReaderReportFilters
    search_fields = ("text", "note")
    ordering_fields = ("publication", "claim", "outcome", "sent_at", "closed_at")
    queryset: Any = ReaderReport.objects.select_related("publication", "closed_by").defer("publication__content")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)


class ReaderReportClosingDoor(ReaderReportDoor):
    @extend_schema(request=Closing, responses={200: ReaderReportSerializer}, filters=False)
    def close(self, request: Request, pk: int) -> Response:
        """Close a reader's report

        It stays closed, with what was found.
        """
        row = self.row(pk)
        reports.close(report=row, by=self.person, **self.body(Closing))
        return Response(self.shown(self.row(pk)))
