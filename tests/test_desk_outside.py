"""The rules of the desk from outside: programs with tokens, all writing at once over HTTP, and no answer is a 500."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from claims.actions import desk
from claims.choices import ClaimState, Role
from claims.models import AuditEvent, Claim, Person, Source
from tests import build, desk_truth
from tests.transactional import LiveDesk

CLEAR = {200, 201, 204, 304, 400, 403, 404, 409, 412, 422, 428}
TEXTS = (
    build.TEXT,
    build.TEXT.replace("It was a shame.", "It was a great shame."),
    build.TEXT.replace("eleven months", "twelve months"),
)


class Program:
    """Somebody's program: what it knows of the desk it has read over HTTP."""

    def __init__(self, live: str, person: Person) -> None:
        self.person, self.address = person, urlsplit(live).netloc
        self.token = desk.issue_token(person=person, by=None)[1]
        self.answers: list[tuple[str, str, int, Any]] = []

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, str]:
        """Status, JSON and ETag; all answers are kept to be judged."""
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        link = http.client.HTTPConnection(self.address, timeout=60)
        try:
            link.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), sent)
            answer = link.getresponse()
            raw = answer.read()
            kind = answer.headers.get("Content-Type", "")
            data = json.loads(raw) if "json" in kind and raw else raw.decode(errors="replace")
        finally:
            link.close()
        self.answers.append((method, path, answer.status, data))
        return answer.status, data, answer.headers.get("ETag", "")

    def rows(self, path: str) -> list[Any]:
        return list(self.call("GET", f"{path}{'&' if '?' in path else '?'}page_size=200")[1]["results"])

    def unclear(self) -> Iterator[str]:
        """Answers that nobody can make anything of."""
        for method, path, status, data in self.answers:
            said = f"{method} {path} by {self.person}: {status} {str(data)[:300]}"
            if status not in CLEAR:
                yield said
            elif status >= 400 and not (isinstance(data, dict) and data.get("detail")):
                yield f"{said}: says nothing"
            elif status == 409 and not all(r["code"] and r["message"] for r in data.get("refusals") or [{"code": ""}]):
                yield f"{said}: gives no reason"


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Each in a thread of its own, begun at the same moment; what came of them, in order."""
    gate = threading.Barrier(len(acts))
    found: list[Any] = [None] * len(acts)

    def run(at: int, act: Callable[[], Any]) -> None:
        gate.wait(timeout=30)
        try:
            found[at] = act()
        except Exception as error:  # the test judges it
            found[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return found


class Worker:
    """A program that takes random steps at whatever the desk shows it."""

    def __init__(self, program: Program, article: int, seed: int) -> None:
        self.program, self.article, self.dice = program, article, random.Random(seed)
        self.leaks: list[str] = []

    def work(self, turns: int) -> None:
        acts = (self.take_a_step,) * 6 + (self.judge,) * 5 + (
            self.cite, self.cite, self.change_evidence, self.edit, self.write, self.finish, self.finish, self.look,
            self.look, self.revise, self.change_source,
        )  # fmt: skip
        for _ in range(turns):
            self.dice.choice(acts)()

    def claim(self, *states: str) -> Any:
        claims = self.program.rows(f"claims/?article={self.article}")
        near = [claim for claim in claims if claim["state"] in states]
        return self.dice.choice(near or claims)

    def take_a_step(self) -> None:
        claim = self.claim()
        offered = self.program.call("GET", f"claims/{claim['id']}/steps/")[1]["results"]
        steps = [s["step"] for s in offered if s["step"] != "judge"]
        allowed = [s["step"] for s in offered if s["allowed"] and s["step"] != "judge"]
        step = self.dice.choice(allowed if allowed and self.dice.random() < 0.9 else steps)
        given = {
            "set_aside": {"triage_reason": "opinion", "note": "A feeling."},
            "mark_duplicate": {"duplicate_of": self.claim()["id"]},
            "submit_for_review": {"none_contradicting": "Two archives."},
            "adjudicate": {"rating": self.dice.choice(("true", "false")), "reason": "Weighed."},
        }.get(step, {"reason": "So."} if step not in ("triage", "confirm_set_aside") else {})
        self.program.call("POST", f"claims/{claim['id']}/steps/", {"step": step, **given})

    def judge(self) -> None:
        claim = self.claim("in_review")
        body = {"claim": claim["id"], "rating": self.dice.choice(("true", "true", "false")), "rationale": "So.",
                "confidence": "low", "digest": claim["digest"]}  # fmt: skip
        relied_on = [e["id"] for e in self.program.rows(f"evidence/?claim={claim['id']}") if not e["withdrawn"]]
        self.program.call("POST", "verdicts/", body | {"relied_on": relied_on[: self.dice.randint(0, 2)]})

    def cite(self) -> None:
        sources = self.program.rows("sources/")
        if not sources or self.dice.random() < 0.3:
            self.program.call("POST", "sources/", {"title": "A log", "kind": "document", "tier": "primary"})
        else:
            stance = self.dice.choice(("corroborates", "contradicts", "context"))
            body = {"claim": self.claim("researching")["id"], "source": self.dice.choice(sources)["id"]}
            self.program.call("POST", "evidence/", body | {"stance": stance, "excerpt": "So it says."})

    def change_evidence(self) -> None:
        rows = self.program.rows("evidence/")
        if rows:
            pk = self.dice.choice(rows)["id"]
            if self.dice.random() < 0.5:
                self.program.call("POST", f"evidence/{pk}/withdraw/", {"reason": "The wrong page."})
            else:
                self.patch(f"evidence/{pk}/", {"excerpt": self.dice.choice(("So it says.", "Not so."))})

    def change_source(self) -> None:
        if rows := self.program.rows("sources/"):
            self.patch(f"sources/{self.dice.choice(rows)['id']}/", {"title": self.dice.choice(("A log", "A book"))})

    def edit(self) -> None:
        changes = ({"importance": "central"}, {"statement": "Otherwise."}, {"claimant": "The Post"})
        self.patch(f"claims/{self.claim()['id']}/", self.dice.choice(changes))

    def patch(self, path: str, body: Any) -> None:
        etag = self.program.call("GET", path)[2]
        self.program.call("PATCH", path, body, **({"If-Match": etag} if self.dice.random() < 0.9 else {}))

    def write(self) -> None:
        quote = self.dice.choice((*build.CLAIMS, build.OPINION))
        body = {"article": self.article, "statement": quote, "kind": "event", "anchor": {"exact": quote}}
        self.program.call("POST", "claims/", body)

    def revise(self) -> None:
        body = {"text": self.dice.choice(TEXTS), "media_type": "text/markdown"}
        self.program.call("POST", f"articles/{self.article}/revisions/", body)

    def finish(self) -> None:
        """What concerns the whole article."""
        at = f"articles/{self.article}/"
        sentences = self.program.call("GET", f"{at}coverage/")[1]["sentences"]
        open_ = [s for s in sentences if s["status"] == "open" and not s["claims"]]
        if open_:
            place = self.dice.choice(open_)
            self.program.call("POST", f"{at}non-factual/", {"start": place["start"], "end": place["end"]})
        self.program.call("POST", f"{at}{self.dice.choice(('sign-off', 'publications'))}/", {})
        note = {"type": "clarification", "text": "So."}
        for live in self.program.rows(f"publications/?article={self.article}")[:1]:
            self.program.call("POST", f"publications/{live['id']}/corrections/", note)

    def look(self) -> None:
        """A verdict of somebody else is shown when its round has closed; then the claim says so for good."""
        for verdict in self.program.rows("verdicts/"):
            if verdict["reviewer"]["id"] != self.program.person.pk:
                claim = self.program.call("GET", f"claims/{verdict['claim']}/")[1]
                if (claim["state"], claim["round"]) == ("in_review", verdict["round"]):
                    self.leaks.append(f"{self.program.person} was shown verdict {verdict['id']} of an open round.")


class Outside(LiveDesk):
    def setUp(self) -> None:
        super().setUp()
        for role in Role:
            build.the(role)

    def program(self, *roles: Role) -> Program:
        return Program(self.live_server_url, build.person(*roles))

    def assert_true(self, programs: Iterable[Program]) -> None:
        """Every answer was a clear one, and the desk is as it must be."""
        programs = list(programs)
        self.assertEqual([said for program in programs for said in program.unclear()], [])
        wrong = [*desk_truth.broken(), *desk_truth.seen_too_early(program.person for program in programs)]
        self.assertEqual(wrong, [])

    def test_many_at_work_at_once(self) -> None:
        on = build.article()
        for quote in build.CLAIMS:
            build.claim(ClaimState.IN_REVIEW if quote == build.CLAIMS[0] else ClaimState.RESEARCHING, on, quote)
        crew = [
            self.program(Role.RESEARCHER), self.program(Role.RESEARCHER, Role.REVIEWER), self.program(Role.REVIEWER),
            self.program(Role.REVIEWER, Role.ADJUDICATOR), self.program(Role.EDITOR),
            self.program(Role.EDITOR, Role.REVIEWER), self.program(Role.PUBLISHER, Role.ADJUDICATOR, Role.REVIEWER),
        ]  # fmt: skip
        base = AuditEvent.objects.latest("seq").seq  # people come before the workflow, around the actions
        workers = [Worker(program, on.pk, seed) for seed, program in enumerate(crew)]
        outcomes = at_once(*(partial(worker.work, 15) for worker in workers))
        self.assertEqual([repr(error) for error in outcomes if error is not None], [])
        self.assertEqual([leak for worker in workers for leak in worker.leaks], [])
        self.assert_true(crew)
        self.assertEqual(list(desk_truth.unexplained(base)), [])
        written = Counter(status for program in crew for method, _, status, _ in program.answers if method != "GET")
        self.assertGreater(written[201], 10, written)

    def test_two_adjudicators_a_reviewer_and_a_returning_editor(self) -> None:
        first, second = self.program(Role.ADJUDICATOR), self.program(Role.ADJUDICATOR)
        reviewer, editor = self.program(Role.REVIEWER), self.program(Role.EDITOR)
        seen: Counter[tuple[str, ...]] = Counter()
        for turn in range(20):
            state = ClaimState.DISPUTED if turn % 2 else ClaimState.IN_REVIEW
            claim = build.claim(state, kind="event")
            if state == ClaimState.IN_REVIEW:
                build.verdict(claim, "true")
            step, weighed = f"claims/{claim.pk}/steps/", {"step": "adjudicate", "reason": "Weighed."}
            verdict = {"claim": claim.pk, "rating": "false", "rationale": "So.", "confidence": "low"}
            acts = [
                partial(first.call, "POST", step, weighed | {"rating": "true"}),
                partial(second.call, "POST", step, weighed | {"rating": "false"}),
                partial(reviewer.call, "POST", "verdicts/", verdict),
                partial(editor.call, "POST", step, {"step": "return_to_research", "reason": "More."}),
            ]
            if turn % 4 >= 2:
                acts.pop()  # nobody takes the claim back: then what was decided stands
            statuses = [outcome[0] for outcome in at_once(*acts)]
            claim.refresh_from_db()
            with self.subTest(turn=turn, before=state, statuses=statuses, after=claim.state):
                self.judge(claim, state, statuses)
            seen[(state, claim.state, *map(str, statuses))] += 1
        self.assertGreater(len(seen), 2, seen)
        self.assert_true((first, second, reviewer, editor))

    def judge(self, claim: Claim, before: str, statuses: list[int]) -> None:
        """One of the ways in which it may end; everybody else got a 409."""
        adjudicated, filed = statuses[:2].count(200), statuses[2] == 201
        returned = statuses[3:] == [200]
        self.assertLessEqual(set(statuses), {200, 201, 409})
        self.assertLessEqual(adjudicated, 1)
        self.assertEqual(claim.decisions.count(), adjudicated)
        self.assertEqual(claim.round, 1)
        self.assertFalse(filed and before == ClaimState.DISPUTED)
        self.assertFalse(adjudicated and before == ClaimState.IN_REVIEW and not filed)
        if returned:
            self.assertEqual(claim.state, ClaimState.RESEARCHING)
        elif adjudicated:
            self.assertEqual(claim.state, ClaimState.DECIDED)
        else:
            self.assertEqual(claim.state, ClaimState.DISPUTED if filed or before == ClaimState.DISPUTED else before)

    def test_sixteen_with_one_key_make_one_record(self) -> None:
        program, body = self.program(Role.RESEARCHER), {"title": "A log", "kind": "document", "tier": "primary"}
        asked = partial(program.call, "POST", "sources/", body, **{"Idempotency-Key": "one and the same"})
        answers = at_once(*[asked] * 16)
        self.assertEqual(Source.objects.count(), 1)
        statuses = Counter(status for status, _, _ in answers)
        self.assertGreaterEqual(statuses[201], 1)
        self.assertEqual(statuses[201] + statuses[409], 16, statuses)
        self.assertEqual({data["code"] for status, data, _ in answers if status == 409} - {"in_progress"}, set())
        made = Source.objects.get().pk
        self.assertEqual({data["id"] for status, data, _ in [*answers, asked()] if status == 201}, {made})

    def test_sixteen_with_one_etag_make_one_change(self) -> None:
        program, claim = self.program(Role.RESEARCHER), build.identified()
        path = f"claims/{claim.pk}/"
        etag = program.call("GET", path)[2]
        acts = [
            partial(program.call, "PATCH", path, {"claimant": f"Number {n}"}, **{"If-Match": etag}) for n in range(16)
        ]
        answers = at_once(*acts)
        self.assertEqual(sorted(status for status, _, _ in answers), [200] + [412] * 15)
        won = next(data["claimant"] for status, data, _ in answers if status == 200)
        claim.refresh_from_db()
        self.assertEqual(claim.claimant, won)
        self.assertEqual({data["current"]["claimant"] for status, data, _ in answers if status == 412}, {won})
