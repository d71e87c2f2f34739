"""The contact log: whom the desk asked, by when, and how it ended; the right of reply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from claims.actions import contacts
from claims.actions.acting import acting
from claims.actions.redaction import redact
from claims.choices import ContactOutcome, GuestMay, Role
from claims.models import Article, AuditEvent, Claim, Contact, GuestLink
from claims.rules import Refused
from tests import build
from tests.test_admin_base import client_of, url
from tests.test_api_desk import ApiCase
from tests.test_rules import Doors
from tests.transactional import as_owner

ANSWER = "It was closed in April."
ASKED = datetime(2024, 5, 4, 9, tzinfo=UTC)
DUE = datetime(2024, 5, 6, 9, tzinfo=UTC)


class Log(TestCase):
    def setUp(self) -> None:
        self.claim, self.bea = build.identified(), build.the(Role.RESEARCHER)

    def log(self, **given: Any) -> Contact:
        fields: dict[str, Any] = {
            "claim": self.claim, "whom": "The mayor", "channel": "phone", "question": "Why?", "asked_at": ASKED,
            "by": self.bea,
        }  # fmt: skip
        return contacts.log(**fields | given)

    def test_a_question_is_on_file_until_it_is_answered(self) -> None:
        contact = self.log(due_at=DUE)
        self.assertEqual((contact.article, contact.asked_by, contact.outcome),
                         (self.claim.article, self.bea, ContactOutcome.AWAITING))  # fmt: skip
        self.assertEqual(list(Contact.objects.awaiting()), [contact])
        editor = build.the(Role.EDITOR)
        closed = contacts.close(contact=contact, outcome="answered", answer=ANSWER, by=editor)
        self.assertEqual((closed.answer, closed.closed_by, closed.outcome), (ANSWER, editor, "answered"))
        self.assertFalse(Contact.objects.awaiting().exists())
        events = AuditEvent.objects.filter(object_type="contact").order_by("seq")
        self.assertEqual([(e.action, e.actor, e.article, e.outside) for e in events],
                         [("contact.log", self.bea, self.claim.article, False),
                          ("contact.close", editor, self.claim.article, False)])  # fmt: skip

    def test_bad_input_names_its_field(self) -> None:
        for given, field in (
            ({"whom": " "}, "whom"), ({"question": ""}, "question"), ({"question": "x" * 10_001}, "question"),
            ({"whom": "x" * 301}, "whom"), ({"channel": "pigeon"}, "channel"), ({"due_at": ASKED}, "due_at"),
            ({"asked_at": timezone.now() + timedelta(hours=1)}, "asked_at"), ({"claim": None}, "article"),
        ):  # fmt: skip
            with self.subTest(field), self.assertRaises(ValidationError) as caught:
                self.log(**given)
            self.assertEqual(list(caught.exception.message_dict), [field])
        contact = self.log()
        for given, field in (
            ({"outcome": "answered"}, "answer"), ({"outcome": "answered", "answer": " "}, "answer"),
            ({"outcome": "awaiting"}, "outcome"), ({"outcome": "lost"}, "outcome"),
            ({"outcome": "declined", "answer": "x" * 50_001}, "answer"),
        ):  # fmt: skip
            with self.subTest(field), self.assertRaises(ValidationError) as caught:
                contacts.close(contact=contact, by=self.bea, **given)
            self.assertEqual(list(caught.exception.message_dict), [field])
        with self.assertRaises(ValidationError):
            contacts.extend(contact=contact, due_at=ASKED - timedelta(days=1), by=self.bea)

    def test_it_takes_a_role_that_logs(self) -> None:
        contact, reviewer = self.log(), build.person(Role.REVIEWER)
        for act in (
            lambda: self.log(by=reviewer),
            lambda: contacts.close(contact=contact, outcome="declined", by=reviewer),
            lambda: contacts.extend(contact=contact, due_at=DUE, by=reviewer),
        ):
            with self.assertRaises(Refused) as caught:
                act()
            self.assertEqual(caught.exception.refusals[0].code, "not_permitted")

    def test_the_deadline_changes_while_it_is_awaited(self) -> None:
        contact = self.log(due_at=DUE)
        later = DUE + timedelta(days=2)
        self.assertEqual(contacts.extend(contact=contact, due_at=later, by=self.bea).due_at, later)
        self.assertIsNone(contacts.extend(contact=contact, due_at=None, by=self.bea).due_at)
        last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first()
        contacts.extend(contact=contact, due_at=None, by=self.bea)
        self.assertFalse(AuditEvent.objects.filter(seq__gt=last).exists(), "a save without a change is none")


class Guests(TestCase):
    def setUp(self) -> None:
        self.contact = build.contact()
        self.link = build.guest_link(self.contact.article, GuestMay.ANSWER, contact=self.contact)

    def refused(self, link: GuestLink, contact: Contact | None = None) -> None:
        with self.assertRaises(Refused) as caught:
            contacts.answer(contact=contact or self.contact, answer=ANSWER, guest_link=link)
        self.assertEqual(caught.exception.refusals[0].code, "contact_is_answered_by_its_guest")

    def test_the_guest_who_was_asked_answers(self) -> None:
        answered = contacts.answer(contact=self.contact, answer=ANSWER, guest_link=self.link)
        self.assertEqual((answered.outcome, answered.answer, answered.closed_by), ("answered", ANSWER, None))
        event = AuditEvent.objects.filter(object_type="contact").first()
        self.assertEqual((event.action, event.actor, event.outside), ("contact.answer", None, False))
        with self.assertRaises(Refused) as caught:
            contacts.answer(contact=self.contact, answer="Or in May.", guest_link=self.link)
        self.assertEqual(caught.exception.refusals[0].code, "contact_is_awaiting")

    def test_and_nobody_else(self) -> None:
        other = build.contact(self.contact.article)
        self.refused(self.link, other)
        self.refused(build.guest_link(self.contact.article))
        self.refused(build.guest_link(self.contact.article, GuestMay.ANSWER, contact=other))
        now = timezone.now()
        GuestLink.objects.filter(pk=self.link.pk).update(revoked_at=now, revoked_by=build.the(Role.EDITOR))
        self.refused(self.link)

    def test_an_answer_says_something(self) -> None:
        with self.assertRaises(ValidationError) as caught:
            contacts.answer(contact=self.contact, answer=" ", guest_link=self.link)
        self.assertEqual(list(caught.exception.message_dict), ["answer"])


class EveryDoor(Doors):
    """How a question ended is entered once, and what was asked stays."""

    def setUp(self) -> None:
        self.bea = build.the(Role.RESEARCHER)
        self.contact = contacts.close(contact=build.contact(), outcome="declined", by=self.bea)

    def test_by_the_action_rest_and_the_admin(self) -> None:
        again = lambda: contacts.close(contact=self.contact, outcome="answered", answer="A", by=self.bea)  # noqa: E731
        self.assertEqual(self.action(again), {"contact_is_awaiting"})
        self.assertEqual(self.action(lambda: contacts.extend(contact=self.contact, due_at=None, by=self.bea)),
                         {"contact_is_awaiting"})  # fmt: skip
        path, given = f"{self.contact.pk}/close/", {"outcome": "answered", "answer": "A"}
        self.assertEqual(self.rest(self.bea, f"contacts/{path}", given), {"contact_is_awaiting"})
        self.admin(self.bea, f"contact/{path}", given, "closed already: declined to comment")
        self.assertEqual(Contact.objects.get().outcome, "declined")

    def test_by_the_orm_and_sql(self) -> None:
        for change in ({"outcome": "no_answer"}, {"answer": "A."}, {"due_at": ASKED}, {"closed_at": ASKED},
                       {"closed_by": None}):  # fmt: skip
            with self.subTest(change):
                self.assertEqual(
                    self.database(lambda c=change: Contact.objects.update(**c)), {"contact_is_closed_once"}
                )
        self.assertEqual(self.sql("UPDATE claims_contact SET answer = 'A.'"), {"contact_is_closed_once"})
        self.assertEqual(
            self.database(lambda: Contact.objects.update(question="Else?")), {"contact_asks_what_it_asked"}
        )
        self.contact.whom = "Somebody else"
        self.assertEqual(self.database(self.contact.save), {"contact_asks_what_it_asked"})

    def test_in_ones_own_name_and_about_its_own_article(self) -> None:
        editor, waiting = build.the(Role.EDITOR), build.contact()
        now = timezone.now()
        with self.assertRaises(Refused) as caught, acting(by=self.bea, action="test"):
            Contact.objects.filter(pk=waiting.pk).update(outcome="no_answer", closed_at=now, closed_by=editor)
        self.assertEqual(caught.exception.refusals[0].code, "everybody_closes_in_their_own_name")
        with self.assertRaises(Refused) as caught, acting(by=self.bea, action="test"):
            Contact.objects.filter(pk=waiting.pk).update(outcome="no_answer", closed_at=now)
        self.assertEqual(caught.exception.refusals[0].code, "contact_is_answered_by_its_guest")
        answered = "UPDATE claims_contact SET outcome = 'answered', answer = 'A', closed_at = now() WHERE id = %s"
        self.assertEqual(self.sql(answered, waiting.pk), {"contact_is_answered_by_its_guest"})
        given: dict[str, Any] = {"whom": "W", "channel": "email", "question": "Q", "asked_at": ASKED}
        with self.assertRaises(Refused) as caught, acting(by=self.bea, action="test"):
            Contact.objects.create(article=waiting.article, asked_by=editor, **given)
        self.assertEqual(caught.exception.refusals[0].code, "everybody_acts_in_their_own_name")
        other = build.identified()
        with self.assertRaises(Refused) as caught:
            contacts.log(article=waiting.article, claim=other, by=self.bea, **given)
        self.assertEqual(caught.exception.refusals[0].code, "contact_is_about_its_own_article")

    def test_what_the_law_erases_is_erased_all_the_same(self) -> None:
        told = contacts.close(contact=build.contact(), outcome="answered", answer=ANSWER, by=self.bea)
        with as_owner():
            redact(kind="contact", object_id=told.pk, field="answer", basis="Law.", by=build.the(Role.EDITOR))
        told.refresh_from_db()
        self.assertEqual(told.answer, "[redacted]")


class Rest(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.claim, self.bea = build.identified(), build.the(Role.RESEARCHER)
        self.body = {
            "claim": self.claim.pk, "whom": "The mayor", "channel": "letter", "question": " Why, and when?\n",
            "asked_at": "2024-05-04T09:00:00Z",
        }  # fmt: skip

    def test_a_question_is_logged_extended_and_closed(self) -> None:
        made = self.post(self.bea, "contacts/", self.body)
        self.assertEqual((made["question"], made["article"], made["outcome"], made["due_at"]),
                         (" Why, and when?\n", self.claim.article_id, "awaiting", None))  # fmt: skip
        path = f"contacts/{made['id']}/"
        tag = self.call(self.bea, "GET", path).headers["ETag"]
        due = {"due_at": "2024-05-06T09:00:00Z"}
        self.call(self.bea, "PATCH", path, due, 428)
        self.call(self.bea, "PATCH", path, {"question": "Else?"}, 400, HTTP_IF_MATCH=tag)
        self.assertEqual(self.call(self.bea, "PATCH", path, due, HTTP_IF_MATCH=tag).json()["due_at"], due["due_at"])
        self.call(self.bea, "PATCH", path, due, 412, HTTP_IF_MATCH=tag)
        tag = self.call(self.bea, "GET", path).headers["ETag"]
        self.call(build.person(Role.REVIEWER), "PATCH", path, due | {"due_at": None}, 403, HTTP_IF_MATCH=tag)
        early = self.call(self.bea, "PATCH", path, {"due_at": "2020-01-01T00:00:00Z"}, 400, HTTP_IF_MATCH=tag).json()
        self.assertEqual([e["pointer"] for e in early["errors"]], ["/due_at"])
        closed = self.post(self.bea, f"{path}close/", {"outcome": "answered", "answer": ANSWER}, 200)
        self.assertEqual((closed["answer"], closed["closed_by"]["id"]), (ANSWER, self.bea.pk))
        self.assertEqual(self.get(self.bea, path), closed)
        tag = self.call(self.bea, "GET", path).headers["ETag"]
        self.call(self.bea, "PATCH", path, {"due_at": None}, 409, HTTP_IF_MATCH=tag)
        self.post(build.person(Role.REVIEWER), "contacts/", self.body, 403)

    def test_bad_bodies_name_the_field(self) -> None:
        for change, pointer in (
            ({"channel": "pigeon"}, "/channel"), ({"asked_at": "soon"}, "/asked_at"), ({"whom": ""}, "/whom"),
            ({"question": "a\0b"}, "/question"), ({"claim": 10**18}, "/claim"),
            ({"due_at": "2024-05-01T00:00:00Z"}, "/due_at"),
            ({"outcome": "answered"}, "/outcome"), ({"asked_at": "2999-01-01T00:00:00Z"}, "/asked_at"),
            ({"question": "x" * 10_001}, "/question"), ({"asked_at": "0001-01-01T00:00:00+14:00"}, "/asked_at"),
        ):  # fmt: skip
            with self.subTest(pointer):
                errors = self.post(self.bea, "contacts/", self.body | change, 400)["errors"]
                self.assertEqual([e["pointer"] for e in errors], [pointer])
        self.assertEqual(
            self.post(self.bea, "contacts/", {**self.body, "claim": None}, 400)["errors"][0]["pointer"], "/claim"
        )
        path = f"contacts/{build.contact().pk}/close/"
        for body, pointer in (
            ({"outcome": "answered"}, "/answer"),
            ({"outcome": "awaiting"}, "/outcome"),
            ({}, "/outcome"),
        ):
            errors = self.post(self.bea, path, body, 400)["errors"]
            self.assertEqual([e["pointer"] for e in errors], [pointer])

    def test_it_is_found_by_what_it_is(self) -> None:
        first = self.post(self.bea, "contacts/", self.body)
        on = self.claim.article
        overdue = contacts.log(article=on, whom="The port", channel="email", question="What?", asked_at=ASKED,
                               due_at=DUE, by=self.bea)  # fmt: skip
        contacts.close(contact=build.contact(), outcome="answered", answer=ANSWER, by=self.bea)
        for query, count in (
            (f"article={on.pk}", 2), (f"claim={self.claim.pk}", 1), ("outcome=awaiting", 2), ("outcome=answered", 1),
            ("channel=letter", 1), (f"asked_by={self.bea.username}", 3), ("overdue=true", 1), ("overdue=false", 2),
            ("search=April", 1), ("search=mayor", 1), ("due_before=2024-06-01T00:00:00Z", 1),
            ("asked_after=2024-05-04T09:00:00Z", 3), ("asked_before=2024-05-04T09:00:00Z", 0),
        ):  # fmt: skip
            with self.subTest(query):
                self.assertEqual(self.get(self.bea, f"contacts/?{query}&count=true")["count"], count)
        ordered = self.get(self.bea, "contacts/?ordering=due_at")["results"]
        self.assertEqual(ordered[0]["id"], overdue.pk)
        self.assertIn(first["id"], [row["id"] for row in ordered])
        for name in ("article", "claim", "channel", "outcome", "asked_by", "overdue", "due_before", "asked_after"):
            for value in ("1", str(2**70), "x", "-1", "é"):
                answer = self.client_of(self.bea).get(f"/api/v1/contacts/?{name}={value}")
                self.assertIn(answer.status_code, (200, 400), f"{name}={value}")

    def test_the_list_costs_the_same_for_1_3_and_50_rows(self) -> None:
        for _ in range(50):
            contacts.close(contact=build.contact(self.claim.article, claim=self.claim), outcome="declined", by=self.bea)
        self.get(self.bea, "me/")
        counts = set()
        for rows in (1, 3, 50):
            with CaptureQueriesContext(connection) as captured:
                self.assertEqual(len(self.get(self.bea, f"contacts/?page_size={rows}")["results"]), rows)
            counts.add(len(captured))
        self.assertEqual(len(counts), 1, counts)


class Pages(TestCase):
    def setUp(self) -> None:
        self.claim, self.bea = build.identified(), build.the(Role.RESEARCHER)
        self.client = client_of(self.bea)
        self.form = {
            "claim": self.claim.pk, "whom": "The mayor", "channel": "phone", "question": "Why?",
            "asked_at_0": "2024-05-04", "asked_at_1": "09:00", "due_at_0": "2024-05-06", "due_at_1": "09:00",
        }  # fmt: skip

    def test_log_extend_and_close(self) -> None:
        page = url(Claim, "change", self.claim.pk)
        self.assertContains(self.client.get(page), "Log a question")
        answer = self.client.post(url(Contact, "add"), self.form)
        contact = Contact.objects.get()
        self.assertRedirects(answer, f"{page}#contact-{contact.pk}")
        self.assertEqual((contact.asked_at, contact.due_at, contact.article), (ASKED, DUE, self.claim.article))
        self.client.post(url(Contact, "add"), self.form)
        self.assertEqual(Contact.objects.count(), 1, "a button pressed twice does one thing")
        self.assertContains(self.client.get(page), "Awaiting an answer: overdue")
        extend = url(Contact, "extend", contact.pk)
        self.assertContains(self.client.get(extend), "2024-05-06")
        self.assertContains(self.client.post(extend, {"due_at_0": "2020-01-01", "due_at_1": "00:00"}), "comes after")
        self.client.post(extend, {"due_at_0": "", "due_at_1": ""})
        self.assertIsNone(Contact.objects.get().due_at)
        close = url(Contact, "close", contact.pk)
        self.assertContains(self.client.post(close, {"outcome": "answered", "answer": ""}), "Give the answer")
        self.client.post(close, {"outcome": "answered", "answer": ANSWER})
        shown = self.client.get(page)
        self.assertContains(shown, ANSWER)
        self.assertNotContains(shown, close)
        self.assertContains(self.client.get(url(Article, "change", self.claim.article_id)), ANSWER)
        self.assertContains(self.client.get(url(Contact, "change", contact.pk)), ANSWER)

    def test_what_is_wrong_is_said_and_who_may_not_reads(self) -> None:
        for change, said in (
            ({"claim": ""}, "Say what it is about"), ({"asked_at_0": "soon"}, "valid date"),
            ({"whom": "a\0b"}, "Null characters"), ({"due_at_0": "2020-01-01"}, "comes after"),
        ):  # fmt: skip
            with self.subTest(said):
                self.assertContains(self.client.post(url(Contact, "add"), self.form | change), said)
        build.contact(self.claim.article)
        reviewer = client_of(build.person(Role.REVIEWER))
        page = reviewer.get(url(Article, "change", self.claim.article_id))
        self.assertContains(page, "The Harbour Office")
        self.assertNotContains(page, "Log a question")
        self.assertEqual(reviewer.post(url(Contact, "add"), self.form).status_code, 403)
        contact = Contact.objects.get()
        answer = reviewer.post(url(Contact, "close", contact.pk), {"outcome": "declined"})
        self.assertContains(answer, "Your roles do not include")

    def test_pages_cost_the_same_however_many_were_asked(self) -> None:
        pages = [url(Claim, "change", self.claim.pk), url(Article, "change", self.claim.article_id),
                 url(Contact, "changelist")]  # fmt: skip
        costs: list[list[int]] = []
        for n in range(3):
            for _ in range(1 + 4 * n):
                build.contact(self.claim.article, claim=self.claim)
                made = build.contact(self.claim.article, claim=self.claim)
                contacts.close(contact=made, outcome="declined", by=self.bea)
            cost = []
            for page in pages:
                client = client_of(self.bea)
                with CaptureQueriesContext(connection) as captured:
                    self.assertEqual(client.get(page).status_code, 200)
                cost.append(len(captured))
            costs.append(cost)
        self.assertEqual(costs[0], costs[1])
        self.assertEqual(costs[1], costs[2])

    def test_more_than_a_page_shows_is_behind_a_link(self) -> None:
        for _ in range(41):
            build.contact(self.claim.article)
        page = self.client.get(url(Article, "change", self.claim.article_id))
        self.assertContains(page, f"{url(Contact, 'changelist')}?article={self.claim.article_id}")
        self.assertContains(
            self.client.get(f"{url(Contact, 'changelist')}?article={self.claim.article_id}"), "41 contacts"
        )
