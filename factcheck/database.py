"""The two roles of the database: the application's, which reads the trail and cannot write it, and the owner's.

The application's own connection (DATABASE_URL) is the only one there is. What only the owner may do is done inside
`as_owner()`, by the one thread that is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

CREDENTIALS = ("USER", "PASSWORD", "HOST", "PORT")
_is_owner = ContextVar("is_owner", default=False)


def is_owner() -> bool:
    """Whether the caller is inside `as_owner()`, and there is an owner."""
    return _is_owner.get()


@contextmanager
def as_owner() -> Iterator[None]:
    """Lets the calling thread's connection be the owner's for a while; without DATABASE_OWNER_URL changes nothing.

    The connection is closed before and after, so it is refused inside a transaction. One that has only assumed the
    application's role (OPTIONS["assume_role"], as in the tests) puts that down and takes it up again, also inside a
    transaction.
    """
    owner: dict[str, Any] | None = settings.DATABASE_OWNER
    if owner is None or is_owner():
        yield
        return
    token = _is_owner.set(True)
    try:
        with _role_put_down() if "assume_role" in connection.settings_dict["OPTIONS"] else _logged_in_as(owner):
            yield
    finally:
        _is_owner.reset(token)


@contextmanager
def _logged_in_as(owner: dict[str, Any]) -> Iterator[None]:
    if connection.in_atomic_block:
        raise TransactionManagementError("The owner has a connection of its own: call as_owner() outside transactions.")
    connection.close()
    # Threads share this dictionary, so it is replaced and not written to.
    before = connection.settings_dict
    connection.settings_dict = {
        **before, **{key: owner.get(key, "") for key in CREDENTIALS}, "OPTIONS": dict(owner["OPTIONS"]),
    }  # fmt: skip
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


@contextmanager
def _role_put_down() -> Iterator[None]:
    """In a transaction, an error and a rollback take the role up again by themselves, with the savepoint."""
    if connection.in_atomic_block:
        with transaction.atomic():
            _set_role(None)
            yield
            if not connection.needs_rollback:
                _set_role(connection.settings_dict["OPTIONS"]["assume_role"])
        return
    _set_role(None)
    try:
        yield
    finally:
        _set_role(connection.settings_dict["OPTIONS"]["assume_role"])


def _set_role(role: str | None) -> None:
    with connection.cursor() as cursor:
        if role is None:
            cursor.execute("RESET ROLE")
        else:
            cursor.execute("SELECT set_config('role', %s, false)", [role])
