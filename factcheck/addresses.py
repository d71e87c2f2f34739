"""Where a request comes from."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The caller's IP address; empty where none can be told.

    Behind proxies of TRUSTED_PROXIES it is the last address in X-Forwarded-For that is not itself such a proxy: what
    stands before it anybody may have written. A server behind a Unix socket has only a proxy to speak with.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES or (peer and not _trusted(peer)):
        return peer
    for hop in reversed(str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
        if not (peer := hop.strip()) or not _trusted(peer):
            break
    return peer


def neighbourhood(address: str) -> str:
    """What is counted as one caller: an IPv4 address, or the /64 network that an IPv6 host has to itself."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
    return str(known)


def _trusted(address: str) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in settings.TRUSTED_PROXIES)
