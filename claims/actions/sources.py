"""Sources are entered and described."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from claims.actions.acting import acting, insert, require, update
from claims.models import Person, Source

FIELDS = (
    "title", "publisher", "author", "url", "archived_url", "kind", "tier", "affiliation", "derived_from",
    "published_on", "accessed_at", "sha256", "confidential",
)  # fmt: skip


def enter(*, by: Person, **fields: Any) -> Source:
    """Enter a source (any of FIELDS; title, kind and tier are needed). Raises Refused, or ValidationError by field."""
    require(by, "write_source", "write sources")
    source = Source(created_by=by, **fields)
    with acting(by=by, action="source.enter"):
        insert(source)
    return source


def edit(*, source: Source, by: Person, **changes: Any) -> Source:
    """Describe a source better. Verdicts on claims that cite it become stale by themselves.

    Raises Refused, or ValidationError by field.
    """
    require(by, "write_source", "write sources")
    if unknown := set(changes) - set(FIELDS):
        raise ValidationError({name: "This is not a field that can be edited." for name in unknown})
    with acting(by=by, action="source.edit"):
        source = Source.objects.select_for_update(of=("self",), no_key=True).get(pk=source.pk)
        update(source, **changes)
    return source
