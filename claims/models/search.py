"""The texts of claims, articles and sources as search reads them, and the words there are."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.lookups import Contains

from claims.models.article import Article
from claims.models.claim import Claim
from claims.models.source import Source


class Searchable(models.Model):
    """The text of one row. Written by triggers; a copy that can be made again, so no history, and gone with the text.

    In: fields as lines, the weightiest first. `dictionary` is PostgreSQL's for the language of the text, `words` what
    that makes of it, `folded` the same in capitals.
    """

    ON_RECORD = False

    dictionary = models.TextField()
    folded = models.TextField()
    words = SearchVectorField()

    class Meta:
        abstract = True
        indexes: ClassVar[tuple[models.Index, ...]] = (
            # Without a list of what is still to be indexed, which every search would have to read through.
            GinIndex(fields=["words"], name="%(class)s_words", fastupdate=False),
            GinIndex(fields=["folded"], name="%(class)s_folded", opclasses=["gin_trgm_ops"], fastupdate=False),
        )


class SearchableClaim(Searchable):
    claim = models.OneToOneField(
        Claim, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="searchable"
    )

    def __str__(self) -> str:
        return f"the text of claim {self.claim_id}"


class SearchableArticle(Searchable):
    article = models.OneToOneField(
        Article, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="searchable"
    )

    class Meta(Searchable.Meta):
        indexes: ClassVar[tuple[models.Index, ...]] = (
            *Searchable.Meta.indexes,
            models.Index(fields=["dictionary"], name="searchablearticle_dictionary"),
        )

    def __str__(self) -> str:
        return f"the text of article {self.article_id}"


class SearchableSource(Searchable):
    source = models.OneToOneField(
        Source, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="searchable"
    )

    def __str__(self) -> str:
        return f"the text of source {self.source_id}"


class KnownWord(models.Model):
    """A word that stands somewhere, as it is written. One that no text has any more does no harm; what is erased
    by law, or becomes confidential, takes its words with it. Two rows of the same word do no harm either.
    """

    ON_RECORD = False

    word = models.TextField()

    class Meta:
        indexes = (
            models.Index(fields=["word"], name="knownword_word"),
            GinIndex(fields=["word"], name="knownword_trigrams", opclasses=["gin_trgm_ops"], fastupdate=False),
        )

    def __str__(self) -> str:
        return self.word


SEARCHABLE: dict[type[models.Model], type[Searchable]] = {
    Claim: SearchableClaim,
    Article: SearchableArticle,
    Source: SearchableSource,
}


@models.TextField.register_lookup
class Holds(Contains):
    """Whether a text in capitals holds these characters, whatever their case."""

    lookup_name = "holds"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"LIKE UPPER({rhs})"
