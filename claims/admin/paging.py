"""Pages of a list without an exact count."""

from __future__ import annotations

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

MOST = 5_000


class BoundedPaginator(Paginator):
    """Counts no further than MOST rows: what lies beyond is found by searching and filtering."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return rows.order_by()[:MOST].count()
