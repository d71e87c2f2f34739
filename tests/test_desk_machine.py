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
        did, came_to = DeskMachine.did, DeskMachine.came_to
        for seed in range(8, 12):  # one is enough, until something else is decided by the same dice
            make_runs(seed=seed, runs=8)
            missing = [step for step in STEPS if not did[step]] + [state for state in STATES if not came_to[state]]
            if not missing:
                break
        self.assertEqual(missing, [], did)
