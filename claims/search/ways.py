"""Which way is the cheaper to the newest rows that match: back from the newest of all, or by an index of words.

Told by how many rows PostgreSQL expects. Left to choose for itself it takes up to ten times as long among a million.
`dear` says how: a row that an index leads to costs as much as so many that are passed on the way from the newest.
"""

from __future__ import annotations

from typing import Any


def is_common(plan: Any, *, wanted: int, newest: int, dear: int) -> bool:
    """Whether so many of the matching rows are found sooner on the way from the newest one.

    In: PostgreSQL's plan for all matching rows (EXPLAIN, FORMAT json); the newest id, about how many rows there are.
    """
    expected = plan[0]["Plan"]["Plan Rows"]
    return bool(dear * expected * expected > wanted * newest)


def farthest(*, wanted: int, newest: int, dear: int) -> int:
    """How many rows are passed at the most by what is common: with more an index would have been cheaper."""
    return int((dear * wanted * newest) ** 0.5)
