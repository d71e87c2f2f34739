"""Claims by the million, for what searches them: made-up texts, and what it costs to keep their words."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence

from benchmarks.scratch import say

VOCABULARY = 200_000
ONSETS = " b c d f g h j k l m n p r s t v w z br cl cr dr fl gr pl pr sh st str th tr"
VOWELS = "a e i o u ea ou ai io"
CODAS = "  n r s t l m ck nd rt st"


def numbered_words() -> list[str]:
    """Words that look alike, the commonest first."""
    return [f"w{n}x" for n in range(1, VOCABULARY + 1)]


def spoken_words() -> list[str]:
    """Words of syllables, so that parts of them are shared as parts of words are; the commonest first, and shorter."""
    dice = random.Random(5)
    onsets, vowels, codas = (sounds.split(" ") for sounds in (ONSETS, VOWELS, CODAS))
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = dice.choice((1, 2, 2, 3, 3, 4) if len(words) < 2_000 else (2, 3, 3, 4))
        word = "".join(dice.choice(onsets) + dice.choice(vowels) + dice.choice(codas) for _ in range(syllables))
        if 2 <= len(word) <= 18:
            words[word] = None
    return list(words)


def statements(words: Sequence[str], count: int, seed: int) -> Iterator[str]:
    """Eight to twenty words each. A word's rank is the vocabulary's size to the power of chance (Zipf)."""
    chance = random.Random(seed).random
    for n in range(count):
        yield " ".join(words[int(len(words) ** chance()) - 1] for _ in range(8 + n % 13))


def fill(until: int, words: Sequence[str]) -> int:
    """Bring the desk to so many claims, with its triggers put aside. Gives how many were made."""
    from django.db import connection

    from claims.models import Claim
    from factcheck.database import as_owner
    from tests import build

    claim = Claim.objects.order_by("pk").first() or build.identified(headline="")
    columns = ", ".join(
        f.column for f in Claim._meta.concrete_fields if f.name not in ("id", "number", "code", "statement")
    )
    there = Claim.objects.count()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE made (n int, said text)")
        with cursor.copy("COPY made FROM STDIN") as copy:
            for row in enumerate(statements(words, until - there, seed=until), start=1):
                copy.write_row(row)
        cursor.execute("ALTER TABLE claims_claim DISABLE TRIGGER USER")
        cursor.execute(
            f"INSERT INTO claims_claim (number, code, statement, {columns})"
            f" SELECT 1000000 + %s + n, 'Z' || (%s + n), said, {columns}"
            " FROM made CROSS JOIN claims_claim WHERE id = %s ORDER BY n",
            [there, there, claim.pk],
        )
        cursor.execute("ALTER TABLE claims_claim ENABLE TRIGGER USER")
        cursor.execute("DROP TABLE made")
    return until - there


def writing(trigger: str) -> None:
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
            cursor.execute(f"ALTER TABLE claims_claim {'ENABLE ALWAYS' if kept else 'DISABLE'} TRIGGER {trigger}")
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
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE claims_claim ENABLE ALWAYS TRIGGER {trigger}")
    for name, times in (("one INSERT of a claim", taken), ("a claim written by its action", by_action)):
        with_it, without = (statistics.median(times[kept]) * 1000 for kept in (True, False))
        say(f"{name}: {with_it:.2f} ms with its words kept, {without:.2f} ms without: ratio {with_it / without:.2f}")
