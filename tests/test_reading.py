"""Bytes into a Reading: what stands in the text is found, what does not is left empty and said."""

import hashlib
import os
from datetime import date
from pathlib import Path
from unittest import SkipTest, TestCase

from hypothesis import given
from hypothesis import strategies as st

from claims.importers.masthead import RepublishedFrom, parse_date
from claims.importers.text import MAX_BYTES, Reading, UnreadableText, read
from claims.segmenting import BlockKind, LinkStatus

ARTICLE = Path(__file__).resolve().parents[2] / "shared" / "articles" / "why-peace-talks-but-no-peace.txt"
MARKED = st.text(st.sampled_from(list("aB1 *_[]()!#>-.,“”\\\n\n\r\f")), min_size=1, max_size=200)


def reading(text: str) -> Reading:
    return read(text.encode(), "text/markdown")


def kinds(found: Reading) -> list[tuple[str, str]]:
    return [(block.kind.value, found.text[block.start : block.end].strip()) for block in found.blocks]


class Properties(TestCase):
    @given(st.one_of(MARKED, st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)))
    def test_blocks_and_links_fit_the_text(self, text: str) -> None:
        try:
            found = reading(text)
        except UnreadableText as refused:
            self.assertIn(refused.code, {"empty", "bad_characters"})
            return
        self.assertEqual("".join(found.text[block.start : block.end] for block in found.blocks), found.text)
        self.assertEqual(found, read(text.encode(), "text/plain"))
        self.assertEqual(found.text, found.text.strip())
        for link in found.links:
            self.assertTrue(link.text.strip())
            self.assertEqual(found.text[link.start : link.end], link.text)


class Refusals(TestCase):
    def test_each_has_its_code(self) -> None:
        for raw, code in (
            (b"", "empty"),
            (b" \n\f\n", "empty"),
            ("\ufeff".encode(), "empty"),
            (b"a" * (MAX_BYTES + 1), "too_long"),
            (b"\x89PNG\r\n\x1a\n\0\0\xff", "binary"),
            (b"bell \x07", "binary"),
            (b"one\0two", "nul"),
            ("Grüße".encode("latin-1"), "not_utf8"),
            ("Text".encode("utf-16"), "not_utf8"),
            ("dash \x96".encode(), "bad_characters"),
        ):
            with self.assertRaises(UnreadableText) as refused:
                read(raw, "text/plain")
            self.assertEqual(refused.exception.code, code, raw[:20])
            self.assertTrue(str(refused.exception).endswith("."))
        with self.assertRaises(UnreadableText) as refused:
            read(b"Text", "application/pdf")
        self.assertEqual(refused.exception.code, "unsupported_media_type")


class Markup(TestCase):
    def test_line_ends_marks_and_page_breaks(self) -> None:
        raw = "\ufeff\r\n\r\nOne.\r\rTwo.\f\n\n\nThree.\n".encode()
        found = read(raw, "text/plain")
        self.assertEqual(found.text, "One.\n\nTwo.\n\nThree.")
        self.assertEqual(found.source_sha256, hashlib.sha256(raw).hexdigest())
        self.assertEqual(found.sha256, hashlib.sha256(found.text.encode()).hexdigest())

    def test_links(self) -> None:
        found = reading(
            "She [said](#) it, [he](https://example.org/a_(b)) [did](javascript:x), **[both](/here)**; [] and []()."
        )
        self.assertEqual(found.text, "She said it, he did, both; [] and []().")
        self.assertEqual(
            [(link.text, link.target, link.status) for link in found.links],
            [
                ("said", "", LinkStatus.MISSING),
                ("he", "https://example.org/a_(b)", LinkStatus.PRESENT),
                ("did", "", LinkStatus.MISSING),
                ("both", "", LinkStatus.MISSING),
            ],
        )

    def test_a_link_that_opens_the_text_with_a_space_keeps_its_place(self) -> None:
        found = reading("[ said](#) so")
        (link,) = found.links
        self.assertEqual((found.text, link.text, link.start, link.end), ("said so", "said", 0, 4))

    def test_what_is_no_markup_stays(self) -> None:
        for text in (
            "The [Turkish] delegate want[s] it, [x] (y), 2 * 3 * 4, 5*3*2 and snake_case_name.",
            "See <https://example.org/a_b_c> or https://example.org/_x_.",
            "An asterisk* and another*.",
        ):
            found = reading(text)
            self.assertEqual((found.text, found.links), (text, ()))

    def test_emphasis_goes(self) -> None:
        self.assertEqual(reading("In *The Paper*, _so_ **very** ***loud***.").text, "In The Paper, so very loud.")

    def test_block_marks(self) -> None:
        found = reading(
            "# Title\n\nBody of it.\n\n## Part ##\n> Quoted\n> twice.\n\n- one\n- two\n1. three\n\n![a boat](b.png)"
        )
        self.assertEqual(
            kinds(found),
            [
                ("heading", "Title"),
                ("paragraph", "Body of it."),
                ("heading", "Part"),
                ("quote", "Quoted\ntwice."),
                ("list_item", "one"),
                ("list_item", "two"),
                ("list_item", "three"),
                ("caption", "a boat"),
            ],
        )

    def test_shapes_that_invite_backtracking_are_read_whole(self) -> None:
        for text in ("[" * 90_000, "[](" * 30_000, "*a " * 60_000, "[a](b" * 18_000, '[a](x "' * 18_000):
            with self.subTest(text[:8]):
                read = reading(text)
                self.assertEqual("".join(read.text[b.start : b.end] for b in read.blocks), read.text)
                self.assertEqual(len(read.text.replace(" ", "")), len(text.replace(" ", "")))


class Kinds(TestCase):
    def test_headings_quotations_transcripts_and_captions(self) -> None:
        body = [
            ("paragraph", "The river rose on Monday and nobody was told."),
            ("heading", "Who Knew?"),
            ("paragraph", "Who knew of the flood before it came?"),
            ("paragraph", "The mayor wrote that,"),
            ("quote", "We had no word of it at all."),
            ("paragraph", "But the engineer was angry:"),
            ("quote", "“They had my letter.”"),
            ("caption", "Photo: Anna Berg"),
            ("quote", "Madam Mayor, I have a question on the dam."),
            ("quote", "Eva Holm: Please ask."),
            ("quote", "Olof Lind: Who closed it?"),
            ("paragraph", "There were two reasons:"),
            ("paragraph", "The first was money."),
        ]
        self.assertEqual(kinds(reading("\n\n".join(text for _, text in body))), body)

    def test_a_cut_line_is_no_heading(self) -> None:
        found = reading("It rained all week long.\n\nThe river had\n\nrisen by noon. So it went.")
        self.assertEqual({kind for kind, _ in kinds(found)}, {"paragraph"})
        self.assertEqual(len(found.sentences), 3)


class Mastheads(TestCase):
    def test_a_markdown_article(self) -> None:
        found = reading(
            "# The Flood\n\n*It came at night.*\n\nBy Jane Doe\n\nExample Post, 3 May 2024\n\nThe river rose. It fell."
        )
        self.assertEqual(
            (found.title, found.byline, found.publisher, found.published_on, found.republished_from),
            ("The Flood", "Jane Doe", "Example Post", date(2024, 5, 3), None),
        )
        self.assertEqual(
            [kind for kind, _ in kinds(found)],
            ["heading", "paragraph", "boilerplate", "boilerplate", "paragraph"],
        )

    def test_nothing_is_guessed(self) -> None:
        found = reading("The river rose on Monday.\n\nIt fell on Tuesday.")
        self.assertEqual((found.title, found.byline, found.publisher, found.published_on), ("", "", "", None))
        self.assertTrue(any("title could not be told" in line for line in found.report))

    def test_two_publishers_without_an_original_are_left_open(self) -> None:
        text = (
            "The Flood\n\nBy Jane Doe\n\nExample Post, May 5, 2024\n\nThe Daily Example 3 May 2024\n\nThe river rose."
        )
        found = reading(text)
        self.assertEqual((found.republished_from, found.publisher, found.published_on), (None, "", None))
        self.assertTrue(any("Two publishers" in line for line in found.report))
        marked = reading(text + "\n\nThe original source of this article is [The Daily Example](https://example.org/1)")
        self.assertEqual((marked.publisher, marked.published_on), ("Example Post", date(2024, 5, 5)))
        original = RepublishedFrom("The Daily Example", "https://example.org/1", date(2024, 5, 3))
        self.assertEqual(marked.republished_from, original)

    def test_closing_boilerplate_and_scene_breaks(self) -> None:
        found = reading(
            "The river rose.\n\n*\n\nIt fell again.\n\n*\n\n"
            "Note to readers: share this.\n\nShe lives in Lund.\n\n© 2024 Post"
        )
        self.assertEqual(
            [kind for kind, _ in kinds(found)],
            ["paragraph", "boilerplate", "paragraph", *["boilerplate"] * 4],
        )
        early = reading("Note to readers: names were changed.\n\nOne came.\n\nTwo came.\n\nThree came.")
        self.assertEqual(early.blocks[-1].kind, BlockKind.PARAGRAPH)

    def test_dates(self) -> None:
        day = date(2023, 8, 18)
        for text in ("August 18, 2023", "18 August 2023", "2023-08-18", "Aug. 18, 2023"):
            self.assertEqual(parse_date(text), day)
        for text in ("31 February 2023", "08/09/2023", "August 2023"):
            self.assertIsNone(parse_date(text))


class TheRealArticle(TestCase):
    found: Reading

    @classmethod
    def setUpClass(cls) -> None:
        if not ARTICLE.exists():
            if os.environ.get("FACTCHECK_REQUIRE_ALL") == "1":
                raise AssertionError(f"{ARTICLE.name} is required and is not there.")
            raise SkipTest("The shared article is not there.")
        cls.found = read(ARTICLE.read_bytes(), "text/plain")

    def test_provenance(self) -> None:
        found = self.found
        self.assertEqual((found.title, found.byline), ("Why Peace Talks, but No Peace?", "Ted Snider"))
        self.assertEqual((found.publisher, found.published_on), ("Global Research", date(2023, 8, 18)))
        original = RepublishedFrom("The American Conservative", "", date(2023, 8, 16))
        self.assertEqual(found.republished_from, original)
        self.assertEqual([link.status for link in found.links], [LinkStatus.MISSING] * 48)

    def test_kinds(self) -> None:
        by_kind: dict[str, list[str]] = {}
        for kind, text in kinds(self.found):
            by_kind.setdefault(kind, []).append(text)
        self.assertEqual(
            by_kind["heading"][1:],
            [
                "The First Talks: Belarus",
                "The Second Talks: Bennet",
                "The Third Talks: Istanbul",
                "Why No Peace?",
            ],
        )
        self.assertEqual(len(by_kind["heading"]), 5)
        self.assertEqual(len(by_kind["quote"]), 7)
        self.assertEqual(len(by_kind["caption"]), 1)
        outside = "\n".join(by_kind["boilerplate"])
        for mark in (
            "share button",
            "Newsletter",
            "Disclaimer",
            "Copyright ©",
            "fair use",
            "media inquiries",
            "subtitle",
        ):
            self.assertIn(mark, outside)
        self.assertNotIn("copyright", "\n".join(by_kind["paragraph"]).casefold())

    def test_a_sentence_cut_by_a_page_break_is_one(self) -> None:
        pieces = [self.found.text[piece.start : piece.end] for piece in self.found.sentences]
        cut = [piece for piece in pieces if piece.startswith("If in Moscow")]
        self.assertEqual(len(cut), 1)
        self.assertIn("to hold talks", cut[0])
        self.assertEqual(sum("\n\n" in piece for piece in pieces), 4)
