"""The environment: every wrong value is one sentence that names the variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from factcheck import env

HOME = Path(__file__).parent.parent


class Env(SimpleTestCase):
    def given(self, **values: str) -> None:
        patch = mock.patch.dict(os.environ, values)
        patch.start()
        self.addCleanup(patch.stop)

    def test_false_is_not_true(self) -> None:
        for text, meaning in (("False", False), ("0", False), ("no", False), ("1", True), ("TRUE", True), ("", True)):
            self.given(A_FLAG=text)
            self.assertIs(env.flag("A_FLAG", default=True), meaning)

    def test_what_cannot_be_read_is_refused_by_name(self) -> None:
        self.given(A_FLAG="perhaps", A_NUMBER="-1", A_TEXT="")
        for read in (
            lambda: env.flag("A_FLAG", default=False),
            lambda: env.number("A_NUMBER", default=5),
            lambda: env.text("A_TEXT"),
        ):
            with self.assertRaisesRegex(ImproperlyConfigured, r"^A_(FLAG|NUMBER|TEXT) is .*: set it .*\."):
                read()

    def test_a_number_has_its_bounds(self) -> None:
        self.given(A_NUMBER="36501")
        self.assertEqual(env.number("A_NUMBER", default=5), 36_501)
        with self.assertRaisesRegex(ImproperlyConfigured, r"^A_NUMBER is 36501: set it to 36500 at most\.$"):
            env.number("A_NUMBER", default=5, most=36_500)

    def test_lists(self) -> None:
        self.given(A_LIST=" a, b ,,c ")
        self.assertEqual(env.words("A_LIST"), ["a", "b", "c"])
        self.assertEqual(env.words("NO_LIST", default="x,y"), ["x", "y"])

    def test_a_database_is_read_as_libpq_does(self) -> None:
        found = env.database("postgres://ada:s%20ecret@db.example:6432/desk?sslmode=require")
        self.assertEqual((found["USER"], found["PASSWORD"], found["HOST"]), ("ada", "s ecret", "db.example"))
        self.assertEqual((str(found["PORT"]), found["NAME"]), ("6432", "desk"))
        self.assertEqual(found["OPTIONS"], {"sslmode": "require"})
        self.assertEqual(env.database("postgresql://f@/d?host=/run/pg")["HOST"], "/run/pg")

    def test_another_database_is_refused_without_telling_the_password(self) -> None:
        for url in ("mysql://u:hunter2@h/d", "sqlite:///x", "hunter2", "postgres://u:hunter2@h/d?nonsense=1"):
            with self.subTest(url), self.assertRaises(ImproperlyConfigured) as caught:
                env.database(url)
            self.assertNotIn("hunter2", str(caught.exception))
            self.assertIn("DATABASE_URL", str(caught.exception))

    def test_the_owner_is_another_role_of_the_same_database(self) -> None:
        application = env.database("postgres://app:a@db.example:6432/desk")
        owner = env.owner("postgres://own:hunter2@db.example:5432/desk?sslmode=require", application)
        self.assertEqual((owner["USER"], owner["PASSWORD"], str(owner["PORT"])), ("own", "hunter2", "5432"))
        for url, said in (
            ("postgres://own:hunter2@db.example/other", "names another database"),
            ("postgres://own:hunter2@elsewhere/desk", "names another database"),
            ("postgres://app:hunter2@db.example/desk", "must name two roles"),
            ("postgres://db.example/desk", "must name two roles"),
            ("mysql://own:hunter2@db.example/desk", "must name a PostgreSQL database"),
        ):
            with self.subTest(url), self.assertRaisesRegex(ImproperlyConfigured, said) as caught:
                env.owner(url, application)
            self.assertTrue(str(caught.exception).startswith("DATABASE_OWNER_URL"))
            self.assertNotIn("hunter2", str(caught.exception))

    def test_what_the_trail_is_told(self) -> None:
        script = "from factcheck import settings as s; print(s.AUDIT_DIR, s.AUDIT_ORIGIN, s.AUDIT_PLACES)"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AUDIT_", "DATABASE_", "SITE_URL"))}
        for given, said in (
            ({}, "None 127.0.0.1/factcheck []"),
            ({"SITE_URL": "https://desk.example:8443/x"}, "None desk.example/factcheck []"),
            ({"AUDIT_DIR": "/srv/audit", "AUDIT_ORIGIN": "a.example/log", "AUDIT_PLACES": "file:/a, git:/b"},
             "/srv/audit a.example/log ['file:/a', 'git:/b']"),
        ):  # fmt: skip
            done = subprocess.run(
                [sys.executable, "-c", script], cwd=HOME, env=clean | given, capture_output=True, text=True, check=True
            )
            self.assertEqual(done.stdout.strip(), said)
