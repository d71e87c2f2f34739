"""Agreement between reviewers: what is counted, who sees what, and that no open round is in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.actions import articles, recusals, steps
from claims.choices import ClaimState, Role
from claims.models import Claim, Person, Rating, RatingScale
from claims.reliability import Figures, Question, agreement_for
from tests import build
from tests.test_admin_base import client_of
from tests.test_api_desk import ApiCase

SENTENCES = [f"Crane number {n} was sold in June." for n in range(40)]
TEXT = "# Cranes\n\n" + "\n\n".join(SENTENCES)
LAST = {Question.RATING: "true", Question.SAID_RATING: ""}


class Judged(TestCase):
    """Two reviewers and claims to judge."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.on = build.article(TEXT)
        cls.ana, cls.ben, cls.cid = (build.person(Role.REVIEWER, username=name) for name in ("ana", "ben", "cid"))
        cls.editor = build.person(Role.EDITOR)
        cls.used = 0

    def claim(self, **given: Any) -> Claim:
        type(self).used += 1
        return build.claim(ClaimState.IN_REVIEW, self.on, SENTENCES[self.used - 1], **given)

    def setUp(self) -> None:
        type(self).used = 0

    def judge(self, one: str, other: str, by: tuple[Person, Person] | None = None, **given: Any) -> Claim:
        claim = self.claim(**given)
        said = {"said_rating": "verbatim"} if claim.kind == "quotation" else {}
        for person, code in zip(by or (self.ana, self.ben), (one, other), strict=True):
            build.verdict(claim, code, by=person, **said)
        return claim

    def desk(self, **given: Any) -> Figures:
        [found] = agreement_for(self.editor, **given)
        return found.desk


class Counting(Judged):
    def test_the_figures_of_a_small_desk(self) -> None:
        for one, other in (("true", "true"), ("true", "mostly_true"), ("false", "false"), ("misleading", "false")):
            self.judge(one, other)
        found = self.desk()
        self.assertEqual((found.units, found.verdicts, found.percent, found.unrated), (4, 8, 0.5, 1))
        self.assertEqual(found.ordinal_units, 3)
        self.assertTrue(found.few)
        self.assertIsNone(found.kappa)
        # By hand: 4 coincidences of 8 differ; 3 true, 1 mostly_true, 3 false, 1 misleading: 44 of 56 pairs differ.
        self.assertAlmostEqual(found.alpha_nominal, 1 - 7 * 4 / 44)
        self.assertGreater(found.alpha_ordinal, found.alpha_nominal)
        [entry] = agreement_for(self.editor)
        [pair] = entry.pairs
        self.assertEqual({p.username for p in pair.reviewers}, {"ana", "ben"})
        # Both agree in 2 of 4; by chance in (2*1 + 1*2) / 16.
        self.assertAlmostEqual(pair.figures.kappa, (8 - 4) / (16 - 4))
        self.assertEqual(pair.figures.alpha_nominal, found.alpha_nominal)

    def test_nothing_judged_is_no_entry(self) -> None:
        self.assertEqual(agreement_for(self.editor), [])
        build.verdict(self.claim(), by=self.ana)
        self.assertEqual(agreement_for(self.editor), [])

    def test_all_the_same_is_not_defined(self) -> None:
        self.judge("true", "true")
        found = self.desk()
        self.assertEqual((found.percent, found.alpha_nominal, found.alpha_ordinal), (1, None, None))

    def test_a_second_verdict_takes_the_place_of_the_first(self) -> None:
        claim = self.claim()
        build.verdict(claim, "false", by=self.ana)
        build.verdict(claim, "true", by=self.ana)
        build.verdict(claim, "true", by=self.ben)
        self.assertEqual(self.desk().percent, 1)

    def test_who_steps_back_afterwards_is_left_out(self) -> None:
        claim = self.judge("true", "false")
        self.assertEqual(self.desk().units, 1)
        recusals.recuse(claim=claim, note="My brother-in-law's harbour.", by=self.ana)
        self.assertEqual(agreement_for(self.editor), [])

    def test_what_became_stale_in_the_round_does_not_count_what_did_afterwards_does(self) -> None:
        claim = self.claim()
        build.verdict(claim, "false", by=self.cid)
        build.cite(claim)  # what cid judged is no more
        build.verdict(claim, "true", by=self.ana)
        build.verdict(claim, "true", by=self.ben)
        self.assertEqual(Claim.objects.get(pk=claim.pk).state, ClaimState.DECIDED)
        before = self.desk()
        self.assertEqual((before.units, before.verdicts, before.percent), (1, 2, 1))
        build.cite(claim)  # now the decision is stale; how alike the two judged is not
        self.assertEqual(self.desk(), before)

    def test_each_round_is_a_unit_and_a_returned_one_counts_when_it_has_closed(self) -> None:
        claim = self.judge("true", "true")
        steps.take(claim=claim, step="return_to_research", by=build.the(Role.EDITOR), reason="A new source.")
        steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER))
        build.verdict(claim, "false", by=self.ana)
        self.assertEqual((self.desk().units, self.desk().percent), (1, 1))
        build.verdict(claim, "true", by=self.ben)
        self.assertEqual((self.desk().units, self.desk().percent), (2, 0.5))

    def test_the_period_is_of_the_day_a_round_ended(self) -> None:
        self.judge("true", "true")
        today = timezone.now().date()
        day = timedelta(days=1)
        self.assertEqual(self.desk(since=today - day, until=today + day).units, 1)
        self.assertEqual(agreement_for(self.editor, since=today + 2 * day), [])
        self.assertEqual(agreement_for(self.editor, until=today - 2 * day), [])
        self.assertEqual(self.desk(since=date.min, until=date.max).units, 1)

    def test_whether_it_was_said_is_asked_of_quotations_alone(self) -> None:
        self.judge("true", "true")
        self.assertEqual(agreement_for(self.editor, question=Question.SAID_RATING), [])
        self.judge("true", "false", kind="quotation")
        [found] = agreement_for(self.editor, question=Question.SAID_RATING)
        self.assertEqual((found.scale, found.desk.units, found.desk.percent), ("", 1, 1))
        self.assertEqual((found.desk.alpha_ordinal, found.desk.unrated), (None, 0))

    def test_ratings_of_two_scales_are_not_compared(self) -> None:
        self.judge("true", "false")
        scale = RatingScale.objects.create(name="Two words")
        yes = Rating.objects.create(scale=scale, code="true", label="Yes", definition="Yes.", value=2, position=1)
        other = build.article()
        type(other).objects.filter(pk=other.pk).update(scale=scale)
        claim = build.claim(ClaimState.IN_REVIEW, type(other).objects.get(pk=other.pk))
        for person in (self.ana, self.ben):
            build.verdicts.file(claim=claim, rating=yes, by=person, rationale="So.", confidence="low")
        self.assertEqual([(e.scale == "Two words", e.desk.percent) for e in agreement_for(self.editor)],
                         [(False, 0), (True, 1)])  # fmt: skip

    def test_three_reviewers_are_one_unit_and_three_pairs(self) -> None:
        articles.edit(article=self.on, quorum=3, votes_to_carry=2, by=build.the(Role.EDITOR))
        claim = self.claim()
        for person, code in ((self.ana, "true"), (self.ben, "true"), (self.cid, "false")):
            build.verdict(claim, code, by=person)
        [entry] = agreement_for(self.editor)
        self.assertEqual((entry.desk.units, entry.desk.verdicts), (1, 3))
        self.assertAlmostEqual(entry.desk.percent, 1 / 3)
        self.assertEqual(sorted(pair.figures.percent for pair in entry.pairs), [0, 0, 1])

    def test_five_queries_however_much_there_is(self) -> None:
        counts = set()
        for _ in range(3):
            self.judge("true", "false")
            self.judge("true", "false", by=(self.cid, self.ben))
            self.editor = Person.objects.get(pk=self.editor.pk)
            self.editor.get_all_permissions()
            with CaptureQueriesContext(connection) as queries:
                agreement_for(self.editor)
            counts.add(len(queries))
        self.assertEqual(counts, {4})


class WhoSees(Judged):
    def test_pairs_are_the_twos_and_the_records_readers(self) -> None:
        self.judge("true", "false")
        self.judge("true", "true", by=(self.ben, self.cid))

        def pairs(person: Person) -> set[str]:
            [entry] = agreement_for(person)
            self.assertEqual(entry.desk.units, 2)
            return {"+".join(sorted(p.username for p in pair.reviewers)) for pair in entry.pairs}

        every = {"ana+ben", "ben+cid"}
        self.assertEqual(pairs(self.ana), {"ana+ben"})
        self.assertEqual(pairs(self.ben), every)
        self.assertEqual(pairs(build.person(Role.REVIEWER)), set())
        self.assertEqual(pairs(build.the(Role.RESEARCHER)), set())
        for role in (Role.EDITOR, Role.AUDITOR):
            self.assertEqual(pairs(build.person(role)), every)


class Blind(ApiCase):
    """Whichever rating is filed in an open round, and whether one is: every byte stays."""

    ROLES = (Role.RESEARCHER, Role.REVIEWER, Role.ADJUDICATOR, Role.EDITOR, Role.PUBLISHER, Role.AUDITOR)

    def answers(self) -> list[str]:
        found = []
        for person in self.people:
            for path in ("agreement/", "agreement/?question=said_rating", "agreement/?from=2020-01-01&to=2099-01-01",
                         f"claims/{self.open.pk}/similar/", f"claims/{self.closed.pk}/similar/",
                         "claims/similar/?text=The+harbour+was+closed"):  # fmt: skip
                answer = self.call(person, "GET", path)
                found.append(answer.headers["ETag"] + answer.content.decode())
            page = client_of(person).get(reverse("admin:agreement"))
            found.append(page.content.decode().split('id="content"')[1])
        return found

    def test_a_verdict_of_an_open_round_changes_no_figure(self) -> None:
        self.first = build.person(Role.REVIEWER)
        second = build.person(Role.REVIEWER)
        on = build.article()
        self.closed = build.claim(ClaimState.IN_REVIEW, on)
        build.verdict(self.closed, "true", by=self.first)
        build.verdict(self.closed, "false", by=second)
        # A round before on the same claim; now it is open again, as is another claim's first.
        steps.take(claim=self.closed, step="return_to_research", by=build.the(Role.EDITOR), reason="New sources.")
        steps.take(claim=self.closed, step="submit_for_review", by=build.the(Role.RESEARCHER))
        # Two verdicts in a round that is open would make a unit, as one does not.
        three = build.article()
        articles.edit(article=three, quorum=3, votes_to_carry=2, by=build.the(Role.EDITOR))
        self.open = build.claim(ClaimState.IN_REVIEW, three, build.CLAIMS[1])
        build.verdict(self.open, "true", by=second)
        self.people = [self.first, second, *(build.the(role) for role in self.ROLES), build.person(superuser=True)]
        self.people[-1].groups.add(*self.people[1].groups.all())
        before = self.answers()
        self.assertIn('"units":1', before[0])
        for code in ("true", "false", "misleading"):
            build.verdict(self.open, code, by=self.first)
            build.verdict(self.closed, code, by=self.first)
            self.assertEqual(self.answers(), before)
        build.verdict(self.open, "true")
        self.assertNotEqual(self.answers(), before)


class Doors(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.reviewer = build.person(Role.REVIEWER, username="rita")
        claim = build.claim(ClaimState.IN_REVIEW)
        build.verdict(claim, "true", by=self.reviewer)
        build.verdict(claim, "false")

    def test_rest(self) -> None:
        found = self.get(build.person(Role.AUDITOR), "agreement/")
        [entry] = found["scales"]
        self.assertTrue(found["all_pairs"])
        self.assertEqual(entry["desk"], {
            "units": 1, "verdicts": 2, "few": True, "percent_agreement": 0.0, "alpha_nominal": 0.0,
            "alpha_ordinal": 0.0, "ordinal_units": 1, "unrated": 0,
        })  # fmt: skip
        [pair] = entry["pairs"]
        self.assertEqual((pair["figures"]["kappa"], pair["reviewers"][0]["username"]), (0.0, "rita"))
        mine = self.get(build.the(Role.RESEARCHER), "agreement/")
        self.assertFalse(mine["all_pairs"])
        self.assertEqual((mine["scales"][0]["pairs"], mine["scales"][0]["desk"]), ([], entry["desk"]))

    def test_what_is_asked_wrongly_is_named(self) -> None:
        wrong = {"from": ("soon", "2024-02-30", "0000-01-01", "\0", "1e3"), "to": ("x", "2024-13-01", "99999-01-01"),
                 "question": ("truth", "rating,said_rating"), "nothing": ("1",)}  # fmt: skip
        for name, values in wrong.items():
            for value in values:
                with self.subTest(f"{name}={value!r}"):
                    answer = self.call(self.reviewer, "GET", "agreement/", {name: value}, 400).json()
                    self.assertEqual([error["parameter"] for error in answer["errors"]], [name])
        query = {"from": "2024-05-02", "to": "2024-05-01"}
        answer = self.call(self.reviewer, "GET", "agreement/", query, 400).json()
        self.assertEqual([error["parameter"] for error in answer["errors"]], ["to"])
        for far in ("0001-01-01", "9999-12-31"):
            self.call(self.reviewer, "GET", "agreement/", {"from": far, "to": far})
        self.call(self.reviewer, "GET", "agreement/?from=2024-01-01&from=2024-01-02", expect=400)

    def test_the_page(self) -> None:
        page = client_of(build.the(Role.EDITOR)).get(reverse("admin:agreement"))
        self.assertContains(page, "rita and ")
        self.assertContains(page, "Few")
        self.assertContains(page, "0.000")
        self.assertContains(client_of(build.the(Role.EDITOR)).get(reverse("admin:index")), reverse("admin:agreement"))
        page = client_of(build.the(Role.RESEARCHER)).get(reverse("admin:agreement"))
        self.assertContains(page, "The whole desk")
        self.assertNotContains(page, "rita")
        self.assertEqual(client_of(build.person()).get(reverse("admin:agreement")).status_code, 403)

    def test_the_page_says_what_is_wrong_with_a_period(self) -> None:
        client = client_of(build.the(Role.EDITOR))
        page = client.get(reverse("admin:agreement"), {"since": "2024-05-02", "until": "2024-05-01"})
        self.assertContains(page, "ends before it begins")
        for query in ({"since": "x"}, {"until": "\0"}, {"question": "truth"}, {"since": "0000-00-00"}):
            with self.subTest(query):
                self.assertContains(client.get(reverse("admin:agreement"), query), "Nothing is shown")
        page = client.get(reverse("admin:agreement"), {"until": "2001-01-01", "question": "said_rating"})
        self.assertContains(page, "No closed round")

    def test_no_figure_stands_beside_the_verdict_form(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        for page in ("admin:claims_claim_step", "admin:claims_claim_change"):
            args = [claim.pk, "judge"] if page.endswith("step") else [claim.pk]
            answer = client_of(self.reviewer).get(reverse(page, args=args))
            for word in ("alpha", "kappa", reverse("admin:agreement")):
                self.assertNotContains(answer, word)
