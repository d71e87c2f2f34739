import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from claims.importers import intake
from claims.importers.text import MAX_BYTES, UnreadableText
from claims.models import Article, Person
from claims.rules import Refused

MEDIA_TYPES = {".md": "text/markdown", ".markdown": "text/markdown"}


class Command(BaseCommand):
    help = "Receives an article from a text or Markdown file (or -, standard input) and prints what it found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", help="a file, or - for standard input")
        parser.add_argument("--url", default="", help="where the article stands")
        parser.add_argument("--by", metavar="NAME", help="the person who receives it; needed when several could")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"]
        given = {"url": options["url"]} if options["url"] else {}
        try:
            article = intake.receive(
                raw=_bytes(path),
                media_type=MEDIA_TYPES.get(Path(path).suffix.lower(), "text/plain"),
                by=_receiver(options["by"]),
                **given,
            )
        except (UnreadableText, Refused) as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(" ".join(f"{k}: {' '.join(v)}" for k, v in error.message_dict.items())) from None
        for line in _found(article):
            self.stdout.write(line)


def _bytes(path: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None


def _receiver(name: str | None) -> Person:
    people = [p for p in Person.objects.filter(is_active=True) if p.has_perm("claims.receive_article")]
    if name:
        people = [p for p in people if p.username == name]
    if len(people) == 1:
        return people[0]
    if not people:
        who = f"{name} may not receive articles" if name else "Nobody here may receive articles"
        raise CommandError(f"{who}. Add a researcher: manage.py add_person NAME --role researcher")
    raise CommandError(f"Say who receives it: --by {' | '.join(sorted(p.username for p in people))}")


def _found(article: Article) -> list[str]:
    revision = article.current_revision
    if revision is None:
        raise CommandError("The article has no text.")
    blocks = Counter(kind for kind, _, _ in revision.blocks)
    links = Counter(revision.links.values_list("status", flat=True))
    origin = [article.republished_from_publisher, str(article.republished_from_on or "")]
    rows = {
        "article": f"{article.pk} ({article.slug})", "title": article.title, "byline": article.byline,
        "publisher": article.publisher, "published on": str(article.published_on or ""),
        "republished from": ", ".join(filter(None, origin)), "url": article.url,
        "blocks": ", ".join(f"{n} {kind}" for kind, n in sorted(blocks.items())),
        "sentences": f"{article.sentence_count} to settle",
        "links": ", ".join(f"{n} {status}" for status, n in sorted(links.items())) or "none",
        "text sha256": revision.sha256, "source sha256": revision.source_sha256,
    }  # fmt: skip
    return [f"{name + ':':18}{value or '–'}" for name, value in rows.items()] + ["", *revision.report]
