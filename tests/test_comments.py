"""Conversations: who says what to whom, what blocks a sign-off, and that nothing hidden is told by them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from claims.actions import articles, comments, contacts, signoffs, sources
from claims.actions.acting import acting
from claims.actions.redaction import redact
from claims.anchoring import QuoteAmbiguous, QuoteNotFound
from claims.choices import ClaimState, GuestMay, NotificationKind, Role
from claims.models import (
    Article,
    AuditEvent,
    Claim,
    Comment,
    Notification,
    Person,
    Publication,
    Thread,
    Verdict,
)
from claims.rules import Refused
from tests import build
from tests.test_admin_base import client_of, url
from tests.test_api_desk import ApiCase
from tests.test_concurrency import at_once
from tests.test_rules import Doors
from tests.transactional import RealTransactions, as_owner

SECRET = "The ledger was forged, it seems."
HELD = "thread_is_resolved_by_its_opener_or_an_editor"


class Conversations(TestCase):
    def setUp(self) -> None:
        self.claim = build.identified()
        self.article = self.claim.article
        self.ada, self.bea = build.person(Role.REVIEWER, username="ada"), build.person(Role.RESEARCHER, username="bea")

    def test_it_begins_with_a_comment_on_record(self) -> None:
        thread = comments.open_thread(article=self.article, text="Is the date right?", by=self.ada)
        comment = thread.comments.get()
        self.assertEqual((comment.text, comment.author, thread.opened_by), ("Is the date right?", self.ada, self.ada))
        self.assertIsNone(thread.claim)
        events = AuditEvent.objects.filter(action="comment.write")
        self.assertEqual(set(events.values_list("object_type", flat=True)), {"thread", "comment"})
        self.assertEqual(set(events.values_list("actor", "article", "outside")),
                         {(self.ada.pk, self.article.pk, False)})  # fmt: skip

    def test_what_it_is_about_implies_the_claim_and_the_article(self) -> None:
        claim = build.claim(ClaimState.DECIDED)
        for about in ({"claim": claim}, {"evidence": claim.evidence.get()}, {"verdict": claim.verdicts.first()}):
            thread = comments.open_thread(**about, text="So?", by=self.ada)
            self.assertEqual((thread.claim, thread.article), (claim, claim.article))
        with self.assertRaises(ValidationError):
            comments.open_thread(text="About nothing.", by=self.ada)
        with self.assertRaises(Refused) as caught:
            comments.open_thread(article=self.article, claim=claim, text="Of another article.", by=self.ada)
        self.assertEqual(caught.exception.refusals[0].code, "thread_is_about_its_own_article")

    def test_on_a_passage_it_keeps_what_stood_there(self) -> None:
        thread = comments.open_thread(article=self.article, text="?", by=self.ada, passage={"exact": build.OPINION})
        text = self.article.current_revision.text
        self.assertEqual(text[thread.start : thread.end], build.OPINION)
        self.assertEqual((thread.exact, thread.revision), (build.OPINION, self.article.current_revision))
        with self.assertRaises(QuoteNotFound):
            comments.open_thread(article=self.article, text="?", by=self.ada, passage={"exact": "Not there at all."})
        with self.assertRaises(QuoteAmbiguous):
            comments.open_thread(article=self.article, text="?", by=self.ada, passage={"exact": "The"})
        self.assertEqual(Thread.objects.count(), 1)

    def test_it_says_something_and_not_too_much(self) -> None:
        for text in ("", " \n ", "x" * 10_001):
            with self.subTest(text[:5]), self.assertRaises(ValidationError) as caught:
                comments.open_thread(article=self.article, text=text, by=self.ada)
            self.assertEqual(list(caught.exception.message_dict), ["text"])
        self.assertFalse(Thread.objects.exists())

    def test_it_takes_a_role_that_comments(self) -> None:
        thread = comments.open_thread(article=self.article, text="So?", by=self.ada)
        auditor = build.person(Role.AUDITOR)
        for act in (
            lambda: comments.open_thread(article=self.article, text="x", by=auditor),
            lambda: comments.reply(thread=thread, text="x", by=auditor),
            lambda: comments.resolve(thread=thread, by=auditor),
            lambda: comments.reopen(thread=thread, by=auditor),
            lambda: comments.set_blocking(thread=thread, blocking=True, by=auditor),
            lambda: comments.take_back(comment=thread.comments.get(), by=auditor),
        ):
            with self.assertRaises(Refused) as caught:
                act()
            self.assertEqual(caught.exception.refusals[0].code, "not_permitted")

    def test_a_reply_opens_it_again(self) -> None:
        thread = comments.open_thread(article=self.article, text="So?", by=self.ada)
        comments.resolve(thread=thread, by=self.bea)
        thread.refresh_from_db()
        self.assertEqual(thread.resolved_by, self.bea)
        comments.reply(thread=thread, text="One more thing.", by=self.ada)
        thread.refresh_from_db()
        self.assertEqual((thread.resolved_by, thread.resolved_at), (None, None))

    def test_it_is_resolved_once_and_reopened_once(self) -> None:
        thread = comments.open_thread(article=self.article, text="So?", by=self.ada)
        with self.assertRaises(Refused):
            comments.reopen(thread=thread, by=self.bea)
        comments.resolve(thread=thread, by=self.bea)
        with self.assertRaises(Refused):
            comments.resolve(thread=thread, by=self.bea)
        comments.reopen(thread=thread, by=self.bea)
        self.assertIsNone(Thread.objects.get().resolved_at)


class Mentions(TestCase):
    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.ada = build.person(Role.REVIEWER, username="ada")
        self.dot = build.person(Role.RESEARCHER, username="b.e-a+x")
        self.mail = build.person(Role.EDITOR, username="cy@example.org")

    def named(self, text: str) -> list[str]:
        return [person.username for person in comments.people_named_in(text)]

    def test_people_are_named_by_an_at_and_their_username(self) -> None:
        for text, expected in (
            ("@ada", ["ada"]), ("Well, @ada.", ["ada"]), ("(@Ada, @b.e-a+x)", ["ada", "b.e-a+x"]),
            ("@cy@example.org: look", ["cy@example.org"]), ("@cy@example.org.", ["cy@example.org"]),
            ("mail ada@ada or x.y@ada.org", []), ("@adam and @nobody", []), ("@", []), ("@@ada", []), ("@...", []),
            ("@ada @ada", ["ada"]), ("@\uff41da", ["ada"]),
        ):  # fmt: skip
            with self.subTest(text):
                self.assertEqual(self.named(text), expected)
        Person.objects.filter(pk=self.ada.pk).update(is_active=False)
        self.assertEqual(self.named("@ada"), [])

    def test_they_are_told_once_and_others_are_not(self) -> None:
        editor = build.the(Role.EDITOR)
        thread = comments.open_thread(
            claim=self.claim, text="@ada, look. @ada!", by=editor, mentions=[self.dot, editor]
        )
        told = Notification.objects.filter(kind=NotificationKind.MENTION)
        comment = thread.comments.get()
        self.assertEqual({n.person for n in told}, {self.ada, self.dot})
        self.assertEqual({(n.comment, n.claim, n.article, n.by) for n in told},
                         {(comment, self.claim, self.claim.article, editor)})  # fmt: skip
        self.assertEqual(set(comment.mentions.all()), {self.ada, self.dot, editor})
        comments.reply(thread=thread, text="Nobody in particular.", by=editor)
        self.assertEqual(told.count(), 2)

    def test_nobody_who_may_not_see_it_is_mentioned(self) -> None:
        verdict = build.verdict(self.claim, by=self.ada)
        refused: tuple[tuple[str, dict[str, Any]], ...] = (
            ("text", {"text": "Right, @b.e-a+x?"}), ("mentions", {"text": "Right?", "mentions": [self.dot]}),
        )  # fmt: skip
        for field, given in refused:
            with self.subTest(field), self.assertRaises(ValidationError) as caught:
                comments.open_thread(verdict=verdict, by=self.ada, **given)
            self.assertEqual(list(caught.exception.message_dict), [field])
        self.assertFalse(Thread.objects.exists() or Notification.objects.filter(kind="mention").exists())
        without_a_role, gone = build.person(), build.person(Role.EDITOR)
        Person.objects.filter(pk=gone.pk).update(is_active=False)
        for person in (without_a_role, Person.objects.get(pk=gone.pk)):
            with self.assertRaises(ValidationError):
                comments.open_thread(claim=self.claim, text="Hm.", by=self.ada, mentions=[person])

    def test_a_confidential_source_is_talked_of_among_those_who_may_know(self) -> None:
        evidence = build.cite(build.claim(ClaimState.RESEARCHING), source=build.source(confidential=True))
        publisher = build.person(Role.PUBLISHER, username="pam")
        with self.assertRaises(ValidationError):
            comments.open_thread(evidence=evidence, text="@pam, look", by=self.ada)
        thread = comments.open_thread(evidence=evidence, text="Shh.", by=self.ada)
        for act in (
            lambda: comments.open_thread(evidence=evidence, text="What is it?", by=publisher),
            lambda: comments.reply(thread=thread, text="What is it?", by=publisher),
            lambda: comments.resolve(thread=thread, by=publisher),
        ):
            with self.assertRaises(ValidationError):
                act()

    def test_no_more_than_so_many(self) -> None:
        people = [build.person(Role.REVIEWER, username=f"r{n}") for n in range(comments.MOST + 1)]
        with self.assertRaises(ValidationError):
            comments.open_thread(claim=self.claim, text=" ".join(f"@{p.username}" for p in people), by=self.ada)


class TakingBack(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.ada, self.editor = build.person(Role.REVIEWER), build.the(Role.EDITOR)
        self.researcher = build.the(Role.RESEARCHER)
        self.thread = comments.open_thread(
            article=build.article(), text=f"{SECRET} @{self.editor.username}", by=self.ada
        )
        self.comment = self.thread.comments.get()

    def test_only_its_author_and_only_once_at_every_door(self) -> None:
        with self.assertRaises(Refused):
            comments.take_back(comment=self.comment, by=self.editor)
        path = f"comments/{self.comment.pk}/take-back/"
        self.post(self.editor, path, expect=409)
        answer = client_of(self.editor).post(url(Comment, "take_back", self.comment.pk))
        self.assertContains(answer, "Only who wrote a comment takes it back.")
        with self.assertRaises(Refused), acting(by=self.editor, action="test"):
            Comment.objects.update(taken_back_at=timezone.now())
        taken = self.post(self.ada, path, expect=200)
        self.assertEqual((taken["text"], taken["mentions"]), ("", []))
        self.assertIsNotNone(taken["taken_back_at"])
        refused = self.post(self.ada, path, expect=409)
        self.assertEqual(refused["refusals"][0]["code"], "comment_is_taken_back_by_its_author")
        for act in (lambda: Comment.objects.update(taken_back_at=None), lambda: Comment.objects.update(text="Other.")):
            with self.assertRaises(Refused), acting(by=self.ada, action="test"):
                act()

    def test_its_words_are_shown_and_found_no_more_but_by_who_reads_the_record(self) -> None:
        before = self.get(self.researcher, "comments/?search=forged&count=true")
        self.assertEqual((before["count"], before["results"][0]["text"]), (1, self.comment.text))
        self.assertEqual(self.get(self.researcher, f"comments/?mention={self.editor.pk}&count=true")["count"], 1)
        comments.take_back(comment=self.comment, by=self.ada)
        for query in ("search=forged", f"mention={self.editor.pk}", f"mention={self.editor.username}"):
            self.assertEqual(self.get(self.researcher, f"comments/?{query}&count=true")["count"], 0)
        for path in ("comments/", f"comments/{self.comment.pk}/", f"threads/{self.thread.pk}/"):
            self.assertNotIn("forged", json.dumps(self.get(self.editor, path)))
        client, pages = client_of(self.researcher), [
            url(Comment, "changelist"), url(Comment, "change", self.comment.pk),
            url(Comment, "history", self.comment.pk), url(Thread, "change", self.thread.pk),
            url(Article, "change", self.thread.article_id),
            url(Article, "timeline", self.thread.article_id),
        ]  # fmt: skip
        for page in pages:
            with self.subTest(page):
                self.assertNotContains(client.get(page), "forged")
        for query in ("?q=forged", "?q=nothing"):
            self.assertContains(client.get(url(Comment, "changelist") + query), "0 comments")
        self.assertEqual(client.get(url(Comment, "changelist") + "?text__contains=forged").status_code, 400)
        self.assertContains(client_of(self.editor).get(url(Comment, "history", self.comment.pk)), "forged")
        self.assertIn("forged", json.dumps(self.get(self.editor, "audit-events/?object_type=comment")))


class Blocking(Doors):
    """thread_is_resolved_by_its_opener_or_an_editor, at every door."""

    def setUp(self) -> None:
        self.opener, self.other = build.person(Role.REVIEWER), build.person(Role.RESEARCHER)
        self.editor = build.the(Role.EDITOR)
        self.thread = comments.open_thread(claim=build.identified(), text="Wait.", by=self.opener, blocking=True)

    def test_by_the_action(self) -> None:
        self.assertEqual(self.action(lambda: comments.resolve(thread=self.thread, by=self.other)), {HELD})
        unblock = lambda by: comments.set_blocking(thread=self.thread, blocking=False, by=by)  # noqa: E731
        self.assertEqual(self.action(lambda: unblock(self.other)), {HELD})
        comments.resolve(thread=self.thread, by=self.opener)
        self.assertEqual(self.action(lambda: unblock(self.other)), {HELD})
        comments.reopen(thread=self.thread, by=self.other)
        comments.resolve(thread=self.thread, by=self.editor)
        unblock(self.editor)
        comments.set_blocking(thread=self.thread, blocking=True, by=self.other)

    def test_one_that_does_not_block_anybody_resolves(self) -> None:
        comments.set_blocking(thread=self.thread, blocking=False, by=self.opener)
        comments.resolve(thread=self.thread, by=self.other)

    def test_by_rest(self) -> None:
        path = f"threads/{self.thread.pk}/"
        self.assertEqual(self.rest(self.other, f"{path}resolve/", {}), {HELD})
        self.assertEqual(self.rest(self.other, f"{path}block/", {"blocking": False}), {HELD})

    def test_by_the_admin(self) -> None:
        path = f"thread/{self.thread.pk}/"
        for step in ("resolve", "unblock"):
            self.admin(self.other, f"{path}{step}/", {}, "who opened it or an editor resolves it")
        page = client_of(self.other).get(url(Claim, "change", self.thread.claim_id))
        self.assertContains(page, "who opened it or an editor resolves it")
        self.assertNotContains(page, url(Thread, "resolve", self.thread.pk))
        self.assertIsNone(Thread.objects.get().resolved_at)
        self.assertContains(client_of(self.opener).get(url(Claim, "change", self.thread.claim_id)),
                            url(Thread, "resolve", self.thread.pk))  # fmt: skip

    def test_by_the_orm_and_sql(self) -> None:
        now, other = timezone.now(), self.other.pk
        self.assertEqual(self.database(lambda: Thread.objects.update(blocking=False)), {HELD})
        self.assertEqual(self.database(lambda: Thread.objects.update(resolved_by=other, resolved_at=now)), {HELD})
        self.thread.resolved_by, self.thread.resolved_at = self.other, now
        self.assertEqual(self.database(self.thread.save), {HELD})
        by_sql = "UPDATE claims_thread SET resolved_at = now(), resolved_by_id = %s"
        self.assertEqual(self.sql(by_sql, other), {HELD})
        with self.assertRaises(Refused) as caught, acting(by=self.other, action="test"):
            Thread.objects.update(resolved_by=self.editor, resolved_at=now)  # in somebody else's name
        self.assertIn(caught.exception.refusals[0].code, {HELD, "everybody_resolves_in_their_own_name"})
        with acting(by=self.editor, action="test"):
            Thread.objects.update(resolved_by=self.editor, resolved_at=now)

    def test_a_thread_is_opened_and_resolved_in_ones_own_name(self) -> None:
        comments.set_blocking(thread=self.thread, blocking=False, by=self.opener)
        with self.assertRaises(Refused) as caught, acting(by=self.other, action="test"):
            Thread.objects.update(resolved_by=self.editor, resolved_at=timezone.now())
        self.assertEqual(caught.exception.refusals[0].code, "everybody_resolves_in_their_own_name")
        with self.assertRaises(Refused) as caught, acting(by=self.other, action="test"):
            Thread.objects.create(article=self.thread.article, opened_by=self.editor)
        self.assertEqual(caught.exception.refusals[0].code, "everybody_acts_in_their_own_name")

    def test_it_stays_with_what_it_is_about(self) -> None:
        self.assertEqual(self.database(lambda: Thread.objects.update(claim=None)), {"thread_stays_where_it_was"})


class TheSignOff(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.article, self.editor = build.settled(), build.person(Role.EDITOR)
        self.claim = self.article.claims.get(code="C1")
        self.path = f"articles/{self.article.pk}/sign-off/"

    def test_waits_for_a_thread_that_blocks(self) -> None:
        self.assertEqual(self.get(self.editor, self.path)["refusals"], [])
        thread = comments.open_thread(claim=self.claim, text="Wait.", by=self.editor)
        self.assertEqual(self.get(self.editor, self.path)["refusals"], [])
        comments.set_blocking(thread=thread, blocking=True, by=self.editor)
        expected = {
            "code": "thread_is_unresolved", "message": "C1: a conversation that blocks is not resolved.",
            "about": {"type": "thread", "id": thread.pk},
        }  # fmt: skip
        self.assertEqual(self.get(self.editor, self.path)["refusals"], [expected])
        self.assertEqual(self.post(self.editor, self.path, expect=409)["refusals"], [expected])
        steps = self.get(self.editor, f"articles/{self.article.pk}/steps/")["results"]
        self.assertIn(expected, next(s for s in steps if s["step"] == "sign_off")["refusals"])
        self.assertFalse(self.article.sign_offs.exists())
        comments.resolve(thread=thread, by=self.editor)
        comments.reply(thread=thread, text="No, wait.", by=self.editor)
        self.post(self.editor, self.path, expect=409)
        comments.resolve(thread=thread, by=self.editor)
        self.post(self.editor, self.path)

    def test_around_the_actions_too(self) -> None:
        comments.open_thread(article=self.article, text="Wait.", by=self.editor, blocking=True)
        with self.assertRaises(Refused) as caught, acting(by=self.editor, action="test"):
            self.article.sign_offs.create(revision=self.article.current_revision, signed_by=self.editor)
        self.assertEqual(caught.exception.refusals[0].code, "no_thread_blocks")

    def test_publishing_waits_as_well(self) -> None:
        signoffs.sign_off(article=self.article, by=self.editor)
        comments.open_thread(article=self.article, text="Wait.", by=build.the(Role.RESEARCHER), blocking=True)
        refused = self.post(build.the(Role.PUBLISHER), f"articles/{self.article.pk}/publications/", expect=409)
        self.assertEqual([r["code"] for r in refused["refusals"]], ["thread_is_unresolved"])
        signed = self.article.sign_offs.get()
        with self.assertRaises(IntegrityError) as caught, transaction.atomic():
            Publication.objects.create(
                article=self.article, version=1, sign_off=signed, content=b"{}", published_at=timezone.now(),
                digest=hashlib.sha256(b"{}").hexdigest(), published_by=build.the(Role.PUBLISHER),
            )  # fmt: skip
        self.assertEqual(caught.exception.__cause__.diag.constraint_name, "no_thread_blocks")

    def test_every_blocker_says_what_it_is_about_and_the_admin_links_it(self) -> None:
        on = build.article()
        claim = build.claim(ClaimState.RESEARCHING, on)
        thread = comments.open_thread(article=on, text="Wait.", by=self.editor, blocking=True)
        about = {(r["code"], r["about"]["type"], r["about"]["id"])
                 for r in self.get(self.editor, f"articles/{on.pk}/sign-off/")["refusals"] if r["about"]}  # fmt: skip
        self.assertEqual(about, {
            ("sentence_is_open", "article", on.pk), ("claim_is_unfinished", "claim", claim.pk),
            ("thread_is_unresolved", "thread", thread.pk),
        })  # fmt: skip
        client = client_of(self.editor)
        for page in (url(Article, "step", on.pk, "sign_off"), url(Article, "change", on.pk)):
            answer = client.get(page)
            self.assertContains(answer, f'<a href="{url(Thread, "change", thread.pk)}">A conversation that blocks')
            self.assertContains(answer, f'<a href="{url(Claim, "change", claim.pk)}">C1 is researching.')
            self.assertContains(answer, f'<a href="{url(Article, "change", on.pk)}#text-heading">Sentence')

    def test_other_refusals_are_about_no_row(self) -> None:
        auditor = build.person(Role.AUDITOR)
        refused = self.post(auditor, self.path, expect=403)["refusals"]
        self.assertEqual([(r["code"], r["about"]) for r in refused], [("not_permitted", None)])

    def test_who_may_not_see_a_confidential_source_learns_nothing_of_it(self) -> None:
        evidence = build.cite(self.claim, source=build.source(confidential=True, title="A hidden hand"))
        comments.open_thread(evidence=evidence, text=SECRET, by=self.editor, blocking=True)
        on = f"articles/{self.article.pk}/"
        refusals = self.get(build.person(Role.PUBLISHER), f"{on}sign-off/")["refusals"]
        self.assertEqual([r["code"] for r in refusals], ["not_permitted"])
        seen = self.article.blockers(build.person(Role.PUBLISHER))
        told = [b.refusal() for b in seen if b.code == "thread_is_unresolved"]
        self.assertEqual([(r.message, r.about) for r in told],
                         [("A conversation that blocks is not resolved.", ("article", self.article.pk))])  # fmt: skip


class Hidden(ApiCase):
    """Threads on a verdict of an open round, and on evidence of a confidential source."""

    def setUp(self) -> None:
        super().setUp()
        self.claim = build.claim(ClaimState.IN_REVIEW)
        self.reviewer, self.auditor = build.person(Role.REVIEWER, username="rosa"), build.person(Role.AUDITOR)
        self.blind = [
            build.person(Role.REVIEWER), build.the(Role.RESEARCHER), build.the(Role.EDITOR),
            build.person(Role.ADJUDICATOR), build.person(Role.AUDITOR, Role.REVIEWER), build.person(superuser=True),
        ]  # fmt: skip
        self.open = comments.open_thread(claim=self.claim, text="Seen by all.", by=build.the(Role.EDITOR))

    def doors(self, person: Person) -> dict[str, str]:
        on, pk = self.claim.article_id, self.claim.pk
        paths = [
            "comments/?count=true", "threads/?count=true", f"comments/?claim={pk}&count=true",
            f"threads/?claim={pk}&count=true", "comments/?search=forged&count=true",
            "threads/?blocking=true&count=true",
            "threads/?blocking=true&resolved=false&ordering=-opened_at&count=true", "comments/?author=rosa&count=true",
            "threads/?opened_by=rosa&count=true", "comments/?mention=rosa&count=true",
            "comments/?fields=id&page_size=1",
            "comments/?ordering=created_at", f"comments/?article={on}&count=true", f"articles/{on}/sign-off/",
            f"articles/{on}/steps/", "comments/?taken_back=true&count=true", f"claims/{pk}/",
            f"threads/{self.open.pk}/",
        ]  # fmt: skip
        if person.has_perm("claims.view_record"):
            paths += [
                "audit-events/?object_type=thread&count=true", "audit-events/?object_type=comment&count=true",
                "audit-events/?object_type=comment_mentions&count=true", f"audit-events/?claim={pk}&count=true",
                "audit-events/?action=comment.write&count=true", "audit-events/?action=thread.block&count=true",
                "audit-events/?object_type=redaction&count=true", "audit-events/?actor=rosa&count=true",
            ]  # fmt: skip
        answers = {path: self.call(person, "GET", path) for path in paths}
        return {path: answer.headers["ETag"] + answer.content.decode() for path, answer in answers.items()}

    def talk(self, verdict: Verdict) -> Thread:
        """All that one can do with a thread."""
        thread = comments.open_thread(verdict=verdict, text=SECRET, by=self.reviewer, mentions=[self.reviewer])
        comments.set_blocking(thread=thread, blocking=True, by=self.reviewer)
        comment = comments.reply(thread=thread, text="Forged, I mean.", by=self.reviewer)
        comments.take_back(comment=comment, by=self.reviewer)
        with as_owner():
            redact(kind="comment", object_id=comment.pk, field="text", basis="Law.", by=self.reviewer)
        return thread

    def test_a_thread_on_a_blind_verdict_changes_nothing_that_others_can_read(self) -> None:
        verdict = build.verdict(self.claim, "false", by=self.reviewer)
        for person in self.blind:
            self.get(person, "me/")
        before = {person.pk: self.doors(person) for person in self.blind}
        thread = self.talk(verdict)
        hidden = AuditEvent.objects.filter(object_type__in=("thread", "comment", "comment_mentions", "redaction"))
        mine = hidden.filter(actor=self.reviewer)
        self.assertGreater(mine.count(), 5)
        for person in self.blind:
            with self.subTest(str(person)):
                self.assertEqual(self.doors(person), before[person.pk])
                self.call(person, "GET", f"threads/{thread.pk}/", expect=404)
                self.post(person, f"threads/{thread.pk}/resolve/", expect=404)
                for comment in thread.comments.all():
                    self.call(person, "GET", f"comments/{comment.pk}/", expect=404)
                    self.post(person, f"comments/{comment.pk}/take-back/", expect=404)
                reply = self.post(person, "comments/", {"thread": thread.pk, "text": "x"}, 400)
                self.assertEqual(reply["errors"], self.errors("/thread", thread.pk))
                self.assertFalse(AuditEvent.objects.visible_to(person).filter(pk__in=mine.values("pk")).exists())
                with self.assertRaises(ValidationError if person.has_perm("claims.comment") else Refused):
                    comments.reply(thread=thread, text="x", by=person)

    def errors(self, pointer: str, pk: int) -> list[dict[str, str]]:
        """What is said of an id that is nobody's."""
        detail = f'Invalid pk "{pk}" - object does not exist.'
        return [{"pointer": pointer, "detail": detail, "code": "does_not_exist"}]

    def test_nobody_comments_on_a_verdict_they_do_not_see(self) -> None:
        verdict = build.verdict(self.claim, "false", by=self.reviewer)
        for person in self.blind:
            body = {"verdict": verdict.pk, "text": "What is it?"}
            self.assertEqual(self.post(person, "comments/", body, 400)["errors"], self.errors("/verdict", verdict.pk))
            with self.assertRaises(ValidationError) as caught:
                comments.open_thread(verdict=verdict, text="What is it?", by=person)
            self.assertEqual(list(caught.exception.message_dict), ["verdict"])
            answer = client_of(person).post(url(Thread, "add"), body)
            self.assertEqual(answer.status_code, 200)
        self.assertEqual(list(Thread.objects.all()), [self.open])

    def test_on_no_page_of_the_admin(self) -> None:
        thread = self.talk(build.verdict(self.claim, "false", by=self.reviewer))
        comment = thread.comments.first()
        pages = [
            url(Claim, "change", self.claim.pk), url(Article, "change", self.claim.article_id),
            url(Article, "timeline", self.claim.article_id), url(Claim, "history", self.claim.pk),
            url(Article, "step", self.claim.article_id, "sign_off"),
            url(Thread, "changelist"), url(Thread, "changelist") + "?blocking__exact=1",
            url(Thread, "change", thread.pk), url(Thread, "history", thread.pk), url(Thread, "reply", thread.pk),
            url(Comment, "changelist"), url(Comment, "changelist") + "?q=ledger",
            url(Comment, "change", comment.pk), url(Comment, "history", comment.pk),
            url(AuditEvent, "changelist"),
        ]  # fmt: skip
        for person in (*self.blind, build.the(Role.EDITOR)):
            client = client_of(person)
            for page in pages:
                with self.subTest(person=str(person), page=page):
                    answer = client.get(page, follow=True)
                    self.assertNotContains(answer, "ledger was", status_code=answer.status_code)
                    self.assertNotContains(answer, f"/thread/{thread.pk}/change", status_code=answer.status_code)
                    self.assertNotContains(answer, f'id="thread-{thread.pk}"', status_code=answer.status_code)
            self.assertContains(client.get(url(Thread, "changelist")), "1 thread")
        for person in (self.reviewer, self.auditor):
            page = client_of(person).get(url(Claim, "change", self.claim.pk))
            self.assertContains(page, SECRET)
            self.assertContains(client_of(person).get(url(Verdict, "change", thread.verdict_id)), SECRET)

    def test_its_reviewer_and_the_auditor_see_it_and_all_when_the_round_closes(self) -> None:
        thread = self.talk(build.verdict(self.claim, "false", by=self.reviewer))
        for person in (self.reviewer, self.auditor):
            self.assertEqual(self.get(person, f"threads/{thread.pk}/")["comments"][0]["text"], SECRET)
        build.verdict(self.claim, "true")
        for person in self.blind:
            self.assertEqual(self.get(person, f"threads/{thread.pk}/")["comments"][0]["text"], SECRET)
            self.assertEqual(self.get(person, "threads/?blocking=true&count=true")["count"], 1)

    def test_threads_on_confidential_evidence_are_for_those_whose_role_needs_it(self) -> None:
        source = build.source(title="A hidden hand")
        evidence = build.cite(build.claim(ClaimState.RESEARCHING), source=source)
        thread = comments.open_thread(evidence=evidence, text=SECRET, by=self.reviewer)
        publisher = build.person(Role.PUBLISHER)
        self.assertEqual(self.get(publisher, f"threads/{thread.pk}/")["comments"][0]["text"], SECRET)
        sources.edit(source=source, confidential=True, by=build.the(Role.RESEARCHER))
        self.call(publisher, "GET", f"threads/{thread.pk}/", expect=404)
        for path in ("threads/?count=true", "comments/?search=ledger&count=true", "comments/?count=true",
                     f"threads/?evidence={evidence.pk}&count=true"):  # fmt: skip
            self.assertNotIn(f'"id":{thread.pk},"article"', self.call(publisher, "GET", path).content.decode())
            self.assertNotIn("ledger was", self.call(publisher, "GET", path).content.decode())
        self.assertEqual(self.get(publisher, "threads/?count=true")["count"], 1)
        events = AuditEvent.objects.filter(object_type__in=("thread", "comment"), actor=self.reviewer)
        self.assertTrue(events.exists())
        self.assertFalse(AuditEvent.objects.visible_to(publisher).filter(pk__in=events.values("pk")).exists())
        client = client_of(publisher)
        for page in (url(Claim, "change", evidence.claim_id), url(Thread, "changelist"), url(Comment, "changelist"),
                     url(Article, "timeline", evidence.claim.article_id)):  # fmt: skip
            answer = client.get(page)
            self.assertNotContains(answer, "ledger was")
            self.assertNotContains(answer, "A hidden hand")
        self.assertEqual(self.get(build.the(Role.EDITOR), f"threads/{thread.pk}/")["evidence"], evidence.pk)


class Guests(TestCase):
    def setUp(self) -> None:
        self.claim = build.identified()
        self.article, self.editor = self.claim.article, build.the(Role.EDITOR)
        self.link = build.guest_link(self.article)

    def refused(self, link: Any, **about: Any) -> None:
        with self.assertRaises(Refused) as caught:
            if "thread" in about:
                comments.reply(guest_link=link, text="Hello.", **about)
            else:
                comments.open_thread(guest_link=link, text="Hello.", **about)
        self.assertEqual(caught.exception.refusals[0].code, "guest_writes_in_their_own_thread")

    def test_a_guest_begins_and_continues_their_own_conversation(self) -> None:
        thread = comments.open_thread(
            article=self.article, claim=self.claim, guest_link=self.link, text=f"No, @{self.editor.username}!",
            blocking=True,
        )  # fmt: skip
        self.assertEqual((thread.opened_by, thread.guest_link, thread.blocking), (None, self.link, False))
        mentioned = Notification.objects.filter(kind="mention")
        self.assertFalse(mentioned.exists() or thread.comments.get().mentions.exists())
        comments.reply(thread=thread, text="Why not?", by=self.editor)
        comments.resolve(thread=thread, by=self.editor)
        answer = comments.reply(thread=thread, text="Because.", guest_link=self.link)
        self.assertEqual((answer.author, answer.guest_link), (None, self.link))
        thread.refresh_from_db()
        self.assertIsNone(thread.resolved_at)
        self.assertEqual(
            AuditEvent.objects.filter(action="comment.write", actor=None, object_type="comment").count(), 2
        )

    def test_and_no_other(self) -> None:
        inside = comments.open_thread(article=self.article, text="Among us.", by=self.editor)
        others = comments.open_thread(article=self.article, guest_link=build.guest_link(self.article), text="Mine.")
        self.refused(self.link, thread=inside)
        self.refused(self.link, thread=others)
        self.refused(self.link, article=build.article())
        on_a_claim = build.guest_link(self.article, claim=self.claim)
        self.refused(on_a_claim, claim=build.identified(self.article, build.CLAIMS[1]))
        self.assertEqual(comments.open_thread(guest_link=on_a_claim, text="Hm.").claim, self.claim)

    def test_only_while_the_link_lets_them(self) -> None:
        thread = comments.open_thread(article=self.article, guest_link=self.link, text="Mine.")
        now = timezone.now()
        type(self.link).objects.filter(pk=self.link.pk).update(revoked_at=now, revoked_by=self.editor)
        self.refused(self.link, thread=thread)
        self.refused(build.guest_link(self.article, GuestMay.READ), article=self.article)
        asked = build.guest_link(self.article, GuestMay.ANSWER, contact=build.contact(self.article))
        self.refused(asked, article=self.article)

    def test_the_database_keeps_it_too(self) -> None:
        inside = comments.open_thread(article=self.article, text="Among us.", by=self.editor)
        with self.assertRaises(Refused) as caught, acting(by=None, action="test"):
            Comment.objects.create(thread=inside, guest_link=self.link, text="Hello.")
        self.assertEqual(caught.exception.refusals[0].code, "guest_writes_in_their_own_thread")
        evidence = build.cite(self.claim)
        with self.assertRaises(Refused) as caught:
            comments.open_thread(evidence=evidence, guest_link=self.link, text="Hello.")
        self.assertEqual(caught.exception.refusals[0].code, "guest_is_shown_no_evidence_and_no_verdict")

    def test_a_comment_is_by_one_of_them(self) -> None:
        for given in ({}, {"by": self.editor, "guest_link": self.link}):
            with self.assertRaises(ValueError):
                comments.open_thread(article=self.article, text="x", **given)


class Rest(ApiCase):
    def setUp(self) -> None:
        super().setUp()
        self.claim = build.claim(ClaimState.DECIDED)
        self.ada, self.editor = build.person(Role.REVIEWER, username="ada"), build.the(Role.EDITOR)

    def test_a_thread_is_begun_and_continued_and_found(self) -> None:
        on = self.claim.article_id
        abouts: tuple[tuple[dict[str, Any], str], ...] = (
            ({"article": on}, "article"), ({"claim": self.claim.pk}, "claim"),
            ({"evidence": self.claim.evidence.get().pk}, "evidence"),
            ({"verdict": self.claim.verdicts.all()[0].pk}, "verdict"),
        )  # fmt: skip
        for body, name in abouts:
            made = self.post(self.editor, "comments/", body | {"text": f" About the {name}. "})
            self.assertEqual((made["text"], made["thread"][name]), (f"About the {name}.", body[name]))
            self.assertEqual((made["author"]["id"], made["thread"]["article"]), (self.editor.pk, on))
            thread = made["thread"]["id"]
            again = self.post(self.ada, "comments/", {"thread": thread, "text": "Yes.", "mentions": ["ada"]})
            self.assertEqual((again["thread"], [p["username"] for p in again["mentions"]]), (made["thread"], ["ada"]))
            whole = self.get(self.ada, f"threads/{thread}/")
            self.assertEqual([c["id"] for c in whole["comments"]], [made["id"], again["id"]])
            self.assertEqual(self.get(self.ada, f"comments/{made['id']}/"), made)
        found = lambda path: self.get(self.ada, f"{path}&count=true")["count"]  # noqa: E731
        for path, count in (
            (f"comments/?article={on}", 8), (f"comments/?claim={self.claim.pk}", 6), (f"comments/?thread={thread}", 2),
            ("comments/?author=ada", 4), (f"comments/?mention={self.ada.pk}", 4), ("comments/?search=verdict", 1),
            ("comments/?created_before=2020-01-01T00:00:00Z", 0), ("comments/?created_after=2020-01-01T00:00:00Z", 8),
            ("comments/?guest=true", 0), ("threads/?resolved=false", 4), (f"threads/?claim={self.claim.pk}", 3),
            (f"threads/?article={on}", 4), ("threads/?blocking=true", 0), ("threads/?guest=true", 0),
            (f"threads/?verdict={abouts[3][0]['verdict']}", 1), ("threads/?opened_by=ada", 0),
        ):  # fmt: skip
            with self.subTest(path):
                self.assertEqual(found(path), count)

    def test_resolve_reopen_and_block(self) -> None:
        made = self.post(self.ada, "comments/", {"claim": self.claim.pk, "text": "Wait.", "blocking": True})
        path = f"threads/{made['thread']['id']}/"
        self.assertTrue(made["thread"]["blocking"])
        resolved = self.post(self.editor, f"{path}resolve/", expect=200)
        self.assertEqual((resolved["resolved_by"]["id"], len(resolved["comments"])), (self.editor.pk, 1))
        self.post(self.editor, f"{path}resolve/", expect=409)
        self.assertIsNone(self.post(self.ada, f"{path}reopen/", expect=200)["resolved_at"])
        self.post(self.ada, f"{path}reopen/", expect=409)
        self.assertFalse(self.post(self.ada, f"{path}block/", {"blocking": False}, 200)["blocking"])
        for wrong in ({}, {"blocking": "yes"}, {"blocking": None}, {"blocking": True, "x": 1}):
            self.post(self.ada, f"{path}block/", wrong, 400)
        self.post(self.ada, f"{path}resolve/", {"reason": "x"}, 400)
        self.post(build.person(Role.AUDITOR), f"{path}resolve/", expect=403)

    def test_a_passage_by_quote_or_offsets(self) -> None:
        on = self.claim.article_id
        made = self.post(self.ada, "comments/", {"article": on, "text": "?", "passage": {"exact": build.OPINION}})
        passage = made["thread"]["passage"]
        self.assertEqual((passage["exact"], passage["revision"]), (build.OPINION, 1))
        span = {"start": passage["start"], "end": passage["end"]}
        self.assertEqual(
            self.post(self.ada, "comments/", {"article": on, "text": "?", "passage": span})["thread"]["passage"],
            passage,
        )
        for wrong, code in (({"exact": "Not there."}, "quote_not_found"), ({"exact": "The"}, "quote_ambiguous"),
                            ({"start": 0, "end": 10**8}, "offsets_out_of_range")):  # fmt: skip
            answer = self.post(self.ada, "comments/", {"article": on, "text": "?", "passage": wrong}, 422)
            self.assertEqual((answer["code"], answer["errors"][0]["pointer"]), (code, "/passage"))
        self.post(self.ada, "comments/", {"article": on, "text": "?", "passage": {}}, 400)

    def test_bad_bodies_name_the_field(self) -> None:
        on, thread = self.claim.article_id, comments.open_thread(claim=self.claim, text="x", by=self.ada)
        for body, pointer in (
            ({"text": "x"}, ""), ({"article": on, "claim": self.claim.pk, "text": "x"}, ""), ({"article": on}, "/text"),
            ({"article": on, "text": "  "}, "/text"), ({"article": on, "text": "x" * 10_001}, "/text"),
            ({"article": on, "text": "a\0b"}, "/text"), ({"article": on, "text": 5}, "/text"),
            ({"article": 10**18, "text": "x"}, "/article"), ({"article": "x", "text": "x"}, "/article"),
            ({"thread": thread.pk, "text": "x", "blocking": True}, "/blocking"),
            ({"thread": thread.pk, "text": "x", "passage": {"exact": "The"}}, "/passage"),
            ({"article": on, "text": "x", "mentions": ["no-such"]}, "/mentions/0"),
            ({"article": on, "text": "x", "mentions": "ada"}, "/mentions"),
            ({"article": on, "text": "x", "by": 1}, "/by"),
        ):  # fmt: skip
            with self.subTest(pointer=pointer, body=str(body)[:80]):
                errors = self.post(self.ada, "comments/", body, 400)["errors"]
                self.assertEqual([e["pointer"] for e in errors], [pointer])
        build.person(username="outsider")
        errors = self.post(self.ada, "comments/", {"article": on, "text": "Hello @outsider"}, 400)["errors"]
        self.assertEqual([e["pointer"] for e in errors], ["/text"])

    def test_lists_cost_the_same_for_1_3_and_50_rows(self) -> None:
        evidence, verdict = self.claim.evidence.get(), self.claim.verdicts.all()[0]
        link = build.guest_link(self.claim.article)
        for n in range(50):
            about: dict[str, Any] = ({"article": self.claim.article, "passage": {"exact": build.OPINION}},
                                     {"evidence": evidence}, {"verdict": verdict})[n % 3]  # fmt: skip
            thread = comments.open_thread(**about, text=f"{n} @ada", by=self.editor)
            comments.resolve(thread=thread, by=self.ada)
            comments.open_thread(article=self.claim.article, guest_link=link, text=f"{n}")
        for person in (self.ada, self.editor):
            self.get(person, "me/")
            for path in ("comments/", "threads/", "comments/?search=ada", f"comments/?claim={self.claim.pk}"):
                counts = set()
                for rows in (1, 3, 30):
                    with CaptureQueriesContext(connection) as captured:
                        page = self.get(person, f"{path}{'&' if '?' in path else '?'}page_size={rows}")
                    self.assertEqual(len(page["results"]), rows)
                    counts.add(len(captured))
                with self.subTest(f"{path} as {person}"):
                    self.assertEqual(len(counts), 1, counts)
        thread = Thread.objects.first()
        assert thread is not None
        costs = []
        for _ in range(3):
            with CaptureQueriesContext(connection) as captured:
                self.get(self.ada, f"threads/{thread.pk}/")
            costs.append(len(captured))
            comments.reply(thread=thread, text="More, @ada.", by=self.editor)
        self.assertEqual(len(set(costs)), 1, costs)

    def test_every_filter_and_ordering_answers(self) -> None:
        comments.open_thread(claim=self.claim, text="x", by=self.ada)
        for path, names in (
            ("comments", ("article", "claim", "thread", "author", "mention", "guest", "taken_back", "created_after")),
            ("threads", ("article", "claim", "evidence", "verdict", "blocking", "resolved", "guest", "opened_by")),
        ):
            for name in names:
                for value in ("1", str(2**70), "ada", "true", "-1", "é"):
                    answer = self.client_of(self.ada).get(f"/api/v1/{path}/?{name}={value}")
                    self.assertIn(answer.status_code, (200, 400), f"{path} {name} {value}")


class Pages(TestCase):
    def setUp(self) -> None:
        self.claim = build.claim(ClaimState.DECIDED)
        self.ada, self.bea = build.person(Role.REVIEWER, username="ada"), build.person(Role.RESEARCHER, username="bea")
        self.client = client_of(self.ada)

    def test_begin_reply_resolve_reopen_and_block(self) -> None:
        page = url(Claim, "change", self.claim.pk)
        self.assertContains(self.client.get(page), "Begin a conversation")
        given = {"claim": self.claim.pk, "text": "Is it so,\r\n@bea?", "blocking": "on"}
        answer = self.client.post(url(Thread, "add"), given)
        thread = Thread.objects.get()
        self.assertRedirects(answer, f"{page}#thread-{thread.pk}")
        self.assertEqual((thread.claim, thread.article, thread.blocking), (self.claim, self.claim.article, True))
        self.assertEqual(thread.comments.get().text, "Is it so,\n@bea?")
        self.assertEqual(Notification.objects.get(kind="mention").person, self.bea)
        self.client.post(url(Thread, "add"), given)
        self.assertEqual(Thread.objects.count(), 1, "a button pressed twice does one thing")
        for _ in range(2):
            answer = client_of(self.bea).post(url(Thread, "reply", thread.pk), {"text": "It is."})
            self.assertRedirects(answer, f"{page}#thread-{thread.pk}", fetch_redirect_response=False)
        self.assertEqual(thread.comments.count(), 2)
        for step, name, value in (("resolve", "resolved_by", self.ada), ("reopen", "resolved_by", None),
                                  ("unblock", "blocking", False), ("block", "blocking", True)):  # fmt: skip
            self.assertEqual(self.client.get(url(Thread, step, thread.pk)).status_code, 200)
            self.client.post(url(Thread, step, thread.pk))
            self.assertEqual(getattr(Thread.objects.get(), name), value)
        shown = self.client.get(page)
        self.assertContains(shown, "It is.")
        self.assertContains(shown, "Blocks the sign-off")
        self.assertFalse(AuditEvent.objects.filter(outside=True, object_type__in=("thread", "comment")).exists())

    def test_a_passage_is_taken_from_the_reading_view(self) -> None:
        on = self.claim.article
        page = self.client.get(url(Article, "change", on.pk))
        self.assertContains(page, "Talk about this passage")
        form = self.client.get(url(Thread, "add"), {"article": on.pk, "exact": build.OPINION})
        self.assertContains(form, build.OPINION)
        answer = self.client.post(url(Thread, "add"), {"article": on.pk, "exact": build.OPINION, "text": "Is it?"})
        thread = Thread.objects.get()
        self.assertRedirects(answer, f"{url(Article, 'change', on.pk)}#thread-{thread.pk}")
        self.assertEqual(thread.exact, build.OPINION)
        self.assertContains(
            self.client.get(url(Article, "change", on.pk)), f'<blockquote class="desk-text">{build.OPINION}'
        )
        self.assertContains(self.client.get(url(Thread, "change", thread.pk)), "Is it?")

    def test_an_ambiguous_quote_offers_its_places(self) -> None:
        given = {"article": self.claim.article_id, "exact": "The ", "text": "Which?"}
        answer = self.client.post(url(Thread, "add"), given)
        self.assertContains(answer, "The quote stands in 5 places")
        place = answer.context["adminform"].form.fields["place"].widget.choices[1][0]
        self.client.post(url(Thread, "add"), given | {"place": place})
        self.assertEqual(f"{Thread.objects.get().start}:{Thread.objects.get().end}", place)

    def test_what_is_wrong_is_said_beside_what_was_typed(self) -> None:
        on = self.claim.article_id
        build.person(username="outsider")
        for given, said in (
            ({"text": "x"}, "Say what it is about"),
            ({"article": on, "text": ""}, "This field is required"),
            ({"article": on, "text": "Hello @outsider"}, "They may not see this conversation"),
            ({"article": on, "text": "a\0b"}, "Null characters are not allowed"),
            ({"article": on, "text": "x", "exact": "Not there."}, "does not stand in the text"),
            ({"article": "x", "text": "x"}, "valid choice"),
        ):
            with self.subTest(said):
                self.assertContains(self.client.post(url(Thread, "add"), given), said)
        self.assertFalse(Thread.objects.exists())

    def test_evidence_and_verdicts_show_theirs(self) -> None:
        evidence, verdict = self.claim.evidence.get(), self.claim.verdicts.all()[0]
        for row in (evidence, verdict):
            name = type(row).__name__.lower()
            self.client.post(url(Thread, "add"), {name: row.pk, "text": f"On the {name} itself."})
            self.assertContains(self.client.get(url(type(row), "change", row.pk)), f"On the {name} itself.")
            self.assertContains(self.client.get(url(Claim, "change", self.claim.pk)), f"On the {name} itself.")
        others = self.client.get(url(Article, "change", self.claim.article_id))
        self.assertContains(others, "2 conversations are open")
        self.assertNotContains(others, "On the verdict itself.")
        listed = self.client.get(f"{url(Thread, 'changelist')}?article={self.claim.article_id}&resolved_at__isempty=1")
        self.assertContains(listed, "2 threads")

    def test_the_newest_activity_stands_first_and_resolved_ones_are_folded(self) -> None:
        first, second, third = (comments.open_thread(claim=self.claim, text=f"No. {n}", by=self.ada) for n in (1, 2, 3))
        comments.reply(thread=first, text="Again.", by=self.bea)
        comments.resolve(thread=third, by=self.bea)
        page = self.client.get(url(Claim, "change", self.claim.pk)).content.decode()
        places = [page.index(f'id="thread-{thread.pk}"') for thread in (first, second, third)]
        self.assertEqual(places, sorted(places))
        self.assertIn(f'<details class="desk-talk-card" id="thread-{third.pk}">', page)

    def test_who_may_not_comment_reads(self) -> None:
        thread = comments.open_thread(claim=self.claim, text="So?", by=self.ada)
        auditor = client_of(build.person(Role.AUDITOR))
        page = auditor.get(url(Claim, "change", self.claim.pk))
        self.assertContains(page, "So?")
        self.assertNotContains(page, "Begin a conversation")
        self.assertNotContains(page, url(Thread, "reply", thread.pk))
        self.assertEqual(auditor.post(url(Thread, "add"), {"claim": self.claim.pk, "text": "x"}).status_code, 403)
        self.assertContains(auditor.post(url(Thread, "reply", thread.pk), {"text": "x"}), "Your roles do not include")

    def test_pages_cost_the_same_however_much_is_said(self) -> None:
        link = build.guest_link(self.claim.article)
        pages = [url(Claim, "change", self.claim.pk), url(Article, "change", self.claim.article_id),
                 url(Thread, "changelist"), url(Comment, "changelist")]  # fmt: skip
        costs: list[list[int]] = []
        for n in range(3):
            for _ in range(1 + 4 * n):
                comments.open_thread(evidence=self.claim.evidence.get(), text="x", by=self.ada)
                comments.open_thread(verdict=self.claim.verdicts.all()[0], text="x", by=self.bea, blocking=True)
                comments.open_thread(
                    article=self.claim.article, text="x", by=self.bea, passage={"exact": build.OPINION}
                )
                thread = comments.open_thread(article=self.claim.article, guest_link=link, text="x")
                comments.resolve(thread=thread, by=self.ada)
            cost = []
            for page in pages:
                client = client_of(self.ada)
                with CaptureQueriesContext(connection) as captured:
                    self.assertEqual(client.get(page).status_code, 200)
                cost.append(len(captured))
            costs.append(cost)
        self.assertEqual(costs[0], costs[1])
        self.assertEqual(costs[1], costs[2])

    def test_words_are_text_and_never_markup(self) -> None:
        comments.open_thread(claim=self.claim, text="<script>alert(1)</script>", by=self.ada)
        page = self.client.get(url(Claim, "change", self.claim.pk))
        self.assertContains(page, "&lt;script&gt;alert(1)")
        self.assertNotContains(page, "<script>alert(1)")


class ANewText(TestCase):
    def test_a_thread_stays_on_the_text_it_was_about(self) -> None:
        on = build.article()
        thread = comments.open_thread(article=on, text="?", by=build.the(Role.EDITOR), passage={"exact": build.OPINION})
        before = (thread.revision_id, thread.start, thread.exact)
        raw = build.TEXT.replace(build.OPINION, "It was sad.").encode()
        from_text = build.read(raw, "text/markdown")
        articles.revise(article=on, reading=from_text, raw=raw, media_type="text/markdown", by=build.the(Role.EDITOR))
        thread.refresh_from_db()
        self.assertEqual((thread.revision_id, thread.start, thread.exact), before)


class TwoAtOnce(RealTransactions):
    def codes(self, outcomes: list[Any]) -> list[str]:
        """What came of each: done, or the rule that refused it."""
        self.assertEqual([o for o in outcomes if isinstance(o, Exception) and not isinstance(o, Refused)], [])
        return sorted(o.refusals[0].code if isinstance(o, Refused) else "done" for o in outcomes)

    def test_a_thread_that_blocks_and_a_sign_off(self) -> None:
        on, editor = build.settled(), build.person(Role.EDITOR)
        outcomes = at_once(
            lambda: signoffs.sign_off(article=on, by=editor),
            lambda: comments.open_thread(article=on, text="Wait.", by=build.the(Role.RESEARCHER), blocking=True),
        )
        signed, thread = on.sign_offs.first(), Thread.objects.get()
        if signed is None:
            self.assertEqual(self.codes(outcomes), ["done", "thread_is_unresolved"])
        else:
            self.assertLess(signed.signed_at, thread.opened_at, "signed off although the thread was there before")

    def test_a_reply_to_what_is_being_resolved_and_two_who_resolve(self) -> None:
        ada, bea = build.person(Role.REVIEWER), build.person(Role.RESEARCHER)
        thread = comments.open_thread(article=build.article(), text="So?", by=ada)
        outcomes = at_once(
            lambda: comments.resolve(thread=thread, by=ada), lambda: comments.resolve(thread=thread, by=bea)
        )
        self.assertEqual(self.codes(outcomes), ["done", "thread_is_open"])
        outcomes = at_once(*[lambda: comments.reply(thread=thread, text="More.", by=bea)] * 3)
        self.assertEqual(self.codes(outcomes), ["done"] * 3)
        self.assertEqual(thread.comments.count(), 4)

    def test_two_who_close_a_question(self) -> None:
        contact, bea = build.contact(), build.the(Role.RESEARCHER)
        outcomes = at_once(*[lambda: contacts.close(contact=contact, outcome="declined", by=bea)] * 2)
        self.assertEqual(self.codes(outcomes), ["contact_is_awaiting", "done"])
