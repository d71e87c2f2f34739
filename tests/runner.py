"""The suite's runner: Django's, closing with one plain line that counts what passed."""

from __future__ import annotations

import unittest
from typing import Any

from django.test.runner import DiscoverRunner


class DeskRunner(DiscoverRunner):
    """Prints `N passed, N failed, N skipped` last, whatever the verbosity."""

    def suite_result(self, suite: Any, result: unittest.TestResult, **kwargs: Any) -> int:
        # A test whose subtests fail counts once.
        broken = [test for test, _ in (*result.failures, *result.errors)] + result.unexpectedSuccesses
        failed = len({getattr(test, "test_case", test).id() for test in broken})
        skipped = len(result.skipped)
        print(f"{max(result.testsRun - failed - skipped, 0)} passed, {failed} failed, {skipped} skipped")
        return super().suite_result(suite, result, **kwargs)
