"""Test objects that reach their state the way real ones do: through the actions."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from claims.actions import articles, claims, contacts, evidence, publications, signoffs, sources, steps, verdicts
from claims.choices import (
    ArticleState,
    Channel,
    ClaimState,
    Confidence,
    GuestMay,
    GuestRelation,
    Role,
    SourceKind,
    Stance,
    Tier,
)
from claims.importers.text import read
from claims.models import (
    Article,
    Claim,
    Contact,
    Evidence,
    GuestLink,
    Person,
    Publication,
    Rating,
    SignOff,
    Source,
    Verdict,
)
from claims.publishing.snapshot import build
from tests import sealed  # noqa: F401 - publishing seals

TEXT = """\
# The harbour was closed twice

By Ada Example

The Example Post, 3 May 2024

The harbour was closed on 3 May 2023. The mayor said the works would cost nine million. It was a shame.

The works took eleven months. Two of the three cranes were sold in June.
"""
CLAIMS = (
    "The harbour was closed on 3 May 2023.",
    "The mayor said the works would cost nine million.",
    "The works took eleven months.",
    "Two of the three cranes were sold in June.",
)
OPINION = "It was a shame."
_count = itertools.count(1)


def person(*roles: Role | str, username: str = "", superuser: bool = False) -> Person:
    """A person in these roles. Made straight away: people come before the workflow."""
    username = username or f"{'-'.join(roles) or 'nobody'}-{next(_count)}"
    made = Person.objects.create_user(username, password=None, is_staff=True, is_superuser=superuser)
    made.groups.add(*Group.objects.filter(name__in=roles))
    return made


def the(role: Role | str) -> Person:
    """The first person of this role, made when needed; `researcher` stays the same within a test."""
    found = Person.objects.filter(username=f"the-{role}").first()
    return found or person(role, username=f"the-{role}")


def article(text: str = TEXT, **given: Any) -> Article:
    raw = text.encode()
    return articles.receive(
        reading=read(raw, "text/markdown"), raw=raw, media_type="text/markdown", by=the(Role.EDITOR), **given
    )


def rating(code: str = "true", of: Article | None = None) -> Rating:
    return Rating.objects.get(scale__is_default=True, code=code)


def source(**given: Any) -> Source:
    fields: dict[str, Any] = {
        "title": f"Source {next(_count)}", "kind": SourceKind.DOCUMENT, "tier": Tier.PRIMARY,
        "accessed_at": datetime(2024, 5, 4, tzinfo=UTC),
    }  # fmt: skip
    return sources.enter(by=the(Role.RESEARCHER), **fields | given)


def cite(claim: Claim, stance: str = Stance.CORROBORATES, **given: Any) -> Evidence:
    by = given.pop("by", None) or the(Role.RESEARCHER)
    given.setdefault("excerpt", "As the document says.")
    return evidence.cite(claim=claim, source=given.pop("source", None) or source(), stance=stance, by=by, **given)


def identified(on: Article | None = None, quote: str = CLAIMS[0], **given: Any) -> Claim:
    on = on or article()
    fields = {"statement": quote, "kind": "event", "claimant": "The Example Post", "headline": quote[:75]} | given
    return claims.identify(article=on, anchor={"exact": quote}, by=the(Role.RESEARCHER), **fields)


def verdict(claim: Claim, code: str = "true", by: Person | None = None, **given: Any) -> Verdict:
    fields = {"rationale": "The document says so.", "confidence": Confidence.HIGH} | given
    return verdicts.file(claim=claim, rating=rating(code), by=by or person(Role.REVIEWER), **fields)


def contact(on: Article | None = None, **given: Any) -> Contact:
    """A question put to somebody outside, without an answer yet."""
    fields: dict[str, Any] = {
        "whom": "The Harbour Office", "channel": Channel.EMAIL, "question": "When was the harbour closed?",
        "asked_at": datetime(2024, 5, 4, 9, tzinfo=UTC), "by": the(Role.RESEARCHER),
    }  # fmt: skip
    return contacts.log(article=on or article(), **fields | given)


def guest_link(on: Article, may: str = GuestMay.COMMENT, **given: Any) -> GuestLink:
    """A guest's link as it is after it was given; made straight away, by an editor."""
    fields: dict[str, Any] = {
        "name": "Ada Example", "relation": GuestRelation.AUTHOR, "made_by": the(Role.EDITOR),
        "digest": f"{next(_count):064x}", "expires_at": timezone.now() + timedelta(days=7),
    }  # fmt: skip
    return GuestLink.objects.create(article=on, may=may, **fields | given)


def claim(state: ClaimState, on: Article | None = None, quote: str = CLAIMS[0], **given: Any) -> Claim:
    """A claim in this state, arrived at step by step."""
    made = identified(on, quote, **given)
    route = ROUTES[state]
    for step in route:
        step(made)
        made.refresh_from_db()
    return Claim.objects.get(pk=made.pk)


def _triage(made: Claim) -> None:
    steps.take(claim=made, step="triage", by=the(Role.RESEARCHER))


def _submit(made: Claim) -> None:
    cite(made)
    steps.take(
        claim=made, step="submit_for_review", by=the(Role.RESEARCHER), none_contradicting="Looked in two archives."
    )


def _agree(made: Claim) -> None:
    said = {"said_rating": "verbatim"} if made.kind == "quotation" else {}
    verdict(made, "true", **said)
    verdict(made, "true", **said)


def _differ(made: Claim) -> None:
    verdict(made, "true")
    verdict(made, "false")


def _set_aside(made: Claim) -> None:
    steps.take(claim=made, step="set_aside", by=the(Role.RESEARCHER), triage_reason="opinion", note="A feeling.")


def _duplicate(made: Claim) -> None:
    other = identified(made.article, CLAIMS[-1])
    steps.take(claim=made, step="mark_duplicate", by=the(Role.RESEARCHER), duplicate_of=other)


ROUTES = {
    ClaimState.IDENTIFIED: (),
    ClaimState.RESEARCHING: (_triage,),
    ClaimState.IN_REVIEW: (_triage, _submit),
    ClaimState.DISPUTED: (_triage, _submit, _differ),
    ClaimState.DECIDED: (_triage, _submit, _agree),
    ClaimState.NOT_CHECKABLE: (_set_aside,),
    ClaimState.DUPLICATE: (_duplicate,),
}


def settled() -> Article:
    """An article whose every sentence is settled, ready for its sign-off."""
    on = article()
    for quote in CLAIMS:
        claim(ClaimState.DECIDED, on, quote)
    start = on.current_revision.text.index(OPINION)
    articles.mark_non_factual(article=on, start=start, end=start + len(OPINION), by=the(Role.RESEARCHER))
    return Article.objects.get(pk=on.pk)


def signed_off(on: Article | None = None, by: Person | None = None) -> SignOff:
    return signoffs.sign_off(article=on or settled(), by=by or person(Role.EDITOR))


def published(on: Article | None = None) -> Publication:
    signed = signed_off(on)
    return publications.publish(article=signed.article, build=build, by=the(Role.PUBLISHER))


def in_article_state(state: ArticleState) -> Article:
    """An article in this state, arrived at step by step."""
    if state == ArticleState.RECEIVED:
        return article()
    if state == ArticleState.CHECKING:
        return identified().article
    if state == ArticleState.WITHDRAWN:
        return articles.withdraw(article=article(), reason="Not ours to check.", by=the(Role.EDITOR))
    if state == ArticleState.SIGNED_OFF:
        return Article.objects.get(pk=signed_off().article_id)
    publication = published()
    if state == ArticleState.UNDER_CORRECTION:
        made = publication.article.claims.first()
        steps.take(claim=made, step="reopen", by=the(Role.EDITOR), reason="A reader wrote.")
    return Article.objects.get(pk=publication.article_id)
