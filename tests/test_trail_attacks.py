"""The classic attacks of a superuser on the trail, each made after sealing and as well covered up as can be.

`found_inside` is what verification finds in the database alone; `found_outside` what it finds with a checkpoint that
somebody else kept. The promise is about the second. Where the first finds nothing, the test says so: then nothing but
the kept checkpoint tells.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import TestCase
from django.utils import timezone

from claims.actions import claims, evidence, redaction, sealing
from claims.choices import Role
from claims.models import AuditEvent, Checkpoint, Claim, Leaf, Node, Opening, Redaction, SigningKey, Source
from claims.proofs import merkle, signing, verifier
from claims.trail import rows
from claims.trail.findings import Finding
from claims.trail.verification import Anchor
from tests import build
from tests.stories import OwnKeys, begin, execute, found, kept, sealed
from tests.transactional import as_owner

TRAIL = ("auditevent", "stream", "opening", "unsealed", "leaf", "node", "checkpoint")
FORGED = "The harbour was never closed."


# ---------------------------------------------------------------- the attacker's tools
@contextmanager
def unnoticed(*tables: str) -> Iterator[None]:
    """As the owner, with the triggers of the trail and of these tables off; afterwards they are as they were."""
    names = [f"claims_{name}" for name in (*TRAIL, *tables)]
    with as_owner():
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        triggers = execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
            " AND tgrelid = ANY (%s::regclass[])",
            names,
        )
        for name in names:
            execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        yield
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, trigger in triggers:
            execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
        execute("SET CONSTRAINTS ALL DEFERRED")


def event_of(row: Any, **given: Any) -> AuditEvent:
    """The first event on a row."""
    found = AuditEvent.objects.filter(object_type=row._meta.db_table.removeprefix("claims_"), object_id=row.pk, **given)
    return found.earliest("seq")


def write(event: AuditEvent, data: dict[str, Any]) -> None:
    """Put other content in an event: its bytes, and the columns that repeat them."""
    told = data["object"]
    AuditEvent.objects.filter(pk=event.pk).update(
        bytes=verifier.canonical(data), at=data["at"], actor_id=data["actor"], action=data["action"],
        request_id=data["request"], object_type=told["type"], object_id=told["id"], parent_id=told["parent"],
        article_id=data["article"], outside=data["outside"], db_role=data["db_role"], stream=data["stream"],
        n=data["n"],
    )  # fmt: skip


def rewrite_text(event: AuditEvent, place: str, text: str) -> None:
    """Let an event have said something else: its opening, its commitment, its bytes."""
    data = json.loads(bytes(event.bytes))
    side, _, column = place.partition(".")
    opening = Opening.objects.get(event=event, place=place)
    said = {"sha256": verifier.commitment(bytes(opening.salt), text.encode())}
    Opening.objects.filter(event=event, place=place).update(value=text)
    if column:
        data[side][column] = said
    else:
        data[side] = said
    write(event, data)


def recompute_everything(stolen: signing.Signer | None = None) -> None:
    """Make the whole trail fit its events again: numbers, hashes, heads, leaves, nodes and roots.

    With the stolen key all checkpoints are signed anew; without it those that no longer fit are taken away.
    """
    _recompute_streams()
    leaves = [(leaf, leaf.event) for leaf in Leaf.objects.select_related("event").order_by("index")]
    Leaf.objects.all().delete()
    Node.objects.all().delete()
    tree, roots = merkle.Appender(), {}
    for index, (leaf, event) in enumerate(leaves):
        Leaf.objects.create(index=index, event_id=leaf.event_id, hash=bytes(event.hash))
        for made in tree.append(bytes(event.hash)):
            Node.objects.create(level=made.level, index=made.index, hash=made.hash)
        roots[index + 1] = tree.root
    for checkpoint in Checkpoint.objects.all():
        root = roots.get(checkpoint.size)
        if root is None or (stolen is None and root != bytes(checkpoint.root)):
            Checkpoint.objects.filter(pk=checkpoint.pk).delete()
        elif stolen is not None:
            note = signing.sign_checkpoint(stolen.origin, checkpoint.size, root, stolen.ring.signers())
            Checkpoint.objects.filter(pk=checkpoint.pk).update(root=root, note=note)


def _recompute_streams() -> None:
    heads: dict[str, tuple[int, bytes, bytes, Any]] = {}
    # Numbers first move out of each other's way.
    execute("UPDATE claims_auditevent SET n = -seq")
    for event in AuditEvent.objects.order_by("seq"):
        n, _, head, _ = heads.get(event.stream, (0, b"", b"", None))
        data = json.loads(bytes(event.bytes)) | {"n": n + 1, "prev": verifier.base64_of(head)}
        made = verifier.canonical(data)
        AuditEvent.objects.filter(pk=event.pk).update(n=n + 1, bytes=made, hash=verifier.leaf_hash(made))
        heads[event.stream] = (n + 1, head, verifier.leaf_hash(made), event.at)
    execute("DELETE FROM claims_stream WHERE name <> ALL (%s)", list(heads))
    for name, (length, previous, head, at) in heads.items():
        execute("UPDATE claims_stream SET length = %s, previous = %s, head = %s, at = %s WHERE name = %s",
                length, previous, head, at, name)  # fmt: skip


def forget_after(size: int) -> None:
    """Take away every event that was sealed after so many, the new rows it tells of, and what was signed of it."""
    for event in AuditEvent.objects.filter(leaf__index__gte=size).order_by("-seq"):
        if event.content["before"] is None:
            execute(f"DELETE FROM claims_{event.object_type} WHERE id = %s", event.object_id)
        for table in ("opening", "leaf"):
            execute(f"DELETE FROM claims_{table} WHERE event_id = %s", event.pk)
        execute("DELETE FROM claims_auditevent WHERE seq = %s", event.pk)
    Checkpoint.objects.filter(size__gt=size).delete()


def swap(table: str, key: str, one: int, other: int, columns: str) -> None:
    """Let two rows of a table change these columns with each other."""
    execute(
        f"UPDATE {table} t SET ({columns}) = (SELECT {columns} FROM {table} o WHERE o.{key} = %s + %s - t.{key})"
        f" WHERE t.{key} IN (%s, %s)",
        one, other, one, other,
    )  # fmt: skip


def build_and_seal() -> Anchor:
    """One more source, sealed and kept."""
    build.source(title="The last source")
    return kept(sealed(), "the last checkpoint that Eve kept")


def renumber(was: int, becomes: int) -> None:
    """Give an event another number, wherever that stands."""
    for table, key in (("auditevent", "seq"), ("leaf", "event_id"), ("opening", "event_id"), ("unsealed", "event_id")):
        execute(f"UPDATE claims_{table} SET {key} = %s WHERE {key} = %s", becomes, was)


def swap_keys(table: str, key: str, one: int, other: int) -> None:
    """Let two rows change their keys with each other, by way of a third."""
    for was, becomes in ((one, -1), (other, one), (-1, other)):
        execute(f"UPDATE {table} SET {key} = %s WHERE {key} = %s", becomes, was)


# ---------------------------------------------------------------- the desk that is attacked
class Attacked(OwnKeys, TestCase):
    """Two articles, three seals; after the first of them all that the attacks are about."""

    @classmethod
    def setUpTestData(cls) -> None:
        begin()
        cls.publication = build.published()
        cls.early = kept(sealed(), "the first checkpoint that Eve kept")
        cls.claim = build.identified()
        editor, researcher = build.the(Role.EDITOR), build.the(Role.RESEARCHER)
        for words in ("The harbour was closed once.", "The harbour was closed in May."):
            claims.edit(claim=cls.claim, statement=words, by=editor)
        cls.evidence = build.cite(cls.claim, source=build.source(title="The harbour's register"))
        evidence.withdraw(evidence=cls.evidence, reason="It was forged.", by=researcher)
        cls.erased = build.source(title="Jane Example's diary")
        with as_owner():
            redaction.redact(kind="source", object_id=cls.erased.pk, field="title", basis="By law.", by=editor)
        cls.late = kept(sealed(), "the checkpoint that Eve kept")
        cls.edited = AuditEvent.objects.filter(action="claim.edit", object_type="claim").earliest("seq")
        cls.after_early = Leaf.objects.get(index=cls.early.size).event_id
        cls.signer = sealing.signer()

    def test_before_the_attacks_all_is_as_it_was_sealed(self) -> None:
        self.assertEqual(found(self.early, self.late), [])

    def named(self, findings: list[Finding], words: str, seq: int | None = None) -> None:
        there = [f for f in findings if words in f.what and seq in (None, f.seq)]
        self.assertTrue(there, f"{words!r}, event {seq}, is not in {[str(f) for f in findings]}")

    def is_found(self, words: str, seq: int | None = None, *also: Anchor) -> None:
        """Found in the database alone, and so with every checkpoint too."""
        self.named(found(), words, seq)
        self.named(found(self.early, self.late, *also), words, seq)

    def is_found_outside_alone(self, *also: Anchor) -> None:
        """The cover is complete; what Eve kept tells nevertheless, and between which two of her checkpoints it was."""
        self.assertEqual(found(), [], "the attacker's cover is meant to be complete")
        words = "reads otherwise than when the checkpoint that Eve kept was signed"
        self.named(found(self.early, self.late, *also), words, self.after_early)


class OnTheEvents:
    def test_an_event_is_rewritten(self) -> None:
        with unnoticed():
            rewrite_text(self.edited, "after.statement", FORGED)
        self.is_found("reads otherwise than when it was sealed", self.edited.pk)

    def test_an_event_and_everything_that_hangs_on_it_is_rewritten(self) -> None:
        with unnoticed():
            rewrite_text(self.edited, "after.statement", FORGED)
            rewrite_text(AuditEvent.objects.get(stream=self.edited.stream, action="claim.edit", n=self.next_edit()),
                         "before.statement", FORGED)  # fmt: skip
            recompute_everything()
        self.is_found_outside_alone()

    def next_edit(self) -> int:
        later = AuditEvent.objects.filter(action="claim.edit", object_type="claim", seq__gt=self.edited.pk)
        return later.order_by("seq").values_list("n", flat=True)[0]

    def test_and_signed_anew_with_the_stolen_key(self) -> None:
        with unnoticed("claim"):
            last = AuditEvent.objects.filter(action="claim.edit", object_type="claim").latest("seq")
            rewrite_text(last, "after.statement", FORGED)
            execute("UPDATE claims_claim SET statement = %s WHERE id = %s", FORGED, self.claim.pk)
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_and_signed_by_a_key_that_takes_the_place_of_the_stolen_one(self) -> None:
        """The keys on record are the attacker's own; Eve's checkpoint is of a key that the desk says it never had."""
        note = Checkpoint.objects.get(size=self.late.size).note
        with tempfile.TemporaryDirectory() as folder, unnoticed("signingkey"):
            other = signing.Signer(Path(folder), settings.AUDIT_ORIGIN)
            first = event_of(SigningKey.objects.get())
            write(first, first.content | {"after": first.content["after"] | {"verifier": other.verifiers()[0]}})
            SigningKey.objects.update(verifier=other.verifiers()[0])
            rewrite_text(self.edited, "after.statement", FORGED)
            recompute_everything(other)
        self.named(found(self.early), "reads otherwise than when the first checkpoint that Eve kept was signed")
        path = Path(settings.AUDIT_DIR) / "eves"
        path.write_text(note, encoding="utf-8")
        with self.assertRaisesRegex(CommandError, "no signature by a known key"):
            call_command("verify_audit", checkpoint=[path])

    def test_the_last_events_never_happened(self) -> None:
        last = build_and_seal()
        with unnoticed("source"):
            forget_after(self.late.size)
            recompute_everything()
        self.assertEqual(found(self.late), [])
        self.named(
            found(self.late, last), f"is of {last.size} events, the tree ends after {self.late.size}: the last are gone"
        )

    def test_two_events_change_places_in_the_tree(self) -> None:
        one, other = Leaf.objects.filter(index__gt=self.early.size).order_by("index")[:2]
        with unnoticed():
            swap_keys("claims_leaf", "index", one.index, other.index)
        self.is_found("of the tree is not that of its events")  # found inside, where the nodes are left as they were
        with unnoticed():
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_two_events_change_places_in_their_stream(self) -> None:
        one, other = AuditEvent.objects.filter(action="claim.edit", object_type="claim").order_by("n")
        with unnoticed("claim"):
            one_said, other_said, words = one.content, other.content, one.after["statement"]
            write(one, other_said | {"n": -1, "at": one_said["at"]})
            write(other, one_said | {"n": -2, "at": other_said["at"]})
            swap_keys("claims_opening", "event_id", one.pk, other.pk)
            execute("UPDATE claims_claim SET statement = %s WHERE id = %s", words, self.claim.pk)
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_two_events_change_numbers_so_that_an_older_one_is_the_last(self) -> None:
        """The number stands in no bytes; but which event is the last decides what the live row must be."""
        one, other = AuditEvent.objects.filter(action="claim.edit", object_type="claim").order_by("n")
        with unnoticed("claim"):
            for was, becomes in ((one.pk, -1), (other.pk, one.pk), (-1, other.pk)):
                renumber(was, becomes)
            execute("UPDATE claims_claim SET statement = %s WHERE id = %s", one.after["statement"], self.claim.pk)
        self.is_found("its number is lower than that of the event before it", one.pk)

    def test_two_objects_change_their_histories(self) -> None:
        mine, other = self.claim, Claim.objects.filter(article=self.publication.article).first()
        with unnoticed("claim"):
            events = AuditEvent.objects.filter(
                object_type="claim", object_id__in=(mine.pk, other.pk), action="claim.identify"
            )
            for event in events:
                told = event.content["object"] | {"id": mine.pk + other.pk - event.object_id}
                write(event, event.content | {"object": told})
        for event in events:
            self.is_found("reads otherwise than when it was sealed", event.pk)

    def test_two_objects_change_their_histories_and_rows_and_all_is_recomputed(self) -> None:
        one, other = self.evidence.source, self.erased
        with unnoticed("source"):
            for event in AuditEvent.objects.filter(object_type="source", object_id__in=(one.pk, other.pk)):
                pk = one.pk + other.pk - event.object_id
                data = event.content | {"object": event.content["object"] | {"id": pk}, "stream": f"source/{pk}"}
                if (data["after"] or {}).get("id"):
                    data["after"]["id"] = pk
                write(event, data | {"n": -event.n})
            columns = [f.column for f in Source._meta.concrete_fields if not f.primary_key]
            swap("claims_source", "id", one.pk, other.pk, ", ".join(columns))
            with_redaction = Redaction.objects.get()
            told = event_of(with_redaction)
            write(told, told.content | {"after": told.content["after"] | {"object_id": one.pk}})
            execute("UPDATE claims_redaction SET object_id = %s", one.pk)
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_the_table_is_made_anew_without_one_event_and_without_triggers(self) -> None:
        with as_owner():
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("CREATE TABLE another AS SELECT * FROM claims_auditevent WHERE seq <> %s", self.edited.pk)
            execute("DROP TABLE claims_auditevent CASCADE")
            execute("ALTER TABLE another RENAME TO claims_auditevent")
            execute("GRANT SELECT ON claims_auditevent TO PUBLIC")
        self.is_found("it was sealed and is gone", self.edited.pk)
        self.is_found("The trigger only_triggers_write_the_record on claims_auditevent is missing")

    def test_an_event_is_inserted_into_the_past(self) -> None:
        """In the number, time, stream and place in the tree of the one that it comes before, which all move up."""
        with unnoticed():
            made = self.invented(at=self.edited.content["at"])
            place = Leaf.objects.get(event=self.edited).index
            renumber(made, -1)
            for event in AuditEvent.objects.filter(seq__gte=self.edited.pk).order_by("-seq"):
                renumber(event.pk, event.pk + 1)
            renumber(-1, self.edited.pk)
            execute("UPDATE claims_leaf SET index = index + 1000000 WHERE index >= %s", place)
            Leaf.objects.create(index=place, event_id=self.edited.pk, hash=b"")
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_an_event_of_the_past_is_put_at_the_end_and_sealed(self) -> None:
        """Nothing that was sealed has changed; yet time does not go back within a stream."""
        with unnoticed():
            made = self.invented(at="2001-01-01T00:00:00.000000Z")
            _recompute_streams()
            execute("INSERT INTO claims_unsealed VALUES (%s)", made)
        sealed()
        self.is_found("it says that it is older than the event before it", made)

    def invented(self, **changes: Any) -> int:
        """An event that never was, on the claim's stream, as if it were the last."""
        last = AuditEvent.objects.filter(stream=self.edited.stream).latest("n")
        data = (
            last.content
            | {"action": "claim.triage", "before": {}, "after": {}, "n": last.n + 1, "reason": ""}
            | changes
        )
        told = [last.stream, last.n + 1, data["at"], last.object_type, last.object_id, last.article_id, last.outside]
        [[made]] = execute(
            "INSERT INTO claims_auditevent (stream, n, at, object_type, object_id, article_id, outside, action,"
            " request_id, db_role, bytes, hash) VALUES (%s, %s, %s, %s, %s, %s, %s, '', '', '', '', '')"
            " RETURNING seq", *told,
        )  # fmt: skip
        write(AuditEvent.objects.get(pk=made), data)
        return made

    def test_the_time_of_an_event_is_set_back(self) -> None:
        with unnoticed():
            execute("UPDATE claims_auditevent SET at = '2001-01-01Z' WHERE seq = %s", self.edited.pk)
        self.is_found("its time is listed otherwise than the event says", self.edited.pk)

    def test_the_time_of_an_event_is_set_back_in_its_bytes_too(self) -> None:
        with unnoticed():
            before = AuditEvent.objects.get(stream=self.edited.stream, n=self.edited.n - 1)
            write(self.edited, self.edited.content | {"at": before.content["at"]})
        self.is_found("reads otherwise than when it was sealed", self.edited.pk)
        with unnoticed():
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_somebody_else_did_it(self) -> None:
        other = build.the(Role.PUBLISHER)
        with unnoticed():
            execute("UPDATE claims_auditevent SET actor_id = %s WHERE seq = %s", other.pk, self.edited.pk)
        self.is_found("its actor is listed otherwise than the event says", self.edited.pk)
        with unnoticed():
            write(self.edited, self.edited.content | {"actor": other.pk})
            recompute_everything(self.signer)
        self.is_found_outside_alone()

    def test_what_an_event_is_listed_with_is_changed(self) -> None:
        """Whatever lists and filters go by: each column for itself."""
        for column, value, name in (
            ("at", "at + interval '1 microsecond'", "time"), ("actor_id", "NULL", "actor"), ("action", "'x'", "action"),
            ("object_id", "object_id + 1", "object"), ("object_type", "'verdict'", "object"),
            ("parent_id", "7", "parent"),
            ("article_id", "NULL", "article"), ("request_id", "'x'", "request"), ("outside", "true", "origin"),
            ("db_role", "'x'", "database role"), ("stream", "'article/999'", "stream"), ("n", "n + 1000", "number"),
        ):  # fmt: skip
            with self.subTest(column), transaction.atomic():
                with unnoticed():
                    execute(f"UPDATE claims_auditevent SET {column} = {value} WHERE seq = %s", self.edited.pk)
                self.named(found(self.early, self.late), f"its {name} is listed otherwise", self.edited.pk)
                transaction.set_rollback(True)

    def test_an_event_is_taken_out_and_the_gap_closed(self) -> None:
        with unnoticed():
            for table in ("opening", "leaf"):
                execute(f"DELETE FROM claims_{table} WHERE event_id = %s", self.edited.pk)
            execute("DELETE FROM claims_auditevent WHERE seq = %s", self.edited.pk)
        place = Leaf.objects.filter(event_id__gt=self.edited.pk).earliest("event_id").event_id
        self.is_found("in the tree is empty: a sealed event is gone", place)
        self.is_found(f"the event before it in the stream {self.edited.stream} is missing")
        with unnoticed():
            recompute_everything(self.signer)
        words = f"is of {self.late.size} events, the tree ends after {self.late.size - 1}"
        self.named(found(self.early, self.late), words)

    def test_an_event_never_reaches_the_seal(self) -> None:
        claims.edit(claim=self.claim, statement="Said between two seals.", by=build.the(Role.EDITOR))
        event = AuditEvent.objects.latest("seq")
        with unnoticed():
            execute("DELETE FROM claims_unsealed WHERE event_id = %s", event.pk)
        sealed()
        self.is_found("it is neither sealed nor waiting for the seal", event.pk)

    def test_the_head_of_a_stream_is_changed(self) -> None:
        name = self.edited.stream
        last = AuditEvent.objects.filter(stream=name).latest("n")
        for column, value in (("head", "'\\x00'"), ("length", "length - 1"), ("length", "length + 1")):
            with self.subTest(column=column, value=value), transaction.atomic():
                with unnoticed():
                    execute(f"UPDATE claims_stream SET {column} = {value} WHERE name = %s", name)
                self.is_found(f"the head of the stream {name} is not its last event", last.pk)
                transaction.set_rollback(True)

    def test_the_head_of_a_stream_is_taken_away(self) -> None:
        last = AuditEvent.objects.filter(stream=self.edited.stream).latest("n")
        with unnoticed():
            execute("DELETE FROM claims_stream WHERE name = %s", self.edited.stream)
        self.is_found(f"its stream {self.edited.stream} has no head", last.pk)

    def test_a_stream_is_invented(self) -> None:
        with unnoticed():
            execute("INSERT INTO claims_stream (name, length, at, previous, head) VALUES ('desk/2', 1, now(), '', '')")
        self.is_found("the head of the stream desk/2 is not its last event", 0)


class OnTheTree:
    def test_a_node_is_changed(self) -> None:
        node = Node.objects.filter(level=2).first()
        with unnoticed():
            execute("UPDATE claims_node SET hash = %s WHERE level = 2 AND index = %s", bytes(32), node.index)
        self.is_found(f"the node (2, {node.index}) of the tree is not that of its events")

    def test_a_node_is_taken_away(self) -> None:
        with unnoticed():
            execute("DELETE FROM claims_node WHERE level = 3 AND index = 0")
        self.is_found("the node (3, 0) of the tree is not that of its events")

    def test_a_leaf_is_changed_with_its_nodes(self) -> None:
        leaf = Leaf.objects.get(event=self.edited)
        with unnoticed():
            execute("UPDATE claims_leaf SET hash = %s WHERE index = %s", bytes(32), leaf.index)
        self.is_found("reads otherwise than when it was sealed", self.edited.pk)

    def test_a_checkpoint_of_another_root_takes_the_place_of_one(self) -> None:
        other = signing.sign_checkpoint(self.signer.origin, self.late.size, bytes(32), self.signer.ring.signers())
        listed = f"the checkpoint of {self.late.size} events kept in the database"
        true = Checkpoint.objects.get(size=self.late.size).note
        unsigned = true.replace(true.split("\n")[2], verifier.base64_of(bytes(32)))
        for note, root, words in (
            (other, bytes(32), f"reads otherwise than when {listed} was signed"),
            (unsigned, bytes(32), f"{listed} is not as it was signed"),
            (true, bytes(32), f"{listed} is listed otherwise than it was signed"),
            ("nothing", bytes(32), f"{listed} is not as it was signed"),
        ):
            with self.subTest(words):
                with unnoticed():
                    Checkpoint.objects.filter(size=self.late.size).update(note=note, root=root)
                self.is_found(words)

    def test_one_person_is_shown_another_tree_of_the_same_size(self) -> None:
        """Two checkpoints, both with true signatures: whoever has both has caught the desk, whatever it says."""
        shown = signing.sign_checkpoint(self.signer.origin, self.late.size, bytes(32), self.signer.ring.signers())
        other = kept(Checkpoint(note=shown), "the checkpoint that Mallory was shown")
        self.assertEqual(found(self.late), [])
        words = "the checkpoint that Eve kept and the checkpoint that Mallory was shown contradict each other"
        self.named(found(self.late, other), words)


class OnTheRows:
    def test_a_live_row_is_changed(self) -> None:
        last = AuditEvent.objects.filter(action="claim.edit", object_type="claim").latest("seq")
        with unnoticed("claim"):
            execute("UPDATE claims_claim SET statement = %s WHERE id = %s", FORGED, self.claim.pk)
        self.is_found(f"claim {self.claim.pk}: statement was changed without an event", last.pk)

    def test_a_row_of_a_very_long_stream_is_changed_back(self) -> None:
        extra = build.source(title="As it was entered")
        Source.objects.filter(pk=extra.pk).update(title="As it was corrected")
        last = AuditEvent.objects.latest("seq")
        with mock.patch.object(rows, "LONG", last.n - 1):
            self.assertEqual(found(self.early, self.late), [])
            with unnoticed("source"):
                execute("UPDATE claims_source SET title = 'As it was entered' WHERE id = %s", extra.pk)
            self.is_found(f"source {extra.pk}: title was changed without an event", last.pk)

    def test_one_of_many_texts_and_what_is_no_text_are_changed(self) -> None:
        texts = {name: f"The {name}" for name in ("title", "publisher", "author", "affiliation")}
        texts |= {name: f"https://example.org/{name}" for name in ("url", "archived_url")}
        extra = build.source(**texts)
        self.assertEqual(found(), [])
        for column, value in [*((name, f"{text}.") for name, text in texts.items()), ("published_on", "2020-02-02")]:
            with self.subTest(column), transaction.atomic():
                with unnoticed("source"):
                    execute(f"UPDATE claims_source SET {column} = %s WHERE id = %s", value, extra.pk)
                self.is_found(f"source {extra.pk}: {column} was changed without an event", event_of(extra).pk)
                transaction.set_rollback(True)

    def test_a_row_is_deleted_of_which_several_events_tell(self) -> None:
        extra = build.source(title="An inconvenient source")
        Source.objects.filter(pk=extra.pk).update(title="An inconvenient source, corrected")
        last = AuditEvent.objects.latest("seq")
        with unnoticed("source"):
            execute("DELETE FROM claims_source WHERE id = %s", extra.pk)
        self.is_found(f"source {extra.pk} is gone without an event", last.pk)

    def test_a_text_of_which_only_one_event_tells_is_changed(self) -> None:
        extra = build.source(title="As it was entered")
        revision = self.claim.article.current_revision
        with unnoticed("source", "articlerevision"):
            execute("UPDATE claims_source SET title = %s WHERE id = %s", FORGED, extra.pk)
            execute("UPDATE claims_articlerevision SET text = %s WHERE id = %s", FORGED, revision.pk)
        self.is_found(f"source {extra.pk}: title was changed without an event", event_of(extra).pk)
        self.is_found(f"articlerevision {revision.pk}: text was changed without an event", event_of(revision).pk)

    def test_what_readers_see_is_changed(self) -> None:
        with unnoticed("publication"):
            execute("UPDATE claims_publication SET content = convert_to('{}', 'UTF8')")
        words = f"publication {self.publication.pk}: content was changed without an event"
        self.is_found(words, event_of(self.publication).pk)

    def test_a_trigger_is_off_for_a_moment(self) -> None:
        with as_owner():
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("ALTER TABLE claims_evidence DISABLE TRIGGER USER")
            execute("UPDATE claims_evidence SET stance = 'contradicts' WHERE id = %s", self.evidence.pk)
            for [trigger] in execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'claims_evidence'::regclass AND NOT tgisinternal"
            ):
                execute(f"ALTER TABLE claims_evidence ENABLE ALWAYS TRIGGER {trigger}")
        self.is_found(f"evidence {self.evidence.pk}: stance was changed without an event", event_of(self.evidence).pk)

    def test_a_live_row_is_deleted(self) -> None:
        extra = build.source(title="An inconvenient source")
        with unnoticed("source"):
            execute("DELETE FROM claims_source WHERE id = %s", extra.pk)
        self.is_found(f"source {extra.pk} is gone without an event", event_of(extra).pk)

    def test_a_live_row_is_inserted(self) -> None:
        with unnoticed("source"):
            invented = Source.objects.create(title="Never entered", kind="document", tier="primary",
                                             created_by=build.the(Role.RESEARCHER))  # fmt: skip
        self.is_found(f"source {invented.pk} is there without an event")

    def test_a_role_is_given_back_without_a_word(self) -> None:
        """Rows that may go, and went: their return is found as well."""
        person = build.person(Role.EDITOR)
        [[pk, group]] = execute("SELECT id, group_id FROM claims_person_groups WHERE person_id = %s", person.pk)
        person.groups.clear()
        with unnoticed("person_groups"):
            execute(
                "INSERT INTO claims_person_groups (id, person_id, group_id) VALUES (%s, %s, %s)", pk, person.pk, group
            )
        self.is_found(f"person_groups {pk} is there again without an event", AuditEvent.objects.latest("seq").pk)

    def test_a_trigger_stays_off(self) -> None:
        with as_owner():
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("ALTER TABLE claims_claim DISABLE TRIGGER every_change_is_recorded")
        self.is_found("The trigger every_change_is_recorded on claims_claim is missing or can be switched off.")

    def test_a_trigger_stays_off_and_the_database_says_that_it_is_on_its_way_to_have_it(self) -> None:
        with as_owner():
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("ALTER TABLE claims_claim DISABLE TRIGGER every_change_is_recorded")
            execute("DELETE FROM django_migrations WHERE app = 'claims'")
        self.is_found("The trigger every_change_is_recorded on claims_claim is missing or can be switched off.")

    def test_a_trigger_of_the_same_name_does_nothing(self) -> None:
        same = "CREATE TRIGGER every_change_is_recorded AFTER INSERT OR UPDATE OR DELETE ON claims_claim FOR EACH ROW"
        for made in (
            f"{same} WHEN (false) EXECUTE FUNCTION claims_record('', '', '', '')",
            f"{same} EXECUTE FUNCTION suppress_redundant_updates_trigger()".replace(
                "AFTER INSERT OR UPDATE OR DELETE", "BEFORE UPDATE"
            ),
            same.replace("INSERT OR UPDATE OR DELETE", "INSERT") + " EXECUTE FUNCTION claims_record('', '', '', '')",
        ):
            with self.subTest(made), transaction.atomic():
                with as_owner():
                    execute("SET CONSTRAINTS ALL IMMEDIATE")
                    execute("DROP TRIGGER every_change_is_recorded ON claims_claim")
                    execute(made)
                    execute("ALTER TABLE claims_claim ENABLE ALWAYS TRIGGER every_change_is_recorded")
                self.is_found("The trigger every_change_is_recorded on claims_claim is missing or can be switched off.")
                transaction.set_rollback(True)


class OnWhatIsErased:
    def taken_away(self) -> str:
        execute("DELETE FROM claims_opening WHERE event_id = %s AND place = 'after.statement'", self.edited.pk)
        return "the opening of after.statement is gone, and no redaction on record names it"

    def test_an_opening_is_taken_away(self) -> None:
        with unnoticed():
            words = self.taken_away()
        self.is_found(words, self.edited.pk)

    def test_an_opening_is_taken_away_under_a_redaction_that_was_never_made(self) -> None:
        with unnoticed("redaction"):
            words = self.taken_away()
            told = {"object_type": "claim", "object_id": self.claim.pk, "field": "statement", "basis": "By law."}
            made = Redaction.objects.create(**told, by=build.the(Role.EDITOR), at=timezone.now())
        self.is_found(words, self.edited.pk)
        self.is_found(f"redaction {made.pk} is there without an event")

    def test_an_opening_is_taken_away_under_a_redaction_of_something_else(self) -> None:
        with unnoticed("redaction"):
            words = self.taken_away()
            execute(
                "UPDATE claims_redaction SET object_type = 'claim', object_id = %s, field = 'statement'", self.claim.pk
            )
        made = Redaction.objects.get()
        self.is_found(f"redaction {made.pk}: field was changed without an event", event_of(made).pk)
        self.assertTrue(words)

    def test_a_later_text_is_taken_away_under_an_earlier_redaction(self) -> None:
        redaction_event = event_of(Redaction.objects.get())
        Source.objects.filter(pk=self.erased.pk).update(title="Another diary")
        later = AuditEvent.objects.latest("seq")
        sealed()
        with unnoticed():
            execute("DELETE FROM claims_opening WHERE event_id = %s AND place = 'after.title'", later.pk)
        self.is_found("the opening of after.title is gone, and no redaction on record names it", later.pk)
        # The numbers of events stand in no bytes: a redaction does not become the later one by its number.
        with unnoticed():
            renumber(redaction_event.pk, AuditEvent.objects.latest("seq").pk + 1)
        self.is_found("the opening of after.title is gone, and no redaction on record names it", later.pk)

    def test_the_word_that_stands_for_an_erased_text_is_replaced(self) -> None:
        told = AuditEvent.objects.filter(object_type="source", action="audit.redact").latest("seq")
        with unnoticed("source"):
            execute("DELETE FROM claims_opening WHERE event_id = %s AND place = 'after.title'", told.pk)
            execute("UPDATE claims_source SET title = %s WHERE id = %s", FORGED, self.erased.pk)
        self.is_found("the opening of after.title is gone", told.pk)
        self.is_found(f"source {self.erased.pk}: title was changed without an event", told.pk)

    def test_the_text_of_an_opening_is_changed(self) -> None:
        with unnoticed():
            execute("UPDATE claims_opening SET value = %s WHERE event_id = %s AND place = 'after.statement'",
                    FORGED, self.edited.pk)  # fmt: skip
        self.is_found("the text of after.statement is not the one that was recorded", self.edited.pk)

    def test_the_text_of_an_opening_is_emptied(self) -> None:
        with unnoticed():
            execute(
                "UPDATE claims_opening SET value = NULL WHERE event_id = %s AND place = 'after.statement'",
                self.edited.pk,
            )
        self.is_found("the text of after.statement is gone", self.edited.pk)

    def test_a_reason_is_replaced(self) -> None:
        told = AuditEvent.objects.filter(action="evidence.withdraw", openings__place="reason").earliest("seq")
        with unnoticed():
            execute("UPDATE claims_opening SET value = 'It was old.' WHERE event_id = %s AND place = 'reason'", told.pk)
        self.is_found("the text of reason is not the one that was recorded", told.pk)


class AnOldBackup:
    def test_is_told_by_what_was_kept_and_the_signer_refuses_to_go_on_from_it(self) -> None:
        real = signing.Signer(Path(tempfile.mkdtemp(dir=settings.AUDIT_DIR)), settings.AUDIT_ORIGIN)
        with mock.patch.object(sealing, "signer_in", lambda folder: real):
            sealed()
            backup = transaction.savepoint()
            last = build_and_seal()
            transaction.savepoint_rollback(backup)
            # Everything is as it was: nothing inside can tell.
            self.assertEqual(found(self.early, self.late), [])
            self.named(found(self.early, self.late, last), "the last are gone")
            build.source(title="After the backup was put back")
            with self.assertRaisesRegex(signing.WouldFork, "does not continue the one that was signed last"):
                sealing.seal()
            self.assertEqual(Checkpoint.objects.filter(size__gte=last.size).count(), 0)


class Superuser(OnTheEvents, OnTheTree, OnTheRows, OnWhatIsErased, AnOldBackup, Attacked):
    """All of them on the same desk, which is built once."""
