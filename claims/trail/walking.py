"""The tree, computed anew from the events as they read now: so many of them at a time, however long the trail is.

What is computed is compared with the leaves and nodes that the database holds. Nodes come as a few long strings of
bytes, which are compared whole and taken apart only where they differ.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from hashlib import sha256

from django.db import connection
from psycopg import Cursor

from claims.models import Node
from claims.proofs import merkle, verifier
from claims.trail.findings import Finding

CHUNK = 4_096  # events at a time; a power of two, so that a chunk is a subtree
HASH = 32
HIGHEST = 49  # levels that no trail ever has


# A place of the tree, the number of the event there, the hash kept there, and the event's own hash and bytes; these are
# None where the event is gone.
Leaf = tuple[int, int, bytes, bytes | None, bytes | None]


class Walk:
    """The tree from the last multiple of CHUNK before a size on. Raises KeyError where its nodes are not there."""

    def __init__(self, since: int) -> None:
        self.begin = self.size = since // CHUNK * CHUNK
        edge = merkle.subtrees(self.size)
        self.known = dict(Node.objects.hashes(edge)) if edge else {}
        self.levels: list[list[bytes]] = []
        self.nodes: dict[int, tuple[bytes, bytes]] = {}  # as they are stored
        self.ended = False

    def root(self, size: int) -> bytes:
        """The root of the tree when it had this size, which is in the chunk read last."""
        return merkle.root(size, lambda nodes: {node: self._hash(*node) for node in nodes})

    def step(self) -> Iterator[Finding]:
        """Read and compute the next chunk; says what is wrong with it. Afterwards `size` and `ended` are true."""
        self.known = {node: self._hash(*node) for node in merkle.subtrees(self.size)}
        self.begin = self.size
        leaves = _leaves(self.begin, self.begin + CHUNK)
        count = next((n for n, leaf in enumerate(leaves) if leaf[0] != self.begin + n), len(leaves))
        if count < len(leaves):
            said = f"the place {self.begin + count} in the tree is empty: a sealed event is gone."
            yield Finding(leaves[count][1], said)
            del leaves[count:]
        read = [kept if data is None else sha256(b"\x00" + data).digest() for _, _, kept, _, data in leaves]
        yield from _unlike(leaves, read)
        self._take(read)
        self.nodes = _nodes(self.begin, self.size)
        yield from self._nodes_that_differ()
        self.ended = count < CHUNK

    def _hash(self, level: int, index: int) -> bytes:
        if level < len(self.levels) and index << level >= self.begin:
            return self.levels[level][index - (self.begin >> level)]
        return self.known[level, index]

    def _take(self, leaves: list[bytes]) -> None:
        """Everything above these leaves: level by level within the chunk, then up along the tree's edge."""
        self.levels = [leaves]
        while len(last := self.levels[-1]) > 1:
            pairs = zip(last[::2], last[1::2], strict=False)
            self.levels.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])
        self.size = self.begin + len(leaves)
        level, index = len(self.levels) - 1, self.begin >> len(self.levels) - 1
        if len(leaves) == CHUNK:
            made = self.levels[level][0]
            self.known[level, index] = made
            while index & 1:
                made = verifier.node_hash(self.known[level, index - 1], made)
                level, index = level + 1, index >> 1
                self.known[level, index] = made

    def _nodes_that_differ(self) -> Iterator[Finding]:
        for level in range(1, HIGHEST):
            begin, end = self.begin >> level, self.size >> level
            made = self.levels[level] if level < len(self.levels) else [self.known[level, n] for n in range(begin, end)]
            expected = b"".join(made)
            indexes, hashes = self.nodes.get(level, (b"", b""))
            if hashes != expected or _numbers(indexes) != array("q", range(begin, end)):
                there = dict(zip(_numbers(indexes), _apart(hashes), strict=True))
                wrong = next(n for n in range(begin, end) if there.get(n) != self._hash(level, n))
                yield Finding(0, f"the node {level, wrong} of the tree is not that of its events.")
                return


def _nodes(begin: int, end: int) -> dict[int, tuple[bytes, bytes]]:
    """The stored nodes that the leaves from `begin` up to before `end` complete: of each level indexes and hashes."""
    with Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT g.level, n.indexes, n.hashes FROM generate_series(1, %(highest)s) AS g (level), LATERAL ("
            "SELECT string_agg(int8send(index), '') AS indexes, string_agg(hash, '') AS hashes FROM ("
            "SELECT index, hash FROM claims_node WHERE level = g.level"
            " AND index >= %(begin)s::bigint >> g.level AND index < %(end)s::bigint >> g.level"
            " ORDER BY index OFFSET 0) n) n WHERE n.indexes IS NOT NULL",
            {"begin": begin, "end": end, "highest": HIGHEST - 1},
            binary=True,
        )
        return {level: (bytes(indexes), bytes(hashes)) for level, indexes, hashes in cursor.fetchall()}


def _leaves(begin: int, end: int) -> list[Leaf]:
    """The places from `begin` up to before `end`, with the events that stand there."""
    with Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT l.index, l.event_id, l.hash, e.hash, e.bytes"
            " FROM claims_leaf l LEFT JOIN claims_auditevent e ON e.seq = l.event_id"
            " WHERE l.index >= %s AND l.index < %s ORDER BY l.index",
            [begin, end],
            binary=True,
        )
        return cursor.fetchall()


def _numbers(data: bytes) -> array[int]:
    """PostgreSQL sends them with the greatest byte first."""
    numbers = array("q", data)
    numbers.byteswap()
    return numbers


def _unlike(leaves: Sequence[Leaf], read: Sequence[bytes]) -> Iterator[Finding]:
    """The events that are gone, or read otherwise than when they were sealed."""
    for (_, seq, kept, listed, data), now in zip(leaves, read, strict=True):
        if data is None:
            yield Finding(seq, "it was sealed and is gone.")
        elif not kept == now == listed:
            if now != kept:
                yield Finding(seq, "it reads otherwise than when it was sealed.")
            if now != listed:
                yield Finding(seq, "its hash is not that of its bytes.")


def _apart(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]
