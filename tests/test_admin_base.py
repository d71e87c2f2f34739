"""The admin cannot write past the rules, shows people what they may see, and every list costs the same."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from claims import models
from claims.actions import comments, desk, guests, recusals, reports, saved_filters, webhooks
from claims.admin.base import DeskModelAdmin
from claims.admin.paging import BoundedPaginator
from claims.admin.site import DeskSite
from claims.choices import ClaimState, Role, Stance
from claims.models import AuditEvent, Person, ReaderReport
from tests import build
from tests.published import Reading

# What the tests ask for on purpose is refused or not found; each of those would write a traceback.
logging.getLogger("django.request").setLevel(logging.CRITICAL)
logging.getLogger("django.security").setLevel(logging.CRITICAL)

PAGES = ("step", "anchor", "revise", "non_factual", "take_back", "withdraw", "revoke", "roles", "password",
         "deactivate", "reactivate", "reply", "resolve", "reopen", "block", "unblock", "close", "late", "extend",
         "disable", "enable", "deliveries")  # fmt: skip


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def url(model: type, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def a_whole_desk() -> None:
    """At least one row of every noun."""
    publication = build.published()
    claim = build.claim(ClaimState.IN_REVIEW)
    build.verdict(claim)
    desk.issue_token(person=build.the(Role.EDITOR), by=None)
    saved_filters.keep(list="claims", slug="late", query="overdue=true", by=build.the(Role.EDITOR))
    webhooks.add_webhook(url="https://receiver.example/hook", by=build.the(Role.EDITOR))
    articles = publication.article
    models.ArticleLink.objects.create(
        revision=articles.current_revision, text="said", start=0, end=4, target="", status="missing"
    )
    build.in_article_state("under_correction")
    editor = build.the(Role.EDITOR)
    comments.open_thread(claim=claim, text=f"Is it so, @{build.the(Role.RESEARCHER).username}?", by=editor)
    build.contact(articles)
    link, _ = guests.invite(
        article=claim.article, claim=claim, name="Ada", relation="author", may="comment", by=build.the(Role.EDITOR)
    )
    guests.comment(link=link, text="That is not what I wrote.")
    recusals.recuse(claim=claim, note="I wrote for them.", by=build.person(Role.REVIEWER))
    desk.configure(by=editor, secondary_needed=4)
    reports.report(publication=publication, claim=articles.claims.first(), text="The year is wrong.")


class TheBase(TestCase):
    def test_every_admin_is_the_desks(self) -> None:
        # Ratings are seen with their scale; what makes and seals the record, in the record.
        elsewhere = {models.Rating, models.Redaction, models.SigningKey} | {
            m for m in vars(models).values() if not getattr(m, "ON_RECORD", True) and m is not AuditEvent
        }
        everything = {m for m in vars(models).values() if isinstance(m, type)} - elsewhere | {Group}
        self.assertEqual(set(admin.site._registry), everything)
        for model, registered in admin.site._registry.items():
            with self.subTest(model):
                self.assertIsInstance(registered, DeskModelAdmin)
                self.assertIsNone(registered.actions)
                self.assertEqual(registered.list_editable, ())
                self.assertFalse(registered.inlines)
                for hook in ("save_model", "save_related", "save_formset", "delete_model", "delete_queryset"):
                    self.assertIs(getattr(type(registered), hook), getattr(DeskModelAdmin, hook))

    def test_the_hooks_that_write_elsewhere_write_nothing_here(self) -> None:
        source = build.source()
        source.title = "Written past the rules"
        for model, registered in admin.site._registry.items():
            with self.subTest(model), self.assertNumQueries(0):
                registered.save_model(None, source, None, True)
                registered.save_related(None, None, [], True)
                registered.save_formset(None, None, None, True)
                registered.log_addition(None, source, "")
                registered.log_change(None, source, "")
                with self.assertRaises(PermissionDenied):
                    registered.delete_model(None, source)
                with self.assertRaises(PermissionDenied):
                    registered.delete_queryset(None, models.Source.objects.all())

    def test_strangers_are_not_registered(self) -> None:
        site = DeskSite("other")
        site.register(Person, DjangosGroupAdmin)
        self.assertIsInstance(site._registry[Person], DeskModelAdmin)

    def test_no_post_to_any_page_writes_around_the_actions(self) -> None:
        a_whole_desk()
        root = build.person(Role.EDITOR, superuser=True)
        build.person(Role.EDITOR)  # so that it is not root who is deactivated
        client = client_of(root)
        last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first()
        for model, registered in admin.site._registry.items():
            row = model._default_manager.order_by("pk").last()
            data = {"_save": "Save", "title": "x", "name": "x", "reason": "x", "text": "x", "statement": "x",
                    "username": "x", "kind": "document", "tier": "primary", "action": "delete_selected",
                    "_selected_action": row.pk, "post": "yes", "state": "decided", "is_superuser": "on"}  # fmt: skip
            own = [p.name for p in registered.get_urls() if p.name and p.name.rpartition("_")[2] in PAGES]
            with self.subTest(model):
                self.assertEqual(client.post(url(model, "delete", row.pk), data).status_code, 403)
                self.assertIn(client.post(url(model, "changelist"), data).status_code, (200, 302, 403))
                self.assertIn(client.post(url(model, "add"), data).status_code, (200, 302, 403))
                self.assertIn(client.post(url(model, "change", row.pk), data).status_code, (200, 302, 403))
                for name in own:
                    if not name.endswith("_step"):
                        answer = client.post(reverse(f"admin:{name}", args=[row.pk]), data)
                        self.assertIn(answer.status_code, (200, 302))
        events = AuditEvent.objects.filter(seq__gt=last)
        self.assertTrue(events.exists())
        self.assertEqual(list(events.filter(outside=True).values("action", "object_type")), [])
        self.assertEqual(set(events.values_list("actor", flat=True)), {root.pk})
        self.assertFalse(LogEntry.objects.exists())

    def test_ones_own_password_is_changed_on_record(self) -> None:
        person = build.person(Role.EDITOR)
        person.set_password("old-password-of-mine")
        person.save()
        new = {"new_password1": "a-new-long-one", "new_password2": "a-new-long-one", "usable_password": "true"}
        data = {"old_password": "old-password-of-mine", **new}
        answer = client_of(person).post(reverse("admin:password_change"), data)
        self.assertEqual(answer.status_code, 302)
        event = AuditEvent.objects.first()
        self.assertEqual((event.action, event.actor, event.outside), ("desk.change_password", person, False))


class WhoSees(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        a_whole_desk()

    def test_everybody_of_the_desk_sees_every_noun(self) -> None:
        for role in (Role.PUBLISHER, Role.AUDITOR, Role.EDITOR):
            client = client_of(build.the(role))
            record = build.the(role).has_perm("claims.view_record")
            for model in admin.site._registry:
                closed = (model is AuditEvent and not record) or (model is ReaderReport and role == Role.AUDITOR)
                expected = 403 if closed else 200
                with self.subTest(role=role, model=model):
                    self.assertEqual(client.get(url(model, "changelist")).status_code, expected)

    def test_somebody_without_a_role_sees_nothing(self) -> None:
        client = client_of(build.person())
        for model in admin.site._registry:
            with self.subTest(model):
                self.assertEqual(client.get(url(model, "changelist")).status_code, 403)

    def test_every_page_opens_for_every_role(self) -> None:
        for role in (Role.RESEARCHER, Role.PUBLISHER):
            person = build.the(role)
            client = client_of(person)
            for model, registered in admin.site._registry.items():
                request: Any = type("Request", (), {"user": person})()
                row = registered.get_queryset(request).order_by("pk").first()
                if row is None or not registered.has_view_permission(request):
                    continue
                with self.subTest(role=role, model=model):
                    self.assertEqual(client.get(url(model, "change", row.pk)).status_code, 200)
                    self.assertEqual(client.get(url(model, "history", row.pk)).status_code, 200)

    def test_tokens_are_ones_own(self) -> None:
        token, _ = desk.issue_token(person=build.the(Role.EDITOR), by=None, name="mine-alone")
        other = client_of(build.the(Role.REVIEWER))
        self.assertNotContains(other.get(url(models.ApiToken, "changelist")), "mine-alone")
        self.assertEqual(other.get(url(models.ApiToken, "change", token.pk)).status_code, 302)
        self.assertEqual(other.post(url(models.ApiToken, "revoke", token.pk)).status_code, 404)
        self.assertContains(client_of(build.the(Role.EDITOR)).get(url(models.ApiToken, "changelist")), "mine-alone")

    def test_confidential_sources_are_for_those_whose_role_needs_them(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        secret = build.source(title="Whispered in the lobby", confidential=True)
        build.source(title="An echo", derived_from=secret)
        build.cite(claim, source=secret, excerpt="It leaked, they said.")
        echo = models.Source.objects.get(title="An echo")
        pages = [
            url(models.Source, "changelist"),
            url(models.Evidence, "changelist"),
            url(models.Claim, "change", claim.pk),
            url(models.Source, "change", echo.pk),
            url(models.Claim, "step", claim.pk, "judge"),
            url(models.Source, "changelist") + "?q=whispered",
            reverse("admin:autocomplete") + "?app_label=claims&model_name=evidence&field_name=source&term=lobby",
        ]
        publisher, researcher = client_of(build.the(Role.PUBLISHER)), client_of(build.the(Role.RESEARCHER))
        for page in pages:
            with self.subTest(page):
                answer = publisher.get(page)
                self.assertEqual(answer.status_code, 200)
                self.assertNotContains(answer, "Whispered")
                self.assertNotContains(answer, "It leaked")
        self.assertContains(researcher.get(pages[0]), "Whispered")
        self.assertContains(researcher.get(pages[2]), "It leaked")


class ForEverybody(TestCase):
    """What axe-core found wanting once (WCAG 2.2 AA), as far as markup tells it."""

    def test_every_field_has_a_label(self) -> None:
        claim, contact, editor = build.identified(), build.contact(), build.the(Role.EDITOR)
        pages = [url(model, "add") for model in (models.Contact, models.Claim, models.GuestLink, models.Webhook)]
        pages += [url(models.Claim, "change", claim.pk), url(models.Article, "change", claim.article_id)]
        pages += [url(models.Contact, "extend", contact.pk), reverse("admin:me"), reverse("admin:agreement")]
        for page in pages:
            reading = Reading(client_of(editor).get(page).content.decode())
            labels = {a.get("for") for a in reading.named("label")}
            fields = [a for tag, a in reading.attributes if tag in ("input", "select", "textarea")]
            shown = [a for a in fields if a.get("type") not in ("hidden", "submit") and "aria-label" not in a]
            with self.subTest(page):
                self.assertTrue(shown)
                self.assertEqual([a.get("name") for a in shown if a.get("id") not in labels], [])

    def test_what_scrolls_sideways_is_reached_by_the_keyboard(self) -> None:
        scrolling = [
            tag for path in (settings.BASE_DIR / "templates" / "admin").rglob("*.html")
            for tag in re.findall(r"<div class=\"desk-(?:scroll|wide)\"[^>]*>", path.read_text())
        ]  # fmt: skip
        self.assertGreater(len(scrolling), 3)
        for tag in scrolling:
            self.assertRegex(tag, r'tabindex="0" role="region" aria-label')


class Lists(TestCase):
    def bring_to(self, wanted: int) -> None:
        """This many rows of the nouns that people enter, each by its action; the others follow."""
        researcher, editor = build.the(Role.RESEARCHER), build.the(Role.EDITOR)
        while (have := models.Claim.objects.count()) < wanted:
            build.article(f"# Title {have}\n\nOne sentence.")
            claim = build.identified(models.Article.objects.last(), assignee=researcher)
            build.cite(claim, Stance.CONTEXT)
            desk.issue_token(person=editor, by=None)
            build.person(Role.REVIEWER)

    def test_a_list_costs_the_same_for_1_3_and_50_rows(self) -> None:
        editor = build.the(Role.EDITOR)
        build.article()
        nouns = (models.Source, models.Article, models.Claim, models.Evidence, Person, models.ApiToken, AuditEvent,
                 models.Anchor, models.Contribution, models.ArticleRevision)  # fmt: skip
        costs: dict[type, list[int]] = {noun: [] for noun in nouns}
        for wanted in (1, 3, 50):
            self.bring_to(wanted)
            for noun in nouns:
                client = client_of(editor)
                with CaptureQueriesContext(connection) as queries:
                    self.assertEqual(client.get(url(noun, "changelist")).status_code, 200)
                costs[noun].append(len(queries))
        for noun, cost in costs.items():
            with self.subTest(noun):
                self.assertEqual(len(set(cost)), 1, cost)
                self.assertLessEqual(cost[-1], 12)

    def test_lists_of_history_cost_the_same(self) -> None:
        costs = []
        editor = build.the(Role.EDITOR)
        nouns = (models.Verdict, models.Decision, models.SignOff, models.Publication, models.Correction,
                 models.NonFactualMark)  # fmt: skip
        for _ in range(2):
            build.in_article_state("under_correction")
            cost = {}
            for model in nouns:
                client = client_of(editor)
                with CaptureQueriesContext(connection) as queries:
                    client.get(url(model, "changelist"))
                cost[model] = len(queries)
            costs.append(cost)
        self.assertEqual(*costs)

    def test_the_front_page_costs_the_same(self) -> None:
        costs = []
        for _ in range(3):
            build.claim(ClaimState.IN_REVIEW)
            client = client_of(build.the(Role.REVIEWER))
            with CaptureQueriesContext(connection) as queries:
                self.assertContains(client.get(reverse("admin:index")), "To review")
            costs.append(len(queries))
        self.assertEqual(len(set(costs)), 1, costs)
        self.assertLessEqual(costs[0], 8)

    def test_counting_stops(self) -> None:
        with self.assertNumQueries(1) as queries:
            self.assertEqual(BoundedPaginator(Person.objects.all(), 10).count, Person.objects.none().count())
        self.assertIn("LIMIT 5000", queries[0]["sql"])

    def test_filters_in_the_address_stay_on_the_row(self) -> None:
        build.verdict(build.claim(ClaimState.IN_REVIEW))
        client = client_of(build.the(Role.EDITOR))
        for page in (
            url(models.Claim, "changelist") + "?verdicts__isnull=False",
            url(models.Claim, "changelist") + "?verdicts__rating__code=true",
            url(models.Claim, "changelist") + "?evidence__source__title=x",
            url(Person, "changelist") + "?password__startswith=pbkdf2",
            url(models.ApiToken, "changelist") + "?digest__startswith=a",
        ):
            with self.subTest(page):
                self.assertEqual(client.get(page).status_code, 400)
        self.assertEqual(client.get(url(models.Claim, "changelist") + "?article=1").status_code, 200)
