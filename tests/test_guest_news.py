"""What guests write, and answers that come too late: who is told, what it says to whom, and where it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from claims.actions import articles, comments, contacts, guests
from claims.actions.acting import acting
from claims.actions.mailing import mail_of
from claims.actions.posting import body_of
from claims.actions.redaction import redact
from claims.choices import DeliveryChannel, NotificationKind, Role
from claims.messages import message_of
from claims.models import AuditEvent, Claim, Contact, Delivery, GuestLink, Notification, Person
from claims.rules import Refused
from tests import build, stories
from tests.test_admin_base import client_of, url
from tests.test_api_desk import ApiCase
from tests.test_concurrency import at_once
from tests.test_rules import Doors
from tests.transactional import RealTransactions, as_owner

NEWS = NotificationKind.GUEST_NEWS
TEXT = "Whispered by the crane."


def told() -> set[str]:
    """Who has been told of guests' news since this was asked last."""
    rows = Notification.objects.filter(kind=NEWS)
    names = set(rows.values_list("person__username", flat=True))
    Delivery.objects.filter(notification__in=rows.values("pk")).delete()
    rows.delete()
    return names


def names(*people: Person) -> set[str]:
    return {person.username for person in people}


class News(TestCase):
    """An article with a lead, a guest, and a question to somebody outside."""

    def setUp(self) -> None:
        self.maker, self.lead = build.the(Role.EDITOR), build.person(Role.EDITOR, username="lead")
        self.asker, self.other = build.the(Role.RESEARCHER), build.person(Role.RESEARCHER)
        self.claim = build.identified()
        self.on = articles.edit(article=self.claim.article, lead=self.lead, by=self.maker)
        told()

    def guest(self, may: str = "comment", **given: Any) -> GuestLink:
        return build.guest_link(self.on, may, **given)

    def asked(self, **given: Any) -> tuple[Contact, GuestLink]:
        contact = build.contact(self.on, claim=self.claim, **given)
        return contact, self.guest("answer", contact=contact)

    def closed(self, outcome: str = "no_answer", **given: Any) -> tuple[Contact, GuestLink]:
        contact, link = self.asked()
        return contacts.close(contact=contact, outcome=outcome, by=self.other, **given), link


class WhoIsTold(News):
    def test_of_a_comment_the_maker_of_the_link_the_lead_and_who_takes_part(self) -> None:
        link = self.guest()
        thread = guests.comment(link=link, text=TEXT).thread
        self.assertEqual(told(), names(self.maker, self.lead))
        comments.reply(thread=thread, text="We looked.", by=self.other)
        self.assertEqual(told(), set(), "the desk's own replies are no news from outside")
        resolver = build.person(Role.REVIEWER)
        comments.resolve(thread=thread, by=resolver)
        for text in ("And?", "Still there?"):
            guests.comment(link=link, text=text)
            self.assertEqual(told(), names(self.maker, self.lead, self.other, *([resolver] if text == "And?" else [])))
        guests.comment(link=self.guest(), text="Another guest, another conversation.", claim=self.claim)
        self.assertEqual(told(), names(self.maker, self.lead))

    def test_each_comment_is_told_once_and_a_second_press_tells_nothing(self) -> None:
        link = self.guest()
        for text in (TEXT, TEXT, "More."):
            guests.comment(link=link, text=text)
        self.assertEqual(Notification.objects.filter(kind=NEWS, person=self.lead).count(), 2)

    def test_of_a_source_only_those_who_may_know_of_it(self) -> None:
        publisher = build.person(Role.PUBLISHER)
        publisher.user_permissions.add(Permission.objects.get(codename="receive_article"))
        articles.edit(article=self.on, lead=publisher, by=self.maker)
        guests.comment(link=self.guest(relation="source"), text=TEXT)
        self.assertEqual(told(), names(self.maker))
        guests.comment(link=self.guest(), text=TEXT)
        self.assertEqual(told(), names(self.maker, publisher))

    def test_where_none_of_them_is_left_whoever_may_invite_guests(self) -> None:
        link, (_, asked) = self.guest(), self.asked()
        Person.objects.filter(pk__in=[self.maker.pk, self.lead.pk, self.asker.pk]).update(is_active=False)
        editor = build.person(Role.EDITOR)
        guests.comment(link=GuestLink.objects.get(pk=link.pk), text=TEXT)
        self.assertEqual(told(), names(editor))
        guests.answer(link=GuestLink.objects.get(pk=asked.pk), text=TEXT)
        self.assertEqual(told(), names(editor))

    def test_of_an_answer_who_asked_the_maker_of_the_link_and_the_lead(self) -> None:
        _, link = self.asked()
        for _ in range(2):
            guests.answer(link=link, text=TEXT)
        self.assertEqual(Notification.objects.filter(kind=NEWS).count(), 3)
        self.assertEqual(told(), names(self.asker, self.maker, self.lead))

    def test_of_a_late_one_also_who_closed_the_question(self) -> None:
        contact, link = self.closed()
        guests.answer(link=link, text=TEXT)
        self.assertEqual(told(), names(self.asker, self.maker, self.lead, self.other))
        contact, _ = self.closed()
        contacts.answer_late(contact=contact, answer=TEXT, by=self.asker)
        self.assertEqual(told(), names(self.maker, self.lead, self.other))


class WhatItSays(News):
    def setUp(self) -> None:
        super().setUp()
        Person.objects.filter(pk=self.lead.pk).update(email="lead@desk.example")

    def news(self) -> Notification:
        return Notification.objects.for_reading().get(person=self.lead, kind=NEWS)

    def sent(self) -> str:
        """All that leaves the desk: the e-mail, and what a webhook would be told."""
        [row] = Delivery.objects.filter(notification=self.news(), channel=DeliveryChannel.EMAIL)
        message = mail_of([row])
        return message.subject + message.body + body_of(row).decode()

    def test_a_comment_is_quoted_at_the_desk_alone(self) -> None:
        comment = guests.comment(link=self.guest(name="Deep Throat"), text=TEXT, claim=self.claim)
        said = message_of(self.news())
        self.assertEqual((said.title, said.quote, said.hidden), ("A guest has commented", TEXT, False))
        self.assertEqual(said.path, reverse("admin:claims_thread_change", args=[comment.thread_id]))
        sent = self.sent()
        self.assertIn("News from outside", sent)
        self.assertIn(self.on.title, sent)
        for word in (TEXT, "Deep Throat"):
            self.assertNotIn(word, sent)
        self.assertContains(client_of(self.lead).get(reverse("admin:notifications")), TEXT)

    def test_nothing_where_the_conversation_is_not_open_any_more(self) -> None:
        guests.comment(link=self.guest(relation="source"), text=TEXT)
        self.lead.groups.clear()
        self.lead.groups.add(*build.person(Role.PUBLISHER).groups.all())
        said = message_of(self.news())
        self.assertEqual((said.quote, said.path, said.hidden), ("", "", True))
        for text in (self.sent(), said.sentence):
            self.assertNotIn(self.on.title, text)

    def test_an_answer_is_read_at_the_desk_alone(self) -> None:
        contact, link = self.asked(whom="Office of the Mayor")
        guests.answer(link=link, text=TEXT)
        said = message_of(self.news())
        self.assertEqual((said.title, said.quote), ("A question to others is answered", TEXT))
        self.assertEqual(said.path, reverse("admin:claims_contact_change", args=[contact.pk]))
        self.assertContains(client_of(self.lead).get(said.path), TEXT)
        own = Notification.objects.for_reading().get(person=self.asker, kind=NEWS)
        self.assertEqual(message_of(own).title, "Your question is answered")
        sent = self.sent()
        for word in (TEXT, "Mayor", link.name):
            self.assertNotIn(word, sent)

    def test_that_it_came_late(self) -> None:
        _, link = self.closed(outcome="answered", answer="By phone: in May.")
        guests.answer(link=link, text=TEXT)
        said = message_of(self.news())
        self.assertEqual((said.title, said.quote), ("A question to others is answered late", TEXT))
        self.assertIn("has to change", said.sentence)
        for word in (TEXT, "in May"):
            self.assertNotIn(word, self.sent())


class LateAnswers(News):
    def test_it_is_kept_beside_how_the_question_ended(self) -> None:
        contact, link = self.closed()
        before = (contact.outcome, contact.answer, contact.closed_by, contact.closed_at)
        for _ in range(2):
            contact = guests.answer(link=link, text=TEXT)
        self.assertEqual((contact.outcome, contact.answer, contact.closed_by, contact.closed_at), before)
        self.assertEqual((contact.late_answer, contact.late_answer_by), (TEXT, None))
        self.assertEqual(list(link.uses.values_list("did", flat=True)), ["answered"])
        event = AuditEvent.objects.filter(object_type="contact").first()
        self.assertEqual((event.action, event.actor, event.outside), ("contact.answer", None, False))
        with self.assertRaises(Refused) as caught:
            guests.answer(link=link, text="And another thing.")
        self.assertEqual([r.code for r in caught.exception.refusals], ["question_is_open"])

    def test_the_desk_enters_it_where_it_came_another_way(self) -> None:
        contact, link = self.closed()
        with self.assertRaises(ValidationError) as caught:
            contacts.answer_late(contact=contact, answer=" ", by=self.asker)
        self.assertEqual(list(caught.exception.message_dict), ["answer"])
        with self.assertRaises(Refused) as refused:
            contacts.answer_late(contact=contact, answer=TEXT, by=build.person(Role.REVIEWER))
        self.assertEqual(refused.exception.refusals[0].code, "not_permitted")
        contact = contacts.answer_late(contact=contact, answer=TEXT, by=self.asker)
        self.assertEqual(
            (contact.outcome, contact.late_answer, contact.late_answer_by), ("no_answer", TEXT, self.asker)
        )
        with self.assertRaises(Refused):
            guests.answer(link=link, text="Now mine.")

    def test_a_guest_who_answered_in_time_has_answered(self) -> None:
        contact, link = self.asked()
        second = self.guest("answer", contact=contact)
        guests.answer(link=link, text="In May.")
        for one in (link, second):
            with self.assertRaises(Refused):
                guests.answer(link=one, text=TEXT)
        contact.refresh_from_db()
        self.assertEqual(contact.late_answer, "")
        contacts.answer_late(contact=contact, answer=TEXT, by=self.asker)  # they wrote once more, by letter
        contact.refresh_from_db()
        self.assertEqual(contact.answered_by(link)[0], "In May.")
        self.assertEqual(contact.answered_by(second), ("", None))

    def test_of_what_is_on_file_a_guest_sees_what_came_by_their_link(self) -> None:
        contact, _ = self.closed(outcome="answered", answer="By phone: in May.")
        _, token = guests.invite(article=self.on, name="Ada", relation="subject", may="answer", contact=contact,
                                 by=self.maker)  # fmt: skip
        _, other = guests.invite(article=self.on, name="Bo", relation="subject", may="answer", contact=contact,
                                 by=self.maker)  # fmt: skip
        page = Client().get(f"/guest/{token}/")
        self.assertContains(page, "You can still answer")
        self.assertNotContains(page, "in May")
        said = {"send": "answer", "answer-answer": TEXT}
        self.assertEqual(Client().post(f"/guest/{token}/", said).status_code, 302)
        page = Client().get(f"/guest/{token}/?sent=answer")
        self.assertContains(page, TEXT)
        self.assertContains(page, "after the question was closed")
        for shown in (page, Client().get(f"/guest/{other}/")):
            self.assertNotContains(shown, "in May")
            self.assertNotContains(shown, "<form")
        self.assertNotContains(shown, TEXT)

    def test_the_pages_of_the_desk_show_it_as_late(self) -> None:
        contact, _ = self.closed()
        page = client_of(self.asker)
        here, log = url(Contact, "change", contact.pk), url(Claim, "change", self.claim.pk)
        late = url(Contact, "late", contact.pk)
        for there in (here, log):
            self.assertContains(page.get(there), late)
        self.assertNotContains(client_of(build.person(Role.REVIEWER)).get(here), late)
        self.assertContains(page.get(late), "It ended so: no answer by the deadline.")
        self.assertContains(page.post(late, {"answer": ""}), "This field is required.")
        self.assertEqual(page.post(late, {"answer": TEXT}).status_code, 302)
        answer = page.get(log)
        self.assertContains(answer, "Answered late")
        self.assertContains(answer, "No answer by the deadline")
        for there in (here, log):
            self.assertContains(page.get(there), TEXT)
            self.assertNotContains(page.get(there), late)
        self.assertContains(page.post(late, {"answer": "Again."}), "There is a late answer to this question already.")

    def test_the_log_costs_the_same(self) -> None:
        page, costs = client_of(self.asker), []
        page.get(url(Claim, "change", self.claim.pk))
        for _ in range(2):
            for _ in range(2):
                contact, _ = self.closed()
                contacts.answer_late(contact=contact, answer=TEXT, by=build.person(Role.RESEARCHER))
            with CaptureQueriesContext(connection) as queries:
                page.get(url(Claim, "change", self.claim.pk))
            costs.append(len(queries))
        self.assertEqual(len(set(costs)), 1, costs)

    def test_the_law_erases_it_and_the_trail_stays_whole(self) -> None:
        stories.begin()
        contact, _ = self.closed()
        contacts.answer_late(contact=contact, answer=TEXT, by=self.asker)
        self.assertEqual(stories.found(), [])
        with as_owner():
            redact(kind="contact", object_id=contact.pk, field="late_answer", basis="Law.", by=self.maker)
        contact.refresh_from_db()
        self.assertEqual(contact.late_answer, "[redacted]")
        self.assertEqual(stories.found(), [])


class EveryDoor(Doors):
    """A late answer comes once, after the question was closed, by the desk in its own name or by a guest asked."""

    def setUp(self) -> None:
        self.bea, self.editor = build.the(Role.RESEARCHER), build.the(Role.EDITOR)
        self.open, self.closed = build.contact(), build.contact()
        contacts.close(contact=self.closed, outcome="declined", by=self.bea)

    def write(self, contact: Contact, **changes: Any) -> Callable[[], Any]:
        given = {"late_answer": TEXT, "late_answer_at": timezone.now(), **changes}
        return lambda: Contact.objects.filter(pk=contact.pk).update(**given)

    def test_by_the_action_rest_and_the_admin(self) -> None:
        rule = {"late_answer_is_entered_once"}
        late = contacts.answer_late(contact=self.closed, answer=TEXT, by=self.bea)
        for contact, said in ((self.open, "This question is open"), (late, "There is a late answer")):
            self.assertEqual(
                self.action(lambda c=contact: contacts.answer_late(contact=c, answer="B.", by=self.bea)), rule
            )
            self.assertEqual(self.rest(self.bea, f"contacts/{contact.pk}/late-answer/", {"answer": "B."}), rule)
            self.admin(self.bea, f"contact/{contact.pk}/late/", {"answer": "B."}, said)
        self.assertEqual(set(Contact.objects.values_list("late_answer", flat=True)), {"", TEXT})

    def test_by_the_orm_and_sql(self) -> None:
        by_a_guest = {"late_answer_is_entered_by_the_desk_or_its_guest"}
        self.assertEqual(self.database(self.write(self.open)), {"late_answer_is_entered_once"})
        self.assertEqual(self.database(self.write(self.closed)), by_a_guest)
        self.assertEqual(self.sql("UPDATE claims_contact SET late_answer = 'A', late_answer_at = now() WHERE id = %s",
                                  self.closed.pk), by_a_guest)  # fmt: skip
        self.assertEqual(self.sql("UPDATE claims_contact SET late_answer = 'A' WHERE id = %s", self.closed.pk),
                         {"late_answer_comes_after_the_question_was_closed"})  # fmt: skip
        contacts.answer_late(contact=self.closed, answer=TEXT, by=self.bea)
        for change in ({"late_answer": "B."}, {"late_answer_by": self.editor}, {"late_answer_by": None},
                       {"late_answer": "", "late_answer_at": None, "late_answer_by": None}):  # fmt: skip
            with self.subTest(change):
                self.assertEqual(self.database(self.write(self.closed, **change)), {"late_answer_is_entered_once"})

    def test_in_ones_own_name_and_by_no_guest_who_has_answered(self) -> None:
        with self.assertRaises(Refused) as caught, acting(by=self.bea, action="test"):
            self.write(self.closed, late_answer_by=self.editor)()
        self.assertEqual(caught.exception.refusals[0].code, "late_answer_is_entered_in_ones_own_name")
        link = build.guest_link(self.closed.article, "answer", contact=self.closed)
        with self.assertRaises(Refused) as caught, acting(by=self.bea, action="test"):
            self.write(self.closed)()
        self.assertEqual(caught.exception.refusals[0].code, "late_answer_is_entered_by_the_desk_or_its_guest")
        guests.answer(link=link, text=TEXT)
        link = build.guest_link(self.open.article, "answer", contact=self.open)
        guests.answer(link=link, text=TEXT)
        self.assertEqual(self.database(self.write(self.open)), {"late_answer_is_entered_by_the_desk_or_its_guest"})


class Rest(ApiCase):
    def test_a_late_answer_is_entered_and_told(self) -> None:
        bea, lead = build.the(Role.RESEARCHER), build.the(Role.EDITOR)
        on = articles.edit(article=build.article(), lead=lead, by=lead)
        contact = contacts.close(contact=build.contact(on), outcome="no_answer", by=bea)
        path = f"contacts/{contact.pk}/"
        self.assertEqual(self.get(bea, path)["late_answer_at"], None)
        for body, pointer in (({}, "/answer"), ({"answer": " "}, "/answer"), ({"answer": "x" * 50_001}, "/answer"),
                              ({"answer": TEXT, "by": "me"}, "/by")):  # fmt: skip
            errors = self.post(bea, f"{path}late-answer/", body, 400)["errors"]
            self.assertEqual([e["pointer"] for e in errors], [pointer])
        self.post(build.person(Role.REVIEWER), f"{path}late-answer/", {"answer": TEXT}, 403)
        made = self.post(bea, f"{path}late-answer/", {"answer": TEXT}, 200)
        self.assertEqual((made["outcome"], made["late_answer"], made["late_answer_by"]["id"]),
                         ("no_answer", TEXT, bea.pk))  # fmt: skip
        for query, count in (("late=true", 1), ("late=false", 0), ("search=crane", 1)):
            self.assertEqual(self.get(bea, f"contacts/?{query}&count=true")["count"], count)
        [news] = self.get(lead, "notifications/?kind=guest_news")["results"]
        self.assertEqual((news["contact"], news["quote"], news["by"]["id"]), (contact.pk, TEXT, bea.pk))


class AtTheSameInstant(RealTransactions):
    def test_a_guest_answers_while_the_desk_closes_the_question(self) -> None:
        bea = build.the(Role.RESEARCHER)
        for _ in range(8):
            contact = build.contact()
            link = build.guest_link(contact.article, "answer", contact=contact)
            answered, closed = at_once(
                lambda link=link: guests.answer(link=link, text=TEXT),
                lambda contact=contact: contacts.close(contact=contact, outcome="no_answer", by=bea),
            )
            self.assertIsInstance(answered, Contact)
            contact.refresh_from_db()
            if isinstance(closed, Refused):
                self.assertEqual(closed.refusals[0].code, "contact_is_awaiting")
                self.assertEqual((contact.outcome, contact.answer, contact.late_answer), ("answered", TEXT, ""))
            else:
                self.assertIsInstance(closed, Contact)
                self.assertEqual((contact.outcome, contact.answer, contact.late_answer), ("no_answer", "", TEXT))

    def test_two_guests_and_somebody_of_the_desk_answer_late(self) -> None:
        bea = build.the(Role.RESEARCHER)
        contact = contacts.close(contact=build.contact(), outcome="no_answer", by=bea)
        links = [build.guest_link(contact.article, "answer", contact=contact) for _ in range(2)]
        outcomes = at_once(
            *[lambda link=link: guests.answer(link=link, text=TEXT) for link in links],
            lambda: contacts.answer_late(contact=contact, answer=TEXT, by=bea),
        )
        self.assertEqual(sorted(type(outcome).__name__ for outcome in outcomes), ["Contact", "Refused", "Refused"])
