"""THE RULES OF THE DESK.

Each rule is one predicate: what it is asked about, the person who wants it, and what they gave with the step; it
answers None, or the refusal. A rule's docstring is the sentence a head of research would say. The rules bind
superusers too: permissions are asked elsewhere (claims.workflow), and never instead.

Rules 1–4, 6, 7 and 11 are kept by the database as well, under the same names (claims/migrations/sql/rules.sql).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claims.subjects import SomeArticle, SomeClaim, Someone

# What comes with a step; None while somebody only looks, before anything has been given.
Given = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One broken rule, as data: `code` is the rule's name, `message` says to a person what is wrong, and `about`, where
    it is one row that stands in the way, is that row's kind and id.
    """

    code: str
    message: str
    about: tuple[str, int] | None = None


class Refused(Exception):
    """Somebody asked for what the rules forbid; nothing was written."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(" ".join(r.message for r in self.refusals))


# ---------------------------------------------------------------- who may judge


def reviewer_did_not_research(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A reviewer judges no claim they researched: nobody who ever wrote the claim or any of its evidence."""
    if claim.was_researched_by(person):
        return Refusal(
            "reviewer_did_not_research",
            "You wrote this claim or some of its evidence, so you do not judge it.",
        )
    return None


def adjudicator_did_not_research(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """An adjudicator did not research the claim."""
    if claim.was_researched_by(person):
        return Refusal(
            "adjudicator_did_not_research",
            "You wrote this claim or some of its evidence, so you do not adjudicate it.",
        )
    return None


def adjudicator_did_not_review(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """An adjudicator did not review the claim, in any round."""
    if claim.was_reviewed_by(person):
        return Refusal("adjudicator_did_not_review", "You filed a verdict on this claim, so you do not adjudicate it.")
    return None


def judge_is_not_recused(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """Whoever has stepped back from a claim, for a conflict of interest, neither reviews nor adjudicates it."""
    if claim.was_recused_from_by(person):
        return Refusal("judge_is_not_recused", "You have stepped back from this claim, so you do not judge it.")
    return None


def dispute_is_about_what_stands(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """An adjudicator decides about what the reviewers judged: where it has changed since, no verdict of the dispute
    counts any more, and the claim goes back to research.
    """
    if not claim.dispute_is_current():
        return Refusal(
            "dispute_is_about_what_stands",
            "The claim or its evidence changed after the reviewers judged: return it to research.",
        )
    return None


def editor_did_not_research(article: SomeArticle, person: Someone, given: Given) -> Refusal | None:
    """The editor who signs off researched no claim of the article."""
    if article.was_researched_by(person):
        return Refusal(
            "editor_did_not_research",
            "You wrote a claim of this article or some evidence, so you do not sign it off.",
        )
    return None


def editor_did_not_judge(article: SomeArticle, person: Someone, given: Given) -> Refusal | None:
    """The editor who signs off neither reviewed nor adjudicated any claim of the article, unless the article's
    desk settings relax this.
    """
    if not article.signer_may_have_judged and article.was_judged_by(person):
        return Refusal(
            "editor_did_not_judge",
            "You reviewed or adjudicated a claim of this article, so you do not sign it off.",
        )
    return None


# ---------------------------------------------------------------- withdrawing a mistaken claim


def claim_stands(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A withdrawn claim takes no step but back."""
    if claim.withdrawn:
        return Refusal("claim_stands", "The claim is withdrawn: restore it first.")
    return None


def claim_is_withdrawn(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """Only a withdrawn claim is restored."""
    if not claim.withdrawn:
        return Refusal("claim_is_withdrawn", "The claim is not withdrawn.")
    return None


def claim_has_no_duplicates(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A claim that others are marked as duplicates of is neither withdrawn nor a duplicate itself: they are taken apart
    first.
    """
    if claim.is_duplicated():
        return Refusal("claim_has_no_duplicates", "Claims are marked as duplicates of this one: reopen those first.")
    return None


# ---------------------------------------------------------------- setting aside


def set_aside_awaits_confirmation(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A set-aside is confirmed once."""
    if claim.confirmed_by_id is not None:
        return Refusal("set_aside_awaits_confirmation", "The set-aside has been confirmed already.")
    return None


def set_aside_is_confirmed_by_another_person(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """Whoever set a claim aside does not confirm it."""
    if claim.set_aside_by_id == person.pk:
        return Refusal(
            "set_aside_is_confirmed_by_another_person",
            "You set this claim aside, so somebody else confirms it.",
        )
    return None


def claim_is_a_duplicate_of_another(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A duplicate names another claim of the same article that stands and is not a duplicate itself."""
    other = given.get("duplicate_of") if given else None
    if other is None:
        return None
    if other.pk == claim.pk or other.article_id != getattr(claim, "article_id", None):
        return Refusal("claim_is_a_duplicate_of_another", "Name another claim of the same article.")
    if other.withdrawn:
        return Refusal("claim_is_a_duplicate_of_another", f"{other.code} is withdrawn: name a claim that stands.")
    if other.duplicate_of_id is not None:
        return Refusal("claim_is_a_duplicate_of_another", f"{other.code} is a duplicate itself: name the original.")
    return None


# ---------------------------------------------------------------- what review needs


def evidence_is_sufficient(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A claim goes to review with one primary source, or three secondary sources that do not derive from one another;
    the desk's settings may ask for more or fewer.

    Only evidence that corroborates or contradicts counts; outlets with one origin are one source.
    """
    cited, needed = claim.cited_sources(), claim.evidence_rule()
    primary = {c.origin for c in cited if c.tier == "primary"}
    secondary = {c.origin for c in cited if c.tier == "secondary"}
    if len(primary) >= needed.primary or len(secondary) >= needed.secondary:
        return None
    if not cited:
        return Refusal("evidence_is_sufficient", "There is no evidence yet: cite a source that takes a stance.")
    return Refusal(
        "evidence_is_sufficient",
        f"The evidence needs {needed.primary} primary or {needed.secondary} secondary sources that do not derive from "
        f"one another; there are {len(primary)} and {len(secondary)}.",
    )


def both_stances_were_sought(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """Before review, contradicting evidence is cited, or a note says where one looked and found none."""
    if any(c.stance == "contradicts" for c in claim.cited_sources()):
        return None
    if given is None or given.get("none_contradicting") or claim.none_contradicting:
        return None
    return Refusal(
        "both_stances_were_sought",
        "Cite contradicting evidence, or say in none_contradicting where you looked and found none.",
    )


def anchor_is_settled(claim: SomeClaim, person: Someone, given: Given) -> Refusal | None:
    """A claim is reviewed only when its place in the text is sure."""
    anchor = claim.current_anchor()
    if anchor is None or not anchor.settled:
        status = anchor.status if anchor else "missing"
        return Refusal("anchor_is_settled", f"The claim's place in the text is {status}: settle it first.")
    return None


# ---------------------------------------------------------------- sign-off and publication


def coverage_is_closed(article: SomeArticle, person: Someone, given: Given) -> list[Refusal]:
    """Nothing is open at sign-off: sentences, anchors, rounds, set-asides, stale decisions, threads that block."""
    return [blocker.refusal() for blocker in article.blockers(person)]


def sign_off_stands(article: SomeArticle, person: Someone, given: Given) -> Refusal | None:
    """What is published has been signed off exactly as it stands."""
    if article.standing_sign_off() is None:
        return Refusal("sign_off_stands", "No sign-off stands: an editor signs the article off first.")
    return None


def publication_is_signed_off_by_another(article: SomeArticle, person: Someone, given: Given) -> Refusal | None:
    """The publisher is not the only person who has touched the article: somebody else signed it off."""
    sign_off = article.standing_sign_off()
    if sign_off is not None and sign_off.signed_by_id == person.pk:
        return Refusal(
            "publication_is_signed_off_by_another",
            "You signed this article off, so somebody else publishes it.",
        )
    return None
