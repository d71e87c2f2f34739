#!/usr/bin/env python3
"""Django's manage.py, which also prepares a bare machine.

`demo` and `test` make .venv with the pinned requirements where they are not installed. While DATABASE_URL
is not set, `demo` keeps a private PostgreSQL in .local, `test` has one of its own for as long as it runs, and
every other command uses the demo's once that exists. Until .venv is made, there is only the standard library.
"""

import os
import sys

# Said before anything that other Pythons cannot read: down to this point any Python 3 can.
if os.name != "posix":
    sys.exit("Linux or macOS is needed (on Windows: WSL).")
if sys.version_info[:2] < (3, 11):  # noqa: UP036 - for whoever has an older one
    sys.exit(
        f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: "
        "install one and name it, as in python3.11 manage.py demo"
    )

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import re
import runpy
import shutil
import signal
import subprocess
import unittest
from pathlib import Path
from types import FrameType

from factcheck import local_postgres
from factcheck.postgres_host import NoPostgresError
from factcheck.signals import SIGNALS

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
MARKER = VENV / ".factcheck-requirements"  # which requirements have been installed to the end
RUNNING = [HERE / "requirements.txt"]
TESTING = [*RUNNING, HERE / "requirements-test.txt"]  # they bring PostgreSQL, so `demo` has them too
LOCAL = HERE / ".local"
PREPARING = ("demo", "test")
WITHOUT_DATABASE = ("", "help", "version", "--help", "-h", "--version")

DEMO_ADDRESS = "127.0.0.1:8000"
DEMO_ORIGIN = "127.0.0.1/factcheck"  # whatever the address: checkpoints of one trail bear one name
DEMO_NOTICE = "Demonstration: everything here illustrates the tool. It is not a published fact-check."

OWNER = os.getpid()
received: list[int] = []


def main() -> None:
    """Runs the command; a signal that ends it makes the exit status 128 + the signal, without a traceback."""
    for number in SIGNALS:
        # nohup stays nohup; but a script that starts this in the background may still interrupt it
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, on_signal)
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        use_right_python(command)
        run_django(command)
    except NoPostgresError as missing:
        sys.exit(str(missing))
    finally:
        # Said here and not where it came: servers take an interrupt as their usual end.
        if received:
            sys.exit(128 + received[0])


def on_signal(number: int, _frame: FrameType | None) -> None:
    """Ends the command in an orderly way; a forked worker of the tests just ends."""
    if os.getpid() != OWNER:
        os._exit(128 + number)
    received.append(number)
    # What is torn off while everything is put away is nobody's news.
    sys.unraisablehook = lambda _torn: None
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def run_django(command: str) -> None:
    """As `python -m django` does, with a database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "factcheck.settings")
    with contextlib.ExitStack() as stack:
        asks_help = command in WITHOUT_DATABASE or "--help" in sys.argv or "-h" in sys.argv
        if not os.environ.get("DATABASE_URL") and not asks_help:
            if command == "test":
                stop_at_once()
                # Its own keys too, never those of a desk that is at work.
                os.environ.update(stack.enter_context(local_postgres.temporary()))
            elif command == "demo" or local_postgres.is_kept(LOCAL):
                os.environ.update(stack.enter_context(local_postgres.kept(LOCAL)))
                speak_as_the_demo(sys.argv[2] if command == "demo" and len(sys.argv) > 2 else DEMO_ADDRESS)
        try:
            runpy.run_module("django", run_name="__main__")
        except Exception as error:
            # Known by its module: Django can be imported only now, and not by every command.
            if command == "test" or type(error).__module__ != "django.db.utils":
                raise
            said = str(error).strip().partition("\n")[0]
            sys.exit(f"The database does not do it: {said}\nDoes it run, and is it migrated (manage.py migrate)?")


def speak_as_the_demo(address: str) -> None:
    """Whatever is made of the demo's database says that it is an illustration, and where it is served."""
    os.environ.setdefault("DESK_NOTICE", DEMO_NOTICE)
    os.environ.setdefault("SITE_URL", f"http://{address}")
    os.environ.setdefault("AUDIT_ORIGIN", DEMO_ORIGIN)
    # The people of the demo have no mailboxes: what they would be sent is written to files.
    os.environ.setdefault("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
    os.environ.setdefault("EMAIL_FILE_PATH", str(LOCAL / "mail"))
    os.environ.setdefault("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{address.rpartition(':')[0]}")


def stop_at_once() -> None:
    """Keeps Django's runner from taking Ctrl-C as a wish to end early and well: it would exit with success.

    unittest puts its own handler in place only once, so having it done before lets ours stand.
    """
    before = signal.getsignal(signal.SIGINT)
    unittest.installHandler()
    signal.signal(signal.SIGINT, before)


def use_right_python(command: str) -> None:
    """Goes on when this Python has what the command needs; else becomes the one of .venv."""
    if is_venv():
        if command not in PREPARING or is_prepared():
            return
    elif is_installed(TESTING if command in PREPARING else RUNNING):
        return
    if command in PREPARING:
        prepare()
    elif not has_django():
        if importlib.util.find_spec("django") is None:
            sys.exit("Django is not installed. Try: python3 manage.py demo")
        return
    sys.stdout.flush()
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.orig_argv[1:]])  # noqa: S606 - to become that Python


def is_venv() -> bool:
    """Whether the Python that runs this is the one of .venv."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_installed(requirements: list[Path]) -> bool:
    """Whether this Python has all they name, be it in another version: that is its owner's choice."""
    for name in pinned(requirements):
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return False
    return True


def pinned(requirements: list[Path]) -> set[str]:
    """The names in the requirements files, but those for other systems alone (with a marker)."""
    text = "\n".join(path.read_text() for path in requirements)
    return set(re.findall(r"^([\w.-]+)(?:\[.*\])?==[^;\n]*$", text, re.MULTILINE))


def wanted() -> str:
    """What MARKER holds after a complete installation: a digest of the requirements files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in TESTING)).hexdigest()


def is_prepared() -> bool:
    """Whether .venv has had these very requirements installed to the end."""
    return MARKER.is_file() and MARKER.read_text() == wanted()


def works(*command: str) -> bool:
    """Whether the command runs and succeeds; its output is of no interest."""
    try:
        return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False


def has_django() -> bool:
    """Whether .venv is a virtual environment (not half of one) in which Django can be imported."""
    return works(str(VENV_PYTHON), "-c", "import sys, django; sys.exit(sys.prefix == sys.base_prefix)")


def prepare() -> None:
    """Makes .venv what the requirements files say, unless it is; one process at a time."""
    lock = os.open(HERE, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another run is preparing .venv; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if is_prepared() and has_django():
            return
        MARKER.unlink(missing_ok=True)
        install([*make_venv(), "install"], lock)
        if not has_django():
            sys.exit("The installation is not complete: remove the folder .venv and try again.")
        MARKER.write_text(wanted())
    except PermissionError as refused:
        sys.exit(f"{refused.filename or VENV} cannot be written: run this as its owner.")
    finally:
        os.close(lock)


def make_venv() -> list[str]:
    """Makes .venv unless it runs; gives its pip, or this Python's where ensurepip is missing (Debian)."""
    inner = [str(VENV_PYTHON), "-m", "pip"]
    outer = [sys.executable, "-m", "pip", "--python", str(VENV_PYTHON)]
    runs = works(str(VENV_PYTHON), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)")
    for pip in (inner, outer):
        if runs and works(*pip, "--version"):
            return pip
    print("Making a virtual environment in .venv ...", flush=True)
    own = importlib.util.find_spec("ensurepip") is not None
    if own and works(sys.executable, "-m", "venv", "--clear", str(VENV)):
        return inner
    bare = works(sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV))
    if bare and works(*outer, "--version"):
        return outer
    shutil.rmtree(VENV, ignore_errors=True)
    sys.exit("This Python makes no virtual environment with pip. On Debian or Ubuntu: apt install python3-venv")


def install(pip: list[str], lock: int) -> None:
    """Installs the requirements, counting them. pip holds the lock too, in case it outlives us."""
    total = len(pinned(TESTING))
    print(f"Installing {total} pinned packages, about 145 MB; this is done once ...", flush=True)
    files = [word for path in TESTING for word in ("-r", str(path))]
    exact = ["--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary=:all:"]
    done = 0
    command = [*pip, *exact, *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[lock]) as running:
        try:
            for line in running.stdout or ():
                if line.startswith("Collecting ") and sys.stdout.isatty():
                    done += 1
                    print(f"\r  {done} of {total}  {line.split()[1]:<50}", end="", flush=True)
        except BaseException:
            running.kill()
            raise
    if running.returncode != 0:
        sys.exit("The installation failed, as said above. Nothing is lost: run the same command again.")
    print(f"{chr(10) if done else ''}Installed.", flush=True)


if __name__ == "__main__":
    main()
