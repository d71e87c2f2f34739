"""Stepping back, withdrawing and restoring, the two questions of a quotation, the desk's settings: at every door."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from claims.actions import articles, claims, desk, evidence, publications, recusals, signoffs, sources, steps, verdicts
from claims.choices import ClaimState, Role, Stance, Tier
from claims.models import Claim, Decision, DeskSettings, Notification, Recusal, Verdict
from claims.publishing.snapshot import build as snapshot
from claims.queries import standing_of
from claims.rules import Refused
from tests import build
from tests.test_rules import Doors


class SteppingBack(Doors):
    """judge_is_not_recused: whoever has stepped back from a claim neither reviews nor adjudicates it."""

    rule = "judge_is_not_recused"

    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.reviewer = build.person(Role.REVIEWER, Role.ADJUDICATOR, superuser=True)

    def test_at_every_door(self) -> None:
        recusals.recuse(claim=self.claim, note="My sister works there.", by=self.reviewer)
        words = {"rationale": "I know it.", "confidence": "high"}
        filed = {"claim": self.claim.pk, "rating": "true", **words}
        row = Verdict(claim=self.claim, round=1, reviewer=self.reviewer, rating=build.rating(), **words)
        self.assertEqual(self.action(lambda: build.verdict(self.claim, by=self.reviewer)), {self.rule})
        self.assertEqual(self.rest(self.reviewer, "verdicts/", filed), {self.rule})
        self.assertEqual(self.database(row.save), {self.rule})
        self.assertEqual(self.database(lambda: Verdict.objects.bulk_create([row])), {self.rule})
        columns = "claim_id, round, reviewer_id, rating_id, said_rating, rationale, confidence, digest, submitted_at"
        values = [self.claim.pk, 1, self.reviewer.pk, build.rating().pk, "", "x", "high", "", timezone.now()]
        marks = ", ".join(["%s"] * len(values))
        self.assertEqual(self.sql(f"INSERT INTO claims_verdict ({columns}) VALUES ({marks})", *values), {self.rule})
        form = {"rating": build.rating().pk, **words}
        self.admin(self.reviewer, f"claim/{self.claim.pk}/step/judge/", form, "You have stepped back from this claim")
        self.assertEqual(Verdict.objects.count(), 0)

    def test_an_adjudicator_is_bound_by_it_too(self) -> None:
        disputed = build.claim(ClaimState.DISPUTED, build.article())
        recusals.recuse(claim=disputed, note="I wrote for them.", by=self.reviewer)
        given = {"step": "adjudicate", "rating": build.rating(), "reason": "So."}
        self.assertEqual(self.action(lambda: steps.take(claim=disputed, by=self.reviewer, **given)), {self.rule})
        body = given | {"rating": "true"}
        self.assertEqual(self.rest(self.reviewer, f"claims/{disputed.pk}/steps/", body), {self.rule})

    def test_it_is_for_good_and_in_ones_own_name(self) -> None:
        recusals.recuse(claim=self.claim, note="My sister works there.", by=self.reviewer)
        self.assertEqual(
            self.action(lambda: recusals.recuse(claim=self.claim, note="Again.", by=self.reviewer)), {self.rule}
        )
        self.assertEqual(self.sql("DELETE FROM claims_recusal"), {"nothing_is_deleted"})
        self.assertEqual(self.sql("UPDATE claims_recusal SET note = 'Nothing.'"), {"recusal_is_never_edited"})
        with self.assertRaisesRegex(ValidationError, "conflict of interest"):
            recusals.recuse(claim=self.claim, note=" ", by=build.person(Role.REVIEWER))
        self.assertEqual(
            self.action(lambda: recusals.recuse(claim=self.claim, note="x", by=build.person(Role.RESEARCHER))),
            {"not_permitted"},
        )

    def test_a_verdict_filed_before_counts_no_longer(self) -> None:
        build.verdict(self.claim, by=self.reviewer)
        recusals.recuse(claim=self.claim, note="My sister works there.", by=self.reviewer)
        build.verdict(self.claim)
        self.assertEqual(Claim.objects.get(pk=self.claim.pk).state, ClaimState.IN_REVIEW)
        build.verdict(self.claim)
        self.assertEqual(Claim.objects.get(pk=self.claim.pk).state, ClaimState.DECIDED)

    def test_a_decision_their_verdict_carried_is_judged_anew_before_the_sign_off(self) -> None:
        article = build.settled()
        self.assertEqual(article.blockers(), [])
        judged = article.claims.first()
        recusals.recuse(claim=judged, note="I own shares.", by=judged.verdicts.first().reviewer)
        self.assertEqual([(b.code, b.pk) for b in article.blockers()], [("decision_keeps_its_quorum", judged.pk)])

    def test_a_sign_off_lapses_when_their_verdict_had_counted_and_stands_when_it_had_not(self) -> None:
        article = build.settled()
        claim, signed = article.claims.first(), build.signed_off(article)
        recusals.recuse(claim=claim, note="I never judged it.", by=self.reviewer)
        signed.refresh_from_db()
        self.assertIsNone(signed.voided_at)
        recusals.recuse(claim=claim, note="I own shares.", by=claim.verdicts.first().reviewer)
        signed.refresh_from_db()
        self.assertIsNotNone(signed.voided_at)
        refused = self.action(
            lambda: publications.publish(article=article, build=snapshot, by=build.the(Role.PUBLISHER))
        )
        self.assertEqual(refused, {"not_from_this_state"})

    def test_a_dispute_is_decided_about_what_the_reviewers_judged(self) -> None:
        rule, judge = "dispute_is_about_what_stands", build.person(Role.ADJUDICATOR, superuser=True)
        disputed = build.claim(ClaimState.DISPUTED, build.article())
        row = disputed.evidence.get()
        self.assertTrue(Claim.objects.awaiting_adjudication_by(judge).filter(pk=disputed.pk).exists())
        evidence.edit(evidence=row, excerpt="Other words.", by=build.the(Role.RESEARCHER))
        given = {"step": "adjudicate", "rating": build.rating(), "reason": "So."}
        self.assertEqual(self.action(lambda: steps.take(claim=disputed, by=judge, **given)), {rule})
        self.assertEqual(self.rest(judge, f"claims/{disputed.pk}/steps/", given | {"rating": "true"}), {rule})
        form = {"rating": build.rating().pk, "reason": "So."}
        self.admin(judge, f"claim/{disputed.pk}/step/adjudicate/", form, "changed after the reviewers judged")
        decision = Decision(
            claim=disputed, round=1, method="adjudication", rating=build.rating(), reason="So.", decided_by=judge
        )
        self.assertEqual(self.database(decision.save), {rule})
        columns = "claim_id, round, method, rating_id, said_rating, reason, decided_by_id, digest, decided_at"
        values = [disputed.pk, 1, "adjudication", build.rating().pk, "", "So.", judge.pk, "", timezone.now()]
        marks = ", ".join(["%s"] * len(values))
        self.assertEqual(self.sql(f"INSERT INTO claims_decision ({columns}) VALUES ({marks})", *values), {rule})
        self.assertEqual(standing_of(Claim.objects.get(pk=disputed.pk), judge).step.name, "return_to_research")
        self.assertFalse(Claim.objects.awaiting_adjudication_by(judge).filter(pk=disputed.pk).exists())
        evidence.edit(evidence=row, excerpt="As the document says.", by=build.the(Role.RESEARCHER))
        steps.take(claim=disputed, by=judge, **given)

    def test_a_dispute_is_about_what_its_last_verdict_judged(self) -> None:
        """An earlier verdict, on what stands again now, does not make a dispute of what nobody differed on."""
        rule, judge, by = "dispute_is_about_what_stands", build.person(Role.ADJUDICATOR), build.the(Role.RESEARCHER)
        row = self.claim.evidence.get()
        build.verdict(self.claim, "true")
        evidence.edit(evidence=row, excerpt="Other words.", by=by)
        build.verdict(self.claim, "true")
        build.verdict(self.claim, "false")
        evidence.edit(evidence=row, excerpt="As the document says.", by=by)
        self.claim.refresh_from_db()
        self.assertEqual(self.claim.state, ClaimState.DISPUTED)
        self.assertFalse(Claim.objects.awaiting_adjudication_by(judge).filter(pk=self.claim.pk).exists())
        given = {"step": "adjudicate", "rating": build.rating(), "reason": "So."}
        self.assertEqual(self.action(lambda: steps.take(claim=self.claim, by=judge, **given)), {rule})
        decision = Decision(
            claim=self.claim, round=1, method="adjudication", rating=build.rating(), reason="So.", decided_by=judge
        )
        self.assertEqual(self.database(decision.save), {rule})

    def test_a_verdict_of_who_has_researched_since_counts_no_longer(self) -> None:
        """Withdrawn and restored, the evidence is what it was, and whoever did that is a researcher of the claim."""
        both, row = build.person(Role.REVIEWER, Role.RESEARCHER), self.claim.evidence.get()
        build.verdict(self.claim, "true", by=both)
        evidence.withdraw(evidence=row, reason="Is it the right page?", by=both)
        evidence.restore(evidence=row, reason="It is.", by=both)
        build.verdict(self.claim, "true")
        self.claim.refresh_from_db()
        self.assertEqual(self.claim.state, ClaimState.IN_REVIEW)
        self.assertEqual(self.claim.verdicts.counting().count(), 1)
        columns = "claim_id, round, method, rating_id, said_rating, reason, digest, decided_at"
        values = [self.claim.pk, 1, "agreement", build.rating().pk, "", "", "", timezone.now()]
        marks = ", ".join(["%s"] * len(values))
        refused = self.sql(f"INSERT INTO claims_decision ({columns}) VALUES ({marks})", *values)
        self.assertEqual(refused, {"decision_has_its_quorum"})
        build.verdict(self.claim, "true")
        self.claim.refresh_from_db()
        self.assertEqual(self.claim.state, ClaimState.DECIDED)

    def test_why_is_told_to_those_it_concerns(self) -> None:
        recusals.recuse(claim=self.claim, note="My sister works there.", by=self.reviewer)
        row = Recusal.objects.get()
        told = {role: row.note_for(build.person(role)) for role in Role}
        self.assertEqual({role for role, note in told.items() if note}, {Role.EDITOR, Role.AUDITOR})
        for role in Role:
            self.client.force_login(build.person(role))
            for page in (f"/api/v1/recusals/{row.pk}/", f"/admin/claims/claim/{self.claim.pk}/change/"):
                with self.subTest(role=role, page=page):
                    shown = "My sister works there." in self.client.get(page).content.decode()
                    self.assertEqual(shown, role in (Role.EDITOR, Role.AUDITOR))


class Withdrawing(Doors):
    """claim_stands, claim_is_withdrawn, claim_has_no_duplicates: a mistake is withdrawn with a reason and restored."""

    def setUp(self) -> None:
        self.article = build.article()
        self.claim = build.claim(ClaimState.RESEARCHING, self.article)
        self.by = build.person(superuser=True)

    def take(self, step: str, claim: Claim | None = None, **given: Any) -> Claim:
        return steps.take(claim=claim or self.claim, step=step, by=self.by, **given)

    def test_a_withdrawn_claim_takes_no_step_but_back_at_every_door(self) -> None:
        self.take("withdraw_claim", reason="Written twice.")
        path = f"claims/{self.claim.pk}/steps/"
        given = {"triage_reason": "opinion", "note": "A feeling."}
        self.assertEqual(self.action(lambda: self.take("set_aside", **given)), {"claim_stands"})
        self.assertEqual(self.rest(self.by, path, {"step": "set_aside", **given}), {"claim_stands"})
        self.admin(self.by, f"claim/{self.claim.pk}/step/set_aside/", given, "The claim is withdrawn: restore it first")
        self.assertIn("claim_stands", self.action(lambda: self.take("withdraw_claim", reason="Again.")))
        moved = "UPDATE claims_claim SET state = 'in_review', round = round + 1 WHERE id = %s"
        self.assertEqual(self.sql(moved, self.claim.pk), {"claim_stands"})
        self.claim.refresh_from_db()
        self.claim.state, self.claim.round = ClaimState.IN_REVIEW, 1
        self.assertEqual(self.database(self.claim.save), {"claim_stands"})

    def test_it_counts_for_nothing_and_comes_back_as_it_was(self) -> None:
        before = Claim.objects.get(pk=self.claim.pk)
        self.take("withdraw_claim", reason="Written twice.")
        blockers = {b.code for b in self.article.blockers()}
        self.assertNotIn("claim_is_unfinished", blockers)
        self.assertEqual(list(self.article.coverage().sentences[0].claims), [])
        self.take("restore_claim", reason="It was not.")
        after = Claim.objects.get(pk=self.claim.pk)
        self.assertEqual((after.state, after.digest, after.moved_at), (before.state, before.digest, before.moved_at))
        self.assertIn("claim_is_unfinished", {b.code for b in self.article.blockers()})
        self.assertEqual(self.action(lambda: self.take("restore_claim", reason="Again.")), {"claim_is_withdrawn"})

    def test_the_original_of_a_duplicate_stays_and_a_withdrawn_one_is_no_original(self) -> None:
        original = build.identified(self.article, build.CLAIMS[1])
        self.take("mark_duplicate", duplicate_of=original)
        self.assertEqual(
            self.action(lambda: self.take("withdraw_claim", original, reason="Wrong.")), {"claim_has_no_duplicates"}
        )
        columns = "withdrawn_at = now(), withdrawn_by_id = %s, withdrawn_reason = 'x'"
        refused = self.sql(f"UPDATE claims_claim SET {columns} WHERE id = %s", self.by.pk, original.pk)
        self.assertEqual(refused, {"claim_has_no_duplicates"})
        self.take("reopen", reason="Not the same.")
        self.take("withdraw_claim", original, reason="Wrong.")
        refused = self.action(lambda: self.take("mark_duplicate", duplicate_of=Claim.objects.get(pk=original.pk)))
        self.assertEqual(refused, {"claim_is_a_duplicate_of_another"})
        state = "UPDATE claims_claim SET state = 'duplicate', duplicate_of_id = %s WHERE id = %s"
        self.assertEqual(self.sql(state, original.pk, self.claim.pk), {"claim_is_a_duplicate_of_another"})

    def test_duplicates_form_no_chains(self) -> None:
        middle, last = build.identified(self.article, build.CLAIMS[1]), build.identified(self.article, build.CLAIMS[2])
        self.take("mark_duplicate", duplicate_of=middle)
        chained = lambda: self.take("mark_duplicate", Claim.objects.get(pk=middle.pk), duplicate_of=last)  # noqa: E731
        self.assertEqual(self.action(chained), {"claim_has_no_duplicates"})
        state = "UPDATE claims_claim SET state = 'duplicate', duplicate_of_id = %s WHERE id = %s"
        self.assertEqual(self.sql(state, last.pk, middle.pk), {"claim_has_no_duplicates"})
        self.assertEqual(self.sql(state, self.claim.pk, last.pk), {"claim_is_a_duplicate_of_another"})

    def test_it_is_in_no_publication_and_a_sign_off_lapses(self) -> None:
        article = build.settled()
        extra = build.identified(article, build.CLAIMS[0])
        steps.take(claim=extra, step="withdraw_claim", by=self.by, reason="Written twice.")
        signed = signoffs.sign_off(article=article, by=build.person(Role.EDITOR))
        published = publications.publish(article=article, build=snapshot, by=build.the(Role.PUBLISHER))
        self.assertNotIn(extra.code, [c["code"] for c in published.snapshot["claims"]])
        steps.take(claim=extra, step="restore_claim", by=self.by, reason="It was not.")
        signed.refresh_from_db()
        self.assertIsNotNone(signed.voided_at)

    def test_evidence_comes_back_and_what_was_judged_with_it_counts_again(self) -> None:
        claim = build.claim(ClaimState.DECIDED, build.article())
        row, by = claim.evidence.get(), build.the(Role.RESEARCHER)
        evidence.withdraw(evidence=row, reason="The page is gone.", by=by)
        self.assertTrue(Claim.objects.get(pk=claim.pk).stale)
        evidence.restore(evidence=row, reason="It is archived.", by=by)
        claim = Claim.objects.get(pk=claim.pk)
        self.assertEqual((claim.stale, claim.corroborates_count), (False, 1))
        refused = self.action(lambda: evidence.restore(evidence=row, reason="Again.", by=by))
        self.assertEqual(refused, {"evidence_is_withdrawn"})

    def test_a_source_takes_its_evidence_with_it_and_brings_it_back(self) -> None:
        claim = build.claim(ClaimState.DECIDED, build.article())
        source, by = claim.evidence.get().source, build.the(Role.RESEARCHER)
        sources.withdraw(source=source, reason="A forgery.", by=by)
        claim = Claim.objects.get(pk=claim.pk)
        self.assertEqual((claim.stale, claim.corroborates_count, claim.cited_sources()), (True, 0, []))
        with self.assertRaisesRegex(ValidationError, "withdrawn"):
            build.cite(claim, source=source)
        self.assertEqual(
            self.action(lambda: sources.edit(source=source, title="A true title", by=by)), {"source_stands"}
        )
        sources.restore(source=source, reason="It was genuine.", by=by)
        claim = Claim.objects.get(pk=claim.pk)
        self.assertEqual((claim.stale, claim.corroborates_count), (False, 1))

    def test_a_reason_is_needed(self) -> None:
        row, by = build.cite(self.claim), build.the(Role.RESEARCHER)
        for act in (
            lambda: sources.withdraw(source=row.source, reason=" ", by=by),
            lambda: sources.restore(source=row.source, reason="", by=by),
            lambda: evidence.restore(evidence=row, reason="", by=by),
            lambda: self.take("withdraw_claim", reason=""),
        ):
            with self.assertRaises(ValidationError) as caught:
                act()
            self.assertIn("reason", caught.exception.message_dict)


class TwoQuestions(Doors):
    """Was it said, and is it true: each needs its own equal answers, and the decision carries both."""

    def setUp(self) -> None:
        self.article = build.article()
        articles.edit(article=self.article, quorum=3, votes_to_carry=2, by=build.the(Role.EDITOR))
        self.claim = build.claim(ClaimState.IN_REVIEW, self.article, build.CLAIMS[1], kind="quotation")

    def judge(self, *answers: tuple[str, str]) -> Claim:
        for rating, said in answers:
            build.verdict(self.claim, rating, said_rating=said)
        return Claim.objects.get(pk=self.claim.pk)

    def test_each_question_is_carried_by_its_own_majority(self) -> None:
        decided = self.judge(("true", "verbatim"), ("true", "altered"), ("false", "verbatim"))
        self.assertEqual(decided.state, ClaimState.DECIDED)
        self.assertEqual((decided.decision.rating.code, decided.decision.said_rating), ("true", "verbatim"))
        self.assertEqual((decided.decision.quorum, decided.decision.votes_to_carry), (3, 2))

    def test_one_question_without_a_majority_is_a_dispute(self) -> None:
        disputed = self.judge(("true", "verbatim"), ("true", "altered"), ("true", "not_found"))
        self.assertEqual(disputed.state, ClaimState.DISPUTED)

    def test_the_database_counts_the_same_way(self) -> None:
        for rating, said in (("true", "verbatim"), ("true", "altered")):
            build.verdict(self.claim, rating, said_rating=said)
        columns = "claim_id, round, method, rating_id, said_rating, reason, digest, decided_at"
        for said in ("verbatim", "not_found"):
            values = [self.claim.pk, 1, "agreement", build.rating().pk, said, "", "", timezone.now()]
            marks = ", ".join(["%s"] * len(values))
            refused = self.sql(f"INSERT INTO claims_decision ({columns}) VALUES ({marks})", *values)
            self.assertEqual(refused, {"decision_has_its_quorum"})

    def test_evidence_is_about_a_link_of_the_attribution(self) -> None:
        claim = build.identified(build.article(), attribution=["An interview", "The Example Post"])
        build.cite(claim, addresses="said", attribution_link=2)
        with self.assertRaisesRegex(ValidationError, "links 0 to 2"):
            build.cite(claim, addresses="said", attribution_link=3)
        self.assertEqual(
            self.action(lambda: build.cite(claim, addresses="true", attribution_link=1)),
            {"link_of_attribution_is_about_saying"},
        )

    def test_whether_review_is_blind_is_settled_while_a_round_is_open(self) -> None:
        by = build.the(Role.EDITOR)
        self.assertEqual(
            self.action(lambda: articles.edit(article=self.article, blind=False, by=by)), {"no_round_is_open"}
        )
        self.assertEqual(self.sql("UPDATE claims_article SET blind = false"), {"no_round_is_open"})


class TheDesksSettings(Doors):
    def test_the_evidence_rule_follows_them_with_origins_taken_into_account(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        wire = build.source(tier=Tier.SECONDARY)
        local = build.source(tier=Tier.SECONDARY, derived_from=wire)
        for source in (wire, local, build.source(tier=Tier.SECONDARY, derived_from=local)):
            build.cite(claim, Stance.CONTRADICTS, source=source)
        submit = lambda: steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER))  # noqa: E731
        self.assertEqual(self.action(submit), {"evidence_is_sufficient"})
        desk.configure(by=build.the(Role.EDITOR), secondary_needed=2)
        self.assertEqual(self.action(submit), {"evidence_is_sufficient"}, "three outlets with one origin are one")
        build.cite(claim, source=build.source(tier=Tier.SECONDARY))
        with transaction.atomic():
            self.assertEqual(submit().state, ClaimState.IN_REVIEW)
            transaction.set_rollback(True)
        desk.configure(by=build.the(Role.EDITOR), secondary_needed=3, primary_needed=2)
        build.cite(claim)
        self.assertEqual(self.action(submit), {"evidence_is_sufficient"}, "two primary sources are asked for now")

    def test_new_articles_begin_with_them_and_old_ones_keep_theirs(self) -> None:
        old = build.article()
        desk.configure(by=build.the(Role.EDITOR), quorum=3, votes_to_carry=3, blind=False, publish_dissent=True)
        new = build.article()
        self.assertEqual((new.quorum, new.votes_to_carry, new.blind, new.publish_dissent), (3, 3, False, True))
        old.refresh_from_db()
        self.assertEqual((old.quorum, old.votes_to_carry, old.blind, old.publish_dissent), (2, 2, True, False))

    def test_who_may_and_what_holds(self) -> None:
        for role in set(Role) - {Role.EDITOR}:
            by = build.person(role)
            self.assertEqual(self.action(lambda by=by: desk.configure(by=by, quorum=1)), {"not_permitted"})
        by = build.the(Role.EDITOR)
        refused = self.action(lambda: desk.configure(by=by, quorum=4, votes_to_carry=2))
        self.assertEqual(refused, {"new_articles_votes_are_a_majority"})
        desk.configure(by=by, quorum=3)
        self.assertEqual(
            self.database(lambda: DeskSettings(pk=2).save(force_insert=True)), {"desk_has_one_row_of_settings"}
        )


class HowItStands(Doors):
    def test_what_waits_and_since_when_follows_the_workflow(self) -> None:
        person = build.person(Role.EDITOR)
        for state, step in (
            (ClaimState.IDENTIFIED, "triage"), (ClaimState.RESEARCHING, "submit_for_review"),
            (ClaimState.IN_REVIEW, "judge"), (ClaimState.DISPUTED, "adjudicate"),
            (ClaimState.NOT_CHECKABLE, "confirm_set_aside"), (ClaimState.DECIDED, None), (ClaimState.DUPLICATE, None),
        ):  # fmt: skip
            with self.subTest(state):
                claim = build.claim(state, build.article())
                found = standing_of(claim, person)
                self.assertEqual(found.step.name if found.step else None, step)
                self.assertEqual(found.since, claim.moved_at if step else None)

    def test_moved_at_is_the_databases_to_say(self) -> None:
        claim = build.identified()
        was = claim.moved_at
        claims.edit(claim=claim, importance="central", by=build.the(Role.EDITOR))
        Claim.objects.filter(pk=claim.pk).update(moved_at=timezone.now())
        claim.refresh_from_db()
        self.assertEqual(claim.moved_at, was)
        steps.take(claim=claim, step="triage", by=build.the(Role.RESEARCHER))
        claim.refresh_from_db()
        self.assertGreater(claim.moved_at, was)

    def test_it_says_what_made_a_decision_stale_and_who_is_told(self) -> None:
        claim = build.claim(ClaimState.DECIDED)
        reviewers = {v.reviewer for v in claim.verdicts.all()}
        by = build.the(Role.RESEARCHER)
        evidence.edit(evidence=claim.evidence.get(), excerpt="As the document says.", by=by)
        self.assertFalse(Claim.objects.get(pk=claim.pk).stale, "a save without a change makes nothing stale")
        self.assertFalse(Notification.objects.filter(kind="stale").exists())
        evidence.edit(evidence=claim.evidence.get(), excerpt="Other words.", by=by)
        claim = Claim.objects.get(pk=claim.pk)
        [change] = standing_of(claim, build.the(Role.EDITOR)).stale_because
        self.assertEqual((change.actor, change.kind, change.fields), (by, "evidence", ("excerpt",)))
        self.assertEqual({n.person for n in Notification.objects.filter(kind="stale", claim=claim)}, reviewers)
        evidence.edit(evidence=claim.evidence.get(), excerpt="Yet others.", by=by)
        self.assertEqual(Notification.objects.filter(kind="stale", claim=claim).count(), len(reviewers))

    def test_a_stance_that_speaks_for_one_side_is_flagged(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        build.cite(claim, source=build.source(affiliation="The Harbour Party"))
        person = build.the(Role.RESEARCHER)
        said = "All that corroborates this is from sources that speak for The Harbour Party."
        self.assertEqual(standing_of(claim, person).cautions, (said,))
        self.client.force_login(person)
        self.assertIn(said, self.client.get(f"/admin/claims/claim/{claim.pk}/change/").content.decode())
        self.assertEqual(self.client.get(f"/api/v1/claims/{claim.pk}/standing/").json()["cautions"], [said])
        build.cite(claim)
        self.assertEqual(standing_of(claim, person).cautions, ())

    def test_dissent_is_published_where_the_article_says_so(self) -> None:
        for wanted in (False, True):
            article = build.article()
            articles.edit(
                article=article, quorum=3, votes_to_carry=2, publish_dissent=wanted, by=build.the(Role.EDITOR)
            )
            claim, both = build.claim(ClaimState.IN_REVIEW, article), build.person(Role.REVIEWER, Role.RESEARCHER)
            build.verdict(claim, "half_true", by=both)  # counts no longer, so it is no dissent either
            evidence.withdraw(evidence=claim.evidence.get(), reason="Is it the right page?", by=both)
            evidence.restore(evidence=claim.evidence.get(), reason="It is.", by=both)
            for code in ("true", "true", "false"):
                build.verdict(claim, code, rationale=f"Because {code}.")
            [shown] = json.loads(snapshot(article, 1, timezone.now()).content)["claims"]
            self.assertEqual([d["text"] for d in shown["dissent"]], ["Because false."] if wanted else [])

    def test_verdicts_are_filed_by_people_not_by_the_way(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        reviewer = build.person(Role.REVIEWER)
        recusals.recuse(claim=claim, note="x", by=reviewer)
        with self.assertRaises(Refused):
            verdicts.file(claim=claim, rating=build.rating(), rationale="x", confidence="low", by=reviewer)
        self.assertFalse(Claim.objects.awaiting_review_by(reviewer).exists())


class TheQueues(Doors):
    """What waits for whom: on the front page, in lists, and over REST."""

    def test_what_is_late_is_shown_to_editors_until_it_is_done(self) -> None:
        late = build.claim(ClaimState.RESEARCHING)
        build.identified(late.article, build.CLAIMS[1])
        by = build.the(Role.EDITOR)
        claims.edit(claim=late, due_at=timezone.now() - timedelta(days=1), by=by)
        self.client.force_login(by)
        asked = {
            "/api/v1/claims/?overdue=true": [late.pk],
            "/api/v1/claims/?waits_for=triage": [late.pk + 1],
        }
        for path, expected in asked.items():
            self.assertEqual([row["id"] for row in self.client.get(path).json()["results"]], expected, path)
        self.assertEqual([c["id"] for c in self.client.get("/api/v1/me/").json()["queue"]["overdue"]], [late.pk])
        self.assertIn("Overdue</strong>", self.client.get("/admin/").content.decode())
        for query, rows in (("overdue=true", 1), ("overdue=false", 1), ("waits=any", 2), ("waits=judge", 0)):
            page = self.client.get(f"/admin/claims/claim/?{query}")
            self.assertEqual(len(page.context["cl"].result_list), rows, query)
        steps.take(claim=late, step="withdraw_claim", reason="Wrong.", by=by)
        self.assertEqual(self.client.get("/api/v1/claims/?overdue=true").json()["results"], [])

    def test_a_set_aside_waits_for_somebody_else(self) -> None:
        claim = build.claim(ClaimState.NOT_CHECKABLE)
        waits = Claim.objects.awaiting_confirmation_by
        self.assertFalse(waits(claim.set_aside_by).exists())
        other = build.person(Role.REVIEWER)
        self.assertTrue(waits(other).exists())
        steps.take(claim=claim, step="confirm_set_aside", by=other)
        self.assertFalse(waits(build.person(Role.REVIEWER)).exists())

    def test_what_an_assignee_was_told_is_not_told_the_next(self) -> None:
        claim, by = build.identified(), build.the(Role.EDITOR)
        first, second = build.person(Role.RESEARCHER), build.person(Role.RESEARCHER)
        claims.edit(claim=claim, assignee=first, assignment_note="Ask the harbour master.", by=by)
        claims.edit(claim=claim, assignee=first, importance="central", by=by)
        self.assertEqual(Claim.objects.get(pk=claim.pk).assignment_note, "Ask the harbour master.")
        claims.edit(claim=claim, assignee=second, by=by)
        self.assertEqual(Claim.objects.get(pk=claim.pk).assignment_note, "")


class TheCalendar(Doors):
    def setUp(self) -> None:
        self.person = build.the(Role.RESEARCHER)
        self.claim = build.identified(headline="The harbour; closed, twice")
        self.due = timezone.now().replace(microsecond=0) + timedelta(days=3)
        claims.edit(claim=self.claim, assignee=self.person, due_at=self.due, by=build.the(Role.EDITOR))
        self.client.force_login(self.person)
        self.url = self.client.post("/api/v1/me/calendar/").json()["url"]

    def events(self, url: str = "") -> list[Any]:
        answer = Client().get(url or self.url)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/calendar; charset=utf-8")
        return list(Calendar.from_ical(answer.content).walk("VEVENT"))

    def test_it_holds_ones_own_deadlines_and_needs_no_login(self) -> None:
        build.identified(self.claim.article, build.CLAIMS[1])
        [event] = self.events()
        self.assertEqual((str(event["summary"]), event.decoded("dtstart")), (
            "Due: C1 The harbour; closed, twice", self.due,
        ))  # fmt: skip
        steps.take(claim=self.claim, step="withdraw_claim", reason="Wrong.", by=build.the(Role.EDITOR))
        self.assertEqual(self.events(), [])

    def test_the_address_opens_nothing_else_and_is_revoked_by_the_next(self) -> None:
        secret = self.url.rpartition("/")[2].removesuffix(".ics")
        for path in ("/api/v1/me/", "/api/v1/claims/"):
            answer = Client().get(path, headers={"Authorization": f"Bearer {secret}"})
            self.assertEqual(answer.status_code, 403, path)
        _, other = desk.issue_token(person=self.person, by=self.person)
        self.assertEqual(Client().get(f"/calendar/{other}.ics").status_code, 404)
        newer = self.client.post("/api/v1/me/calendar/").json()["url"]
        self.assertEqual(Client().get(self.url).status_code, 404)
        self.assertEqual(len(self.events(newer)), 1)
        desk.deactivate(person=self.person, by=build.person(superuser=True))
        self.assertEqual(Client().get(newer).status_code, 404)
