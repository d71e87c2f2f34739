"""What people do at a desk, at random: who does it and to which row, most often somebody who may.

One method for each step and change there is. Each throws the dice, and hands what is to be done to `act`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from claims.actions import (
    articles,
    claims,
    comments,
    corrections,
    desk,
    evidence,
    publications,
    recusals,
    signoffs,
    sources,
    steps,
    verdicts,
)
from claims.importers import intake
from claims.models import Article, Claim, Evidence, NonFactualMark, Person, Publication, Source, Thread, Verdict
from claims.publishing import snapshot
from claims.workflow import BY_NAME
from tests import build, desk_truth
from tests.desk_rows import Rows

TEXTS = (
    "# The ferry\n\nThe ferry sank on 2 May. Nobody was hurt. It was a shame.\n",
    "# The ferry\n\nThe old ferry sank on 2 May. Nobody was hurt. It was a shame.\n",
    "# The ferry\n\nNobody at all was hurt. It was a shame.\n",
)
QUOTES = ("The ferry sank on 2 May.", "Nobody was hurt.", "It was a shame.", "Nobody at all was hurt.")


def involved(rows: Rows, row: Any) -> set[int]:
    """Who researched the claim, or stepped back from it."""
    return {person for claim, person in (*rows.contributions, *rows.recusals) if claim == row.id}


# Who has the permission and still may not take the step.
OUT: Mapping[str, Callable[[Rows, Any], Collection[int | None]]] = {
    "adjudicate": lambda rows, row: involved(rows, row) | desk_truth.judges_of(rows, row),
    "confirm_set_aside": lambda rows, row: (row.set_aside_by_id,),
}


class Acts:
    """Whoever drives them has a crew, an article, dice, and the desk's rows as they are now."""

    crew: list[Person]
    article: Article
    dice: random.Random
    rows: Rows

    def act(self, name: str, do: Callable[[], Any]) -> None:
        """Do it, and see what came of it."""
        raise NotImplementedError

    # ------------------------------------------------------------ who, and what

    def somebody(self) -> Person:
        return self.dice.choice(self.crew)

    def willing(self, perm: str, out: Collection[int | None] = ()) -> Person:
        """Mostly somebody who may; now and then one whose roles include it and who is out of it; or anybody."""
        able = [person for person in self.crew if person.has_perm(f"claims.{perm}")]
        wanted = self.dice.choices(("in", "out", "anybody"), (17, 3, 1))[0]
        found = [person for person in able if (person.pk in out) == (wanted == "out")]
        return self.dice.choice(found if found and wanted != "anybody" else self.crew)

    def researcher(self, name: str) -> Person:
        """Somebody who may; mostly one who has researched here before, so that others are left to judge."""
        wrote = {person for _, person in self.rows.contributions} if self.dice.random() < 0.8 else set()
        known = [person for person in self.crew if person.pk in wrote and person.has_perm(f"claims.{name}")]
        return self.dice.choice(known) if known else self.willing(name)

    def likely(self, probability: float) -> bool:
        return self.dice.random() < probability

    def any_of(self, rows: Iterable[Any], model: type[Any]) -> Any:
        """One of these rows, as the desk's object; None if there is none."""
        found = list(rows)
        return self.get(self.dice.choice(found).id, model) if found else None

    def get(self, pk: int, model: type[Any] = Claim) -> Any:
        found = model.objects.select_related("article") if model is Claim else model.objects
        return found.get(pk=pk)

    def claim(self, *states: str) -> Claim | None:
        """Mostly a claim in one of these states, if there is one."""
        found = self.own_claims() if self.likely(0.97) else list(self.rows.claims.values())
        near = [claim for claim in found if claim.state in states] if self.likely(0.9) else []
        return self.any_of(near or found, Claim)

    def own_claims(self) -> list[Any]:
        """The claims of the article that is being worked on."""
        return [claim for claim in self.rows.claims.values() if claim.article_id == self.article.pk]

    @property
    def now(self) -> Any:
        """The article's row."""
        return self.rows.articles[self.article.pk]

    def step(self, name: str, on: Claim | None = None, **given: Any) -> None:
        row = BY_NAME[name]
        if claim := on or self.claim(*row.moves):
            out = OUT.get(name, lambda rows, row: ())(self.rows, self.rows.claims[claim.pk])
            by = self.willing((row.permission or "").removeprefix("claims."), out)
            self.act(name, lambda: steps.take(claim=claim, step=name, by=by, **given))

    def said(self, claim: Claim) -> str:
        right = claim.kind == "quotation" if self.likely(0.97) else self.likely(0.5)
        return ("verbatim" if self.likely(0.7) else "altered") if right else ""

    # ------------------------------------------------------------ the desk's work

    def receive_article(self) -> None:
        by = next(p for p in self.crew if all(map(p.has_perm, ("claims.edit_article", "claims.receive_article"))))

        def receive() -> None:
            self.article = intake.receive(raw=TEXTS[0].encode(), media_type="text/markdown", by=by)

        self.act("receive", receive)
        quorum, carry = self.dice.choice(((1, 1), (2, 2), (2, 2), (3, 2), (3, 3)))
        given = {"quorum": quorum, "votes_to_carry": carry, "blind": self.likely(0.8),
                 "signer_may_have_judged": self.likely(0.3)}  # fmt: skip
        self.act("edit article", lambda: articles.edit(article=self.article, by=by, **given))

    def identify(self) -> None:
        quote, by = self.quote(), self.researcher("write_claim")
        given = {"statement": quote, "kind": self.dice.choice(("event", "event", "quotation")), "claimant": "The Post"}
        self.act("identify", lambda: claims.identify(article=self.article, anchor={"exact": quote}, by=by, **given))

    def quote(self) -> str:
        """Mostly one that stands in the text as it is now."""
        there = [quote for quote in QUOTES if quote in self.now.text]
        return self.dice.choice(there if self.likely(0.9) else QUOTES)

    def edit_claim(self) -> None:
        changes = self.dice.choice(({"statement": "Something else."}, {"importance": "central"}, {"kind": "quotation"},
                                    {"claimant": "The Gazette"}, {"topics": ["ferries"]}, {"kind": "event"},
                                    {"claimant": "The Post"}, {"assignee": self.somebody()}))  # fmt: skip
        if claim := self.claim("researching", "in_review", "decided"):
            by = self.willing("write_claim")
            self.act("edit claim", lambda: claims.edit(claim=claim, by=by, **changes))

    def save_without_a_change(self) -> None:
        if claim := self.claim("in_review", "disputed", "decided"):
            same = {name: getattr(claim, name) for name in ("statement", "kind", "claimant")}
            before, by = self.rows, self.willing("write_claim")
            self.act("save claim", lambda: claims.edit(claim=claim, by=by, **same))
            assert self.rows.claims[claim.pk].digest == claim.digest, "A save without a change made something stale."
            assert self.rows.sign_offs == before.sign_offs, "A save without a change voided a sign-off."

    def cite(self, on: Claim | None = None) -> None:
        claim, by = on or self.claim("researching"), self.researcher("cite_evidence")
        if self.likely(0.5):
            self.enter_source()
        there = [source for source in self.rows.sources.values() if source.withdrawn_at is None]
        if claim and (source := self.any_of(there, Source)):
            stance = self.dice.choice(("corroborates", "corroborates", "contradicts", "context"))
            given = {"stance": stance, "excerpt": "So it says."}
            self.act("cite", lambda: evidence.cite(claim=claim, source=source, by=by, **given))

    def enter_source(self) -> None:
        tier, by = self.dice.choice(("primary", "primary", "primary", "secondary")), self.researcher("write_source")
        origin = self.any_source() if self.likely(0.3) else None
        given = {"title": "A log", "kind": "document", "tier": tier, "derived_from": origin}
        self.act("enter source", lambda: sources.enter(by=by, **given))

    def any_source(self) -> Source | None:
        return self.any_of(self.rows.sources.values(), Source)

    def change_evidence(self) -> None:
        name = self.dice.choice(("edit", "withdraw", "restore", "restore", "move"))
        near = [row for row in self.rows.evidence if (row.withdrawn_at is not None) == (name == "restore")]
        if (row := self.any_of(near or self.rows.evidence, Evidence)) is None:
            return
        by, other = self.researcher("cite_evidence"), self.any_source()
        acts: dict[str, Callable[[], Any]] = {
            "edit": lambda: evidence.edit(evidence=row, by=by, excerpt=self.dice.choice(("So it says.", "Not so."))),
            "move": lambda: evidence.edit(evidence=row, by=by, source=other, visibility="internal"),
            "withdraw": lambda: evidence.withdraw(evidence=row, by=by, reason="Wrong page."),
            "restore": lambda: evidence.restore(evidence=row, by=by, reason="Right after all."),
        }
        self.act(f"{name} evidence", acts[name])

    def waver(self) -> None:
        """Evidence goes and comes back, perhaps by a reviewer of its claim, perhaps with verdicts filed meanwhile."""
        claim = self.claim("in_review", "disputed")
        if claim is None or (row := self.any_of(self.rows.standing(claim.pk), Evidence)) is None:
            return
        judges = desk_truth.judges_of(self.rows, self.rows.claims[claim.pk])
        others = {person.pk for person in self.crew} - judges if self.likely(0.7) else ()
        by = self.willing("cite_evidence", others)
        self.act("withdraw evidence", lambda: evidence.withdraw(evidence=row, by=by, reason="Is it the right page?"))
        for _ in range(self.dice.choice((0, 0, 1, 2, 3))):
            self.judge(self.get(claim.pk))
        self.act("restore evidence", lambda: evidence.restore(evidence=row, by=by, reason="It is."))

    def change_source(self) -> None:
        name = self.dice.choice(("edit", "derive", "withdraw", "restore", "restore"))
        near = [row for row in self.rows.sources.values() if (row.withdrawn_at is not None) == (name == "restore")]
        if (row := self.any_of(near or self.rows.sources.values(), Source)) is None:
            return
        by, other = self.willing("write_source"), self.any_source()
        acts: dict[str, Callable[[], Any]] = {
            "edit": lambda: sources.edit(source=row, by=by, title=self.dice.choice(("A log", "A book"))),
            "derive": lambda: sources.edit(source=row, by=by, derived_from=other),
            "withdraw": lambda: sources.withdraw(source=row, by=by, reason="A forgery."),
            "restore": lambda: sources.restore(source=row, by=by, reason="Genuine after all."),
        }
        self.act(f"{name} source", acts[name])

    def triage(self, on: Claim | None = None) -> None:
        if on and self.likely(0.1):
            return self.dice.choice((self.set_aside, self.mark_duplicate))(on)
        return self.step("triage", on)

    def set_aside(self, on: Claim | None = None) -> None:
        self.step("set_aside", on, triage_reason="opinion", note="A feeling.")

    def confirm(self, on: Claim | None = None) -> None:
        self.step("confirm_set_aside", on)

    def mark_duplicate(self, on: Claim | None = None) -> None:
        if other := self.claim():
            self.step("mark_duplicate", on, duplicate_of=other)

    def submit(self, on: Claim | None = None) -> None:
        self.step("submit_for_review", on, **({"none_contradicting": "Two archives."} if self.likely(0.8) else {}))

    def judge(self, on: Claim | None = None) -> None:
        if claim := on or self.claim("in_review"):
            row, given = self.rows.claims[claim.pk], self.judgement(claim)
            out = {v.reviewer_id for v in self.rows.counted(row, row.round, row.digest)} | involved(self.rows, row)
            by = self.willing("judge", out)
            cited = [e.id for e in (self.rows.standing(claim.pk) if self.likely(0.9) else self.rows.evidence)]
            given["relied_on"] = Evidence.objects.filter(pk__in=cited[: self.dice.randint(0, 2)])
            given["digest"] = self.digest_seen(claim)
            self.act("judge", lambda: verdicts.file(claim=claim, rationale="So.", confidence="low", by=by, **given))

    def judgement(self, claim: Claim) -> dict[str, Any]:
        """Quite often another than the one before."""
        filed = [v.rating_id for v in self.rows.verdicts if (v.claim_id, v.round) == (claim.pk, claim.round)]
        ratings = [build.rating(code) for code in ("true", "false", "unproven")]
        others = [rating for rating in ratings if filed and (rating.pk != filed[-1]) == self.likely(0.4)]
        return {"rating": self.dice.choice(others or ratings), "said_rating": self.said(claim)}

    def digest_seen(self, claim: Claim) -> str:
        """The claim as its reviewer saw it; now and then what an earlier reviewer saw, whatever has changed since."""
        earlier = [v.digest for v in self.rows.verdicts if v.claim_id == claim.pk]
        return self.dice.choice(earlier) if earlier and self.likely(0.15) else claim.digest

    def recuse(self) -> None:
        if claim := self.claim("in_review", "disputed", "decided"):
            by = self.willing("judge")
            self.act("recuse", lambda: recusals.recuse(claim=claim, note="A cousin.", by=by))

    def adjudicate(self, on: Claim | None = None) -> None:
        if claim := on or self.claim("disputed"):
            given = {k: v for k, v in self.judgement(claim).items() if v}
            self.step("adjudicate", claim, reason="Weighed.", **given)

    def send_back(self, on: Claim | None = None) -> None:
        self.step("return_to_research", on, reason="More is needed.")

    def reopen(self) -> None:
        self.step("reopen", reason="A reader wrote.")

    def withdraw_or_restore_claim(self) -> None:
        withdrawn = [row for row in self.rows.claims.values() if row.withdrawn_at is not None]
        claim = self.any_of(withdrawn, Claim)
        self.step("restore_claim" if claim else "withdraw_claim", claim, reason="A mistake.")

    def mark_non_factual(self) -> None:
        open_ = [at for at, settled in desk_truth.sentences_of(self.rows, self.now) if not settled]
        sentences = [(start, end) for start, end, _ in json.loads(self.now.sentences)]
        (start, end), by = self.dice.choice(open_ or sentences), self.researcher("mark_non_factual")
        self.act("mark", lambda: articles.mark_non_factual(article=self.article, start=start, end=end, by=by))

    def take_mark_back(self) -> None:
        if mark := self.any_of(self.rows.marks, NonFactualMark):
            by = self.researcher("mark_non_factual")
            self.act("take mark back", lambda: articles.take_mark_back(mark=mark, by=by))

    def revise(self) -> None:
        raw, by = self.dice.choice(TEXTS).encode(), self.willing("receive_article")
        self.act("revise", lambda: intake.revise(article=self.article, raw=raw, media_type="text/markdown", by=by))

    def settle_anchor(self, on: Claim | None = None) -> None:
        if claim := on or self.claim():
            quote, by = self.quote(), self.researcher("write_claim")
            self.act("settle anchor", lambda: claims.settle_anchor(claim=claim, anchor={"exact": quote}, by=by))

    def edit_article(self) -> None:
        quorum, carry = self.dice.choice(((1, 1), (2, 2), (3, 2)))
        changes: Any = self.dice.choice((
            {"quorum": quorum, "votes_to_carry": carry}, {"blind": False}, {"blind": True}, {"title": "The ferries"},
            {"publish_dissent": True}, {"signer_may_have_judged": self.likely(0.5)},
        ))  # fmt: skip
        by = self.willing("edit_article")
        self.act("edit article", lambda: articles.edit(article=self.article, by=by, **changes))

    def configure(self) -> None:
        by, needed = self.willing("configure_desk"), self.dice.choice((1, 1, 2))
        self.act("configure", lambda: desk.configure(by=by, primary_needed=needed))

    def discuss(self) -> None:
        """Somebody says something of a claim, or of a verdict that they may see; and may keep the article by it."""
        if claim := self.claim():
            by, blocking = self.willing("comment"), self.likely(0.5)
            own = [v for v in self.rows.verdicts if v.reviewer_id == by.pk and v.claim_id == claim.pk]
            about = {"verdict": self.any_of(own, Verdict)} if own and self.likely(0.5) else {"claim": claim}
            self.act("discuss", lambda: comments.open_thread(text="Sure?", blocking=blocking, by=by, **about))

    def resolve(self) -> None:
        if thread := self.any_of(self.rows.blocking, Thread):
            others = {p.pk for p in self.crew if p.pk != thread.opened_by_id and not p.has_perm("claims.edit_article")}
            by = self.willing("comment", others)
            self.act("resolve", lambda: comments.resolve(thread=thread, by=by))

    def sign_off(self) -> None:
        judges = {p for row in self.rows.claims.values() for p in desk_truth.judges_of(self.rows, row)}
        out = {person for _, person in self.rows.contributions}
        out |= set() if self.now.signer_may_have_judged else judges
        by = self.willing("sign_off", out)
        self.act("sign off", lambda: signoffs.sign_off(article=self.article, by=by))

    def publish(self) -> None:
        signers = {sign_off.signed_by_id for sign_off in self.rows.sign_offs}
        by = self.willing("publish", signers)
        self.act("publish", lambda: publications.publish(article=self.article, build=snapshot.build, by=by))

    def correct(self) -> None:
        if live := self.any_of([p for p in self.rows.found["publications"] if p.state == "live"], Publication):
            by = self.willing("correct")
            kind = self.dice.choice(("clarification",) * 9 + ("retraction",))
            named = [claim] if (claim := self.claim()) else []
            given = {"publication": live, "type": kind, "text": "Not so.", "claims": named}
            self.act("retract" if kind == "retraction" else "correct", lambda: corrections.correct(by=by, **given))
