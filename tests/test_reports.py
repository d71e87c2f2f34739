"""Readers report errors: from every public page, without being asked who they are; the desk says what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from claims.actions import articles, corrections, reports
from claims.actions.acting import acting
from claims.choices import NotificationKind, Role
from claims.models import Article, AuditEvent, Correction, Notification, Person, Publication, ReaderReport
from claims.publishing import pages
from claims.rules import Refused
from tests import build, published
from tests.stories import execute
from tests.test_admin_base import client_of, url
from tests.test_api_desk import ApiCase

MAIL = "reader@elsewhere.example"


def correction_of(publication: Publication) -> Correction:
    return corrections.correct(
        publication=publication, type="correction", text="It was 2024.", by=build.the(Role.PUBLISHER)
    )


class Reporting(TestCase):
    publication: Publication

    @classmethod
    def setUpTestData(cls) -> None:
        cls.publication = build.published()

    def test_it_is_on_record_and_people_are_told(self) -> None:
        lead = build.person(Role.RESEARCHER)
        editor, publisher, gone = build.the(Role.EDITOR), build.the(Role.PUBLISHER), build.person(Role.EDITOR)
        Person.objects.filter(pk=gone.pk).update(is_active=False)
        articles.edit(article=self.publication.article, lead=lead, by=editor)
        claim = self.publication.article.claims.get(code="C2")
        made = reports.report(publication=self.publication, claim=claim, text=" The year is wrong. ", email=MAIL)
        self.assertEqual((made.text, made.outcome, made.closed_at), ("The year is wrong.", "open", None))
        event = AuditEvent.objects.get(object_type="readerreport")
        self.assertEqual((event.action, event.actor, event.outside, event.article),
                         ("report.send", None, False, self.publication.article))  # fmt: skip
        told = Notification.objects.filter(kind=NotificationKind.READER_REPORT)
        self.assertTrue({lead, editor, publisher} <= {n.person for n in told})
        self.assertNotIn(gone, {n.person for n in told})
        for notification in told:
            person = notification.person
            self.assertTrue(person == lead or person.has_perm("claims.handle_report"))
            self.assertEqual(
                (notification.report, notification.claim, notification.article, notification.by),
                (made, claim, self.publication.article, None),
            )

    def test_the_same_again_is_the_same(self) -> None:
        first = reports.report(publication=self.publication, text="Wrong.")
        self.assertEqual(reports.report(publication=self.publication, text="Wrong."), first)
        reports.report(publication=self.publication, text="Wrong.", email=MAIL)
        self.assertEqual(ReaderReport.objects.count(), 2)

    def test_no_more_than_sixty_open_an_hour(self) -> None:
        for number in range(60):
            last = reports.report(publication=self.publication, text=f"Wrong: {number}.")
        with self.assertRaises(Refused) as caught:
            reports.report(publication=self.publication, text="One more.")
        self.assertEqual([r.code for r in caught.exception.refusals], ["reports_within_limits"])
        at = f"/factchecks/{self.publication.article.slug}/report/"
        answer = self.client.post(at, {"text": "One more."})
        self.assertContains(answer, "Please send yours again later.", status_code=429)
        self.assertContains(answer, "One more.", status_code=429)
        self.assertIn("Retry-After", answer.headers)
        reports.close(report=last, outcome="dismissed", note="No.", by=build.the(Role.EDITOR))
        reports.report(publication=self.publication, text="One more.")
        with mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(minutes=61)):
            reports.report(publication=self.publication, text="An hour later.")

    def test_what_is_refused(self) -> None:
        other = build.identified()
        for wrong in ({"text": "  "}, {"text": "x" * 5001}, {"email": "no address"}, {"claim": other}):
            with self.subTest(wrong), self.assertRaises(ValidationError) as caught:
                reports.report(publication=self.publication, **{"text": "Wrong."} | wrong)
            self.assertEqual(set(caught.exception.message_dict), set(wrong))
        published.retracted(self.publication)
        with self.assertRaises(Refused):
            reports.report(publication=self.publication, text="Wrong.")

    def test_close(self) -> None:
        made = reports.report(publication=self.publication, text="Wrong.")
        editor = build.the(Role.EDITOR)
        for role in (Role.RESEARCHER, Role.REVIEWER, Role.AUDITOR):
            with self.assertRaises(Refused):
                reports.close(report=made, outcome="dismissed", note="No.", by=build.the(role))
        note = correction_of(self.publication)
        elsewhere = correction_of(build.published())
        cases: list[tuple[dict[str, Any], str]] = [
            ({"outcome": "open"}, "outcome"), ({"outcome": "x"}, "outcome"), ({"note": " "}, "note"),
            ({"note": "x" * 5001}, "note"), ({"correction": note}, "correction"),
            ({"outcome": "corrected", "correction": elsewhere}, "correction"),
        ]  # fmt: skip
        for wrong, field in cases:
            with self.subTest(wrong), self.assertRaises(ValidationError) as caught:
                reports.close(report=made, by=editor, **{"outcome": "dismissed", "note": "No."} | wrong)
            self.assertEqual(set(caught.exception.message_dict), {field})
        closed = reports.close(report=made, outcome="corrected", note="It was 2024.", correction=note, by=editor)
        self.assertEqual((closed.closed_by, closed.correction), (editor, note))
        event = AuditEvent.objects.filter(object_type="readerreport").first()
        self.assertEqual((event.action, event.actor), ("report.close", editor))
        with self.assertRaises(Refused) as refused:
            reports.close(report=made, outcome="dismissed", note="No.", by=editor)
        self.assertEqual([r.code for r in refused.exception.refusals], ["report_is_open"])

    def test_the_database_keeps_the_same_rules(self) -> None:
        made = reports.report(publication=self.publication, text="Wrong.")
        other = build.published()
        elsewhere, claim = correction_of(other), other.article.claims.first()
        close = "UPDATE claims_readerreport SET outcome = 'corrected', closed_by_id = %s, closed_at = now()"
        editor = build.the(Role.EDITOR).pk
        reports.close(report=made, outcome="dismissed", note="No.", by=build.the(Role.EDITOR))
        second = reports.report(publication=self.publication, text="Wrong too.")
        cases = (
            ("report_is_about_its_own_article", f"{close}, correction_id = %s WHERE id = %s",
             (editor, elsewhere.pk, second.pk)),
            ("report_is_about_its_own_article",
             "INSERT INTO claims_readerreport (publication_id, claim_id, text, email, sent_at, outcome, note)"
             " VALUES (%s, %s, 'x', '', now(), 'open', '')", (self.publication.pk, claim.pk)),
            ("report_stays_closed", "UPDATE claims_readerreport SET outcome = 'open', closed_by_id = NULL,"
             " closed_at = NULL WHERE id = %s", (made.pk,)),
            ("report_stays_closed", "UPDATE claims_readerreport SET note = 'Yes.' WHERE id = %s", (made.pk,)),
            ("report_says_what_it_said", "UPDATE claims_readerreport SET email = 'x' WHERE id = %s", (made.pk,)),
            ("report_that_led_to_a_correction_says_so", "UPDATE claims_readerreport SET outcome = 'dismissed',"
             " closed_by_id = %s, closed_at = now(), correction_id = %s WHERE id = %s",
             (editor, correction_of(self.publication).pk, second.pk)),
        )  # fmt: skip
        for rule, statement, values in cases:
            with self.subTest(rule, statement=statement):
                with self.assertRaises(Refused) as caught, acting(by=None, action="x.y"):
                    execute(statement, *values)
                self.assertEqual([r.code for r in caught.exception.refusals], [rule])


class TheForm(TestCase):
    publication: Publication
    at: str

    @classmethod
    def setUpTestData(cls) -> None:
        cls.publication = published.corrected(published.everything())
        cls.at = f"/factchecks/{cls.publication.article.slug}/"

    def test_every_page_of_an_article_or_claim_leads_to_it(self) -> None:
        for path in ("", "v1/", "v2/", "C1/", "C1/v1/", "C2/"):
            with self.subTest(path):
                page = published.Reading(self.client.get(self.at + path).content.decode())
                code = f"{path[:2]}/" if path.startswith("C") else ""
                there = f"http://127.0.0.1:8000{self.at}{code}report/"
                self.assertEqual(len(page.named("a", href=there)), 1)
                self.assertEqual(self.client.get(f"{self.at}{code}report/").status_code, 200)

    @override_settings(SITE_URL="https://check.example")
    def test_also_from_the_static_site(self) -> None:
        page = pages.claim(self.publication.article.slug, "C1")
        assert page is not None
        self.assertIn(f'href="https://check.example{self.at}C1/report/"', page.body.decode())

    def test_nothing_internal_and_sound_markup(self) -> None:
        client = Client(enforce_csrf_checks=False)
        for path in ("report/", "C1/report/", "C4/report/", "report/sent/"):
            for answer in (client.get(self.at + path), client.post(self.at + path, {"text": " ", "email": "x"})):
                if answer.status_code == 405:
                    continue
                body = answer.content.decode()
                page = published.Reading(body)
                with self.subTest(path, answer=answer):
                    self.assertEqual(answer.status_code, 200)
                    self.assertNotIn(published.CANARY, body)
                    self.assertEqual((page.faults, page.tags["h1"], page.tags["script"]), ([], 1, 0))
                    self.assertIn("no-store", answer.headers["Cache-Control"])
                    labels = {a.get("for") for a in page.named("label")}
                    fields = [a for t, a in page.attributes if t == "textarea" or a.get("type") in ("text", "email")]
                    self.assertEqual({a.get("id") for a in fields} - labels, set())

    def test_send(self) -> None:
        client = Client(enforce_csrf_checks=True)
        said = {"text": "The year is wrong.\r\nSee the log.", "email": MAIL}
        self.assertEqual(client.post(f"{self.at}C2/report/", said).status_code, 403)
        page = published.Reading(client.get(f"{self.at}C2/report/").content.decode())
        said["csrfmiddlewaretoken"] = str(page.named("input", name="csrfmiddlewaretoken")[0]["value"])
        for _ in range(2):
            self.assertRedirects(client.post(f"{self.at}C2/report/", said), f"{self.at}report/sent/")
        made = ReaderReport.objects.get()
        self.assertEqual((made.claim.code, made.text), ("C2", "The year is wrong.\nSee the log."))
        self.assertEqual((made.publication, made.email), (self.publication, MAIL))

    def test_what_fills_in_the_hidden_field_writes_nothing(self) -> None:
        answer = self.client.post(f"{self.at}report/", {"text": "Buy now.", "website": "https://spam.example"})
        self.assertRedirects(answer, f"{self.at}report/sent/")
        self.assertFalse(ReaderReport.objects.exists())

    def test_what_is_wrong_is_said(self) -> None:
        cases = {"This field is required.": {"text": ""}, "Enter a valid email": {"email": "x"},
                 "Null characters": {"text": "a\0b"}, "at most 5000": {"text": "x" * 5001}}  # fmt: skip
        for words, wrong in cases.items():
            answer = self.client.post(f"{self.at}report/", {"text": "Wrong.", **wrong})
            self.assertContains(answer, words)
        self.assertFalse(ReaderReport.objects.exists())

    def test_only_of_what_readers_are_shown(self) -> None:
        hidden = build.identified()
        unpublished = f"/factchecks/{hidden.article.slug}"
        for path in ("/factchecks/no-such/report/", f"{self.at}C99/report/", f"{unpublished}/report/",
                     f"{unpublished}/C1/report/", "/factchecks/no-such/report/sent/"):  # fmt: skip
            self.assertEqual(self.client.get(path).status_code, 404, path)
        published.retracted(self.publication)
        self.assertEqual(self.client.get(f"{self.at}report/").status_code, 404)


class WhoSeesReports(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.publication = build.published()
        self.claim = self.publication.article.claims.get(code="C1")
        self.report = reports.report(publication=self.publication, claim=self.claim, text="Wrong year.", email=MAIL)
        self.others = [build.the(r) for r in (Role.RESEARCHER, Role.REVIEWER, Role.ADJUDICATOR, Role.AUDITOR)]

    def test_the_readers_address_is_for_those_who_handle_reports(self) -> None:
        article, claim = self.publication.article, self.claim
        for person in self.others:
            client = client_of(person)
            for page in ("/admin/", url(Article, "change", article.pk), url(Article, "timeline", article.pk),
                         url(type(claim), "change", claim.pk), url(AuditEvent, "changelist"),
                         url(ReaderReport, "changelist"), url(ReaderReport, "change", self.report.pk),
                         url(ReaderReport, "history", self.report.pk), url(ReaderReport, "close", self.report.pk),
                         url(Publication, "change", self.publication.pk)):  # fmt: skip
                with self.subTest(page, person=person):
                    self.assertNotIn(MAIL, client.get(page).content.decode())
            for path in ("reader-reports/", f"reader-reports/{self.report.pk}/"):
                self.call(person, "GET", path, expect=403)
            self.call(person, "POST", f"reader-reports/{self.report.pk}/close/",
                      {"outcome": "dismissed", "note": "No."}, expect=403)  # fmt: skip
            seen = AuditEvent.objects.visible_to(person)
            self.assertFalse(seen.filter(object_type="readerreport").exists())
        editor = client_of(build.the(Role.EDITOR))
        self.assertContains(editor.get(url(ReaderReport, "change", self.report.pk)), MAIL)
        self.assertTrue(
            AuditEvent.objects.visible_to(build.the(Role.EDITOR)).filter(object_type="readerreport").exists()
        )
        for path in ("", "C1/", "C1/report/", "v1/record.json"):
            self.assertNotContains(Client().get(f"/factchecks/{article.slug}/{path}"), MAIL)

    def test_close_in_the_admin(self) -> None:
        note = correction_of(self.publication)
        client = client_of(build.the(Role.PUBLISHER))
        self.assertContains(client.get(url(ReaderReport, "changelist")), "Wrong year.")
        self.assertContains(client.get(url(ReaderReport, "change", self.report.pk)), "Close the report")
        page = url(ReaderReport, "close", self.report.pk)
        self.assertContains(client.get(page), "It was 2024.")
        self.assertContains(client.post(page, {"outcome": "corrected"}), "This field is required.")
        said = {"outcome": "corrected", "note": "It was 2024.", "correction": note.pk}
        self.assertEqual(client.post(page, said).status_code, 302)
        self.report.refresh_from_db()
        self.assertEqual((self.report.outcome, self.report.correction), ("corrected", note))
        self.assertContains(client.post(page, said, follow=True), "You have done this already")
        self.assertNotContains(client.get(url(ReaderReport, "change", self.report.pk)), "Close the report")
        other = client_of(build.the(Role.EDITOR)).post(page, said)
        self.assertContains(other, "This report is closed already.")

    def test_over_rest(self) -> None:
        editor = build.the(Role.EDITOR)
        found = self.get(editor, f"reader-reports/?outcome=open&claim={self.claim.pk}")["results"]
        self.assertEqual([(r["id"], r["email"], r["article"]) for r in found],
                         [(self.report.pk, MAIL, self.publication.article_id)])  # fmt: skip
        at = f"reader-reports/{self.report.pk}/close/"
        elsewhere = correction_of(build.published())
        for wrong, field in (({"outcome": "open"}, "outcome"), ({"note": ""}, "note"),
                             ({"outcome": "corrected", "correction": elsewhere.pk}, "correction")):  # fmt: skip
            answer = self.post(editor, at, {"outcome": "dismissed", "note": "No error."} | wrong, 400)
            self.assertEqual([e["pointer"] for e in answer["errors"]], [f"/{field}"])
        closed = self.post(editor, at, {"outcome": "dismissed", "note": "No error."}, 200)
        self.assertEqual((closed["outcome"], closed["closed_by"]["id"]), ("dismissed", editor.pk))
        self.assertEqual(self.post(editor, at, {"outcome": "dismissed", "note": "No."}, 409)["refusals"][0]["code"],
                         "report_is_open")  # fmt: skip

    def test_lists_cost_the_same(self) -> None:
        editor = build.the(Role.EDITOR)
        costs: dict[str, list[int]] = {"rest": [], "admin": []}
        for number in range(3):
            for more in range(number * 2):
                reports.report(publication=self.publication, claim=self.claim, text=f"Wrong {number} {more}.")
            self.get(editor, "me/")
            with CaptureQueriesContext(connection) as captured:
                self.get(editor, "reader-reports/")
            costs["rest"].append(len(captured))
            client = client_of(editor)
            with CaptureQueriesContext(connection) as captured:
                client.get(url(ReaderReport, "changelist"))
            costs["admin"].append(len(captured))
        for name, cost in costs.items():
            self.assertEqual(len(set(cost)), 1, f"{name} {cost}")
