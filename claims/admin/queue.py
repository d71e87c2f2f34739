"""What waits for a person: the front page of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from claims.models import Person
from claims.queries import ARTICLE_QUEUES, CLAIM_QUEUES

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """One list of the queue: its first rows, whether there are more, and where all of them are."""

    title: str
    noun: str
    rows: Sequence[Any]
    more: bool
    url: str


def queue_of(person: Person) -> list[Waiting]:
    """What this person may do and what waits for it: at most one query a list, whatever waits."""
    claims, articles = reverse("admin:claims_claim_changelist"), reverse("admin:claims_article_changelist")
    waiting: list[Waiting] = []
    for queue in CLAIM_QUEUES.values():
        if person.has_perm(queue.permission):
            rows = queue.of(person).select_related("article")
            waiting.append(_first(queue.title, "claim", rows, f"{claims}?queue={queue.name}"))
    for work in ARTICLE_QUEUES:
        if person.has_perm(work.permission):
            states = ",".join(work.states)
            waiting.append(_first(work.title, "article", work.of(person), f"{articles}?state__in={states}"))
    return waiting


def _first(title: str, noun: str, rows: QuerySet[Any], url: str) -> Waiting:
    found = list(rows.order_by("due_at", "moved_at", "id")[: SHOWN + 1])
    return Waiting(title, noun, found[:SHOWN], len(found) > SHOWN, url)
