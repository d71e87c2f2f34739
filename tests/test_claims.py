"""Claims in the text, the evidence rule, verdicts and what comes of them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import TestCase

from claims.actions import claims, corrections, evidence, sources, steps
from claims.anchoring import OffsetsOutOfRange, QuoteAmbiguous, QuoteNotFound
from claims.choices import ArticleState, ClaimState, PublicationState, Role, Stance, Tier
from claims.models import Anchor, Article, Claim, Publication
from claims.rules import Refused
from tests import build


class Anchored(TestCase):
    def setUp(self) -> None:
        self.on = build.article(build.TEXT + "\nThe works took eleven months. So it ended.\n")

    def identify(self, **anchor: object) -> Claim:
        fields = {"statement": "It took eleven months.", "kind": "number"}
        return claims.identify(article=self.on, anchor=anchor, by=build.the(Role.RESEARCHER), **fields)

    def test_by_quote_or_by_offsets_several_in_one_sentence_and_overlapping(self) -> None:
        text = self.on.current_revision.text
        at = text.index("Two of the three cranes")
        made = [
            self.identify(exact="Two of the three cranes"),
            self.identify(start=at, end=at + 30),
            self.identify(exact="sold in June"),
        ]
        self.assertEqual([c.code for c in made], ["C1", "C2", "C3"])
        for claim in made:
            anchor = claim.current_anchor()
            self.assertEqual(text[anchor.start : anchor.end], anchor.exact)
            self.assertTrue(text[: anchor.start].endswith(anchor.prefix))
            self.assertTrue(text[anchor.end :].startswith(anchor.suffix))
            self.assertEqual(anchor.status, "exact")
        self.on.refresh_from_db()
        self.assertEqual(self.on.state, ArticleState.CHECKING)

    def test_an_ambiguous_quote_is_refused_with_its_candidates(self) -> None:
        with self.assertRaises(QuoteAmbiguous) as caught:
            self.identify(exact="The works took eleven months.")
        self.assertEqual(len(caught.exception.candidates), 2)
        claim = self.identify(exact="The works took eleven months.", suffix=" So it")
        self.assertEqual(claim.current_anchor().start, caught.exception.candidates[1].start)

    def test_a_quote_or_offsets_that_fit_nowhere_are_refused_and_nothing_is_stored(self) -> None:
        for anchor, error in (
            ({"exact": "The harbour was never closed"}, QuoteNotFound),
            ({"start": 5, "end": 5}, OffsetsOutOfRange),
            ({"start": 0, "end": 10**9}, OffsetsOutOfRange),
            ({}, ValidationError),
        ):
            with self.subTest(anchor), self.assertRaises(error):
                self.identify(**anchor)
        self.assertFalse(Claim.objects.exists())

    def test_the_database_holds_anchors_to_their_text(self) -> None:
        claim = self.identify(exact="sold in June")
        anchor = claim.anchors.get()
        Anchor.objects.filter(pk=anchor.pk).update(current=False)
        anchor.pk, anchor.exact = None, "sold in July"
        with self.assertRaises(IntegrityError) as caught, transaction.atomic():
            anchor.save(force_insert=True)
        self.assertEqual(caught.exception.__cause__.diag.constraint_name, "anchor_quotes_its_text")


class EvidenceRule(TestCase):
    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.RESEARCHING)

    def refusals(self, **given: str) -> set[str]:
        try:
            with transaction.atomic():
                steps.take(claim=self.claim, step="submit_for_review", by=build.the(Role.RESEARCHER), **given)
                transaction.set_rollback(True)
        except Refused as refused:
            return {r.code for r in refused.refusals}
        return set()

    def secondary(self, **given: object) -> None:
        build.cite(self.claim, source=build.source(tier=Tier.SECONDARY, **given))

    def test_both_halves_are_asked(self) -> None:
        self.assertEqual(self.refusals(), {"evidence_is_sufficient", "both_stances_were_sought"})
        build.cite(self.claim)
        self.assertEqual(self.refusals(), {"both_stances_were_sought"})
        self.assertEqual(self.refusals(none_contradicting="Two archives."), set())
        build.cite(self.claim, Stance.CONTRADICTS)
        self.assertEqual(self.refusals(), set())

    def test_three_secondary_sources_of_three_origins(self) -> None:
        wire = build.source(tier=Tier.SECONDARY, title="A wire story")
        outlet = build.source(tier=Tier.SECONDARY, derived_from=wire)
        self.secondary(derived_from=wire)
        self.secondary(derived_from=outlet)
        build.cite(self.claim, source=wire)
        self.secondary()
        looked = {"none_contradicting": "Looked."}
        self.assertEqual(self.refusals(**looked), {"evidence_is_sufficient"}, "one wire story is one source")
        self.secondary()
        self.assertEqual(self.refusals(**looked), set())

    def test_context_and_withdrawn_evidence_do_not_count(self) -> None:
        build.cite(self.claim, Stance.CONTEXT)
        cited = build.cite(self.claim)
        evidence.withdraw(evidence=cited, reason="Forged.", by=build.the(Role.RESEARCHER))
        self.assertEqual(self.refusals(none_contradicting="Looked."), {"evidence_is_sufficient"})

    def test_a_source_does_not_derive_from_itself_by_any_way_round(self) -> None:
        first = build.source()
        second = build.source(derived_from=first)
        third = build.source(derived_from=second)
        with self.assertRaises(Refused) as caught:
            sources.edit(source=first, derived_from=third, by=build.the(Role.RESEARCHER))
        self.assertEqual(caught.exception.refusals[0].code, "source_does_not_derive_from_itself")


class Verdicts(TestCase):
    def test_a_quotation_is_asked_two_questions(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW, kind="quotation")
        with self.assertRaises(ValidationError) as caught:
            build.verdict(claim)
        self.assertIn("said_rating", caught.exception.message_dict)
        build.verdict(claim, said_rating="verbatim")
        build.verdict(claim, said_rating="altered")
        claim.refresh_from_db()
        self.assertEqual(claim.state, ClaimState.DISPUTED, "equal on the one question, not on the other")

    def test_a_change_of_mind_supersedes(self) -> None:
        claim, reviewer = build.claim(ClaimState.IN_REVIEW), build.person(Role.REVIEWER)
        first = build.verdict(claim, "true", by=reviewer)
        second = build.verdict(claim, "false", by=reviewer)
        self.assertEqual(second.supersedes, first)
        build.verdict(claim, "false")
        claim.refresh_from_db()
        self.assertEqual(claim.decision.rating.code, "false")

    def test_evidence_of_another_claim_is_not_relied_on(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        other = build.cite(build.identified(claim.article, build.CLAIMS[1]))
        with self.assertRaises(ValidationError) as caught:
            build.verdict(claim, relied_on=[other])
        self.assertIn("relied_on", caught.exception.message_dict)

    def test_a_return_opens_a_new_round_and_keeps_the_old(self) -> None:
        claim = build.claim(ClaimState.DISPUTED)
        steps.take(claim=claim, step="return_to_research", reason="A new source.", by=build.the(Role.EDITOR))
        given = {"none_contradicting": "Looked again."}
        steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER), **given)
        claim.refresh_from_db()
        self.assertEqual((claim.round, claim.verdicts.filter(round=1).count()), (2, 2))
        build.verdict(claim)
        claim.refresh_from_db()
        self.assertEqual(claim.state, ClaimState.IN_REVIEW, "the verdicts of round 1 do not count in round 2")


class Steps(TestCase):
    def test_what_a_step_needs_is_named(self) -> None:
        claim = build.identified()
        by = build.the(Role.RESEARCHER)
        for step, fields in (("set_aside", {"triage_reason", "note"}), ("reopen", {"reason"}), ("fly", {"step"})):
            with self.subTest(step), self.assertRaises(ValidationError) as caught:
                steps.take(claim=claim, step=step, by=by)
            self.assertEqual(set(caught.exception.message_dict), fields)
        with self.assertRaises(ValidationError) as caught:
            steps.take(claim=claim, step="triage", by=by, colour="red")
        self.assertEqual(set(caught.exception.message_dict), {"colour"})

    def test_a_set_aside_is_confirmed_by_somebody_else(self) -> None:
        claim = build.claim(ClaimState.NOT_CHECKABLE)
        with self.assertRaises(Refused) as caught:
            steps.take(claim=claim, step="confirm_set_aside", by=claim.set_aside_by)
        self.assertEqual(caught.exception.refusals[0].code, "set_aside_is_confirmed_by_another_person")
        with self.assertRaises(IntegrityError), transaction.atomic():
            Claim.objects.filter(pk=claim.pk).update(confirmed_by=claim.set_aside_by, confirmed_at="2024-01-01T00:00Z")
        steps.take(claim=claim, step="confirm_set_aside", by=build.the(Role.EDITOR))

    def test_a_duplicate_names_another_claim_that_is_none(self) -> None:
        claim = build.identified()
        duplicate = build.claim(ClaimState.DUPLICATE)
        for other in (claim, duplicate, build.identified()):
            with self.subTest(other.pk), self.assertRaises(Refused):
                steps.take(claim=claim, step="mark_duplicate", by=build.the(Role.RESEARCHER), duplicate_of=other)

    def test_an_original_does_not_become_a_duplicate(self) -> None:
        original = build.claim(ClaimState.DUPLICATE).duplicate_of
        third = build.identified(original.article, build.CLAIMS[1])
        given = {"step": "mark_duplicate", "by": build.the(Role.RESEARCHER)}
        with self.assertRaises(Refused) as caught:
            steps.take(claim=original, duplicate_of=third, **given)
        self.assertEqual({r.code for r in caught.exception.refusals}, {"claim_has_no_duplicates"})
        # Nor is one named that has become a duplicate since it was read.
        read, fourth = Claim.objects.get(pk=third.pk), build.identified(original.article, build.CLAIMS[2])
        steps.take(claim=third, duplicate_of=original, **given)
        with self.assertRaises(Refused):
            steps.take(claim=fourth, duplicate_of=read, **given)

    def test_reopening_what_readers_see_opens_a_correction(self) -> None:
        publication = build.published()
        claim = publication.article.claims.get(number=1)
        given = {"reason": "A reader wrote.", "correction_type": "update"}
        steps.take(claim=claim, step="reopen", by=build.the(Role.EDITOR), **given)
        correction = publication.corrections.get()
        self.assertEqual((correction.type, list(correction.claims.all())), ("update", [claim]))
        self.assertEqual(Article.objects.get().state, ArticleState.UNDER_CORRECTION)


class Published(TestCase):
    def test_the_next_version_carries_the_corrections_and_succeeds_the_last(self) -> None:
        first = build.published()
        corrections.correct(publication=first, type="typo", text="A name was misspelt.", by=build.the(Role.PUBLISHER))
        second = build.published(Article.objects.get(pk=first.article_id))
        first.refresh_from_db()
        self.assertEqual((first.state, second.version), (PublicationState.SUPERSEDED, 2))
        self.assertEqual(second.carries.get().text, "A name was misspelt.")
        self.assertEqual(Article.objects.get().state, ArticleState.PUBLISHED)

    def test_a_retraction_takes_effect_at_once(self) -> None:
        publication = build.published()
        corrections.correct(
            publication=publication, type="retraction", text="It was all wrong.", by=build.the(Role.PUBLISHER)
        )
        publication.refresh_from_db()
        self.assertEqual(publication.state, PublicationState.RETRACTED)
        self.assertEqual(Article.objects.get().state, ArticleState.WITHDRAWN)
        with self.assertRaises(IntegrityError), transaction.atomic():
            Publication.objects.update(state=PublicationState.LIVE)

    def test_only_what_readers_see_now_is_corrected(self) -> None:
        first = build.published()
        given = {"type": "typo", "text": "A name.", "by": build.the(Role.PUBLISHER)}
        corrections.correct(publication=first, **given)
        build.published(Article.objects.get(pk=first.article_id))
        with self.assertRaises(Refused):
            corrections.correct(publication=first, **given)
