import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.models import Checkpoint
from claims.proofs import verifier
from claims.proofs.signing import KeyRefused, Memory
from claims.trail import guards
from claims.trail.naming import NoSuchThing, moment_or_size
from claims.trail.verification import Anchor, known_keys, verify, vouched

SHOWN = 20


def notes_in(text: str) -> list[str]:
    """The signed notes of a file: one, or several with an empty line between, as places and the archive keep them."""
    parts = text.strip("\n").split("\n\n")
    return [f"{body}\n\n{signatures}\n" for body, signatures in zip(parts[::2], [*parts[1::2], ""], strict=False)]


class Command(BaseCommand):
    help = (
        "Verifies the whole audit trail: events, streams, tree, checkpoints, texts and live rows. Exit status 1 and "
        "the first bad event where something is wrong."
    )
    requires_system_checks = ()  # it says itself what they would say, and goes on

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoint", metavar="FILE", action="append", default=[], type=Path,
                            help="a signed checkpoint that was kept elsewhere; may be given several times")  # fmt: skip
        parser.add_argument("--key", metavar="KEY", action="append", default=[],
                            help="a verifier key to trust beside those on record")  # fmt: skip
        parser.add_argument("--since", metavar="SIZE|TIME", default="0",
                            help="verify only what was sealed after that")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        self.shown_at = 0.0
        try:
            since = self._since(options["since"])
            outside = self._outside(options["checkpoint"], options["key"])
        except NoSuchThing as wrong:
            raise CommandError(str(wrong)) from None
        report = verify(outside=outside, since=since, progress=self._progress)
        self._progress("", 0)
        for clause in guards.more_than_needed():
            self.stderr.write(
                f"warning: the role that runs this {clause}; the application needs less (docs/deployment.md)"
            )
        if report.findings:
            for finding in report.findings[:SHOWN]:
                self.stderr.write(str(finding))
            more = len(report.findings) - SHOWN
            raise CommandError("The trail is not as it was sealed." + (f" {more} more findings." if more > 0 else ""))
        self.stdout.write(
            f"{report.size} events sealed, {report.waiting} waiting, {report.checkpoints} checkpoints"
            f"{f', from {since} on' if since else ''}: all is as it was sealed."
        )
        self.stdout.write(f"head: {report.size} {verifier.base64_of(report.root)}")

    def _since(self, given: str) -> int:
        found = moment_or_size(given)
        if isinstance(found, int):
            return found
        last = Checkpoint.objects.filter(at__lte=found).first()
        return last.size if last else 0

    def _outside(self, files: list[Path], keys: list[str]) -> list[Anchor]:
        """What others keep of the tree: the files given, and what the signer of this machine remembers."""
        try:
            trusted = [*known_keys(), *(verifier.VerifierKey.parse(text) for text in keys)]
            outside = [
                vouched(note, str(path), trusted, settings.AUDIT_ORIGIN)
                for path in files
                for note in notes_in(path.read_text(encoding="utf-8"))
            ]
            if settings.AUDIT_DIR and (note := Memory(settings.AUDIT_DIR).last()):
                outside.append(vouched(note, "the signer's memory", trusted, settings.AUDIT_ORIGIN))
        except (OSError, UnicodeDecodeError, KeyRefused) as wrong:
            raise CommandError(f"A checkpoint cannot be read: {wrong}") from None
        except verifier.NotProven as wrong:
            raise CommandError(f"A checkpoint from outside cannot be trusted: {wrong}") from None
        return outside

    def _progress(self, what: str, count: int) -> None:
        """A line that changes, on a terminal; else one every few seconds."""
        now = time.monotonic()
        if sys.stderr.isatty():
            self.stderr.write(f"\r{what:30}{count or '':>12}", ending="" if what else "\r")
        elif what and now - self.shown_at > 5:
            self.shown_at = now
            self.stderr.write(f"{what} {count or ''}")
