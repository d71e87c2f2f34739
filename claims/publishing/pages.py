"""The public HTML pages, from snapshots. The server and the static site show the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from claims.models import Checkpoint, RatingScale
from claims.publishing import entries, reading
from claims.publishing.claimreview import concerns
from claims.publishing.marking import context_of, marked
from claims.publishing.showing import annotated, chips, readable, script, verdict, verdicts
from claims.publishing.urls import absolute, article_url, claim_url
from claims.workflow import ARTICLE_STEPS, CLAIM_STEPS, JUDGE

HTML = "text/html; charset=utf-8"
STANCES = {
    "contradicts": "What speaks against it",
    "corroborates": "What supports it",
    "context": "What puts it in context",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What is sent: the bytes, their type, and when what they show last changed (None: not known)."""

    body: bytes
    content_type: str = HTML
    modified: datetime | None = None
    status: int = 200


def article_list(before: int | None = None, size: int | None = reading.LIST_SIZE) -> Page:
    """/factchecks/: published articles, the latest first."""
    found = reading.articles(before, size)
    rows = [
        {
            "article": readable(row.article),
            "summary": row.summary,
            "ratings": verdicts(row.summary["ratings"], row.summary),
            "version": row.version,
            "published_at": row.published_at,
            "retracted": row.retracted,
        }
        for row in found.rows
    ]
    context = {"rows": rows, "before": found.before, "canonical": absolute("/factchecks/"), "later": before is not None}
    return _page("list", context, reading.last_change(found.rows))


def article(slug: str, version: int | None = None) -> Page | None:
    """An article's fact-check, or the notice of its retraction; None where there is none."""
    shown = _shown(slug, version)
    if shown is None:
        return None
    if shown.retraction is not None:
        return _retraction(shown, article_url(slug))
    data = shown.data
    marks = chips(data, version)
    blocks = marked(data["revision"], [*data["claims"], *data["set_aside"], *data["duplicates"]])
    context = _common(shown, version) | {
        "canonical": article_url(slug),
        "ratings": verdicts(data["summary"]["ratings"], data["summary"]),
        "claims": [{**c, "verdict": marks[c["code"]]} for c in data["claims"]],
        "blocks": annotated(blocks, marks),
        "corrections": data["corrections"],
        "notes": shown.notes,
    }
    return _page("article", context, shown.modified)


def claim(slug: str, code: str, version: int | None = None) -> Page | None:
    """A claim's verdict with its one ClaimReview; older versions and notices carry none. None: never shown.

    A duplicate and a claim set aside, perhaps after it had a verdict in an earlier version, have none to show:
    `elsewhere` says where they are answered. A retraction takes the place of them all.
    """
    shown = _shown(slug, version)
    if shown is None:
        return None
    data = shown.data
    if shown.retraction is not None:
        known = any(c["code"] == code for c in (*data["claims"], *data["duplicates"], *data["set_aside"]))
        return _retraction(shown, claim_url(slug, code)) if known else None
    found = next((c for c in data["claims"] if c["code"] == code), None)
    return _page("claim", _of_claim(shown, found, version), shown.modified) if found else None


def _of_claim(shown: reading.Shown, found: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    code, data = found["code"], shown.data
    stances = [(title, [e for e in found["evidence"] if e["stance"]["code"] == s]) for s, title in STANCES.items()]
    return _common(shown, version) | {
        "canonical": claim_url(data["article"]["slug"], code),
        "claim": found,
        "claim_reviewed": found["claim_review"]["claimReviewed"],
        "verdict": verdict(found["decision"]["rating"], data["scale"]),
        "rationales": list(dict.fromkeys(r["text"] for r in found["rationales"])),
        "dissent": [{**d, "verdict": verdict(d["rating"], data["scale"])} for d in found["dissent"]],
        "evidence": [{"title": title, "rows": rows} for title, rows in stances if rows],
        "blocks": annotated(context_of(data["revision"], found), {code: {"tone": "here"}}),
        "corrections": [c for c in data["corrections"] if concerns(c, code)],
        "notes": [n for n in shown.notes if concerns(n, code)],
        "sealed": any(v.sealed for v in shown.versions if v.number == shown.number),
        "own_versions": [v for v in shown.versions if v.published_at >= found["first_published_at"]],
        # The markup is of the page readers are led to; older versions point there.
        "markup": script(found["claim_review"]) if version is None else "",
        **_neighbours(data["claims"], found),
    }


def elsewhere(slug: str, code: str) -> str | None:
    """The path that answers for a claim without a verdict of its own: its original's page, or its place in the
    article; None where readers know no such claim.
    """
    shown = reading.shown(slug)
    if shown is None or shown.retraction is not None:
        return None
    for duplicate in shown.data["duplicates"]:
        if duplicate["code"] == code:
            return f"/factchecks/{slug}/{duplicate['duplicate_of']}/"
    aside = any(c["code"] == code for c in shown.data["set_aside"])
    return f"/factchecks/{slug}/#{code}" if aside else None


def moved(there: str) -> Page:
    """Where no server can redirect: a page that leads to the path that `elsewhere` gave."""
    return _page("moved", {"there": there, "canonical": absolute(there)})


def corrections(before: int | None = None, size: int | None = reading.CORRECTIONS_SIZE) -> Page:
    """/corrections/: every correction there has been, the latest first."""
    found = reading.corrections(before, size)
    context = {"corrections": readable(found.rows), "before": found.before, "canonical": absolute("/corrections/")}
    return _page("corrections", context | {"later": before is not None})


def ratings() -> Page:
    """/ratings/: the scales verdicts are given on."""
    scales = []
    for scale in RatingScale.objects.prefetch_related("ratings").order_by("-is_default", "name"):
        rows = [entries.rating(r) for r in sorted(scale.ratings.all(), key=lambda r: r.position)]
        values = [r["value"] for r in rows if r["value"] is not None]
        ends = {"best": max(values, default=None), "worst": min(values, default=None)}
        scales.append({"scale": scale, "ratings": verdicts(rows, ends), **ends})
    return _page("ratings", {"scales": scales, "canonical": absolute("/ratings/")})


def methodology() -> Page:
    """/methodology/: how the desk works, its rules in the words of the code that keeps them."""
    rules = dict.fromkeys(rule for step in (*CLAIM_STEPS, JUDGE, *ARTICLE_STEPS) for rule in step.rules)
    sentences = [" ".join((rule.__doc__ or "").split()) for rule in rules]
    return _page("methodology", {"rules": sentences, "canonical": absolute("/methodology/")})


def trail(keys: Sequence[str], checkpoint: Checkpoint | None) -> Page:
    """/trail/: what our record proves, how to verify it, its keys and its last checkpoint."""
    return _page("trail", {"keys": keys, "checkpoint": checkpoint, "canonical": absolute("/trail/")})


def not_found() -> Page:
    """The page for addresses that lead nowhere."""
    return Page(render_to_string("404.html", _desk()).encode(), status=404)


def _desk() -> dict[str, Any]:
    return {"desk_name": settings.DESK_NAME, "desk_notice": settings.DESK_NOTICE, "site_url": settings.SITE_URL}


def _page(name: str, context: Mapping[str, Any], modified: datetime | None = None) -> Page:
    body = render_to_string(f"public/{name}.html", {**_desk(), **context})
    return Page(body.encode(), modified=modified)


def _shown(slug: str, version: int | None) -> reading.Shown | None:
    found = reading.shown(slug, version)
    if found is None:
        return None
    notes = tuple(readable(found.notes))
    return replace(found, data=readable(found.data), notes=notes, retraction=readable(found.retraction))


def _common(shown: reading.Shown, version: int | None) -> dict[str, Any]:
    """What the pages of an article and of its claims have in common; `version` is the one asked for by number."""
    return {
        "article": shown.data["article"],
        "data": shown.data,
        "language": shown.data["article"]["language"],
        "version": version,
        "number": shown.number,
        "current": shown.current,
        "versions": shown.versions,
    }


def _retraction(shown: reading.Shown, canonical: str) -> Page:
    context = _common(shown, None) | {"retraction": shown.retraction, "canonical": canonical}
    return _page("retraction", context, shown.modified)


def _neighbours(claims: Sequence[Mapping[str, Any]], here: Mapping[str, Any]) -> dict[str, Any]:
    at = [c["code"] for c in claims].index(here["code"])
    return {"former": claims[at - 1] if at else None, "following": claims[at + 1] if at + 1 < len(claims) else None}
