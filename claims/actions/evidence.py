"""Evidence is cited, put right and withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils import timezone

from claims.actions.acting import acting, insert, lock_claim, require, update
from claims.actions.articles import refresh_coverage
from claims.choices import ClaimState, Stance
from claims.models import Claim, Evidence, Person, Source
from claims.rules import Refusal, Refused

EDITABLE = ("source", "stance", "excerpt", "locator", "addresses", "attribution_link", "note", "visibility")


def cite(*, claim: Claim, source: Source, stance: str, by: Person, **fields: Any) -> Evidence:
    """Cite what a source says about a claim (further EDITABLE fields as keywords).

    Raises Refused, or ValidationError by field.
    """
    require(by, "cite_evidence", "cite evidence")
    with acting(by=by, action="evidence.cite"):
        claim = lock_claim(claim)
        if claim.state == ClaimState.DUPLICATE:
            raise Refused([Refusal("claim_is_not_a_duplicate", "Cite evidence on the claim this one duplicates.")])
        _check(claim, source, fields)
        evidence = Evidence(claim=claim, source=source, stance=stance, created_by=by, **fields)
        insert(evidence)
        count_evidence(claim)
    return evidence


def edit(*, evidence: Evidence, by: Person, **changes: Any) -> Evidence:
    """Put evidence right; verdicts that judged it as it was become stale. Raises Refused, or ValidationError."""
    require(by, "cite_evidence", "cite evidence")
    if unknown := set(changes) - set(EDITABLE):
        raise ValidationError({name: "This is not a field that can be edited." for name in unknown})
    with acting(by=by, action="evidence.edit"):
        claim = lock_claim(evidence.claim)
        evidence = _standing(evidence)
        _check(claim, changes.get("source"), changes)
        update(evidence, **changes)
        count_evidence(claim)
    return evidence


def withdraw(*, evidence: Evidence, reason: str, by: Person) -> Evidence:
    """Take evidence out of consideration; it stays on file with the reason. Raises Refused, or ValidationError."""
    require(by, "cite_evidence", "cite evidence")
    if not reason.strip():
        raise ValidationError({"reason": "Say why the evidence is withdrawn."})
    with acting(by=by, action="evidence.withdraw", reason=reason):
        claim = lock_claim(evidence.claim)
        evidence = _standing(evidence)
        update(evidence, withdrawn_by=by, withdrawn_at=timezone.now(), withdrawn_reason=reason)
        count_evidence(claim)
    return evidence


def restore(*, evidence: Evidence, reason: str, by: Person) -> Evidence:
    """Take a withdrawal back: what was judged with this evidence counts again where nothing else has changed.

    Raises Refused, or ValidationError.
    """
    require(by, "cite_evidence", "cite evidence")
    if not reason.strip():
        raise ValidationError({"reason": "Say why the evidence is restored."})
    with acting(by=by, action="evidence.restore", reason=reason):
        claim = lock_claim(evidence.claim)
        evidence = Evidence.objects.select_related("claim", "source").get(pk=evidence.pk)
        if not evidence.withdrawn:
            raise Refused([Refusal("evidence_is_withdrawn", "This evidence is not withdrawn.")])
        _check(claim, evidence.source, {})
        update(evidence, withdrawn_by=None, withdrawn_at=None, withdrawn_reason="")
        count_evidence(claim)
    return evidence


def _check(claim: Claim, source: Source | None, fields: Mapping[str, Any]) -> None:
    """A source that stands, and a link that the attribution has."""
    if source is not None:
        # Held, so that nobody changes or withdraws it who could not see yet that it is cited here.
        held = Source.objects.select_for_update(of=("self",), no_key=True).get(pk=source.pk)
        if held.withdrawn:
            raise ValidationError({"source": "This source is withdrawn: restore it first, or cite another."})
    link = fields.get("attribution_link")
    if link is not None and link > len(claim.attribution):
        raise ValidationError({"attribution_link": f"The attribution has the links 0 to {len(claim.attribution)}."})


def _standing(evidence: Evidence) -> Evidence:
    fresh = Evidence.objects.select_related("claim").get(pk=evidence.pk)
    if fresh.withdrawn:
        raise Refused([Refusal("evidence_stands", "This evidence has been withdrawn.")])
    return fresh


def count_evidence(claim: Claim) -> None:
    """Put the claim's counters right, and the article's: a decision may have become stale."""
    claim.refresh_from_db(fields=["digest"])
    stances = dict(claim.evidence.standing().values_list("stance").annotate(Count("pk")).order_by())
    counters = {f"{stance.value}_count": stances.get(stance.value, 0) for stance in Stance}
    if any(getattr(claim, name) != value for name, value in counters.items()):
        update(claim, **counters)
    refresh_coverage(claim.article)
