"""Keys, notes, and the memory that refuses to sign two histories."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import FrozenInstanceError
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase

from claims.proofs import merkle, signing, verifier
from claims.proofs.signing import KeyRefused, KeyRing, Memory, Signer, SignerKey, WouldFork
from claims.proofs.verifier import EMPTY_ROOT, Checkpoint, NotProven
from tests.bundles import KEY, ORIGIN, OTHER_KEY

HOME = Path(__file__).parent.parent
PETER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
LEAVES = [verifier.leaf_hash(str(at).encode()) for at in range(30)]
NODES = {(0, at): leaf for at, leaf in enumerate(LEAVES)}
_tree = merkle.Appender()
for _leaf in LEAVES:
    NODES |= {(made.level, made.index): made.hash for made in _tree.append(_leaf)}
ROOTS = [merkle.root_of(LEAVES[:size]) for size in range(len(LEAVES) + 1)]


def continuing(old: int, new: int) -> list[bytes]:
    return merkle.consistency(old, new, lambda _: NODES)


# What one of many processes does: it takes the trail three events further, from wherever it stands.
CONTEND = """
import sys
from pathlib import Path
from claims.proofs import merkle, signing, verifier
leaves = [verifier.leaf_hash(str(at).encode()) for at in range(30)]
nodes = {(0, at): leaf for at, leaf in enumerate(leaves)}
tree = merkle.Appender()
for leaf in leaves:
    nodes |= {(made.level, made.index): made.hash for made in tree.append(leaf)}
memory, ring, done = signing.Memory(Path(sys.argv[1])), signing.KeyRing(Path(sys.argv[1])), 0
while done < 3:
    size = memory.last_checkpoint().size + 1
    root = merkle.root_of(leaves[:size])
    path = lambda old: merkle.consistency(old, size, lambda _: nodes)
    try:
        signing.extend(memory, sys.argv[2], size, root, path, ring.signers())
        done += 1
    except signing.WouldFork as refused:
        if "was signed before" not in str(refused):
            raise
"""


class InAFolder(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "desk" / "trail"
        self.ring, self.memory = KeyRing(self.folder), Memory(self.folder)

    def extend(self, size: int, *, old: int | None = None, root: bytes | None = None) -> str:
        """Sign the true tree of this size, or what is told of another."""
        last = self.memory.last_checkpoint()
        since = (last.size if last else 0) if old is None else old
        path = continuing(since, size) if since <= size else []
        return signing.extend(self.memory, ORIGIN, size, root or ROOTS[size], path, self.ring.signers())

    def opened(self, note: str, keys: list[SignerKey] | None = None) -> Checkpoint:
        known = [key.verifier for key in keys or self.ring.signers()]
        return Checkpoint.parse(verifier.verify_note(note, known))


class Keys(SimpleTestCase):
    def test_published_note(self) -> None:
        key = SignerKey.parse(PETER)
        self.assertEqual((key.name, key.format()), ("PeterNeumann", PETER))
        self.assertEqual(key.verifier.format(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
        made = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        line = f"— PeterNeumann {made}\n"
        self.assertEqual(signing.sign_note(text, [key]), f"{text}\n{line}")

    def test_a_mangled_key_is_none_and_is_not_repeated(self) -> None:
        wrong = {PETER[a:b] for a in range(len(PETER) + 1) for b in range(a, len(PETER) + 1)} - {PETER}
        wrong |= {PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :] for at in range(len(PETER))}
        for text in [*wrong, PETER + "\n", PETER.replace("PRIVATE", "PUBLIC"), PETER.replace("Peter", "Pe ter")]:
            with self.assertRaisesMessage(KeyRefused, "This is not a signing key: ") as caught:
                SignerKey.parse(text)
            self.assertNotIn("EKFALVFGyNhPJEM", str(caught.exception))

        with self.assertRaisesMessage(KeyRefused, "The key's parts disagree."):
            SignerKey.parse(SignerKey("a b", bytes(32)).format())

    def test_a_key_is_what_it_is(self) -> None:
        with self.assertRaises(FrozenInstanceError):
            KEY.name = "other"  # type: ignore[misc]

    def test_no_key_shows_its_secret(self) -> None:
        self.assertEqual(repr(SignerKey.parse(PETER)), "SignerKey(name='PeterNeumann')")

    def test_new_keys(self) -> None:
        one, two = signing.generate(ORIGIN), signing.generate(ORIGIN)
        self.assertNotEqual(one.seed, two.seed)
        self.assertEqual((one.name, len(one.seed)), (ORIGIN, 32))
        self.assertEqual(SignerKey.parse(one.format()), one)
        made = one.sign(b"hi")
        self.assertTrue(verifier.ed25519_verify(one.verifier.public, b"hi", made))
        self.assertFalse(verifier.ed25519_verify(two.verifier.public, b"hi", made))

    def test_names_of_trails(self) -> None:
        for name in ("", "a b", "a+b", "a\nb", "\u200b", "\x00"):
            with self.subTest(name), self.assertRaisesMessage(KeyRefused, "cannot name a trail"):
                signing.generate(name)

    def test_a_checkpoint_is_signed_by_keys_of_its_trail(self) -> None:
        note = signing.sign_checkpoint(ORIGIN, 3, ROOTS[3], [KEY, OTHER_KEY])
        body, signatures = verifier.parse_note(note)
        self.assertEqual(Checkpoint.parse(body), Checkpoint(ORIGIN, 3, ROOTS[3]))
        self.assertEqual([made[:4] for _, made in signatures], [KEY.verifier.id, OTHER_KEY.verifier.id])
        for key in (KEY, OTHER_KEY):
            self.assertEqual(verifier.verify_note(note, [key.verifier]), body)
        for keys in ([], [signing.generate("other.example")], [KEY, signing.generate("other.example")]):
            with self.assertRaisesMessage(KeyRefused, f"The keys are not of the trail {ORIGIN}"):
                signing.sign_checkpoint(ORIGIN, 3, ROOTS[3], keys)


class Rings(InAFolder):
    def test_made_where_there_is_none(self) -> None:
        with self.assertRaisesMessage(KeyRefused, f"There are no keys in {self.folder / 'keys'}."):
            self.ring.signers()
        self.ring.create(ORIGIN)
        [key] = self.ring.signers()
        self.assertEqual(key.name, ORIGIN)
        self.assertEqual((self.folder / "keys").read_text(), key.format() + "\n")
        self.assertEqual(stat.S_IMODE((self.folder / "keys").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE((self.folder / "lock").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o700)
        self.assertEqual(self.opened(self.memory.last() or ""), Checkpoint(ORIGIN, 0, EMPTY_ROOT))
        self.ring.create(ORIGIN)
        self.assertEqual(self.ring.signers(), [key])

    def test_new_keys_do_not_forget_what_old_ones_signed(self) -> None:
        self.ring.create(ORIGIN)
        note = self.extend(5)
        (self.folder / "keys").unlink()
        self.ring.create(ORIGIN)
        self.assertEqual(self.memory.last(), note)

    def test_rotation(self) -> None:
        self.ring.create(ORIGIN)
        [old] = self.ring.signers()
        alone = self.extend(3)
        self.ring.add(OTHER_KEY)
        self.assertEqual(self.ring.signers(), [old, OTHER_KEY])
        both = self.extend(3)
        self.assertTrue(both.startswith(alone), "the same words, with one more signature")
        for key in (old, OTHER_KEY):
            self.assertEqual(self.opened(both, [key]).size, 3)
        self.ring.retire(old.verifier)
        self.assertEqual(self.ring.signers(), [OTHER_KEY])
        note = self.extend(4)
        self.assertEqual(self.opened(note, [OTHER_KEY]).size, 4)
        with self.assertRaises(NotProven):
            self.opened(note, [old])

    def test_rotation_refuses_what_makes_no_sense(self) -> None:
        self.ring.create(ORIGIN)
        [key] = self.ring.signers()
        for wrong in (key, signing.generate("other.example")):
            with self.assertRaisesMessage(KeyRefused, "The new key must be another one, of the same trail."):
                self.ring.add(wrong)
        for gone in (key, OTHER_KEY):
            with self.assertRaisesMessage(KeyRefused, "add its successor first"):
                self.ring.retire(gone.verifier)
        self.assertEqual(self.ring.signers(), [key])

    def test_others_must_not_read_the_keys(self) -> None:
        self.ring.create(ORIGIN)
        for mode in (0o640, 0o604, 0o620, 0o610, 0o601, 0o666):
            (self.folder / "keys").chmod(mode)
            with self.subTest(oct(mode)), self.assertRaisesMessage(KeyRefused, "can be read by others: run chmod 600"):
                self.ring.signers()
        for mode in (0o600, 0o400, 0o700):
            (self.folder / "keys").chmod(mode)
            self.assertEqual(len(self.ring.signers()), 1)

    def test_garbage_gives_a_sentence(self) -> None:
        self.ring.create(ORIGIN)
        path, good = self.folder / "keys", (self.folder / "keys").read_text()
        for said, data in (
            ("There are no keys", b""),
            ("cannot be read", b"\xff"),
            (f"{path}, line 2: This is not a signing key", (good + "x\n").encode()),
            (f"{path}, line 2: This is not a signing key", (good + "\n").encode()),
            (f"{path}, line 1: This is not a signing key", (good[1:]).encode()),
            ("keys of more than one trail", (good + PETER + "\n").encode()),
        ):
            path.write_bytes(data)
            with self.subTest(said), self.assertRaisesMessage(KeyRefused, said):
                self.ring.signers()
        path.unlink()
        path.mkdir()
        with self.assertRaisesMessage(KeyRefused, "cannot be read"):
            self.ring.signers()

    def test_a_folder_that_cannot_be(self) -> None:
        self.folder.parent.mkdir()
        self.folder.parent.joinpath("file").write_text("")
        for folder in (self.folder.parent / "file", self.folder.parent / "file" / "below"):
            with self.assertRaisesMessage(KeyRefused, f"The folder {folder} cannot be used"):
                KeyRing(folder).create(ORIGIN)


class Remembering(InAFolder):
    def setUp(self) -> None:
        super().setUp()
        self.ring.create(ORIGIN)

    def test_growing(self) -> None:
        for size in (0, 1, 2, 2, 5, 8, 13, 29, 30):
            note = self.extend(size)
            self.assertEqual(self.opened(note), Checkpoint(ORIGIN, size, ROOTS[size]))
            self.assertEqual(self.memory.last(), note)
            self.assertEqual(self.memory.last_checkpoint(), Checkpoint(ORIGIN, size, ROOTS[size]))

    def test_refuses_whatever_is_not_an_extension(self) -> None:
        note = self.extend(7)
        for said, size, old, root in (
            ("The tree has 6 events, and one of 7 was signed before.", 6, 6, None),
            ("The tree has 0 events, and one of 7 was signed before.", 0, 0, EMPTY_ROOT),
            ("Two different trees have the same size, 7.", 7, 7, ROOTS[8]),
            ("does not lead to the new tree's root", 9, 7, ROOTS[8]),
            ("does not continue the one that was signed last", 9, 6, None),
            ("does not continue the one that was signed last", 9, 9, None),
            ("does not continue the one that was signed last", 9, 0, None),
        ):
            with self.subTest(said), self.assertRaisesMessage(WouldFork, said):
                self.extend(size, old=old, root=root)
            self.assertEqual(self.memory.last(), note)
        self.extend(9)

    def test_refuses_a_tree_that_was_put_together_anew(self) -> None:
        self.extend(7)
        other = [verifier.leaf_hash(b"rewritten"), *LEAVES[1:]]
        nodes = {(0, at): leaf for at, leaf in enumerate(other)}
        tree = merkle.Appender()
        for leaf in other[:9]:
            nodes |= {(made.level, made.index): made.hash for made in tree.append(leaf)}
        path = merkle.consistency(7, 9, lambda _: nodes)
        with self.assertRaisesMessage(WouldFork, "does not lead to the old tree's root"):
            signing.extend(self.memory, ORIGIN, 9, tree.root, path, self.ring.signers())

    def test_refuses_another_trail(self) -> None:
        other = signing.generate("other.example")
        with self.assertRaisesMessage(WouldFork, "of the trail desk.example/trail, not of other.example"):
            signing.extend(self.memory, other.name, 1, ROOTS[1], [], [other])
        with self.assertRaisesMessage(KeyRefused, "The keys are not of the trail"):
            signing.extend(self.memory, ORIGIN, 1, ROOTS[1], [], [other])
        self.assertEqual(self.memory.last_checkpoint(), Checkpoint(ORIGIN, 0, EMPTY_ROOT))

    def test_the_path_may_be_asked_for(self) -> None:
        self.extend(3)
        asked: list[int] = []

        def path(old: int) -> list[bytes]:
            asked.append(old)
            return continuing(old, 8)

        signing.extend(self.memory, ORIGIN, 8, ROOTS[8], path, self.ring.signers())
        self.assertEqual(asked, [3])

    def test_an_answer_that_was_lost_is_given_again(self) -> None:
        self.extend(3)
        with mock.patch.object(Memory, "remember"):
            lost = self.extend(5)  # killed before it was remembered: then nobody has the answer either
        self.assertEqual((self.memory.last_checkpoint() or Checkpoint("", 0, b"")).size, 3)
        again = self.extend(5)  # killed after it was remembered, before the answer arrived
        self.assertEqual(again, lost)
        self.assertEqual(self.extend(5), again)

    def test_it_is_remembered_before_it_is_given_away(self) -> None:
        with mock.patch.object(Memory, "remember", side_effect=OSError("the disk is full")), self.assertRaises(OSError):
            self.extend(3)
        self.assertEqual((self.memory.last_checkpoint() or Checkpoint("", 9, b"")).size, 0)

    def test_a_half_written_file_never_takes_the_place_of_a_whole_one(self) -> None:
        note = self.extend(3)
        for step in ("os.fsync", "pathlib.Path.replace"):
            with mock.patch(step, side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
                self.extend(5)
            self.assertEqual(self.memory.last(), note)
        self.assertTrue((self.folder / "last-checkpoint.new").exists())
        self.assertEqual(self.opened(self.extend(5)).size, 5)
        self.assertFalse((self.folder / "last-checkpoint.new").exists())

    def test_what_is_remembered_is_on_disk(self) -> None:
        """The file is synced before it takes its place, and its folder afterwards."""
        steps: list[str] = []
        sync, replace = os.fsync, Path.replace

        def fsync(handle: int) -> None:
            found = os.fstat(handle)
            steps.append("folder" if stat.S_ISDIR(found.st_mode) else f"file of {found.st_size}")
            sync(handle)

        def replaces(path: Path, target: Path) -> Path:
            steps.append("replace")
            return replace(path, target)

        with mock.patch("os.fsync", fsync), mock.patch("pathlib.Path.replace", replaces):
            note = self.extend(3)
        self.assertEqual(steps, [f"file of {len(note.encode())}", "replace", "folder"])
        self.assertEqual(stat.S_IMODE((self.folder / "last-checkpoint").stat().st_mode), 0o600)

    def test_nothing_stays_open(self) -> None:
        before = len([*Path("/proc/self/fd").iterdir()])
        for size in range(1, 9):
            self.extend(size)
        self.assertEqual(len([*Path("/proc/self/fd").iterdir()]), before)

    def test_the_same_again_needs_no_path(self) -> None:
        note = self.extend(3)
        for path in ([], continuing(2, 3), [bytes(32)]):
            self.assertEqual(signing.extend(self.memory, ORIGIN, 3, ROOTS[3], path, self.ring.signers()), note)

    def test_a_lost_memory_is_noticed(self) -> None:
        self.extend(3)
        (self.folder / "last-checkpoint").unlink()
        self.assertIsNone(self.memory.last())
        self.assertIsNone(self.memory.last_checkpoint())
        with self.assertRaisesMessage(WouldFork, "is gone: nobody can tell what was signed before."):
            self.extend(4)

    def test_a_memory_of_garbage_gives_a_sentence(self) -> None:
        path, note = self.folder / "last-checkpoint", self.extend(3)
        for data in (b"", b"\xff", b"nonsense", note.encode()[:-1], note.replace("\n3\n", "\n03\n").encode()):
            path.write_bytes(data)
            for ask in (self.memory.last, self.memory.last_checkpoint, lambda: self.extend(4)):
                with self.subTest(data), self.assertRaisesMessage(KeyRefused, str(path)):
                    ask()
        with self.assertRaisesMessage(KeyRefused, "put there the newest one that was sent out"):
            self.memory.remember("nonsense")
        self.memory.remember(note)
        self.assertEqual(self.memory.last(), note)

    def test_two_threads_take_turns(self) -> None:
        inside, order = threading.Event(), []

        def second() -> None:
            inside.wait(10)
            with KeyRing(self.folder).locked():
                order.append("second")

        thread = threading.Thread(target=second)
        thread.start()
        with self.memory.locked():
            inside.set()
            thread.join(0.3)
            self.assertTrue(thread.is_alive(), "it waits")
            order.append("first")
        thread.join(10)
        self.assertEqual(order, ["first", "second"])

    def test_a_turn_ends_with_an_error_too(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.memory.locked():
            raise ZeroDivisionError
        self.extend(2)

    def test_many_processes_sign_one_history(self) -> None:
        command = [sys.executable, "-c", CONTEND, str(self.folder), ORIGIN]
        processes = [subprocess.Popen(command, cwd=HOME) for _ in range(4)]
        self.assertEqual([process.wait(60) for process in processes], [0] * 4)
        last = self.memory.last_checkpoint()
        self.assertTrue(last and last.size >= 3 and last.root == ROOTS[last.size])


class Together(InAFolder):
    def test_keys_and_memory_of_one_folder(self) -> None:
        signer = Signer(self.folder, ORIGIN)
        self.assertEqual(signer.origin, ORIGIN)
        self.assertEqual(signer.verifiers(), [key.verifier.format() for key in self.ring.signers()])
        self.assertEqual(signer.last(), Checkpoint(ORIGIN, 0, EMPTY_ROOT))
        note = signer.extend(Checkpoint(ORIGIN, 4, ROOTS[4]), continuing(0, 4))
        self.assertEqual(signer.last(), self.opened(note))
        again = Signer(self.folder, ORIGIN)
        self.assertEqual((again.verifiers(), again.last()), (signer.verifiers(), signer.last()))
        self.ring.add(OTHER_KEY)
        self.assertEqual(signer.verifiers()[1:], [OTHER_KEY.verifier.format()])
        with self.assertRaises(WouldFork):
            again.extend(Checkpoint(ORIGIN, 3, ROOTS[3]), [])


class MadeByRoot(SimpleTestCase):
    def test_belongs_to_who_owns_the_folder(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("only root makes files for others")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            os.chown(folder, 12345, 12345)
            Signer(folder, "desk.example/trail")
            self.assertEqual({path.stat().st_uid for path in folder.iterdir()}, {12345})
