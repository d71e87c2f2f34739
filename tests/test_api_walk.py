"""From highlighted text to a published page over REST alone, by people who have read only the schema."""

from __future__ import annotations

from claims.choices import Role
from tests import build
from tests.test_api_desk import ApiCase


class Walk(ApiCase):
    def test_from_text_to_published_page(self) -> None:
        researcher, editor = build.person(Role.RESEARCHER), build.person(Role.EDITOR)
        publisher, auditor = build.person(Role.PUBLISHER), build.person(Role.AUDITOR)
        reviewers = [build.person(Role.REVIEWER), build.person(Role.REVIEWER)]

        given = {"text": build.TEXT, "media_type": "text/markdown", "publisher": "The Example Courier"}
        article = self.post(editor, "articles/", given)
        self.assertEqual(article["title"], "The harbour was closed twice")
        self.assertEqual(article["publisher"], "The Example Courier")
        self.assertEqual(article["state"], "received")
        self.assertEqual(article["coverage"], {"sentences": 5, "settled": 0})
        at = f"articles/{article['id']}/"

        text = self.get(researcher, f"{at}revisions/1/")["text"]
        claims = []
        for number, quote in enumerate(build.CLAIMS):
            start = text.index(quote)
            anchor = {"exact": quote} if number % 2 else {"start": start, "end": start + len(quote)}
            claims.append(self.post(researcher, "claims/", {
                "article": article["id"], "statement": quote, "headline": quote[:75], "kind": "event",
                "claimant": "Ada Example", "attribution": ["The Example Post"], "stated_on": "2024-05-03",
                "importance": "central", "topics": ["harbour"], "anchor": anchor,
            }))  # fmt: skip
        self.assertEqual([claim["code"] for claim in claims], ["C1", "C2", "C3", "C4"])
        self.assertEqual(claims[0]["anchor"]["exact"], build.CLAIMS[0])
        self.assertEqual(self.get(editor, at)["state"], "checking")

        source = self.post(researcher, "sources/", {
            "title": "Harbour log", "kind": "document", "tier": "primary", "url": "https://example.org/log",
            "publisher": "The Harbour Office", "accessed_at": "2024-05-04T09:00:00Z",
        })  # fmt: skip
        for claim in claims:
            self.research(researcher, claim["id"], source["id"])
        for claim in claims:
            self.judge(reviewers, claim["id"])

        start = text.index(build.OPINION)
        marks = self.post(researcher, f"{at}non-factual/", {"start": start, "end": start + len(build.OPINION)})
        self.assertEqual(len(marks["results"]), 1)
        totals = self.get(editor, f"{at}coverage/")["totals"]
        self.assertEqual((totals["covered"], totals["non_factual"], totals["open"]), (4, 1, 0))

        asked = self.get(editor, f"{at}sign-off/")
        self.assertEqual((asked["sign_off"], asked["refusals"]), (None, []))
        signed = self.post(editor, f"{at}sign-off/", {"note": "Read twice.", "digest": asked["digest"]})
        self.assertEqual(self.get(editor, f"{at}sign-off/")["sign_off"]["digest"], signed["digest"])

        published = self.post(publisher, f"{at}publications/")
        self.assertEqual(published["version"], 1)
        self.assertEqual([shown["code"] for shown in published["claims"]], ["C1", "C2", "C3", "C4"])
        self.assertTrue(published["url"].endswith(f"/factchecks/{article['slug']}/"))
        self.assertTrue(published["claims"][0]["url"].endswith(f"/factchecks/{article['slug']}/C1/"))
        self.assertEqual(self.get(auditor, f"publications/{published['id']}/"), published)
        self.assertEqual(self.get(editor, at)["state"], "published")

        note = {"type": "clarification", "text": "The date is that of the log.", "claims": [claims[0]["id"]]}
        correction = self.post(publisher, f"publications/{published['id']}/corrections/", note)
        self.assertIsNone(correction["published_in"])
        self.assertEqual(self.get(editor, at)["state"], "under_correction")

        trail = self.get(auditor, f"audit-events/?article={article['id']}&action=article.publish")["results"]
        self.assertIn("publication", {event["object"]["type"] for event in trail})
        self.assertEqual({event["actor"]["id"] for event in trail}, {publisher.pk})
        self.assertFalse(any(event["outside"] for event in trail))

    def research(self, researcher: build.Person, claim: int, source: int) -> None:
        steps = {s["step"]: s for s in self.get(researcher, f"claims/{claim}/steps/")["results"]}
        self.assertTrue(steps["triage"]["allowed"])
        self.assertFalse(steps["judge"]["allowed"])
        self.post(researcher, f"claims/{claim}/steps/", {"step": "triage", "assignee": researcher.username}, 200)
        refused = self.post(researcher, f"claims/{claim}/steps/", {"step": "submit_for_review"}, 409)
        codes = {refusal["code"] for refusal in refused["refusals"]}
        self.assertEqual(codes, {"evidence_is_sufficient", "both_stances_were_sought"})
        self.post(researcher, "evidence/", {
            "claim": claim, "source": source, "stance": "corroborates", "excerpt": "3 May: closed.",
            "locator": "p. 4", "addresses": "true", "note": "", "visibility": "public",
        })  # fmt: skip
        given = {"step": "submit_for_review", "none_contradicting": "The office's archive, the courier's."}
        claim_now = self.post(researcher, f"claims/{claim}/steps/", given, 200)
        self.assertEqual((claim_now["state"], claim_now["round"]), ("in_review", 1))
        self.assertEqual(claim_now["evidence_counts"], {"corroborates": 1, "contradicts": 0, "context": 0})

    def judge(self, reviewers: list[build.Person], claim: int) -> None:
        for reviewer in reviewers:
            self.assertIn(claim, [c["id"] for c in self.get(reviewer, "me/")["queue"]["review"]])
            digest = self.get(reviewer, f"claims/{claim}/")["digest"]
            relied_on = [e["id"] for e in self.get(reviewer, f"evidence/?claim={claim}")["results"]]
            verdict = self.post(reviewer, "verdicts/", {
                "claim": claim, "rating": "true", "rationale": "The log says so.", "confidence": "high",
                "relied_on": relied_on, "digest": digest,
            })  # fmt: skip
            self.assertEqual(verdict["relied_on"], relied_on)
        decided = self.get(reviewers[0], f"claims/{claim}/")
        self.assertEqual(decided["state"], "decided")
        self.assertEqual((decided["decision"]["rating"], decided["decision"]["method"]), ("true", "agreement"))
