"""A desk with many claims, for measuring: each with anchor, evidence, verdicts, a decision, and events on the trail.

One claim is taken all the way through the desk; the others are copies of its rows with the triggers put aside, fifty to
an article. What is copied is there to be read and counted: it is no trail that verifies.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.scratch import say

EACH = 50  # claims of an article
# Of every ten claims six are decided; the others wait at these places.
STATES = ("identified", "researching", "in_review", "disputed")


def fill(until: int) -> None:
    """Bring the desk to so many claims."""
    from django.db import connection

    from claims.choices import ClaimState
    from claims.models import Anchor, Article, AuditEvent, Claim, Decision, Evidence, Verdict
    from factcheck.database import as_owner
    from tests import build

    first = Claim.objects.order_by("pk").first() or build.claim(ClaimState.DECIDED)
    begun, have = time.monotonic(), Claim.objects.count()
    articles = (until - have + EACH - 1) // EACH
    if articles <= 0:
        return
    tables = [m._meta.db_table for m in (Article, Claim, Anchor, Evidence, Verdict, Decision, AuditEvent)]
    with as_owner(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS made (article bigint, claim bigint, at int)")
        cursor.execute("TRUNCATE made")
        cursor.execute(
            f"WITH a AS (INSERT INTO claims_article ({_columns(Article, 'slug')}, slug)"
            f"  SELECT {_columns(Article, 'slug')}, 'copy-' || gen_random_uuid() FROM claims_article,"
            "   generate_series(1, %s) WHERE id = %s RETURNING id)"
            f", c AS (INSERT INTO claims_claim ({_columns(Claim, 'article', 'number', 'code', 'state', 'decision')},"
            "    article_id, number, code, state)"
            f"  SELECT {_columns(Claim, 'article', 'number', 'code', 'state', 'decision', of='k')}, a.id, n, 'C' || n,"
            "    (%s::text[])[greatest(n %% 10 - 5, 1)]"
            "  FROM claims_claim k, a, generate_series(1, %s) n WHERE k.id = %s RETURNING article_id, id, number)"
            " INSERT INTO made SELECT article_id, id, number FROM c",
            [articles, first.article_id, list(STATES), EACH, first.pk],
        )
        for model in (Anchor, Evidence, Verdict, Decision):
            columns = _columns(model, "claim", of="k")
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({_columns(model, 'claim')}, claim_id)"
                f" SELECT {columns}, m.claim FROM {model._meta.db_table} k, made m WHERE k.claim_id = %s",
                [first.pk],
            )
        cursor.execute("UPDATE claims_claim c SET decision_id = d.id, state = 'decided' FROM claims_decision d, made m"
                       " WHERE d.claim_id = c.id AND m.claim = c.id AND m.at % 10 < 6")  # fmt: skip
        events = _columns(AuditEvent, "stream", "n", "object_id", "article", of="e")
        cursor.execute(
            f"INSERT INTO claims_auditevent ({_columns(AuditEvent, 'stream', 'n', 'object_id', 'article')},"
            "  stream, n, object_id, article_id)"
            f" SELECT {events}, 'article/' || m.article, 1000 * m.at + row_number() OVER (PARTITION BY m.claim),"
            "  m.claim, m.article FROM made m, (SELECT * FROM claims_auditevent ORDER BY seq LIMIT 6) e"
        )
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        _always(cursor)
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")
    say(f"{Claim.objects.count():,} claims, {AuditEvent.objects.count():,} events, in {time.monotonic() - begun:.0f} s")


def _always(cursor: Any) -> None:
    """Put the triggers back as they were: always at work."""
    cursor.execute("CALL claims_make_safe()")


def _columns(model: Any, *without: str, of: str = "") -> str:
    """The columns of a table but its key and these, as of one of the query's tables."""
    left_out = {*without, model._meta.pk.name}
    return ", ".join(f'{of and f"{of}."}"{f.column}"' for f in model._meta.concrete_fields if f.name not in left_out)
