"""Lists narrowed to what holds words or parts of words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from django.db import models

from claims.models.search import SEARCHABLE
from claims.search.ways import is_common

DEAR = 5
ALL = 2**31 - 1  # more rows than there are
Row = TypeVar("Row", bound=models.Model)


def holding(rows: models.QuerySet[Row], parts: Sequence[str], wanted: int = ALL) -> models.QuerySet[Row]:
    """Of these claims, articles or sources those whose text holds every one of the parts, whatever their case.

    In: words or parts of words; how many rows will be read, newest first. A part without three letters or digits in a
    row has no index: rows are then read from the newest on until enough are found.
    """
    texts = SEARCHABLE[rows.model]._default_manager.all()
    newest = texts.aggregate(newest=models.Max("pk"))["newest"] or 0
    for part in parts:
        texts = texts.filter(folded__holds=part)
    plan = json.loads(texts.explain(format="json"))
    if is_common(plan, wanted=wanted, newest=newest, dear=DEAR):
        # One row's text at a time. Joined, PostgreSQL would read texts from the newest on for a page far from there.
        return rows.filter(pk=models.Subquery(texts.filter(pk=models.OuterRef("pk")).values("pk")))
    # With a limit PostgreSQL does not look at these rows and the others as one.
    return rows.filter(pk__in=texts.values("pk")[:ALL])
