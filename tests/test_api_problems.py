"""Every error is a problem with a pointer; bad input is a 400, 413, 415 or 422 and never a 500."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

from django.db.utils import OperationalError
from django.test import TestCase, override_settings
from psycopg.errors import DeadlockDetected

from claims.api.docs import schema
from claims.choices import ClaimState, Role
from claims.models import Article, Claim, Evidence, Source, Verdict
from tests import build
from tests.test_api_desk import PROBLEM, ApiCase

SURROGATE = '{"title": "a\\ud800b", "kind": "document", "tier": "primary"}'


class Problems(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.editor = build.the(Role.EDITOR)
        self.researcher = build.the(Role.RESEARCHER)

    def errors(self, path: str, body: Any, status: int = 400, by: Any = None) -> dict[str, str]:
        """The codes of a refused POST's errors, by pointer."""
        answer = self.post(by or self.researcher, path, body, status)
        self.assertEqual(answer["status"], status)
        return {error["pointer"]: error["code"] for error in answer["errors"]}

    def test_what_every_problem_says(self) -> None:
        answer = self.call(self.editor, "GET", "articles/999/", expect=404)
        self.assertEqual(answer.headers["Content-Type"], PROBLEM)
        self.assertEqual(answer.json() | {"detail": ""}, {
            "type": "about:blank", "title": "Not Found", "status": 404, "detail": "", "code": "not_found",
        })  # fmt: skip

    def test_no_such_address_no_such_method(self) -> None:
        client = self.client_of(self.editor)
        for path in ("nothing/", "articles", "articles/x/", f"articles/{10**20}/", "claims/1/steps/2/"):
            for method in ("get", "post", "patch"):
                with self.subTest(f"{method} {path}"):
                    answer = getattr(client, method)(f"/api/v1/{path}")
                    self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (404, PROBLEM))
        for method, path in (("put", "articles/1/"), ("delete", "articles/1/"), ("patch", "verdicts/1/"),
                             ("options", "claims/")):  # fmt: skip
            with self.subTest(f"{method} {path}"):
                answer = getattr(client, method)(f"/api/v1/{path}")
                self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (405, PROBLEM))
                self.assertIn("GET", answer.headers["Allow"])

    def test_pointers(self) -> None:
        at = build.article().pk
        base = {"article": at, "statement": "S.", "kind": "event", "anchor": {"exact": build.CLAIMS[0]}}
        cases: tuple[tuple[str, Any, dict[str, str]], ...] = (
            ("claims/", base | {"statment": "x"}, {"/statment": "unknown"}),
            ("claims/", base | {"state": "decided"}, {"/state": "unknown"}),
            ("claims/", base | {"anchor": {"exact": "x", "more": 1}}, {"/anchor/more": "unknown"}),
            ("claims/", base | {"anchor": {"exact": "x", "start": 1, "end": 2}}, {"/anchor": "invalid"}),
            ("claims/", base | {"anchor": {"start": 1}}, {"/anchor": "invalid"}),
            ("claims/", base | {"anchor": None}, {"/anchor": "null"}),
            ("claims/", base | {"article": 10**30}, {"/article": "does_not_exist"}),
            ("claims/", base | {"article": "1"}, {"/article": "incorrect_type"}),
            ("claims/", base | {"article": True}, {"/article": "incorrect_type"}),
            ("claims/", base | {"attribution": ["a", "b" * 301]}, {"/attribution/1": "max_length"}),
            ("claims/", base | {"attribution": {"a": 1}}, {"/attribution": "not_a_list"}),
            ("claims/", base | {"headline": "h" * 76, "kind": "x"},
             {"/headline": "max_length", "/kind": "invalid_choice"}),
            ("claims/", base | {"statement": 5}, {"/statement": "invalid"}),
            ("claims/", base | {"stated_on": "2024-02-30"}, {"/stated_on": "invalid"}),
            ("claims/", base | {"assignee": "nobody-here"}, {"/assignee": "unknown"}),
            ("claims/", base | {"assignee": 10**30}, {"/assignee": "unknown"}),
            ("claims/", base | {"due_at": "0001-01-01T00:00:00+14:00"}, {"/due_at": "overflow"}),
            ("claims/", {}, dict.fromkeys(("/article", "/statement", "/kind", "/anchor"), "required")),
            ("claims/", [], {"": "invalid"}), ("claims/", "x", {"": "invalid"}),
            ("sources/", {"title": "T", "kind": "law", "tier": "primary", "sha256": "ABC"}, {"/sha256": "invalid"}),
            ("sources/", {"title": "T", "kind": "law", "tier": "primary", "url": "javascript:x"}, {"/url": "invalid"}),
            ("articles/", {"text": "", "media_type": "text/plain"}, {"/text": "empty"}),
            ("articles/", {"text": 5, "media_type": "text/plain"}, {"/text": "invalid"}),
            ("articles/", {"text": "a\0b", "media_type": "text/plain"}, {"/text": "bad_characters"}),
            ("articles/", {"text": "A.", "media_type": "text/plain", "republished_from": {"url": "x"}},
             {"/republished_from/url": "invalid"}),
            (f"articles/{at}/non-factual/", {"start": 0, "end": 1}, {"/start": "invalid"}),
        )  # fmt: skip
        for path, body, expected in cases:
            with self.subTest(f"{path} {str(body)[:150]}"):
                found = self.errors(path, body)
                self.assertEqual({at: found.get(at) for at in expected} if len(expected) == 1 else found, expected)
        self.assertEqual(Claim.objects.count() + Source.objects.count(), 0)

    def test_texts_that_are_not_read(self) -> None:
        unread = {"text": "A.", "media_type": "application/pdf"}
        self.assertEqual(self.errors("articles/", unread, 415), {"/media_type": "unsupported_media_type"})
        long = {"text": "A text. " * (2 * 1024 * 1024), "media_type": "text/plain"}
        self.assertEqual(self.errors("articles/", long, 413), {"/text": "too_long"})
        self.assertEqual(Article.objects.count(), 0)

    def test_bodies_out_of_bounds(self) -> None:
        raw: tuple[tuple[bytes, str, int, str], ...] = (
            (b"{", "application/json", 400, "parse_error"), (b"\xff", "application/json", 400, "parse_error"),
            (b"[" * 51 + b"]" * 51, "application/json", 400, "too_deep"),
            (b"[" * 100_000, "application/json", 400, "too_deep"),
            (b"1" * 5000, "application/json", 400, "parse_error"), (b"NaN", "application/json", 400, "parse_error"),
            (b"{}", "text/plain", 415, "unsupported_media_type"), (b"a=b", "multipart/form-data", 415, ""),
            (b"a=b", "application/x-www-form-urlencoded", 415, ""),
        )  # fmt: skip
        for body, kind, status, code in raw:
            with self.subTest(f"{body[:20]!r} {kind}"):
                answer = self.call(self.researcher, "POST", "sources/", body, status, content_type=kind).json()
                self.assertIn(answer["code"], (code, "unsupported_media_type"))
        with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100):
            self.post(self.researcher, "sources/", {"title": "t" * 101}, 413)

    def test_characters_that_no_text_has(self) -> None:
        by = self.researcher
        answer = self.call(by, "POST", "sources/", SURROGATE, 400, content_type="application/json").json()
        self.assertEqual([e["pointer"] for e in answer["errors"]], ["/title"])
        body = b'{"a~/b": ["x", {"c": "\\u0000"}], "\\udfff": 1}'
        answer = self.call(by, "POST", "sources/", body, 400, content_type="application/json").json()
        self.assertEqual({e["pointer"] for e in answer["errors"]}, {"/a~0~1b/1/c", ""})

    def test_anchors_that_fit_no_place_or_several(self) -> None:
        on = build.article("# T\n\nIt rained in May. It rained in May. It snowed in June.")
        body = {"article": on.pk, "statement": "S.", "kind": "event"}
        answer = self.post(self.researcher, "claims/", body | {"anchor": {"exact": "It rained in May."}}, 422)
        self.assertEqual((answer["code"], answer["total"], len(answer["candidates"])), ("quote_ambiguous", 2, 2))
        self.assertEqual(set(answer["candidates"][0]), {"start", "end", "exact", "prefix", "suffix"})
        answer = self.post(self.researcher, "claims/", body | {"anchor": {"exact": "It snowed in July."}}, 422)
        self.assertEqual((answer["code"], answer["nearest"]["exact"]), ("quote_not_found", "It snowed in June."))
        self.assertEqual(answer["errors"][0]["pointer"], "/anchor")
        answer = self.post(self.researcher, "claims/", body | {"anchor": {"start": 5, "end": 5000}}, 422)
        self.assertEqual(answer["code"], "offsets_out_of_range")
        made = self.post(self.researcher, "claims/", body | {"anchor": {"exact": "It snowed in June."}})
        answer = self.post(self.researcher, f"claims/{made['id']}/anchor/", {"exact": "It hailed."}, 422)
        self.assertEqual(answer["errors"][0]["pointer"], "")
        moved = self.post(self.researcher, f"claims/{made['id']}/anchor/", {"exact": "It snowed"}, 200)
        self.assertEqual((moved["anchor"]["exact"], moved["anchor"]["status"]), ("It snowed", "moved"))

    def test_refusals_are_data(self) -> None:
        claim = build.identified()
        answer = self.post(self.researcher, f"claims/{claim.pk}/steps/", {"step": "submit_for_review"}, 409)
        self.assertEqual([r["code"] for r in answer["refusals"]], ["not_from_this_state"])
        answer = self.post(build.person(Role.AUDITOR), f"claims/{claim.pk}/steps/", {"step": "triage"}, 403)
        self.assertEqual([r["code"] for r in answer["refusals"]], ["not_permitted"])
        path, needs = f"claims/{claim.pk}/steps/", {"/triage_reason": "invalid", "/note": "invalid"}
        self.assertEqual(self.errors(path, {"step": "set_aside"}), needs)
        self.assertEqual(self.errors(path, {"step": "triage", "reason": "x"}), {"/reason": "invalid"})
        self.assertEqual(self.errors(path, {"step": "fly"}), {"/step": "invalid_choice"})

    def test_two_at_once_are_told_to_try_again(self) -> None:
        error = OperationalError("deadlock detected")
        error.__cause__ = DeadlockDetected()
        with patch("claims.actions.sources.enter", side_effect=error):
            body = {"title": "T", "kind": "law", "tier": "primary"}
            self.assertEqual(self.post(self.researcher, "sources/", body, 409)["code"], "try_again")


class BadInput(ApiCase):
    """Every POST and PATCH of the schema, every field of its body, with bad values: never a 500."""

    VALUES = (
        None, True, -1, 2**31, 10**40, 1e308, " ", "x" * 30_000, "\u202e", [None], [2**63], {"exact": 5},
        {"start": -1, "end": 2**40}, "9999-12-31T23:59:59-14:00",
    )  # fmt: skip
    ALONE = (None, 10**40, "x" * 30_000)

    def test_every_field_with_every_bad_value(self) -> None:
        claim = build.claim(ClaimState.DISPUTED)
        published = build.published()
        ids = {"articles": claim.article_id, "claims": claim.pk, "publications": published.pk,
               "evidence": Evidence.objects.latest("pk").pk, "sources": Source.objects.latest("pk").pk}  # fmt: skip
        client = self.client_of(build.person(*Role, superuser=True))
        before = Verdict.objects.count()
        for path, methods in schema()["paths"].items():
            for method in {"post", "patch"} & set(methods):
                content = methods[method].get("requestBody", {}).get("content", {})
                if not content:
                    continue
                noun = path.split("/")[3]
                address = re.sub(r"\{\w+\}", str(ids.get(noun, 1)), path)
                fields = self.fields(content)
                bodies = [dict.fromkeys(fields, value) for value in self.VALUES]
                bodies += [{field: value} for field in fields for value in self.ALONE]
                for body in bodies:
                    answer = getattr(client, method)(address, body, HTTP_IF_MATCH="*")
                    with self.subTest(f"{method} {address} {str(body)[:80]!r}"):
                        self.assertLess(answer.status_code, 500)
                        self.assertIn(str(answer.status_code), methods[method]["responses"])
        self.assertEqual(Verdict.objects.count(), before)

    def fields(self, content: dict[str, Any]) -> list[str]:
        shape = content["application/json"]["schema"]
        name = shape["$ref"].rpartition("/")[2]
        return list(schema()["components"]["schemas"][name]["properties"])


class NoWords(TestCase):
    """Addresses outside the API are not its business."""

    def test_others_keep_their_own_pages(self) -> None:
        self.assertNotEqual(self.client.get("/nothing/").headers["Content-Type"], PROBLEM)
