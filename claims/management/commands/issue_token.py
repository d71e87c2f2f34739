from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.actions import desk
from claims.choices import Scope
from claims.models import Person


class Command(BaseCommand):
    help = "Makes a token for a person's programs and prints it, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the person the token acts for")
        parser.add_argument("--scope", default=Scope.WRITE.value, choices=Scope.values)
        parser.add_argument("--days", type=int, default=desk.DAYS, help="how long it is good for")
        parser.add_argument("--label", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["name"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person {options['name']}. Add one with: manage.py add_person")
        try:
            token, secret = desk.issue_token(
                person=person, scope=options["scope"], days=options["days"], name=options["label"], by=None
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(
            f"token of {person.username}, {token.get_scope_display().lower()}, until {token.expires_at:%F}"
        )
        self.stdout.write(f"secret (shown only now): {secret}")
