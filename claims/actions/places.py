"""Signed checkpoints go to places outside the database, so that somebody else can tell if the past was rewritten.

A place is written as `KIND:WHERE`, with `?every=SECONDS` behind it where not each checkpoint is to go there:

* `file:/mnt/other/checkpoints`: appended to that file;
* `git:/srv/checkpoints`: committed as `checkpoint` in that working copy, and pushed where it has a remote;
* `mailto:second@example.org`: sent to that person, once an hour unless said otherwise;
* `command:/usr/local/bin/keep`: given to that program on its standard input.

Every checkpoint continues the ones before, so the newest is always enough: what failed is made good by the next try.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import send_mail
from django.utils import timezone

from claims.models import Checkpoint, CheckpointPlace

HOUR = 3600
PATIENCE = 30  # seconds that a program may take


@dataclass(frozen=True, slots=True)
class Place:
    """One place of AUDIT_PLACES, read. `every` is the least time between two sendings, in seconds."""

    text: str
    kind: str
    where: str
    every: int

    @classmethod
    def read(cls, text: str) -> Place:
        """Raises ImproperlyConfigured with a sentence that says what to set."""
        address, _, options = text.partition("?")
        kind, _, where = address.partition(":")
        if kind not in SENDERS or not where:
            raise ImproperlyConfigured(
                f"AUDIT_PLACES: {text!r} is no place: write one of {', '.join(SENDERS)}, and where."
            )
        if kind in ("file", "git", "command") and not Path(where).is_absolute():
            raise ImproperlyConfigured(f"AUDIT_PLACES: {text!r} needs a path that begins with a slash.")
        every = parse_qs(options).get("every", [str(HOUR if kind == "mailto" else 0)])[0]
        if not every.isdecimal():
            raise ImproperlyConfigured(f"AUDIT_PLACES: in {text!r}, every= is a number of seconds.")
        return cls(text, kind, where, int(every))


def send(checkpoint: Checkpoint) -> Iterator[str]:
    """Send the checkpoint to every place that is due, and remember how it went; says so, a line each."""
    now = timezone.now()
    for place in map(Place.read, settings.AUDIT_PLACES):
        row, _ = CheckpointPlace.objects.get_or_create(place=place.text)
        if row.size >= checkpoint.size or (row.next_try_at is not None and row.next_try_at > now):
            continue
        try:
            SENDERS[place.kind](place.where, checkpoint)
        except Exception as error:
            # Whatever went wrong at somebody else's: it is kept, said, and tried again.
            row.failures += 1
            row.error = str(error)[:2000]
            row.next_try_at = now + timedelta(seconds=min(2**row.failures, HOUR))
            yield f"{place.text}: not sent ({row.error}); next try at {row.next_try_at:%H:%M:%S} UTC"
        else:
            row.size, row.arrived_at, row.failures, row.error = checkpoint.size, now, 0, ""
            row.next_try_at = now + timedelta(seconds=place.every)
        row.save()


def _to_file(where: str, checkpoint: Checkpoint) -> None:
    """Appended, and on the disk before it counts as sent."""
    with Path(where).open("a", encoding="utf-8") as file:
        file.write(checkpoint.note + "\n")
        file.flush()
        os.fsync(file.fileno())


def _to_git(where: str, checkpoint: Checkpoint) -> None:
    (Path(where) / "checkpoint").write_text(checkpoint.note, encoding="utf-8")
    git = ("git", "-C", where, "-c", f"user.name={settings.DESK_NAME}", "-c", "user.email=")
    _run([*git, "add", "checkpoint"])
    _run([*git, "commit", "--quiet", "--allow-empty", "--message", f"checkpoint of {checkpoint.size} events"])
    if _run([*git, "remote"]).strip():
        _run([*git, "push", "--quiet"])


def _to_person(where: str, checkpoint: Checkpoint) -> None:
    send_mail(
        subject=f"Checkpoint of {checkpoint.size} events: {settings.AUDIT_ORIGIN}",
        message="Keep this message. If somebody rewrites what the desk has on record, it proves that they did:\n"
        "save the lines below the rule to a file and run: manage.py verify_audit --checkpoint FILE\n\n"
        f"----\n{checkpoint.note}",
        from_email=None,
        recipient_list=[where],
    )


def _to_program(where: str, checkpoint: Checkpoint) -> None:
    _run([where], checkpoint.note)


def _run(command: list[str], given: str = "") -> str:
    """The program's output. Raises RuntimeError with what it said when it fails."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - named in the settings
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip() or f"exit status {done.returncode}")
    return done.stdout


SENDERS: dict[str, Callable[[str, Checkpoint], None]] = {
    "file": _to_file,
    "git": _to_git,
    "mailto": _to_person,
    "command": _to_program,
}
