"""Where readers find things: absolute addresses of the public pages."""

from __future__ import annotations

from django.conf import settings


def absolute(path: str) -> str:
    """The public address of a path that begins with `/`."""
    return f"{settings.SITE_URL}{path}"


def article_url(slug: str, version: int | None = None) -> str:
    """The address of an article's fact-check: what readers see now, or one version of it for ever."""
    return absolute(f"/factchecks/{slug}/{_version(version)}")


def claim_url(slug: str, code: str, version: int | None = None) -> str:
    """The address of a claim's verdict page: what readers see now, or one version of it for ever."""
    return absolute(f"/factchecks/{slug}/{code}/{_version(version)}")


def guest_url(token: str) -> str:
    """The address of the page that a guest's link opens."""
    return absolute(f"/guest/{token}/")


def _version(version: int | None) -> str:
    return "" if version is None else f"v{version}/"
