"""A reviewer files a verdict."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from claims.actions.acting import acting, insert, insist, lock_claim
from claims.actions.articles import refresh_coverage
from claims.actions.steps import check_ratings, close_round
from claims.models import Claim, Evidence, Person, Rating, Verdict
from claims.workflow import JUDGE


def file(
    *, claim: Claim, rating: Rating, rationale: str, confidence: str, by: Person, said_rating: str = "",
    relied_on: Iterable[Evidence] = (), digest: str = "",
) -> Verdict:  # fmt: skip
    """File a verdict in the claim's open round; the last one needed closes the round in the same transaction.

    In: `digest`, where given, is the claim's digest the reviewer saw; when it has changed meanwhile the verdict is
    refused. A second verdict in a round supersedes the first; the same again changes nothing. Raises Refused, or
    ValidationError by field.
    """
    with acting(by=by, action="verdict.file"):
        claim = lock_claim(claim)
        evidence = list(relied_on)
        earlier = claim.verdicts.filter(reviewer=by, round=claim.round).order_by("-id").first()
        verdict = Verdict(
            claim=claim, round=claim.round, reviewer=by, rating=rating, said_rating=said_rating, rationale=rationale,
            confidence=confidence, digest=digest or claim.digest, supersedes=earlier,
        )  # fmt: skip
        if earlier is not None and _same(earlier, verdict, evidence):
            return earlier
        insist(JUDGE, claim, by)
        check_ratings(claim, {"rating": rating, "said_rating": said_rating})
        if any(e.claim_id != claim.pk or e.withdrawn for e in evidence):
            raise ValidationError({"relied_on": "Rely on evidence of this claim that has not been withdrawn."})
        insert(verdict)
        verdict.relied_on.set(evidence)
        close_round(claim)
        refresh_coverage(claim.article)
    return verdict


def _same(earlier: Verdict, verdict: Verdict, evidence: list[Evidence]) -> bool:
    fields = ("rating_id", "said_rating", "rationale", "confidence", "digest")
    return all(getattr(earlier, f) == getattr(verdict, f) for f in fields) and (
        set(earlier.relied_on.values_list("pk", flat=True)) == {e.pk for e in evidence}
    )
