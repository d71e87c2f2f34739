"""The commands of docs/api.md do what it says, one after the other, against a desk that runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unittest

from claims.actions import desk
from claims.choices import Role, Scope
from tests import build
from tests.test_api_desk import COPY
from tests.transactional import LiveDesk

GUIDE = COPY.with_name("api.md")


class Guide(LiveDesk):
    @unittest.skipUnless(shutil.which("curl") or os.environ.get("FACTCHECK_REQUIRE_ALL"), "There is no curl here.")
    def test_its_commands_run(self) -> None:
        person = build.person(Role.RESEARCHER)
        token = desk.issue_token(person=person, by=None, scopes=[Scope.READ, Scope.RESEARCH])[1]
        commands = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(commands), 5)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(commands)], capture_output=True, text=True, check=False,
            env=os.environ | {"DESK": f"{self.live_server_url}/api/v1", "TOKEN": token},
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
