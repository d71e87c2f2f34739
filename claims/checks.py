"""System checks: what must be true of the database and of the settings before the desk works."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError

from claims.trail.guards import (
    expected_triggers,
    function_is_loose,
    is_migrated,
    loose_functions,
    missing_now,
    missing_triggers,
    more_than_needed,
    trigger_is_missing,
)
from factcheck.database import is_owner

__all__ = ("expected_triggers", "is_migrated", "loose_functions", "missing_now", "missing_triggers", "more_than_needed")
logger = logging.getLogger(__name__)


def incomplete(using: str = "default") -> list[CheckMessage]:
    """What of the record is missing or can be got round, in a database that is migrated to the end; else nothing."""
    if not is_migrated(using):
        return []
    triggers = [
        Error(
            trigger_is_missing(table, trigger),
            hint="Somebody changed the database around the migrations: restore the trigger as ENABLE ALWAYS.",
            id="claims.E001",
        )
        for table, trigger in missing_triggers(using)
    ]
    functions = [
        Error(
            function_is_loose(name),
            hint=f"Run: ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp",
            id="claims.E003",
        )
        for name in loose_functions(using)
    ]
    return [*triggers, *functions]


def the_record_is_complete(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Says which trigger of the record or of a rule is missing. Runs with `migrate` and `check --database default`."""
    return [message for using in databases or () for message in incomplete(using)]


def refuse_to_start() -> None:
    """At start-up: raises ImproperlyConfigured where a migrated database has lost a trigger of the record or of a rule.

    A database that does not answer yet is no reason not to start; it is logged.
    """
    try:
        found = incomplete()
    except DatabaseError as error:
        logger.error("Whether the record is complete could not be checked at start-up: %s", error)
        return
    if found:
        raise ImproperlyConfigured(
            " ".join(message.msg for message in found)
            + " The desk does not run without it: restore it, and verify the trail (docs/deployment.md)."
        )


def the_role_does_what_it_needs(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Says when the running role could write the trail around its triggers. The owner's own work is not asked."""
    return [
        Warning(
            f"The role of the application can do more with the trail than it needs: it {'; it '.join(found)}.",
            hint="Set DATABASE_OWNER_URL and run migrate (docs/deployment.md).",
            id="claims.W002",
        )
        for using in databases or ()
        if not is_owner() and is_migrated(using) and (found := more_than_needed(using))
    ]


def the_trail_is_sealed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A deployed desk seals its trail, and what it signed is kept by others too."""
    found: list[CheckMessage] = []
    if settings.AUDIT_DIR is None:
        found.append(
            Warning(
                "AUDIT_DIR is not set: nothing is sealed by this process.",
                hint="Set it to a folder outside the database for the signing keys (docs/deployment.md).",
                id="claims.W003",
            )
        )
    if len(set(settings.AUDIT_PLACES)) < 2:
        found.append(
            Warning(
                "Checkpoints are sent to fewer than two places: who has none cannot tell that history was changed.",
                hint="Name at least two in AUDIT_PLACES, one of them out of the reach of whoever runs the database.",
                id="claims.W004",
            )
        )
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
