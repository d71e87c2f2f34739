"""Proof bundles for tests, made of nothing but the pure modules."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from claims.proofs import merkle, verifier
from claims.proofs.signing import SignerKey, sign_checkpoint

ORIGIN = "desk.example/trail"
KEY = SignerKey(ORIGIN, bytes(range(32)))
OTHER_KEY = SignerKey(ORIGIN, bytes(range(1, 33)))
SALT = bytes(range(16))
CLAIMS = [
    {
        "claim_review": {"url": f"https://desk.example/c{number}"},
        "code": f"C-{number}",
        "decision": {"rating": {"label": label}},
        "statement": f"Ships came in on day {number} – “all” of them.",
    }
    for number, label in enumerate(("False", "True", "Half true"), start=1)
]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def compact(value: object) -> str:
    """Canonical JSON by other means than those under test."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def committed(text: str, salt: bytes = SALT) -> dict[str, str]:
    return {"sha256": verifier.commitment(salt, text.encode())}


def event(**changes: Any) -> dict[str, Any]:
    """An event as data: a change of a claim, unless told otherwise."""
    made = {
        "action": "claim.triage",
        "actor": 7,
        "after": {"state": "researched", "statement": committed("New words.")},
        "article": 12,
        "at": "2025-11-22T20:51:00.000001Z",
        "before": {"state": "identified", "statement": committed("Old words.")},
        "db_role": "factcheck",
        "n": 2,
        "object": {"id": 5, "parent": None, "type": "claim"},
        "outside": False,
        "prev": b64(bytes(32)),
        "reason": "",
        "request": "r-1",
        "stream": "article/12",
        "v": 1,
    }
    return made | changes


def publication(claims: Sequence[Mapping[str, Any]] = CLAIMS, **changes: Any) -> dict[str, Any]:
    """The event that publishes these claims."""
    leaves = [verifier.leaf_hash(compact(claim).encode()) for claim in claims]
    after = {
        "claims_count": len(claims),
        "claims_root": merkle.root_of(leaves).hex(),
        "note": committed("opened"),
        "version": 3,
    }
    made = {"action": "article.publish", "before": None, "object": {"id": 9, "parent": None, "type": "publication"}}
    return event(**made, after=after) | changes


def shown(index: int, claims: Sequence[Mapping[str, Any]] = CLAIMS) -> dict[str, Any]:
    """The part of a bundle that shows one of the published claims."""
    texts = [compact(claim) for claim in claims]
    path = merkle.path_of([verifier.leaf_hash(text.encode()) for text in texts], index)
    return {"claim": texts[index], "index": index, "path": [b64(h) for h in path], "size": len(texts)}


def bundle(
    made: Mapping[str, Any] | None = None,
    *,
    index: int = 1,
    size: int = 5,
    key: SignerKey = KEY,
    openings: Mapping[str, Any] | None = None,
    published: Mapping[str, Any] | None = None,
    **changes: Any,
) -> bytes:
    """A bundle of this event at this index, among other events; `changes` replace whole keys of it."""
    text = compact(made or event())
    leaves = [verifier.leaf_hash(f"event {at}".encode()) for at in range(size)]
    leaves[index] = verifier.leaf_hash(text.encode())
    path = merkle.path_of(leaves, index)
    note = sign_checkpoint(key.name, size, merkle.root_of(leaves), [key])
    proof = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *map(b64, path), "", note])
    found = {
        "event": text,
        "format": "factcheck-proof@v1",
        "key": key.verifier.format(),
        "openings": dict(openings or {}),
        "proof": proof,
        "published": published,
    }
    return compact(found | changes).encode()


def published_bundle() -> bytes:
    """What a reader gets with a published claim."""
    openings = {"after.note": {"salt": b64(SALT), "value": "opened"}}
    return bundle(publication(), index=2, size=3, openings=openings, published=shown(1))
