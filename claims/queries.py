"""Reads that join nouns: what waits for whom, derived from the workflow, never typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from claims.choices import ArticleState
from claims.models import Article, Claim, Person
from claims.models.article import ArticleQuerySet
from claims.models.claim import ClaimQuerySet

IN_HAND = (ArticleState.CHECKING, ArticleState.UNDER_CORRECTION)
SIGNED = (ArticleState.SIGNED_OFF, ArticleState.UNDER_CORRECTION)


@dataclass(frozen=True, slots=True)
class ClaimQueue:
    """One kind of work on claims: the permission it takes, and which claims wait for a person."""

    name: str
    title: str
    permission: str
    waiting: Callable[[ClaimQuerySet, Person], ClaimQuerySet]

    def of(self, person: Person) -> ClaimQuerySet:
        """The claims that wait for this person; none for somebody whose roles do not do this work."""
        return self.waiting(Claim.objects.all(), person) if person.has_perm(self.permission) else Claim.objects.none()


@dataclass(frozen=True, slots=True)
class ArticleQueue:
    """One kind of work on whole articles, which waits for everybody who may do it; `states` is where it begins."""

    title: str
    permission: str
    states: tuple[ArticleState, ...]
    narrowed: Callable[[ArticleQuerySet], ArticleQuerySet]

    def of(self, person: Person) -> ArticleQuerySet:
        """The articles that wait for this person; none for somebody whose roles do not do this work."""
        waiting = self.narrowed(Article.objects.filter(state__in=self.states))
        return waiting if person.has_perm(self.permission) else Article.objects.none()


CLAIM_QUEUES = {
    queue.name: queue
    for queue in (
        ClaimQueue("review", "To review", "claims.judge", ClaimQuerySet.awaiting_review_by),
        ClaimQueue("adjudication", "To adjudicate", "claims.adjudicate", ClaimQuerySet.awaiting_adjudication_by),
        ClaimQueue("research", "To research", "claims.submit_for_review", ClaimQuerySet.awaiting_research_by),
    )
}
ARTICLE_QUEUES = (
    ArticleQueue("Settled, to sign off", "claims.sign_off", IN_HAND, lambda found: found.settled().signed(False)),
    ArticleQueue("Being checked", "claims.edit_article", IN_HAND, lambda found: found.settled(False)),
    ArticleQueue("To publish", "claims.publish", SIGNED, lambda found: found.signed()),
)
