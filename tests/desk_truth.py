"""What must be true of a desk after every step, worked out anew from its rows and from nothing that the desk computes.

`broken` gives what is not. It asks no QuerySet method, no rule and no function of the desk: what they say is compared
with what is found here.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

from claims.models import (
    Anchor,
    Article,
    AuditEvent,
    Claim,
    Contribution,
    Decision,
    Evidence,
    NonFactualMark,
    Person,
    Recusal,
    SignOff,
    Source,
    Verdict,
)
from claims.segmenting import BlockKind

SETTLED = ("exact", "moved")
OUTSIDE = (BlockKind.HEADING.value, BlockKind.BOILERPLATE.value)
# What makes its writer a researcher of the claim, when an event says that it changed.
WRITING = {"statement", "headline", "kind", "claimant", "attribution", "stated_on", "none_contradicting"}


class Rows:
    """The desk's rows, read once."""

    def __init__(self) -> None:
        self.articles = {a.pk: a for a in Article.objects.select_related("current_revision")}
        self.claims = {c.pk: c for c in Claim.objects.all()}
        self.sources = {s.pk: s for s in Source.objects.all()}
        self.evidence = list(Evidence.objects.all())
        self.verdicts = list(Verdict.objects.order_by("pk"))
        self.decisions = {d.pk: d for d in Decision.objects.all()}
        self.recusals = {(r.claim_id, r.person_id): r.recused_at for r in Recusal.objects.all()}
        self.contributions = {(c.claim_id, c.person_id): c.since for c in Contribution.objects.all()}
        self.superseded = {v.supersedes_id: v for v in self.verdicts if v.supersedes_id}
        self.anchors = {a.claim_id: a for a in Anchor.objects.filter(current=True)}
        self.marks = list(NonFactualMark.objects.filter(taken_back_at__isnull=True))
        self.sign_offs = list(SignOff.objects.filter(voided_at__isnull=True))

    def counted(self, claim: Any, round_: int, digest: str, at: Any = None) -> list[Any]:
        """The verdicts of a round that count towards a digest: as they stand, or stood at a time."""
        return [
            v for v in self.verdicts
            if (v.claim_id, v.round, v.digest) == (claim.pk, round_, digest)
            and (at is None or v.submitted_at <= at)
            and not (v.pk in self.superseded and (at is None or self.superseded[v.pk].submitted_at <= at))
            and not self.stepped_back(claim.pk, v.reviewer_id, at)
        ]  # fmt: skip

    def is_superseded(self, verdict: Any) -> bool:
        return verdict.pk in self.superseded

    def stepped_back(self, claim: int, person: int | None, at: Any = None) -> bool:
        since = self.recusals.get((claim, person or 0))
        return since is not None and (at is None or since <= at)

    def standing(self, claim: int) -> list[Any]:
        return [
            e for e in self.evidence
            if e.claim_id == claim and e.withdrawn_at is None and self.sources[e.source_id].withdrawn_at is None
        ]  # fmt: skip


def broken() -> list[str]:
    """Everything that is not as it must be, as sentences."""
    rows = Rows()
    return [
        *who_judged(rows), *rounds(rows), *decided(rows), *counters(rows), *signed(rows), *digests(rows), *shapes(rows)
    ]  # fmt: skip


def who_judged(rows: Rows) -> Iterator[str]:
    """Nobody judged what they had researched by then, or stepped back from."""
    judged = [(v.claim_id, v.reviewer_id, v.submitted_at, f"verdict {v.pk}") for v in rows.verdicts]
    judged += [(d.claim_id, d.decided_by_id, d.decided_at, f"decision {d.pk}") for d in rows.decisions.values()]
    for claim, person, at, what in judged:
        since = rows.contributions.get((claim, person))
        if since is not None and since < at:
            yield f"{what} is by {person}, who had researched claim {claim}."
        if rows.stepped_back(claim, person, at):
            yield f"{what} is by {person}, who had stepped back from claim {claim}."
    wrote = {(claim.pk, claim.created_by_id) for claim in rows.claims.values()}
    wrote |= {(e.claim_id, person) for e in rows.evidence for person in (e.created_by_id, e.withdrawn_by_id) if person}
    yield from (
        f"Claim {claim} has forgotten that {person} wrote it." for claim, person in wrote - set(rows.contributions)
    )


def rounds(rows: Rows) -> Iterator[str]:
    """A round is open as long as its quorum is not in; which verdicts count is what the desk says counts."""
    said = defaultdict(set)
    for pk, claim in Verdict.objects.counting().values_list("pk", "claim"):
        said[claim].add(pk)
    for claim in rows.claims.values():
        counted = rows.counted(claim, claim.round, claim.digest)
        if {v.pk for v in counted} != said[claim.pk]:
            yield f"Claim {claim.pk}: counting() gives {said[claim.pk]}, and {[v.pk for v in counted]} count."
        if claim.state == "in_review" and len(counted) >= rows.articles[claim.article_id].quorum:
            yield f"Claim {claim.pk} is in review with {len(counted)} verdicts that count."
        if len({v.reviewer_id for v in counted}) != len(counted):
            yield f"Claim {claim.pk} counts somebody twice."


def decided(rows: Rows) -> Iterator[str]:
    """No decision without its quorum; none is shown that is not of the claim's round."""
    for decision in rows.decisions.values():
        yield from (agreed if decision.method == "agreement" else adjudicated)(rows, decision)
    for claim in rows.claims.values():
        shown = rows.decisions.get(claim.decision_id)
        if (claim.state == "decided") != (shown is not None):
            yield f"Claim {claim.pk} is {claim.state} with decision {claim.decision_id}."
        if shown is not None and (shown.claim_id, shown.round) != (claim.pk, claim.round):
            yield f"Claim {claim.pk} shows the decision of round {shown.round} in round {claim.round}."


def agreed(rows: Rows, decision: Any) -> Iterator[str]:
    """The verdicts that counted then carry it, each question counted by itself."""
    claim = rows.claims[decision.claim_id]
    counted = rows.counted(claim, decision.round, decision.digest, at=decision.decided_at)
    ratings, said = Counter(v.rating_id for v in counted), Counter(v.said_rating for v in counted)
    if len(counted) < decision.quorum:
        yield f"Decision {decision.pk} was taken with {len(counted)} of {decision.quorum} verdicts."
    if min(ratings[decision.rating_id], said[decision.said_rating]) < decision.votes_to_carry:
        yield f"Decision {decision.pk}: {ratings} and {said} do not carry it."
    if 2 * decision.votes_to_carry <= decision.quorum or max(ratings.values(), default=0) > ratings[decision.rating_id]:
        yield f"Decision {decision.pk} is not the majority's."


def adjudicated(rows: Rows, decision: Any) -> Iterator[str]:
    """A quorum had differed in that round, and whoever decided is none of the claim's reviewers."""
    filed = [v for v in rows.verdicts if v.claim_id == decision.claim_id and v.submitted_at < decision.decided_at]
    reviewers = Counter(v.digest for v in filed if v.round == decision.round and not rows.is_superseded(v))
    if max(reviewers.values(), default=0) < decision.quorum:
        yield f"Decision {decision.pk} adjudicates a round of {reviewers} of {decision.quorum} verdicts."
    if decision.decided_by_id in {v.reviewer_id for v in filed}:
        yield f"Decision {decision.pk} is by a reviewer of claim {decision.claim_id}."


def counters(rows: Rows) -> Iterator[str]:
    """What is counted once and kept is what one counts now."""
    for claim in rows.claims.values():
        stances = Counter(e.stance for e in rows.standing(claim.pk))
        kept = {stance: getattr(claim, f"{stance}_count") for stance in ("corroborates", "contradicts", "context")}
        if {stance: stances[stance] for stance in kept} != kept:
            yield f"Claim {claim.pk} says that it has {kept}, and has {dict(stances)}."
    for article in rows.articles.values():
        numbers = [c.number for c in rows.claims.values() if c.article_id == article.pk]
        if sorted(numbers) != list(range(1, article.claim_count + 1)):
            yield f"Article {article.pk} counts {article.claim_count} claims, and has {sorted(numbers)}."
        sentences = [settles for _, settles in sentences_of(rows, article)]
        if (article.sentence_count, article.settled_count) != (len(sentences), sum(sentences)):
            kept = f"{article.settled_count} of {article.sentence_count}"
            yield f"Article {article.pk} says {kept} settled, and it is {sum(sentences)} of {len(sentences)}."


def sentences_of(rows: Rows, article: Any) -> list[tuple[tuple[int, int], bool]]:
    """Each sentence of the body, and whether it is settled, place by place."""
    revision = article.current_revision
    if revision is None:
        return []
    found = []
    for start, end, kind in revision.sentences:
        if kind in OUTSIDE:
            continue
        touching = [
            c for c in rows.claims.values()
            if c.article_id == article.pk and c.withdrawn_at is None and (a := rows.anchors.get(c.pk))
            and a.revision_id == revision.pk and a.status in SETTLED
            and set(range(a.start, a.end)) & set(range(start, end))
        ]  # fmt: skip
        marked = any(m.revision_id == revision.pk and m.start == start for m in rows.marks)
        found.append(((start, end), all(is_done(rows, c) for c in touching) if touching else marked))
    return found


def is_done(rows: Rows, claim: Any) -> bool:
    claim = rows.claims[claim.duplicate_of_id or claim.pk]
    if claim.state == "decided":
        return bool(rows.decisions[claim.decision_id].digest == claim.digest)
    return claim.state == "not_checkable" and claim.confirmed_by_id is not None


def signed(rows: Rows) -> Iterator[str]:
    """No sign-off stands with anything open, nor by somebody who wrote what it covers."""
    for sign_off in rows.sign_offs:
        article, what = rows.articles[sign_off.article_id], f"Sign-off {sign_off.pk} stands, and"
        yield from (f"{what} the sentence at {at} is open." for at, done in sentences_of(rows, article) if not done)
        for claim in rows.claims.values():
            if claim.article_id == article.pk:
                yield from (f"{what} claim {claim.pk} {why}." for why in open_in(rows, claim))
                since = rows.contributions.get((claim.pk, sign_off.signed_by_id))
                if since is not None and since < sign_off.signed_at:
                    yield f"{what} is by somebody who had written claim {claim.pk}."
        if sign_off.revision_id != article.current_revision_id:
            yield f"{what} is of an earlier text."


def open_in(rows: Rows, claim: Any) -> Iterator[str]:
    """What of a claim that has not been withdrawn keeps it from being done."""
    if claim.withdrawn_at is not None:
        return
    anchor = rows.anchors.get(claim.pk)
    if anchor is None or anchor.status not in SETTLED:
        yield "has no sure place"
    if claim.state != "duplicate" and not is_done(rows, claim):
        yield f"is {claim.state} and not done"


def digests(rows: Rows) -> Iterator[str]:
    """Each claim carries the digest of what stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM claims_claim c WHERE digest <> claims_digest_of(c)")
        yield from (f"The digest of claim {pk} is not that of what stands." for (pk,) in cursor.fetchall())
        cursor.execute(
            "SELECT id FROM claims_signoff WHERE voided_at IS NULL AND digest <> claims_article_digest(article_id)"
        )
        yield from (f"Sign-off {pk} stands on what has changed." for (pk,) in cursor.fetchall())


def shapes(rows: Rows) -> Iterator[str]:
    """Duplicates have one original, which stands; articles are where their papers say they are."""
    for claim in rows.claims.values():
        original = rows.claims.get(claim.duplicate_of_id)
        if original is not None and original.duplicate_of_id is not None:
            yield f"Claim {claim.pk} is a duplicate of claim {original.pk}, which is one itself."
        if original is not None and original.withdrawn_at is not None:
            yield f"Claim {claim.pk} is a duplicate of {original.pk}, which is withdrawn."
    standing = Counter(s.article_id for s in rows.sign_offs)
    for article in rows.articles.values():
        if article.state == "signed_off" and standing[article.pk] != 1:
            yield f"Article {article.pk} is signed off without a sign-off."


# ---------------------------------------------------------------- blind review, and the trail


def seen_too_early(people: Iterable[Person]) -> Iterator[str]:
    """A verdict of an open blind round that somebody sees whom it does not concern, in the lists or in the trail."""
    open_ = list(Verdict.objects.select_related("claim__article"))
    blind = {
        v.pk: v for v in open_ if v.claim.article.blind and v.claim.state == "in_review" and v.round == v.claim.round
    }
    if not blind:
        return
    for person in people:
        roles = set(person.groups.values_list("name", flat=True))
        watches = "auditor" in roles and "reviewer" not in roles and not person.is_superuser
        may = {pk for pk, v in blind.items() if v.reviewer_id == person.pk or watches}
        seen = set(Verdict.objects.visible_to(person).filter(pk__in=blind).values_list("pk", flat=True))
        if seen != may:
            yield f"{person} ({roles}) sees the blind verdicts {seen}, and may see {may}."
        events = AuditEvent.objects.visible_to(person)
        told = set(events.filter(object_type="verdict", object_id__in=blind).values_list("object_id", flat=True))
        told |= set(
            events.filter(object_type="verdict_relied_on", parent_id__in=blind).values_list("parent_id", flat=True)
        )
        if told - may:
            yield f"{person} ({roles}) reads in the trail of the blind verdicts {told - may}."


def unexplained(since: int = 0) -> Iterator[str]:
    """Rows of which the trail tells otherwise: each is put together from its events, in order, and compared.

    Events after `since` were all made by actions.
    """
    told: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    wrote: set[tuple[int, int]] = set()
    of = {e.pk: e.claim_id for e in Evidence.objects.all()}
    for event in AuditEvent.objects.opened().order_by("seq"):
        kind = told[event.object_type]
        if event.after is None:
            kind.pop(event.object_id, None)
            continue
        kind[event.object_id] = kind.get(event.object_id, {}) | event.after
        if event.object_type == "evidence" and event.actor_id:
            wrote.add((of[event.object_id], event.actor_id))
        if event.object_type == "claim" and event.actor_id and WRITING & set(event.after):
            wrote.add((event.object_id, event.actor_id))
        if event.outside and event.seq > since:
            yield f"Event {event.seq} ({event.action} of {event.object_type}) was made around the actions."
    kept = set(Contribution.objects.values_list("claim_id", "person_id"))
    yield from (f"Claim {claim} has forgotten that {person} wrote it." for claim, person in wrote - kept)
    for model in apps.get_app_config("claims").get_models():
        if getattr(model, "ON_RECORD", True) and model._meta.pk.name == "id" and model._meta.model_name not in STANDING:
            yield from _different(model, told[model._meta.db_table.removeprefix("claims_")])


STANDING = ("rating", "ratingscale")  # made by a migration, and never emptied between tests
UNTOLD = {"updated_at", "last_login", "last_used_at"}
EMPTY = ("", 0, False, None, [], {})


def _different(model: type[Model], told: dict[int, dict[str, Any]]) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, to_jsonb(t) FROM {model._meta.db_table} t")
        live = {pk: row if isinstance(row, dict) else json.loads(row) for pk, row in cursor.fetchall()}
    name = model._meta.model_name
    yield from (f"{name} {pk} is on record and not there, or the other way round." for pk in set(live) ^ set(told))
    for pk in set(live) & set(told):
        for column, value in live[pk].items():
            said = told[pk].get(column)
            if column in UNTOLD or said == "[not kept]" or (said in EMPTY and value in EMPTY):
                continue
            if _plain(said) != _plain(value):
                yield f"{name} {pk}: {column} is {value!r}, and the trail says {said!r}."


def _plain(value: Any) -> str:
    """A value as the trail may write it: what is committed is text, whatever it was."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
