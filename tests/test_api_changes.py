"""ETags, If-Match, tokens and sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from claims.choices import Role, Scope
from claims.models import ApiToken, AuditEvent
from tests import build
from tests.test_api_desk import ApiCase


class Changes(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.researcher, self.editor = build.the(Role.RESEARCHER), build.the(Role.EDITOR)
        self.claim = build.identified()
        self.path = f"claims/{self.claim.pk}/"

    def patch(self, by: Any, path: str, body: Any, expect: int = 200, tag: str | None = None) -> Any:
        extra = {} if tag is None else {"HTTP_IF_MATCH": tag}
        return self.call(by, "PATCH", path, body, expect, **extra)

    def tag(self, path: str, by: Any = None) -> str:
        return self.call(by or self.researcher, "GET", path).headers["ETag"]

    def test_a_change_needs_if_match_and_a_stale_one_is_refused(self) -> None:
        tag = self.tag(self.path)
        self.assertRegex(tag, r'^"[0-9a-f]{32}"$')
        self.patch(self.researcher, self.path, {"claimant": "A"}, 428)
        changed = self.patch(self.researcher, self.path, {"claimant": "A"}, tag=tag)
        self.assertEqual(changed.json()["claimant"], "A")
        self.assertEqual(changed.headers["ETag"], self.tag(self.path))
        self.patch(self.researcher, self.path, {"claimant": "B"}, 412, tag=tag)
        self.patch(self.researcher, self.path, {"claimant": "B"}, 412, tag=f"W/{changed.headers['ETag']}")
        self.patch(self.researcher, self.path, {"claimant": "C"}, tag=f'"x", {changed.headers["ETag"]}')
        self.assertEqual(self.get(self.researcher, self.path)["claimant"], "C")

    def test_what_depends_on_the_row_makes_the_tag_stale_too(self) -> None:
        tag = self.tag(self.path)
        build.cite(self.claim)
        self.patch(self.researcher, self.path, {"claimant": "A"}, 412, tag=tag)

    def test_every_mutable_record_is_changed_so(self) -> None:
        evidence = build.cite(self.claim)
        article = f"articles/{self.claim.article_id}/"
        due = "2030-01-01T00:00:00Z"
        cases: tuple[tuple[Any, str, dict[str, Any], dict[str, Any]], ...] = (
            (self.editor, article, {"title": "T", "republished_from": {"publisher": "P"}}, {"publisher": "P"}),
            (self.editor, article, {"republished_from": None, "lead": self.editor.pk, "due_at": due}, {}),
            (self.researcher, self.path, {"assignee": self.researcher.username, "topics": ["a", "b"]}, {}),
            (self.researcher, f"sources/{evidence.source_id}/", {"title": "Another", "confidential": False}, {}),
            (self.researcher, f"evidence/{evidence.pk}/", {"excerpt": "  As it is.\n", "note": "N"}, {}),
        )  # fmt: skip
        for by, path, body, _ in cases:
            with self.subTest(f"{path} {body}"):
                self.patch(by, path, body, 428)
                self.patch(by, path, {"nothing": 1}, 400, tag=self.tag(path, by))
                made = self.patch(by, path, body, tag=self.tag(path, by)).json()
                self.assertEqual(made, self.get(by, path))
        shown = self.get(self.editor, article)
        self.assertIsNone(shown["republished_from"])
        self.assertEqual((shown["lead"]["username"], shown["due_at"]), (self.editor.username, due))
        self.assertEqual(self.get(self.researcher, self.path)["topics"], ["a", "b"])
        self.assertEqual(self.get(self.researcher, f"evidence/{evidence.pk}/")["excerpt"], "  As it is.\n")

    def test_a_change_without_the_role_is_refused(self) -> None:
        reviewer = build.person(Role.REVIEWER)
        answer = self.patch(reviewer, self.path, {"claimant": "A"}, 403, tag=self.tag(self.path, reviewer)).json()
        self.assertEqual(answer["refusals"][0]["code"], "not_permitted")

    def test_not_modified(self) -> None:
        for path in (self.path, "claims/", f"articles/{self.claim.article_id}/coverage/", "me/"):
            with self.subTest(path):
                tag = self.tag(path)
                self.call(self.researcher, "GET", path, expect=304, HTTP_IF_NONE_MATCH=f'"x", W/{tag}')
                self.call(self.researcher, "GET", path, expect=200, HTTP_IF_NONE_MATCH='"x"')
        tag = self.tag("claims/")
        build.identified(self.claim.article, build.CLAIMS[1])
        self.call(self.researcher, "GET", "claims/", expect=200, HTTP_IF_NONE_MATCH=tag)

    def test_a_new_text_says_what_became_of_the_claims(self) -> None:
        text = "First, a word.\n\n" + build.TEXT
        at = f"articles/{self.claim.article_id}/"
        made = self.post(self.researcher, f"{at}revisions/", {"text": text, "media_type": "text/plain", "note": "New"})
        self.assertEqual(made["number"], 2)
        self.assertEqual(sum(made["reanchored"].values()), 1)
        self.assertEqual("".join(made["text"][b["start"] : b["end"]] for b in made["blocks"]), made["text"])
        again = {"text": text, "media_type": "text/plain"}
        refused = self.post(self.researcher, f"{at}revisions/", again, 409)
        self.assertEqual(refused["refusals"][0]["code"], "revision_is_a_new_text")

    def test_a_mark_is_taken_back(self) -> None:
        at, text = f"articles/{self.claim.article_id}/", self.claim.article.current_revision.text
        start = text.index(build.OPINION)
        mark = self.post(self.researcher, f"{at}non-factual/", {"start": start, "end": start + 3})["results"][0]
        self.call(self.researcher, "DELETE", f"{at}non-factual/{mark['id']}/", expect=204)
        self.assertEqual(self.get(self.editor, f"{at}non-factual/?standing=true")["results"], [])
        taken = self.get(self.editor, f"{at}non-factual/?standing=false")["results"][0]
        self.assertEqual(taken["taken_back_by"]["id"], self.researcher.pk)

    def test_evidence_is_withdrawn_with_a_reason(self) -> None:
        evidence = build.cite(self.claim)
        self.post(self.researcher, f"evidence/{evidence.pk}/withdraw/", {"reason": " "}, 400)
        gone = self.post(self.researcher, f"evidence/{evidence.pk}/withdraw/", {"reason": "A forgery."}, 200)
        self.assertEqual((gone["withdrawn"], gone["withdrawn_reason"]), (True, "A forgery."))
        self.post(self.researcher, f"evidence/{evidence.pk}/withdraw/", {"reason": "Again."}, 409)

    def test_an_article_is_withdrawn(self) -> None:
        at = f"articles/{self.claim.article_id}/steps/"
        steps = {s["step"]: s for s in self.get(self.editor, at)["results"]}
        self.assertTrue(steps["withdraw"]["allowed"])
        self.assertFalse(steps["publish"]["allowed"])
        self.post(self.editor, at, {"step": "publish", "reason": "x"}, 400)
        gone = self.post(self.editor, at, {"step": "withdraw", "reason": "Not ours."}, 200)
        self.assertEqual(gone["state"], "withdrawn")


class WaysIn(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.person = build.person(Role.RESEARCHER)

    def me(self, header: str) -> int:
        return APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=header).status_code

    def test_only_a_usable_token_opens(self) -> None:
        secret = self.token(self.person)
        self.assertEqual(self.me(f"Bearer {secret}"), 200)
        self.assertEqual(self.me(f"bearer  {secret} "), 200)
        for wrong in ("", "Bearer", "Bearer x", f"Bearer {secret}x", f"Token {secret}", "Bearer \xff", "Basic eDp5"):
            with self.subTest(wrong):
                self.assertEqual(self.me(wrong), 401)
        past = timezone.now() - timedelta(days=1)
        for change in ({"revoked_at": past}, {"created_at": past - timedelta(days=1), "expires_at": past}):
            with self.subTest(change):
                other = self.token(self.person)
                ApiToken.objects.filter(digest=ApiToken.digest_of(other)).update(**change)
                self.assertEqual(self.me(f"Bearer {other}"), 401)
        type(self.person).objects.filter(pk=self.person.pk).update(is_active=False)
        self.assertEqual(self.me(f"Bearer {secret}"), 401)

    def test_a_reading_token_does_not_write(self) -> None:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token(self.person, Scope.READ)}")
        self.assertEqual(client.get("/api/v1/me/").json()["token"]["scopes"], ["read"])
        answer = client.post("/api/v1/sources/", {"title": "T", "kind": "law", "tier": "primary"})
        self.assertEqual((answer.status_code, answer.json()["code"]), (403, "scope"))

    def test_its_use_is_noted_once_a_minute_and_leaves_no_event(self) -> None:
        secret = self.token(self.person)
        token = ApiToken.objects.get(digest=ApiToken.digest_of(secret))
        events = AuditEvent.objects.count()
        self.me(f"Bearer {secret}")
        first = ApiToken.objects.get(pk=token.pk).last_used_at
        self.me(f"Bearer {secret}")
        self.assertEqual(ApiToken.objects.get(pk=token.pk).last_used_at, first)
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=first - timedelta(seconds=61))
        self.me(f"Bearer {secret}")
        self.assertGreater(ApiToken.objects.get(pk=token.pk).last_used_at, first)
        self.assertEqual(AuditEvent.objects.count(), events)

    def test_a_session_reads_and_writes_only_with_its_csrf_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.person)
        self.assertIsNone(client.get("/api/v1/me/").json()["token"])
        body = {"title": "T", "kind": "law", "tier": "primary"}
        answer = client.post("/api/v1/sources/", body, content_type="application/json")
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (403, "application/problem+json"))
        client.get("/admin/login/")
        client.cookies["csrftoken"] = "a" * 32
        answer = client.post(
            "/api/v1/sources/", body, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
        )
        self.assertEqual(answer.status_code, 201)

    def test_answers_are_private_and_carry_the_request_id(self) -> None:
        answer = self.call(self.person, "GET", "sources/", HTTP_X_REQUEST_ID="walk-0001-abcd")
        self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")
        self.assertIn("Authorization", answer.headers["Vary"])
        self.assertEqual(answer.headers["X-Request-Id"], "walk-0001-abcd")
