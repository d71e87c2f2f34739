import socket
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from waitress.server import create_server

from claims.importers.demo import DemoDesk
from claims.publishing.snapshot import build

THREADS = 8


class Command(BaseCommand):
    help = "Loads the demo desk (people, two articles, claims in every state) and serves it. Safe to run again."
    requires_system_checks = ()  # the database may still be empty; migrate checks it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDR:PORT", nargs="?", default="127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = _address(options["address"])
        listening = _listen(host, port)
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        self._load()
        self._say_where(f"http://{options['address']}")
        server = create_server(get_wsgi_application(), sockets=[listening], threads=THREADS)
        server.run()  # until manage.py turns a signal into KeyboardInterrupt or SystemExit
        self.stdout.write("\nStopped. Nothing is lost: run it again to go on.")

    def _load(self) -> None:
        desk = DemoDesk(build, lambda line: self.stdout.write(f"  {line}"))
        if desk.is_loaded():
            self.stdout.write("The demo desk is there already; passwords were shown when it was made.")
            self.stdout.write("A new one for somebody: python3 manage.py changepassword NAME\n")
            return
        self.stdout.write("Loading the demo desk …")
        began = time.monotonic()
        passwords = desk.load()
        self.stdout.write(f"  loaded in {time.monotonic() - began:.0f} s\n\nLogins (passwords are shown only now):")
        for person in desk.data["people"]:
            name = person["username"]
            self.stdout.write(f"  {name:10} {passwords[name]:20} {', '.join(person['roles'])}")

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
        raise CommandError(
            f"{host}:{port} cannot be used ({error.strerror}): name another, such as 127.0.0.1:8001."
        ) from None
