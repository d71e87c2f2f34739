"""The rows of a desk as they are in the database, all read in one go: cheap enough to be asked for after every step."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from claims.models import Verdict

READ = {
    "articles": "SELECT a.*, r.sentences, r.text, claims_article_digest(a.id) AS now FROM claims_article a"
    " LEFT JOIN claims_articlerevision r ON r.id = a.current_revision_id",
    "claims": "SELECT c.*, claims_digest_of(c) AS now FROM claims_claim c",
    "sources": "SELECT * FROM claims_source",
    "evidence": "SELECT * FROM claims_evidence",
    "verdicts": "SELECT * FROM claims_verdict",
    "decisions": "SELECT * FROM claims_decision",
    "recusals": "SELECT * FROM claims_recusal",
    "contributions": "SELECT * FROM claims_contribution",
    "anchors": "SELECT * FROM claims_anchor WHERE current",
    "marks": "SELECT * FROM claims_nonfactualmark WHERE taken_back_at IS NULL",
    "sign_offs": "SELECT * FROM claims_signoff",
    "publications": "SELECT id, article_id, version, state, sign_off_id, published_by_id, published_at"
    " FROM claims_publication",
    "corrections": "SELECT * FROM claims_correction",
    "threads": "SELECT * FROM claims_thread",
    "settings": "SELECT * FROM claims_desksettings",
    # What nobody asks for by itself, and what still moves when anything is written.
    "traces": "SELECT max(seq), count(*), (SELECT count(*) FROM claims_comment),"
    " (SELECT count(*) FROM claims_notification), (SELECT count(*) FROM claims_delivery),"
    " (SELECT count(*) FROM claims_posting) FROM claims_auditevent",
}


def read(queries: Iterable[str]) -> list[list[Any]]:
    """The rows of each of these queries, by their first column, asked for all at once."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"{query} ORDER BY 1" for query in queries))
        while True:
            row = _row(tuple(column.name for column in cursor.description))
            found.append([row(*values) for values in cursor.fetchall()])
            if not cursor.nextset():
                return found


@cache
def _row(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns, rename=True)  # its columns are the database's


def in_full(asked: QuerySet[Any, Any]) -> str:
    """A query as it goes to the database, so that it can be asked again without being put together anew."""
    sql, params = asked.query.sql_with_params()
    return str(connection.ops.compose_sql(sql, params))  # type: ignore[attr-defined]


@cache
def _counting() -> str:
    return in_full(Verdict.objects.counting().order_by().values_list("pk", "claim"))


class Rows:
    """The desk's rows, read once."""

    def __init__(self) -> None:
        found = dict(zip((*READ, "counting"), read((*READ.values(), _counting())), strict=True))
        self.found: dict[str, list[Any]] = found
        self.articles = {a.id: a for a in found["articles"]}
        self.claims = {c.id: c for c in found["claims"]}
        self.sources = {s.id: s for s in found["sources"]}
        self.evidence = found["evidence"]
        self.verdicts = found["verdicts"]
        self.decisions = {d.id: d for d in found["decisions"]}
        self.recusals = {(r.claim_id, r.person_id): r.recused_at for r in found["recusals"]}
        self.contributions = {(c.claim_id, c.person_id): c.since for c in found["contributions"]}
        self.superseded = {v.supersedes_id: v for v in self.verdicts if v.supersedes_id}
        self.anchors = {a.claim_id: a for a in found["anchors"]}
        self.marks = found["marks"]
        self.sign_offs = [s for s in found["sign_offs"] if s.voided_at is None]
        self.blocking = [t for t in found["threads"] if t.blocking and t.resolved_at is None]

    def counted(self, claim: Any, round_: int, digest: str, at: Any = None) -> list[Any]:
        """The verdicts of a round that count towards a digest: as they stand, or stood at a time."""
        return [
            v for v in self.verdicts
            if (v.claim_id, v.round, v.digest) == (claim.id, round_, digest)
            and (at is None or v.submitted_at <= at)
            and not (v.id in self.superseded and (at is None or self.superseded[v.id].submitted_at <= at))
            and not by_then(self.recusals, claim.id, v.reviewer_id, at)
            and not by_then(self.contributions, claim.id, v.reviewer_id, at)
        ]  # fmt: skip

    def blind(self) -> dict[int, Any]:
        """The verdicts that are their reviewers' alone as yet."""
        of = {v.id: (v, self.claims[v.claim_id]) for v in self.verdicts}
        return {
            pk: v for pk, (v, claim) in of.items()
            if self.articles[claim.article_id].blind and claim.state == "in_review" and v.round == claim.round
        }  # fmt: skip

    def standing(self, claim: int) -> list[Any]:
        return [
            e for e in self.evidence
            if e.claim_id == claim and e.withdrawn_at is None and self.sources[e.source_id].withdrawn_at is None
        ]  # fmt: skip


def by_then(since: Mapping[tuple[int, int], Any], claim: int, person: int | None, at: Any) -> bool:
    """Whether this held of the person at a time; or now."""
    began = since.get((claim, person or 0))
    return began is not None and (at is None or began <= at)
