"""One PostgreSQL over one folder, shared by the processes that have entered it.

It listens on a Unix socket alone. Its folder holds

    data/        what initdb made, of the account the server runs as (mode 700); server.log is in it, and a file
                 factcheck.roles once the database has its two roles
    run/         the socket (mode 700); a link to a short folder where the path would not do for a socket
    inst/        as root only: a copy of the programs, when that account cannot read them where they are
    users.lock   held shared by every process that uses the server: the last one to leave stops it
    turn.lock    held while one process starts, joins or stops the server

Locks end with their process, however it ends. After a SIGKILL the server is therefore left running; the next
start joins it, and stops it at the end. Nothing but the standard library is needed.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from factcheck.postgres_host import (
    HINT,
    SHARED_PLACES,
    Account,
    NoPostgresError,
    new_folder,
    programs_for,
    run_as,
    server_version,
)
from factcheck.postgres_roles import HAND_OVER, MAKE_DATABASE, MAKE_ROLES, OWNER, ROLE, TWO_ROLES
from factcheck.signals import undisturbed

SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 103  # bytes of its path: 107 on Linux, 103 on macOS
PATIENCE = 60  # seconds for a server to start or to stop


class Server:
    """One data folder and the PostgreSQL over it, shared by the processes that have entered."""

    def __init__(self, base: Path, account: Account | None, *, durable: bool) -> None:
        """`base` exists and is ours; `account` is whom the server runs as (None: ourselves)."""
        self.base = base
        self.data = base / "data"
        self.run = base / "run"
        self.account = account
        self.durable = durable
        self.users = self._lock_file("users.lock")

    def enter(self) -> dict[str, str]:
        """Starts or joins the server and gives both its DATABASE_…URLs. Leave afterwards, even if it failed."""
        with undisturbed(), self._turn():
            if self._is_ready() and not self._has_two_roles():
                self._stop_former()
            fcntl.flock(self.users, fcntl.LOCK_SH)
            if not self._is_ready():
                self._start()
        where = f"/{ROLE}?host={quote(str(self.run.resolve()), safe='')}"
        return {"DATABASE_URL": f"postgres://{ROLE}@{where}", "DATABASE_OWNER_URL": f"postgres://{OWNER}@{where}"}

    def leave(self) -> None:
        """Stops the server if nobody else is using it, and then removes it if it was not to be kept."""
        with undisturbed(), self._turn():
            fcntl.flock(self.users, fcntl.LOCK_UN)
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
            except BlockingIOError:
                pass  # somebody is still using it, and stops it in turn
            finally:
                os.close(self.users)

    def _lock_file(self, name: str) -> int:
        """A file to lock, of the owner of the folder even when root makes it."""
        made = os.open(self.base / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            owner = self.base.stat()
            os.fchown(made, owner.st_uid, owner.st_gid)
        return made

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        turn = self._lock_file("turn.lock")
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            os.close(turn)

    def _postmaster(self) -> int | None:
        """The process id of our server; None when it is dead, or its number is another program's by now."""
        try:
            # In single-user mode, which is never "ready", PostgreSQL writes the number with a minus.
            pid = abs(int((self.data / "postmaster.pid").read_text().split("\n")[0]))
            if not _is_alive(pid):
                return None
            place = Path(f"/proc/{pid}/cwd")
            return pid if not place.exists() or place.samefile(self.data) else None
        except (OSError, ValueError):
            return None

    def _is_ready(self) -> bool:
        """Whether our server takes connections; waits for one that is just starting or stopping."""
        patience = time.monotonic() + PATIENCE
        while self._postmaster() is not None:
            with contextlib.suppress(FileNotFoundError):
                if (self.data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                    return True
            if time.monotonic() > patience:
                raise NoPostgresError(
                    f"The server in {self.base} neither starts nor stops: see {self.data}/server.log, {HINT}"
                )
            time.sleep(0.02)
        return False

    def _start(self) -> None:
        programs = programs_for(self.account, self.base)
        if not self.data.is_dir():
            self._make_data(programs)
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = server_version(programs, self.account)
        if made_by != str(version):
            raise NoPostgresError(
                f"The data in {self.base} are of PostgreSQL {made_by} and {programs} is {version}: "
                f"set PG_BIN to one that fits, move the folder away, {HINT}"
            )
        self._make_socket_folder()
        # What a killed server leaves at work, its backends, ends by itself in a moment and is waited for.
        attempts = 20 if self._disown_pid() else 1
        for attempt in range(attempts):
            time.sleep(0.25 if attempt else 0)
            last = attempt == attempts - 1
            if (self._has_two_roles() or self._hand_over(programs, last)) and self._launch(programs):
                return
        log = (self.data / "server.log").read_text(errors="replace").splitlines()
        raise NoPostgresError(f"PostgreSQL does not start in {self.base} ({HINT[3:]}):\n" + "\n".join(log[-3:]))

    def _launch(self, programs: Path) -> bool:
        """Starts the postmaster and waits for it. Not by pg_ctl: a path with a $ or a quote breaks it."""
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={_listed(self.run.resolve())}"]
        if not self.durable:
            options += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        detached = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
        log = str(self.data / "server.log")
        command = [str(programs / "postgres"), "-D", str(self.data), *options]
        pid = int(run_as(self.account, ["/bin/sh", "-c", detached, log, *command]).stdout)
        while not (ready := self._is_ready()) and _is_alive(pid):
            time.sleep(0.02)
        return ready

    def _run(self, program: Path, *arguments: str, said: str = "") -> None:
        done = run_as(self.account, [str(program), *arguments], said)
        if done.returncode != 0:
            why = (done.stderr or done.stdout).strip()
            raise NoPostgresError(f"{program.name} failed in {self.base} ({HINT[3:]}):\n{why}")

    def _has_two_roles(self) -> bool:
        return (self.data / TWO_ROLES).is_file()

    def _stop_former(self) -> None:
        """Stops a server that a killed run of an earlier version left; one that is in use has to be waited for."""
        try:
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NoPostgresError(
                f"An earlier version is at work on the data in {self.base}: stop it, then run this again."
            ) from None
        self._stop()

    def _hand_over(self, programs: Path, last: bool) -> bool:
        """Gives data of an earlier version the owner's role. Noted when done; interrupted, it is done again.

        False where what a killed server left is still at work; raises NoPostgresError the last time.
        """
        single = (programs / "postgres", "--single", "-D", str(self.data), "-cexit_on_error=on")
        try:
            self._run(*single, ROLE, said=MAKE_ROLES + HAND_OVER)
        except NoPostgresError:
            if last:
                raise
            return False
        self._note_two_roles(self.data)
        return True

    def _note_two_roles(self, data: Path) -> None:
        note = data / TWO_ROLES
        note.write_text(f"{ROLE} is the application's, {OWNER} owns the database.\n")
        self._owned(note)

    def _owned(self, path: Path) -> Path:
        """The file or folder, handed to the server's account."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)
        return path

    def _make_data(self, programs: Path) -> None:
        """initdb, the roles and their database. Only what is complete gets the name data."""
        made = self.base / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        where = ("-D", str(self._owned(made)))
        sync = [] if self.durable else ["--no-sync"]
        text = ["--encoding=UTF8", "--locale=C.UTF-8"]
        # Trust is enough: the socket's folder admits nobody but the account and root.
        who = ["--username=postgres", "--auth=trust"]
        self._run(programs / "initdb", *where, *who, *text, *sync)
        single = (programs / "postgres", "--single", *where, "-cexit_on_error=on", "postgres")
        self._run(*single, said=MAKE_ROLES + MAKE_DATABASE)
        self._note_two_roles(made)
        made.rename(self.data)

    def _make_socket_folder(self) -> None:
        """run/, or a link there to a short folder where its own path is nothing a socket can have."""
        there = self.run.resolve()
        server = self.account.uid if self.account else os.geteuid()
        if there.is_dir() and there.stat().st_uid == server and _fits_socket(there):
            return
        if self.run.is_symlink():
            self.run.unlink()
        else:
            shutil.rmtree(self.run, ignore_errors=True)
        if _fits_socket(self.run):
            self.run.mkdir(mode=0o700)
            self._owned(self.run)
        else:
            short = new_folder(self.account, SHARED_PLACES, "factcheck-")
            self._owned(short).chmod(0o700)
            self.run.symlink_to(short)

    def _disown_pid(self) -> bool:
        """Lets PostgreSQL start although another program has the number of its killed process by now.

        The rest of the file stays: with it PostgreSQL tells whether remains of the killed server are at work.
        Tells whether there was such a file.
        """
        path = self.data / "postmaster.pid"
        with (
            contextlib.suppress(FileNotFoundError),
            os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+") as file,
        ):
            rest = file.read().partition("\n")[2]
            file.seek(0)
            file.write(f"{2**31 - 1}\n{rest}")  # beyond what a system gives to a process
            file.truncate()
            return True
        return False

    def _stop(self) -> None:
        """Stops the server, and removes what is not to be kept."""
        patience = time.monotonic() + PATIENCE
        pid = self._postmaster()
        if pid is not None:
            os.kill(pid, signal.SIGINT if self.durable else signal.SIGQUIT)  # "fast" and "immediate"
        while self._postmaster() is not None:
            if time.monotonic() > patience:
                raise NoPostgresError(f"The server in {self.base} does not stop: see {self.data}/server.log.")
            time.sleep(0.02)
        if self.run.is_symlink():
            shutil.rmtree(self.run.resolve(), ignore_errors=True)
            self.run.unlink()
        if not self.durable:
            shutil.rmtree(self.base, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    """Whether there is such a process, not counting one that is dead and only waits to be noticed."""
    try:
        if Path("/proc/self").is_dir():
            return Path(f"/proc/{pid}/cwd").exists()
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _fits_socket(folder: Path) -> bool:
    """Whether a socket in this folder can be named: short enough, and no comma, which separates hosts."""
    return len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET and "," not in str(folder)


def _listed(folder: Path) -> str:
    """The folder as a member of one of PostgreSQL's lists, where double quotes shield all but themselves."""
    return '"' + str(folder).replace('"', '""') + '"'
