"""Title, byline, publisher, dates and republication, as an article's own first and last lines state them.

Only explicit lines count. What they do not say, or say in two ways, stays empty and is said in the notes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from claims.importers.body import Part, is_boilerplate, opens_as_title
from claims.segmenting import CLOSING, BlockKind

STANDFIRSTS = 2
STANDFIRST_WORDS = 80
TITLE_WORDS = 25
TITLE_LENGTH = 200

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
_MONTH += r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DATE = rf"(?:(?P<m1>{_MONTH})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y1>\d{{4}})|"
_DATE += rf"(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m2>{_MONTH}),?\s+(?P<y2>\d{{4}})|"
_DATE += r"(?P<y3>\d{4})-(?P<m3>\d{2})-(?P<d3>\d{2}))"
_DATED_LINE = re.compile(rf"(?P<publisher>[^\n]{{0,100}}?)[\s,|·–—-]*\b{_DATE}\Z", re.IGNORECASE)
_DATE_WORDS = re.compile(
    r"(?:(?:first\s+)?(?:published|posted)(?:\s+(?:on|by|in))?:?|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\s*,?\s*",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"(?:By|BY|Written by|Author:)[ \t]+(?P<name>[^\n]{2,120})\Z")
_NAME_WORDS = frozenset(
    (
        "and",
        "with",
        "de",
        "da",
        "di",
        "del",
        "der",
        "den",
        "van",
        "von",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "y",
        "e",
        "&",
    )
)
_TOPIC = re.compile(
    r"(?:regions?|themes?|topics?|tags?|categor(?:y|ies)|sections?|filed under|in-depth reports?|keywords?):",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:URL|Link|Permalink|Address):\s*<?(?P<url>https?://[^\s<>]+)>?\Z", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"(?:The\s+)?original\s+source\s+of\s+this\s+\w+\s+is:?\s+(?P<a>[^\n]{1,160})\Z"
    r"|(?:This\s+\w+\s+(?:was\s+)?)?(?:first|originally)\s+(?:published|appeared)\s+(?:by|in|at|on)\s+(?P<b>[^\n]{1,160})\Z"
    r"|Republished\s+from\s+(?P<c>[^\n]{1,160})\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RepublishedFrom:
    """Where the text first appeared, as the text itself says."""

    publisher: str
    url: str
    published_on: date | None


@dataclass(slots=True)
class Dated:
    """A line that names a publisher (or none) and a date."""

    publisher: str
    published_on: date


@dataclass(slots=True)
class Masthead:
    """What the article says of itself; `end` is the first part after it."""

    title: str = ""
    byline: str = ""
    publisher: str = ""
    url: str = ""
    published_on: date | None = None
    republished_from: RepublishedFrom | None = None
    end: int = 0
    dated: list[Dated] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_masthead(parts: Sequence[Part]) -> Masthead:
    """The masthead that opens the parts; its parts get their kinds, in place."""
    masthead = Masthead()
    at = _read_title(parts, masthead)
    end = _masthead_end(parts, at)
    for part in parts[at:end]:
        if part.is_separator or _is_all_masthead(part):
            part.kind = BlockKind.BOILERPLATE
            for line in part.text.split("\n"):
                _read_line(line, masthead)
    masthead.end = max(at, end)
    return masthead


def settle_publication(parts: Sequence[Part], masthead: Masthead) -> None:
    """Tell who published the text at hand and who published it first, where the text says so."""
    originals = {name.casefold(): (name, on) for name, on in _originals(parts)}
    names = {dated.publisher.casefold() for dated in masthead.dated}
    if len(originals) > 1:
        masthead.notes.append(f"The text names {len(originals)} original sources; none was taken.")
    elif originals:
        _take_original(masthead, *next(iter(originals.values())))
    elif len(names - {""}) > 1:
        listed = " and ".join(f"{dated.publisher} ({dated.published_on})" for dated in masthead.dated)
        masthead.notes.append(
            f"Two publishers are named, {listed}, and nothing says which is the original: "
            "publisher, date and republication were left empty."
        )
    elif masthead.dated:
        _take_publication(masthead, masthead.dated)


def parse_date(text: str) -> date | None:
    """The one date that the text is (“August 18, 2023”, “16 August 2023”, “2023-08-18”), or None."""
    match = re.fullmatch(_DATE, text.strip(), re.IGNORECASE)
    return _date(match) if match else None


def _read_title(parts: Sequence[Part], masthead: Masthead) -> int:
    """Take the title, if the first part is one; returns the part after it."""
    first = parts[0]
    headed = first.kind is BlockKind.HEADING and first.marked
    short = len(parts) > 1 and not first.marked and not first.is_separator and _may_be_title(first.text)
    if not headed and not short:
        return 0
    first.kind = BlockKind.HEADING
    masthead.title = " ".join(first.text.split())
    return 1


def _may_be_title(text: str) -> bool:
    if _is_masthead_line(text) or is_boilerplate(text) or not opens_as_title(text, TITLE_WORDS, TITLE_LENGTH):
        return False
    # A title asks or exclaims as it likes; headings inside the body are held to more.
    return text.rstrip(CLOSING)[-1:] not in {"", ".", ",", ";", ":", "…"}


def _masthead_end(parts: Sequence[Part], first: int) -> int:
    """The part after the masthead's last line; `first` when no byline, date or topic line comes soon."""
    end, standfirsts = first, 0
    for at in range(first, len(parts)):
        part = parts[at]
        if (part.is_separator and end > first) or _is_all_masthead(part):
            end = at + 1
        elif end > first or standfirsts == STANDFIRSTS or not _may_be_standfirst(part):
            break
        else:
            standfirsts += 1
    return end


def _may_be_standfirst(part: Part) -> bool:
    return part.level != 1 and part.kind is not BlockKind.LIST_ITEM and len(part.text.split()) <= STANDFIRST_WORDS


def _is_all_masthead(part: Part) -> bool:
    return all(_is_masthead_line(line) or is_boilerplate(line) for line in part.text.split("\n"))


def _is_masthead_line(line: str) -> bool:
    return bool(_byline(line) or _dated(line) or _TOPIC.match(line) or _ADDRESS.match(line))


def _read_line(line: str, masthead: Masthead) -> None:
    dated = _dated(line)
    address = _ADDRESS.match(line)
    if not masthead.byline:
        masthead.byline = _byline(line)
    if dated:
        masthead.dated.append(dated)
    if address and not masthead.url:
        masthead.url = address["url"]


def _byline(line: str) -> str:
    match = _BYLINE.match(line.strip())
    words = match["name"].replace(",", " , ").split() if match else []
    if not match or not words or len(words) > 14 or match["name"].endswith((".", ":", ";")):
        return ""
    named = all(word[0].isupper() or word in _NAME_WORDS or word == "," for word in words)
    return match["name"].strip() if named else ""


def _dated(line: str) -> Dated | None:
    match = _DATED_LINE.match(line.strip())
    day = _date(match) if match else None
    if match is None or day is None:
        return None
    publisher = match["publisher"].strip()
    while (word := _DATE_WORDS.match(publisher)) and word.end():
        publisher = publisher[word.end() :].strip()
    publisher = _DATE_WORDS.sub("", publisher).strip(" ,|·–—-") if publisher.casefold().endswith("day") else publisher
    return Dated(publisher, day) if _is_name(publisher) else None


def _is_name(text: str) -> bool:
    words = text.split()
    small = {"of", "the", "and", "for", "on", "in", "&", "at", "to"} | _NAME_WORDS
    return (
        len(words) <= 8
        and all(not word[0].islower() or word in small or "." in word[1:-1] for word in words)
        and (not text or text[-1] not in ".:;!?")
    )


def _date(match: re.Match[str]) -> date | None:
    found = match.groupdict()
    year, month, day = next((found["y" + n], found["m" + n], found["d" + n]) for n in "123" if found["y" + n])
    number = int(month) if month.isdigit() else _month_number(month)
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None


def _month_number(name: str) -> int:
    return _MONTHS.index(name.casefold()[:3]) + 1


def _originals(parts: Sequence[Part]) -> Iterator[tuple[str, date | None]]:
    for part in parts:
        for line in part.text.split("\n") if part.kind is BlockKind.BOILERPLATE else ():
            match = _ORIGINAL.match(line.strip())
            said = (match["a"] or match["b"] or match["c"]).rstrip(" .") if match else ""
            if not said:
                continue
            dated = _DATED_LINE.match(said)
            name = re.sub(r"\s+on\Z", "", dated["publisher"].rstrip(" ,(")) if dated else said
            if name and _is_name(name):
                yield name, _date(dated) if dated else None


def _take_original(masthead: Masthead, name: str, on: date | None) -> None:
    same = [dated for dated in masthead.dated if _same_publisher(dated.publisher, name)]
    others = [dated for dated in masthead.dated if not _same_publisher(dated.publisher, name)]
    day = on or (same[0].published_on if same else None)
    masthead.republished_from = RepublishedFrom(name, "", day)
    if day is None:
        masthead.notes.append(f"The date of the original publication by {name} could not be told.")
    _take_publication(masthead, others)


def _take_publication(masthead: Masthead, dated: Sequence[Dated]) -> None:
    names = {line.publisher.casefold(): line.publisher for line in dated if line.publisher}
    days = {line.published_on for line in dated}
    if len(names) == 1:
        masthead.publisher = next(iter(names.values()))
    if len(days) == 1 and len(names) <= 1:
        masthead.published_on = days.pop()
    elif days:
        masthead.notes.append("Several dates or publishers are named for the text at hand; none was taken as its own.")


def _same_publisher(one: str, other: str) -> bool:
    return re.sub(r"\Athe\s+", "", one.casefold()) == re.sub(r"\Athe\s+", "", other.casefold())
