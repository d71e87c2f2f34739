from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import Error, ProgrammingError, connections
from django.db.migrations.exceptions import IrreversibleError, MigrationSchemaMissing

from claims.trail import guards
from factcheck.database import as_owner


class Command(migrate.Command):
    help = (
        "Django's migrate, as the owner of the database (DATABASE_OWNER_URL). Afterwards, forwards or backwards, the "
        "application's role has the rights it needs and every trigger of the record and of the rules is there."
    )

    def execute(self, *args: Any, **options: Any) -> Any:
        """As the owner, the checks before it as well: a role not admitted yet may not even see what is migrated."""
        with as_owner():
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"]
        try:
            super().handle(*args, **options)
        except IrreversibleError as error:
            self._insist(using)
            raise CommandError(f"This migration cannot be taken back: {error}") from error
        except (MigrationSchemaMissing, ProgrammingError) as error:
            if not _is_refused(error):
                raise
            raise CommandError(
                f"Only the owner migrates: set DATABASE_OWNER_URL. The database says: {str(error).splitlines()[0]}"
            ) from error
        if options["plan"] or options["check_unapplied"]:
            return
        self._insist(using)
        if settings.DATABASE_OWNER is not None:
            self._admit(settings.DATABASE_ROLE, using, options["verbosity"])

    def _insist(self, using: str) -> None:
        missing = guards.missing_now(using)
        if missing:
            raise CommandError("After the migration the record is not complete. " + " ".join(missing))

    def _admit(self, role: str, using: str, verbosity: int) -> None:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT to_regprocedure('claims_admit(text)') IS NOT NULL")
            if not cursor.fetchone()[0]:
                return
            try:
                cursor.execute("CALL claims_admit(%s)", [role])
            except Error as error:
                raise CommandError(f"The role {role} of DATABASE_URL cannot be given its rights: {error}") from error
        if verbosity >= 1:
            self.stdout.write(f"The role {role} has the rights of the application, and no more.")


def _is_refused(error: BaseException | None) -> bool:
    """Whether the database refused for want of a right, in whatever language it says so."""
    while error is not None:
        if getattr(error, "sqlstate", "") == "42501":
            return True
        error = error.__cause__ or error.__context__
    return False
