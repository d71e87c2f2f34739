"""Each rule at every door: the action, REST, the admin, `save()`, `QuerySet.update()`, and raw SQL as the desk's own
database role. Whoever tries is a superuser, so that no permission stands in the way: the rules bind them too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from claims.actions import articles, claims, evidence, publications, signoffs, sources, steps, verdicts
from claims.choices import ArticleState, ClaimState, Role
from claims.models import (
    Article,
    Claim,
    Decision,
    Evidence,
    Person,
    Publication,
    SignOff,
    Source,
    Verdict,
)
from claims.publishing.snapshot import build as build_snapshot
from claims.rules import Refused
from tests import build
from tests.transactional import as_owner


class Doors(TestCase):
    """Ways in, each answering the codes of the rules it refused by."""

    def action(self, act: Callable[[], Any]) -> set[str]:
        with self.assertRaises(Refused) as caught:
            act()
        return {r.code for r in caught.exception.refusals}

    def database(self, write: Callable[[], Any]) -> set[str]:
        with self.assertRaises(IntegrityError) as caught, transaction.atomic():
            write()
        return {caught.exception.__cause__.diag.constraint_name}

    def sql(self, statement: str, *values: Any) -> set[str]:
        def execute() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
                self.assertEqual(cursor.fetchone(), (False,), "the desk's role must not be a database superuser")
                cursor.execute(statement, values)

        return self.database(execute)

    def rest(self, person: Person, path: str, body: dict[str, Any]) -> set[str]:
        self.client.force_login(person)
        answer = self.client.post(f"/api/v1/{path}", body, content_type="application/json")
        self.assertEqual(answer.status_code, 409, answer.content[:500])
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        return {r["code"] for r in answer.json()["refusals"]}

    def admin(self, person: Person, path: str, form: dict[str, Any], said: str) -> None:
        """The admin's page says why (a greyed button), and sending the form all the same changes nothing."""
        self.client.force_login(person)
        answer = self.client.post(f"/admin/claims/{path}", form, follow=True)
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(said in answer.content.decode(), f"{path} does not say: {said}")


class Rule1ReviewerDidNotResearch(Doors):
    """Rule 1, reviewer_did_not_research: whoever wrote a claim or any of its evidence files no verdict on it."""

    rule = "reviewer_did_not_research"

    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.writer = self.claim.created_by
        Person.objects.filter(pk=self.writer.pk).update(is_superuser=True)
        self.writer = Person.objects.get(pk=self.writer.pk)
        self.words = {"rationale": "I know it.", "confidence": "high"}

    def row(self, by: Person) -> Verdict:
        return Verdict(claim=self.claim, round=1, reviewer=by, rating=build.rating(), **self.words)

    def test_at_every_door(self) -> None:
        filed = {"claim": self.claim.pk, "rating": "true", **self.words}
        self.assertEqual(self.action(lambda: build.verdict(self.claim, by=self.writer)), {self.rule})
        self.assertEqual(self.rest(self.writer, "verdicts/", filed), {self.rule})
        self.assertEqual(self.database(self.row(self.writer).save), {self.rule})
        self.assertEqual(self.database(lambda: Verdict.objects.bulk_create([self.row(self.writer)])), {self.rule})
        other = build.verdict(self.claim)
        moved = self.database(lambda: Verdict.objects.filter(pk=other.pk).update(reviewer=self.writer))
        self.assertEqual(moved, {"verdict_is_never_edited"})
        columns = "claim_id, round, reviewer_id, rating_id, said_rating, rationale, confidence, digest, submitted_at"
        values = [self.claim.pk, 1, self.writer.pk, build.rating().pk, "", "x", "high", "", timezone.now()]
        marks = ", ".join(["%s"] * len(values))
        refused = self.sql(f"INSERT INTO claims_verdict ({columns}) VALUES ({marks})", *values)
        self.assertEqual(refused, {self.rule})
        rating = {"rating": build.rating().pk, **self.words}
        self.admin(self.writer, f"claim/{self.claim.pk}/step/judge/", rating, "so you do not judge it")
        self.assertEqual(Verdict.objects.count(), 1)

    def test_whoever_ever_wrote_evidence_is_a_researcher(self) -> None:
        for name in ("cites", "edits", "withdraws"):
            with self.subTest(name):
                claim = build.claim(ClaimState.IN_REVIEW, on=build.article())
                both = build.person(Role.RESEARCHER, Role.REVIEWER)
                cited = claim.evidence.get()
                {
                    "cites": lambda c=claim, p=both: build.cite(c, by=p),
                    "edits": lambda e=cited, p=both: evidence.edit(evidence=e, note="Page 2.", by=p),
                    "withdraws": lambda e=cited, p=both: evidence.withdraw(evidence=e, reason="Wrong.", by=p),
                }[name]()
                self.assertEqual(self.action(lambda c=claim, p=both: build.verdict(c, by=p)), {self.rule})

    def test_whoever_edits_the_claim_is_a_researcher(self) -> None:
        both = build.person(Role.EDITOR, Role.REVIEWER)
        claims.edit(claim=self.claim, statement="The harbour was closed in May.", by=both)
        self.assertEqual(self.action(lambda: build.verdict(self.claim, by=both)), {self.rule})

    def test_triage_and_assignment_are_no_research(self) -> None:
        both = build.person(Role.EDITOR, Role.REVIEWER)
        claim = build.identified(build.article())
        steps.take(claim=claim, step="triage", by=both)
        claims.edit(claim=claim, importance="central", by=both)
        build.cite(claim)
        steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER), none_contradicting="Looked.")
        build.verdict(claim, by=both)

    def test_who_wrote_is_not_forgotten(self) -> None:
        self.assertEqual(
            self.sql("DELETE FROM claims_contribution WHERE claim_id = %s", self.claim.pk), {"nothing_is_deleted"}
        )
        other = build.person()
        refused = self.sql("UPDATE claims_contribution SET person_id = %s", other.pk)
        self.assertEqual(refused, {"contribution_is_never_edited"})


class Rule2Adjudicator(Doors):
    """Rule 2, adjudicator_did_not_research and adjudicator_did_not_review."""

    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.DISPUTED)
        people = [self.claim.created_by, self.claim.verdicts.first().reviewer]
        Person.objects.filter(pk__in=[p.pk for p in people]).update(is_superuser=True)
        self.tries = {
            "adjudicator_did_not_research": Person.objects.get(pk=people[0].pk),
            "adjudicator_did_not_review": Person.objects.get(pk=people[1].pk),
        }

    def row(self, by: Person) -> Decision:
        return Decision(
            claim=self.claim, round=1, method="adjudication", rating=build.rating(), reason="So.", decided_by=by
        )

    def test_at_every_door(self) -> None:
        for rule, person in self.tries.items():
            with self.subTest(rule):
                given = {"step": "adjudicate", "rating": build.rating(), "reason": "So."}
                self.assertEqual(self.action(lambda p=person, g=given: steps.take(claim=self.claim, by=p, **g)), {rule})
                body = given | {"rating": "true"}
                self.assertEqual(self.rest(person, f"claims/{self.claim.pk}/steps/", body), {rule})
                self.assertEqual(self.database(self.row(person).save), {rule})
                self.assertEqual(self.database(lambda p=person: Decision.objects.bulk_create([self.row(p)])), {rule})
                columns = "claim_id, round, method, rating_id, said_rating, reason, decided_by_id, digest, decided_at"
                values = [self.claim.pk, 1, "adjudication", build.rating().pk, "", "So.", person.pk, "", timezone.now()]
                marks = ", ".join(["%s"] * len(values))
                refused = self.sql(f"INSERT INTO claims_decision ({columns}) VALUES ({marks})", *values)
                self.assertEqual(refused, {rule})
                form = {"rating": build.rating().pk, "reason": "So."}
                self.admin(person, f"claim/{self.claim.pk}/step/adjudicate/", form, "so you do not adjudicate it")
        self.assertEqual(Decision.objects.count(), 0)

    def test_a_decision_is_not_handed_over(self) -> None:
        judge = build.person(Role.ADJUDICATOR)
        steps.take(claim=self.claim, step="adjudicate", rating=build.rating(), reason="So.", by=judge)
        for person in self.tries.values():
            write = Decision.objects.filter(claim=self.claim)
            refused = self.database(lambda w=write, p=person: w.update(decided_by=p))
            self.assertEqual(refused, {"decision_is_never_edited"})


class Rule3Editor(Doors):
    """Rule 3, editor_did_not_research and editor_did_not_judge."""

    def setUp(self) -> None:
        self.article = build.settled()
        claim = self.article.claims.first()
        people = [claim.created_by, claim.verdicts.first().reviewer]
        Person.objects.filter(pk__in=[p.pk for p in people]).update(is_superuser=True)
        self.tries = {
            "editor_did_not_research": Person.objects.get(pk=people[0].pk),
            "editor_did_not_judge": Person.objects.get(pk=people[1].pk),
        }

    def row(self, by: Person) -> SignOff:
        return SignOff(article=self.article, revision=self.article.current_revision, signed_by=by)

    def test_at_every_door(self) -> None:
        for rule, person in self.tries.items():
            with self.subTest(rule):
                self.assertEqual(self.action(lambda p=person: build.signed_off(self.article, by=p)), {rule})
                self.assertEqual(self.rest(person, f"articles/{self.article.pk}/sign-off/", {}), {rule})
                self.assertEqual(self.database(self.row(person).save), {rule})
                self.assertEqual(self.database(lambda p=person: SignOff.objects.bulk_create([self.row(p)])), {rule})
                columns = "article_id, revision_id, digest, note, signed_by_id, signed_at, void_reason"
                values = [self.article.pk, self.article.current_revision_id, "", "", person.pk, timezone.now(), ""]
                marks = ", ".join(["%s"] * len(values))
                refused = self.sql(f"INSERT INTO claims_signoff ({columns}) VALUES ({marks})", *values)
                self.assertEqual(refused, {rule})
                self.admin(person, f"article/{self.article.pk}/step/sign_off/", {}, "so you do not sign it off")
        self.assertEqual(SignOff.objects.count(), 0)

    def test_a_sign_off_is_not_handed_over(self) -> None:
        build.signed_off(self.article)
        for person in self.tries.values():
            refused = self.database(lambda p=person: SignOff.objects.update(signed_by=p))
            self.assertEqual(refused, {"sign_off_is_never_edited"})

    def test_an_adjudicator_judged_too(self) -> None:
        article = build.article()
        claim = build.claim(ClaimState.DISPUTED, article)
        both = build.person(Role.ADJUDICATOR, Role.EDITOR)
        steps.take(claim=claim, step="adjudicate", rating=build.rating(), reason="So.", by=both)
        self.assertIn("editor_did_not_judge", self.action(lambda: build.signed_off(article, by=both)))

    def test_the_relaxation_lets_judges_sign_and_is_on_record(self) -> None:
        articles.edit(article=self.article, signer_may_have_judged=True, by=build.the(Role.EDITOR))
        self.assertEqual(
            self.action(lambda: build.signed_off(self.article, by=self.tries["editor_did_not_research"])),
            {"editor_did_not_research"},
        )
        build.signed_off(self.article, by=self.tries["editor_did_not_judge"])


class Rule4Publisher(Doors):
    """Rule 4, publication_is_signed_off_by_another."""

    rule = "publication_is_signed_off_by_another"

    def setUp(self) -> None:
        self.signer = build.person(superuser=True)
        self.sign_off = build.signed_off(by=self.signer)
        self.article = Article.objects.get(pk=self.sign_off.article_id)

    def row(self, by: Person) -> Publication:
        content = b'{"claims":[]}'
        return Publication(
            article=self.article, version=1, sign_off=self.sign_off, content=content, published_by=by,
            digest=hashlib.sha256(content).hexdigest(), published_at=timezone.now(),
        )  # fmt: skip

    def test_at_every_door(self) -> None:
        publish = lambda: publications.publish(article=self.article, build=build_snapshot, by=self.signer)  # noqa: E731
        self.assertEqual(self.action(publish), {self.rule})
        self.assertEqual(self.rest(self.signer, f"articles/{self.article.pk}/publications/", {}), {self.rule})
        self.assertEqual(self.database(self.row(self.signer).save), {self.rule})
        self.assertEqual(self.database(lambda: Publication.objects.bulk_create([self.row(self.signer)])), {self.rule})
        refused = self.sql(
            "INSERT INTO claims_publication (article_id, version, sign_off_id, content, digest, claims_root,"
            " claims_count, state, published_by_id, published_at) SELECT article_id, 1, id, '{}',"
            " encode(sha256('{}'), 'hex'), '', 0, 'waiting', signed_by_id, now() FROM claims_signoff"
        )
        self.assertEqual(refused, {self.rule})
        self.admin(self.signer, f"article/{self.article.pk}/step/publish/", {}, "so somebody else publishes it")
        self.assertEqual(Publication.objects.count(), 0)

    def test_nothing_unsealed_is_published(self) -> None:
        publisher = build.the(Role.PUBLISHER)
        row = self.row(publisher)
        row.state = "live"
        self.assertEqual(self.database(row.save), {"publication_is_sealed"})
        waiting = self.row(publisher)
        waiting.save()
        everything = Publication.objects.all()
        self.assertEqual(self.database(lambda: everything.update(state="live")), {"publication_is_sealed"})
        self.assertEqual(self.sql("UPDATE claims_publication SET state = 'live'"), {"publication_is_sealed"})

    def test_nothing_unsigned_is_published(self) -> None:
        claims.edit(claim=self.article.claims.first(), headline="Another headline", by=build.the(Role.EDITOR))
        self.article.refresh_from_db()
        self.assertEqual(self.article.state, ArticleState.CHECKING)
        publisher = build.the(Role.PUBLISHER)
        self.assertEqual(self.database(self.row(publisher).save), {self.rule})

    def test_a_publication_is_not_handed_over(self) -> None:
        build.publications.publish(article=self.article, build=build_snapshot, by=build.the(Role.PUBLISHER))
        refused = self.database(lambda: Publication.objects.update(published_by=self.signer))
        self.assertEqual(refused, {"publication_is_never_edited"})
        refused = self.sql("UPDATE claims_publication SET content = '{}'")
        self.assertEqual(refused, {"publication_is_never_edited"})


class Rule6Digest(Doors):
    """Rule 6: a verdict is bound to the digest of claim and evidence it judged (claim_digest_is_true)."""

    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.verdict = build.verdict(self.claim)

    def stale(self) -> bool:
        return Verdict.objects.select_related("claim").get(pk=self.verdict.pk).stale

    def test_every_way_to_change_what_was_judged_makes_it_stale(self) -> None:
        researcher = build.the(Role.RESEARCHER)
        cited = self.claim.evidence.get()
        ways: dict[str, Callable[[], Any]] = {
            "statement": lambda: claims.edit(claim=self.claim, statement="Other words.", by=researcher),
            "claimant": lambda: claims.edit(claim=self.claim, claimant="Somebody", by=researcher),
            "more evidence": lambda: build.cite(self.claim, "contradicts"),
            "evidence edited": lambda: evidence.edit(evidence=cited, locator="p. 9", by=researcher),
            "evidence withdrawn": lambda: evidence.withdraw(evidence=cited, reason="Forged.", by=researcher),
            "source edited": lambda: sources.edit(source=cited.source, tier="tertiary", by=researcher),
            "another quote": lambda: claims.settle_anchor(
                claim=self.claim, anchor={"exact": "closed on 3 May"}, by=researcher
            ),
            "save()": lambda: self.saved(statement="Other words."),
            "update()": lambda: Claim.objects.filter(pk=self.claim.pk).update(statement="Other words."),
            "evidence update()": lambda: Evidence.objects.filter(pk=cited.pk).update(excerpt="Other words."),
            "source update()": lambda: Source.objects.filter(pk=cited.source_id).update(title="Other"),
            "sql": lambda: self.execute("UPDATE claims_claim SET statement = 'Other words.'"),
            "evidence sql": lambda: self.execute("UPDATE claims_evidence SET note = 'Other words.'"),
        }
        for name, change in ways.items():
            with self.subTest(name):
                self.assertFalse(self.stale())
                with transaction.atomic():
                    change()
                    self.assertTrue(self.stale())
                    transaction.set_rollback(True)
                cited.refresh_from_db()
                self.claim = Claim.objects.get(pk=self.claim.pk)

    def saved(self, **changes: Any) -> None:
        row = Claim.objects.get(pk=self.claim.pk)
        for name, value in changes.items():
            setattr(row, name, value)
        row.save()

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def test_saving_without_a_change_makes_nothing_stale(self) -> None:
        self.saved()
        self.saved(importance="central", topics=["harbour"])
        self.claim.evidence.get().save()
        claims.edit(
            claim=self.claim, due_at=timezone.now(), assignee=build.the(Role.RESEARCHER), by=build.the(Role.EDITOR)
        )
        self.assertFalse(self.stale())

    def test_the_digest_cannot_be_written(self) -> None:
        before = self.claim.digest
        self.execute("UPDATE claims_claim SET digest = repeat('0', 64)")
        self.claim.refresh_from_db()
        self.assertEqual(self.claim.digest, before)
        self.assertEqual(self.sql("UPDATE claims_verdict SET digest = ''"), {"verdict_is_never_edited"})

    def test_a_stale_verdict_counts_for_nothing(self) -> None:
        build.cite(self.claim, "contradicts")
        build.verdict(self.claim)
        self.claim.refresh_from_db()
        self.assertEqual(self.claim.state, ClaimState.IN_REVIEW)
        build.verdict(self.claim, by=self.verdict.reviewer)
        self.claim.refresh_from_db()
        self.assertEqual(self.claim.state, ClaimState.DECIDED)

    def test_a_verdict_on_what_was_seen_before_is_refused(self) -> None:
        seen = self.claim.digest
        build.cite(self.claim)
        self.assertEqual(self.action(lambda: build.verdict(self.claim, digest=seen)), {"verdict_is_in_an_open_round"})

    def test_no_decision_without_its_quorum(self) -> None:
        row = Decision(claim=self.claim, round=1, method="agreement", rating=build.rating())
        self.assertEqual(self.database(row.save), {"decision_has_its_quorum"})


class Rule7SignOff(Doors):
    """Rule 7: a sign-off is bound to the digest of everything it covered (sign_off_covers_what_stands)."""

    def setUp(self) -> None:
        self.sign_off = build.signed_off()
        self.article = Article.objects.get(pk=self.sign_off.article_id)
        self.claim = self.article.claims.first()

    def test_every_change_to_what_was_covered_voids_it(self) -> None:
        editor, researcher = build.the(Role.EDITOR), build.the(Role.RESEARCHER)
        mark = self.article.current_revision.non_factual_marks.get()
        text = build.TEXT.replace("eleven", "twelve")
        ways: dict[str, Callable[[], Any]] = {
            "title": lambda: articles.edit(article=self.article, title="Another", by=editor),
            "claim": lambda: claims.edit(claim=self.claim, headline="Another", by=editor),
            "evidence": lambda: build.cite(self.claim),
            "new claim": lambda: build.identified(self.article, "the works would cost nine million"),
            "mark": lambda: articles.take_mark_back(mark=mark, by=researcher),
            "revision": lambda: self.revise(text),
            "reopened": lambda: steps.take(claim=self.claim, step="reopen", reason="A letter.", by=editor),
            "source": lambda: sources.edit(source=self.claim.evidence.get().source, confidential=True, by=researcher),
            "update()": lambda: Claim.objects.filter(pk=self.claim.pk).update(topics=["harbour"]),
            "sql": lambda: self.execute("UPDATE claims_article SET byline = 'Nobody'"),
        }
        for name, change in ways.items():
            with self.subTest(name):
                with transaction.atomic():
                    change()
                    self.sign_off.refresh_from_db()
                    self.article.refresh_from_db()
                    self.assertIsNotNone(self.sign_off.voided_at)
                    self.assertEqual(self.article.state, ArticleState.CHECKING)
                    transaction.set_rollback(True)
                self.article = Article.objects.get(pk=self.article.pk)
                self.claim = Claim.objects.get(pk=self.claim.pk)

    def revise(self, text: str) -> None:
        raw = text.encode()
        articles.revise(
            article=self.article, reading=build.read(raw, "text/markdown"), raw=raw, media_type="text/markdown",
            by=build.the(Role.EDITOR),
        )  # fmt: skip

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    def test_a_save_without_a_change_voids_nothing(self) -> None:
        Claim.objects.get(pk=self.claim.pk).save()
        Article.objects.get(pk=self.article.pk).save()
        articles.edit(article=self.article, due_at=timezone.now(), by=build.the(Role.EDITOR))
        self.sign_off.refresh_from_db()
        self.assertIsNone(self.sign_off.voided_at)

    def test_a_sign_off_of_something_else_is_refused(self) -> None:
        articles.edit(article=self.article, title="Another", by=build.the(Role.EDITOR))
        seen = self.sign_off.digest
        fresh = lambda: signoffs.sign_off(article=self.article, by=build.person(Role.EDITOR), digest=seen)  # noqa: E731
        self.assertEqual(self.action(fresh), {"sign_off_covers_what_stands"})

    def test_void_is_for_good(self) -> None:
        build.cite(self.claim)
        refused = self.sql("UPDATE claims_signoff SET voided_at = NULL, void_reason = ''")
        self.assertEqual(refused, {"sign_off_stays_voided"})


class Rule11NothingIsDeleted(Doors):
    """Rule 11, nothing_is_deleted: at no door, from no table of history."""

    def test_rows_and_tables(self) -> None:
        build.in_article_state(ArticleState.UNDER_CORRECTION)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else a pending foreign key refuses before we do
        rows = [Publication, SignOff, Decision, Verdict, Evidence, Source, Claim, Article, Person]
        for model in rows:
            with self.subTest(model.__name__):
                table = model._meta.db_table
                self.assertEqual(self.sql(f"DELETE FROM {table}"), {"nothing_is_deleted"})
                with as_owner():  # the application has not even the right
                    self.assertEqual(self.sql(f"TRUNCATE {table} CASCADE"), {"nothing_is_truncated"})
                last = model.objects.order_by("-pk").first()
                with self.assertRaises(Exception) as caught, transaction.atomic():
                    last.delete()
                self.assertIn(type(caught.exception).__name__, ("ProtectedError", "IntegrityError"))
        self.assertTrue(Claim.objects.exists())


class Rule12OneActionOneTransaction(Doors):
    """Rule 12: what an action refuses half-way leaves nothing behind."""

    def test_a_refused_step_writes_nothing(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        before = Claim.objects.filter(pk=claim.pk).values().get()
        with self.assertRaises(Refused):
            steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER))
        self.assertEqual(Claim.objects.filter(pk=claim.pk).values().get(), before)

    def test_a_verdict_whose_round_cannot_close_is_not_kept(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        build.verdict(claim)
        with self.assertRaises(Refused), transaction.atomic():
            # The rating is of another scale: refused after the verdict's row was made ready.
            verdicts.file(claim=claim, rating=build.rating(), rationale="x", confidence="high", by=build.the("nobody"))
        self.assertEqual(Verdict.objects.count(), 1)
