"""manage.py on a bare machine: a small project with its own copy of the files, run as people run it."""

import ast
import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import manage
from factcheck.postgres_host import account_for, new_folder
from factcheck.postgres_server import Server

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds; what is bounded takes one or two
BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")

SETTINGS = """
from factcheck import env
SECRET_KEY = "for the tests of manage.py"
URL = env.text("DATABASE_OWNER_URL", default="") or env.text("DATABASE_URL", default="")  # it makes tables
DATABASES = {"default": env.database(URL) if URL else {"ENGINE": "django.db.backends.dummy"}}
INSTALLED_APPS = ["desk"]
"""
DEMO = """
import time
from django.core.management.base import BaseCommand
from django.db import connection
class Command(BaseCommand):
    def handle(self, **options):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
            cursor.execute("INSERT INTO kept VALUES (7)")
        print("serving", flush=True)
        try:
            time.sleep(60)
        except (KeyboardInterrupt, SystemExit):
            pass  # as waitress does
"""
COUNT = """
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
class Command(BaseCommand):
    def handle(self, **options):
        if not settings.URL:
            return "no DATABASE_URL"
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kept")
            return f"{cursor.fetchone()[0]} kept"
"""
ENVIRONMENT = """
import os
from django.core.management.base import BaseCommand
class Command(BaseCommand):
    def handle(self, **options):
        names = ("DATABASE_URL", "DATABASE_OWNER_URL", "AUDIT_DIR", "AUDIT_ORIGIN")
        return chr(10).join(os.environ.get(name, "") for name in names)
"""
QUICK_TEST = """
import os
from django.test import SimpleTestCase
class Quick(SimpleTestCase):
    def test_quick(self):
        print("audit in", os.environ["AUDIT_DIR"], os.path.isdir(os.environ["AUDIT_DIR"]))
"""
SLOW_TEST = """
import time
from django.test import TestCase
class Slow(TestCase):
    def test_slow(self):
        print("testing", flush=True)
        time.sleep(60)
class AlsoSlow(Slow):
    pass
"""


class Project(unittest.TestCase):
    """A project of a few lines around the files under test."""

    def setUp(self) -> None:
        self.folder = new_folder(account_for(), (tempfile.gettempdir(), "/tmp"), "test-manage-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(self.stop)
        shutil.copytree(ROOT / "factcheck", self.folder / "factcheck", ignore=shutil.ignore_patterns("__pycache__"))
        for path in (ROOT / "manage.py", *ROOT.glob("requirements*.txt")):
            shutil.copy(path, self.folder)
        commands = self.folder / "desk" / "management" / "commands"
        commands.mkdir(parents=True)
        for name, text in (("demo", DEMO), ("count", COUNT), ("environment", ENVIRONMENT)):
            (commands / f"{name}.py").write_text(text)
        (self.folder / "factcheck" / "settings.py").write_text(SETTINGS)
        (self.folder / "slow.py").write_text(SLOW_TEST)
        (self.folder / "quick.py").write_text(QUICK_TEST)

    def stop(self) -> None:
        local = self.folder / ".local"
        if local.is_dir():
            Server(local, None, durable=True).leave()

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", **more}

    def start(self, *arguments: str, python: str = sys.executable, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [python, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def run_to_end(self, *arguments: str, python: str = sys.executable, **more: str) -> str:
        return self.start(*arguments, python=python, **more).communicate(timeout=PATIENCE)[0]

    def until(self, process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or word not in lines[-1]:
            lines.append(process.stdout.readline())
            self.assertTrue(lines[-1], f"{word!r} never came:\n{''.join(lines)}")

    def is_running(self) -> bool:
        server = Server(self.folder / ".local", None, durable=True)
        try:
            return server._postmaster() is not None
        finally:
            os.close(server.users)


class DatabaseOfCommands(Project):
    def test_the_demo_ends_in_good_order_and_its_database_is_everyones(self) -> None:
        self.assertEqual(self.run_to_end("count").strip(), "no DATABASE_URL")
        self.assertFalse((self.folder / ".local").exists())
        for times, (number, status) in enumerate(
            ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)), start=1
        ):
            with self.subTest(number):
                demo = self.start("demo")
                self.until(demo, "serving")
                self.assertEqual(self.run_to_end("count").strip(), f"{times} kept")
                os.killpg(demo.pid, number)
                said = demo.communicate(timeout=PATIENCE)[0]
                self.assertEqual((demo.returncode, said), (status, ""))
                self.assertFalse(self.is_running())
        self.assertEqual(self.run_to_end("count").strip(), "3 kept")
        self.assertFalse(self.is_running())

    def test_the_demo_and_the_tests_have_two_roles_and_keys_of_their_own(self) -> None:
        self.assertEqual(self.run_to_end("environment").split(), [])
        demo = self.start("demo")
        self.until(demo, "serving")
        elsewhere = str(self.folder / "elsewhere")
        said = self.run_to_end("environment", AUDIT_DIR=elsewhere).split()
        self.assertRegex(said[0], "^postgres://factcheck@/factcheck")
        self.assertRegex(said[1], "^postgres://factcheck_owner@/factcheck")
        self.assertEqual(said[2:], [str(self.folder / ".local" / "audit"), "127.0.0.1/factcheck"])
        said = self.run_to_end("test", "quick", AUDIT_DIR=elsewhere)
        place = next(line for line in said.splitlines() if line.startswith("audit in")).split()
        self.assertEqual(place[3], "True")
        self.assertNotEqual(place[2], elsewhere)
        self.assertFalse(Path(place[2]).exists())

    def test_database_url_wins(self) -> None:
        (self.folder / ".local" / "data").mkdir(parents=True)
        said = self.run_to_end("count", DATABASE_URL="postgres://me@/nothing?host=/nowhere")
        self.assertIn("/nowhere", said)
        self.assertFalse((self.folder / ".local" / "users.lock").exists())

    def test_an_interrupted_test_run_is_no_success_and_leaves_nothing(self) -> None:
        for more in ((), ("--parallel", "2")):
            with self.subTest(more):
                places = self.folder / "tmp"
                shutil.rmtree(places, ignore_errors=True)
                places.mkdir()
                run = self.start("test", "slow", *more, TMPDIR=str(places))
                self.until(run, "testing")
                time.sleep(0.2)
                os.killpg(run.pid, signal.SIGINT)
                said = run.communicate(timeout=PATIENCE)[0]
                self.assertEqual(run.returncode, 130, said)
                self.assertNotIn("Traceback", said)
                self.assertEqual(list(places.iterdir()), [])

    def test_no_server_is_one_sentence(self) -> None:
        said = self.run_to_end("test", PG_BIN="/nowhere").strip()
        self.assertTrue(said.startswith("PG_BIN is /nowhere"), said)
        self.assertEqual(len(said.splitlines()), 1)


class Bootstrap(Project):
    def setUp(self) -> None:
        super().setUp()
        self.wheel()

    def wheel(self) -> None:
        """A "django" that says where it runs, and requirements that name it; all without a network."""
        files = {
            "django/__init__.py": "",
            "django/__main__.py": "import sys; print('django in', sys.prefix, sys.argv[1:])",
            "nosuch_desk-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: nosuch-desk\nVersion: 1\n",
            "nosuch_desk-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        path = self.folder / "wheels" / "nosuch_desk-1-py3-none-any.whl"
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w") as wheel:
            record = []
            for name, text in files.items():
                wheel.writestr(name, text)
                digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
                record.append(f"{name},sha256={digest},{len(text)}\n")
            wheel.writestr("nosuch_desk-1.dist-info/RECORD", "".join(record))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (self.folder / "requirements.txt").write_text(
            f"--no-index\n--find-links {path.parent}\nnosuch-desk==1 \\\n    --hash=sha256:{digest}\n"
        )
        (self.folder / "requirements-test.txt").write_text("# none\n")

    def test_the_environment_is_made_remade_and_used(self) -> None:
        self.assertIn("Try: python3 manage.py demo", self.run_to_end("migrate", python=BASE_PYTHON))
        half = self.folder / ".venv" / "bin"
        half.mkdir(parents=True)
        (half / "python").symlink_to("/nowhere/python3")
        ours = f"django in {self.folder}/.venv"
        first = self.run_to_end("demo", "--help", python=BASE_PYTHON)
        self.assertIn("Making a virtual environment", first)
        self.assertIn(f"{ours} ['demo', '--help']", first)
        self.assertEqual(self.run_to_end("demo", "--help", python=BASE_PYTHON).strip(), f"{ours} ['demo', '--help']")
        self.assertEqual(self.run_to_end("migrate", python=BASE_PYTHON).strip(), f"{ours} ['migrate']")
        with (self.folder / "requirements-test.txt").open("a") as file:
            file.write("# changed\n")
        changed = self.run_to_end("demo", "--help", python=BASE_PYTHON)
        self.assertIn("Installing 1 pinned", changed)
        self.assertNotIn("Making", changed)
        (self.folder / ".venv" / manage.MARKER.name).unlink()  # as after an interruption
        self.assertIn("Installing 1 pinned", self.run_to_end("demo", "--help", python=BASE_PYTHON))

    def test_a_failed_installation_is_said_and_not_taken_for_done(self) -> None:
        (self.folder / "wheels" / "nosuch_desk-1-py3-none-any.whl").unlink()
        said = self.run_to_end("demo", "--help", python=BASE_PYTHON)
        self.assertIn("The installation failed", said)
        self.assertNotIn("Traceback", said)
        self.assertFalse((self.folder / ".venv" / manage.MARKER.name).exists())


class Pieces(unittest.TestCase):
    def test_an_old_python_gets_a_sentence(self) -> None:
        run = "runpy.run_path('manage.py', run_name='__main__')"
        old = f"import sys, runpy; sys.version_info = (3, 9, 2); {run}"
        done = subprocess.run(
            [sys.executable, "-c", old],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\APython 3\.11 or newer is needed.*\n\Z")

    def test_any_python_3_can_read_the_file(self) -> None:
        ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))

    def test_what_is_pinned_for_other_systems_alone_does_not_count(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "requirements.txt"
            path.write_text("a-b.c==1.0 \\\n    --hash=sha256:0\nd[binary]==2\ntzdata==1 ; sys_platform == 'win32'\n")
            self.assertEqual(manage.pinned([path]), {"a-b.c", "d"})
        self.assertIn("django", manage.pinned(manage.TESTING))

    def test_a_python_with_all_of_it_is_used_as_it_is(self) -> None:
        with (
            mock.patch.object(manage, "is_venv", return_value=False),
            mock.patch.object(manage, "is_installed", return_value=True),
            mock.patch("os.execv") as become,
        ):
            manage.use_right_python("demo")
        become.assert_not_called()
