"""The API is asked what its schema allows and what it forbids, by everybody: cases that nobody thought of.

Of every answer: no 5xx, no status, header, media type or shape that the schema does not say, nothing accepted that it
forbids. On a desk of every noun; half the ids are those of rows that are there. Each case is rolled back after it was
checked, with what the database defers to its end, so a case fails by itself or not at all.

FUZZ_CASES says how many cases in all: by default less than a minute of the same ones, otherwise others each time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from django.test import TestCase
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from claims.actions import desk
from claims.choices import Role, Scope
from claims.models.desk import ALL_SCOPES
from tests import build, hunting
from tests.test_admin_base import a_whole_desk

FEW = 500
LARGEST = 10**9  # what is forbidden stays as it is
CASES = int(os.environ.get("FUZZ_CASES", FEW))
# That what the schema allows is accepted, no schema can promise: the desk has rules, and words that it must know.
LEFT_OUT = {"positive_data_acceptance"}
HOW = {
    "deadline": None, "database": None, "derandomize": CASES == FEW, "phases": [Phase.generate, Phase.shrink],
    "suppress_health_check": list(HealthCheck), "report_multiple_bugs": False,
}  # fmt: skip


class Fuzz(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        a_whole_desk()
        people = {role.value: build.person(role) for role in Role} | {"everything": build.person(*Role)}
        cls.callers: dict[str, dict[str, str]] = {"nobody": {}}
        for name, person in people.items():
            cls.callers[name] = cls.token(person, ALL_SCOPES)
        cls.callers["everything, to read"] = cls.token(people["everything"], [Scope.READ])

    @classmethod
    def token(cls, person: Any, scopes: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {desk.issue_token(person=person, by=None, scopes=scopes)[1]}"}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for signal in (request_started, request_finished):  # the test's transaction is kept, as its client does
            signal.disconnect(close_old_connections)
            cls.addClassCleanup(signal.connect, close_old_connections)

    def setUp(self) -> None:
        api = schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())
        # Also how a wrong body may be refused: a stale If-Match is looked at first, and so is the size.
        api.config.checks.negative_data_rejection.expected_statuses += ["412", "413"]
        self.operations = [found.ok() for found in api.get_all_operations()]
        self.answered: Counter[int] = Counter()
        self.checks = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]

    def test_every_operation_as_everybody(self) -> None:
        most = max(1, round(CASES / len(self.operations)))
        for operation in self.operations:
            with self.subTest(operation.label):
                self.ask(operation, most)
        print(f"\n{self.answered.total()} answers: {dict(sorted(self.answered.items()))}")

    def ask(self, operation: Any, most: int) -> None:
        allowed = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        forbidden = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @settings(max_examples=most, **HOW)
        @given(st.data())
        def asked(data: st.DataObject) -> None:
            caller = data.draw(st.sampled_from(list(self.callers)), "caller")
            try:
                case = data.draw(forbidden if data.draw(st.integers(0, 2)) == 0 else allowed)
            except Unsatisfiable:  # nothing that it could be given is forbidden
                case = data.draw(allowed)
            self.make_real(case, data)
            self.check(case, self.callers[caller])

        asked()

    def check(self, case: Any, headers: dict[str, str]) -> None:
        sparse = "fields" in (case.query or {})  # the schema cannot say that an answer then lacks the others
        checks = [check for check in self.checks if not (sparse and check.__name__ == "response_schema_conformance")]
        with self.undone():
            answer = case.call(headers=headers)
            self.answered[answer.status_code] += 1
            case.validate_response(answer, headers=headers, checks=checks)
            if answer.status_code < 400:
                connection.check_constraints()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside is rolled back; to what is asked it is no transaction, as the test's own is none."""
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]
        with block:
            yield
            transaction.set_rollback(True)

    def make_real(self, case: Any, data: st.DataObject) -> None:
        """Put ids of the desk's rows in the place of some, and `*` for the ETag of some change."""
        path = case.operation.path
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST:
                known = hunting.fillings(name, hunting.view_of(path), path)
                case.path_parameters[name] = data.draw(st.sampled_from([value, *known]))
        if "If-Match" in (case.headers or {}) and data.draw(st.booleans()):
            case.headers["If-Match"] = "*"
