"""ClaimReview markup of one published claim, and what is wrong with it.

The fields are those of https://developers.google.com/search/docs/appearance/structured-data/factcheck (2025-12-10)
and of https://schema.org/ClaimReview. Everything here works on a snapshot's entries: plain data in, plain data out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from claims.rules import Refusal

Data = Mapping[str, Any]

_NUMBERS = ("ratingValue", "bestRating", "worstRating")


def claim_review(*, claim: Data, article: Data, scale: Data, desk: Data, corrections: Sequence[Data]) -> dict[str, Any]:
    """The ClaimReview of one claim as a JSON-LD dict; absent facts are left out, never empty.

    In: the claim's entry of a snapshot with its decision and dates, and the snapshot's article, scale, desk and
    corrections. Out: numbers are integers, dates and times ISO 8601.
    """
    review = {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "url": claim["url"],
        "claimReviewed": claim["headline"] or claim["statement"],
        "inLanguage": desk["language"],
        "author": _organization(desk["name"], desk["url"]),
        "datePublished": claim["first_published_at"],
        "dateModified": claim["modified_at"],
        "reviewRating": _rating(claim["decision"]["rating"], scale),
        "reviewBody": body_of(claim),
        "itemReviewed": _item(claim, article),
        "citation": _citations(claim),
        "correction": [
            {"@type": "CorrectionComment", "text": c["text"], "datePublished": c["made_at"]}
            for c in corrections
            if concerns(c, claim["code"])
        ],
    }
    return _without_empty(review)


def concerns(correction: Data, code: str) -> bool:
    """Whether a correction is about the claim of this code: it names it, or names none and is about all."""
    return not correction["claims"] or code in correction["claims"]


def body_of(claim: Data) -> str:
    """Why the claim is rated as it is, in the desk's words: the adjudication's reason, then the reviewers'."""
    reasons = [claim["decision"]["reason"], *(r["text"] for r in claim["rationales"])]
    return "\n\n".join(dict.fromkeys(r for r in reasons if r))


def _without_empty(data: Data) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, "", [], {})}


def _organization(name: str, url: str = "") -> dict[str, Any]:
    return _without_empty({"@type": "Organization", "name": name, "url": url})


def _rating(rating: Data, scale: Data) -> dict[str, Any]:
    numbers = (rating["value"], scale["best"], scale["worst"]) if rating["value"] is not None else (None,) * 3
    return _without_empty(
        {
            "@type": "Rating",
            "alternateName": rating["label"],
            "ratingExplanation": rating["definition"],
            **dict(zip(_NUMBERS, numbers, strict=True)),
        }
    )


def _item(claim: Data, article: Data) -> dict[str, Any]:
    item: dict[str, Any] = {"@type": "Claim", "datePublished": claim["stated_on"], "inLanguage": article["language"]}
    origin = article["republished_from"] or {}
    if claim["claimant"]:
        # The desk keeps no kind of claimant; the papers that carried the article are the organizations we know.
        papers = {article["publisher"], origin.get("publisher")}
        kind = "Organization" if claim["claimant"] in papers else "Person"
        item["author"] = {"@type": kind, "name": claim["claimant"]}
    item["appearance"] = _work(article)
    item["firstAppearance"] = _work({**origin, "title": article["title"]}) if origin else None
    return _without_empty(item)


def _work(article: Data) -> dict[str, Any] | None:
    if not article.get("url"):
        return None
    return _without_empty(
        {
            "@type": "CreativeWork",
            "url": article["url"],
            "headline": article["title"],
            "datePublished": article["published_on"],
            "publisher": _organization(article["publisher"]) if article["publisher"] else None,
        }
    )


def _citations(claim: Data) -> list[dict[str, Any]]:
    cited: dict[str, dict[str, Any]] = {}
    for source in (e["source"] for e in claim["evidence"]):
        if source["url"]:
            cited.setdefault(source["url"], {"@type": "CreativeWork", "name": source["title"], "url": source["url"]})
    return list(cited.values())


# ---------------------------------------------------------------- what is wrong with one


def problems(review: Data, *, claim: Data, page_url: str, site_url: str) -> list[Refusal]:
    """Every reason why this markup must not be published on this page; an empty list is a yes.

    In: the ClaimReview, the snapshot's entry that the page shows, the page's own address and the desk's. A refusal's
    code is the sentence that does not hold, its message names the claim and says what to do.
    """
    found = [
        Refusal(code, f"{claim['code']}: {message}")
        for code, check, message in _CHECKS
        if not check(review)
    ]  # fmt: skip
    here = {
        "claimreview_is_for_its_own_page": (
            review.get("url") == page_url and urlsplit(page_url).netloc == urlsplit(site_url).netloc,
            f"its markup must give this page's own address, {page_url}.",
        ),
        "claimreview_agrees_with_its_page": (
            _agrees(review, claim),
            "page and markup differ in claim, rating, claimant or dates; build the page from the same record.",
        ),
    }
    found += [Refusal(code, f"{claim['code']}: {message}") for code, (holds, message) in here.items() if not holds]
    return found


def _agrees(review: Data, claim: Data) -> bool:
    rating, shown = review.get("reviewRating") or {}, claim["decision"]["rating"]
    author = (review.get("itemReviewed") or {}).get("author") or {}
    return bool(
        review.get("claimReviewed") == (claim["headline"] or claim["statement"])
        and rating.get("alternateName") == shown["label"]
        and rating.get("ratingValue") == shown["value"]
        and author.get("name", "") == claim["claimant"]
        and review.get("datePublished") == claim["first_published_at"]
    )


def _is_claim_review(review: Data) -> bool:
    return review.get("@context") == "https://schema.org" and review.get("@type") == "ClaimReview"


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _has_claim(review: Data) -> bool:
    return _text(review.get("claimReviewed"))


def _claim_keeps_the_verdict_to_itself(review: Data) -> bool:
    label, claim = (review.get("reviewRating") or {}).get("alternateName"), review.get("claimReviewed")
    if not (_text(label) and _text(claim)):
        return True
    return not re.search(rf"(?<!\w){re.escape(str(label))}(?!\w)", str(claim), re.IGNORECASE)


def _has_rating_name(review: Data) -> bool:
    name = (review.get("reviewRating") or {}).get("alternateName")
    return _text(name) and not str(name).strip().isdigit()


def _numbers_fit(review: Data) -> bool:
    rating = review.get("reviewRating") or {}
    numbers = [rating[name] for name in _NUMBERS if name in rating]
    if not numbers:
        return True
    if len(numbers) < len(_NUMBERS) or any(type(n) is not int for n in numbers):
        return False
    value, best, worst = numbers
    return bool(best > worst >= 1 and worst <= value <= best)


def _has_author(review: Data) -> bool:
    author = review.get("author") or {}
    return author.get("@type") == "Organization" and _text(author.get("name")) and is_web(author.get("url"))


def _item_is_a_claim(review: Data) -> bool:
    return (review.get("itemReviewed") or {}).get("@type") == "Claim"


def _claimant_has_a_name(review: Data) -> bool:
    item = review.get("itemReviewed") or {}
    if "author" not in item:
        return True
    author = item["author"] or {}
    return author.get("@type") in ("Person", "Organization") and _text(author.get("name"))


def _dates_are_dates(review: Data) -> bool:
    item = review.get("itemReviewed") or {}
    works = [item.get("appearance") or {}, item.get("firstAppearance") or {}]
    comments = review.get("correction") or []
    given = [review.get("datePublished")]
    given += [d[n] for d in (review, item, *works, *comments) for n in ("datePublished", "dateModified") if n in d]
    return all(isinstance(value, str) and _is_date(value) for value in given)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?", value))


def _links_are_web(review: Data) -> bool:
    item = review.get("itemReviewed") or {}
    works = [item[name] for name in ("appearance", "firstAppearance") if name in item]
    return all(is_web(work.get("url")) for work in [*works, *(review.get("citation") or [])])


def is_web(url: object) -> bool:
    """Whether this is an absolute http(s) address."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


_CHECKS: tuple[tuple[str, Callable[[Data], bool], str], ...] = (
    ("claimreview_is_of_its_type", _is_claim_review, "the markup must be a ClaimReview of https://schema.org."),
    ("claimreview_has_a_claim", _has_claim, "write the claim's headline or statement."),
    ("claimreview_claim_does_not_tell_the_verdict", _claim_keeps_the_verdict_to_itself,
     "its headline contains the rating's own name; put the headline in other words."),
    ("claimreview_has_a_rating_name", _has_rating_name, "its rating needs a label in words."),
    ("claimreview_numbers_fit_the_scale", _numbers_fit,
     "a rated outcome needs whole numbers with best > worst ≥ 1 and the value between; an unrated one has none."),
    ("claimreview_has_an_author", _has_author, "set DESK_NAME and SITE_URL: the desk signs with name and address."),
    ("claimreview_is_about_a_claim", _item_is_a_claim, "what is reviewed must be a Claim."),
    ("claimreview_claimant_has_a_name", _claimant_has_a_name, "name the claimant, or leave it empty."),
    ("claimreview_has_true_dates", _dates_are_dates, "it needs the date of publication, and every date in ISO 8601."),
    ("claimreview_links_to_the_web", _links_are_web, "addresses of the article and of sources must be http(s)."),
)  # fmt: skip
