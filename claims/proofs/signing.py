"""The keys that sign the trail's checkpoints, and the memory, outside the database, of what they signed last.

Both are files in one folder. `keys` holds the secret keys, one a line, oldest first, readable by their owner alone;
`last-checkpoint` holds the last signed note. A checkpoint is signed only if it continues that one, and it is remembered
before its signature is given away: a database put back to an older state cannot be signed into a second history.
Forms: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from claims.proofs.verifier import (
    EMPTY_ROOT,
    Checkpoint,
    NotProven,
    VerifierKey,
    base64_of,
    is_key_name,
    need,
    parse_note,
    unbase64,
    verify_consistency,
)

Proof = Sequence[bytes] | Callable[[int], Sequence[bytes]]


class KeyRefused(Exception):
    """The keys, or the memory of what they signed, cannot be used; the message says why and what to do."""


class WouldFork(Exception):
    """Signing this would contradict what was signed before; the message says how."""


@dataclass(frozen=True)
class SignerKey:
    """An Ed25519 key pair with its name; as text "PRIVATE+KEY+name+id+base64"."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> SignerKey:
        """Raises KeyRefused, with a message that does not repeat the secret."""
        try:
            name, _, rest = text[len("PRIVATE+KEY+") :].partition("+")
            key = cls(name, unbase64(rest.partition("+")[2], 33, "The key")[1:])
            need(is_key_name(name) and key.format() == text, "The key's parts disagree.")
        except NotProven as wrong:
            raise KeyRefused(f"This is not a signing key: {wrong}") from None
        return key

    def format(self) -> str:
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{base64_of(bytes([1]) + self.seed)}"

    @property
    def verifier(self) -> VerifierKey:
        """The half that everybody may know."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """The signature's 64 bytes: always the same for the same data."""
        return self._private.sign(data)

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def generate(name: str) -> SignerKey:
    """A new key. Raises KeyRefused where the name cannot be one: it is the trail's origin, as `desk.example/trail`."""
    if not is_key_name(name):
        raise KeyRefused(f"{name!r} cannot name a trail: use printable characters, without spaces and without +.")
    return SignerKey(name, secrets.token_bytes(32))


def sign_note(body: str, keys: Sequence[SignerKey]) -> str:
    """The text, which ends with a newline, as a note signed by each key."""
    lines = [f"— {key.name} {base64_of(key.verifier.id + key.sign(body.encode()))}\n" for key in keys]
    return f"{body}\n{''.join(lines)}"


def sign_checkpoint(origin: str, size: int, root: bytes, keys: Sequence[SignerKey]) -> str:
    """A signed checkpoint. It remembers nothing: see `extend`. Raises KeyRefused unless every key is of that origin."""
    if not keys or any(key.name != origin for key in keys):
        raise KeyRefused(f"The keys are not of the trail {origin}: a key carries the name of the trail it signs.")
    return sign_note(f"{origin}\n{size}\n{base64_of(root)}\n", keys)


class _Folder:
    """A folder whose files are replaced whole or not at all, by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else who asks holds this folder meanwhile. Waits; not to be asked for twice by one thread."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            self._hand_over(handle)
        except OSError as problem:
            raise KeyRefused(f"The folder {self.folder} cannot be used: {problem.strerror}.") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _hand_over(self, handle: int) -> None:
        """What root makes belongs to the folder's owner, whom it would otherwise lock out."""
        if os.geteuid() == 0:
            owner = self.folder.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)

    def _read(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise KeyRefused(f"{self.folder / name} cannot be read: put it back as it was.") from None

    def _replace(self, name: str, text: str) -> None:
        """After a crash at any point the file holds what it held, or this."""
        half = self.folder / f"{name}.new"
        half.unlink(missing_ok=True)
        handle = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            self._hand_over(handle)
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.folder / name)
        own = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(own)
        finally:
            os.close(own)


class Memory(_Folder):
    """What was signed last."""

    FILE = "last-checkpoint"

    def last(self) -> str | None:
        """The last signed note; None where nothing was ever remembered. Raises KeyRefused where it is not one."""
        note = self._read(self.FILE)
        if note is not None:
            self._checkpoint(note)
        return note

    def last_checkpoint(self) -> Checkpoint | None:
        """What that note says."""
        note = self._read(self.FILE)
        return None if note is None else self._checkpoint(note)

    def remember(self, note: str) -> None:
        """Keep this note as the last one: on disk when this returns. Asks nothing: see `extend`."""
        self._checkpoint(note)
        self._replace(self.FILE, note)

    def _checkpoint(self, note: str) -> Checkpoint:
        try:
            return Checkpoint.parse(parse_note(note)[0])
        except NotProven as wrong:
            raise KeyRefused(
                f"{self.folder / self.FILE} does not hold a signed checkpoint: put there the newest one that was sent "
                f"out. {wrong}"
            ) from None


class KeyRing(_Folder):
    """The keys that sign. More than one while a new key is taking over."""

    FILE = "keys"

    def signers(self) -> list[SignerKey]:
        """Oldest first. Raises KeyRefused where there are none, or others could have read them."""
        path = self.folder / self.FILE
        text = self._read(self.FILE)
        if not text:
            raise KeyRefused(f"There are no keys in {path}.")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyRefused(f"{path} can be read by others: run chmod 600 on it, and rotate the key if they may have.")
        found = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                found.append(SignerKey.parse(line))
            except KeyRefused as wrong:
                raise KeyRefused(f"{path}, line {number}: {wrong}") from None
        if len({key.name for key in found}) != 1:
            raise KeyRefused(f"{path} holds keys of more than one trail.")
        return found

    def create(self, origin: str) -> None:
        """Where there are no keys, make the first, and remember the empty trail: from then on a lost memory is noticed.

        What is there stays as it is.
        """
        with self.locked():
            if self._read(self.FILE) is None:
                key, memory = generate(origin), Memory(self.folder)
                if memory.last() is None:
                    memory.remember(sign_checkpoint(origin, 0, EMPTY_ROOT, [key]))
                self._write([key])

    def add(self, key: SignerKey) -> None:
        """From now on this key signs too. Raises KeyRefused where it is not of the same trail, or there already."""
        with self.locked():
            found = self.signers()
            if key.name != found[0].name or key in found:
                raise KeyRefused("The new key must be another one, of the same trail.")
            self._write([*found, key])

    def retire(self, key: VerifierKey) -> None:
        """This key signs no more. Raises KeyRefused where it is not there, or the only one."""
        with self.locked():
            found = self.signers()
            rest = [other for other in found if other.verifier != key]
            if not rest or rest == found:
                raise KeyRefused("That key is not there, or no other is: add its successor first.")
            self._write(rest)

    def _write(self, keys: Sequence[SignerKey]) -> None:
        self._replace(self.FILE, "".join(f"{key.format()}\n" for key in keys))


def extend(
    memory: Memory, origin: str, size: int, root: bytes, consistency_path: Proof, keys: Sequence[SignerKey]
) -> str:
    """Sign the tree's new size and root, remember that, and only then give the note away.

    In: `consistency_path` proves that the tree continues the one that is remembered; or a function that gives it for
    the remembered size. Raises WouldFork where it does not. What was signed before is signed again, with the same
    words: an answer that got lost is given again, and by a new key too.
    """
    with memory.locked():
        last = memory.last_checkpoint()
        if last is None:
            raise WouldFork(
                f"{memory.folder / memory.FILE} is gone: nobody can tell what was signed before. Put there the newest "
                "checkpoint that was sent out."
            )
        if last.origin != origin:
            raise WouldFork(f"What was signed last is of the trail {last.origin}, not of {origin}.")
        try:
            need(size >= last.size, f"The tree has {size} events, and one of {last.size} was signed before.")
            path = consistency_path(last.size) if callable(consistency_path) else consistency_path
            verify_consistency(last.size, last.root, size, root, path if size > last.size else ())
        except NotProven as wrong:
            raise WouldFork(f"The tree does not continue the one that was signed last. {wrong}") from None
        note = sign_checkpoint(origin, size, root, keys)
        memory.remember(note)
        return note


class Signer:
    """The keys and the memory of one folder together. Keys are made where there are none."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.origin, self.ring, self.memory = origin, KeyRing(folder), Memory(folder)
        self.ring.create(origin)

    def verifiers(self) -> list[str]:
        """The public halves of the keys that sign now, as texts, oldest first."""
        return [key.verifier.format() for key in self.ring.signers()]

    def last(self) -> Checkpoint | None:
        """What was signed last."""
        return self.memory.last_checkpoint()

    def extend(self, checkpoint: Checkpoint, path: Proof) -> str:
        """Sign this checkpoint: see `extend`."""
        return extend(self.memory, checkpoint.origin, checkpoint.size, checkpoint.root, path, self.ring.signers())
