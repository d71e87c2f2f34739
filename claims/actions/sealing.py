"""The seal: events are taken into the tree, and its size and root are signed and remembered outside the database.

Each step is a transaction of its own and may be cut short at any point: what was taken in keeps its place, and the next
run goes on from there.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from claims.actions.acting import acting
from claims.models import Checkpoint, Leaf, Node, Person, Publication, SigningKey
from claims.proofs import merkle, signing, verifier

logger = logging.getLogger(__name__)
# As many events at a time as keep a batch well below a second.
BATCH = 5_000
# The one lock of the sealers: whoever holds it appends to the tree.
SEALERS_LOCK = 0x66_61_63_74
PATIENCE = 5.0  # seconds that a publication waits for another process's seal


@cache
def signer_in(folder: Path) -> signing.Signer:
    """The keys and the memory of that folder; keys are made where there are none."""
    return signing.Signer(folder, settings.AUDIT_ORIGIN)


def signer() -> signing.Signer | None:
    """This process's signer; None where it has none, and another process seals."""
    return signer_in(settings.AUDIT_DIR) if settings.AUDIT_DIR else None


def seal() -> Checkpoint | None:
    """Take everything that waits into the tree and sign it. None where this process has no key, or nothing is there.

    Raises signing.WouldFork where the database's tree is not an extension of what was signed before.
    """
    own = signer()
    if own is None:
        return None
    _introduce(own)
    while _take_in(BATCH) == BATCH:
        pass
    return _sign(own)


def add_key(*, by: Person) -> str:
    """A new key that signs beside the ones there are; gives its public half. Raises KeyRefused."""
    own = _own()
    _introduce(own)
    key = signing.generate(own.origin)
    text = key.verifier.format()
    with acting(by=by, action="audit.key_added"):
        SigningKey.objects.create(verifier=text, since=timezone.now())
    own.ring.add(key)
    return text


def retire_key(text: str, *, by: Person) -> None:
    """A key signs no more; what it signed stays good. Raises KeyRefused where it is not there, or the only one."""
    own = _own()
    try:
        own.ring.retire(verifier.VerifierKey.parse(text))
    except verifier.NotProven as wrong:
        raise signing.KeyRefused(str(wrong)) from None
    with acting(by=by, action="audit.key_retired"):
        SigningKey.objects.filter(verifier=text, retired_at__isnull=True).update(retired_at=timezone.now())


def _own() -> signing.Signer:
    own = signer()
    if own is None:
        raise signing.KeyRefused("AUDIT_DIR is not set: the keys are on another machine.")
    return own


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALERS_LOCK])


def _introduce(own: signing.Signer) -> None:
    """Put the keys on record, so that the trail itself says with what it was signed."""
    known = set(SigningKey.objects.values_list("verifier", flat=True))
    for text in own.verifiers():
        if text not in known:
            with acting(by=None, action="audit.key_introduced"):
                SigningKey.objects.get_or_create(verifier=text, defaults={"since": timezone.now()})


def _take_in(most: int) -> int:
    """Give up to so many waiting events their places at the end of the tree; says how many there were.

    What waits is read from the table of what waits, never as `later than the last`: an event with a smaller number may
    be committed after one with a greater.
    """
    with transaction.atomic(durable=True):
        _lock()
        size = Leaf.objects.size()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO claims_leaf (index, event_id, hash)"
                " SELECT %s + row_number() OVER (ORDER BY w.event_id) - 1, w.event_id, e.hash"
                " FROM (SELECT event_id FROM claims_unsealed ORDER BY event_id LIMIT %s) w"
                # One by one: joined as tables, all events are read to find these.
                " CROSS JOIN LATERAL (SELECT hash FROM claims_auditevent WHERE seq = w.event_id OFFSET 0) e"
                " ORDER BY w.event_id RETURNING index, hash",
                [size, most],
            )
            leaves = [bytes(row[1]) for row in sorted(cursor.fetchall())]
        tree = Node.objects.tree(size)
        nodes = [Node(level=n.level, index=n.index, hash=n.hash) for leaf in leaves for n in tree.append(leaf)]
        Node.objects.bulk_create(nodes, batch_size=1_000)
    return len(leaves)


def _sign(own: signing.Signer) -> Checkpoint | None:
    with transaction.atomic(durable=True):
        _lock()
        size = Leaf.objects.size()
        last = Checkpoint.objects.first()
        if size == 0 or (last is not None and last.size == size and _is_remembered(own, last)):
            return last
        root = merkle.root(size, Node.objects.hashes)
        note = own.extend(
            verifier.Checkpoint(own.origin, size, root),
            lambda former: merkle.consistency(former, size, Node.objects.hashes),
        )
        return Checkpoint.objects.create(size=size, root=root, note=note, at=timezone.now())


def _is_remembered(own: signing.Signer, checkpoint: Checkpoint) -> bool:
    """Whether the signer has signed nothing later or else than this; if it has, asking it to sign makes it say so."""
    last = own.last()
    return last is not None and (last.size < checkpoint.size or last.root == bytes(checkpoint.root))


def cover(publication: Publication) -> bool:
    """Have a signed checkpoint cover this publication: by sealing, or by waiting for who seals. Says whether one does.

    Where the signer refuses, that is logged and the publication waits: `seal` says what to do.
    """
    until = time.monotonic() + PATIENCE
    try:
        if signer() is not None:
            seal()
            return is_covered(publication)
    except (signing.WouldFork, signing.KeyRefused) as refused:
        logger.error("%s waits, because nothing is sealed: %s", publication, refused)
        return False
    while not (covered := is_covered(publication)) and time.monotonic() < until:
        time.sleep(0.1)
    return covered


def is_covered(publication: Publication) -> bool:
    """Whether a signed checkpoint covers the event by which the publication was made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT claims_publication_sealed(%s)", [publication.pk])
        return bool(cursor.fetchone()[0])
