"""The demo desk: its people, sources and two articles, loaded through the same actions as everybody's work."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_date, parse_datetime

from claims.actions import (
    articles,
    claims,
    corrections,
    desk,
    evidence,
    publications,
    signoffs,
    sources,
    steps,
    verdicts,
)
from claims.choices import ClaimState, PublicationState, Role
from claims.importers import intake
from claims.models import Article, Claim, Correction, Evidence, Person, Rating, Source

FOLDER = Path(__file__).parent / "demo_desk"
Row = Mapping[str, Any]
Report = Callable[[str], None]


class DemoDesk:
    """Loads desk.json. The desk's work is one transaction, and so is each publication and what leads to it: a load that
    is interrupted is gone on with by the next.
    """

    def __init__(self, build: publications.Build, report: Report) -> None:
        self.data: Row = json.loads((FOLDER / "desk.json").read_text(encoding="utf-8"))
        self.build = build
        self.report = report
        self.people: dict[str, Person] = {}
        self.sources: dict[str, Source] = {}
        self.claims: dict[str, Claim] = {}
        self.evidence: dict[str, list[Evidence]] = {}

    def is_begun(self) -> bool:
        """Whether the demo's people are there already; their passwords were shown then."""
        return Person.objects.filter(username__in=[p["username"] for p in self.data["people"]]).exists()

    def load(self) -> dict[str, str]:
        """The people, sources and articles with the work on them, in one transaction, but nothing published.

        Gives the passwords by user name, which are kept nowhere.
        """
        with transaction.atomic():
            passwords = {row["username"]: self._add_person(row) for row in self.data["people"]}
            for row in self.data["sources"]:
                self._enter_source(row)
            for row in self.data["articles"]:
                self._load_article(row)
        return passwords

    def publish(self) -> None:
        """Publish what is signed off, and correct what is to be corrected; what has been done stays as it is."""
        self._recall()
        for row in self.data["articles"]:
            article = Article.objects.filter(claims__statement=row["claims"][0]["statement"]).first()
            if article is not None and row["publication"]:
                self._publish(article, row["publication"], versions=1)
                if row["correction"]:
                    self._correct(article, row["correction"])
                    self._publish(article, row["correction"]["publication"], versions=2)

    def _recall(self) -> None:
        """The rows by their names in desk.json, whoever loaded them."""
        self.people = {p.username: p for p in Person.objects.all()}
        self.sources = {
            row["key"]: s for row in self.data["sources"] for s in Source.objects.filter(title=row["title"])
        }
        for article in self.data["articles"]:
            for row in article["claims"]:
                for claim in Claim.objects.filter(statement=row["statement"]).prefetch_related("evidence"):
                    self.claims[row["key"]] = claim
                    self.evidence[row["key"]] = sorted(claim.evidence.all(), key=lambda e: e.pk)

    def _add_person(self, row: Row) -> str:
        names = {k: row[k] for k in ("username", "email", "first_name", "last_name", "roles")}
        person, password = desk.add_person(by=None, **names)
        self.people[row["username"]] = person
        return password

    def _in_role(self, role: Role) -> Person:
        name = next(p["username"] for p in self.data["people"] if role in p["roles"])
        return self.people[name]

    def _enter_source(self, row: Row) -> None:
        fields = {k: v for k, v in row.items() if k != "key"}
        fields["derived_from"] = self.sources[row["derived_from"]] if row["derived_from"] else None
        fields["published_on"] = parse_date(row["published_on"] or "")
        fields["accessed_at"] = parse_datetime(row["accessed_at"] or "")
        self.sources[row["key"]] = sources.enter(by=self._in_role(Role.RESEARCHER), **fields)

    def _load_article(self, row: Row) -> None:
        raw = (FOLDER / row["file"]).read_bytes()
        article = intake.receive(
            raw=raw,
            media_type="text/markdown",
            by=self._in_role(Role.RESEARCHER),
            url=row["url"],
            language=row["language"],
        )
        editor = self._in_role(Role.EDITOR)
        changes = {name: row[name] for name in ("quorum", "votes_to_carry")}
        articles.edit(article=article, by=editor, lead=self.people[row["lead"]], publish_dissent=True, **changes)
        self.report(f"{article.title}: {len(row['claims'])} claims")
        for claim in row["claims"]:
            self.claims[claim["key"]] = self._identify(article, claim)
        for claim in row["claims"]:
            self._work_on(claim)
        for mark in row["non_factual"]:
            start, end = self._span(article, mark["quote"])
            articles.mark_non_factual(article=article, start=start, end=end, by=self.people[mark["by"]])
        if row["sign_off"]:
            self._sign_off(article, row["sign_off"])

    def _identify(self, article: Article, row: Row) -> Claim:
        plain = ("statement", "headline", "kind", "claimant", "attribution", "importance", "topics")
        anchor = {"exact": row["quote"], "prefix": row.get("prefix", ""), "suffix": row.get("suffix", "")}
        return claims.identify(
            article=article,
            anchor=anchor,
            by=self.people[row["by"]],
            stated_on=parse_date(row["stated_on"] or ""),
            **{k: row[k] for k in plain},
        )

    def _work_on(self, row: Row) -> None:
        claim, by = self.claims[row["key"]], self.people[row["by"]]
        if row["state"] == ClaimState.DUPLICATE:
            steps.take(claim=claim, step="mark_duplicate", by=by, duplicate_of=self.claims[row["duplicate_of"]])
            return
        if aside := row["set_aside"]:
            given = {"triage_reason": aside["triage_reason"], "note": aside["note"]}
            steps.take(claim=claim, step="set_aside", by=self.people[aside["by"]], **given)
            if aside["confirmed_by"]:
                steps.take(claim=claim, step="confirm_set_aside", by=self.people[aside["confirmed_by"]])
            return
        if row["state"] == ClaimState.IDENTIFIED:
            return
        steps.take(claim=claim, step="triage", by=by, assignee=by)
        self.evidence[row["key"]] = [self._cite(claim, cited, by) for cited in row["evidence"]]
        if row["state"] != ClaimState.RESEARCHING:
            self._review(row["key"], row, by)

    def _cite(self, claim: Claim, row: Row, by: Person) -> Evidence:
        fields = {k: row[k] for k in ("stance", "excerpt", "locator", "addresses", "note", "visibility")}
        return evidence.cite(claim=claim, source=self.sources[row["source"]], by=by, **fields)

    def _review(self, key: str, row: Row, by: Person) -> None:
        claim = self.claims[key]
        note = {"none_contradicting": row["none_contradicting"]} if row["none_contradicting"] else {}
        steps.take(claim=claim, step="submit_for_review", by=by, **note)
        for verdict in row["verdicts"]:
            verdicts.file(
                claim=claim,
                rating=self._rating(claim, verdict["rating"]),
                said_rating=verdict["said_rating"] or "",
                rationale=verdict["rationale"],
                confidence=verdict["confidence"],
                relied_on=[self.evidence[key][i] for i in verdict["relied_on"]],
                by=self.people[verdict["by"]],
            )
        if ruling := row.get("adjudication"):
            said = {"said_rating": ruling["said_rating"]} if ruling["said_rating"] else {}
            rating = self._rating(claim, ruling["rating"])
            given = {"rating": rating, "reason": ruling["reason"]} | said
            steps.take(claim=claim, step="adjudicate", by=self.people[ruling["by"]], **given)

    def _rating(self, claim: Claim, code: str) -> Rating:
        return Rating.objects.get(scale=claim.article.scale_id, code=code)

    def _span(self, article: Article, quote: str) -> tuple[int, int]:
        revision = article.current_revision
        start = revision.text.index(quote) if revision else 0
        return start, start + len(quote)

    def _sign_off(self, article: Article, row: Row) -> None:
        signoffs.sign_off(article=article, by=self.people[row["by"]], note=row["note"])

    def _publish(self, article: Article, row: Row, versions: int) -> None:
        """Publish, unless so many versions have been."""
        if article.publications.shown().count() < versions:
            publications.publish(article=article, build=self.build, by=self.people[row["by"]])

    def _correct(self, article: Article, row: Row) -> None:
        """Correct what is live and sign that off, in one transaction, unless it has been corrected."""
        live = article.publications.filter(state=PublicationState.LIVE).get()
        if Correction.objects.filter(publication__article=article).exists():
            return
        with transaction.atomic():
            if reopened := row["reopen"]:
                self._reopen(row, reopened)
            else:
                named = [self.claims[key] for key in row["claims"]]
                by = self.people[row["by"]]
                corrections.correct(publication=live, type=row["type"], text=row["text"], claims=named, by=by)
            self._sign_off(article, row["sign_off"])

    def _reopen(self, row: Row, reopened: Row) -> None:
        key = reopened["claim"]
        claim, by = self.claims[key], self.people[reopened["by"]]
        steps.take(claim=claim, step="reopen", by=by, reason=row["text"], correction_type=row["type"])
        for cited in row["evidence"]:
            self.evidence[key].append(self._cite(claim, cited, self.people[cited["by"]]))
        self._review(key, row, self.people[row["evidence"][0]["by"]])
