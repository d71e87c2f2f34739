"""Programs: what their tokens are good for, how often they may call, and asking the same thing again."""

from __future__ import annotations

import io
import logging
import uuid
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from unittest import mock

from django.core.exceptions import ValidationError
from django.db import connection
from django.test import RequestFactory, SimpleTestCase, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from claims.actions import desk, publications, redaction
from claims.api.claims import ClaimDoor
from claims.choices import ClaimState, Role, Scope
from claims.models import ApiToken, Claim, KeptAnswer, Person, Publication, Source, Throttle, Verdict
from claims.models.desk import ALL_SCOPES, OF_ROLES, within
from claims.rules import Refused
from factcheck.addresses import address_of, neighbourhood
from factcheck.env import Rate
from tests import build, sealed  # noqa: F401 - publishing seals
from tests.test_api_desk import PROBLEM, ApiCase
from tests.transactional import as_owner

SOURCE = {"title": "A log", "kind": "document", "tier": "primary"}


class Scopes(ApiCase):
    def with_scopes(self, person: Person, *scopes: str) -> None:
        """From now on the person's program comes with a token of these scopes."""
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token(person, *scopes)}")
        self.clients[person.pk] = client

    def test_each_permission_of_the_desk_is_within_some_scope_and_not_within_all(self) -> None:
        for code in OF_ROLES - {"view_confidential"}:
            with self.subTest(code):
                reach = {scope for scope in ALL_SCOPES if within([scope], code)}
                self.assertTrue(reach)
                self.assertNotIn(Scope.READ, reach)
        self.assertTrue(within([Scope.READ], "view_confidential"))
        self.assertEqual([s for s in ALL_SCOPES if within([s], "change_person")], [Scope.EDIT])
        self.assertEqual([s for s in ALL_SCOPES if within([s], "judge")], [Scope.REVIEW])
        self.assertEqual([s for s in ALL_SCOPES if within([s], "publish")], [Scope.PUBLISH])

    def test_a_token_does_what_its_scopes_and_its_persons_roles_both_include(self) -> None:
        both = build.person(Role.RESEARCHER, Role.REVIEWER)
        claim = build.identified()
        self.with_scopes(both, Scope.REVIEW)
        refused = self.call(both, "POST", f"claims/{claim.pk}/steps/", {"step": "triage"}, 403).json()
        self.assertEqual(refused["refusals"][0]["code"], "not_permitted")
        self.assertIn("The scopes of your token do not include this", refused["detail"])
        offered = self.get(both, f"claims/{claim.pk}/steps/")["results"]
        self.assertFalse(next(step for step in offered if step["step"] == "triage")["allowed"])
        me = self.get(both, "me/")
        self.assertIn("claims.judge", me["permissions"])
        self.assertNotIn("claims.triage", me["permissions"])
        self.with_scopes(both, Scope.RESEARCH)
        self.call(both, "POST", f"claims/{claim.pk}/steps/", {"step": "triage"})
        self.with_scopes(both, Scope.EDIT, Scope.PUBLISH)
        refused = self.call(both, "POST", f"articles/{claim.article_id}/publications/", {}, 403).json()
        self.assertIn("Your roles do not include this", refused["detail"])

    def test_reading_and_auditing_write_nothing_and_only_auditing_reads_the_record(self) -> None:
        auditor = build.person(Role.AUDITOR)
        for scopes, record in (((Scope.READ,), 403), ((Scope.READ, Scope.AUDIT), 200)):
            with self.subTest(scopes):
                self.with_scopes(auditor, *scopes)
                self.assertEqual(self.call(auditor, "POST", "sources/", SOURCE, 403).json()["code"], "scope")
                self.call(auditor, "GET", "audit-events/", expect=record)
                self.call(auditor, "GET", "claims/")

    def test_a_superusers_token_keeps_to_its_scopes(self) -> None:
        root = build.person(superuser=True)
        self.with_scopes(root, Scope.RESEARCH)
        self.call(root, "POST", "sources/", SOURCE, 201)
        self.call(root, "GET", "audit-events/", expect=403)

    def test_a_narrow_token_makes_no_watcher_of_who_may_judge(self) -> None:
        """Blind verdicts are open to auditors who may not judge: leaving the scope of judging away changes nothing."""
        claim = build.claim(ClaimState.IN_REVIEW)
        build.verdict(claim, "true")
        watcher, both = build.person(Role.AUDITOR), build.person(Role.AUDITOR, Role.REVIEWER)
        self.with_scopes(watcher, Scope.AUDIT)
        self.assertEqual(len(self.get(watcher, "verdicts/")["results"]), 1)
        self.with_scopes(both, Scope.AUDIT)
        self.assertEqual(self.get(both, "verdicts/")["results"], [])
        self.assertEqual(self.get(both, "audit-events/?object_type=verdict")["results"], [])

    def test_confidential_sources_are_shown_to_whom_their_role_shows_them(self) -> None:
        build.cite(build.claim(ClaimState.RESEARCHING), source=build.source(confidential=True))
        for role, count in ((Role.REVIEWER, 1), (Role.PUBLISHER, 0)):
            with self.subTest(role):
                person = build.person(role)
                self.with_scopes(person, Scope.READ)
                self.assertEqual(len(self.get(person, "sources/")["results"]), count)

    def test_a_token_makes_no_other(self) -> None:
        person = build.person(Role.EDITOR)
        person.scopes = {Scope.EDIT}
        with self.assertRaises(Refused) as refused:
            desk.issue_token(person=person, by=person)
        self.assertEqual(refused.exception.refusals[0].code, "token_is_made_in_person")

    def test_bad_scopes_and_networks_are_refused_by_field(self) -> None:
        person = build.person(Role.EDITOR)
        for given in ({"scopes": ["write"]}, {"scopes": []}, {"scopes": ["calendar", "read"]}):
            with self.subTest(given), self.assertRaises(ValidationError) as wrong:
                desk.issue_token(person=person, by=None, **given)
            self.assertIn("scopes", wrong.exception.message_dict)
        for network in ("10.0.0.1/8", "here", "10.0.0.0/33", ""):
            with self.subTest(network), self.assertRaises(ValidationError) as wrong:
                desk.issue_token(person=person, by=None, networks=[network])
            self.assertIn("networks", wrong.exception.message_dict)

    def test_a_token_is_used_from_its_networks_alone(self) -> None:
        secret = desk.issue_token(person=build.person(Role.EDITOR), by=None, networks=["10.1.0.0/16", "2001:db8::/32"])[
            1
        ]
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        for address, status in (("10.1.2.3", 200), ("10.2.0.1", 401), ("2001:db8::7", 200), ("", 401)):
            with self.subTest(address):
                answer = client.get("/api/v1/me/", REMOTE_ADDR=address)
                self.assertEqual(answer.status_code, status)
        self.assertIn("not to be used from", answer.json()["detail"])


class Addresses(SimpleTestCase):
    def of(self, peer: str, forwarded: str = "") -> str:
        return address_of(RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded))

    def test_what_is_forwarded_is_believed_of_a_trusted_proxy_alone(self) -> None:
        self.assertEqual(self.of("203.0.113.9", "10.9.9.9"), "203.0.113.9")
        with override_settings(TRUSTED_PROXIES=(ip_network("10.0.0.0/8"),)):
            self.assertEqual(self.of("10.0.0.1", "192.0.2.66, 203.0.113.9, 10.0.0.2"), "203.0.113.9")
            self.assertEqual(self.of("203.0.113.9", "192.0.2.66"), "203.0.113.9")
            self.assertEqual(self.of("", "203.0.113.9"), "203.0.113.9")
            self.assertEqual(self.of("10.0.0.1"), "")

    def test_an_ipv6_host_is_its_network(self) -> None:
        self.assertEqual(neighbourhood("2001:db8:1:2:3::4"), "2001:db8:1:2::/64")
        self.assertEqual(neighbourhood("::ffff:203.0.113.9"), "203.0.113.9")
        self.assertEqual(neighbourhood("203.0.113.9"), "203.0.113.9")
        self.assertEqual(neighbourhood("no address"), "")


class Throttles(ApiCase):
    def statuses(self, client: APIClient, times: int, **extra: Any) -> list[int]:
        return [client.get("/api/v1/me/", **extra).status_code for _ in range(times)]

    @override_settings(API_TOKEN_RATE=Rate(3, 3600))
    def test_a_token_that_calls_too_often_waits_and_another_does_not(self) -> None:
        person = build.person(Role.EDITOR)
        self.assertEqual(self.statuses(self.client_of(person), 4), [200, 200, 200, 429])
        answer = self.call(person, "GET", "claims/", expect=429)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 1200)
        self.assertGreater(int(answer.headers["Retry-After"]), 1100)
        del self.clients[person.pk]
        self.assertEqual(self.statuses(self.client_of(person), 1), [200])

    @override_settings(API_TOKEN_RATE=Rate(2, 3600))
    def test_the_bucket_empties_as_time_goes_by(self) -> None:
        client = self.client_of(build.person(Role.EDITOR))
        self.assertEqual(self.statuses(client, 3), [200, 200, 429])
        bucket = Throttle.objects.get(bucket__startswith="token ")
        Throttle.objects.update(empty_at=bucket.empty_at - timedelta(seconds=1801))
        self.assertEqual(self.statuses(client, 2), [200, 429])

    @override_settings(API_ADDRESS_RATE=Rate(3, 3600))
    def test_an_address_is_counted_whoever_calls_from_it_and_guessing_is_no_way_round(self) -> None:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION="Bearer fc_guess")
        self.assertEqual(self.statuses(client, 4, REMOTE_ADDR="192.0.2.1"), [401, 401, 401, 429])
        self.assertEqual(self.statuses(APIClient(), 1, REMOTE_ADDR="192.0.2.1"), [429])
        known = self.client_of(build.person(Role.EDITOR))
        self.assertEqual(self.statuses(known, 1, REMOTE_ADDR="192.0.2.1"), [429])
        self.assertEqual(self.statuses(known, 1, REMOTE_ADDR="192.0.2.2"), [200])

    @override_settings(API_TOKEN_RATE=Rate(1, 3600))
    def test_what_is_refused_is_not_done_and_not_counted(self) -> None:
        person = build.person(Role.RESEARCHER)
        self.call(person, "POST", "sources/", SOURCE, 201)
        for _ in range(3):
            self.call(person, "POST", "sources/", SOURCE, 429)
        self.assertEqual(Source.objects.count(), 1)
        bucket = Throttle.objects.get(bucket__startswith="token ")
        self.assertLess(bucket.empty_at, timezone.now() + timedelta(seconds=3601))

    def test_one_statement_finds_the_token_its_person_and_what_they_may(self) -> None:
        client = self.client_of(build.person(Role.EDITOR))
        client.get("/api/v1/rating-scales/")
        with self.assertNumQueries(3):  # who it is; the scales and their ratings
            client.get("/api/v1/rating-scales/")


class AskedAgain(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.researcher, self.key = build.the(Role.RESEARCHER), str(uuid.uuid4())

    def send(self, path: str, body: Any, expect: int, key: str | None = None, by: Person | None = None) -> Any:
        key = self.key if key is None else key
        return self.call(by or self.researcher, "POST", path, body, expect, HTTP_IDEMPOTENCY_KEY=key)

    def test_it_is_done_once_and_answered_the_same(self) -> None:
        first = self.send("sources/", SOURCE, 201)
        again = self.send("sources/", SOURCE, 201, key=f'"{self.key}"')
        self.assertEqual(first.content, again.content)
        self.assertEqual(first.headers["Location"], again.headers["Location"])
        self.assertEqual(first.headers["Content-Type"], again.headers["Content-Type"])
        self.assertNotIn("Idempotency-Replayed", first.headers)
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(Source.objects.count(), 1)
        self.call(self.researcher, "GET", first.headers["Location"])

    def test_the_answer_is_the_first_one_whatever_has_happened_since(self) -> None:
        first = self.send("sources/", SOURCE, 201)
        Source.objects.update(title="Another")
        self.assertEqual(self.send("sources/", SOURCE, 201).content, first.content)

    def test_another_request_under_the_key_is_refused(self) -> None:
        self.send("sources/", SOURCE, 201)
        for path, body in (("sources/", SOURCE | {"title": "B"}), ("claims/", SOURCE)):
            with self.subTest(path):
                self.assertEqual(self.send(path, body, 422).json()["code"], "key_reused")
        self.assertEqual(Source.objects.count(), 1)

    def test_a_key_is_its_persons(self) -> None:
        self.send("sources/", SOURCE, 201)
        self.send("sources/", SOURCE, 201, by=build.person(Role.RESEARCHER))
        self.assertEqual(Source.objects.count(), 2)

    def test_what_was_refused_is_looked_at_anew(self) -> None:
        self.send("sources/", {"title": "A log"}, 400)
        self.send("sources/", SOURCE, 201)
        claim = build.claim(ClaimState.RESEARCHING)
        step = f"claims/{claim.pk}/steps/"
        self.send(step, {"step": "submit_for_review"}, 409, key="submit")
        build.cite(claim)
        body = {"step": "submit_for_review", "none_contradicting": "Two archives."}
        self.send(step, body, 200, key="submit")
        self.assertEqual(self.send(step, body, 200, key="submit").json()["state"], "in_review")

    def test_a_step_and_a_verdict_are_taken_once(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        reviewer = build.person(Role.REVIEWER)
        body = {"claim": claim.pk, "rating": "true", "rationale": "So.", "confidence": "low"}
        first = self.send("verdicts/", body, 201, by=reviewer)
        self.assertEqual(self.send("verdicts/", body, 201, by=reviewer).content, first.content)
        self.assertEqual(Verdict.objects.filter(superseded_by__isnull=True).count(), 1)

    def test_a_bad_key_is_named(self) -> None:
        for key in ("", " ", "a\x7fb", "x" * 256, '""'):
            with self.subTest(key):
                problem = self.send("sources/", SOURCE, 400, key=key).json()
                self.assertEqual(problem["code"], "bad_key")
                self.assertIn("Idempotency-Key", problem["detail"])
        self.assertEqual(Source.objects.count(), 0)

    def test_after_a_day_the_key_is_free_and_what_was_kept_is_gone(self) -> None:
        self.send("sources/", SOURCE, 201)
        self.send("sources/", SOURCE, 201, key="another")
        KeptAnswer.objects.update(began_at=timezone.now() - timedelta(hours=24, seconds=1))
        self.send("sources/", SOURCE | {"title": "B"}, 201)
        self.assertEqual(KeptAnswer.objects.count(), 1)

    def test_neither_the_key_nor_the_answer_can_be_read_where_they_are_kept(self) -> None:
        text = "Nobody outside shall read this."
        self.send("sources/", SOURCE | {"title": text}, 201)
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(k)::text, body FROM claims_keptanswer k")
            row, body = cursor.fetchone()
        self.assertNotIn(self.key, row)
        self.assertNotIn(text, row)
        self.assertNotIn(text.encode(), bytes(body))

    def test_what_an_erasure_took_is_not_told_again_and_not_done_again(self) -> None:
        made = self.send("sources/", SOURCE, 201).json()
        with as_owner():
            redaction.redact(
                kind="source", object_id=made["id"], field="title", basis="GDPR 17", by=build.the("editor")
            )
        self.assertEqual([bytes(kept.body) for kept in KeptAnswer.objects.all()], [b""])
        self.assertEqual(self.send("sources/", SOURCE, 409).json()["code"], "answer_gone")
        self.assertEqual(Source.objects.count(), 1)

    def test_a_failure_of_the_server_keeps_nothing(self) -> None:
        self.client_of(self.researcher).raise_request_exception = False
        full = mock.patch("claims.api.sources.SourceDoor.made", side_effect=RuntimeError("the disk is full"))
        with full, self.assertLogs("django.request", "ERROR"):
            answer = self.client_of(self.researcher).post("/api/v1/sources/", SOURCE, HTTP_IDEMPOTENCY_KEY="k")
        self.assertEqual(answer.status_code, 500)
        self.assertEqual((Source.objects.count(), KeptAnswer.objects.count()), (0, 0))
        self.send("sources/", SOURCE, 201, key="k")


class PublishedAgain(ApiCase):
    """Publishing is work of two transactions and of the sealer between them."""

    def setUp(self) -> None:
        super().setUp()
        self.article = build.signed_off().article
        self.publisher = build.person(Role.PUBLISHER)
        self.path = f"articles/{self.article.pk}/publications/"

    def send(self, expect: int = 201) -> Any:
        return self.call(self.publisher, "POST", self.path, {}, expect, HTTP_IDEMPOTENCY_KEY="publish it")

    def crash(self, where: str) -> None:
        """The process ends there: nothing after it is run, no answer is kept."""
        with mock.patch(where, side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.send()

    def test_it_is_published_once(self) -> None:
        first = self.send()
        again = self.send()
        self.assertEqual((first.content, again.headers["Idempotency-Replayed"]), (again.content, "true"))
        self.assertEqual(Publication.objects.count(), 1)

    def test_a_crash_before_readers_saw_it_is_taken_up(self) -> None:
        self.crash("claims.actions.publications.show")
        self.assertEqual(Publication.objects.get().state, "waiting")
        self.assertEqual(self.send().json()["state"], "live")
        self.assertEqual(Publication.objects.count(), 1)

    def test_a_crash_between_the_last_commit_and_the_answer_is_answered_as_it_would_have_been(self) -> None:
        self.crash("claims.api.publications.ArticlePublicationDoor.made")
        self.assertEqual(Publication.objects.get().state, "live")
        answered = self.send().json()
        self.assertEqual((answered["state"], answered["version"]), ("live", 1))
        self.assertEqual(self.send().headers["Idempotency-Replayed"], "true")
        self.assertEqual(Publication.objects.count(), 1)

    def test_a_refusal_leaves_the_key_free(self) -> None:
        with mock.patch.object(publications, "publish", side_effect=Refused([])):
            self.send(409)
        self.assertEqual(KeptAnswer.objects.count(), 0)
        self.send()


class Headers(ApiCase):
    def test_the_current_version_comes_with_a_412(self) -> None:
        person, claim = build.the(Role.RESEARCHER), build.identified()
        path = f"claims/{claim.pk}/"
        problem = self.call(person, "PATCH", path, {"claimant": "A"}, 412, HTTP_IF_MATCH='"old"')
        self.assertEqual(problem.json()["current"], self.get(person, path))
        changed = self.call(person, "PATCH", path, {"claimant": "A"}, HTTP_IF_MATCH=problem.headers["ETag"])
        self.assertEqual(changed.json()["claimant"], "A")

    def test_pages_are_linked(self) -> None:
        person = build.the(Role.RESEARCHER)
        build.settled()
        self.assertGreaterEqual(Claim.objects.count(), 2)
        first = self.call(person, "GET", "claims/?page_size=1")
        self.assertEqual(first.headers["Link"], f'<{first.json()["next"]}>; rel="next"')
        second = self.call(person, "GET", first.json()["next"])
        self.assertIn(f'<{second.json()["previous"]}>; rel="prev"', second.headers["Link"])
        self.assertNotIn("Link", self.call(person, "GET", "claims/").headers)

    def test_who_takes_no_json_is_told_so_in_json(self) -> None:
        person = build.the(Role.RESEARCHER)
        for accept in ("text/html", "application/json;q=0", "application/xml, text/*", "*/*; q=0.0"):
            with self.subTest(accept):
                self.call(person, "GET", "claims/", expect=406, HTTP_ACCEPT=accept)
        for accept in ("", "*/*", "text/html, */*;q=0.8", "application/*", "APPLICATION/JSON; charset=utf-8"):
            with self.subTest(accept):
                self.call(person, "GET", "claims/", HTTP_ACCEPT=accept)

    def test_a_new_row_says_where_it_is_read(self) -> None:
        person = build.the(Role.RESEARCHER)
        made = self.call(person, "POST", "articles/", {"text": build.TEXT, "media_type": "text/markdown"}, 201)
        article = self.call(person, "GET", made.headers["Location"]).json()
        self.assertEqual(article["id"], made.json()["id"])
        body = {"text": build.TEXT + "\nMore.\n", "media_type": "text/markdown"}
        made = self.call(person, "POST", f"articles/{article['id']}/revisions/", body, 201)
        self.assertEqual(self.call(person, "GET", made.headers["Location"]).json()["number"], 2)

    def test_the_key_of_a_token_is_shown_with_what_it_is_good_for(self) -> None:
        person = build.the(Role.RESEARCHER)
        token = self.get(person, "me/")["token"]
        self.assertEqual(token["scopes"], [str(scope) for scope in ALL_SCOPES])
        self.assertEqual(ApiToken.objects.get(pk=token["id"]).networks, "")

    def test_a_line_of_the_log_bears_the_id_of_its_request(self) -> None:
        client = self.client_of(build.the(Role.RESEARCHER))
        client.raise_request_exception = False
        written = io.StringIO()
        console = logging.getLogger().handlers[0]
        self.assertIsInstance(console, logging.StreamHandler)
        with (
            mock.patch.object(console, "stream", written),
            mock.patch.object(ClaimDoor, "keys", side_effect=RuntimeError),
        ):
            answer = client.get("/api/v1/claims/", HTTP_X_REQUEST_ID="nightly-import-7")
        self.assertEqual((answer.status_code, answer.headers["X-Request-Id"]), (500, "nightly-import-7"))
        self.assertEqual((answer.headers["Content-Type"], answer.json()["code"]), (PROBLEM, "server_error"))
        self.assertIn("ERROR django.request [nightly-import-7] Internal Server Error", written.getvalue())
