"""What changed between two texts, word by word. Pure: it knows texts and lists, and nothing of the desk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, takewhile

SAME, GONE, NEW = "same", "gone", "new"
MOST = 1_500  # pieces a side that are compared one with another; a longer stretch counts as replaced whole
ALIKE = 0.2  # the share that two texts have in common, below which one takes the other's place
CONTEXT = 60  # characters that are shown of what stayed the same beside a change
LONGEST = 400  # characters that are shown of anything else

# Kana and Han are written without spaces: they are compared sign by sign.
_SIGN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_MARK = r"!-/:-@\[-`{-~“”„‘’«»‹›…–—"
_WORD = rf"[^\s{_SIGN}{_MARK}]+"
_WORDS = re.compile(rf"\s+|[{_SIGN}]|{_WORD}(?:[.,:/@'’_-]{_WORD})*|[{_MARK}]")
_SENTENCES = re.compile(r"[^.!?\n]*[.!?\n]+\s*|[^.!?\n]+")
_WHITE = {" ": "␣", "\n": "↵", "\t": "⇥"}


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch that is in both (`same`), in the earlier alone (`gone`), or in the later alone (`new`)."""

    kind: str
    text: str

    @property
    def seen(self) -> str:
        """The text; a change of nothing but white space by signs for it."""
        if self.kind == SAME or self.text.strip():
            return self.text
        return "".join(_WHITE.get(c, "␣") for c in self.text)


def differences(before: str, after: str) -> tuple[Run, ...]:
    """The two texts as runs: same and new join to `after`, same and gone to `before`.

    Long texts are compared by sentences and then within those that changed. Of texts that have little in common, and of
    stretches too long to be compared, the later takes the place of the earlier.
    """
    runs = _merged(_by_words(before, after, _by_sentences))
    kept = sum(len(run.text.strip()) for run in runs if run.kind == SAME)
    return runs if kept >= ALIKE * min(len(before.strip()), len(after.strip())) else _replaced(before, after)


def list_differences(before: Sequence[str], after: Sequence[str]) -> tuple[Run, ...]:
    """The same of two lists: each run is one item."""
    if max(len(before), len(after)) > MOST:
        return tuple([Run(GONE, item) for item in before] + [Run(NEW, item) for item in after])
    runs: list[Run] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            runs += [Run(SAME, item) for item in before[a:b]]
        else:
            runs += [Run(GONE, item) for item in before[a:b]] + [Run(NEW, item) for item in after[c:d]]
    return tuple(runs)


def shortened(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs as a list has room for: what stayed the same only beside a change, of the rest its beginning."""
    last = len(runs) - 1
    return tuple(
        Run(run.kind, _middle(run.text, at > 0, at < last) if run.kind == SAME and last else _beginning(run.text))
        for at, run in enumerate(runs)
    )


def _middle(text: str, left: bool, right: bool) -> str:
    """Only what stands next to a change, which is on the left, the right, or both."""
    head, tail = CONTEXT * left, CONTEXT * right
    if len(text) <= head + tail + CONTEXT:
        return text
    return f"{text[:head]} … {text[len(text) - tail :]}"


def _beginning(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} characters)"


def _by_words(before: str, after: str, otherwise: Callable[[str, str], Iterable[Run]]) -> Iterator[Run]:
    """Compared word by word between what both begin and end with; `otherwise`, where that is too long."""
    a, b = _WORDS.findall(before), _WORDS.findall(after)
    head = _common(a, b)
    tail = _common(a[head:][::-1], b[head:][::-1])
    gone, new = a[head : len(a) - tail], b[head : len(b) - tail]
    yield Run(SAME, "".join(a[:head]))
    if max(len(gone), len(new)) <= MOST:
        yield from _compared(gone, new, _replaced)
    else:
        yield from otherwise("".join(gone), "".join(new))
    yield Run(SAME, "".join(a[len(a) - tail :]))


def _by_sentences(before: str, after: str) -> Iterable[Run]:
    a, b = _SENTENCES.findall(before), _SENTENCES.findall(after)
    if max(len(a), len(b)) > MOST:
        return _replaced(before, after)
    return _compared(a, b, lambda gone, new: _by_words(gone, new, _replaced))


def _compared(a: Sequence[str], b: Sequence[str], changed: Callable[[str, str], Iterable[Run]]) -> Iterator[Run]:
    for tag, i, j, k, m in SequenceMatcher(str.isspace, a, b).get_opcodes():
        gone, new = "".join(a[i:j]), "".join(b[k:m])
        yield from (Run(SAME, gone),) if tag == "equal" else changed(gone, new)


def _replaced(gone: str, new: str) -> tuple[Run, ...]:
    return tuple(run for run in (Run(GONE, gone), Run(NEW, new)) if run.text)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """How many pieces both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Neighbouring runs of a kind as one, what is gone before what is new."""
    made: list[Run] = []
    for same, group in groupby((run for run in runs if run.text), key=lambda run: run.kind == SAME):
        found = list(group)
        if same:
            made.append(Run(SAME, "".join(run.text for run in found)))
        else:
            gone, new = ("".join(run.text for run in found if run.kind == kind) for kind in (GONE, NEW))
            made += _replaced(gone, new)
    return tuple(made)
