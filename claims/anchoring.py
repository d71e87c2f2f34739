"""Where a claim stands in a text, and where it stands in the next revision of that text.

A selector is both a TextPositionSelector and a TextQuoteSelector of the W3C Web Annotation Data Model
(https://www.w3.org/TR/annotation-model/#selectors): offsets in Unicode code points, end exclusive, the
exact quote, and the text just before and after it. Nothing is ever taken on the quote alone: prefix and
suffix must agree.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

CONTEXT = 32
THRESHOLD = 0.6
CANDIDATES = 20

# The fuzzy search scores only places that seeds point to, so that its cost does not grow with the text.
_SEEDS = 16
_HITS_PER_SEED = 40
_PLACES = 12
_WHOLE_TEXT = 4_000
_ENDS = 256
_LONGEST_WORD = 64
_EDGE = 12
_REACH = 60
_QUOTE_WEIGHT = 0.9

_WORDS = re.compile(r"\w+(?:\W{1,3}\w+)?")


class AnchorStatus(StrEnum):
    """How an anchor came through to a new text."""

    EXACT = "exact"
    MOVED = "moved"
    FUZZY = "fuzzy"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class Selector:
    """A span of a text by position and by quote; prefix and suffix are the text around it."""

    start: int
    end: int
    exact: str
    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Reanchored:
    """What became of a selector; the score, in (0, 1], is given for fuzzy alone."""

    status: AnchorStatus
    selector: Selector | None
    score: float | None


class OffsetsOutOfRange(ValueError):
    """The offsets mark nothing readable in the text."""


class QuoteNotFound(LookupError):
    """The quote does not stand in the text; `nearest` is the closest place, if any comes near."""

    def __init__(self, nearest: Selector | None) -> None:
        hint = f" The nearest is “{nearest.exact[:200]}” at {nearest.start}–{nearest.end}." if nearest else ""
        super().__init__(f"The quote, with the prefix and suffix given, does not stand in the text.{hint}")
        self.nearest = nearest


class QuoteAmbiguous(LookupError):
    """The quote stands in several places; `candidates` are the first of them, `total` their number."""

    def __init__(self, candidates: list[Selector], total: int) -> None:
        super().__init__(f"The quote stands in {total} places; say which, by its prefix and suffix or by its offsets.")
        self.candidates = candidates
        self.total = total


def describe(text: str, start: int, end: int, context: int = CONTEXT) -> Selector:
    """The selector of text[start:end], with up to `context` code points of prefix and suffix.

    Raises OffsetsOutOfRange unless 0 <= start < end <= len(text) and the span holds more than whitespace.
    """
    if not 0 <= start < end <= len(text):
        raise OffsetsOutOfRange(f"{start}–{end} is no span of a text of {len(text)} characters.")
    exact = text[start:end]
    if exact.isspace():
        raise OffsetsOutOfRange(f"{start}–{end} holds only whitespace.")
    return Selector(start, end, exact, text[max(0, start - context) : start], text[end : end + context])


def find(text: str, exact: str, prefix: str = "", suffix: str = "") -> list[Selector]:
    """Every place, overlapping ones too, where the quote stands between the whole prefix and suffix."""
    return [describe(text, at, at + len(exact)) for at in _places(text, exact, prefix, suffix)]


def locate(text: str, exact: str, prefix: str = "", suffix: str = "") -> Selector:
    """The one place where the quote stands.

    Raises QuoteNotFound, with the nearest place, or QuoteAmbiguous, with the first 20 and their number.
    """
    places = _places(text, exact, prefix, suffix)
    first = list(islice(places, CANDIDATES))
    if not first:
        nearest = _nearest(text, Selector(0, len(exact), exact, prefix, suffix))
        raise QuoteNotFound(nearest[0] if nearest else None)
    selectors = [describe(text, at, at + len(exact)) for at in first]
    if len(selectors) > 1:
        raise QuoteAmbiguous(selectors, len(selectors) + sum(1 for _ in places))
    return selectors[0]


def reanchor(selector: Selector, new_text: str) -> Reanchored:
    """Where a selector's span stands in a new text.

    `exact`: quote, prefix and suffix agree at the same offsets. `moved`: they agree in exactly one other
    place. `fuzzy`: the best place that is neither, with its score, for a person to settle. `orphaned`: no
    place scores 0.6.
    """
    if _agrees_at(new_text, selector):
        return Reanchored(AnchorStatus.EXACT, describe(new_text, selector.start, selector.end), None)
    # Without any context the quote would be taken on its own words alone; that is for a person.
    if selector.prefix.strip() or selector.suffix.strip():
        places = list(islice(_places(new_text, selector.exact, selector.prefix, selector.suffix), 2))
        if len(places) == 1:
            moved = describe(new_text, places[0], places[0] + len(selector.exact))
            return Reanchored(AnchorStatus.MOVED, moved, None)
    if nearest := _nearest(new_text, selector):
        return Reanchored(AnchorStatus.FUZZY, *nearest)
    return Reanchored(AnchorStatus.ORPHANED, None, None)


def _agrees_at(text: str, selector: Selector) -> bool:
    start, whole = selector.start - len(selector.prefix), selector.prefix + selector.exact + selector.suffix
    return start >= 0 and bool(selector.exact.strip()) and text.startswith(whole, start)


def _places(text: str, exact: str, prefix: str, suffix: str) -> Iterator[int]:
    if exact.strip():
        yield from (at + len(prefix) for at in _occurrences(text, prefix + exact + suffix))


def _occurrences(text: str, needle: str) -> Iterator[int]:
    """Offsets of the needle, overlapping ones included, in linear time also when it repeats itself."""
    size, period, at = len(needle), 0, text.find(needle)
    while at >= 0:
        yield at
        following = at + period
        if not period or not text.startswith(needle[size - period :], at + size):
            following = text.find(needle, at + 1)
        if not period and 0 <= following - at < size:
            period = _period(needle)
        at = following


def _period(needle: str) -> int:
    """The smallest shift by which the needle overlaps itself (Knuth, Morris and Pratt's failure function)."""
    border, matched = [0] * len(needle), 0
    for at in range(1, len(needle)):
        while matched and needle[at] != needle[matched]:
            matched = border[matched - 1]
        matched += needle[at] == needle[matched]
        border[at] = matched
    return len(needle) - border[-1]


def _nearest(text: str, selector: Selector) -> tuple[Selector, float] | None:
    """The place most like the selector's quote in its context, and its score, or None below the threshold."""
    if not selector.exact.strip() or not text.strip():
        return None
    spans = set(_verbatim_spans(text, selector)) or set(_similar_spans(text, selector))
    scored = [(_score(text, span, selector), -abs(span[0] - selector.start), span) for span in spans]
    score, _, (start, end) = max(scored, default=(0.0, 0, (0, 0)))
    return (describe(text, start, end), score) if score >= THRESHOLD else None


def _score(text: str, span: tuple[int, int], selector: Selector) -> float:
    start, end = span
    before = text[max(0, start - len(selector.prefix)) : start]
    after = text[end : end + len(selector.suffix)]
    like = Indel.normalized_similarity
    around = (like(selector.prefix, before) + like(selector.suffix, after)) / 2
    return round(_QUOTE_WEIGHT * like(selector.exact, text[start:end]) + (1 - _QUOTE_WEIGHT) * around, 4)


def _verbatim_spans(text: str, selector: Selector) -> Iterator[tuple[int, int]]:
    """Places of the unchanged quote: those where either side agrees, and those nearest to the old offset."""
    starts = [
        *islice(_places(text, selector.exact, selector.prefix, ""), _HITS_PER_SEED),
        *islice(_places(text, selector.exact, "", selector.suffix), _HITS_PER_SEED),
        *_hits_near(text, selector.exact, selector.start),
    ]
    return ((start, start + len(selector.exact)) for start in starts)


def _hits_near(text: str, needle: str, at: int) -> Iterator[int]:
    """Up to _HITS_PER_SEED offsets of the needle on either side of `at`."""
    right, left = at - 1, at
    for _ in range(_HITS_PER_SEED):
        if (right := text.find(needle, right + 1)) < 0:
            break
        yield right
    for _ in range(_HITS_PER_SEED):
        if (left := text.rfind(needle, 0, max(0, left + len(needle) - 1))) < 0:
            break
        yield left


def _similar_spans(text: str, selector: Selector) -> Iterator[tuple[int, int]]:
    """Spans like the quote, aligned inside windows around the places that its seeds point to."""
    size = len(selector.exact)
    if len(text) <= _WHOLE_TEXT and size <= _ENDS:
        windows = [(0, len(text))]
    else:
        margin = max(64, size // 3)
        windows = [(max(0, at - margin), at + size + margin) for at in _likely_offsets(text, selector)]
    for start, end in windows:
        if span := _aligned(selector.exact, text[start:end]):
            edges = _edges(text, start + span[0], start + span[1], selector)
            if snapped := _snapped(text, *edges):
                yield snapped


def _likely_offsets(text: str, selector: Selector) -> list[int]:
    """Where the quote may begin: each hit of a seed votes for the place the quote would begin at."""
    coarse = max(16, len(selector.exact) // 8)
    votes: Counter[int] = Counter()
    for seed, offset in _seeds(selector):
        for hit in _hits_near(text, seed, max(0, selector.start + offset)):
            votes[max(0, hit - offset) // coarse] += len(seed)
    joined = {place: votes[place] + votes[place - 1] + votes[place + 1] for place in votes}
    best = sorted(joined, key=lambda place: (-joined[place], abs(place * coarse - selector.start)))
    return [place * coarse + coarse // 2 for place in best[:_PLACES]]


def _seeds(selector: Selector) -> list[tuple[str, int]]:
    """Pieces of the quote and its context that may survive, with their offset from where it begins."""
    found = [(match.group()[:_LONGEST_WORD], match.start()) for match in _WORDS.finditer(selector.exact)]
    longest = sorted(found, key=lambda seed: -len(seed[0]))[:_SEEDS]
    found = longest or [(selector.exact[:_LONGEST_WORD], 0)]
    if len(selector.prefix) >= CONTEXT // 2:
        found.append((selector.prefix, -len(selector.prefix)))
    if len(selector.suffix) >= CONTEXT // 2:
        found.append((selector.suffix, len(selector.exact)))
    return found


def _aligned(quote: str, window: str) -> tuple[int, int] | None:
    """The span of the window most like the quote; a long quote is aligned by its two ends."""
    if len(quote) <= _ENDS:
        return _partial(quote, window)
    first, last = _partial(quote[:_ENDS], window), _partial(quote[-_ENDS:], window)
    if first is None or last is None or last[1] <= first[0]:
        return None
    return first[0], last[1]


def _partial(piece: str, window: str) -> tuple[int, int] | None:
    if len(window) <= len(piece):
        return (0, len(window)) if window else None
    alignment = fuzz.partial_ratio_alignment(piece, window)
    return (alignment.dest_start, alignment.dest_end) if alignment else None


def _edges(text: str, start: int, end: int, selector: Selector) -> tuple[int, int]:
    """The span's ends, set where the old context still ends or begins near them."""
    before, after = selector.prefix[-_EDGE:], selector.suffix[:_EDGE]
    first = text.rfind(before, max(0, start - _REACH), start + _EDGE) if len(before) == _EDGE else -1
    last = text.find(after, max(start, end - _EDGE), end + _REACH) if len(after) == _EDGE else -1
    if last < 0 and not selector.exact[-1].isalnum() and text.startswith(selector.exact[-1], end):
        last = end + 1
    first, last = first + _EDGE if first >= 0 else start, last if last >= 0 else end
    return (first, last) if first < last else (start, end)


def _snapped(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span with whole words and no whitespace at its ends: a cut word goes with its larger part."""
    start, end = _word_boundary(text, start), _word_boundary(text, end)
    inner = text[start:end]
    start, end = start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())
    return (start, end) if start < end else None


def _word_boundary(text: str, at: int) -> int:
    left = sum(1 for _ in takewhile(str.isalnum, reversed(text[max(0, at - _LONGEST_WORD) : at])))
    right = sum(1 for _ in takewhile(str.isalnum, text[at : at + _LONGEST_WORD]))
    if not left or not right:
        return at
    return at - left if left <= right else at + right
