from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.actions import desk
from claims.models import Person
from claims.models.desk import ALL_SCOPES


class Command(BaseCommand):
    help = "Makes a token for a person's programs and prints it, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the person the token acts for")
        parser.add_argument(
            "--scope", action="append", choices=[scope.value for scope in ALL_SCOPES],
            help="what it is good for; give it again for more (all of them by default)",
        )  # fmt: skip
        parser.add_argument(
            "--from", dest="networks", metavar="NETWORK", action="append", default=[],
            help="a network it may be used from; give it again for more (anywhere by default)",
        )  # fmt: skip
        parser.add_argument("--days", type=int, default=desk.DAYS, help="how long it is good for")
        parser.add_argument("--label", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["name"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person {options['name']}. Add one with: manage.py add_person")
        try:
            token, secret = desk.issue_token(
                person=person, scopes=options["scope"] or ALL_SCOPES, days=options["days"], name=options["label"],
                networks=options["networks"], by=None,
            )  # fmt: skip
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(
            f"token of {person.username}, good for {token.scope.replace(' ', ', ')}, until {token.expires_at:%F}"
        )
        self.stdout.write(f"secret (shown only now): {secret}")
