"""The events with the openings of their commitments."""

from __future__ import annotations

from claims.trail.asking import MOST, SINCE

# In order: every opening is found in its event as the commitment of its column, on its side, and there are as many
# openings as commitments. Sides are told apart, and commitments found, in the bytes: in text it takes three times as
# long. A redaction excuses what was written before it, and what it itself replaced. What was before what is told by
# their places in the tree, which is vouched for; numbers are not.
OPENINGS = f"""
WITH doubtful AS MATERIALIZED (
  SELECT e.seq FROM claims_auditevent e LEFT JOIN claims_opening o ON o.event_id = e.seq
  CROSS JOIN LATERAL (SELECT position(',"before":'::bytea IN e.bytes) AS middle, position(convert_to(CASE
      WHEN o.place LIKE 'after.%%' THEN '"' || substr(o.place, 7) WHEN o.place LIKE 'before.%%'
      THEN '"' || substr(o.place, 8) WHEN o.place = 'reason' THEN '","reason' END
    || '":{{"sha256":"' || encode(sha256(o.salt || convert_to(o.value, 'UTF8')), 'base64') || '"}}'
    || CASE o.place WHEN 'reason' THEN ',"request":' ELSE '' END, 'UTF8') IN e.bytes) AS found OFFSET 0) f
  WHERE {SINCE} GROUP BY e.seq
  HAVING count(o.event_id) <> (octet_length(e.bytes)
      - octet_length(replace(convert_from(e.bytes, 'UTF8'), '{{"sha256":"', ''))) / 11
    OR NOT bool_and(o.event_id IS NULL
      OR coalesce(found > 0 AND (found > middle) = (o.place NOT LIKE 'after.%%'), false))
  UNION ALL SELECT o.event_id FROM claims_opening o
    WHERE NOT EXISTS (SELECT 1 FROM claims_auditevent e WHERE e.seq = o.event_id)),
e AS (SELECT e.*, convert_from(e.bytes, 'UTF8')::jsonb AS j FROM claims_auditevent e
      WHERE e.seq IN (SELECT seq FROM doubtful)),
c AS (
  SELECT e.seq, e.j, s.side || '.' || k.key AS place, k.key AS field, k.value->>'sha256' AS said
    FROM e, (VALUES ('before'), ('after')) s (side),
    LATERAL jsonb_each(CASE WHEN jsonb_typeof(e.j->s.side) = 'object' THEN e.j->s.side END) k
    WHERE jsonb_typeof(k.value) = 'object'
  UNION ALL SELECT e.seq, e.j, 'reason', 'reason', e.j#>>'{{reason,sha256}}' FROM e
    WHERE jsonb_typeof(e.j->'reason') = 'object'),
o AS (SELECT o.* FROM claims_opening o WHERE o.event_id IN (SELECT seq FROM doubtful))
SELECT coalesce(c.seq, o.event_id), CASE
  WHEN c.seq IS NULL THEN 'there is an opening for ' || o.place || ', which it does not hold.'
  WHEN o.event_id IS NULL THEN 'the opening of ' || c.place || ' is gone, and no redaction on record names it.'
  WHEN o.value IS NULL THEN 'the text of ' || c.place || ' is gone.'
  ELSE 'the text of ' || c.place || ' is not the one that was recorded.' END
FROM c FULL JOIN o ON o.event_id = c.seq AND o.place = c.place
WHERE c.seq IS NULL
  OR (o.event_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM claims_redaction r JOIN claims_auditevent w ON w.object_type = 'redaction' AND w.object_id = r.id
      LEFT JOIN claims_leaf wl ON wl.event_id = w.seq LEFT JOIN claims_leaf cl ON cl.event_id = c.seq
    WHERE r.field = c.field
      AND (CASE WHEN cl.index IS NULL AND wl.index IS NULL THEN c.seq < w.seq
           ELSE cl.index < coalesce(wl.index, cl.index + 1) END
        OR (c.j->>'action' = 'audit.redact' AND c.place LIKE 'before.%%'))
      AND CASE c.place WHEN 'reason' THEN r.object_type = 'auditevent' AND r.object_id = c.seq
          ELSE r.object_type = c.j#>>'{{object,type}}' AND r.object_id = (c.j#>>'{{object,id}}')::bigint END))
  OR (o.value IS NULL AND o.event_id IS NOT NULL
      AND NOT (c.j#>>'{{object,type}}') || '.' || c.field = ANY (%(withheld)s))
  OR encode(sha256(o.salt || convert_to(o.value, 'UTF8')), 'base64') <> c.said
ORDER BY 1 LIMIT {MOST}
"""
