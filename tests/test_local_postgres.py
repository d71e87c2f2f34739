"""The private PostgreSQL, with real servers in temporary folders and real kills."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

import psycopg

from factcheck import local_postgres, postgres_host
from factcheck.local_postgres import TEMPORARY, is_kept
from factcheck.postgres_host import Account, NoPostgresError, account_for, find_programs
from factcheck.postgres_roles import MAKE_ROLES, TWO_ROLES
from factcheck.postgres_server import Server, _is_alive

ROOT = Path(__file__).resolve().parent.parent
AS_ROOT = os.geteuid() == 0
PATIENCE = 20  # seconds
MADE: list[Path] = []  # data of a server that was just made

USE = """
import sys
from pathlib import Path
from factcheck.local_postgres import kept, temporary
with (kept(Path(sys.argv[1])) if len(sys.argv) > 1 else temporary()) as environment:
    print(environment["DATABASE_OWNER_URL"], flush=True)
    sys.stdin.read()
"""

FORK = """
import contextlib, os, sys
from pathlib import Path
import psycopg
from factcheck.local_postgres import kept
with kept(Path(sys.argv[1])) as environment:
    worker = os.fork()
    if worker == 0:
        sys.exit()
    os.waitpid(worker, 0)
    psycopg.connect(environment["DATABASE_URL"]).close()
    print("still there")
"""


@contextlib.contextmanager
def kept(folder: Path) -> Iterator[str]:
    """The owner's address alone: the tests make tables."""
    with local_postgres.kept(folder) as environment:
        yield environment["DATABASE_OWNER_URL"]


@contextlib.contextmanager
def temporary() -> Iterator[str]:
    with local_postgres.temporary() as environment:
        yield environment["DATABASE_OWNER_URL"]


class User:
    """Another process that is using a server, until it is told to go or is killed."""

    def __init__(self, *folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, *map(str, folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def go(self) -> None:
        self.process.communicate(timeout=PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.go()


def ask(url: str, sql: str) -> object:
    """The first column of the first row, if the statement gives one."""
    with psycopg.connect(url, autocommit=True, connect_timeout=PATIENCE) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def base_of(url: str) -> Path:
    """The folder of the server, whose socket is in run/."""
    return Path(unquote(url.partition("host=")[2])).parent


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split("\n")[0])


def is_running(folder: Path) -> bool:
    server = Server(folder, None, durable=True)
    try:
        return server._postmaster() is not None
    finally:
        os.close(server.users)


def interrupted(stop: Callable[[Server], None]) -> Callable[[Server], None]:
    """Ctrl-C twice at the worst moment."""

    def interrupt_and_stop(server: Server) -> None:
        signal.raise_signal(signal.SIGINT)
        stop(server)
        signal.raise_signal(signal.SIGINT)

    return interrupt_and_stop


class LocalPostgres(unittest.TestCase):
    def setUp(self) -> None:
        context = mock.patch.dict(os.environ)
        context.start()
        self.addCleanup(context.stop)
        os.environ.pop("PG_BIN", None)
        # Whoever runs the tests has a handler of their own: an interrupt raised here is meant for the code here.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        # One that the server's account can enter even when TMPDIR is root's alone.
        self.folder = postgres_host.new_folder(account_for(), (tempfile.gettempdir(), "/tmp"), "test-pg-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.stop, self.folder)

    def with_data(self, folder: Path) -> Path:
        """The folder, with the data of a new server in it, of which one copy is made for all tests."""
        folder.mkdir(exist_ok=True)
        if not MADE:
            with kept(folder):
                pass
            made = Path(tempfile.mkdtemp(prefix="test-pg-"))
            unittest.addModuleCleanup(shutil.rmtree, made)
            # In parallel each class is a run of its own: the next one in this process finds the copy gone.
            unittest.addModuleCleanup(MADE.clear)
            subprocess.run(["cp", "-a", str(folder / "data"), str(made)], check=True)
            MADE.append(made / "data")
        else:
            subprocess.run(["cp", "-a", str(MADE[0]), str(folder)], check=True)
        return folder

    def stop(self, folder: Path) -> None:
        if folder.is_dir():
            Server(folder, None, durable=True).leave()

    def user(self, *folder: Path) -> User:
        user = User(*folder)
        self.addCleanup(user.kill)
        return user


class KeptServer(LocalPostgres):
    def test_data_outlive_the_server_and_the_owner_can_do_what_tests_need(self) -> None:
        self.assertFalse(is_kept(self.folder))
        with kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT current_user || ' ' || current_database()"), "factcheck_owner factcheck")
            self.assertIs(ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"), False)
            ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
            for database in ("factcheck", "postgres"):  # Django's test runner comes from either
                elsewhere = url.replace("@/factcheck", f"@/{database}")
                ask(elsewhere, "CREATE DATABASE test_factcheck")
                ask(elsewhere, "DROP DATABASE test_factcheck")
            self.assertEqual(ask(url, "SHOW listen_addresses"), "")
            self.assertEqual(ask(url, "SHOW fsync"), "on")
        self.assertFalse(is_running(self.folder))
        self.assertTrue(is_kept(self.folder))
        with kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT number FROM kept"), 7)

    def test_nobody_else_reaches_data_or_socket(self) -> None:
        self.with_data(self.folder)
        with kept(self.folder):
            for name in ("data", "run"):
                self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o700, name)

    def test_the_last_to_leave_stops_it(self) -> None:
        self.with_data(self.folder)
        first, second = self.user(self.folder), self.user(self.folder)
        self.assertEqual(first.url, second.url)
        pid = postmaster(self.folder)
        first.go()
        self.assertEqual(ask(second.url, "SELECT 1"), 1)
        with kept(self.folder) as url:
            second.go()
            self.assertEqual(ask(url, "SELECT 1"), 1)
            self.assertEqual(postmaster(self.folder), pid)
        self.assertFalse(is_running(self.folder))

    def test_a_forked_worker_stops_nothing(self) -> None:
        self.with_data(self.folder)
        done = subprocess.run(
            [sys.executable, "-c", FORK, str(self.folder)],
            check=False,
            cwd=ROOT,
            timeout=PATIENCE,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.stdout, "still there\n", done.stderr)
        self.assertFalse(is_running(self.folder))

    def test_a_signal_waits_until_it_has_stopped(self) -> None:
        self.with_data(self.folder)
        with (
            self.assertRaises(KeyboardInterrupt),
            mock.patch.object(Server, "_stop", interrupted(Server._stop)),
            kept(self.folder),
        ):
            pass
        self.assertFalse(is_running(self.folder))

    def test_the_next_start_joins_what_a_killed_run_left(self) -> None:
        self.with_data(self.folder)
        killed = self.user(self.folder)
        ask(killed.url, "CREATE TABLE kept AS SELECT 7 AS number")
        killed.kill()
        pid = postmaster(self.folder)
        with kept(self.folder) as url:
            self.assertEqual(postmaster(self.folder), pid)
            self.assertEqual(ask(url, "SELECT number FROM kept"), 7)
        self.assertFalse(is_running(self.folder))

    def test_a_killed_server_recovers(self) -> None:
        self.with_data(self.folder)
        killed = self.user(self.folder)
        ask(killed.url, "CREATE TABLE kept AS SELECT 7 AS number")
        pid = postmaster(self.folder)
        killed.kill()
        os.kill(pid, signal.SIGKILL)
        while _is_alive(pid):  # a process takes a moment to die
            time.sleep(0.01)
        with kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT number FROM kept"), 7)

    def test_the_number_of_the_killed_server_may_be_in_use_by_another_program(self) -> None:
        self.with_data(self.folder)
        with kept(self.folder):
            left = (self.folder / "data" / "postmaster.pid").read_text()
        pid_file = self.folder / "data" / "postmaster.pid"
        owner = pid_file.parent.stat()
        other = subprocess.Popen(["sleep", "60"], user=owner.st_uid if AS_ROOT else None)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        pid_file.write_text(f"{other.pid}\n" + left.partition("\n")[2])
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT 1"), 1)
        self.assertIsNone(other.poll())

    def test_an_interrupted_initdb_is_done_again(self) -> None:
        half = self.folder / "data.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        self.assertFalse(is_kept(self.folder))
        with kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT 1"), 1)
        self.assertFalse(half.exists())

    def test_any_folder_will_do(self) -> None:
        for name in ("deep" * 30, 'a b, c\'s "d" $HOME %20 ü'):
            with self.subTest(name):
                folder = self.folder / name
                self.addCleanup(self.stop, folder)
                with kept(self.with_data(folder)) as url:
                    self.assertEqual(ask(url, "SELECT 1"), 1)
                    short = (folder / "run").resolve()
                self.assertFalse(short.exists())

    def test_data_of_another_version_are_not_touched(self) -> None:
        self.with_data(self.folder)
        with kept(self.folder):
            pass
        (self.folder / "data" / "PG_VERSION").write_text("9\n")
        with self.assertRaisesRegex(NoPostgresError, "of PostgreSQL 9 and .* set PG_BIN"), kept(self.folder):
            self.fail("started")


class TwoRoles(LocalPostgres):
    """The application's role owns nothing, in new data and in those of an earlier version."""

    def test_the_application_is_not_the_owner(self) -> None:
        self.with_data(self.folder)
        with local_postgres.kept(self.folder) as environment:
            application, owner = environment["DATABASE_URL"], environment["DATABASE_OWNER_URL"]
            ask(owner, "CREATE TABLE made AS SELECT 7 AS number")
            self.assertEqual(ask(application, "SELECT current_user"), "factcheck")
            for statement in (
                "SELECT number FROM made",
                "DROP TABLE made",
                "CREATE TABLE mine (x int)",
                "CREATE DATABASE mine",
                "SET ROLE factcheck_owner",
            ):
                with self.subTest(statement), self.assertRaises(psycopg.errors.InsufficientPrivilege):
                    ask(application, statement)
            self.assertEqual(Path(environment["AUDIT_DIR"]), self.folder / "audit")
            self.assertEqual((self.folder / "audit").stat().st_mode & 0o777, 0o700)

    def as_before(self) -> Path:
        """Data as an earlier version made them: one role, which owns the database and all in it."""
        programs, account = find_programs(), account_for(self.folder / "data", self.folder)
        server = Server(self.folder, account, durable=True)
        self.addCleanup(os.close, server.users)
        made = self.folder / "data"
        made.mkdir(mode=0o700)
        where = ("-D", str(server._owned(made)))
        server._run(programs / "initdb", *where, "--username=postgres", "--auth=trust", "--no-sync")
        roles = "CREATE ROLE factcheck LOGIN CREATEDB;\nCREATE DATABASE factcheck OWNER factcheck;\n"
        single = (programs / "postgres", "--single", *where, "-cexit_on_error=on")
        server._run(*single, "postgres", said=roles)
        lines = (
            "SET SESSION AUTHORIZATION factcheck;",
            "CREATE TABLE kept AS SELECT 7 AS number;",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        )
        server._run(*single, "factcheck", said="\n".join(lines) + "\n")
        return made

    def handed_over(self) -> None:
        with local_postgres.kept(self.folder) as environment:
            owner = environment["DATABASE_OWNER_URL"]
            self.assertEqual(ask(owner, "SELECT number FROM kept"), 7)
            ask(owner, "ALTER TABLE kept ADD COLUMN more int; DROP FUNCTION f(); CREATE TABLE another (x int)")
            owned = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = 'factcheck'::regrole"
            self.assertEqual(ask(owner, owned), 0)
            self.assertEqual(ask(owner, "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'factcheck'"),
                             "factcheck_owner")  # fmt: skip
            self.assertIs(ask(owner, "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'factcheck'"), False)
            with self.assertRaises(psycopg.errors.InsufficientPrivilege):
                ask(environment["DATABASE_URL"], "DROP TABLE kept")

    def test_data_of_an_earlier_version_are_handed_over_once(self) -> None:
        data = self.as_before()
        self.handed_over()
        self.assertTrue((data / TWO_ROLES).is_file())
        with mock.patch.object(Server, "_hand_over", side_effect=AssertionError), kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT number FROM kept"), 7)

    def test_an_interrupted_handing_over_is_done_again(self) -> None:
        self.as_before()
        half = mock.patch("factcheck.postgres_server.HAND_OVER", "SELECT no_such_thing();\n")
        with half, self.assertRaisesRegex(NoPostgresError, "no_such_thing"), kept(self.folder):
            self.fail("started")
        self.assertFalse((self.folder / "data" / TWO_ROLES).exists())
        self.handed_over()

    def test_a_killed_one_is_waited_for(self) -> None:
        data = self.as_before()
        slow = mock.patch("factcheck.postgres_server.MAKE_ROLES", MAKE_ROLES + "SELECT pg_sleep(1.5);\n")
        with slow:
            worker = os.fork()
            if worker == 0:
                with contextlib.suppress(BaseException), kept(self.folder):
                    pass
                os._exit(0)
        while not (data / "postmaster.pid").exists():
            time.sleep(0.01)
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        self.handed_over()

    def test_a_server_that_an_earlier_version_left_running_is_handed_over(self) -> None:
        data = self.as_before()
        with mock.patch.object(Server, "_has_two_roles", return_value=True):
            server = Server(self.folder, account_for(self.folder / "data", self.folder), durable=True)
            server.enter()
        pid = postmaster(self.folder)
        in_use = "An earlier version is at work .*: stop it"
        with self.assertRaisesRegex(NoPostgresError, in_use), kept(self.folder):
            self.fail("started")
        self.assertTrue(_is_alive(pid))
        os.close(server.users)  # as when its process is killed
        self.handed_over()
        self.assertFalse(_is_alive(pid))
        self.assertTrue((data / TWO_ROLES).is_file())


class TemporaryServer(LocalPostgres):
    def test_it_is_quick_and_leaves_nothing(self) -> None:
        with temporary() as url:
            self.assertEqual(ask(url, "SHOW fsync"), "off")
            base = base_of(url)
            self.assertTrue(base.name.startswith(TEMPORARY))
            self.assertTrue((base / "audit").is_dir())
        self.assertFalse(base.exists())

    def test_what_a_killed_run_left_goes_with_the_next(self) -> None:
        killed = self.user()
        base = base_of(killed.url)
        pid = postmaster(base)
        at_work = self.user()
        killed.kill()
        self.assertTrue(base.exists())
        with temporary():
            self.assertFalse(base.exists())
            self.assertFalse(_is_alive(pid))
            self.assertEqual(ask(at_work.url, "SELECT 1"), 1)
        self.assertEqual(ask(at_work.url, "SELECT 1"), 1)
        at_work.go()
        self.assertFalse(base_of(at_work.url).exists())


class Programs(LocalPostgres):
    def fake(self, version: str) -> Path:
        """A folder with a server that says it is of this version."""
        for name in ("initdb", "postgres"):
            (self.folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            (self.folder / name).chmod(0o755)
        return self.folder

    def test_pg_bin_is_taken_or_refused(self) -> None:
        for version in ("15.2", "19beta1"):
            with mock.patch.dict(os.environ, PG_BIN=str(self.fake(version))):
                self.assertEqual(find_programs(), self.folder)
        for wish, said in (
            (str(self.fake("14.9")), "PostgreSQL 14, 15 or newer is needed"),
            ("/nowhere", "PG_BIN is"),
        ):
            with mock.patch.dict(os.environ, PG_BIN=wish), self.assertRaisesRegex(NoPostgresError, said):
                find_programs()

    def test_nothing_found_says_what_to_do(self) -> None:
        nothing = mock.patch.object(postgres_host, "_usual_places", return_value=iter(()))
        with nothing, self.assertRaisesRegex(NoPostgresError, "No PostgreSQL was found.*DATABASE_URL"):
            find_programs()

    def test_one_that_is_too_old_is_passed_over_for_a_newer_one(self) -> None:
        found = find_programs()
        with mock.patch.object(postgres_host, "_usual_places", return_value=iter((self.fake("13.1"), found))):
            self.assertEqual(find_programs(), found)


@unittest.skipUnless(AS_ROOT, "only root changes accounts")
class AsRoot(LocalPostgres):
    def test_below_a_folder_of_root_alone_no_mode_changes(self) -> None:
        self.folder.chmod(0o700)
        folder = self.folder / ".local"
        with mock.patch("sys.stdout") as said, kept(folder) as url:
            home = (folder / "elsewhere").resolve()
            self.addCleanup(shutil.rmtree, home, ignore_errors=True)
            ask(url, "CREATE TABLE kept AS SELECT 7 AS number")
        self.assertIn(str(home), str(said.write.call_args))
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        self.assertTrue(is_kept(folder))
        with kept(folder) as url:
            self.assertEqual(ask(url, "SELECT number FROM kept"), 7)
        self.assertFalse(is_running(home))

    def test_programs_that_the_account_cannot_read_are_copied(self) -> None:
        wheel = postgres_host._wheel()
        if wheel is None:
            self.skipTest("the wheel is not installed")
        hidden = self.folder / "hidden"
        for source in (wheel, wheel.with_name(wheel.name + ".libs")):
            shutil.copytree(source, hidden / source.name, symlinks=True)
        hidden.chmod(0o700)
        there = mock.patch.object(postgres_host, "_wheel", return_value=hidden / wheel.name)
        with there, kept(self.folder) as url:
            self.assertEqual(ask(url, "SELECT 1"), 1)
        self.assertTrue((self.folder / "inst" / wheel.name).is_dir())

    def test_the_owner_of_the_folder_runs_it(self) -> None:
        daemon = pwd.getpwnam("daemon")
        os.chown(self.folder, daemon.pw_uid, daemon.pw_gid)
        folder = self.folder / ".local"
        self.assertEqual(account_for(folder / "data", self.folder), Account(daemon.pw_uid, daemon.pw_gid, "daemon"))
        with kept(folder) as url:
            self.assertEqual(ask(url, "SELECT 1"), 1)
            for path in (folder, folder / "data", folder / "users.lock"):
                self.assertEqual(path.stat().st_uid, daemon.pw_uid, path)


@unittest.skipIf(AS_ROOT, "root may enter everything")
class AsUser(LocalPostgres):
    def test_another_accounts_folder_is_refused_with_a_sentence(self) -> None:
        folder = self.folder / ".local"
        folder.mkdir(mode=0o500)
        with self.assertRaisesRegex(NoPostgresError, "belongs to another account"), kept(folder):
            self.fail("started")
