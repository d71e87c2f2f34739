"""The trail's commands as a user meets them, and the places that checkpoints are sent to."""

from __future__ import annotations

import json
import subprocess
import tempfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.utils import timezone

from claims.actions import claims, evidence, places, redaction, sealing
from claims.choices import Role
from claims.models import (
    AuditEvent,
    Checkpoint,
    CheckpointPlace,
    Evidence,
    Leaf,
    Opening,
    Person,
    SigningKey,
    Source,
)
from claims.proofs import merkle, verifier
from claims.rules import Refused
from claims.trail.verification import Anchor, Report, verify
from tests import build
from tests.stories import OwnKeys, begin, execute, found, kept, sealed
from tests.test_trail_attacks import unnoticed
from tests.transactional import as_owner, with_two_roles


def run(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def everywhere(text: str) -> list[str]:
    """Every column of every table in which the text stands, also within bytes."""
    columns = execute(
        "SELECT c.oid::regclass::text, a.attname, a.atttypid = 'bytea'::regtype FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = current_schema()::regnamespace"
        " AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2"
    )
    hits = []
    with as_owner():
        for table, column, raw in columns:
            value = f"encode(\"{column}\", 'escape')" if raw else f'"{column}"::text'
            if execute(f"SELECT 1 FROM {table} WHERE strpos({value}, %s) > 0 LIMIT 1", text):
                hits.append(f"{table}.{column}")
    return hits


class Desk(OwnKeys, TestCase):
    def setUp(self) -> None:
        begin()
        self.editor = build.the(Role.EDITOR)


class Verifying(Desk):
    def keep(self, note: str | None = None) -> Path:
        path = Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR)) / "checkpoint"
        path.write_text(note or sealed().note, encoding="utf-8")
        return path

    def refused(self, *words: str) -> tuple[str, str]:
        """What is said on standard error, and last."""
        said = StringIO()
        with self.assertRaises(CommandError) as caught:
            call_command("verify_audit", *words, stderr=said, stdout=StringIO())
        self.assertEqual(caught.exception.returncode, 1)
        return said.getvalue(), str(caught.exception)

    def test_all_is_as_it_was_sealed(self) -> None:
        build.source()
        path = self.keep()
        build.source()
        said = run("verify_audit", "--checkpoint", str(path))
        size = Leaf.objects.size()
        self.assertRegex(
            said, rf"^{size} events sealed, 1 waiting, 1 checkpoints: all is as it was sealed.\nhead: {size} "
        )
        self.assertIn(verifier.base64_of(bytes(Checkpoint.objects.get().root)), said)
        self.assertIn(f"from {size} on", run("verify_audit", "--since", str(size)))
        self.assertIn("all is as it was sealed", run("verify_audit", "--since", timezone.now().isoformat()))

    def test_the_first_bad_event_is_named_and_what_is_wrong(self) -> None:
        build.source()
        event = AuditEvent.objects.latest("seq")
        path = self.keep()
        with unnoticed():
            execute(
                "UPDATE claims_opening SET value = 'forged' WHERE event_id = %s AND place = 'after.title'", event.pk
            )
        said, last = self.refused("--checkpoint", str(path))
        words = "the text of after.title is not the one that was recorded."
        self.assertEqual([line for line in said.splitlines() if line.endswith(".")], [f"event {event.pk}: {words}"])
        self.assertEqual(last, "The trail is not as it was sealed.")

    def test_many_findings_are_counted(self) -> None:
        for _ in range(30):
            build.source()
        sealed()
        with unnoticed():
            execute(
                "UPDATE claims_auditevent SET bytes = convert_to("
                "replace(convert_from(bytes, 'UTF8'), '\"v\":1', '\"v\":2'), 'UTF8') WHERE object_type = 'source'"
            )
        said, last = self.refused()
        self.assertEqual(len([line for line in said.splitlines() if line.endswith(".")]), 20)
        self.assertRegex(last, r"^The trail is not as it was sealed. \d+ more findings.$")

    def test_bytes_that_are_no_text_are_found_too(self) -> None:
        build.source()
        event = AuditEvent.objects.latest("seq")
        sealed()
        for raw in (b"\xff", b"{", b'{"a":"\\u0000"}', b""):
            with self.subTest(raw), transaction.atomic():
                with unnoticed():
                    execute("UPDATE claims_auditevent SET bytes = %s WHERE seq = %s", raw, event.pk)
                said, _ = self.refused()
                self.assertIn(f"event {event.pk}: it reads otherwise than when it was sealed.", said)
                self.assertIn("the bytes of an event are not JSON at all", said)
                transaction.set_rollback(True)

    def test_a_table_that_is_gone_is_a_finding(self) -> None:
        build.source()
        sealed()
        with as_owner():
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("DROP TABLE claims_correction_claims CASCADE")
        said, _ = self.refused()
        self.assertIn('relation "claims_correction_claims" does not exist', said)

    def test_checkpoints_from_outside_are_trusted_only_with_a_signature(self) -> None:
        build.source()
        note = sealed().note
        for text, words in (
            (note.replace("\n\n", "\n\n")[:-20], "cannot be trusted"),
            (note.replace("factcheck\n", "else\n", 1), "cannot be trusted"),
            ("nothing", "cannot be trusted"),
        ):
            with self.subTest(text):
                _, last = self.refused("--checkpoint", str(self.keep(text)))
                self.assertIn(words, last)
        _, last = self.refused("--checkpoint", "/nowhere/at/all")
        self.assertIn("cannot be read", last)

    def test_the_signers_memory_is_asked_too(self) -> None:
        build.source()
        sealed()
        signer = sealing.signer()
        signer.memory.remember(signer.extend(verifier.Checkpoint(signer.origin, 10_000, bytes(32)), ()))
        try:
            said, _ = self.refused()
        finally:
            signer.memory.remember(Checkpoint.objects.get().note)
        self.assertIn("the signer's memory is of 10000 events, the tree ends after", said)

    def test_a_size_that_was_never_there_is_no_traceback(self) -> None:
        build.source()
        size = sealed().size
        said, _ = self.refused("--since", "99999")
        self.assertIn(f"the tree ends after {size} events, and was to be verified from 99999 on", said)
        with unnoticed():
            execute("DELETE FROM claims_node WHERE level = 2 AND index = 0")
        with mock.patch("claims.trail.walking.CHUNK", 4):
            said, _ = self.refused("--since", "5")
        self.assertIn("nodes of the tree of 5 events, from which it was to be verified, are gone", said)
        _, last = self.refused("--since", "the day before")
        self.assertIn("neither a time", last)

    def test_it_runs_in_constant_memory_and_says_how_far_it_is(self) -> None:
        told: list[tuple[str, int]] = []
        with mock.patch("claims.trail.walking.CHUNK", 16):
            build.published()
            size = sealed().size
            report = verification_with(told)
        self.assertEqual([n for what, n in told if what == "events"][-1], size)
        self.assertGreaterEqual(len([n for what, n in told if what == "events"]), size // 16)
        self.assertEqual((report.findings, report.size), ([], size))

    def test_every_size_is_known_from_every_size_whatever_is_read_at_a_time(self) -> None:
        for _ in range(3):
            build.source()
        sealed()
        tree, anchors = merkle.Appender(), []
        for leaf in Leaf.objects.order_by("index"):
            tree.append(bytes(leaf.hash))
            anchors.append(Anchor(tree.size, tree.root, f"size {tree.size}"))
        for chunk in (1, 2, 8, 16, 64):
            with self.subTest(chunk), mock.patch("claims.trail.walking.CHUNK", chunk):
                self.assertEqual(found(*anchors), [])
                wrong = Anchor(37, bytes(32), "a wrong one")
                self.assertEqual(
                    [f.what for f in found(*anchors[:36], wrong)],
                    ["it reads otherwise than when a wrong one was signed."],
                )
                self.assertEqual([found(*anchors[since - 1 :], since=since) for since in (1, 31, 32, 33)], [[]] * 4)


def verification_with(told: list[tuple[str, int]]) -> Report:
    return verify(progress=lambda what, count: told.append((what, count)))


class Redacting(Desk):
    SECRET = 'Jane "Doe" of\nElm Street'

    def setUp(self) -> None:
        super().setUp()
        self.publication = build.published()
        self.claim = build.identified()
        self.evidence = build.cite(self.claim, excerpt=self.SECRET)
        evidence.edit(evidence=self.evidence, excerpt=f"{self.SECRET}, as she said", by=build.the(Role.RESEARCHER))
        self.kept = kept(sealed())

    def redact(self, name: str = "", field: str = "excerpt", **options: Any) -> str:
        name = name or f"evidence:{self.evidence.pk}"
        return run(
            "audit_redact", name, field, basis="GDPR Art. 17(1)(d)", by=self.editor.username, yes=True, **options
        )

    def test_no_copy_is_left_and_every_proof_stays_valid(self) -> None:
        events = AuditEvent.objects.filter(object_type="evidence", object_id=self.evidence.pk)
        bundles = [self.proof(event) for event in events]
        said = self.redact()
        self.assertIn("erased, 4 openings taken from the trail", said)
        self.assertEqual(everywhere("Elm Street"), [])
        self.assertEqual(Evidence.objects.get(pk=self.evidence.pk).excerpt, "[redacted]")
        sealed()
        self.assertEqual(found(self.kept), [])
        keys = [verifier.VerifierKey.parse(key) for key in SigningKey.objects.values_list("verifier", flat=True)]
        for event, before in zip(events, bundles, strict=True):
            for bundle in (before, self.proof(event)):
                self.assertEqual(verifier.verify_bundle(bundle, keys).event["n"], event.n)
        self.assertEqual([e.after["excerpt"] for e in events if "excerpt" in e.after], ["[redacted]"] * 2)

    def proof(self, event: AuditEvent) -> bytes:
        return run("audit_proof", f"event:{event.pk}", "--without-text").encode()

    def test_who_did_it_and_why_is_on_record_and_what_it_held_is_not(self) -> None:
        self.redact()
        told = AuditEvent.objects.filter(object_type="redaction").latest("seq")
        self.assertEqual((told.actor, told.action, told.outside), (self.editor, "audit.redact", False))
        self.assertEqual((told.after["field"], told.after["basis"]), ("excerpt", "GDPR Art. 17(1)(d)"))
        claims.edit(claim=self.claim, headline="Afterwards", by=self.editor)
        self.assertEqual(AuditEvent.objects.latest("seq").action, "claim.edit", "it lends its name to nothing after it")

    def test_what_is_left_elsewhere_is_said(self) -> None:
        claims.edit(claim=self.claim, statement=f"She is {self.SECRET}.", by=self.editor)
        evidence.edit(evidence=self.evidence, excerpt=self.SECRET, by=build.the(Role.RESEARCHER))
        said = self.redact()
        self.assertIn(f"the same text also stands in claim:{self.claim.pk} statement", said)
        self.assertIn(f"the same text also stands in claim:{self.claim.pk} after.statement (trail)", said)
        self.assertIn("write-ahead log keep it until they are rotated", said)

    def test_what_readers_were_shown_is_said_too_however_it_is_written_there(self) -> None:
        text = json.dumps(self.SECRET, ensure_ascii=False)
        with unnoticed("publication", "claim"):
            execute("UPDATE claims_publication SET content = convert_to(%s, 'UTF8')", f'{{"excerpt":{text}}}')
            execute("UPDATE claims_claim SET topics = ARRAY[%s] WHERE id = %s", self.SECRET, self.claim.pk)
        there = list(map(str, redaction.copies({self.SECRET})))
        for copy in ("publication:{0.publication.pk} content", "claim:{0.claim.pk} topics"):
            self.assertIn(copy.format(self), there)
        self.assertEqual(
            list(map(str, redaction.copies({json.dumps(["x", self.SECRET])}))), there, "of a list its members"
        )

    def test_a_reason_is_erased(self) -> None:
        evidence.withdraw(evidence=self.evidence, reason=f"Asked by {self.SECRET}", by=build.the(Role.RESEARCHER))
        event = AuditEvent.objects.filter(openings__place="reason").latest("seq")
        self.redact(f"event:{event.pk}", "reason")
        self.assertEqual(AuditEvent.objects.get(pk=event.pk).reason, "[redacted]")
        sealed()
        self.assertEqual(found(self.kept), [])

    def test_what_cannot_be_erased_is_said_in_a_sentence(self) -> None:
        for name, field, words in (
            ("evidence:0", "excerpt", "There is no evidence 0"),
            ("event:999999", "reason", "There is no event 999999"),
            (f"evidence:{self.evidence.pk}", "stance", "stance is no text of a evidence: name one of"),
            (f"publication:{self.publication.pk}", "content", "retract, and publish anew"),
            ("nothing:1", "text", "There is nothing called nothing on record"),
            ("evidence", "excerpt", "write TYPE:ID"),
            (f"person:{self.editor.pk}", "password", "what everything else refers to"),
        ):
            with self.subTest(name + field), self.assertRaisesRegex(CommandError, words), transaction.atomic():
                self.redact(name, field)
        with self.assertRaisesRegex(CommandError, "no active person"):
            run("audit_redact", "evidence:1", "excerpt", basis="x", by="nobody", yes=True)

    @with_two_roles
    def test_the_applications_role_may_not(self) -> None:
        nobody = mock.patch("claims.management.commands.audit_redact.as_owner", transaction.atomic)
        with (
            nobody,
            self.assertRaisesRegex(CommandError, "Only the owner of the database redacts: set DATABASE_OWNER_URL"),
        ):
            self.redact()
        self.assertTrue(everywhere("Elm Street"))

    def test_every_text_of_every_kind_can_be_erased_or_says_why_not(self) -> None:
        """And the desk goes on working: nothing erased breaks verification or a page."""
        self.client.force_login(build.person(superuser=True))
        for row in (self.claim, self.evidence, Source.objects.first(), self.editor, self.claim.article):
            kind = row._meta.db_table.removeprefix("claims_")
            for field in redaction.erasable(type(row)):
                with self.subTest(f"{kind}.{field}"), as_owner():
                    try:
                        redaction.redact(kind=kind, object_id=row.pk, field=field, basis="By law.", by=self.editor)
                    except Refused as refused:
                        self.assertTrue(refused.refusals[0].message)
            page = self.client.get(f"/admin/claims/{type(row).__name__.lower()}/{row.pk}/change/", follow=True)
            self.assertEqual(page.status_code, 200, kind)
        self.assertEqual(found(self.kept), [])
        for path in ("/factchecks/", "/factchecks/feed.atom", "/admin/claims/claim/", "/admin/claims/auditevent/"):
            self.assertEqual(self.client.get(path).status_code, 200, path)


class RotatingKeys(Desk):
    def test_both_sign_while_they_overlap_and_one_afterwards(self) -> None:
        build.source()
        old = sealing.signer().verifiers()[0]
        sealed()
        said = run("audit_rotate_key", by=self.editor.username)
        new = sealing.signer().verifiers()[1]
        self.assertIn(f"signs from now on, beside the old one: {new}", said)
        both = Checkpoint.objects.first().note
        for text in (old, new):
            verifier.verify_note(both, [verifier.VerifierKey.parse(text)])
        self.assertIn(f"retired: {old}", run("audit_rotate_key", by=self.editor.username, retire=old))
        last = Checkpoint.objects.first().note
        verifier.verify_note(last, [verifier.VerifierKey.parse(new)])
        with self.assertRaises(verifier.NotProven):
            verifier.verify_note(last, [verifier.VerifierKey.parse(old)])
        self.assertEqual(found(), [])
        self.assertIn("all is as it was sealed", run("verify_audit"))
        told = AuditEvent.objects.filter(object_type="signingkey").order_by("seq").values_list("action", "actor")
        self.assertEqual(list(told), [("audit.key_introduced", None), ("audit.key_added", self.editor.pk),
                                      ("audit.key_retired", self.editor.pk)])  # fmt: skip
        with self.assertRaisesRegex(CommandError, "no other is: add its successor first"):
            run("audit_rotate_key", by=self.editor.username, retire=new)
        with self.assertRaises(CommandError):
            run("audit_rotate_key", by=self.editor.username, retire="nonsense")


class AsOf(Desk):
    def test_what_stood_then_and_what_stands_now(self) -> None:
        publication = build.published()
        article = publication.article
        claim = article.claims.first()
        then, size, before = timezone.now(), sealed().size, claim.statement
        claims.edit(claim=claim, statement="Another sentence.", topics=["harbour"], by=self.editor)
        extra = build.cite(claim, source=build.source(title="A later source"))
        for when in (then.isoformat(), str(size)):
            told = json.loads(run("audit_as_of", when, article.slug))
            self.assertEqual(told["rows"]["claim"][str(claim.pk)]["statement"], before)
            self.assertNotIn(str(extra.pk), told["rows"]["evidence"])
            self.assertNotIn(str(extra.source_id), told["rows"]["source"])
        now = json.loads(run("audit_as_of", timezone.now().isoformat(), str(article.pk)))
        self.assertEqual(now["rows"]["claim"][str(claim.pk)]["statement"], "Another sentence.")
        self.compare(now["rows"])
        waiting = json.loads(run("audit_as_of", "0", str(article.pk)))
        self.assertEqual((waiting["events"], waiting["rows"]), (0, {}))

    def compare(self, rows: dict[str, dict[str, dict[str, Any]]]) -> None:
        """Every row as it is told with the row as it lives, column by column."""
        self.assertGreater(len(rows), 10)
        for kind, found_rows in rows.items():
            live = execute(f"SELECT (to_jsonb(t) - 'updated_at')::text FROM claims_{kind} t WHERE id = ANY (%s)",
                           [int(pk) for pk in found_rows])  # fmt: skip
            self.assertEqual(len(live), len(found_rows), kind)
            for row in (json.loads(text) for [text] in live):
                told = found_rows[str(row["id"])]
                self.assertEqual({k: plain(v) for k, v in told.items()}, {k: plain(v) for k, v in row.items()}, kind)

    def test_what_was_erased_since_reads_so(self) -> None:
        article = build.identified().article
        cited = build.cite(article.claims.get(), excerpt="Jane of Elm Street")
        size = sealed().size
        with as_owner():
            redaction.redact(kind="evidence", object_id=cited.pk, field="excerpt", basis="By law.", by=self.editor)
        told = json.loads(run("audit_as_of", str(size), str(article.pk)))
        self.assertEqual(told["rows"]["evidence"][str(cited.pk)]["excerpt"], "[redacted]")

    def test_what_is_not_there_is_said(self) -> None:
        for when, article, words in (
            ("yesterday", "1", "neither a time"),
            ("1", "no-such", "There is no article no-such"),
        ):
            with self.assertRaisesRegex(CommandError, words):
                run("audit_as_of", when, article)


def plain(value: Any) -> Any:
    """Lists and objects as the trail keeps them: as their JSON text."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" and value[1:] else value


class Exporting(Desk):
    def test_the_root_is_computed_from_the_file_alone(self) -> None:
        build.published()
        checkpoint = sealed()
        build.source()
        path = Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR)) / "trail.jsonl"
        said = run("audit_export", str(path))
        self.assertIn(f"{checkpoint.size} events and their checkpoint", said)
        *lines, last = [verifier.parse(line) for line in path.read_bytes().splitlines()]
        self.assertEqual([line["index"] for line in lines], list(range(checkpoint.size)))
        root = merkle.root_of([verifier.leaf_hash(line["event"].encode()) for line in lines])
        keys = [verifier.VerifierKey.parse(text) for text in last["keys"]]
        told = verifier.Checkpoint.parse(verifier.verify_note(last["checkpoint"], keys))
        self.assertEqual((told.size, told.root), (checkpoint.size, root))
        for line in lines:
            event = verifier.check_event(line["event"].encode())
            for place, opening in line["openings"].items():
                side, _, column = place.partition(".")
                made = verifier.commitment(verifier.unbase64(opening["salt"], 16, "salt"), opening["value"].encode())
                self.assertEqual((event[side][column] if column else event[side])["sha256"], made)
        self.assertNotIn("password", str([line["openings"] for line in lines]))

    def test_a_part_and_without_text(self) -> None:
        publication = build.published()
        half = sealed().size
        build.identified()
        sealed()
        path = Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR)) / "trail.jsonl"
        run("audit_export", str(path), "--since", str(half), "--without-text")
        *lines, _ = [verifier.parse(line) for line in path.read_bytes().splitlines()]
        self.assertEqual((lines[0]["index"], {str(line["openings"]) for line in lines}), (half, {"{}"}))
        run("audit_export", str(path), "--article", publication.article.slug)
        *lines, _ = [verifier.parse(line) for line in path.read_bytes().splitlines()]
        opened = {verifier.parse(line["event"].encode())["article"] for line in lines if line["openings"]}
        self.assertEqual(opened, {publication.article_id})
        with self.assertRaises(CommandError):
            run("audit_export", "/nowhere/at/all")


class Places(Desk):
    def setUp(self) -> None:
        super().setUp()
        build.source()
        self.home = Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR))

    def seal_with(self, *given: str) -> str:
        with override_settings(AUDIT_PLACES=list(given)):
            return run("seal", once=True)

    def test_a_file_is_appended_to(self) -> None:
        path = self.home / "kept"
        first = self.seal_with(f"file:{path}")
        self.assertIn("sealed", first)
        self.seal_with(f"file:{path}")
        build.source()
        self.seal_with(f"file:{path}")
        notes = [checkpoint.note for checkpoint in Checkpoint.objects.order_by("size")]
        self.assertEqual(path.read_text(encoding="utf-8"), "".join(f"{note}\n" for note in notes))

    def test_a_git_repository_gets_a_commit_and_its_remote_a_push(self) -> None:
        def git(folder: Path, *words: str) -> str:
            return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout

        there, here = self.home / "there.git", self.home / "here"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", there], check=True)
        subprocess.run(["git", "clone", "-q", there, here], check=True, capture_output=True)
        git(here, "checkout", "-q", "-b", "main")
        git(here, "config", "push.default", "current")
        said = self.seal_with(f"git:{here}")
        build.source()
        said += self.seal_with(f"git:{here}")
        self.assertNotIn("not sent", said)
        self.assertEqual(git(there, "show", "main:checkpoint"), Checkpoint.objects.first().note)
        self.assertEqual(len(git(there, "log", "--oneline", "main").splitlines()), 2)

    def test_a_second_person_gets_a_letter_an_hour(self) -> None:
        for _ in range(2):
            build.source()
            self.seal_with("mailto:eve@example.org")
        [letter] = mail.outbox
        self.assertEqual(letter.to, ["eve@example.org"])
        self.assertTrue(letter.body.endswith(Checkpoint.objects.last().note))
        path = self.home / "letter"
        path.write_text(letter.body.partition("----\n")[2], encoding="utf-8")
        self.assertIn("all is as it was sealed", run("verify_audit", "--checkpoint", str(path)))
        CheckpointPlace.objects.update(next_try_at=timezone.now())
        self.seal_with("mailto:eve@example.org")
        self.assertEqual(len(mail.outbox), 2)

    def test_a_program_is_given_it(self) -> None:
        program, into = self.home / "keep", self.home / "kept"
        program.write_text(f"#!/bin/sh\ncat >> {into}\n", encoding="utf-8")
        program.chmod(0o755)
        self.seal_with(f"command:{program}")
        self.assertEqual(into.read_text(encoding="utf-8"), Checkpoint.objects.get().note)

    def test_what_fails_is_tried_again_with_growing_waits_and_stops_nothing(self) -> None:
        program, good = self.home / "keep", self.home / "good"
        program.write_text("#!/bin/sh\necho no room >&2\nexit 3\n", encoding="utf-8")
        program.chmod(0o755)
        asked = (f"command:{program}", f"file:{good}")
        waits, now = [], timezone.now()
        for _ in range(14):
            with mock.patch.object(places.timezone, "now", mock.Mock(return_value=now)):
                said = self.seal_with(*asked)
            row = CheckpointPlace.objects.get(place=asked[0])
            self.assertIn(f"{asked[0]}: not sent (no room); next try at", said)
            waits.append((row.next_try_at - now).total_seconds())
            with mock.patch.object(
                places.timezone, "now", mock.Mock(return_value=row.next_try_at - timedelta(seconds=1))
            ):
                self.assertNotIn("not sent", self.seal_with(*asked), "not before it is due")
            now = row.next_try_at
        self.assertEqual(waits[:5], [2, 4, 8, 16, 32])
        self.assertEqual(waits[-1], 3600)
        self.assertEqual(good.read_text(encoding="utf-8").count("factcheck"), 2, "the other place got it, once")
        program.write_text("#!/bin/sh\ntrue\n", encoding="utf-8")
        with mock.patch.object(places.timezone, "now", mock.Mock(return_value=now)):
            self.seal_with(*asked)
        row = CheckpointPlace.objects.get(place=asked[0])
        self.assertEqual((row.failures, row.error, row.size), (0, "", Checkpoint.objects.get().size))

    def test_a_place_that_is_none_is_said_before_anything(self) -> None:
        for text in ("ftp:/x", "file:relative", "nothing", "file:/x?every=soon", "git:"):
            with self.subTest(text), self.assertRaisesRegex(ImproperlyConfigured, "AUDIT_PLACES"):
                self.seal_with(text)


class WithoutKeys(Desk):
    def test_sealing_says_what_is_missing(self) -> None:
        with override_settings(AUDIT_DIR=None):
            for command in (("seal",), ("audit_rotate_key",)):
                with self.assertRaisesRegex(CommandError, "AUDIT_DIR is not set"):
                    run(*command, **({"once": True} if command == ("seal",) else {"by": self.editor.username}))
            with self.assertRaisesRegex(CommandError, "No signed checkpoint covers this yet"):
                run("audit_proof", f"person:{Person.objects.get(pk=self.editor.pk).pk}")
        self.assertFalse(Opening.objects.filter(value__contains="PRIVATE+KEY").exists())
        self.assertTrue(connection.is_usable())
