"""Word-level differences: nothing of either text is lost, whatever the texts are, and never do they take long."""

from __future__ import annotations

import time
from unittest import TestCase, mock

from hypothesis import given
from hypothesis import strategies as st

from claims.admin.differences import (
    CONTEXT,
    GONE,
    LONGEST,
    MOST,
    NEW,
    SAME,
    Run,
    differences,
    list_differences,
    shortened,
)

WORDS = st.lists(
    st.sampled_from(["the", "harbour", "was", "closed", ".", ",", " ", "\n", "9.5", "人", "の"]), max_size=40
)
TEXTS = st.one_of(WORDS.map("".join), WORDS.map(" ".join), st.text(max_size=60))


def marked(before: str, after: str) -> str:
    """As wdiff writes it."""
    form = {SAME: "{}", GONE: "[-{}-]", NEW: "{{+{}+}}"}
    return "".join(form[run.kind].format(run.seen) for run in differences(before, after))


def joined(runs: tuple[Run, ...], kind: str) -> str:
    return "".join(run.text for run in runs if run.kind in (SAME, kind))


class Properties(TestCase):
    @given(TEXTS, TEXTS)
    def test_what_is_kept_and_new_is_the_after_text_and_what_is_kept_and_gone_the_before(self, a: str, b: str) -> None:
        runs = differences(a, b)
        self.assertEqual(joined(runs, GONE), a)
        self.assertEqual(joined(runs, NEW), b)
        self.assertTrue(all(run.text for run in runs))

    @given(TEXTS)
    def test_a_text_does_not_differ_from_itself(self, text: str) -> None:
        self.assertEqual({run.kind for run in differences(text, text)}, {SAME} if text else set())

    @given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
    def test_lists_are_compared_item_by_item(self, a: list[str], b: list[str]) -> None:
        runs = list_differences(a, b)
        self.assertEqual([run.text for run in runs if run.kind != NEW], a)
        self.assertEqual([run.text for run in runs if run.kind != GONE], b)

    @given(TEXTS, TEXTS)
    def test_shortening_changes_the_length_alone(self, a: str, b: str) -> None:
        runs = differences(a, b)
        cut = shortened(runs)
        self.assertEqual([run.kind for run in cut], [run.kind for run in runs])
        self.assertTrue(all(short == run for short, run in zip(cut, runs, strict=True) if len(run.text) <= CONTEXT))

    @given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
    def test_long_texts_lose_nothing_either(self, parts: list[tuple[str, str]]) -> None:
        """With room for so few words that they are compared by sentences, or not at all."""
        before, after = ("".join(f"{pair[side]}. The same. " for pair in parts) for side in (0, 1))
        with mock.patch("claims.admin.differences.MOST", 6):
            runs = differences(before, after)
        self.assertEqual((joined(runs, GONE), joined(runs, NEW)), (before, after))


class Examples(TestCase):
    def test_words_are_marked_whole(self) -> None:
        for before, after, expected in (
            ("The works cost 9.5 million.", "The works cost 9.6 million.", "The works cost [-9.5-]{+9.6+} million."),
            ("It was closed.", "It was never closed.", "It was {+never +}closed."),
            ("The old red crane was sold", "The new blue crane was sold", "The [-old red-]{+new blue+} crane was sold"),
            ("one\ntwo", "one two", "one[-↵-]{+␣+}two"),
            ("人の前に", "人の後に", "人の[-前-]{+後+}に"),
            ("", "New.", "{+New.+}"),
            ("Old.", "", "[-Old.-]"),
            ("Naïve café", "Naïve cafés", "Naïve [-café-]{+cafés+}"),
        ):
            with self.subTest(after):
                self.assertEqual(marked(before, after), expected)

    def test_texts_with_little_in_common_are_one_gone_and_one_new(self) -> None:
        before, after = "The harbour was closed on 3 May.", "Nobody saw ships on that morning, or so they say."
        self.assertEqual([run.kind for run in differences(before, after)], [GONE, NEW])

    def test_a_change_in_a_long_text_is_found_in_its_sentence(self) -> None:
        sentences = [f"Crane number {n} was sold in June." for n in range(1_000)]
        before = " ".join(sentences)
        sentences[3] = "Crane number 3 was sold in July."
        sentences[990] = "Crane number 990 was bought in June."
        runs = differences(before, " ".join(sentences))
        self.assertEqual([run.text for run in runs if run.kind != SAME], ["June", "July", "sold", "bought"])

    def test_long_texts_are_shown_around_their_changes(self) -> None:
        runs = shortened((Run(SAME, "a" * 1_000), Run(GONE, "b" * 1_000), Run(SAME, "c" * 1_000), Run(NEW, "d")))
        lengths = [len(run.text) for run in runs]
        self.assertLessEqual(max(lengths), LONGEST + 30)
        self.assertTrue(runs[0].text.endswith(" … " + "a" * CONTEXT))
        self.assertEqual(runs[2].text, "c" * CONTEXT + " … " + "c" * CONTEXT)
        self.assertEqual(runs[1].text, "b" * LONGEST + " … (1,000 characters)")


class Bounds(TestCase):
    def test_no_two_texts_take_long(self) -> None:
        many = 20_000
        for name, before, after in (
            ("one word over and over", "a " * many, "a " * (many - 5) + "b "),
            ("few words", "a b c d e " * many, "e d c b a " * many),
            ("many words, each of them rare", *(" ".join(str(n * m % 1_499) for n in range(MOST)) for m in (7, 11))),
            ("many sentences", ". ".join(str(n % 7) for n in range(many)), ". ".join(str(n % 5) for n in range(many))),
            ("no spaces", "x" * 200_000, "y" * 200_000),
            ("white space", " " * many + "\n", "\n" + " " * many),
        ):
            with self.subTest(name):
                begun = time.monotonic()
                runs = differences(before, after)
                self.assertLess(time.monotonic() - begun, 2)
                self.assertEqual((joined(runs, GONE), joined(runs, NEW)), (before, after))

    def test_long_lists_are_one_after_the_other(self) -> None:
        runs = list_differences(["a"] * (MOST + 1), ["a"])
        self.assertEqual([run.kind for run in runs], [GONE] * (MOST + 1) + [NEW])
