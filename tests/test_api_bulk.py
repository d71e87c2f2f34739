"""What is asked for besides plain rows: rows expanded, kept filters, many at once, and whole lists as streams."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from unittest import mock

from rest_framework.test import APIClient

from claims.actions import desk
from claims.api import exporting
from claims.api.sources import SourceDoor
from claims.choices import ClaimState, Role
from claims.models import ApiToken, AuditEvent, Claim, Evidence, Person, SavedFilter
from tests import build
from tests.test_api_desk import ApiCase


class Expanding(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.person = build.the(Role.RESEARCHER)
        self.claim = build.claim(ClaimState.DECIDED)
        self.evidence = Evidence.objects.filter(claim=self.claim).first()

    def test_the_rows_that_are_named_come_along_as_they_are_by_themselves(self) -> None:
        assert self.evidence is not None
        shown = self.get(self.person, f"evidence/{self.evidence.pk}/?expand=claim,source")
        self.assertEqual(shown["claim"], self.claim.pk)
        self.assertEqual(shown["expanded"]["claim"], self.get(self.person, f"claims/{self.claim.pk}/"))
        self.assertEqual(shown["expanded"]["source"], self.get(self.person, f"sources/{self.evidence.source_id}/"))
        self.assertNotIn("expanded", self.get(self.person, f"evidence/{self.evidence.pk}/"))

    def test_a_list_looks_each_kind_up_once(self) -> None:
        for rows in (1, 3):
            with self.subTest(rows=rows):
                while Claim.objects.count() < rows:
                    build.identified(build.article())
                client = self.client_of(self.person)
                client.get("/api/v1/claims/?expand=article,duplicate_of")
                with self.assertNumQueries(5):  # who asks, which claims, what they are, people, articles
                    answer = client.get("/api/v1/claims/?expand=article,duplicate_of")
                self.assertTrue(all(row["expanded"]["article"] for row in answer.json()["results"]))
                self.assertTrue(all(row["expanded"]["duplicate_of"] is None for row in answer.json()["results"]))

    def test_what_somebody_may_not_see_is_null(self) -> None:
        first = build.source(confidential=True)
        second = build.source(derived_from=first)
        for role, seen in ((Role.RESEARCHER, True), (Role.PUBLISHER, False)):
            with self.subTest(role):
                shown = self.get(build.the(role), f"sources/{second.pk}/?expand=derived_from&fields=id")
                self.assertEqual(shown["expanded"]["derived_from"] is not None, seen)

    def test_wrong_names_are_named(self) -> None:
        for path in (f"claims/{self.claim.pk}/?expand=statement", "claims/?expand=article,nothing"):
            with self.subTest(path):
                wrong = self.call(self.person, "GET", path, expect=400).json()["errors"][0]
                self.assertEqual(wrong["parameter"], "expand")
        self.call(self.person, "GET", "rating-scales/?expand=article", expect=400)


class Saved(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada, self.ben = build.person(Role.EDITOR), build.person(Role.RESEARCHER)
        build.claim(ClaimState.DECIDED)
        build.identified(build.article())
        self.body = {"list": "claims", "slug": "decided-ones", "query": "state=decided&ordering=-due_at"}

    def keep(self, expect: int = 201, by: Person | None = None, **more: Any) -> Any:
        return self.post(by or self.ada, "saved-filters/", self.body | more, expect)

    def test_a_list_is_asked_for_by_the_name(self) -> None:
        self.keep()
        given = self.get(self.ada, "claims/?state=decided&ordering=-due_at")["results"]
        self.assertEqual(self.get(self.ada, "claims/?saved=decided-ones")["results"], given)
        self.assertEqual(len(given), 1)
        other = self.get(self.ada, "claims/?saved=decided-ones&state=identified")["results"]
        self.assertEqual([row["state"] for row in other], ["identified"])

    def test_pages_of_it_follow_one_another(self) -> None:
        build.claim(ClaimState.DECIDED, build.article())
        self.keep()
        first = self.get(self.ada, "claims/?saved=decided-ones&page_size=1")
        second = self.get(self.ada, first["next"])
        self.assertEqual({row["state"] for row in first["results"] + second["results"]}, {"decided"})
        self.assertIsNone(second["next"])

    def test_it_is_its_owners_unless_shared(self) -> None:
        made = self.keep()
        self.call(self.ben, "GET", "claims/?saved=decided-ones", expect=400)
        self.call(self.ben, "GET", f"saved-filters/{made['id']}/", expect=404)
        etag = self.call(self.ada, "GET", f"saved-filters/{made['id']}/").headers["ETag"]
        self.call(self.ada, "PATCH", f"saved-filters/{made['id']}/", {"shared": True}, HTTP_IF_MATCH=etag)
        self.assertEqual(len(self.get(self.ben, "claims/?saved=decided-ones")["results"]), 1)
        self.call(self.ben, "DELETE", f"saved-filters/{made['id']}/", expect=409)
        self.keep(by=self.ben, query="state=identified")
        self.assertEqual(self.get(self.ben, "claims/?saved=decided-ones")["results"][0]["state"], "identified")
        self.keep(409, by=self.ben, query="state=identified")
        self.call(self.ada, "DELETE", f"saved-filters/{made['id']}/", expect=204)
        self.call(self.ada, "GET", "claims/?saved=decided-ones", expect=400)
        self.assertEqual(SavedFilter.objects.count(), 1)
        kept = AuditEvent.objects.filter(object_type="savedfilter", action="filter.discard")
        self.assertEqual(kept.count(), 1)

    def test_what_the_list_would_not_take_is_refused_when_it_is_kept(self) -> None:
        for query in (
            "state=nowhere",
            "colour=red",
            "ordering=colour",
            "cursor=x",
            "saved=x",
            "state=decided&state=disputed",
        ):
            with self.subTest(query):
                self.assertEqual(self.keep(400, query=query)["errors"][0]["pointer"], "/query")
        self.keep(400, slug="Not a slug")
        self.keep(400, list="me")
        self.assertFalse(SavedFilter.objects.exists())


class ManyAtOnce(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.person, self.article = build.the(Role.RESEARCHER), build.article()
        self.items = [
            {"article": self.article.pk, "statement": quote, "kind": "event", "anchor": {"exact": quote}}
            for quote in build.CLAIMS
        ]

    def test_all_are_made_in_order(self) -> None:
        made = self.post(self.person, "claims/bulk/", {"items": self.items})["results"]
        self.assertEqual([row["statement"] for row in made], list(build.CLAIMS))
        self.assertEqual([row["code"] for row in made], [f"C{n + 1}" for n in range(len(made))])
        source = build.source()
        cited = [{"claim": row["id"], "source": source.pk, "stance": "corroborates", "excerpt": "So."} for row in made]
        answer = self.post(self.person, "evidence/bulk/", {"items": cited})["results"]
        self.assertEqual([row["claim"] for row in answer], [row["id"] for row in made])

    def test_one_that_cannot_be_made_stops_all_and_each_is_answered_for(self) -> None:
        items = [
            *self.items,
            {**self.items[0], "anchor": {"exact": "Nowhere in it."}},
            {**self.items[0], "kind": "colour"},
        ]
        problem = self.post(self.person, "claims/bulk/", {"items": items}, 422)
        self.assertEqual(problem["code"], "items_refused")
        told = [item["problem"] and item["problem"]["status"] for item in problem["items"]]
        self.assertEqual(told, [None] * len(self.items) + [422, 400])
        self.assertEqual(problem["items"][-1]["problem"]["errors"][0]["pointer"], f"/items/{len(items) - 1}/kind")
        self.assertEqual(Claim.objects.count(), 0)

    def test_the_body_is_bounded(self) -> None:
        for body in ([], {"items": []}, {"items": [{}] * 101}, {"items": {}}, {"items": [{}], "more": 1}):
            with self.subTest(str(body)[:40]):
                self.post(self.person, "claims/bulk/", body, 400)

    def test_asked_again_under_a_key_it_is_done_once(self) -> None:
        for _ in range(2):
            self.call(self.person, "POST", "claims/bulk/", {"items": self.items}, 201, HTTP_IDEMPOTENCY_KEY="k")
        self.assertEqual(Claim.objects.count(), len(self.items))


class Exporting(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.person, self.claim = build.the(Role.RESEARCHER), build.claim(ClaimState.DECIDED)

    def stream(self, path: str, by: Person | None = None, **extra: Any) -> Any:
        answer = self.client_of(by or self.person).get(f"/api/v1/{path}", **extra)
        self.assertEqual(answer.status_code, 200)
        return answer

    def text(self, path: str, by: Person | None = None) -> str:
        return b"".join(self.stream(path, by).streaming_content).decode()

    def test_json_lines_are_the_rows_of_the_list(self) -> None:
        build.identified(build.article())
        lines = [json.loads(line) for line in self.text("claims/export/?format=jsonl").splitlines()]
        self.assertEqual(lines, self.get(self.person, "claims/")["results"])
        lines = [
            json.loads(line) for line in self.text("claims/export/?format=jsonl&state=decided&fields=id").splitlines()
        ]
        self.assertEqual(lines, [{"id": self.claim.pk}])

    def test_csv_has_a_row_of_names_and_spreads_objects_out(self) -> None:
        answer = self.stream("claims/export/")
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn('filename="claims.csv"', answer.headers["Content-Disposition"])
        rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
        self.assertEqual(rows[0]["decision.rating"], "true")
        self.assertEqual(rows[0]["anchor.exact"], build.CLAIMS[0])
        self.assertEqual(rows[0]["created_by"], build.the(Role.RESEARCHER).username)
        self.assertEqual(rows[0]["evidence_counts.corroborates"], "1")
        self.assertEqual(rows[0]["assignee"], "")
        rows = list(csv.DictReader(io.StringIO(self.text("claims/export/?state=identified"))))
        self.assertEqual(rows, [])

    def test_no_cell_is_run_by_a_spreadsheet(self) -> None:
        for bad in ("=1+1", "+1", "-1", "@SUM(1)", "\tx", "\rx"):
            source = build.source(title="Plain")
            type(source).objects.filter(pk=source.pk).update(title=bad)
            with self.subTest(bad):
                rows = list(csv.DictReader(io.StringIO(self.text("sources/export/?fields=id,title"), newline="")))
                self.assertEqual(rows[0]["title"], f"'{bad}")

    def test_it_shows_no_more_than_the_list(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW, build.article())
        build.verdict(claim, "false")
        self.assertNotIn('"false"', self.text("verdicts/export/?format=jsonl"))
        build.source(title="Under the rose", confidential=True)
        self.assertIn("Under the rose", self.text("sources/export/"))
        self.assertNotIn("Under the rose", self.text("sources/export/", build.the(Role.PUBLISHER)))
        self.call(build.the(Role.REVIEWER), "GET", "audit-events/export/", expect=403)
        self.assertIn("claim.identify", self.text("audit-events/export/", build.the(Role.AUDITOR)))

    def test_every_list_that_is_exported_gives_what_it_lists(self) -> None:
        root = build.person(superuser=True)
        everything = ("articles", "claims", "sources", "evidence", "verdicts", "decisions", "publications",
                      "corrections", "audit-events", "contacts")  # fmt: skip
        for place in everything:
            with self.subTest(place):
                lines = [json.loads(line) for line in self.text(f"{place}/export/?format=jsonl", root).splitlines()][
                    :50
                ]
                self.assertEqual(lines, self.get(root, f"{place}/")["results"])

    def test_wrong_parameters_are_told_before_anything_is_sent(self) -> None:
        for query in ("format=xml", "fields=colour", "ordering=colour", "state=nowhere", "page_size=3"):
            with self.subTest(query):
                self.call(self.person, "GET", f"claims/export/?{query}", expect=400)
        self.call(self.person, "GET", "claims/export/", expect=406, HTTP_ACCEPT="text/html")
        self.stream("claims/export/", HTTP_ACCEPT="text/csv")

    def test_rows_are_read_as_the_stream_is(self) -> None:
        for _ in range(7):
            build.source()
        sizes: list[int] = []
        shown = SourceDoor.shown

        def counted(door: SourceDoor, rows: Any, many: bool = False) -> Any:
            sizes.append(len(rows))
            return shown(door, rows, many)

        with mock.patch.object(exporting, "CHUNK", 3), mock.patch.object(SourceDoor, "shown", counted):
            chunks = iter(self.stream("sources/export/?format=jsonl").streaming_content)
            sizes.clear()
            self.assertEqual(next(chunks).count(b"\n"), 3)
            self.assertEqual(sizes, [3])
            self.assertEqual(sum(chunk.count(b"\n") for chunk in chunks), 5)
            self.assertEqual(sizes, [3, 3, 2])


class Tokens(ApiCase):
    def test_they_are_made_in_person_listed_and_revoked(self) -> None:
        person = build.person(Role.EDITOR)
        refused = self.post(person, "me/tokens/", {"name": "another"}, 409)
        self.assertEqual(refused["refusals"][0]["code"], "token_is_made_in_person")
        client = APIClient()
        client.force_login(person)
        made = client.post(
            "/api/v1/me/tokens/", {"name": "nightly", "scopes": ["read"], "networks": ["10.0.0.0/8"]}
        ).json()
        self.assertEqual((made["scopes"], made["networks"]), (["read"], ["10.0.0.0/8"]))
        self.assertEqual(ApiToken.objects.get(pk=made["id"]).digest, ApiToken.digest_of(made["secret"]))
        listed = self.get(person, "me/tokens/")["results"]
        self.assertEqual(len(listed), 2)
        self.assertNotIn("secret", listed[0])
        self.call(person, "POST", f"me/tokens/{made['id']}/revoke/", {})
        self.assertEqual(len(self.get(person, "me/tokens/?revoked=false")["results"]), 1)
        theirs, _ = desk.issue_token(person=build.person(Role.EDITOR), by=None)
        self.call(person, "POST", f"me/tokens/{theirs.pk}/revoke/", {}, 404)

    def test_wrong_networks_are_named(self) -> None:
        client = APIClient()
        client.force_login(build.person(Role.EDITOR))
        problem = client.post("/api/v1/me/tokens/", {"networks": ["here"]}).json()
        self.assertEqual((problem["status"], problem["errors"][0]["pointer"]), (400, "/networks"))
