"""Random people take random steps at one desk: the state machine that the property test and its benchmark drive.

Each rule of the machine takes a number for its dice: who does what to which row, most often somebody who may.
After every single step the truth of the desk is worked out anew (tests/desk_truth.py); what is refused must have
changed nothing at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from claims.actions import (
    articles,
    claims,
    corrections,
    desk,
    evidence,
    publications,
    recusals,
    sealing,
    signoffs,
    sources,
    steps,
    verdicts,
)
from claims.anchoring import OffsetsOutOfRange, QuoteAmbiguous, QuoteNotFound
from claims.choices import Role
from claims.importers import intake
from claims.models import Article, AuditEvent, Claim, Evidence, NonFactualMark, Person, Rating, Source
from claims.publishing import snapshot
from claims.rules import Refused
from claims.workflow import BY_NAME, ask
from tests import build, desk_truth, sealed  # noqa: F401 - publishing seals

SEED = st.integers(min_value=0, max_value=2**24)
TEXTS = (
    "# The ferry\n\nThe ferry sank on 2 May. Nobody was hurt. It was a shame.\n",
    "# The ferry\n\nThe old ferry sank on 2 May. Nobody was hurt. It was a shame.\n",
    "# The ferry\n\nNobody at all was hurt. It was a shame.\n",
)
QUOTES = ("The ferry sank on 2 May.", "Nobody was hurt.", "It was a shame.", "Nobody at all was hurt.")
REFUSALS = (Refused, ValidationError, OffsetsOutOfRange, QuoteNotFound, QuoteAmbiguous)
PULSE = """SELECT (SELECT max(seq) FROM claims_auditevent), (SELECT count(*) FROM claims_auditevent),
  (SELECT count(*) FROM claims_notification), (SELECT count(*) FROM claims_delivery),
  (SELECT md5(string_agg(updated_at::text, ',' ORDER BY id)) FROM claims_claim),
  (SELECT md5(string_agg(updated_at::text, ',' ORDER BY id)) FROM claims_article)"""


def prepare() -> None:
    """Before the runs: people, and everything sealed."""
    DeskMachine.people = people()
    sealing.seal()
    DeskMachine.since = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True)[0]


def people(count: int = 16, seed: int = 7) -> list[Person]:
    """People with random roles, each role held by three at least; made once, before the runs."""
    dice = random.Random(seed)
    roles = [set(dice.sample(list(Role), dice.randint(1, 3))) for _ in range(count)]
    for role in Role:
        while sum(role in held for held in roles) < 3:
            dice.choice(roles).add(role)
    made = [build.person(*held) for held in roles]
    return [*made, build.person(superuser=True)]


class DeskMachine(RuleBasedStateMachine):
    """One desk with one article, from its text to its corrections, and whatever people make of it."""

    people: ClassVar[Sequence[Person]] = ()
    since: ClassVar[int] = 0  # the last event before the runs
    did: ClassVar[Counter[str]] = Counter()  # over all runs, for who reports them

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        # What publishing asks of its transactions, it asks in vain here, as in every test that is rolled back.
        self.block._from_testcase = True  # type: ignore[attr-defined]
        self.story: list[str] = []
        self.moved: dict[int, tuple[Any, ...]] = {}

    def teardown(self) -> None:
        try:
            wrong = [*desk_truth.unexplained(self.since), *desk_truth.seen_too_early(self.people)]
            assert not wrong, wrong
            self.did["runs"] += 1
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    # ------------------------------------------------------------ how a step is taken

    def act(self, name: str, do: Callable[[], Any]) -> None:
        """Take a step; refused, it has changed nothing. Then everything must be true."""
        before = self.pulse()
        self.story.append(name)
        try:
            do()
        except REFUSALS as refused:
            self.did[f"{name} refused"] += 1
            self.story[-1] = f"({name})"
            after = self.pulse()
            assert after == before, f"{name} was refused ({refused}) and changed something: {before}, {after}"
        else:
            self.did[name] += 1
        wrong = [*desk_truth.broken(), *self.times(), *desk_truth.seen_too_early([self.somebody()])]
        assert not wrong, f"{wrong}, after {', '.join(self.story)}"

    def roll(self, n: int) -> None:
        """The dice of one call: another call with the same number is another throw."""
        self.dice = random.Random(f"{n} {len(self.story)}")

    def pulse(self) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(PULSE)
            return cursor.fetchone()

    def times(self) -> Iterable[str]:
        """A claim's moved_at changes with its state and round, and never goes back."""
        for claim in Claim.objects.all():
            was, now = self.moved.get(claim.pk), (claim.moved_at, claim.state, claim.round)
            if was is not None and (was[0] > now[0] or (was[0] == now[0]) != (was[1:] == now[1:])):
                yield f"Claim {claim.pk} came from {was} to {now}."
            self.moved[claim.pk] = now

    def somebody(self) -> Person:
        return self.dice.choice(self.crew)

    def willing(self, may: Callable[[Person], Any]) -> Person:
        """Mostly somebody who may; now and then anybody."""
        able = [person for person in self.crew if may(person)] if self.dice.random() < 0.85 else []
        return self.dice.choice(able or self.crew)

    def with_perm(self, name: str) -> Person:
        return self.willing(lambda person: person.has_perm(f"claims.{name}"))

    def one(self, rows: Any) -> Any:
        """Any row of these; None if there is none."""
        found = list(rows.order_by("pk"))
        return self.dice.choice(found) if found else None

    def claim(self, *states: str) -> Claim | None:
        """Mostly a claim in one of these states, if there is one."""
        found = Claim.objects.filter(article=self.article).select_related("article")
        near = self.one(found.filter(state__in=states)) if states and self.dice.random() < 0.85 else None
        return near or self.one(found)

    def now(self) -> Article:
        return Article.objects.select_related("current_revision").get(pk=self.article.pk)

    def step(self, name: str, **given: Any) -> None:
        row = BY_NAME[name]
        if claim := self.claim(*row.moves):
            by = self.willing(lambda person: not ask(row, claim, person, given))
            self.act(name, lambda: steps.take(claim=claim, step=name, by=by, **given))

    def rating(self) -> Rating:
        return build.rating("true" if self.dice.random() < 0.65 else self.dice.choice(("false", "unproven")))

    def said(self, claim: Claim) -> str:
        right = claim.kind == "quotation" if self.dice.random() < 0.95 else self.dice.random() < 0.5
        return ("verbatim" if self.dice.random() < 0.7 else "altered") if right else ""

    # ------------------------------------------------------------ the desk

    @initialize(n=SEED)
    def receive(self, n: int) -> None:
        self.dice = random.Random(n)
        self.crew = self.dice.sample(list(self.people), 9)
        writer = next(
            p for p in self.people if p.has_perm("claims.edit_article") and p.has_perm("claims.receive_article")
        )
        self.article = intake.receive(raw=TEXTS[0].encode(), media_type="text/markdown", by=writer)
        quorum, carry = self.dice.choice(((1, 1), (2, 2), (2, 2), (3, 2), (3, 3)))
        given = {"quorum": quorum, "votes_to_carry": carry, "blind": self.dice.random() < 0.8,
                 "signer_may_have_judged": self.dice.random() < 0.3}  # fmt: skip
        self.act("edit article", lambda: articles.edit(article=self.article, by=writer, **given))
        self.identify()

    @rule(n=SEED)
    def advance(self, n: int) -> None:
        """Up to six times what the desk waits for."""
        self.roll(n)
        for _ in range(self.dice.randint(1, 6)):
            on = self.now()
            waiting = [
                c for c in on.claims.order_by("pk") if c.state not in ("decided", "duplicate") and not c.withdrawn
            ]
            if waiting:
                self.advance_claim(self.dice.choice(waiting))
            elif on.settled_count < on.sentence_count:
                self.dice.choice((self.mark_non_factual, self.identify))()
            elif on.standing_sign_off() is None:
                self.dice.choice((self.sign_off, self.sign_off, self.settle_anchor))()
            else:
                self.publish()

    @rule(n=SEED)
    def disturb(self, n: int) -> None:
        """Somebody changes what others have judged, or will."""
        self.roll(n)
        self.dice.choice((self.edit_claim, self.save_without_a_change, self.cite, self.change_evidence, self.revise,
                          self.change_source, self.settle_anchor, self.edit_article, self.configure,
                          self.take_mark_back, self.mark_non_factual, self.identify))()  # fmt: skip

    @rule(n=SEED)
    def press(self, n: int) -> None:
        """Somebody takes a step out of its turn."""
        self.roll(n)
        self.dice.choice((self.set_aside, self.confirm, self.mark_duplicate, self.submit, self.judge, self.recuse,
                          self.adjudicate, self.send_back, self.reopen, self.withdraw_or_restore_claim, self.sign_off,
                          self.publish, self.correct))()  # fmt: skip

    def advance_claim(self, claim: Claim) -> None:
        if claim.state == "researching":
            (self.submit if claim.evidence.standing().exists() and self.dice.random() < 0.7 else self.cite)()
        else:
            {"identified": self.triage, "in_review": self.judge, "disputed": self.adjudicate,
             "not_checkable": self.confirm}[claim.state]()  # fmt: skip

    def identify(self) -> None:
        quote = self.dice.choice(QUOTES)
        given = {"statement": quote, "kind": self.dice.choice(("event", "quotation")), "claimant": "The Post"}
        by = self.with_perm("write_claim")
        self.act("identify", lambda: claims.identify(article=self.article, anchor={"exact": quote}, by=by, **given))

    def edit_claim(self) -> None:
        changes = self.dice.choice(({"statement": "Something else."}, {"importance": "central"}, {"kind": "quotation"},
                                    {"claimant": "The Gazette"}, {"topics": ["ferries"]}, {"kind": "event"},
                                    {"assignee": self.somebody()}))  # fmt: skip
        if claim := self.claim("researching", "in_review", "decided"):
            by = self.with_perm("write_claim")
            self.act("edit claim", lambda: claims.edit(claim=claim, by=by, **changes))

    def save_without_a_change(self) -> None:
        if claim := self.claim("in_review", "disputed", "decided"):
            same = {name: getattr(claim, name) for name in ("statement", "kind", "claimant")}
            before = (claim.digest, *claim.article.sign_offs.filter(voided_at=None).values_list("pk", flat=True))
            by = self.with_perm("write_claim")
            self.act("save claim", lambda: claims.edit(claim=claim, by=by, **same))
            claim = Claim.objects.get(pk=claim.pk)
            after = (claim.digest, *claim.article.sign_offs.filter(voided_at=None).values_list("pk", flat=True))
            assert before == after, "A save without a change made something stale."

    def cite(self) -> None:
        claim, by = self.claim("researching"), self.with_perm("cite_evidence")
        if claim is None:
            return
        source = self.one(Source.objects.standing()) if self.dice.random() < 0.5 else None
        if source is None:
            tier = self.dice.choice(("primary", "primary", "secondary"))
            given = {"title": "A log", "kind": "document", "tier": tier,
                     "derived_from": self.one(Source.objects.all()) if self.dice.random() < 0.3 else None}  # fmt: skip
            writer = self.with_perm("write_source")
            self.act("enter source", lambda: sources.enter(by=writer, **given))
            source = Source.objects.order_by("pk").last()
        if source is not None:
            stance = self.dice.choice(("corroborates",) * 2 + ("contradicts", "context"))
            self.act(
                "cite", lambda: evidence.cite(claim=claim, source=source, stance=stance, by=by, excerpt="So it says.")
            )

    def change_evidence(self) -> None:
        if (row := self.one(Evidence.objects.filter(claim__article=self.article))) is None:
            return
        by, name = self.with_perm("cite_evidence"), self.dice.choice(("edit", "withdraw", "restore", "restore", "move"))
        acts: dict[str, Callable[[], Any]] = {
            "edit": lambda: evidence.edit(evidence=row, by=by, excerpt=self.dice.choice(("So it says.", "Not so."))),
            "move": lambda: evidence.edit(
                evidence=row, by=by, source=self.one(Source.objects.all()), visibility="internal"
            ),
            "withdraw": lambda: evidence.withdraw(evidence=row, by=by, reason="Wrong page."),
            "restore": lambda: evidence.restore(evidence=row, by=by, reason="Right after all."),
        }
        self.act(f"{name} evidence", acts[name])

    def change_source(self) -> None:
        if (row := self.one(Source.objects.all())) is None:
            return
        by, name = (
            self.with_perm("write_source"),
            self.dice.choice(("edit", "derive", "withdraw", "restore", "restore")),
        )
        acts: dict[str, Callable[[], Any]] = {
            "edit": lambda: sources.edit(source=row, by=by, title=self.dice.choice(("A log", "A book"))),
            "derive": lambda: sources.edit(source=row, by=by, derived_from=self.one(Source.objects.all())),
            "withdraw": lambda: sources.withdraw(source=row, by=by, reason="A forgery."),
            "restore": lambda: sources.restore(source=row, by=by, reason="Genuine after all."),
        }
        self.act(f"{name} source", acts[name])

    def triage(self) -> None:
        self.step("triage")

    def set_aside(self) -> None:
        self.step("set_aside", triage_reason="opinion", note="A feeling.")

    def confirm(self) -> None:
        self.step("confirm_set_aside")

    def mark_duplicate(self) -> None:
        if other := self.claim():
            self.step("mark_duplicate", duplicate_of=other)

    def submit(self) -> None:
        self.step("submit_for_review", **({"none_contradicting": "Two archives."} if self.dice.random() < 0.8 else {}))

    def judge(self) -> None:
        if claim := self.claim("in_review"):
            fresh = Claim.objects.filter(pk=claim.pk).awaiting_review_by
            by = self.willing(lambda person: fresh(person) and not ask(BY_NAME["judge"], claim, person))
            relied_on = list(Evidence.objects.filter(claim=claim))[: self.dice.randint(0, 2)]
            given = {"rating": self.rating(), "said_rating": self.said(claim), "relied_on": relied_on}
            self.act("judge", lambda: verdicts.file(claim=claim, rationale="So.", confidence="low", by=by, **given))

    def recuse(self) -> None:
        if claim := self.claim("in_review", "disputed", "decided"):
            by = self.with_perm("judge")
            self.act("recuse", lambda: recusals.recuse(claim=claim, note="A cousin.", by=by))

    def adjudicate(self) -> None:
        said = self.dice.choice(({}, {"said_rating": "verbatim"}))
        self.step("adjudicate", rating=self.rating(), reason="Weighed.", **said)

    def send_back(self) -> None:
        self.step("return_to_research", reason="More is needed.")

    def reopen(self) -> None:
        self.step("reopen", reason="A reader wrote.")

    def withdraw_or_restore_claim(self) -> None:
        self.step(self.dice.choice(("withdraw_claim", "restore_claim", "restore_claim")), reason="A mistake.")

    def mark_non_factual(self) -> None:
        start, end, _ = self.dice.choice(self.now().current_revision.sentences)
        by = self.with_perm("mark_non_factual")
        self.act("mark", lambda: articles.mark_non_factual(article=self.article, start=start, end=end, by=by))

    def take_mark_back(self) -> None:
        if mark := self.one(NonFactualMark.objects.filter(revision__article=self.article)):
            by = self.with_perm("mark_non_factual")
            self.act("take mark back", lambda: articles.take_mark_back(mark=mark, by=by))

    def revise(self) -> None:
        raw, by = self.dice.choice(TEXTS).encode(), self.with_perm("receive_article")
        self.act("revise", lambda: intake.revise(article=self.article, raw=raw, media_type="text/markdown", by=by))

    def settle_anchor(self) -> None:
        if claim := self.claim():
            by, quote = self.with_perm("write_claim"), self.dice.choice(QUOTES)
            self.act("settle anchor", lambda: claims.settle_anchor(claim=claim, anchor={"exact": quote}, by=by))

    def edit_article(self) -> None:
        quorum, carry = self.dice.choice(((1, 1), (2, 2), (3, 2)))
        changes: Any = self.dice.choice((
            {"quorum": quorum, "votes_to_carry": carry}, {"blind": False}, {"blind": True}, {"title": "The ferries"},
            {"publish_dissent": True}, {"signer_may_have_judged": True},
        ))  # fmt: skip
        by = self.with_perm("edit_article")
        self.act("edit article", lambda: articles.edit(article=self.article, by=by, **changes))

    def configure(self) -> None:
        by, needed = self.with_perm("configure_desk"), self.dice.choice((1, 1, 2))
        self.act("configure", lambda: desk.configure(by=by, primary_needed=needed))

    def sign_off(self) -> None:
        on = self.now()
        by = self.willing(lambda person: not ask(BY_NAME["sign_off"], on, person))
        self.act("sign off", lambda: signoffs.sign_off(article=on, by=by))

    def publish(self) -> None:
        on = self.now()
        by = self.willing(lambda person: not ask(BY_NAME["publish"], on, person))
        self.act("publish", lambda: publications.publish(article=on, build=snapshot.build, by=by))

    def correct(self) -> None:
        if (live := self.one(self.article.publications.all())) is not None:
            by = self.with_perm("correct")
            kind = self.dice.choice(("clarification",) * 5 + ("retraction",))
            named = [claim] if (claim := self.claim()) else []
            self.act(
                "correct", lambda: corrections.correct(publication=live, type=kind, text="Not so.", by=by, claims=named)
            )
