import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection

from claims.actions import places, publications, sealing
from claims.proofs.signing import KeyRefused, WouldFork

WHAT_TO_DO = (
    "Nothing is signed until that is settled. If a backup was put back, bring back what came after it: from the "
    "write-ahead log, or another copy. If that is lost for good, say so in public and begin a new trail, under another "
    "AUDIT_ORIGIN and in another AUDIT_DIR. If no backup was put back, somebody rewrote history: verify_audit says "
    "where (docs/trail.md)."
)
PAUSE = 0.5  # seconds between two looks at what waits


class Command(BaseCommand):
    help = "Seals the audit trail: takes events in, signs checkpoints and sends them out. Runs until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what waits now, send it, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        size = -1
        while True:
            try:
                size = self._round(size)
            except WouldFork as refused:
                raise CommandError(f"{refused} {WHAT_TO_DO}") from None
            except KeyRefused as refused:
                raise CommandError(str(refused)) from None
            except (OperationalError, InterfaceError) as lost:
                if options["once"]:
                    raise
                self.stderr.write(f"The database does not answer, trying again: {lost}")
                connection.close()
            if options["once"]:
                return
            time.sleep(PAUSE)

    def _round(self, size: int) -> int:
        """Seal, show and send what there is; gives the size that is signed."""
        checkpoint = sealing.seal()
        if sealing.signer() is None:
            raise CommandError("AUDIT_DIR is not set: set it to a folder outside the database for the key.")
        for publication in publications.show_what_is_sealed():
            self.stdout.write(f"{publication}: readers see it now.")
        if checkpoint is None:
            return size
        for line in places.send(checkpoint):
            self.stdout.write(line)
        if checkpoint.size != size:
            self.stdout.write(f"sealed {checkpoint.size} events, root {bytes(checkpoint.root).hex()}")
            self.stdout.flush()
        return checkpoint.size
