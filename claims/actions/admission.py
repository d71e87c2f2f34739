"""Who a program is and how often it calls: asked and counted in one statement, for it is asked with every call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from claims.models import ApiToken, Person

USE_IS_NOTED_EVERY = timedelta(minutes=1)

COUNTED = "claims_throttle(%(caller)s, %(address_calls)s, %(address_seconds)s)"
ADMITTED = """
SELECT {counted}, {token}, {person},
  claims_throttle('token ' || t.id, %(token_calls)s, %(token_seconds)s),
  claims_permissions_of(t.person_id)
FROM (SELECT 1) AS one LEFT JOIN (
  claims_apitoken t JOIN claims_person o ON o.id = t.person_id AND o.is_active
) ON t.digest = %(digest)s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
"""


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of a call. `wait` is how many seconds it comes too early, 0 when it is let through; `token`, with its
    `person` in it, is None for a secret that opens nothing.
    """

    wait: float
    token: ApiToken | None = None


def count(caller: str) -> float:
    """Count a call that comes without a token. In: what its address is counted as. Out: the seconds to wait."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COUNTED}", _given(caller))
        return float(cursor.fetchone()[0])


def admit(caller: str, secret: str) -> Admission:
    """Count a call that comes with a token, and find out whose it is.

    In: what its address is counted as, the token's secret. The token's person has what their roles include at hand, and
    acts within the token's scopes. That a token was used is noted once a minute: a busy program's row would otherwise
    be the hottest of the database.
    """
    tokens, people = ApiToken._meta.concrete_fields, Person._meta.concrete_fields
    asked = ADMITTED.format(
        counted=COUNTED,
        token=", ".join(f"t.{f.column}" for f in tokens), person=", ".join(f"o.{f.column}" for f in people),
    )  # fmt: skip
    digest = ApiToken.digest_of(secret.encode("utf-8", "replace").decode())
    with connection.cursor() as cursor:
        cursor.execute(asked, _given(caller) | {"digest": digest})
        wait, *values, token_wait, permissions = cursor.fetchone()
    if wait or values[0] is None:
        return Admission(float(wait))
    token = ApiToken.from_db("default", [f.attname for f in tokens], values[: len(tokens)])
    person = Person.from_db("default", [f.attname for f in people], values[len(tokens) :])
    if not person.is_superuser:
        person.of_roles = frozenset(permissions)
    person.scopes = frozenset(token.scopes)
    token.person = person
    return Admission(float(token_wait), token)


def note_use(token: ApiToken) -> None:
    """Note that the token was used, unless that was noted within the last minute."""
    now = timezone.now()
    if token.last_used_at is not None and token.last_used_at >= now - USE_IS_NOTED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _given(caller: str) -> dict[str, Any]:
    address, token = settings.API_ADDRESS_RATE, settings.API_TOKEN_RATE
    return {
        "caller": f"address {caller}",
        "address_calls": address and address.calls, "address_seconds": address and address.seconds,
        "token_calls": token and token.calls, "token_seconds": token and token.seconds,
    }  # fmt: skip
