"""The suite's runner: Django's, with the two roles of the database and one plain last line that counts what passed.

Databases are made, migrated, cloned and removed as the owner. The tests run on connections that log in as the owner and
assume the application's role, so that each has the application's rights and no other; `tests.transactional.as_owner`
puts the role down. Without DATABASE_OWNER_URL there is one role, and the tests of the roles are skipped.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.test.runner import DiscoverRunner

from factcheck.database import CREDENTIALS


class DeskRunner(DiscoverRunner):
    """Prints `N passed, N failed, N skipped` last, whatever the verbosity."""

    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        # Never the keys of a desk that is at work, whatever the environment says; nor in a process that a test starts.
        self.audit_dir = tempfile.mkdtemp(prefix="factcheck-audit-", dir=_existing(settings.AUDIT_DIR))
        settings.AUDIT_DIR, settings.AUDIT_PLACES = Path(self.audit_dir), []
        os.environ.update(AUDIT_DIR=self.audit_dir, AUDIT_PLACES="")
        # Tests call more often than programs may; what these rates do is tested with rates of its own.
        settings.API_TOKEN_RATE = settings.API_ADDRESS_RATE = None

    def teardown_test_environment(self, **kwargs: Any) -> None:
        shutil.rmtree(self.audit_dir, ignore_errors=True)
        super().teardown_test_environment(**kwargs)

    def setup_databases(self, **kwargs: Any) -> Any:
        # What all threads' connections are made from; nothing is connected yet.
        shared, owner = settings.DATABASES["default"], settings.DATABASE_OWNER
        if owner is not None:
            shared.update({key: owner.get(key, "") for key in CREDENTIALS}, OPTIONS=dict(owner["OPTIONS"]))
        made = super().setup_databases(**kwargs)
        if owner is not None:
            shared["OPTIONS"]["assume_role"] = settings.DATABASE_ROLE
            connections.close_all()
        return made

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        if settings.DATABASE_OWNER is not None:
            del settings.DATABASES["default"]["OPTIONS"]["assume_role"]
            connections.close_all()
        super().teardown_databases(old_config, **kwargs)

    def suite_result(self, suite: Any, result: unittest.TestResult, **kwargs: Any) -> int:
        # A test whose subtests fail counts once.
        broken = [test for test, _ in (*result.failures, *result.errors)] + result.unexpectedSuccesses
        failed = len({getattr(test, "test_case", test).id() for test in broken})
        skipped = len(result.skipped)
        print(f"{max(result.testsRun - failed - skipped, 0)} passed, {failed} failed, {skipped} skipped")
        return super().suite_result(suite, result, **kwargs)


def _existing(folder: Path | None) -> Path | None:
    """Where a temporary folder is made: beside a private server's data, which go with it, else where they all are."""
    return folder if folder is not None and folder.is_dir() else None
