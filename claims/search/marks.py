"""What is found in a row, between <mark> and </mark>."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from html import escape

from django.db import connection

from claims.models import Article, Claim, Source


def lines_of(row: Claim | Article | Source) -> tuple[str, ...]:
    """The fields that a row is found by, in their order of weight (migrations/sql/search.sql)."""
    if isinstance(row, Claim):
        return row.statement, row.headline, row.claimant, row.code
    if isinstance(row, Article):
        return row.title, row.byline, row.publisher, row.slug, row.url
    return row.title, row.author, row.publisher, row.affiliation, row.url


def marked(lines: Sequence[Sequence[str]]) -> list[str]:
    """Each line as HTML, what is found in it between <mark> and </mark>. In: (dictionary, query, line)."""
    sign = secrets.token_hex(8)  # in nobody's text
    dictionaries, asked, texts = ([line[n] for line in lines] for n in range(3))
    with connection.cursor() as cursor:
        cursor.execute(MARKED, {
            "dictionaries": dictionaries, "queries": asked, "lines": texts,
            "options": f"HighlightAll=true, StartSel={sign}b, StopSel={sign}e",
        })  # fmt: skip
        return [as_html(text, said, sign) for text, (said,) in zip(texts, cursor.fetchall(), strict=True)]


def as_html(line: str, said: str, sign: str) -> str:
    """The line with marks where `said`, which is the line but for signs and tags, has its signs."""
    made, at = "", 0
    for piece in re.split(f"({sign}[be])", said):
        if piece in (f"{sign}b", f"{sign}e"):
            made += "<mark>" if piece.endswith("b") else "</mark>"
        else:
            made += escape(line[at : at + len(piece)])
            at += len(piece)
    return made if at == len(line) else escape(line)


MARKED = """
SELECT ts_headline(t.dictionary::regconfig, translate(t.line, '<>', '  '), t.query::tsquery, %(options)s)
FROM unnest(%(dictionaries)s::text[], %(queries)s::text[], %(lines)s::text[]) WITH ORDINALITY
  t (dictionary, query, line, n) ORDER BY t.n
"""
