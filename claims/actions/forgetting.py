"""What people were told long ago goes, and how it went out; else these tables would grow without end.

None of it is history (claims/models/notification.py) and none of it is on record, so the trail misses nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from claims.actions.overdue import CONCERNED

FEW = 500  # rows of a kind at a time, so that nobody waits for it
UNREAD = 4  # times as long is kept what has not been read

DELIVERIES = """
  WITH old AS (
    SELECT id FROM claims_delivery WHERE delivered_at < %(read)s OR given_up_at < %(read)s
    ORDER BY id LIMIT %(few)s FOR UPDATE SKIP LOCKED),
  tries AS (DELETE FROM claims_deliverytry WHERE delivery_id IN (SELECT id FROM old))
  DELETE FROM claims_delivery WHERE id IN (SELECT id FROM old)
"""
# What still waits to go out stays; so does what says that something is overdue while it is: it would be told anew.
NOTIFICATIONS = f"""
  WITH old AS (
    SELECT n.id FROM claims_notification n
    WHERE (n.read_at < %(read)s OR (n.read_at IS NULL AND n.created_at < %(unread)s))
      AND NOT EXISTS (SELECT 1 FROM claims_delivery d
                      WHERE d.notification_id = n.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL)
      AND NOT (n.kind = 'overdue' AND EXISTS (
        SELECT 1 FROM ({CONCERNED}) o WHERE o.person_id = n.person_id AND o.article_id = n.article_id
          AND o.claim_id IS NOT DISTINCT FROM n.claim_id))
    ORDER BY n.id LIMIT %(few)s FOR UPDATE OF n SKIP LOCKED),
  gone AS (DELETE FROM claims_delivery WHERE notification_id IN (SELECT id FROM old) RETURNING id),
  tries AS (DELETE FROM claims_deliverytry WHERE delivery_id IN (SELECT id FROM gone))
  DELETE FROM claims_notification WHERE id IN (SELECT id FROM old)
"""  # noqa: S608 - put together of this module's own words


def forget() -> int:
    """Remove a few of the deliveries that ended, and of the notifications that were read, more than
    `NOTIFICATIONS_KEPT_DAYS` ago (0: nothing is removed), and of those unread for four times as long.

    Gives how many there were; none: there is nothing to remove now. Several processes may do this at once.
    """
    kept = timedelta(days=settings.NOTIFICATIONS_KEPT_DAYS)
    if not kept:
        return 0
    now = timezone.now()
    given: dict[str, datetime | int] = {"read": now - kept, "unread": now - UNREAD * kept, "few": FEW}
    removed = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (DELIVERIES, NOTIFICATIONS):
            cursor.execute(statement, given)
            removed += cursor.rowcount
    return removed
