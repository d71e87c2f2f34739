"""The frozen content: stable bytes, everything public, nothing else; and the marked text."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, TestCase, override_settings
from hypothesis import given
from hypothesis import strategies as st

from claims.actions import publications
from claims.choices import ClaimState, Role
from claims.models import Article, Publication
from claims.publishing import snapshot
from claims.publishing.marking import marked
from claims.publishing.urls import article_url, claim_url
from claims.rules import Refused
from tests import build
from tests import published as published

AT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


class Content(TestCase):
    publication: Publication
    data: dict[str, Any]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.publication = published.everything()
        cls.data = cls.publication.snapshot

    def test_same_record_same_bytes(self) -> None:
        article = Article.objects.get(pk=self.publication.article_id)
        first, second = (snapshot.build(article, 7, AT) for _ in range(2))
        self.assertEqual(first, second)
        self.assertEqual(first.problems, ())
        self.assertEqual(json.loads(first.content)["published_at"], "2024-05-06T07:08:09Z")

    def test_bytes_are_canonical_and_match_their_digest(self) -> None:
        content = bytes(self.publication.content)
        plain = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(content, plain.encode())
        self.assertEqual(hashlib.sha256(content).hexdigest(), self.publication.digest)
        json.loads(content, parse_float=self.fail)

    def test_nothing_internal(self) -> None:
        self.assertNotIn(published.CANARY, bytes(self.publication.content).decode().lower())

    def test_claims_are_the_verdict_pages(self) -> None:
        self.assertEqual([c["code"] for c in self.data["claims"]], ["C1", "C2", "C3"])
        self.assertEqual([(d["code"], d["duplicate_of"]) for d in self.data["duplicates"]], [("C4", "C1")])
        self.assertEqual([(a["code"], a["reason"]["code"]) for a in self.data["set_aside"]], [("C5", "prediction")])
        self.assertEqual(self.data["summary"]["claims"], 3)
        counts = {r["code"]: r["count"] for r in self.data["summary"]["ratings"]}
        self.assertEqual(counts, {"true": 1, "false": 1, "misleading": 1})

    def test_an_entry_says_why(self) -> None:
        agreed, adjudicated, quoted = self.data["claims"]
        self.assertEqual([r["text"] for r in agreed["rationales"]], ["Read as true in the minutes."] * 2)
        self.assertEqual(adjudicated["decision"]["reason"], "The <minutes> & the budget agree.")
        self.assertEqual([d["rating"]["code"] for d in adjudicated["dissent"]], ["half_true"])
        self.assertEqual(quoted["decision"]["said_rating"], {"code": "out_of_context", "label": "Out of context"})
        self.assertEqual([e["excerpt"] for e in agreed["evidence"]], ["The <motion> was carried.", "It was not."])

    def test_addresses(self) -> None:
        slug = self.publication.article.slug
        self.assertEqual(article_url(slug, 2), f"http://127.0.0.1:8000/factchecks/{slug}/v2/")
        self.assertEqual(self.data["claims"][0]["url"], claim_url(slug, "C1"))

    def test_building_costs_the_same_for_any_number_of_claims(self) -> None:
        few = Article.objects.get(pk=published.many(1)[0].article_id)
        lot = Article.objects.get(pk=self.publication.article_id)
        with self.assertNumQueries(9):
            snapshot.build(few, 2, AT)
        with self.assertNumQueries(9):
            snapshot.build(lot, 2, AT)


class Dates(TestCase):
    def test_a_claim_keeps_the_day_it_first_appeared_and_the_day_it_last_changed(self) -> None:
        first = published.everything()
        later = datetime.now(UTC) + timedelta(days=2)
        with mock.patch("django.utils.timezone.now", return_value=later):
            second = published.corrected(first)
        day_one, day_two = first.snapshot["published_at"], second.snapshot["published_at"]
        self.assertNotEqual(day_one, day_two)
        changed, same, _ = second.snapshot["claims"]
        self.assertEqual((changed["first_published_at"], changed["modified_at"]), (day_one, day_two))
        self.assertEqual((same["first_published_at"], same["modified_at"]), (day_one, day_one))
        (note,) = second.snapshot["corrections"]
        self.assertEqual((note["corrects"], note["carried_by"], note["claims"]), (1, 2, ["C1"]))
        self.assertEqual(changed["claim_review"]["correction"][0]["text"], "We had misread the <log>.")
        self.assertNotIn("correction", same["claim_review"])


class Refusing(TestCase):
    def test_a_headline_that_tells_the_verdict_is_not_published(self) -> None:
        on = build.article()
        build.claim(ClaimState.DECIDED, on, headline="True: the harbour was closed")
        built = snapshot.build(Article.objects.get(pk=on.pk), 1, AT)
        self.assertIn("claimreview_claim_does_not_tell_the_verdict", {p.code for p in built.problems})

    @override_settings(SITE_URL="nowhere")
    def test_publishing_is_refused_with_every_reason(self) -> None:
        signed = build.signed_off()
        with self.assertRaises(Refused) as caught:
            publications.publish(article=signed.article, build=snapshot.build, by=build.the(Role.PUBLISHER))
        self.assertIn("claimreview_has_an_author", {r.code for r in caught.exception.refusals})
        self.assertFalse(Publication.objects.exists())


@st.composite
def texts_with_claims(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    text = draw(st.text("ab.,” \n", min_size=1, max_size=60))
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=4))})
    blocks = [{"kind": "paragraph", "start": a, "end": b} for a, b in pairwise(cuts)]
    claims = []
    for number in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text) - 1))
        anchor = {"start": start, "end": draw(st.integers(start + 1, len(text)))}
        claims.append({"code": f"C{number}", "anchor": anchor})
    return {"text": text, "blocks": blocks}, claims


class Marking(SimpleTestCase):
    @given(texts_with_claims())
    def test_pieces_joined_are_the_text(self, drawn: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
        revision, claims = drawn
        for block, shown in zip(revision["blocks"], marked(revision, claims), strict=True):
            text = revision["text"][block["start"] : block["end"]]
            self.assertEqual("".join(p.text for p in shown.pieces), text.rstrip())

    @given(texts_with_claims())
    def test_each_claim_ends_at_most_once(self, drawn: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
        revision, claims = drawn
        ends = [code for block in marked(revision, claims) for piece in block.pieces for code in piece.ends]
        self.assertEqual(len(ends), len(set(ends)))

    def test_overlapping_claims(self) -> None:
        revision = {"text": "one two three.", "blocks": [{"kind": "paragraph", "start": 0, "end": 14}]}
        claims = [
            {"code": "C1", "anchor": {"start": 0, "end": 7}},
            {"code": "C2", "anchor": {"start": 4, "end": 13}},
        ]
        (block,) = marked(revision, claims)
        told = [(p.text, p.claims, p.ends) for p in block.pieces]
        self.assertEqual(
            told,
            [("one ", ("C1",), ()), ("two", ("C1", "C2"), ("C1",)), (" three", ("C2",), ()), (".", (), ("C2",))],
        )
