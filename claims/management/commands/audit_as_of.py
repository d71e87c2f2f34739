import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.trail.naming import NoSuchThing, article, moment_or_size
from claims.trail.replay import as_of


class Command(BaseCommand):
    help = "Prints an article's whole file as it stood at a time, or when the trail had so many events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "when", metavar="TIME|SIZE", help="such as 2026-05-03T14:00:00Z, or the size of a checkpoint"
        )
        parser.add_argument("article", metavar="ARTICLE", help="its id or slug")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            when, found = moment_or_size(options["when"]), article(options["article"])
        except NoSuchThing as wrong:
            raise CommandError(str(wrong)) from None
        told = as_of(found, size=when) if isinstance(when, int) else as_of(found, at=when)
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
