"""What guards the trail in the database: the triggers that must be there, and what the running role may do.

Asked by the system checks, after every migration and by verify_audit.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

RECORDED_ELSEWHERE = ("auth_group", "auth_group_permissions")
EVERYWHERE = ("every_change_is_recorded", "nothing_is_truncated", "nothing_is_deleted")
# Of these a row may go: who is in which role, what a role may do, how somebody likes to ask. The trail keeps that it
# went.
MAY_GO = (
    "auth_group",
    "auth_group_permissions",
    "claims_person_groups",
    "claims_person_user_permissions",
    "claims_savedfilter",
)
EVERY_ROW_AFTERWARDS = 1 | 4 | 8 | 16  # pg_trigger.tgtype: for each row, after INSERT, DELETE and UPDATE
RECORD_BEGINS = ("claims", "0002_record")

# What the application does with the tables of the trail is read, and append what the sealer makes.
READ_ONLY = ("claims_auditevent", "claims_opening", "claims_stream", "claims_unsealed", "claims_redaction")
APPEND_ONLY = ("claims_leaf", "claims_node", "claims_checkpoint")
CHANGES = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
# Whoever has one of these roles of PostgreSQL's own can make themselves anything.
POWERS = ("pg_execute_server_program", "pg_write_server_files")


def expected_triggers() -> set[tuple[str, str]]:
    """Every (table, trigger) that must be there: those of all tables, and each model's own TRIGGERS."""
    models = list(apps.get_app_config("claims").get_models(include_auto_created=True))
    recorded = {m._meta.db_table for m in models if getattr(m, "ON_RECORD", True)} | set(RECORDED_ELSEWHERE)
    expected = {(table, trigger) for table in recorded for trigger in EVERYWHERE}
    expected -= {(table, "nothing_is_deleted") for table in MAY_GO}
    return expected | {(m._meta.db_table, t) for m in models for t in getattr(m, "TRIGGERS", ())}


def missing_triggers(using: str = "default") -> list[tuple[str, str]]:
    """The expected triggers that are not there, that a setting could switch off (not ENABLE ALWAYS), or that bear the
    name and do not always do what it says: run under a condition, run a function that is not ours.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND pg_table_is_visible(c.oid)"
            " AND t.tgqual IS NULL"
            " AND p.proname LIKE 'claims\\_%%' AND p.pronamespace = c.relnamespace"
            " AND (t.tgname <> 'every_change_is_recorded' OR (p.proname = 'claims_record' AND t.tgtype = %s"
            " AND t.tgattr = ''::int2vector))",
            [EVERY_ROW_AFTERWARDS],
        )
        there = set(cursor.fetchall())
    return sorted(expected_triggers() - there)


def loose_functions(using: str = "default") -> list[str]:
    """Our functions that do not say where they look first: a temporary table could stand in for one of ours."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'claims\\_%%'"
            " AND pronamespace = current_schema()::regnamespace AND NOT coalesce("
            "array_to_string(proconfig, ' ') LIKE '%%search_path=pg_catalog%%', false) ORDER BY proname",
            (),
        )
        return [name for (name,) in cursor.fetchall()]


def is_migrated(using: str = "default") -> bool:
    """Whether every migration of the desk has been applied; before that its triggers are still on their way."""
    migrations = MigrationLoader(connections[using])
    return all(key in migrations.applied_migrations for key in migrations.disk_migrations if key[0] == "claims")


def broken(using: str = "default") -> list[str]:
    """What of the finished record is missing or can be got round, as sentences, whatever the database says of how far
    it is migrated.
    """
    return [trigger_is_missing(*pair) for pair in missing_triggers(using)] + [
        function_is_loose(name) for name in loose_functions(using)
    ]


def missing_now(using: str = "default") -> list[str]:
    """What of the record is missing or can be got round, as sentences, however far the database is migrated.

    On the way every table that is there is on record; the triggers of single rules are known only of the end.
    """
    if is_migrated(using):
        return broken(using)
    if RECORD_BEGINS not in MigrationRecorder(connections[using]).applied_migrations():
        return []
    there = set(connections[using].introspection.table_names())
    return [
        trigger_is_missing(table, trigger)
        for table, trigger in missing_triggers(using)
        if trigger in EVERYWHERE and table in there
    ]


def trigger_is_missing(table: str, trigger: str) -> str:
    return f"The trigger {trigger} on {table} is missing or can be switched off."


def function_is_loose(name: str) -> str:
    return f"The function {name} may be led to other tables than ours."


def more_than_needed(using: str = "default") -> list[str]:
    """What the running role can do with the trail beyond reading it and appending to the seal; each a clause such as
    "may UPDATE claims_stream". Empty where the role has what it needs and no more, or there is no trail yet.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        is_superuser, makes_roles = cursor.fetchone()
        if is_superuser:
            return ["is a superuser"]
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.oid IN (SELECT to_regclass(t) FROM unnest(%s::text[]) t)"
            " AND pg_has_role(c.relowner, 'MEMBER') ORDER BY c.relname",
            [[*READ_ONLY, *APPEND_ONLY]],
        )
        owned = [name for (name,) in cursor.fetchall()]
        found = [f"owns {', '.join(owned)}"] if owned else _rights(cursor)
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND pg_has_role(oid, 'MEMBER')", [list(POWERS)]
        )
        found += [f"is a member of {name}" for (name,) in cursor.fetchall()]
    return found + (["may make roles"] if makes_roles else [])


def _rights(cursor: Any) -> list[str]:
    wanted = [(table, right) for table in READ_ONLY for right in ("INSERT", *CHANGES)]
    wanted += [(table, right) for table in APPEND_ONLY for right in CHANGES]
    cursor.execute(
        "SELECT t, string_agg(r, ', ' ORDER BY n) FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS w (t, r, n)"
        " WHERE CASE WHEN to_regclass(t) IS NULL THEN false WHEN r IN ('INSERT', 'UPDATE')"
        " THEN has_any_column_privilege(to_regclass(t), r) ELSE has_table_privilege(to_regclass(t), r) END"
        " GROUP BY t ORDER BY t",
        [[table for table, _ in wanted], [right for _, right in wanted]],
    )
    found = [f"may {rights} {table}" for table, rights in cursor.fetchall()]
    cursor.execute(
        "SELECT proname FROM pg_proc WHERE proname LIKE 'claims\\_%%' AND prosecdef"
        " AND pronamespace = current_schema()::regnamespace AND has_function_privilege(oid, 'EXECUTE') ORDER BY 1",
        (),
    )
    found += [f"may EXECUTE {name}" for (name,) in cursor.fetchall()]
    cursor.execute("SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')")
    schema, may_create = cursor.fetchone()
    return found + ([f"may CREATE in the schema {schema}"] if may_create else [])
