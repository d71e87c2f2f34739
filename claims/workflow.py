"""The steps of the desk: one row per step, asked by every door.

`ask` is the only place where a step is allowed or refused. The database knows the same moves
(claims/migrations/sql/rules.sql); a test compares the two, and the diagram in docs/workflow.md with both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from claims import rules
from claims.choices import ArticleState, ClaimState
from claims.rules import Given, Refusal

Rule = Callable[[Any, Any, Given], Refusal | Sequence[Refusal] | None]


class Actor(Protocol):
    """Who asks for a step."""

    @property
    def pk(self) -> Any: ...
    def lacks(self, perm: str) -> str: ...


class HasState(Protocol):
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the state table.

    `moves` says from which state to which; `permission` is None for what the desk itself does; `needs` and `takes`
    name what is given with the step (the first must be, the second may be).
    """

    name: str
    label: str
    moves: Mapping[str, str]
    permission: str | None
    rules: tuple[Rule, ...] = ()
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


def each(*states: str, to: str) -> dict[str, str]:
    """The moves from several states to one."""
    return dict.fromkeys(states, to)


def stays(*states: str) -> dict[str, str]:
    """No move at all, from these states."""
    return {state: state for state in states}


C = ClaimState
CLAIM_STEPS: tuple[Step, ...] = (
    Step("triage", "Take up for research", each(C.IDENTIFIED, to=C.RESEARCHING), "claims.triage",
         (rules.claim_stands,), takes=("assignee",)),
    Step("set_aside", "Set aside as not checkable", each(C.IDENTIFIED, C.RESEARCHING, to=C.NOT_CHECKABLE),
         "claims.set_aside", (rules.claim_stands,), needs=("triage_reason", "note")),
    Step("confirm_set_aside", "Confirm the set-aside", each(C.NOT_CHECKABLE, to=C.NOT_CHECKABLE),
         "claims.confirm_set_aside",
         (rules.claim_stands, rules.set_aside_awaits_confirmation,
          rules.set_aside_is_confirmed_by_another_person)),
    Step("mark_duplicate", "Mark as a duplicate", each(C.IDENTIFIED, C.RESEARCHING, to=C.DUPLICATE),
         "claims.mark_duplicate",
         (rules.claim_stands, rules.claim_is_a_duplicate_of_another, rules.claim_has_no_duplicates),
         needs=("duplicate_of",)),
    Step("submit_for_review", "Submit for review", each(C.RESEARCHING, to=C.IN_REVIEW), "claims.submit_for_review",
         (rules.claim_stands, rules.evidence_is_sufficient, rules.both_stances_were_sought, rules.anchor_is_settled),
         takes=("none_contradicting",)),
    Step("adjudicate", "Adjudicate", each(C.DISPUTED, to=C.DECIDED), "claims.adjudicate",
         (rules.adjudicator_did_not_research, rules.adjudicator_did_not_review, rules.judge_is_not_recused,
          rules.dispute_is_about_what_stands),
         needs=("rating", "reason"), takes=("said_rating",)),
    Step("return_to_research", "Return to research", each(C.IN_REVIEW, C.DISPUTED, C.DECIDED, to=C.RESEARCHING),
         "claims.return_to_research", needs=("reason",)),
    Step("reopen", "Reopen", each(C.DECIDED, C.NOT_CHECKABLE, C.DUPLICATE, to=C.RESEARCHING), "claims.reopen",
         (rules.claim_stands,), needs=("reason",), takes=("correction_type",)),
    Step("withdraw_claim", "Withdraw as a mistake", stays(C.IDENTIFIED, C.RESEARCHING, C.NOT_CHECKABLE, C.DUPLICATE),
         "claims.withdraw_claim", (rules.claim_stands, rules.claim_has_no_duplicates), needs=("reason",)),
    Step("restore_claim", "Restore", stays(C.IDENTIFIED, C.RESEARCHING, C.NOT_CHECKABLE, C.DUPLICATE),
         "claims.withdraw_claim", (rules.claim_is_withdrawn,), needs=("reason",)),
)  # fmt: skip
# What happens to a claim when verdicts arrive; nobody presses a button for it.
CLAIM_MOVES: tuple[Step, ...] = (
    Step("agree", "The verdicts agree", each(C.IN_REVIEW, to=C.DECIDED), None),
    Step("differ", "The verdicts differ", each(C.IN_REVIEW, to=C.DISPUTED), None),
)
JUDGE = Step("judge", "File a verdict", each(C.IN_REVIEW, to=C.IN_REVIEW), "claims.judge",
             (rules.reviewer_did_not_research, rules.judge_is_not_recused))  # fmt: skip

A = ArticleState
ARTICLE_STEPS: tuple[Step, ...] = (
    Step("sign_off", "Sign off",
         {A.CHECKING: A.SIGNED_OFF, A.UNDER_CORRECTION: A.UNDER_CORRECTION}, "claims.sign_off",
         (rules.editor_did_not_research, rules.editor_did_not_judge, rules.coverage_is_closed),
         takes=("note", "digest")),
    Step("publish", "Publish", each(A.SIGNED_OFF, A.UNDER_CORRECTION, to=A.PUBLISHED), "claims.publish",
         (rules.sign_off_stands, rules.publication_is_signed_off_by_another, rules.coverage_is_closed)),
    Step("correct", "Open a correction", each(A.PUBLISHED, A.UNDER_CORRECTION, to=A.UNDER_CORRECTION),
         "claims.correct", needs=("type", "text"), takes=("claims",)),
    Step("retract", "Retract", each(A.PUBLISHED, A.UNDER_CORRECTION, to=A.WITHDRAWN), "claims.correct",
         needs=("text",)),
    Step("withdraw", "Withdraw", each(A.RECEIVED, A.CHECKING, A.SIGNED_OFF, to=A.WITHDRAWN),
         "claims.withdraw_article", needs=("reason",)),
)  # fmt: skip
ARTICLE_MOVES: tuple[Step, ...] = (
    Step("begin_checking", "The first claim is written", each(A.RECEIVED, to=A.CHECKING), None),
    Step("lapse", "What was signed off changes", each(A.SIGNED_OFF, to=A.CHECKING), None),
)

BY_NAME: dict[str, Step] = {step.name: step for step in (*CLAIM_STEPS, JUDGE, *ARTICLE_STEPS)}


def ask(step: Step, subject: HasState, person: Actor, given: Given = None) -> list[Refusal]:
    """Every reason why this person may not take this step now; an empty list is a yes.

    In: the row, the claim or article it is about, who asks, and what is given with it (None: they only look, so
    rules about what would be given are not asked yet). Without a permission or from
    another state nothing further is asked: the first refusal says all.
    """
    if step.permission and (why := person.lacks(step.permission)):
        return [Refusal("not_permitted", f"{why}: {step.label.lower()}.")]
    if subject.state not in step.moves:
        states = " or ".join(state.replace("_", " ") for state in step.moves)
        now = subject.state.replace("_", " ")
        return [Refusal("not_from_this_state", f"{step.label}: possible when {states}; this is {now}.")]
    refusals: list[Refusal] = []
    for rule in step.rules:
        answer = rule(subject, person, given)
        if isinstance(answer, Refusal):
            refusals.append(answer)
        elif answer:
            refusals.extend(answer)
    return refusals


def moves(steps: Iterable[Step]) -> set[tuple[str, str]]:
    """The pairs of different states that some step leads from and to."""
    return {(str(a), str(b)) for step in steps for a, b in step.moves.items() if a != b}


def diagram(steps: Iterable[Step], title: str) -> str:
    """The steps as a Mermaid state diagram, for docs/workflow.md."""
    lines = [f"%% {title}", "stateDiagram-v2"]
    lines += [f"    {a} --> {b}: {step.name}" for step in steps for a, b in step.moves.items()]
    return "\n".join(lines)
