"""A claim takes a step: lock, ask, write, record, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from claims.actions.acting import acting, actor, check_able, insert, insist, lock_claim, update
from claims.actions.articles import refresh_coverage
from claims.actions.corrections import open_with
from claims.actions.notifying import tell_of_claim
from claims.choices import ClaimKind, ClaimState, CorrectionType, DecisionMethod, PublicationState
from claims.models import Claim, Decision, Person
from claims.workflow import CLAIM_STEPS, Step

STEPS: dict[str, Step] = {step.name: step for step in CLAIM_STEPS}
# What a claim carries in its set-aside ends, and what it carries anywhere else.
NOT_SET_ASIDE: Mapping[str, Any] = {
    "triage_reason": "", "triage_note": "", "set_aside_by": None, "set_aside_at": None,
    "confirmed_by": None, "confirmed_at": None, "duplicate_of": None,
}  # fmt: skip


def take(*, claim: Claim, step: str, by: Person, **given: Any) -> Claim:
    """Take a step of the state table (claims.workflow.CLAIM_STEPS) by its name.

    In: what the step needs and takes; people, claims and ratings as objects. Out: the claim as it now is. Raises
    Refused with every reason; ValidationError for what is missing or unknown, by field.
    """
    row = STEPS.get(step)
    if row is None:
        raise ValidationError({"step": f"There is no step {step}: choose one of {', '.join(STEPS)}."})
    _check_given(row, given)
    with acting(by=by, action=f"claim.{step}", reason=given.get("reason") or given.get("note") or ""):
        claim = lock_claim(claim)
        if given.get("duplicate_of"):  # as it is now: somebody may have marked or withdrawn it since it was read
            given["duplicate_of"] = Claim.objects.get(pk=given["duplicate_of"].pk)
        insist(row, claim, by, given)
        assigned_before = claim.assignee_id
        changes = EFFECTS[step](claim, by, given)
        update(claim, state=row.moves[claim.state], **changes)
        refresh_coverage(claim.article)
        claim.refresh_from_db()
        tell_of_claim(claim, step, by=by, assigned_before=assigned_before)
    return claim


def check_ratings(claim: Claim, given: Mapping[str, Any]) -> None:
    """A rating is of the article's scale; of a quotation it is also asked whether it was said."""
    if given["rating"].scale_id != claim.article.scale_id:
        raise ValidationError({"rating": "This rating is not on the article's scale."})
    said = given.get("said_rating")
    if claim.kind == ClaimKind.QUOTATION and not said:
        raise ValidationError({"said_rating": "Of a quotation, say also whether it was said."})
    if claim.kind != ClaimKind.QUOTATION and said:
        raise ValidationError({"said_rating": "Only of a quotation it is asked whether it was said."})


def _check_given(row: Step, given: Mapping[str, Any]) -> None:
    missing = {n: f"{row.label} needs this." for n in row.needs if not _said(given.get(n))}
    unknown = {n: f"{row.label} takes no {n}." for n in given if n not in (*row.needs, *row.takes)}
    if missing or unknown:
        raise ValidationError(missing | unknown)


def _said(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _triage(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    check_able("assignee", given.get("assignee"), "submit_for_review")
    return {"assignee": given["assignee"]} if given.get("assignee") else {}


def _set_aside(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "triage_reason": given["triage_reason"], "triage_note": given["note"],
        "set_aside_by": by, "set_aside_at": timezone.now(),
    }  # fmt: skip


def _confirm_set_aside(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"confirmed_by": by, "confirmed_at": timezone.now()}


def _mark_duplicate(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"duplicate_of": given["duplicate_of"]}


def _submit_for_review(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    note = given.get("none_contradicting") or claim.none_contradicting
    return {"round": claim.round + 1, "none_contradicting": note}


def _adjudicate(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    check_ratings(claim, given)
    decision = Decision(
        claim=claim, round=claim.round, method=DecisionMethod.ADJUDICATION, rating=given["rating"],
        said_rating=given.get("said_rating") or "", reason=given["reason"], decided_by=by, digest=claim.digest,
    )  # fmt: skip
    insert(decision)
    return {"decision": decision}


def _return_to_research(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"decision": None}


def _reopen(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    """The reason becomes the public text of the correction, where readers have been shown the claim and no open
    correction speaks of it yet.
    """
    live = claim.article.publications.filter(state=PublicationState.LIVE).first()
    shown = live is not None and any(entry["code"] == claim.code for entry in live.snapshot["claims"])
    if live is not None and shown and not claim.corrections.filter(published_in__isnull=True).exists():
        kind = given.get("correction_type") or CorrectionType.CORRECTION
        open_with(live, type=kind, text=given["reason"], claims=[claim], by=by)
    return {"decision": None, **NOT_SET_ASIDE}


def _withdraw(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"withdrawn_by": by, "withdrawn_at": timezone.now(), "withdrawn_reason": given["reason"]}


def _restore(claim: Claim, by: Person, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"withdrawn_by": None, "withdrawn_at": None, "withdrawn_reason": ""}


EFFECTS: dict[str, Callable[[Claim, Person, Mapping[str, Any]], dict[str, Any]]] = {
    "triage": _triage,
    "set_aside": _set_aside,
    "confirm_set_aside": _confirm_set_aside,
    "mark_duplicate": _mark_duplicate,
    "submit_for_review": _submit_for_review,
    "adjudicate": _adjudicate,
    "return_to_research": _return_to_research,
    "reopen": _reopen,
    "withdraw_claim": _withdraw,
    "restore_claim": _restore,
}


def close_round(claim: Claim) -> None:
    """Where the quorum is in, decide by agreement or leave the claim disputed; in the last verdict's transaction.

    The two questions of a quotation are counted apart: each needs its own equal answers.
    """
    verdicts = list(claim.verdicts.counting())
    if claim.state != ClaimState.IN_REVIEW or len(verdicts) < claim.article.quorum:
        return
    [(rating_id, votes)] = Counter(v.rating_id for v in verdicts).most_common(1)
    [(said, said_votes)] = Counter(v.said_rating for v in verdicts).most_common(1)
    if min(votes, said_votes) < claim.article.votes_to_carry:
        update(claim, state=ClaimState.DISPUTED)
        tell_of_claim(claim, "differ", by=actor(), assigned_before=claim.assignee_id)
        return
    decision = Decision(
        claim=claim, round=claim.round, method=DecisionMethod.AGREEMENT, rating_id=rating_id, said_rating=said,
        digest=claim.digest,
    )  # fmt: skip
    insert(decision)
    update(claim, state=ClaimState.DECIDED, decision=decision)
