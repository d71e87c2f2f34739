"""What must not be seen is seen through no door of the API: blind verdicts, confidential sources, the record."""

from __future__ import annotations

from typing import Any

from claims.actions import sources
from claims.choices import ClaimState, Role
from claims.models import AuditEvent, Evidence, Person
from tests import build
from tests.test_api_desk import ApiCase


class BlindReview(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.first, self.second = build.person(Role.REVIEWER), build.person(Role.REVIEWER)
        self.auditor = build.person(Role.AUDITOR)
        self.blind = [
            self.second, build.the(Role.RESEARCHER), build.the(Role.EDITOR), build.person(Role.ADJUDICATOR),
            build.person(Role.PUBLISHER), build.person(Role.AUDITOR, Role.REVIEWER), build.person(superuser=True),
        ]  # fmt: skip

    def doors(self, person: Person) -> dict[str, str]:
        """Everything this person can read that could tell of a verdict: the bodies, and their ETags."""
        pk = self.claim.pk
        paths = [
            "verdicts/?count=true", f"verdicts/?claim={pk}&count=true", "verdicts/?rating=false&count=true",
            "verdicts/?search=secretly&count=true", f"verdicts/?reviewer={self.first.pk}&count=true",
            "verdicts/?stale=false&superseded=false&ordering=-round&count=true", "verdicts/?fields=id&page_size=1",
            "claims/", f"claims/{pk}/", "claims/?rating=false", "claims/?search=secretly",
            "claims/?ordering=-updated_at",
            "decisions/?count=true", f"evidence/?claim={pk}", f"articles/{self.claim.article_id}/",
            f"articles/{self.claim.article_id}/coverage/", f"articles/{self.claim.article_id}/steps/",
            f"articles/{self.claim.article_id}/sign-off/", f"claims/{pk}/steps/",
        ]  # fmt: skip
        if person.has_perm("claims.view_record"):
            paths += [
                "audit-events/?object_type=verdict&count=true", f"audit-events/?claim={pk}&count=true",
                "audit-events/?object_type=verdict_relied_on&count=true",
                f"audit-events/?actor={self.first.pk}&action=verdict.file&count=true",
                "audit-events/?action=verdict.file&count=true",
            ]  # fmt: skip
        answers = {path: self.call(person, "GET", path) for path in paths}
        return {path: answer.headers["ETag"] + answer.content.decode() for path, answer in answers.items()}

    def test_a_verdict_of_an_open_round_changes_nothing_that_others_can_read(self) -> None:
        self.auditor_and_blind_ask_for_queues()
        before = {person.pk: self.doors(person) for person in self.blind}
        verdict = build.verdict(
            self.claim, "false", by=self.first, rationale="It is secretly wrong.", relied_on=Evidence.objects.all()
        )
        for person in self.blind:
            with self.subTest(str(person)):
                self.assertEqual(self.doors(person), before[person.pk])
                self.call(person, "GET", f"verdicts/{verdict.pk}/", expect=404)
                if person.has_perm("claims.view_record"):
                    for event in AuditEvent.objects.filter(object_type="verdict", object_id=verdict.pk):
                        self.call(person, "GET", f"audit-events/{event.pk}/", expect=404)

    def auditor_and_blind_ask_for_queues(self) -> None:
        """So that tokens exist before: making one is an event of its own."""
        for person in (self.auditor, self.first, *self.blind):
            self.get(person, "me/")

    def test_its_own_reviewer_and_auditors_who_may_not_judge_see_it(self) -> None:
        verdict = build.verdict(self.claim, "false", by=self.first)
        for person in (self.first, self.auditor):
            self.assertEqual(self.get(person, f"verdicts/{verdict.pk}/")["rating"], "false")
            self.assertEqual([v["id"] for v in self.get(person, "verdicts/")["results"]], [verdict.pk])

    def test_when_the_round_closes_all_see_it(self) -> None:
        build.verdict(self.claim, "false", by=self.first)
        build.verdict(self.claim, "true", by=self.second)
        for person in self.blind:
            self.assertEqual(self.get(person, "verdicts/?count=true")["count"], 2)


class Confidential(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.claim = build.claim(ClaimState.RESEARCHING)
        self.source = build.source(confidential=True, title="A hidden hand")
        self.derived = build.source(derived_from=self.source)
        self.evidence = build.cite(self.claim, source=self.source)
        self.outsider, self.editor = build.person(Role.PUBLISHER), build.the(Role.EDITOR)

    def test_it_is_not_there_for_those_whose_role_does_not_need_it(self) -> None:
        by: Any = self.outsider
        self.call(by, "GET", f"sources/{self.source.pk}/", expect=404)
        self.call(by, "GET", f"evidence/{self.evidence.pk}/", expect=404)
        self.assertEqual(self.get(by, "sources/?count=true")["count"], 1)
        self.assertEqual(self.get(by, "sources/?search=hidden")["results"], [])
        self.assertEqual(self.get(by, f"sources/?derived_from={self.source.pk}")["results"], [])
        self.assertEqual(self.get(by, "evidence/?count=true")["count"], 0)
        self.assertIsNone(self.get(by, f"sources/{self.derived.pk}/")["derived_from"])
        none = {"corroborates": 0, "contradicts": 0, "context": 0}
        self.assertEqual(self.get(by, f"claims/{self.claim.pk}/")["evidence_counts"], none)
        body = {"claim": self.claim.pk, "source": self.source.pk, "stance": "context", "note": "N."}
        self.assertEqual(self.post(by, "evidence/", body, 400)["errors"][0]["pointer"], "/source")

    def test_it_is_there_for_the_others(self) -> None:
        self.assertEqual(self.get(self.editor, f"sources/{self.source.pk}/")["title"], "A hidden hand")
        self.assertEqual(self.get(self.editor, f"sources/{self.derived.pk}/")["derived_from"], self.source.pk)
        self.assertEqual(self.get(self.editor, f"claims/{self.claim.pk}/")["evidence_counts"]["corroborates"], 1)

    def test_a_verdict_names_only_evidence_one_may_see(self) -> None:
        self.post(build.the(Role.RESEARCHER), f"claims/{self.claim.pk}/steps/",
                  {"step": "submit_for_review", "none_contradicting": "Two archives."}, 200)  # fmt: skip
        for _ in range(2):
            build.verdict(self.claim, by=build.person(Role.REVIEWER), relied_on=[self.evidence])
        verdicts = self.get(self.outsider, "verdicts/")["results"]
        self.assertEqual([v["relied_on"] for v in verdicts], [[], []])
        self.assertEqual(self.get(self.editor, "verdicts/")["results"][0]["relied_on"], [self.evidence.pk])

    def test_what_becomes_confidential_disappears(self) -> None:
        open_one = build.source(title="Open for now")
        self.assertEqual(self.get(self.outsider, f"sources/{open_one.pk}/")["title"], "Open for now")
        sources.edit(source=open_one, confidential=True, by=build.the(Role.RESEARCHER))
        self.call(self.outsider, "GET", f"sources/{open_one.pk}/", expect=404)


class TheRecord(ApiCase):
    def test_it_is_for_those_whose_role_reads_it(self) -> None:
        build.identified()
        for role, status in ((Role.AUDITOR, 200), (Role.EDITOR, 200), (Role.RESEARCHER, 403), (Role.PUBLISHER, 403)):
            with self.subTest(role):
                self.call(build.person(role), "GET", "audit-events/", expect=status)


class RulesBindSuperusers(ApiCase):
    """A superuser has every permission, and is refused by the rules all the same."""

    def setUp(self) -> None:
        super().setUp()
        self.all = build.person(superuser=True)

    def refused(self, path: str, body: Any, rule: str) -> None:
        codes = [refusal["code"] for refusal in self.post(self.all, path, body, 409)["refusals"]]
        self.assertIn(rule, codes)

    def verdict(self, claim: int, rating: str = "true") -> dict[str, Any]:
        return {"claim": claim, "rating": rating, "rationale": "So.", "confidence": "low"}

    def test_judging_what_one_researched(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        build.cite(claim, by=self.all)
        step = {"step": "submit_for_review", "none_contradicting": "Two archives."}
        self.post(self.all, f"claims/{claim.pk}/steps/", step, 200)
        self.refused("verdicts/", self.verdict(claim.pk), "reviewer_did_not_research")
        build.verdict(claim, "true")
        build.verdict(claim, "false")
        adjudicate = {"step": "adjudicate", "rating": "true", "reason": "So."}
        self.refused(f"claims/{claim.pk}/steps/", adjudicate, "adjudicator_did_not_research")

    def test_adjudicating_what_one_reviewed(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        self.post(self.all, "verdicts/", self.verdict(claim.pk))
        build.verdict(claim, "false")
        adjudicate = {"step": "adjudicate", "rating": "true", "reason": "So."}
        self.refused(f"claims/{claim.pk}/steps/", adjudicate, "adjudicator_did_not_review")

    def test_confirming_ones_own_set_aside(self) -> None:
        claim = build.identified()
        given = {"step": "set_aside", "triage_reason": "opinion", "note": "A feeling."}
        self.post(self.all, f"claims/{claim.pk}/steps/", given, 200)
        path = f"claims/{claim.pk}/steps/"
        self.refused(path, {"step": "confirm_set_aside"}, "set_aside_is_confirmed_by_another_person")

    def test_signing_off_with_open_sentences_or_what_one_judged(self) -> None:
        on = build.article()
        claim = build.claim(ClaimState.IN_REVIEW, on)
        self.post(self.all, "verdicts/", self.verdict(claim.pk))
        self.refused(f"articles/{on.pk}/sign-off/", {}, "sentence_is_open")
        self.refused(f"articles/{on.pk}/sign-off/", {}, "editor_did_not_judge")

    def test_publishing_what_one_signed_off_or_what_nobody_did(self) -> None:
        on = build.settled()
        self.refused(f"articles/{on.pk}/publications/", {}, "not_from_this_state")
        self.post(self.all, f"articles/{on.pk}/sign-off/", {})
        self.refused(f"articles/{on.pk}/publications/", {}, "publication_is_signed_off_by_another")

    def test_a_verdict_on_what_has_changed_meanwhile(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        digest = self.get(self.all, f"claims/{claim.pk}/")["digest"]
        build.cite(claim)
        self.refused("verdicts/", self.verdict(claim.pk) | {"digest": digest}, "verdict_is_in_an_open_round")

    def test_the_same_verdict_twice_is_one(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        first = self.post(self.all, "verdicts/", self.verdict(claim.pk))
        self.assertEqual(self.post(self.all, "verdicts/", self.verdict(claim.pk)), first)
        second = self.post(self.all, "verdicts/", self.verdict(claim.pk, "false"))
        self.assertEqual(second["supersedes"], first["id"])
