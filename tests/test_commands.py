"""The commands: what they print, and the one sentence they say when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, TestCase

from claims.choices import ArticleState, ClaimState, Role
from claims.importers.demo import DemoDesk
from claims.models import ApiToken, Article, AuditEvent, Claim, Person, Publication
from claims.publishing.snapshot import build as build_snapshot
from tests import build

HOME = Path(__file__).parent.parent


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


class People(TestCase):
    def test_a_person_and_a_token_are_printed_once_and_kept_hashed(self) -> None:
        said = run("add_person", "ada", "--role", "researcher", "--role", "reviewer", "--email", "ada@example.org")
        password = said.split()[-1]
        ada = Person.objects.get(username="ada")
        self.assertTrue(ada.check_password(password))
        self.assertEqual(set(ada.groups.values_list("name", flat=True)), {"researcher", "reviewer"})
        secret = run("issue_token", "ada", "--scope", "read").split()[-1]
        self.assertTrue(secret.startswith("fc_"))
        self.assertEqual(ApiToken.objects.get(digest=ApiToken.digest_of(secret)).scope, "read")
        answer = self.client.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"})
        self.assertEqual(answer.json()["username"], "ada")
        self.assertFalse(AuditEvent.objects.filter(object_type__in=("person", "apitoken"), outside=True).exists())

    def test_what_is_wrong_is_one_sentence(self) -> None:
        run("add_person", "ada", "--role", "researcher")
        for words, sentence in (
            (("add_person", "ADA", "--role", "editor"), "choose another name"),
            (("add_person", "a b!", "--role", "editor"), "valid username"),
            (("issue_token", "nobody"), "There is no active person nobody"),
            (("issue_token", "ada", "--days", "0"), "1 to 3650 days"),
        ):
            with self.subTest(words), self.assertRaisesRegex(CommandError, sentence):
                run(*words)


class ImportArticle(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "article.md"
        self.path.write_text(build.TEXT, encoding="utf-8")

    def test_it_prints_what_it_found(self) -> None:
        build.person(Role.RESEARCHER, username="ada")
        said = run("import_article", str(self.path), "--url", "https://example.org/harbour")
        article = Article.objects.get()
        self.assertEqual((article.url, article.byline), ("https://example.org/harbour", "Ada Example"))
        for words in ("The harbour was closed twice", "Ada Example", "2024-05-03", article.current_revision.sha256):
            self.assertIn(words, said)

    def test_what_is_wrong_is_one_sentence_and_nothing_is_stored(self) -> None:
        with self.assertRaisesRegex(CommandError, "add_person NAME --role researcher"):
            run("import_article", str(self.path))
        build.person(Role.RESEARCHER, username="ada")
        (empty := self.path.parent / "empty.txt").write_bytes(b"")
        (binary := self.path.parent / "binary.txt").write_bytes(b"\x00\xff\xfe")
        for words, sentence in (
            ((str(self.path.parent / "none.txt"),), "cannot be read"),
            ((str(self.path.parent),), "cannot be read"),
            ((str(empty),), "empty"),
            ((str(binary),), "."),
            ((str(self.path), "--by", "bob"), "bob may not receive articles"),
            ((str(self.path), "--url", "javascript:alert(1)"), "url"),
        ):
            with self.subTest(words), self.assertRaisesRegex(CommandError, sentence):
                run("import_article", *words)
        build.person(Role.EDITOR, username="eve")
        with self.assertRaisesRegex(CommandError, r"--by ada \| eve"):
            run("import_article", str(self.path))
        self.assertFalse(Article.objects.exists())


class TheDemoDesk(TestCase):
    def test_it_is_complete_and_loaded_once(self) -> None:
        desk = DemoDesk(build_snapshot, lambda line: None)
        self.assertFalse(desk.is_begun())
        passwords = desk.load()
        self.assertTrue(DemoDesk(build_snapshot, lambda line: None).is_begun())
        desk.publish()
        again = DemoDesk(build_snapshot, lambda line: None)
        again.publish()  # as after an interruption: nothing is done twice
        self.assertEqual(set(passwords), set(Person.objects.values_list("username", flat=True)))
        self.assertEqual(
            set(Role), set(Person.objects.exclude(groups=None).values_list("groups__name", flat=True)), "every role"
        )
        self.assertEqual(set(Claim.objects.values_list("state", flat=True)), set(ClaimState), "claims in every state")
        long, short = Article.objects.order_by("id")
        self.assertGreaterEqual(long.claims.count(), 25)
        self.assertEqual((long.state, short.state), (ArticleState.CHECKING, ArticleState.PUBLISHED))
        self.assertEqual(short.settled_count, short.sentence_count)
        first, second = Publication.objects.order_by("version")
        self.assertEqual(second.carries.get().publication, first)
        adjudicated = Claim.objects.filter(decision__method="adjudication")
        self.assertTrue(adjudicated.exists())
        self.assertFalse(AuditEvent.objects.filter(outside=True, article__isnull=False).exists())


class WithoutADatabase(SimpleTestCase):
    def test_wsgi_says_so_and_stops(self) -> None:
        clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "SECRET_KEY")}
        for given, sentence in (
            ({}, "DATABASE_URL is not set"),
            ({"DATABASE_URL": "postgres://x@/y"}, "SECRET_KEY is not set"),
        ):
            done = subprocess.run(
                [sys.executable, "-c", "import factcheck.wsgi"], cwd=HOME, env=clean | given,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(sentence, done.stderr.splitlines()[-1])
