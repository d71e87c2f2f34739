"""What lets a reader verify a verdict without trusting the desk: proof bundles, checkpoints, and the verifier."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from claims.models import Checkpoint, Node, SigningKey
from claims.proofs import merkle, verifier
from claims.publishing import pages, reading
from claims.publishing.pages import HTML, Page
from claims.publishing.snapshot import claims_of
from claims.trail import proofs

PROOFS = Path(verifier.__file__).parent
TEXT = "text/plain; charset=utf-8"
ARCHIVE_SIZE = 100
UNPINNED = {"verifier.py": "PINNED: tuple[str, ...] = ()", "verify.html": "const PINNED = [];"}


def proof(slug: str, code: str, version: int) -> Page | None:
    """The proof bundle of a claim as one version published it; None where readers know no such thing, or where it was
    published before the trail was sealed.
    """
    found = reading.sealed(slug, version)
    if found is None:
        return None
    snapshot = found.snapshot
    at = next((i for i, claim in enumerate(snapshot["claims"]) if claim["code"] == code), None)
    if at is None:
        return None
    published = proofs.claim_in(claims_of(snapshot), at)
    body = proofs.bundle(proofs.first_event_of(found), published=published)
    return Page(body, "application/json", found.published_at)


def checkpoint(size: int | None = None) -> Page | None:
    """The last signed checkpoint, or the one of that size; None where there is none."""
    every = Checkpoint.objects.all() if size is None else Checkpoint.objects.filter(size=size)
    found = every.first()
    return Page(found.note.encode(), TEXT, found.at) if found else None


def archive(after: int = 0) -> Page:
    """The signed checkpoints of more than so many events, the oldest first, a blank line after each; at most a hundred.

    Whoever copies the archive asks again after the size of the last, until nothing comes.
    """
    found = Checkpoint.objects.filter(size__gt=after).order_by("size")[:ARCHIVE_SIZE]
    return Page("".join(f"{checkpoint.note}\n" for checkpoint in found).encode(), TEXT)


def consistency(old: int, new: int) -> Page | None:
    """The RFC 6962 proof that the tree of size `new` continues that of size `old`, a base64 hash a line; None where one
    of the two was never signed.
    """
    sizes = {old, new}
    if old > new or Checkpoint.objects.filter(size__in=sizes).count() != len(sizes):
        return None
    hashes = merkle.consistency(old, new, Node.objects.hashes)
    return Page("".join(f"{verifier.base64_of(made)}\n" for made in hashes).encode(), TEXT)


def keys() -> tuple[str, ...]:
    """The keys that sign checkpoints now, the oldest first, as C2SP verifier keys."""
    return tuple(SigningKey.objects.filter(retired_at__isnull=True).order_by("pk").values_list("verifier", flat=True))


def verifier_file() -> Page:
    """The one-file verifier, knowing this desk's keys."""
    return Page(_pinned("verifier.py", f"PINNED: tuple[str, ...] = {_tuple(keys())}"), "text/x-python; charset=utf-8")


def verifier_page() -> tuple[Page, str]:
    """The verifier as a page that needs no server, and the CSP source of its one script."""
    body = _pinned("verify.html", f"const PINNED = {json.dumps(keys())};")
    script = re.search(rb"<script>(.*)</script>", body, re.DOTALL)
    digest = hashlib.sha256(script[1] if script else b"").digest()
    return Page(body, HTML), f"'sha256-{base64.b64encode(digest).decode()}'"


def about() -> Page:
    """/trail/: what is proven, how to verify it, the keys, and the last checkpoint."""
    return pages.trail(keys(), Checkpoint.objects.first())


def _pinned(name: str, line: str) -> bytes:
    return _source(name).replace(UNPINNED[name], line, 1).encode()


def _tuple(texts: tuple[str, ...]) -> str:
    return "(" + "".join(f"{json.dumps(text)}," for text in texts) + ")"


@cache
def _source(name: str) -> str:
    text = (PROOFS / name).read_text(encoding="utf-8")
    if UNPINNED[name] not in text:
        raise ValueError(f"{name} has no place for the keys.")
    return text
