"""The public site as static files."""

from __future__ import annotations

import os
import tempfile
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from claims.models import Publication
from claims.publishing import site
from tests import published as published


class StaticSite(TestCase):
    first: Publication

    @classmethod
    def setUpTestData(cls) -> None:
        cls.first = published.everything()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "site"
        self.at = f"factchecks/{self.first.article.slug}"

    def publish(self) -> str:
        out = StringIO()
        call_command("publish_site", str(self.root), stdout=out)
        return out.getvalue()

    def files(self) -> set[str]:
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()}

    def test_the_same_bytes_as_the_server_sends(self) -> None:
        told = self.publish()
        self.assertIn(f"{len(self.files()) - 1} files", told)
        ours = (self.at, f"{self.at}/C2", f"{self.at}/C2/v1")
        for path in ("factchecks", "corrections", "ratings", "methodology", *ours):
            with self.subTest(path):
                sent = self.client.get(f"/{path}/").content
                self.assertEqual((self.root / path / "index.html").read_bytes(), sent)
        for path in ("factchecks/feed.atom", "factchecks/feed.json", "factchecks/claimreview.json", "sitemap.xml"):
            self.assertEqual((self.root / path).read_bytes(), self.client.get(f"/{path}").content)
        self.assertIn(f"/{self.at}/C1/", (self.root / self.at / "C4" / "index.html").read_text())
        self.assertTrue({"index.html", "404.html", "robots.txt", "static/public/public.css"} <= self.files())

    def test_nothing_internal(self) -> None:
        self.publish()
        for path in sorted(self.files()):
            self.assertNotIn(published.CANARY, path + (self.root / path).read_text().lower(), path)

    def test_anybody_may_read_the_files(self) -> None:
        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        self.publish()
        self.assertEqual({(self.root / p).stat().st_mode & 0o777 for p in self.files()}, {0o644})

    def test_again_changes_nothing(self) -> None:
        self.publish()
        page = self.root / self.at / "index.html"
        os.utime(page, (1, 1))
        self.assertIn("0 new or changed, 0 taken away", self.publish())
        self.assertEqual(page.stat().st_mtime, 1)

    def test_what_is_no_longer_there_is_taken_away_and_other_files_stay(self) -> None:
        with override_settings(STATIC_URL="/old/"):
            self.publish()
        (self.root / "CNAME").write_text("desk.example")
        self.assertIn("2 taken away", self.publish())
        self.assertNotIn("old/public/public.css", self.files())
        self.assertIn("CNAME", self.files())

    def test_a_retraction_takes_the_place_of_every_page(self) -> None:
        self.publish()
        published.retracted(self.first)
        self.publish()
        for path in ("", "v1", "C1", "C1/v1", "C2", "C4", "C5"):
            text = (self.root / self.at / path / "index.html").read_text()
            self.assertIn("forgery", text)
            self.assertNotIn("ld+json", text)

    def test_a_folder_of_somebody_else_is_refused(self) -> None:
        self.root.mkdir()
        (self.root / "thesis.txt").write_text("mine")
        with self.assertRaisesMessage(CommandError, "neither a new or empty folder"):
            self.publish()
        self.assertEqual(self.files(), {"thesis.txt"})
        with self.assertRaises(CommandError):
            call_command("publish_site", str(self.root / "thesis.txt"))

    def test_the_marker_leads_nowhere_else(self) -> None:
        self.root.mkdir()
        outside = self.root.parent / "outside.txt"
        outside.write_text("mine")
        (self.root / site.MARKER).write_text(f'["../outside.txt", "{outside}"]')
        self.publish()
        self.assertTrue(outside.exists())
