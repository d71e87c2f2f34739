"""The interactive documentation in a real browser, under its strict content policy: an example tried as it stands."""

from __future__ import annotations

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from claims.actions import desk
from claims.choices import Role, Scope
from claims.models import Source
from tests import build
from tests.test_admin_browser import PATIENCE, Browser

ENTERING = "#operations-sources-sources_create"


class TheDocs(Browser):
    def test_an_example_is_tried_with_a_token(self) -> None:
        secret = desk.issue_token(person=build.person(Role.RESEARCHER), by=None, scopes=[Scope.RESEARCH])[1]
        self.browser.get(f"{self.live_server_url}/api/v1/docs/")
        self.there(".btn.authorize").click()
        self.there("input#auth-bearer-value").send_keys(secret + "\n")
        self.there(".auth-btn-wrapper .btn-done").click()
        self.there(f"{ENTERING} .opblock-summary-control").click()
        self.there(f"{ENTERING} .try-out__btn").click()
        self.there(f"{ENTERING} textarea")
        self.there(f"{ENTERING} .execute").click()
        answer = self.there(f"{ENTERING} .live-responses-table tr.response .response-col_status")
        self.assertEqual(answer.text.split()[0], "201")
        self.assertEqual(Source.objects.get().title, "Log of the harbour office, May 2023")
        self.assertEqual([e["message"] for e in self.browser.get_log("browser")], [])

    def there(self, selector: str) -> WebElement:
        return WebDriverWait(self.browser, PATIENCE).until(lambda b: b.find_element(By.CSS_SELECTOR, selector))
