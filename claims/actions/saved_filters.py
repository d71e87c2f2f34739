"""Questions to the lists are kept under names."""

from __future__ import annotations

from typing import Any

from claims.actions.acting import acting, insert, update
from claims.models import Person, SavedFilter
from claims.rules import Refusal, Refused


def keep(*, by: Person, **fields: Any) -> SavedFilter:
    """Keep a filter. Raises Refused for a name that is taken, or ValidationError by field."""
    saved = SavedFilter(person=by, **fields)
    with acting(by=by, action="filter.keep"):
        insert(saved)
    return saved


def edit(*, saved: SavedFilter, by: Person, **changes: Any) -> SavedFilter:
    """Change one's own filter. Raises Refused, or ValidationError by field."""
    _own(saved, by)
    with acting(by=by, action="filter.edit"):
        update(saved, **changes)
    return saved


def discard(*, saved: SavedFilter, by: Person) -> None:
    """Take one's own filter away. Raises Refused."""
    _own(saved, by)
    with acting(by=by, action="filter.discard"):
        saved.delete()


def _own(saved: SavedFilter, by: Person) -> None:
    if saved.person_id != by.pk:
        raise Refused([Refusal("filter_is_its_owners", "This filter is somebody else's: keep one of your own.")])
