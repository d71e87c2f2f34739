"""Proofs that an event is in the trail, for whoever has no access to it. Their form: docs/trail.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from claims.models import AuditEvent, Checkpoint, Leaf, Node, Opening, Publication, SigningKey
from claims.proofs import merkle, verifier


class NotSealed(Exception):
    """No signed checkpoint covers the event yet; within seconds one does, or the sealer is not running."""

    def __init__(self) -> None:
        super().__init__("No signed checkpoint covers this yet: try again in a few seconds.")


def first_event_of(publication: Publication) -> AuditEvent:
    """The event by which a publication was made."""
    return AuditEvent.objects.filter(object_type="publication", object_id=publication.pk).earliest("seq")


def bundle(event: AuditEvent, openings: Iterable[Opening] = (), published: dict[str, Any] | None = None) -> bytes:
    """Everything needed to verify an event offline: its bytes, these openings, inclusion, checkpoint and key.

    In: openings whose values may be shown to whoever gets the bundle. Out: canonical JSON, the same for the same event
    for as long as its key is in use. Raises NotSealed.
    """
    leaf = Leaf.objects.filter(event=event).first()
    if leaf is None:
        raise NotSealed
    key, size, note = _first_signed_over(leaf.index)
    return verifier.canonical(
        {
            "event": bytes(event.bytes).decode(),
            "format": verifier.BUNDLE_FORMAT,
            "key": key.format(),
            "openings": opened(openings),
            "proof": _inclusion(leaf.index, size, note),
            "published": published,
        }
    )


def opened(openings: Iterable[Opening]) -> dict[str, dict[str, str]]:
    """Salts and texts by their places, as bundles and exports carry them; what is kept in its row alone is left out."""
    return {
        o.place: {"salt": verifier.base64_of(bytes(o.salt)), "value": o.value} for o in openings if o.value is not None
    }


def claim_in(claims: Sequence[bytes], at: int) -> dict[str, Any]:
    """The part of a bundle that shows one published claim, by its place among all of that version."""
    path = merkle.path_of([verifier.leaf_hash(claim) for claim in claims], at)
    hashes = [verifier.base64_of(h) for h in path]
    return {"claim": claims[at].decode(), "index": at, "path": hashes, "size": len(claims)}


def _inclusion(index: int, size: int, note: str) -> str:
    """A C2SP tlog-proof."""
    hashes = [verifier.base64_of(h) for h in merkle.inclusion(index, size, Node.objects.hashes)]
    return "\n".join([verifier.PROOF_FORMAT, f"index {index}", *hashes, "", note])


def _first_signed_over(index: int) -> tuple[verifier.VerifierKey, int, str]:
    """The first checkpoint that covers a leaf and that a key in use has signed: that key, its size, and its note with
    that signature alone, for nothing in a bundle may stand unproven. Of several keys the oldest is taken, because
    verifiers handed out long ago know no other.
    """
    for row in SigningKey.objects.filter(retired_at__isnull=True).order_by("pk"):
        key = verifier.VerifierKey.parse(row.verifier)
        # A key is on record a moment before it begins to sign.
        for checkpoint in Checkpoint.objects.filter(size__gt=index, at__gte=row.since).order_by("size")[:10]:
            body, signatures = verifier.parse_note(checkpoint.note)
            for name, made in signatures:
                if (name, made[:4]) == (key.name, key.id):
                    return key, checkpoint.size, f"{body}\n— {name} {verifier.base64_of(made)}\n"
    raise NotSealed
