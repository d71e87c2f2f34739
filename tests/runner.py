"""The suite's runner: Django's, closing with one plain line that counts what passed."""

from __future__ import annotations

import unittest
from typing import Any

from django.test.runner import DiscoverRunner


class DeskRunner(DiscoverRunner):
    """Prints `N passed, N failed, N skipped` last, whatever the verbosity."""

    def suite_result(self, suite: Any, result: unittest.TestResult, **kwargs: Any) -> int:
        failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
        skipped = len(result.skipped)
        print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
        return super().suite_result(suite, result, **kwargs)
