"""The claim's page in the admin: what is in sight, its steps, and what a refusal leaves behind."""

from __future__ import annotations

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from claims.actions import steps
from claims.admin.steps import WHAT_HAPPENS
from claims.choices import ClaimState, Role, Stance
from claims.models import Anchor, Article, AuditEvent, Claim, Decision, Evidence, Source, Verdict
from claims.workflow import ARTICLE_STEPS, CLAIM_STEPS, JUDGE, ask
from tests import build
from tests.test_admin_base import client_of, url

CLAIM = {
    "exact": build.CLAIMS[0], "prefix": "", "suffix": "", "start": "", "end": "", "place": "",
    "statement": "The harbour was closed.", "headline": "", "kind": "event", "claimant": "The Post",
    "attribution": "The mayor\r\nA clerk", "stated_on": "", "importance": "central", "topics": "", "assignee": "",
    "due_at_0": "", "due_at_1": "",
}  # fmt: skip


def step_url(claim: Claim, step: str) -> str:
    return url(Claim, "step", claim.pk, step)


class Writing(TestCase):
    def setUp(self) -> None:
        self.article = build.article()
        self.researcher = build.the(Role.RESEARCHER)
        self.client = client_of(self.researcher)

    def test_a_claim_is_written_from_a_quote(self) -> None:
        answer = self.client.post(url(Claim, "add"), {**CLAIM, "article": self.article.pk})
        claim = Claim.objects.get()
        self.assertRedirects(answer, url(Claim, "changelist"))
        self.assertEqual((claim.attribution, claim.importance), (["The mayor", "A clerk"], "central"))
        self.assertEqual(claim.current_anchor().exact, build.CLAIMS[0])
        self.assertEqual(AuditEvent.objects.of(claim).first().action, "claim.identify")

    def test_the_button_pressed_twice_writes_one_claim(self) -> None:
        for _ in range(2):
            self.client.post(url(Claim, "add"), {**CLAIM, "article": self.article.pk})
        self.assertEqual(Claim.objects.count(), 1)

    def test_a_quote_that_recurs_offers_its_places(self) -> None:
        data = {**CLAIM, "article": self.article.pk, "exact": "The "}
        answer = self.client.post(url(Claim, "add"), data)
        self.assertContains(answer, "stands in several places")
        self.assertContains(answer, "The harbour was closed.")  # what was typed is there still
        place = answer.context["adminform"].form.fields["place"].widget.choices[1][0]
        self.client.post(url(Claim, "add"), {**data, "place": place})
        self.assertEqual(Claim.objects.get().current_anchor().start, int(place.split(":")[0]))

    def test_a_quote_that_is_not_there_keeps_what_was_typed(self) -> None:
        data = {**CLAIM, "article": self.article.pk, "exact": "Nobody wrote this."}
        answer = self.client.post(url(Claim, "add"), data)
        self.assertContains(answer, "does not stand in the text")
        self.assertContains(answer, "The harbour was closed.")
        self.assertFalse(Claim.objects.exists())

    def test_nonsense_in_a_relation_is_an_error_in_the_form(self) -> None:
        for nonsense in ("abc", "9" * 40, "-1"):
            with self.subTest(nonsense):
                answer = self.client.post(url(Claim, "add"), {**CLAIM, "article": nonsense})
                self.assertEqual(answer.status_code, 200)
                self.assertEqual(self.client.get(url(Claim, "add") + f"?article={nonsense}").status_code, 200)

    def test_a_claim_is_edited_field_by_field(self) -> None:
        claim = build.identified(self.article)
        page = self.client.get(url(Claim, "change", claim.pk))
        form = page.context["adminform"].form
        data = {**CLAIM, "statement": claim.statement, "headline": "Closed", "seen": form["seen"].value()}
        self.client.post(url(Claim, "change", claim.pk), data)
        claim.refresh_from_db()
        self.assertEqual(claim.headline, "Closed")
        # Somebody who opened the page before is told, and what they typed is kept.
        answer = self.client.post(url(Claim, "change", claim.pk), {**data, "headline": "Shut"})
        self.assertContains(answer, "Somebody changed this since you opened it")
        self.assertContains(answer, 'value="Shut"')
        claim.refresh_from_db()
        self.assertEqual(claim.headline, "Closed")
        again = answer.context["adminform"].form["seen"].value()
        self.client.post(url(Claim, "change", claim.pk), {**data, "headline": "Shut", "seen": again})
        claim.refresh_from_db()
        self.assertEqual(claim.headline, "Shut")

    def test_a_fuzzy_place_is_settled(self) -> None:
        claim = build.identified(self.article)
        text = build.TEXT.replace("was closed on 3 May 2023", "was shut on 3 May 2023")
        editor = client_of(build.the(Role.EDITOR))
        data = {"text": text, "media_type": "text/markdown", "note": ""}
        answer = editor.post(url(Article, "revise", self.article.pk), data, follow=True)
        self.assertContains(answer, "1 fuzzy")
        self.assertEqual(Claim.objects.get().current_anchor().status, "fuzzy")
        page = self.client.get(url(Claim, "change", claim.pk))
        self.assertContains(page, "Its place is not settled (fuzzy")
        data = {"exact": "The harbour was shut on 3 May 2023.", "prefix": "", "suffix": "", "place": ""}
        self.client.post(url(Claim, "anchor", claim.pk), data)
        self.assertTrue(Claim.objects.get().current_anchor().settled)
        self.assertGreater(Anchor.objects.count(), 1)

    def test_evidence_is_cited_once_and_withdrawn_with_a_reason(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING, self.article)
        source = build.source()
        page = self.client.get(url(Evidence, "add") + f"?claim={claim.pk}")
        self.assertContains(page, claim.statement)
        data = {"claim": claim.pk, "source": source.pk, "stance": "contradicts", "addresses": "true",
                "excerpt": "It was open.", "locator": "", "note": "", "visibility": "public"}  # fmt: skip
        for _ in range(2):
            self.assertRedirects(self.client.post(url(Evidence, "add"), data), url(Claim, "change", claim.pk))
        row = Evidence.objects.get()
        self.assertContains(self.client.post(url(Evidence, "withdraw", row.pk), {"reason": " "}), "required")
        self.client.post(url(Evidence, "withdraw", row.pk), {"reason": "A forgery."})
        row.refresh_from_db()
        self.assertEqual(row.withdrawn_reason, "A forgery.")
        self.assertEqual(self.client.post(url(Evidence, "change", row.pk), data).status_code, 403)

    def test_a_source_that_derives_from_itself_is_an_error_in_the_form(self) -> None:
        source = build.source(title="Round and round")
        data = {"title": "Round and round", "kind": "document", "tier": "primary", "derived_from": source.pk}
        answer = self.client.post(url(Source, "change", source.pk), data)
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(answer.context["adminform"].form.errors)


class Sight(TestCase):
    def test_everything_is_in_sight_together(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        source = build.source(title="The minutes", affiliation="The city", confidential=True)
        build.cite(claim, Stance.CONTRADICTS, source=source, excerpt="It stayed open.", note="Page two.")
        page = client_of(build.the(Role.RESEARCHER)).get(url(Claim, "change", claim.pk))
        for words in ("<mark>The harbour was closed on 3 May 2023.</mark>", "It was a shame.", "Contradicts",
                      "The minutes", "speaks for The city", "Confidential", "It stayed open.", "Page two.",
                      f"?claim={claim.pk}", "There are no verdicts that you may see."):  # fmt: skip
            self.assertContains(page, words)

    def test_every_step_is_a_link_or_a_greyed_button_that_says_why(self) -> None:
        for state in (ClaimState.RESEARCHING, ClaimState.IN_REVIEW):
            claim = build.claim(state)
            for role in (Role.RESEARCHER, Role.REVIEWER, Role.EDITOR):
                person = build.the(role)
                page = client_of(person).get(url(Claim, "change", claim.pk))
                for step in (*CLAIM_STEPS, JUDGE):
                    refusals = ask(step, claim, person, {"none_contradicting": "said"})
                    with self.subTest(state=state, role=role, step=step.name):
                        if refusals:
                            self.assertContains(page, refusals[0].message.replace("'", "&#x27;"))
                            self.assertNotContains(page, step_url(claim, step.name))
                            self.assertContains(page, f'aria-describedby="why-{step.name}"')
                        else:
                            self.assertContains(page, step_url(claim, step.name))

    def test_every_step_says_what_will_happen(self) -> None:
        self.assertEqual(set(WHAT_HAPPENS), {s.name for s in (*CLAIM_STEPS, JUDGE, *ARTICLE_STEPS)})

    def test_a_superuser_is_bound_by_the_rules(self) -> None:
        root = build.person(Role.RESEARCHER, superuser=True)
        claim = build.claim(ClaimState.RESEARCHING)
        build.cite(claim, by=root)
        steps.take(claim=claim, step="submit_for_review", by=root, none_contradicting="Nowhere.")
        client = client_of(root)
        self.assertContains(client.get(url(Claim, "change", claim.pk)), "so you do not judge it")
        data = {"rating": build.rating().pk, "confidence": "high", "rationale": "Mine is right."}
        answer = client.post(step_url(claim, "judge"), data)
        self.assertContains(answer, "so you do not judge it")
        self.assertContains(answer, "Mine is right.")
        self.assertFalse(Verdict.objects.exists())

    def test_the_page_costs_the_same_whatever_evidence_there_is(self) -> None:
        claim, costs = build.claim(ClaimState.RESEARCHING), []
        for more in (1, 2, 10):
            for _ in range(more):
                build.cite(claim)
            client = client_of(build.the(Role.EDITOR))
            with CaptureQueriesContext(connection) as queries:
                client.get(url(Claim, "change", claim.pk))
            costs.append(len(queries))
        self.assertEqual(len(set(costs)), 1, costs)


class Taking(TestCase):
    def test_a_claim_goes_all_the_way(self) -> None:
        claim = build.identified()
        researcher, reviewers = build.the(Role.RESEARCHER), [build.person(Role.REVIEWER) for _ in range(2)]
        client_of(researcher).post(step_url(claim, "triage"), {"assignee": researcher.pk})
        build.cite(claim)
        refused = client_of(researcher).post(step_url(claim, "submit_for_review"), {"none_contradicting": ""})
        self.assertContains(refused, "Cite contradicting evidence")
        client_of(researcher).post(step_url(claim, "submit_for_review"), {"none_contradicting": "In two archives."})
        for reviewer, code in zip(reviewers, ("true", "false"), strict=True):
            page = client_of(reviewer).get(step_url(claim, "judge"))
            digest = page.context["form"]["digest"].value()
            data = {"rating": build.rating(code).pk, "confidence": "high", "rationale": "As it says.",
                    "relied_on": [Evidence.objects.get().pk], "digest": digest}  # fmt: skip
            answer = client_of(reviewer).post(step_url(claim, "judge"), data)
            self.assertRedirects(answer, url(Claim, "change", claim.pk))
        claim.refresh_from_db()
        self.assertEqual(claim.state, ClaimState.DISPUTED)
        decides = {"rating": build.rating("half_true").pk, "reason": "Both have a point."}
        adjudicator = client_of(build.the(Role.ADJUDICATOR))
        adjudicator.post(step_url(claim, "adjudicate"), decides)
        claim.refresh_from_db()
        self.assertEqual((claim.state, claim.decision.reason), (ClaimState.DECIDED, "Both have a point."))
        # Pressed twice: one decision, and a plain word about it.
        again = adjudicator.post(step_url(claim, "adjudicate"), decides, follow=True)
        self.assertContains(again, "You have done this already: C1 is decided")
        self.assertEqual(Decision.objects.count(), 1)
        # Somebody else too late: told why, with what they typed.
        late = client_of(build.person(Role.ADJUDICATOR)).post(
            step_url(claim, "adjudicate"), {**decides, "reason": "I was about to."}
        )
        self.assertContains(late, "possible when disputed; this is decided")
        self.assertContains(late, "I was about to.")
        self.assertFalse(AuditEvent.objects.filter(outside=True, object_type="claim").exists())

    def test_a_verdict_is_on_what_the_reviewer_saw(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        reviewer = client_of(build.person(Role.REVIEWER))
        seen = reviewer.get(step_url(claim, "judge")).context["form"]["digest"].value()
        build.cite(claim, Stance.CONTRADICTS, excerpt="New to you.")
        data = {"rating": build.rating().pk, "confidence": "low", "rationale": "Before I saw it.", "digest": seen}
        answer = reviewer.post(step_url(claim, "judge"), data)
        self.assertContains(answer, "New to you.")
        self.assertContains(answer, "Before I saw it.")
        self.assertFalse(Verdict.objects.exists())
        fresh = answer.context["form"]["digest"].value()
        reviewer.post(step_url(claim, "judge"), {**data, "digest": fresh})
        reviewer.post(step_url(claim, "judge"), {**data, "digest": fresh})
        self.assertEqual(Verdict.objects.count(), 1)

    def test_only_a_quotation_is_asked_whether_it_was_said(self) -> None:
        for kind, asked in (("quotation", True), ("event", False)):
            claim = build.claim(ClaimState.IN_REVIEW, kind=kind)
            form = client_of(build.the(Role.REVIEWER)).get(step_url(claim, "judge")).context["form"]
            self.assertEqual("said_rating" in form.fields, asked)

    def test_setting_aside_and_duplicates(self) -> None:
        article = build.article()
        one, two = build.identified(article), build.identified(article, build.CLAIMS[1])
        researcher = client_of(build.the(Role.RESEARCHER))
        researcher.post(step_url(one, "set_aside"), {"triage_reason": "opinion", "note": "A feeling."})
        self.assertContains(researcher.post(step_url(one, "confirm_set_aside")), "somebody else confirms it")
        client_of(build.the(Role.REVIEWER)).post(step_url(one, "confirm_set_aside"))
        one.refresh_from_db()
        self.assertEqual(one.confirmed_by, build.the(Role.REVIEWER))
        researcher.post(step_url(two, "mark_duplicate"), {"duplicate_of": one.pk})
        two.refresh_from_db()
        self.assertEqual((two.state, two.duplicate_of), (ClaimState.DUPLICATE, one))
        reopens = {"reason": "Not the same.", "correction_type": ""}
        client_of(build.the(Role.EDITOR)).post(step_url(two, "reopen"), reopens)
        two.refresh_from_db()
        self.assertEqual(two.state, ClaimState.RESEARCHING)

    def test_no_such_step_is_not_found(self) -> None:
        claim = build.identified()
        client = client_of(build.the(Role.EDITOR))
        for page in (step_url(claim, "delete"), url(Claim, "step", 999_999, "triage"), url(Claim, "anchor", 10**30)):
            self.assertEqual(client.get(page).status_code, 404)


class History(TestCase):
    def test_history_is_the_trail(self) -> None:
        claim = build.claim(ClaimState.NOT_CHECKABLE)
        Claim.objects.filter(pk=claim.pk).update(headline="Written in a shell")
        page = client_of(build.the(Role.EDITOR)).get(url(Claim, "history", claim.pk))
        for words in (
            "claim.identify",
            "claim.set_aside",
            "A feeling.",
            "Set aside as not checkable",
            '<span class="words">Identified</span></del> → <ins>',
            "Outside the desk",
            "as the database role",
            "Written in a shell</span></ins>",
            "the-researcher",
        ):
            self.assertContains(page, words)

    def test_a_long_history_has_pages(self) -> None:
        claim = build.identified()
        for n in range(55):
            Claim.objects.filter(pk=claim.pk).update(headline=f"Headline{n}")
        client = client_of(build.the(Role.EDITOR))
        page = client.get(url(Claim, "history", claim.pk))
        self.assertNotContains(page, "Headline2<")
        older = client.get(url(Claim, "history", claim.pk) + f"?before={page.context['older']}")
        self.assertContains(older, "Headline2<")
        self.assertContains(older, "Newest")
        self.assertEqual(client.get(url(Claim, "history", claim.pk) + "?before=abc").status_code, 200)
