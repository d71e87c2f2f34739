from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.actions import sealing
from claims.proofs.signing import KeyRefused, WouldFork
from claims.trail.naming import NoSuchThing, active_person


class Command(BaseCommand):
    help = "Brings in a new signing key beside the old one, whose signatures overlap; with --retire ends the old one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", metavar="NAME", required=True, help="the person who does it")
        parser.add_argument("--retire", metavar="KEY", help="the verifier key that signs no more")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = active_person(options["by"])
            if options["retire"]:
                sealing.retire_key(options["retire"], by=by)
                self.stdout.write(f"retired: {options['retire']}")
            else:
                self.stdout.write(f"signs from now on, beside the old one: {sealing.add_key(by=by)}")
                self.stdout.write("Make it known; when everybody has it, retire the old one with --retire.")
            checkpoint = sealing.seal()
        except (NoSuchThing, KeyRefused, WouldFork) as refused:
            raise CommandError(str(refused)) from None
        if checkpoint is not None:
            self.stdout.write(f"\n{checkpoint.note}")
