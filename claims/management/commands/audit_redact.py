from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError, connection

from claims.actions import redaction
from claims.rules import Refused
from claims.trail.naming import NoSuchThing, active_person, named
from factcheck.database import as_owner

LEFT = 20


class Command(BaseCommand):
    help = "Erases a text by law, from its row and from the trail; that it was done, by whom and why, stays on record."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("object", metavar="OBJECT", help="TYPE:ID, such as evidence:12; or event:77 for its reason")
        parser.add_argument("field", metavar="FIELD", help="the column, such as excerpt; or reason")
        parser.add_argument(
            "--basis", required=True, help="the legal basis, such as: GDPR Art. 17(1)(d), request of 3 May"
        )
        parser.add_argument("--by", metavar="NAME", required=True, help="the person who does it")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by = active_person(options["by"])
            kind, number = named(options["object"])
            redaction.check(kind, number, options["field"])
            texts = redaction.texts_of(kind, number, options["field"])
            if not options["yes"]:
                self._ask(options["object"], options["field"], texts)
            with as_owner():
                taken = redaction.redact(
                    kind=kind, object_id=number, field=options["field"], basis=options["basis"], by=by
                )
                self._sweep(kind)
        except NoSuchThing as wrong:
            raise CommandError(str(wrong)) from None
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from None
        except Refused as refused:
            raise CommandError(str(refused)) from None
        except ProgrammingError:
            raise CommandError("Only the owner of the database redacts: set DATABASE_OWNER_URL.") from None
        self.stdout.write(f"{options['object']} {options['field']}: erased, {taken} openings taken from the trail.")
        self._say_what_is_left(texts)

    def _ask(self, name: str, field: str, texts: set[str]) -> None:
        self.stdout.write(f"This cannot be taken back. {name} {field} held {len(texts)} different texts:")
        for text in sorted(texts):
            self.stdout.write(f"  {text[:100]}")
        if input("Erase them? Type yes: ").strip() != "yes":
            raise CommandError("Nothing was changed.")

    def _sweep(self, kind: str) -> None:
        """Let PostgreSQL write over what was erased, where no transaction is around us: in tables, in the samples that
        it plans by, and in indexes, which keep a word that no row has any more until they are made anew.
        """
        if not connection.in_atomic_block:
            words = redaction.copies_of_words(kind)
            with connection.cursor() as cursor:
                cursor.execute(f"VACUUM (ANALYZE) {', '.join(redaction.tables_of(kind) + words)}")
                for table in words:
                    cursor.execute(f"REINDEX TABLE CONCURRENTLY {table}")

    def _say_what_is_left(self, texts: set[str]) -> None:
        left = list(redaction.copies(texts))
        for copy in left[:LEFT]:
            self.stdout.write(f"  the same text also stands in {copy}")
        if len(left) > LEFT:
            self.stdout.write(f"  and in {len(left) - LEFT} more places")
        self.stdout.write("Backups and PostgreSQL's write-ahead log keep it until they are rotated: see docs/trail.md.")
