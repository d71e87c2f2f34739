"""The environment, read once at start-up.

Every wrong value raises `ImproperlyConfigured` with one sentence that says what to set.
A variable that is empty counts as not set.
"""

import ipaddress
import os
import re
from typing import Any, NamedTuple

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})

# libpq's words for what Django calls otherwise; all else goes to OPTIONS.
DJANGO_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
EXAMPLE = "postgres://USER:PASSWORD@HOST:5432/NAME, or postgres://USER@/NAME?host=/socket/folder"


def text(name: str, default: str | None = None) -> str:
    """The variable as it stands, or `default`; without a default the variable must be set."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set: set it in the environment.")
    return default


def flag(name: str, default: bool) -> bool:
    """1/0, true/false, yes/no or on/off, in any case of letters; anything else is refused."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} is {value!r}: set it to true or false.")


def number(name: str, default: int, most: int = 10**18) -> int:
    """A whole number, zero or more, and no more than `most`; anything else is refused."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if re.fullmatch(r"[0-9]{1,18}", value) is None:  # int() alone reads 1_000, -1 and digits of any script
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to a whole number, such as {default}.")
    if int(value) > most:
        raise ImproperlyConfigured(f"{name} is {value}: set it to {most} at most.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A comma separated list (so is `default`), without blanks around its members and without empty ones."""
    value = os.environ.get(name, "").strip() or default
    return [word.strip() for word in value.split(",") if word.strip()]


class Rate(NamedTuple):
    """So many in so many seconds."""

    calls: int
    seconds: int


def rate(name: str, default: str) -> Rate | None:
    """A number a second, minute or hour, such as 600/minute; None for `none`."""
    value = os.environ.get(name, "").strip().lower() or default
    if value == "none":
        return None
    read = re.fullmatch(r"([1-9][0-9]{0,8})/(second|minute|hour)", value)
    if read is None:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to a rate such as {default}, or to none.")
    return Rate(int(read[1]), {"second": 1, "minute": 60, "hour": 3600}[read[2]])


def networks(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """A comma separated list of IP networks or single addresses."""
    try:
        return tuple(ipaddress.ip_network(word) for word in words(name))
    except ValueError as wrong:
        raise ImproperlyConfigured(f"{name}: {wrong}: set it to networks such as 10.1.0.0/16,fd12::/16.") from None


def database(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's DATABASES entry for a postgres:// or postgresql:// URL, which is the value of the variable `name`.

    Parameters of the URL that libpq knows (sslmode, connect_timeout, ...) go to OPTIONS; `?host=` may be a
    socket folder. The sentences never repeat the URL, for it may hold a password.
    """
    scheme, _, rest = url.strip().partition(":")
    scheme = scheme.lower()  # libpq insists on small letters, the standard of URLs does not
    if scheme not in ("postgres", "postgresql"):
        said = f"its scheme is {scheme!r}" if rest.startswith("//") else "it is not a URL"
        raise ImproperlyConfigured(f"{name} must name a PostgreSQL database, but {said}: set it to {EXAMPLE}.")
    try:
        given = conninfo_to_dict(f"{scheme}:{rest}")
    except psycopg.ProgrammingError:
        raise ImproperlyConfigured(
            f"{name} cannot be read: set it to {EXAMPLE}, special characters percent-encoded, "
            "with no parameters but those PostgreSQL knows."
        ) from None
    entry: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {}}
    for word, value in given.items():
        if word in DJANGO_NAMES:
            entry[DJANGO_NAMES[word]] = str(value)
        else:
            entry["OPTIONS"][word] = value
    if not entry.get("NAME") and "service" not in entry["OPTIONS"]:
        raise ImproperlyConfigured(f"{name} names no database: set it to {EXAMPLE}.")
    return entry


def owner(url: str, application: dict[str, Any]) -> dict[str, Any]:
    """The entry for DATABASE_OWNER_URL: the database of `application` (an entry too), as the role that owns it.

    The port may be another one, where the application goes through a pooler.
    """
    name = "DATABASE_OWNER_URL"
    entry = database(url, name)
    same = ("NAME", "HOST")
    if [entry.get(key, "") for key in same] != [application.get(key, "") for key in same]:
        raise ImproperlyConfigured(
            f"{name} names another database than DATABASE_URL: set both to the same host and name."
        )
    roles = [entry.get("USER", ""), application.get("USER", "")]
    if not all(roles) or roles[0] == roles[1]:
        raise ImproperlyConfigured(f"{name} and DATABASE_URL must name two roles: set a user of its own in each.")
    return entry
