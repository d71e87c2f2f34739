"""What programs were answered, for when they ask the same again; and how often they ask."""

from __future__ import annotations

from django.db import models

from claims.models.desk import Person


class KeptAnswer(models.Model):
    """What a POST with an Idempotency-Key did and was answered, kept for a day so that trying it again does nothing
    more.

    Neither the key nor the answer can be read here: the first is hashed, the second encrypted under the first, so an
    answer that told a secret, or a text that was erased since, is in no table. Without a status the work was begun and
    never answered: the process ended, or is at it.
    """

    ON_RECORD = False

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    key = models.CharField(max_length=64, help_text="Hex SHA-256 of the Idempotency-Key.")
    asked = models.CharField(max_length=64, help_text="Hex SHA-256 of the request's method, address and body.")
    status = models.SmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    began_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "key"], name="key_is_used_once_by_a_person"),)

    def __str__(self) -> str:
        return f"an answer to {self.person_id}"


class Throttle(models.Model):
    """A bucket of calls: when it will be empty again if nothing more is poured in. Kept by claims_throttle() in SQL.

    The table is not logged: after a crash all buckets are empty, which harms nobody.
    """

    ON_RECORD = False

    bucket = models.CharField(max_length=100, primary_key=True)
    empty_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.bucket
