"""Lists narrowed to what holds words or parts of words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from django.db import models

from claims.models.search import SEARCHABLE
from claims.search.ways import is_common

FENCE = 2**31 - 1  # more than there are: keeps PostgreSQL from looking at a subquery and what is around it as one
Row = TypeVar("Row", bound=models.Model)


def holding(rows: models.QuerySet[Row], parts: Sequence[str], wanted: int) -> models.QuerySet[Row]:
    """Of these claims, articles or sources those whose text holds every one of the parts, whatever their case.

    In: words or parts of words; how many rows will be read. A part without three letters or digits in a row has no
    index: rows are then read from the newest on until enough are found.
    """
    texts = SEARCHABLE[rows.model]._default_manager.all()
    newest = texts.aggregate(newest=models.Max("pk"))["newest"] or 0
    for part in parts:
        texts = texts.filter(folded__holds=part)
    if is_common(json.loads(texts.explain(format="json")), wanted, newest):
        for part in parts:
            rows = rows.filter(searchable__folded__holds=part)
        return rows
    return rows.filter(pk__in=texts.values("pk")[:FENCE])
