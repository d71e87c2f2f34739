"""Guests: let in by a link that cannot be forged, shown nothing internal, every use on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.core.exceptions import ValidationError
from django.core.signing import Signer
from django.db import connection, transaction
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.actions import comments, guests, steps
from claims.actions.acting import acting
from claims.choices import ClaimState, GuestDid, Role
from claims.models import (
    Article,
    AuditEvent,
    Claim,
    Comment,
    Contact,
    Evidence,
    GuestLink,
    GuestUse,
    Person,
    Publication,
    Source,
    Thread,
    Verdict,
)
from claims.rules import Refused
from tests import build, published
from tests.published import canary, named
from tests.stories import execute
from tests.test_admin_base import client_of, url
from tests.test_api_desk import ApiCase

CLOSED = "This link is not valid (any more)."


def question(on: Article, claim: Claim | None = None, **given: Any) -> Contact:
    """A question put to somebody, made straight away."""
    fields = {"whom": "The mayor's office", "channel": "email", "question": "What did the works cost?"} | given
    with acting(by=build.the(Role.EDITOR), action="contact.ask"):
        return Contact.objects.create(
            article=on, claim=claim, asked_by=build.the(Role.EDITOR), asked_at=timezone.now(), **fields
        )


def invited(on: Article, may: str = "comment", **given: Any) -> tuple[GuestLink, str]:
    fields: dict[str, Any] = {"name": "Ada Example", "relation": "author", "by": build.the(Role.EDITOR)} | given
    return guests.invite(article=on, may=may, **fields)


def at(token: str) -> str:
    return f"/guest/{token}/"


def did(link: GuestLink) -> list[str]:
    return list(link.uses.order_by("id").values_list("did", flat=True))


def expired(on: Article) -> tuple[GuestLink, str]:
    """A link whose time is over: made a month ago."""
    with mock.patch("django.utils.timezone.now", return_value=timezone.now() - timedelta(days=30)):
        return invited(on)


class Inviting(TestCase):
    def setUp(self) -> None:
        self.on = build.identified().article
        self.claim = self.on.claims.get()

    def wrong(self, **given: Any) -> set[str]:
        with self.assertRaises(ValidationError) as caught:
            invited(self.on, **given)
        return set(caught.exception.message_dict)

    def test_the_token_is_kept_nowhere_and_signed(self) -> None:
        link, token = invited(self.on)
        secret = Signer(salt="guest").unsign(token)
        self.assertEqual(link.digest, GuestLink.digest_of(secret))
        self.assertGreaterEqual(len(secret), 43)
        event = AuditEvent.objects.first()
        self.assertEqual((event.action, event.object_type, event.actor), ("guest.invite", "guestlink", link.made_by))
        self.assertNotIn(secret, str(event.after) + bytes(event.bytes).decode())
        self.assertAlmostEqual(link.expires_at, timezone.now() + timedelta(days=14), delta=timedelta(minutes=1))

    def test_who_may(self) -> None:
        for role in (Role.RESEARCHER, Role.REVIEWER, Role.ADJUDICATOR, Role.PUBLISHER, Role.AUDITOR):
            with self.subTest(role), self.assertRaises(Refused):
                invited(self.on, by=build.the(role))
        link, _ = invited(self.on)
        with self.assertRaises(Refused):
            guests.revoke(link=link, by=build.the(Role.RESEARCHER))
        self.assertTrue(GuestLink.objects.get().usable)

    def test_what_is_given_fits_together(self) -> None:
        other = build.identified()
        asked = question(self.on, self.claim)
        second = build.identified(self.on, build.CLAIMS[1])
        self.assertEqual(self.wrong(days=0), {"days"})
        self.assertEqual(self.wrong(days=91), {"days"})
        self.assertEqual(self.wrong(claim=other), {"claim"})
        self.assertEqual(self.wrong(contact=question(other.article), may="answer"), {"contact"})
        self.assertEqual(self.wrong(contact=asked, claim=second, may="answer"), {"contact"})
        self.assertEqual(self.wrong(contact=asked, may="read"), {"contact"})
        self.assertEqual(self.wrong(may="answer"), {"contact"})
        self.assertEqual(self.wrong(name=" "), {"name"})
        self.assertEqual(self.wrong(relation="friend"), {"relation"})
        self.assertFalse(GuestLink.objects.exists())
        invited(self.on, may="answer", contact=asked, claim=self.claim, days=90)
        invited(self.on, may="answer", contact=asked, days=1)

    def test_nothing_is_shown_of_a_claim_that_is_withdrawn(self) -> None:
        self.claim.refresh_from_db()
        steps.take(claim=self.claim, step="withdraw_claim", by=build.the(Role.EDITOR), reason="Twice.")
        self.claim.refresh_from_db()
        self.assertEqual(self.wrong(claim=self.claim), {"claim"})

    def test_the_database_keeps_the_same_rules(self) -> None:
        other = build.identified()
        link, _ = invited(self.on)
        fields = {"article": self.on, "name": "x", "relation": "other", "made_by": link.made_by,
                  "expires_at": timezone.now() + timedelta(days=1)}  # fmt: skip
        asked = question(self.on, self.claim)
        second = build.identified(self.on, build.CLAIMS[1])
        cases: dict[str, list[Any]] = {
            "guest_link_is_about_its_own_article": [
                {"claim": other}, {"contact": question(other.article), "may": "answer"},
                {"contact": asked, "claim": second, "may": "answer"},
            ],
            "guest_link_lasts_ninety_days": [{"expires_at": timezone.now() + timedelta(days=90, minutes=1)}],
        }  # fmt: skip
        for rule, rows in cases.items():
            for number, row in enumerate(rows):
                with self.subTest(rule, row=row), self.assertRaises(Refused) as caught, acting(by=None, action="x.y"):
                    GuestLink.objects.create(digest=f"{rule}{number}", **fields | row)
                self.assertEqual([r.code for r in caught.exception.refusals], [rule])
        guests.revoke(link=link, by=link.made_by)
        with self.assertRaises(Refused) as caught, acting(by=None, action="x.y"):
            execute("UPDATE claims_guestlink SET revoked_at = NULL, revoked_by_id = NULL WHERE id = %s", link.pk)
        self.assertEqual([r.code for r in caught.exception.refusals], ["guest_link_stays_revoked"])

    def test_what_a_link_does_not_allow_the_database_refuses_too(self) -> None:
        reading, _ = invited(self.on, may="read")
        writing, _ = invited(self.on)
        old, _ = expired(self.on)
        mine = guests.comment(link=writing, text="Hello.").thread
        for link, what in ((reading, "commented"), (reading, "answered"), (writing, "answered"), (old, "opened")):
            with self.subTest(what, link=link.pk), self.assertRaises(Refused) as caught:
                guests.note_use(link=link, did=what)
            self.assertEqual([r.code for r in caught.exception.refusals], ["guest_use_is_of_a_link_that_allows_it"])
        another, _ = invited(self.on)
        for link in (another, reading, old):
            with self.subTest(link=link.pk), self.assertRaises(Refused) as caught, acting(by=None, action="x.y"):
                Comment.objects.create(thread=mine, guest_link=link, text="Let me in.")
            self.assertEqual([r.code for r in caught.exception.refusals], ["guest_writes_in_their_own_thread"])


class TheDoor(TestCase):
    def setUp(self) -> None:
        self.on = build.identified().article

    def closed(self, token: str, queries: int | None = None) -> None:
        for method in ("get", "post", "head"):
            with CaptureQueriesContext(connection) as captured:
                answer = getattr(self.client, method)(at(token))
            self.assertEqual(answer.status_code, 404, token)
            if method != "head":
                self.assertContains(answer, CLOSED, status_code=404)
                self.assertNotContains(answer, self.on.title, status_code=404)
            if queries is not None:
                self.assertEqual(len(captured), queries, captured.captured_queries)

    def test_a_forged_link_is_refused_without_asking_the_database(self) -> None:
        link, token = invited(self.on)
        secret, signature = token.split(":")
        forged = (secret, f"{secret}:", f"{secret}:{signature[:-1]}", f"x{token}", Signer(salt="other").sign(secret),
                  Signer(key="guess", salt="guest").sign(secret), link.digest, "x", "%00", "é" * 40)  # fmt: skip
        for wrong in forged:
            with self.subTest(wrong):
                self.closed(wrong, queries=0)
        self.assertFalse(GuestUse.objects.exists())

    def test_unknown_expired_and_revoked_say_the_same(self) -> None:
        link, token = invited(self.on)
        guests.revoke(link=link, by=build.the(Role.EDITOR))
        pages = set()
        for closed in (token, expired(self.on)[1], Signer(salt="guest").sign("nobody's"), "forged"):
            with self.subTest(closed):
                self.closed(closed)
                pages.add(self.client.get(at(closed)).content)
        self.assertEqual(len(pages), 1)
        self.assertFalse(GuestUse.objects.exists())
        with self.assertRaises(Refused):
            guests.comment(link=link, text="Still here?")

    def test_a_link_that_closes_while_it_is_opened(self) -> None:
        link, token = invited(self.on)

        def meanwhile(**given: Any) -> GuestLink:
            guests.revoke(link=link, by=build.the(Role.EDITOR))
            return link

        for method in ("get", "post"):
            with mock.patch("claims.guest_views.guests.open_link", meanwhile):
                answer = getattr(self.client, method)(at(token), {"send": "comment", "comment-text": "Hello."})
            self.assertContains(answer, CLOSED, status_code=404 if method == "get" else 409)
        self.assertFalse(GuestUse.objects.exists() or Comment.objects.exists())

    def test_headers(self) -> None:
        _, token = invited(self.on)
        client = Client(enforce_csrf_checks=True)
        answers = [client.get(at(token)), client.get(at("forged")), client.post(at(token), {"send": "comment"})]
        self.assertEqual([a.status_code for a in answers], [200, 404, 403])
        for answer in answers:
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(answer.headers["Cache-Control"], "private, no-store")
            self.assertIn("noindex", answer.headers["X-Robots-Tag"])
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
        self.assertEqual(client.put(at(token)).status_code, 405)

    def test_forms_need_the_token_of_their_page(self) -> None:
        """Also where, as under no-referrer, a browser says no more of the page than `Origin: null`."""
        link, token = invited(self.on)
        client = Client(enforce_csrf_checks=True)
        said = {"send": "comment", "comment-text": "Hello."}
        for origin in ("null", "https://elsewhere.example", "http://testserver"):
            self.assertEqual(client.post(at(token), said, headers={"origin": origin}).status_code, 403)
        page = published.Reading(client.get(at(token)).content.decode())
        said["csrfmiddlewaretoken"] = str(page.named("input", name="csrfmiddlewaretoken")[0]["value"])
        self.assertEqual(client.post(at(token), said, headers={"origin": "https://elsewhere.example"}).status_code, 403)
        self.assertFalse(Comment.objects.exists())
        for secure in (False, True):
            answer = client.post(at(token), said, headers={"origin": "null"}, secure=secure)
            self.assertEqual(answer.status_code, 302)
        self.assertEqual(Comment.objects.get().guest_link, link)

    def test_the_markup_is_sound(self) -> None:
        asked = question(self.on, due_at=timezone.now() + timedelta(days=3))
        for may, given in (("read", {}), ("comment", {}), ("comment", {"claim": self.on.claims.get()}),
                           ("answer", {"contact": asked})):  # fmt: skip
            _, token = invited(self.on, may=may, **given)
            for answer in (self.client.get(at(token)), self.client.post(at(token), {"send": may})):
                page = published.Reading(answer.content.decode())
                with self.subTest(may, status=answer.status_code):
                    self.assertEqual(page.faults, [])
                    self.assertEqual((page.tags["h1"], page.tags["main"], page.tags["script"]), (1, 1, 0))
                    self.assertFalse([a for _, a in page.attributes if "style" in a or "onclick" in a])
                    labels = {a.get("for") for a in page.named("label")}
                    shown = [a for t, a in page.attributes if t in ("textarea", "select")]
                    self.assertEqual({a.get("id") for a in shown} - labels, set())

    def test_the_page_costs_the_same_for_any_number_of_claims(self) -> None:
        costs = []
        for quotes in (build.CLAIMS[1:2], build.CLAIMS[2:]):
            for quote in quotes:
                build.identified(self.on, quote)
            _, token = invited(self.on)
            self.client.get(at(token))
            with CaptureQueriesContext(connection) as captured:
                self.assertEqual(self.client.get(at(token)).status_code, 200)
            costs.append(len(captured))
        self.assertEqual(len(set(costs)), 1, costs)


class Uses(TestCase):
    def setUp(self) -> None:
        self.on = build.identified().article
        self.claim = self.on.claims.get()

    def say(self, token: str, text: str, about: str = "", status: int = 302) -> Any:
        said = {"send": "comment", "comment-text": text, "comment-about": about}
        answer = self.client.post(at(token), said)
        self.assertEqual(answer.status_code, status, answer.content.decode()[-3000:])
        return answer

    def test_every_use_is_on_record(self) -> None:
        link, token = invited(self.on)
        self.client.get(at(token))
        self.client.get(at(token))
        self.client.head(at(token))
        self.assertEqual(did(link), ["opened"])
        with mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(minutes=11)):
            self.client.get(at(token))
        self.assertEqual(did(link), ["opened", "opened"])
        self.say(token, "That is not what I wrote.")
        self.assertEqual(did(link), ["opened", "opened", "commented"])
        events = AuditEvent.objects.filter(object_type="guestuse", article=self.on)
        self.assertEqual({(e.action, e.actor, e.outside) for e in events}, {("guest.use", None, False)})
        self.assertEqual(events.count(), 3)

    def test_one_thread_for_each_thing_and_a_second_press_does_nothing(self) -> None:
        link, token = invited(self.on)
        self.say(token, "On the whole.")
        self.say(token, "On the whole.")
        self.say(token, "On the claim.", "C1")
        self.say(token, "More on the claim.", "C1")
        threads = Thread.objects.order_by("id")
        self.assertEqual([(t.claim, t.guest_link, t.opened_by) for t in threads],
                         [(None, link, None), (self.claim, link, None)])  # fmt: skip
        said = [c.text for c in Comment.objects.order_by("id")]
        self.assertEqual(said, ["On the whole.", "On the claim.", "More on the claim."])
        self.assertEqual(did(link), ["commented"] * 3)
        page = self.client.get(at(token) + "?sent=comment").content.decode()
        self.assertIn("Your comment has been sent to the desk.", page)
        self.assertIn("On claim C1", page)

    def test_comments_are_about_what_is_shown(self) -> None:
        second = build.identified(self.on, build.CLAIMS[1])
        link, token = invited(self.on, claim=second)
        self.say(token, "On mine.", "C1")
        self.assertEqual(Thread.objects.get().claim, second)
        for claim in (self.claim, build.identified()):
            with self.assertRaises(ValidationError):
                guests.comment(link=link, text="x", claim=claim)
        _, whole = invited(self.on)
        self.assertContains(self.say(whole, "x", "C99", status=200), "Select a valid choice")

    def test_a_link_for_reading_writes_nothing(self) -> None:
        link, token = invited(self.on, may="read")
        self.assertNotContains(self.client.get(at(token)), "<form")
        self.say(token, "Let me.", status=409)
        self.assertEqual(self.client.post(at(token), {"send": "answer", "answer-answer": "x"}).status_code, 409)
        self.assertEqual(self.client.post(at(token), {"send": "other"}).status_code, 400)
        self.assertFalse(Comment.objects.exists())
        self.assertEqual(did(link), ["opened"])

    def test_what_is_wrong_is_said_beside_what_was_written(self) -> None:
        _, token = invited(self.on)
        self.assertContains(self.say(token, " ", status=200), "This field is required.")
        self.assertContains(self.say(token, "a\0b", status=200), "Null characters are not allowed.")
        long = self.say(token, "word " * 2001, status=200)
        self.assertContains(long, "at most 10000 characters")
        self.assertContains(long, "word word")
        with self.assertRaises(ValidationError):
            guests.comment(link=GuestLink.objects.get(), text="x" * 10_001)

    def test_no_more_than_twenty_a_day(self) -> None:
        link, token = invited(self.on)
        for number in range(20):
            guests.comment(link=link, text=f"Number {number}.")
        answer = self.say(token, "And another.", status=429)
        self.assertContains(answer, "You have written 20 times within a day", status_code=429)
        self.assertContains(answer, "And another.", status_code=429)
        self.assertIn("Retry-After", answer.headers)
        self.assertEqual(Comment.objects.count(), 20)
        self.assertEqual(self.client.get(at(token)).status_code, 200)
        guests.comment(link=invited(self.on)[0], text="Others still write.")
        with mock.patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(hours=25)):
            guests.comment(link=link, text="The next day.")

    def test_a_question_is_answered_once(self) -> None:
        asked = question(self.on, self.claim, due_at=timezone.now() + timedelta(days=3))
        link, token = invited(self.on, may="answer", contact=asked)
        page = self.client.get(at(token))
        for words in ("What did the works cost?", "The mayor&#x27;s office", f"{asked.due_at:%H:%M} UTC"):
            self.assertContains(page, words)
        said = {"send": "answer", "answer-answer": "Nine million.\r\nTo the cent."}
        for _ in range(2):
            self.assertEqual(self.client.post(at(token), said).status_code, 302)
        asked.refresh_from_db()
        self.assertEqual(
            (asked.outcome, asked.answer, asked.closed_by), ("answered", "Nine million.\nTo the cent.", None)
        )
        self.assertEqual(did(link), ["opened", "answered"])
        self.assertContains(self.client.get(at(token)), "To the cent.")
        other = self.client.post(at(token), {**said, "answer-answer": "Ten million."})
        self.assertContains(other, "closed", status_code=409)
        asked.refresh_from_db()
        self.assertIn("Nine", asked.answer)

    def test_an_answer_that_the_desk_wrote_down_is_not_shown(self) -> None:
        asked = question(self.on)
        _, token = invited(self.on, may="answer", contact=asked)
        with acting(by=build.the(Role.EDITOR), action="contact.close"):
            Contact.objects.filter(pk=asked.pk).update(
                outcome="answered",
                answer=canary("by-phone"),
                closed_by=build.the(Role.EDITOR),
                closed_at=timezone.now(),
            )
        page = self.client.get(at(token))
        self.assertContains(page, "We have closed this question.")
        self.assertNotContains(page, published.CANARY)
        self.client.post(at(token), {"send": "answer", "answer-answer": "I said so by phone."})
        page = self.client.get(at(token))
        self.assertContains(page, "I said so by phone.")
        self.assertNotContains(page, published.CANARY)
        self.assertNotContains(page, "<form")


class NothingInternal(TestCase):
    """A canary in every field that a guest must not see, and pages of every kind of link."""

    on: Article
    link: GuestLink

    @classmethod
    def setUpTestData(cls) -> None:
        cls.on = build.article(published.TEXT, language="en")
        published.researched(cls.on, "The bridge was closed in May.", "true")
        published.disputed(cls.on)
        open_round = build.identified(cls.on, "The tunnel is long.", assignee=named(Role.RESEARCHER))
        Claim.objects.filter(pk=open_round.pk).update(
            assignment_note=canary("assignment"), none_contradicting=canary("looked"), topics=[canary("topic")]
        )
        open_round.refresh_from_db()
        build._triage(open_round)
        build._submit(open_round)
        build.verdict(open_round, "false", by=named(Role.REVIEWER), rationale=canary("blind"))
        aside = build.identified(cls.on, "It will ruin us.", kind="prediction")
        steps.take(
            claim=aside, step="set_aside", by=named(Role.RESEARCHER), triage_reason="prediction", note=canary("triage")
        )
        cls.talk()

    @classmethod
    def talk(cls) -> None:
        """What the desk says among itself, to other guests, and to this one."""
        desk = named(Role.EDITOR)
        cls.link, cls.token = invited(cls.on, name="Ada Example")
        other, _ = invited(cls.on, name=canary("other-guest"))
        guests.comment(link=other, text=canary("other-guest-said"))
        claim = cls.on.claims.get(code="C1")
        own = guests.comment(link=cls.link, text="My own words.", claim=claim).thread
        with acting(by=desk, action="comment.reply"):
            for about in ({}, {"claim": claim}, {"claim": claim, "evidence": claim.evidence.first()},
                          {"claim": claim, "verdict": claim.verdicts.first()}):  # fmt: skip
                thread = Thread.objects.create(article=cls.on, opened_by=desk, **about)
                Comment.objects.create(thread=thread, author=desk, text=canary("desk-said"))
            Comment.objects.create(thread=own, author=desk, text="We hear you.")
            gone = Comment.objects.create(thread=own, author=desk, text=canary("taken-back"))
            Comment.objects.filter(pk=gone.pk).update(taken_back_at=timezone.now())
        with acting(by=desk, action="contact.ask"):
            Contact.objects.create(article=cls.on, claim=claim, whom=canary("whom"), channel="phone", asked_by=desk,
                                   question=canary("question"), asked_at=timezone.now())  # fmt: skip

    def pages(self) -> dict[str, str]:
        tokens = {"whole": self.token}
        for code in ("C1", "C2", "C3", "C4"):
            tokens[code] = invited(self.on, claim=self.on.claims.get(code=code), name="Bo")[1]
        asked = question(self.on)
        tokens["answer"] = invited(self.on, may="answer", contact=asked, name="Cy")[1]
        tokens["read"] = invited(self.on, may="read", name="Di")[1]
        return {name: self.client.get(at(token)).content.decode() for name, token in tokens.items()}

    def assert_silent(self, pages: dict[str, str]) -> None:
        words = [published.CANARY, "in review", "disputed", "decided", "not checkable", "set aside", "researching"]
        words += [p.username for p in Person.objects.all()]
        for name, page in pages.items():
            for word in words:
                with self.subTest(name, word=word):
                    self.assertNotIn(word.lower(), page.lower())

    def test_before_publication(self) -> None:
        pages = self.pages()
        self.assert_silent(pages)
        for page in pages.values():
            for word in (
                "minutes",
                "The &lt;motion&gt; was carried",
                "It was not.",
                "verdict",
                "True",
                "False",
                "Read as",
            ):
                self.assertNotIn(word, page)
        self.assertIn("The tunnel is long.</mark>", pages["whole"])
        self.assertEqual(
            {"C1", "C2", "C3", "C4"}, {c for c in ("C1", "C2", "C3", "C4") if f'id="{c}"' in pages["whole"]}
        )
        self.assertNotIn("C2", pages["C1"])
        self.assertNotIn("ruin us", pages["C1"].split('id="text"')[0])

    def test_the_claim_alone_is_marked_in_its_context(self) -> None:
        page = self.pages()["C3"]
        self.assertEqual(page.count("<mark"), 1)
        self.assertIn("The tunnel is long.</mark>", page)
        self.assertNotIn("It will ruin us.", page)

    def test_the_desk_speaks_by_its_name(self) -> None:
        page = self.pages()["whole"]
        self.assertIn("My own words.", page)
        self.assertIn("We hear you.", page)
        self.assertIn("<strong>The Factcheck desk</strong>", page)
        self.assertNotIn("We hear you.", self.pages()["C1"])

    def test_the_same_whatever_verdict_was_filed(self) -> None:
        before = {name: _without_tokens(page) for name, page in self.pages().items()}
        build.verdict(self.on.claims.get(code="C3"), "half_true", by=named(Role.REVIEWER), rationale=canary("blind"))
        self.assertEqual({name: _without_tokens(page) for name, page in self.pages().items()}, before)

    def test_the_canaries_are_there(self) -> None:
        """What is not shown does stand in the record."""
        for text in (canary("blind"), canary("superseded")):
            self.assertTrue(Verdict.objects.filter(rationale=text).exists())
        self.assertTrue(Evidence.objects.filter(excerpt=canary("internal"), visibility="internal").exists())
        self.assertTrue(Source.objects.filter(title=canary("source"), confidential=True).exists())
        self.assertTrue(Claim.objects.filter(assignment_note=canary("assignment")).exists())
        self.assertEqual(Comment.objects.filter(text=canary("desk-said")).count(), 4)


def _without_tokens(page: str) -> str:
    """A page without what differs at every load."""
    lines = [
        line for line in page.splitlines() if "csrfmiddlewaretoken" not in line and "can be opened until" not in line
    ]
    return "\n".join(lines)


class AfterPublication(TestCase):
    def test_what_readers_are_shown_and_no_more(self) -> None:
        first = published.everything()
        _, token = invited(first.article)
        page = self.client.get(at(token)).content.decode()
        self.assertNotIn(published.CANARY, page)
        self.assertIn("Minutes &amp; more", page)
        self.assertIn(f"/factchecks/{first.article.slug}/C1/", page)
        self.assertIn("Misleading", page)
        steps.take(
            claim=first.article.claims.get(code="C1"), step="reopen", by=build.the(Role.EDITOR), reason="A letter."
        )
        build.cite(first.article.claims.get(code="C1"), excerpt="Not yet for readers.")
        page = self.client.get(at(token)).content.decode()
        self.assertNotIn("Not yet for readers.", page)
        self.assertIn("Minutes &amp; more", page)
        published.retracted(Publication.objects.get(pk=first.pk))
        page = self.client.get(at(token)).content.decode()
        self.assertNotIn("What readers are shown", page)


class Sources(TestCase):
    """Who is a source is for those whose role needs confidential ones."""

    def setUp(self) -> None:
        self.on = build.identified().article
        self.link, _ = invited(self.on, relation="source", name="Deep Throat")
        guests.comment(link=self.link, text="It leaked.")

    def test_it_is_hidden_from_others_at_every_door(self) -> None:
        publisher, editor = client_of(build.the(Role.PUBLISHER)), client_of(build.the(Role.EDITOR))
        pages = [url(GuestLink, "changelist"), url(GuestUse, "changelist"), url(Article, "change", self.on.pk),
                 url(Thread, "changelist"), url(Comment, "changelist")]  # fmt: skip
        for page in pages:
            with self.subTest(page):
                self.assertNotContains(publisher.get(page), "Deep Throat")
                self.assertNotContains(publisher.get(page), "It leaked.")
        self.assertContains(editor.get(pages[0]), "Deep Throat")
        self.assertContains(editor.get(pages[2]), "Deep Throat")
        self.assertEqual(publisher.get(url(GuestLink, "change", self.link.pk)).status_code, 302)
        for person, seen in ((build.the(Role.PUBLISHER), 0), (build.the(Role.EDITOR), 1)):
            self.assertEqual(GuestUse.objects.visible_to(person).count(), seen)
            self.assertEqual(AuditEvent.objects.visible_to(person).filter(object_type="guestlink").count(), seen)


class InTheAdmin(TestCase):
    def setUp(self) -> None:
        self.on = build.identified().article
        self.claim = self.on.claims.get()
        self.editor = build.the(Role.EDITOR)
        self.client = client_of(self.editor)

    def invite(self, **given: Any) -> Any:
        data = {"article": self.on.pk, "name": "Ada", "relation": "author", "may": "comment", "days": 7} | given
        return self.client.post(reverse("admin:claims_guestlink_add"), data)

    def test_invite_from_the_page_and_open_what_is_shown_once(self) -> None:
        for page, field in ((url(Article, "change", self.on.pk), ""), (url(Claim, "change", self.claim.pk), "claim")):
            with self.subTest(page):
                answer = self.client.get(page)
                self.assertContains(answer, "Invite a guest")
                reading = published.Reading(answer.content.decode())
                there = next(str(a["href"]) for a in reading.named("a") if "guestlink/add/?" in str(a.get("href")))
                form = published.Reading(self.client.get(there).content.decode())
                chosen = form.named("option", value=str(self.claim.pk if field else self.on.pk))
                self.assertTrue([o for o in chosen if "selected" in o])
        answer = self.invite(claim=self.claim.pk)
        link = GuestLink.objects.get()
        address = answer.context["secret"]
        self.assertTrue(address.startswith("http://127.0.0.1:8000/guest/"))
        self.assertEqual(Client().get(address.removeprefix("http://127.0.0.1:8000")).status_code, 200)
        page = self.client.get(url(GuestLink, "change", link.pk))
        self.assertContains(page, "Opened the page")
        self.assertNotContains(page, address.split("/")[-2].split(":")[0])
        self.assertNotContains(page, link.digest)
        self.assertContains(self.client.get(url(Claim, "change", self.claim.pk)), "1 use<")

    def test_pressed_twice_one_link_opens(self) -> None:
        first, second = (self.invite().context["secret"] for _ in range(2))
        self.assertEqual(Client().get(first.removeprefix("http://127.0.0.1:8000")).status_code, 404)
        self.assertEqual(Client().get(second.removeprefix("http://127.0.0.1:8000")).status_code, 200)
        self.assertEqual(GuestLink.objects.usable().count(), 1)

    def test_a_question_is_asked_by_link(self) -> None:
        asked = question(self.on, self.claim)
        page = self.client.get(url(Contact, "change", asked.pk))
        self.assertContains(page, "Ask by link")
        there = next(
            str(a["href"]) for a in published.Reading(page.content.decode()).named("a")
            if "guestlink/add/?" in str(a.get("href"))
        )  # fmt: skip
        form = self.client.get(there).context["adminform"].form
        self.assertEqual((form.initial["may"], form.initial["contact"]), ("answer", str(asked.pk)))
        self.assertContains(self.invite(may="answer"), "Choose the question")
        self.assertEqual(self.invite(may="answer", contact=asked.pk, claim=self.claim.pk).status_code, 200)
        self.assertEqual(GuestLink.objects.get().contact, asked)

    def test_revoke(self) -> None:
        link, token = invited(self.on)
        page = url(GuestLink, "revoke", link.pk)
        self.assertEqual(client_of(build.the(Role.RESEARCHER)).post(page).status_code, 200)
        self.assertEqual(Client().get(at(token)).status_code, 200)
        self.assertEqual(self.client.post(page).status_code, 302)
        self.assertEqual(Client().get(at(token)).status_code, 404)
        self.assertEqual(
            client_of(build.the(Role.RESEARCHER)).get(reverse("admin:claims_guestlink_add")).status_code, 403
        )
        self.assertNotContains(
            client_of(build.the(Role.RESEARCHER)).get(url(Article, "change", self.on.pk)), "Invite a"
        )


class OverRest(ApiCase):
    def test_invite_use_revoke(self) -> None:
        claim = build.identified()
        editor = build.the(Role.EDITOR)
        body = {"article": claim.article_id, "name": "Ada", "relation": "expert"}
        made = self.post(editor, "guest-links/", {**body, "claim": claim.pk, "may": "comment", "days": 3})
        self.assertEqual((made["may"], made["usable"], made["made_by"]["id"]), ("comment", True, editor.pk))
        there = made["url"].removeprefix("http://127.0.0.1:8000")
        self.assertEqual(Client().get(there).status_code, 200)
        shown = self.get(editor, f"guest-links/{made['id']}/")
        self.assertNotIn("url", shown)
        self.assertNotIn("digest", shown)
        self.assertEqual([u["did"] for u in self.get(editor, f"guest-uses/?link={made['id']}")["results"]], ["opened"])
        self.post(build.the(Role.RESEARCHER), "guest-links/", body, 403)
        self.post(build.the(Role.RESEARCHER), f"guest-links/{made['id']}/revoke/", {}, 403)
        gone = self.post(editor, f"guest-links/{made['id']}/revoke/", {}, 200)
        self.assertEqual((gone["usable"], gone["revoked_by"]["id"]), (False, editor.pk))
        self.assertEqual(Client().get(there).status_code, 404)
        self.assertEqual(self.get(editor, "guest-links/?usable=true")["results"], [])
        self.assertEqual(len(self.get(editor, f"guest-links/?usable=false&claim={claim.pk}")["results"]), 1)

    def test_bad_input_names_its_field(self) -> None:
        claim, other = build.identified(), build.identified()
        body = {"article": claim.article_id, "name": "Ada", "relation": "expert"}
        editor = build.the(Role.EDITOR)
        for wrong in (
            {"days": 91},
            {"days": 0},
            {"claim": other.pk},
            {"may": "answer"},
            {"relation": "x"},
            {"more": 1},
        ):
            answer = self.post(editor, "guest-links/", body | wrong, 400)
            field = "contact" if "may" in wrong else next(iter(wrong))
            self.assertEqual([e["pointer"] for e in answer["errors"]], [f"/{field}"])
        self.assertEqual(self.post(editor, "guest-links/", body)["may"], "read")

    def test_sources_are_for_those_whose_role_needs_them(self) -> None:
        link, token = invited(build.identified().article, relation="source")
        Client().get(at(token))
        publisher = build.the(Role.PUBLISHER)
        self.assertEqual(self.get(publisher, "guest-links/")["results"], [])
        self.assertEqual(self.get(publisher, "guest-uses/")["results"], [])
        self.call(publisher, "GET", f"guest-links/{link.pk}/", expect=404)
        self.assertEqual(len(self.get(build.the(Role.EDITOR), "guest-uses/")["results"]), 1)

    def test_lists_cost_the_same(self) -> None:
        on = build.identified().article
        costs: dict[str, list[int]] = {"guest-links/": [], "guest-uses/": []}
        for _ in range(3):
            for _ in range(2):
                guests.note_use(link=invited(on)[0], did=GuestDid.OPENED)
            for path, cost in costs.items():
                self.get(build.the(Role.EDITOR), "me/")
                with CaptureQueriesContext(connection) as captured:
                    self.get(build.the(Role.EDITOR), path)
                cost.append(len(captured))
        for path, cost in costs.items():
            self.assertEqual(len(set(cost)), 1, f"{path} {cost}")


class TheWhole(TestCase):
    def test_invite_open_comment_reply_read(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        editor = build.the(Role.EDITOR)
        data = {"article": claim.article_id, "claim": claim.pk, "name": "Ada", "relation": "author", "may": "comment",
                "days": 7}  # fmt: skip
        address = client_of(editor).post(reverse("admin:claims_guestlink_add"), data).context["secret"]
        there = address.removeprefix("http://127.0.0.1:8000")
        guest = Client(enforce_csrf_checks=True)
        page = published.Reading(guest.get(there).content.decode())
        said = {"send": "comment", "comment-text": "I never wrote this.",
                "csrfmiddlewaretoken": page.named("input", name="csrfmiddlewaretoken")[0]["value"]}  # fmt: skip
        self.assertEqual(guest.post(there, said, headers={"origin": "null"}).status_code, 302)
        thread = Thread.objects.get()
        self.assertEqual((thread.claim, thread.guest_link.name), (claim, "Ada"))
        with acting(by=editor, action="comment.reply"), transaction.atomic():
            Comment.objects.create(thread=thread, author=editor, text="Thank you, we looked again.")
        page = guest.get(there).content.decode()
        self.assertIn("I never wrote this.", page)
        self.assertIn("Thank you, we looked again.", page)
        self.assertNotIn(editor.name, page)
        comments.reply(thread=thread, guest_link=thread.guest_link, text="And?")
        self.assertEqual(did(thread.guest_link), ["opened", "commented"])
