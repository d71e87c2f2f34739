"""Lists: the same number of queries for any number of rows; pages, filters, orders, search and sparse fields."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from claims.actions import articles, corrections, publications, steps
from claims.api.docs import schema
from claims.choices import Role, Stance, Tier
from claims.importers import intake
from claims.models import Article, Claim, Person, Publication, RatingScale
from claims.publishing.snapshot import build as snapshot
from tests import build
from tests.test_api_desk import ApiCase

MANY = 50
SENTENCES = [f"Crane number {n} was sold in June." for n in range(MANY)]
TEXT = "# Cranes\n\n" + "\n\n".join(f"{sentence} See [the log](#) of it." for sentence in SENTENCES)


class ListCase(ApiCase):
    """A desk with many decided claims, looked at by somebody who may see all of it."""

    rows = 20
    reader: ClassVar[Person]
    on: ClassVar[Article]
    claims: ClassVar[list[Claim]]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.reader = build.person(Role.AUDITOR)
        cls.on = build.article(TEXT)
        articles.edit(article=cls.on, quorum=1, votes_to_carry=1, by=build.the(Role.EDITOR))
        source = build.source(title="The log of cranes")
        reviewer = build.person(Role.REVIEWER)
        cls.claims = [build.identified(cls.on, sentence) for sentence in SENTENCES[: cls.rows]]
        for claim in cls.claims:
            build._triage(claim)
            build.cite(claim, source=source)
            steps.take(
                claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER), none_contradicting="Two archives."
            )
            build.verdict(claim, by=reviewer)


class QueryCounts(ListCase):
    rows = MANY

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.revised = build.article()
        for number in range(MANY):
            build.article(f"# Article {number}\n\nIt rained.")
            build.source()
            RatingScale.objects.create(name=f"Scale {number}").ratings.create(
                code="yes", label="Yes", definition="Yes.", position=1
            )
            raw = f"{build.TEXT}\n\nPart {number}.".encode()
            intake.revise(article=cls.revised, raw=raw, media_type="text/plain", by=build.the(Role.EDITOR))
        text = cls.on.current_revision.text
        articles.mark_non_factual(article=cls.on, start=0, end=len(text), by=build.the(Role.EDITOR))
        signed = build.signed_off()
        version = publications.publish(article=signed.article, build=snapshot, by=build.the(Role.PUBLISHER))
        content = b'{"claims":[{"code":"C1"}]}'
        Publication.objects.bulk_create(
            Publication(
                article=signed.article, version=number, sign_off=signed, content=content, state="waiting",
                digest=hashlib.sha256(content).hexdigest(), published_by=build.the(Role.PUBLISHER),
                published_at=timezone.now(),
            ) for number in range(2, MANY + 1)
        )  # fmt: skip
        for number in range(MANY):
            corrections.correct(
                publication=version, type="update", text=f"Note {number}.", by=build.the(Role.PUBLISHER),
                claims=signed.article.claims.all()[:2],
            )  # fmt: skip

    def test_every_list_costs_the_same_for_1_3_and_50_rows(self) -> None:
        on = f"articles/{self.on.pk}/"
        lists = (
            "articles/", f"articles/{self.revised.pk}/revisions/",
            f"{on}links/", f"{on}non-factual/", "claims/", "sources/", "evidence/",
            "verdicts/", "decisions/", "rating-scales/", "publications/", "corrections/", "audit-events/",
        )  # fmt: skip
        for person in (self.reader, build.person(Role.EDITOR)):
            self.get(person, "me/")
            for path in lists:
                with self.subTest(f"{path} as {person}"):
                    counts = {rows: self.queries(person, path, rows) for rows in (1, 3, MANY)}
                    self.assertEqual(len(set(counts.values())), 1, counts)

    def queries(self, person: Person, path: str, rows: int) -> int:
        client = self.client_of(person)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(f"/api/v1/{path}?page_size={rows}")
        self.assertEqual(len(answer.json()["results"]), rows, path)
        self.assert_documented("GET", f"/api/v1/{path}", answer)
        return len(captured)


class Pages(ListCase):
    def walk(self, path: str, link: str = "next") -> list[list[Any]]:
        pages, address = [], path
        while address:
            page = self.get(self.reader, address)
            pages.append(page["results"])
            address = page[link]
        return pages

    def ids(self, pages: list[list[Any]]) -> list[int]:
        return [row["id"] for page in pages for row in page]

    def test_pages_hold_every_row_once_newest_first(self) -> None:
        pages = self.walk("claims/?page_size=7")
        self.assertEqual(self.ids(pages), sorted((c.pk for c in self.claims), reverse=True))
        self.assertEqual([len(page) for page in pages], [7, 7, 6])

    def test_pages_lead_back_the_way_they_came(self) -> None:
        pages = self.walk("claims/?page_size=6&ordering=-number")
        last = self.get(self.reader, "claims/?page_size=6&ordering=-number")
        while last["next"]:
            last = self.get(self.reader, last["next"])
        back = [last["results"], *self.walk(last["previous"], "previous")]
        self.assertEqual(back[::-1], pages)

    def test_ties_and_missing_values_lose_no_row_in_any_order(self) -> None:
        for n, claim in enumerate(self.claims[:12]):
            Claim.objects.filter(pk=claim.pk).update(due_at=f"2024-06-{1 + n // 3:02}T00:00:00Z")
        every = {c.pk for c in self.claims}
        for ordering in ("due_at", "-due_at", "state", "-state,due_at", "importance,-due_at,created_at", "article"):
            with self.subTest(ordering):
                pages = self.walk(f"claims/?page_size=5&ordering={ordering}")
                self.assertEqual(len(self.ids(pages)), self.rows)
                self.assertEqual(set(self.ids(pages)), every)
                whole = self.ids(self.walk(f"claims/?ordering={ordering}"))
                self.assertEqual(self.ids(pages), whole)
        dues = [c["due_at"] for c in self.get(self.reader, "claims/?ordering=-due_at")["results"]]
        self.assertEqual(dues[:12], sorted(dues[:12], reverse=True))
        self.assertEqual(set(dues[12:]), {None})

    def test_a_row_added_meanwhile_moves_no_page(self) -> None:
        first = self.get(self.reader, "sources/?page_size=1")
        build.source()
        self.assertEqual(self.get(self.reader, "sources/?page_size=1&count=true")["count"], 2)
        self.assertIsNone(first["next"])

    def test_count_only_when_asked(self) -> None:
        self.assertNotIn("count", self.get(self.reader, "claims/"))
        self.assertEqual(self.get(self.reader, "claims/?count=true&page_size=3")["count"], self.rows)

    def test_what_is_no_page_is_refused_by_name(self) -> None:
        wrong = {
            "page_size": ("0", "201", "-1", "x", "²", "9" * 30), "count": ("yes", "1"),
            "cursor": ("x", "e30", "W10", "bnVsbA", "eyJvIjoiIiwidiI6WyJ4Il0sImIiOmZhbHNlfQ", "W1tb" * 500, "ÿ"),
            "ordering": ("digest", "claim__article", "-", "statement", "id,nothing"), "fields": ("id,nothing",),
            "state": ("gone",), "article": ("x", "0", str(2**63), "1e3", "1.5"), "due_before": ("soon",),
            "search": ("x" * 201, "\0"), "nothing": ("1",), "verdicts__rating": ("1",), "stale": ("yes",),
        }  # fmt: skip
        for name, values in wrong.items():
            for value in values:
                with self.subTest(f"{name}={value[:40]!r}"):
                    answer = self.call(self.reader, "GET", "claims/", {name: value}, 400).json()
                    self.assertEqual([error["parameter"] for error in answer["errors"]], [name])

    def test_a_parameter_given_twice_is_refused(self) -> None:
        answer = self.call(self.reader, "GET", "claims/?state=decided&state=duplicate", expect=400).json()
        self.assertEqual(answer["errors"][0]["code"], "repeated")

    def test_a_cursor_is_of_its_own_order(self) -> None:
        address = self.get(self.reader, "claims/?page_size=5")["next"]
        answer = self.call(self.reader, "GET", f"{address}&ordering=state", expect=400).json()
        self.assertEqual(answer["errors"][0]["parameter"], "cursor")

    def test_sparse_fields(self) -> None:
        rows = self.get(self.reader, "claims/?fields=id,state&page_size=2")["results"]
        self.assertEqual([set(row) for row in rows], [{"id", "state"}] * 2)
        one = self.get(self.reader, f"claims/{self.claims[0].pk}/?fields=code")
        self.assertEqual(one, {"code": self.claims[0].code})
        self.call(self.reader, "GET", f"claims/{self.claims[0].pk}/?fields=nothing", expect=400)

    def test_links_are_of_the_current_text_and_48_may_be_missing(self) -> None:
        links = self.get(self.reader, f"articles/{self.on.pk}/links/?status=missing&count=true&ordering=start")
        self.assertEqual(links["count"], MANY)
        text = self.get(self.reader, f"articles/{self.on.pk}/revisions/1/")["text"]
        for link in links["results"]:
            self.assertEqual(text[link["start"] : link["end"]], link["text"])
        self.assertEqual(self.get(self.reader, f"articles/{self.on.pk}/links/?revision=2")["results"], [])


class Filters(ListCase):
    def found(self, path: str, **query: Any) -> set[Any]:
        rows = self.call(self.reader, "GET", path, query | {"page_size": 200}).json()["results"]
        return {row.get("id", row.get("seq")) for row in rows}

    def test_filters_find_what_they_say(self) -> None:
        first = self.claims[0]
        researcher = build.the(Role.RESEARCHER)
        other = build.identified(build.article(), topics=["harbour"], importance="central", assignee=researcher)
        evidence = build.cite(other, Stance.CONTRADICTS, source=build.source(tier=Tier.TERTIARY, publisher="Pier"))
        claims: tuple[tuple[dict[str, Any], set[int]], ...] = (
            ({"article": other.article_id}, {other.pk}), ({"state": "identified"}, {other.pk}),
            ({"topic": "harbour"}, {other.pk}), ({"importance": "central"}, {other.pk}),
            ({"assignee": researcher.username}, {other.pk}), ({"assignee": researcher.pk}, {other.pk}),
            ({"code": "C7"}, {self.claims[6].pk}), ({"search": '"number 17"'}, {self.claims[17].pk}),
            ({"rating": "true"}, {c.pk for c in self.claims}), ({"rating": "false"}, set()),
            ({"anchor": "fuzzy"}, set()), ({"kind": "opinion"}, set()), ({"stale": "true"}, set()),
            ({"claimant": "the example post", "state": "identified"}, {other.pk}),
            ({"awaiting": "review"}, set()), ({"article": 10**17}, set()),
        )  # fmt: skip
        for query, expected in claims:
            with self.subTest(query):
                self.assertEqual(self.found("claims/", **query), expected)
        self.assertEqual(self.found("evidence/", claim=other.pk), {evidence.pk})
        self.assertEqual(self.found("evidence/", stance="contradicts"), {evidence.pk})
        self.assertEqual(self.found("evidence/", withdrawn="true"), set())
        self.assertEqual(self.found("sources/", tier="tertiary"), {evidence.source_id})
        self.assertEqual(self.found("sources/", publisher="pier"), {evidence.source_id})
        first.refresh_from_db()
        self.assertEqual(self.found("decisions/", claim=first.pk), {first.decision_id})
        self.assertEqual(len(self.found("verdicts/", claim=first.pk)), 1)
        self.assertEqual(self.found("verdicts/", rating="false"), set())
        self.assertEqual(self.found("articles/", state="checking", slug=self.on.slug), {self.on.pk})
        self.assertEqual(self.found("articles/", search="cranes"), {self.on.pk})

    def test_a_filter_without_a_value_is_refused_and_not_passed_over(self) -> None:
        for query in ("state=", "created_after=", "publisher="):
            with self.subTest(query):
                problem = self.call(self.reader, "GET", f"articles/?{query}", expect=400).json()
                self.assertEqual(problem["errors"][0]["code"], "blank")

    def test_moments_are_understood_in_any_offset_also_where_rows_are_streamed(self) -> None:
        for path in ("articles/", "articles/export/"):
            for moment, status in (("2000-01-01T00:00:00%2B16:00", 200), ("0001-01-01T00:00:00%2B10:00", 400)):
                with self.subTest(path, moment=moment):
                    client = self.client_of(self.reader)
                    answer = client.get(f"/api/v1/{path}?created_after={moment}")
                    self.assertEqual(answer.status_code, status)
                    if answer.streaming:
                        self.assertIn(self.on.slug, answer.getvalue().decode())

    def test_the_record_is_filtered_by_article_claim_actor_action_and_time(self) -> None:
        claim = self.claims[3]
        events = self.get(self.reader, f"audit-events/?claim={claim.pk}&page_size=200")["results"]
        self.assertEqual(
            {e["object"]["type"] for e in events},
            {"claim", "anchor", "contribution", "evidence", "verdict", "decision"},
        )
        filed = self.get(self.reader, f"audit-events/?claim={claim.pk}&action=verdict.file&object_type=verdict")
        actor = filed["results"][0]["actor"]["username"]
        by_actor = self.get(self.reader, f"audit-events/?actor={actor}&claim={claim.pk}")["results"]
        self.assertTrue(by_actor and all(e["actor"]["username"] == actor for e in by_actor))
        self.assertEqual(self.get(self.reader, "audit-events/?before=2020-01-01T00:00:00Z")["results"], [])
        self.assertEqual(self.get(self.reader, "audit-events/?outside=false&after=2099-01-01T00:00:00Z")["results"], [])
        self.assertEqual(self.get(self.reader, f"audit-events/{events[0]['seq']}/"), events[0])

    def test_every_declared_ordering_and_filter_answers(self) -> None:
        """No ordering or filter of the schema is a 500, whatever is in it."""
        tries = ("1", str(2**70))
        for path in ("articles", "claims", "sources", "evidence", "verdicts", "decisions", "rating-scales",
                     "publications", "corrections", "audit-events", "threads", "comments", "contacts"):  # fmt: skip
            for parameter in self.parameters(path):
                for value in tries:
                    with self.subTest(f"{path}?{parameter}={value}"):
                        answer = self.client_of(self.reader).get(f"/api/v1/{path}/?{parameter}={value}&page_size=1")
                        self.assertIn(answer.status_code, (200, 400))

    def parameters(self, path: str) -> list[str]:
        return [p["name"] for p in schema()["paths"][f"/api/v1/{path}/"]["get"]["parameters"] if p["in"] == "query"]
