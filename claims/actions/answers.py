"""Doing what a program asks once, however often it asks: the answers kept under Idempotency-Keys.

A key is its person's. Whoever works under it holds a lock on it, which ends with the work however that ends, so what
was begun and left is told from what is at work. Work of one transaction keeps its answer in that transaction: both
are there, or neither is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.utils import timezone

from claims.models import KeptAnswer, Person

KEPT_FOR = timedelta(hours=24)
FORGOTTEN_AT_ONCE = 20  # of those that are older, with every new one


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key. `request` are all the bytes by which it is told from another."""

    person: Person
    key: str
    request: bytes

    @property
    def key_digest(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.request).hexdigest()

    @property
    def lock(self) -> int:
        """The number of the advisory lock: 64 bits of a hash of person and key."""
        named = hashlib.sha256(f"answer {self.person.pk} {self.key_digest}".encode()).digest()
        return int.from_bytes(named[:8], signed=True)

    @property
    def cipher(self) -> Fernet:
        """By what the answer is encrypted: whoever asks again brings it along, and nothing that is kept gives it."""
        secret = hashlib.sha256(b"the answer to " + self.key.encode() + b"\0" + self.request).digest()
        return Fernet(base64.urlsafe_b64encode(secret))


def hold(asked: Asked) -> bool:
    """Within a transaction, lock a key until it ends. False where somebody is at work under it."""
    return _locked("SELECT pg_try_advisory_xact_lock(%s)", asked)


@contextmanager
def held(asked: Asked) -> Iterator[bool]:
    """Lock a key for work of several transactions, until it is done or this process ends. Gives what `hold` gives."""
    got = _locked("SELECT pg_try_advisory_lock(%s)", asked)
    try:
        yield got
    finally:
        if got:
            _locked("SELECT pg_advisory_unlock(%s)", asked)


def find(asked: Asked) -> KeptAnswer | None:
    """What was begun under the key within the last day, or None."""
    kept = KeptAnswer.objects.filter(person=asked.person, key=asked.key_digest)
    return kept.filter(began_at__gt=timezone.now() - KEPT_FOR).first()


def begin(asked: Asked) -> datetime:
    """Note that work of several transactions begins. Out: when."""
    at = timezone.now()
    _put(asked, began_at=at)
    return at


def keep(asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Keep the answer to what was done, and forget some of those that are too old."""
    _put(asked, status=status, headers=dict(headers), body=asked.cipher.encrypt(body), began_at=timezone.now())
    old = KeptAnswer.objects.filter(began_at__lte=timezone.now() - KEPT_FOR).order_by("began_at")
    with transaction.atomic():
        gone = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]
        KeptAnswer.objects.filter(pk__in=list(gone)).delete()


def drop(asked: Asked) -> None:
    """Forget a key under which nothing came of what was begun."""
    KeptAnswer.objects.filter(person=asked.person, key=asked.key_digest).delete()


def body_of(kept: KeptAnswer, asked: Asked) -> bytes | None:
    """The answer's bytes; None where they were erased since."""
    return asked.cipher.decrypt(bytes(kept.body)) if kept.body else None


def erase_all() -> None:
    """Let go of every answer's text; that something was done under its key stays known."""
    KeptAnswer.objects.update(body=b"")


def _put(asked: Asked, **values: object) -> None:
    KeptAnswer.objects.update_or_create(
        person=asked.person, key=asked.key_digest, defaults={"asked": asked.digest, **values}
    )


def _locked(statement: str, asked: Asked) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [asked.lock])
        return bool(cursor.fetchone()[0])
