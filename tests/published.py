"""For the tests of the public pages: published articles, made through the actions, and a strict reader of HTML."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import Any

from claims.actions import articles, corrections, evidence, publications, signoffs, steps, verdicts
from claims.choices import ClaimState, Role, Stance
from claims.models import Article, Claim, Person, Publication
from claims.publishing.snapshot import build as snapshot
from tests import build

VOID = {"meta", "link", "br", "img", "hr", "input"}
CANARY = "canary"
TEXT = """\
# Bridges & budgets

By Ada Example

The Example Post, 3 May 2024

The bridge was closed in May. The vote was </script><b>14 to 3</b> & final. The tunnel is long.

It was closed in May, they say. It will ruin us.
"""


def canary(name: str) -> str:
    """A word that must appear in nothing public."""
    return f"{CANARY}-{name}"


def everything() -> Publication:
    """An article with a claim of each kind readers can meet, and a canary in every field they must not."""
    on = build.article(TEXT, url="https://post.example/a?b=1&c=2", language="en")
    articles.edit(article=on, publish_dissent=True, by=build.the(Role.EDITOR))
    researched(on, "The bridge was closed in May.", "true")
    disputed(on)
    quotation(on)
    copy = build.identified(on, "It was closed in May, they say.")
    original = on.claims.get(code="C1")
    steps.take(claim=copy, step="mark_duplicate", by=build.the(Role.RESEARCHER), duplicate_of=original)
    aside = build.identified(on, "It will ruin us.", kind="prediction")
    steps.take(
        claim=aside, step="set_aside", by=build.the(Role.RESEARCHER), triage_reason="prediction", note=canary("triage")
    )
    aside.refresh_from_db()
    steps.take(claim=aside, step="confirm_set_aside", by=build.the(Role.EDITOR))
    return publish(on)


def publish(on: Article) -> Publication:
    on = Article.objects.get(pk=on.pk)
    signer = named(Role.EDITOR)
    signed = signoffs.sign_off(article=on, by=signer, note=canary("sign-off"))
    return publications.publish(article=signed.article, build=snapshot, by=named(Role.PUBLISHER))


def named(role: Role) -> Person:
    person = build.person(role, username=canary(f"{role}-{Person.objects.count()}"))
    person.first_name, person.email = canary("first-name"), f"{CANARY}@desk.example"
    person.save()
    return person


def researched(on: Article, quote: str, *codes: str, said: str = "", **given: Any) -> Claim:
    """A claim with public and hidden evidence, judged with these ratings (one code: by both reviewers)."""
    claim = build.identified(on, quote, **given)
    steps.take(claim=claim, step="triage", by=build.the(Role.RESEARCHER), assignee=named(Role.RESEARCHER))
    open_source = build.source(title="Minutes & more", url="https://city.example/m?a=1&b=2", publisher="The city")
    build.cite(claim, source=open_source, excerpt="The <motion> was carried.", locator="p. 12", note="See also p. 13.")
    build.cite(claim, Stance.CONTRADICTS, source=build.source(tier="secondary"), excerpt="It was not.")
    build.cite(claim, Stance.CONTEXT, excerpt=canary("internal"), note=canary("internal"), visibility="internal")
    secret = build.source(title=canary("source"), url=f"https://{CANARY}.example/", confidential=True)
    build.cite(claim, source=secret, excerpt=canary("confidential"))
    wrong = build.cite(claim, excerpt=canary("withdrawn"))
    evidence.withdraw(evidence=wrong, reason=canary("why-withdrawn"), by=build.the(Role.RESEARCHER))
    claim.refresh_from_db()
    steps.take(
        claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER), none_contradicting=canary("looked")
    )
    judged(claim, *codes, said=said)
    return Claim.objects.get(pk=claim.pk)


def judged(claim: Claim, *codes: str, said: str = "") -> None:
    both = codes if len(codes) > 1 else (codes[0], codes[0])
    hasty = named(Role.REVIEWER)
    claim.refresh_from_db()
    verdicts.file(
        claim=claim, rating=build.rating("unproven"), rationale=canary("superseded"), confidence="low", by=hasty,
        said_rating=said,
    )  # fmt: skip
    for by, code in zip((hasty, named(Role.REVIEWER)), both, strict=True):
        build.verdict(claim, code, by=by, rationale=f"Read as {code} in the minutes.", said_rating=said)


def disputed(on: Article) -> Claim:
    quote = "The vote was </script><b>14 to 3</b> & final."
    claim = researched(on, quote, "false", "half_true", statement=quote, headline="</script><b>Votes</b> & final")
    steps.take(
        claim=claim, step="adjudicate", by=named(Role.ADJUDICATOR), rating=build.rating("false"),
        reason="The <minutes> & the budget agree.",
    )  # fmt: skip
    return claim


def quotation(on: Article) -> Claim:
    return researched(
        on, "The tunnel is long.", "misleading", said="out_of_context", kind="quotation", claimant="Councillor Berg",
        attribution=["Evening Herald", "The Example Post"],
    )  # fmt: skip


def corrected(first: Publication, code: str = "C1", to: str = "mostly_true") -> Publication:
    """The next version, in which this claim's verdict has been changed with a correction."""
    claim = Claim.objects.get(article=first.article, code=code)
    steps.take(
        claim=claim, step="reopen", by=build.the(Role.EDITOR), reason="We had misread the <log>.",
        correction_type="verdict_change",
    )  # fmt: skip
    claim.refresh_from_db()
    steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER))
    judged(claim, to)
    return publish(first.article)


def without(first: Publication, code: str = "C1") -> Publication:
    """The next version, in which this claim has no verdict any longer."""
    claim = Claim.objects.get(article=first.article, code=code)
    steps.take(claim=claim, step="reopen", by=build.the(Role.EDITOR), reason="It is no statement of fact.")
    claim.refresh_from_db()
    by = build.the(Role.RESEARCHER)
    steps.take(claim=claim, step="set_aside", by=by, triage_reason="too_vague", note=canary("triage"))
    claim.refresh_from_db()
    steps.take(claim=claim, step="confirm_set_aside", by=build.the(Role.EDITOR))
    return publish(first.article)


def retracted(publication: Publication) -> Publication:
    corrections.correct(
        publication=publication, type="retraction", text="The article was a <forgery>.", by=named(Role.PUBLISHER)
    )
    return Publication.objects.get(pk=publication.pk)


def many(count: int) -> list[Publication]:
    """This many published articles of one claim each."""
    made = []
    for number in range(count):
        on = build.article(f"# Article {number}\n\nThe harbour was closed in {number + 1900}.\n")
        build.claim(ClaimState.DECIDED, on, f"The harbour was closed in {number + 1900}.")
        made.append(build.published(Article.objects.get(pk=on.pk)))
    return made


class Reading(HTMLParser):
    """A page as a strict parser sees it: elements that do not close, ids given twice, headings, links, text."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: dict[str, str] = {}
        self.text = ""
        self.feed(body)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]
        self.faults += [f"id {name} is given twice" for name, count in self.ids.items() if count > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        if name := dict(attrs).get("id"):
            self.ids[name] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            self.scripts.append(data)
            return
        for tag in ("title", "h1"):
            if tag in self.open:
                self.words[tag] = self.words.get(tag, "") + data
        self.text += data

    def named(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.attributes if t == tag and all(a.get(k) == v for k, v in wanted.items())]
