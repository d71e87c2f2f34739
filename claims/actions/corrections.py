"""Mistakes are corrected in public."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from claims.actions.acting import acting, insert, insist, lock_article, update
from claims.choices import ArticleState, CorrectionType, PublicationState
from claims.models import Claim, Correction, Person, Publication
from claims.rules import Refusal, Refused
from claims.workflow import BY_NAME


def correct(*, publication: Publication, type: str, text: str, by: Person, claims: Iterable[Claim] = ()) -> Correction:
    """Open a public, dated note on what readers see now; the next version carries it.

    A retraction needs no next version: the notice takes the page's place at once. Raises Refused, or ValidationError.
    """
    retraction = type == CorrectionType.RETRACTION
    step = BY_NAME["retract" if retraction else "correct"]
    with acting(by=by, action=f"publication.{step.name}", reason=text):
        article = lock_article(publication.article)
        publication = Publication.objects.get(pk=publication.pk)
        insist(step, article, by)
        if publication.state != PublicationState.LIVE:
            raise Refused([Refusal("publication_is_live", "Only what readers see now is corrected.")])
        correction = open_with(publication, type=type, text=text, claims=claims, by=by)
        if retraction:
            update(publication, state=PublicationState.RETRACTED)
            article.refresh_from_db()
            update(article, state=step.moves[article.state])
    return correction


def open_with(publication: Publication, *, type: str, text: str, claims: Iterable[Claim], by: Person) -> Correction:
    """Write the note and put the article under correction, within a transaction that has locked the article.

    Raises ValidationError by field.
    """
    article = publication.article
    named = list(claims)
    if any(claim.article_id != article.pk for claim in named):
        raise ValidationError({"claims": "Name claims of the article that was published."})
    correction = Correction(publication=publication, type=type, text=text, made_by=by)
    insert(correction)
    correction.claims.set(named)
    article.refresh_from_db(fields=["state"])
    if article.state == ArticleState.PUBLISHED and type != CorrectionType.RETRACTION:
        update(article, state=ArticleState.UNDER_CORRECTION)
    return correction
