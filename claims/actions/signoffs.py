"""An editor signs the whole article off."""

from __future__ import annotations

from claims.actions.acting import acting, insert, insist, lock_article, update
from claims.actions.notifying import tell_of_article
from claims.models import Article, Person, SignOff
from claims.workflow import BY_NAME


def sign_off(*, article: Article, by: Person, note: str = "", digest: str = "") -> SignOff:
    """Approve the article exactly as it stands.

    In: `digest`, where given, is the article's digest the editor saw; if it has changed meanwhile the sign-off is
    refused. Raises Refused with every blocker.
    """
    step = BY_NAME["sign_off"]
    with acting(by=by, action="article.sign_off", reason=note):
        article = lock_article(article)
        insist(step, article, by)
        signed = SignOff(article=article, revision=article.current_revision, signed_by=by, note=note, digest=digest)
        insert(signed)
        if step.moves[article.state] != article.state:
            update(article, state=step.moves[article.state])
        tell_of_article(article, "sign_off", by=by)
        signed.refresh_from_db()
    return signed
