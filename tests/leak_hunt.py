"""With a blind verdict on file, everything that can be read is the same to the byte whichever verdict was filed.

One desk is built; then the verdict is filed this way and that, each in a savepoint that is rolled back with the
sequences, so that ids and times agree. Every answer of the API, the admin and the public pages is compared.

What cannot differ is not asked twice: an answer for which no table was read that the verdicts stand in. All is asked as
a superuser; what then read such a table also as the others: every address as each of them, each value of its parameters
as two in turn. LEAK_HUNT=whole asks everything as everybody (a quarter of an hour).
"""

from __future__ import annotations

import difflib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model
from django.template import Template
from django.test import Client, RequestFactory, TestCase
from django.utils import timezone
from rest_framework.test import APIClient

from claims.actions import articles, desk, guests, steps, verdicts
from claims.actions.acting import refusal_of
from claims.api.docs import schema
from claims.choices import ClaimState, Role
from claims.models import Claim, Decision, Verdict
from tests import build, hunting
from tests.test_admin_base import a_whole_desk, client_of
from tests.test_api_desk import ROOT
from tests.transactional import as_owner

WHOLE = os.environ.get("LEAK_HUNT") == "whole"
JSON = {"format": "json"}
VOLATILE = {"X-Request-Id", "Date", "Expires", "Set-Cookie"}  # another in every answer
# Drawn anew for every answer: what a form carries against forgery, and a secret that is told once.
DRAWN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*|(fc_)[\w-]{43}')
MOST = 12  # differences that are shown, of all there are


class World(NamedTuple):
    """A verdict as it could have been filed, in everything that its reviewer chooses."""

    by: str
    rating: str
    said: str
    rationale: str
    confidence: str
    relied_on: int  # which of the claim's evidence


YES = World("own", "true", "verbatim", "The ledger of the pilots proves it.", "high", 0)
NO = World("own", "false", "misattributed", "A gazette refutes every word.", "low", 1)
ELSE = YES._replace(by="other")
WORDS = ("ledger", "gazette", "true", "misattributed", "high", "low")
MAY = {"own", "auditor alone"}  # see it
FIRST = "superuser"  # asks for everything
TURNS = 2  # of the others who ask for one value of a parameter
ASPECT = re.compile(r"\?|/history/|/step/")  # one of many answers of an address


class Answer(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    touched: bool  # whether anything was read that the verdicts stand in


class Asked(NamedTuple):
    role: str
    method: str
    path: str


class Hunt(TestCase):
    """A desk of every noun, and on it a quotation in its second round, in which one of five verdicts is filed."""

    @classmethod
    def setUpTestData(cls) -> None:
        a_whole_desk()
        on = build.article()
        articles.edit(article=on, by=build.the(Role.EDITOR), quorum=5, votes_to_carry=3)
        cls.people = {
            **{f"{role} alone": build.the(role) for role in Role if role != Role.REVIEWER},
            "auditor and reviewer": build.person(Role.AUDITOR, Role.REVIEWER),
            "superuser": build.person(superuser=True),
            "no role": build.person(),
            **{name: build.person(Role.REVIEWER) for name in ("own", "second", "other")},  # reviewers alone
        }  # fmt: skip
        cls.claim = build.claim(ClaimState.RESEARCHING, on, kind="quotation")
        cls.evidence = [build.cite(cls.claim, excerpt=f"Line {n} of the log.") for n in range(2)]
        submit = {"step": "submit_for_review", "by": build.the(Role.RESEARCHER), "none_contradicting": "Two archives."}
        steps.take(claim=cls.claim, **submit)
        cls.file("second", YES)
        steps.take(claim=cls.claim, step="return_to_research", by=build.the(Role.EDITOR), reason="Once more.")
        steps.take(claim=cls.claim, **submit)
        cls.file("second", YES)
        hunting.SECRETS["secret"] = [desk.calendar_address(by=build.the(Role.RESEARCHER))]
        _, token = guests.invite(article=on, name="Ada", relation="author", may="comment", by=build.the(Role.EDITOR))
        hunting.SECRETS["token"] = [token]
        cls.now = timezone.now()

    @classmethod
    def file(cls, name: str, world: World) -> Verdict:
        return verdicts.file(
            claim=Claim.objects.get(pk=cls.claim.pk), rating=build.rating(world.rating), said_rating=world.said,
            rationale=world.rationale, confidence=world.confidence, by=cls.people[name],
            relied_on=[cls.evidence[world.relied_on]],
        )  # fmt: skip

    def setUp(self) -> None:
        self.enterContext(mock.patch("django.utils.timezone.now", lambda: self.now))
        first = [self.people[name] for name in ("own", "other", "second")]
        everybody = [*first, *(p for p in self.people.values() if p not in first)]
        self.quarry = hunting.Quarry(WORDS, self.now, everybody)
        worlds = []
        for world in (YES, NO, ELSE):
            with self.world(world):
                worlds.append(self.tables())
        differ = {table for table in worlds[0] if len({world[table] for world in worlds}) > 1}
        self.quarry.nouns = {m for m in apps.get_app_config("claims").get_models() if m._meta.db_table in differ}
        # A function of ours may read anything.
        self.hidden = re.compile(rf'"({"|".join(differ)})"|\b({"|".join(differ)})\b|\bclaims_\w+\(')
        self.assertLessEqual({"claims_verdict", "claims_verdict_relied_on", "claims_auditevent"}, differ)

    @contextmanager
    def world(self, chosen: World) -> Iterator[None]:
        """Inside, the verdict has been filed so."""
        with self.rolled_back():
            self.file(chosen.by, chosen)
            yield

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Afterwards all is as it was before, the sequences too."""
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()")
            before = [(name, last) for name, last in cursor.fetchall() if last is not None]
        savepoint = transaction.savepoint()
        try:
            yield
        finally:
            transaction.savepoint_rollback(savepoint)
            with as_owner(), connection.cursor() as cursor:
                for name, last in before:
                    cursor.execute("SELECT setval(%s::regclass, %s)", [name, last])

    def tables(self) -> dict[str, str]:
        """Every table of the desk as a digest of its rows."""
        found = {}
        with as_owner(), connection.cursor() as cursor:
            for model in apps.get_app_config("claims").get_models(include_auto_created=True):
                table = model._meta.db_table
                cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
                found[table] = cursor.fetchone()[0]
        return found

    @contextmanager
    def watched(self) -> Iterator[list[bool]]:
        """Of every statement inside, whether it reads a table in which something is hidden."""
        read: list[bool] = []

        def watch(execute: Any, sql: str, *rest: Any) -> Any:
            read.append(bool(self.hidden.search(sql)))
            return execute(sql, *rest)

        with connection.execute_wrapper(watch):
            yield read

    def ask(self, client: Any, path: str, method: str = "get", body: Any = None) -> Answer:
        client.cookies.pop("messages", None)  # what an answer before has left for the next, whichever that is
        with self.watched() as read:
            response = getattr(client, method)(path, **({} if body is None else {"data": body, **JSON}))
            content = response.getvalue() if response.streaming else response.content
        headers = tuple(sorted((k, v) for k, v in response.headers.items() if k not in VOLATILE))
        return Answer(response.status_code, headers, DRAWN.sub(rb"\1\2", content), any(read))

    def note(self, answers: dict[Asked, Answer], telling: set[str], role: str, path: str) -> Answer:
        """Ask, and keep the answer; where it read something hidden, the others ask too."""
        answers[Asked(role, "GET", path)] = answer = self.ask(self.clients[role], path)
        if answer.touched:
            telling.add(path)
        return answer

    def asks(self, role: str, path: str, telling: set[str], *, near: bool = False) -> bool:
        """Whether somebody asks for this address, after a superuser has."""
        if WHOLE or role == FIRST:
            return True
        others = [name for name in self.people if name != FIRST]
        first = zlib.crc32(path.encode())
        turn = {others[(first + n) % len(others)] for n in range(TURNS)}
        return (near or path in telling) and (role in turn or not ASPECT.search(path))

    def compare(self, hunted: Hunted, others: Iterable[World]) -> None:
        """Walk in one world, ask the same in the others. Whoever may see the verdict must see a difference."""
        with self.world(YES):
            answers = hunted()
        leaks: list[str] = []
        for world in others:
            told: set[str] = set()
            may = MAY | ({"other"} if world.by == "other" else set())
            with self.world(world):
                for asked, was in answers.items():
                    if WHOLE or (was.touched and not (world == ELSE and ASPECT.search(asked.path))):
                        now = self.ask(self.clients[asked.role], asked.path)
                        if was[:3] != now[:3]:
                            told.add(asked.role)
                            leaks += [] if asked.role in may else [difference(asked, was, now)]
            self.assertEqual(may - told, set(), "They may see the verdict, and do not: the hunt is blind.")
        self.assertFalse(leaks, f"{len(leaks)} answers tell of a blind verdict:\n" + "\n".join(leaks[:MOST]))

    clients: dict[str, Any]

    @property
    def roles(self) -> list[str]:
        return sorted(self.people, key=lambda role: role != FIRST)


Hunted = Callable[[], dict[Asked, Answer]]


def difference(asked: Asked, was: Answer, now: Answer) -> str:
    """Which answer differs, and the first lines in which it does."""
    said = [f"{asked.method} {asked.path} as {asked.role}"]
    if was.status != now.status:
        said.append(f"    {was.status} or {now.status}")
    lines = [re.split(rb"\n|(?<=[,>])", answer.body) for answer in (was, now)]
    texts = [[line.decode(errors="replace").strip() for line in side] for side in lines]
    diff = [d for d in difflib.unified_diff(*texts, lineterm="", n=0) if not d.startswith(("---", "+++", "@@"))]
    said += [f"    {line[:160]}" for line in diff[:6]]
    if not diff:
        said.append(f"    {sorted(set(was.headers) ^ set(now.headers))}"[:300])
    return "\n".join(said)


class TheApi(Hunt):
    """Every GET that the schema knows, as everybody, with every value."""

    def setUp(self) -> None:
        super().setUp()
        self.clients = {}
        for role, person in self.people.items():
            self.clients[role] = APIClient()
            self.clients[role].force_authenticate(person)

    def walk(self) -> dict[Asked, Answer]:
        answers: dict[Asked, Answer] = {}
        telling: set[str] = set()
        places = []
        for path, operation in hunting.readable():
            queries = list(hunting.variants(path, operation, self.quarry))
            filled = hunting.addresses(path)
            # One row of each kind is asked for field by field: the newest, and one that most may see.
            places += [(place, queries if place in (filled[0], filled[-1]) else []) for place in filled]
        for role in self.roles:
            for place, queries in places:
                if self.asks(role, place, telling):
                    bare = self.note(answers, telling, role, place)
                    for query in queries if bare.status in (200, 400) else queries[:1]:
                        if self.asks(role, f"{place}?{query}", telling, near=bare.touched):
                            self.note(answers, telling, role, f"{place}?{query}")
                    self.turn_pages(role, place, answers)
        return answers

    def turn_pages(self, role: str, place: str, answers: dict[Asked, Answer]) -> None:
        """A page a row, as many as are followed."""
        if b'"next":' not in answers[Asked(role, "GET", place)].body or not answers[Asked(role, "GET", place)].touched:
            return
        following: str | None = f"{place}?page_size=1"
        for _ in range(hunting.PAGES):
            if following:
                answers[Asked(role, "GET", following)] = answer = self.ask(self.clients[role], following)
                following = json.loads(answer.body).get("next")

    def test_tells_nobody_of_a_blind_verdict(self) -> None:
        self.compare(self.walk, (NO, ELSE))


class TheAdmin(Hunt):
    """As everybody who can log in."""

    def setUp(self) -> None:
        super().setUp()
        self.clients = {role: client_of(person) for role, person in self.people.items()}
        # As outside tests: there the context of each part of a page is kept, for whoever asks for it.
        self.enterContext(mock.patch.object(Template, "_render", lambda made, context: made.nodelist.render(context)))


class TheAdminsPages(TheAdmin):
    """Every page of the admin that is no list."""

    def walk(self) -> dict[Asked, Answer]:
        answers: dict[Asked, Answer] = {}
        telling: set[str] = set()
        pages = list(dict.fromkeys(hunting.admin_pages(self.quarry)))
        for role in self.roles:
            for page in pages:
                if self.asks(role, page, telling):
                    self.note(answers, telling, role, page)
        return answers

    def test_tell_nobody_of_a_blind_verdict(self) -> None:
        self.compare(self.walk, (NO, ELSE))


class TheAdminsLists(TheAdmin):
    """Every list of the admin with every filter, search and order; and the public pages."""

    def walk(self) -> dict[Asked, Answer]:
        answers: dict[Asked, Answer] = {}
        telling: set[str] = set()
        queries: dict[str, list[str]] = {}
        for role in self.roles:
            for model, page in hunting.admin_lists():
                if self.asks(role, page, telling):
                    bare = self.note(answers, telling, role, page)
                    if bare.status == 200 and (WHOLE or page not in queries):
                        queries[page] = self.queries(role, model, page)
                    for query in queries.get(page, ()):
                        if self.asks(role, f"{page}?{query}", telling, near=bare.touched):
                            self.note(answers, telling, role, f"{page}?{query}")
        self.clients["a reader"] = Client()
        for page in hunting.public_pages():
            self.note(answers, telling, "a reader", page)
        return answers

    def queries(self, role: str, model: type[Model], page: str) -> list[str]:
        """What a list takes; of that, unless everything is asked, what reads something hidden."""
        registered = admin.site._registry[model]

        def drawn(query: str) -> ChangeList:
            request = RequestFactory().get(f"{page}?{query}")
            request.user = self.people[role]
            return registered.get_changelist_instance(request)

        def is_near(query: str) -> bool:
            with self.watched() as read:
                try:
                    drawn(query)
                except (IncorrectLookupParameters, DisallowedModelAdminLookup, ValidationError, PermissionDenied):
                    return True
            return any(read)

        found = dict.fromkeys(hunting.admin_variants(model, drawn(""), self.quarry))
        return [query for query in found if WHOLE or is_near(query)]

    def test_tell_nobody_of_a_blind_verdict(self) -> None:
        self.compare(self.walk, (NO, ELSE))


class Attempts(Hunt):
    """What is refused is refused in the same words, by the desk and by the database."""

    def setUp(self) -> None:
        super().setUp()
        self.clients = {}
        for role, person in self.people.items():
            self.clients[role] = APIClient()
            self.clients[role].force_authenticate(person)

    def bodies(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every POST that the schema knows with nothing in it, and what somebody curious would try on this claim."""
        for path, methods in schema()["paths"].items():
            if "post" in methods:
                yield from ((address, {}) for address in hunting.addresses(path)[:1])
        claim, article = f"{ROOT}claims/{self.claim.pk}/steps/", f"{ROOT}articles/{self.claim.article_id}/"
        for rating in ("true", "false"):
            verdict = {"claim": self.claim.pk, "rating": rating, "rationale": "So.", "confidence": "low"}
            yield f"{ROOT}verdicts/", verdict
            yield f"{ROOT}verdicts/", verdict | {"said_rating": "verbatim", "digest": "0" * 64}
            yield claim, {"step": "adjudicate", "rating": rating, "said_rating": "verbatim", "reason": "So."}
        yield f"{ROOT}verdicts/", verdict | {"said_rating": "verbatim", "relied_on": [self.evidence[0].pk]}
        for step in ("return_to_research", "submit_for_review", "reopen", "withdraw_claim"):
            yield claim, {"step": step}
        yield f"{article}sign-off/", {}
        yield f"{article}publications/", {}

    def walk(self) -> dict[Asked, Answer]:
        bodies = list(self.bodies())
        answers: dict[Asked, Answer] = {}
        for role in self.roles:
            for path, body in bodies:
                answers[Asked(role, f"POST {json.dumps(body)}", path)] = self.attempt(role, path, body)
        return answers

    def attempt(self, role: str, path: str, body: dict[str, Any]) -> Answer:
        """Ask, and take it back where it was done."""
        with self.rolled_back():
            return self.ask(self.clients[role], path, "post", body)

    def test_tell_nobody_of_a_blind_verdict(self) -> None:
        with self.world(YES):
            first = self.walk()
        with self.world(NO):
            second = self.walk()
        done = [asked for asked, was in first.items() if was.status < 300 and asked.role not in MAY]
        self.assertTrue({"second", "other"} <= {asked.role for asked in done}, "Nobody could file a verdict.")
        leaks = [
            difference(a, was, second[a]) for a, was in first.items() if was[:3] != second[a][:3] and a.role not in MAY
        ]
        self.assertFalse(leaks, f"{len(leaks)} answers tell of a blind verdict:\n" + "\n".join(leaks[:MOST]))

    def test_the_database_refuses_in_the_same_words(self) -> None:
        """What the desk's own connection is told of a verdict it breaks a rule with, whatever is on file."""
        said = []
        for world in (YES, NO):
            with self.world(world):
                said.append([self.refused(act) for act in self.against_the_rules()])
        self.assertEqual(*said)
        self.assertNotIn(None, said[0])

    def against_the_rules(self) -> Iterator[Callable[[], Any]]:
        claim = Claim.objects.get(pk=self.claim.pk)
        for rating in ("true", "false"):
            judged = {"claim": claim, "round": 2, "rating": build.rating(rating), "said_rating": "verbatim"}
            verdict = judged | {"rationale": "So.", "confidence": "low", "digest": claim.digest}
            for name in ("own", "second"):  # they have filed one, which this does not supersede
                yield lambda v=verdict, n=name: Verdict.objects.create(reviewer=self.people[n], **v)
            yield lambda v=verdict: Verdict.objects.create(reviewer=self.people["researcher alone"], **v)
            yield lambda j=judged: Decision.objects.create(method="agreement", digest=claim.digest, **j)
            by = {"decided_by": self.people["adjudicator alone"], "reason": "So."}
            yield lambda j=judged, by=by: Decision.objects.create(method="adjudication", digest=claim.digest, **j, **by)
        yield lambda: Claim.objects.filter(pk=claim.pk).update(state="disputed")
        yield lambda: Verdict.objects.filter(claim=claim).update(rationale="Other words.")
        yield lambda: Verdict.objects.filter(claim=claim).delete()

    def refused(self, act: Callable[[], Any]) -> str | None:
        try:
            with transaction.atomic():
                act()
        except IntegrityError as error:
            refusal = refusal_of(error)
            return f"{refusal.code}: {refusal.message}"
        except DatabaseError as error:
            return str(error)
        return None
