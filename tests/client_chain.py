"""The whole chain with nothing but a client that a program made of docs/openapi.json, against a desk that runs.

What a stranger gets out of the schema is thereby enough: no address, field or word stands here but the client's own.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from claims.actions import desk
from claims.choices import Role, Scope
from claims.models import Person
from tests import build
from tests.test_api_desk import COPY, operations
from tests.transactional import LiveDesk

MAKER = Path(sys.executable).parent / "openapi-python-client"
NAME = "made_client"


class Chain(LiveDesk):
    @classmethod
    def setUpClass(cls) -> None:
        if not MAKER.exists() and not os.environ.get("FACTCHECK_REQUIRE_ALL"):
            raise unittest.SkipTest("openapi-python-client is not installed: pip install -r requirements-dev.txt")
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        made = [MAKER, "generate", "--path", COPY, "--output-path", Path(folder) / NAME, "--meta", "none"]
        subprocess.run(made, check=True, capture_output=True)
        sys.path.insert(0, folder)
        cls.addClassCleanup(sys.path.remove, folder)
        cls.made = importlib.import_module(NAME)
        cls.models = importlib.import_module(f"{NAME}.models")
        cls.asked = {path.stem: path for path in (Path(folder) / NAME / "api").glob("*/*.py")}
        del cls.asked["__init__"]

    def setUp(self) -> None:
        super().setUp()
        self.researcher = self.client_for(build.person(Role.RESEARCHER), Scope.RESEARCH)
        self.reviewers = [self.client_for(build.person(Role.REVIEWER), Scope.REVIEW) for _ in range(2)]
        self.editor = self.client_for(build.person(Role.EDITOR), Scope.EDIT)
        self.publisher = self.client_for(build.person(Role.PUBLISHER), Scope.PUBLISH)

    def client_for(self, person: Person, scope: Scope) -> Any:
        token = desk.issue_token(person=person, by=None, scopes=[Scope.READ, scope])[1]
        client = self.made.AuthenticatedClient(base_url=self.live_server_url, token=token)
        self.addCleanup(client.get_httpx_client().close)  # else the server keeps the connection, and the database
        return client

    def ask(self, client: Any, operation: str, *ids: int, expect: int = 200, **given: Any) -> Any:
        """The parsed answer of an operation, of the status it should have."""
        path = self.asked[operation]
        module = importlib.import_module(f"{NAME}.api.{path.parent.name}.{operation}")
        answer = module.sync_detailed(*ids, client=client, **given)
        self.assertEqual(answer.status_code, expect, answer.content)
        return answer.parsed

    def test_every_operation_is_in_the_client(self) -> None:
        self.assertEqual(len(self.asked), sum(len(methods) for _, methods in operations()))

    def test_from_text_to_a_corrected_page(self) -> None:
        given = self.models.ArticleIntakeRequest(text=build.TEXT, media_type="text/markdown")
        article = self.ask(self.editor, "articles_create", body=given, expect=201)
        self.assertEqual((article.title, article.state), ("The harbour was closed twice", "received"))
        source = self.ask(self.researcher, "sources_create", expect=201, body=self.models.SourceRequest(
            title="Harbour log", kind=self.models.SourceKind.DOCUMENT, tier=self.models.TierEnum.PRIMARY,
        ))  # fmt: skip
        claims = [self.claim(article.id, source.id, quote) for quote in build.CLAIMS]
        self.settle(article.id)
        asked = self.ask(self.editor, "articles_sign_off_retrieve", article.id)
        self.assertEqual(asked.refusals, [])
        body = self.models.SignOffGivenRequest(digest=asked.digest)
        self.ask(self.editor, "articles_sign_off_create", article.id, body=body, expect=201)
        published = self.ask(self.publisher, "articles_publications_create", article.id, expect=201)
        read = self.ask(self.researcher, "publications_retrieve", published.id)
        self.assertEqual((read, read.state), (published, "live"))
        self.assertEqual([shown.code for shown in read.claims], ["C1", "C2", "C3", "C4"])
        note = self.models.CorrectionGivenRequest(
            type_=self.models.CorrectionType.CLARIFICATION, text="The date is that of the log.", claims=[claims[0]]
        )
        correction = self.ask(self.publisher, "publications_corrections_create", published.id, body=note, expect=201)
        self.assertEqual((correction.claims, correction.published_in), ([claims[0]], None))
        self.assertEqual(self.ask(self.editor, "articles_retrieve", article.id).state, "under_correction")

    @unittest.skipUnless(shutil.which("node"), "There is no Node here.")
    def test_the_same_in_another_language(self) -> None:
        people = ("RESEARCHER", self.researcher), ("EDITOR", self.editor), ("PUBLISHER", self.publisher)
        reviewers = ((f"REVIEWER_{n}", client) for n, client in enumerate(self.reviewers, start=1))
        tokens = {name: client.token for name, client in (*people, *reviewers)}
        done = subprocess.run(
            ["node", COPY.parent.parent / "tests" / "chain.mjs"], capture_output=True, text=True, check=False,
            env=os.environ | {"DESK": self.live_server_url} | tokens,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def claim(self, article: int, source: int, quote: str) -> int:
        """A claim on this quote, researched, reviewed by two and decided: its id."""
        models = self.models
        claim = self.ask(self.researcher, "claims_create", expect=201, body=models.ClaimWrittenRequest(
            article=article, statement=quote, kind=models.ClaimKind.EVENT, claimant="Ada Example",
            anchor=models.AnchorGivenRequest(exact=quote),
        ))  # fmt: skip
        step = models.StepTakenRequest(step=models.StepTakenStepEnum.TRIAGE)
        self.ask(self.researcher, "claims_steps_create", claim.id, body=step)
        evidence = self.ask(self.researcher, "evidence_create", expect=201, body=models.EvidenceCitedRequest(
            claim=claim.id, source=source, stance=models.StanceEnum.CORROBORATES, excerpt="3 May: closed.",
            addresses=models.AddressesEnum.TRUE,
        ))  # fmt: skip
        step = models.StepTakenRequest(
            step=models.StepTakenStepEnum.SUBMIT_FOR_REVIEW, none_contradicting="The office's archive."
        )
        claim = self.ask(self.researcher, "claims_steps_create", claim.id, body=step)
        for reviewer in self.reviewers:
            self.ask(reviewer, "verdicts_create", expect=201, body=models.VerdictFiledRequest(
                claim=claim.id, rating="true", rationale="The log says so.", digest=claim.digest,
                confidence=models.ConfidenceEnum.HIGH, relied_on=[evidence.id],
            ))  # fmt: skip
        decided = self.ask(self.researcher, "claims_retrieve", claim.id)
        self.assertEqual((decided.state, decided.decision.rating), ("decided", "true"))
        return int(claim.id)

    def settle(self, article: int) -> None:
        """Mark every sentence that is still open as stating no fact."""
        coverage = self.ask(self.researcher, "articles_coverage_retrieve", article)
        for sentence in coverage.sentences:
            if sentence.status == "open":
                span = self.models.SpanRequest(start=sentence.start, end=sentence.end)
                self.ask(self.researcher, "articles_non_factual_create", article, body=span, expect=201)
