"""Search: by words in any language, ranked and marked; lists by parts of words; and no word outlives its text."""

from __future__ import annotations

import importlib
import re
from io import StringIO
from typing import Any
from unittest import mock

from django.core.management import call_command
from django.db import NotSupportedError, OperationalError, connection, transaction
from django.test import SimpleTestCase, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from claims.actions import articles, claims, redaction, sources, steps
from claims.api.docs import schema
from claims.choices import FoundBy, Role, SearchKind
from claims.models import Article, Claim, KnownWord, Person, SearchableArticle, SearchableClaim, Source
from claims.models.search import SEARCHABLE
from claims.search.lists import ALL, holding
from claims.search.marks import as_html, lines_of
from claims.search.ranked import LONGEST, NEWEST, Found, search
from claims.spelling import meant, slips
from claims.trail.guards import broken
from tests import build
from tests.stories import OwnKeys, begin, execute, found, sealed
from tests.test_admin_base import client_of, url
from tests.test_api_desk import ApiCase
from tests.test_trail_commands import everywhere
from tests.transactional import RealTransactions, as_owner

LAW = {"basis": "GDPR Art. 17(1)(d)"}
INDEXES = [f"{model._meta.model_name}_{of}" for model in SEARCHABLE.values() for of in ("words", "folded")]


def claim(statement: str, language: str = "en", **given: Any) -> Claim:
    """A claim of these words in an article of its own, whose own words are no other's."""
    on = given.pop("on", None) or build.article(language=language, title="Untitled")
    return build.identified(on, statement=statement, **{"headline": "", "claimant": ""} | given)


def scans(*indexes: str) -> dict[str, int]:
    """How often this transaction has looked something up in each index."""
    return {name: execute("SELECT pg_stat_get_xact_numscans(%s::regclass)", name)[0][0] for name in indexes}


class Spelling(SimpleTestCase):
    def test_slips_are_counted(self) -> None:
        for word, other, count in (
            ("harbour", "harbour", 0), ("harbor", "harbour", 1), ("harrbour", "harbour", 1), ("harbuor", "harbour", 1),
            ("hartour", "harbour", 1), ("hrabuor", "harbour", 2), ("", "abc", 3), ("abc", "", 3), ("ca", "abc", 3),
        ):  # fmt: skip
            with self.subTest(word):
                self.assertEqual(slips(word, other), count)
                self.assertEqual(slips(other, word), count)

    def test_the_nearest_is_meant_and_nothing_far(self) -> None:
        known = ["harbour", "harbours", "labour", "barbour", "arbour", "sail"]
        self.assertEqual(meant("harbuor", known), ["harbour"])
        self.assertEqual(meant("habour", known), ["harbour", "labour"])
        self.assertEqual(meant("zeppelin", known), [])
        self.assertEqual(meant("snial", known), [], "two slips in so short a word make another")
        self.assertEqual(meant("harbour", []), [])
        self.assertEqual(len(meant("aaaaaaab", [f"aaaaaaa{c}" for c in "cdefgh"])), 3)


class Marking(SimpleTestCase):
    def test_what_cannot_be_placed_is_shown_without_marks(self) -> None:
        self.assertEqual(as_html("<a> b", "XbaXe> b", "X"), "&lt;a&gt; b")
        self.assertEqual(as_html("<a> b", " XbaXe  b", "X"), "&lt;<mark>a</mark>&gt; b")


class Finding(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.editor = build.the(Role.EDITOR)
        cls.researcher = build.the(Role.RESEARCHER)

    def answers(self, text: str, person: Person | None = None, **given: Any) -> list[Found]:
        return search(text=text, person=person or self.editor, **given)[0]

    def rows(self, text: str, person: Person | None = None, **given: Any) -> list[Any]:
        return [f.row for f in self.answers(text, person, **given)]

    def test_every_form_of_a_word_in_the_language_of_the_article(self) -> None:
        english = claim("The harbours were closed.")
        german = claim("Die Häfen wurden geschlossen.", "de-AT")
        plain = claim("The harbours were closed.", "")
        self.assertEqual(self.rows("harbour closing"), [english])
        self.assertEqual(set(self.rows("HARBOURS CLOSED")), {plain, english})
        self.assertEqual(self.rows("Hafen"), [german])
        self.assertEqual(self.rows("geschlossene Häfen"), [german])
        self.assertEqual(set(self.rows("the closed")), {plain, english}, "in English «the» is no word to look for")
        articles.edit(article=english.article, by=self.editor, language="fr")
        self.assertNotIn(english, self.rows("harbour closing"))
        self.assertIn(english, self.rows("harbours closed"))

    def test_phrases_alternatives_and_what_is_not_wanted(self) -> None:
        closed, opened = claim("The old harbour was closed."), claim("The harbour of the old town was opened.")
        self.assertEqual(set(self.rows("harbour")), {closed, opened})
        self.assertEqual(self.rows('"old harbour"'), [closed])
        self.assertEqual(self.rows("harbour -closed"), [opened])
        self.assertEqual(set(self.rows("closed or opened")), {closed, opened})

    def test_all_three_nouns_or_one(self) -> None:
        on = build.article(title="The harbour of Example", byline="Ada Quill", language="en")
        said = claim("The harbour was closed.", on=on)
        source = build.source(title="Harbour register", author="B. Clerk", url="https://port.example/ledger")
        self.assertEqual({(f.kind, f.row) for f in self.answers("harbour")},
                         {("claim", said), ("article", on), ("source", source)})  # fmt: skip
        for kind, row in (("claim", said), ("article", on), ("source", source)):
            self.assertEqual(self.rows("harbour", kinds=[SearchKind(kind)]), [row])
        for text, row in (("quill", on), ("clerk", source), ("port.example", source)):
            self.assertEqual(self.rows(text), [row])

    def test_every_field_of_a_row_finds_it_and_is_in_its_place(self) -> None:
        """What is marked is read from the rows: in the order in which the database weighs it."""
        rows = (
            claim("Mala alpha", headline="Bravo", claimant="Charlie"),
            build.article(title="Delta", byline="Echo", publisher="Foxtrot", url="https://golf.example/"),
            build.source(title="Hotel", author="India", publisher="Juliett", affiliation="Kilo",
                         url="https://lima.example/"),
        )  # fmt: skip
        for row in rows:
            text = SEARCHABLE[type(row)]._default_manager.get(pk=row.pk)
            self.assertEqual(text.folded.split("\n"), [line.upper() for line in lines_of(row)])
            for line in lines_of(row):
                with self.subTest(line):
                    [answer] = [f for f in self.answers(f'"{line}"') if f.row == row]
                    self.assertIn("<mark>", answer.marked)
                    self.assertIn(row, holding(type(row)._default_manager.all(), [line], 50))

    def test_the_heavier_field_and_words_near_one_another_come_first(self) -> None:
        near = claim("The closed harbour lay in the sun on that day, and nobody there had seen a ship or a sail.")
        far = claim("The harbour lay in the sun on that day, and nobody there had seen a ship or a closed sail.")
        claimant = claim("It lay in the sun on that day, and nobody had seen a sail.", claimant="The closed harbour")
        self.assertEqual(self.rows("closed harbour"), [near, claimant, far])
        ranks = [f.rank for f in self.answers("closed harbour")]
        self.assertEqual(ranks, sorted(ranks, reverse=True))
        again = claim(near.statement)
        self.assertEqual(self.rows("closed harbour")[:2], [again, near], "the newer first among equals")

    def test_of_many_matches_the_newest_are_ranked_whichever_way_they_are_found(self) -> None:
        made = [claim(f"The harbour was closed in {n}.") for n in range(5)]
        for common, dear in ((False, 5), (True, 5), (True, 0), (True, 1e12)):
            with (
                self.subTest(common=common, dear=dear),
                mock.patch("claims.search.ranked.is_common", return_value=common),
                mock.patch("claims.search.ranked.DEAR", dear),
            ):
                self.assertEqual(set(self.rows("harbour")), set(made))
                with mock.patch("claims.search.ranked.NEWEST", 3):
                    self.assertEqual(self.rows("harbour"), made[:1:-1])

    def test_misspelt_words_are_found_where_few_have_them_and_it_is_said(self) -> None:
        made = [claim(f"The minister closed the harbour in {n}.") for n in range(3)]
        exact = claim("York Minster was closed.")
        [first, *others] = self.answers("minster closed")
        self.assertEqual((first.row, first.by), (exact, FoundBy.WORDS))
        self.assertEqual([(f.row, f.by) for f in others], [(row, FoundBy.SIMILAR) for row in reversed(made)])
        self.assertIn("The <mark>minister</mark> <mark>closed</mark>", others[0].marked)
        self.assertEqual(set(self.rows("harbuor")), set(made))
        self.assertEqual(set(self.rows("the harbuor -yacht")), set(made))
        self.assertEqual(set(self.rows("the harbuor of 1 -yacht")), {made[1]})
        self.assertEqual(self.rows("zeppelin"), [])
        self.assertEqual(self.rows("zeppelin harbour"), [])
        with mock.patch("claims.search.ranked.LITTLE", 1):
            self.assertEqual(self.rows("minster closed"), [exact], "where enough are found, nothing else is")

    def test_marks_stand_in_escaped_text(self) -> None:
        claim('<b>Harbours</b> & "closed" <i class=x> 1 < 2 it\'s &lt;', headline="<script>closed</script>")
        [answer] = self.answers("harbour closed")
        self.assertEqual(
            answer.marked,
            "&lt;b&gt;<mark>Harbours</mark>&lt;/b&gt; &amp; &quot;<mark>closed</mark>&quot; &lt;i class=x&gt; 1 &lt; 2 "
            "it&#x27;s &amp;lt; · &lt;script&gt;<mark>closed</mark>&lt;/script&gt;",
        )
        for text in ("script", "class", '"i class"', "b"):
            self.assertEqual(len(self.answers(text)), 1, f"{text} is a word like others")

    def test_marking_loses_and_invents_nothing(self) -> None:
        strange = (
            "harbour \u202e closed", "https://example.org/a-b?x=1&y=2#z harbour",
            "well-known-harbour e-mail@example.org", "  harbour \t closed  ",
            "harbour's «harbour» 1.5 -3 v2.0 /usr/bin <harbour", "h\u0301arbour harbour 🚢",
            "harbour\r\nclosed", "<!-- harbour --> &amp; &#39; <a href='x'>harbour</a>", "x" * 400 + " harbour",
        )  # fmt: skip
        for text in strange:
            with self.subTest(text[:30]):
                made = claim(text)
                answer = next(f for f in self.answers("harbour") if f.row == made)
                bare = answer.marked.replace("<mark>", "").replace("</mark>", "")
                self.assertNotEqual(bare, answer.marked)
                self.assertEqual(re.sub(r"[<>\"']", "", bare), bare)
                for sign, written in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
                    bare = bare.replace(sign, written)
                self.assertEqual(bare, made.statement)

    def test_what_a_person_may_not_see_is_neither_found_nor_spelt(self) -> None:
        whispered = build.source(title="Whispered in the zeppelin", confidential=True)
        publisher, auditor = build.the(Role.PUBLISHER), build.the(Role.AUDITOR)
        self.assertFalse(publisher.has_perm("claims.view_confidential"))
        self.assertEqual(self.rows("zeppelin", self.researcher), [whispered])
        self.assertEqual(self.rows("zeppelin", publisher), [])
        self.assertEqual(self.rows("zeppelni", auditor), [])
        open_to_all = claim("A zeppelin?").article.claims.get()
        self.assertEqual(
            search(text="zeppelin", person=publisher, size=1), (self.answers("zeppelin", publisher), False)
        )
        self.assertEqual(self.rows("zeppelin", publisher), [open_to_all])
        Claim.objects.filter(pk=open_to_all.pk).update(statement="Nothing.")
        with as_owner():
            execute("DELETE FROM claims_knownword WHERE word = 'zeppelin'")
        self.assertFalse(KnownWord.objects.filter(word="zeppelin").exists())
        sources.edit(source=whispered, by=self.researcher, confidential=False)
        self.assertEqual(self.rows("zeppelni", publisher), [whispered])
        sources.edit(source=whispered, by=self.researcher, confidential=True)
        self.assertEqual(self.rows("zeppelin", publisher), [])
        self.assertFalse(KnownWord.objects.filter(word="zeppelin").exists())
        claim("A zeppelin was seen.")
        self.assertTrue(KnownWord.objects.filter(word="zeppelin").exists())
        sources.edit(source=whispered, by=self.researcher, confidential=False)
        sources.edit(source=whispered, by=self.researcher, confidential=True)
        self.assertTrue(KnownWord.objects.filter(word="zeppelin").exists(), "it is a word of the claim too")

    def test_withdrawn_rows_are_found_and_say_so(self) -> None:
        made, on = claim("The harbour was closed."), build.article(title="The closed harbour", language="en")
        source = build.source(title="Closed harbour")
        self.assertEqual({f.withdrawn for f in self.answers("harbour")}, {False})
        steps.take(claim=made, step="withdraw_claim", by=self.researcher, reason="Twice the same.")
        sources.withdraw(source=source, by=self.researcher, reason="Another harbour.")
        articles.withdraw(article=on, by=self.editor, reason="Not ours.")
        self.assertEqual([f.withdrawn for f in self.answers("harbour")], [True] * 3)

    def test_nothing_to_look_for_finds_nothing(self) -> None:
        claim("The harbour was closed. %s it's C:\\harbour")
        for text in ("", " ", "!?", "-harbour closed", '"', "or", "-", "\0", "\u202e", "' & | ! ( )", "\\", "%s", "a:*",
                     "<->", "x" * 100_000, "zeppelin " * 50_000, "🚢", "'; DROP TABLE x; --"):  # fmt: skip
            with self.subTest(text[:20]):
                self.assertEqual([f for f in self.answers(text) if "-harbour" in text or f.by == FoundBy.SIMILAR], [])
        self.assertEqual(len(self.answers(f"harbour {'closed  ' * LONGEST}")), 1)
        self.assertEqual(len(self.answers("C:\\harbour")), 1)

    def test_pages_follow_one_another(self) -> None:
        for n in range(7):
            claim(f"The harbour was closed in {n}.")
        whole, more = search(text="harbour", person=self.editor, size=50)
        self.assertFalse(more)
        pages = [search(text="harbour", person=self.editor, start=start, size=3) for start in (0, 3, 6, 9)]
        self.assertEqual([f for page, _ in pages for f in page], whole)
        self.assertEqual([more for _, more in pages], [True, True, False, False])

    def test_the_same_queries_however_many_are_found(self) -> None:
        person, counts = Person.objects.get(pk=self.editor.pk), {}
        person.get_all_permissions()
        for rows in (1, 2, 3):
            claim("The harbour was closed.")
            build.article(title="The harbour")
            build.source(title="The harbour")
            with CaptureQueriesContext(connection) as queries:
                answers = search(text="harbour", person=person)[0]
                for f in answers:
                    str((f.title, f.code, f.article, f.withdrawn, f.marked))
            self.assertEqual(len(answers), 3 * rows)
            counts[rows] = len(queries)
        # Few answers are looked for twice, by the words and by those spelt like them.
        self.assertLessEqual(counts[1], 18)
        self.assertEqual(counts[2], counts[3])
        self.assertLess(counts[3], counts[1])


class Lists(ApiCase):
    """`?search=` and the admin's search boxes: what holds every part, as before there was an index."""

    def setUp(self) -> None:
        super().setUp()
        self.reviewer = build.person(Role.REVIEWER)
        self.on = build.article(
            language="en", byline="Ada Quill", publisher="The Harbour Post", url="https://a.example/x"
        )
        self.made = [claim(f"The harbour closed {n} times.", on=self.on) for n in range(12)]
        self.percent = claim("About 100% of_it, they said.", claimant="Jürgen O'Brien", on=self.on)
        self.source = build.source(title="Ledger of cranes", author="Clerk", affiliation="Ministry")

    def ids(self, path: str, by: Person | None = None) -> list[int]:
        return [row["id"] for row in self.get(by or self.reviewer, path)["results"]]

    def test_parts_of_words_whatever_their_case_and_signs(self) -> None:
        newest = [c.pk for c in reversed(self.made)]
        for term, expected in (
            ("arbou", newest), ("ARBOU", newest), ("harb tim", newest), ('"harbour closed"', newest),
            ("closed,harbour", newest),
            ("jüRG", [self.percent.pk]), ("o'brien", [self.percent.pk]), ("0%25", [self.percent.pk]),
            ("of_it", [self.percent.pk]), ("%25", [self.percent.pk]), ("_", [self.percent.pk]),
            ("ofXit", []), ("harbour zeppelin", []), ("\\", []), ("C13", [self.percent.pk]),
            ("", [self.percent.pk, *newest]), ("'", [self.percent.pk, *newest]),
        ):  # fmt: skip
            with self.subTest(term):
                self.assertEqual(self.ids(f"claims/?search={term}"), expected)
        for term in ("quill", "harbour po", "a.example", self.on.slug[3:], self.on.title[2:9]):
            self.assertEqual(self.ids(f"articles/?search={term}"), [self.on.pk], term)
        for term in ("dger", "clerk", "minis"):
            self.assertEqual(self.ids(f"sources/?search={term}"), [self.source.pk], term)

    def test_pages_orders_filters_and_counts_go_on_as_before(self) -> None:
        for common in (False, True):
            with self.subTest(common=common), mock.patch("claims.search.lists.is_common", return_value=common):
                for ordering in ("", "-created_at", "number", "state"):
                    found, path = [], f"claims/?search=arbou&page_size=5&ordering={ordering}"
                    while path:
                        page = self.get(self.reviewer, path)
                        found, path = found + [row["id"] for row in page["results"]], page["next"]
                    self.assertEqual(len(found), len(self.made))
                    self.assertEqual(set(found), {c.pk for c in self.made})
                    back = self.get(self.reviewer, f"claims/?search=arbou&page_size=5&ordering={ordering}")
                    back = self.get(self.reviewer, self.get(self.reviewer, back["next"])["previous"])
                    self.assertEqual([row["id"] for row in back["results"]], found[:5])
                self.assertEqual(self.get(self.reviewer, "claims/?search=arbou&count=true")["count"], 12)
                self.assertEqual(self.ids(f"claims/?search=arbou&code={self.made[3].code}"), [self.made[3].pk])
                self.assertEqual(self.ids(f"claims/?search=arbou&article={self.on.pk + 1}"), [])

    def test_confidential_sources_are_in_no_list_of_others(self) -> None:
        build.source(title="Ledger of whispers", confidential=True)
        for common in (False, True):
            with mock.patch("claims.search.lists.is_common", return_value=common):
                self.assertEqual(self.ids("sources/?search=ledger", build.the(Role.PUBLISHER)), [self.source.pk])
                self.assertEqual(len(self.ids("sources/?search=ledger", build.the(Role.RESEARCHER))), 2)

    def test_the_admins_boxes(self) -> None:
        client = client_of(build.the(Role.PUBLISHER))
        build.source(title="Ledger of whispers", confidential=True)
        for model, term, count in (
            (Claim, "arbou", 12), (Claim, '"harbour closed 3"', 1), (Claim, "'", 13), (Claim, "zeppelin", 0),
            (Article, "quill", 1), (Source, "ledger", 1), (Source, "MINIS", 1), (Source, '"', 1), (Source, "", 1),
        ):  # fmt: skip
            with self.subTest(f"{model.__name__} {term}"):
                answer = client.get(url(model, "changelist"), {"q": term})
                self.assertEqual(answer.context["cl"].result_count, count)
        asked = {"app_label": "claims", "model_name": "evidence", "field_name": "claim", "term": '"closed 7"'}
        [offered] = client.get(reverse("admin:autocomplete"), asked).json()["results"]
        self.assertEqual(offered["id"], str(self.made[7].pk))


class ManyRows(TestCase):
    """Which way is taken where PostgreSQL knows how common a word is."""

    @classmethod
    def setUpTestData(cls) -> None:
        with as_owner():
            execute(
                "INSERT INTO claims_searchableclaim SELECT n, 'english', upper(said), to_tsvector('english', said) FROM"
                " (SELECT n, 'row ' || md5(n::text) || CASE WHEN n % 2 = 0 THEN ' harbour ' ELSE ' bridge ' END"
                "  || CASE WHEN n % 1000 = 0 THEN 'zeppelin' ELSE '' END AS said FROM generate_series(1, 8000) n) r"
            )
            execute("ANALYZE claims_searchableclaim")

    def test_common_words_are_met_on_the_way_and_rare_ones_looked_up(self) -> None:
        build.article(language="en")
        for text, looked_up in (("harbour", False), ("zeppelin", True), ("harbour zeppelin", True)):
            with self.subTest(text):
                before = scans("searchableclaim_words")
                search(text=text, person=build.the(Role.EDITOR), kinds=[SearchKind.CLAIM])
                self.assertEqual(scans("searchableclaim_words") != before, looked_up)

    def test_so_are_parts_of_words(self) -> None:
        for parts, looked_up in ((["arbou"], False), (["eppeli"], True), (["arbou", "eppeli"], True)):
            with self.subTest(parts):
                query = str(holding(Claim.objects.order_by("-pk"), parts, 50).query)
                self.assertEqual(str(ALL) in query, looked_up)
                self.assertNotIn("JOIN", query, "a page deep in a list would read all texts before it")
        self.assertIn(str(ALL), str(holding(Claim.objects.all(), ["arbou"]).query), "all are wanted: no way is long")


class Doors(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.reviewer = build.person(Role.REVIEWER)
        self.made = claim("The <harbours> were closed.", claimant="Harbour Office")
        self.source = build.source(title="Harbour register")

    def test_rest(self) -> None:
        page = self.get(self.reviewer, "search/?q=harbour")
        self.assertEqual((page["next"], page["previous"]), (None, None))
        self.assertEqual([row["type"] for row in page["results"]], ["source", "claim"])
        [source, found] = page["results"]
        on = self.made.article
        self.assertEqual(
            found | {"rank": 0},
            {
                "type": "claim", "id": self.made.pk, "code": self.made.code, "title": "The <harbours> were closed.",
                "article": {"id": on.pk, "slug": on.slug, "title": "Untitled"}, "withdrawn": False, "rank": 0,
                "found_by": "words",
                "marked": "The &lt;<mark>harbours</mark>&gt; were closed. · <mark>Harbour</mark> Office",
            },
        )  # fmt: skip
        self.assertEqual((source["title"], source["article"], source["code"]), ("Harbour register", None, ""))
        self.assertGreater(source["rank"], found["rank"])
        self.assertEqual(self.get(self.reviewer, "search/?q=harbuor")["results"][0]["found_by"], "similar")
        self.assertEqual(len(self.get(self.reviewer, "search/?q=harbour&kind=source")["results"]), 1)

    def test_the_schema_says_how_many_are_ranked(self) -> None:
        said = schema()["paths"]["/api/v1/search/"]["get"]["description"]
        self.assertIn(f"the newest {NEWEST} matches of each kind", said)

    def test_pages(self) -> None:
        first = self.get(self.reviewer, "search/?q=harbour&page_size=1")
        second = self.get(self.reviewer, first["next"])
        self.assertEqual([row["type"] for page in (first, second) for row in page["results"]], ["source", "claim"])
        self.assertIsNone(second["next"])
        self.assertEqual(self.get(self.reviewer, second["previous"])["results"], first["results"])
        self.assertEqual(self.get(self.reviewer, "search/?q=harbour&page=10000")["results"], [])

    def test_bad_input_is_named(self) -> None:
        for query, name in (
            ({}, "q"), ({"q": ""}, "q"), ({"q": "  "}, "q"), ({"q": "a\0b"}, "q"), ({"q": "x" * (LONGEST + 1)}, "q"),
            ({"q": "x", "kind": "verdict"}, "kind"), ({"q": "x", "page": "0"}, "page"),
            ({"q": "x", "page": "10001"}, "page"), ({"q": "x", "page": "x"}, "page"),
            ({"q": "x", "page_size": "201"}, "page_size"), ({"q": "x", "search": "x"}, "search"),
            ({"q": "x", "page": "9" * 400}, "page"),
        ):  # fmt: skip
            with self.subTest(str(query)[:60]):
                answer = self.call(self.reviewer, "GET", "search/", query, 400).json()
                self.assertEqual({error["parameter"] for error in answer["errors"]}, {name})
        self.call(self.reviewer, "GET", "search/?q=x&q=y", expect=400)
        self.call(None, "GET", "search/?q=x", expect=401)


class Kept(OwnKeys, TestCase):
    def setUp(self) -> None:
        begin()
        self.editor, self.researcher = build.the(Role.EDITOR), build.the(Role.RESEARCHER)

    def test_the_rows_are_on_no_record_and_their_triggers_are_watched(self) -> None:
        made = claim("The harbour was closed.")
        claims.edit(claim=made, by=self.researcher, statement="The bridge was closed.")
        Source.objects.filter(pk=build.source().pk).update(title="Changed outside")
        sealed()
        self.assertEqual(found(), [])
        with as_owner():
            execute("UPDATE claims_searchableclaim SET folded = 'SOMETHING ELSE'")
            execute("DELETE FROM claims_knownword")
        self.assertEqual(found(), [], "a copy that can be made again is nobody's testimony")
        self.assertEqual(broken(), [])
        watched = [(f"claims_{noun}", "search_is_kept") for noun in ("claim", "article", "source")]
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, trigger in (*watched, ("claims_opening", "words_are_forgotten")):
            with as_owner():
                execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
            self.assertTrue(any(f"{trigger} on {table}" in sentence for sentence in broken()))

    def test_they_follow_every_edit_whoever_makes_it(self) -> None:
        made = claim("The harbour was closed.")
        Claim.objects.filter(pk=made.pk).update(claimant="A zeppelin")
        self.assertIn("A ZEPPELIN", SearchableClaim.objects.get(claim=made).folded)
        Article.objects.filter(pk=made.article_id).update(language="de")
        self.assertEqual(SearchableClaim.objects.get(claim=made).dictionary, "german")
        self.assertEqual(SearchableArticle.objects.get(article=made.article_id).dictionary, "german")
        before = execute("SELECT xmin::text FROM claims_searchableclaim")
        Claim.objects.filter(pk=made.pk).update(state="researching", claimant="A zeppelin")
        self.assertEqual(execute("SELECT xmin::text FROM claims_searchableclaim"), before)

    def test_all_can_be_made_again_in_one_go(self) -> None:
        claim("The harbour was closed."), build.source(), build.source(title="Whispered", confidential=True)
        tables = [model._meta.db_table for model in SEARCHABLE.values()]

        def rows() -> list[Any]:
            return [execute(f"SELECT * FROM {table} ORDER BY 1") for table in tables] + [
                execute("SELECT word FROM claims_knownword ORDER BY 1")
            ]

        before = rows()
        with as_owner():
            for table in (*tables, "claims_knownword"):
                execute(f"DELETE FROM {table}")
            for _ in range(2):
                execute("CALL claims_make_searchable()")
        self.assertEqual(rows(), before)

    def test_no_word_outlives_its_text(self) -> None:
        """Also those of texts that stood there before, and in a language the article no longer has."""
        on = build.article(language="de", title="Untitled")
        made = claim("Lovelace war in den Häfen.", on=on, headline="Lovelace", claimant="Lovelace")
        claims.edit(claim=made, by=self.researcher, statement="Jemand war in den Häfen.")
        articles.edit(article=on, by=self.editor, language="en", byline="Lovelace")
        source = build.source(title="Lovelace", author="Lovelace", publisher="Lovelace", affiliation="Lovelace",
                              url="https://lovelace.example/")  # fmt: skip
        other = claim("Somebody else: Häfen.", "de")
        self.assertTrue(KnownWord.objects.filter(word__startswith="lovela").exists())
        erased = [("claim", made, field) for field in ("statement", "headline", "claimant")]
        erased += [("source", source, field) for field in ("title", "author", "publisher", "affiliation", "url")]
        for kind, row, field in [*erased, ("article", on, "byline")]:
            with as_owner():
                redaction.redact(kind=kind, object_id=row.pk, field=field, by=self.editor, **LAW)
        self.assertEqual(everywhere("ovela") + everywhere("OVELA"), [])
        self.assertTrue(KnownWord.objects.filter(word="häfen").exists(), "the other claim has it still")
        self.assertEqual([f.row for f in search(text="Hafen", person=self.editor)[0]], [other])
        for text in ("redacted", "[redacted]"):
            self.assertEqual(search(text=text, person=self.editor)[0], [])
        self.assertEqual(list(holding(Claim.objects.all(), ["redacted"], 50)), [])

    def test_texts_too_long_or_too_many_are_no_error(self) -> None:
        for statement in ("x" * 2000, "ü" * 2000, " ".join(f"w{n}" for n in range(400)), "!!!", "\u202e", "'\\ ''"):
            with self.subTest(statement[:10]):
                made = claim(statement, claimant=statement[:300])
                self.assertEqual(list(holding(Claim.objects.all(), [statement], 50)), [made])
                search(text=statement[:LONGEST], person=self.editor)

    def test_a_server_without_trigrams_is_told_what_it_wants(self) -> None:
        statement = importlib.import_module("claims.migrations.0014_search").TRIGRAMS
        with as_owner(), transaction.atomic():
            execute(statement)
            with self.assertRaisesRegex(NotSupportedError, "install its contrib package"):
                execute(statement.replace("pg_trgm", "no_such_extension"))
            transaction.set_rollback(True)


class Erased(RealTransactions):
    """What an erasure leaves in PostgreSQL's own files and samples."""

    def test_no_index_and_no_sample_keeps_a_word(self) -> None:
        superuser = connection.copy()
        superuser.settings_dict = {**connection.settings_dict, "USER": "postgres", "OPTIONS": {}}
        self.addCleanup(superuser.close)

        def files() -> set[str]:
            with superuser.cursor() as cursor:
                cursor.execute("CHECKPOINT")
                cursor.execute(
                    "SELECT c.relname FROM pg_class c WHERE c.relname = ANY (%s) AND position("
                    "convert_to('ottolin', 'UTF8') IN lower(encode(pg_read_binary_file(pg_relation_filepath(c.oid)), "
                    "'escape'))::bytea) > 0",
                    [[*INDEXES, "knownword_word", "posting_is_read_from_its_index"]],
                )
                return {name for (name,) in cursor.fetchall()}

        def samples() -> int:
            with as_owner():
                return execute("SELECT count(*) FROM pg_stats s WHERE lower(s::text) LIKE '%%ottolin%%'")[0][0]

        try:
            self.assertEqual(files(), set())
        except OperationalError:
            self.skipTest("this server lets no superuser in")
        made = claim("Ottoline was arrested.")
        for n in range(3):
            claim(f"Somebody was arrested in {n}.")
        with as_owner():
            execute("ANALYZE")
        self.assertEqual(files(), {"searchableclaim_words", "knownword_word", "posting_is_read_from_its_index"})
        self.assertGreater(samples(), 0)
        call_command("audit_redact", f"claim:{made.pk}", "statement", by=build.the(Role.EDITOR).username, yes=True,
                     stdout=StringIO(), **LAW)  # fmt: skip
        self.assertEqual(files(), set())
        self.assertEqual(samples(), 0)
