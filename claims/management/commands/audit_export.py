from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.trail.exporting import export
from claims.trail.naming import NoSuchThing, article


class Command(BaseCommand):
    help = "Writes the sealed trail as JSON Lines, in the order of its tree, and ends with its checkpoint and keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("out", metavar="FILE", type=Path)
        parser.add_argument(
            "--since", metavar="SIZE", type=int, default=0, help="only what was sealed after so many events"
        )
        parser.add_argument("--article", metavar="ARTICLE", help="only the texts of this article (its id or slug)")
        parser.add_argument("--without-text", action="store_true", help="leave all texts closed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            texts_of = None if options["article"] is None else article(options["article"])
        except NoSuchThing as wrong:
            raise CommandError(str(wrong)) from None
        count = 0
        try:
            with options["out"].open("wb") as file:
                for line in export(since=options["since"], article=texts_of, text=not options["without_text"]):
                    file.write(line + b"\n")
                    count += 1
                    if count % 10_000 == 0:
                        self.stderr.write(f"{count} lines")
        except OSError as problem:
            raise CommandError(f"{options['out']} cannot be written: {problem.strerror}.") from None
        self.stdout.write(f"{options['out']}: {max(count - 1, 0)} events and their checkpoint")
