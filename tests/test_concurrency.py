"""Two people at the same instant: one outcome, no error but a clear refusal, nothing lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from claims.actions import publications, sources, steps
from claims.choices import ArticleState, ClaimState, Role
from claims.models import Article, AuditEvent, Claim, Decision, Publication, SignOff, Verdict
from claims.publishing.snapshot import build as build_snapshot
from claims.rules import Refused
from tests import build, desk_truth
from tests.transactional import RealTransactions


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment, each in a thread with a connection of its own; give what came of them in order."""
    gate = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(i: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=20)
            outcomes[i] = act()
        except Exception as error:  # whatever it is, the test judges it
            outcomes[i] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i, act)) for i, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


class AtTheSameInstant(RealTransactions):
    def settle(self, outcomes: list[Any]) -> Counter[str]:
        """How many went through, and which refusals the others got; anything else is a failure."""
        counted: Counter[str] = Counter()
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                counted[outcome.refusals[0].code] += 1
            else:
                self.assertNotIsInstance(outcome, Exception, repr(outcome))
                counted["done"] += 1
        return counted

    def test_two_reviewers_file_the_last_two_verdicts(self) -> None:
        for ratings, state in ((("true", "true"), ClaimState.DECIDED), (("true", "false"), ClaimState.DISPUTED)):
            with self.subTest(state):
                claim = build.claim(ClaimState.IN_REVIEW)
                people = [build.person(Role.REVIEWER) for _ in ratings]
                acts = [
                    lambda r=r, p=p, c=claim: build.verdict(c, r, by=p) for r, p in zip(ratings, people, strict=True)
                ]
                self.assertEqual(self.settle(at_once(*acts)), {"done": 2})
                claim.refresh_from_db()
                self.assertEqual(claim.state, state)
                self.assertEqual(claim.verdicts.count(), 2)
                self.assertEqual(claim.decisions.count(), int(state == ClaimState.DECIDED))

    def test_a_double_click_on_file(self) -> None:
        claim, reviewer = build.claim(ClaimState.IN_REVIEW), build.person(Role.REVIEWER)
        self.assertEqual(self.settle(at_once(*[lambda: build.verdict(claim, by=reviewer)] * 2)), {"done": 2})
        self.assertEqual(Verdict.objects.count(), 1)

    def test_a_double_click_on_the_verdict_that_decides(self) -> None:
        claim, reviewer = build.claim(ClaimState.IN_REVIEW), build.person(Role.REVIEWER)
        build.verdict(claim)
        self.assertEqual(self.settle(at_once(*[lambda: build.verdict(claim, by=reviewer)] * 2)), {"done": 2})
        self.assertEqual((Verdict.objects.count(), Decision.objects.count()), (2, 1))

    def test_two_editors_sign_off(self) -> None:
        article = build.settled()
        editors = [build.person(Role.EDITOR) for _ in range(2)]
        outcomes = at_once(*[lambda e=e: build.signed_off(article, by=e) for e in editors])
        self.assertEqual(self.settle(outcomes), {"done": 1, "not_from_this_state": 1})
        self.assertEqual(SignOff.objects.count(), 1)
        self.assertEqual(Article.objects.get().state, ArticleState.SIGNED_OFF)

    def test_a_double_click_on_publish(self) -> None:
        article = build.signed_off().article
        publisher = build.the(Role.PUBLISHER)
        press = lambda: publications.publish(article=article, build=build_snapshot, by=publisher)  # noqa: E731
        # The second finds the version that waits for its seal and shows it too; or it comes when that is done.
        outcomes = self.settle(at_once(press, press))
        self.assertIn(outcomes, ({"done": 2}, {"done": 1, "not_from_this_state": 1}))
        self.assertEqual([p.state for p in Publication.objects.all()], ["live"])

    def test_two_adjudicators(self) -> None:
        claim = build.claim(ClaimState.DISPUTED)
        people = [build.person(Role.ADJUDICATOR) for _ in range(2)]
        given = {"step": "adjudicate", "rating": build.rating("half_true"), "reason": "Both have a point."}
        outcomes = at_once(*[lambda p=p: steps.take(claim=claim, by=p, **given) for p in people])
        self.assertEqual(self.settle(outcomes), {"done": 1, "not_from_this_state": 1})
        self.assertEqual(Decision.objects.count(), 1)

    def test_a_reviewer_files_while_an_editor_returns(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        build.verdict(claim)
        reviewer, editor = build.person(Role.REVIEWER), build.the(Role.EDITOR)
        outcomes = at_once(
            lambda: build.verdict(claim, by=reviewer),
            lambda: steps.take(claim=claim, step="return_to_research", reason="A new source.", by=editor),
        )
        self.assertIn(self.settle(outcomes), ({"done": 2}, {"done": 1, "not_from_this_state": 1}))
        claim.refresh_from_db()
        self.assertEqual((claim.state, claim.decision), (ClaimState.RESEARCHING, None))

    def test_many_write_claims_on_one_article(self) -> None:
        article = build.article()
        writer = build.the(Role.RESEARCHER)
        acts = [lambda q=q: build.identified(article, q) for q in build.CLAIMS]
        self.assertEqual(self.settle(at_once(*acts)), {"done": len(acts)})
        codes = sorted(Claim.objects.values_list("code", flat=True))
        self.assertEqual(codes, ["C1", "C2", "C3", "C4"])
        events = AuditEvent.objects.filter(action="claim.identify", object_type="claim")
        made = [event for event in events if event.before is None]
        self.assertEqual({e.actor_id for e in made}, {writer.pk})

    def test_a_source_is_withdrawn_or_rewritten_while_it_is_cited(self) -> None:
        researcher = build.the(Role.RESEARCHER)
        for change in (
            lambda source: sources.withdraw(source=source, reason="A forgery.", by=researcher),
            lambda source: sources.edit(source=source, title="A book", by=researcher),
        ):
            claim, source, cited = build.claim(ClaimState.RESEARCHING), build.source(), threading.Event()

            def cite(claim: Any = claim, source: Any = source, cited: threading.Event = cited) -> None:
                with transaction.atomic():
                    build.cite(claim, source=source)
                    cited.set()
                    time.sleep(0.5)  # the other one is at work by now, or waits

            def change_it(change: Any = change, source: Any = source, cited: threading.Event = cited) -> None:
                cited.wait(timeout=20)
                change(source)

            self.assertEqual(self.settle(at_once(cite, change_it)), {"done": 2})
            self.assertEqual(desk_truth.broken(), [])

    def test_two_articles_of_one_title(self) -> None:
        build.the(Role.EDITOR)
        self.assertEqual(self.settle(at_once(build.article, build.article)), {"done": 2})
        self.assertEqual(Article.objects.values("slug").distinct().count(), 2)
