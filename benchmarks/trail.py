"""What the trail costs, against its goals.

    python -m benchmarks.trail [steps] [appends] [sealing] [verifying] [proofs] [--events N]

Without a name all are measured, on a durable PostgreSQL of its own (BENCHMARK_DIR says on which disk). N is the length
of the long trail, a million unless said otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.scratch import desk, machine, percentile, say

SHORT = 10_000  # events of the short trail
BATCH = 5_000
PART = 50_000  # events that are made at a time
ROUNDS = 5  # of verifying
WRITERS, SECONDS, WORK = 8, 10.0, 0.005  # writers, for so long, each transaction working so long, in seconds


def main() -> None:
    reader = argparse.ArgumentParser(description="Measure the trail.")
    reader.add_argument("what", nargs="*", choices=[[], *MEASURED], default=[])
    reader.add_argument("--events", type=int, default=1_000_000)
    given = reader.parse_args()
    with desk(durable=True) as environment:
        say(machine())
        for name in given.what or MEASURED:
            MEASURED[name](environment, given.events)


def steps(_environment: dict[str, str], _events: int) -> None:
    """A whole article from its text to its publication, with the trail's triggers and without."""
    from django.db import connection

    from tests import build

    def walk() -> float:
        begun = time.perf_counter()
        build.settled()
        return time.perf_counter() - begun

    def statement() -> float:
        begun = time.perf_counter()
        for n in range(200):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE claims_source SET title = %s WHERE id = %s", [f"title {n}", source.pk])
        return (time.perf_counter() - begun) / 200

    source = build.source()
    for name, measure, unit in (
        ("an article's whole way (30 actions, 8 new people)", walk, 1),
        ("one bare UPDATE", statement, 1_000),
    ):
        measure()
        taken: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(10):
            on = turn % 2 == 0
            switch(on)
            taken[on].append(measure())
        switch(True)
        with_it, without = (statistics.median(taken[on]) * unit for on in (True, False))
        say(f"(a) {name}: {with_it:.3f} with the trail, {without:.3f} without: ratio {with_it / without:.2f} (goal 2)")


def switch(on: bool) -> None:
    """The recording triggers of all tables, as the owner."""
    from django.db import connection

    from factcheck.database import as_owner

    how = "ENABLE ALWAYS" if on else "DISABLE"
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'every_change_is_recorded'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER every_change_is_recorded")


def appends(environment: dict[str, str], _events: int) -> None:
    """Eight writers whose transactions change a claim and then work for 5 ms, on one article each and all on one."""
    from tests import build

    own = [build.identified() for _ in range(WRITERS)]
    same = [own[0].pk] * WRITERS
    apart = [build.source().pk for _ in range(WRITERS)]
    for name, table, rows in (
        ("an article each, a claim", "claims_claim", [claim.pk for claim in own]),
        ("a source each", "claims_source", apart),
        ("all on one article", "claims_claim", same),
    ):
        with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
            given = [(environment["DATABASE_URL"], table, row) for row in rows]
            taken = [one for some in pool.starmap(append, given) for one in some]
        goal = " (goal: 500/s, p95 25 ms)" if "each" in name else ""
        say(
            f"(b) {WRITERS} writers, {name}: {len(taken) / SECONDS:.0f} appends/s, "
            f"p50 {percentile(taken, 50) * 1000:.1f} ms, p95 {percentile(taken, 95) * 1000:.1f} ms{goal}"
        )


def append(url: str, table: str, row: int) -> list[float]:
    """One writer: how long each of its transactions took."""
    import psycopg

    column = "headline" if table == "claims_claim" else "title"
    taken = []
    with psycopg.connect(url) as link:
        link.execute(f"UPDATE {table} SET {column} = 'warm' WHERE id = %s", [row])
        link.commit()
        end = time.monotonic() + SECONDS
        turn = 0
        while time.monotonic() < end:
            turn += 1
            begun = time.perf_counter()
            link.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [f"words {turn}", row])
            time.sleep(WORK)
            link.commit()
            taken.append(time.perf_counter() - begun)
    return taken


def fill(until: int) -> None:
    """Bring the trail to so many events by the triggers themselves, as an article's whole way does: six in ten are new
    rows; the others are changes of a few of these again and again, of a date or of a text; 0.8 openings an event.
    """
    from django.db import connection

    from claims.choices import Role
    from claims.models import AuditEvent
    from factcheck.database import as_owner
    from tests import build

    author = build.the(Role.RESEARCHER).pk
    while (missing := until - AuditEvent.objects.count()) > 0:
        new = min(PART, missing) * 6 // 10 or missing
        changes = min(PART, missing) - new
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO claims_source (title, publisher, author, url, archived_url, kind, tier, affiliation,"
                " sha256, confidential, created_by_id, accessed_at, created_at, updated_at)"
                " SELECT 'Minutes of the council, sheet ' || g, '', '', '', '', 'document', 'primary', '', '', false,"
                " %s, now(), now(), now() FROM generate_series(1, %s) g RETURNING id",
                [author, new],
            )
            first, turn = cursor.fetchone()[0], 0
            while changes > 0:
                some, turn = min(changes, new // 20 or 1), turn + 1
                what = ("accessed_at = accessed_at + interval '1 day'", "title = title || '.'")[turn % 2]
                cursor.execute(f"UPDATE claims_source SET {what} WHERE id >= %s AND id < %s", [first, first + some])
                changes -= some


def seal_one_batch() -> float:
    from claims.actions import sealing

    begun = time.perf_counter()
    sealing.seal()
    return time.perf_counter() - begun


def long_trail(events: int, told: list[str]) -> None:
    """So many events, sealed; says what a batch cost when the trail was short, and costs now."""
    from django.db import connection

    from claims.actions import sealing
    from claims.models import Leaf
    from factcheck.database import as_owner

    if Leaf.objects.size() >= events:
        return
    took = {}
    for size in (SHORT, events):
        fill(size)
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        sealing.seal()
        batches = []
        for _ in range(3):
            fill(Leaf.objects.size() + BATCH)
            batches.append(seal_one_batch())
        took[size] = statistics.median(batches)
    told.append(
        f"(c) sealing {BATCH} events: {took[SHORT] * 1000:.0f} ms after {SHORT} events, {took[events] * 1000:.0f} ms"
        f" after {events}: ratio {took[events] / took[SHORT]:.2f} (goal 1)"
    )
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def sealing(_environment: dict[str, str], events: int) -> None:
    told: list[str] = []
    real_signer()
    long_trail(events, told)
    for line in told:
        say(line)


def real_signer() -> None:
    """With the memory that the tests leave out."""
    from django.conf import settings

    from claims.actions import sealing as actions
    from claims.proofs import signing
    from tests import build  # noqa: F401 - it puts the forgetful one in place

    own = signing.Signer(settings.AUDIT_DIR, settings.AUDIT_ORIGIN)
    actions.signer_in = lambda _: own


def verifying(_environment: dict[str, str], events: int) -> None:
    """verify_audit against reading the bytes of all events through a cursor and hashing each once, in turns.

    The cursor is as it comes, and once more in binary, which is the quickest that Python can read them.
    """
    from django.db import transaction

    from claims.models import AuditEvent
    from claims.trail.verification import verify

    real_signer()
    long_trail(events, [])
    took: dict[str, list[float]] = {"as it comes": [], "in binary": [], "verify_audit": []}
    phases = Phases()
    for _ in range(ROUNDS):
        for how in ("as it comes", "in binary"):
            with transaction.atomic():
                begun = time.perf_counter()
                read_and_hash(binary=how == "in binary")
                took[how].append(time.perf_counter() - begun)
        with phases.told():
            begun = time.perf_counter()
            report = verify(progress=phases.progress)
            took["verify_audit"].append(time.perf_counter() - begun)
        if report.findings:
            say("    FOUND:", *map(str, report.findings[:5]))
    whole = took.pop("verify_audit")
    say(f"(d) {AuditEvent.objects.count()} events: verify_audit {listed(whole)} s; most memory {peak():.0f} MB")
    for how, base in took.items():
        ratios = [one / other for one, other in zip(whole, base, strict=True)]
        say(f"    read {how} and hashed: {listed(base)} s; ratio {statistics.median(ratios):.2f} (goal 3)")
    for what, seconds in phases.longest():
        say(f"    {what}: {seconds:.2f} s")


def read_and_hash(*, binary: bool) -> None:
    from django.db import connection

    with connection.connection.cursor("every_event") as cursor:
        cursor.itersize = 4_096
        cursor.execute("SELECT bytes FROM claims_auditevent ORDER BY seq", binary=binary)
        for (data,) in cursor:
            hashlib.sha256(b"\x00" + data).digest()


def listed(seconds: list[float]) -> str:
    """The median of them, and all."""
    return f"{statistics.median(seconds):.1f} ({', '.join(f'{one:.1f}' for one in seconds)})"


class Phases:
    """How long each comparison took on its connection, and the tree."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {}
        self.tree = [0.0, 0.0]

    def progress(self, what: str, _count: int) -> None:
        if what == "events":
            self.tree[1] = time.perf_counter()

    @contextmanager
    def told(self) -> Iterator[None]:
        from claims.trail import verification

        def timed(title: str, compare: Callable[[], list[Any]]) -> list[Any]:
            begun = time.perf_counter()
            found = compare()
            self.took.setdefault(title, []).append(time.perf_counter() - begun)
            return found

        real = verification.comparisons
        verification.comparisons = lambda since: ((t, partial(timed, t, compare)) for t, compare in real(since))
        self.tree[0] = time.perf_counter()
        try:
            yield
        finally:
            verification.comparisons = real
            self.took.setdefault("the tree", []).append(self.tree[1] - self.tree[0])

    def longest(self) -> list[tuple[str, float]]:
        """Those of a tenth of a second and more, as their medians."""
        medians = {what: statistics.median(seconds) for what, seconds in self.took.items()}
        return sorted(((w, s) for w, s in medians.items() if s >= 0.1), key=lambda item: -item[1])


def peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def proofs(_environment: dict[str, str], events: int) -> None:
    """The proof bundles of events all over the trail."""
    import random

    from claims.models import AuditEvent, Leaf
    from claims.trail.proofs import bundle

    real_signer()
    long_trail(events, [])
    dice, size, taken, lengths = random.Random(1), Leaf.objects.size(), [], []
    for _ in range(300):
        event = AuditEvent.objects.get(leaf__index=dice.randrange(size))
        begun = time.perf_counter()
        made = bundle(event, event.openings.all())
        taken.append(time.perf_counter() - begun)
        lengths.append(len(made))
    say(
        f"(e) a proof bundle out of {size} events: p50 {percentile(taken, 50) * 1000:.1f} ms, "
        f"p95 {percentile(taken, 95) * 1000:.1f} ms, {max(lengths)} bytes at most"
    )


MEASURED: dict[str, Callable[[dict[str, str], int], None]] = {
    "steps": steps, "appends": appends, "sealing": sealing, "verifying": verifying, "proofs": proofs,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
