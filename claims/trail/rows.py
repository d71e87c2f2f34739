"""The live rows with what the events tell of them."""

from __future__ import annotations

from functools import reduce

from django.contrib.auth.models import Group
from django.db import connection, models

from claims.models.audit import recorded_as, recorded_models
from claims.trail.asking import MOST, SINCE, found
from claims.trail.findings import Finding

# What an event says its row became: the part of its bytes between two words that stand nowhere else outside quotes.
AFTER = """substr(e.bytes, position('"after":'::bytea IN e.bytes) + 8,
  position(',"article":'::bytea IN e.bytes) - position('"after":'::bytea IN e.bytes) - 8)"""
LONG = 10_000  # events of one stream: rows of which later ones tell are judged, not put together in memory
TEXTS = 8  # commitments of one event that are opened; a row with more is judged
# The columns of a row, without the braces, every commitment that has an opening replaced by its text. Most events have
# one or none, and are spared the rest.
INSIDE = "convert_from(substr(after, 2, length(after) - 2), 'UTF8')"
REPLACED = reduce(
    lambda said, n: f"replace({said}, coalesce(o.made[{n}], ''), coalesce(o.texts[{n}], ''))",
    range(1, TEXTS + 1),
    INSIDE,
)
OPENED = f"""CASE WHEN o.made IS NULL THEN {INSIDE}
  WHEN cardinality(o.made) = 1 THEN replace({INSIDE}, o.made[1], o.texts[1]) ELSE {REPLACED} END"""
NEVER_RECORDED = {"person": ["last_login"], "apitoken": ["last_used_at"]}
# Types whose values stand in an event as PostgreSQL writes them in JSON; those of all others stand there as texts.
AS_IN_JSON = ("bool", "int2", "int4", "int8", "text", "varchar", "date", "timestamptz", "uuid")

# In order: a row whose columns as its events tell them, put one after the other, are those that it has. In JSON the
# last of several values of a column counts; and where there is but one event, the texts are the same to the letter.
#
# All others are put together from every event on them, column by column. Columns added to a table later are empty, zero
# or false until an event says otherwise; those taken from it since are not asked for. The last text of a column is
# never erased: a redaction puts its word in its place.
LIVE = """
WITH told AS (
  SELECT e.object_id,
    bool_and(e.n <= {long} AND substr(after, 1, 2) = '{{"' AND substr(after, length(after)) = '}}') AS is_there,
    '{{' || string_agg({opened}, ',' ORDER BY e.seq) FILTER (WHERE e.n <= {long}) || '}}' AS said
  FROM claims_auditevent e, LATERAL (SELECT {after} AS after OFFSET 0) a, LATERAL (
    SELECT array_agg(to_json(o.value)::text) AS texts,
      array_agg('{{"sha256":"' || encode(sha256(o.salt || convert_to(o.value, 'UTF8')), 'base64') || '"}}') AS made
    FROM claims_opening o WHERE o.event_id = e.seq AND o.place LIKE 'after.%%') o
  WHERE e.object_type = %(kind)s GROUP BY e.object_id),
doubtful AS MATERIALIZED (
  SELECT coalesce(told.object_id, t.id) AS object_id FROM told FULL JOIN {table} t ON t.id = told.object_id,
  LATERAL (SELECT (SELECT row_to_json(r) FROM (SELECT {columns}) r)::text AS has OFFSET 0) l
  WHERE NOT coalesce(told.is_there AND t.id IS NOT NULL AND (told.said = has OR told.said::jsonb = has::jsonb), false)
    AND (%(since)s = 0 OR EXISTS (SELECT 1 FROM claims_auditevent e
      WHERE e.object_type = %(kind)s AND e.object_id = coalesce(told.object_id, t.id) AND {since}))),
e AS (SELECT e.seq, e.object_id, convert_from({after}, 'UTF8')::jsonb AS after FROM claims_auditevent e
      WHERE e.object_type = %(kind)s AND e.object_id IN (SELECT object_id FROM doubtful)),
last AS (SELECT DISTINCT ON (object_id) object_id, seq, jsonb_typeof(after) = 'null' AS gone
         FROM e ORDER BY object_id, seq DESC),
told_of AS (SELECT DISTINCT ON (e.object_id, k.key) e.object_id, k.key, k.value, e.seq
         FROM e JOIN last USING (object_id), LATERAL jsonb_each(CASE WHEN jsonb_typeof(e.after) = 'object'
           THEN e.after END) k
         WHERE NOT last.gone AND k.key = ANY (%(columns)s) ORDER BY e.object_id, k.key, e.seq DESC),
live AS (SELECT t.id AS object_id, k.key, k.value, k.value #>> '{{}}' AS said
         FROM {table} t, LATERAL jsonb_each(to_jsonb(t) - %(ignored)s::text[]) k
         WHERE t.id IN (SELECT object_id FROM doubtful))
SELECT coalesce(told_of.seq, last.seq, 0), %(kind)s || ' ' || coalesce(told_of.object_id, live.object_id) || CASE
  WHEN live.object_id IS NULL THEN ' is gone without an event.'
  WHEN last.object_id IS NULL THEN ' is there without an event.'
  WHEN last.gone THEN ' is there again without an event.'
  ELSE ': ' || coalesce(told_of.key, live.key) || ' was changed without an event.' END
FROM told_of FULL JOIN live ON live.object_id = told_of.object_id AND live.key = told_of.key
LEFT JOIN last ON last.object_id = coalesce(told_of.object_id, live.object_id)
LEFT JOIN LATERAL (SELECT o.* FROM claims_opening o WHERE jsonb_typeof(told_of.value) = 'object'
  AND o.event_id = told_of.seq AND o.place = 'after.' || told_of.key OFFSET 0) o ON true
WHERE (told_of.key IS NULL AND NOT coalesce(live.said, '') IN ('', '0', 'false', '[]', '{{}}')) OR live.key IS NULL
  OR CASE jsonb_typeof(told_of.value)
    WHEN 'object' THEN o.event_id IS NULL
      OR encode(sha256(o.salt || convert_to(live.said, 'UTF8')), 'base64') IS DISTINCT FROM told_of.value->>'sha256'
    ELSE live.said IS DISTINCT FROM told_of.value #>> '{{}}' END
ORDER BY 1, 2 LIMIT {most}
"""
# A table's columns as it has them now, in the order in which an event names them.
COLUMNS = """
SELECT string_agg(CASE WHEN p.typname = ANY (%(as_in_json)s) THEN format('t.%%1$I', a.attname)
  ELSE format('to_jsonb(t.%%1$I) #>> ''{}'' AS %%1$I', a.attname) END, ', ' ORDER BY a.attname COLLATE "C")
FROM pg_attribute a JOIN pg_type p ON p.oid = a.atttypid
WHERE a.attrelid = to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (%(ignored)s)
"""


def kinds() -> list[str]:
    """What the trail calls the recorded tables."""
    return [recorded_as(table) for table in sorted(_recorded())]


def compare(kind: str, since: int) -> list[Finding]:
    """Every row of this kind that is not as its events left it, is gone, or is there, without an event.

    With `since`, a tree size, only those on which there has been an event since.
    """
    table, model = next((table, model) for table, model in _recorded().items() if recorded_as(table) == kind)
    ignored = ["updated_at", *NEVER_RECORDED.get(kind, [])]
    made = {str(f.column) for f in model._meta.concrete_fields}.difference(ignored)
    query = LIVE.format(
        table=table, columns=_columns(table, ignored), opened=OPENED, after=AFTER, since=SINCE, long=LONG, most=MOST
    )
    return found(query, {"since": since, "kind": kind, "ignored": ignored, "columns": sorted(made)})


def _recorded() -> dict[str, type[models.Model]]:
    """The recorded tables, as the models have them: not as the database says of itself."""
    recorded: list[type[models.Model]] = [*recorded_models(), Group, Group.permissions.through]
    return {model._meta.db_table: model for model in recorded}


def _columns(table: str, ignored: list[str]) -> str:
    """What is selected of a row; as a part of a query, in which a percent sign is written twice."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, {"table": table, "ignored": ignored, "as_in_json": list(AS_IN_JSON)})
        [(columns,)] = cursor.fetchall()
    return str(columns or "").replace("%", "%%")
