"""The environment: every wrong value is one sentence that names the variable."""

from __future__ import annotations

import os
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from factcheck import env


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
