from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.trail.naming import NoSuchThing, last_event_of
from claims.trail.proofs import NotSealed, bundle


class Command(BaseCommand):
    help = (
        "Writes a proof that an event is in the trail: of the last event on an object (claim:12), or of one (event:77)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("object", metavar="OBJECT", help="TYPE:ID, or event:SEQ")
        parser.add_argument("--out", metavar="FILE", type=Path, help="where to write it; else to standard output")
        parser.add_argument("--without-text", action="store_true", help="leave the event's text closed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            event = last_event_of(options["object"])
            made = bundle(event, () if options["without_text"] else event.openings.all())
        except (NoSuchThing, NotSealed) as wrong:
            raise CommandError(str(wrong)) from None
        if options["out"] is None:
            self.stdout.write(made.decode(), ending="")
        else:
            options["out"].write_bytes(made)
            self.stdout.write(f"{options['out']}: event {event.seq}, {event.action}, {len(made)} bytes")
