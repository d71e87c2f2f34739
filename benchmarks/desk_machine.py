"""The rules of the desk hold whatever people do: thousands of random runs of tests/desk_machine.py.

    python -m benchmarks.desk_machine [RUNS] [SEED]

A run is one desk: up to fifty calls of the machine's rules, several steps each, everything worked out anew after every
step. A run that breaks something is made as short as it can be, printed, and ends the whole with exit status 1.
"""

from __future__ import annotations

import sys
import time

from benchmarks.scratch import desk, machine, say

CALLS = 50  # of rules, in a run


def main(runs: int, seed: int) -> int:
    with desk(durable=False):
        import hypothesis
        from hypothesis.stateful import run_state_machine_as_test

        from tests.desk_machine import DeskMachine, prepare

        prepare()
        given = hypothesis.settings(
            max_examples=runs, stateful_step_count=CALLS, database=None, deadline=None, print_blob=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        begun, broken = time.monotonic(), ""
        try:
            run_state_machine_as_test(hypothesis.seed(seed)(DeskMachine), settings=given)
        except AssertionError as error:
            broken = f"{error}\n" + "\n".join(getattr(error, "__notes__", ()))
        done = DeskMachine.did
        taken = {act: count for act, count in sorted(done.items()) if act != "runs"}
        refused = sum(count for act, count in taken.items() if act.endswith(" refused"))
        say(f"{done['runs']} runs, {sum(taken.values())} steps, {refused} of them refused, "
            f"{time.monotonic() - begun:.0f} s; {machine()}")  # fmt: skip
        say(", ".join(f"{act} {count}" for act, count in taken.items()))
        say(broken or "Nothing was broken.")
    return 1 if broken else 0


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(numbers[0] if numbers else 1_000, numbers[1] if len(numbers) > 1 else 0))
