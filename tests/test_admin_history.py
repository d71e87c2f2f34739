"""The trail as people read it: words and names instead of codes and ids, filters, pages, and nothing that is hidden."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from django.test import TestCase
from django.utils import timezone

from claims.actions import articles, claims, redaction
from claims.admin.changes import UNSHOWN, Change
from claims.admin.differences import GONE, NEW, SAME
from claims.admin.history import UNDER_AN_ARTICLE, Line
from claims.admin.names import CALLED, SLOTS, names_of
from claims.admin.wording import ACTIONS, KINDS, words_of
from claims.choices import ClaimState, Role
from claims.models import Claim, Person, Verdict
from claims.models.audit import NOT_KEPT, REDACTED, recorded_as, recorded_models
from tests import build
from tests.test_admin_base import client_of, url
from tests.transactional import as_owner

SECRET = "Because the ledger was forged."


def page(person: Person, row: Any, name: str = "history", /, **asked: Any) -> Any:
    answer = client_of(person).get(url(type(row), name, row.pk), asked)
    assert answer.status_code == 200, answer.status_code
    return answer


def lines(person: Person, row: Any, name: str = "history", /, **asked: Any) -> list[Line]:
    return list(page(person, row, name, **asked).context["lines"])


def change(found: list[Line], action: str, field: str) -> Change:
    """The newest change of this field by this action."""
    return next(c for line in found if line.event.action == action for c in line.changes if c.field == field)


def told(found: Change) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in found.parts]


class Wording(TestCase):
    def test_every_action_of_the_desk_has_words(self) -> None:
        """Actions named in the code as they are, and those named after a step."""
        used = {f"claim.{step}" for step in ("triage", "reopen")} | {"publication.correct", "publication.retract"}
        for path in (Path(__file__).parent.parent / "claims").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "acting":
                    used |= {
                        k.value.value for k in node.keywords if k.arg == "action" and isinstance(k.value, ast.Constant)
                    }
        self.assertIn("verdict.file", used)
        self.assertEqual(used - set(ACTIONS), set())
        self.assertEqual(words_of("claim.set_aside"), "Set aside as not checkable")
        self.assertEqual(words_of("later.thing_done"), "later: thing done")

    def test_kinds_and_columns_are_those_on_record(self) -> None:
        kinds = {recorded_as(model._meta.db_table) for model in recorded_models()} | {
            "auth_group",
            "auth_group_permissions",
        }
        self.assertEqual((set(KINDS) | set(UNDER_AN_ARTICLE)) - kinds, set())

    def test_every_recorded_row_that_values_name_has_a_name(self) -> None:
        for model in recorded_models():
            for field in model._meta.concrete_fields:
                if field.is_relation:
                    self.assertIn(field.related_model, CALLED, f"{model.__name__}.{field.name}")
        self.assertEqual(max(len(called.columns) for called in CALLED.values()), SLOTS)

    def test_all_names_cost_one_query(self) -> None:
        build.published()
        every = [(model, pk) for model in CALLED for pk in model._default_manager.values_list("pk", flat=True)[:3]]
        auditor = build.person(Role.AUDITOR)
        auditor.get_all_permissions()
        with self.assertNumQueries(1):
            names = names_of(every, auditor)
        self.assertEqual(set(names), set(every))
        self.assertTrue(all(names.values()))
        claim = Claim.objects.first()
        self.assertEqual(names[Claim, claim.pk], f"C1 {claim.headline}")
        with self.assertNumQueries(0):
            self.assertEqual(names_of([], auditor), {})


class WhatALineSays(TestCase):
    def setUp(self) -> None:
        self.editor = build.the(Role.EDITOR)

    def test_a_changed_statement_is_marked_word_by_word(self) -> None:
        claim = build.identified()
        claims.edit(claim=claim, statement="The harbour was shut on 3 May 2023.", by=self.editor)
        found = change(lines(self.editor, claim), "claim.edit", "statement")
        self.assertEqual(
            told(found), [(SAME, "The harbour was "), (GONE, "closed"), (NEW, "shut"), (SAME, " on 3 May 2023.")]
        )
        body = re.sub(r"\s*<span[^>]*>|</span>", "", page(self.editor, claim).content.decode())
        self.assertIn("The harbour was <del>−deleted: closed</del><ins>+inserted: shut</ins> on 3 May 2023.", body)

    def test_people_ratings_and_choices_are_called_by_their_names(self) -> None:
        claim = build.claim(ClaimState.DECIDED, assignee=build.the(Role.RESEARCHER))
        found = lines(self.editor, claim)
        self.assertEqual(told(change(found, "claim.triage", "state")), [(GONE, "Identified"), (NEW, "Researching")])
        self.assertEqual(told(change(found, "verdict.file", "decision")), [(NEW, "C1: True, round 1")])
        self.assertEqual(told(change(found, "claim.identify", "created by")), [(SAME, "the-researcher")])
        self.assertEqual(
            next(line.action for line in found if line.event.action == "claim.triage"), "Take up for research"
        )
        verdict = lines(self.editor, Verdict.objects.first())
        self.assertEqual(told(change(verdict, "verdict.file", "rating")), [(SAME, "True")])
        self.assertEqual(told(change(verdict, "verdict.file", "claim")), [(SAME, f"C1 {claim.headline}")])

    def test_flags_moments_and_what_is_empty(self) -> None:
        on = build.article()
        articles.edit(article=on, blind=False, due_at=timezone.now().replace(2030, 5, 3, 7, 30, 0), by=self.editor)
        articles.edit(article=on, due_at=None, by=self.editor)
        newest, older = lines(self.editor, on)[:2]
        self.assertEqual([told(c) for c in newest.changes], [[(GONE, "2030-05-03 07:30:00 UTC")]])
        self.assertEqual(
            {c.field: told(c) for c in older.changes},
            {"blind": [(GONE, "yes"), (NEW, "no")], "due at": [(NEW, "2030-05-03 07:30:00 UTC")]},
        )

    def test_lists_are_shown_as_lists(self) -> None:
        claim = build.identified(topics=["harbour", "works"])
        claims.edit(claim=claim, topics=["harbour", "cranes"], attribution=["the mayor"], by=self.editor)
        found = lines(self.editor, claim)
        topics = change(found, "claim.edit", "topics")
        self.assertEqual(topics.form, "list")
        self.assertEqual(told(topics), [(SAME, "harbour"), (GONE, "works"), (NEW, "cranes")])
        self.assertEqual(told(change(found, "claim.edit", "attribution")), [(NEW, "the mayor")])
        self.assertNotIn("attribution", {c.field for c in found[-1].changes}, "an empty list is not shown")

    def test_what_is_erased_and_what_is_kept_elsewhere_is_shown_as_that(self) -> None:
        claim = build.identified()
        claims.edit(claim=claim, statement="The harbour was shut on 3 May 2023.", by=self.editor)
        with as_owner():
            redaction.redact(kind="claim", object_id=claim.pk, field="statement", basis="GDPR Art. 17.", by=self.editor)
        answer = page(self.editor, claim)
        found = list(answer.context["lines"])
        self.assertEqual(
            [(p.text, p.tag) for p in change(found, "claim.edit", "statement").parts], [(UNSHOWN[REDACTED], True)] * 2
        )
        self.assertContains(answer, '<span class="tag">redacted by law</span>')
        self.assertNotContains(answer, "was shut")
        revision = lines(self.editor, claim.article.current_revision)
        self.assertEqual(told(change(revision, "article.receive", "text")), [(SAME, UNSHOWN[NOT_KEPT])])
        timeline = lines(self.editor, claim.article, "timeline", kind="redaction")
        self.assertEqual(told(change(timeline, "audit.redact", "basis")), [(SAME, "GDPR Art. 17.")])
        self.assertEqual(told(change(timeline, "audit.redact", "object id"))[0][1][:2], "C1")

    def test_hostile_text_stays_text(self) -> None:
        claim = build.identified()
        claims.edit(
            claim=claim, statement="<script>alert(1)</script> <b>closed</b>", topics=["<i>x</i>"], by=self.editor
        )
        body = page(self.editor, claim).content.decode()
        self.assertNotIn("<script>alert", body)
        self.assertNotIn("<b>closed", body)
        self.assertNotIn("<i>x", body)
