"""The panel of earlier decisions on similar claims."""

from __future__ import annotations

from typing import Any

from claims.models import Claim, Person
from claims.precedents import similar_to
from claims.publishing.urls import claim_url

THE_SAME = 0.8  # of the score of the very same words


def precedents_of(claim: Claim, person: Person | Any, *, folded: bool) -> dict[str, Any]:
    """What the panel shows. `folded` on the page where somebody judges: there it informs those who ask and presses
    nobody.
    """
    found = similar_to(claim, person)
    return {
        "precedents": [
            {
                "claim": p.claim,
                "same": p.score >= THE_SAME,
                "url": claim_url(p.claim.article.slug, p.claim.code) if p.published else "",
            }
            for p in found
        ],
        "precedents_folded": folded,
    }
