"""kill -9, a few times, and the control that shows that the check can fail. A hundred: python -m benchmarks.kills."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from django.test import SimpleTestCase

HOME = Path(__file__).parent.parent


@unittest.skipUnless(Path("/proc/self/stat").exists(), "the processes of a server are found in /proc")
class Kills(SimpleTestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_half(self) -> None:
        """On a private, durable PostgreSQL; writers, the sealer and the server are killed."""
        environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "AUDIT_DIR")}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.kills", "3", "--writers", "3", "--seed", "2"]
        done = subprocess.run([*command, "--control", "9"], cwd=HOME, env=environment, capture_output=True, text=True,
                              timeout=180, check=False)  # fmt: skip
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertRegex(said, r"3 kills \{.*'postgres': 1.*\}: [1-9]\d* steps acknowledged, 0 things wrong")
        self.assertRegex(said.partition("apart:")[2], r", [1-9]\d* things wrong")
