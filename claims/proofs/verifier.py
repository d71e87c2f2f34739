#!/usr/bin/env python3
"""Verify, offline, that a fact-checking desk recorded or published what a proof bundle says.

    python3 verify.py BUNDLE.json [...] [--key KEY] [--checkpoint FILE]

One file, Python 3.8 or later, nothing else. A bundle carries an event of the desk's audit trail, its place in a Merkle
tree over all events (RFC 6962, RFC 9162), and that tree's root signed with Ed25519 (RFC 8032), in the forms of c2sp.org
(signed-note, tlog-checkpoint, tlog-proof). Texts stand in events as salted hashes, which the bundle opens.
What verifies was in the trail when the checkpoint was signed. Whether it is true, no proof can tell.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

# The keys of the desk that gave you this file. Compare them with what another source says they are.
PINNED: tuple[str, ...] = ()

BUNDLE_FORMAT, PROOF_FORMAT = "factcheck-proof@v1", "c2sp.org/tlog-proof@v1"
DEEPEST, LARGEST_FILE = 32, 2**24


class NotProven(Exception):
    """What was given does not prove what it says; the message is a sentence that names what is wrong."""


def need(holds: object, sentence: str) -> None:
    if not holds:
        raise NotProven(sentence)


# Hashes and the tree: RFC 9162, section 2.1
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _climb(at: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each hash of a path, and whether it stands to the left: the walk of RFC 9162, 2.1.3.2 and 2.1.4.2."""
    for other in path:
        need(last and len(other) == 32, "The path of hashes is too long for its tree.")
        left = at & 1 == 1 or at == last
        yield other, left
        while left and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    need(last == 0, "The path of hashes is too short for its tree.")


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root of the tree of this size in which this leaf hash stands at this index (from 0)."""
    need(0 <= index < size, f"There is no entry {index} in a tree of {size} entries.")
    for other, left in _climb(index, size - 1, path):
        leaf = node_hash(other, leaf) if left else node_hash(leaf, other)
    return leaf


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    need(root_from_inclusion(index, size, leaf, path) == root, "The path of hashes does not lead to the tree's root.")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raises NotProven unless the new tree begins with all entries of the old one, unchanged."""
    need(0 <= old_size <= new_size, f"A tree of {new_size} entries cannot continue one of {old_size}.")
    need(old_size or old_root == EMPTY_ROOT, "A tree without entries has another root.")
    if old_size in (0, new_size):
        need(not path, "The path of hashes is too long for its trees.")
        need(old_size < new_size or old_root == new_root, f"Two different trees have the same size, {old_size}.")
        return
    first, *rest = path if path and old_size & (old_size - 1) else [old_root, *path]
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = first
    for other, left in _climb(at, last, rest):
        old, new = (node_hash(other, old), node_hash(other, new)) if left else (old, node_hash(new, other))
    need(old == old_root, "The path of hashes does not lead to the old tree's root.")
    need(new == new_root, "The path of hashes does not lead to the new tree's root.")


# Ed25519: RFC 8032, section 5.1, verification alone. Points are extended coordinates (X, Y, Z, T).
_P, _ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P


def _add(p: Any, q: Any) -> Any:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _point(data: bytes) -> Any:
    """The point of a canonical encoding, or None where there is none."""
    y, odd = int.from_bytes(data, "little") & (2**255 - 1), data[31] >> 7
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    x = x if x * x % _P == square else x * pow(2, (_P - 1) // 4, _P) % _P
    if y >= _P or x * x % _P != square or (x == 0 and odd):
        return None
    x = x if x & 1 == odd else _P - x
    return x, y, 1, x * y % _P


_NEUTRAL, _BASE = (0, 1, 1, 0), _point(bytes([0x58]) + bytes([0x66]) * 31)


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's. Strict: S below the group's order, canonical points, no small-order key."""
    key = _point(public) if len(public) == 32 and len(signature) == 64 else None
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _ORDER:
        return False
    double = _add(key, key)
    fourfold = _add(double, double)
    if _add(fourfold, fourfold)[0] == 0:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _ORDER
    minus = (_P - key[0], key[1], 1, _P - key[3])
    steps = (_NEUTRAL, _BASE, minus, _add(_BASE, minus))
    total: Any = _NEUTRAL  # becomes s * base - k * key, which must be the R that the signature begins with
    for bit in range(252, -1, -1):
        total = _add(total, total)
        total = _add(total, steps[(s >> bit & 1) + 2 * (k >> bit & 1)])
    x, y = (part * pow(total[2], _P - 2, _P) % _P for part in total[:2])
    return bool((y | (x & 1) << 255).to_bytes(32, "little") == signature[:32])


# Base64 and JSON, each in the one form in which it may stand
def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def unbase64(text: Any, length: int | None, what: str) -> bytes:
    try:
        data = base64.b64decode(text) if type(text) is str else b""
    except ValueError:
        data = b""
    # The decoder overlooks much; whatever it overlooked is not there when the bytes are encoded again.
    need(base64_of(data) == text and length in (None, len(data)), f"{what} is not the base64 that belongs there.")
    return data


def integer(digits: str) -> int:
    fits = re.fullmatch("0|-?[1-9][0-9]{0,15}", digits) and abs(int(digits)) < 2**53
    need(fits, f"“{digits[:20]}” is not an integer below 2^53.")
    return int(digits)


_decode = json.JSONDecoder(parse_int=integer, parse_float=integer, parse_constant=integer).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def parse(data: bytes) -> dict[str, Any]:
    """The object in these bytes of canonical JSON: RFC 8785, where the only numbers are integers below 2^53."""
    try:
        text = data.decode("utf-8")
        found = _decode(text)
        again = _encode(found).encode("utf-8")
    except (ValueError, RecursionError):
        raise NotProven("This is not JSON in UTF-8, or nested too deeply.") from None
    need(again == data and type(found) is dict, "This is not a JSON object in canonical form.")
    need(not re.search(r"(?<!\\)(\\\\)*\\u0000", text), "A text holds the character NUL.")
    depth, level = 0, [found]
    while level:
        need(depth < DEEPEST, "The JSON is nested too deeply.")
        need(all(key.isascii() for part in level if type(part) is dict for key in part), "A key is not ASCII.")
        below = [child for part in level for child in (part.values() if type(part) is dict else part)]
        depth, level = depth + 1, [child for child in below if type(child) in (dict, list)]
    return dict(found)


def canonical(value: dict[str, Any]) -> bytes:
    """The canonical bytes of an object of JSON. Raises NotProven where it holds what `parse` refuses."""
    data = _encode(value).encode("utf-8", "surrogatepass")
    need(parse(data) == value, "This cannot be written as canonical JSON.")
    return data


# Events, version 1: canonical JSON of this one form
_HASH = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_TEXT, _NUMBER, _COMMITMENT = r'"(?:[^"\\]|\\.)*"', "(?:0|-?[1-9][0-9]*)", rf'\{{"sha256":"{_HASH}"\}}'
_COLUMN = f'"[a-z0-9_]+":(?:{_TEXT}|{_NUMBER}|true|false|null|{_COMMITMENT})'
_ROW, _ID = rf"(?:null|\{{(?:{_COLUMN}(?:,{_COLUMN})*)?\}})", f"(?:null|{_NUMBER})"
_EVENT = re.compile(
    rf'\{{"action":"[a-z0-9_.]+","actor":{_ID},"after":{_ROW},"article":{_ID},'
    r'"at":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z",'
    rf'"before":{_ROW},"db_role":{_TEXT},"n":[1-9][0-9]*,"object":\{{"id":{_ID},"parent":{_ID},"type":"[a-z0-9_]+"\}},'
    rf'"outside":(?:true|false),"prev":"(?:{_HASH})?","reason":(?:""|{_COMMITMENT}),"request":{_TEXT},'
    r'"stream":"(?:desk|(?:article|source|person)/[1-9][0-9]*)","v":1\}'
)


def check_event(data: bytes) -> dict[str, Any]:
    """The event in these bytes. Raises NotProven unless they are an event of version 1 in its one form."""
    event = parse(data)
    need(event.get("v") == 1, "The event is of a version that this verifier does not know.")
    need(_EVENT.fullmatch(data.decode("utf-8")), "The event is not of the form that events have.")
    need((event["n"] == 1) == (event["prev"] == ""), "The event's number and what it says of the one before disagree.")
    try:
        datetime.fromisoformat(event["at"][:-1])
    except ValueError:
        raise NotProven("The event's time is not a time.") from None
    return event


def commitment(salt: bytes, value: bytes) -> str:
    """What stands in an event in place of a text."""
    return base64_of(hashlib.sha256(salt + value).digest())


# Keys, signed notes, checkpoints
def is_key_name(name: str) -> bool:
    return name.isprintable() and re.fullmatch(r"[^\s+]+", name) is not None


@dataclass(frozen=True)
class VerifierKey:
    """An Ed25519 public key with its name; as text "name+id+base64"."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        name, _, rest = text.partition("+")
        key = cls(name, unbase64(rest.partition("+")[2], 33, "The key")[1:])
        need(is_key_name(name) and key.format() == text, "The key's id or kind is not that of its name and bytes.")
        return key

    def format(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64_of(bytes([1]) + self.public)}"


@dataclass(frozen=True)
class Checkpoint:
    """How many events the trail of `origin` had, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, body: str) -> Checkpoint:
        lines = body.split("\n")
        need(len(lines) == 4 and is_key_name(lines[0]) and not lines[3], "The checkpoint is not of three lines.")
        size = integer(lines[1])
        need(size >= 0, "The checkpoint has a size below zero.")
        return cls(lines[0], size, unbase64(lines[2], 32, "The checkpoint's root"))


def parse_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a signed note, and of each signature the name and the bytes: four of the key's id, then the rest."""
    body, _, lines = note.rpartition("\n\n")
    found = re.findall(r"— (\S+) (\S+)\n", lines)[:100]
    whole = body + "\n\n" + "".join(f"— {name} {text}\n" for name, text in found)
    named = all(is_key_name(name) for name, _ in found)
    need(found and whole == note and named, "The note is not a text with signatures below it.")
    need(not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff]", note), "The note holds a control character.")
    return body + "\n", [(name, unbase64(text, None, "A signature")) for name, text in found]


def verify_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """The note's text. Raises NotProven unless one of the keys signed it, and where a signature by any is false."""
    body, signatures = parse_note(note)
    known = [(key, made[4:]) for name, made in signatures for key in keys if (name, made[:4]) == (key.name, key.id)]
    need(known, "The note carries no signature by a known key.")
    for key, made in known:
        need(ed25519_verify(key.public, body.encode(), made), f"The signature by {key.name} is false.")
    return body


# Proof bundles
@dataclass(frozen=True)
class Verified:
    """What a bundle proves: the event at its index, the texts opened by place, the claim as readers were shown it."""

    event: dict[str, Any]
    checkpoint: Checkpoint
    index: int
    openings: dict[str, str]
    published: dict[str, Any] | None


def _take(found: Any, what: str, **types: Any) -> list[Any]:
    """The values of these keys, which must be all there are, each of its type."""
    fits = type(found) is dict and found.keys() == types.keys()
    fits = fits and all(isinstance(found[name], types[name]) and type(found[name]) is not bool for name in types)
    need(fits, f"The {what} has not the form it must have.")
    return [found[name] for name in types]


def verify_bundle(data: bytes, keys: Sequence[VerifierKey]) -> Verified:
    """What these bytes prove to somebody who trusts these keys. Raises NotProven, and nothing else."""
    form, text, key, openings, proof, published = _take(
        parse(data), "bundle", format=str, event=str, key=str, openings=dict, proof=str, published=(dict, type(None))
    )
    need(form == BUNDLE_FORMAT, "The file is not a proof bundle of version 1.")
    event = check_event(text.encode())
    signer = [known for known in keys if known.format() == key]
    need(signer, "The bundle's key is none of the known keys.")
    head, _, note = proof.partition("\n\n")
    kind, at, *path = head.split("\n") + [""] * ("\n" not in head)
    need(kind == PROOF_FORMAT and at.startswith("index "), "The bundle holds no proof of inclusion.")
    need(len(parse_note(note)[1]) == 1, "The bundle's checkpoint must carry one signature, by the bundle's key.")
    checkpoint, index = Checkpoint.parse(verify_note(note, signer)), integer(at[6:])
    need(checkpoint.origin == signer[0].name, "The checkpoint is of another trail than its key.")
    hashes = [unbase64(line, 32, "A hash of the proof") for line in path]
    verify_inclusion(index, checkpoint.size, leaf_hash(text.encode()), hashes, checkpoint.root)
    opened = {place: _open(event, place, opening) for place, opening in openings.items()}
    return Verified(event, checkpoint, index, opened, None if published is None else _shown(event, published))


def _open(event: dict[str, Any], place: str, opening: Any) -> str:
    salt, value = _take(opening, "opening", salt=str, value=str)
    rows = {f"{part}.{name}": kept for part in ("before", "after") for name, kept in (event[part] or {}).items()}
    kept = {**rows, "reason": event["reason"]}.get(place)
    need(type(kept) is dict, f"There is nothing to open at {place}.")
    made = commitment(unbase64(salt, 16, "A salt"), value.encode())
    need(kept == {"sha256": made}, f"The text given for {place} is not the one that was recorded.")
    return str(value)


def _shown(event: dict[str, Any], published: Any) -> dict[str, Any]:
    claim, index, path, size = _take(published, "published claim", claim=str, index=int, path=list, size=int)
    after = event["after"] or {}
    need(event["object"]["type"] == "publication" and event["before"] is None, "The event does not publish anything.")
    need(after.get("claims_count") == size, "The event does not say that it published so many claims.")
    hashes = [unbase64(text, 32, "A hash of the claim's path") for text in path]
    root = root_from_inclusion(index, size, leaf_hash(claim.encode()), hashes).hex()
    need(after.get("claims_root") == root, "The claim is not among those that the event published.")
    return parse(claim.encode())


# For people
def _of(found: Any, *names: str) -> str:
    """What stands at this path, as printable text."""
    for name in names:
        found = found.get(name) if type(found) is dict else None
    return "".join(c if c.isprintable() else "?" for c in str("not stated" if found is None else found))


def describe(proven: Verified) -> str:
    """What is proven, in plain words."""
    event, claim, mark = proven.event, proven.published, proven.checkpoint
    lines = [f"recorded by {mark.origin} at {event['at']}: {_of(event, 'action')}"]
    if claim is not None:
        lines[0] = f"published by {mark.origin} at {event['at']}, in version {_of(event, 'after', 'version')}:"
        lines.append(f"claim {_of(claim, 'code')}: “{_of(claim, 'statement')}”")
        lines.append(f"rating: {_of(claim, 'decision', 'rating', 'label')}")
        lines.append(f"page: {_of(claim, 'claim_review', 'url')}")
    lines += [f"{place}: {_of({place: text}, place)}" for place, text in proven.openings.items()]
    lines.append(f"event {proven.index + 1} (index {proven.index}) of the {mark.size} below the signed root")
    lines.append("what was changed or put right after that checkpoint is not part of this proof")
    return "\n  ".join(lines)


def compare(kept: str, proven: Verified, keys: Sequence[VerifierKey]) -> str:
    """How a checkpoint that somebody kept relates to the bundle's. Raises NotProven where the two contradict."""
    other, mark = Checkpoint.parse(verify_note(kept, keys)), proven.checkpoint
    need(other.origin == mark.origin, "The checkpoint that was kept is of another trail.")
    if other.size == mark.size:
        need(other.root == mark.root, "A FORK: two different trees of the same size were signed.")
        return "the checkpoint that was kept is of the same tree"
    return (
        f"the checkpoint that was kept covers {other.size} events, this one {mark.size}: whether one continues the "
        "other only a consistency proof can tell (the desk makes it: verify_audit --checkpoint)"
    )


def _judge(bundle: str, kept: str | None, texts: Sequence[str]) -> tuple[bool, str]:
    """Whether everything given is proven, and what is to be said."""
    try:
        need(texts, "This file knows no key: give the desk's with --key.")
        keys = [VerifierKey.parse(text) for text in texts]
        with Path(bundle).open("rb") as file:
            proven = verify_bundle(file.read(LARGEST_FILE), keys)
        said = f"PROVEN: {describe(proven)}"
        if kept:
            said += "\n  " + compare(Path(kept).read_bytes().decode("utf-8"), proven, keys)
    except (NotProven, OSError, ValueError) as problem:
        return False, f"NOT PROVEN: {problem}"
    return True, said


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status 0 when everything given is proven, else 1."""
    reader = argparse.ArgumentParser(description="Verify proof bundles of a fact-checking desk.")
    reader.add_argument("bundle", nargs="+", help="a file that the desk offers beside what it published")
    reader.add_argument("--key", action="append", default=[], help="a key to trust as well")
    reader.add_argument("--checkpoint", help="a signed checkpoint that you kept")
    given, status = reader.parse_args(arguments), 0
    for name in given.bundle:
        proven, said = _judge(name, given.checkpoint, [*PINNED, *given.key])
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(f"{name}: {said}\n".encode(encoding, "replace").decode(encoding))
        status = status if proven else 1
    return status


if __name__ == "__main__":
    sys.exit(main())
