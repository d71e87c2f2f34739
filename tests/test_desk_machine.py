"""The rules of the desk hold whatever people do: a few random runs of the machine that benchmarks/desk_machine.py lets
run for thousands.
"""

from __future__ import annotations

import hypothesis
from django.test import TestCase
from hypothesis.stateful import run_state_machine_as_test

from tests.desk_machine import SETTINGS, DeskMachine, prepare

# Without these, whatever else was done, the rules of the desk have not been tried.
MATTERS = ("judge", "adjudicate", "return_to_research", "sign off", "publish", "correct", "reopen", "discuss")
COME_TO = ("decided", "disputed")


class RandomRuns(TestCase):
    def test_the_rules_hold_whatever_people_do(self) -> None:
        prepare()
        given = hypothesis.settings(SETTINGS, max_examples=6)
        for seed in range(4):
            run_state_machine_as_test(hypothesis.seed(seed)(DeskMachine), settings=given)
            did, came_to = DeskMachine.did, DeskMachine.came_to
            missing = [act for act in MATTERS if not did[act]] + [state for state in COME_TO if not came_to[state]]
            if not missing:
                break
        self.assertEqual(missing, [], did)
