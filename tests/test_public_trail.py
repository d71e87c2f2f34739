"""What the public is given to verify with: proofs, checkpoints, their archive, and the verifier."""

from __future__ import annotations

import json
import re

from django.db import connection
from django.test import TestCase

from claims.actions import sealing
from claims.choices import Role
from claims.models import Checkpoint, Publication
from claims.proofs import verifier
from tests import build
from tests.transactional import as_owner


class PublicTrail(TestCase):
    publication: Publication

    @classmethod
    def setUpTestData(cls) -> None:
        cls.publication = build.published()
        build.person(Role.RESEARCHER)
        sealing.seal()

    def text(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        self.assertEqual(answer.status_code, status, path)
        return answer.content.decode()

    def keys(self) -> list[verifier.VerifierKey]:
        pinned = re.search(r"^PINNED: tuple\[str, \.\.\.\] = \((.*)\)$", self.text("/trail/verify.py"), re.MULTILINE)
        return [verifier.VerifierKey.parse(text) for text in json.loads(f"[{pinned[1].rstrip(',')}]")]

    def test_every_published_claim_has_a_proof_that_the_page_names(self) -> None:
        slug = self.publication.article.slug
        self.assertEqual(len(self.publication.snapshot["claims"]), len(build.CLAIMS))
        for claim in self.publication.snapshot["claims"]:
            address = f"/factchecks/{slug}/{claim['code']}/v1/proof.json"
            self.assertIn(f'href="{address}"', self.text(f"/factchecks/{slug}/{claim['code']}/"))
            proven = verifier.verify_bundle(self.client.get(address).content, self.keys())
            self.assertEqual(proven.published, claim)
            self.assertEqual(proven.event["object"]["id"], self.publication.pk)
        for missing in ("C9/v1", "C1/v2"):
            self.text(f"/factchecks/{slug}/{missing}/proof.json", status=404)

    def test_what_was_published_before_the_trail_was_sealed_has_none(self) -> None:
        slug = self.publication.article.slug
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE claims_publication DISABLE TRIGGER publication_is_never_edited")
            cursor.execute("UPDATE claims_publication SET claims_root = ''")
        self.text(f"/factchecks/{slug}/C1/v1/proof.json", status=404)
        self.assertNotIn("proof.json", self.text(f"/factchecks/{slug}/C1/"))

    def test_checkpoints_and_their_archive(self) -> None:
        first, last = Checkpoint.objects.order_by("size")
        for path, note in (("/checkpoint", last.note), (f"/checkpoint/{first.size}", first.note)):
            self.assertEqual(self.text(path), note)
            body = verifier.verify_note(note, self.keys())
            self.assertEqual(self.client.get(path).headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(verifier.Checkpoint.parse(body).size, first.size)
        self.assertEqual(self.text("/checkpoint/after/"), f"{first.note}\n{last.note}\n")
        self.assertEqual(self.text(f"/checkpoint/after/{first.size}"), f"{last.note}\n")
        self.assertEqual(self.text(f"/checkpoint/after/{last.size}"), "")
        self.text("/checkpoint/1", status=404)

    def test_a_later_checkpoint_is_proven_to_continue_an_earlier_one(self) -> None:
        first, last = Checkpoint.objects.order_by("size")
        lines = self.text(f"/checkpoint/{first.size}/to/{last.size}").split()
        path = [verifier.unbase64(line, 32, "A hash") for line in lines]
        verifier.verify_consistency(first.size, bytes(first.root), last.size, bytes(last.root), path)
        with self.assertRaises(verifier.NotProven):
            verifier.verify_consistency(first.size, bytes(last.root), last.size, bytes(last.root), path)
        self.text(f"/checkpoint/{last.size}/to/{first.size}", status=404)
        self.text(f"/checkpoint/{first.size}/to/{last.size + 1}", status=404)

    def test_the_page_says_how_and_with_which_keys(self) -> None:
        page = self.text("/trail/")
        self.assertIn(self.keys()[0].format(), page)
        self.assertIn(Checkpoint.objects.latest().note.splitlines()[2], page)

    def test_the_page_to_keep_runs_its_own_script_alone(self) -> None:
        answer = self.client.get("/trail/verify.html")
        self.assertIn(f'const PINNED = ["{self.keys()[0].format()}"];', answer.content.decode())
        self.assertEqual(answer.content.count(b"<script"), 1)
        self.assertRegex(answer.headers["Content-Security-Policy"], r"script-src 'sha256-[A-Za-z0-9+/=]{44}';")
