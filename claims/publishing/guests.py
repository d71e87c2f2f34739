"""What a guest is shown: the article's text, its claims as they say, what readers were shown, and their own words.

Nothing of what the desk makes of a claim is here before it is published: no state, no verdict, no evidence, no name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Prefetch

from claims.choices import GuestMay
from claims.models import Claim, Comment, GuestLink
from claims.publishing import reading
from claims.publishing.marking import context_of, marked
from claims.publishing.showing import annotated, readable, verdict
from claims.publishing.urls import claim_url


def shown_to(link: GuestLink) -> dict[str, Any]:
    """All that this link's page says. A constant number of queries, however many claims there are."""
    article, claims = link.article, claims_of(link)
    published = _published(article.slug)
    rows = [_claim(c, published.get(c.code), article.slug) for c in claims]
    return {
        "link": {"name": link.name, "expires_at": link.expires_at, "whole": link.claim_id is None},
        "article": {name: getattr(article, name) for name in ("title", "byline", "publisher", "published_on", "url")},
        "language": article.language,
        "claims": rows,
        "blocks": _text(link, rows),
        "question": _question(link),
        "conversations": _conversations(link),
        "may_comment": link.may == GuestMay.COMMENT,
    }


def claims_of(link: GuestLink) -> list[Claim]:
    """The claims this link shows, in their order: the one it is about, or all of the article that stand."""
    found = link.article.claims.for_lists().order_by("number")
    return list(found.filter(pk=link.claim_id) if link.claim_id else found.standing())


def _claim(claim: Claim, published: Mapping[str, Any] | None, slug: str) -> dict[str, Any]:
    anchor = claim.current_anchor()
    stands = anchor is not None and anchor.settled and anchor.revision_id == claim.article.current_revision_id
    return {
        "code": claim.code,
        "statement": claim.statement,
        "claimant": claim.claimant,
        "attribution": list(claim.attribution),
        "anchor": {"start": anchor.start, "end": anchor.end} if anchor and stands else None,
        "published": published and {**published, "url": claim_url(slug, claim.code)},
    }


def _published(slug: str) -> dict[str, dict[str, Any]]:
    """What readers see now of each claim, by its code, out of the frozen version; nothing where there is none."""
    shown = reading.shown(slug)
    if shown is None or shown.retraction is not None:
        return {}
    data = readable(shown.data)
    return {
        c["code"]: {"verdict": verdict(c["decision"]["rating"], data["scale"]), "evidence": c["evidence"]}
        for c in data["claims"]
    }


def _text(link: GuestLink, claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    revision = link.article.current_revision
    if revision is None:
        return []
    blocks = [{"kind": kind, "start": start, "end": end} for kind, start, end in revision.blocks]
    text = {"text": revision.text, "blocks": blocks}
    chips = {c["code"]: {"code": c["code"], "path": f"#{c['code']}", "tone": "here", "symbol": "↓"} for c in claims}
    return annotated(marked(text, claims) if link.claim_id is None else context_of(text, claims[0]), chips)


def _question(link: GuestLink) -> dict[str, Any] | None:
    """What the guest is asked; of the answer on file only what came through this link."""
    asked = link.contact
    if asked is None:
        return None
    answer, answered_at = asked.answered_by(link)
    return {
        "whom": asked.whom,
        "question": asked.question,
        "due_at": asked.due_at,
        "open": asked.takes_a_guests_answer,
        "late": asked.closed_by_id is not None,
        "answer": answer,
        "answered_at": answered_at,
    }


def _conversations(link: GuestLink) -> list[dict[str, Any]]:
    """The guest's own threads. The desk speaks in them by its name, whoever of it wrote."""
    standing = Comment.objects.filter(taken_back_at__isnull=True).order_by("id")
    threads = link.threads.filter(evidence__isnull=True, verdict__isnull=True).select_related("claim")
    return [
        {
            "about": thread.claim.code if thread.claim else "",
            "comments": [
                {"by": "You" if c.guest_link_id else settings.DESK_NAME, "text": c.text, "at": c.created_at, "id": c.pk}
                for c in thread.comments.all()
            ],
        }
        for thread in threads.prefetch_related(Prefetch("comments", standing)).order_by("id")
    ]
