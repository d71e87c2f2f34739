"""Random people take random steps at one desk: the state machine that the property test and its benchmark drive.

Each step takes a number for its dice. Most often it is what the desk waits for, so that claims get as far as a dispute,
a publication and a correction within a run; else somebody changes what others have judged, or takes a step out of its
turn (tests/desk_acts.py). After every single step the truth of the desk is worked out anew (tests/desk_truth.py); what
is refused must have changed nothing at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import hypothesis
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from claims.actions import sealing
from claims.anchoring import OffsetsOutOfRange, QuoteAmbiguous, QuoteNotFound
from claims.choices import Role
from claims.models import AuditEvent, Person
from claims.rules import Refused
from tests import build, desk_truth, sealed  # noqa: F401 - publishing seals
from tests.desk_acts import Acts
from tests.desk_rows import Rows

# A run is forty steps. Nothing of it depends on how fast the machine is, and nothing is remembered for another time.
# One that breaks something tells its story in words, so it is not made shorter, which would take hundreds of runs.
SETTINGS = hypothesis.settings(
    stateful_step_count=40, phases=[hypothesis.Phase.generate], database=None, deadline=None, print_blob=False,
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip
SEED = st.integers(min_value=0, max_value=2**24)
REFUSALS = (Refused, ValidationError, OffsetsOutOfRange, QuoteNotFound, QuoteAmbiguous)
# Who is always there: enough to judge, and some who might judge what they wrote.
REGULARS = [[role] for role in (*Role, Role.REVIEWER, Role.REVIEWER, Role.REVIEWER, Role.ADJUDICATOR)] + [
    [Role.RESEARCHER, Role.REVIEWER], [Role.EDITOR, Role.ADJUDICATOR],
]  # fmt: skip
# How often people go on with what waits, disturb it, or press what is not due: a run has one of these.
MOODS = ((18, 1, 1), (14, 4, 2), (10, 6, 4))


def prepare() -> None:
    """Before the runs: people, and everything sealed."""
    DeskMachine.people = people()
    DeskMachine.onlookers = {person.pk: desk_truth.Onlooker(person) for person in DeskMachine.people}
    sealing.seal()
    DeskMachine.since = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True)[0]
    DeskMachine.did, DeskMachine.came_to = Counter(), Counter()


def make_runs(seed: int, runs: int) -> None:
    """So many runs, the same for the same seed. Raises AssertionError, with the story, where one breaks something.

    Ten at most: with more, hypothesis turns to varying the runs there were.
    """
    DeskMachine.salt = seed
    given = hypothesis.settings(SETTINGS, max_examples=runs)
    run_state_machine_as_test(hypothesis.seed(seed)(DeskMachine), settings=given)


def people(seed: int = 7) -> list[Person]:
    """The regulars, some with several roles at random, and one who may all; made once, before the runs."""
    dice = random.Random(seed)
    several = [dice.sample(list(Role), dice.choice((2, 2, 3))) for _ in range(12)]
    return [*(build.person(*roles) for roles in (*REGULARS, *several)), build.person(superuser=True)]


class DeskMachine(Acts, RuleBasedStateMachine):
    """One desk with one article, from its text to its corrections, and whatever people make of it."""

    people: ClassVar[Sequence[Person]] = ()
    onlookers: ClassVar[dict[int, desk_truth.Onlooker]] = {}
    since: ClassVar[int] = 0  # the last event before the runs
    did: ClassVar[Counter[str]] = Counter()  # over all runs, for who reports them
    came_to: ClassVar[Counter[str]] = Counter()  # how often a claim came into each state
    salt: ClassVar[int] = 0  # with another, the same numbers throw other dice

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        # What publishing asks of its transactions, it asks in vain here, as in every test that is rolled back.
        self.block._from_testcase = True  # type: ignore[attr-defined]
        self.story: list[str] = []
        self.moved: dict[int, tuple[Any, ...]] = {}
        self.rows = Rows()

    def teardown(self) -> None:
        try:
            wrong = [w for onlooker in self.onlookers.values() for w in onlooker.seen_too_early(self.rows)]
            wrong += desk_truth.unexplained(self.since)
            assert not wrong, f"{wrong}, after {', '.join(self.story)}"
            connection.check_constraints()
            self.did["runs"] += 1
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    # ------------------------------------------------------------ how a step is taken

    def act(self, name: str, do: Callable[[], Any]) -> None:
        """Take a step. Then everything must be true; refused, it has changed nothing at all."""
        before = self.rows
        try:
            do()
        except REFUSALS as refused:
            self.did[f"{name} refused"] += 1
            self.story.append(f"({name})")
            changed = [what for what, rows in Rows().found.items() if rows != before.found[what]]
            assert not changed, f"{name} was refused ({refused}) and changed {changed}, after {', '.join(self.story)}"
            return
        self.did[name] += 1
        self.story.append(name)
        self.rows = Rows()
        wrong = [
            *desk_truth.broken(self.rows), *desk_truth.taken(before, self.rows), *self.times(),
            *self.onlookers[self.somebody().pk].seen_too_early(self.rows),
        ]  # fmt: skip
        assert not wrong, f"{wrong}, after {', '.join(self.story)}"

    def throw(self, n: int) -> None:
        """The dice of one step: another step with the same number is another throw."""
        self.dice = random.Random(f"{self.salt} {n} {len(self.story)}")

    def times(self) -> Iterable[str]:
        """A claim's moved_at changes with its state and round, and never goes back."""
        for claim in self.rows.claims.values():
            was, now = self.moved.get(claim.id), (claim.moved_at, claim.state, claim.round)
            if was is not None and (was[0] > now[0] or (was[0] == now[0]) != (was[1:] == now[1:])):
                yield f"Claim {claim.id} came from {was} to {now}."
            self.came_to[claim.state] += was is None or was[1:] != now[1:]
            self.moved[claim.id] = now

    # ------------------------------------------------------------ which step is taken

    @initialize(n=SEED)
    def receive(self, n: int) -> None:
        self.throw(n)
        self.mood = self.dice.choice(MOODS)
        self.crew = [*self.people[: len(REGULARS)], *self.dice.sample(self.people[len(REGULARS) :], 4)]
        self.receive_article()
        self.identify()

    @rule(n=SEED)
    def take(self, n: int) -> None:
        """Somebody takes a step."""
        self.throw(n)
        self.dice.choices((self.go_on, self.disturb, self.press), self.mood)[0]()

    def go_on(self) -> None:
        """What the desk waits for; where the article is done with, the next one comes."""
        open_ = [c for c in self.own_claims() if any(desk_truth.open_in(self.rows, c))]
        if self.now.state == "withdrawn":
            self.receive_article()
        elif self.rows.blocking and self.likely(0.5):
            self.resolve()
        elif open_:
            self.lead(self.dice.choice(open_))
        elif self.now.state == "received" or self.now.settled_count < self.now.sentence_count:
            self.dice.choice((self.mark_non_factual, self.mark_non_factual, self.identify))()
        elif self.likely(0.15):
            (self.resolve if self.rows.blocking else self.discuss)()
        elif any(s.article_id == self.article.pk for s in self.rows.sign_offs) and self.now.state in (
            "signed_off",
            "under_correction",
        ):
            self.publish()
        elif self.now.state == "published":
            self.dice.choice((self.correct, self.correct, self.reopen, self.disturb))()
        else:
            self.sign_off()

    def lead(self, row: Any) -> None:
        """An open claim takes the step that it waits for."""
        claim = self.get(row.id)
        anchor = self.rows.anchors.get(row.id)
        if anchor is None or anchor.status not in desk_truth.SETTLED:
            self.settle_anchor(claim)
        elif row.state == "researching":
            (self.submit if self.is_enough(row) == self.likely(0.9) else self.cite)(claim)
        elif row.state == "disputed":
            stands = row.digest == self.last_verdict(row).digest
            (self.adjudicate if self.likely(0.9 if stands else 0.4) else self.send_back)(claim)
        else:
            {"identified": self.triage, "in_review": self.judge, "decided": self.send_back,
             "not_checkable": self.confirm}[row.state](claim)  # fmt: skip

    def is_enough(self, row: Any) -> bool:
        """Whether the evidence suffices, at a guess."""
        cited = {self.rows.sources[e.source_id] for e in self.rows.standing(row.id) if e.stance != "context"}
        primary = {source.derived_from_id or source.id for source in cited if source.tier == "primary"}
        return len(primary) >= max([row.primary_needed for row in self.rows.found["settings"]], default=1)

    def last_verdict(self, row: Any) -> Any:
        return [v for v in self.rows.verdicts if (v.claim_id, v.round) == (row.id, row.round)][-1]

    def disturb(self) -> None:
        """Somebody changes what others have judged, or will."""
        self.dice.choice((self.edit_claim, self.save_without_a_change, self.cite, self.change_evidence,
                          self.waver, self.waver, self.revise, self.change_source, self.settle_anchor,
                          self.edit_article, self.configure, self.take_mark_back, self.mark_non_factual, self.identify,
                          self.discuss))()  # fmt: skip

    def press(self) -> None:
        """Somebody takes a step out of its turn."""
        self.dice.choice((self.set_aside, self.confirm, self.mark_duplicate, self.submit, self.judge, self.recuse,
                          self.adjudicate, self.send_back, self.reopen, self.withdraw_or_restore_claim, self.sign_off,
                          self.publish, self.correct, self.resolve))()  # fmt: skip
