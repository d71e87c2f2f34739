"""Sources are entered and described."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from claims.actions.acting import acting, insert, lock_claim, require, update
from claims.actions.evidence import count_evidence
from claims.models import Claim, Person, Source
from claims.rules import Refusal, Refused

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
    """Describe a source better. Verdicts and decisions on claims that cite it become stale by themselves.

    Raises Refused, or ValidationError by field.
    """
    require(by, "write_source", "write sources")
    if unknown := set(changes) - set(FIELDS):
        raise ValidationError({name: "This is not a field that can be edited." for name in unknown})
    with acting(by=by, action="source.edit"):
        source = _hold(source)
        if source.withdrawn:
            raise Refused([Refusal("source_stands", "This source is withdrawn: restore it first.")])
        update(source, **changes)
        _count_where_cited(source)
    return source


def withdraw(*, source: Source, reason: str, by: Person) -> Source:
    """Take a mistaken source out: evidence from it counts no longer, and what was judged with it becomes stale.

    Raises Refused, or ValidationError.
    """
    if not reason.strip():
        raise ValidationError({"reason": "Say why the source is withdrawn."})
    return _set_withdrawn(source, "source.withdraw", reason, by)


def restore(*, source: Source, reason: str, by: Person) -> Source:
    """Take a withdrawal back. Raises Refused, or ValidationError."""
    if not reason.strip():
        raise ValidationError({"reason": "Say why the source is restored."})
    return _set_withdrawn(source, "source.restore", reason, by)


def _set_withdrawn(source: Source, action: str, reason: str, by: Person) -> Source:
    require(by, "write_source", "write sources")
    away = action == "source.withdraw"
    with acting(by=by, action=action, reason=reason):
        source = _hold(source)
        if source.withdrawn == away:
            now = "is withdrawn already" if away else "is not withdrawn"
            raise Refused([Refusal("source_stands" if away else "source_is_withdrawn", f"This source {now}.")])
        if away:
            update(source, withdrawn_by=by, withdrawn_at=timezone.now(), withdrawn_reason=reason)
        else:
            update(source, withdrawn_by=None, withdrawn_at=None, withdrawn_reason="")
        _count_where_cited(source)
    return source


def _hold(source: Source) -> Source:
    """The source as it is now, held with the claims that cite it; claims first, as whoever cites it locks them."""
    for claim in _citing(source):
        lock_claim(claim)
    return Source.objects.select_for_update(of=("self",), no_key=True).get(pk=source.pk)


def _count_where_cited(source: Source) -> None:
    """Put right what is counted of the claims that cite the source, those too that came to cite it meanwhile."""
    for claim in _citing(source):
        count_evidence(lock_claim(claim))


def _citing(source: Source) -> list[Claim]:
    cited = Claim.objects.filter(evidence__source=source, evidence__withdrawn_at__isnull=True).distinct()
    return list(cited.select_related("article").order_by("article_id", "pk"))
