import _thread
import socket
import threading
import time
from collections.abc import Callable, Iterable
from html import escape
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.db import connection
from waitress.server import create_server

from claims.importers.demo import DemoDesk
from claims.publishing.snapshot import build

THREADS = 8
WAITING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>One moment</title>
<h1>The demo desk is being made</h1><p>{said}</p><p>This page becomes the one you asked for in a few seconds.</p></html>
"""


class Doorway:
    """The web application once it is ready; until then a page that says what is being done and asks again."""

    def __init__(self) -> None:
        self.said = "Preparing the database …"
        self.application: Callable[..., Iterable[bytes]] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.application is not None:
            return self.application(environ, start_response)
        page = WAITING.format(said=escape(self.said)).encode()
        headers = {"Content-Type": "text/html; charset=utf-8", "Retry-After": "1", "Refresh": "1",
                   "Content-Length": str(len(page))}  # fmt: skip
        start_response("503 Service Unavailable", list(headers.items()))
        return [page]


class Command(BaseCommand):
    help = "Loads the demo desk (people, two articles, claims in every state) and serves it. Safe to run again."
    requires_system_checks = ()  # the database may still be empty; migrate checks it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDR:PORT", nargs="?", default="127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = _address(options["address"])
        listening = _listen(host, port)
        self.doorway = Doorway()
        self.failure: BaseException | None = None
        application = get_wsgi_application()
        # The desk is made beside the server, so that a first page comes at once. A stopped process ends the thread, and
        # the next start goes on from its last transaction.
        making = threading.Thread(target=self._make, args=(application, f"http://{options['address']}"), daemon=True)
        server = create_server(self.doorway, sockets=[listening], threads=THREADS)
        making.start()
        server.run()  # until manage.py turns a signal into KeyboardInterrupt or SystemExit
        if self.failure is not None:
            raise CommandError(f"The demo desk could not be made: {self.failure}") from self.failure
        self.stdout.write("\nStopped. Nothing is lost: run it again to go on.")

    def _make(self, application: Callable[..., Iterable[bytes]], address: str) -> None:
        try:
            self._say(self.doorway.said)
            call_command("migrate", verbosity=0)
            self._load()
            self.doorway.application = application
            threading.Thread(target=self._run, args=("seal", "The trail is no longer sealed"), daemon=True).start()
            threading.Thread(target=self._run, args=("deliver", "Nothing is delivered any more"), daemon=True).start()
            self._say_where(address)
        except Exception as error:
            self.failure = error
            _thread.interrupt_main()
        finally:
            connection.close()

    def _run(self, command: str, ended: str) -> None:
        """Run a command for as long as the demo is served, as a process of its own does in production."""
        try:
            call_command(command, stdout=StringIO())
        except Exception as error:
            self._say(f"{ended}: {error}")
        finally:
            connection.close()

    def _say(self, line: str) -> None:
        self.doorway.said = line
        self.stdout.write(line)
        self.stdout.flush()

    def _load(self) -> None:
        """Load the demo desk unless it is there, say who logs in how, and publish what is to be published."""
        desk = DemoDesk(build, self._say)
        if desk.is_begun():
            self.stdout.write("The demo desk is there already; passwords were shown when it was made.")
            self.stdout.write("A new one for somebody: python3 manage.py changepassword NAME")
        else:
            self._say("Loading the demo desk …")
            began = time.monotonic()
            passwords = desk.load()
            self._say(f"Loaded in {time.monotonic() - began:.0f} s.")
            self.stdout.write("\nLogins (passwords are shown only now):")
            for person in desk.data["people"]:
                name = person["username"]
                self.stdout.write(f"  {name:10} {passwords[name]:20} {', '.join(person['roles'])}")
        desk.publish()

    def _say_where(self, address: str) -> None:
        self.stdout.write(f"\n  {'the desk':20} {address}/admin/")
        self.stdout.write(f"  {'what readers see':20} {address}/factchecks/")
        self.stdout.write(f"  {'REST':20} {address}/api/v1/docs/")
        self.stdout.write(f"\n{settings.DESK_NOTICE or 'No notice is set: DESK_NOTICE.'}\nCtrl-C stops it.")
        self.stdout.flush()


def _address(given: str) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"{given} is not an address: say ADDR:PORT, such as 127.0.0.1:8000.")
    return host.strip("[]"), int(port)


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is prepared, so that a taken one is said at once."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = error.strerror or "no such address"
        raise CommandError(f"{host}:{port} cannot be used ({why}): name another, such as 127.0.0.1:8001.") from None
