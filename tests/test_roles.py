"""The two roles of the database: what the application's may not do, and how the owner's is used."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Warning
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection, connections, transaction
from django.test import SimpleTestCase, TestCase, override_settings

from claims import checks
from claims.choices import ArticleState
from claims.models import AuditEvent, Checkpoint, Claim, Unsealed
from claims.trail import guards
from tests import build
from tests.transactional import RealTransactions, as_owner, with_two_roles

HOME = Path(__file__).parent.parent
COLUMN = {
    "claims_auditevent": "action", "claims_opening": "value", "claims_stream": "head", "claims_unsealed": "event_id",
    "claims_redaction": "basis",
    "claims_leaf": "hash", "claims_node": "hash", "claims_checkpoint": "note",
}  # fmt: skip


def execute(statement: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def environment() -> dict[str, str]:
    """A process of its own on the test's database, with the roles' own logins."""
    name = f"/{connection.settings_dict['NAME']}"
    urls = {"DATABASE_URL": settings.DATABASE_URL, "DATABASE_OWNER_URL": settings.DATABASE_OWNER_URL}
    there = {key: urlsplit(url)._replace(path=name).geturl() for key, url in urls.items() if url}
    return {**os.environ, **there, "SECRET_KEY": "x" * 60, "DJANGO_SETTINGS_MODULE": "factcheck.settings"}


def run(script: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=HOME, env=environment() | more,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@with_two_roles
class TheApplicationsRole(TestCase):
    def setUp(self) -> None:
        build.published()

    def refused(self, statement: str) -> None:
        """By privilege, before any trigger is asked."""
        with self.subTest(statement), transaction.atomic():
            with self.assertRaises(ProgrammingError) as caught:
                execute(statement)
            self.assertEqual(caught.exception.__cause__.sqlstate, "42501", caught.exception)
            transaction.set_rollback(True)

    def test_it_is_the_one_the_tests_have(self) -> None:
        self.assertEqual(execute("SELECT current_user::text"), [(settings.DATABASE_ROLE,)])
        with as_owner():
            self.assertEqual(execute("SELECT current_user::text"), [(settings.DATABASE_OWNER["USER"],)])
        self.assertEqual(execute("SELECT current_user::text"), [(settings.DATABASE_ROLE,)])
        with self.assertRaises(ProgrammingError), as_owner():
            execute("SELECT no_such_thing()")
        self.assertEqual(execute("SELECT current_user::text"), [(settings.DATABASE_ROLE,)])

    def test_it_reads_the_trail_and_changes_nothing_of_it(self) -> None:
        self.assertEqual(set(COLUMN), {*guards.READ_ONLY, *guards.APPEND_ONLY})
        for table, column in COLUMN.items():
            self.assertTrue(execute(f"SELECT count(*) FROM {table}"), table)
            for statement in (
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"SELECT * FROM {table} FOR UPDATE",
                f"ALTER TABLE {table} ADD COLUMN more int",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"ALTER TABLE {table} OWNER TO {settings.DATABASE_ROLE}",
                f"DROP TABLE {table}",
                f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                f"CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
                f"DROP TRIGGER nothing_is_truncated ON {table}",
            ):
                self.refused(statement)
        for table in guards.READ_ONLY:
            self.refused(f"INSERT INTO {table} SELECT * FROM {table}")

    def test_it_changes_nothing_that_keeps_the_trail(self) -> None:
        for statement in (
            "DROP TRIGGER every_change_is_recorded ON claims_claim",
            "ALTER TABLE claims_claim DISABLE TRIGGER every_change_is_recorded",
            "TRUNCATE claims_claim CASCADE",
            "SET session_replication_role = replica",
            "CREATE OR REPLACE FUNCTION claims_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE FUNCTION claims_setting(name varchar) RETURNS text LANGUAGE sql AS 'SELECT name'",
            "DROP FUNCTION claims_record() CASCADE",
            "ALTER FUNCTION claims_record() RESET search_path",
            "CREATE TABLE mine (x int)",
            "SELECT nextval('claims_auditevent_seq_seq')",
            "DELETE FROM django_migrations",
            "CALL claims_admit(current_user)",
            f"ALTER ROLE {settings.DATABASE_OWNER['USER']} NOLOGIN",
            f"GRANT {settings.DATABASE_OWNER['USER']} TO {settings.DATABASE_ROLE}",
        ):
            self.refused(statement)

    def test_what_runs_as_the_owner_hangs_on_no_table_of_its_own(self) -> None:
        """Else a temporary table called like one of ours would write events that never happened."""
        execute("CREATE TEMP TABLE claims_person (id bigint, event_id bigint)")
        definers = execute(
            "SELECT proname::text FROM pg_proc WHERE prosecdef AND prorettype = 'trigger'::regtype"
            " AND proname LIKE 'claims\\_%'"
        )
        self.assertIn(("claims_record",), definers)
        for (name,) in definers:
            self.refused(
                "CREATE TRIGGER mine AFTER INSERT ON pg_temp.claims_person FOR EACH ROW"
                f" EXECUTE FUNCTION {name}('', '', '', '')"
            )

    def test_the_whole_story_needs_no_more(self) -> None:
        events = AuditEvent.objects.count()
        article = build.in_article_state(ArticleState.UNDER_CORRECTION)
        self.assertGreater(AuditEvent.objects.count(), events)
        self.assertTrue(Checkpoint.objects.exists())
        self.assertTrue(Unsealed.objects.exists(), "what happened after the last seal waits for the next")
        self.client.force_login(build.the("editor"))
        self.assertEqual(self.client.get(f"/admin/claims/article/{article.pk}/change/").status_code, 200)
        self.assertEqual(Claim.objects.filter(pk=article.claims.first().pk).update(importance="central"), 1)


@with_two_roles
class MoreThanNeeded(TestCase):
    def found(self) -> list[str]:
        return [m.msg for m in checks.the_role_does_what_it_needs(None, databases=["default"])]

    def test_the_application_has_what_it_needs(self) -> None:
        self.assertEqual(guards.more_than_needed(), [])
        self.assertEqual(self.found(), [])

    def test_the_owner_has_more(self) -> None:
        execute("RESET ROLE")
        self.assertEqual(guards.more_than_needed(), [f"owns {', '.join(sorted(COLUMN))}"])
        (message,) = checks.the_role_does_what_it_needs(None, databases=["default"])
        self.assertEqual((type(message), message.id), (Warning, "claims.W002"))
        self.assertIn("owns claims_auditevent", message.msg)

    def test_the_owners_own_work_is_not_asked(self) -> None:
        with as_owner():
            self.assertEqual(self.found(), [])
            self.assertNotEqual(guards.more_than_needed(), [])

    def test_each_right_is_named(self) -> None:
        role = settings.DATABASE_ROLE
        for right, said in (
            ("INSERT ON claims_auditevent", "may INSERT claims_auditevent"),
            ("UPDATE (head) ON claims_stream", "may UPDATE claims_stream"),
            ("DELETE, TRUNCATE ON claims_opening", "may DELETE, TRUNCATE claims_opening"),
            ("TRIGGER ON claims_unsealed", "may TRIGGER claims_unsealed"),
            ("UPDATE ON claims_leaf", "may UPDATE claims_leaf"),
            ("DELETE ON claims_node", "may DELETE claims_node"),
            ("TRUNCATE ON claims_checkpoint", "may TRUNCATE claims_checkpoint"),
            ("EXECUTE ON FUNCTION claims_record()", "may EXECUTE claims_record"),
            ("CREATE ON SCHEMA public", "may CREATE in the schema public"),
        ):
            with self.subTest(right), transaction.atomic():
                with as_owner():
                    execute(f"GRANT {right} TO {role}")
                self.assertEqual(guards.more_than_needed(), [said])
                self.assertIn(f"it {said}.", self.found()[0])
                transaction.set_rollback(True)
        for right in ("UPDATE ON claims_stream", "EXECUTE ON FUNCTION claims_record()"):
            with self.subTest(f"{right} for everybody"), transaction.atomic():
                with as_owner():
                    execute(f"GRANT {right} TO PUBLIC")
                self.assertEqual(len(guards.more_than_needed()), 1)
                transaction.set_rollback(True)

    def test_a_superuser_is_called_one(self) -> None:
        other = connection.copy()
        other.settings_dict = {**connection.settings_dict, "USER": "postgres", "OPTIONS": {}}
        connections["superuser"] = other
        self.addCleanup(delattr, connections._connections, "superuser")
        self.addCleanup(other.close)
        try:
            found = guards.more_than_needed("superuser")
        except OperationalError:
            self.skipTest("this server lets no superuser in")
        self.assertEqual(found, ["is a superuser"])


class Migrating(RealTransactions):
    def migrate(self, *words: str, verbosity: int = 0) -> str:
        out = StringIO()
        call_command("migrate", *words, verbosity=verbosity, stdout=out, stderr=out)
        return out.getvalue()

    def setUp(self) -> None:
        self.addCleanup(self.migrate)

    def complete(self) -> None:
        self.assertEqual((guards.missing_triggers(), guards.loose_functions(), guards.missing_now()), ([], [], []))

    def test_backwards_and_forwards_every_trigger_is_there(self) -> None:
        self.migrate("claims", "0010_precedents")
        self.assertEqual((guards.loose_functions(), guards.missing_now()), ([], []))
        self.migrate()
        self.complete()
        with self.assertRaisesRegex(CommandError, "cannot be taken back: .*0008_comments is not reversible"):
            self.migrate("claims", "0007_review_desk")
        self.migrate()
        self.complete()
        build.published()

    def test_a_trigger_that_is_missing_afterwards_is_named(self) -> None:
        self.migrate("claims", "0010_precedents")
        self.without_recording_claims()
        said = "every_change_is_recorded on claims_claim is missing"
        for words in ((), ("claims", "0010_precedents"), ("--skip-checks",)):
            with self.subTest(words), self.assertRaisesRegex(CommandError, said):
                self.migrate(*words)

    def without_recording_claims(self) -> None:
        (definition,) = execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE tgname = 'every_change_is_recorded' AND tgrelid = 'claims_claim'::regclass"
        )[0]
        with as_owner():
            execute("DROP TRIGGER every_change_is_recorded ON claims_claim")
        self.addCleanup(self.with_recording_claims, str(definition))

    def with_recording_claims(self, definition: str) -> None:
        with as_owner():
            execute(definition)
            execute("ALTER TABLE claims_claim ENABLE ALWAYS TRIGGER every_change_is_recorded")

    def test_a_desk_that_lost_a_trigger_does_not_start(self) -> None:
        served = run("import factcheck.wsgi; print('serving')")
        self.assertEqual((served.returncode, served.stdout), (0, "serving\n"), served.stderr)
        self.without_recording_claims()
        with self.assertRaisesRegex(ImproperlyConfigured, "every_change_is_recorded on claims_claim .* does not run"):
            checks.refuse_to_start()
        refused = run("import factcheck.wsgi; print('serving')")
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("ImproperlyConfigured: The trigger every_change_is_recorded", refused.stderr.splitlines()[-1])

    def test_a_database_that_does_not_answer_yet_is_no_reason_not_to_start(self) -> None:
        nowhere = {"DATABASE_URL": "postgres://me@/desk?host=/nowhere", "DATABASE_OWNER_URL": ""}
        done = run("import factcheck.wsgi; print('serving')", **nowhere)
        self.assertEqual((done.returncode, done.stdout), (0, "serving\n"), done.stderr)
        self.assertIn("could not be checked at start-up", done.stderr)


@with_two_roles
class MigratingWithTwoRoles(Migrating):
    def test_what_migrations_make_is_given_to_the_application_and_no_more(self) -> None:
        with as_owner():
            execute("CREATE TABLE made_later (id bigint GENERATED BY DEFAULT AS IDENTITY)")
            execute(f"GRANT DELETE ON claims_auditevent TO {settings.DATABASE_ROLE}")
        self.addCleanup(self.drop, "made_later")
        with self.assertRaises(ProgrammingError):
            execute("SELECT * FROM made_later")
        said = self.migrate(verbosity=1)
        self.assertIn(f"The role {settings.DATABASE_ROLE} has the rights of the application", said)
        execute("INSERT INTO made_later DEFAULT VALUES")
        self.assertEqual(guards.more_than_needed(), [])
        self.assertEqual(self.migrate(), "")

    def drop(self, table: str) -> None:
        with as_owner():
            execute(f"DROP TABLE {table}")

    def test_a_look_ahead_gives_nothing(self) -> None:
        with as_owner():
            execute(f"GRANT DELETE ON claims_auditevent TO {settings.DATABASE_ROLE}")
        for word in ("--plan", "--check"):
            self.migrate(word)
        self.assertEqual(guards.more_than_needed(), ["may DELETE claims_auditevent"])

    def test_without_the_owner_nothing_is_migrated_and_one_sentence_says_why(self) -> None:
        self.migrate("claims", "0010_precedents")
        with (
            override_settings(DATABASE_OWNER=None),
            self.assertRaisesRegex(CommandError, "^Only the owner migrates: set DATABASE_OWNER_URL"),
        ):
            self.migrate()

    def test_the_owner_is_not_made_the_application(self) -> None:
        owner = settings.DATABASE_OWNER["USER"]
        with override_settings(DATABASE_ROLE=owner), self.assertRaisesRegex(CommandError, f"{owner} owns the trail"):
            self.migrate()


SWAP = """
import threading, django
django.setup()
from django.db import connection, transaction
from factcheck.database import as_owner, is_owner
def who():
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user::text || ' ' || current_user::text")
        print(cursor.fetchone()[0], is_owner())
who()
with as_owner():
    who()
    with as_owner():
        who()
    other = threading.Thread(target=who)
    other.start()
    other.join()
who()
try:
    with as_owner():
        raise ValueError
except ValueError:
    who()
with transaction.atomic():
    try:
        with as_owner():
            pass
    except transaction.TransactionManagementError as error:
        print(error)
who()
"""


@with_two_roles
class AsOwner(RealTransactions):
    def test_the_calling_threads_connection_is_the_owners_for_a_while(self) -> None:
        app, owner = settings.DATABASE_ROLE, settings.DATABASE_OWNER["USER"]
        done = run(SWAP)
        ours, theirs = f"{app} {app} False", f"{owner} {owner} True"
        refused = "The owner has a connection of its own: call as_owner() outside transactions."
        self.assertEqual(done.stdout.splitlines(), [ours, theirs, theirs, ours, ours, ours, refused, ours], done.stderr)

    def test_without_an_owner_it_changes_nothing(self) -> None:
        with override_settings(DATABASE_OWNER=None), as_owner():
            self.assertEqual(execute("SELECT current_user::text"), [(settings.DATABASE_ROLE,)])


class BeforeItIsServed(SimpleTestCase):
    def found(self, **given: object) -> set[str]:
        with override_settings(**given):
            return {m.id for m in checks.the_trail_is_sealed(None)}

    def test_a_trail_that_nobody_seals_or_keeps_is_said(self) -> None:
        self.assertEqual(self.found(AUDIT_DIR=None, AUDIT_PLACES=[]), {"claims.W003", "claims.W004"})
        self.assertEqual(self.found(AUDIT_DIR=HOME, AUDIT_PLACES=["file:/a", "file:/a"]), {"claims.W004"})
        self.assertEqual(self.found(AUDIT_DIR=HOME, AUDIT_PLACES=["file:/a", "git:/b"]), set())

    def test_only_of_a_deployed_desk(self) -> None:
        with override_settings(AUDIT_DIR=None), mock.patch("sys.stderr", StringIO()) as said:
            call_command("check", stdout=said)
            self.assertNotIn("claims.W003", said.getvalue())
            call_command("check", deploy=True, stdout=said)
            self.assertIn("claims.W003", said.getvalue())
