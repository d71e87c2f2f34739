"""Earlier decisions on similar claims: found by the words they share with a text, ranked by BM25, in SQL.

Any word may match (words OR-ed), and rare ones weigh more. What makes it fast among a million claims: to rank, only
the index of claims_posting is read, at most READ entries a word; how frequent a word is, is counted in the same way;
and common words bring no claims in where rarer ones do, they only add to the scores of those. Source of the formula:
Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from claims.models import Claim, Person

LONGEST = 2000  # characters of a text that is asked for
WORDS = 48  # words of a text that are looked up; of a longer one the longest words, which are the rarer ones
READ = 5_000  # entries of the index that are read for a word, newest claims first
ENOUGH = 3  # words in fewer claims than that: with so many found, common words bring no claims in
WIDE = 5  # so many times the wanted number are ranked, so that decided ones come first among what is similar
LEAST = 0.2  # of the score that a claim of the very same words would have; less is a word in common by chance


@dataclass(frozen=True, slots=True)
class Precedent:
    """A claim like the text. `score` is its share of what a claim of the very same words would score: near 1 is the
    same again. `published` says whether readers are shown its verdict now, at its public page.
    """

    claim: Claim
    score: float
    published: bool

    @property
    def decided(self) -> Claim | None:
        """The claim where a decision stands on it, stale or not; else None."""
        return self.claim if self.claim.decision is not None else None


def similar(
    *, text: str, person: Person, language: str = "", exclude: Claim | None = None, limit: int = 10
) -> list[Precedent]:
    """Claims that are like this text, decided ones first, then by likeness; two queries, whatever is found.

    In: a text of at most LONGEST characters, more is not looked at; its language as a BCP 47 tag (empty: word by word,
    as claims in languages that PostgreSQL has no dictionary for); a claim to leave out. Out: at most `limit`, with
    `article` and `decision__rating` loaded. Withdrawn claims are never found. A person whom no role makes one of the
    desk finds nothing. Of verdicts it tells nothing; decisions are open to the desk.
    """
    if not person.of_the_desk:
        return []
    scores = _ranked(text[:LONGEST], language, exclude.pk if exclude else 0, limit * WIDE)
    claims = (
        Claim.objects.standing().filter(pk__in=scores)
        .select_related("article", "decision__rating")
        .annotate(shown=RawSQL(PUBLISHED, ()))  # noqa: S611 - no word of anybody's is in it
    )  # fmt: skip
    found = [Precedent(claim, scores[claim.pk], published=vars(claim)["shown"]) for claim in claims]
    found.sort(key=lambda p: (p.decided is None, -p.score, -p.claim.pk))
    return found[:limit]


def similar_to(claim: Claim, person: Person, limit: int = 10) -> list[Precedent]:
    """Claims that are like this one, itself left out: see `similar`."""
    text = f"{claim.headline}\n{claim.statement}"
    return similar(text=text, person=person, language=claim.article.language, exclude=claim, limit=limit)


def _ranked(text: str, language: str, exclude: int, most: int) -> dict[int, float]:
    """The score of each of the best claims, by id."""
    given: dict[str, Any] = {
        "text": text.replace("\0", " "), "language": language, "exclude": exclude, "most": most, "words": WORDS,
        "read": READ, "enough": ENOUGH, "least": LEAST,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(RANKED, given)
        return {pk: float(score) for pk, score in cursor.fetchall()}


# `own` words are those of the text's dictionary; the others are the same words as they are written, without those that
# the dictionary leaves out, and find claims in languages without one. A score is measured by the own words.
#
# Of a word that is read to the end, `claims` is how many have it; of one that is not, how many it would be if it were
# as frequent in older claims as in the newer ones that were read.
RANKED = """
WITH asked AS MATERIALIZED (
  SELECT w.word, bool_or(w.own) AS own FROM (
    SELECT word, true AS own FROM claims_words(claims_dictionary(%(language)s), %(text)s)
    UNION ALL
    SELECT word, false FROM claims_words('simple', %(text)s)
      WHERE to_tsvector(claims_dictionary(%(language)s), word) <> ''::tsvector
  ) w GROUP BY w.word ORDER BY bool_or(w.own) DESC, length(w.word) DESC, w.word LIMIT %(words)s
), counted AS MATERIALIZED (
  SELECT a.word, a.own, p.claims, p.claims = %(read)s AS common, p.oldest, p.length
  FROM asked a CROSS JOIN LATERAL (
    SELECT count(*) AS claims, min(q.claim_id) AS oldest, sum(q.length) AS length FROM (
      SELECT claim_id, length FROM claims_posting WHERE word = a.word ORDER BY claim_id DESC LIMIT %(read)s
    ) q
  ) p
), size AS MATERIALIZED (
  SELECT (SELECT max(id) FROM claims_claim)::float AS claims,
         (SELECT sum(length) / nullif(sum(claims), 0) FROM counted)::float AS length
), estimated AS (
  SELECT word, own, common,
         CASE WHEN common THEN c.claims * size.claims / (size.claims - oldest + 1) ELSE c.claims END AS claims
  FROM counted c, size
), weighed AS MATERIALIZED (
  SELECT word, own, ln(1 + greatest(size.claims - e.claims, 0) / (e.claims + 0.5) + 0.5 / (e.claims + 0.5)) AS weight,
         NOT common OR (SELECT count(*) FROM counted WHERE NOT common AND claims > 0) < %(enough)s AS leads
  FROM estimated e, size
), candidates AS MATERIALIZED (
  SELECT s.claim_id FROM size, weighed w CROSS JOIN LATERAL (
    SELECT q.claim_id, q.frequency, q.length FROM claims_posting q
    WHERE q.word = w.word AND w.leads ORDER BY q.claim_id DESC LIMIT %(read)s
  ) s
  WHERE s.claim_id <> %(exclude)s
  GROUP BY s.claim_id
  ORDER BY sum(w.weight * s.frequency * 2.2 / (s.frequency + 1.2 * (0.25 + 0.75 * s.length / size.length))) DESC,
           s.claim_id DESC LIMIT %(most)s
), scored AS (
  SELECT c.claim_id,
         sum(w.weight * p.frequency * 2.2 / (p.frequency + 1.2 * (0.25 + 0.75 * p.length / size.length))) AS score
  FROM candidates c CROSS JOIN weighed w JOIN claims_posting p ON p.word = w.word AND p.claim_id = c.claim_id, size
  GROUP BY c.claim_id
)
SELECT claim_id, scored.score / best.score FROM scored, (SELECT sum(weight) AS score FROM weighed WHERE own) best
WHERE scored.score >= %(least)s * best.score
"""
# Whether the version that readers are shown holds the claim.
PUBLISHED = """EXISTS (
  SELECT 1 FROM claims_publication p,
    jsonb_array_elements(convert_from(p.content, 'UTF8')::jsonb->'claims') shown
  WHERE p.article_id = claims_claim.article_id AND p.state = 'live' AND shown->>'code' = claims_claim.code
)"""
