"""verify_audit: the whole trail against what was sealed, itself and the live rows.

The tree is computed here, from the bytes as they are read: the database is believed nothing but its rows. With a
checkpoint from outside, whatever was sealed before it and changed since is found, whoever changed it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import connection, transaction

from claims.models import Checkpoint, Leaf, SigningKey, Unsealed
from claims.proofs import verifier
from claims.trail.comparisons import Comparison, comparisons
from claims.trail.findings import Finding, Progress
from claims.trail.guards import broken
from claims.trail.walking import Walk

Signed = Callable[[str, Sequence[verifier.VerifierKey]], str]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A tree's size and root that somebody vouches for."""

    size: int
    root: bytes
    told_by: str


@dataclass(slots=True)
class Report:
    """What was verified: `findings` is empty when all is as it was sealed."""

    size: int = 0
    root: bytes = verifier.EMPTY_ROOT
    waiting: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)


@contextmanager
def one_moment(snapshot: str = "") -> Iterator[None]:
    """A transaction that reads everything as of one moment, its own or another's, while the desk goes on working."""
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            if snapshot:
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
            # Two connections keep two cores at work; what else there is, the desk has need of.
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
            # No function or operator of somebody's own stands before PostgreSQL's.
            path = "'pg_catalog, ' || quote_ident(current_schema()) || ', pg_temp'"
            cursor.execute(f"SELECT set_config('search_path', {path}, true)")
        yield


def verify(*, outside: Sequence[Anchor] = (), since: int = 0, progress: Progress) -> Report:
    """Everything that can be verified here.

    In: `outside`, what others have kept of the tree; `since`, the size of a checkpoint up to which the trail has been
    verified before (0: all of it); `progress` is told what is being checked. Out: the report, its findings in the
    order of their events.
    """
    report = Report(findings=[Finding(0, said) for said in broken()])
    with one_moment():
        outside = [anchor for anchor in outside if anchor.size]  # of an empty tree nothing can have changed
        since = _begin(report, outside, since)
        report.waiting = Unsealed.objects.count()
        outside = sorted(outside, key=attrgetter("size"))
        waiting = deque(comparisons(since))
        with _two_at_once(waiting, progress) as found:
            report.findings += _tree(report, outside, since, progress)
            _compare(waiting, found, progress)
        report.findings += found
    report.findings = sorted(set(report.findings))
    return report


@contextmanager
def _two_at_once(waiting: deque[Comparison], progress: Progress) -> Iterator[list[Finding]]:
    """Inside, a second connection, which sees the same moment, makes comparisons beside this one; gives where what is
    found is put, which is all there at the end. Within a transaction of somebody else's, which no other connection
    could see, there is no second.
    """
    found: list[Finding] = []
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        if cursor.fetchone()[0] != "repeatable read":
            yield found
            return
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()

    def beside() -> None:
        try:
            with one_moment(snapshot):
                _compare(waiting, found, progress)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(beside)
        yield found
        done.result()


def _compare(waiting: deque[Comparison], found: list[Finding], progress: Progress) -> None:
    """Make what comparisons nobody has begun yet."""
    while True:
        try:
            title, compare = waiting.popleft()
        except IndexError:
            return
        progress(title, 0)
        found += compare()


def _begin(report: Report, outside: Sequence[Anchor], since: int) -> int:
    """From which size on to verify: what was sealed after it, and after the oldest of what others have kept."""
    size = Leaf.objects.size()
    if since > size:
        said = f"the tree ends after {size} events, and was to be verified from {since} on: the last are gone."
        report.findings.append(Finding(0, said))
        return 0
    return min([since, *(anchor.size for anchor in outside)])


def vouched(
    note: str, told_by: str, keys: Sequence[verifier.VerifierKey], origin: str, signed: Signed = verifier.verify_note
) -> Anchor:
    """A signed checkpoint as an anchor. Raises verifier.NotProven where its signature or form is wrong."""
    found = verifier.Checkpoint.parse(signed(note, keys))
    verifier.need(found.origin == origin, f"{told_by} is of another trail: {found.origin}.")
    return Anchor(found.size, found.root, told_by)


def _tree(report: Report, outside: Sequence[Anchor], since: int, progress: Progress) -> Iterator[Finding]:
    """The tree over the events as they read now, compared at every size that somebody vouches for."""
    try:
        walk = Walk(since)
    except KeyError:
        yield Finding(0, f"nodes of the tree of {since} events, from which it was to be verified, are gone.")
        return
    good, last = since, Anchor(0, verifier.EMPTY_ROOT, "the empty tree")
    for anchor in _in_order(outside, report, since):
        yield from _walk_to(walk, anchor.size, progress)
        if anchor.size == last.size and anchor.root != last.root:
            said = f"contradict each other: two trees of {anchor.size} events have been signed."
            yield Finding(0, f"{last.told_by} and {anchor.told_by} {said}")
        if walk.size < anchor.size:
            yield Finding(
                0, f"{anchor.told_by} is of {anchor.size} events, the tree ends after {walk.size}: the last are gone."
            )
        elif walk.root(anchor.size) == anchor.root:
            good = anchor.size
        else:
            said = f"{_this_or_one_of(anchor.size - good)} reads otherwise than when {anchor.told_by} was signed."
            yield Finding(_event_at(good), said)
        last = anchor
    yield from _walk_to(walk, None, progress)
    report.size, report.root = walk.size, walk.root(walk.size)


def _walk_to(walk: Walk, size: int | None, progress: Progress) -> Iterator[Finding]:
    """On until so many events have been read, or all."""
    while not walk.ended and (size is None or walk.size < size):
        yield from walk.step()
        progress("events", walk.size)


def _this_or_one_of(count: int) -> str:
    return "it" if count <= 1 else f"this or one of the {count - 1} events sealed after it"


def _in_order(outside: Sequence[Anchor], report: Report, since: int) -> Iterator[Anchor]:
    """Everybody's anchors by size: those from outside, and the checkpoints kept in the database itself."""
    origin, keys = settings.AUDIT_ORIGIN, known_keys()
    kept = Checkpoint.objects.filter(size__gte=since).order_by("size").iterator(chunk_size=1_000)
    return merge(outside, _kept(kept, report, origin, keys), key=attrgetter("size"))


def _kept(
    kept: Iterable[Checkpoint], report: Report, origin: str, keys: Sequence[verifier.VerifierKey]
) -> Iterator[Anchor]:
    for checkpoint in kept:
        told_by = f"the checkpoint of {checkpoint.size} events kept in the database"
        report.checkpoints += 1
        try:
            anchor = vouched(checkpoint.note, told_by, keys, origin, quickly_signed)
        except verifier.NotProven as wrong:
            report.findings.append(Finding(0, f"{told_by} is not as it was signed: {wrong}"))
            continue
        if (anchor.size, anchor.root) != (checkpoint.size, bytes(checkpoint.root)):
            report.findings.append(Finding(0, f"{told_by} is listed otherwise than it was signed."))
        yield anchor


def quickly_signed(note: str, keys: Sequence[verifier.VerifierKey]) -> str:
    """As verifier.verify_note, by OpenSSL: the database may keep a hundred thousand of them."""
    body, signatures = verifier.parse_note(note)
    known = [(key, made[4:]) for name, made in signatures for key in keys if (name, made[:4]) == (key.name, key.id)]
    verifier.need(known, "The note carries no signature by a known key.")
    for key, made in known:
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(made, body.encode())
        except (InvalidSignature, ValueError):
            raise verifier.NotProven(f"The signature by {key.name} is false.") from None
    return body


def known_keys() -> list[verifier.VerifierKey]:
    """The keys that are on record as having signed."""
    return [verifier.VerifierKey.parse(text) for text in SigningKey.objects.values_list("verifier", flat=True)]


def _event_at(index: int) -> int:
    return Leaf.objects.filter(index__gte=index).order_by("index").values_list("event_id", flat=True).first() or 0
