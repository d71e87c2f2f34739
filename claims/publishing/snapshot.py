"""The frozen content of a publication: everything readers are shown, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from claims.models import Article, ArticleRevision, Correction
from claims.publishing import entries
from claims.publishing.claimreview import claim_review, problems
from claims.publishing.urls import absolute, claim_url
from claims.rules import Refusal

# Raised when the keys change their meaning: pages keep showing the snapshots that were made before.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`content` is canonical JSON: UTF-8, keys sorted, no spaces, no floats; `claims` the part of each claim in it, in
    their order. `problems` forbid publishing it.
    """

    content: bytes
    claims: tuple[bytes, ...]
    problems: tuple[Refusal, ...]


def build(article: Article, version: int, at: datetime) -> Snapshot:
    """What readers would be shown of this article as its next version.

    In: the version's number, and when it is published (aware). Out: the same bytes for the same record. Internal and
    withdrawn evidence, confidential sources, notes of triage and the names of the desk's people are not in it.
    """
    made = entries.stamp(at)
    found = entries.read(article)
    data: dict[str, Any] = {
        "format": FORMAT,
        "article": _article(article),
        "revision": _revision(article.current_revision),
        "desk": {"name": settings.DESK_NAME, "url": absolute("/"), "language": settings.LANGUAGE_CODE},
        "scale": _scale(article),
        "version": version,
        "published_at": made,
        "set_aside": found.set_aside,
        "duplicates": found.duplicates,
        "corrections": _corrections(article, version),
    }
    former = _former_claims(article, version)
    data["claims"] = [_dated(claim, former.get(claim["code"]), data) for claim in found.decided]
    for claim in data["claims"]:
        claim["claim_review"] = claim_review(
            claim=claim, article=data["article"], scale=data["scale"], desk=data["desk"],
            corrections=data["corrections"],
        )  # fmt: skip
    data["summary"] = _summary(data)
    return Snapshot(canonical(data), claims_of(data), tuple(_problems(data)))


def claims_of(data: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The claims of a snapshot as they stand in its bytes, in their order: the leaves of its `claims_root`."""
    return tuple(canonical(claim) for claim in data["claims"])


def canonical(data: Mapping[str, Any]) -> bytes:
    """The one way to write this data as JSON. Raises ValueError on NaN; floats are kept out by what is put in."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()  # fmt: skip


def _problems(data: Mapping[str, Any]) -> Iterable[Refusal]:
    slug = data["article"]["slug"]
    for claim in data["claims"]:
        yield from problems(
            claim["claim_review"], claim=claim, page_url=claim_url(slug, claim["code"]), site_url=settings.SITE_URL
        )


def _article(article: Article) -> dict[str, Any]:
    origin = {
        "publisher": article.republished_from_publisher,
        "url": entries.web(article.republished_from_url),
        "published_on": entries.day(article.republished_from_on),
    }
    return {
        "slug": article.slug,
        "title": article.title,
        "byline": article.byline,
        "publisher": article.publisher,
        "url": entries.web(article.url),
        "published_on": entries.day(article.published_on),
        "language": article.language,
        "republished_from": origin if any(origin.values()) else None,
    }


def _revision(revision: ArticleRevision | None) -> dict[str, Any] | None:
    if revision is None:
        return None
    blocks = [{"kind": kind, "start": start, "end": end} for kind, start, end in revision.blocks]
    return {"number": revision.number, "sha256": revision.sha256, "text": revision.text, "blocks": blocks}


def _scale(article: Article) -> dict[str, Any]:
    ratings = [entries.rating(r) for r in article.scale.ratings.order_by("position")]
    values = [r["value"] for r in ratings if r["value"] is not None]
    return {
        "name": article.scale.name,
        "description": article.scale.description,
        "best": max(values, default=None),
        "worst": min(values, default=None),
        "ratings": ratings,
    }


def _corrections(article: Article, version: int) -> list[dict[str, Any]]:
    """All corrections so far, oldest first; those still open are carried by this version."""
    found = Correction.objects.filter(publication__article=article, publication__version__lt=version)
    rows = (
        found.select_related("publication", "published_in")
        .defer("publication__content", "published_in__content")
        .prefetch_related("claims")
        .order_by("id")
    )
    return [entries.correction(row, carried_by=version) for row in rows]


def _former_claims(article: Article, version: int) -> dict[str, dict[str, Any]]:
    """What the version before this one showed, by the claims' codes."""
    former = article.publications.shown().filter(version__lt=version).order_by("-version").first()
    return {claim["code"]: claim for claim in former.snapshot["claims"]} if former else {}


def _dated(claim: dict[str, Any], former: Mapping[str, Any] | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """The claim with its own dates: when readers first saw it, and when they last saw something else of it."""
    now = data["published_at"]
    if former is None:
        return {**claim, "first_published_at": now, "modified_at": now}
    unchanged = all(former.get(name) == value for name, value in claim.items())
    noted = any(c["carried_by"] == data["version"] and claim["code"] in c["claims"] for c in data["corrections"])
    modified = former["modified_at"] if unchanged and not noted else now
    return {**claim, "first_published_at": former["first_published_at"], "modified_at": modified}


def _summary(data: Mapping[str, Any]) -> dict[str, Any]:
    """How many claims came out how, in the scale's order, without the ratings nobody gave."""
    counted = Counter(claim["decision"]["rating"]["code"] for claim in data["claims"])
    return {
        "claims": len(data["claims"]),
        "set_aside": len(data["set_aside"]),
        "duplicates": len(data["duplicates"]),
        "ratings": [{**r, "count": counted[r["code"]]} for r in data["scale"]["ratings"] if counted[r["code"]]],
        "best": data["scale"]["best"],
        "worst": data["scale"]["worst"],
    }
