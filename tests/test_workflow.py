"""The whole state table: every step, from every state, by every role."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import SimpleTestCase, TestCase

from claims.choices import ArticleState, ClaimState, Role
from claims.models import Article, Claim
from claims.workflow import ARTICLE_MOVES, ARTICLE_STEPS, CLAIM_MOVES, CLAIM_STEPS, JUDGE, ask, moves
from tests import build

# Who may take which step, as the head of research wrote it down (not read from the groups: those are what is tried).
CLAIM_ROLES = {
    "triage": {Role.RESEARCHER, Role.EDITOR},
    "set_aside": {Role.RESEARCHER, Role.EDITOR},
    "confirm_set_aside": set(Role),
    "mark_duplicate": {Role.RESEARCHER, Role.EDITOR},
    "submit_for_review": {Role.RESEARCHER},
    "adjudicate": {Role.ADJUDICATOR},
    "return_to_research": {Role.REVIEWER, Role.ADJUDICATOR, Role.EDITOR},
    "reopen": {Role.EDITOR},
    "withdraw_claim": {Role.RESEARCHER, Role.EDITOR},
    "restore_claim": {Role.RESEARCHER, Role.EDITOR},
    "judge": {Role.REVIEWER},
}
ARTICLE_ROLES = {
    "sign_off": {Role.EDITOR},
    "publish": {Role.PUBLISHER},
    "correct": {Role.PUBLISHER},
    "retract": {Role.PUBLISHER},
    "withdraw": {Role.EDITOR},
}
CLAIM_FROM = {
    "triage": {"identified"},
    "set_aside": {"identified", "researching"},
    "confirm_set_aside": {"not_checkable"},
    "mark_duplicate": {"identified", "researching"},
    "submit_for_review": {"researching"},
    "adjudicate": {"disputed"},
    "return_to_research": {"in_review", "disputed", "decided"},
    "reopen": {"decided", "not_checkable", "duplicate"},
    "withdraw_claim": {"identified", "researching", "not_checkable", "duplicate"},
    "restore_claim": {"identified", "researching", "not_checkable", "duplicate"},
    "judge": {"in_review"},
}
ARTICLE_FROM = {
    "sign_off": {"checking", "under_correction"},
    "publish": {"signed_off", "under_correction"},
    "correct": {"published", "under_correction"},
    "retract": {"published", "under_correction"},
    "withdraw": {"received", "checking", "signed_off"},
}


class TheWholeTable(TestCase):
    def test_claims(self) -> None:
        people = {role: build.person(role) for role in Role}
        for state in ClaimState:
            claim = build.claim(state)
            for step in (*CLAIM_STEPS, JUDGE):
                for role, person in people.items():
                    with self.subTest(state=state, step=step.name, role=role):
                        codes = {r.code for r in ask(step, claim, person)}
                        self.assertEqual("not_permitted" in codes, role not in CLAIM_ROLES[step.name])
                        if role in CLAIM_ROLES[step.name]:
                            self.assertEqual("not_from_this_state" in codes, state not in CLAIM_FROM[step.name])

    def test_articles(self) -> None:
        people = {role: build.person(role) for role in Role}
        for state in ArticleState:
            article = build.in_article_state(state)
            for step in ARTICLE_STEPS:
                for role, person in people.items():
                    with self.subTest(state=state, step=step.name, role=role):
                        codes = {r.code for r in ask(step, article, person)}
                        self.assertEqual("not_permitted" in codes, role not in ARTICLE_ROLES[step.name])
                        if role in ARTICLE_ROLES[step.name]:
                            self.assertEqual("not_from_this_state" in codes, state not in ARTICLE_FROM[step.name])

    def test_nobody_who_left_takes_a_step(self) -> None:
        gone = build.person(Role.RESEARCHER)
        gone.is_active = False
        claim = build.identified()
        for step in CLAIM_STEPS:
            self.assertEqual([r.code for r in ask(step, claim, gone)], ["not_permitted"])


class TheDatabaseKnowsTheSameMoves(TestCase):
    """Any path that is not in workflow.py is refused in SQL too, and every one that is there is let through."""

    def test_claims(self) -> None:
        legal = moves((*CLAIM_STEPS, *CLAIM_MOVES))
        for here in ClaimState:
            claim = build.claim(here)
            for there in set(ClaimState) - {here}:
                with self.subTest(here=here, there=there):
                    refused = self.refused_by("claims_claim", claim.pk, there)
                    # A legal move may still lack what belongs to it (a decision, a reason); then another rule says so.
                    self.assertEqual(refused == "claim_moves_by_workflow", (here, there) not in legal)

    def test_articles(self) -> None:
        legal = moves((*ARTICLE_STEPS, *ARTICLE_MOVES))
        for here in ArticleState:
            article = build.in_article_state(here)
            for there in set(ArticleState) - {here}:
                with self.subTest(here=here, there=there):
                    refused = self.refused_by("claims_article", article.pk, there)
                    if (here, there) not in legal:
                        self.assertEqual(refused, "article_moves_by_workflow")
                    elif there not in ("signed_off", "published"):  # those need their sign-off or publication
                        self.assertIsNone(refused)

    def refused_by(self, table: str, pk: int, state: str) -> str | None:
        # In review needs its round, which is what a claim's submission writes with the state.
        also = ", round = round + 1" if state == "in_review" else ""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET state = %s{also} WHERE id = %s", [state, pk])
                transaction.set_rollback(True)
        except IntegrityError as error:
            return error.__cause__.diag.constraint_name
        return None


class ThroughTheOrm(TestCase):
    def test_save_and_update_are_refused_alike(self) -> None:
        claim, article = build.identified(), build.article()
        claim.state = ClaimState.IN_REVIEW
        article.state = ArticleState.PUBLISHED
        for write in (
            claim.save,
            article.save,
            lambda: Claim.objects.filter(pk=claim.pk).update(state=ClaimState.DECIDED),
            lambda: Article.objects.filter(pk=article.pk).update(state=ArticleState.SIGNED_OFF),
        ):
            with self.assertRaisesRegex(IntegrityError, "does not go from"), transaction.atomic():
                write()

    def test_nothing_begins_half_way(self) -> None:
        claim = build.identified()
        claim.pk, claim.number, claim.code, claim.state = None, 9, "C9", ClaimState.RESEARCHING
        with self.assertRaisesRegex(IntegrityError, "begins as identified"), transaction.atomic():
            claim.save(force_insert=True)


class TheDiagram(SimpleTestCase):
    def test_docs_show_what_the_command_prints(self) -> None:
        printed = StringIO()
        call_command("workflow_diagram", stdout=printed)
        page = (Path(__file__).parent.parent / "docs" / "workflow.md").read_text(encoding="utf-8")
        for diagram in printed.getvalue().strip().split("\n\n"):
            self.assertIn(f"```mermaid\n{diagram}\n```", page)
