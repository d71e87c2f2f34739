"""The trail at work: what is sealed and when, what readers see of it, and that every change is on it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, migrations
from django.db.migrations.state import ProjectState
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from claims.actions import claims, publications, sealing, steps
from claims.choices import ClaimState, PublicationState, Role
from claims.models import Article, AuditEvent, Checkpoint, Claim, Leaf, Person, Publication, Source, Unsealed
from claims.proofs import signing, verifier
from claims.publishing.snapshot import build as snapshot
from tests import build, stories
from tests.stories import OwnKeys, begin, execute, found, kept, sealed
from tests.test_admin_base import client_of, url
from tests.test_admin_claims import CLAIM
from tests.test_concurrency import at_once
from tests.transactional import RealTransactions, as_owner


@contextmanager
def another() -> Iterator[Any]:
    """A second connection with a transaction of its own, rolled back at the end unless it was committed."""
    other = connection.copy()
    other.ensure_connection()
    other.set_autocommit(False)
    try:
        yield other
        other.rollback()
    finally:
        other.close()


def write(on: Any, statement: str, *values: Any) -> None:
    with on.cursor() as cursor:
        cursor.execute(statement, values)


class Committing(OwnKeys, RealTransactions):
    """Tests with several connections, on a trail that is whole, sealed by a signer with a real memory."""

    def setUp(self) -> None:
        begin()
        folder = Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR))
        self.signer = signing.Signer(folder, settings.AUDIT_ORIGIN)
        patched = mock.patch.object(sealing, "signer_in", lambda _: self.signer)
        patched.start()
        self.addCleanup(patched.stop)

    def all_is_sealed_once(self) -> None:
        """Every event has one place in the tree, without a gap, and nothing is wrong with any."""
        self.assertFalse(Unsealed.objects.exists())
        sealed_events = list(Leaf.objects.order_by("index").values_list("index", "event_id"))
        self.assertEqual([index for index, _ in sealed_events], list(range(len(sealed_events))))
        self.assertEqual(sorted(seq for _, seq in sealed_events),
                         list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True)))  # fmt: skip
        self.assertEqual(found(*[kept(checkpoint) for checkpoint in Checkpoint.objects.all()]), [])


class Sealing(Committing):
    def test_an_event_that_is_committed_late_is_sealed_late_and_not_lost(self) -> None:
        first, second = build.source(), build.source()
        with another() as other:
            write(other, "UPDATE claims_source SET title = 'committed last' WHERE id = %s", first.pk)
            Source.objects.filter(pk=second.pk).update(title="committed first")
            early = sealed()
            other.commit()
        late = sealed()
        of_first, of_second = (AuditEvent.objects.filter(stream=f"source/{s.pk}").latest("n") for s in (first, second))
        self.assertLess(of_first.pk, of_second.pk, "numbers are given when a change is made")
        self.assertGreater(of_first.leaf.index, of_second.leaf.index, "places when it is sealed")
        self.assertEqual(late.size, early.size + 1)
        self.all_is_sealed_once()

    def test_several_sealers_at_once(self) -> None:
        for _ in range(5):
            build.source()
        with mock.patch.object(sealing, "BATCH", 7):
            outcomes = at_once(*[sealing.seal] * 4, build.source, build.source)
        self.assertEqual([o for o in outcomes if isinstance(o, Exception)], [])
        sealed()
        self.all_is_sealed_once()

    def test_a_sealer_that_is_killed_anywhere_goes_on_where_it_was(self) -> None:
        """At each of its steps, before and after it; the memory and the database never disagree for long."""
        for target, name in (
            (sealing, "_take_in"), (sealing.Node.objects, "bulk_create"), (sealing, "_sign"), (self.signer, "extend"),
            (sealing.Checkpoint.objects, "create"),
        ):  # fmt: skip
            for after in (False, True):
                with self.subTest(name, after=after), mock.patch.object(sealing, "BATCH", 3):
                    for _ in range(3):
                        build.source()
                    with mock.patch.object(target, name, killed_at(getattr(target, name), after)):
                        self.assertRaises(Killed, sealing.seal)
                    build.source()
                    sealed()
                    self.all_is_sealed_once()

    def test_after_an_old_backup_the_sealer_says_what_to_do(self) -> None:
        build.source()
        sealed()
        self.signer.memory.remember(
            signing.sign_checkpoint(self.signer.origin, 10_000, bytes(32), self.signer.ring.signers())
        )
        # Also where nothing has happened since: it is not kept until something does.
        for _ in range(2):
            with self.assertRaisesRegex(
                CommandError, "one of 10000 was signed before.*If a backup was put back, bring back"
            ):
                call_command("seal", once=True)
            build.source()

    def test_a_batch_costs_the_same_queries_however_long_the_trail_is(self) -> None:
        sealed()
        asked = []
        for length in (5, 120, 5):
            for _ in range(length):
                build.source()
            with CaptureQueriesContext(connection) as captured:
                sealed()
            asked.append(len(captured))
        self.assertEqual(asked[0], asked[1], "a long batch")
        self.assertEqual(asked[0], asked[2], "a long trail")


class Killed(BaseException):
    """What no handler of errors stops."""


def killed_at(step: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        if after:
            step(*given, **named)
        raise Killed

    return run


class Streams(Committing):
    def test_writers_of_one_article_wait_and_those_of_others_do_not(self) -> None:
        mine, other = build.identified(), build.identified()
        change = "UPDATE claims_claim SET headline = headline || '!' WHERE id = %s"
        neighbour = build.identified(mine.article, build.CLAIMS[1])
        with another() as first, another() as second:
            write(first, change, mine.pk)
            write(second, "SET lock_timeout = '300ms'")
            write(second, change, other.pk)  # at once
            second.commit()
            write(second, "SET lock_timeout = '300ms'")
            with self.assertRaisesRegex(OperationalError, "lock timeout"):
                write(second, change, neighbour.pk)
            second.rollback()
            first.commit()
            write(second, "SET lock_timeout = '300ms'")
            write(second, change, neighbour.pk)
            second.commit()
        sealed()
        self.all_is_sealed_once()

    def test_eight_writers_leave_no_gap_and_no_fork(self) -> None:
        claim, rounds = build.identified(), 12

        def writes(number: int) -> None:
            for turn in range(rounds):
                execute("UPDATE claims_claim SET headline = %s WHERE id = %s", f"{number}/{turn}", claim.pk)

        before = AuditEvent.objects.filter(stream=f"article/{claim.article_id}").count()
        outcomes = at_once(*[lambda n=n: writes(n) for n in range(8)])
        self.assertEqual([o for o in outcomes if o is not None], [])
        numbers = list(
            AuditEvent.objects.filter(stream=f"article/{claim.article_id}").order_by("seq").values_list("n", flat=True)
        )
        self.assertEqual(numbers, list(range(1, before + 8 * rounds + 1)))
        sealed()
        self.all_is_sealed_once()


class CleanStories(OwnKeys, TestCase):
    """No false alarm. The thousand are told by benchmarks/clean_runs.py."""

    def test_nothing_is_found_in_what_a_desk_does(self) -> None:
        begin()
        for seed in range(3):
            story, findings = stories.tell(seed)
            self.assertEqual(findings, [], f"seed {seed}: {story.did}")


class NothingUnsealedIsPublished(OwnKeys, TestCase):
    def setUp(self) -> None:
        begin()

    def publish_without_a_key(self) -> Publication:
        """On a machine without the key, while no sealer is running."""
        signed = build.signed_off()
        with mock.patch.object(sealing, "signer", lambda: None), mock.patch.object(sealing, "PATIENCE", 0.2):
            return publications.publish(article=signed.article, build=snapshot, by=build.the(Role.PUBLISHER))

    def seen(self, publication: Publication) -> dict[str, bool]:
        """Every place that readers and machines can ask, and whether the article's words are there."""
        at = f"/factchecks/{publication.article.slug}/"
        own = [at, f"{at}v1/", f"{at}v1/record.json", f"{at}C1/", f"{at}C1/v1/", f"{at}C1/v1/proof.json"]
        lists = ["/factchecks/", "/factchecks/feed.atom", "/factchecks/feed.json", "/factchecks/claimreview.json",
                 "/corrections/", "/sitemap.xml", "/"]  # fmt: skip
        answers = {path: self.client.get(path, follow=True) for path in (*own, *lists)}
        words = (publication.article.slug, build.CLAIMS[0])
        return {
            path: a.status_code == 200 and any(w in a.content.decode() for w in words) for path, a in answers.items()
        }

    def test_what_waits_is_seen_nowhere_until_the_sealer_has_signed_it(self) -> None:
        waiting = self.publish_without_a_key()
        self.assertEqual(waiting.state, PublicationState.WAITING)
        self.assertEqual({path for path, is_seen in self.seen(waiting).items() if is_seen}, set())
        call_command("seal", once=True, stdout=StringIO())
        self.assertEqual({path for path, is_seen in self.seen(waiting).items() if not is_seen}, {"/corrections/"})
        self.assertEqual(Article.objects.get(pk=waiting.article_id).state, "published")
        self.assertEqual(found(), [])

    def test_publishing_again_takes_up_the_version_that_waits(self) -> None:
        waiting = self.publish_without_a_key()
        again = publications.publish(article=waiting.article, build=snapshot, by=build.the(Role.PUBLISHER))
        self.assertEqual((again.pk, again.state), (waiting.pk, PublicationState.LIVE))

    def test_a_sign_off_voided_meanwhile_makes_it_lapse(self) -> None:
        waiting = self.publish_without_a_key()
        claims.edit(claim=waiting.article.claims.first(), statement="Something else.", by=build.the(Role.EDITOR))
        call_command("seal", once=True, stdout=StringIO())
        waiting.refresh_from_db()
        self.assertEqual(waiting.state, PublicationState.LAPSED)
        self.assertEqual({path for path, is_seen in self.seen(waiting).items() if is_seen}, set())
        self.assertEqual(found(), [])

    def test_a_version_that_waits_leaves_the_one_before_it_in_sight(self) -> None:
        first = build.published()
        claim = first.article.claims.get(code="C1")
        steps.take(claim=claim, step="reopen", reason="A reader wrote.", by=build.the(Role.EDITOR))
        build.cite(claim, stance="contradicts")
        steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER))
        for _ in range(2):
            build.verdict(claim, "false")
        with mock.patch.object(build, "settled", lambda: Article.objects.get(pk=first.article_id)):
            waiting = self.publish_without_a_key()
        at = f"/factchecks/{first.article.slug}/"
        self.assertEqual((waiting.version, waiting.state), (2, PublicationState.WAITING))
        self.assertEqual(self.client.get(f"{at}v2/").status_code, 404)
        self.assertContains(self.client.get(f"{at}v1/record.json"), '"version":1')
        self.assertEqual(json.loads(self.client.get(f"{at}C1/v1/proof.json").content)["format"], verifier.BUNDLE_FORMAT)
        call_command("seal", once=True, stdout=StringIO())
        self.assertContains(self.client.get(f"{at}v2/record.json"), '"version":2')

    def test_where_the_signer_refuses_the_publication_waits_and_the_log_says_so(self) -> None:
        signed = build.signed_off()
        refusal = mock.Mock(side_effect=signing.WouldFork("The tree has fewer events."))
        with mock.patch.object(sealing.signer(), "extend", refusal), self.assertLogs(sealing.logger, "ERROR") as logged:
            publication = publications.publish(article=signed.article, build=snapshot, by=build.the(Role.PUBLISHER))
        self.assertEqual(publication.state, PublicationState.WAITING)
        self.assertIn("The tree has fewer events.", logged.output[0])


class WhileAnotherProcessSeals(Committing):
    def test_publishing_waits_for_it_and_then_shows(self) -> None:
        signed = build.signed_off()
        publisher, sealer = build.the(Role.PUBLISHER), self.signer
        begun = threading.Event()

        def publishes() -> Publication:
            begun.set()
            return publications.publish(article=signed.article, build=snapshot, by=publisher)

        def seals() -> None:
            begun.wait(5)
            time.sleep(0.3)
            with mock.patch.object(sealing, "_introduce"):
                while sealing._take_in(100):
                    pass
                time.sleep(0.3)  # all is in the tree, and nothing signed yet
                sealing._sign(sealer)

        with mock.patch.object(sealing, "signer", lambda: None):
            publication, sealed_by = at_once(publishes, seals)
        self.assertIsNone(sealed_by)
        self.assertEqual(publication.state, PublicationState.LIVE)


class Proofs(OwnKeys, TestCase):
    def setUp(self) -> None:
        begin()
        self.folder = Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR))

    def download(self, path: str, name: str) -> Path:
        answer = self.client.get(path)
        self.assertEqual(answer.status_code, 200, path)
        (self.folder / name).write_bytes(answer.content)
        return self.folder / name

    def verify(self, verifier_file: Path, *bundles: Path) -> subprocess.CompletedProcess[str]:
        """As a reader does it: one file, the Python that is there, nothing of ours on its path."""
        command = [sys.executable, "-I", str(verifier_file), *map(str, bundles)]
        return subprocess.run(command, cwd="/", env={}, check=False, capture_output=True, text=True, timeout=60)

    def test_of_published_claims_verify_with_the_file_that_is_served(self) -> None:
        publication = build.published()
        for _ in range(3):
            build.published()
        program = self.download("/trail/verify.py", "verify.py")
        at = f"/factchecks/{publication.article.slug}"
        bundles = [self.download(f"{at}/C{n}/v1/proof.json", f"C{n}.json") for n in range(1, 5)]
        done = self.verify(program, *bundles)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("PROVEN: published by"), 4)
        self.assertIn(build.CLAIMS[3], done.stdout)
        for bundle in bundles:
            data = json.loads(bundle.read_bytes())
            self.assertLessEqual(len(data["proof"].encode()), 2_000)
            self.assertEqual(data["openings"], {})
        forged = self.folder / "forged.json"
        forged.write_text(bundles[0].read_text().replace("High", "Low").replace("True", "False"), encoding="utf-8")
        done = self.verify(program, bundles[1], forged)
        self.assertEqual((done.returncode, done.stdout.count("NOT PROVEN")), (1, 1), done.stdout)

    def test_keys_that_change_leave_every_published_claim_provable(self) -> None:
        """To old copies of the verifier while keys overlap, to new ones always."""
        publication, by = build.published(), build.the(Role.EDITOR)
        at = f"/factchecks/{publication.article.slug}/C1/v1/proof.json"
        before = self.download("/trail/verify.py", "before.py")
        sealing.add_key(by=by)
        sealed()
        old = execute("SELECT verifier FROM claims_signingkey ORDER BY id")[0][0]
        overlap = self.download("/trail/verify.py", "overlap.py")
        bundle = self.download(at, "1.json")
        self.assertEqual([self.verify(file, bundle).returncode for file in (before, overlap)], [0, 0])
        sealing.retire_key(old, by=by)
        sealed()
        after, bundle = self.download("/trail/verify.py", "after.py"), self.download(at, "2.json")
        done = self.verify(after, bundle)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.verify(overlap, bundle).returncode, 0)
        self.assertEqual(found(), [])


class TwelvePaths(OwnKeys, TestCase):
    """Whatever way a change takes, one event says what became of the row, by whom and through which role."""

    def setUp(self) -> None:
        begin()
        self.claim = build.identified()
        self.researcher = build.the(Role.RESEARCHER)

    def changed(self, change: Callable[[], Any], kind: str, **after: Any) -> AuditEvent:
        """The one event of that kind a change left, which tells of these values."""
        last = AuditEvent.objects.latest("seq").pk
        change()
        events = [e for e in AuditEvent.objects.filter(seq__gt=last, object_type=kind).order_by("seq")]
        told = [e for e in events if after.items() <= (e.after or {}).items()]
        self.assertEqual(len(told), 1, [(e.action, e.after) for e in events])
        self.assertEqual(told[0].content["db_role"], execute("SELECT session_user")[0][0])
        return told[0]

    def around(self, change: Callable[[], Any], kind: str = "claim", **after: Any) -> None:
        """Made outside the desk: by nobody the desk knows."""
        event = self.changed(change, kind, **after)
        self.assertEqual((event.outside, event.actor, event.action.partition(".")[0]), (True, None, "outside"))

    def test_the_orms_own(self) -> None:
        row, rows = Claim.objects.get(pk=self.claim.pk), Claim.objects.filter(pk=self.claim.pk)
        row.headline = "saved"
        self.around(row.save, headline="saved")
        row.headline = "bulk"
        self.around(lambda: Claim.objects.bulk_update([row], ["headline"]), headline="bulk")
        self.around(lambda: rows.update(headline="updated"), headline="updated")
        fresh = Source(title="made in bulk", kind="document", tier="primary", created_by=self.researcher)
        self.around(lambda: Source.objects.bulk_create([fresh]), "source", title="made in bulk")

    def test_deleting(self) -> None:
        joined = Person.groups.through.objects.filter(person=self.researcher)
        event = self.changed(joined.get().delete, "person_groups")
        self.assertEqual((event.outside, event.after, event.before["person_id"]), (True, None, self.researcher.pk))

    def test_many_to_many(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        cited = claim.evidence.get()
        verdict = build.verdict(claim, relied_on=[cited])
        joined = AuditEvent.objects.get(object_type="verdict_relied_on")
        self.assertEqual((joined.parent_id, joined.after["evidence_id"]), (verdict.pk, cited.pk))
        group = execute("SELECT id FROM auth_group WHERE name = 'editor'")[0][0]
        self.around(lambda: self.researcher.groups.add(group), "person_groups", group_id=group)

    def test_raw_sql_and_copy(self) -> None:
        self.around(lambda: execute("UPDATE claims_claim SET headline = 'raw'"), headline="raw")
        columns = "title,kind,tier,created_by_id,confidential,created_at,updated_at"
        empty = "publisher,author,url,archived_url,affiliation,sha256"

        def copies() -> None:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY claims_source ({columns},{empty}) FROM STDIN") as copy,
            ):
                copy.write(
                    f"copied\tdocument\tprimary\t{self.researcher.pk}\tf\t2024-01-01Z\t2024-01-01Z" + "\t" * 6 + "\n"
                )

        self.around(copies, "source", title="copied")

    def test_the_shell(self) -> None:
        command = "from claims.models import Claim; Claim.objects.update(headline='from a shell')"
        self.around(lambda: call_command("shell", "--no-imports", command=command), headline="from a shell")

    def test_a_migration(self) -> None:
        def forwards(apps: Any, editor: Any) -> None:
            apps.get_model("claims", "Claim").objects.update(headline="migrated")

        state = ProjectState.from_apps(Claim._meta.apps)
        migration = type("Migration", (migrations.Migration,), {"operations": [migrations.RunPython(forwards)]})

        def migrates() -> None:
            with as_owner():
                execute("SET CONSTRAINTS ALL IMMEDIATE")
                with connection.schema_editor(atomic=False) as editor:
                    migration("9999_x", "claims").apply(state, editor)

        self.around(migrates, headline="migrated")

    def test_the_admin_and_rest(self) -> None:
        """Here it is known who did it, and as what."""
        place = {key: CLAIM[key] for key in ("exact", "prefix", "suffix", "start", "end", "place")}
        data = {**CLAIM, **dict.fromkeys(place, ""), "headline": "in the admin"}
        change = lambda: client_of(self.researcher).post(url(Claim, "change", self.claim.pk), data)  # noqa: E731
        event = self.changed(change, "claim", headline="in the admin")
        self.assertEqual((event.outside, event.actor, event.action), (False, self.researcher, "claim.edit"))
        self.client.force_login(self.researcher)
        path = f"/api/v1/claims/{self.claim.pk}/"
        tag = self.client.get(path).headers["ETag"]
        change = lambda: self.client.patch(path, {"headline": "by REST"}, "application/json", headers={"If-Match": tag})  # noqa: E731
        event = self.changed(change, "claim", headline="by REST")
        self.assertEqual((event.outside, event.actor, event.action), (False, self.researcher, "claim.edit"))
        self.assertTrue(event.request_id)
