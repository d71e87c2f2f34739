"""A quote is found with its context, follows its text, and is never silently taken for a look-alike."""

import random
from unittest import TestCase

from hypothesis import assume, given
from hypothesis import strategies as st

from claims.anchoring import (
    AnchorStatus,
    OffsetsOutOfRange,
    QuoteAmbiguous,
    QuoteNotFound,
    Selector,
    describe,
    find,
    locate,
    reanchor,
)

BEFORE = "The council met on Tuesday in the old town hall. "
QUOTE = "Two members voted against the budget."
AFTER = " Nobody spoke for long, and the hall was empty by nine."
TEXT = BEFORE + QUOTE + AFTER
SELECTOR = describe(TEXT, len(BEFORE), len(BEFORE) + len(QUOTE))


class Spans(TestCase):
    @given(st.text(st.sampled_from("ab c\n"), min_size=1, max_size=60), st.data())
    def test_a_described_span_is_found_and_stays_exact(self, text: str, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        assume(text[start:end].strip())
        selector = describe(text, start, end)
        self.assertIn(selector, find(text, selector.exact, selector.prefix, selector.suffix))
        self.assertEqual(reanchor(selector, text).status, AnchorStatus.EXACT)
        self.assertEqual(reanchor(selector, text).selector, selector)

    @given(st.text(st.sampled_from("ab"), max_size=40), st.text(st.sampled_from("ab"), min_size=1, max_size=6))
    def test_every_overlapping_place_is_found(self, text: str, quote: str) -> None:
        expected = [at for at in range(len(text)) if text.startswith(quote, at)]
        self.assertEqual([found.start for found in find(text, quote)], expected)

    @given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
    def test_nothing_crashes(self, text: str, quote: str, new_text: str) -> None:
        found = reanchor(Selector(3, 3 + len(quote), quote, "ab", "cd"), new_text)
        self.assertEqual(found.selector is None, found.status is AnchorStatus.ORPHANED)
        self.assertEqual(found.score is not None, found.status is AnchorStatus.FUZZY)

    def test_offsets_out_of_range_are_refused(self) -> None:
        for start, end in ((-1, 2), (2, 2), (3, 2), (0, len(TEXT) + 1), (3, 4)):
            with self.assertRaises(OffsetsOutOfRange):
                describe(TEXT, start, end)


class Locating(TestCase):
    def test_context_settles_a_repeated_quote(self) -> None:
        text = "First he ran. Then she ran."
        self.assertEqual(locate(text, "ran", prefix="she ").start, 23)
        with self.assertRaises(QuoteAmbiguous) as refused:
            locate(text, "ran")
        self.assertEqual(
            ([found.start for found in refused.exception.candidates], refused.exception.total), ([9, 23], 2)
        )

    def test_candidates_are_bounded_and_counted(self) -> None:
        with self.assertRaises(QuoteAmbiguous) as refused:
            locate("la " * 100, "la")
        self.assertEqual((len(refused.exception.candidates), refused.exception.total), (20, 100))

    def test_a_missing_quote_names_the_nearest(self) -> None:
        with self.assertRaises(QuoteNotFound) as refused:
            locate(TEXT, "Two members voted against a budget.")
        assert refused.exception.nearest is not None
        self.assertEqual(refused.exception.nearest.exact, QUOTE)
        with self.assertRaises(QuoteNotFound) as refused:
            locate(TEXT, "Zebra quilts fly")
        self.assertIsNone(refused.exception.nearest)


class Reanchoring(TestCase):
    @given(st.text(st.characters(categories=["L", "N", "P", "Z"]), min_size=1, max_size=80))
    def test_text_inserted_far_before_moves_it(self, inserted: str) -> None:
        assume(QUOTE not in inserted)
        found = reanchor(SELECTOR, inserted + TEXT)
        self.assertEqual(found.status, AnchorStatus.MOVED)
        assert found.selector is not None
        self.assertEqual((found.selector.start, found.selector.exact), (SELECTOR.start + len(inserted), QUOTE))

    @given(
        st.integers(0, 200),
        st.sampled_from([QUOTE, QUOTE.replace("Two", "Ten"), QUOTE.replace("against", "for")]),
    )
    def test_a_look_alike_is_never_taken_silently(self, at: int, look_alike: str) -> None:
        rest = BEFORE + AFTER.strip()
        found = reanchor(SELECTOR, rest[: at % len(rest)] + " " + look_alike + " " + rest[at % len(rest) :])
        if found.selector and found.selector.exact == QUOTE and found.selector.prefix == SELECTOR.prefix:
            assume(found.selector.suffix != SELECTOR.suffix)
        self.assertIn(found.status, (AnchorStatus.FUZZY, AnchorStatus.ORPHANED))

    def test_a_quote_that_stands_elsewhere_too_stays_exact(self) -> None:
        self.assertEqual(reanchor(SELECTOR, TEXT + " " + TEXT).status, AnchorStatus.EXACT)

    def test_two_agreeing_places_wait_for_a_person(self) -> None:
        found = reanchor(SELECTOR, "New. " + TEXT + " " + TEXT)
        self.assertEqual((found.status, found.score), (AnchorStatus.FUZZY, 1.0))

    def test_an_edited_quote_is_fuzzy_with_whole_words(self) -> None:
        found = reanchor(SELECTOR, TEXT.replace("Two members", "Three members"))
        assert found.selector is not None and found.score is not None
        self.assertEqual((found.status, found.selector.exact), (AnchorStatus.FUZZY, QUOTE.replace("Two", "Three")))
        self.assertTrue(0.6 <= found.score < 1)

    def test_changed_context_scores_high(self) -> None:
        found = reanchor(SELECTOR, "Quite another text. " + QUOTE + " With another end.")
        self.assertEqual(found.status, AnchorStatus.FUZZY)
        self.assertGreaterEqual(found.score or 0, 0.9)

    def test_a_deleted_quote_is_orphaned(self) -> None:
        found = reanchor(SELECTOR, BEFORE + AFTER)
        self.assertEqual((found.status, found.selector, found.score), (AnchorStatus.ORPHANED, None, None))

    def test_a_changed_quote_is_found_at_the_end_of_a_long_text(self) -> None:
        chance = random.Random(1)
        words = ["".join(chance.choices("abcdefghij", k=6)) for _ in range(2000)]
        text = " ".join(chance.choices(words, k=300_000))
        edited = QUOTE.replace("Two", "Three")
        found = reanchor(SELECTOR, text + BEFORE + edited + AFTER)
        self.assertEqual(found.status, AnchorStatus.FUZZY)
        self.assertEqual(found.selector and found.selector.start, len(text + BEFORE))
