"""An article's timeline and the record in the admin: filters, pages, costs, and nothing that is hidden."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.actions import claims, evidence, redaction, steps
from claims.admin.history import UNDER_AN_ARTICLE
from claims.admin.names import names_of
from claims.choices import ClaimState, Role
from claims.models import Article, AuditEvent, Claim, Contribution, Person, Source, Verdict
from tests import build
from tests.test_admin_base import client_of, url
from tests.test_admin_history import lines, page
from tests.transactional import as_owner

SECRET = "Because the ledger was forged."


class Timeline(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.on = build.published().article
        cls.other = build.identified().article
        cls.editor = build.the(Role.EDITOR)

    def test_it_is_linked_and_holds_everything_on_the_article(self) -> None:
        self.assertContains(page(self.editor, self.on, "change"), url(Article, "timeline", self.on.pk))
        seqs: list[int] = []
        asked: dict[str, Any] = {}
        while True:
            answer = page(self.editor, self.on, "timeline", **asked)
            seqs += [line.event.seq for line in answer.context["lines"]]
            if not (older := answer.context["older"]):
                break
            asked = {"before": older}
        events = AuditEvent.objects.filter(article=self.on).order_by("-seq")
        self.assertEqual(seqs, list(events.values_list("seq", flat=True)))
        self.assertGreater(len(seqs), 50, "more than a page")
        self.assertLessEqual(set(events.values_list("object_type", flat=True)), set(UNDER_AN_ARTICLE))
        self.assertContains(page(self.editor, self.on, "timeline"), "version 1")

    def test_filters_narrow_by_person_action_kind_and_day(self) -> None:
        researcher = build.the(Role.RESEARCHER)
        today = timezone.now().date()
        for asked, holds in (
            ({"person": researcher.pk}, lambda e: e.actor_id == researcher.pk),
            ({"action": "claim.triage"}, lambda e: e.action == "claim.triage"),
            ({"kind": "verdict"}, lambda e: e.object_type == "verdict"),
            (
                {"person": researcher.pk, "kind": "claim"},
                lambda e: e.actor_id == researcher.pk and e.object_type == "claim",
            ),
            ({"since": today.isoformat(), "until": today.isoformat()}, lambda e: True),
        ):
            with self.subTest(asked):
                found = [line.event.seq for line in lines(self.editor, self.on, "timeline", **asked)]
                events = AuditEvent.objects.filter(article=self.on).order_by("-seq")
                self.assertEqual(found, [e.seq for e in events if holds(e)][:50])
        for asked in ({"since": (today + timedelta(1)).isoformat()}, {"until": (today - timedelta(1)).isoformat()}):
            self.assertEqual(lines(self.editor, self.on, "timeline", **asked), [])
        self.assertTrue(lines(self.editor, self.on, since="0001-01-01", until="9999-12-31"))

    def test_filters_are_kept_from_page_to_page(self) -> None:
        today = timezone.now().date().isoformat()
        first = page(self.editor, self.on, "timeline", since=today)
        older = first.context["older"]
        self.assertContains(first, f"?since={today}&amp;before={older}")
        second = page(self.editor, self.on, "timeline", since=today, before=older)
        self.assertContains(second, f'<a href="?since={today}">Newest</a>')
        self.assertTrue(all(line.event.seq < older for line in second.context["lines"]))

    def test_what_is_not_understood_shows_nothing_and_says_so(self) -> None:
        for asked in ({"person": "x"}, {"person": 10**30}, {"action": "x"}, {"kind": "source"}, {"since": "yesterday"},
                      {"until": "\0"}, {"person": "\0"}):  # fmt: skip
            with self.subTest(asked):
                answer = page(self.editor, self.on, "timeline", **asked)
                self.assertEqual(answer.context["lines"], [])
                self.assertContains(answer, "errorlist")
        self.assertEqual(client_of(self.editor).get(url(Article, "timeline", 10**15)).status_code, 404)

    def test_histories_have_the_same_filters(self) -> None:
        claim = self.on.claims.first()
        found = lines(self.editor, claim, action="claim.triage")
        self.assertEqual({line.event.action for line in found}, {"claim.triage"})
        self.assertNotContains(page(self.editor, claim), 'name="kind"')


class Costs(TestCase):
    def count(self, person: Person, row: Any, name: str) -> int:
        client = client_of(person)
        with CaptureQueriesContext(connection) as queries:
            client.get(url(type(row), name, row.pk))
        return len(queries)

    def test_a_page_costs_the_same_for_1_3_and_50_events(self) -> None:
        source = build.source()
        editor = build.the(Role.EDITOR)
        claim = build.identified(build.article())
        costs: dict[int, tuple[int, int, int]] = {}
        for wanted in (1, 3, 50):
            while AuditEvent.objects.all().of(source).count() < wanted:
                Source.objects.filter(pk=source.pk).update(title=f"Title {AuditEvent.objects.count()}")
            costs[wanted] = (
                self.count(editor, source, "history"),
                self.count(editor, claim, "history"),
                self.count(editor, claim.article, "timeline"),
            )
            steps_taken = {1: "triage", 3: "return_to_research"}
            if wanted == 1:
                steps.take(claim=claim, step=steps_taken[1], by=build.the(Role.RESEARCHER))
                build.cite(claim)
            elif wanted == 3:
                for n in range(30):
                    claims.edit(claim=Claim.objects.get(pk=claim.pk), headline=f"Headline {n}", by=editor)
        self.assertEqual(len(set(costs.values())), 1, costs)
        self.assertLessEqual(max(costs[50]), 10)

    def test_the_record_costs_the_same_for_1_3_and_50_events(self) -> None:
        editor = build.the(Role.EDITOR)
        costs = []
        for wanted in (1, 3, 50):
            while AuditEvent.objects.filter(object_type="source").count() < wanted:
                build.source()
            client = client_of(editor)
            with CaptureQueriesContext(connection) as queries:
                client.get(url(AuditEvent, "changelist"), {"noun": "source"})
            costs.append(len(queries))
        self.assertEqual(len(set(costs)), 1, costs)


class WhoSeesWhat(TestCase):
    def everything(self, person: Person, row: Any, name: str = "timeline") -> set[int]:
        return {line.event.seq for line in lines(person, row, name)}

    def test_a_blind_verdict_changes_nothing_that_others_see(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        reviewer, other = build.person(Role.REVIEWER), build.person(Role.REVIEWER)
        people = (other, build.the(Role.EDITOR), build.person(superuser=True), build.the(Role.RESEARCHER))
        asked: list[dict[str, Any]] = [
            {}, {"person": reviewer.pk}, {"action": "verdict.file"}, {"kind": "verdict"}, {"kind": "verdict_relied_on"},
        ]  # fmt: skip
        client = {person.pk: client_of(person) for person in people}

        def seen() -> list[str]:
            found = [
                client[person.pk].get(url(Article, "timeline", claim.article_id), query).content.decode()
                for person in people for query in asked
            ]  # fmt: skip
            return [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text) for text in found]

        before = seen()
        build.verdict(claim, "misleading", by=reviewer, rationale=SECRET, relied_on=list(claim.evidence.all()))
        self.assertEqual(seen(), before)
        for person in (reviewer, build.person(Role.AUDITOR)):
            self.assertContains(page(person, claim.article, "timeline"), SECRET)

    def test_the_redaction_of_a_blind_verdict_tells_of_it_to_nobody(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        verdict = build.verdict(claim, rationale=SECRET)
        with as_owner():
            redaction.redact(
                kind="verdict", object_id=verdict.pk, field="rationale", basis="By law.", by=build.the(Role.EDITOR)
            )
        editor, auditor = build.the(Role.EDITOR), build.person(Role.AUDITOR)
        self.assertEqual(lines(editor, claim.article, "timeline", action="audit.redact"), [])
        self.assertEqual(len(lines(auditor, claim.article, "timeline", action="audit.redact")), 2)
        build.verdict(claim)
        self.assertEqual(len(lines(editor, claim.article, "timeline", action="audit.redact")), 2)

    def test_what_publishers_see_tells_of_no_source(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        cited = build.cite(claim, source=build.source(confidential=True, title="Informant Jane"))
        build._submit(claim)
        for _ in range(2):
            build.verdict(claim, relied_on=[cited])
        evidence.withdraw(evidence=cited, reason="Jane asked us.", by=build.the(Role.RESEARCHER))
        publisher = build.person(Role.PUBLISHER)
        for row, name in ((claim.article, "timeline"), (claim, "history"), (Verdict.objects.first(), "history")):
            answer = page(publisher, row, name)
            self.assertNotContains(answer, "Jane")
            kinds = {line.event.object_type for line in answer.context["lines"]}
            self.assertEqual(kinds & {"source", "evidence", "verdict_relied_on"}, set())
        self.assertContains(page(build.the(Role.EDITOR), claim.article, "timeline"), "Informant Jane")
        rows: list[Any] = [cited.source, cited]
        self.assertEqual(names_of([(type(row), row.pk) for row in rows], publisher), {})

    def test_people_tokens_contributions_and_redactions_are_for_readers_of_the_record(self) -> None:
        claim = build.identified()
        with as_owner():
            redaction.redact(
                kind="claim",
                object_id=claim.pk,
                field="headline",
                basis="A letter of Jane's.",
                by=build.the(Role.EDITOR),
            )
        kinds = {"contribution", "redaction"}
        for role, expected in (
            (Role.EDITOR, kinds),
            (Role.AUDITOR, kinds),
            (Role.RESEARCHER, set()),
            (Role.REVIEWER, set()),
        ):
            person = build.person(role)
            with self.subTest(role):
                answer = page(person, claim.article, "timeline")
                self.assertEqual({line.event.object_type for line in answer.context["lines"]} & kinds, expected)
                self.assertEqual("A letter of Jane" in answer.content.decode(), bool(expected))
                self.assertEqual(bool(lines(person, person)), bool(expected))
                self.assertEqual(bool(lines(person, Contribution.objects.first())), bool(expected))
                self.assertEqual(bool(answer.context["lines"][0].page), bool(expected))
                self.assertIn("audit.redact", answer.content.decode(), "that something was erased is no secret")

    def test_who_is_not_of_the_desk_sees_nothing(self) -> None:
        build.identified()
        self.assertEqual(AuditEvent.objects.visible_to(build.person()).count(), 0)
        gone = build.person(Role.EDITOR)
        gone.is_active = False
        self.assertEqual(AuditEvent.objects.visible_to(gone).count(), 0)
        answer = client_of(build.person()).get(url(Article, "timeline", Article.objects.first().pk))
        self.assertEqual(answer.status_code, 403)


class TheEventItself(TestCase):
    def test_its_page_shows_bytes_place_seal_and_proof(self) -> None:
        publication = build.published()
        claim = publication.article.claims.first()
        auditor = build.person(Role.AUDITOR)
        event = AuditEvent.objects.filter(object_type="publication").order_by("seq").first()
        answer = client_of(auditor).get(url(AuditEvent, "change", event.pk))
        for words in (
            "Publish", "article.publish", event.stream, bytes(event.hash).hex(), f"Leaf {event.leaf.index} of the tree",
            reverse("api:audit-proof", args=[event.pk]), "Waiting for its seal", "not kept in the record",
        ):  # fmt: skip
            self.assertContains(answer, words)
        self.assertContains(answer, f'<pre class="desk-bytes">{bytes(event.bytes).decode()}</pre>', html=True)
        claims.edit(claim=claim, statement="Quite another sentence.", by=build.the(Role.EDITOR))
        event = AuditEvent.objects.filter(action="claim.edit", object_type="claim").first()
        answer = client_of(auditor).get(url(AuditEvent, "change", event.pk))
        self.assertContains(answer, "Not sealed yet.")
        self.assertContains(answer, "Quite another sentence.")

    def test_the_list_tells_changes_in_words_and_is_filtered(self) -> None:
        claim = build.identified()
        claims.edit(claim=claim, statement="The harbour was shut on 3 May 2023.", by=build.the(Role.EDITOR))
        client = client_of(build.person(Role.AUDITOR))
        editor = build.the(Role.EDITOR)
        answer = client.get(url(AuditEvent, "changelist"), {"by": editor.pk, "of": "claim.edit", "noun": "claim"})
        self.assertContains(answer, "1 audit event")
        self.assertContains(answer, '<del><span class="desk-sign"')
        self.assertContains(answer, "Edit the claim")
        for query in ({"by": "x"}, {"of": "x"}, {"noun": "x"}, {"by": 10**30}):
            self.assertIn(client.get(url(AuditEvent, "changelist"), query).status_code, (200, 302))
        self.assertContains(
            client.get(url(AuditEvent, "changelist"), {"at__gte": "2999-01-01 00:00:00+00:00"}), "0 audit events"
        )
