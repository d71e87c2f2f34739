"""How far people who judged the same things agree, beyond what chance would give. Pure arithmetic, no Django.

A unit is one thing that was judged: the values its raters gave, None where a rater gave none. Units come one by one,
or as a mapping from each unit to how often it occurs; a desk's million rounds are then a few hundred entries. All
counts are exact fractions until the end, so that no order of units or raters changes a digit.

None as an answer means: undefined. There was nothing to compare, or nothing that could have differed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from typing import Any

Unit = Sequence[Any]
Units = Iterable[Unit] | Mapping[tuple[Any, ...], int]


class Metric(Enum):
    """How far two values are apart: all alike (nominal), or by how many judgements lie between them (ordinal)."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"


def percent_agreement(units: Units) -> float | None:
    """The share, from 0 to 1, of all pairs of values given to the same unit that are equal.

    In: units of any number of raters; values compared by equality. Out: None where no unit has two values. Chance is
    not taken into account: with two outcomes, one of them frequent, the share is high whatever people do.
    """
    pairs = alike = 0
    for values, times in _pairable(units):
        pairs += times * len(values) * (len(values) - 1)
        alike += times * sum(n * (n - 1) for n in Counter(values).values())
    return alike / pairs if pairs else None


def cohens_kappa(units: Units) -> float | None:
    """Cohen's kappa of two raters: 1 is full agreement, 0 what chance gives with the values each of them is given to.

    In: units of exactly two values, the first rater's and the second's; one with a None in it is left out. Out: None
    where no unit has both, or where both gave one and the same value throughout. Raises ValueError for a unit that has
    not two values. Source: Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
    Measurement 20 (1960), 37-46.
    """
    first: Counter[Any] = Counter()
    second: Counter[Any] = Counter()
    alike = total = 0
    for unit, times in _counted(units):
        if len(unit) != 2:
            raise ValueError("Kappa compares two raters: a unit has two values.")
        one, other = unit
        if one is None or other is None:
            continue
        first[one] += times
        second[other] += times
        total += times
        alike += times * (one == other)
    by_chance = sum(n * second[value] for value, n in first.items())
    if total * total == by_chance:  # also where there are no units
        return None
    return float(Fraction(alike * total - by_chance, total * total - by_chance))


def krippendorffs_alpha(units: Units, metric: Metric) -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 what chance gives; below 0, people differ by system.

    In: units of any number of raters, with values missing (None) anywhere; a unit with fewer than two values has
    nothing to pair and is left out. Ordinal values must sort, best or worst first alike. Out: None where nothing is
    pairable, or where every pairable value is the same. Source: Krippendorff, "Computing Krippendorff's
    Alpha-Reliability" (University of Pennsylvania, 2011), section C, and D for the ordinal difference.
    """
    coincidences: dict[tuple[Any, Any], Fraction] = {}
    totals: Counter[Any] = Counter()
    by_size: dict[int, Counter[tuple[Any, Any]]] = {}
    for values, times in _pairable(units):
        counts = Counter(values)
        together = by_size.setdefault(len(values), Counter())
        for one, n in counts.items():
            totals[one] += times * n
            for other, m in counts.items():
                if one != other:
                    together[one, other] += times * n * m
    for size, found in by_size.items():
        for pair, n in found.items():
            coincidences[pair] = coincidences.get(pair, Fraction(0)) + Fraction(n, size - 1)
    distance = _distance(totals, metric)
    every = sum(totals.values())
    observed = sum((n * distance(one, other) for (one, other), n in coincidences.items()), Fraction(0))
    expected = sum(
        totals[one] * totals[other] * distance(one, other) for one in totals for other in totals if one != other
    )
    return float(1 - (every - 1) * observed / expected) if expected else None


def _distance(totals: Mapping[Any, int], metric: Metric) -> Callable[[Any, Any], Fraction]:
    """The squared difference of two different values."""
    if metric is Metric.NOMINAL:
        return lambda one, other: Fraction(1)
    # The values up to and including each, its own counted by half: differences of these are the ordinal metric.
    place: dict[Any, Fraction] = {}
    below = 0
    for value in sorted(totals):
        place[value] = below + Fraction(totals[value], 2)
        below += totals[value]
    return lambda one, other: (place[one] - place[other]) ** 2


def _counted(units: Units) -> Iterable[tuple[Unit, int]]:
    if isinstance(units, Mapping):
        return units.items()
    return ((unit, 1) for unit in units)


def _pairable(units: Units) -> Iterable[tuple[list[Any], int]]:
    """The values that are there, of every unit that has at least two."""
    for unit, times in _counted(units):
        values = [value for value in unit if value is not None]
        if len(values) > 1:
            yield values, times
