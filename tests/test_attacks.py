"""Ways round the rules that somebody found once. Each is shut, at the door it was found at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import TestCase
from django.urls import reverse

from claims import checks
from claims.actions import articles, claims, corrections, evidence, signoffs, sources, steps
from claims.choices import ArticleState, ClaimState, Role
from claims.importers import intake
from claims.importers.text import UnreadableText
from claims.models import Article, AuditEvent, Claim, Rating, Source, Verdict
from claims.rules import Refused
from tests import build
from tests.test_concurrency import at_once
from tests.transactional import RealTransactions, as_owner, with_two_roles


def execute(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


class InSql(TestCase):
    def refused_by(self, statement: str, *values: Any) -> str:
        with self.assertRaises(IntegrityError) as caught, transaction.atomic():
            execute(statement, *values)
        return str(caught.exception.__cause__.diag.constraint_name)

    def test_a_temporary_table_does_not_stand_in_for_who_researched(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        execute("CREATE TEMP TABLE claims_contribution (LIKE public.claims_contribution)")
        refused = self.refused_by(
            "INSERT INTO public.claims_verdict (claim_id, round, reviewer_id, rating_id, said_rating, rationale,"
            " confidence, digest, submitted_at) VALUES (%s, 1, %s, %s, '', 'x', 'high', '', now())",
            claim.pk, claim.created_by_id, build.rating().pk,
        )  # fmt: skip
        self.assertEqual(refused, "reviewer_did_not_research")

    def test_a_temporary_table_does_not_swallow_the_record(self) -> None:
        claim = build.identified()
        before = AuditEvent.objects.count()
        execute("CREATE TEMP TABLE claims_auditevent (LIKE public.claims_auditevent INCLUDING ALL)")
        execute("UPDATE public.claims_claim SET statement = 'forged'")
        execute("DROP TABLE pg_temp.claims_auditevent")
        self.assertGreater(AuditEvent.objects.count(), before)
        self.assertTrue(AuditEvent.objects.filter(object_id=claim.pk, object_type="claim", outside=True).exists())

    def test_the_check_names_a_function_that_looks_elsewhere_first(self) -> None:
        self.assertEqual(checks.loose_functions(), [])
        with as_owner():
            execute("ALTER FUNCTION claims_record() RESET search_path")
        self.assertEqual(checks.loose_functions(), ["claims_record"])

    @with_two_roles
    def test_a_trigger_of_ones_own_writes_no_event(self) -> None:
        execute("CREATE TEMP TABLE z (x int)")
        execute(
            "CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO public.claims_auditevent (stream, n, at, action, request_id, object_type, outside, db_role,"
            " bytes, hash) VALUES ('desk', 99, '2001-01-01', 'claim.forged', '', 'claim', false, 'nobody', '', '');"
            " RETURN NEW; END $$"
        )
        execute("CREATE TRIGGER t AFTER INSERT ON z FOR EACH ROW EXECUTE FUNCTION pg_temp.f()")
        with (
            self.assertRaisesRegex(ProgrammingError, "permission denied for table claims_auditevent"),
            transaction.atomic(),
        ):
            execute("INSERT INTO z VALUES (1)")

    def test_no_dispute_without_verdicts(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        build.verdict(claim)
        refused = self.refused_by("UPDATE claims_claim SET state = 'disputed' WHERE id = %s", claim.pk)
        self.assertEqual(refused, "round_closes_with_its_quorum")

    def test_the_settings_of_a_round_stay(self) -> None:
        build.claim(ClaimState.IN_REVIEW)
        self.assertEqual(
            self.refused_by("UPDATE claims_article SET quorum = 1, votes_to_carry = 1"), "no_round_is_open"
        )

    def test_a_verdict_gains_no_evidence_afterwards(self) -> None:
        claim = build.claim(ClaimState.DECIDED)
        verdict, cited = claim.verdicts.first(), claim.evidence.get()
        refused = self.refused_by(
            "INSERT INTO claims_verdict_relied_on (verdict_id, evidence_id) VALUES (%s, %s)", verdict.pk, cited.pk
        )
        self.assertEqual(refused, "verdict_relies_on_its_claims_evidence")

    def test_a_rating_that_was_given_keeps_its_meaning(self) -> None:
        build.claim(ClaimState.DECIDED)
        given, unused = Rating.objects.get(code="true"), Rating.objects.get(code="unproven")
        refused = self.refused_by("UPDATE claims_rating SET label = 'False' WHERE id = %s", given.pk)
        self.assertEqual(refused, "rating_in_use_is_never_edited")
        execute("UPDATE claims_rating SET definition = 'Better said.' WHERE id = %s", unused.pk)

    def test_authors_are_not_rewritten(self) -> None:
        claim, other = build.identified(), build.person()
        self.assertEqual(
            self.refused_by("UPDATE claims_claim SET created_by_id = %s WHERE id = %s", other.pk, claim.pk),
            "claim_moves_by_workflow",
        )

    def test_nobody_acts_in_anothers_name(self) -> None:
        claim, other = build.claim(ClaimState.IN_REVIEW), build.person(Role.REVIEWER)
        execute("SELECT set_config('factcheck.actor', %s, true)", str(build.person(Role.REVIEWER).pk))
        row = Verdict(claim=claim, round=1, reviewer=other, rating=build.rating(), rationale="x", confidence="high")
        with self.assertRaises(IntegrityError) as caught, transaction.atomic():
            row.save()
        self.assertEqual(caught.exception.__cause__.diag.constraint_name, "everybody_acts_in_their_own_name")


class ThroughTheActions(TestCase):
    def test_what_readers_will_see_is_judged_too(self) -> None:
        claim = build.claim(ClaimState.DECIDED)
        claims.edit(claim=claim, headline="The harbour was never closed", by=build.the(Role.EDITOR))
        self.assertTrue(Claim.objects.get(pk=claim.pk).stale)

    def test_settling_back_on_an_earlier_quote_writes_the_claim(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        claims.settle_anchor(claim=claim, anchor={"exact": "closed on 3 May"}, by=build.the(Role.EDITOR))
        both = build.person(Role.RESEARCHER, Role.REVIEWER)
        claims.settle_anchor(claim=claim, anchor={"exact": build.CLAIMS[0]}, by=both)
        self.assertTrue(claim.was_researched_by(both))

    def test_rewriting_a_cited_source_is_research(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        both = build.person(Role.RESEARCHER, Role.REVIEWER)
        source = claim.evidence.get().source
        sources.edit(source=source, accessed_at=datetime(2024, 6, 1, tzinfo=UTC), by=both)
        self.assertFalse(claim.was_researched_by(both))
        sources.edit(source=source, title="Another title", by=both)
        with self.assertRaises(Refused):
            build.verdict(claim, by=both)

    def test_what_a_sign_off_covers_is_all_that_is_shown(self) -> None:
        signed = build.signed_off()
        source = signed.article.claims.first().evidence.get().source
        sources.edit(source=source, accessed_at=datetime(2024, 6, 1, tzinfo=UTC), by=build.the(Role.RESEARCHER))
        signed.refresh_from_db()
        self.assertIsNotNone(signed.voided_at)

    def test_a_relaxation_taken_back_voids_the_sign_off_it_let_through(self) -> None:
        on, editor = build.settled(), build.the(Role.EDITOR)
        articles.edit(article=on, signer_may_have_judged=True, by=editor)
        judge = on.claims.first().verdicts.first().reviewer
        judge.groups.add(*editor.groups.all())
        signed = signoffs.sign_off(article=on, by=type(judge).objects.get(pk=judge.pk))
        articles.edit(article=on, signer_may_have_judged=False, by=editor)
        signed.refresh_from_db()
        self.assertIsNotNone(signed.voided_at)

    def test_blank_words_are_no_reason(self) -> None:
        with self.assertRaises(ValidationError):
            steps.take(claim=build.claim(ClaimState.DECIDED), step="reopen", reason="  \n", by=build.the(Role.EDITOR))
        with self.assertRaises(ValidationError):
            articles.withdraw(article=build.article(), reason=" ", by=build.the(Role.EDITOR))

    def test_a_correction_names_claims_of_its_own_article(self) -> None:
        publication, other = build.published(), build.identified(build.article())
        with self.assertRaises(ValidationError):
            corrections.correct(
                publication=publication, type="typo", text="A name.", claims=[other], by=build.the(Role.PUBLISHER)
            )

    def test_reopening_what_an_open_correction_names_opens_no_second_one(self) -> None:
        publication = build.published()
        claim = publication.article.claims.first()
        by = build.the(Role.PUBLISHER)
        given = {"type": "verdict_change", "text": "A survey was withdrawn.", "claims": [claim]}
        corrections.correct(publication=publication, by=by, **given)
        steps.take(claim=claim, step="reopen", reason="As helen noted.", by=build.the(Role.EDITOR))
        self.assertEqual(publication.corrections.count(), 1)
        for path in ("/corrections/", f"/factchecks/{publication.article.slug}/"):
            self.assertNotContains(self.client.get(path), "A survey was withdrawn.")

    def test_work_is_given_to_those_who_do_it(self) -> None:
        auditor = build.person(Role.AUDITOR)
        with self.assertRaises(ValidationError) as caught:
            steps.take(claim=build.identified(), step="triage", assignee=auditor, by=build.the(Role.EDITOR))
        self.assertIn("assignee", caught.exception.message_dict)
        with self.assertRaises(ValidationError):
            articles.edit(article=build.article(), lead=auditor, by=build.the(Role.EDITOR))

    def test_addresses_and_languages_are_what_they_say(self) -> None:
        for field, value in (
            ("url", "ftp://example.org/x"),
            ("url", "javascript:alert(1)"),
            ("language", "not a one!"),
        ):
            with self.subTest(value), self.assertRaises(ValidationError) as caught:
                articles.edit(article=build.article(), by=build.the(Role.EDITOR), **{field: value})
            self.assertIn(field, caught.exception.message_dict)

    def test_a_shape_no_article_has_is_refused_at_once(self) -> None:
        for raw in (b"a\n" * 60_000, b"[" * 200_000, b"*a " * 300_000, b"No. " * 300_000):
            with self.subTest(raw[:6]), self.assertRaises(UnreadableText) as caught:
                intake.receive(raw=raw, media_type="text/plain", by=build.the(Role.RESEARCHER))
            self.assertEqual(caught.exception.code, "too_long")


class InTheTrail(TestCase):
    def test_a_confidential_source_is_in_nothing_a_publisher_reads(self) -> None:
        claim = build.identified()
        cited = build.cite(claim, source=build.source(confidential=True, title="Informant Jane"))
        evidence.withdraw(evidence=cited, reason="Informant Jane asked us.", by=build.the(Role.RESEARCHER))
        seen = AuditEvent.objects.visible_to(build.person(Role.PUBLISHER))
        self.assertNotIn("Jane", str([(e.reason, e.before, e.after) for e in seen]))
        self.client.force_login(build.person(Role.PUBLISHER))
        page = self.client.get(reverse("admin:claims_claim_history", args=[claim.pk]))
        self.assertNotContains(page, "Jane")


class AtTheDoors(TestCase):
    def test_a_cursor_with_a_broken_character(self) -> None:
        self.client.force_login(build.the(Role.EDITOR))
        cursor = "eyJvIjoidGl0bGUiLCJ2IjpbIlx1ZDgwMCIsIjEiXSwiYiI6ZmFsc2V9"
        answer = self.client.get(f"/api/v1/articles/?ordering=title&cursor={cursor}")
        self.assertEqual(answer.status_code, 400)

    def test_the_queue_of_the_first_page_can_be_opened(self) -> None:
        self.client.force_login(build.the(Role.RESEARCHER))
        claim = build.claim(ClaimState.RESEARCHING)
        for queue in ("research", "review", "adjudication"):
            page = self.client.get(reverse("admin:claims_claim_changelist"), {"queue": queue})
            self.assertEqual(page.status_code, 200)
            self.assertEqual(claim.statement in page.content.decode(), queue == "research")


class AtOnce(RealTransactions):
    def test_a_sign_off_and_an_edit_of_a_cited_source(self) -> None:
        """Whichever comes first: no sign-off stands on something else than it was given for, and nobody deadlocks."""
        article = build.settled()
        source = Source.objects.filter(evidence__claim__article=article).first()
        editor, researcher = build.person(Role.EDITOR), build.the(Role.RESEARCHER)
        for turn in range(4):
            outcomes = at_once(
                lambda: signoffs.sign_off(article=article, by=editor),
                lambda t=turn: sources.edit(source=source, title=f"Title {t}", by=researcher),
            )
            for outcome in outcomes:
                self.assertTrue(not isinstance(outcome, Exception) or isinstance(outcome, Refused), repr(outcome))
            now = Article.objects.get(pk=article.pk)
            standing = now.standing_sign_off()
            self.assertEqual(now.state == ArticleState.SIGNED_OFF, standing is not None)
            if standing is not None:
                self.assertEqual(standing.digest, now.digest())
