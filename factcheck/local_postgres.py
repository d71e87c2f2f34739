"""A private PostgreSQL for a machine without one, used by manage.py when DATABASE_URL is not set.

Only manage.py starts it, never settings: type checkers and linters import settings too, and would leave
servers behind. Nothing but the standard library is needed.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from factcheck.postgres_host import (
    HINT,
    SHARED_PLACES,
    Account,
    NoPostgresError,
    account_for,
    is_folder,
    may_enter,
    new_folder,
)
from factcheck.postgres_server import Server

TEMPORARY = "factcheck-test-"
AUDIT = "audit"
ELSEWHERE = "elsewhere"  # as root: the link to where the data are when the server's account cannot enter the folder


@contextlib.contextmanager
def kept(folder: Path) -> Iterator[dict[str, str]]:
    """A server whose data stay in `folder`, made if absent; gives the environment that goes with it. Main thread only.

    That is DATABASE_URL, DATABASE_OWNER_URL and AUDIT_DIR. Any number of processes may be inside at once. Raises
    NoPostgresError.
    """
    with _serving(_kept_server(folder), folder) as environment:
        yield environment


@contextlib.contextmanager
def temporary() -> Iterator[dict[str, str]]:
    """A server that is quick, not durable, and removed at the end with all that goes with it, as in `kept`.

    Clears away what killed runs have left. Main thread only. Raises NoPostgresError.
    """
    account = account_for()
    base = new_folder(account, (tempfile.gettempdir(), *SHARED_PLACES), TEMPORARY)
    for left in base.parent.glob(TEMPORARY + "*"):
        if left != base:
            _clear_away(left)
    with _serving(Server(base, account, durable=False), base) as environment:
        yield environment


def _clear_away(left: Path) -> None:
    """Stops and removes a temporary server that nobody uses.

    data/ is made under the lock: a folder with data and a free lock has nobody in it. A link, or a folder of
    somebody else, was not left by us.
    """
    with contextlib.suppress(OSError):
        if not left.is_symlink() and left.stat().st_uid == os.geteuid() and is_folder(left / "data"):
            Server(left, None, durable=False).leave()


def is_kept(folder: Path) -> bool:
    """Whether `kept(folder)` would find a database made earlier."""
    return is_folder(folder / "data") or is_folder(folder / ELSEWHERE / "data")


def _kept_server(folder: Path) -> "Server":
    """The server for `folder`, or for where its data had to go."""
    link = folder / ELSEWHERE
    try:
        _make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
        if is_folder(link):
            home = link.resolve()
            return Server(home, account_for(home / "data"), durable=True)
        account = account_for(folder / "data", folder.parent)
        if may_enter(account, folder):
            return Server(folder, account, durable=True)
        return Server(_settle_elsewhere(folder, link, account), account, durable=True)
    except PermissionError:
        raise NoPostgresError(f"{folder} belongs to another account: run this as that one, {HINT}") from None


def _make_folder(folder: Path, mode: int = 0o700) -> None:
    """The folder, of whoever owns the one it is in, so that root's runs do not lock out the owner's."""
    if folder.is_dir():
        return
    above = folder.parent.stat()
    folder.mkdir(mode=mode, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, above.st_uid, above.st_gid)


def _settle_elsewhere(folder: Path, link: Path, account: Account | None) -> Path:
    """Somewhere the account can enter, without changing the mode of anybody's folder; remembered in `link`.

    /var/lib comes first, because some systems clear /var/tmp of what was not used for a month.
    """
    if is_folder(folder / "data"):
        raise NoPostgresError(f"The server's account can no longer enter {folder}: open the folders above it, {HINT}")
    made = new_folder(account, ("/var/lib", *SHARED_PLACES), "factcheck-")
    link.unlink(missing_ok=True)
    link.symlink_to(made)
    sys.stdout.write(f"The database is kept in {made}, because its account cannot enter {folder}.\n")
    return made


@contextlib.contextmanager
def _serving(server: "Server", folder: Path) -> Iterator[dict[str, str]]:
    owner = os.getpid()
    try:
        environment = server.enter()
        _make_folder(folder / AUDIT)
        yield {**environment, "AUDIT_DIR": str(folder / AUDIT)}
    finally:
        if os.getpid() == owner:  # a forked worker is a guest
            server.leave()
