"""What is compared beside the tree: the trail with itself, and with the live rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from claims.models.audit import WITHHELD
from claims.trail import openings, rows, streams
from claims.trail.asking import found
from claims.trail.findings import Finding

Comparison = tuple[str, Callable[[], list[Finding]]]


def comparisons(since: int) -> Iterator[Comparison]:
    """Each comparison's title, and what makes it on the calling thread's connection; the longest come first.

    The live rows with what the events tell of them, table by table (with `since`, a tree size, those that were changed
    since); the events with one another, and with their openings.
    """
    for kind in rows.kinds():
        yield f"rows of {kind}", partial(rows.compare, kind, since)
    asked = {"since": since, "withheld": sorted(WITHHELD)}
    yield "streams", partial(found, streams.EVENTS, asked, sorting=False)
    yield "openings", partial(found, openings.OPENINGS, asked)
    yield "heads", partial(found, streams.HEADS, asked, sorting=False)
    yield "hashes", partial(found, streams.HASHES, asked)
    yield "what waits", partial(found, streams.WAITING, asked)
