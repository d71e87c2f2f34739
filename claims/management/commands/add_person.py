from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.actions import desk
from claims.choices import Role


class Command(BaseCommand):
    help = "Adds a person to the desk and prints a password, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="what the person logs in with")
        parser.add_argument("--role", action="append", required=True, choices=Role.values, dest="roles")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person, password = desk.add_person(
                username=options["name"], roles=options["roles"], email=options["email"], by=None
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(f"{person.username}: {', '.join(options['roles'])}")
        self.stdout.write(f"password (shown only now): {password}")
