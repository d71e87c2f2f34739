"""Blocks tile the text; sentences cover it and end where a reader would end them."""

import re
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from claims.segmenting import Block, BlockKind, BlocksDoNotTile, blocks, sentences

PROSE = st.text(st.sampled_from(list("aB1 .,!?…“”\"'()[]\n\n-:é\u00a0\u2028😀")), max_size=200)
TEXTS = st.one_of(st.text(max_size=300), PROSE)


def split(text: str) -> list[str]:
    return [text[found.start : found.end] for found in sentences(text, blocks(text))]


class Properties(TestCase):
    @given(TEXTS)
    def test_blocks_tile_the_text(self, text: str) -> None:
        found = blocks(text)
        self.assertEqual("".join(text[block.start : block.end] for block in found), text)
        self.assertTrue(all(block.start < block.end for block in found))

    @given(TEXTS)
    def test_sentences_are_ordered_trimmed_and_leave_out_only_whitespace(self, text: str) -> None:
        found = sentences(text, blocks(text))
        at = 0
        for sentence in found:
            self.assertTrue(at <= sentence.start < sentence.end <= len(text))
            self.assertEqual(text[at : sentence.start].strip(), "")
            piece = text[sentence.start : sentence.end]
            self.assertEqual(piece, piece.strip())
            at = sentence.end
        self.assertEqual(text[at:].strip(), "")
        self.assertEqual(found, sentences(text, blocks(text)))

    def test_blocks_that_do_not_tile_are_refused(self) -> None:
        for wrong in ([], [Block(BlockKind.PARAGRAPH, 1, 4)], [Block(BlockKind.PARAGRAPH, 0, 3)]):
            with self.assertRaises(BlocksDoNotTile):
                sentences("Text", wrong)

    def test_input_of_no_sense_is_still_covered(self) -> None:
        for text in (
            "a" * 3_000_000,
            ". " * 500_000,
            "“" * 500_000,
            "[" * 500_000,
            "." * 500_000 + "x",
            '?" A' * 200_000,
        ):
            with self.subTest(text[:8]):
                found = sentences(text, blocks(text))
                self.assertEqual(sum(len(text[s.start : s.end].split()) for s in found), len(text.split()))


class Splitting(TestCase):
    def test_one_sentence(self) -> None:
        for text in (
            "Mr. Hale met Dr. J. K. Moor and Gen. Ott on Feb. 3 for approx. 2.5 hours, e.g. Monday.",
            "Residents of the U.S. State of Ohio voted.",
            "“Why?” he asked.",
            "“Are you coming?” Anna Berg asked on Monday.",
            "The mayor waited ... and then… left.",
            "Rule No. 5 holds.",
            "Is it true – really?",
        ):
            self.assertEqual(split(text), [text])

    def test_several_sentences(self) -> None:
        for expected in (
            ["They left the U.S.", "The trip was long."],
            ["“Stop.", "Go home.”", "Nobody moved."],
            ['He said, "We came.', 'We saw."', "It rained."],
            ["It ended (at last.)", "Then came spring."],
            ["We waited ...", "We waited longer."],
            ["He called it “done.”", "Berg said that it was not."],
            ["She said no.", "Nobody asked again!", "Why?"],
            ["It cost 3.5 million.", "In 2022 it cost less."],
        ):
            self.assertEqual(split(" ".join(expected)), expected)

    def test_a_page_break_does_not_end_a_sentence(self) -> None:
        self.assertEqual(split("It rained. The river had\n\nrisen by noon. It fell."), [
            "It rained.", "The river had\n\nrisen by noon.", "It fell.",
        ])  # fmt: skip
        self.assertEqual(len(split("He said “we met in\n\nParis” twice.")), 1)
        self.assertEqual(len(split("Because of the rain,\n\n“Nobody came” was the headline.")), 1)

    def test_an_introduced_quotation_is_a_sentence_of_its_own(self) -> None:
        for text in ("The mayor said,\n\nWe shall rebuild.", "She was angry:\n\n“We shall not.”"):
            self.assertEqual(split(text), re.split(r"\n\n", text))

    def test_sentences_carry_the_kind_of_their_block(self) -> None:
        text = "Title\n\nBody."
        given_blocks = (Block(BlockKind.HEADING, 0, 7), Block(BlockKind.PARAGRAPH, 7, 12))
        kinds = [found.kind for found in sentences(text, given_blocks)]
        self.assertEqual(kinds, [BlockKind.HEADING, BlockKind.PARAGRAPH])
