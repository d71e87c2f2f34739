"""Search: claims, articles and sources by their words, ranked; and lists narrowed to what holds parts of words.

A word is found in every form that the language of its article has for it. What makes it fast among a million rows: of
words that many rows have, only the newest matches are ranked (NEWEST of each kind), found by walking the rows from the
newest one; rarer words are looked up in their index. Which way is the cheaper is told by how many rows PostgreSQL
expects; left to choose for itself it takes up to ten times as long.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import BigIntegerField, Case, ExpressionWrapper, F, FloatField, Func, Q, Value, When

from claims.choices import ArticleState, FoundBy, SearchKind
from claims.models import Article, Claim, Person, Source
from claims.models.search import SEARCHABLE, Searchable, SearchableQuerySet
from claims.spelling import meant

LONGEST = 200  # characters of what is looked for
NEWEST = 500  # matches of a kind that are ranked, the newest
DEAR = 5  # a row that an index leads to costs as much as so many that are passed on the way from the newest
LITTLE = 5  # fewer answers than that, and misspelt words are looked for
NEAR = 30  # known words that a misspelt one is compared with, the likest
FENCE = 2**31 - 1  # more than there are: keeps PostgreSQL from looking at a subquery and what is around it as one

MODELS: dict[SearchKind, type[models.Model]] = {
    SearchKind.CLAIM: Claim,
    SearchKind.ARTICLE: Article,
    SearchKind.SOURCE: Source,
}
Row = TypeVar("Row", bound=models.Model)
Queries = dict[str, str]  # by dictionary, as PostgreSQL writes a query


@dataclass(frozen=True, slots=True)
class Found:
    """A row that answers. `rank` says how well, among those found in the same way; `marked` is HTML: the first of the
    row's fields and the others that hold something, all that was found between <mark> and </mark>, the rest escaped.
    """

    kind: SearchKind
    pk: int
    rank: float
    by: FoundBy
    row: Any = None
    marked: str = ""

    @property
    def article(self) -> Article | None:
        """Of a claim: where it was made."""
        return self.row.article if isinstance(self.row, Claim) else None

    @property
    def code(self) -> str:
        return self.row.code if isinstance(self.row, Claim) else ""

    @property
    def title(self) -> str:
        return str(self.row.statement if isinstance(self.row, Claim) else self.row.title)

    @property
    def withdrawn(self) -> bool:
        if isinstance(self.row, Article):
            return self.row.state == ArticleState.WITHDRAWN
        return bool(self.row.withdrawn)


# ---------------------------------------------------------------- lists


def holding(rows: models.QuerySet[Row], parts: Sequence[str], wanted: int) -> models.QuerySet[Row]:
    """Of these claims, articles or sources those whose text holds every one of the parts, whatever their case.

    In: words or parts of words; how many rows will be read. A part without three letters or digits in a row has no
    index: rows are then read from the newest on until enough are found.
    """
    texts = SEARCHABLE[rows.model]._default_manager.all()
    for part in parts:
        texts = texts.filter(folded__holds=part)
    if _is_common(texts, wanted, _newest(texts.model)):
        for part in parts:
            rows = rows.filter(searchable__folded__holds=part)
        return rows
    return rows.filter(pk__in=texts.values("pk")[:FENCE])


def _newest(model: type[Searchable]) -> int:
    """The id of the newest row, which is about how many there are."""
    return model._default_manager.aggregate(newest=models.Max("pk"))["newest"] or 0


def _is_common(matching: models.QuerySet[Any], wanted: int, size: int) -> bool:
    """Whether so many of the matching rows are found sooner on the way from the newest one than by an index."""
    expected = json.loads(matching.explain(format="json"))[0]["Plan"]["Plan Rows"]
    return bool(DEAR * expected * expected > wanted * size)


# ---------------------------------------------------------------- ranked


def search(
    *, text: str, person: Person, kinds: Collection[SearchKind] = tuple(SearchKind), start: int = 0, size: int = 20
) -> tuple[list[Found], bool]:
    """The answers from `start` on, at most `size`, and whether there are more.

    In: words as people type them in a search engine (all of them are looked for; "a phrase", or, -without). Out: the
    best first; those found by misspelt words after all others, and only where fewer than LITTLE are found without.
    Withdrawn rows are found like others. What this person may not see is not found.
    """
    text = text[:LONGEST].replace("\0", " ")
    queries = _asked(text)
    found = _ranked(queries, FoundBy.WORDS, person, kinds)
    respelt: Queries = {}
    if len(found) < LITTLE:
        respelt = _respelt(text, list(queries))
        there = {(f.kind, f.pk) for f in found}
        found += [f for f in _ranked(respelt, FoundBy.SIMILAR, person, kinds) if (f.kind, f.pk) not in there]
    page = _with_rows(found[start : start + size], person)
    return _with_marks(page, {FoundBy.WORDS: queries, FoundBy.SIMILAR: respelt}), len(found) > start + size


def _asked(text: str) -> Queries:
    """What the text asks for in every language that the desk has articles in; empty where nothing is left of it."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED, {"text": text})
        return dict(cursor.fetchall())


def _ranked(queries: Queries, by: FoundBy, person: Person, kinds: Iterable[SearchKind]) -> list[Found]:
    """The newest matches of each kind, the best first; the newer first among equals."""
    dictionaries: dict[str, list[str]] = {}
    for dictionary, query in queries.items():
        if query:
            dictionaries.setdefault(query, []).append(dictionary)
    if not dictionaries:
        return []
    found = []
    for kind in kinds:
        rows = _candidates(SEARCHABLE[MODELS[kind]], dictionaries, person)
        found += [Found(kind, pk, rank, by) for pk, rank in rows]
    return sorted(found, key=lambda f: (-f.rank, f.kind, -f.pk))


def _candidates(model: type[Searchable], dictionaries: dict[str, list[str]], person: Person) -> Any:
    """The ids and ranks of the NEWEST newest matches. In: queries, with the dictionaries of the texts they are for.

    Common words are met on the way from the newest row; no further than their index would be cheaper, for words may
    not be where they are expected. What is then wanting, and everything of rarer words, comes from the index (for
    which the order must be no index's own).
    """
    texts: SearchableQuerySet = model._default_manager.visible_to(person)  # type: ignore[attr-defined]
    answers = Q(pk__in=())
    for query, those in dictionaries.items():
        answers |= Q(dictionary__in=those, words__matches=query)
    matching = texts.filter(answers)
    newest = last = _newest(model)
    if _is_common(matching, NEWEST, newest):
        last -= int((DEAR * NEWEST * newest) ** 0.5)
    own = Case(*(When(dictionary__in=those, then=Value(query)) for query, those in dictionaries.items()))
    matching = matching.annotate(rank=Rank(F("words"), own))
    unordered = ExpressionWrapper(F("pk") + 0, BigIntegerField())
    met = matching.filter(pk__gt=last).order_by("-pk").values_list("pk", "rank")[:NEWEST]
    others = matching.filter(pk__lte=last).order_by(unordered.desc()).values_list("pk", "rank")[:NEWEST]
    return met.union(others, all=True)[:NEWEST]


class Rank(Func):
    """How well words answer a query: heavier fields and words near one another count for more, long texts for less."""

    template = "ts_rank(%(expressions)s::tsquery, 1)"
    output_field = FloatField()


def _respelt(text: str, dictionaries: list[str]) -> Queries:
    """The text's words, each as it is typed or as a known one spelt nearly so; none where no word is like another."""
    words = re.findall(r"\w+", re.sub(r"(?<!\S)-\S*|\bor\b", " ", text.lower()))
    with connection.cursor() as cursor:
        cursor.execute(LIKE_IT, {"words": words, "near": NEAR})
        ways = [[word, *meant(word, near)] for word, near in cursor.fetchall()]
        if all(len(spelt) == 1 for spelt in ways):
            return {}
        numbered = [(n, word) for n, spelt in enumerate(ways) for word in spelt]
        cursor.execute(LEXEMES, {
            "numbers": [n for n, _ in numbered], "words": [word for _, word in numbered], "dictionaries": dictionaries
        })  # fmt: skip
        queries: dict[str, list[str]] = {}
        for dictionary, alternatives in cursor.fetchall():
            queries.setdefault(dictionary, []).append(f"( {alternatives} )")
    return {dictionary: " & ".join(parts) for dictionary, parts in queries.items()}


# ---------------------------------------------------------------- shown


def _with_rows(found: list[Found], person: Person) -> list[Found]:
    """With their rows, a query for each kind; without what is gone by now, or has become confidential."""
    rows: dict[tuple[SearchKind, int], Any] = {}
    for kind in {f.kind for f in found}:
        loaded: models.QuerySet[Any] = MODELS[kind]._default_manager.all()
        if kind == SearchKind.CLAIM:
            loaded = loaded.select_related("article")
        if kind == SearchKind.SOURCE:
            loaded = Source.objects.visible_to(person)
        loaded = loaded.annotate(dictionary=F("searchable__dictionary"))
        rows |= {(kind, row.pk): row for row in loaded.filter(pk__in=[f.pk for f in found if f.kind == kind])}
    return [replace(f, row=rows[f.kind, f.pk]) for f in found if (f.kind, f.pk) in rows]


def _with_marks(found: list[Found], queries: dict[FoundBy, Queries]) -> list[Found]:
    """With what is marked in their first line and in the others in which something is."""
    lines = [
        (n, f.row.dictionary, queries[f.by].get(f.row.dictionary, ""), line)
        for n, f in enumerate(found) for line in lines_of(f.row)
    ]  # fmt: skip
    kept: list[list[str]] = [[] for _ in found]
    for (n, *_), html in zip(lines, _marked([line for _, *line in lines]), strict=True):
        if not kept[n] or ("<mark>" in html and html not in kept[n][0]):
            kept[n].append(html)
    return [replace(f, marked=" · ".join(shown)) for f, shown in zip(found, kept, strict=True)]


def lines_of(row: Claim | Article | Source) -> tuple[str, ...]:
    """The fields that a row is found by, in their order of weight (migrations/sql/search.sql)."""
    if isinstance(row, Claim):
        return row.statement, row.headline, row.claimant, row.code
    if isinstance(row, Article):
        return row.title, row.byline, row.publisher, row.slug, row.url
    return row.title, row.author, row.publisher, row.affiliation, row.url


def _marked(lines: Sequence[Sequence[str]]) -> list[str]:
    """Each line as HTML, what is found in it between <mark> and </mark>. In: (dictionary, query, line)."""
    sign = secrets.token_hex(8)  # in nobody's text
    dictionaries, asked, texts = ([line[n] for line in lines] for n in range(3))
    with connection.cursor() as cursor:
        cursor.execute(MARKED, {
            "dictionaries": dictionaries, "queries": asked, "lines": texts,
            "options": f"HighlightAll=true, StartSel={sign}b, StopSel={sign}e",
        })  # fmt: skip
        return [_as_html(text, said, sign) for text, (said,) in zip(texts, cursor.fetchall(), strict=True)]


def _as_html(line: str, said: str, sign: str) -> str:
    """The line with marks where `said`, which is the line but for signs and tags, has its signs."""
    made, at = "", 0
    for piece in re.split(f"({sign}[be])", said):
        if piece in (f"{sign}b", f"{sign}e"):
            made += "<mark>" if piece.endswith("b") else "</mark>"
        else:
            made += escape(line[at : at + len(piece)])
            at += len(piece)
    return made if at == len(line) else escape(line)


# The dictionaries of all articles, each looked up after the one before; and what the text asks for by each of them.
ASKED = """
WITH RECURSIVE used AS (
  SELECT min(dictionary) AS dictionary FROM claims_searchablearticle
  UNION ALL
  SELECT (SELECT min(a.dictionary) FROM claims_searchablearticle a WHERE a.dictionary > u.dictionary)
  FROM used u WHERE u.dictionary IS NOT NULL
)
SELECT d.dictionary, websearch_to_tsquery(d.dictionary::regconfig, %(text)s)::text
FROM (SELECT dictionary FROM used WHERE dictionary IS NOT NULL UNION SELECT 'simple') d ORDER BY d.dictionary
"""
# Each word with the known ones that look like it. Shorter ones look like too many.
LIKE_IT = """
SELECT w.word, CASE WHEN length(w.word) < 4 THEN '{}' ELSE ARRAY(
    SELECT k.word FROM claims_knownword k WHERE k.word %% w.word AND k.word <> w.word
    ORDER BY similarity(k.word, w.word) DESC, k.word LIMIT %(near)s
  ) END
FROM unnest(%(words)s::text[]) WITH ORDINALITY w (word, n) ORDER BY w.n
"""
# Each word, with its alternatives, in each dictionary; not those that a dictionary leaves out.
LEXEMES = """
SELECT q.dictionary, string_agg(q.query, ' | ') FROM (
  SELECT DISTINCT d.dictionary, w.n, plainto_tsquery(d.dictionary::regconfig, w.word)::text AS query
  FROM unnest(%(numbers)s::int[], %(words)s::text[]) w (n, word), unnest(%(dictionaries)s::text[]) d (dictionary)
) q WHERE q.query <> '' GROUP BY q.dictionary, q.n ORDER BY q.dictionary, q.n
"""
MARKED = """
SELECT ts_headline(t.dictionary::regconfig, translate(t.line, '<>', '  '), t.query::tsquery, %(options)s)
FROM unnest(%(dictionaries)s::text[], %(queries)s::text[], %(lines)s::text[]) WITH ORDINALITY
  t (dictionary, query, line, n) ORDER BY t.n
"""
