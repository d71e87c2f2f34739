"""Articles: received, revised, described, covered sentence by sentence."""

from __future__ import annotations

import hashlib
import os
import unittest
from datetime import date
from pathlib import Path

from django.core.exceptions import ValidationError
from django.test import TestCase

from claims.actions import articles, claims, sources, steps
from claims.choices import ArticleState, ClaimState, Role
from claims.importers import intake
from claims.importers.text import UnreadableText
from claims.models import Article, ArticleRevision, Source
from claims.rules import Refused
from tests import build

SHARED = Path(__file__).parent.parent.parent / "shared" / "articles" / "why-peace-talks-but-no-peace.txt"


class Received(TestCase):
    def test_the_first_revision_comes_with_it(self) -> None:
        article = build.article()
        revision = article.current_revision
        self.assertEqual((article.state, revision.number), (ArticleState.RECEIVED, 1))
        self.assertEqual((article.title, article.byline), ("The harbour was closed twice", "Ada Example"))
        self.assertEqual((article.publisher, article.published_on), ("The Example Post", date(2024, 5, 3)))
        self.assertEqual(bytes(revision.source_bytes), build.TEXT.encode())
        self.assertEqual(revision.source_sha256, hashlib.sha256(build.TEXT.encode()).hexdigest())
        self.assertEqual(revision.sha256, hashlib.sha256(revision.text.encode()).hexdigest())
        self.assertEqual("".join(revision.text[s:e] for _, s, e in revision.blocks), revision.text)
        self.assertEqual((article.sentence_count, article.settled_count), (5, 0))

    def test_what_is_given_wins_over_what_the_text_says(self) -> None:
        article = build.article(title="Another title", published_on=date(2020, 1, 1))
        self.assertEqual((article.title, article.published_on), ("Another title", date(2020, 1, 1)))
        self.assertEqual(article.byline, "Ada Example")

    def test_unreadable_input_is_refused_and_nothing_is_stored(self) -> None:
        by = build.the(Role.RESEARCHER)
        for raw in (b"", b" \n ", b"\x00\x01\x02", "Grüße".encode("latin-1"), b"a" * (10 * 1024 * 1024 + 1)):
            with self.subTest(raw[:10]), self.assertRaises(UnreadableText):
                intake.receive(raw=raw, media_type="text/plain", by=by)
        with self.assertRaises(UnreadableText):
            intake.receive(raw=b"Some text.", media_type="application/pdf", by=by)
        with self.assertRaises(ValidationError) as caught:
            intake.receive(raw=b"Some text.", media_type="text/plain", by=by, url="not an address")
        self.assertIn("url", caught.exception.message_dict)
        self.assertEqual((Article.objects.count(), ArticleRevision.objects.count()), (0, 0))

    def test_a_reviewer_receives_nothing(self) -> None:
        with self.assertRaises(Refused) as caught:
            intake.receive(raw=b"Some text.", media_type="text/plain", by=build.person(Role.REVIEWER))
        self.assertEqual([r.code for r in caught.exception.refusals], ["not_permitted"])


class TheRealThing(TestCase):
    def test_an_article_as_desks_receive_them(self) -> None:
        if not SHARED.exists():
            if os.environ.get("FACTCHECK_REQUIRE_ALL") == "1":
                self.fail(f"{SHARED} is not there")
            raise unittest.SkipTest("the shared article is not beside this checkout")
        raw = SHARED.read_bytes()
        made = [
            intake.receive(raw=raw, media_type=kind, by=build.the(Role.RESEARCHER))
            for kind in ("text/plain", "text/markdown")
        ]
        self.assertEqual(len({a.current_revision.sha256 for a in made}), 1)
        article, revision = made[0], made[0].current_revision
        self.assertEqual((article.byline, article.publisher), ("Ted Snider", "Global Research"))
        self.assertEqual(article.published_on, date(2023, 8, 18))
        self.assertEqual(article.republished_from_publisher, "The American Conservative")
        self.assertEqual(article.republished_from_on, date(2023, 8, 16))
        self.assertEqual(set(revision.links.values_list("status", flat=True)), {"missing"})
        self.assertEqual(revision.links.count(), 48)
        headings = [revision.text[s:e].strip() for kind, s, e in revision.blocks if kind == "heading"]
        for name in ("Belarus", "Bennet", "Istanbul"):
            self.assertEqual(sum(h.endswith(f"Talks: {name}") for h in headings), 1)
        outside = "".join(revision.text[s:e] for kind, s, e in revision.blocks if kind == "boilerplate")
        for word in ("share button", "Newsletter", "Disclaimer", "Copyright"):
            self.assertIn(word, outside)
            body = [s for s in article.coverage().sentences if s.status != "boilerplate"]
            self.assertFalse(any(word in revision.text[s.start : s.end] for s in body))
        for link in revision.links.all():
            self.assertEqual(revision.text[link.start : link.end], link.text)


class Revised(TestCase):
    def setUp(self) -> None:
        self.on = build.article()
        self.editor = build.the(Role.EDITOR)
        self.claims = {quote: build.identified(self.on, quote) for quote in build.CLAIMS}

    def revise(self, text: str) -> dict[str, int]:
        return intake.revise(article=self.on, raw=text.encode(), media_type="text/markdown", by=self.editor)[1]

    def test_every_claim_is_found_again_or_waits_for_a_person(self) -> None:
        text = build.TEXT.replace("The works took eleven months. ", "").replace("nine million", "9 million")
        text = text.replace("It was a shame.", "It was a shame, said all.")
        text = text.replace("By Ada", "A standfirst that says little.\n\nBy Ada")
        counts = self.revise(text)
        self.assertEqual(sum(counts.values()), 4)
        status = {q[:12]: c.anchors.get(current=True).status for q, c in self.claims.items()}
        self.assertEqual(status["The mayor sa"], "fuzzy")
        self.assertIn(status["The works to"], ("orphaned", "fuzzy"))
        for claim in self.claims.values():
            anchor = claim.anchors.get(current=True)
            self.assertEqual(anchor.revision.number, 2)
            if anchor.start is not None:
                self.assertEqual(anchor.revision.text[anchor.start : anchor.end], anchor.exact)
        self.assertEqual(claim.anchors.count(), 2, "the former anchor stays")

    def test_what_was_only_pushed_along_is_moved(self) -> None:
        counts = self.revise("# A new title above all\n\n" + build.TEXT.replace("# The", "The"))
        self.assertEqual(counts["moved"] + counts["exact"], 4)
        self.assertGreaterEqual(counts["moved"], 3)

    def test_a_look_alike_is_never_taken_silently(self) -> None:
        text = build.TEXT.replace("The works took eleven months.", "Nothing more is known.")
        self.revise(text + "\nOthers disagree entirely. The works took eleven months. They say.\n")
        anchor = self.claims["The works took eleven months."].anchors.get(current=True)
        self.assertEqual(anchor.status, "fuzzy")
        self.assertFalse(anchor.settled)

    def test_a_fuzzy_anchor_bars_review_until_a_person_settles_it(self) -> None:
        self.revise(build.TEXT.replace("nine million", "9 million"))
        claim = self.claims[build.CLAIMS[1]]
        build.ROUTES[ClaimState.RESEARCHING][0](claim)
        with self.assertRaises(Refused) as caught:
            build.ROUTES[ClaimState.IN_REVIEW][1](claim)
        self.assertEqual([r.code for r in caught.exception.refusals], ["anchor_is_settled"])
        new = "The mayor said the works would cost 9 million."
        claims.settle_anchor(claim=claim, anchor={"exact": new}, by=self.editor)
        self.assertTrue(claim.was_researched_by(self.editor), "who chooses another quote writes the claim")
        given = {"none_contradicting": "Looked."}
        steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER), **given)

    def test_a_mark_is_carried_only_to_the_very_same_sentence(self) -> None:
        start = self.on.current_revision.text.index(build.OPINION)
        span = {"start": start, "end": start + len(build.OPINION)}
        articles.mark_non_factual(article=self.on, by=self.editor, **span)
        self.revise("# A new title above all\n\n" + build.TEXT.replace("# The", "The"))
        kept = Article.objects.get(pk=self.on.pk).current_revision.non_factual_marks.get()
        self.assertEqual(kept.revision.text[kept.start : kept.end], build.OPINION)
        self.revise(build.TEXT.replace("a shame", "a crime"))
        self.assertFalse(Article.objects.get(pk=self.on.pk).current_revision.non_factual_marks.exists())

    def test_the_same_text_is_no_revision(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.revise(build.TEXT)
        self.assertEqual(caught.exception.refusals[0].code, "revision_is_a_new_text")


class Coverage(TestCase):
    def test_every_way_to_settle_a_sentence(self) -> None:
        on = build.article()
        decided = build.claim(ClaimState.DECIDED, on, build.CLAIMS[0])
        aside = build.claim(ClaimState.NOT_CHECKABLE, on, build.CLAIMS[1])
        start = on.current_revision.text.index(build.OPINION)
        articles.mark_non_factual(article=on, start=start, end=start + 3, by=build.the(Role.RESEARCHER))
        status = [s.status for s in on.coverage().sentences if s.status != "boilerplate"]
        self.assertEqual(status, ["covered", "open", "non_factual", "open", "open"])
        steps.take(claim=aside, step="confirm_set_aside", by=build.the(Role.REVIEWER))
        status = [s.status for s in on.coverage().sentences if s.status != "boilerplate"]
        self.assertEqual(status, ["covered", "set_aside", "non_factual", "open", "open"])
        on.refresh_from_db()
        self.assertEqual((on.settled_count, on.sentence_count), (3, 5))
        build.cite(decided)
        on.refresh_from_db()
        self.assertEqual(on.settled_count, 2, "a stale decision covers nothing")

    def test_what_is_said_of_a_source_unsettles_what_was_decided_with_it(self) -> None:
        on = build.settled()
        source = Source.objects.filter(evidence__claim__article=on).first()
        sources.edit(source=source, title="Another title", by=build.the(Role.RESEARCHER))
        on.refresh_from_db()
        self.assertEqual((on.settled_count, on.coverage().settled), (4, 4))

    def test_the_blockers_are_all_listed(self) -> None:
        on = build.article()
        build.claim(ClaimState.DISPUTED, on, build.CLAIMS[0])
        build.claim(ClaimState.NOT_CHECKABLE, on, build.CLAIMS[1])
        build.claim(ClaimState.IDENTIFIED, on, build.CLAIMS[2])
        stale = build.claim(ClaimState.DECIDED, on, build.CLAIMS[3])
        build.cite(stale)
        codes = sorted(b.code for b in Article.objects.get(pk=on.pk).blockers())
        self.assertEqual(
            codes,
            [
                "claim_is_unfinished",
                "decision_is_stale",
                "round_is_open",
                "sentence_is_open",
                "set_aside_is_unconfirmed",
            ],
        )
        self.assertEqual(Article.objects.get(pk=build.settled().pk).blockers(), [])

    def test_a_range_without_a_sentence_is_refused_by_field(self) -> None:
        on = build.article()
        with self.assertRaises(ValidationError) as caught:
            articles.mark_non_factual(article=on, start=0, end=2, by=build.the(Role.RESEARCHER))
        self.assertIn("start", caught.exception.message_dict)


class Settings(TestCase):
    def test_the_quorum_stays_while_a_claim_is_in_review(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        with self.assertRaises(Refused):
            articles.edit(article=claim.article, quorum=3, by=build.the(Role.EDITOR))
        articles.edit(article=claim.article, title="Another", by=build.the(Role.EDITOR))

    def test_an_impossible_quorum_is_refused(self) -> None:
        for quorum, votes in ((2, 3), (4, 2), (0, 0)):
            with self.subTest(quorum=quorum), self.assertRaises((Refused, ValidationError)):
                articles.edit(article=build.article(), quorum=quorum, votes_to_carry=votes, by=build.the(Role.EDITOR))

    def test_three_verdicts_of_which_two_carry(self) -> None:
        on = build.article()
        articles.edit(article=on, quorum=3, votes_to_carry=2, by=build.the(Role.EDITOR))
        claim = build.claim(ClaimState.IN_REVIEW, on)
        for code, state in (("true", "in_review"), ("false", "in_review"), ("true", "decided")):
            build.verdict(claim, code)
            claim.refresh_from_db()
            self.assertEqual(claim.state, state)
        self.assertEqual(claim.decision.rating.code, "true")
