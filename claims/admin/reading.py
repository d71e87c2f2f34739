"""An article's text as the desk reads it: blocks, sentences and how they stand, claims at their anchors."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from claims.models import Anchor, ArticleRevision, Claim
from claims.models.coverage import BOILERPLATE, COVERED, NON_FACTUAL, OPEN, SET_ASIDE, Coverage, SentenceCoverage

# How a sentence stands: a sign, and the word for it. Never colour alone.
SIGNS = {COVERED: "✓", SET_ASIDE: "⊘", NON_FACTUAL: "–", OPEN: "○"}
WORDS = {
    COVERED: "settled by a decided claim",
    SET_ASIDE: "set aside, confirmed",
    NON_FACTUAL: "states no fact",
    OPEN: "open",
    BOILERPLATE: "outside coverage",
}
LEGEND = tuple((SIGNS[status], WORDS[status], status) for status in SIGNS)


@dataclass(frozen=True, slots=True)
class Span:
    """A claim's place in the text."""

    start: int
    end: int
    claim: Claim


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text within which nothing begins or ends; `ending` are the claims whose place ends with it."""

    text: str
    marked: bool
    ending: tuple[Claim, ...] = ()


@dataclass(slots=True)
class ReadSentence:
    """A sentence, or the text between two, in pieces."""

    status: str = ""
    sign: str = ""
    words: str = ""
    pieces: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class ReadBlock:
    """A block with its kind."""

    kind: str
    sentences: list[ReadSentence] = field(default_factory=list)


def spans_of(claims: Iterable[Claim]) -> list[Span]:
    """The places of claims (from `for_lists`) that stand somewhere, fuzzy ones too, by their ends."""
    found = [(c.current_anchor(), c) for c in claims]
    spans = [Span(a.start, a.end, c) for a, c in found if a and a.start is not None and a.end is not None]
    return sorted(spans, key=lambda s: (s.end, s.start))


def blocks_of(revision: ArticleRevision, coverage: Coverage, spans: Sequence[Span]) -> list[ReadBlock]:
    """The revision's text, every code point of it once, cut wherever a block, sentence or anchor begins or ends."""
    text, sentences = revision.text, coverage.sentences
    cuts = {edge for _, start, end in revision.blocks for edge in (start, end)}
    cuts |= {edge for s in sentences for edge in (s.start, s.end)} | {edge for s in spans for edge in (s.start, s.end)}
    edges = sorted(cuts)
    blocks: list[ReadBlock] = []
    sentence = 0
    for kind, block_start, block_end in revision.blocks:
        block = ReadBlock(kind)
        last: SentenceCoverage | None = None
        for start, end in pairwise(_within(edges, block_start, block_end)):
            while sentence < len(sentences) and sentences[sentence].end <= start:
                sentence += 1
            standing = sentences[sentence] if sentence < len(sentences) else None
            standing = standing if standing and standing.start <= start else None
            if not block.sentences or standing is not last:
                block.sentences.append(_opened(standing))
                last = standing
            open_spans = [s for s in spans if s.start <= start < s.end]
            ending = tuple(s.claim for s in open_spans if s.end == end)
            block.sentences[-1].pieces.append(Piece(text[start:end], bool(open_spans), ending))
        blocks.append(block)
    return blocks


@dataclass(frozen=True, slots=True)
class InText:
    """A claim's place with the text around it, in three parts that join to whole paragraphs."""

    before: str
    quote: str
    after: str


def around(anchor: Anchor | None, revision: ArticleRevision | None) -> InText | None:
    """The paragraphs that an anchor stands in; None where it stands nowhere in this revision."""
    if anchor is None or revision is None or anchor.start is None or anchor.end is None:
        return None
    if anchor.revision_id != revision.pk:
        return None
    touched = [(s, e) for _, s, e in revision.blocks if s < anchor.end and e > anchor.start]
    if not touched:
        return None
    start, end = touched[0][0], touched[-1][1]
    text = revision.text
    return InText(text[start : anchor.start].lstrip(), text[anchor.start : anchor.end], text[anchor.end : end].rstrip())


def _within(edges: Sequence[int], start: int, end: int) -> Sequence[int]:
    return edges[bisect_left(edges, start) : bisect_right(edges, end)]


def _opened(standing: SentenceCoverage | None) -> ReadSentence:
    if standing is None:
        return ReadSentence()
    return ReadSentence(standing.status, SIGNS.get(standing.status, ""), WORDS[standing.status])
