"""What it costs to find earlier decisions on similar claims, and to keep the words by which they are found.

    python -m benchmarks.precedents [--sizes 10000,100000,1000000]

The claims are made up: eight to twenty words, drawn as words of a language are (Zipf). They are loaded with the
triggers put aside; their words by the desk's own procedure, in one go.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from benchmarks.scratch import desk, machine, percentile, say

VOCABULARY = 200_000
COMMON, RARE = (1, 40), (2_000, 20_000)  # ranks of the words that are asked for
ASKED = 200


def main() -> None:
    reader = argparse.ArgumentParser(description="Measure the finding of precedents.")
    reader.add_argument("--sizes", default="10000,100000")
    sizes = [int(size) for size in reader.parse_args().sizes.split(",")]
    with desk(durable=True):
        say(machine())
        writing()
        say("| claims | look-up of | p50 | p95 | most |")
        say("|---|---|---|---|---|")
        for size in sizes:
            fill(size)
            looking_up(size)


def writing() -> None:
    """One claim written in SQL, with its words kept and without, in turns; and a whole claim by the action."""
    from django.db import connection, transaction

    from claims.models import Claim
    from factcheck.database import as_owner
    from tests import build

    on = build.article(language="en")
    build.identified(on)
    columns = ", ".join(
        f.column for f in Claim._meta.concrete_fields if f.name not in ("id", "number", "code", "statement")
    )
    taken: dict[bool, list[float]] = {True: [], False: []}
    by_action: dict[bool, list[float]] = {True: [], False: []}
    number = 1_000
    for turn in range(12):
        kept = turn % 2 == 0
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE claims_claim {'ENABLE ALWAYS' if kept else 'DISABLE'} TRIGGER precedents_are_kept"
            )
        for _ in range(50):
            number += 1
            begun = time.perf_counter()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO claims_claim (number, code, statement, {columns})"
                    f" SELECT %s, %s, %s, {columns} FROM claims_claim ORDER BY id LIMIT 1",
                    [
                        number,
                        f"C{number}",
                        f"The minister said in {number} that the harbour of the old town had been closed.",
                    ],
                )
            taken[kept].append(time.perf_counter() - begun)
        for _ in range(5):
            begun = time.perf_counter()
            build.identified(on)
            by_action[kept].append(time.perf_counter() - begun)
    for name, times in (("one INSERT of a claim", taken), ("a claim written by its action", by_action)):
        with_it, without = (statistics.median(times[kept]) * 1000 for kept in (True, False))
        say(f"{name}: {with_it:.2f} ms with its words kept, {without:.2f} ms without: ratio {with_it / without:.2f}")


def fill(until: int) -> None:
    """Bring the desk to so many claims."""
    from django.db import connection

    from claims.models import Claim
    from factcheck.database import as_owner
    from tests import build

    claim = Claim.objects.order_by("pk").first() or build.identified()
    columns = ", ".join(
        f.column for f in Claim._meta.concrete_fields if f.name not in ("id", "number", "code", "statement", "headline")
    )
    missing = until - Claim.objects.count()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE claims_claim DISABLE TRIGGER USER")
        cursor.execute(
            f"INSERT INTO claims_claim (number, code, statement, headline, {columns})"
            # Zipf: a word's rank is the vocabulary's size to the power of chance.
            " SELECT 1000000 + m + g, 'Z' || (m + g),"
            "  (SELECT string_agg('w' || floor(power(%s, random()))::int || 'x', ' ')"
            "   FROM generate_series(1, 8 + (g %% 13)) k WHERE g > 0), '', " + columns + " FROM claims_claim,"
            " (SELECT coalesce(max(number), 0) AS m FROM claims_claim) n, generate_series(1, %s) g"
            " WHERE id = %s",
            [VOCABULARY, missing, claim.pk],
        )
        cursor.execute("ALTER TABLE claims_claim ENABLE TRIGGER USER")
        begun = time.perf_counter()
        cursor.execute("CALL claims_post_every_claim()")
        say(f"the words of {missing} claims, in one go: {time.perf_counter() - begun:.1f} s")
        cursor.execute("VACUUM ANALYZE claims_posting")
        cursor.execute("VACUUM ANALYZE claims_claim")
        cursor.execute("SELECT pg_size_pretty(pg_total_relation_size('claims_posting')), count(*) FROM claims_posting")
        say("postings: {}, {}".format(*cursor.fetchone()))


def looking_up(size: int) -> None:
    """`similar` and all it reads: with the words of a claim that is there, with rare words, with common ones."""
    from claims.choices import Role
    from claims.models import Claim
    from claims.precedents import similar
    from tests import build

    dice, person = random.Random(7), build.the(Role.EDITOR)
    person.get_all_permissions()
    last = Claim.objects.order_by("-pk").values_list("pk", flat=True)[0]

    def there() -> str:
        found = Claim.objects.filter(pk__lte=dice.randint(1, last)).order_by("-pk").first()
        return found.statement if found else ""

    def words(ranks: tuple[int, int], count: int) -> str:
        return " ".join(f"w{dice.randint(*ranks)}x" for _ in range(count))

    kinds = {
        "the words of a claim that is there": there,
        "12 rare words": lambda: words(RARE, 12),
        "12 of the 40 commonest words": lambda: words(COMMON, 12),
        "200 words, rare and common": lambda: words(RARE, 100) + " " + words(COMMON, 100),
    }
    for name, text in kinds.items():
        taken = []
        for _ in range(ASKED):
            asked = text()[:2000]
            begun = time.perf_counter()
            similar(text=asked, person=person)
            taken.append((time.perf_counter() - begun) * 1000)
        cells = [f"{percentile(taken, percent):.0f} ms" for percent in (50, 95, 100)]
        say(f"| {size} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
