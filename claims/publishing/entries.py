"""The record's rows as the plain data that goes into a snapshot: public fields alone, labels frozen with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from claims.choices import Addresses, ClaimState, CorrectionType, DecisionMethod, SaidRating
from claims.models import Article, Claim, Correction, Evidence, Rating, Source, Verdict
from claims.publishing.claimreview import is_web
from claims.publishing.urls import claim_url


@dataclass(frozen=True, slots=True)
class Entries:
    """An article's claims as readers see them, each list in the order of the claims' numbers."""

    decided: list[dict[str, Any]]
    set_aside: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]


def read(article: Article) -> Entries:
    """Every claim readers may see. A constant number of queries; decided claims are those whose decision stands."""
    claims = list(article.claims.standing().for_lists().order_by("number"))
    decided = [c for c in claims if c.state == ClaimState.DECIDED and not c.stale]
    evidence, verdicts = _evidence(decided), _verdicts(decided)
    return Entries(
        decided=[_decided(c, evidence[c.pk], verdicts[c.pk]) for c in decided],
        set_aside=[
            {**_basics(c), "reason": {"code": c.triage_reason, "label": c.get_triage_reason_display()}}
            for c in claims
            if c.state == ClaimState.NOT_CHECKABLE and c.confirmed_by_id is not None
        ],
        duplicates=[
            {**_basics(c), "duplicate_of": c.duplicate_of.code}
            for c in claims
            if c.state == ClaimState.DUPLICATE and c.duplicate_of is not None
        ],
    )


def _evidence(claims: Sequence[Claim]) -> defaultdict[int, list[Evidence]]:
    found: defaultdict[int, list[Evidence]] = defaultdict(list)
    for row in Evidence.objects.public().filter(claim__in=claims).select_related("source").order_by("id"):
        found[row.claim_id].append(row)
    return found


def _verdicts(claims: Sequence[Claim]) -> defaultdict[int, list[Verdict]]:
    """The verdicts that counted when the claim was decided: of that round, on what stood then, not superseded, their
    reviewer no researcher of the claim then, and not recused.
    """
    found: defaultdict[int, list[Verdict]] = defaultdict(list)
    decisions = {c.pk: c.decision for c in claims}
    rows = Verdict.objects.filter(claim__in=claims, superseded_by__isnull=True)
    rows = rows.not_recused().not_researched(by_the_time_of="claim__decision__decided_at")
    rows = rows.select_related("rating").order_by("id")
    for row in rows:
        decision = decisions[row.claim_id]
        if decision is not None and (row.round, row.digest) == (decision.round, decision.digest):
            found[row.claim_id].append(row)
    return found


def _basics(claim: Claim) -> dict[str, Any]:
    return {"code": claim.code, "statement": claim.statement, "anchor": _anchor(claim)}


def _anchor(claim: Claim) -> dict[str, Any] | None:
    anchor = claim.current_anchor()
    if anchor is None or not anchor.settled or anchor.revision_id != claim.article.current_revision_id:
        return None
    return {
        "start": anchor.start,
        "end": anchor.end,
        "exact": anchor.exact,
        "prefix": anchor.prefix,
        "suffix": anchor.suffix,
    }


def _decided(claim: Claim, evidence: Sequence[Evidence], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    decision = claim.decision
    if decision is None:
        raise ValueError(f"{claim.code} is not decided.")
    agreed = [v for v in verdicts if (v.rating_id, v.said_rating) == (decision.rating_id, decision.said_rating)]
    dissent = [v for v in verdicts if v not in agreed] if claim.article.publish_dissent else []
    return {
        **_basics(claim),
        "url": claim_url(claim.article.slug, claim.code),
        "headline": claim.headline,
        "kind": {"code": claim.kind, "label": claim.get_kind_display()},
        "claimant": claim.claimant,
        "attribution": list(claim.attribution),
        "stated_on": day(claim.stated_on),
        "importance": {"code": claim.importance, "label": claim.get_importance_display()},
        "topics": list(claim.topics),
        "decision": {
            "rating": rating(decision.rating),
            "said_rating": said(decision.said_rating),
            "method": {"code": decision.method, "label": decision.get_method_display()},
            "decided_at": stamp(decision.decided_at),
            "reason": decision.reason if decision.method == DecisionMethod.ADJUDICATION else "",
        },
        "rationales": [
            {"text": v.rationale} for v in agreed or [v for v in verdicts if v.rating_id == decision.rating_id]
        ],
        "dissent": [
            {"rating": rating(v.rating), "said_rating": said(v.said_rating), "text": v.rationale} for v in dissent
        ],
        "evidence": [_cited(row) for row in evidence],
    }


def _cited(row: Evidence) -> dict[str, Any]:
    return {
        "stance": {"code": row.stance, "label": row.get_stance_display()},
        "addresses": {"code": row.addresses, "label": Addresses(row.addresses).label},
        "excerpt": row.excerpt,
        "locator": row.locator,
        "note": row.note,
        "source": _source(row.source),
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "title": source.title,
        "publisher": source.publisher,
        "author": source.author,
        "url": web(source.url),
        "archived_url": web(source.archived_url),
        "kind": {"code": source.kind, "label": source.get_kind_display()},
        "tier": {"code": source.tier, "label": source.get_tier_display()},
        "affiliation": source.affiliation,
        "published_on": day(source.published_on),
        "accessed_at": stamp(source.accessed_at) if source.accessed_at else None,
    }


def rating(row: Rating) -> dict[str, Any]:
    """A rating with its definition; `value` is None where the outcome is not on the scale."""
    return {"code": row.code, "label": row.label, "value": row.value, "definition": row.definition}


def said(code: str) -> dict[str, str] | None:
    """The answer to "was it said?", or None where it was not asked."""
    return {"code": code, "label": str(SaidRating(code).label)} if code else None


def correction(row: Correction, *, carried_by: int | None = None) -> dict[str, Any]:
    """A correction; `carried_by` is the version to name while no published one carries it yet.

    Its text is for readers once the version that carries it was signed off and published; a retraction's at once.
    """
    carrier = row.published_in.version if row.published_in else carried_by
    return {
        "type": {"code": row.type, "label": row.get_type_display()},
        "text": row.text if carrier or row.type == CorrectionType.RETRACTION else "",
        "made_at": stamp(row.made_at),
        "claims": [c.code for c in sorted(row.claims.all(), key=lambda c: c.number)],
        "corrects": row.publication.version,
        "carried_by": carrier,
    }


def web(url: str) -> str:
    """The address if it is http(s), else nothing: readers are led nowhere else."""
    return url if is_web(url) else ""


def day(value: date | None) -> str | None:
    """A date as ISO 8601. Dates given as text and not yet read back from the database pass through."""
    return None if value is None else date.fromisoformat(str(value)).isoformat()


def stamp(value: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
