"""Figures of agreement: the values published with the methods, and what must hold of any."""

from __future__ import annotations

import unittest
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims.agreement import Metric, cohens_kappa, krippendorffs_alpha, percent_agreement

NOMINAL, ORDINAL = Metric.NOMINAL, Metric.ORDINAL


def units_of(*raters: str) -> list[tuple[Any, ...]]:
    """What each rater gave, unit by unit; a dot is a value that is missing."""
    return list(zip(*([None if v == "." else v for v in rater.split()] for rater in raters), strict=True))


# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A, B and C.
MEG_AND_OWEN = units_of("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
BEN_AND_GERRY = units_of("a a b b d c c c e d d a", "b a b b b c c c e d d d")
FOUR = units_of(
    "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."
)
LIBRARY = {NOMINAL: 0.5686900958466453, ORDINAL: 0.6489384440011399}
# How long a draw takes says something of the machine alone.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Published(unittest.TestCase):
    def test_alpha_of_two_observers_and_two_values(self) -> None:
        self.assertEqual(round(krippendorffs_alpha(MEG_AND_OWEN, NOMINAL), 3), 0.095)

    def test_alpha_of_two_observers_and_any_values(self) -> None:
        self.assertEqual(round(krippendorffs_alpha(BEN_AND_GERRY, NOMINAL), 3), 0.692)

    def test_alpha_of_any_observers_with_values_missing(self) -> None:
        self.assertEqual(round(krippendorffs_alpha(FOUR, NOMINAL), 3), 0.743)
        self.assertEqual(round(krippendorffs_alpha(FOUR, ORDINAL), 3), 0.815)

    def test_alpha_as_the_library_of_that_name_has_it(self) -> None:
        """Of data made up here, by the PyPI package krippendorff 0.9.0."""
        units = units_of("1 1 2 2 3 3 4 4 5 5", "1 2 2 3 3 3 4 5 5 1", ". 1 2 . 3 2 4 4 5 5")
        self.assertAlmostEqual(krippendorffs_alpha(units, NOMINAL), LIBRARY[NOMINAL], 12)
        self.assertAlmostEqual(krippendorffs_alpha(units, ORDINAL), LIBRARY[ORDINAL], 12)

    def test_kappa_by_hand(self) -> None:
        """20 yes and yes, 5 yes and no, 10 no and yes, 15 no and no: 0.7 observed, 0.5 by chance."""
        times = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
        self.assertAlmostEqual(cohens_kappa(times), 0.4)
        self.assertAlmostEqual(percent_agreement(times), 0.7)

    def test_percent_of_more_than_two(self) -> None:
        self.assertEqual(percent_agreement([("a", "a", "b"), ("a", None, None)]), 1 / 3)


class Undefined(unittest.TestCase):
    def test_nothing_to_pair_or_nothing_that_differs_is_none(self) -> None:
        for units in ([], [()], [("a",)], [("a", None), (None, "b")]):
            with self.subTest(units):
                self.assertIsNone(percent_agreement(units))
                self.assertIsNone(krippendorffs_alpha(units, NOMINAL))
                self.assertIsNone(krippendorffs_alpha(units, ORDINAL))
        for units in ([], [("a", None), (None, "b")], [("a", "a"), ("a", "a")]):
            self.assertIsNone(cohens_kappa(units))
        for metric in Metric:
            self.assertIsNone(krippendorffs_alpha([("a", "a"), ("a", "a", "a"), ("b",)], metric))
        self.assertEqual(percent_agreement([("a", "a")]), 1)

    def test_kappa_is_of_two(self) -> None:
        with self.assertRaises(ValueError):
            cohens_kappa([("a", "a", "a")])


values = st.none() | st.integers(0, 4)
some_units = st.integers(2, 4).flatmap(lambda n: st.lists(st.tuples(*[values] * n), max_size=12))


class Properties(unittest.TestCase):
    @settings(UNHURRIED)
    @given(some_units, st.randoms())
    def test_who_is_called_first_and_which_unit_comes_first_is_all_the_same(self, units: Any, dice: Any) -> None:
        renamed = list(range(len(units[0]))) if units else []
        dice.shuffle(renamed)
        mixed = [tuple(unit[at] for at in renamed) for unit in units]
        dice.shuffle(mixed)
        self.assertEqual(percent_agreement(units), percent_agreement(mixed))
        for metric in Metric:
            self.assertEqual(krippendorffs_alpha(units, metric), krippendorffs_alpha(mixed, metric))

    @settings(UNHURRIED)
    @given(some_units, st.permutations(range(5)))
    def test_nominal_values_are_only_names(self, units: Any, names: list[int]) -> None:
        called = [tuple(None if v is None else f"name {names[v]}" for v in unit) for unit in units]
        self.assertEqual(krippendorffs_alpha(units, NOMINAL), krippendorffs_alpha(called, NOMINAL))
        self.assertEqual(percent_agreement(units), percent_agreement(called))

    @settings(UNHURRIED)
    @given(some_units, st.lists(st.integers(1, 50), min_size=5, max_size=5))
    def test_ordinal_values_are_only_their_order_either_way_round(self, units: Any, steps: list[int]) -> None:
        places = [sum(steps[: at + 1]) for at in range(5)]
        stretched = [tuple(None if v is None else places[v] for v in unit) for unit in units]
        turned = [tuple(None if v is None else -v for v in unit) for unit in units]
        self.assertEqual(krippendorffs_alpha(units, ORDINAL), krippendorffs_alpha(stretched, ORDINAL))
        self.assertEqual(krippendorffs_alpha(units, ORDINAL), krippendorffs_alpha(turned, ORDINAL))

    @settings(UNHURRIED)
    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(2, 4)), min_size=1, max_size=12))
    def test_full_agreement_is_one(self, given_to: list[tuple[int, int]]) -> None:
        units = [(value,) * raters for value, raters in given_to]
        differs = len({value for value, _ in given_to}) > 1
        self.assertEqual(percent_agreement(units), 1)
        for metric in Metric:
            self.assertEqual(krippendorffs_alpha(units, metric), 1 if differs else None)
        self.assertEqual(cohens_kappa([unit[:2] for unit in units]), 1 if differs else None)

    @settings(UNHURRIED)
    @given(some_units)
    def test_no_figure_is_above_one_and_a_unit_alone_changes_nothing(self, units: Any) -> None:
        for metric in Metric:
            alpha = krippendorffs_alpha(units, metric)
            self.assertTrue(alpha is None or alpha <= 1)
            self.assertEqual(alpha, krippendorffs_alpha([*units, (4, None), (None, None)], metric))

    @settings(UNHURRIED)
    @given(some_units)
    def test_units_that_are_counted_are_units_that_are_told(self, units: Any) -> None:
        times: dict[tuple[Any, ...], int] = {}
        for unit in units:
            times[unit] = times.get(unit, 0) + 1
        self.assertEqual(percent_agreement(units), percent_agreement(times))
        for metric in Metric:
            self.assertEqual(krippendorffs_alpha(units, metric), krippendorffs_alpha(times, metric))

    @settings(UNHURRIED)
    @given(st.lists(st.tuples(values, values), max_size=12))
    def test_kappa_does_not_mind_who_is_first(self, units: Any) -> None:
        self.assertEqual(cohens_kappa(units), cohens_kappa([(b, a) for a, b in units]))
