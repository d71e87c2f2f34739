"""What leaves the desk goes nowhere inside, to what was looked at, and ends in time."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import SimpleTestCase

from claims import outgoing
from claims.outgoing import NotAllowed, Unreachable

HERE = (ipaddress.IPv4Network("127.0.0.0/8"),)
REFUSED = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8", "100::1",
    "2001::1", "2001:0:1::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2002:808:808::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
)  # fmt: skip
PUBLIC = ("1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1",
          "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808")  # fmt: skip


class Addresses(SimpleTestCase):
    def test_what_is_not_public_is_refused_however_it_is_written(self) -> None:
        for text in REFUSED:
            with self.subTest(text):
                self.assertTrue(outgoing.is_refused(ipaddress.ip_address(text)))

    def test_what_is_public_is_not(self) -> None:
        for text in PUBLIC:
            with self.subTest(text):
                self.assertFalse(outgoing.is_refused(ipaddress.ip_address(text)))

    def test_a_desk_may_name_networks_of_its_own(self) -> None:
        own = (ipaddress.IPv4Network("10.1.0.0/16"), ipaddress.IPv6Network("fd12::/16"))
        for text, refused in (("10.1.2.3", False), ("::ffff:10.1.2.3", False), ("10.2.0.1", True), ("fd12::1", False),
                              ("fd13::1", True), ("127.0.0.1", True)):  # fmt: skip
            with self.subTest(text):
                self.assertEqual(outgoing.is_refused(ipaddress.ip_address(text), own), refused)

    def test_addresses_that_are_none_or_not_spoken_to(self) -> None:
        for url in (
            "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "http://example.org/", "//example.org",
            "https://", "https:///x", "https://user@example.org/", "https://user:pw@example.org/",
            "https://exa mple.org/",
            "https://example.org/\r\nX: 1", "https://example.org:99999/", "https://example.org:x/", "https://[::1]/",
            "https://127.0.0.1/", "https://[fe80::1%25eth0]/", "https://[::ffff:10.0.0.1]/", "https://example.org:25/",
            "https://example.org:80/", "https://example.org:0/", "https://\ud800.example/", f"https://{'a' * 70}.org/",
        ):  # fmt: skip
            with self.subTest(url), self.assertRaises(NotAllowed):
                outgoing.target_of(url)
        for url in ("https://example.org/", "https://example.org:8443/a?b=c", "https://bücher.example/ü"):
            outgoing.target_of(url)
        self.assertEqual(outgoing.target_of("https://bücher.example/ü?q=ö").path, "/%C3%BC?q=%C3%B6")
        self.assertEqual(outgoing.target_of("https://bücher.example/").host, "xn--bcher-kva.example")

    def test_numbers_that_resolvers_understand_are_looked_at_after_they_did(self) -> None:
        for host in ("2130706433", "0x7f.1", "127.1", "localhost", "0177.0.0.1"):
            with self.subTest(host), self.assertRaises((NotAllowed, Unreachable)):
                outgoing.post(f"https://{host}/", b"", {}, patience=5)


class NamesThatLie(SimpleTestCase):
    def answers(self, *addresses: str) -> object:
        told = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        return patch("claims.outgoing.socket.getaddrinfo", return_value=told)

    def test_one_bad_address_among_good_ones_is_enough(self) -> None:
        for addresses in (("93.184.216.34", "10.0.0.1"), ("169.254.169.254", "8.8.8.8"), ("8.8.8.8", "::1")):
            with (
                self.subTest(addresses), self.answers(*addresses), self.assertRaises(NotAllowed),
                patch("claims.outgoing.socket.create_connection") as connected,
            ):  # fmt: skip
                outgoing.post("https://example.org/", b"", {})
            connected.assert_not_called()

    def test_http_is_for_allowed_networks_whatever_the_name_says(self) -> None:
        with self.answers("93.184.216.34"), self.assertRaises(NotAllowed):
            outgoing.post("http://example.org/", b"", {}, allowed=HERE)
        with self.answers("93.184.216.34"), self.assertRaises(NotAllowed):
            outgoing.post("https://example.org:25/", b"", {}, allowed=HERE)
        with self.answers("93.184.216.34", "127.0.0.1"), self.assertRaises(NotAllowed):
            outgoing.post("http://example.org/", b"", {}, allowed=HERE)

    def test_the_connection_goes_to_the_address_that_was_looked_at(self) -> None:
        """The name is asked for once; whatever it would answer a second time is not heard."""
        with serving(lambda sock: sock.sendall(OK)) as (port, _):
            told = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
            inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]
            with (
                patch("claims.outgoing.socket.getaddrinfo", side_effect=[told, inside]) as asked,
                patch("claims.outgoing.socket.create_connection", wraps=connect_to_number) as connected,
            ):
                answer = outgoing.post(f"http://rebinding.example:{port}/", b"x", {}, allowed=HERE)
        self.assertEqual(answer.status, 200)
        self.assertEqual(asked.call_count, 1)
        self.assertEqual([call.args[0] for call in connected.call_args_list], [("127.0.0.1", port)])

    def test_a_name_server_that_does_not_answer_is_not_waited_for(self) -> None:
        with patch("claims.outgoing.socket.getaddrinfo", side_effect=lambda *a, **k: time.sleep(5) or []):
            began = time.monotonic()
            with self.assertRaises(Unreachable):
                outgoing.post("https://example.org/", b"", {}, patience=0.3)
            self.assertLess(time.monotonic() - began, 2)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def connect_to_number(address: tuple[str, int], timeout: float) -> socket.socket:
    """Without a look at any name."""
    sock = socket.socket()
    sock.settimeout(timeout)
    sock.connect(address)
    return sock


def request_on(sock: socket.socket) -> bytes:
    """A request with its body; or whatever came first, where it is none."""
    got = sock.recv(65536)
    while got.startswith(b"POST") and not (b"\r\n\r\n" in got and len(got.partition(b"\r\n\r\n")[2]) >= length_in(got)):
        got += sock.recv(65536)
    return got


def length_in(request: bytes) -> int:
    said = [line for line in request.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(said[0].partition(b":")[2])


@contextmanager
def serving(answer: Callable[[socket.socket], object]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives each connection to `answer` after its request's first bytes: its port, what it received."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def one(sock: socket.socket) -> None:
        with sock:
            try:
                sock.settimeout(10)
                heard.append(request_on(sock))
                answer(sock)
            except OSError:
                pass

    def run() -> None:
        while True:
            try:
                sock, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(sock,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield server.getsockname()[1], heard
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


class Bounds(SimpleTestCase):
    def post(self, port: int, **more: object) -> outgoing.Answer:
        return outgoing.post(f"http://127.0.0.1:{port}/hook?a=b", b'{"x":1}', {"X-A": "b"}, allowed=HERE, **more)

    def test_what_is_sent_is_what_was_said(self) -> None:
        with serving(lambda sock: sock.sendall(OK)) as (port, heard):
            answer = self.post(port)
        self.assertEqual((answer.status, answer.body, answer.cut), (200, b"ok", False))
        head, _, body = heard[0].partition(b"\r\n\r\n")
        self.assertEqual(body, b'{"x":1}')
        self.assertTrue(head.startswith(b"POST /hook?a=b HTTP/1.1\r\n"))
        self.assertIn(f"Host: 127.0.0.1:{port}".encode(), head)
        self.assertIn(b"X-A: b", head)

    def test_redirects_are_not_followed(self) -> None:
        with serving(lambda sock: sock.sendall(OK)) as (inner, reached):
            moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
            with serving(lambda sock: sock.sendall(moved)) as (port, _):
                self.assertEqual(self.post(port).status, 302)
        self.assertEqual(reached, [])

    def test_an_answer_that_is_too_long_is_read_no_further(self) -> None:
        def endless(sock: socket.socket) -> None:
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                sock.sendall(b"x" * 65536)

        with serving(endless) as (port, _):
            answer = self.post(port, most=1000)
        self.assertEqual((answer.status, len(answer.body), answer.cut), (200, 1000, True))

    def test_slow_answers_end_in_time_wherever_they_are_slow(self) -> None:
        def trickle(*parts: bytes) -> Callable[[socket.socket], None]:
            def answer(sock: socket.socket) -> None:
                sock.sendall(parts[0])
                for _ in range(200):
                    sock.sendall(parts[1])
                    time.sleep(0.05)

            return answer

        slow = {
            "says nothing": lambda sock: time.sleep(10),
            "head by bytes": trickle(b"HTTP/1.1 200 OK\r\n", b"X"),
            "head by lines": trickle(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            "only continue": trickle(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
            "body by bytes": trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
            "body without end": trickle(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        }
        for name, answer in slow.items():
            with self.subTest(name), serving(answer) as (port, _):
                began = time.monotonic()
                with self.assertRaisesRegex(Unreachable, "within"):
                    self.post(port, patience=0.5)
                self.assertLess(time.monotonic() - began, 2)

    def test_a_secured_connection_that_never_begins_ends_too(self) -> None:
        with serving(lambda sock: time.sleep(10)) as (port, _):
            began = time.monotonic()
            with self.assertRaisesRegex(Unreachable, "within"):
                outgoing.post(f"https://127.0.0.1:{port}/", b"", {}, allowed=HERE, patience=0.5)
            self.assertLess(time.monotonic() - began, 2)

    def test_what_is_no_answer_is_said(self) -> None:
        closed = socket.create_server(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        closed.close()
        with self.assertRaisesRegex(Unreachable, "No connection"):
            self.post(port)
        for rubbish in (b"\x00\x01\x02\r\n\r\n", b"", b"HTTP/1.1 xyz\r\n\r\n",
                        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500):  # fmt: skip
            with (
                self.subTest(rubbish[:20]), self.assertRaises(Unreachable),
                serving(lambda sock, r=rubbish: sock.sendall(r)) as (port, _),
            ):  # fmt: skip
                self.post(port)


class Secured(SimpleTestCase):
    """The certificate has to be of a known authority and for this very name."""

    def setUp(self) -> None:
        folder = self.enterContext(TemporaryDirectory())
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.example")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        self.certificate = Path(folder) / "certificate.pem"
        keys = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.certificate.write_bytes(made.public_bytes(keys[0]) + key.private_bytes(*keys))

    def post(self, host: str, context: ssl.SSLContext | None) -> outgoing.Answer:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(self.certificate)

        listening = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            with listening:
                try:
                    sock, _ = listening.accept()
                    with server.wrap_socket(sock, server_side=True) as inner:
                        request_on(inner)
                        inner.sendall(OK)
                except OSError:
                    pass

        threading.Thread(target=run, daemon=True).start()
        port = listening.getsockname()[1]
        told = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        with (
            patch("claims.outgoing.socket.getaddrinfo", return_value=told),
            patch("claims.outgoing.socket.create_connection", wraps=connect_to_number),
        ):
            return outgoing.post(f"https://{host}:{port}/", b"x", {}, allowed=HERE, context=context, patience=5)

    def test_a_known_one_for_this_name_is_taken(self) -> None:
        context = ssl.create_default_context(cafile=str(self.certificate))
        self.assertEqual(self.post("receiver.example", context).status, 200)

    def test_one_for_another_name_or_of_nobody_known_is_not(self) -> None:
        context = ssl.create_default_context(cafile=str(self.certificate))
        for host, trusted in (("other.example", context), ("receiver.example", None)):
            with self.subTest(host), self.assertRaisesRegex(Unreachable, "(?i)certificate"):
                self.post(host, trusted)
