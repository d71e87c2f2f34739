"""The one-file verifier: published vectors, every way a proof can be wrong, and the file as a reader runs it."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.proofs import verifier
from claims.proofs.signing import SignerKey, sign_checkpoint, sign_note
from claims.proofs.verifier import Checkpoint, NotProven, VerifierKey
from tests import bundles
from tests.bundles import KEY, OTHER_KEY, SALT, b64, compact

SOURCE = Path(verifier.__file__)
KEYS = [KEY.verifier]
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
SAYING = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"


class Signatures(SimpleTestCase):
    # RFC 8032, 7.1: public key, message, signature.
    VECTORS = (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
            "655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
            "b00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
            "c027beceea1ec40a",
        ),
        (
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", hashlib.sha512(b"abc").hexdigest(),
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17a"
            "d9bef1177331a704",
        ),
    )  # fmt: skip
    # Every encoding of a point of small order, those that are not canonical among them: C2SP/CCTV, ed25519.
    SMALL = (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
    ORDER = 2**252 + 27742317777372353535851937790883648493

    def test_published_vectors(self) -> None:
        for public, message, signature in self.VECTORS:
            parts = [bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)]
            self.assertIs(verifier.ed25519_verify(*parts), True)
            self.assertIs(verifier.ed25519_verify(parts[0], parts[1] + b"\0", parts[2]), False)
            for at in range(64):
                changed = bytearray(parts[2])
                changed[at] ^= 1 << at % 8
                self.assertIs(verifier.ed25519_verify(parts[0], parts[1], bytes(changed)), False, at)

    def test_a_signature_has_one_form(self) -> None:
        """S and S + L satisfy the same equation; only S below L is accepted."""
        public, message, signature = (bytes.fromhex(part) for part in self.VECTORS[2])
        s = int.from_bytes(signature[32:], "little")
        for wrong in (s + self.ORDER, s + 2 * self.ORDER):
            again = signature[:32] + wrong.to_bytes(32, "little")
            self.assertIs(verifier.ed25519_verify(public, message, again), False)

    def test_lengths(self) -> None:
        public, message, signature = (bytes.fromhex(part) for part in self.VECTORS[2])
        for key, made in (
            (public[:-1], signature), (public + b"\0", signature), (b"", signature),
            (public, signature[:-1]), (public, signature + b"\0"), (public, b""),
        ):  # fmt: skip
            self.assertIs(verifier.ed25519_verify(key, message, made), False)

    def test_no_key_of_small_order_signs_anything(self) -> None:
        """With such a key, R = S·B verifies for one message in eight or more, to who does not look."""
        for encoding in map(bytes.fromhex, self.SMALL):
            for s in range(1, 9):
                r = self._times_base(s)
                made = r + s.to_bytes(32, "little")
                for message in (b"", b"1", b"2"):
                    self.assertIs(verifier.ed25519_verify(encoding, message, made), False, encoding.hex())
                self.assertIs(verifier.ed25519_verify(encoding, b"", encoding + bytes(32)), False)

    def _times_base(self, s: int) -> bytes:
        total = verifier._NEUTRAL
        for _ in range(s):
            total = verifier._add(total, verifier._BASE)
        inverse = pow(total[2], -1, verifier._P)
        x, y = total[0] * inverse % verifier._P, total[1] * inverse % verifier._P
        return (y | (x & 1) << 255).to_bytes(32, "little")

    def test_what_is_no_point_is_no_key(self) -> None:
        signature = bytes.fromhex(self.VECTORS[0][2])
        for y in (2, 2**255 - 19, 2**255 - 18, 2**255 - 1):
            for odd in (0, 1):
                key = (y | odd << 255).to_bytes(32, "little")
                self.assertIsNone(verifier._point(key))
                self.assertIs(verifier.ed25519_verify(key, b"", signature), False)

    def test_a_point_has_one_encoding(self) -> None:
        """Of the small ones: eight points, and six encodings of them that are not canonical."""
        points = {text: verifier._point(bytes.fromhex(text)) for text in self.SMALL}
        none = {text for text, found in points.items() if found is None}
        self.assertEqual(none, {*self.SMALL[1:4:2], self.SMALL[5], *self.SMALL[6:8], self.SMALL[13]})
        self.assertEqual(points[self.SMALL[4]], verifier._NEUTRAL)

    def test_the_curve(self) -> None:
        self.assertEqual(self._times_base(1), bytes([0x58]) + bytes([0x66]) * 31)
        self.assertEqual(verifier._point(self._times_base(5)), verifier._point(self._times_base(5)))
        for s in range(1, 20):
            public = Ed25519PrivateKey.from_private_bytes(bytes([s]) * 32).public_key().public_bytes_raw()
            x, y, z, t = verifier._point(public)
            p = verifier._P
            self.assertEqual((y * y - x * x - 1 - verifier._D * x * x * y * y) % p, 0)
            self.assertEqual((x & 1, z, t), (public[31] >> 7, 1, x * y % p))

    @settings(deadline=None, max_examples=40)
    @given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
    def test_agrees_with_the_library_that_signs(self, seed: bytes, message: bytes) -> None:
        key = SignerKey("k", seed)
        made = key.sign(message)
        self.assertIs(verifier.ed25519_verify(key.verifier.public, message, made), True)
        self.assertIs(verifier.ed25519_verify(key.verifier.public, message + b".", made), False)

    def test_is_fast_enough(self) -> None:
        public, message, signature = (bytes.fromhex(part) for part in self.VECTORS[2])
        begin = time.process_time()
        for _ in range(10):
            verifier.ed25519_verify(public, message, signature)
        self.assertLess((time.process_time() - begin) / 10, 0.05)  # 3 ms, where nothing else runs


class Notes(SimpleTestCase):
    peter, enoch = VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)

    def test_published_keys(self) -> None:
        for text, name, key_id in ((PETER, "PeterNeumann", "c74f20a3"), (ENOCH, "EnochRoot", "af0cfe78")):
            key = VerifierKey.parse(text)
            self.assertEqual((key.name, key.id.hex(), key.format()), (name, key_id, text))

    def test_keys_and_checkpoints_are_values(self) -> None:
        proven = verifier.verify_bundle(bundles.bundle(), KEYS)
        for value, name in ((self.peter, "name"), (proven.checkpoint, "size"), (proven, "index")):
            with self.assertRaises(FrozenInstanceError):
                setattr(value, name, 1)

    def test_a_mangled_key_is_none(self) -> None:
        wrong = {PETER[a:b] for a in range(len(PETER) + 1) for b in range(a, len(PETER) + 1)} - {PETER}
        wrong |= {PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :] for at in range(len(PETER))}
        wrong |= {
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            PETER + "\n", " " + PETER, PETER.replace("c74f20a3", "C74F20A3"), "\ud800" + PETER, "é" + PETER,
        }  # fmt: skip
        for text in wrong:
            with self.assertRaises(NotProven, msg=text):
                VerifierKey.parse(text)

    def test_names(self) -> None:
        for name in ("a", "desk.example/trail", "Bücher—½"):
            self.assertIs(verifier.is_key_name(name), True)
        for name in ("", "a b", "a+b", "a\n", "\u00a0", "a\u2028", "\u200b", "\ud800", "\x7f", "a\tb"):
            self.assertIs(verifier.is_key_name(name), False, name)
            with self.assertRaises(NotProven):
                VerifierKey.parse(f"{name}{PETER[12:]}")

    def test_published_notes(self) -> None:
        for signed, keys in (
            (BY_PETER + BY_ENOCH, [self.peter]),
            (BY_PETER + BY_ENOCH, [self.enoch, self.peter]),
            (BY_ENOCH, [self.peter, self.enoch]),
            (BY_PETER * 2, [self.peter, self.peter]),
        ):
            self.assertEqual(verifier.verify_note(f"{SAYING}\n{signed}", keys), SAYING)

    def test_who_is_not_known_proves_nothing(self) -> None:
        for keys in ([], [self.enoch], [VerifierKey("PeterNeumann", self.enoch.public)],
                     [VerifierKey("Peter", self.peter.public)]):  # fmt: skip
            with self.assertRaisesMessage(NotProven, "The note carries no signature by a known key."):
                verifier.verify_note(f"{SAYING}\n{BY_PETER}", keys)

    def test_a_false_signature_by_a_known_key_is_an_error_beside_a_true_one(self) -> None:
        false = BY_ENOCH.replace("/5n2t", "/5n2u")
        note = f"{SAYING}\n{BY_PETER}{false}"
        self.assertEqual(verifier.verify_note(note, [self.peter]), SAYING)
        with self.assertRaisesMessage(NotProven, "The signature by EnochRoot is false."):
            verifier.verify_note(note, [self.peter, self.enoch])
        with self.assertRaisesMessage(NotProven, "The signature by PeterNeumann is false."):
            verifier.verify_note(f"{SAYING}.\n\n{BY_PETER}", [self.peter])

    def test_malformed_notes(self) -> None:
        for note in (
            "", "\n", "\n\n", SAYING, f"{SAYING}\n", f"{SAYING}\n{BY_PETER[:-1]}", f"\x01{SAYING}\n{BY_PETER}",
            f"{SAYING}\n{BY_PETER}Unexpected line.\n", f"{SAYING}\n{BY_PETER}\n", f"{SAYING}\n\n{BY_PETER} ",
            f"{SAYING}\n{BY_PETER.replace('—', '-')}", f"{SAYING}\n{BY_PETER.replace(' x', '  x')}",
            f"{SAYING}\n{BY_PETER.replace('Peter', 'Peter ')}", f"{SAYING}\n{BY_PETER.replace('Peter', 'P+eter')}",
            f"{SAYING}\r\n\n{BY_PETER}", f"{SAYING}\ud800\n\n{BY_PETER}", f"{SAYING}\n{BY_PETER * 101}",
            f"{SAYING}\n{BY_PETER.replace('=', '')}", f"{SAYING}\n{BY_PETER.replace('AM=', 'AN=')}",
            f"{SAYING}\n— Peter ====\n", f"{SAYING}{BY_PETER}",
        ):  # fmt: skip
            with self.subTest(note), self.assertRaises(NotProven):
                verifier.parse_note(note)

    def test_a_note_may_have_empty_lines_and_many_signatures(self) -> None:
        # The example of https://c2sp.org/signed-note.
        text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
        line = (
            "— quasimodo.example/salvatore "
            "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
        )
        body, signatures = verifier.parse_note(f"{text}\n{line * 100}")
        self.assertEqual((body, len(signatures)), (text, 100))
        name, made = signatures[0]
        self.assertEqual((name, made[:4].hex(), len(made)), ("quasimodo.example/salvatore", "367ba04b", 68))

    def test_checkpoints(self) -> None:
        # The example of https://c2sp.org/tlog-checkpoint.
        body = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        line = (
            "— example.com/behind-the-sofa "
            "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        )
        found = Checkpoint.parse(verifier.parse_note(f"{body}\n{line}")[0])
        self.assertEqual((found.origin, found.size), ("example.com/behind-the-sofa", 20852163))
        self.assertEqual(b64(found.root), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
        for old, new in (
            ("20852163", "020852163"), ("20852163", "-1"), ("20852163", "+1"), ("20852163", ""), ("20852163", "1e3"),
            ("20852163", "9007199254740992"), ("20852163", "²"), ("2I=\n", "2I=\nmore\n"), ("2I=\n", "2I="),
            ("2I=\n", "2I=\nmore"),
            ("2I=", "2J="), ("2I=", "2I"), ("CsUY", ""), ("example.com/behind-the-sofa", ""), ("-the", " the"),
        ):  # fmt: skip
            with self.subTest(new), self.assertRaises(NotProven):
                Checkpoint.parse(body.replace(old, new))


class Json(SimpleTestCase):
    def test_the_one_form(self) -> None:
        value = {
            "a": {"": None, "b": [1, -2, [], {}], "c": 2**53 - 1, "d": 1 - 2**53},
            "b": 'é\u2028\x7f/"\\\b\f\n\r\t\x01\x1f😀\\u0000',
            "c": [True, False, 0],
        }
        said = (
            '{"a":{"":null,"b":[1,-2,[],{}],"c":9007199254740991,"d":-9007199254740991},'
            '"b":"é\u2028\x7f/\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f😀\\\\u0000","c":[true,false,0]}'
        ).encode()
        self.assertEqual(verifier.canonical(value), said)
        self.assertEqual(verifier.parse(said), value)

    def test_other_forms_are_refused(self) -> None:
        for text in (
            '{"a": 1}', '{"a":1} ', '\ufeff{"a":1}', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a":1.0}', '{"a":1.5}',
            '{"a":1e3}', '{"a":-0}', '{"a":01}', '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}',
            '{"a":9007199254740992}', '{"a":-9007199254740992}', '{"a":' + "9" * 5000 + "}", '{"a":"\\u00e9"}',
            '{"a":"\\/"}', '{"a":"\\u000a"}', '{"a":"\\u001F"}', '{"a":"\\u0000"}', '{"a":"\\\\\\u0000"}',
            '{"a":"\\ud800"}', '{"a":"\\ud83d\\ude00"}', '{"é":1}', '{"a":{"é":1}}', '{"a":[{"é":1}]}', "[]", "1",
            '"a"', "null", "", "{", '{"a":1}x', "{'a':1}", '{"a":True}', '{"a":"\n"}', "[" * 100_000,
            '{"a":' * 100_000, '{"a":' + "[" * 32 + "]" * 32 + "}",
        ):  # fmt: skip
            with self.subTest(text[:40]), self.assertRaises(NotProven):
                verifier.parse(text.encode())
        for data in (b"\xff", b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\x80"}', "{}".encode("utf-16")):
            with self.subTest(data), self.assertRaises(NotProven):
                verifier.parse(data)
        self.assertTrue(verifier.parse(('{"a":' + "[" * 31 + "]" * 31 + "}").encode()))
        self.assertEqual(verifier.parse(b'{"a":"\\\\u0000"}'), {"a": "\\u0000"})

    def test_what_cannot_be_written_so_is_refused(self) -> None:
        for value in ({"a": 1.5}, {"a": float("nan")}, {"a": 2**53}, {1: 2}, {"a": (1,)}, {"a": "\0"},
                      {"a": "\ud800"}, {"é": 1}, [1]):  # fmt: skip
            with self.subTest(value), self.assertRaises(NotProven):
                verifier.canonical(value)

    @settings(deadline=None)
    @given(st.recursive(st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1)
                        | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
                        lambda inner: st.lists(inner) | st.dictionaries(st.text("az0_."), inner),
                        max_leaves=15))  # fmt: skip
    def test_there_and_back(self, value: Any) -> None:
        data = verifier.canonical({"v": value})
        self.assertEqual(verifier.parse(data), {"v": value})
        self.assertEqual(data, compact({"v": value}).encode())

    def test_a_sentence_repeats_no_endless_number(self) -> None:
        for said in ("9" * 5000, "x" * 5000):
            with self.assertRaises(NotProven) as caught:
                verifier.integer(said)
            self.assertEqual(str(caught.exception), f"“{said[:20]}” is not an integer below 2^53.")

    def test_base64_has_one_form(self) -> None:
        self.assertEqual(verifier.unbase64("AAE=", 2, "It"), b"\0\1")
        for text in ("AAF=", "AAE", "AAE=\n", "AAE==", "AA E=", "ÄAE=", "AAEC", "", "_-8=", None, 7, ["AAE="]):
            with self.subTest(text), self.assertRaisesMessage(NotProven, "It is not the base64 that belongs there."):
                verifier.unbase64(text, 2, "It")


class Events(SimpleTestCase):
    def test_what_an_event_may_be(self) -> None:
        for changes in (
            {}, {"actor": None}, {"before": None}, {"after": None}, {"article": None}, {"n": 1, "prev": ""},
            {"reason": bundles.committed("why")}, {"request": ""}, {"outside": True, "action": "outside.update"},
            {"stream": "desk"}, {"stream": "source/7"}, {"stream": "person/30"}, {"db_role": "ä\"\\\n"},
            {"after": {}}, {"after": {"a_1": "", "b": 0, "c": True, "d": None, "e": -3, "f": "\"}],\\"}},
            {"object": {"id": None, "parent": 3, "type": "person_groups"}}, {"at": "2024-02-29T23:59:59.999999Z"},
        ):  # fmt: skip
            made = bundles.event(**changes)
            with self.subTest(changes):
                self.assertEqual(verifier.check_event(compact(made).encode()), made)

    def test_what_it_may_not_be(self) -> None:
        commitment = bundles.committed("x")
        wrong: list[dict[str, Any]] = [
            {"action": ""}, {"action": 1}, {"action": "a b"}, {"actor": "7"}, {"actor": True}, {"after": []},
            {"after": {"A": 1}}, {"after": {"": 1}}, {"after": {"a": [1]}}, {"after": {"a": {}}},
            {"after": {"a": {"sha256": "x"}}}, {"after": {"a": {**commitment, "salt": ""}}}, {"before": "null"},
            {"after": {"a": {"sha256": commitment["sha256"][:-2] + "B="}}}, {"article": False}, {"article": ""},
            {"at": None},
            {"at": "2025-11-22T20:51:00Z"}, {"at": "2025-11-22T20:51:00.000001"},
            {"at": "2025-13-22T20:51:00.000001Z"}, {"at": "2025-11-22T20:51:60.000001Z"}, {"db_role": None},
            {"at": "2025-02-29T20:51:00.000001Z"}, {"at": "0000-01-01T00:00:00.000000Z"},
            {"at": "2025-11-22T20:51:00.00000١Z"}, {"n": 0}, {"n": -1, "prev": ""},
            {"n": "2"}, {"n": True, "prev": ""}, {"n": 1}, {"prev": ""}, {"prev": None}, {"prev": "AA=="},
            {"object": {"id": 1, "parent": None}}, {"object": {"id": 1, "parent": None, "type": ""}}, {"object": None},
            {"object": {"id": "1", "parent": None, "type": "claim"}}, {"outside": 0}, {"outside": None},
            {"reason": "why"}, {"reason": None}, {"reason": {}}, {"request": None}, {"stream": ""},
            {"stream": "article/0"},
            {"stream": "article/"}, {"stream": "desk/1"}, {"stream": "article/1\n"}, {"v": True}, {"v": 2}, {"v": "1"},
            {"more": 1},
        ]  # fmt: skip
        for changes in wrong:
            with self.subTest(changes), self.assertRaises(NotProven):
                verifier.check_event(compact(bundles.event(**changes)).encode())
        for name in bundles.event():
            rest = {key: value for key, value in bundles.event().items() if key != name}
            with self.subTest(f"without {name}"), self.assertRaises(NotProven):
                verifier.check_event(compact(rest).encode())
        with self.assertRaises(NotProven):
            verifier.check_event(compact(bundles.event()).encode() + b"\n")

    def test_says_which_version_it_does_not_know(self) -> None:
        with self.assertRaisesMessage(NotProven, "The event is of a version that this verifier does not know."):
            verifier.check_event(b'{"v":2}')

    def test_a_long_text_is_read_in_no_time(self) -> None:
        """The pattern of an event never goes back over what it has read."""
        texts = {f"c{number}": '\\"' * 200 for number in range(200)}
        data = compact(bundles.event(after=texts, before=texts, stream="nowhere")).encode()
        begin = time.process_time()
        with self.assertRaises(NotProven):
            verifier.check_event(data)
        self.assertLess(time.process_time() - begin, 1)

    def test_a_commitment_is_the_hash_of_salt_and_value(self) -> None:
        self.assertEqual(verifier.commitment(b"abc", b"def"), b64(hashlib.sha256(b"abcdef").digest()))


def opening(text: str = "New words.", salt: bytes = SALT) -> dict[str, str]:
    return {"salt": b64(salt), "value": text}


class Bundles(SimpleTestCase):
    def refused(self, said: str, data: bytes, keys: list[VerifierKey] | None = None) -> None:
        with self.assertRaises(NotProven) as caught:
            verifier.verify_bundle(data, KEYS if keys is None else keys)
        self.assertIn(said, str(caught.exception))

    def edited(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        bundle = json.loads(bundles.published_bundle())
        change(bundle)
        return compact(bundle).encode()

    def test_what_is_proven(self) -> None:
        found = verifier.verify_bundle(bundles.published_bundle(), [OTHER_KEY.verifier, KEY.verifier])
        self.assertEqual(found.event, bundles.publication())
        self.assertEqual((found.index, found.checkpoint.size, found.checkpoint.origin), (2, 3, bundles.ORIGIN))
        self.assertEqual(found.openings, {"after.note": "opened"})
        self.assertEqual(found.published, bundles.CLAIMS[1])

    def test_at_every_place_of_many_trees(self) -> None:
        for size in (1, 2, 3, 4, 5, 7, 8, 9, 31, 33):
            for index in {0, 1, size // 2, size - 1} & set(range(size)):
                found = verifier.verify_bundle(bundles.bundle(index=index, size=size), KEYS)
                self.assertEqual((found.index, found.checkpoint.size, found.published), (index, size, None))

    def test_every_opening(self) -> None:
        made = bundles.event(reason=bundles.committed("why"))
        openings = {"after.statement": opening(), "before.statement": opening("Old words."), "reason": opening("why")}
        found = verifier.verify_bundle(bundles.bundle(made, openings=openings), KEYS)
        self.assertEqual(
            found.openings, {"after.statement": "New words.", "before.statement": "Old words.", "reason": "why"}
        )

    def test_openings_that_open_nothing(self) -> None:
        for place in (
            "after.state", "after.none", "after", "after.", ".statement", "statement", "reason", "", "object.id", "n",
            "after.statement.", "object", "outside", "before.", "actor.x", "request.", "after.reason",
        ):  # fmt: skip
            self.refused(f"There is nothing to open at {place}.", bundles.bundle(openings={place: opening()}))
        null = bundles.event(before=None)
        self.refused("nothing to open", bundles.bundle(null, openings={"before.statement": opening("Old words.")}))

    def test_openings_that_are_not_true(self) -> None:
        place = "after.statement"
        self.refused(
            "The text given for after.statement is not the one that was recorded.",
            bundles.bundle(openings={place: opening("Other words.")}),
        )
        self.refused("is not the one", bundles.bundle(openings={place: opening(salt=bytes(16))}))
        self.refused("A salt is not the base64", bundles.bundle(openings={place: opening(salt=bytes(15))}))
        # Where salt and value meet is fixed: what belongs to one cannot be moved to the other.
        moved = {"salt": b64(SALT + b"N"), "value": "ew words."}
        self.refused("A salt is not the base64", bundles.bundle(openings={place: moved}))
        for wrong in (None, "New words.", {}, {**opening(), "more": 1}, {**opening(), "value": 1}, {"salt": b64(SALT)},
                      {**opening(), "salt": None}):  # fmt: skip
            self.refused("The opening has not the form it must have.", bundles.bundle(openings={place: wrong}))

    def test_the_form_of_a_bundle(self) -> None:
        self.refused("not a proof bundle of version 1", bundles.bundle(format="factcheck-proof@v2"))
        for name in ("event", "format", "key", "openings", "proof", "published"):
            self.refused("The bundle has not the form", self.edited(lambda b, name=name: b.pop(name)))
            self.refused("The bundle has not the form", self.edited(lambda b, name=name: b.update({name: True})))
            self.refused("The bundle has not the form", self.edited(lambda b, name=name: b.update({name: []})))
        self.refused("The bundle has not the form", self.edited(lambda b: b.update(more=1)))
        self.refused("canonical", bundles.bundle() + b"\n")
        self.refused("canonical", b" " + bundles.bundle())
        self.refused("This is not JSON", b"")
        self.refused("version", bundles.bundle(bundles.event(v=2)))

    def test_the_key(self) -> None:
        self.refused("none of the known keys", bundles.bundle(), [OTHER_KEY.verifier])
        self.refused("none of the known keys", bundles.bundle(), [])
        self.refused("none of the known keys", bundles.bundle(key=OTHER_KEY))
        # Both keys are known: the bundle must still be signed by the one that it names.
        mixed = self.edited(lambda b: b.update(key=OTHER_KEY.verifier.format()))
        self.refused("no signature by a known key", mixed, [KEY.verifier, OTHER_KEY.verifier])

    def test_nothing_unsigned_stands_beside_the_signature(self) -> None:
        proof = json.loads(bundles.bundle())["proof"]
        line = proof.splitlines()[-1] + "\n"
        for more in (line, line.replace("desk", "dusk"), BY_PETER):
            self.refused("must carry one signature", bundles.bundle(proof=proof + more))

    def test_the_checkpoint_is_of_the_keys_trail(self) -> None:
        leaf = verifier.leaf_hash(compact(bundles.event()).encode())
        note = sign_note(f"other.example\n1\n{b64(leaf)}\n", [KEY])
        self.refused(
            "of another trail than its key", bundles.bundle(proof=f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}")
        )
        good = sign_checkpoint(bundles.ORIGIN, 1, leaf, [KEY])
        verifier.verify_bundle(bundles.bundle(proof=f"c2sp.org/tlog-proof@v1\nindex 0\n\n{good}"), KEYS)
        for said, head in (
            ("no proof of inclusion", "c2sp.org/tlog-proof@v2\nindex 0"),
            ("no proof of inclusion", "index 0"),
            ("no proof of inclusion", ""),
            ("no proof of inclusion", "c2sp.org/tlog-proof@v1"),
            ("no proof of inclusion", "c2sp.org/tlog-proof@v1\nextra AA==\nindex 0"),
            ("no proof of inclusion", "c2sp.org/tlog-proof@v1\nindex0"),
            ("is not an integer", "c2sp.org/tlog-proof@v1\nindex 00"),
            ("is not an integer", "c2sp.org/tlog-proof@v1\nindex "),
            ("is not an integer", "c2sp.org/tlog-proof@v1\nindex 0 "),
            ("There is no entry 1", "c2sp.org/tlog-proof@v1\nindex 1"),
            ("There is no entry -1", "c2sp.org/tlog-proof@v1\nindex -1"),
            ("signature", "c2sp.org/tlog-proof@v1\nindex 0\n"),
            ("too long", f"c2sp.org/tlog-proof@v1\nindex 0\n{b64(leaf)}"),
            ("A hash of the proof is not the base64", "c2sp.org/tlog-proof@v1\nindex 0\nAA=="),
        ):
            self.refused(said, bundles.bundle(proof=f"{head}\n\n{good}"))
        self.refused("The note is not", bundles.bundle(proof="c2sp.org/tlog-proof@v1\nindex 0"))

    def test_another_event_is_not_at_that_place(self) -> None:
        other = compact(bundles.event(actor=8))
        self.refused("does not lead to the tree's root", bundles.bundle(event=other))

    def test_published_claims(self) -> None:
        for index, claim in enumerate(bundles.CLAIMS):
            data = bundles.bundle(bundles.publication(), published=bundles.shown(index))
            self.assertEqual(verifier.verify_bundle(data, KEYS).published, claim)

    def test_what_was_not_published(self) -> None:
        def shown(**changes: Any) -> bytes:
            return bundles.bundle(bundles.publication(), published=bundles.shown(1) | changes)

        other = compact({**bundles.CLAIMS[1], "decision": {"rating": {"label": "False"}}})
        self.refused("not among those that the event published", shown(claim=other))
        self.refused("not among those that the event published", shown(index=0))
        self.refused("so many claims", shown(size=4))
        self.refused("so many claims", shown(size=2))
        self.refused("There is no entry 3", shown(index=3))
        self.refused("too long", shown(path=bundles.shown(1)["path"] * 2))
        self.refused("too short", shown(path=[]))
        self.refused("A hash of the claim's path", shown(path=[1, 2]))
        for wrong in ({"index": True}, {"index": "1"}, {"path": None}, {"size": None}, {"claim": None}, {"more": 1}):
            self.refused("The published claim has not the form", shown(**wrong))
        self.refused("has not the form", bundles.bundle(bundles.publication(), published={}))

    def test_claims_that_are_no_canonical_objects(self) -> None:
        for text in ("[]", '{"a": 1}', "x"):
            after = {"claims_count": 1, "claims_root": verifier.leaf_hash(text.encode()).hex()}
            published = {"claim": text, "index": 0, "path": [], "size": 1}
            with self.subTest(text):
                self.refused("JSON", bundles.bundle(bundles.publication(after=after), published=published))

    def test_only_a_publication_publishes(self) -> None:
        published, made = bundles.shown(1), bundles.publication()
        for wrong in (
            {**made, "object": {"id": 9, "parent": None, "type": "claim"}}, {**made, "before": {}},
            bundles.event(), {**made, "after": None},
        ):  # fmt: skip
            with self.subTest(wrong), self.assertRaises(NotProven):
                verifier.verify_bundle(bundles.bundle(wrong, published=published), KEYS)
        for gone in ("claims_root", "claims_count"):
            after = {name: value for name, value in made["after"].items() if name != gone}
            with self.subTest(gone), self.assertRaises(NotProven):
                verifier.verify_bundle(bundles.bundle({**made, "after": after}, published=published), KEYS)

    def test_the_number_of_claims_is_bound(self) -> None:
        """In trees of five to eight leaves the first leaf's path has the same shape: the path alone does not tell."""
        claims = [{"code": str(number)} for number in range(5)]
        made, published = bundles.publication(claims), bundles.shown(0, claims)
        verifier.verify_bundle(bundles.bundle(made, published=published), KEYS)
        for size in (6, 7, 8):
            self.refused("so many claims", bundles.bundle(made, published={**published, "size": size}))

    def test_every_single_bit_and_every_truncation(self) -> None:
        # The same key, text and signature come again and again, where something else was changed.
        self.enterContext(mock.patch.object(verifier, "ed25519_verify", cache(verifier.ed25519_verify)))
        whole = bundles.published_bundle()
        verifier.verify_bundle(whole, KEYS)
        for at in range(len(whole)):
            with self.assertRaises(NotProven, msg=at):
                verifier.verify_bundle(whole[:at], KEYS)
            for bit in range(8):
                changed = bytearray(whole)
                changed[at] ^= 1 << bit
                with self.assertRaises(NotProven, msg=f"bit {bit} of byte {at}: {whole[at : at + 1]!r}"):
                    verifier.verify_bundle(bytes(changed), KEYS)

    @settings(deadline=None, max_examples=300)
    @given(st.data())
    def test_nothing_but_not_proven_escapes(self, data: st.DataObject) -> None:
        whole = bundles.published_bundle()
        begin, end = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
        piece = data.draw(st.binary(max_size=40) | st.text(max_size=20).map(str.encode) | st.just(whole[begin:end]))
        changed = whole[:begin] + piece + whole[end:]
        with contextlib.suppress(NotProven):
            verifier.verify_bundle(changed, KEYS)
            self.assertEqual(changed, whole)

    @settings(deadline=None, max_examples=300)
    @given(st.data())
    def test_nothing_but_not_proven_escapes_from_any_values(self, data: st.DataObject) -> None:
        words = [
            "event",
            "salt",
            "value",
            "claim",
            "index",
            "path",
            "size",
            "proof",
            "key",
            "format",
            "openings",
            "published",
        ]
        values = st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.floats() | st.sampled_from(
                ["", "after.note", bundles.KEY.verifier.format(), json.loads(bundles.published_bundle())["proof"]]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(words), inner, max_size=4),
            max_leaves=8,
        )  # fmt: skip
        bundle = json.loads(bundles.published_bundle())
        bundle |= data.draw(st.dictionaries(st.sampled_from(sorted(bundle)), values, min_size=1, max_size=2))
        for place in ("published", "openings"):
            if isinstance(bundle[place], dict) and data.draw(st.booleans()):
                bundle[place] |= data.draw(st.dictionaries(st.sampled_from(words), values, max_size=2))
        with contextlib.suppress(NotProven):
            found = verifier.verify_bundle(json.dumps(bundle, sort_keys=True, separators=(",", ":")).encode(), KEYS)
            self.assertEqual(found.event, bundles.publication())

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    def test_nothing_but_not_proven_escapes_from_any_bytes(self, data: bytes) -> None:
        for function in (verifier.parse, verifier.check_event, lambda found: verifier.verify_bundle(found, KEYS)):
            with self.assertRaises(NotProven):
                function(b"x" + data)

    @settings(deadline=None)
    @given(st.text(max_size=100))
    def test_nothing_but_not_proven_escapes_from_any_text(self, text: str) -> None:
        for function in (verifier.parse_note, Checkpoint.parse, VerifierKey.parse):
            with self.assertRaises(NotProven):
                function(f"{text}x")  # type: ignore[operator]


class AsAReaderRunsIt(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.put("good.json", bundles.published_bundle())

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def run_here(self, *arguments: str) -> tuple[int, str]:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = verifier.main([str(a) for a in arguments])
        return status, said.getvalue()

    @property
    def good(self) -> str:
        return str(self.folder / "good.json")

    def test_says_what_is_proven(self) -> None:
        status, said = self.run_here(self.good, "--key", KEY.verifier.format())
        self.assertEqual(status, 0)
        self.assertEqual(
            said.splitlines(),
            [
                f"{self.good}: PROVEN: published by desk.example/trail at 2025-11-22T20:51:00.000001Z, in version 3:",
                "  claim C-2: “Ships came in on day 2 – “all” of them.”",
                "  rating: True",
                "  page: https://desk.example/c2",
                "  after.note: opened",
                "  event 3 (index 2) of the 3 below the signed root",
                "  what was changed or put right after that checkpoint is not part of this proof",
            ],
        )

    def test_says_what_was_recorded_where_nothing_was_published(self) -> None:
        other = self.put("other.json", bundles.bundle(openings={"after.statement": opening()}))
        status, said = self.run_here(other, "--key", KEY.verifier.format())
        self.assertEqual(status, 0)
        self.assertIn("PROVEN: recorded by desk.example/trail at 2025-11-22T20:51:00.000001Z: claim.triage\n", said)
        self.assertIn("\n  after.statement: New words.\n  event 2 (index 1) of the 5 ", said)

    def test_says_what_is_wrong(self) -> None:
        key = KEY.verifier.format()
        for said, arguments in (
            ("This file knows no key", [self.good]),
            ("The bundle's key is none of the known keys.", [self.good, "--key", OTHER_KEY.verifier.format()]),
            ("The key is not the base64", [self.good, "--key", "nonsense"]),
            ("No such file", [str(self.folder / "none.json"), "--key", key]),
            ("Is a directory", [str(self.folder), "--key", key]),
            ("null", ["\0", "--key", key]),
            ("This is not JSON", [self.put("bad.json", b"\xff"), "--key", key]),
            ("No such file", [self.good, "--key", key, "--checkpoint", str(self.folder / "none")]),
            ("utf-8", [self.good, "--key", key, "--checkpoint", self.put("not-utf8", b"\xff")]),
            ("The note is not", [self.good, "--key", key, "--checkpoint", self.put("bad", b"x")]),
        ):
            with self.subTest(said):
                status, answer = self.run_here(*arguments)
                self.assertEqual((status, answer.count("\n")), (1, 1))
                self.assertIn(": NOT PROVEN: ", answer)
                self.assertIn(said, answer)

    def test_no_more_is_read_than_a_bundle_may_be_long(self) -> None:
        self.assertEqual(verifier.LARGEST_FILE, 16 * 1024 * 1024)
        with mock.patch.object(verifier, "LARGEST_FILE", 1_000):
            status, said = self.run_here(self.good, "--key", KEY.verifier.format())
        self.assertEqual(status, 1)
        self.assertIn("This is not JSON", said)

    def test_help(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as said, self.assertRaises(SystemExit):
            verifier.main(["--help"])
        for words in ("Verify proof bundles of", "what it published", "a key to trust", "checkpoint that you kept"):
            self.assertIn(words, " ".join(said.getvalue().split()))

    def test_each_of_many_is_judged(self) -> None:
        bad = self.put("bad.json", b"{}")
        for order in ([self.good, bad], [bad, self.good]):
            status, said = self.run_here(*order, "--key", KEY.verifier.format())
            self.assertEqual((status, said.count(": PROVEN: "), said.count(": NOT PROVEN: ")), (1, 1, 1))

    def test_a_checkpoint_that_was_kept(self) -> None:
        root = verifier.verify_bundle(bundles.published_bundle(), KEYS).checkpoint.root
        other_size = (
            "\n  the checkpoint that was kept covers 4 events, this one 3: whether one continues the other only a "
            "consistency proof can tell (the desk makes it: verify_audit --checkpoint)\n"
        )
        cases = (
            (0, "this proof\n  the checkpoint that was kept is of the same tree\n", (bundles.ORIGIN, 3, root)),
            (0, other_size, (bundles.ORIGIN, 4, root)),
            (0, "covers 2 events, this one 3", (bundles.ORIGIN, 2, root)),
            (1, "A FORK: two different trees of the same size were signed.", (bundles.ORIGIN, 3, bytes(32))),
        )
        for status, said, checkpoint in cases:
            kept = self.put("kept", sign_checkpoint(*checkpoint, [KEY]).encode())
            with self.subTest(said):
                found, answer = self.run_here(self.good, "--key", KEY.verifier.format(), "--checkpoint", kept)
                self.assertEqual(found, status)
                self.assertIn(said, answer)
        other = SignerKey("other.example", bytes(32))
        keys = ["--key", KEY.verifier.format(), "--key", other.verifier.format()]
        kept = self.put("kept", sign_checkpoint(other.name, 3, root, [other]).encode())
        self.assertIn("of another trail", self.run_here(self.good, *keys, "--checkpoint", kept)[1])
        self.assertIn("no signature by a known key", self.run_here(self.good, *keys[:2], "--checkpoint", kept)[1])

    def test_what_is_said_cannot_play_tricks_on_a_terminal(self) -> None:
        claims = [{"code": "\x1b[31m", "statement": "\u202ereversed", "decision": {"rating": "x"}, "claim_review": []}]
        odd = self.put("odd.json", bundles.bundle(bundles.publication(claims), published=bundles.shown(0, claims)))
        status, said = self.run_here(odd, "--key", KEY.verifier.format())
        self.assertEqual(status, 0)
        self.assertIn("claim ?[31m: “?reversed”\n  rating: not stated\n  page: not stated\n", said)

    def test_the_file_alone_is_all_there_is_to_it(self) -> None:
        """Handed out with its key, in a folder of its own, with no package near, and where nothing but ASCII prints."""
        pinned = f"PINNED: tuple[str, ...] = ({KEY.verifier.format()!r},)"
        text, count = re.subn(r"^PINNED: tuple\[str, \.\.\.\] = \(\)$", pinned, SOURCE.read_text("utf-8"), flags=re.M)
        self.assertEqual(count, 1)
        self.put("verify.py", text.encode())
        for environment, quotes in ({"PYTHONIOENCODING": "ascii"}, "?"), ({"PYTHONIOENCODING": "utf-8"}, "“"):
            for name, status in (("good.json", 0), ("none.json", 1)):
                done = subprocess.run(
                    [sys.executable, "-S", "-W", "error", "verify.py", name],
                    cwd=self.folder, env={**os.environ, "PYTHONPATH": "", **environment},
                    capture_output=True, check=False,
                )  # fmt: skip
                self.assertEqual((done.returncode, done.stderr), (status, b""))
                self.assertIn(quotes.encode() if status == 0 else b"NOT PROVEN", done.stdout)

    def test_is_of_the_standard_library_and_of_python_3_8(self) -> None:
        tree = ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 8))
        names = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            )
        }  # fmt: skip
        self.assertEqual(names - sys.stdlib_module_names, set())
