"""A desk for measuring: a PostgreSQL of its own in a temporary folder, migrated, removed at the end."""

from __future__ import annotations

import logging
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from factcheck import local_postgres

TEMPLATE = "clean_desk"


@contextmanager
def desk(*, durable: bool) -> Iterator[dict[str, str]]:
    """Inside, Django is set up on a migrated, empty desk. Gives the environment that other processes need for it.

    `durable`: with fsync, as in production; else as the tests have it. To be entered once a process, before anything of
    the desk is imported.
    """
    folder = tempfile.TemporaryDirectory(prefix="factcheck-benchmark-", dir=os.environ.get("BENCHMARK_DIR"))
    Path(folder.name).chmod(0o755)  # as root, the server's own account has to enter it
    server = local_postgres.kept(Path(folder.name)) if durable else local_postgres.temporary()
    with folder, server as environment:
        given = {**environment, "DJANGO_SETTINGS_MODULE": "factcheck.settings", "SECRET_KEY": "x" * 50}
        os.environ.update(given)
        django.setup()
        logging.disable(logging.WARNING)
        call_command("migrate", verbosity=0)
        yield given


def machine() -> str:
    """What the figures were measured on, in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def percentile(values: list[float], percent: float) -> float:
    """The value below which so many percent of these lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def say(*words: Any, sep: str = " ") -> None:
    print(*words, sep=sep, flush=True)
    sys.stdout.flush()
