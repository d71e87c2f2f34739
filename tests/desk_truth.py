"""What must be true of a desk after every step, worked out anew from its rows (tests/desk_rows.py).

`broken` gives what is not. It asks no rule and no function of the desk: where the desk says something itself (which
verdicts count, what a person is shown, what a digest is), that is compared with what is found here.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps

from claims.models import AuditEvent, Contribution, Evidence, Person, Thread, Verdict
from claims.segmenting import BlockKind
from tests.desk_rows import Rows, by_then, in_full, read

SETTLED = ("exact", "moved")
OUTSIDE = (BlockKind.HEADING.value, BlockKind.BOILERPLATE.value)
# What makes its writer a researcher of the claim, when an event says that it changed.
WRITING = {"statement", "headline", "kind", "claimant", "attribution", "stated_on", "none_contradicting"}


def broken(rows: Rows | None = None) -> list[str]:
    """Everything that is not as it must be, as sentences."""
    rows = rows or Rows()
    return [
        *who_judged(rows), *rounds(rows), *decided(rows), *counters(rows), *signed(rows), *published(rows),
        *digests(rows), *shapes(rows),
    ]  # fmt: skip


def taken(before: Rows, now: Rows) -> Iterator[str]:
    """What is there now and could not be made of what was there before."""
    for verdict in now.verdicts[len(before.verdicts) :]:
        key, claim = (verdict.claim_id, verdict.reviewer_id), before.claims[verdict.claim_id]
        if key in before.contributions or key in before.recusals:
            yield f"Verdict {verdict.id} is by {verdict.reviewer_id}, who had researched or stepped back."
        if (claim.state, claim.round, claim.digest) != ("in_review", verdict.round, verdict.digest):
            yield f"Verdict {verdict.id} is of round {verdict.round}, and not of what was in review."
    held_up = {thread.article_id for thread in before.blocking}
    for what in ("sign_offs", "publications"):
        for row in now.found[what][len(before.found[what]) :]:
            if row.article_id in held_up:
                yield f"A conversation blocked article {row.article_id}, and {what} has {row.id}."


def who_judged(rows: Rows) -> Iterator[str]:
    """Nobody judged what they had researched by then, or stepped back from."""
    judged = [(v.claim_id, v.reviewer_id, v.submitted_at, f"verdict {v.id}") for v in rows.verdicts]
    judged += [(d.claim_id, d.decided_by_id, d.decided_at, f"decision {d.id}") for d in rows.decisions.values()]
    for claim, person, at, what in judged:
        since = rows.contributions.get((claim, person))
        if since is not None and since < at:
            yield f"{what} is by {person}, who had researched claim {claim}."
        if by_then(rows.recusals, claim, person, at):
            yield f"{what} is by {person}, who had stepped back from claim {claim}."
    wrote = {(claim.id, claim.created_by_id) for claim in rows.claims.values()}
    wrote |= {(e.claim_id, person) for e in rows.evidence for person in (e.created_by_id, e.withdrawn_by_id) if person}
    yield from (
        f"Claim {claim} has forgotten that {person} wrote it." for claim, person in wrote - set(rows.contributions)
    )


def rounds(rows: Rows) -> Iterator[str]:
    """A round is open as long as its quorum is not in; which verdicts count is what the desk says counts."""
    said = defaultdict(set)
    for verdict, claim in rows.found["counting"]:
        said[claim].add(verdict)
    for claim in rows.claims.values():
        counted = rows.counted(claim, claim.round, claim.digest)
        if {v.id for v in counted} != said[claim.id]:
            yield f"Claim {claim.id}: counting() gives {said[claim.id]}, and {[v.id for v in counted]} count."
        if claim.state == "in_review" and len(counted) >= rows.articles[claim.article_id].quorum:
            yield f"Claim {claim.id} is in review with {len(counted)} verdicts that count."
        if len({v.reviewer_id for v in counted}) != len(counted):
            yield f"Claim {claim.id} counts somebody twice."


def decided(rows: Rows) -> Iterator[str]:
    """No decision without its quorum; none is shown that is not of the claim's round."""
    for decision in rows.decisions.values():
        yield from (agreed if decision.method == "agreement" else adjudicated)(rows, decision)
    for claim in rows.claims.values():
        shown = rows.decisions.get(claim.decision_id)
        if (claim.state == "decided") != (shown is not None):
            yield f"Claim {claim.id} is {claim.state} with decision {claim.decision_id}."
        if shown is not None and (shown.claim_id, shown.round) != (claim.id, claim.round):
            yield f"Claim {claim.id} shows the decision of round {shown.round} in round {claim.round}."


def agreed(rows: Rows, decision: Any) -> Iterator[str]:
    """The verdicts that counted then carry it, each question counted by itself."""
    claim = rows.claims[decision.claim_id]
    counted = rows.counted(claim, decision.round, decision.digest, at=decision.decided_at)
    ratings, said = Counter(v.rating_id for v in counted), Counter(v.said_rating for v in counted)
    if len(counted) < decision.quorum:
        yield f"Decision {decision.id} was taken with {len(counted)} of {decision.quorum} verdicts."
    if min(ratings[decision.rating_id], said[decision.said_rating]) < decision.votes_to_carry:
        yield f"Decision {decision.id}: {ratings} and {said} do not carry it."
    if 2 * decision.votes_to_carry <= decision.quorum or max(ratings.values(), default=0) > ratings[decision.rating_id]:
        yield f"Decision {decision.id} is not the majority's."


def adjudicated(rows: Rows, decision: Any) -> Iterator[str]:
    """It is about what the reviewers differed on, and whoever decided is none of the claim's reviewers."""
    filed = [v for v in rows.verdicts if v.claim_id == decision.claim_id and v.submitted_at < decision.decided_at]
    of_the_round = [v for v in filed if v.round == decision.round]
    if not of_the_round or of_the_round[-1].digest != decision.digest:  # the last one closed the round
        yield f"Decision {decision.id} adjudicates what nobody differed on."
    if decision.decided_by_id in {v.reviewer_id for v in filed}:
        yield f"Decision {decision.id} is by a reviewer of claim {decision.claim_id}."


def counters(rows: Rows) -> Iterator[str]:
    """What is counted once and kept is what one counts now."""
    for claim in rows.claims.values():
        stances = Counter(e.stance for e in rows.standing(claim.id))
        kept = {stance: getattr(claim, f"{stance}_count") for stance in ("corroborates", "contradicts", "context")}
        if {stance: stances[stance] for stance in kept} != kept:
            yield f"Claim {claim.id} says that it has {kept}, and has {dict(stances)}."
    for article in rows.articles.values():
        numbers = [c.number for c in rows.claims.values() if c.article_id == article.id]
        if sorted(numbers) != list(range(1, article.claim_count + 1)):
            yield f"Article {article.id} counts {article.claim_count} claims, and has {sorted(numbers)}."
        sentences = [settles for _, settles in sentences_of(rows, article)]
        if (article.sentence_count, article.settled_count) != (len(sentences), sum(sentences)):
            kept = f"{article.settled_count} of {article.sentence_count}"
            yield f"Article {article.id} says {kept} settled, and it is {sum(sentences)} of {len(sentences)}."


def sentences_of(rows: Rows, article: Any) -> list[tuple[tuple[int, int], bool]]:
    """Each sentence of the body, and whether it is settled, place by place."""
    revision = article.current_revision_id
    found = []
    for start, end, kind in json.loads(article.sentences or "[]"):
        if kind in OUTSIDE:
            continue
        touching = [
            c for c in rows.claims.values()
            if c.article_id == article.id and c.withdrawn_at is None and (a := rows.anchors.get(c.id))
            and a.revision_id == revision and a.status in SETTLED
            and set(range(a.start, a.end)) & set(range(start, end))
        ]  # fmt: skip
        marked = any(m.revision_id == revision and m.start == start for m in rows.marks)
        found.append(((start, end), all(is_done(rows, c) for c in touching) if touching else marked))
    return found


def is_done(rows: Rows, claim: Any) -> bool:
    claim = rows.claims[claim.duplicate_of_id or claim.id]
    if claim.state == "decided":
        return bool(rows.decisions[claim.decision_id].digest == claim.digest)
    return claim.state == "not_checkable" and claim.confirmed_by_id is not None


def signed(rows: Rows) -> Iterator[str]:
    """No sign-off stands with anything open, nor by somebody who wrote what it covers."""
    for sign_off in rows.sign_offs:
        article, what = rows.articles[sign_off.article_id], f"Sign-off {sign_off.id} stands, and"
        yield from (f"{what} the sentence at {at} is open." for at, done in sentences_of(rows, article) if not done)
        for claim in rows.claims.values():
            if claim.article_id == article.id:
                yield from (f"{what} claim {claim.id} {why}." for why in open_in(rows, claim))
                since = rows.contributions.get((claim.id, sign_off.signed_by_id))
                if since is not None and since < sign_off.signed_at:
                    yield f"{what} is by somebody who had written claim {claim.id}."
                if not article.signer_may_have_judged and sign_off.signed_by_id in judges_of(rows, claim):
                    yield f"{what} is by somebody who judged claim {claim.id}."
        if sign_off.revision_id != article.current_revision_id:
            yield f"{what} is of an earlier text."


def judges_of(rows: Rows, claim: Any) -> set[int | None]:
    """Who filed a verdict on it, or adjudicated it, in any round."""
    reviewers = {v.reviewer_id for v in rows.verdicts if v.claim_id == claim.id}
    return reviewers | {d.decided_by_id for d in rows.decisions.values() if d.claim_id == claim.id}


def open_in(rows: Rows, claim: Any) -> Iterator[str]:
    """What of a claim that has not been withdrawn keeps it from being done."""
    if claim.withdrawn_at is not None:
        return
    anchor = rows.anchors.get(claim.id)
    if anchor is None or anchor.status not in SETTLED:
        yield "has no sure place"
    if claim.state != "duplicate" and not is_done(rows, claim):
        yield f"is {claim.state} and not done"
    if claim.state == "decided" and has_lost_votes(rows, claim):
        yield "was decided with the verdict of somebody who has stepped back"


def has_lost_votes(rows: Rows, claim: Any) -> bool:
    """Whether somebody whose verdict counted towards the agreement has stepped back since."""
    decision = rows.decisions[claim.decision_id]
    counted = rows.counted(claim, decision.round, decision.digest, at=decision.decided_at)
    return decision.method == "agreement" and any((claim.id, v.reviewer_id) in rows.recusals for v in counted)


def published(rows: Rows) -> Iterator[str]:
    """Every version was signed off by another; readers see one, and of an article that is not withdrawn."""
    signed_off = {s.id: s for s in rows.found["sign_offs"]}
    live = Counter(p.article_id for p in rows.found["publications"] if p.state == "live")
    for version in rows.found["publications"]:
        by = signed_off[version.sign_off_id]
        if by.article_id != version.article_id or by.signed_by_id == version.published_by_id:
            yield f"Publication {version.id} was not signed off by another."
        if not by.signed_at <= version.published_at or (by.voided_at and by.voided_at <= version.published_at):
            yield f"Publication {version.id} was made when its sign-off did not stand."
    corrected = {p.id: p.article_id for p in rows.found["publications"]}
    open_ = {corrected[c.publication_id] for c in rows.found["corrections"] if c.published_in_id is None}
    for article in rows.articles.values():
        shown = article.state in ("published", "under_correction")
        if live[article.id] != shown:
            yield f"Article {article.id} is {article.state}, and readers see {live[article.id]} versions."
        if shown and (article.state == "under_correction") != (article.id in open_):
            yield f"Article {article.id} is {article.state}, and open corrections are there: {article.id in open_}."


def digests(rows: Rows) -> Iterator[str]:
    """Each claim carries the digest of what stands, and each sign-off that stands is of it."""
    for claim in rows.claims.values():
        if claim.digest != claim.now:
            yield f"The digest of claim {claim.id} is not that of what stands."
    for sign_off in rows.sign_offs:
        if sign_off.digest != rows.articles[sign_off.article_id].now:
            yield f"Sign-off {sign_off.id} stands on what has changed."


def shapes(rows: Rows) -> Iterator[str]:
    """Duplicates have one original, which stands; articles are where their papers say they are."""
    for claim in rows.claims.values():
        original = rows.claims.get(claim.duplicate_of_id)
        if original is not None and original.duplicate_of_id is not None:
            yield f"Claim {claim.id} is a duplicate of claim {original.id}, which is one itself."
        if original is not None and original.withdrawn_at is not None:
            yield f"Claim {claim.id} is a duplicate of {original.id}, which is withdrawn."
    standing = Counter(s.article_id for s in rows.sign_offs)
    for article in rows.articles.values():
        if article.state == "signed_off" and standing[article.id] != 1:
            yield f"Article {article.id} is signed off without a sign-off."


# ---------------------------------------------------------------- blind review, and the trail


class Onlooker:
    """A person, and what the desk shows them: in its lists, in the trail, and of conversations."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.roles = set(person.groups.values_list("name", flat=True))
        self.watches = "auditor" in self.roles and "reviewer" not in self.roles and not person.is_superuser
        verdicts, events = Verdict.objects.visible_to(person), AuditEvent.objects.visible_to(person)
        threads = Thread.objects.visible_to(person).filter(verdict__isnull=False)
        about = {"verdict": "object_id", "verdict_relied_on": "parent_id"}
        self.asked = [
            in_full(rows.order_by().values_list(column).distinct())
            for rows, column in (
                (verdicts, "pk"), (threads, "verdict"),
                *((events.filter(object_type=kind), column) for kind, column in about.items()),
            )
        ]  # fmt: skip

    def seen_too_early(self, rows: Rows) -> Iterator[str]:
        """A verdict of an open blind round that this person sees, and that does not concern them."""
        if not (blind := rows.blind()):
            return
        may = {pk for pk, v in blind.items() if v.reviewer_id == self.person.pk or self.watches}
        shown, *told = ({pk for (pk,) in found} & set(blind) for found in read(self.asked))
        if shown != may:
            yield f"{self.person} ({self.roles}) sees the blind verdicts {shown}, and may see {may}."
        if set().union(*told) - may:
            yield f"{self.person} ({self.roles}) reads of the blind verdicts {set().union(*told) - may}."


def seen_too_early(people: Iterable[Person]) -> Iterator[str]:
    """What any of these people sees too early."""
    rows = Rows()
    for person in people:
        yield from Onlooker(person).seen_too_early(rows)


def unexplained(since: int = 0) -> Iterator[str]:
    """Rows of which the trail tells otherwise: each is put together from its events, in order, and compared.

    Events after `since` were all made by actions.
    """
    told: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    wrote: set[tuple[int, int]] = set()
    of = dict(Evidence.objects.values_list("pk", "claim"))
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
    kept_in = {
        model._meta.db_table: model._meta.model_name for model in apps.get_app_config("claims").get_models()
        if getattr(model, "ON_RECORD", True) and model._meta.pk.name == "id" and model._meta.model_name not in STANDING
    }  # fmt: skip
    tables = read(f"SELECT id, to_jsonb(t) FROM {table} t" for table in kept_in)
    for (table, name), found in zip(kept_in.items(), tables, strict=True):
        live = {pk: row if isinstance(row, dict) else json.loads(row) for pk, row in found}
        yield from _different(name, live, told[table.removeprefix("claims_")])


STANDING = ("rating", "ratingscale")  # made by a migration, and never emptied between tests
UNTOLD = {"updated_at", "last_login", "last_used_at"}
EMPTY = ("", 0, False, None, [], {})


def _different(name: str, live: dict[int, dict[str, Any]], told: dict[int, dict[str, Any]]) -> Iterator[str]:
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
