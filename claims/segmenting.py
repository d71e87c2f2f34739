"""Blocks and sentences of a text. Pure text, no Django; offsets are in code points, end exclusive.

Blocks tile the text: joined, they are the text. Sentences lie inside it, in order, and leave out
only whitespace.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    """What a piece of a text is to its reader."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    QUOTE = "quote"
    LIST_ITEM = "list_item"
    CAPTION = "caption"
    BOILERPLATE = "boilerplate"


class LinkStatus(StrEnum):
    """Whether a citation link says where it leads."""

    PRESENT = "present"
    MISSING = "missing"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the text with its kind; the blank lines after it belong to it."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, trimmed of surrounding whitespace, with the kind of the block it begins in."""

    start: int
    end: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class Link:
    """A citation link: its readable text and where that stands; target is empty unless http(s)."""

    text: str
    start: int
    end: int
    target: str
    status: LinkStatus


class BlocksDoNotTile(ValueError):
    """The blocks given do not cover the text end to end."""


OPENING = "\"'“‘«(["
CLOSING = "\"'”’»)]"
RUNNING_KINDS = frozenset({BlockKind.PARAGRAPH, BlockKind.QUOTE})

_GAP = re.compile(r"\n[^\S\n]*+\n\s*+")
_SPACE = re.compile(r"\s*+")
_WORD = re.compile(r"\w")
_BEFORE_NEXT = re.compile(r"[\s\"'“‘«(\[]*+")
# Possessive, and only from the first mark of a run on: the scan stays linear whatever it meets.
_STOP = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s|\Z)|[。！？]++[」』”’）]*+")
_LAST_WORD = re.compile(r"[\w.'’-]*\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}\Z")
_NEXT_WORD = re.compile(r"[^\W\d_]{1,16}(?![^\W_])")
_INITIAL = re.compile(r"[A-Z]\Z")

_SPEECH = (
    "said says asked asks answered answers replied replies told tells added adds wrote writes explained "
    "explains reported reports announced stated states declared warned argued argues noted notes "
    "continued responded responds insisted insists recalled recalls remarked shouted concluded "
    "concludes claimed claims commented testified read reads"
)
_VERB = "|".join(_SPEECH.split())
_ATTRIBUTION = re.compile(rf"(?:[A-Z][\w.’'-]{{0,40}}\s{{1,4}}){{1,4}}(?:{_VERB})\b(?!\s+that\b)|(?:{_VERB})\s+[A-Z]")
_COMMA_INTRODUCES = re.compile(rf"\b(?:{_VERB}|saying|writing|adding|asking|replying)(?:\s+that)?,\s*\Z")
_COLON_INTRODUCES = re.compile(
    rf"\b(?:{_VERB}|saying|writing|adding|asking|replying|statement|words|quote|quoted|letter)\b[^.!?]{{0,120}}:\s*\Z"
)


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NEVER_ENDS = _word_set(
    "mr mrs ms mx dr gen col lt sen rep gov prof rev hon capt maj sgt adm pres amb messrs cmdr brig "
    "supt vs cf ca approx e.g i.e viz eg ie"
)
ENDS_BEFORE_A_WORD = _word_set("no nos vol fig figs p pp art sec ch para ed eds")
ENDS_BEFORE_A_STARTER = _word_set(
    "jan feb mar apr jun jul aug sep sept oct nov dec st ave blvd rd mt ft inc ltd corp co bros jr sr "
    "etc al est dept univ assn mfg mon tue wed thu fri sat sun min max"
)
STARTERS = _word_set(
    "the a an this that these those there here it its he his she her they their we our you your i but "
    "and or so yet nor in on at by for from with without after before when while since until although "
    "though however moreover meanwhile nevertheless then next also as if once because both all some "
    "many most few each every another other several no not nobody nothing what who why how where which "
    "according during despite instead only even still now today yesterday tomorrow later earlier "
    "finally first second third to under over between among about against"
)


def blocks(text: str) -> tuple[Block, ...]:
    """The text cut at blank lines into paragraphs that tile it; nothing for an empty text."""
    starts = [0] if text else []
    first = _SPACE.match(text)
    for gap in _GAP.finditer(text, first.end() if first else 0):
        if gap.end() < len(text):
            starts.append(gap.end())
    ends = [*starts[1:], len(text)]
    return tuple(Block(BlockKind.PARAGRAPH, start, end) for start, end in zip(starts, ends, strict=False))


def sentences(text: str, blocks: Sequence[Block]) -> tuple[Sentence, ...]:
    """The sentences of the blocks, in order; one that a page break cut in two is one sentence.

    Raises BlocksDoNotTile when the blocks do not cover the text end to end.
    """
    _require_tiling(text, blocks)
    found: list[Sentence] = []
    for kind, start, end in _runs(text, blocks):
        found.extend(Sentence(first, last, kind) for first, last in _split(text, start, end))
    return tuple(found)


def introduces_quotation(paragraph: str, following: str) -> bool:
    """Whether a paragraph's closing comma or colon hands over to the quotation that follows it."""
    tail = paragraph.rstrip()[-200:]
    if tail.endswith(","):
        return bool(_COMMA_INTRODUCES.search(tail)) and not following.lstrip()[:1].islower()
    if tail.endswith(":"):
        return following.lstrip()[:1] in {'"', "“", "«"} or bool(_COLON_INTRODUCES.search(tail))
    return False


def continues(paragraph: str, following: str) -> bool:
    """Whether a page break cut one sentence in two: the first piece does not end, the second goes on."""
    body, rest = paragraph.rstrip(), following.lstrip()
    if not body or not rest or body.endswith(":") or introduces_quotation(body, rest):
        return False
    if body.rstrip(CLOSING)[-1:] in {".", "!", "?", "…", "。", "！", "？"}:
        return False
    return rest[0].islower() or body.endswith(",") or _closes_open_quotation(body, rest)


def _closes_open_quotation(body: str, rest: str) -> bool:
    closing = rest.find("”")
    if body.rfind("“") > body.rfind("”") and closing >= 0:
        return "“" not in rest[:closing]
    return body.count('"') % 2 == 1 and rest.count('"') % 2 == 1


def _require_tiling(text: str, blocks: Iterable[Block]) -> None:
    at = 0
    for block in blocks:
        if block.start != at or block.end <= at:
            raise BlocksDoNotTile(f"A block should start at {at} and not be empty; it is {block.start}–{block.end}.")
        at = block.end
    if at != len(text):
        raise BlocksDoNotTile(f"The blocks end at {at}, the text at {len(text)}.")


def _runs(text: str, blocks: Sequence[Block]) -> Iterable[tuple[BlockKind, int, int]]:
    """Blocks, or several blocks that one sentence runs through, as (kind, start, end)."""
    at = 0
    while at < len(blocks):
        last = at
        while last + 1 < len(blocks) and _cut_between(text, blocks[last], blocks[last + 1]):
            last += 1
        if last == at:
            yield blocks[at].kind, blocks[at].start, blocks[at].end
        else:
            yield blocks[at].kind, blocks[at].start, blocks[last].end
        at = last + 1


def _cut_between(text: str, block: Block, following: Block) -> bool:
    if block.kind is not following.kind or block.kind not in RUNNING_KINDS:
        return False
    return continues(text[block.start : block.end], text[following.start : following.end])


def _split(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    begin, looked_at, has_word = _skip_space(text, start, end), start, False
    for stop in _STOP.finditer(text, begin, end):
        # A mark with no word before it (an ellipsis that opens a sentence, stray dots) ends nothing.
        has_word = has_word or _WORD.search(text, looked_at, stop.start()) is not None
        looked_at = stop.end()
        following = _skip_space(text, stop.end(), end)
        if following >= end or (has_word and _ends_sentence(text, begin, stop, following)):
            yield begin, stop.end()
            begin, has_word = following, False
    last = begin + len(text[begin:end].rstrip())
    if last > begin:
        yield begin, last


def _skip_space(text: str, at: int, end: int) -> int:
    space = _SPACE.match(text, at, end)
    return space.end() if space else at


def _ends_sentence(text: str, begin: int, stop: re.Match[str], following: int) -> bool:
    mark = stop.group().rstrip(CLOSING)
    opener = _BEFORE_NEXT.match(text, following)
    at = opener.end() if opener else following
    character = text[at : at + 1]
    if character.islower() or character in {"–", "—", "-", ",", ";", ":", ".", "…", "!", "?", ")", "]", "”"}:
        return False
    if mark == ".":
        return not _abbreviates(text, begin, stop.start(), at)
    if mark[-1:] in {"?", "!"} and len(stop.group()) > len(mark):
        return _ATTRIBUTION.match(text, at) is None
    return True


def _abbreviates(text: str, begin: int, stop: int, following: int) -> bool:
    """Whether the full stop belongs to an abbreviation, an initial or a number that opens the line."""
    last = _LAST_WORD.search(text[max(begin, stop - 24) : stop])
    word = last.group().lstrip("'’-") if last else ""
    if word.isdigit():
        return len(word) <= 3 and text[begin:stop].strip() == word
    folded = word.casefold()
    if folded in NEVER_ENDS:
        return True
    if folded in ENDS_BEFORE_A_WORD:
        return text[following : following + 1].isdigit()
    if folded in ENDS_BEFORE_A_STARTER or _DOTTED.match(word) or _INITIAL.match(word):
        return not _starts_sentence(text, following)
    return False


def _starts_sentence(text: str, at: int) -> bool:
    word = _NEXT_WORD.match(text, at)
    return word is not None and word.group().casefold() in STARTERS
