"""The trail against itself and against the live rows, as queries that give what does not fit.

Only PostgreSQL's own functions are used, never ours: whoever could change the rows could change those as well. What an
event says is taken from its bytes, which the tree has vouched for. Each query has two halves: the first is quick and
picks out whatever is not plainly in order; the second judges that, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.contrib.auth.models import Group
from django.db import DataError, ProgrammingError, connection, models, transaction

from claims.models.audit import WITHHELD, recorded_as, recorded_models
from claims.trail.findings import Finding

MOST = 20  # of one kind that are named; the first of them says enough
DOUBTFUL = 1_000  # that are judged, of those that are not plainly in order
MOMENT = """to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
# Of the events from a tree size on: those sealed since, and those not sealed yet.
SINCE = """(%(since)s = 0 OR NOT EXISTS (
  SELECT 1 FROM claims_leaf l WHERE l.event_id = e.seq AND l.index < %(since)s))"""
# The form of an event (docs/trail.md), from its columns and the event before it in its stream: how its bytes begin,
# what stands between its two rows, and how they end. Where all that is found, columns, number and chain are right.
BEGINS = """'{"action":' || to_json(e.action) || ',"actor":' || coalesce(e.actor_id::text, 'null') || ',"after":'"""
BETWEEN = f"""',"article":' || coalesce(e.article_id::text, 'null') || ',"at":"' || {MOMENT} || '","before":'"""
BEFORE_REASON = """',"db_role":' || to_json(e.db_role) || ',"n":' || e.n || ',"object":{"id":'
  || coalesce(e.object_id::text, 'null') || ',"parent":' || coalesce(e.parent_id::text, 'null')
  || ',"type":' || to_json(e.object_type) || '},"outside":' || e.outside::text
  || ',"prev":"' || coalesce(encode(e.p_hash, 'base64'), '') || '","reason":'"""
ENDS = """',"request":' || to_json(e.request_id) || ',"stream":' || to_json(e.stream) || ',"v":1}'"""
# What an event says its row became: the part of its bytes between two words that stand nowhere else outside quotes.
AFTER = """convert_from(substr(e.bytes, position('"after":'::bytea IN e.bytes) + 8,
  position(',"article":'::bytea IN e.bytes) - position('"after":'::bytea IN e.bytes) - 8), 'UTF8')::jsonb"""
COMMITMENT = 11 + 44 + 2  # characters of {"sha256":"..."}

# An event's number is in no bytes, but it says which change of a row was the last: it grows within a stream, as n does.
EVENTS = f"""
WITH doubtful AS MATERIALIZED (
  SELECT e.* FROM (
    SELECT e.*, lag(e.seq) OVER w AS p_seq, lag(e.n) OVER w AS p_n, lag(e.at) OVER w AS p_at,
      lag(e.hash) OVER w AS p_hash
    FROM claims_auditevent e WINDOW w AS (PARTITION BY e.stream ORDER BY e.n)) e,
  LATERAL (SELECT convert_to({BEGINS}, 'UTF8') AS begins, convert_to({BETWEEN}, 'UTF8') AS between_rows,
                  convert_to({BEFORE_REASON}, 'UTF8') AS before_reason, convert_to({ENDS}, 'UTF8') AS ends,
                  length(e.bytes) AS size OFFSET 0) f
  WHERE {SINCE} AND (e.n <> coalesce(e.p_n, 0) + 1 OR e.seq < e.p_seq OR e.at < e.p_at
    OR substr(e.bytes, 1, length(begins)) <> begins OR position(between_rows IN e.bytes) = 0
    OR NOT (substr(e.bytes, greatest(size - length(ends) - length(before_reason) - 1, 1))
              = before_reason || '""'::bytea || ends
         OR (substr(e.bytes, greatest(size - length(ends) + 1, 1)) = ends
             AND substr(e.bytes, greatest(size - length(ends) - length(before_reason) - {COMMITMENT - 1}, 1),
                        length(before_reason)) = before_reason)))
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

HEADS = f"""
SELECT coalesce(e.seq, 0), 'the head of the stream ' || s.name || ' is not its last event.'
FROM claims_stream s LEFT JOIN claims_auditevent e ON e.stream = s.name AND e.n = s.length
WHERE e.seq IS NULL OR s.head <> e.hash
  OR EXISTS (SELECT 1 FROM claims_auditevent x WHERE x.stream = s.name AND x.n = s.length + 1)
UNION ALL SELECT e.seq, 'its stream ' || e.stream || ' has no head.' FROM claims_auditevent e
WHERE e.n = 1 AND NOT EXISTS (SELECT 1 FROM claims_stream s WHERE s.name = e.stream) ORDER BY 1 LIMIT {MOST}
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

# In order: every opening is found in its event as the commitment of its column, on its side, and there are as many
# openings as commitments. A redaction excuses what was written before it, and what it itself replaced. What was before
# what is told by their places in the tree, which is vouched for; numbers are not.
OPENINGS = f"""
WITH doubtful AS MATERIALIZED (
  SELECT e.seq FROM claims_auditevent e LEFT JOIN claims_opening o ON o.event_id = e.seq
  CROSS JOIN LATERAL (
    SELECT convert_from(e.bytes, 'UTF8') AS t, strpos(convert_from(e.bytes, 'UTF8'), ',"before":') AS middle,
      '":{{"sha256":"' || encode(sha256(o.salt || convert_to(o.value, 'UTF8')), 'base64') || '"}}' AS made OFFSET 0) f
  WHERE {SINCE} GROUP BY e.seq
  HAVING count(o.event_id) <> (octet_length(e.bytes)
      - octet_length(replace(convert_from(e.bytes, 'UTF8'), '{{"sha256":"', ''))) / 11
    OR NOT coalesce(bool_and(CASE
      WHEN o.event_id IS NULL THEN true
      WHEN o.value IS NULL THEN false
      WHEN o.place LIKE 'after.%%' THEN strpos(t, '"' || substr(o.place, 7) || made) BETWEEN 1 AND middle
      WHEN o.place LIKE 'before.%%' THEN strpos(t, '"' || substr(o.place, 8) || made) > middle
      WHEN o.place = 'reason' THEN strpos(t, '","reason' || made || ',"request":') > 0
      ELSE false END), true)
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

# In order: a row of which one event tells, its making, and that has the same columns with the same values; texts as
# their openings have them. All others are put together from every event on them, column by column. Columns added to a
# table later are empty, zero or false until an event says otherwise; those taken from it since are not asked for. The
# last text of a column is never erased: a redaction puts its word in its place.
LIVE = """
WITH once AS (SELECT e.object_id, min(e.seq) AS seq FROM claims_auditevent e WHERE e.object_type = %(kind)s
              GROUP BY e.object_id HAVING count(*) = 1),
plain AS (
  SELECT once.object_id FROM once JOIN claims_auditevent e ON e.seq = once.seq JOIN {table} t ON t.id = once.object_id,
  LATERAL (SELECT to_jsonb(t) - %(ignored)s::text[] AS live, {after} AS said OFFSET 0) s,
  LATERAL (SELECT s.live, CASE WHEN jsonb_typeof(s.said) = 'object' THEN s.said END AS after) r,
  LATERAL (SELECT coalesce(array_agg(substr(o.place, 7)), '{{}}') AS texts, coalesce(bool_and(
      CASE WHEN o.value IS NULL
        THEN encode(sha256(o.salt || convert_to(r.live->>substr(o.place, 7), 'UTF8')), 'base64')
          = r.after->substr(o.place, 7)->>'sha256'
        ELSE r.live->>substr(o.place, 7) = o.value END), true) AS fit
    FROM claims_opening o WHERE o.event_id = e.seq AND o.place LIKE 'after.%%' OFFSET 0) o
  WHERE o.fit AND r.live - o.texts = r.after - o.texts),
doubtful AS MATERIALIZED (
  SELECT object_id FROM (SELECT t.id AS object_id FROM {table} t UNION
    SELECT e.object_id FROM claims_auditevent e WHERE e.object_type = %(kind)s) every
  WHERE NOT EXISTS (SELECT 1 FROM plain WHERE plain.object_id = every.object_id)
    AND (%(since)s = 0 OR EXISTS (SELECT 1 FROM claims_auditevent e
      WHERE e.object_type = %(kind)s AND e.object_id = every.object_id AND {since}))),
e AS (SELECT e.seq, e.object_id, {after} AS after FROM claims_auditevent e
      WHERE e.object_type = %(kind)s AND e.object_id IN (SELECT object_id FROM doubtful)),
last AS (SELECT DISTINCT ON (object_id) object_id, seq, jsonb_typeof(after) = 'null' AS gone
         FROM e ORDER BY object_id, seq DESC),
told AS (SELECT DISTINCT ON (e.object_id, k.key) e.object_id, k.key, k.value, e.seq
         FROM e JOIN last USING (object_id), LATERAL jsonb_each(CASE WHEN jsonb_typeof(e.after) = 'object'
           THEN e.after END) k
         WHERE NOT last.gone AND k.key = ANY (%(columns)s) ORDER BY e.object_id, k.key, e.seq DESC),
live AS (SELECT t.id AS object_id, k.key, k.value, k.value #>> '{{}}' AS said
         FROM {table} t, LATERAL jsonb_each(to_jsonb(t) - %(ignored)s::text[]) k
         WHERE t.id IN (SELECT object_id FROM doubtful))
SELECT coalesce(told.seq, last.seq, 0), %(kind)s || ' ' || coalesce(told.object_id, live.object_id) || CASE
  WHEN live.object_id IS NULL THEN ' is gone without an event.'
  WHEN last.object_id IS NULL THEN ' is there without an event.'
  WHEN last.gone THEN ' is there again without an event.'
  ELSE ': ' || coalesce(told.key, live.key) || ' was changed without an event.' END
FROM told FULL JOIN live ON live.object_id = told.object_id AND live.key = told.key
LEFT JOIN last ON last.object_id = coalesce(told.object_id, live.object_id)
LEFT JOIN LATERAL (SELECT o.* FROM claims_opening o WHERE jsonb_typeof(told.value) = 'object'
  AND o.event_id = told.seq AND o.place = 'after.' || told.key OFFSET 0) o ON true
WHERE (told.key IS NULL AND NOT coalesce(live.said, '') IN ('', '0', 'false', '[]', '{{}}')) OR live.key IS NULL
  OR CASE jsonb_typeof(told.value)
    WHEN 'object' THEN o.event_id IS NULL
      OR encode(sha256(o.salt || convert_to(live.said, 'UTF8')), 'base64') IS DISTINCT FROM told.value->>'sha256'
    ELSE live.said IS DISTINCT FROM told.value #>> '{{}}' END
ORDER BY 1, 2 LIMIT {most}
"""
NEVER_RECORDED = {"person": ["last_login"], "apitoken": ["last_used_at"]}
Comparison = tuple[str, Callable[[], list[Finding]]]


def comparisons(since: int) -> Iterator[Comparison]:
    """Each comparison's title, and what makes it on the calling thread's connection; the longest come first.

    The live rows with what the events tell of them, table by table (with `since`, a tree size, those that were changed
    since); the events with one another, and with their openings.
    """
    for table, columns in sorted(_recorded_columns().items()):
        kind = recorded_as(table)
        ignored = ["updated_at", *NEVER_RECORDED.get(kind, [])]
        told = {"since": since, "kind": kind, "ignored": ignored, "columns": sorted(columns.difference(ignored))}
        query = LIVE.format(table=table, most=MOST, since=SINCE, after=AFTER)
        yield f"rows of {kind}", partial(_found, query, told)
    asked = {"since": since, "withheld": sorted(WITHHELD)}
    yield "openings", partial(_found, OPENINGS, asked)
    yield "streams", partial(_found, EVENTS, asked, sorting=False)
    yield "heads", partial(_found, HEADS, asked)
    yield "hashes", partial(_found, HASHES, asked)
    yield "what waits", partial(_found, WAITING, asked)


def _recorded_columns() -> dict[str, set[str]]:
    """The recorded tables and their columns, as the models have them: not as the database says of itself."""
    recorded: list[type[models.Model]] = [*recorded_models(), Group, Group.permissions.through]
    return {model._meta.db_table: {str(f.column) for f in model._meta.concrete_fields} for model in recorded}


def _found(query: str, asked: dict[str, Any], *, sorting: bool = True) -> list[Finding]:
    """What the query gives. `sorting` False: all events are read in the order of an index, and not put in order."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
            if not sorting:
                cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute(query, asked)
            return [Finding(seq, what) for seq, what in cursor.fetchall()]
    except DataError:
        return [Finding(0, "the bytes of an event are not JSON at all.")]
    except ProgrammingError as error:
        return [Finding(0, f"a table of the desk is not as it was made: {str(error).splitlines()[0]}.")]
