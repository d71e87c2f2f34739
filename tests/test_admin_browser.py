"""A claim goes from triage to a decision through the pages, in a real browser, as different people."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from claims.choices import ClaimState, Role
from claims.models import AuditEvent, Claim, Evidence, Person
from tests import build
from tests.transactional import LiveDesk

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1300,1000")  # fmt: skip
PATIENCE = 15


class Browser(LiveDesk):
    """Chromium, without a window, at a desk that runs."""

    @classmethod
    def setUpClass(cls) -> None:
        if not (Path(CHROMIUM).exists() and Path(DRIVER).exists()) and not os.environ.get("FACTCHECK_REQUIRE_ALL"):
            raise unittest.SkipTest("There is no Chromium with its driver here.")
        super().setUpClass()
        cls.profile = cls.enterClassContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*FLAGS, f"--user-data-dir={cls.profile}"):
            options.add_argument(flag)
        cls.browser = webdriver.Chrome(options=options, service=Service(DRIVER))
        cls.addClassCleanup(cls.browser.quit)

    def be(self, person: Person) -> None:
        """Log in without the form, as the test client does."""
        session = SessionStore()
        session["_auth_user_id"] = str(person.pk)
        session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
        session["_auth_user_hash"] = person.get_session_auth_hash()
        session.save()
        self.open("login")  # a cookie is set on a page of its own site
        self.browser.delete_all_cookies()
        self.browser.add_cookie({"name": settings.SESSION_COOKIE_NAME, "value": session.session_key})

    def open(self, name: str, *args: object) -> None:
        self.browser.get(self.live_server_url + reverse(f"admin:{name}", args=args))

    def fill(self, name: str, words: str) -> None:
        self.browser.find_element(By.NAME, name).send_keys(words)

    def choose(self, name: str, value: object) -> None:
        self.browser.find_element(By.CSS_SELECTOR, f'[name="{name}"][value="{value}"]').click()

    def follow(self, label: str) -> None:
        self._and_wait(lambda: self.browser.find_element(By.LINK_TEXT, label).click())

    def press(self, label: str) -> None:
        self._and_wait(lambda: self.browser.find_element(By.CSS_SELECTOR, f'[type=submit][value="{label}"]').click())

    def _and_wait(self, act: object) -> None:
        page = self.browser.find_element(By.TAG_NAME, "html")
        act()  # type: ignore[operator]
        WebDriverWait(self.browser, PATIENCE).until(lambda _: self._left(page))
        WebDriverWait(self.browser, PATIENCE).until(
            lambda b: b.execute_script("return document.readyState") == "complete"
        )

    def _left(self, page: object) -> bool:
        return self.browser.find_element(By.TAG_NAME, "html") != page

    def says(self, words: str) -> None:
        self.assertIn(words, self.browser.find_element(By.ID, "content").text)


class ThePages(Browser):
    def test_from_triage_to_a_decision(self) -> None:
        before = max(AuditEvent.objects.values_list("seq", flat=True)[:1], default=0)
        researcher = build.person(Role.RESEARCHER, username="rosa")
        claim = build.identified()
        source = build.source(title="The harbour log")
        self.be(researcher)
        self.open("index")
        self.says("The harbour was closed on 3 May 2023.")
        self.open("claims_claim_change", claim.pk)
        self.assertEqual(self.browser.find_element(By.TAG_NAME, "mark").text, "The harbour was closed on 3 May 2023.")
        self.follow("Take up for research")
        self.press("Take up for research")
        self.follow("Add evidence")
        # The source is chosen as people do it, in Django's own search field.
        self.browser.find_element(By.CSS_SELECTOR, ".field-source .select2-selection").click()
        search = WebDriverWait(self.browser, PATIENCE).until(
            lambda b: b.find_element(By.CSS_SELECTOR, ".select2-search__field")
        )
        search.send_keys("harbour log")
        found = WebDriverWait(self.browser, PATIENCE).until(
            lambda b: b.find_elements(By.CSS_SELECTOR, ".select2-results__option--highlighted")
        )
        found[0].click()
        self.browser.find_element(By.CSS_SELECTOR, '[name=stance] [value="contradicts"]').click()
        self.fill("excerpt", "Ships came in all day.")
        self.press("Save")
        self.assertEqual(Evidence.objects.get().source, source)
        self.says("Ships came in all day.")
        self.follow("Submit for review")
        self.press("Submit for review")
        self.says("0 of 2 verdicts are in")
        for number, code in enumerate(("false", "true"), start=1):
            self.be(build.person(Role.REVIEWER, username=f"reviewer-number-{number}"))
            self.open("claims_claim_change", claim.pk)
            self.assertNotIn("Verdict of reviewer", self.browser.page_source)
            self.follow("File a verdict")
            self.choose("rating", build.rating(code).pk)
            self.choose("confidence", "high")
            self.fill("rationale", f"Verdict of reviewer {number}.")
            self.press("File a verdict")
        self.says("Disputed")
        self.be(build.person(Role.ADJUDICATOR, username="ada"))
        self.open("claims_claim_change", claim.pk)
        self.says("Verdict of reviewer 1.")
        self.follow("Adjudicate")
        self.choose("rating", build.rating("half_true").pk)
        self.fill("reason", "The log is of another harbour.")
        self.press("Adjudicate")
        self.says("Round 1: Half true, by adjudication of ada")
        claim = Claim.objects.get()
        self.assertEqual((claim.state, claim.assignee), (ClaimState.DECIDED, None))
        self.open("claims_claim_history", claim.pk)
        self.says("claim.adjudicate")
        for name, args in (("claims_article_change", [claim.article_id]), ("claims_claim_changelist", []),
                           ("claims_auditevent_changelist", []), ("claims_claim_add", [])):  # fmt: skip
            self.be(build.the(Role.EDITOR))
            self.open(name, *args)
        outside = AuditEvent.objects.filter(outside=True, seq__gt=before)
        self.assertEqual(set(outside.values_list("object_type", flat=True)) - {"person", "person_groups"}, set())
        self.assertEqual([e["message"] for e in self.browser.get_log("browser")], [])


class ForEverybody(Browser):
    def test_fields_of_several_parts_bear_the_names_of_their_labels(self) -> None:
        self.be(build.the(Role.EDITOR))
        self.open("claims_contact_add")
        WebDriverWait(self.browser, PATIENCE).until(
            lambda b: b.find_elements(By.CSS_SELECTOR, ".select2-selection[aria-labelledby*=id_claim_label]")
        )
        parts = self.browser.find_elements(By.CSS_SELECTOR, ".select2-selection, [role=textbox], p.datetime")
        self.assertEqual([(part.aria_role, part.accessible_name.strip()) for part in parts], [
            ("combobox", "Article:"), ("textbox", "Article:"), ("combobox", "Claim:"), ("textbox", "Claim:"),
            ("group", "Asked at:"), ("group", "Due at:"),
        ])  # fmt: skip
