"""What waits for a person: the front page of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from claims.choices import ArticleState
from claims.models import Article, Claim, SignOff

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """One list of the queue: its first rows, whether there are more, and where all of them are."""

    title: str
    noun: str
    rows: Sequence[Any]
    more: bool
    url: str


def queue_of(person: Any) -> list[Waiting]:
    """What this person may do and what waits for it: at most one query a list, whatever waits."""
    claims = Claim.objects.select_related("article").order_by("due_at", "id")
    articles = Article.objects.order_by("due_at", "id")
    all_claims, all_articles = reverse("admin:claims_claim_changelist"), reverse("admin:claims_article_changelist")
    checked = articles.filter(state__in=(ArticleState.CHECKING, ArticleState.UNDER_CORRECTION))
    stands = Q(pk__in=SignOff.objects.filter(voided_at__isnull=True).values("article"))
    settled = Q(settled_count=F("sentence_count"))
    in_hand = f"{all_articles}?state__in={ArticleState.CHECKING},{ArticleState.UNDER_CORRECTION}"
    signed = (ArticleState.SIGNED_OFF, ArticleState.UNDER_CORRECTION)
    lists: tuple[tuple[str, str, str, QuerySet[Any], str], ...] = (
        ("judge", "To review", "claim", claims.awaiting_review_by(person), f"{all_claims}?queue=review"),
        ("adjudicate", "To adjudicate", "claim", claims.awaiting_adjudication_by(person),
         f"{all_claims}?queue=adjudication"),
        ("submit_for_review", "To research", "claim", claims.awaiting_research_by(person),
         f"{all_claims}?queue=research"),
        ("sign_off", "Settled, to sign off", "article", checked.filter(settled & ~stands), in_hand),
        ("edit_article", "Being checked", "article", checked.exclude(settled), in_hand),
        ("publish", "To publish", "article", articles.filter(stands, state__in=signed),
         f"{all_articles}?state__in={','.join(signed)}"),
    )  # fmt: skip
    return [
        _first(title, noun, rows, url)
        for permission, title, noun, rows, url in lists
        if person.has_perm(f"claims.{permission}")
    ]


def _first(title: str, noun: str, rows: QuerySet[Any], url: str) -> Waiting:
    found = list(rows[: SHOWN + 1])
    return Waiting(title, noun, found[:SHOWN], len(found) > SHOWN, url)
