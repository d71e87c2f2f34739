"""Blind review holds on every page of the admin: nobody but its reviewer sees a verdict of an open round."""

from __future__ import annotations

from django.test import TestCase
from django.urls import reverse

from claims.choices import ClaimState, Role
from claims.models import Article, AuditEvent, Claim, Verdict
from tests import build
from tests.test_admin_base import client_of, url

SECRET = "Because the ledger was forged."


class Blind(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.claim = build.claim(ClaimState.IN_REVIEW)
        cls.reviewer = build.person(Role.REVIEWER)
        cls.verdict = build.verdict(cls.claim, "misleading", by=cls.reviewer, rationale=SECRET)

    def pages(self) -> list[str]:
        claim, verdict = self.claim, self.verdict
        return [
            reverse("admin:index"),
            url(Claim, "change", claim.pk), url(Claim, "history", claim.pk), url(Claim, "changelist"),
            url(Claim, "step", claim.pk, "judge"), url(Article, "change", claim.article_id),
            url(Verdict, "changelist"), url(Verdict, "changelist") + "?q=ledger",
            url(Verdict, "changelist") + "?confidence=high", url(Verdict, "changelist") + "?rating=6",
            url(Verdict, "changelist") + "?o=-4.3",
            url(Verdict, "change", verdict.pk), url(Verdict, "history", verdict.pk),
            url(AuditEvent, "changelist"), url(AuditEvent, "changelist") + "?noun=verdict",
            url(AuditEvent, "changelist") + "?q=verdict.file", url(AuditEvent, "changelist") + "?of=verdict.file",
            url(AuditEvent, "changelist") + f"?by={self.reviewer.pk}", url(Article, "timeline", claim.article_id),
            *(url(AuditEvent, "change", e.pk) for e in AuditEvent.objects.filter(action="verdict.file")),
        ]  # fmt: skip

    def test_nobody_else_is_shown_it_a_superuser_neither(self) -> None:
        others = [build.the(role) for role in (Role.RESEARCHER, Role.REVIEWER, Role.EDITOR)]
        for person in (*others, build.person(Role.EDITOR, superuser=True)):
            client = client_of(person)
            for page in self.pages():
                with self.subTest(person=person, page=page):
                    answer = client.get(page, follow=True)
                    self.assertNotContains(answer, SECRET, status_code=answer.status_code)
                    self.assertNotContains(answer, "ledger was", status_code=answer.status_code)
                    # The form names every rating; so does the record, of when the scale was made.
                    if "judge" not in page and page != url(AuditEvent, "changelist"):
                        self.assertNotContains(answer, "Misleading", status_code=answer.status_code)

    def test_lists_are_empty_and_say_so_alike(self) -> None:
        client = client_of(build.the(Role.EDITOR))
        for query in ("", "?q=ledger", "?q=nothing", "?confidence=high", "?confidence=low"):
            self.assertContains(client.get(url(Verdict, "changelist") + query), "0 verdicts")

    def test_its_reviewer_and_the_auditor_see_it(self) -> None:
        for person in (self.reviewer, build.the(Role.AUDITOR)):
            client = client_of(person)
            self.assertContains(client.get(url(Claim, "change", self.claim.pk)), SECRET)
            self.assertContains(client.get(url(Verdict, "change", self.verdict.pk)), SECRET)
            self.assertContains(client.get(url(Verdict, "history", self.verdict.pk)), "verdict.file")

    def test_everybody_sees_how_many_are_in(self) -> None:
        page = client_of(build.the(Role.EDITOR)).get(url(Claim, "change", self.claim.pk))
        self.assertContains(page, "1 of 2")

    def test_it_is_seen_when_the_round_has_closed(self) -> None:
        build.verdict(self.claim, "misleading")
        client = client_of(build.the(Role.EDITOR))
        for page in (url(Claim, "change", self.claim.pk), url(Verdict, "change", self.verdict.pk)):
            self.assertContains(client.get(page), SECRET)
