"""From bytes to an article on the desk: read, then received or revised through the actions."""

from __future__ import annotations

from typing import Any

from claims.actions import articles
from claims.importers.text import read
from claims.models import Article, ArticleRevision, Person


def receive(*, raw: bytes, media_type: str, by: Person, **given: Any) -> Article:
    """Receive what these bytes say as an article; `given` details (articles.DETAILS) win over what the text says.

    Raises text.UnreadableText, Refused, or ValidationError by field; nothing is then stored.
    """
    return articles.receive(reading=read(raw, media_type), raw=raw, media_type=media_type, by=by, **given)


def revise(
    *, article: Article, raw: bytes, media_type: str, by: Person, note: str = ""
) -> tuple[ArticleRevision, dict[str, int]]:
    """Make these bytes the article's next revision; see articles.revise for the report. Raises as `receive`."""
    return articles.revise(
        article=article, reading=read(raw, media_type), raw=raw, media_type=media_type, by=by, note=note
    )
