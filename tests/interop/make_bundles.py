"""Writes 1,000 proof bundles over trees of many sizes, and a damaged copy of each, a JSON line each: see README.md."""

from __future__ import annotations

import base64
import json
import random
import sys

from claims.proofs import merkle, verifier
from claims.proofs.signing import sign_checkpoint
from tests.bundles import KEY, ORIGIN, b64, compact, event

LARGEST = 100_000


def spoilt(note: str) -> str:
    """The note with one bit of its signature changed."""
    begin, made = note.rsplit(" ", 1)
    data = bytearray(base64.b64decode(made))
    data[20] ^= 4
    return f"{begin} {b64(bytes(data))}\n"


def main() -> None:
    chance = random.Random(6962)
    events = [compact(event(n=at + 2, article=at % 97)) for at in range(LARGEST)]
    leaves = [verifier.leaf_hash(text.encode()) for text in events]
    nodes, tree = {(0, at): leaf for at, leaf in enumerate(leaves)}, merkle.Appender()
    for leaf in leaves:
        nodes |= {(made.level, made.index): made.hash for made in tree.append(leaf)}

    def checkpoint(size: int) -> str:
        return sign_checkpoint(ORIGIN, size, merkle.root(size, lambda _: nodes), [KEY])

    def write(text: str, index: int, path: list[str], note: str, old: str, consistency: list[str], good: bool) -> None:
        proof = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *path, "", note])
        bundle = {"event": text, "key": KEY.verifier.format(), "proof": proof}
        bundle |= {"format": "factcheck-proof@v1", "openings": {}, "published": None}
        if good:
            verifier.verify_bundle(compact(bundle).encode(), [KEY.verifier])
        line = {"bundle": bundle, "old": old, "consistency": consistency, "good": good}
        sys.stdout.write(json.dumps(line) + "\n")

    for size in [*range(1, 401), *(chance.randrange(1, LARGEST + 1) for _ in range(600))]:
        index, old = chance.randrange(size), chance.randrange(1, size + 1)
        path = [b64(h) for h in merkle.inclusion(index, size, lambda _: nodes)]
        consistency = [b64(h) for h in merkle.consistency(old, size, lambda _: nodes)]
        note, former = checkpoint(size), checkpoint(old)
        write(events[index], index, path, note, former, consistency, True)
        damage = size % 6
        write(
            events[index] + " " * (damage == 0),
            index + (damage == 1),
            [*path[:-1], b64(bytes(32))] if damage == 2 else path,
            spoilt(note) if damage == 3 else note,
            spoilt(former) if damage == 4 else former,
            [*consistency, b64(bytes(32))] if damage == 5 else consistency,
            False,
        )


if __name__ == "__main__":
    main()
