"""A guest and a reader at the pages, in a real browser: what the test client sends, a browser may not."""

from __future__ import annotations

import os
from pathlib import Path

from selenium.webdriver.common.by import By

from claims.actions.acting import acting
from claims.choices import Role
from claims.models import Comment, Contact, GuestLink, ReaderReport, Thread
from tests import build
from tests.test_admin_browser import Browser
from tests.test_guests import invited, question

PICTURES = os.environ.get("FACTCHECK_PICTURES", "")  # a folder for pictures of the pages


class AtTheDoor(Browser):
    def go(self, path: str) -> None:
        self.browser.get(self.live_server_url + path)

    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "main").text

    def click(self, words: str) -> None:
        xpath = f"//button[normalize-space()='{words}'] | //input[@type='submit' and @value='{words}']"
        self._and_wait(lambda: self.browser.find_element(By.XPATH, xpath).click())

    def picture(self, name: str) -> None:
        if PICTURES:
            size = self.browser.get_window_size()
            height = self.browser.execute_script("return document.documentElement.scrollHeight")
            self.browser.set_window_size(size["width"], min(max(height + 150, 700), 3000))
            self.browser.save_screenshot(str(Path(PICTURES) / f"{name}.png"))
            self.browser.set_window_size(size["width"], size["height"])

    def test_invite_comment_reply_answer_revoke(self) -> None:
        claim = build.identified(attribution=["The Evening Herald"])
        build.identified(claim.article, build.CLAIMS[1])
        editor = build.the(Role.EDITOR)
        self.be(editor)
        self.open("claims_claim_change", claim.pk)
        self.picture("claim")
        self.follow("Invite a guest")
        self.fill("name", "Ada Example")
        self.choose_option("relation", "author")
        self.choose_option("may", "comment")
        self.picture("invite")
        self.press("Save")
        address = self.browser.find_element(By.CSS_SELECTOR, ".desk-secret").text
        self.picture("secret")
        there = "/" + address.split("/", 3)[3]
        self.browser.delete_all_cookies()
        self.go(there)
        self.assertIn("Claim C1", self.text())
        self.assertEqual(self.browser.find_element(By.TAG_NAME, "mark").text, build.CLAIMS[0])
        self.fill("comment-text", "I never wrote this.")
        self.click("Send the comment")
        self.assertIn("Your comment has been sent to the desk.", self.text())
        thread = Thread.objects.get()
        with acting(by=editor, action="comment.reply"):
            Comment.objects.create(thread=thread, author=editor, text="Thank you, we look again.")
        self.go(there)
        self.assertIn("Thank you, we look again.", self.text())
        self.assertNotIn(editor.name, self.text())
        self.picture("guest")
        self.be(editor)
        self.open("claims_guestlink_change", GuestLink.objects.get().pk)
        self.says("Commented")
        self.picture("link")
        self.follow("Revoke")
        self.press("Revoke")
        self.go(there)
        self.assertIn("This link is not valid (any more).", self.text())
        self.picture("closed")
        self.answer_a_question(claim)

    def answer_a_question(self, claim: build.Claim) -> None:
        asked = question(claim.article, claim)
        self.be(build.the(Role.EDITOR))
        self.open("claims_contact_change", asked.pk)
        self.follow("Ask by link")
        self.picture("ask")
        _, token = invited(claim.article, may="answer", contact=asked)
        self.go(f"/guest/{token}/")
        self.click("Send the answer")
        self.assertIn("This field is required.", self.text())
        self.fill("answer-answer", "Nine million.")
        self.picture("question")
        self.click("Send the answer")
        self.assertIn("Your answer has been sent to the desk.", self.text())
        self.assertEqual(Contact.objects.get().answer, "Nine million.")
        self.picture("answered")

    def test_a_reader_reports_an_error_and_the_desk_closes_it(self) -> None:
        publication = build.published()
        at = f"/factchecks/{publication.article.slug}/C2/"
        self.go(at)
        self.assertTrue(self.browser.find_elements(By.LINK_TEXT, "Report an error"))
        self.picture("public")
        self.go(f"{at}report/")
        self.assertFalse(self.browser.find_element(By.NAME, "website").is_displayed())
        self.fill("text", "The works took twelve months.")
        self.fill("email", "reader@elsewhere.example")
        self.picture("report")
        self.click("Send the report")
        self.assertIn("Thank you", self.text())
        self.picture("sent")
        report = ReaderReport.objects.get()
        self.be(build.the(Role.EDITOR))
        self.open("claims_readerreport_changelist")
        self.picture("reports")
        self.open("claims_readerreport_change", report.pk)
        self.says("reader@elsewhere.example")
        self.picture("one-report")
        self.follow("Close the report")
        self.choose("outcome", "dismissed")
        self.fill("note", "The log says eleven.")
        self.picture("close")
        self.press("Close the report")
        self.says("The log says eleven.")

    def choose_option(self, name: str, value: str) -> None:
        self.browser.find_element(By.CSS_SELECTOR, f'[name="{name}"] option[value="{value}"]').click()
