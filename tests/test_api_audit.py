"""The record over REST: what is told of an event, its proof, the checkpoint, and who gets them."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from claims.actions import claims, evidence, redaction, sealing, sources, steps
from claims.choices import ClaimState, Role
from claims.models import AuditEvent, Checkpoint, Leaf, Person, Verdict
from claims.proofs import verifier
from claims.trail import proofs
from tests import build
from tests.test_api_desk import PROBLEM, ApiCase
from tests.transactional import as_owner


class TheEvents(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.auditor = build.person(Role.AUDITOR)
        self.claim = build.claim(ClaimState.DECIDED)

    def test_they_tell_their_text_place_and_hash(self) -> None:
        claims.edit(claim=self.claim, statement="Quite another sentence.", by=build.the(Role.EDITOR))
        told = self.get(self.auditor, "audit-events/?action=claim.edit&object_type=claim")["results"][0]
        event = AuditEvent.objects.get(pk=told["seq"])
        self.assertEqual((told["stream"], told["n"]), (f"article/{self.claim.article_id}", event.n))
        self.assertEqual(told["hash"], verifier.leaf_hash(bytes(event.bytes)).hex())
        self.assertEqual(told["after"]["statement"], "Quite another sentence.")
        self.assertEqual(told["before"]["statement"], self.claim.statement)
        self.assertEqual(told["reason"], "")

    def test_they_are_found_by_the_words_of_actions_and_reasons(self) -> None:
        given = {"step": "reopen", "reason": "A reader wrote to us.", "by": build.the(Role.EDITOR)}
        steps.take(claim=self.claim, **given)
        for search, actions in (
            ("wrote to", {"claim.reopen"}), ("READER reopen", {"claim.reopen"}), ("wr_te", set()),
            ("triage", {"claim.triage"}), ("statement", set()), ("archives", set()),
        ):  # fmt: skip
            with self.subTest(search):
                found = self.call(self.auditor, "GET", "audit-events/", {"search": search}).json()["results"]
                self.assertEqual({event["action"] for event in found}, actions)

    def test_a_search_finds_no_reason_of_what_is_hidden(self) -> None:
        cited = build.cite(build.identified(), source=build.source(confidential=True))
        evidence.withdraw(evidence=cited, reason="Informant Jane asked us.", by=build.the(Role.RESEARCHER))
        clerk = build.person(Role.PUBLISHER)
        record = AuditEvent._meta.permissions[0][0]
        clerk.user_permissions.add(build.Group.objects.get(name="auditor").permissions.get(codename=record))
        clerk = Person.objects.get(pk=clerk.pk)
        self.assertEqual(self.get(clerk, "audit-events/?search=jane&count=true")["count"], 0)
        self.assertGreater(self.get(self.auditor, "audit-events/?search=jane&count=true")["count"], 0)

    def test_a_list_costs_the_same_for_1_and_50_events(self) -> None:
        while AuditEvent.objects.count() < 60:
            build.source()
        self.get(self.auditor, "me/")
        costs = []
        for size in (1, 3, 50):
            with CaptureQueriesContext(connection) as queries:
                self.get(self.auditor, f"audit-events/?page_size={size}")
            costs.append(len(queries))
        self.assertEqual(len(set(costs)), 1, costs)

    def test_erased_text_is_told_as_erased(self) -> None:
        with as_owner():
            redaction.redact(kind="claim", object_id=self.claim.pk, field="statement", basis="By law.",
                             by=build.the(Role.EDITOR))  # fmt: skip
        told = self.get(self.auditor, f"audit-events/?claim={self.claim.pk}&action=claim.identify&object_type=claim")
        self.assertIn("[redacted]", {event["after"].get("statement") for event in told["results"]})
        basis = self.get(self.auditor, "audit-events/?object_type=redaction")["results"][0]["after"]["basis"]
        self.assertEqual(basis, "By law.")


class TheCheckpoint(ApiCase):
    def test_there_is_none_before_anything_is_sealed(self) -> None:
        answer = self.call(build.the(Role.RESEARCHER), "GET", "audit/checkpoint/", expect=404)
        self.assertEqual((answer.json()["code"], answer.headers["Content-Type"]), ("not_found", PROBLEM))

    def test_it_is_the_last_one_for_everybody_of_the_desk(self) -> None:
        build.identified()
        made = sealing.seal()
        answer = self.call(build.the(Role.RESEARCHER), "GET", "audit/checkpoint/")
        told = answer.json()
        self.assertEqual((told["size"], told["note"]), (made.size, made.note))
        self.assertEqual(base64.b64decode(told["root"]), bytes(made.root))
        keys = [verifier.VerifierKey.parse(key["verifier"]) for key in told["keys"]]
        signed = verifier.Checkpoint.parse(verifier.verify_note(told["note"], keys))
        self.assertEqual((signed.origin, signed.size), (told["origin"], told["size"]))
        known = {"HTTP_IF_NONE_MATCH": answer.headers["ETag"]}
        self.call(build.the(Role.RESEARCHER), "GET", "audit/checkpoint/", expect=304, **known)
        self.call(None, "GET", "audit/checkpoint/", expect=401)

    def test_it_takes_no_parameters(self) -> None:
        self.call(build.the(Role.EDITOR), "GET", "audit/checkpoint/?size=1", expect=400)


class TheProofs(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.auditor, self.editor = build.person(Role.AUDITOR), build.the(Role.EDITOR)

    def proof(self, by: Any, event: AuditEvent, expect: int = 200, **more: Any) -> Any:
        return self.call(by, "GET", f"audit/events/{event.pk}/proof/", expect=expect, **more)

    def event(self, **which: Any) -> AuditEvent:
        return AuditEvent.objects.filter(**which).earliest("seq")

    def keys(self) -> list[verifier.VerifierKey]:
        return [
            verifier.VerifierKey.parse(key["verifier"])
            for key in self.get(self.auditor, "audit/checkpoint/")["keys"]
        ]  # fmt: skip

    def test_a_bundle_verifies_with_the_key_of_the_checkpoint(self) -> None:
        sealing.seal()
        keys = self.keys()
        for event in AuditEvent.objects.visible_to(self.auditor).filter(leaf__isnull=False).order_by("seq")[20:]:
            answer = self.proof(self.auditor, event)
            found = verifier.verify_bundle(answer.content, keys)
            self.assertEqual(found.event, event.content)
            self.assertEqual(found.openings, {o.place: o.value for o in event.openings.all() if o.value is not None})
        event = self.event(object_type="claim", action="claim.identify")
        answer = self.proof(self.auditor, event)
        self.assertEqual(answer.content, proofs.bundle(event, event.openings.all()))
        self.assertEqual(json.loads(answer.content)["openings"]["after.statement"]["value"], self.claim.statement)
        with self.assertRaises(verifier.NotProven):
            verifier.verify_bundle(answer.content.replace(b"harbour", b"harvest"), keys)

    def test_it_stays_the_same_and_has_an_etag(self) -> None:
        sealing.seal()
        event = self.event(object_type="claim")
        first = self.proof(self.editor, event)
        build.identified()
        sealing.seal()
        second = self.proof(self.editor, event)
        self.assertEqual((first.content, first.headers["ETag"]), (second.content, second.headers["ETag"]))
        unchanged = self.proof(self.editor, event, 304, HTTP_IF_NONE_MATCH=first.headers["ETag"])
        self.assertEqual(unchanged.content, b"")

    def test_what_is_not_sealed_yet_comes_later(self) -> None:
        sealing.seal()
        claims.edit(claim=self.claim, headline="Later", by=self.editor)
        event = AuditEvent.objects.filter(action="claim.edit").latest("seq")
        answer = self.proof(self.editor, event, 409)
        self.assertEqual((answer.json()["code"], answer.headers["Retry-After"]), ("not_sealed", "5"))
        self.assertEqual(answer.headers["Content-Type"], PROBLEM)
        sealing.seal()
        self.proof(self.editor, event)

    def test_a_leaf_without_a_checkpoint_is_not_sealed(self) -> None:
        sealing.seal()
        claims.edit(claim=self.claim, headline="Later", by=self.editor)
        event = AuditEvent.objects.filter(action="claim.edit").latest("seq")
        Leaf.objects.bulk_create([Leaf(index=Leaf.objects.size(), event=event, hash=event.hash)])
        self.assertLess(Checkpoint.objects.latest().size, Leaf.objects.size())
        self.proof(self.editor, event, 409)

    def test_a_blind_verdicts_event_is_its_reviewers_and_the_auditors(self) -> None:
        reviewer = build.person(Role.REVIEWER)
        build.verdict(self.claim, by=reviewer, relied_on=list(self.claim.evidence.all()))
        sealing.seal()
        hidden = [self.event(object_type=kind) for kind in ("verdict", "verdict_relied_on")]
        for event in hidden:
            for person in (self.editor, build.person(superuser=True), build.person(Role.REVIEWER)):
                self.proof(person, event, 404)
            for person in (reviewer, self.auditor):
                self.proof(person, event)
        build.verdict(self.claim)
        self.assertEqual(Verdict.objects.visible_to(self.editor).count(), 2)
        for event in hidden:
            self.proof(self.editor, event)

    def test_whether_it_is_sealed_tells_nothing_of_what_is_hidden(self) -> None:
        build.verdict(self.claim)
        self.proof(self.editor, self.event(object_type="verdict"), 404)
        self.call(self.editor, "GET", f"audit/events/{10**17}/proof/", expect=404)

    def test_confidential_sources_people_and_tokens_are_for_those_who_may_see_them(self) -> None:
        source = build.source(confidential=True, title="Informant Jane")
        sources.edit(source=source, title="Informant J.", by=build.the(Role.RESEARCHER))
        publisher, researcher = build.person(Role.PUBLISHER), build.the(Role.RESEARCHER)
        for person in (publisher, researcher, self.editor, self.auditor):
            self.get(person, "me/")  # makes their tokens
        sealing.seal()
        for which, expected in (
            ({"action": "source.edit"}, {publisher: 404, researcher: 200, self.editor: 200}),
            ({"object_type": "evidence"}, {publisher: 404, researcher: 200, self.editor: 200}),
            ({"object_type": "apitoken"}, {publisher: 404, researcher: 404, self.editor: 200}),
            ({"object_type": "person"}, {publisher: 404, researcher: 404, self.editor: 200}),
            ({"object_type": "contribution"}, {publisher: 404, researcher: 404, self.editor: 200}),
            ({"object_type": "signingkey"}, {publisher: 404, researcher: 404, self.auditor: 200}),
            ({"object_type": "claim"}, {publisher: 200, researcher: 200, self.editor: 200}),
        ):
            for person, status in expected.items():
                with self.subTest(which=which, person=str(person)):
                    self.proof(person, self.event(**which), status)
        self.proof(None, self.event(object_type="claim"), 401)

    def test_erased_text_is_in_no_bundle_and_the_proof_stays_valid(self) -> None:
        sealing.seal()
        event = self.event(object_type="claim", action="claim.identify")
        before = self.proof(self.auditor, event).content
        with as_owner():
            redaction.redact(kind="claim", object_id=self.claim.pk, field="statement", basis="By law.", by=self.editor)
        sealing.seal()
        after = self.proof(self.auditor, event).content
        self.assertIn(self.claim.statement.encode(), before)
        # The headline says the same in this test, and is another field.
        self.assertNotIn("after.statement", json.loads(after)["openings"])
        for made in (before, after):
            self.assertEqual(verifier.verify_bundle(made, self.keys()).event, event.content)

    def test_the_proof_is_short_and_costs_the_same_for_every_event(self) -> None:
        while AuditEvent.objects.count() < 150:
            build.source()
        sealing.seal()
        self.get(self.auditor, "me/")
        costs = set()
        for event in (AuditEvent.objects.earliest("seq"), AuditEvent.objects.filter(leaf__isnull=False).latest("seq")):
            with CaptureQueriesContext(connection) as queries:
                answer = self.proof(self.auditor, event)
            costs.add(len(queries))
            self.assertLess(len(json.loads(answer.content)["proof"]), 2_048)
        self.assertEqual(len(costs), 1)
