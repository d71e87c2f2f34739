"""The rules of the desk hold whatever people do: thousands of random runs of tests/desk_machine.py.

    python -m benchmarks.desk_machine [RUNS] [FIRST_SEED] [--minutes N]

A run is one desk: forty steps, everything worked out anew after every step. Ten runs share a seed, and are told of when
they are done; with RUNS 10 and that seed they are made again. Where a run breaks something its story is printed; the
next seed goes on, and the whole ends with exit status 1.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.scratch import desk, machine, say

TOGETHER = 10  # runs of one seed


def main(runs: int, first_seed: int, minutes: float) -> int:
    with desk(durable=False):
        from tests.desk_machine import DeskMachine, make_runs, prepare

        prepare()
        begun, broken = time.monotonic(), 0
        for seed in range(first_seed, first_seed + -(-runs // TOGETHER)):
            try:
                make_runs(seed, TOGETHER)
            except AssertionError as error:
                broken += 1
                say(f"Seed {seed}: {error}", *getattr(error, "__notes__", ()), sep="\n")
            seconds = time.monotonic() - begun
            say(f"seed {seed}: {DeskMachine.did['runs']} runs so far, {seconds:.0f} s, broken: {broken}")
            if seconds > 60 * minutes:
                break
        taken = {act: count for act, count in sorted(DeskMachine.did.items()) if act != "runs"}
        refused = sum(count for act, count in taken.items() if act.endswith(" refused"))
        say(f"{DeskMachine.did['runs']} runs, {sum(taken.values())} steps, {refused} of them refused, {seconds:.0f} s; "
            f"{machine()}")  # fmt: skip
        say(", ".join(f"{act} {count}" for act, count in taken.items()))
        say("Claims came to be", ", ".join(f"{state} {count}" for state, count in DeskMachine.came_to.most_common()))
        say(f"{broken} seeds broke something." if broken else "Nothing was broken.")
    return 1 if broken else 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("runs", type=int, nargs="?", default=1_000)
    asked.add_argument("first_seed", type=int, nargs="?", default=0)
    asked.add_argument("--minutes", type=float, default=float("inf"), help="stop when they are over")
    sys.exit(main(**vars(asked.parse_args())))
