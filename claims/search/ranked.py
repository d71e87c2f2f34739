"""Claims, articles and sources by their words, the best first, with what is found in them marked.

A word is found in every form that the language of its article has for it. Of words that many rows have only the newest
matches are ranked, so that a million rows are as quick to search as ten thousand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, models
from django.db.models import F

from claims.choices import ArticleState, FoundBy, SearchKind
from claims.models import Article, Claim, Person, Source
from claims.search.marks import lines_of, marked
from claims.search.ways import farthest, is_common
from claims.spelling import meant

LONGEST = 200  # characters of what is looked for
NEWEST = 300  # matches of a kind that are ranked, the newest
DEAR = 10
LITTLE = 5  # fewer answers than that, and misspelt words are looked for
NEAR = 30  # known words that a misspelt one is compared with, the likest

MODELS: dict[SearchKind, type[models.Model]] = {
    SearchKind.CLAIM: Claim,
    SearchKind.ARTICLE: Article,
    SearchKind.SOURCE: Source,
}
Queries = dict[str, str]  # by dictionary, as PostgreSQL writes a query
# The texts of a kind, what they are the text of, and which of them somebody may find.
TEXTS = {
    SearchKind.CLAIM: ("claims_searchableclaim", "claim_id", "true"),
    SearchKind.ARTICLE: ("claims_searchablearticle", "article_id", "true"),
    SearchKind.SOURCE: (
        "claims_searchablesource",
        "source_id",
        "(%(confidential)s OR NOT (SELECT r.confidential FROM claims_source r WHERE r.id = source_id))",
    ),
}


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
        found += [Found(kind, pk, rank, by) for pk, rank in _candidates(kind, dictionaries, person)]
    return sorted(found, key=lambda f: (-f.rank, f.kind, -f.pk))


def _candidates(kind: SearchKind, dictionaries: dict[str, list[str]], person: Person) -> list[tuple[int, float]]:
    """The ids and ranks of the NEWEST newest matches. In: queries, with the dictionaries of the texts they are for.

    Common words are met on the way from the newest row; no further than their index would be cheaper, for words may
    not be where they are expected. What is then wanting, and everything of rarer words, comes from the index (for
    which the order must be no index's own).
    """
    table, key, visible = TEXTS[kind]
    given: dict[str, Any] = {"most": NEWEST, "confidential": person.has_perm("claims.view_confidential")}
    for n, (query, those) in enumerate(dictionaries.items()):
        given |= {f"query{n}": query, f"those{n}": those}
    own = [(f"dictionary = ANY (%(those{n})s)", f"%(query{n})s::tsquery") for n in range(len(dictionaries))]
    answers = " OR ".join(f"({those} AND words @@ {query})" for those, query in own)
    rank = "".join(f" WHEN {those} THEN {query}" for those, query in own)
    named = {"table": table, "key": key, "matching": f"({answers}) AND {visible}", "rank": f"CASE{rank} END"}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max({key}) FROM {table}")  # noqa: S608 - of our own names
        given["last"] = newest = cursor.fetchone()[0] or 0
        cursor.execute(EXPECTED.format(**named), given)
        if is_common(cursor.fetchone()[0], wanted=NEWEST, newest=newest, dear=DEAR):
            given["last"] -= farthest(wanted=NEWEST, newest=newest, dear=DEAR)
        cursor.execute(CANDIDATES.format(**named), given)
        return list(cursor.fetchall())


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
    for (n, *_), html in zip(lines, marked([line for _, *line in lines]), strict=True):
        if not kept[n] or ("<mark>" in html and html not in kept[n][0]):
            kept[n].append(html)
    return [replace(f, marked=" · ".join(shown)) for f, shown in zip(found, kept, strict=True)]


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
EXPECTED = "EXPLAIN (FORMAT json) SELECT FROM {table} WHERE {matching}"
CANDIDATES = """
SELECT id, ts_rank(words, query, 1) FROM (
  (SELECT {key} AS id, words, {rank} AS query FROM {table} WHERE {key} > %(last)s AND {matching}
   ORDER BY {key} DESC LIMIT %(most)s)
  UNION ALL
  (SELECT {key} AS id, words, {rank} AS query FROM {table} WHERE {key} <= %(last)s AND {matching}
   ORDER BY {key} + 0 DESC LIMIT %(most)s)
) newest LIMIT %(most)s
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
