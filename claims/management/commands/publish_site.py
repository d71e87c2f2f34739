"""`publish_site DIR`: the public site as static files."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from claims.publishing import site


class Command(BaseCommand):
    help = "Writes the public site as static files into a new or empty folder, or one it has written before."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("directory", metavar="DIR", type=Path)

    def handle(self, *, directory: Path, **options: object) -> None:
        try:
            written = site.write(directory)
        except (site.NotOurs, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{directory}: {written.files} files, {written.changed} new or changed, {written.removed} taken away."
        )
