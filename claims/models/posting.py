"""Where words stand in claims, so that earlier claims like a new one are found among a million."""

from __future__ import annotations

from django.db import models

from claims.models.claim import Claim


class Posting(models.Model):
    """That a word stands in the headline or statement of a claim that has not been withdrawn.

    Written by triggers on claims and articles; a copy that can be made again, so no history, and gone as soon as the
    text is: by an edit, a withdrawal, or an erasure by law. `frequency` is how often the word stands there, `length`
    how many words the claim has: with both in the index, no other table is read to rank claims.
    """

    ON_RECORD = False

    pk = models.CompositePrimaryKey("word", "claim")
    word = models.TextField(db_collation="C", help_text="A lexeme, as text search of the article's language has it.")
    claim = models.ForeignKey(Claim, models.DO_NOTHING, db_constraint=False, related_name="+")
    frequency = models.SmallIntegerField()
    length = models.SmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["word", "claim"], include=["frequency", "length"], name="posting_is_read_from_its_index"
            ),
        )

    def __str__(self) -> str:
        return f"{self.word} in claim {self.claim_id}"
