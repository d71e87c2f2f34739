"""A mail server and a receiver of webhooks, real ones on this machine, that remember what came."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as Python's client speaks."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.take()
            elif verb == b"RCPT" and (refusal := cast(MailServer, self.server).refuse):
                self.say(refusal)
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def take(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if line:  # a message without its end is none
            server = cast(MailServer, self.server)
            server.messages.append(email.message_from_bytes(b"".join(lines)))
            server.on_arrival()
            self.say("250 I have it")

    def say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


def _nothing() -> None:
    """What happens when something has come, unless a test has more in mind."""


class MailServer(socketserver.ThreadingTCPServer):
    """`messages` holds what it has; `on_arrival` is called before it says so; `refuse` is what it answers to every
    recipient, if anything.
    """

    allow_reuse_address = daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.messages: list[Message] = []
        self.on_arrival: Callable[[], object] = _nothing
        self.refuse = ""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who was killed hangs up in the middle."""


class _HookHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast(HookServer, self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.received.append((dict(self.headers.items()), body))
        server.on_arrival()
        self.send_response(server.answers.pop(0) if server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


class HookServer(ThreadingHTTPServer):
    """`received` holds headers and bodies; `on_arrival` is called before it answers; `answers` holds the statuses it
    gives first, before 200.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.on_arrival: Callable[[], object] = _nothing

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: see MailServer."""


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """Inside, the server serves."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
