"""Markdown's inline marks taken out of a piece of text, with every citation link's place in what remains.

After CommonMark's rules for links and emphasis, with two differences that keep words and numbers whole: a
mark inside a word (5*3*2, snake_case) is text, and a link or image without readable text stays as it stands.
Linear in its input.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

from claims.segmenting import Link, LinkStatus

_MARK = re.compile(
    r"(?P<escape>\\[*_\[\]])|(?P<address>https?://[^\s<>\[\]()*]++)|(?P<open>!?\[)|(?P<close>\])|(?P<run>\*++|_++)"
)
_DESTINATION = re.compile(
    r"\([ \t]*+(?:<(?P<angled>[^<>\n]*+)>|(?P<bare>[^\s()<>]*+(?:\([^\s()]*+\)[^\s()<>]*+)*+))"
    r"(?:[ \t]++(?:\"[^\"\n]*+\"|'[^'\n]*+'))?+[ \t]*+\)"
)
_UNREADABLE = re.compile(r"[\s*_]*+")
_HTTP = re.compile(r"https?://[^\s/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inline:
    """The readable text, its links with offsets into it, and whether an image stood in it."""

    text: str
    links: tuple[Link, ...]
    has_image: bool


@dataclass(slots=True)
class _Run:
    """A run of emphasis marks that may still open."""

    start: int
    length: int


@dataclass(slots=True)
class _Scan:
    source: str
    removed: list[tuple[int, int]] = field(default_factory=list)
    links: list[tuple[int, int, str]] = field(default_factory=list)
    brackets: list[tuple[int, int]] = field(default_factory=list)
    runs: dict[str, list[_Run]] = field(default_factory=lambda: {"*": [], "_": []})
    has_image: bool = False


def read_inline(source: str) -> Inline:
    """The readable text of one block's source, trimmed, and the links in it."""
    if not _MARK.search(source):
        return Inline(source.strip(), (), False)
    scan, at = _Scan(source), 0
    while mark := _MARK.search(source, at):
        at = mark.end()
        if mark["escape"]:
            scan.removed.append((mark.start(), mark.start() + 1))
        elif mark["open"]:
            scan.brackets.append((mark.start(), mark.end()))
        elif mark["close"]:
            at = _close_bracket(scan, mark.start())
        elif mark["run"]:
            _emphasise(scan, mark.start(), mark.end())
    return _readable(scan)


def http_target(destination: str) -> str:
    """The destination when it is http(s), else nothing: other schemes and fragments lead nowhere."""
    return destination if _HTTP.match(destination) else ""


def _close_bracket(scan: _Scan, at: int) -> int:
    """Settle the bracket closed at `at`; returns where to read on."""
    if not scan.brackets:
        return at + 1
    start, inside = scan.brackets.pop()
    destination = _DESTINATION.match(scan.source, at + 1)
    blank = _UNREADABLE.match(scan.source, inside)
    if destination is None or (blank is not None and blank.end() >= at):
        return at + 1
    scan.removed += [(start, inside), (at, destination.end())]
    _forget_runs_after(scan, start)
    if inside - start == 2:
        scan.has_image = True
    else:
        target = http_target(destination["angled"] or destination["bare"] or "")
        scan.links.append((inside, at, target))
        # A link holds no link: brackets still open around this one are text.
        scan.brackets.clear()
    return destination.end()


def _forget_runs_after(scan: _Scan, at: int) -> None:
    for runs in scan.runs.values():
        while runs and runs[-1].start > at:
            runs.pop()


def _emphasise(scan: _Scan, start: int, end: int) -> None:
    source, mark = scan.source, scan.source[start]
    before, after = source[start - 1 : start] or " ", source[end : end + 1] or " "
    opens = not after.isspace() and not before.isalnum()
    closes = not before.isspace() and not after.isalnum()
    runs, other = scan.runs[mark], scan.runs["_" if mark == "*" else "*"]
    while closes and runs and start < end:
        opener = runs[-1]
        taken = 2 if opener.length >= 2 and end - start >= 2 else 1
        scan.removed += [
            (opener.start + opener.length - taken, opener.start + opener.length),
            (start, start + taken),
        ]
        opener.length -= taken
        start += taken
        while other and other[-1].start > opener.start:
            other.pop()
        if not opener.length:
            runs.pop()
    if opens and start < end:
        runs.append(_Run(start, end - start))


def _readable(scan: _Scan) -> Inline:
    source, removed = scan.source, sorted(scan.removed)
    pieces, at = [], 0
    for start, end in removed:
        pieces.append(source[at:start])
        at = end
    pieces.append(source[at:])
    text = "".join(pieces)
    lead = len(text) - len(text.lstrip())
    ends = [end for _, end in removed]
    gone = [0, *accumulate(end - start for start, end in removed)]
    links = []
    for start, end, target in sorted(scan.links):
        first = start - gone[bisect_left(ends, start + 1)]
        last = end - gone[bisect_left(ends, end + 1)]
        shown = text[first:last]
        first, last = first + len(shown) - len(shown.lstrip()), last - len(shown) + len(shown.rstrip())
        status = LinkStatus.PRESENT if target else LinkStatus.MISSING
        links.append(Link(text[first:last], first - lead, last - lead, target, status))
    return Inline(text.strip(), tuple(links), scan.has_image)
