"""What each part of an article's body is to its reader: heading, quotation, caption or boilerplate.

Every rule goes by an explicit mark in the text; a part without any stays a paragraph, and so is covered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from claims.segmenting import BlockKind, continues, introduces_quotation

HEADING_WORDS = 12
HEADING_LENGTH = 90
CAPTION_WORDS = 30
SEPARATOR_REACH = 3


@dataclass(slots=True)
class Part:
    """A block being read: its readable text and its kind, which markup may have settled (`marked`)."""

    text: str
    kind: BlockKind = BlockKind.PARAGRAPH
    marked: bool = False
    is_separator: bool = False
    level: int = 0

    def becomes(self, kind: BlockKind) -> None:
        """Take the kind, unless the part's own markup already gave it one."""
        if not self.marked:
            self.kind = kind


_ALWAYS_BOILERPLATE = re.compile(
    r"(?:please\s+)?(?:click|use|press)\s+(?:on\s+)?the\s+share\s+button"
    r"|(?:follow|like)\s+us\s+on\b"
    r"|turn\s+on\s+(?:\w+\s+){0,2}subtitles?\b"
    r"|to\s+(?:receive|get)\b[^.\n]{0,80}\bnewsletter"
    r"|(?:sign\s+up|subscribe)\b[^.\n]{0,40}\bnewsletter"
    r"|[^.\n]{0,120}\bactivating\s+the\s+translate\b"
    r"|(?:the\s+)?original\s+source\s+of\s+this\s+\w+\s+is\b"
    r"|this\s+(?:article|piece|post|story|text)\s+(?:was\s+)?(?:first|originally)\s+(?:published|appeared)\b"
    r"|(?:first|originally)\s+published\s+(?:by|in|at|on)\b"
    r"|copyright\s+(?:©|\(c\)|\d{4})|©"
    r"|all\s+rights\s+reserved\b",
    re.IGNORECASE,
)
_CLOSING_BOILERPLATE = re.compile(
    r"notes?\s+to\s+(?:the\s+|our\s+)?readers?\b"
    r"|republished\s+(?:from|with)\b"
    r"|featured\s+image\b"
    r"|comment\s+on\b[^.\n]{0,100}\b(?:page|facebook|forum)\b"
    r"|become\s+a\s+(?:\w+\s+)?(?:member|subscriber|supporter)\b"
    r"|articles\s+by:|about\s+the\s+authors?\b|disclaimer\b"
    r"|[^\n]{0,200}\bcontains\s+copyrighted\s+material\b"
    r"|for\s+(?:media|press)\s+(?:inquiries|enquiries)\b",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"(?:screenshot|photo(?:graph)?|image|picture|video|graphic|illustration|map|chart|figure)s?"
    r"(?:\s+(?:credit|courtesy)s?)?\s*(?::|\bfrom\b|\bby\b|\bof\b|©)",
    re.IGNORECASE,
)
_TURN = re.compile(r"(?:[A-Z][\w.’'-]{0,40}[ \t]){1,4}[A-Z][\w.’'-]{0,40}:\s")
_ADDRESSED = re.compile(
    r"(?:Q|Question|Reporter|Interviewer|Moderator):\s"
    r"|(?:Mr|Mrs|Ms|Madam|Dr|Prime|President|Minister|Secretary|Chancellor|Senator|Sir)\b[^,.?!\n]{0,40},\s"
)
_SMALL_WORDS = frozenset(
    (
        "a",
        "an",
        "and",
        "as",
        "at",
        "but",
        "by",
        "for",
        "from",
        "in",
        "nor",
        "of",
        "off",
        "on",
        "or",
        "over",
        "the",
        "to",
        "up",
        "via",
        "vs",
        "with",
        "yet",
    )
)


def is_boilerplate(text: str, *, closing: bool = False) -> bool:
    """Whether a part says it is the site's own; `closing` adds the marks of an article's end."""
    return bool(_ALWAYS_BOILERPLATE.match(text)) or (closing and bool(_CLOSING_BOILERPLATE.match(text)))


def closing_start(parts: Sequence[Part], first: int, byline: str) -> int:
    """Where the closing boilerplate begins; len(parts) when there is none.

    It begins at a mark such as “Note to readers” from which on at least half of the parts are such marks, or
    at a lone separator or the author's own note just before it.
    """
    marks = [_is_closing(part, byline) for part in parts]
    total, start = 0, len(parts)
    for at in range(len(parts) - 1, first, -1):
        total += marks[at]
        if marks[at] and total * 2 >= len(parts) - at:
            start = at
    for at in range(start - 1, max(first, start - 1 - SEPARATOR_REACH), -1):
        if parts[at].is_separator and start < len(parts):
            return at
    return start


def classify(parts: Sequence[Part], first: int, end: int) -> None:
    """Give each part from `first` to `end` its kind, in place."""
    for at in range(first, end):
        part = parts[at]
        before = parts[at - 1] if at > first else None
        after = parts[at + 1] if at + 1 < end else None
        if part.is_separator or is_boilerplate(part.text):
            part.kind = BlockKind.BOILERPLATE
        elif _is_caption(part.text):
            part.becomes(BlockKind.CAPTION)
        elif before and _is_quoted_after(before, part):
            part.becomes(BlockKind.QUOTE)
        elif after and _is_heading(part.text, before, after):
            part.becomes(BlockKind.HEADING)
    _mark_transcripts(parts, first, end)


def opens_as_title(text: str, words: int, length: int) -> bool:
    """On one line, begun with a capital or a figure, of at most so many words and code points."""
    if len(text) > length or len(text.split()) > words or "\n" in text:
        return False
    bare = text.lstrip("\"'“‘")
    return bare[:1].isupper() or bare[:1].isdigit()


def _reads_as_heading(text: str) -> bool:
    if not opens_as_title(text, HEADING_WORDS, HEADING_LENGTH) or text[-1] in '.,;:…"”’)':
        return False
    return text[-1] not in "?!" or _in_title_case(text)


def _in_title_case(text: str) -> bool:
    words = [word.strip("\"'“”‘’?!,:;()") for word in text.split()]
    return all(not word or not word[0].islower() or word in _SMALL_WORDS for word in words)


def _is_closing(part: Part, byline: str) -> bool:
    if is_boilerplate(part.text, closing=True):
        return True
    author = re.escape(byline)
    return bool(byline) and re.match(rf"{author}(?:,| is\b| was\b| writes\b| has\b)", part.text) is not None


def _is_caption(text: str) -> bool:
    return "\n" not in text and len(text.split()) <= CAPTION_WORDS and bool(_CAPTION.match(text)) and text[-1] != "."


def _is_quoted_after(before: Part, part: Part) -> bool:
    if before.kind is BlockKind.PARAGRAPH:
        return introduces_quotation(before.text, part.text)
    # A quotation of several paragraphs opens each anew and closes only the last.
    unclosed = before.text.rfind("“") > before.text.rfind("”")
    return before.kind is BlockKind.QUOTE and unclosed and part.text.startswith("“")


def _is_heading(text: str, before: Part | None, after: Part) -> bool:
    if not _reads_as_heading(text) or (before is not None and continues(before.text, text)):
        return False
    return not after.text[:1].islower() and not after.is_separator and not is_boilerplate(after.text)


def _mark_transcripts(parts: Sequence[Part], first: int, end: int) -> None:
    """Two turns in a row (“Jane Doe: …”) are a transcript; a question put just before belongs to it."""
    turns = [first <= at < end and _TURN.match(parts[at].text) is not None for at in range(end)]
    for at in range(first, end):
        alone = not (at > first and turns[at - 1]) and not (at + 1 < end and turns[at + 1])
        if not turns[at] or alone:
            continue
        parts[at].becomes(BlockKind.QUOTE)
        opening = parts[at - 1] if at > first else None
        if opening and opening.kind is BlockKind.PARAGRAPH and _puts_question(opening.text):
            opening.becomes(BlockKind.QUOTE)


def _puts_question(text: str) -> bool:
    return text.endswith("?") or _ADDRESSED.match(text) is not None
