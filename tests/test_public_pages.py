"""What readers and machines are sent: every public address, its headers, its markup, and nothing internal."""

from __future__ import annotations

import hashlib
import json
import logging
from unittest import mock
from xml.etree import ElementTree

from django.db import DatabaseError
from django.test import TestCase, override_settings

from claims.actions import corrections
from claims.choices import Role
from claims.models import Publication
from tests import build
from tests import published as published

LD = "application/ld+json"
MACHINES = (
    "/factchecks/feed.atom", "/factchecks/feed.json", "/factchecks/claimreview.json", "/sitemap.xml", "/robots.txt",
)  # fmt: skip


class Pages(TestCase):
    """Two versions of one article, readers' pages of both."""

    first: Publication
    second: Publication
    at: str

    @classmethod
    def setUpTestData(cls) -> None:
        cls.first = published.everything()
        cls.second = published.corrected(cls.first)
        cls.at = f"/factchecks/{cls.first.article.slug}/"

    def setUp(self) -> None:
        logging.disable(logging.ERROR)  # refused requests are what is tested here
        self.addCleanup(logging.disable, logging.NOTSET)

    def addresses(self) -> dict[str, int]:
        """Every HTML page there is, with the number of ClaimReviews it carries."""
        plain = ["/factchecks/", "/corrections/", "/ratings/", "/methodology/"]
        plain += [self.at, f"{self.at}v1/", f"{self.at}v2/"]
        plain += [f"{self.at}{code}/v{v}/" for code in ("C1", "C2", "C3") for v in (1, 2)]
        return dict.fromkeys(plain, 0) | {f"{self.at}{code}/": 1 for code in ("C1", "C2", "C3")}

    def read(self, path: str, status: int = 200) -> published.Reading:
        response = self.client.get(path)
        self.assertEqual(response.status_code, status, path)
        return published.Reading(response.content.decode())

    def test_nothing_internal_anywhere(self) -> None:
        for path in (*self.addresses(), *MACHINES, f"{self.at}v1/record.json", f"{self.at}nothing/"):
            with self.subTest(path):
                response = self.client.get(path)
                self.assertNotIn(published.CANARY, response.content.decode().lower())
                self.assertNotIn(published.CANARY, str(response.headers).lower())

    def test_markup_is_sound(self) -> None:
        for path in self.addresses():
            with self.subTest(path):
                page = self.read(path)
                self.assertEqual(page.faults, [])
                self.assertEqual((page.tags["h1"], page.tags["main"], page.tags["title"]), (1, 1, 1))
                self.assertEqual(page.named("html")[0].get("lang"), "en")
                self.assertTrue(page.words["title"].strip() and page.words["h1"].strip())
                self.assertFalse([a for _, a in page.attributes if "style" in a or "onclick" in a])
                for _, attributes in page.attributes:
                    for name in (attributes.get("aria-labelledby") or "").split():
                        self.assertIn(name, page.ids)

    def test_links_of_the_site_lead_somewhere(self) -> None:
        seen = {a["href"] for path in self.addresses() for a in self.read(path).named("a") if a.get("href")}
        inside = {str(href).partition("#")[0] for href in seen if str(href).startswith("/")}
        for href in sorted(inside):
            with self.subTest(href):
                self.assertIn(self.client.get(href).status_code, (200, 302))

    def test_one_claimreview_on_each_claim_page_and_none_elsewhere(self) -> None:
        for path, count in self.addresses().items():
            with self.subTest(path):
                page = self.read(path)
                self.assertEqual(len(page.named("script", type=LD)), count)
                self.assertEqual(page.tags["script"], count)

    def test_page_and_markup_agree(self) -> None:
        for code in ("C1", "C2", "C3"):
            with self.subTest(code):
                page = self.read(f"{self.at}{code}/")
                review = json.loads(page.scripts[0])
                self.assertEqual(page.words["h1"], review["claimReviewed"])
                self.assertIn(f"Our verdict {review['reviewRating']['alternateName']}", _without_symbols(page.text))
                canonical = page.named("link", rel="canonical")[0]["href"]
                self.assertEqual(review["url"], canonical)
                self.assertEqual(canonical, f"http://127.0.0.1:8000{self.at}{code}/")
                for paragraph in review["reviewBody"].split("\n\n"):
                    self.assertIn(paragraph, page.text)
                self.assertIn(review["itemReviewed"]["author"]["name"], page.text)

    def test_nothing_in_the_record_ends_the_script(self) -> None:
        body = self.client.get(f"{self.at}C2/").content.decode()
        script = body.split('<script type="application/ld+json">')[1].split("</script>")[0]
        self.assertFalse(set("<>&") & set(script))
        self.assertEqual(json.loads(script)["claimReviewed"], "</script><b>Votes</b> & final")
        self.assertNotIn("<b>", body)
        self.assertIn("&lt;/script&gt;&lt;b&gt;Votes&lt;/b&gt; &amp; final</h1>", body)

    def test_unrated_says_so(self) -> None:
        page = self.read(f"{self.at}C3/")
        self.assertIn("Not a point on our scale", page.text)
        self.assertIn("Out of context", page.text)
        self.assertIn("Evening Herald", page.text)

    def test_dissent_and_the_adjudicators_reason_are_shown(self) -> None:
        page = self.read(f"{self.at}C2/")
        self.assertIn("The <minutes> & the budget agree.", page.text)
        self.assertIn("Read as half_true in the minutes.", page.text)

    def test_anybody_can_check_a_versions_digest(self) -> None:
        for publication in (self.first, self.second):
            record = self.client.get(f"{self.at}v{publication.version}/record.json")
            self.assertEqual(hashlib.sha256(record.content).hexdigest(), publication.digest)
            self.assertIn(publication.digest, self.read(self.at).text)
            self.assertEqual(json.loads(record.content)["version"], publication.version)
        self.assertEqual(self.client.get(f"{self.at}v3/record.json").status_code, 404)

    def test_each_version_is_kept(self) -> None:
        old, now = self.read(f"{self.at}C1/v1/"), self.read(f"{self.at}C1/")
        self.assertIn("This is version 1 of 2", old.text)
        self.assertIn("Our verdict True", _without_symbols(old.text))
        self.assertIn("Our verdict Mostly true", _without_symbols(now.text))
        self.assertEqual(len(old.named("meta", name="robots", content="noindex")), 1)
        self.assertEqual(old.named("link", rel="canonical"), now.named("link", rel="canonical"))
        self.assertEqual(now.named("meta", name="robots"), [])
        self.assertIn("This is version 1 of 2", self.read(f"{self.at}v1/").text)
        self.assertEqual(self.client.get(f"{self.at}v3/").status_code, 404)

    def test_the_correction_is_shown(self) -> None:
        for path in (f"{self.at}C1/", self.at, "/corrections/"):
            self.assertIn("We had misread the <log>.", self.read(path).text)
        self.assertNotIn("We had misread", self.read(f"{self.at}C2/").text)

    def test_an_open_correction_is_announced(self) -> None:
        corrections.correct(
            publication=self.second, type="clarification", text="We will say it better.", by=build.the(Role.PUBLISHER),
            claims=[self.first.article.claims.get(code="C3")],
        )  # fmt: skip
        for path in (f"{self.at}C3/", self.at):
            self.assertIn("A correction is under way", self.read(path).text)
        self.assertNotIn("under way", self.read(f"{self.at}C1/").text)
        self.assertIn("a new version is under way", self.read("/corrections/").text)

    def test_claims_without_a_verdict_lead_to_their_place(self) -> None:
        self.assertRedirects(self.client.get(f"{self.at}C4/"), f"{self.at}C1/")
        self.assertEqual(self.client.get(f"{self.at}C5/").headers["Location"], f"{self.at}#C5")
        self.assertIn("C5", self.read(self.at).ids)

    def test_a_verdict_taken_back_leads_to_the_reason_and_its_version_stays(self) -> None:
        published.without(self.second)
        self.assertEqual(self.client.get(f"{self.at}C1/").headers["Location"], f"{self.at}#C1")
        self.assertIn("Too vague", self.read(self.at).text)
        self.assertEqual(self.client.get(f"{self.at}C1/v3/").status_code, 404)
        self.assertIn("This is version 2 of 3", self.read(f"{self.at}C1/v2/").text)

    def test_a_retraction_takes_the_place_of_every_page(self) -> None:
        published.retracted(self.second)
        for path in (self.at, f"{self.at}C1/", f"{self.at}v1/", f"{self.at}C1/v1/", f"{self.at}C4/", f"{self.at}C5/"):
            with self.subTest(path):
                page = self.read(path)
                self.assertIn("The article was a <forgery>.", page.text)
                self.assertEqual(page.tags["script"], 0)
                self.assertNotIn("verdict tone", str(page.attributes))
                self.assertEqual(page.faults, [])
        self.assertIn("Retracted", self.read("/factchecks/").text)
        self.assertEqual(self.client.get(f"{self.at}v1/record.json").status_code, 404)
        self.assertEqual(json.loads(self.client.get("/factchecks/claimreview.json").content)["dataFeedElement"], [])
        self.assertNotIn(self.at, self.client.get("/sitemap.xml").content.decode())
        self.assertIn("Retracted:", self.client.get("/factchecks/feed.atom").content.decode())
        self.assertEqual(self.client.get(f"{self.at}C99/").status_code, 404)

    def test_feeds(self) -> None:
        atom = ElementTree.fromstring(self.client.get("/factchecks/feed.atom").content)
        space = {"a": "http://www.w3.org/2005/Atom"}
        titles = [e.text for e in atom.findall("a:entry/a:title", space)]
        self.assertEqual(titles, ["Checked: Bridges & budgets"])
        feed = json.loads(self.client.get("/factchecks/feed.json").content)
        self.assertEqual([i["title"] for i in feed["items"]], titles)
        self.assertEqual(feed["items"][0]["url"], f"http://127.0.0.1:8000{self.at}")
        reviews = json.loads(self.client.get("/factchecks/claimreview.json").content)
        self.assertEqual(reviews["@type"], "DataFeed")
        ratings = [e["item"]["reviewRating"]["alternateName"] for e in reviews["dataFeedElement"]]
        self.assertEqual(ratings, ["Mostly true", "False", "Misleading"])
        places = ElementTree.fromstring(self.client.get("/sitemap.xml").content)
        self.assertEqual(sum(self.at in (p.text or "") for p in places.iter()), 4)
        self.assertIn("Sitemap: http://127.0.0.1:8000/sitemap.xml", self.client.get("/robots.txt").content.decode())

    def test_validators(self) -> None:
        for path in (*self.addresses(), *MACHINES):
            with self.subTest(path):
                sent = self.client.get(path)
                self.assertIn("max-age=60", sent.headers["Cache-Control"])
                self.assertNotIn("Vary", sent.headers)
                again = self.client.get(path, headers={"if-none-match": sent.headers["ETag"]})
                self.assertEqual((again.status_code, again.content), (304, b""))
                self.assertEqual(again.headers["ETag"], sent.headers["ETag"])
                self.assertEqual(self.client.get(path, headers={"if-none-match": '"other"'}).status_code, 200)
        modified = self.client.get(self.at).headers["Last-Modified"]
        self.assertEqual(self.client.get(self.at, headers={"if-modified-since": modified}).status_code, 304)
        self.assertEqual(self.client.head(self.at).content, b"")

    def test_reading_only(self) -> None:
        for path in (*self.addresses(), *MACHINES, "/", "/healthz"):
            with self.subTest(path):
                self.assertEqual(self.client.post(path).status_code, 405)
                self.assertEqual(self.client.delete(path).status_code, 405)

    @override_settings(DESK_NOTICE="an illustration, not a published fact-check")
    def test_the_notice_stands_on_everything(self) -> None:
        for path in (*self.addresses(), *MACHINES[:3], "/factchecks/nothing/"):
            with self.subTest(path):
                self.assertIn("n illustration, not a published fact-check", self.client.get(path).content.decode())

    def test_bad_addresses(self) -> None:
        paths = ("?before=x", "?before=-1", "?before=" + "9" * 30, "?before=", "no-such/", "%00/", f"{'a' * 3000}/")
        for path in (*(f"/factchecks/{p}" for p in paths), f"{self.at}v0/", f"{self.at}v99999999999/", f"{self.at}c1/"):
            with self.subTest(path):
                self.assertEqual(self.client.get(path).status_code, 404)

    def test_front(self) -> None:
        self.assertRedirects(self.client.get("/"), "/factchecks/")

    def test_health(self) -> None:
        self.assertEqual(self.client.get("/healthz").content, b"ok\n")
        with mock.patch("claims.views.connection.cursor", side_effect=DatabaseError):
            self.assertEqual(self.client.get("/healthz").status_code, 503)


def _without_symbols(text: str) -> str:
    return " ".join("".join(c for c in text if c not in "○◔◑◕●◌").split())
