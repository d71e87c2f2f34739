"""The rules of the desk hold whatever people do: a few of the random runs of which benchmarks/desk_machine.py makes
thousands.
"""

from __future__ import annotations

from django.test import TestCase

from tests.desk_machine import DeskMachine, make_runs, prepare

# Where one of these was not reached, the rules of the desk have not been tried, whatever else was done.
STEPS = ("judge", "adjudicate", "return_to_research", "reopen", "recuse", "discuss", "sign off", "publish", "correct",
         "judge refused", "adjudicate refused", "sign off refused", "publish refused")  # fmt: skip
STATES = ("in_review", "disputed", "decided", "not_checkable")


class RandomRuns(TestCase):
    def test_the_rules_hold_whatever_people_do(self) -> None:
        prepare()
        make_runs(seed=8, runs=8)
        did, came_to = DeskMachine.did, DeskMachine.came_to
        self.assertEqual([step for step in STEPS if not did[step]], [], did)
        self.assertEqual([state for state in STATES if not came_to[state]], [], came_to)
