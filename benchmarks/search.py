"""What it costs to search a desk, and to keep what it is searched by.

    python -m benchmarks.search [--sizes 10000,100000,1000000]

The claims are made up: eight to twenty words of syllables, drawn as words of a language are (Zipf). They are loaded
with the triggers put aside; what search reads is made by the desk's own procedure, in one go, and its indexes after it.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.many_claims import fill, spoken_words, writing
from benchmarks.scratch import desk, machine, percentile, say

ASKED = 100
# Ranks of the words that are asked for, by how many claims have them.
COMMON, MIDDLING, RARE = (1, 20), (60, 300), (2_000, 20_000)


def main() -> None:
    reader = argparse.ArgumentParser(description="Measure the search.")
    reader.add_argument("--sizes", default="10000,100000")
    sizes = [int(size) for size in reader.parse_args().sizes.split(",")]
    with desk(durable=True):
        say(machine())
        writing("search_is_kept")
        words = spoken_words()
        for size in sizes:
            make_searchable(fill(size, words))
            say("| claims | | p50 | p95 | most | processor, mean | at most found |")
            say("|---|---|---|---|---|---|---|")
            Looking(size, words).up()
            erasing()


def make_searchable(made: int) -> None:
    from django.db import connection

    from factcheck.database import as_owner

    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE 'searchableclaim\\_%'"
            " OR indexname = 'knownword_trigrams'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        begun = time.perf_counter()
        cursor.execute("CALL claims_make_searchable()")
        said = f"the texts of {made} claims, in one go: {time.perf_counter() - begun:.1f} s"
        begun = time.perf_counter()
        for _, definition in indexes:
            cursor.execute(definition)
        say(f"{said}; their indexes {time.perf_counter() - begun:.1f} s")
        cursor.execute("VACUUM ANALYZE")
        for relation in ("claims_searchableclaim", *(name for name, _ in indexes), "claims_knownword"):
            cursor.execute("SELECT pg_size_pretty(pg_relation_size(%s::regclass))", [relation])
            say(f"{relation}: {cursor.fetchone()[0]}")


def processor_time() -> float:
    """Milliseconds that this process and PostgreSQL's for its connection have worked: on a busy machine they say more
    than the clock.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])  # user's and system's: proc(5)
    return 1000 * (ticks / os.sysconf("SC_CLK_TCK") + time.process_time())


class Looking:
    """Everything is asked ASKED times, each time for another word of its kind."""

    def __init__(self, size: int, words: list[str]) -> None:
        from claims.choices import Role
        from claims.models import Claim
        from tests import build

        self.size, self.words, self.dice = size, words, random.Random(7)
        self.person = build.the(Role.EDITOR)
        self.middle = Claim.objects.order_by("-pk").values_list("pk", flat=True)[size // 2]

    def word(self, ranks: tuple[int, int]) -> str:
        return self.words[self.dice.randint(*ranks) - 1]

    def misspelt(self, ranks: tuple[int, int]) -> str:
        """A word of at least six letters in which two neighbours have changed places, or one letter is missing."""
        word = ""
        while len(word) < 6:
            word = self.word(ranks)
        at = self.dice.randint(1, len(word) - 3)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return swapped if self.dice.random() < 0.5 else word[:at] + word[at + 1 :]

    def up(self) -> None:
        """Ranked: all that `claims.search.ranked.search` does for a page of 20, all kinds, with its marks. Lists: the
        ids of a page of 50, as `?search=` reads them. Requests: the whole answer of REST, without the network.
        """
        for name, ranks in (("common", COMMON), ("middling", MIDDLING), ("rare", RARE)):
            self.time(f"ranked, a {name} word", lambda ranks=ranks: self.ranked(self.word(ranks)))
        self.time("ranked, two common words", lambda: self.ranked(f"{self.word(COMMON)} {self.word(COMMON)}"))
        self.time("ranked, a common and a rare word", lambda: self.ranked(f"{self.word(COMMON)} {self.word(RARE)}"))
        self.time("ranked, common but -common", lambda: self.ranked(f"{self.word(COMMON)} -{self.word(COMMON)}"))
        self.time("ranked, a misspelt common word", lambda: self.ranked(self.misspelt(COMMON)))
        self.time("ranked, a misspelt rare word", lambda: self.ranked(self.misspelt(RARE)))
        for name, ranks in (("common", COMMON), ("middling", MIDDLING), ("rare", RARE)):
            self.time(f"list, a {name} word, first page", lambda ranks=ranks: self.listed(self.word(ranks)))
            self.time(f"list, a {name} word, deep page", lambda ranks=ranks: self.listed(self.word(ranks), deep=True))
        self.time("list, part of a middling word", lambda: self.listed(self.word(MIDDLING)[1:]))
        self.time("list, part of a rare word", lambda: self.listed(self.word(RARE)[1:]))
        self.time("list, two common words", lambda: self.listed(self.word(COMMON), self.word(COMMON)))
        self.time("list, what is nowhere", lambda: self.listed("qqxq" + str(self.dice.randint(100, 999))))
        self.time("list, two letters that are nowhere", lambda: self.listed("qx"), times=5)
        for path in ("search/?q", "claims/?search"):
            self.time(f"GET {path}=, a common word", lambda path=path: self.requested(path, self.word(COMMON)))

    def time(self, name: str, act: Callable[[], int], times: int = ASKED) -> None:
        taken, most, busy = [], 0, processor_time()
        for _ in range(times):
            begun = time.perf_counter()
            most = max(most, act())
            taken.append((time.perf_counter() - begun) * 1000)
        figures = [*(percentile(taken, percent) for percent in (50, 95, 100)), (processor_time() - busy) / times]
        cells = [f"{figure:.1f} ms" for figure in figures]
        say(f"| {self.size} | {name} | {' | '.join(cells)} | {most} |")

    def ranked(self, text: str) -> int:
        from claims.search.ranked import search

        return len(search(text=text, person=self.person)[0])

    def listed(self, *parts: str, deep: bool = False) -> int:
        from claims.models import Claim
        from claims.search.lists import holding

        rows: Any = holding(Claim.objects.all(), parts, 50)
        if deep:
            rows = rows.filter(pk__lt=self.middle)
        return len(rows.order_by("-pk").values_list("pk", flat=True)[:51])

    def requested(self, path: str, word: str) -> int:
        from rest_framework.test import APIClient

        client = APIClient()
        client.force_authenticate(self.person)
        return len(client.get(f"/api/v1/{path}={word}", HTTP_HOST="localhost").json()["results"])


def erasing() -> None:
    """A text erased by law, with all that is swept after it."""
    from django.core.management import call_command

    from claims.choices import Role
    from tests import build

    claim = build.identified(statement="Lovelace was arrested.")
    given = {"basis": "GDPR", "by": build.the(Role.EDITOR).username, "yes": True, "stdout": StringIO()}
    begun = time.perf_counter()
    call_command("audit_redact", f"claim:{claim.pk}", "statement", **given)
    say(f"audit_redact: {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
