"""What machines read: feeds, the ClaimReview data feed, the sitemap and robots.txt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed

from claims.publishing import reading
from claims.publishing.entries import stamp
from claims.publishing.pages import Page
from claims.publishing.urls import absolute, article_url, claim_url

FEED_SIZE = 50
REVIEWS_SIZE = 100
SITEMAP_SIZE = 50_000  # addresses; https://www.sitemaps.org/protocol.html

ATOM = "application/atom+xml; charset=utf-8"
JSON_FEED = "application/feed+json; charset=utf-8"
JSON_LD = "application/ld+json; charset=utf-8"
JSON = "application/json"
XML = "application/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
# What the feeds are dated with while nothing is published: a feed needs a date, and it must not move by itself.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def atom() -> Page:
    """/factchecks/feed.atom (RFC 4287): the fact-checks published last."""
    rows = reading.articles(size=FEED_SIZE).rows
    feed = _Feed(
        title=_title(), link=absolute("/factchecks/"), description=_description(), language=settings.LANGUAGE_CODE,
        author_name=settings.DESK_NAME, feed_url=absolute("/factchecks/feed.atom"), subtitle=_description(),
    )  # fmt: skip
    for row in rows:
        feed.add_item(
            title=_headline(row), link=article_url(row.article["slug"]), description=_told(row),
            unique_id=article_url(row.article["slug"]), updateddate=row.published_at,
        )  # fmt: skip
    return Page(feed.writeString("utf-8").encode(), ATOM, reading.last_change(rows))


class _Feed(Atom1Feed):
    def latest_post_date(self) -> datetime:
        """When the newest entry was published; Django's own says now while there is none."""
        return super().latest_post_date() if self.items else NEVER


def json_feed() -> Page:
    """/factchecks/feed.json (JSON Feed 1.1): the same entries as the Atom feed."""
    rows = reading.articles(size=FEED_SIZE).rows
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(),
        "description": _description(),
        "home_page_url": absolute("/factchecks/"),
        "feed_url": absolute("/factchecks/feed.json"),
        "language": settings.LANGUAGE_CODE,
        "authors": [{"name": settings.DESK_NAME, "url": absolute("/")}],
        "items": [
            {
                "id": article_url(row.article["slug"]),
                "url": article_url(row.article["slug"]),
                "title": _headline(row),
                "content_text": _told(row),
                "date_published": stamp(row.published_at),
                "date_modified": stamp(row.published_at),
            }
            for row in rows
        ],
    }
    return Page(_json(feed), JSON_FEED, reading.last_change(rows))


def claim_reviews(before: int | None = None, size: int | None = REVIEWS_SIZE) -> Page:
    """/factchecks/claimreview.json: a schema.org DataFeed of every ClaimReview readers see now, latest first.

    Long ones go on: `url` of `hasPart` is the address of what follows.
    """
    found = reading.reviews(before, size)
    feed: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "DataFeed",
        "name": _title(),
        "description": _description(),
        "url": absolute("/factchecks/claimreview.json"),
        "dataFeedElement": [
            {
                "@type": "DataFeedItem",
                "dateCreated": review["datePublished"],
                "dateModified": review["dateModified"],
                "item": {name: value for name, value in review.items() if name != "@context"},
            }
            for row in found.rows
            for review in row.reviews
        ],
    }
    if found.before is not None:
        following = absolute(f"/factchecks/claimreview.json?before={found.before}")
        feed["hasPart"] = {"@type": "DataFeed", "url": following}
    return Page(_json(feed), JSON_LD)


def record(slug: str, version: int) -> Page | None:
    """…/v<N>/record.json: a version's frozen bytes, of which its page gives the SHA-256. None when there is no such
    version, or the fact-check has been retracted.
    """
    content = reading.frozen(slug, version)
    return None if content is None else Page(content, JSON)


def sitemap() -> Page:
    """/sitemap.xml: the address of every page readers see now, the latest first, as many as a sitemap may hold."""
    lines = [_place(absolute(path), None) for path in ("/factchecks/", "/corrections/", "/ratings/", "/methodology/")]
    for slug, codes, at in reading.addresses():
        lines.append(_place(article_url(slug), at))
        lines.extend(_place(claim_url(slug, code), at) for code in codes)
    opening = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return Page("\n".join([opening, *lines[:SITEMAP_SIZE], "</urlset>\n"]).encode(), XML)


def robots() -> Page:
    """/robots.txt: readers' pages are for everybody, the desk's own doors are not."""
    lines = ["User-agent: *", "Disallow: /admin/", "Disallow: /api/", "", f"Sitemap: {absolute('/sitemap.xml')}", ""]
    return Page("\n".join(lines).encode(), TEXT)


def _place(url: str, at: datetime | None) -> str:
    modified = f"<lastmod>{stamp(at)}</lastmod>" if at else ""
    return f"<url><loc>{escape(url)}</loc>{modified}</url>"


def _title() -> str:
    title = f"{settings.DESK_NAME}: fact-checks"
    return f"{title} ({settings.DESK_NOTICE})" if settings.DESK_NOTICE else title


def _description() -> str:
    told = "Articles checked claim by claim, with the evidence."
    return f"{settings.DESK_NOTICE} {told}" if settings.DESK_NOTICE else told


def _headline(row: reading.Row) -> str:
    title = row.article["title"] or row.article["slug"]
    return f"Retracted: {title}" if row.retracted else f"Checked: {title}"


def _told(row: reading.Row) -> str:
    if row.retracted:
        told = "This fact-check has been retracted. Its page says why."
    else:
        counts = ", ".join(f"{r['count']} × {r['label']}" for r in row.summary["ratings"])
        told = f"{row.summary['claims']} claims checked: {counts}." if counts else "No claim could be checked."
    return f"{settings.DESK_NOTICE} {told}" if settings.DESK_NOTICE else told


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()
