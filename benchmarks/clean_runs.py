"""No false alarm: a thousand random desks at work, each verified while it works and afterwards.

    python -m benchmarks.clean_runs [RUNS] [FIRST_SEED]

Every run has a database, keys and a signer's memory of its own. Two people work at once, in an order that the seed
decides (erasures, key rotation, changed roles and work around the desk included), each sealing now and then, while a
third verifies; at the end all is verified with every checkpoint that was kept. Exit status 1 where anything is found.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.scratch import desk, machine, say


def main(runs: int, first: int) -> int:
    with desk(durable=False):
        from django.db import connection

        connection.close()
        wrong, begun, events = 0, time.monotonic(), 0
        for seed in range(first, first + runs):
            findings, count = run(seed)
            events += count
            wrong += bool(findings)
            for finding in findings:
                say(f"seed {seed}: {finding}")
            if (seed - first + 1) % 50 == 0:
                say(
                    f"{seed - first + 1} runs, {events} events, {wrong} with an alarm, {time.monotonic() - begun:.0f} s"
                )
    say(f"{runs} runs, {events} events, {wrong} with an alarm; {machine()}")
    return 1 if wrong else 0


def run(seed: int) -> tuple[list[str], int]:
    """One desk's story: what was found, and how many events there were."""
    from django.conf import settings
    from django.db import connection

    from claims.actions import sealing
    from claims.models import Leaf
    from claims.proofs import signing

    home, name = str(connection.settings_dict["NAME"]), f"run_{seed}"
    with tempfile.TemporaryDirectory() as folder:
        settings.AUDIT_DIR = Path(folder)
        own = signing.Signer(settings.AUDIT_DIR, settings.AUDIT_ORIGIN)
        sealing.signer_in = lambda _: own
        administrate(f'CREATE DATABASE {name} TEMPLATE "{home}"')
        connection.settings_dict["NAME"] = name
        try:
            found = story(seed)
            return found, Leaf.objects.count()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = home
            administrate(f"DROP DATABASE {name}")


def administrate(statement: str) -> None:
    """As the owner, from the database that is always there."""
    import psycopg
    from django.conf import settings

    owner = settings.DATABASE_OWNER
    where = {"user": owner["USER"], "host": owner["HOST"] or owner["OPTIONS"].get("host"), "dbname": "postgres"}
    with psycopg.connect(**where, autocommit=True) as link:
        link.execute(statement)


def story(seed: int) -> list[str]:
    from django.db import connection

    from claims.choices import Role
    from tests import build, stories

    for role in Role:  # people come first, so that two do not add the same one
        build.the(role)
    build.article()
    dice = random.Random(seed)
    workers = [stories.Story(seed), stories.Story(-seed - 1)]
    errors: list[str] = []

    def works(worker: stories.Story) -> None:
        try:
            worker.go_on(dice.randint(5, 9))
            worker.seals()
        except Exception as error:  # it is judged below
            errors.append(f"{type(error).__name__}: {error}; after {worker.did}")
        finally:
            connection.close()

    threads = [threading.Thread(target=works, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    found = []
    while any(thread.is_alive() for thread in threads):
        kept = [anchor for worker in workers for anchor in list(worker.anchors)]
        found += [f"at work: {f}" for f in stories.found(*kept)]
        time.sleep(dice.random() / 4)
    for thread in threads:
        thread.join()
    kept = [anchor for worker in workers for anchor in worker.anchors]
    found += [str(f) for f in stories.found(*kept)]
    found += [f"since: {f}" for f in stories.found(*kept, since=dice.choice(kept).size)]
    return errors + [f"{f}; after {[worker.did for worker in workers]}" for f in found]


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(given[0] if given else 1_000, given[1] if len(given) > 1 else 0))
