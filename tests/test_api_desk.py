"""The API's own document is whole; and the case that holds every answer of the API tests against it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from django.test import TestCase, override_settings
from rest_framework.test import APIClient

from claims.actions import desk
from claims.api.docs import schema
from claims.models import Person
from claims.models.desk import ALL_SCOPES

# The tests ask for many refusals; each would be logged.
logging.getLogger("django.request").setLevel(logging.ERROR)
ROOT = "/api/v1/"
PROBLEM = "application/problem+json"
COPY = Path(__file__).parent.parent / "docs" / "openapi.json"
REMAKE = "python3 manage.py spectacular --format openapi-json --file docs/openapi.json"


@cache
def operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Each path of the schema as a pattern, with its operations by method."""
    found = []
    # An address that is itself a path (claims/similar/) is not another path's id.
    for path, methods in sorted(schema()["paths"].items(), key=lambda item: item[0].count("{")):
        pattern = re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path))
        found.append((re.compile(pattern + r"\Z"), methods))
    return found


@cache
def validator(shape: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {**json.loads(shape), "components": schema()["components"]}, format_checker=jsonschema.FormatChecker()
    )


def bodies_and_problems() -> Iterator[tuple[str, dict[str, Any]]]:
    """What is given and what can go wrong, everywhere: its place, and how the schema describes it there."""
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                yield f"{method} {path}", operation["requestBody"]["content"]["application/json"]
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    yield f"{method} {path} {status}", answer["content"][PROBLEM]


class ApiCase(TestCase):
    """`call` speaks to the API as a person with a token, and checks status and body against the schema."""

    def setUp(self) -> None:
        super().setUp()
        self.clients: dict[int | None, APIClient] = {}

    def token(self, person: Person, *scopes: str) -> str:
        return desk.issue_token(person=person, by=None, scopes=scopes or ALL_SCOPES)[1]

    def client_of(self, person: Person | None) -> APIClient:
        """One client a person: each loads the middleware anew."""
        key = person.pk if person else None
        if key not in self.clients:
            self.clients[key] = APIClient()
            if person is not None:
                self.clients[key].credentials(HTTP_AUTHORIZATION=f"Bearer {self.token(person)}")
        return self.clients[key]

    def call(self, by: Person | None, method: str, path: str, body: Any = None, expect: int = 200, **extra: Any) -> Any:
        """The answer of `method path` as a Response; it is as the schema says, and of status `expect`."""
        address = path if path.startswith(("/", "http")) else ROOT + path
        answer = getattr(self.client_of(by), method.lower())(address, body, **extra)
        text = answer.content.decode(errors="replace")[:2000]
        self.assertEqual(answer.status_code, expect, f"{method} {path}: {text}")
        self.assert_documented(method, address, answer)
        return answer

    def get(self, by: Person | None, path: str, **extra: Any) -> Any:
        """The JSON of a GET."""
        return self.call(by, "GET", path, **extra).json()

    def post(self, by: Person | None, path: str, body: Any = None, expect: int = 201) -> Any:
        """The JSON of a POST."""
        return self.call(by, "POST", path, body if body is not None else {}, expect).json()

    def assert_documented(self, method: str, address: str, answer: Any) -> None:
        bare = address.split("?")[0].removeprefix("http://testserver")
        verb = method.lower()
        operation = next(m[verb] for pattern, m in operations() if pattern.match(bare) and verb in m)
        said = operation["responses"].get(str(answer.status_code))
        self.assertIsNotNone(said, f"{method} {bare} answers {answer.status_code}, which the schema does not say.")
        if not answer.content:
            self.assertNotIn("content", said)
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        shape = json.dumps(said["content"][kind]["schema"])
        sparse = "fields=" in address
        errors = [e for e in validator(shape).iter_errors(answer.json()) if not (sparse and e.validator == "required")]
        self.assertEqual(errors, [], f"{method} {bare}: not as the schema says")


class SchemaIsWhole(TestCase):
    def test_every_field_has_a_sentence(self) -> None:
        bare = [
            f"{name}.{field}"
            for name, component in schema()["components"]["schemas"].items()
            for field, shape in component.get("properties", {}).items()
            if not shape.get("description", "").strip()
        ]
        self.assertEqual(bare, [])

    def test_every_operation_has_a_summary_and_every_parameter_a_sentence(self) -> None:
        for path, methods in schema()["paths"].items():
            for method, operation in methods.items():
                with self.subTest(f"{method} {path}"):
                    self.assertTrue(operation["summary"])
                    parameters = operation.get("parameters", ())
                    self.assertEqual([p["name"] for p in parameters if not p.get("description")], [])

    def test_every_body_and_every_problem_has_examples_as_its_schema_says(self) -> None:
        for where, media in bodies_and_problems():
            examples = [example.get("$ref", example) for example in media.get("examples", {}).values()]
            self.assertTrue(examples, where)
            for example in examples:
                if isinstance(example, str):
                    example = schema()["components"]["examples"][example.rpartition("/")[2]]
                with self.subTest(where):
                    found = validator(json.dumps(media["schema"])).iter_errors(example["value"])
                    self.assertEqual([error.message for error in found], [])
                    if where.split()[-1].isdigit():
                        self.assertEqual(str(example["value"]["status"]), where.split()[-1])

    def test_every_error_is_a_problem(self) -> None:
        for path, methods in schema()["paths"].items():
            for method, operation in methods.items():
                for status, answer in operation["responses"].items():
                    with self.subTest(f"{method} {path} {status}"):
                        if int(status) >= 400:
                            self.assertEqual(list(answer["content"]), [PROBLEM])

    def test_it_is_version_3_1_and_names_both_ways_in(self) -> None:
        self.assertEqual(schema()["openapi"], "3.1.0")
        self.assertEqual(schema()["components"]["securitySchemes"]["token"]["scheme"], "bearer")
        self.assertEqual(schema()["paths"]["/api/v1/claims/"]["post"]["security"], [{"token": []}, {"cookieAuth": []}])

    def test_the_copy_on_file_is_what_is_served(self) -> None:
        with override_settings(DESK_NOTICE=""):
            served = APIClient().get(f"{ROOT}schema/").content
        if COPY.read_bytes() != served:
            self.fail(f"docs/openapi.json is not what is served. It is remade by: {REMAKE}")

    def test_a_demonstration_says_so_here_too(self) -> None:
        with override_settings(DESK_NOTICE="Nothing here is a published fact-check."):
            served = APIClient().get(f"{ROOT}schema/").json()
        self.assertTrue(served["info"]["description"].endswith("came about. Nothing here is a published fact-check."))
        self.assertNotIn("published fact-check", schema()["info"]["description"])

    def test_schema_and_docs_are_answered_to_whoever_takes_what_they_are(self) -> None:
        for path, accepted, status in (
            ("schema/", "application/json", 200), ("schema/", "application/vnd.oai.openapi+json", 200),
            ("schema/", "text/html", 406), ("docs/", "text/html", 200), ("docs/", "image/png", 406),
        ):  # fmt: skip
            with self.subTest(f"{path} as {accepted}"):
                self.assertEqual(APIClient().get(ROOT + path, HTTP_ACCEPT=accepted).status_code, status)

    def test_schema_and_docs_are_open_and_nothing_else_is(self) -> None:
        client = APIClient()
        self.assertEqual(client.get(f"{ROOT}schema/").json()["openapi"], "3.1.0")
        page = client.get(f"{ROOT}docs/")
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("unsafe-inline", page.headers["Content-Security-Policy"].split("style-src")[0])
        self.assertNotIn(b"https://", page.content)
        self.assertIn(b"SwaggerUIBundle", client.get(f"{ROOT}docs/?script=").content)
        for path, methods in schema()["paths"].items():
            for method in methods:
                with self.subTest(f"{method} {path}"):
                    answer = getattr(client, method)(re.sub(r"\{\w+\}", "1", path))
                    self.assertEqual(answer.status_code, 401)
                    self.assertEqual(answer.headers["Content-Type"], PROBLEM)
                    self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
