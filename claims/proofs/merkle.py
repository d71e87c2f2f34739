"""Which nodes of the trail's Merkle tree (RFC 6962) make a root or a proof, and how they are put together.

A node is (level, index) and covers the leaves index * 2**level up to (index + 1) * 2**level - 1; level 0 are the leaf
hashes. Only complete nodes are ever asked for, and those never change: what stands at the tree's right edge is folded
from them. `get` takes all the nodes that are needed, once, and gives their hashes, so that a database needs one query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from claims.proofs.verifier import EMPTY_ROOT, node_hash

Node = tuple[int, int]
Get = Callable[[list[Node]], Mapping[Node, bytes]]


@dataclass(frozen=True, slots=True)
class Completed:
    """A node above the leaves, from the moment that its last leaf is there."""

    level: int
    index: int
    hash: bytes


def subtrees(size: int) -> list[Node]:
    """The largest complete nodes that tile a tree of this size, from left to right: at most one a level."""
    return _cover(0, size)


def inclusion_nodes(index: int, size: int) -> list[list[Node]]:
    """For each hash of an inclusion proof, from the leaf upwards, the nodes it is folded from. Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    groups, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _half(end - begin)
        groups.append(_cover(middle, end) if index < middle else _cover(begin, middle))
        begin, end = (begin, middle) if index < middle else (middle, end)
    return groups[::-1]


def consistency_nodes(old: int, new: int) -> list[list[Node]]:
    """For each hash of a consistency proof (RFC 6962, 2.1.2) the nodes it is folded from. Raises ValueError."""
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {new} leaves does not continue one of {old}.")
    if old in (0, new):
        return []
    groups, begin, end = [], 0, new
    while end != old:
        middle = begin + _half(end - begin)
        groups.append(_cover(middle, end) if old <= middle else _cover(begin, middle))
        begin, end = (begin, middle) if old <= middle else (middle, end)
    # The old tree's own root is known to whoever checks; only a part of it must be told.
    return [*([_cover(begin, end)] if begin else []), *groups[::-1]]


def root(size: int, get: Get) -> bytes:
    """The root of the tree of this size."""
    return _folded([subtrees(size)], get)[0] if size else EMPTY_ROOT


def inclusion(index: int, size: int, get: Get) -> list[bytes]:
    """The inclusion proof of the leaf at this index in the tree of this size."""
    return _folded(inclusion_nodes(index, size), get)


def consistency(old: int, new: int, get: Get) -> list[bytes]:
    """The proof that the tree of size `new` continues that of size `old`."""
    return _folded(consistency_nodes(old, new), get)


class Appender:
    """The right edge of a growing tree: what must be known of it to append leaves and to tell the root."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """`edge` are the hashes of `subtrees(size)`, in that order."""
        if len(edge) != len(subtrees(size)):
            raise ValueError(f"The edge of a tree of {size} leaves has {len(subtrees(size))} hashes, not {len(edge)}.")
        self.size = size
        self.edge = list(edge)

    def append(self, leaf: bytes) -> list[Completed]:
        """Take the next leaf's hash. Out: the nodes above it that it completes, from the lowest up."""
        level, index, made = 0, self.size, leaf
        completed = []
        while index & 1:
            level, index, made = level + 1, index >> 1, node_hash(self.edge.pop(), made)
            completed.append(Completed(level, index, made))
        self.edge.append(made)
        self.size += 1
        return completed

    @property
    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return _fold(self.edge) if self.edge else EMPTY_ROOT


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over a short list of leaf hashes."""
    tree = Appender()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of one of a short list of leaf hashes."""
    tree, nodes = Appender(), {(0, at): leaf for at, leaf in enumerate(leaves)}
    for leaf in leaves:
        nodes |= {(made.level, made.index): made.hash for made in tree.append(leaf)}
    return inclusion(index, len(leaves), lambda _: nodes)


def _half(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _cover(begin: int, end: int) -> list[Node]:
    """The largest complete nodes from leaf `begin` up to `end`; `begin` is a multiple of the largest's width."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def _fold(hashes: Sequence[bytes]) -> bytes:
    *others, made = hashes
    for other in reversed(others):
        made = node_hash(other, made)
    return made


def _folded(groups: list[list[Node]], get: Get) -> list[bytes]:
    wanted = [node for group in groups for node in group]
    hashes = get(wanted) if wanted else {}
    return [_fold([hashes[node] for node in group]) for group in groups]
