"""What was signed off is shown to readers, as a frozen, numbered snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from django.db.models import Max
from django.utils import timezone

from claims.actions.acting import acting, insert, insist, lock_article, update
from claims.choices import PublicationState
from claims.models import Article, Correction, Person, Publication
from claims.rules import Refusal, Refused
from claims.workflow import BY_NAME


class Snapshot(Protocol):
    """What claims.publishing builds: canonical JSON, and every reason why it must not be published."""

    @property
    def content(self) -> bytes: ...
    @property
    def problems(self) -> Sequence[Refusal]: ...


Build = Callable[[Article, int, datetime], Snapshot]


def publish(*, article: Article, build: Build, by: Person) -> Publication:
    """Freeze and publish the next version.

    In: `build` makes the snapshot of an article for a version number and a time (UTC), under the lock. It carries all
    open corrections. Raises Refused: no standing sign-off by somebody else, or a ClaimReview that does not validate.
    """
    step = BY_NAME["publish"]
    with acting(by=by, action="article.publish"):
        article = lock_article(article)
        insist(step, article, by)
        version = (article.publications.aggregate(last=Max("version"))["last"] or 0) + 1
        at = timezone.now()
        snapshot = build(article, version, at)
        if snapshot.problems:
            raise Refused(snapshot.problems)
        article.publications.filter(state=PublicationState.LIVE).update(state=PublicationState.SUPERSEDED)
        publication = Publication(
            article=article, version=version, sign_off=article.standing_sign_off(), content=snapshot.content,
            digest=hashlib.sha256(snapshot.content).hexdigest(), published_by=by, published_at=at,
        )  # fmt: skip
        insert(publication)
        Correction.objects.filter(publication__article=article, published_in__isnull=True).update(
            published_in=publication
        )
        update(article, state=step.moves[article.state])
    return publication
