"""The public site as static files: the same bytes the server sends, in folders any web server can show."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from claims.publishing import machine, pages, proving, reading
from claims.publishing.pages import Page

MARKER = ".factcheck-site"
ASSETS = "public/"


class NotOurs(Exception):
    """The folder holds something that was not written here."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a run did: files of the site, those among them that changed, and old ones taken away."""

    files: int
    changed: int
    removed: int


def files() -> Iterator[tuple[str, bytes]]:
    """Every file of the site: its path below the site's root, with forward slashes, and its bytes."""
    listing = pages.article_list(size=None)
    yield "index.html", listing.body
    yield "factchecks/index.html", listing.body
    yield "corrections/index.html", pages.corrections(size=None).body
    yield "ratings/index.html", pages.ratings().body
    yield "methodology/index.html", pages.methodology().body
    yield "trail/index.html", proving.about().body
    yield "trail/verify.py", proving.verifier_file().body
    yield "trail/verify.html", proving.verifier_page()[0].body
    if checkpoint := proving.checkpoint():
        yield "checkpoint", checkpoint.body
    yield "404.html", pages.not_found().body
    yield "factchecks/feed.atom", machine.atom().body
    yield "factchecks/feed.json", machine.json_feed().body
    yield "factchecks/claimreview.json", machine.claim_reviews(size=None).body
    yield "sitemap.xml", machine.sitemap().body
    yield "robots.txt", machine.robots().body
    for slug, versions in reading.everything():
        yield from _article(slug, versions)
    yield from _assets()


def _article(slug: str, versions: dict[int, reading.Codes]) -> Iterator[tuple[str, bytes]]:
    """An article's pages: what stands now, every version, and an answer at every address there ever was."""
    at = f"factchecks/{slug}/"
    yield from _page(at, pages.article(slug))
    for version, codes in versions.items():
        yield from _page(f"{at}v{version}/", pages.article(slug, version))
        if record := machine.record(slug, version):
            yield f"{at}v{version}/record.json", record.body
        for code in codes.decided:
            yield from _page(f"{at}{code}/v{version}/", pages.claim(slug, code, version))
            if proof := proving.proof(slug, code, version):
                yield f"{at}{code}/v{version}/proof.json", proof.body
    for code in sorted({code for codes in versions.values() for code in codes.all}):
        page = pages.claim(slug, code)
        if page is None and (there := pages.elsewhere(slug, code)):
            page = pages.moved(there)
        yield from _page(f"{at}{code}/", page)


def _page(folder: str, page: Page | None) -> Iterator[tuple[str, bytes]]:
    if page is not None:
        yield f"{folder}index.html", page.body


def _assets() -> Iterator[tuple[str, bytes]]:
    root = settings.STATIC_URL.strip("/")
    for finder in get_finders():
        for name, storage in finder.list([]):
            path = name.replace(os.sep, "/")
            if path.startswith(ASSETS):
                with storage.open(name) as file:
                    yield f"{root}/{path}", file.read()


def write(directory: Path) -> Written:
    """Write the site into a folder, each file at once or not at all; files that have not changed stay untouched.

    The folder is new, empty, or one written by an earlier run: what that run wrote and the site no longer has is
    taken away. Raises NotOurs for any other folder, OSError from the file system.
    """
    former = _former(directory)
    directory.mkdir(parents=True, exist_ok=True)
    _put(directory / MARKER, json.dumps(sorted(former)).encode())
    now: set[str] = set()
    changed = 0
    for path, body in files():
        changed += _put(directory / path, body)
        now.add(path)
    gone = [directory / path for path in sorted(former - now)]
    for file in gone:
        file.unlink(missing_ok=True)
    _put(directory / MARKER, json.dumps(sorted(now)).encode())
    return Written(files=len(now), changed=changed, removed=len(gone))


def _former(directory: Path) -> set[str]:
    """The files an earlier run wrote here; none in a folder that is new or empty."""
    marker = directory / MARKER
    if marker.is_file():
        listed = json.loads(marker.read_text())
        return {path for path in listed if not path.startswith("/") and ".." not in path.split("/")}
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise NotOurs(f"{directory} is neither a new or empty folder nor a site written by this command.")
    return set()


def _put(path: Path, body: bytes) -> bool:
    """Put a file in its place in one move; True unless it stood there already."""
    if path.is_file() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.new")
    passing.write_bytes(body)
    passing.replace(path)
    return True
