"""Claims are identified in the text, edited, and put back in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from claims.actions.acting import acting, check_able, insert, lock_article, lock_claim, require, update
from claims.actions.articles import place, refresh_coverage
from claims.actions.notifying import tell_of_claim
from claims.anchoring import AnchorStatus, Selector, describe, locate
from claims.choices import ArticleState
from claims.models import Article, Claim, Person
from claims.rules import Refusal, Refused

EDITABLE = (
    "statement", "headline", "kind", "claimant", "attribution", "stated_on", "importance", "legal_risk", "topics",
    "assignee", "assignment_note", "due_at",
)  # fmt: skip


def identify(*, article: Article, anchor: Mapping[str, Any], by: Person, **fields: Any) -> Claim:
    """Write a claim that stands in the article's current text.

    In: the anchor as {start, end} in code points or {exact, prefix, suffix}, and any of EDITABLE (statement and kind
    are needed). Out: the claim, `identified`, with the article's next code. Raises Refused; ValidationError by field;
    anchoring.OffsetsOutOfRange, QuoteNotFound or QuoteAmbiguous (which names its candidates).
    """
    require(by, "write_claim", "write claims")
    check_able("assignee", fields.get("assignee"), "submit_for_review")
    with acting(by=by, action="claim.identify"):
        article = lock_article(article)
        if article.current_revision is None or article.state == ArticleState.WITHDRAWN:
            raise Refused([Refusal("article_is_open", "Claims are written on an article that is being checked.")])
        selector = resolve(article.current_revision.text, anchor)
        number = article.claim_count + 1
        claim = Claim(article=article, number=number, code=f"C{number}", created_by=by, **fields)
        insert(claim)
        place(claim, article.current_revision, AnchorStatus.EXACT, selector, by=by)
        changes: dict[str, Any] = {"claim_count": number}
        if article.state == ArticleState.RECEIVED:
            changes["state"] = ArticleState.CHECKING
        update(article, **changes)
        refresh_coverage(article)
        claim.refresh_from_db()
        tell_of_claim(claim, "identify", by=by, assigned_before=None)
    return claim


def edit(*, claim: Claim, by: Person, **changes: Any) -> Claim:
    """Change what the claim says or who works on it. What is judged makes verdicts stale by itself.

    Raises Refused, or ValidationError by field.
    """
    require(by, "write_claim", "write claims")
    if unknown := set(changes) - set(EDITABLE):
        raise ValidationError({name: "This is not a field that can be edited." for name in unknown})
    check_able("assignee", changes.get("assignee"), "submit_for_review")
    with acting(by=by, action="claim.edit"):
        claim = lock_claim(claim)
        if "assignee" in changes and changes["assignee"] != claim.assignee:
            changes.setdefault("assignment_note", "")  # what the one before was told
        assigned_before = claim.assignee_id
        update(claim, **changes)
        refresh_coverage(claim.article)
        claim.refresh_from_db()
        tell_of_claim(claim, "edit", by=by, assigned_before=assigned_before)
    return claim


def settle_anchor(*, claim: Claim, anchor: Mapping[str, Any], by: Person) -> Claim:
    """A person says where the claim stands in the current revision; see `identify` for the anchor and the errors."""
    require(by, "write_claim", "write claims")
    with acting(by=by, action="claim.settle_anchor"):
        claim = lock_claim(claim)
        revision = claim.article.current_revision
        if revision is None:
            raise ValidationError({"anchor": "The article has no text."})
        former = claim.current_anchor()
        selector = resolve(revision.text, anchor)
        same = former is not None and former.start == selector.start and former.exact == selector.exact
        place(claim, revision, AnchorStatus.EXACT if same else AnchorStatus.MOVED, selector, by=by)
        refresh_coverage(claim.article)
        claim.refresh_from_db()
    return claim


def resolve(text: str, anchor: Mapping[str, Any]) -> Selector:
    """The place an anchor means: by offsets if it has them, else by its quote. Errors as in `identify`."""
    if anchor.get("start") is not None and anchor.get("end") is not None:
        return describe(text, anchor["start"], anchor["end"])
    if anchor.get("exact"):
        return locate(text, anchor["exact"], anchor.get("prefix", ""), anchor.get("suffix", ""))
    raise ValidationError({"anchor": "Give {start, end}, or {exact} with prefix and suffix where the quote recurs."})
