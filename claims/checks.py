"""System checks: what must be true of the database and of the settings before the desk works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

RECORDED_ELSEWHERE = ("auth_group", "auth_group_permissions")
EVERYWHERE = ("every_change_is_recorded", "nothing_is_truncated")
# Of these a row may go: who is in which role, and what a role may do. The trail keeps that it went.
MAY_GO = (
    "auth_group",
    "auth_group_permissions",
    "claims_person_groups",
    "claims_person_user_permissions",
)


def expected_triggers() -> set[tuple[str, str]]:
    """Every (table, trigger) that must be there: those of all tables, and each model's own TRIGGERS."""
    expected: set[tuple[str, str]] = set()
    models = list(apps.get_app_config("claims").get_models(include_auto_created=True))
    for table in [*(m._meta.db_table for m in models), *RECORDED_ELSEWHERE]:
        if table != "claims_auditevent":
            expected |= {(table, trigger) for trigger in EVERYWHERE}
        if table not in MAY_GO:
            expected |= {(table, "nothing_is_deleted")}
    for model in models:
        expected |= {(model._meta.db_table, trigger) for trigger in getattr(model, "TRIGGERS", ())}
    return expected | {("claims_auditevent", "nothing_is_truncated")}


def missing_triggers(using: str = "default") -> list[tuple[str, str]]:
    """The expected triggers that are not there, or that a setting could switch off (not ENABLE ALWAYS)."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND pg_table_is_visible(c.oid)"
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


def the_record_is_complete(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Says which trigger of the record or of a rule is missing. Runs with `migrate` and `check --database default`."""
    found: list[CheckMessage] = []
    for using in databases or ():
        with connections[using].cursor() as cursor:
            # Before the last migration the tables are still on their way.
            cursor.execute("SELECT to_regclass('claims_auditevent') IS NOT NULL AND to_regclass('django_migrations') "
                           "IS NOT NULL")  # fmt: skip
            if not cursor.fetchone()[0]:
                continue
            cursor.execute("SELECT 1 FROM django_migrations WHERE app = 'claims' AND name = '0003_rules'")
            if cursor.fetchone() is None:
                continue
        found += [
            Error(
                f"The trigger {trigger} on {table} is missing or can be switched off.",
                hint="Somebody changed the database around the migrations: restore the trigger as ENABLE ALWAYS.",
                id="claims.E001",
            )
            for table, trigger in missing_triggers(using)
        ]
        found += [
            Error(
                f"The function {name} may be led to other tables than ours.",
                hint=f"Run: ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
                id="claims.E003",
            )
            for name in loose_functions(using)
        ]
    return found


def production_says_who_it_is(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A deployed desk has a database of its own and a public address over TLS."""
    found: list[CheckMessage] = []
    if not settings.DATABASE_URL:
        found.append(Error("DATABASE_URL is not set.", hint="Set it to the desk's PostgreSQL.", id="claims.E002"))
    if not settings.SITE_URL.startswith("https://"):
        found.append(
            Warning("SITE_URL is not an https address.", hint="Readers and search engines need one.", id="claims.W001")
        )
    return found
