"""Readers report what they think is wrong; the desk says what it made of it."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from claims.actions.acting import acting, insert, require, update
from claims.actions.notifying import tell
from claims.choices import NotificationKind, PublicationState, ReportOutcome
from claims.models import Claim, Correction, Person, Publication, ReaderReport
from claims.rules import Refusal, Refused

HOUR = timedelta(hours=1)
# Nothing is kept of who a reader is, so the limit is one for all: so many open reports of one publication an hour.
MOST_AN_HOUR = 60
LONGEST = 5000  # characters, of a report and of the desk's note on it


def report(*, publication: Publication, text: str, claim: Claim | None = None, email: str = "") -> ReaderReport:
    """A reader says that something published is wrong. The same words again within the hour are the same report.

    The article's lead and whoever handles reports are told. Raises Refused, or ValidationError by field.
    """
    text = text.strip()
    if not text:
        raise ValidationError({"text": "Say what is wrong."})
    if len(text) > LONGEST:
        raise ValidationError({"text": f"Write at most {LONGEST:,} characters; this is {len(text):,}."})
    with acting(by=None, action="report.send"):
        # Held so that reports come one by one, and the limit is one.
        held = Publication.objects.select_for_update(of=("self",), no_key=True).select_related("article__lead")
        publication = held.defer("content").get(pk=publication.pk)
        if publication.state != PublicationState.LIVE:
            raise Refused([Refusal("publication_is_live", "This version is not what readers see now.")])
        if claim is not None and claim.article_id != publication.article_id:
            raise ValidationError({"claim": "This claim is of another article."})
        recent = publication.reports.open().filter(sent_at__gt=timezone.now() - HOUR)
        if same := recent.filter(claim=claim, text=text, email=email).first():
            return same
        if recent.count() >= MOST_AN_HOUR:
            said = "Many readers have written about this fact-check within the hour. Please send yours again later."
            raise Refused([Refusal("reports_within_limits", said)])
        made = ReaderReport(publication=publication, claim=claim, text=text, email=email)
        insert(made)
        article = publication.article
        tell(NotificationKind.READER_REPORT, [article.lead, *handlers()], by=None, article=article, claim=claim,
             report=made)  # fmt: skip
    return made


def close(
    *, report: ReaderReport, outcome: str, note: str, by: Person, correction: Correction | None = None
) -> ReaderReport:
    """Say what the desk made of a report: it led to a correction, or there was no error. It stays closed.

    Raises Refused, or ValidationError by field.
    """
    require(by, "handle_report", "handle readers' reports")
    _check(report, outcome, note, correction)
    with acting(by=by, action="report.close"):
        report = ReaderReport.objects.select_for_update(no_key=True).get(pk=report.pk)
        if report.outcome != ReportOutcome.OPEN:
            raise Refused([Refusal("report_is_open", "This report is closed already.")])
        update(report, outcome=outcome, note=note.strip(), correction=correction, closed_by=by,
               closed_at=timezone.now())  # fmt: skip
    return report


def handlers() -> list[Person]:
    """Everybody who handles readers' reports now, superusers with them."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return list(Person.objects.with_perm("claims.handle_report", backend=backend))


def _check(report: ReaderReport, outcome: str, note: str, correction: Correction | None) -> None:
    wrong = {}
    if outcome not in (ReportOutcome.CORRECTED, ReportOutcome.DISMISSED):
        wrong["outcome"] = "Say whether it led to a correction, or was no error."
    if not note.strip():
        wrong["note"] = "Say what you found."
    elif len(note) > LONGEST:
        wrong["note"] = f"Write at most {LONGEST:,} characters; this is {len(note):,}."
    if correction is not None and outcome != ReportOutcome.CORRECTED:
        wrong["correction"] = "Only a report that led to a correction names one."
    elif correction is not None and correction.publication.article_id != report.publication.article_id:
        wrong["correction"] = "Choose a correction of the article that the report is about."
    if wrong:
        raise ValidationError(wrong)
