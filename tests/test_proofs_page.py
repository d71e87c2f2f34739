"""The verifier as a page: in a real browser, from a file, without a server, judging as the one in Python does."""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
import unittest
from pathlib import Path
from typing import Any

from django.test import SimpleTestCase
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from claims.proofs import verifier
from claims.proofs.signing import sign_checkpoint, sign_note
from claims.proofs.verifier import NotProven
from tests import bundles, test_proofs_verifier
from tests.bundles import KEY, OTHER_KEY

PAGE = Path(verifier.__file__).with_name("verify.html")
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1000,1000")  # fmt: skip
PATIENCE = 15
KNOWN = KEY.verifier.format()
# Judge many files with the page's own functions: what is wrong with each, or null.
JUDGE = """
const [texts, files, done] = arguments;
(async () => {
  const keys = await Promise.all(texts.map(parseKey)), said = [];
  for (const file of files) {
    try { await verifyBundle(Uint8Array.from(atob(file), c => c.charCodeAt(0)), keys); said.push(null); }
    catch (problem) { said.push(problem instanceof NotProven ? problem.message : "!" + problem); }
  }
  done(said);
})();
"""
SIGNATURES = """
const [cases, done] = arguments;
const bytes = text => Uint8Array.from(text.match(/../g) || [], pair => parseInt(pair, 16));
Promise.all(cases.map(parts => ownEd25519(...parts.map(bytes)))).then(done);
"""


class ThePage(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if not (Path(CHROMIUM).exists() and Path(DRIVER).exists()) and not os.environ.get("FACTCHECK_REQUIRE_ALL"):
            raise unittest.SkipTest("There is no Chromium with its driver here.")
        super().setUpClass()
        profile = cls.enterClassContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        cls.browser = webdriver.Chrome(options=options, service=Service(DRIVER))
        cls.addClassCleanup(cls.browser.quit)
        cls.browser.set_script_timeout(120)

    def setUp(self) -> None:
        self.chosen = 0
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.open(f'const PINNED = ["{KNOWN}"];')

    def tearDown(self) -> None:
        self.assertEqual([entry["message"] for entry in self.browser.get_log("browser")], [])

    def open(self, pinned: str) -> None:
        text, count = re.subn(r"^const PINNED = \[\];$", lambda _: pinned, PAGE.read_text("utf-8"), flags=re.M)
        self.assertEqual(count, 1)
        page = self.folder / "verify.html"
        page.write_text(text, "utf-8")
        self.browser.get(page.as_uri())

    def choose(self, data: bytes) -> str:
        self.chosen += 1  # a browser does not notice when the same file is chosen again
        path = self.folder / f"bundle-{self.chosen}.json"
        path.write_bytes(data)
        self.browser.execute_script("document.getElementById('result').replaceChildren()")
        self.browser.find_element(By.ID, "file").send_keys(str(path))
        return self.answer()

    def press(self) -> str:
        self.browser.execute_script("document.getElementById('result').replaceChildren()")
        self.browser.find_element(By.CSS_SELECTOR, "button").click()
        return self.answer()

    def fill(self, name: str, text: str) -> None:
        self.browser.execute_script("document.querySelector('details').open = true")
        self.browser.execute_script("document.getElementById(arguments[0]).value = arguments[1]", name, text)

    def answer(self) -> str:
        result = self.browser.find_element(By.ID, "result")
        return str(WebDriverWait(self.browser, PATIENCE).until(lambda _: result.text))

    def judged(self, files: list[bytes], keys: list[str] | None = None) -> list[str | None]:
        said: list[str | None] = self.browser.execute_async_script(
            JUDGE, keys or [KNOWN], list(map(bundles.b64, files))
        )
        self.assertEqual([s for s in said if s and s.startswith("!")], [])
        return said

    def test_a_true_proof_from_a_file(self) -> None:
        said = self.choose(bundles.published_bundle())
        self.assertEqual(
            said.splitlines(),
            [
                "✔ Proven", "Claim", "Ships came in on day 2 – “all” of them.", "Rating", "True",
                "Number of the claim", "C-2", "Page", "https://desk.example/c2", "Version", "3",
                "Published", "2025-11-22T20:51:00.000001Z (UTC)",
                "By", "desk.example/trail", "after.note", "opened",
                "Place in the trail", "event 3 (index 2) of the 3 below the signed root",
                "Not part of this proof", "what was changed or put right after that checkpoint",
            ],
        )  # fmt: skip

    def test_a_changed_one_is_not_proven_and_why(self) -> None:
        changed = bundles.published_bundle().replace(b"False", b"Falsf").replace(b'\\"True\\"', b'\\"Trve\\"')
        self.assertEqual(
            self.choose(changed).splitlines(),
            ["✘ Not proven", "What is wrong", "The claim is not among those that the event published."],
        )
        self.assertIn("This is not a JSON object in canonical form.", self.choose(bundles.published_bundle() + b"\n"))

    def test_pasted_text(self) -> None:
        self.assertIn("Choose a proof file, or paste its text.", self.press())
        self.fill("text", bundles.bundle().decode() + "\n")
        self.assertIn("✔ Proven\nRecorded\nclaim.triage\nWhen\n", self.press())
        self.fill("text", bundles.bundle().decode().replace("claim.triage", "claim.triagf"))
        self.assertIn("✘ Not proven\nWhat is wrong\nThe path of hashes does not lead to the tree's root.", self.press())

    def test_a_checkpoint_that_was_kept(self) -> None:
        proven = verifier.verify_bundle(bundles.published_bundle(), [KEY.verifier]).checkpoint
        for size, root, said in (
            (3, proven.root, "The checkpoint that you kept\nIt is of the same tree."),
            (
                4,
                proven.root,
                "It covers 4 events, the proof's 3: whether one continues the other only a consistency proof",
            ),
            (3, bytes(32), "✘ Not proven\nWhat is wrong\nA FORK: two different trees of the same size were signed."),
        ):
            self.fill("kept", sign_checkpoint(bundles.ORIGIN, size, root, [KEY]))
            with self.subTest(said):
                self.assertIn(said, self.choose(bundles.published_bundle()))

    def test_keys(self) -> None:
        self.assertEqual(self.browser.find_element(By.ID, "keys").text, KNOWN)
        other = bundles.bundle(key=OTHER_KEY)
        self.assertIn("The bundle's key is none of the known keys.", self.choose(other))
        self.fill("key", OTHER_KEY.verifier.format())
        self.assertIn("✔ Proven", self.choose(other))
        self.fill("key", "nonsense")
        self.assertIn("The key is not the base64 that belongs there.", self.choose(other))
        self.open("const PINNED = [];")
        self.assertEqual(self.browser.find_element(By.ID, "keys").text, "none")
        self.assertIn("This page knows no key", self.choose(other))

    def test_text_stays_text(self) -> None:
        claims = [{"code": "<img src=x onerror=alert(1)>", "statement": "\u202e<b>bold</b>"}]
        said = self.choose(bundles.bundle(bundles.publication(claims), published=bundles.shown(0, claims)))
        self.assertIn("Claim\n\ufffd<b>bold</b>\nRating\nnot stated\n", said)
        self.assertIn("<img src=x onerror=alert(1)>", said)
        self.assertEqual(self.browser.find_elements(By.CSS_SELECTOR, "#result img, #result b"), [])

    def test_for_everybody(self) -> None:
        """Every field has a label, the result is announced, and it is told in words and by a sign."""
        for field in self.browser.find_elements(By.CSS_SELECTOR, "input, textarea"):
            labels = self.browser.execute_script("return arguments[0].labels.length", field)
            self.assertEqual(labels, 1, field.get_attribute("id"))
        result = self.browser.find_element(By.ID, "result")
        self.assertEqual((result.get_attribute("role"), result.get_attribute("aria-live")), ("status", "polite"))
        self.assertEqual(self.browser.find_element(By.TAG_NAME, "html").get_attribute("lang"), "en")

    def test_the_page_is_one_file_with_one_script(self) -> None:
        text = PAGE.read_text("utf-8")
        self.assertEqual((text.count("<script>"), text.count("<script"), text.count("<style>")), (1, 1, 1))
        self.assertIsNone(re.search(r'\ssrc=|\shref=|\son\w+="|\sstyle="|https?://|@import|url\(', text))

    def test_signatures_are_judged_by_the_page_itself(self) -> None:
        vectors = test_proofs_verifier.Signatures
        cases = [list(vector) for vector in vectors.VECTORS]
        wrong = [[public, message + "00", signature] for public, message, signature in vectors.VECTORS]
        s = int.from_bytes(bytes.fromhex(cases[2][2])[32:], "little") + vectors.ORDER
        wrong.append([cases[2][0], cases[2][1], cases[2][2][:64] + s.to_bytes(32, "little").hex()])
        base = "58" + "66" * 31
        wrong += [[small, "", base + "01" + "00" * 31] for small in vectors.SMALL]
        wrong += [[small, "", small + "00" * 32] for small in vectors.SMALL]
        wrong += [["02" + "00" * 31, "", cases[0][2]], [cases[0][0], "", ""], ["", "", cases[0][2]]]
        said = self.browser.execute_async_script(SIGNATURES, [*cases, *wrong])
        self.assertEqual(said, [True] * len(cases) + [False] * len(wrong))
        ask = "return arguments[0].map(text => point(text.match(/../g).map(pair => parseInt(pair, 16))) === null)"
        none = [verifier._point(bytes.fromhex(text)) is None for text in vectors.SMALL]
        self.assertEqual(self.browser.execute_script(ask, vectors.SMALL), none)

    def test_judges_as_the_verifier_in_python(self) -> None:
        files = [*damaged(), *odd_events(), *odd_values(), *odd_proofs(), *odd_publications()]
        files += [
            bundles.bundle(index=index, size=size) for size in (1, 2, 5, 8, 9) for index in {0, size // 2, size - 1}
        ]
        files += [b"", b"[]", b"null", b'{"a":1,"a":1}', b'{"a":-0}', b'{"a":1e2}', b'\xef\xbb\xbf{"a":1}', b"\xff",
                  b'{"__proto__":1}', b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", b"[" * 100_000]  # fmt: skip
        said = self.judged(files)
        for data, page in zip(files, said, strict=True):
            self.assertEqual(page is None, proven(data), f"{page}: {data[:200]!r}")
        self.assertGreater(sum(page is None for page in said), 15)


def proven(data: bytes) -> bool:
    try:
        verifier.verify_bundle(data, [KEY.verifier])
    except NotProven:
        return False
    return True


def damaged() -> list[bytes]:
    """Some of the single-bit changes and truncations of a file."""
    whole, chance = bundles.published_bundle(), random.Random(7)
    files = [whole[:at] for at in chance.sample(range(len(whole)), 60)]
    for at in chance.sample(range(len(whole)), 300):
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        files.append(bytes(changed))
    return files


def odd_events() -> list[bytes]:
    """Bundles of events that may be and that may not be."""
    events: list[dict[str, Any]] = [
        {"at": "2025-02-29T20:51:00.000001Z"}, {"at": "0000-01-01T00:00:00.000000Z"}, {"n": 1}, {"v": 2}, {"more": 1},
        {"at": "2025-11-22T24:00:00.000000Z"}, {"reason": {}}, {"stream": "article/0"}, {"outside": 0}, {"prev": ""},
        {"after": {"A": 1}}, {"after": {"a": [1]}}, {"after": {"a": {}}}, {"after": {"é": 1}}, {"actor": None},
        {"at": "2024-02-29T23:59:59.999999Z"}, {"after": {"a": -3, "b": "\u2028😀\x7f"}}, {"before": None},
        {"db_role": "ä\"\\\n\x01"}, {"request": "\0"}, {"at": "0099-12-31T00:00:00.000000Z"},
    ]  # fmt: skip
    return [bundles.bundle(bundles.event(**changes)) for changes in events]


def odd_proofs() -> list[bytes]:
    """Bundles with other things than one signed checkpoint in them, or a path of another length."""
    proof = json.loads(bundles.bundle())["proof"]
    head, _, note = proof.partition("\n\n")
    line = note.splitlines()[-1] + "\n"
    leaf = verifier.leaf_hash(bundles.compact(bundles.event()).encode())
    other = sign_note(f"other.example\n1\n{bundles.b64(leaf)}\n", [KEY])
    alone = sign_checkpoint(bundles.ORIGIN, 1, leaf, [KEY])
    proofs = [
        proof + line, proof + line.replace("desk", "dusk"), proof + "more\n", proof + "more", proof[:-1], head, note,
        f"{head}\n\n\n{note}", f"{head}\n{note}", f"{head}\nAAAA\n\n{note}", head.rsplit("\n", 1)[0] + f"\n\n{note}",
        f"c2sp.org/tlog-proof@v1\nindex 0\n\n{other}", f"c2sp.org/tlog-proof@v1\nindex 0\n\n{alone}",
        f"c2sp.org/tlog-proof@v1\nindex 1\n\n{alone}", f"c2sp.org/tlog-proof@v1\nindex -0\n\n{alone}",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{bundles.b64(leaf)}\n\n{alone}", proof.replace("\n", "\r\n"),
    ]  # fmt: skip
    return [bundles.bundle(proof=proof) for proof in proofs]


def odd_publications() -> list[bytes]:
    """Bundles with claims that were not published so, or not at all."""
    made, published = bundles.publication(), bundles.shown(1)
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"a": deep}
    root = verifier.leaf_hash(bundles.compact(deep).encode()).hex()
    alone = {"claim": bundles.compact(deep), "index": 0, "path": [], "size": 1}
    pairs = [
        ({**made, "object": {"id": 9, "parent": None, "type": "claim"}}, published),
        ({**made, "before": {}}, published), (made, {**published, "path": []}),
        (made, {**published, "path": published["path"] * 2}),
        (made, {**published, "index": 0}), (made, {**published, "size": 4}), (bundles.event(), published),
        (bundles.publication(after={"claims_count": 1, "claims_root": root}), alone),
        (bundles.publication([{"a": {"b": ["c"]}}]), bundles.shown(0, [{"a": {"b": ["c"]}}])),
    ]  # fmt: skip
    return [bundles.bundle(event, published=shown) for event, shown in pairs]


def odd_values() -> list[bytes]:
    """A bundle with each of its values replaced by others."""
    values = (None, True, 0, 1, 3, 4, -1, 1.0, 1.5, "", "x", [], ["x"], {}, {"x": 1}, 2**53, "\0", [[[]]])
    whole = json.loads(bundles.published_bundle())
    files = []
    for value in values:
        files += [{**whole, name: value} for name in whole]
        files += [{**whole, "published": {**whole["published"], name: value}} for name in whole["published"]]
        files += [{**whole, "openings": {"after.note": value}}, {**whole, "openings": {"after.note": {"salt": value}}}]
    return [bundles.compact(file).encode() for file in files]
