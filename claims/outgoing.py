"""The one way out: requests to addresses that somebody typed in, to nothing inside and within bounds.

Every address that the name stands for is looked at first, and the connection goes to one that was looked at, so that a
name whose answer changes in between (DNS rebinding) leads nowhere else. Redirects are answers like others and are not
followed. An answer is read up to `most` bytes; everything together ends after `patience` seconds. Proxies of the
environment are not used.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PATIENCE = 15.0
MOST = 64 * 1024
OWN_PORTS = 1024  # below, only 443 is spoken to: the others are other services'
# Our own table (from IANA's registries of special-purpose addresses, 2025): `ipaddress.is_global` differs between patch
# releases of Python, and says yes to multicast and to an inner address that is written within an IPv6 one.
REFUSED_V4 = tuple(map(ipaddress.IPv4Network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)))  # fmt: skip
# Of IPv6, only what is given out to the public (2000::/3), without its special parts: protocol assignments with Teredo
# and ORCHID, documentation, 6to4 (which wraps an IPv4 address), AS112.
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
REFUSED_V6 = tuple(map(ipaddress.IPv6Network, (
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)))  # fmt: skip
# An IPv4 address in the last 32 bits, which is then the one that counts: IPv4-mapped, and NAT64 (RFC 6052).
WRAPPING = (ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96"))


class NotAllowed(Exception):
    """Nothing is sent to this address; the sentence says why."""


class Unreachable(Exception):
    """There was no answer, or none in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is its beginning where `cut` says that it was longer."""

    status: int
    body: bytes
    cut: bool


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: where to connect to, and what to ask for there."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def is_refused(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether nothing is sent to this address: it is not one of the public internet's, nor within `allowed`."""
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in WRAPPING):
            return is_refused(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), allowed)
        refused = address not in PUBLIC_V6 or any(address in network for network in REFUSED_V6)
    else:
        refused = any(address in network for network in REFUSED_V4)
    return refused and not _within(address, allowed)


def _within(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in allowed)


def target_of(url: str, allowed: Sequence[Network] = ()) -> Target:
    """The address taken apart, without asking anybody what its name stands for. Raises NotAllowed.

    Spoken is https, to port 443 or one from 1024 up. http and other ports are for `allowed` networks alone, which
    only the look at the resolved addresses can tell: see `post`.
    """
    if any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise NotAllowed("The address holds blanks or control characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _plain(parts)
    except ValueError:
        raise NotAllowed("This is not an address.") from None
    if parts.scheme not in ("http", "https"):
        raise NotAllowed("The address begins with https://.")
    if "@" in parts.netloc:
        raise NotAllowed("The address holds a user name or password: leave them out.")
    secure = parts.scheme == "https"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    )
    target = Target(secure, host, port if port is not None else 443 if secure else 80, path)
    _check(target, (), allowed)
    return target


def _plain(parts: SplitResult) -> str:
    """The host in ASCII. Raises ValueError (UnicodeError is one)."""
    host = (parts.hostname or "").rstrip(".")
    if not host or "%" in host:
        raise ValueError
    return host if ":" in host else host.encode("idna").decode("ascii")


def _check(target: Target, found: Sequence[str], allowed: Sequence[Network]) -> None:
    """Raises NotAllowed unless every one of these addresses may be spoken to in this way.

    Where none is given yet, what the host is written as stands for them, if it is a number.
    """
    with suppress(ValueError):
        found = found or [str(ipaddress.ip_address(target.host))]
    addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
    if any(is_refused(address, allowed) for address in addresses):
        raise NotAllowed("The address leads to a network that is not public.")
    inside = bool(addresses) and all(_within(_inner(address), allowed) for address in addresses)
    unknown = not addresses and bool(allowed)
    if not target.secure and not (inside or unknown):
        raise NotAllowed("The address begins with https://.")
    if target.port != 443 and target.port < OWN_PORTS and not (inside or unknown):
        raise NotAllowed(f"Port {target.port} is another service's: use 443, or one from {OWN_PORTS} up.")


def _inner(address: Address) -> Address:
    """The IPv4 address that is wrapped in this one, if one is; else itself."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in WRAPPING):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed: Sequence[Network] = (), patience: float = PATIENCE,
    most: int = MOST, context: ssl.SSLContext | None = None,
) -> Answer:  # fmt: skip
    """Send `body` there and give the answer, whatever its status.

    In: networks that are `allowed` though not public; seconds of patience for everything together; how many bytes of
    the answer are read at most; whom TLS trusts (None: the authorities of this machine). Raises NotAllowed before
    anything is sent, and Unreachable.
    """
    until = time.monotonic() + patience
    target = target_of(url, allowed)
    found = resolve(target.host, target.port, patience)
    _check(target, found, allowed)
    sock = _connect(found, target.port, until)
    try:
        with _ended(sock, until) as clock:
            try:
                if target.secure:
                    secured = (context or ssl.create_default_context()).wrap_socket(
                        sock, server_hostname=target.host, do_handshake_on_connect=False
                    )
                    sock = clock.watched = secured
                    secured.do_handshake()
                return _ask(sock, target, body, headers, most, clock)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(_late(patience) if clock.over else f"{type(error).__name__}: {error}") from error
            except _TooLate:
                raise Unreachable(_late(patience)) from None
    finally:
        sock.close()


def resolve(host: str, port: int, patience: float = PATIENCE) -> list[str]:
    """Every address of this name. Raises Unreachable where there is none, or none is told in time."""
    found: list[str] = []
    failed: list[str] = ["no answer from the name server"]

    def look() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed[0] = str(error)

    # The system's resolver takes no time limit, so it is waited for from outside.
    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(patience)
    if looking.is_alive() or not found:
        raise Unreachable(f"{host} is not found: {failed[0]}")
    return list(dict.fromkeys(found))


def _connect(found: Sequence[str], port: int, until: float) -> socket.socket:
    """A connection to the first of these addresses that takes one."""
    failed: Exception | None = None
    for address in found:
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError as error:
            failed = error
    raise Unreachable(f"No connection: {failed or 'no time left'}")


class _TooLate(Exception):
    """The time was over while the answer came in."""


@dataclass
class _Clock:
    watched: socket.socket
    over: bool = False

    def end(self) -> None:
        self.over = True
        with suppress(OSError):
            # Not an SSLSocket's own, which says goodbye first: the connection is cut, whoever is waiting on it.
            socket.socket.shutdown(self.watched, socket.SHUT_RDWR)


@contextmanager
def _ended(sock: socket.socket, until: float) -> Iterator[_Clock]:
    """Cuts the connection when the time is over: the socket's own timeout begins anew with every byte that comes in."""
    clock = _Clock(sock)
    timer = threading.Timer(max(until - time.monotonic(), 0), clock.end)
    timer.daemon = True
    timer.start()
    try:
        yield clock
    finally:
        timer.cancel()


def _ask(
    sock: socket.socket, target: Target, body: bytes, headers: Mapping[str, str], most: int, clock: _Clock
) -> Answer:
    asked = http.client.HTTPConnection(target.host, target.port)
    asked.sock = sock  # so it connects to nothing itself
    asked.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    for name, value in {
        "Host": target.named,
        **headers,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }.items():
        asked.putheader(name, value)
    asked.endheaders(body)
    answer = asked.getresponse()
    read = answer.read(most + 1)
    if clock.over:
        raise _TooLate
    return Answer(answer.status, read[:most], len(read) > most)


def _late(patience: float) -> str:
    return f"No whole answer within {patience:g} seconds."
