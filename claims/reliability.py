"""How far the desk's reviewers agree: the verdicts of closed rounds, for the whole desk and for each pair.

Nothing of an open round is in it, blind or not: whichever rating is filed there, no figure changes before the round has
closed. docs/decisions/0011-agreement-is-ours.md says what is counted and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import TextChoices

from claims.agreement import Metric, cohens_kappa, krippendorffs_alpha, percent_agreement
from claims.models import Person, Rating

FEW = 30  # units: with fewer, a single claim moves a figure by several hundredths
MOST_PAIRS = 200  # shown at once, those with the most claims in common

Units = Counter[tuple[Any, ...]]


class Question(TextChoices):
    """What verdicts answer: is it true, and of a quotation, was it said."""

    RATING = "rating", "Is it true?"
    SAID_RATING = "said_rating", "Was it said?"


@dataclass(frozen=True, slots=True)
class Figures:
    """How far some people agree: shares and coefficients, None where undefined. `units` are rounds that two or more
    judged; of the verdicts in them `unrated` are of outcomes without a place on the scale, which the ordinal alpha
    leaves out.
    """

    units: int
    verdicts: int
    percent: float | None
    kappa: float | None
    alpha_nominal: float | None
    alpha_ordinal: float | None
    ordinal_units: int
    unrated: int

    @property
    def few(self) -> bool:
        """Whether there are so few units that chance weighs heavily."""
        return self.units < FEW


@dataclass(frozen=True, slots=True)
class PairFigures:
    """How far two reviewers agree."""

    reviewers: tuple[Person, Person]
    figures: Figures


@dataclass(frozen=True, slots=True)
class ScaleAgreement:
    """Agreement on one scale: ratings of two scales are not compared. `scale` is empty for the question whether it was
    said, whose answers are the same for all articles.
    """

    scale: str
    desk: Figures
    pairs: tuple[PairFigures, ...]


def sees_all_pairs(person: Person) -> bool:
    """Whether somebody sees the figures of every pair of reviewers: who reads the record. Others see the pairs that
    they are one of.
    """
    return person.has_perm("claims.view_record")


def agreement_for(
    person: Person, *, question: Question = Question.RATING, since: date | None = None, until: date | None = None
) -> list[ScaleAgreement]:
    """The figures this person may see, one entry a scale, in at most five queries.

    In: rounds whose last verdict was filed from `since` to `until`, both days included, in UTC; None is no bound. Out:
    the whole desk's figures, and those of at most MOST_PAIRS pairs. The database counts: memory grows with the number
    of pairs and of different patterns of ratings, not with the number of verdicts.
    """
    period = (since, since, until, until)
    only = None if sees_all_pairs(person) else person.pk
    desk: dict[str, Units] = {}
    for scale, values, times in _ask(_filed(question) + DESK, period):
        desk.setdefault(scale, Counter())[tuple(values)] += times
    pairs: dict[str, dict[tuple[int, int], Units]] = {}
    for scale, one, other, first, second, times in _ask(
        _filed(question) + PAIRS, (*period, only, only, only, MOST_PAIRS)
    ):
        pairs.setdefault(scale, {}).setdefault((one, other), Counter())[first, second] += times
    places = _places(question)
    people = Person.objects.in_bulk({pk for found in pairs.values() for pair in found for pk in pair})
    return [
        ScaleAgreement(
            scale,
            _figures(units, places),
            tuple(
                PairFigures((people[one], people[other]), _figures(of_pair, places, two=True))
                for (one, other), of_pair in sorted(pairs.get(scale, {}).items(), key=lambda item: -item[1].total())
            ),
        )
        for scale, units in sorted(desk.items())
    ]


def _figures(units: Units, places: Mapping[str, int] | None, two: bool = False) -> Figures:
    """In: `places` are the values of the rated outcomes; None where the answers have no order. `two`: of one pair."""
    ordered: Units = Counter()
    unrated = 0
    if places is not None:
        for unit, times in units.items():
            ordered[tuple(places.get(value) for value in unit)] += times
            unrated += times * sum(value not in places for value in unit)
    return Figures(
        units=units.total(),
        verdicts=sum(len(unit) * times for unit, times in units.items()),
        percent=percent_agreement(units),
        kappa=cohens_kappa(units) if two else None,
        alpha_nominal=krippendorffs_alpha(units, Metric.NOMINAL),
        alpha_ordinal=krippendorffs_alpha(ordered, Metric.ORDINAL),
        ordinal_units=sum(times for unit, times in ordered.items() if sum(v is not None for v in unit) > 1),
        unrated=unrated,
    )


def _places(question: Question) -> dict[str, int] | None:
    """The values of rated outcomes, by id as text."""
    if question == Question.SAID_RATING:
        return None
    rated = Rating.objects.filter(value__isnull=False).values_list("pk", "value")
    return {str(pk): value for pk, value in rated if value is not None}


def _ask(sql: str, given: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        yield from cursor.fetchall()


def _filed(question: Question) -> str:
    """The verdicts that count, as `counted`: see the module's docstring."""
    value, scale, asked = ("v.rating_id::text", "s.name", "") if question == Question.RATING else (
        "v.said_rating", "''", "AND v.said_rating <> ''"
    )  # fmt: skip
    return FILED.format(value=value, scale=scale, asked=asked)


# The window: the last verdict of a round says what was judged in it, and when it was done.
FILED = """
WITH filed AS (
  SELECT v.id, v.claim_id, v.round, v.reviewer_id, v.digest, {scale} AS scale, {value} AS value,
         first_value(v.digest) OVER last_first AS judged,
         (first_value(v.submitted_at) OVER last_first AT TIME ZONE 'UTC')::date AS done_on
  FROM claims_verdict v JOIN claims_claim c ON c.id = v.claim_id JOIN claims_rating r ON r.id = v.rating_id
    JOIN claims_ratingscale s ON s.id = r.scale_id
  WHERE (v.round < c.round OR c.state <> 'in_review') {asked}
  WINDOW last_first AS (PARTITION BY v.claim_id, v.round ORDER BY v.id DESC)
), counted AS (
  SELECT f.* FROM filed f
  WHERE f.digest = f.judged
    AND (%s::date IS NULL OR f.done_on >= %s::date) AND (%s::date IS NULL OR f.done_on <= %s::date)
    AND NOT EXISTS (SELECT 1 FROM claims_verdict w WHERE w.supersedes_id = f.id)
    AND NOT EXISTS (SELECT 1 FROM claims_recusal x WHERE x.claim_id = f.claim_id AND x.person_id = f.reviewer_id)
)
"""
DESK = """
SELECT scale, given, count(*) FROM (
  SELECT scale, array_agg(value ORDER BY value) AS given FROM counted
  GROUP BY scale, claim_id, round HAVING count(*) > 1
) units GROUP BY scale, given
"""
PAIRS = """
, both_judged AS (
  SELECT a.scale, a.reviewer_id AS one, b.reviewer_id AS other, a.value AS first, b.value AS second,
         count(*) AS times
  FROM counted a JOIN counted b ON b.claim_id = a.claim_id AND b.round = a.round AND b.reviewer_id > a.reviewer_id
  WHERE %s::bigint IS NULL OR a.reviewer_id = %s OR b.reviewer_id = %s
  GROUP BY 1, 2, 3, 4, 5
), shown AS (
  SELECT scale, one, other FROM both_judged GROUP BY scale, one, other ORDER BY sum(times) DESC, one, other LIMIT %s
)
SELECT scale, one, other, first, second, times FROM both_judged JOIN shown USING (scale, one, other)
"""
