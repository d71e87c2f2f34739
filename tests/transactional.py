"""Tests that commit for real: several connections at once, a live server.

Django empties the database between such tests with TRUNCATE, which the desk's tables refuse. Here, and nowhere else,
those triggers are put aside for that moment; roles, permissions and the rating scale stay.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.db import connection
from django.test import TransactionTestCase

KEPT = {"claims_rating", "claims_ratingscale"}


def history_tables() -> list[str]:
    """The tables of the desk that a test may fill, joining tables included."""
    models = [m for m in apps.get_app_config("claims").get_models(include_auto_created=True)]
    return sorted({m._meta.db_table for m in models} - KEPT)


class _EmptiedAfterwards:
    def _fixture_teardown(self) -> None:
        tables = history_tables()
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER nothing_is_truncated")
            cursor.execute(
                f"TRUNCATE {', '.join([*tables, Session._meta.db_table, LogEntry._meta.db_table])} RESTART IDENTITY"
            )
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER nothing_is_truncated")


class RealTransactions(_EmptiedAfterwards, TransactionTestCase):
    """For several connections at once."""


class LiveDesk(_EmptiedAfterwards, StaticLiveServerTestCase):
    """For a real browser or client."""
