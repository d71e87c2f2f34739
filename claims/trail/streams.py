"""The events with one another: their columns, their places in their streams, the heads, and what waits for the seal."""

from __future__ import annotations

from claims.trail.asking import MOST, SINCE

DOUBTFUL = 1_000  # that are judged, of those that are not plainly in order
MOMENT = """to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
# The form of an event (docs/trail.md), from its columns and the event before it in its stream: how its bytes begin,
# what stands between its two rows, and how they end, before its reason and after it. In words of other people's there
# may be what JSON writes otherwise; in those of tables and streams there is not.
BEGINS = """'{"action":' || to_json(e.action) || ',"actor":' || coalesce(e.actor_id::text, 'null') || ',"after":'"""
BETWEEN = f"""',"article":' || coalesce(e.article_id::text, 'null') || ',"at":"' || {MOMENT} || '","before":'"""
BEFORE_REASON = """',"db_role":' || to_json(e.db_role) || ',"n":' || e.n || ',"object":{"id":'
  || coalesce(e.object_id::text, 'null') || ',"parent":' || coalesce(e.parent_id::text, 'null')
  || ',"type":"' || e.object_type || '"},"outside":' || e.outside::text
  || ',"prev":"' || coalesce(encode(e.p_hash, 'base64'), '') || '","reason":'"""
ENDS = """',"request":' || to_json(e.request_id) || ',"stream":"' || e.stream || '","v":1}'"""
COMMITMENT = 11 + 44 + 2  # characters of {"sha256":"..."}

# In order: each event follows the one before it in its stream, and its bytes are of the form that its columns give
# them; then columns, number and chain are right, and nothing has to be taken out of the bytes. An event's number is in
# no bytes, but it says which change of a row was the last: it grows within a stream, as n does.
EVENTS = f"""
WITH doubtful AS MATERIALIZED (
  SELECT e.* FROM (
    SELECT e.*, lag(e.seq) OVER w AS p_seq, lag(e.n) OVER w AS p_n, lag(e.at) OVER w AS p_at,
      lag(e.hash) OVER w AS p_hash
    FROM claims_auditevent e WINDOW w AS (PARTITION BY e.stream ORDER BY e.n)) e,
  LATERAL (SELECT convert_to({BEGINS}, 'UTF8') AS begins, convert_to({BETWEEN}, 'UTF8') AS between_rows,
                  convert_to({BEFORE_REASON}, 'UTF8') AS before_reason, convert_to({ENDS}, 'UTF8') AS ends OFFSET 0) f,
  LATERAL (SELECT length(e.bytes) - length(ends) - length(before_reason) AS middle) m
  WHERE {SINCE} AND NOT coalesce(
    e.n = coalesce(e.p_n, 0) + 1 AND (e.p_n IS NULL OR (e.seq > e.p_seq AND e.at >= e.p_at))
    AND substr(e.bytes, 1, length(begins)) = begins AND position(between_rows IN e.bytes) > 0
    AND (substr(e.bytes, middle - 1) = before_reason || '""'::bytea || ends
      OR (substr(e.bytes, middle - {COMMITMENT - 1}, length(before_reason)) = before_reason
        AND substr(e.bytes, middle + length(before_reason) + 1) = ends)), false)
  ORDER BY e.seq LIMIT {DOUBTFUL}),
e AS (SELECT d.*, convert_from(d.bytes, 'UTF8')::jsonb AS j FROM doubtful d),
judged AS (
  SELECT e.seq, CASE
    WHEN e.n <> coalesce(e.p_n, 0) + 1 THEN 'the event before it in the stream ' || e.stream || ' is missing.'
    WHEN e.seq < e.p_seq THEN 'its number is lower than that of the event before it in the stream ' || e.stream || '.'
    WHEN e.at < e.p_at THEN 'it says that it is older than the event before it in the stream ' || e.stream || '.'
    ELSE 'it does not follow the event before it in the stream ' || e.stream || '.' END AS wrong
  FROM e WHERE e.n <> coalesce(e.p_n, 0) + 1 OR e.seq < e.p_seq OR e.at < e.p_at
    OR e.j->>'prev' IS DISTINCT FROM coalesce(encode(e.p_hash, 'base64'), '')
  UNION ALL SELECT e.seq, 'its ' || c.name || ' is listed otherwise than the event says.' FROM e, LATERAL (VALUES
    ('time', {MOMENT}, j->>'at'), ('actor', e.actor_id::text, j->>'actor'),
    ('action', e.action, j->>'action'), ('object', e.object_id::text, j#>>'{{object,id}}'),
    ('object', e.object_type, j#>>'{{object,type}}'), ('parent', e.parent_id::text, j#>>'{{object,parent}}'),
    ('article', e.article_id::text, j->>'article'), ('request', e.request_id, j->>'request'),
    ('origin', e.outside::text, j->>'outside'), ('database role', e.db_role, j->>'db_role'),
    ('stream', e.stream, j->>'stream'), ('number', e.n::text, j->>'n')) c (name, listed, said)
  WHERE c.listed IS DISTINCT FROM c.said)
SELECT seq, wrong FROM judged
UNION ALL SELECT seq, 'its bytes are not of the form that events have.' FROM doubtful
  WHERE seq NOT IN (SELECT seq FROM judged) ORDER BY 1 LIMIT {MOST}
"""

# Sealed events' hashes are the tree's concern.
HASHES = f"""
SELECT e.seq, 'its hash is not that of its bytes.' FROM claims_unsealed u JOIN claims_auditevent e ON e.seq = u.event_id
WHERE e.hash <> sha256('\\x00'::bytea || e.bytes) ORDER BY 1 LIMIT {MOST}
"""

# That no event before the last is missing, the comparison above has seen to.
HEADS = f"""
SELECT coalesce(e.seq, 0), CASE WHEN s.name IS NULL THEN 'its stream ' || e.stream || ' has no head.'
  ELSE 'the head of the stream ' || s.name || ' is not its last event.' END
FROM (SELECT DISTINCT ON (stream) stream, n, seq, hash FROM claims_auditevent ORDER BY stream DESC, n DESC) e
FULL JOIN claims_stream s ON s.name = e.stream
WHERE (s.length = e.n AND s.head = e.hash) IS NOT TRUE ORDER BY 1 LIMIT {MOST}
"""

WAITING = f"""
SELECT e.seq, 'it is neither sealed nor waiting for the seal.' FROM claims_auditevent e
WHERE NOT EXISTS (SELECT 1 FROM claims_leaf l WHERE l.event_id = e.seq)
  AND NOT EXISTS (SELECT 1 FROM claims_unsealed u WHERE u.event_id = e.seq)
UNION ALL SELECT u.event_id, 'it waits for the seal, and is sealed already or not there at all.' FROM claims_unsealed u
WHERE EXISTS (SELECT 1 FROM claims_leaf l WHERE l.event_id = u.event_id)
  OR NOT EXISTS (SELECT 1 FROM claims_auditevent e WHERE e.seq = u.event_id)
ORDER BY 1 LIMIT {MOST}
"""
