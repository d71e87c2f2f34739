"""A reviewer or adjudicator steps back from a claim."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from claims.actions.acting import acting, insert, lock_claim
from claims.models import Claim, Person, Recusal
from claims.rules import Refusal, Refused


def recuse(*, claim: Claim, note: str, by: Person) -> Recusal:
    """Step back from judging a claim, for good, with a note of the conflict of interest.

    A verdict of theirs in the open round counts no longer; where one counted towards a decision, the article is not
    signed off until the claim has been judged anew. Raises Refused, or ValidationError by field.
    """
    if not note.strip():
        raise ValidationError({"note": "Say what the conflict of interest is."})
    if not (by.has_perm("claims.judge") or by.has_perm("claims.adjudicate")):
        raise Refused([Refusal("not_permitted", "Your roles do not include this: judge claims.")])
    with acting(by=by, action="claim.recuse"):
        claim = lock_claim(claim)
        if claim.was_recused_from_by(by):
            raise Refused([Refusal("judge_is_not_recused", "You have stepped back from this claim already.")])
        recusal = Recusal(claim=claim, person=by, note=note)
        insert(recusal)
    return recusal
