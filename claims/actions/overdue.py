"""What has become overdue is told, once for each due date, without anybody doing anything."""

from __future__ import annotations

from django.db import connection, transaction

# Only one process looks at a time: two would both find that nobody has been told yet.
LOCK = 0x66_61_63_75

# Whom it concerns, with what is overdue and since when. A claim is done when it is decided or set aside in some way; an
# article when it is published or withdrawn; a question to others when it is answered or closed.
CONCERNED = """
  SELECT unnest(ARRAY[c.assignee_id, a.lead_id]) AS person_id, c.article_id, c.id AS claim_id, c.due_at AS since
    FROM claims_claim c JOIN claims_article a ON a.id = c.article_id
    WHERE c.due_at <= statement_timestamp() AND c.state IN ('identified', 'researching', 'in_review', 'disputed')
      AND c.withdrawn_at IS NULL AND a.state <> 'withdrawn'
  UNION ALL
  SELECT a.lead_id, a.id, NULL, a.due_at FROM claims_article a
    WHERE a.due_at <= statement_timestamp() AND a.state NOT IN ('published', 'withdrawn')
  UNION ALL
  SELECT k.asked_by_id, k.article_id, k.claim_id, greatest(k.due_at, k.created_at) FROM claims_contact k
    WHERE k.due_at <= statement_timestamp() AND k.outcome = 'awaiting'
"""
# Told already is who has not read it yet, or was told since the date it was due: another date is another matter.
TELL = f"""
  INSERT INTO claims_notification (person_id, kind, article_id, claim_id, created_at)
  SELECT DISTINCT o.person_id, 'overdue', o.article_id, o.claim_id, clock_timestamp()
  FROM ({CONCERNED}) o JOIN claims_person p ON p.id = o.person_id AND p.is_active
  WHERE NOT EXISTS (
    SELECT 1 FROM claims_notification n
    WHERE n.person_id = o.person_id AND n.kind = 'overdue' AND n.article_id = o.article_id
      AND n.claim_id IS NOT DISTINCT FROM o.claim_id AND (n.read_at IS NULL OR n.created_at >= o.since))
  ORDER BY 1, 3, 4
  ON CONFLICT DO NOTHING
"""  # noqa: S608 - put together of this module's own words


def tell_what_is_overdue() -> int:
    """Tell the assignee and the article's lead, or who asked, of all that is past its due date; gives how many were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(TELL)
        return int(cursor.rowcount)
