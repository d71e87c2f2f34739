"""The tree's arithmetic against the definitions of RFC 6962, word by word, and against published vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.proofs import merkle, verifier
from claims.proofs.verifier import NotProven

# The entries and answers of the reference tests of Certificate Transparency, in Go and in Python.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {  # (index, size)
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {  # (old, new)
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
LARGEST = 300
LEAVES = [verifier.leaf_hash(str(at).encode()) for at in range(LARGEST)]
SIZES = st.integers(0, LARGEST)


# RFC 6962, 2.1, 2.1.1 and 2.1.2, as they are written there.
def half(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: Sequence[bytes]) -> bytes:
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return d[0]
    k = half(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = half(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: Sequence[bytes], b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = half(len(d))
    return [*subproof(m, d[:k], b), mth(d[k:])] if m <= k else [*subproof(m - k, d[k:], False), mth(d[:k])]


class Asked:
    """Stored nodes, and how they were asked for."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.nodes = {(0, at): leaf for at, leaf in enumerate(leaves)}
        self.calls: list[list[merkle.Node]] = []
        tree = merkle.Appender()
        for leaf in leaves:
            self.nodes |= {(made.level, made.index): made.hash for made in tree.append(leaf)}

    def __call__(self, wanted: list[merkle.Node]) -> Mapping[merkle.Node, bytes]:
        self.calls.append(wanted)
        return {node: self.nodes[node] for node in wanted}


STORED = Asked(LEAVES)


def stored(size: int) -> Asked:
    """The nodes of a tree of this size, and of no larger one."""
    asked = Asked(())
    asked.nodes = {(level, at): h for (level, at), h in STORED.nodes.items() if (at + 1) << level <= size}
    return asked


class Vectors(SimpleTestCase):
    leaves = tuple(verifier.leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES)

    def test_hashes_of_nothing(self) -> None:
        self.assertEqual(verifier.EMPTY_ROOT.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        self.assertEqual(merkle.root_of([]), verifier.EMPTY_ROOT)
        self.assertEqual(
            verifier.node_hash(b"N123", b"N456").hex(),
            "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
        )
        self.assertEqual(
            verifier.leaf_hash(b"L123456").hex(), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        )

    def test_roots(self) -> None:
        for size, root in enumerate(ROOTS, start=1):
            self.assertEqual(merkle.root_of(self.leaves[:size]).hex(), root)

    def test_inclusion(self) -> None:
        for (index, size), hashes in INCLUSION.items():
            found = merkle.path_of(self.leaves[:size], index)
            self.assertEqual([h.hex() for h in found], hashes)
            verifier.verify_inclusion(index, size, self.leaves[index], found, bytes.fromhex(ROOTS[size - 1]))

    def test_consistency(self) -> None:
        asked = Asked(self.leaves)
        for (old, new), hashes in CONSISTENCY.items():
            found = merkle.consistency(old, new, asked)
            self.assertEqual([h.hex() for h in found], hashes)
            verifier.verify_consistency(old, bytes.fromhex(ROOTS[old - 1]), new, bytes.fromhex(ROOTS[new - 1]), found)


class Nodes(SimpleTestCase):
    def test_the_subtrees_of_a_size_tile_it(self) -> None:
        self.assertEqual(merkle.subtrees(0), [])
        self.assertEqual(merkle.subtrees(7), [(2, 0), (1, 2), (0, 6)])
        self.assertEqual(merkle.subtrees(2**40), [(40, 0)])

    def test_proofs_in_a_tree_of_ten_millions_ask_for_few_nodes(self) -> None:
        for index in (0, 1, 4_999_999, 9_999_998, 9_999_999):
            groups = merkle.inclusion_nodes(index, 10_000_000)
            self.assertLessEqual(len(groups), 24)
            self.assertLessEqual(sum(map(len, groups)), 2 * 24)
        self.assertLessEqual(sum(map(len, merkle.consistency_nodes(9_999_999, 10_000_000))), 2 * 24)

    def test_there_is_no_proof_of_what_is_not_there(self) -> None:
        for index, size in ((0, 0), (5, 5), (-1, 5)):
            with self.assertRaisesMessage(ValueError, f"There is no leaf {index} in a tree of {size}."):
                merkle.inclusion_nodes(index, size)
        for old, new in ((6, 5), (-1, 5)):
            with self.assertRaisesMessage(ValueError, f"A tree of {new} leaves does not continue one of {old}."):
                merkle.consistency_nodes(old, new)

    def test_nothing_is_asked_for_where_nothing_is_needed(self) -> None:
        asked = Asked(())
        self.assertEqual(merkle.root(0, asked), verifier.EMPTY_ROOT)
        self.assertEqual(merkle.consistency(0, 5, asked), [])
        self.assertEqual(merkle.consistency(5, 5, asked), [])
        self.assertEqual(merkle.inclusion(0, 1, asked), [])
        self.assertEqual(asked.calls, [])


class Definitions(SimpleTestCase):
    @settings(deadline=None)
    @given(SIZES)
    def test_root(self, size: int) -> None:
        asked = stored(size)
        self.assertEqual(merkle.root(size, asked), mth(LEAVES[:size]))
        self.assertLessEqual(len(asked.calls), 1)
        self.assertEqual(merkle.root_of(LEAVES[:size]), mth(LEAVES[:size]))

    @settings(deadline=None)
    @given(st.data())
    def test_inclusion(self, data: st.DataObject) -> None:
        size = data.draw(st.integers(1, LARGEST))
        index = data.draw(st.integers(0, size - 1))
        asked = stored(size)
        found = merkle.inclusion(index, size, asked)
        self.assertEqual(found, path(index, LEAVES[:size]))
        self.assertLessEqual(len(asked.calls), 1)
        self.assertEqual(merkle.path_of(LEAVES[:size], index), found)
        self.assertEqual(verifier.root_from_inclusion(index, size, LEAVES[index], found), mth(LEAVES[:size]))

    @settings(deadline=None)
    @given(st.data())
    def test_consistency(self, data: st.DataObject) -> None:
        new = data.draw(st.integers(1, LARGEST))
        old = data.draw(st.integers(1, new))
        asked = stored(new)
        found = merkle.consistency(old, new, asked)
        self.assertEqual(found, subproof(old, LEAVES[:new], True))
        self.assertLessEqual(len(asked.calls), 1)

    def test_every_consistency_of_small_trees(self) -> None:
        roots = [mth(LEAVES[:size]) for size in range(42)]
        for new in range(1, 41):
            for old in range(1, new + 1):
                found = merkle.consistency(old, new, STORED)
                verifier.verify_consistency(old, roots[old], new, roots[new], found)
                wrong = [
                    (old, roots[41], new, roots[new], found),
                    (old, roots[old], new, roots[41], found),
                    (old, roots[old], new, roots[new], [*found, roots[41]]),
                    (old, roots[old], new, roots[new], [*found, b""]),
                    (new + 1, roots[new + 1], new, roots[new], found),
                    (-1, roots[old], new, roots[new], found),
                ]
                if found:
                    wrong.append((old, roots[old], new, roots[new], found[:-1]))
                for arguments in wrong:
                    with self.assertRaises(NotProven, msg=f"{old} to {new}"):
                        verifier.verify_consistency(*arguments)

    def test_every_tree_continues_the_empty_one_and_itself(self) -> None:
        empty, root = verifier.EMPTY_ROOT, LEAVES[0]
        verifier.verify_consistency(0, empty, 0, empty, [])
        verifier.verify_consistency(0, empty, 1, root, [])
        for said, arguments in (
            ("A tree without entries has another root.", (0, root, 1, root, [])),
            ("too long", (0, empty, 1, root, [root])),
            ("too long", (1, root, 1, root, [root])),
            ("Two different trees have the same size, 0.", (0, empty, 0, root, [])),
            ("Two different trees have the same size, 1.", (1, root, 1, empty, [])),
            ("A tree of 1 entries cannot continue one of 2.", (2, root, 1, root, [])),
            ("too short", (3, mth(LEAVES[:3]), 5, mth(LEAVES[:5]), [])),
            ("too short", (2, mth(LEAVES[:2]), 5, mth(LEAVES[:5]), [])),
            ("the old tree's root", (3, root, 5, mth(LEAVES[:5]), subproof(3, LEAVES[:5], True))),
            ("the new tree's root", (3, mth(LEAVES[:3]), 5, root, subproof(3, LEAVES[:5], True))),
        ):
            with self.subTest(arguments), self.assertRaisesMessage(NotProven, said):
                verifier.verify_consistency(*arguments)

    def test_every_inclusion_of_small_trees(self) -> None:
        for size in range(1, 41):
            root = mth(LEAVES[:size])
            for index in range(size):
                found = path(index, LEAVES[:size])
                verifier.verify_inclusion(index, size, LEAVES[index], found, root)
                for wrong in (
                    (index, size, LEAVES[41], found, root),
                    (index, size, LEAVES[index], found, LEAVES[41]),
                    (index, size, LEAVES[index], [*found, root], root),
                    (index, size, LEAVES[index], [*found, b""], root),
                    (index, size, LEAVES[index], [root, *found], root),
                    ((index + 1) % (size + 1), size, LEAVES[index], found, root),
                    (-1, size, LEAVES[index], found, root),
                    (index, index, LEAVES[index], found, root),
                ):
                    with self.assertRaises(NotProven):
                        verifier.verify_inclusion(*wrong)
                if found:
                    with self.assertRaisesMessage(NotProven, "too short"):
                        verifier.verify_inclusion(index, size, LEAVES[index], found[:-1], root)


class Growing(SimpleTestCase):
    @settings(deadline=None)
    @given(SIZES, SIZES)
    def test_a_tree_taken_up_again_grows_as_if_it_had_never_been_put_down(self, first: int, second: int) -> None:
        begin, end = sorted((first, second))
        nodes = stored(begin)
        tree = merkle.Appender(begin, [nodes.nodes[node] for node in merkle.subtrees(begin)])
        made = [node for leaf in LEAVES[begin:end] for node in tree.append(leaf)]
        self.assertEqual((tree.size, tree.root), (end, mth(LEAVES[:end])))
        self.assertEqual(len({(node.level, node.index) for node in made}), len(made))
        grown = nodes.nodes | {(node.level, node.index): node.hash for node in made}
        self.assertEqual(grown | stored(end).nodes, stored(end).nodes)
        self.assertEqual({n for n in stored(end).nodes if n[0]} - set(grown), set())

    def test_a_node_is_the_root_over_its_leaves(self) -> None:
        for (level, index), made in STORED.nodes.items():
            self.assertEqual(made, mth(LEAVES[index << level : (index + 1) << level]))

    def test_a_completed_node_is_a_value(self) -> None:
        made = merkle.Completed(1, 0, ROOTS[1].encode())
        with self.assertRaises(FrozenInstanceError):
            made.level = 2  # type: ignore[misc]
        self.assertFalse(hasattr(made, "__dict__"), "millions of them are made")

    def test_an_edge_of_another_size_is_refused(self) -> None:
        with self.assertRaisesMessage(ValueError, "The edge of a tree of 7 leaves has 3 hashes, not 2."):
            merkle.Appender(7, LEAVES[:2])
