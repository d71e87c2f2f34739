"""What it costs to find earlier decisions on similar claims, and to keep the words by which they are found.

    python -m benchmarks.precedents [--sizes 10000,100000,1000000]

The claims are made up: eight to twenty words, drawn as words of a language are (Zipf). They are loaded with the
triggers put aside; their words by the desk's own procedure, in one go.
"""

from __future__ import annotations

import argparse
import random
import time

from benchmarks import many_claims
from benchmarks.many_claims import numbered_words, writing
from benchmarks.scratch import desk, machine, percentile, say

COMMON, RARE = (1, 40), (2_000, 20_000)  # ranks of the words that are asked for
ASKED = 200


def main() -> None:
    reader = argparse.ArgumentParser(description="Measure the finding of precedents.")
    reader.add_argument("--sizes", default="10000,100000")
    sizes = [int(size) for size in reader.parse_args().sizes.split(",")]
    with desk(durable=True):
        say(machine())
        writing("precedents_are_kept")
        say("| claims | look-up of | p50 | p95 | most |")
        say("|---|---|---|---|---|")
        for size in sizes:
            fill(size)
            looking_up(size)


def fill(until: int) -> None:
    """Bring the desk to so many claims."""
    from django.db import connection

    from factcheck.database import as_owner

    made = many_claims.fill(until, numbered_words())
    with as_owner(), connection.cursor() as cursor:
        begun = time.perf_counter()
        cursor.execute("CALL claims_post_every_claim()")
        say(f"the words of {made} claims, in one go: {time.perf_counter() - begun:.1f} s")
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
