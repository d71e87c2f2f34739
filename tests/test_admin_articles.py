"""The article's page in the admin: received, read, marked, signed off, published, corrected. And the people."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase, override_settings
from django.urls import reverse

from claims.actions import articles, desk
from claims.admin.reading import blocks_of, spans_of
from claims.choices import ArticleState, ClaimState, Role
from claims.models import ApiToken, Article, AuditEvent, Correction, NonFactualMark, Person, Publication, SignOff
from tests import build
from tests.test_admin_base import client_of, url


def step_url(article: Article, step: str) -> str:
    return url(Article, "step", article.pk, step)


class Receiving(TestCase):
    def setUp(self) -> None:
        self.client = client_of(build.the(Role.EDITOR))

    def test_an_article_is_pasted(self) -> None:
        data = {"text": build.TEXT.replace("\n", "\r\n"), "media_type": "text/markdown", "publisher": "Another Post"}
        for _ in range(2):
            self.assertEqual(self.client.post(url(Article, "add"), data).status_code, 302)
        article = Article.objects.get()
        self.assertEqual((article.title, article.publisher), ("The harbour was closed twice", "Another Post"))
        self.assertEqual(article.current_revision.sha256, build.article().current_revision.sha256)

    def test_an_article_is_uploaded(self) -> None:
        upload = SimpleUploadedFile("a.md", build.TEXT.encode(), "text/markdown")
        self.client.post(url(Article, "add"), {"text": "", "upload": upload, "media_type": "text/markdown"})
        self.assertEqual(bytes(Article.objects.get().current_revision.source_bytes), build.TEXT.encode())

    def test_what_cannot_be_read_is_refused_in_the_form(self) -> None:
        for content, words in ((b"\xff\xfe\x00\x01", None), (b"   ", None), (b"", "empty"), (b"x\x00y", None)):
            upload = SimpleUploadedFile("a.md", content, "text/markdown")
            answer = self.client.post(
                url(Article, "add"), {"text": "", "upload": upload, "media_type": "text/markdown", "byline": "Kept"}
            )
            with self.subTest(content):
                self.assertContains(answer, 'value="Kept"')
                self.assertTrue(answer.context["adminform"].form.errors)
                if words:
                    self.assertContains(answer, words)
        self.assertFalse(Article.objects.exists())

    def test_settings_of_the_desk_are_edited(self) -> None:
        article = build.article()
        data = {"title": "Renamed", "quorum": 3, "votes_to_carry": 2, "blind": "on"}
        self.assertEqual(self.client.post(url(Article, "change", article.pk), data).status_code, 302)
        article.refresh_from_db()
        self.assertEqual((article.title, article.quorum, article.publisher), ("Renamed", 3, ""))
        refused = self.client.post(url(Article, "change", article.pk), {**data, "quorum": 9})
        self.assertEqual(refused.status_code, 200)
        self.assertEqual(
            client_of(build.the(Role.RESEARCHER)).post(url(Article, "change", article.pk), data).status_code, 403
        )

    def test_the_same_text_again_is_refused_with_a_reason(self) -> None:
        article = build.article()
        data = {"text": build.TEXT, "media_type": "text/markdown", "note": "Again"}
        answer = self.client.post(url(Article, "revise", article.pk), data)
        self.assertContains(answer, "This is the text of the current revision.")
        self.assertContains(answer, "Again")


class Reading(TestCase):
    def test_the_text_is_shown_whole_with_its_claims(self) -> None:
        article = build.article()
        build.claim(ClaimState.DECIDED, article)
        build.identified(article, "closed on 3 May 2023. The mayor")
        article = Article.objects.get()
        blocks = blocks_of(article.current_revision, article.coverage(), spans_of(article.claims.for_lists()))
        shown = "".join(p.text for b in blocks for s in b.sentences for p in s.pieces)
        self.assertEqual(shown, article.current_revision.text)
        ends = [c.code for b in blocks for s in b.sentences for p in s.pieces for c in p.ending]
        self.assertEqual(ends, ["C1", "C2"])
        page = client_of(build.the(Role.AUDITOR)).get(url(Article, "change", article.pk))
        for words in ("(open)", "Settled: 0 of 5", "C1", "Import report", "without a target"):
            self.assertContains(page, words)

    def test_a_sentence_is_marked_and_the_mark_taken_back(self) -> None:
        article = build.article()
        client = client_of(build.the(Role.RESEARCHER))
        start = article.current_revision.text.index(build.OPINION)
        where = {"start": start, "end": start + len(build.OPINION)}
        client.post(url(Article, "non_factual", article.pk), where)
        page = client.get(url(Article, "change", article.pk))
        self.assertContains(page, "(states no fact)")
        mark = NonFactualMark.objects.get()
        client.post(url(NonFactualMark, "take_back", mark.pk))
        mark.refresh_from_db()
        self.assertEqual(mark.taken_back_by, build.the(Role.RESEARCHER))
        self.assertContains(client.post(url(Article, "non_factual", article.pk), {"start": 0, "end": 3}), "No sentence")
        self.assertContains(client.post(url(Article, "non_factual", article.pk), {"start": "x"}), "whole number")

    def test_an_open_sentence_leads_to_a_claim(self) -> None:
        article = build.article()
        client = client_of(build.the(Role.RESEARCHER))
        query = client.get(url(Article, "change", article.pk)).context["open_sentences"][1]["query"]
        form = client.get(f"{reverse('admin:claims_claim_add')}?{query}").context["adminform"].form
        self.assertEqual(form["exact"].value(), build.CLAIMS[1])
        self.assertEqual(str(form["article"].value()), str(article.pk))


class Ending(TestCase):
    def test_signed_off_published_corrected_retracted(self) -> None:
        article = build.settled()
        editor, publisher = client_of(build.person(Role.EDITOR)), client_of(build.the(Role.PUBLISHER))
        page = editor.get(step_url(article, "sign_off"))
        data = {"note": "Read twice.", "digest": page.context["form"]["digest"].value()}
        editor.post(step_url(article, "sign_off"), data)
        again = editor.post(step_url(article, "sign_off"), data, follow=True)
        self.assertContains(again, "You have done this already")
        self.assertEqual(SignOff.objects.count(), 1)
        publisher.post(step_url(article, "publish"))
        again = publisher.post(step_url(article, "publish"), follow=True)
        self.assertContains(again, "You have done this already: the article is published")
        self.assertEqual(Publication.objects.count(), 1)
        note = {"type": "clarification", "text": "It was a Tuesday.", "claims": [article.claims.first().pk]}
        for _ in range(2):
            publisher.post(step_url(article, "correct"), note)
        self.assertEqual(Correction.objects.get().claims.count(), 1)
        publisher.post(step_url(article, "retract"), {"text": "We were wrong."})
        article.refresh_from_db()
        self.assertEqual(article.state, ArticleState.WITHDRAWN)
        self.assertEqual(Correction.objects.count(), 2)

    def test_a_sign_off_is_of_what_the_editor_saw(self) -> None:
        article = build.settled()
        editor = client_of(build.person(Role.EDITOR))
        seen = editor.get(step_url(article, "sign_off")).context["form"]["digest"].value()
        articles.edit(article=article, by=build.the(Role.EDITOR), title="Another title")
        answer = editor.post(step_url(article, "sign_off"), {"note": "Fine.", "digest": seen})
        self.assertContains(answer, "Fine.")
        self.assertFalse(SignOff.objects.exists())
        self.assertNotEqual(answer.context["form"]["digest"].value(), seen)

    def test_a_refused_sign_off_lists_every_blocker(self) -> None:
        article = build.claim(ClaimState.IN_REVIEW).article
        answer = client_of(build.person(Role.EDITOR)).post(step_url(article, "sign_off"), {"note": "Now?"})
        for blocker in article.blockers():
            self.assertContains(answer, blocker.message.split("“")[0])

    def test_withdrawn_with_a_reason(self) -> None:
        article = build.article()
        editor = client_of(build.the(Role.EDITOR))
        self.assertContains(editor.post(step_url(article, "withdraw"), {"reason": ""}), "required")
        editor.post(step_url(article, "withdraw"), {"reason": "Not ours."})
        self.assertEqual(AuditEvent.objects.of(article).first().reason, "Not ours.")

    def test_nothing_live_to_correct_is_no_error_page(self) -> None:
        article = build.article()
        answer = client_of(build.the(Role.PUBLISHER)).post(step_url(article, "correct"), {"type": "typo", "text": "x"})
        self.assertIn(answer.status_code, (200, 404))
        self.assertFalse(Correction.objects.exists())


class Queue(TestCase):
    def test_articles_wait_for_an_editor_and_then_for_a_publisher(self) -> None:
        article = build.settled()
        waiting = build.article(build.TEXT.replace("twice", "thrice"))
        build.identified(waiting)
        pages = [client_of(build.the(role)) for role in (Role.EDITOR, Role.PUBLISHER)]

        def lists(client: Client) -> dict[str, list[int]]:
            shown = client.get(reverse("admin:index")).context["queue"]
            for one in shown:
                self.assertEqual(client.get(one.url).status_code, 200)
            return {one.title: [row.pk for row in one.rows] for one in shown if one.noun == "article"}

        self.assertEqual(lists(pages[0]), {"Settled, to sign off": [article.pk], "Being checked": [waiting.pk]})
        self.assertEqual(lists(pages[1]), {"To publish": []})
        build.signed_off(article)
        self.assertEqual(lists(pages[0])["Settled, to sign off"], [])
        self.assertEqual(lists(pages[1]), {"To publish": [article.pk]})


class People(TestCase):
    def setUp(self) -> None:
        self.root = build.person(Role.EDITOR, superuser=True)
        self.client = client_of(self.root)

    def test_a_person_joins_and_the_password_is_shown_once(self) -> None:
        data = {"username": "nova", "first_name": "Nova", "last_name": "New", "email": "", "roles": ["reviewer"]}
        answer = self.client.post(url(Person, "add"), data)
        nova = Person.objects.get(username="nova")
        secret = answer.context["secret"]
        self.assertContains(answer, secret)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertTrue(nova.check_password(secret))
        self.assertEqual([g.name for g in nova.groups.all()], ["reviewer"])
        self.assertContains(self.client.post(url(Person, "add"), data), "already")

    def test_roles_passwords_and_leaving(self) -> None:
        person = build.person(Role.REVIEWER)
        self.client.post(url(Person, "roles", person.pk), {"roles": ["editor", "auditor"]})
        self.assertEqual(set(person.groups.values_list("name", flat=True)), {"editor", "auditor"})
        secret = self.client.post(url(Person, "password", person.pk)).context["secret"]
        person.refresh_from_db()
        self.assertTrue(person.check_password(secret))
        self.client.post(url(Person, "deactivate", person.pk))
        person.refresh_from_db()
        self.assertFalse(person.is_active)
        self.client.post(url(Person, "reactivate", person.pk))
        self.assertContains(self.client.get(url(Person, "history", person.pk)), "desk.set_roles")
        refused = client_of(build.the(Role.EDITOR)).post(url(Person, "roles", person.pk), {"roles": ["publisher"]})
        self.assertContains(refused, "Your roles do not include this")

    def test_a_token_is_made_shown_once_and_revoked(self) -> None:
        client = client_of(build.the(Role.RESEARCHER))
        sent = {"name": "mine", "scopes": ["read", "audit"], "networks": "", "days": 30}
        secret = client.post(url(ApiToken, "add"), sent).context["secret"]
        token = ApiToken.objects.get()
        self.assertEqual(token.scopes, ["read", "audit"])
        self.assertEqual((token.digest, token.person), (ApiToken.digest_of(secret), build.the(Role.RESEARCHER)))
        client.post(url(ApiToken, "revoke", token.pk))
        token.refresh_from_db()
        self.assertIsNotNone(token.revoked_at)
        theirs, _ = desk.issue_token(person=self.root, by=None)
        self.assertEqual(client.post(url(ApiToken, "revoke", theirs.pk)).status_code, 404)

    def test_groups_are_looked_at_alone(self) -> None:
        group = Group.objects.get(name="editor")
        self.assertContains(self.client.get(url(Group, "change", group.pk)), "Can sign an article off")
        self.assertEqual(self.client.post(url(Group, "change", group.pk), {"name": "x"}).status_code, 403)

    @override_settings(DESK_NOTICE="Only an illustration <here>.", DESK_NAME="The test desk")
    def test_the_notice_stands_on_every_page(self) -> None:
        build.article()
        article = Article.objects.get()
        for page in (reverse("admin:index"), url(Article, "changelist"), url(Article, "add"),
                     reverse("admin:password_change"), url(Article, "change", article.pk),
                     step_url(article, "publish")):  # fmt: skip
            with self.subTest(page):
                answer = self.client.get(page)
                self.assertContains(answer, "Only an illustration &lt;here&gt;.", count=1)
                self.assertContains(answer, "The test desk")
                self.assertNotContains(answer, "<style")
                self.assertNotContains(answer, ' style="')
        self.client.logout()
        self.assertContains(self.client.get(reverse("admin:login")), "Only an illustration")
