"""The checked text with its claims marked. Pure: a snapshot's data in, pieces to show out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Data = Mapping[str, Any]

CLOSING = re.compile(r"[.,;:!?…”’»)\]]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that the same claims mark; `ends` are the claims whose place ends with it."""

    text: str
    claims: tuple[str, ...]
    ends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkedBlock:
    kind: str
    pieces: tuple[Piece, ...]


def marked(revision: Data | None, claims: Iterable[Data]) -> list[MarkedBlock]:
    """Every block of the text, in order, cut where a claim begins or ends. Claims may overlap and span blocks."""
    if revision is None:
        return []
    anchors = [(c["anchor"]["start"], c["anchor"]["end"], c["code"]) for c in claims if c["anchor"]]
    return [
        MarkedBlock(b["kind"], tuple(_closed(_pieces(revision["text"], b["start"], b["end"], anchors))))
        for b in revision["blocks"]
    ]


def context_of(revision: Data | None, claim: Data) -> list[MarkedBlock]:
    """The blocks this claim stands in, with it alone marked."""
    if revision is None or not claim["anchor"]:
        return []
    start, end = claim["anchor"]["start"], claim["anchor"]["end"]
    blocks = [b for b in revision["blocks"] if b["start"] < end and b["end"] > start]
    return marked({**revision, "blocks": blocks}, [claim])


def _pieces(text: str, start: int, end: int, anchors: Sequence[tuple[int, int, str]]) -> Iterable[Piece]:
    end -= len(text[start:end]) - len(text[start:end].rstrip())
    here = [(max(s, start), min(e, end), e <= end, code) for s, e, code in anchors if s < end and e > start]
    cuts = sorted({start, end, *(s for s, *_ in here), *(e for _, e, *_ in here)})
    for left, right in pairwise(cuts):
        covering = tuple(code for s, e, _, code in here if s <= left and right <= e)
        ends = tuple(code for _, e, last, code in here if e == right and last)
        yield Piece(text[left:right], covering, ends)


def _closed(pieces: Iterable[Piece]) -> list[Piece]:
    """The same pieces, with the stop or comma after a claim taken along, so that what follows a claim stands there."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        stop = CLOSING.match(piece.text)
        if last is None or not last.ends or piece.claims or stop is None:
            found.append(piece)
            continue
        found[-1:] = [Piece(last.text, last.claims, ()), Piece(stop[0], (), last.ends)]
        if rest := piece.text[stop.end() :]:
            found.append(Piece(rest, (), piece.ends))
    return found
