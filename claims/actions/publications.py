"""What was signed off is shown to readers, as a frozen, numbered snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from claims.actions import sealing
from claims.actions.acting import acting, insert, insist, lock_article, update
from claims.choices import PublicationState
from claims.models import Article, Correction, Person, Publication
from claims.proofs import merkle, verifier
from claims.rules import Refusal, Refused
from claims.workflow import BY_NAME


class Snapshot(Protocol):
    """What claims.publishing builds: canonical JSON, each claim's part of it, and every reason against publishing."""

    @property
    def content(self) -> bytes: ...
    @property
    def claims(self) -> Sequence[bytes]: ...
    @property
    def problems(self) -> Sequence[Refusal]: ...


Build = Callable[[Article, int, datetime], Snapshot]


def publish(*, article: Article, build: Build, by: Person) -> Publication:
    """Freeze the next version, have it sealed, and show it to readers.

    In: `build` makes the snapshot of an article for a version number and a time (UTC), under the lock. It carries all
    open corrections. Out: the publication, live; or still waiting, where the sealer did not answer in time: it is shown
    as soon as that has signed. Raises Refused: no standing sign-off by somebody else, or a ClaimReview that does not
    validate; RuntimeError within a transaction, which nobody outside could have seen, let alone signed.
    """
    publication = _freeze(article, build, by)
    return show(publication) if sealing.cover(publication) else publication


def _freeze(article: Article, build: Build, by: Person) -> Publication:
    """The next version, waiting for its seal. One that waits already is taken, if it is of the same sign-off."""
    with transaction.atomic(durable=True), acting(by=by, action="article.publish"):
        article = lock_article(article)
        insist(BY_NAME["publish"], article, by)
        sign_off = article.standing_sign_off()
        for waiting in article.publications.filter(state=PublicationState.WAITING):
            if sign_off is not None and waiting.sign_off_id == sign_off.pk:
                return waiting
            update(waiting, state=PublicationState.LAPSED)
        version = (article.publications.aggregate(last=Max("version"))["last"] or 0) + 1
        at = timezone.now()
        snapshot = build(article, version, at)
        if snapshot.problems:
            raise Refused(snapshot.problems)
        publication = Publication(
            article=article, version=version, sign_off=sign_off, content=snapshot.content,
            digest=hashlib.sha256(snapshot.content).hexdigest(), published_by=by, published_at=at,
            claims_root=merkle.root_of([verifier.leaf_hash(c) for c in snapshot.claims]).hex(),
            claims_count=len(snapshot.claims),
        )  # fmt: skip
        insert(publication)
    return publication


def show(publication: Publication) -> Publication:
    """Let readers see a version that waited for its seal, in place of the one before; already seen, it stays.

    Raises Refused where what was signed off has changed since it was frozen: that version is then never shown.
    """
    with transaction.atomic(durable=True), acting(by=publication.published_by, action="article.publish"):
        article = lock_article(publication.article)
        publication = Publication.objects.select_related("article", "sign_off").get(pk=publication.pk)
        if publication.state != PublicationState.WAITING:
            return publication
        moves = BY_NAME["publish"].moves
        stands = publication.sign_off.voided_at is None and article.state in moves
        if stands:
            article.publications.filter(state=PublicationState.LIVE).update(state=PublicationState.SUPERSEDED)
            Correction.objects.filter(publication__article=article, published_in__isnull=True).update(
                published_in=publication
            )
        update(publication, state=PublicationState.LIVE if stands else PublicationState.LAPSED)
        if stands:
            update(article, state=moves[article.state])
    if not stands:
        raise Refused([Refusal("sign_off_stands", "What was signed off changed before readers were shown it.")])
    return publication


def show_what_is_sealed() -> list[Publication]:
    """Show every version that waited and is covered by now; for whoever seals, after each checkpoint."""
    shown = []
    for publication in Publication.objects.filter(state=PublicationState.WAITING).order_by("pk"):
        if sealing.is_covered(publication):
            with suppress(Refused):  # lapsed: that is on record, and the desk's page of the article says so
                shown.append(show(publication))
    return shown
