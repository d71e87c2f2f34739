"""Which known words a misspelt one may have been meant for. Pure text."""

from __future__ import annotations

from collections.abc import Iterable

SHORT = 6  # letters: in fewer one slip makes another word, in as many or more there may be two
MOST = 3


def slips(word: str, other: str) -> int:
    """How many letters were left out, added, mistaken or changed places with their neighbours, at the least.

    Optimal string alignment, after Damerau (1964).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, start=1):
        before, last, row = row, before, [i]
        for j, meant in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != meant))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == meant:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def meant(word: str, known: Iterable[str]) -> list[str]:
    """The words, of those that are known, which this one may be a misspelling of: those with the fewest slips, in the
    order given, MOST at the most. A word that is known is meant as it is.
    """
    within = 1 if len(word) < SHORT else 2
    by_slips: dict[int, list[str]] = {}
    for other in dict.fromkeys(known):
        by_slips.setdefault(slips(word, other), []).append(other)
    least = min(by_slips, default=within + 1)
    return by_slips[least][:MOST] if least <= within else []
