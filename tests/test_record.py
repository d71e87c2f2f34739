"""The record: every change by every path, by whom and why, and no way to change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.core.checks import Error
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import TestCase

from claims import checks
from claims.actions import claims, desk, evidence, steps
from claims.actions.acting import request_id
from claims.choices import ArticleState, ClaimState, Role
from claims.models import (
    Article,
    AuditEvent,
    CheckpointPlace,
    Claim,
    Delivery,
    DeliveryTry,
    Evidence,
    KeptAnswer,
    KnownWord,
    Notification,
    Person,
    Posting,
    Source,
    Throttle,
    Verdict,
)
from claims.models.audit import NOT_KEPT, WITHHELD
from claims.models.search import SEARCHABLE
from claims.proofs import verifier
from claims.rules import Refused
from tests import build
from tests.transactional import as_owner


def events_of(change: Callable[[], Any]) -> list[AuditEvent]:
    """The events one change wrote, oldest first."""
    last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    change()
    return list(AuditEvent.objects.filter(seq__gt=last).order_by("seq"))


def execute(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


class WhatAnEventSays(TestCase):
    def test_an_action_is_recorded_with_actor_action_reason_request_object_and_article(self) -> None:
        claim = build.claim(ClaimState.DECIDED)
        editor = build.the(Role.EDITOR)
        token = request_id.set("request-77")
        try:
            given = {"step": "reopen", "reason": "A reader wrote.", "by": editor}
            events = events_of(lambda: steps.take(claim=claim, **given))
        finally:
            request_id.reset(token)
        step = next(e for e in events if e.object_type == "claim" and "state" in (e.after or {}))
        self.assertEqual(
            (step.actor_id, step.action, step.reason, step.request_id, step.object_id, step.article_id, step.outside),
            (editor.pk, "claim.reopen", "A reader wrote.", "request-77", claim.pk, claim.article_id, False),
        )
        self.assertEqual((step.before["state"], step.after["state"]), ("decided", "researching"))
        self.assertEqual(set(step.before), set(step.after), "before and after hold the same, changed fields")
        self.assertNotIn("statement", step.after)

    def test_a_new_row_is_recorded_whole_and_a_save_without_a_change_not_at_all(self) -> None:
        build.the(Role.RESEARCHER)
        events = events_of(lambda: build.source(title="The register", url="https://example.org/"))
        self.assertEqual(
            [(e.object_type, e.before, e.after["title"]) for e in events], [("source", None, "The register")]
        )
        self.assertEqual(events_of(Source.objects.get().save), [])

    def test_joining_rows_are_recorded(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        cited = claim.evidence.get()
        events = events_of(lambda: build.verdict(claim, by=build.the(Role.REVIEWER), relied_on=[cited]))
        joined = next(e for e in events if e.object_type == "verdict_relied_on")
        self.assertEqual((joined.parent_id, joined.article_id), (Verdict.objects.get().pk, claim.article_id))
        self.assertEqual((joined.actor, joined.action), (build.the(Role.REVIEWER), "verdict.file"))

    def test_secrets_and_texts_stand_in_it_as_digests(self) -> None:
        person, password = desk.add_person(username="ada", roles=[Role.RESEARCHER], by=None)
        build.article()
        everything = str([(e.before, e.after) for e in AuditEvent.objects.all()])
        self.assertNotIn(password, everything)
        self.assertNotIn(person.password, everything)
        self.assertNotIn("The works took eleven months", everything)
        self.assertIn(NOT_KEPT, everything)

    def test_texts_stand_in_the_bytes_as_commitments_alone(self) -> None:
        claim = build.claim(ClaimState.DECIDED)
        claims.edit(claim=build.identified(), statement="Quite another sentence.", by=build.the(Role.EDITOR))
        written = b"".join(bytes(e.bytes) for e in AuditEvent.objects.all())
        for text in (
            claim.statement,
            claim.evidence.get().excerpt,
            "Quite another sentence.",
            "The harbour was closed",
        ):
            self.assertNotIn(text.encode(), written)

    def test_the_bytes_are_of_the_documented_form_and_open_to_what_is_told(self) -> None:
        build.in_article_state(ArticleState.UNDER_CORRECTION)
        for event in AuditEvent.objects.prefetch_related("openings"):
            told = verifier.check_event(bytes(event.bytes))
            self.assertEqual(verifier.leaf_hash(bytes(event.bytes)), bytes(event.hash))
            for opening in event.openings.all():
                side, _, column = opening.place.partition(".")
                committed = told[side][column] if column else told[side]
                if opening.value is not None:
                    made = verifier.commitment(bytes(opening.salt), opening.value.encode())
                    self.assertEqual(committed, {"sha256": made}, f"{event}: {opening}")

    def test_the_withheld_columns_are_those_the_triggers_withhold(self) -> None:
        withheld = set()
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgrelid::regclass::text, encode(tgargs, 'escape') FROM pg_trigger"
                           " WHERE tgname = 'every_change_is_recorded'")  # fmt: skip
            for table, given in cursor.fetchall():
                columns = given.split("\\000")[2]
                withheld |= {f"{table.removeprefix('claims_')}.{c}" for c in columns.split(",") if c}
        self.assertEqual(withheld, WITHHELD)

    def test_a_refused_action_leaves_no_event_and_no_name_behind(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)

        def refused() -> None:
            with self.assertRaises(Refused):
                steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER))

        self.assertEqual(events_of(refused), [])
        event = events_of(lambda: Claim.objects.filter(pk=claim.pk).update(importance="central"))[0]
        self.assertTrue(event.outside, "the action that was refused does not lend its name to what follows")

    def test_an_action_lends_its_name_to_nothing_after_it(self) -> None:
        claim = build.identified()
        event = events_of(lambda: Claim.objects.filter(pk=claim.pk).update(importance="central"))[0]
        self.assertEqual((event.outside, event.actor, event.action), (True, None, "outside.update"))


class EveryPath(TestCase):
    """Whatever way a change takes, it is on record; around the actions, as made outside, with the database role."""

    def test_paths_around_the_actions(self) -> None:
        claim = build.identified()
        row = Claim.objects.get(pk=claim.pk)
        row.importance = "central"
        row.topics = ["works"]
        fresh = Source(title="A register", kind="document", tier="primary", created_by=claim.created_by)
        ways: dict[str, tuple[Callable[[], Any], str]] = {
            "save": (row.save, "claim"),
            "update": (lambda: Claim.objects.update(importance="peripheral"), "claim"),
            "bulk_update": (lambda: Claim.objects.bulk_update([row], ["importance"]), "claim"),
            "bulk_create": (lambda: Source.objects.bulk_create([fresh]), "source"),
            "raw SQL": (lambda: execute("UPDATE claims_claim SET topics = '{harbour}'"), "claim"),
            "COPY": (self.copy_a_source, "source"),
            "many-to-many": (lambda: claim.created_by.groups.clear(), "person_groups"),
            "a role's permissions": (
                lambda: execute(
                    "DELETE FROM auth_group_permissions WHERE id = (SELECT min(id) FROM auth_group_permissions)"
                ),
                "auth_group_permissions",
            ),
            "no constraint trigger": (self.with_replication_role, "claim"),
        }
        for name, (change, kind) in ways.items():
            with self.subTest(name):
                events = [e for e in events_of(change) if e.object_type == kind]
                self.assertTrue(events, f"{name} left no event")
                self.assertTrue(all(e.outside and e.actor_id is None for e in events))
                self.assertEqual({e.db_role for e in events}, {self.role()})

    def role(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT session_user")
            return str(cursor.fetchone()[0])

    def copy_a_source(self) -> None:
        author = Person.objects.first()
        columns = (
            "title, publisher, author, url, archived_url, kind, tier, affiliation, sha256, confidential, created_by_id,"
            " created_at, updated_at"
        )
        row = f"Copied,,,,,document,primary,,,f,{author.pk},2024-01-01,2024-01-01\n"
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY claims_source ({columns}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (publisher, author,"
                        " url, archived_url, affiliation, sha256))") as copy,
        ):  # fmt: skip
            copy.write(row)

    def with_replication_role(self) -> None:
        """The setting that switches ordinary triggers off is not ours to set, and would not switch these off."""
        with self.assertRaises(ProgrammingError), transaction.atomic():
            execute("SET LOCAL session_replication_role = replica")
        execute("UPDATE claims_claim SET topics = '{}'")

    def test_every_event_of_a_whole_story_is_the_desks(self) -> None:
        before = AuditEvent.objects.count()
        build.in_article_state(ArticleState.UNDER_CORRECTION)
        made = AuditEvent.objects.order_by("seq")[before:]
        around = {(e.object_type, e.action) for e in made if e.outside} - {
            ("person", "outside.insert"), ("person_groups", "outside.insert"),  # tests.build adds people straight
        }  # fmt: skip
        self.assertEqual(around, set())
        nobodys = {e.action for e in made if not e.outside and e.actor_id is None}
        self.assertEqual(nobodys, {"audit.key_introduced"})


class TheRecordItself(TestCase):
    def setUp(self) -> None:
        build.source()

    def test_it_refuses_every_change(self) -> None:
        for statement, rule in (
            ("UPDATE claims_auditevent SET action = 'x'", "record_is_never_edited"),
            ("UPDATE claims_auditevent SET action = 'x' WHERE false", "record_is_never_edited"),
            ("DELETE FROM claims_auditevent", "nothing_is_deleted"),
            ("TRUNCATE claims_auditevent", "nothing_is_truncated"),
            ("INSERT INTO claims_auditevent (stream, n, at, action, request_id, object_type, outside, db_role, bytes,"
             " hash) VALUES ('desk', 0, now(), 'x', '', 'claim', false, '', '', '')", "only_triggers_write_the_record"),
            ("UPDATE claims_stream SET length = 7", "only_triggers_write_the_record"),
            ("DELETE FROM claims_stream", "nothing_is_deleted"),
            ("UPDATE claims_opening SET value = 'x'", "only_triggers_write_the_record"),
            ("DELETE FROM claims_opening", "opening_goes_only_by_redaction"),
            ("DELETE FROM claims_unsealed", "only_triggers_write_the_record"),
            ("INSERT INTO claims_leaf (index, event_id, hash) VALUES (7, 1, '')", "leaf_is_an_event_at_the_end"),
        ):  # fmt: skip
            with (
                self.subTest(statement), self.assertRaises(IntegrityError) as caught, transaction.atomic(), as_owner(),
            ):  # fmt: skip
                execute(statement)
            self.assertEqual(caught.exception.__cause__.diag.constraint_name, rule)

    def test_the_orm_has_no_way_either(self) -> None:
        event = AuditEvent.objects.first()
        event.action = "x"
        for write in (event.save, event.delete, AuditEvent.objects.all().delete):
            with self.assertRaises(IntegrityError), transaction.atomic(), as_owner():
                write()


class TheTriggersAreThere(TestCase):
    def test_on_every_table(self) -> None:
        self.assertEqual(checks.missing_triggers(), [])
        self.assertEqual(checks.the_record_is_complete(None, databases=["default"]), [])

    def test_the_check_names_what_is_missing(self) -> None:
        for statement in (
            "DROP TRIGGER every_change_is_recorded ON claims_claim",
            "ALTER TABLE claims_claim DISABLE TRIGGER every_change_is_recorded",
            "ALTER TABLE claims_claim ENABLE TRIGGER every_change_is_recorded",  # ordinary: a setting switches it off
        ):
            with self.subTest(statement), transaction.atomic():
                with as_owner():
                    execute(statement)
                found = checks.the_record_is_complete(None, databases=["default"])
                self.assertEqual([type(e) for e in found], [Error])
                self.assertIn("every_change_is_recorded on claims_claim", found[0].msg)
                transaction.set_rollback(True)

    def test_a_new_table_without_them_is_found(self) -> None:
        expected = checks.expected_triggers()
        no_history = {CheckpointPlace, Notification, Delivery, DeliveryTry, Posting, KeptAnswer, Throttle, KnownWord}
        no_history |= {*SEARCHABLE.values()}
        for model in set(apps.get_app_config("claims").get_models(include_auto_created=True)) - no_history:
            self.assertIn((model._meta.db_table, "nothing_is_truncated"), expected)

    def test_every_migration_after_the_rules_leaves_them_complete(self) -> None:
        """A plan of the migrations that come after 0003_rules; each must leave every table of its own time covered."""
        executor = MigrationExecutor(connection)
        later = sorted(name for app, name in executor.loader.disk_migrations if app == "claims" and name > "0003_rules")
        self.assertTrue(later)
        for name in later:
            with self.subTest(name):
                state = executor.loader.project_state([("claims", name)])
                tables = {
                    m._meta.db_table for m in state.apps.get_app_config("claims").get_models(include_auto_created=True)
                }
                self.assertEqual([t for t in checks.missing_triggers() if t[0] in tables], [])


class WhoMayReadWhat(TestCase):
    def test_a_blind_verdict_is_in_nobodys_trail_but_its_reviewers(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        reviewer, other = build.person(Role.REVIEWER), build.person(Role.REVIEWER, Role.EDITOR)
        build.verdict(claim, by=reviewer, relied_on=list(claim.evidence.all()))
        kinds = {"verdict", "verdict_relied_on"}
        seen = lambda person: set(  # noqa: E731
            AuditEvent.objects.visible_to(person).filter(object_type__in=kinds).values_list("object_type", flat=True)
        )
        self.assertEqual(seen(other), set())
        self.assertEqual(seen(build.person(superuser=True)), set())
        self.assertEqual(seen(reviewer), kinds)
        self.assertEqual(seen(build.person(Role.AUDITOR)), kinds)
        build.verdict(claim)
        self.assertEqual(seen(other), kinds, "when the round has closed everything in it is revealed")


class Withdrawn(TestCase):
    def test_withdrawn_evidence_stays_with_its_reason(self) -> None:
        cited = build.cite(build.identified())
        evidence.withdraw(evidence=cited, reason="It was forged.", by=build.the(Role.RESEARCHER))
        kept = Evidence.objects.get(pk=cited.pk)
        self.assertEqual((kept.withdrawn, kept.withdrawn_reason), (True, "It was forged."))
        self.assertEqual(kept.claim.corroborates_count, 0)

    def test_history_of_one_row(self) -> None:
        claim = build.identified()
        claims.edit(claim=claim, statement="Other words.", by=build.the(Role.EDITOR))
        told = [(e.action, e.after.get("statement")) for e in AuditEvent.objects.all().of(claim) if e.after]
        self.assertEqual(told[0], ("claim.edit", "Other words."))
        self.assertEqual(Article.objects.count(), 1)
