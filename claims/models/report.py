"""What readers report as wrong."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q

from claims.choices import ReportOutcome
from claims.models.claim import Claim
from claims.models.desk import Person
from claims.models.publication import Correction, Publication


class ReaderReportQuerySet(models.QuerySet["ReaderReport"]):
    def visible_to(self, person: Person) -> ReaderReportQuerySet:
        """All of them, for who handles them; they hold readers' addresses, so nobody else sees any."""
        return self.all() if person.has_perm("claims.handle_report") else self.none()

    def open(self) -> ReaderReportQuerySet:
        """Reports that nobody has closed."""
        return self.filter(outcome=ReportOutcome.OPEN)


class ReaderReport(models.Model):
    """A reader's word that something published is wrong, and what the desk made of it."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "report_says_what_it_said", "report_is_about_its_own_article", "report_stays_closed",
    )  # fmt: skip

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="reports")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, blank=True, related_name="reports")
    text = models.TextField(max_length=5000)
    email = models.EmailField(blank=True, help_text="Where the reader wants to hear from us, if at all.")
    sent_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=20, choices=ReportOutcome, default=ReportOutcome.OPEN)
    note = models.TextField(blank=True, max_length=5000)
    correction = models.ForeignKey(Correction, models.PROTECT, null=True, blank=True, related_name="reports")
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ReaderReportQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = (("handle_report", "Can read and close readers' reports"),)
        constraints = (
            CheckConstraint(condition=~Q(text=""), name="report_says_something"),
            CheckConstraint(
                condition=Q(outcome=ReportOutcome.OPEN, closed_by__isnull=True, closed_at__isnull=True)
                | (~Q(outcome=ReportOutcome.OPEN) & Q(closed_by__isnull=False, closed_at__isnull=False)),
                name="report_is_closed_by_somebody_at_some_time",
            ),
            CheckConstraint(
                condition=Q(outcome=ReportOutcome.CORRECTED) | Q(correction__isnull=True),
                name="report_that_led_to_a_correction_says_so",
                violation_error_message="Only a report that led to a correction names one.",
            ),
        )

    def __str__(self) -> str:
        return f"report {self.pk}"
