"""ClaimReview: what is written, and each rule of the validator broken once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from unittest import TestCase

from claims.publishing.claimreview import claim_review, problems

PAGE = "https://desk.example/factchecks/a/C1/"
SITE = "https://desk.example"
SCALE = {"best": 5, "worst": 1}
DESK = {"name": "The desk", "url": "https://desk.example/", "language": "en"}
ARTICLE = {
    "title": "An article", "publisher": "The Post", "url": "https://post.example/a", "published_on": "2024-05-03",
    "language": "en", "republished_from": {"publisher": "Herald", "url": "https://herald.example/a",
                                           "published_on": "2024-05-01"},
}  # fmt: skip


def entry(value: int | None = 1, label: str = "False", **given: Any) -> dict[str, Any]:
    rating = {"code": "x", "label": label, "value": value, "definition": "Not accurate."}
    fields: dict[str, Any] = {
        "code": "C1", "url": PAGE, "headline": "The bridge was closed", "statement": "The bridge was closed in May.",
        "claimant": "The mayor", "stated_on": "2024-05-02", "decision": {"rating": rating, "reason": ""},
        "rationales": [{"text": "The log says so."}, {"text": "The log says so."}],
        "evidence": [{"source": {"title": "Log", "url": "https://city.example/log"}}] * 2,
        "first_published_at": "2024-05-04T10:00:00Z", "modified_at": "2024-05-05T10:00:00Z",
    }  # fmt: skip
    return fields | given


def review_of(claim: dict[str, Any], corrections: tuple[Any, ...] = (), **article: Any) -> dict[str, Any]:
    return claim_review(claim=claim, article=ARTICLE | article, scale=SCALE, desk=DESK, corrections=list(corrections))


def codes(review: dict[str, Any], claim: dict[str, Any] | None = None, page: str = PAGE) -> set[str]:
    found = problems(review, claim=claim or entry(), page_url=page, site_url=SITE)
    for refusal in found:
        assert refusal.message.startswith("C1: "), refusal
    return {refusal.code for refusal in found}


class Writing(TestCase):
    def test_rated(self) -> None:
        review = review_of(entry())
        self.assertEqual(codes(review), set())
        self.assertEqual(review["claimReviewed"], "The bridge was closed")
        self.assertEqual(review["datePublished"], "2024-05-04T10:00:00Z")
        self.assertEqual(review["dateModified"], "2024-05-05T10:00:00Z")
        rating = review["reviewRating"]
        self.assertEqual((rating["ratingValue"], rating["bestRating"], rating["worstRating"]), (1, 5, 1))
        self.assertTrue(all(type(rating[n]) is int for n in ("ratingValue", "bestRating", "worstRating")))
        item = review["itemReviewed"]
        self.assertEqual(item["author"], {"@type": "Person", "name": "The mayor"})
        self.assertEqual(item["appearance"]["url"], "https://post.example/a")
        self.assertEqual(item["firstAppearance"]["url"], "https://herald.example/a")
        self.assertEqual([c["url"] for c in review["citation"]], ["https://city.example/log"])
        self.assertEqual(review["reviewBody"], "The log says so.")

    def test_unrated_has_no_numbers(self) -> None:
        claim = entry(None, "Misleading")
        review = review_of(claim)
        self.assertEqual(codes(review, claim), set())
        self.assertFalse({"ratingValue", "bestRating", "worstRating"} & set(review["reviewRating"]))

    def test_what_is_not_known_is_left_out(self) -> None:
        claim = entry(claimant="", headline="", stated_on=None, evidence=[])
        review = review_of(claim, url="", republished_from=None)
        self.assertEqual(codes(review, claim), set())
        self.assertEqual(review["claimReviewed"], claim["statement"])
        self.assertEqual(review["itemReviewed"], {"@type": "Claim", "inLanguage": "en"})
        self.assertNotIn("citation", review)
        self.assertNotIn("correction", review)

    def test_a_paper_is_an_organization(self) -> None:
        self.assertEqual(review_of(entry(claimant="Herald"))["itemReviewed"]["author"]["@type"], "Organization")

    def test_corrections_of_this_claim_and_of_all(self) -> None:
        made = {"made_at": "2024-05-05T10:00:00Z"}
        review = review_of(
            entry(), ({"text": "Mine", "claims": ["C1"], **made}, {"text": "Other", "claims": ["C2"], **made},
                      {"text": "All", "claims": [], **made}),
        )  # fmt: skip
        self.assertEqual([c["text"] for c in review["correction"]], ["Mine", "All"])
        self.assertEqual(codes(review), set())


def put(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(review: dict[str, Any]) -> None:
        for name in path[:-1]:
            review = review[name]
        review[path[-1]] = value

    return change


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(review: dict[str, Any]) -> None:
        for name in path[:-1]:
            review = review[name]
        del review[path[-1]]

    return change


RATING = "claimreview_numbers_fit_the_scale"
VERDICT_TOLD = "claimreview_claim_does_not_tell_the_verdict"
WEB = "claimreview_links_to_the_web"
DATES = "claimreview_has_true_dates"
BROKEN: tuple[tuple[str, Callable[[dict[str, Any]], None]], ...] = (
    ("claimreview_is_of_its_type", put("@type", value="Review")),
    ("claimreview_is_of_its_type", put("@context", value="http://schema.org")),
    ("claimreview_has_a_claim", drop("claimReviewed")),
    ("claimreview_has_a_claim", put("claimReviewed", value="  ")),
    (VERDICT_TOLD, put("claimReviewed", value="It is FALSE that it was closed")),
    ("claimreview_has_a_rating_name", drop("reviewRating", "alternateName")),
    ("claimreview_has_a_rating_name", put("reviewRating", "alternateName", value="1")),
    ("claimreview_has_a_rating_name", drop("reviewRating")),
    (RATING, drop("reviewRating", "bestRating")),
    (RATING, put("reviewRating", "bestRating", value=1)),
    (RATING, put("reviewRating", "worstRating", value=0)),
    (RATING, put("reviewRating", "ratingValue", value=6)),
    (RATING, put("reviewRating", "ratingValue", value=1.0)),
    (RATING, put("reviewRating", "ratingValue", value=True)),
    (RATING, put("reviewRating", "ratingValue", value="1")),
    ("claimreview_has_an_author", drop("author")),
    ("claimreview_has_an_author", put("author", "name", value="")),
    ("claimreview_has_an_author", put("author", "url", value="desk.example")),
    ("claimreview_has_an_author", put("author", "@type", value="Person")),
    ("claimreview_is_about_a_claim", drop("itemReviewed")),
    ("claimreview_is_about_a_claim", put("itemReviewed", "@type", value="CreativeWork")),
    ("claimreview_claimant_has_a_name", put("itemReviewed", "author", value={"@type": "Person"})),
    ("claimreview_claimant_has_a_name", put("itemReviewed", "author", value={"name": "X"})),
    (DATES, drop("datePublished")),
    (DATES, put("datePublished", value="May 2024")),
    (DATES, put("dateModified", value="2024-02-30")),
    (DATES, put("itemReviewed", "datePublished", value="2024-5-1")),
    (WEB, put("itemReviewed", "appearance", "url", value="ftp://post.example/a")),
    (WEB, put("citation", value=[{"url": "javascript:alert(1)"}])),
    (WEB, put("citation", value=[{"url": "http://[::1"}])),
    ("claimreview_is_for_its_own_page", put("url", value="https://desk.example/factchecks/a/C2/")),
    ("claimreview_is_for_its_own_page", drop("url")),
    ("claimreview_agrees_with_its_page", put("reviewRating", "alternateName", value="Wrong")),
    ("claimreview_agrees_with_its_page", put("reviewRating", "ratingValue", value=2)),
    ("claimreview_agrees_with_its_page", put("claimReviewed", value="Another claim")),
    ("claimreview_agrees_with_its_page", put("itemReviewed", "author", "name", value="Somebody else")),
    ("claimreview_agrees_with_its_page", put("datePublished", value="2024-05-05T10:00:00Z")),
)


class Validating(TestCase):
    def test_each_rule_broken_is_named(self) -> None:
        sound = review_of(entry())
        for number, (code, change) in enumerate(BROKEN):
            with self.subTest(number=number, code=code):
                review = copy.deepcopy(sound)
                change(review)
                self.assertIn(code, codes(review))

    def test_a_label_within_a_word_tells_nothing(self) -> None:
        claim = entry(headline="Falsehoods were published", label="False")
        self.assertEqual(codes(review_of(claim), claim), set())

    def test_another_host_is_refused(self) -> None:
        claim = entry(url="https://elsewhere.example/factchecks/a/C1/")
        self.assertEqual(codes(review_of(claim), claim, claim["url"]), {"claimreview_is_for_its_own_page"})
