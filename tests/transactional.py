"""Tests that commit for real (several connections at once, a live server), and what is done as the owner.

Django empties the database between such tests with TRUNCATE, which the desk's tables refuse. Here, and nowhere else,
those triggers are put aside for that moment; roles, permissions and the rating scale stay.
"""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.db import connection
from django.test import TransactionTestCase

from factcheck import database

KEPT = {"claims_rating", "claims_ratingscale"}


@contextmanager
def as_owner() -> Iterator[None]:
    """Inside, the test's connection has the owner's rights (ALTER TABLE, DISABLE TRIGGER, the trail's tables).

    Works within a TestCase's transaction, where an error inside takes back what was done inside; and without, where
    each statement stands for itself. With one role for everything it changes nothing.
    """
    with database.as_owner():
        yield


def with_two_roles(test: Callable[..., Any] | type) -> Any:
    """Skips the test where DATABASE_OWNER_URL is not set; where nothing may be skipped, the test fails by itself."""
    missing = settings.DATABASE_OWNER is None and os.environ.get("FACTCHECK_REQUIRE_ALL") != "1"
    return unittest.skipIf(missing, "DATABASE_OWNER_URL is not set: there is one role")(test)


def history_tables() -> list[str]:
    """The tables of the desk that a test may fill, joining tables and the trail included."""
    models = [m for m in apps.get_app_config("claims").get_models(include_auto_created=True)]
    return sorted({m._meta.db_table for m in models} - KEPT)


class _EmptiedAfterwards:
    def _fixture_teardown(self) -> None:
        tables = [*history_tables(), Session._meta.db_table, LogEntry._meta.db_table]
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgrelid::regclass::text FROM pg_trigger"
                " WHERE tgname = 'nothing_is_truncated' AND tgrelid = ANY (%s::regclass[])",
                [tables],
            )
            guarded = [table for (table,) in cursor.fetchall()]
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER nothing_is_truncated")
            cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER nothing_is_truncated")


class RealTransactions(_EmptiedAfterwards, TransactionTestCase):
    """For several connections at once."""


class LiveDesk(_EmptiedAfterwards, StaticLiveServerTestCase):
    """For a real browser or client."""
