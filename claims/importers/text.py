"""Plain text and Markdown, as bytes, into a Reading: text, blocks, sentences, links, what it says of itself.

Both media types go through one reader, for pasted text carries Markdown links too: the same bytes give the
same text and digest. CRLF and CR become LF, a form feed (a page break) a blank line, runs of blank lines one
blank line; every line loses the whitespace at its ends. Markup is taken out; offsets count code points of the
text that remains.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from claims.importers.body import Part, classify, closing_start
from claims.importers.inline import Inline, read_inline
from claims.importers.masthead import Masthead, RepublishedFrom, read_masthead, settle_publication
from claims.segmenting import Block, BlockKind, Link, LinkStatus, Sentence, sentences

MAX_BYTES = 10 * 1024 * 1024
# Far beyond any article, and read in seconds: a book has some 5,000 paragraphs.
BOUNDS = (
    ("lines", re.compile(r"\n"), 50_000),
    ("sentences", re.compile(r"[.!?…]\s"), 200_000),
    ("marks of emphasis", re.compile(r"[*_]"), 200_000),
    ("brackets", re.compile(r"\["), 100_000),
)
MEDIA_TYPES = ("text/plain", "text/markdown")

_CONTROL = re.compile(r"[\x01-\x08\x0b\x0e-\x1f]")
_WRONGLY_DECODED = re.compile(r"[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)")
_QUOTE = re.compile(r"(?:>[ \t]?)+")
_ITEM = re.compile(r"(?:[-*]|\d{1,3}[.)])[ \t]+(?=\S)")


class UnreadableText(ValueError):
    """The bytes are no text to check; `code` says why, the message what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as read. What the text does not say is empty, and `report` says so."""

    text: str
    blocks: tuple[Block, ...]
    sentences: tuple[Sentence, ...]
    links: tuple[Link, ...]
    title: str
    byline: str
    publisher: str
    url: str
    published_on: date | None
    language: str
    republished_from: RepublishedFrom | None
    source_sha256: str
    sha256: str
    report: tuple[str, ...]


@dataclass(slots=True)
class _Source:
    """A block's lines, its markers taken off, and what stood before it (one or two line ends)."""

    lines: list[str]
    kind: BlockKind
    marked: bool
    gap: bool
    level: int = 0
    is_separator: bool = False


def read(raw: bytes, media_type: str) -> Reading:
    """The Reading of an article's bytes (UTF-8, with or without a byte order mark).

    Raises UnreadableText: unsupported_media_type, too_long, empty, not_utf8, nul, binary, bad_characters.
    """
    if media_type not in MEDIA_TYPES:
        raise UnreadableText(
            "unsupported_media_type",
            f"Send the article as one of {', '.join(MEDIA_TYPES)}, not {media_type[:80]!r}.",
        )
    pieces = [(source, read_inline("\n".join(source.lines))) for source in _sources(_decoded(raw))]
    pieces = [(source, inline) for source, inline in pieces if inline.text]
    if not pieces:
        raise _empty()
    parts = [_part(source, inline) for source, inline in pieces]
    masthead = read_masthead(parts)
    closing = closing_start(parts, masthead.end, masthead.byline)
    classify(parts, masthead.end, closing)
    for part in parts[closing:]:
        part.kind = BlockKind.BOILERPLATE
    settle_publication(parts, masthead)
    return _assembled(raw, pieces, parts, masthead)


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise UnreadableText("too_long", f"Send at most {MAX_BYTES} bytes; these are {len(raw)}.")
    if not raw.strip():
        raise _empty()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise UnreadableText("binary", "This is a binary file; send the article's text instead.") from None
        raise UnreadableText(
            "not_utf8", f"Save the text as UTF-8 and send it again; byte {error.start} is not UTF-8."
        ) from None
    if "\0" in text:
        raise UnreadableText("nul", f"Remove the NUL character at offset {text.index(chr(0))} and send it again.")
    if found := _CONTROL.search(text):
        raise UnreadableText(
            "binary",
            f"Send text; the control character U+{ord(found[0]):04X} at offset {found.start()} is none.",
        )
    if found := _WRONGLY_DECODED.search(text):
        raise UnreadableText(
            "bad_characters",
            f"Save the text as UTF-8 anew: U+{ord(found[0]):04X} at offset {found.start()} is unreadable.",
        )
    return _bounded(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n"))


def _bounded(text: str) -> str:
    """The text, unless it is of a shape no article has, which would keep a reader busy for minutes."""
    for what, pattern, most in BOUNDS:
        if (found := sum(1 for _ in pattern.finditer(text))) > most:
            raise UnreadableText("too_long", f"Send an article of at most {most} {what}; this text has {found}.")
    return text


def _empty() -> UnreadableText:
    return UnreadableText("empty", "Send an article with some text in it; this one is empty.")


def _sources(text: str) -> Iterable[_Source]:
    """The source's blocks by CommonMark's marks: headings, quotes, items, separators, paragraphs."""
    current: _Source | None = None
    gap = False
    for line in map(str.strip, text.split("\n")):
        if not _QUOTE.sub("", line, count=1):
            if current is not None:
                yield current
            current, gap = None, True
        elif current is not None and _underlines(line, current):
            current.kind, current.marked, current.level = BlockKind.HEADING, True, 1 if line[0] == "=" else 2
        elif current is not None and _goes_on(line, current):
            current.lines.append(_QUOTE.sub("", line, count=1) if current.kind is BlockKind.QUOTE else line)
        else:
            if current is not None:
                yield current
            current, gap = _started(line, gap), False
    if current is not None:
        yield current


def _underlines(line: str, current: _Source) -> bool:
    """Whether the line is the rule under a heading written on the line above."""
    plain = current.kind is BlockKind.PARAGRAPH and not current.is_separator and len(current.lines) == 1
    return plain and len(line) >= 3 and (not line.strip("=") or not line.strip("-"))


def _goes_on(line: str, current: _Source) -> bool:
    if current.kind is BlockKind.HEADING or current.is_separator or _is_separator(line):
        return False
    if line.startswith(">"):
        return current.kind is BlockKind.QUOTE
    if _HEADING.match(line):
        return False
    # Inside a wrapped paragraph a line may begin with a number or a dash that is no list's.
    item = _ITEM.match(line)
    return item is None or (current.kind is BlockKind.PARAGRAPH and line[0].isdigit())


def _started(line: str, gap: bool) -> _Source:
    if _is_separator(line):
        return _Source([line], BlockKind.PARAGRAPH, marked=False, gap=gap, is_separator=True)
    if heading := _HEADING.match(line):
        words = line[heading.end() :].rstrip()
        bare = words.rstrip("#")
        words = bare.rstrip() if bare != words and bare[-1:].isspace() else words
        return _Source([words], BlockKind.HEADING, marked=True, gap=gap, level=len(heading[1]))
    for pattern, kind in ((_QUOTE, BlockKind.QUOTE), (_ITEM, BlockKind.LIST_ITEM)):
        if mark := pattern.match(line):
            return _Source([line[mark.end() :]], kind, marked=True, gap=gap)
    return _Source([line], BlockKind.PARAGRAPH, marked=False, gap=gap)


def _is_separator(line: str) -> bool:
    marks = line.replace(" ", "").replace("\t", "")
    return line == "*" or (len(marks) >= 3 and marks[0] in "*-_" and not marks.strip(marks[0]))


def _part(source: _Source, inline: Inline) -> Part:
    # A paragraph that is nothing but an image is that image's caption.
    only_image = inline.has_image and len(source.lines) == 1 and source.lines[0].startswith(("![", "[!["))
    if only_image and source.lines[0].endswith(")") and source.kind is BlockKind.PARAGRAPH:
        return Part(inline.text, BlockKind.CAPTION, marked=True)
    return Part(inline.text, source.kind, source.marked, source.is_separator, source.level)


def _assembled(
    raw: bytes, pieces: Sequence[tuple[_Source, Inline]], parts: Sequence[Part], masthead: Masthead
) -> Reading:
    texts: list[str] = []
    starts: list[int] = []
    links: list[Link] = []
    at = 0
    for source, inline in pieces:
        before = "" if not texts else "\n\n" if source.gap else "\n"
        texts.append(before + inline.text)
        at += len(before)
        starts.append(at)
        links.extend(replace(link, start=at + link.start, end=at + link.end) for link in inline.links)
        at += len(inline.text)
    text, ends = "".join(texts), [*starts[1:], at]
    blocks = tuple(Block(part.kind, start, end) for part, start, end in zip(parts, starts, ends, strict=True))
    reading = Reading(
        text=text,
        blocks=blocks,
        sentences=sentences(text, blocks),
        links=tuple(links),
        title=masthead.title,
        byline=masthead.byline,
        publisher=masthead.publisher,
        url=masthead.url,
        published_on=masthead.published_on,
        language="",
        republished_from=_with_address(masthead.republished_from, links),
        source_sha256=hashlib.sha256(raw).hexdigest(),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        report=(),
    )
    return replace(reading, report=(*_told(reading), *masthead.notes))


def _with_address(original: RepublishedFrom | None, links: Sequence[Link]) -> RepublishedFrom | None:
    """The original with the address that links on its name give, when they give one and the same."""
    if original is None:
        return None
    name = original.publisher.casefold()
    targets = {link.target for link in links if link.target and link.text.strip().casefold() == name}
    return replace(original, url=targets.pop()) if len(targets) == 1 else original


def _told(reading: Reading) -> Iterable[str]:
    """What was found, and what could not be told, a sentence each."""
    told = {
        "title": reading.title,
        "byline": reading.byline,
        "publisher": reading.publisher,
        "address": reading.url,
        "date of publication": reading.published_on.isoformat() if reading.published_on else "",
        "language": reading.language,
    }
    for name, value in told.items():
        yield f"The {name} is “{value}”." if value else f"The {name} could not be told from the text."
    original = reading.republished_from
    if original:
        on = f" of {original.published_on.isoformat()}" if original.published_on else ""
        yield f"It is a republication from “{original.publisher}”{on}."
    else:
        yield "Nothing in the text says for certain that it is a republication."
    kinds = {kind: sum(block.kind is kind for block in reading.blocks) for kind in BlockKind}
    counts = ", ".join(f"{count} {kind.value}" for kind, count in kinds.items() if count)
    yield f"There are {len(reading.blocks)} blocks ({counts}) and {len(reading.sentences)} sentences."
    missing = sum(link.status is LinkStatus.MISSING for link in reading.links)
    yield f"There are {len(reading.links)} citation links; {missing} have no web address."
