"""Lists cost the same however long they are; and the pages for what goes wrong."""

from __future__ import annotations

import logging
from unittest import mock

from django.db import connection
from django.template.loader import render_to_string
from django.test import SimpleTestCase, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from claims.actions import corrections
from claims.choices import Role
from claims.models import Publication
from claims.publishing import reading
from tests import build
from tests import published as published

MACHINES = ("/factchecks/feed.atom", "/factchecks/feed.json", "/factchecks/claimreview.json", "/sitemap.xml")


class Cost(TestCase):
    def test_lists_cost_the_same_for_one_row_and_many(self) -> None:
        one = published.many(1)
        build_correction(one[0])
        paths = ("/factchecks/", "/corrections/", *MACHINES, f"/factchecks/{one[0].article.slug}/C1/")
        costs = {path: self._cost(path) for path in paths}
        first = published.everything()
        build_correction(first)
        _multiply(first, 49)
        for path, cost in costs.items():
            with self.subTest(path):
                self.assertLessEqual(cost, 5)
                self.assertEqual(self._cost(path), cost)

    def _cost(self, path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(self.client.get(path).status_code, 200)
        return len(queries)

    def test_pages_of_a_list(self) -> None:
        made = published.many(3)
        with mock.patch.object(reading, "LIST_SIZE", 2):
            rows = reading.articles(size=2)
        self.assertEqual([r.id for r in rows.rows], [made[2].pk, made[1].pk])
        rest = reading.articles(before=rows.before, size=2)
        self.assertEqual(([r.id for r in rest.rows], rest.before), ([made[0].pk], None))
        page = published.Reading(self.client.get(f"/factchecks/?before={made[1].pk}").content.decode())
        self.assertIn("Article 0", page.text)
        self.assertNotIn("Article 2", page.text)


class ErrorPages(SimpleTestCase):
    def setUp(self) -> None:
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def test_they_need_nothing(self) -> None:
        for name in ("400", "403", "403_csrf", "404", "500"):
            with self.subTest(name):
                page = published.Reading(render_to_string(f"{name}.html"))
                self.assertEqual((page.faults, page.tags["h1"]), ([], 1))

    def test_404_of_the_site(self) -> None:
        response = self.client.get("/no/such/page")
        self.assertContains(response, "There is no such page", status_code=404)

    def test_addresses_are_named_once(self) -> None:
        self.assertEqual(resolve("/factchecks/a-b/v12/").kwargs, {"slug": "a-b", "version": 12})
        self.assertEqual(resolve("/factchecks/a-b/C12/v3/").kwargs, {"slug": "a-b", "code": "C12", "version": 3})


def build_correction(publication: Publication) -> None:
    claim = publication.article.claims.first()
    assert claim is not None
    corrections.correct(
        publication=publication, type="typo", text="A comma.", by=build.the(Role.PUBLISHER), claims=[claim]
    )


def _multiply(first: Publication, count: int) -> None:
    """Corrections by the dozen; articles one by one would take the test its time."""
    for _ in range(count):
        build_correction(first)
    published.many(6)
