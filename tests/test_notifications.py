"""Who is told of what, what it says to whom, and that nothing blind is ever told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.actions import articles, claims, comments, contacts, notifying, recusals, steps, webhooks
from claims.actions.acting import acting
from claims.actions.overdue import tell_what_is_overdue
from claims.choices import ClaimState, NotificationKind, Role
from claims.messages import message_of, messages_of
from claims.models import (
    Article,
    AuditEvent,
    Claim,
    Comment,
    Contact,
    Delivery,
    Notification,
    Person,
    ReaderReport,
    Thread,
    Webhook,
)
from claims.rules import Refused
from tests import build
from tests.test_admin_base import client_of
from tests.test_api_desk import ApiCase

Kind = NotificationKind


def told(kind: str | None = None, **about: Any) -> set[tuple[str, str]]:
    """Who is told what, by username and kind."""
    rows = Notification.objects.filter(**about)
    rows = rows.filter(kind=kind) if kind else rows
    return set(rows.values_list("person__username", "kind"))


def names(*people: Person, kind: str) -> set[tuple[str, str]]:
    return {(person.username, kind) for person in people}


class WhoIsTold(TestCase):
    def setUp(self) -> None:
        self.researcher, self.editor = build.the(Role.RESEARCHER), build.the(Role.EDITOR)
        self.first, self.second = build.person(Role.REVIEWER), build.person(Role.REVIEWER)
        self.adjudicator, self.lead = build.person(Role.ADJUDICATOR), build.person(Role.EDITOR, username="lead")
        self.on = build.article()
        articles.edit(article=self.on, lead=self.lead, by=self.editor)

    def only(self, *expected: tuple[str, str]) -> None:
        """These and nobody else have been told; then it is forgotten, for the next step."""
        self.assertEqual(told(), set().union(*expected) if expected else set())
        Delivery.objects.all().delete()
        Notification.objects.all().delete()

    def test_the_whole_way_of_a_claim(self) -> None:
        other = build.person(Role.RESEARCHER)
        claim = build.identified(self.on, assignee=other)
        self.only(names(other, kind="assignment"))
        claims.edit(claim=claim, assignee=self.researcher, by=self.researcher)
        self.only()  # nobody is told what they do themselves
        claims.edit(claim=claim, assignee=other, due_at=timezone.now(), by=self.researcher)
        self.only(names(other, kind="assignment"))
        claims.edit(claim=claim, statement="The harbour was shut.", by=self.researcher)
        self.only()  # it was theirs before
        steps.take(claim=claim, step="triage", by=self.researcher)
        build.cite(claim)
        steps.take(claim=claim, step="submit_for_review", none_contradicting="Two archives.", by=self.researcher)
        self.only(names(self.first, self.second, kind="your_turn"))
        build.verdict(claim, "true", by=self.first)
        self.only()
        build.verdict(claim, "false", by=self.second)
        self.only(names(self.adjudicator, self.lead, kind="disputed"))
        steps.take(claim=claim, step="return_to_research", reason="More.", by=self.first)
        self.only(names(other, kind="your_turn"))
        steps.take(claim=claim, step="submit_for_review", by=self.researcher)
        self.only(names(self.first, self.second, kind="your_turn"))
        for reviewer in (self.first, self.second):
            build.verdict(claim, "true", by=reviewer)
        self.only()
        steps.take(claim=claim, step="reopen", reason="A letter came.", by=self.editor)
        self.only(names(other, kind="your_turn"))

    def test_triage_tells_who_gets_it(self) -> None:
        claim = build.identified(self.on)
        other = build.person(Role.RESEARCHER)
        steps.take(claim=claim, step="triage", assignee=other, by=self.researcher)
        self.only(names(other, kind="assignment"))

    def test_it_is_no_turn_of_those_who_may_not(self) -> None:
        """Who researched, who stepped back, who has left, and who is of another role."""
        wrote = build.person(Role.RESEARCHER, Role.REVIEWER)
        back, gone = build.person(Role.REVIEWER), build.person(Role.REVIEWER)
        build.person(Role.REVIEWER, superuser=True)
        build.person(superuser=True, username="root-alone")
        claim = build.claim(ClaimState.RESEARCHING, self.on)
        build.cite(claim, by=wrote)
        recusals.recuse(claim=claim, note="My brother.", by=back)
        Person.objects.filter(pk=gone.pk).update(is_active=False)
        steps.take(claim=claim, step="submit_for_review", none_contradicting="Two archives.", by=self.researcher)
        found = {name for name, _ in told(Kind.YOUR_TURN)}
        self.assertTrue({self.first.username, self.second.username} <= found)
        self.assertFalse(
            found & {wrote.username, back.username, gone.username, "root-alone", self.adjudicator.username}
        )

    def test_a_dispute_is_not_for_those_who_made_it(self) -> None:
        both = build.person(Role.REVIEWER, Role.ADJUDICATOR)
        wrote = build.person(Role.RESEARCHER, Role.ADJUDICATOR)
        back = build.person(Role.ADJUDICATOR)
        claim = build.claim(ClaimState.RESEARCHING, self.on)
        build.cite(claim, by=wrote)
        recusals.recuse(claim=claim, note="My sister.", by=back)
        steps.take(claim=claim, step="submit_for_review", none_contradicting="Two archives.", by=self.researcher)
        build.verdict(claim, "true", by=both)
        build.verdict(claim, "false", by=self.first)
        self.assertEqual(told(Kind.DISPUTED), names(self.adjudicator, self.lead, kind="disputed"))

    def settle(self, on: Article) -> None:
        for quote in build.CLAIMS:
            build.claim(ClaimState.DECIDED, on, quote)
        start = on.current_revision.text.index(build.OPINION)
        Delivery.objects.all().delete()
        Notification.objects.all().delete()
        articles.mark_non_factual(article=on, start=start, end=start + len(build.OPINION), by=self.researcher)

    def test_the_lead_is_told_once_that_all_is_settled(self) -> None:
        self.settle(self.on)
        self.only(names(self.lead, kind="your_turn"))
        articles.edit(article=self.on, title="Another title", by=self.editor)
        claims.edit(claim=self.on.claims.first(), importance="central", by=self.researcher)
        self.only()

    def test_without_a_lead_those_who_may_sign_are_told(self) -> None:
        on = build.article()
        judged = build.person(Role.REVIEWER, Role.EDITOR)
        wrote = build.person(Role.RESEARCHER, Role.EDITOR)
        claim = build.claim(ClaimState.RESEARCHING, on)
        build.cite(claim, by=wrote)
        steps.take(claim=claim, step="submit_for_review", none_contradicting="Two archives.", by=self.researcher)
        for reviewer in (judged, self.first):
            build.verdict(claim, by=reviewer)
        for quote in build.CLAIMS[1:]:
            build.claim(ClaimState.DECIDED, on, quote)
        start = on.current_revision.text.index(build.OPINION)
        articles.mark_non_factual(article=on, start=start, end=start + 5, by=self.researcher)
        about = {"article": on, "claim": None}
        self.assertEqual(told(Kind.YOUR_TURN, **about), names(self.editor, self.lead, kind="your_turn"))

    def test_sign_off_tells_the_lead_the_publishers_and_who_worked_on_it(self) -> None:
        self.settle(self.on)
        claims.edit(claim=self.on.claims.first(), assignee=self.researcher, by=self.editor)
        Delivery.objects.all().delete()
        Notification.objects.all().delete()
        publisher = build.the(Role.PUBLISHER)
        signer = build.person(Role.EDITOR, Role.PUBLISHER)
        build.signed_off(Article.objects.get(pk=self.on.pk), by=signer)
        self.only(names(self.lead, publisher, self.researcher, kind="signed_off"))

    def test_what_is_stale_is_told_those_who_judged_it(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW, self.on)
        build.verdict(claim, by=self.first)
        Delivery.objects.all().delete()
        Notification.objects.all().delete()
        build.cite(claim)
        self.only(names(self.first, self.lead, kind="stale"))

    def test_filing_a_blind_verdict_tells_nobody_anything(self) -> None:
        """Neither the first nor one that takes its place nor one by somebody who steps back afterwards."""
        articles.edit(article=self.on, quorum=3, votes_to_carry=2, by=self.editor)
        claim = build.claim(ClaimState.IN_REVIEW, self.on, assignee=self.researcher)
        before = told()
        for code in ("true", "false", "half_true"):
            build.verdict(claim, code, by=self.first)
        build.verdict(claim, "false", by=self.second)
        recusals.recuse(claim=claim, note="My brother.", by=self.second)
        self.assertEqual(told(), before)
        self.assertEqual(Claim.objects.get(pk=claim.pk).state, ClaimState.IN_REVIEW)

    def test_while_it_is_unread_the_same_is_not_told_twice(self) -> None:
        claim = build.identified(self.on)
        for _ in range(2):
            claims.edit(claim=claim, assignee=self.researcher, by=self.editor_who_writes())
            claims.edit(claim=claim, assignee=None, by=self.editor)
        self.assertEqual(Notification.objects.filter(kind=Kind.ASSIGNMENT).count(), 1)
        notifying.mark_read(by=self.researcher)
        claims.edit(claim=claim, assignee=self.researcher, by=self.editor)
        self.assertEqual(Notification.objects.filter(kind=Kind.ASSIGNMENT).count(), 2)

    def editor_who_writes(self) -> Person:
        return self.editor


class TheOutbox(TestCase):
    def setUp(self) -> None:
        self.by, self.person = build.the(Role.EDITOR), build.person(Role.RESEARCHER)
        Person.objects.filter(pk=self.person.pk).update(email="r@desk.example")
        self.person.refresh_from_db()

    def assign(self) -> Claim:
        return build.identified(build.article(), assignee=self.person)

    def test_it_is_filled_with_the_notification_and_rolls_back_with_it(self) -> None:
        webhooks.add_webhook(url="https://receiver.example/", by=self.person)
        with (
            self.assertRaises(ZeroDivisionError), acting(by=self.by, action="claim.edit"),
            patch("claims.actions.claims.tell_of_claim", side_effect=_tell_and_fail),
        ):  # fmt: skip
            self.assign()
        self.assertEqual((Notification.objects.count(), Delivery.objects.count()), (0, 0))
        self.assign()
        self.assertEqual(sorted(Delivery.objects.values_list("channel", flat=True)), ["email", "webhook"])
        ids = Delivery.objects.values_list("message_id", flat=True)
        self.assertTrue(all(name.startswith("msg_") for name in ids))

    def test_how_it_goes_out_is_each_persons_own_choice(self) -> None:
        for mode, expected in (("", ["email"]), ("daily", ["digest"]), ("none", [])):
            with self.subTest(mode):
                notifying.set_email_mode(mode=mode, by=self.person)
                claim = self.assign()
                rows = Delivery.objects.filter(notification__claim=claim)
                self.assertEqual(list(rows.values_list("channel", flat=True)), expected)
                for row in rows:
                    wait = row.due_at - row.notification.created_at
                    self.assertTrue(timedelta(0) <= wait <= timedelta(hours=24 if mode else 0))
                    self.assertTrue(not mode or (row.due_at.hour, row.due_at.minute) == (7, 0))
        with self.assertRaises(ValidationError):
            notifying.set_email_mode(mode="hourly", by=self.person)
        event = AuditEvent.objects.filter(action="desk.set_email_mode").first()
        self.assertEqual((event.actor, event.outside), (self.person, False))

    def test_a_webhook_is_told_of_its_kinds_while_it_is_on(self) -> None:
        hook, secret = webhooks.add_webhook(url="https://receiver.example/", kinds=["disputed"], by=self.person)
        self.assertTrue(secret.startswith("whsec_"))
        self.assign()
        self.assertFalse(Delivery.objects.filter(webhook=hook).exists())
        other, _ = webhooks.add_webhook(url="https://receiver.example/2", kinds=["assignment"], by=self.person)
        self.assign()
        self.assertEqual(Delivery.objects.filter(webhook=other).count(), 1)
        webhooks.disable_webhook(webhook=other, by=self.person)
        self.assign()
        self.assertEqual(Delivery.objects.filter(webhook=other).count(), 1)
        webhooks.enable_webhook(webhook=other, by=self.person)
        self.assign()
        self.assertEqual(Delivery.objects.filter(webhook=other).count(), 2)

    def test_webhooks_are_refused_where_they_lead_inside_or_are_too_many_or_others(self) -> None:
        for url, kinds, field in (
            ("http://receiver.example/", (), "url"), ("https://127.0.0.1/", (), "url"),
            ("https://receiver.example/", ("gossip",), "kinds"), ("https://receiver.example:25/", (), "url"),
            ("ftp://receiver.example/", (), "url"), ("", (), "url"),
        ):  # fmt: skip
            with self.subTest(url), self.assertRaises(ValidationError) as wrong:
                webhooks.add_webhook(url=url, kinds=kinds, by=self.person)
            self.assertEqual(set(wrong.exception.error_dict), {field})
        for _ in range(webhooks.MOST):
            hook, _ = webhooks.add_webhook(url="https://receiver.example/", by=self.person)
        with self.assertRaises(Refused):
            webhooks.add_webhook(url="https://receiver.example/", by=self.person)
        for act in (webhooks.disable_webhook, webhooks.enable_webhook):
            with self.assertRaises(Refused):
                act(webhook=hook, by=self.by)
        self.assertIsNone(Webhook.objects.get(pk=hook.pk).disabled_at)
        self.assertNotIn(hook.secret, str([bytes(b) for b in AuditEvent.objects.values_list("bytes", flat=True)]))


def _tell_and_fail(*args: Any, **kwargs: Any) -> None:
    notifying.tell_of_claim(*args, **kwargs)
    assert Delivery.objects.count() == 2
    raise ZeroDivisionError


class Overdue(TestCase):
    def setUp(self) -> None:
        self.person, self.lead = build.the(Role.RESEARCHER), build.person(Role.EDITOR)
        self.on = build.article()
        articles.edit(article=self.on, lead=self.lead, by=build.the(Role.EDITOR))
        self.past = timezone.now() - timedelta(hours=1)

    def tell(self) -> int:
        return tell_what_is_overdue()

    def test_claims_articles_and_questions_are_told_once(self) -> None:
        claim = build.identified(self.on, assignee=self.person, due_at=self.past)
        build.identified(self.on, build.CLAIMS[1], assignee=self.person, due_at=timezone.now() + timedelta(hours=1))
        self.assertEqual(self.tell(), 2)
        self.assertEqual(told(Kind.OVERDUE, claim=claim), names(self.person, self.lead, kind="overdue"))
        self.assertEqual(self.tell(), 0)
        notifying.mark_read(by=self.person)
        self.assertEqual(self.tell(), 0)
        articles.edit(article=self.on, due_at=self.past, by=build.the(Role.EDITOR))
        self.assertEqual(self.tell(), 1)
        Contact.objects.create(article=self.on, whom="The mayor", channel="email", question="Is it so?",
                               asked_by=self.person, asked_at=self.past, due_at=self.past)  # fmt: skip
        self.assertEqual(self.tell(), 1)
        said = message_of(Notification.objects.for_reading().filter(person=self.person, claim=None).get())
        self.assertIn("1 of your questions", said.sentence)
        self.assertEqual(self.tell(), 0)

    def test_another_date_is_another_matter(self) -> None:
        claim = build.identified(self.on, assignee=self.person, due_at=self.past)
        self.tell()
        for person in (self.person, self.lead):
            notifying.mark_read(by=person)
        claims.edit(claim=claim, due_at=timezone.now() + timedelta(hours=1), by=self.person)
        self.assertEqual(self.tell(), 0)
        claims.edit(claim=claim, due_at=timezone.now(), by=self.person)
        self.assertEqual(self.tell(), 2)

    def test_what_is_done_is_not_overdue(self) -> None:
        for number, state in enumerate((ClaimState.DECIDED, ClaimState.NOT_CHECKABLE)):
            build.claim(state, self.on, build.CLAIMS[number], assignee=self.person, due_at=self.past)
        duplicate = build.identified(self.on, build.CLAIMS[2], assignee=self.person, due_at=self.past)
        steps.take(claim=duplicate, step="mark_duplicate", duplicate_of=self.on.claims.first(), by=self.person)
        gone = build.identified(self.on, build.CLAIMS[3], assignee=self.person, due_at=self.past)
        steps.take(claim=gone, step="withdraw_claim", reason="A slip.", by=self.person)
        self.assertEqual(self.tell(), 0)
        articles.edit(article=self.on, due_at=self.past, by=build.the(Role.EDITOR))
        articles.withdraw(article=self.on, reason="Not ours.", by=build.the(Role.EDITOR))
        self.assertEqual(self.tell(), 0)


class WhatItSays(TestCase):
    def test_every_kind_has_words_and_a_page_that_opens(self) -> None:
        publication = build.published()
        on = publication.article
        person = build.person(Role.EDITOR)
        claim = build.claim(ClaimState.IN_REVIEW)
        thread = Thread.objects.create(article=claim.article, claim=claim, opened_by=person)
        comment = Comment.objects.create(thread=thread, author=build.the(Role.EDITOR), text="Look at this.")
        report = ReaderReport.objects.create(publication=publication, text="It was in May.")
        contact = contacts.close(contact=build.contact(on), outcome="answered", answer="In June.", by=person)
        for kind in Kind:
            more = {"mention": {"comment": comment}, "reader_report": {"report": report},
                    "guest_news": {"contact": contact}}.get(kind, {})  # fmt: skip
            about = {"article": on} if kind in ("signed_off", "reader_report") else {"claim": claim}
            notifying.tell(kind, [person], by=None, **about, **more)
        notifying.tell(Kind.YOUR_TURN, [person], by=None, article=on)
        notifying.tell(Kind.OVERDUE, [person], by=None, article=on)
        rows = list(Notification.objects.filter(person=person).for_reading())
        self.assertEqual(len(rows), len(Kind) + 2)
        client = client_of(person)
        for row, said in zip(rows, messages_of(rows, person), strict=True):
            with self.subTest(row.kind):
                self.assertTrue(said.title and said.sentence)
                self.assertEqual(client.get(said.path).status_code, 200)
                answer = client.get(reverse("admin:notification", args=[row.pk]))
                self.assertRedirects(answer, said.path, fetch_redirect_response=False)
        quotes = {row.kind: said.quote for row, said in zip(rows, messages_of(rows, person), strict=True)}
        self.assertEqual((quotes["mention"], quotes["reader_report"], quotes["guest_news"]),
                         ("Look at this.", "It was in May.", "In June."))  # fmt: skip

    def test_a_mention_says_nothing_of_what_its_person_may_not_see(self) -> None:
        claim = build.claim(ClaimState.IN_REVIEW)
        reviewer, other = build.person(Role.REVIEWER, username="rita"), build.person(Role.REVIEWER)
        verdict = build.verdict(claim, "false", by=reviewer)
        thread = Thread.objects.create(article=claim.article, claim=claim, verdict=verdict, opened_by=reviewer)
        comment = Comment.objects.create(thread=thread, author=reviewer, text="I say false.")
        notifying.tell(Kind.MENTION, [other], by=reviewer, claim=claim, comment=comment)
        row = Notification.objects.for_reading().get(comment=comment)
        said = message_of(row)
        self.assertEqual((said.quote, said.path, said.hidden), ("", "", True))
        page = client_of(other).get(reverse("admin:notifications"))
        opened = client_of(other).get(reverse("admin:notification", args=[row.pk]), follow=True)
        for answer in (page, opened):
            self.assertContains(answer, "You were mentioned")
            for word in ("rita", "I say false", claim.code + ","):
                self.assertNotContains(answer, word)
        build.verdict(claim, "false", by=other)
        self.assertEqual(message_of(row).quote, "I say false.")
        comments.take_back(comment=comment, by=reviewer)
        said = message_of(Notification.objects.for_reading().get(pk=row.pk))
        self.assertEqual((said.quote, "taken back" in said.sentence), ("", True))

    def test_the_readers_words_are_for_those_who_handle_reports(self) -> None:
        report = ReaderReport.objects.create(publication=build.published(), text="Call me: 555 0100.")
        notifying.tell(Kind.READER_REPORT, [build.the(Role.RESEARCHER)], by=None,
                       article=report.publication.article, report=report)  # fmt: skip
        self.assertEqual(message_of(Notification.objects.for_reading().get(report=report)).quote, "")

    def test_the_assignees_note_is_for_who_it_is_assigned_to_now(self) -> None:
        first, second = build.person(Role.RESEARCHER), build.person(Role.RESEARCHER)
        claim = build.identified(assignee=first, assignment_note="Ask the mayor first.")
        row = Notification.objects.for_reading().get(person=first)
        self.assertEqual(message_of(row).quote, "Ask the mayor first.")
        claims.edit(claim=claim, assignee=second, by=build.the(Role.EDITOR))
        self.assertEqual(message_of(Notification.objects.for_reading().get(pk=row.pk)).quote, "")


class ThePages(TestCase):
    def setUp(self) -> None:
        self.person, self.other = build.person(Role.RESEARCHER), build.person(Role.RESEARCHER)
        self.on = build.article()
        self.claims = [build.identified(self.on, quote, assignee=self.person) for quote in build.CLAIMS[:2]]
        self.page = client_of(self.person)

    def test_unread_is_said_in_words_and_in_every_header(self) -> None:
        self.assertContains(
            self.page.get(reverse("admin:notifications")), '<span class="tag tag-warning">Unread</span>', 2
        )
        for name in ("index", "claims_claim_changelist", "me", "notifications"):
            self.assertContains(self.page.get(reverse(f"admin:{name}")), "2 unread")
        self.assertNotContains(client_of(self.other).get(reverse("admin:index")), "unread")

    def test_opening_one_reads_it_and_all_are_read_by_a_button(self) -> None:
        row = Notification.objects.visible_to(self.person).first()
        self.assertEqual(client_of(self.other).get(reverse("admin:notification", args=[row.pk])).status_code, 404)
        self.assertTrue(Notification.objects.get(pk=row.pk).read_at is None)
        self.page.get(reverse("admin:notification", args=[row.pk]))
        self.assertContains(self.page.get(reverse("admin:index")), "1 unread")
        self.page.get(reverse("admin:notifications_read"))
        self.assertContains(self.page.get(reverse("admin:index")), "1 unread")
        self.page.post(reverse("admin:notifications_read"))
        self.assertNotContains(self.page.get(reverse("admin:index")), "unread")
        self.assertContains(self.page.get(reverse("admin:notifications") + "?unread=1"), "You have read everything")
        with self.assertRaises(ObjectDoesNotExist):
            notifying.mark_read(notification=row, by=self.other)

    def test_the_list_costs_the_same_and_goes_on_to_older_ones(self) -> None:
        costs = []
        for wanted in (2, 60):
            have = Notification.objects.filter(person=self.person).count()
            for _ in range(wanted - have):
                build.identified(self.on, assignee=self.person)
            with CaptureQueriesContext(connection) as queries:
                page = self.page.get(reverse("admin:notifications"))
            costs.append(len(queries))
        self.assertEqual(costs[0], costs[1])
        self.assertLessEqual(costs[1], 8)
        last = page.context["older"]
        older = self.page.get(reverse("admin:notifications") + f"?before={last}")
        self.assertEqual((len(page.context["rows"]), len(older.context["rows"])), (50, 10))
        for odd in ("x", "²", "9" * 40, "-1"):
            self.assertEqual(self.page.get(reverse("admin:notifications"), {"before": odd}).status_code, 200)

    def test_the_header_costs_one_query(self) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                self.page.get(reverse("admin:claims_claim_changelist"))
            return len([q for q in queries if "claims_notification" in q["sql"]])

        self.assertEqual(count(), 1)

    def test_how_i_am_told_is_chosen_on_my_page(self) -> None:
        answer = self.page.post(reverse("admin:me"), {"mode": "daily"})
        self.assertRedirects(answer, reverse("admin:me"))
        self.assertEqual(Person.objects.get(pk=self.person.pk).email_mode, "daily")
        self.page.post(reverse("admin:me"), {"mode": ""})
        self.assertEqual(Person.objects.get(pk=self.person.pk).email_mode, "")
        self.assertContains(self.page.post(reverse("admin:me"), {"mode": "hourly"}), "Nothing was written")
        for name in ("me", "notifications"):
            self.assertEqual(client_of(build.person()).get(reverse(f"admin:{name}")).status_code, 403)

    def test_a_calendar_address_is_made_and_revoked_on_my_page(self) -> None:
        mine, making = reverse("admin:me"), reverse("admin:me_calendar")
        self.assertContains(self.page.get(reverse("admin:index")), f'href="{mine}"')
        self.assertContains(self.page.get(mine), "Make an address")
        self.assertRedirects(self.page.get(making), mine)
        self.assertFalse(self.person.api_tokens.exists())
        first, second = (self.page.post(making) for _ in range(2))
        address = second.context["address"]
        self.assertContains(second, address)
        self.assertEqual(Client().get(first.context["address"]).status_code, 404)
        self.assertEqual(Client().get(address).headers["Content-Type"], "text/calendar; charset=utf-8")
        [token] = self.person.api_tokens.filter(revoked_at=None)
        event = AuditEvent.objects.filter(object_type="apitoken").first()
        self.assertEqual((event.action, event.actor, event.outside), ("desk.issue_token", self.person, False))
        page, revoking = self.page.get(mine), reverse("admin:claims_apitoken_revoke", args=[token.pk])
        self.assertContains(page, revoking)
        self.assertNotContains(page, address)
        for client in (client_of(self.other), client_of(build.person())):
            self.assertNotContains(client.get(mine, follow=True), revoking, status_code=client.get(mine).status_code)
            self.assertIn(client.post(revoking).status_code, (403, 404))
        self.assertEqual(client_of(build.person()).post(making).status_code, 403)
        self.assertRedirects(self.page.post(revoking), f"{mine}#by-calendar")
        self.assertEqual(Client().get(address).status_code, 404)
        self.assertNotContains(self.page.get(mine), revoking)

    def test_webhooks_are_ones_own_and_the_secret_is_shown_once(self) -> None:
        wrong = self.page.post(reverse("admin:claims_webhook_add"), {"url": "https://10.0.0.1/"})
        self.assertContains(wrong, "not public")
        data = {"url": "https://receiver.example/hook", "kinds": ["disputed"]}
        made = self.page.post(reverse("admin:claims_webhook_add"), data)
        hook = Webhook.objects.get()
        self.assertContains(made, hook.secret)
        self.assertEqual(hook.kinds, ["disputed"])
        pages = [
            reverse(f"admin:claims_webhook_{name}", args=[hook.pk]) for name in ("change", "history", "deliveries")
        ]
        for page in (*pages, reverse("admin:claims_webhook_changelist"), reverse("admin:me")):
            answer = self.page.get(page)
            self.assertEqual(answer.status_code, 200, page)
            self.assertNotContains(answer, hook.secret)
        for page in ("disable", "enable", "deliveries"):
            other = client_of(self.other).post(reverse(f"admin:claims_webhook_{page}", args=[hook.pk]))
            self.assertEqual(other.status_code, 404)
        root = client_of(build.person(Role.EDITOR, superuser=True))
        self.assertNotContains(root.get(pages[0]), hook.secret)
        bad = root.get(reverse("admin:claims_webhook_changelist"), {"secret__startswith": "whsec_"})
        self.assertEqual(bad.status_code, 400)
        self.page.post(reverse("admin:claims_webhook_disable", args=[hook.pk]))
        self.assertIsNotNone(Webhook.objects.get().disabled_at)
        self.page.post(reverse("admin:claims_webhook_enable", args=[hook.pk]))
        self.assertIsNone(Webhook.objects.get().disabled_at)


class Rest(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.person, self.other = build.person(Role.RESEARCHER), build.person(Role.RESEARCHER)
        self.on = build.article()
        self.claims = [build.identified(self.on, quote, assignee=self.person) for quote in build.CLAIMS[:2]]

    def test_my_notifications(self) -> None:
        page = self.get(self.person, "notifications/?count=true")
        self.assertEqual(page["count"], 2)
        first = page["results"][0]
        self.assertEqual((first["kind"], first["claim"], first["read_at"]), ("assignment", self.claims[1].pk, None))
        self.assertIn("C2 is assigned to you", first["title"])
        self.assertEqual(self.get(self.person, f"notifications/{first['id']}/"), first)
        self.call(self.other, "GET", f"notifications/{first['id']}/", expect=404)
        self.call(self.other, "POST", f"notifications/{first['id']}/read/", expect=404)
        self.assertEqual(self.get(self.other, "notifications/")["results"], [])
        self.assertEqual(self.get(self.person, "me/")["unread"], 2)
        self.assertIsNotNone(self.post(self.person, f"notifications/{first['id']}/read/", expect=200)["read_at"])
        for query, rows in (("unread=true", 1), ("unread=false", 1), ("kind=disputed", 0), ("kind=assignment", 2),
                            (f"article={self.on.pk}", 2), (f"claim={self.claims[0].pk}", 1),
                            ("article=999", 0)):  # fmt: skip
            with self.subTest(query):
                self.assertEqual(len(self.get(self.person, f"notifications/?{query}")["results"]), rows)
        self.assertEqual(self.post(self.person, "notifications/read/", expect=200), {"marked": 1})
        self.assertEqual(self.get(self.person, "me/")["unread"], 0)

    def test_how_i_am_told(self) -> None:
        self.assertEqual(self.get(self.person, "me/")["email_mode"], "")
        self.assertEqual(self.post(self.person, "me/", {"email_mode": "daily"}, 200)["email_mode"], "daily")
        self.assertEqual(self.post(self.person, "me/", {"email_mode": ""}, 200)["email_mode"], "")
        self.post(self.person, "me/", {"email_mode": "hourly"}, 400)
        self.post(self.person, "me/", {}, 400)

    def test_a_list_costs_the_same_for_1_3_and_50_rows(self) -> None:
        self.get(self.person, "me/")
        hook, _ = webhooks.add_webhook(url="https://receiver.example/", by=self.person)
        for _ in range(50):
            build.identified(self.on, assignee=self.person)
        thread = Thread.objects.create(article=self.on, opened_by=self.other)
        for _ in range(3):
            comment = Comment.objects.create(thread=thread, author=self.other, text="You?")
            notifying.tell(Kind.MENTION, [self.person], by=self.other, article=self.on, comment=comment)
        client = self.client_of(self.person)
        for path in ("notifications/", f"webhooks/{hook.pk}/deliveries/"):
            costs = []
            for rows in (1, 3, 50):
                with CaptureQueriesContext(connection) as queries:
                    self.assertEqual(len(client.get(f"/api/v1/{path}?page_size={rows}").json()["results"]), rows)
                costs.append(len(queries))
            self.assertEqual(len(set(costs)), 1, costs)

    def test_webhooks(self) -> None:
        for url in ("http://receiver.example/", "https://[::1]/", "https://user:pw@receiver.example/"):
            wrong = self.post(self.person, "webhooks/", {"url": url}, 400)
            self.assertEqual([e["pointer"] for e in wrong["errors"]], ["/url"])
        self.post(self.person, "webhooks/", {"url": "https://receiver.example/", "kinds": ["x"]}, 400)
        made = self.post(self.person, "webhooks/", {"url": "https://receiver.example/", "kinds": ["assignment"]})
        self.assertTrue(made["secret"].startswith("whsec_"))
        at = f"webhooks/{made['id']}/"
        self.assertNotIn("secret", self.get(self.person, at))
        self.assertNotIn(made["secret"], str(self.get(self.person, "webhooks/")))
        root = build.person(Role.EDITOR, superuser=True)
        for who in (self.other, root):
            self.assertEqual(self.get(who, "webhooks/")["results"], [])
            for path in (at, f"{at}deliveries/"):
                self.call(who, "GET", path, expect=404)
            for path in (f"{at}disable/", f"{at}enable/"):
                self.call(who, "POST", path, expect=404)
        build.identified(self.on, build.CLAIMS[2], assignee=self.person)
        [row] = self.get(self.person, f"{at}deliveries/")["results"]
        self.assertEqual((row["kind"], row["tries"], row["log"]), ("assignment", 0, []))
        self.assertIsNotNone(self.post(self.person, f"{at}disable/", expect=200)["disabled_at"])
        self.assertEqual(len(self.get(self.person, "webhooks/?disabled=true")["results"]), 1)
        self.assertIsNone(self.post(self.person, f"{at}enable/", expect=200)["disabled_at"])
