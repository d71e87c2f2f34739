"""What readers may ask for: published articles, lists of them, and corrections. Reads only, by keyset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Exists, F, Func, JSONField, TextField, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

from claims.choices import ArticleState, CorrectionType, PublicationState
from claims.models import Correction, Publication
from claims.models.publication import PublicationQuerySet
from claims.publishing import entries

LIST_SIZE = 20
CORRECTIONS_SIZE = 50


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of an article, as the list of versions shows it."""

    number: int
    published_at: datetime
    digest: str
    sealed: bool  # whether its claims have proofs: all but those from before the trail was sealed


@dataclass(frozen=True, slots=True)
class Shown:
    """One version of an article as readers see it now.

    `data` is its frozen snapshot, `current` the number of the newest version; `notes` are the corrections that no
    version carries yet, `retraction` the notice that took the page's place.
    """

    data: dict[str, Any]
    versions: tuple[Version, ...]
    notes: tuple[dict[str, Any], ...]
    retraction: dict[str, Any] | None
    modified: datetime

    @property
    def number(self) -> int:
        return int(self.data["version"])

    @property
    def current(self) -> int:
        return self.versions[0].number


@dataclass(frozen=True, slots=True)
class Row:
    """An article in a list: the frozen parts of the version readers see now. `id` is the keyset's."""

    id: int
    article: dict[str, Any]
    summary: dict[str, Any]
    version: int
    published_at: datetime
    retracted: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of a list, newest first; `before` asks for the following ones, None at the end."""

    rows: tuple[Any, ...]
    before: int | None


def shown(slug: str, version: int | None = None) -> Shown | None:
    """A published article, as it is now or in one version; None where readers have never been shown that."""
    chain = list(Publication.objects.shown().filter(article__slug=slug).defer("content").order_by("-version"))
    asked = next((p for p in chain if version in (None, p.version)), None)
    if asked is None:
        return None
    notes = list(
        Correction.objects.filter(publication__in=[p.pk for p in chain], published_in__isnull=True)
        .select_related("publication", "published_in")
        .defer("publication__content", "published_in__content")
        .prefetch_related("claims")
        .order_by("id")
    )
    retracted = chain[0].state == PublicationState.RETRACTED
    of_retraction = [n for n in notes if n.type == CorrectionType.RETRACTION]
    return Shown(
        data=Publication.objects.get(pk=asked.pk).snapshot,
        versions=tuple(Version(p.version, p.published_at, p.digest, p.claims_root != "") for p in chain),
        notes=tuple(entries.correction(n) for n in notes),
        retraction=entries.correction(of_retraction[-1]) if retracted and of_retraction else None,
        modified=max([chain[0].published_at, *(n.made_at for n in notes)]),
    )


def frozen(slug: str, version: int) -> bytes | None:
    """The bytes of one version as its digest has them; None where there is none, or where it has been retracted."""
    found = Publication.objects.shown().filter(article__slug=slug, version=version)
    content = found.exclude(Exists(_retracted(slug))).values_list("content", flat=True).first()
    return None if content is None else bytes(content)


def sealed(slug: str, version: int) -> Publication | None:
    """One version that was on the sealed trail before readers saw it; None where there is none, or it was retracted."""
    found = Publication.objects.shown().filter(article__slug=slug, version=version)
    return found.exclude(claims_root="").exclude(Exists(_retracted(slug))).first()


def _retracted(slug: str) -> PublicationQuerySet:
    return Publication.objects.filter(article__slug=slug, state=PublicationState.RETRACTED)


def articles(before: int | None = None, size: int | None = LIST_SIZE) -> Slice:
    """Published articles, the latest published first; `size` None gives all. One query, however many."""
    found = Publication.objects.newest().filter(**_below(before)).order_by("-id").defer("content")
    rows = [
        Row(p.pk, p.frozen_article, p.frozen_summary, p.version, p.published_at, p.state == PublicationState.RETRACTED)
        for p in _cut(
            found.annotate(frozen_article=_part("article", "content"), frozen_summary=_part("summary", "content")), size
        )
    ]
    return _slice(rows, size)


def last_change(rows: Sequence[Row]) -> datetime | None:
    """When a list of these last changed; unknown (None) where a retraction may be later than the publications."""
    return None if any(r.retracted for r in rows) else max((r.published_at for r in rows), default=None)


def reviews(before: int | None = None, size: int | None = LIST_SIZE) -> Slice:
    """Of every article readers see now: its publication's id, time and ClaimReviews, latest first."""
    found = Publication.objects.filter(state=PublicationState.LIVE, **_below(before)).order_by("-id").defer("content")
    return _slice(list(_cut(found.annotate(reviews=_path("$.claims[*].claim_review", "content")), size)), size)


def addresses() -> list[tuple[str, list[str], datetime]]:
    """Of every article readers see now: its slug, the codes of its claims, and when it was published."""
    rows = Publication.objects.filter(state=PublicationState.LIVE).order_by("-id")
    return list(rows.values_list("article__slug", _codes("content"), "published_at"))


@dataclass(frozen=True, slots=True)
class Codes:
    """The claims of one version: those with a verdict, and all."""

    decided: tuple[str, ...]
    all: tuple[str, ...]


def everything() -> Iterator[tuple[str, dict[int, Codes]]]:
    """Of every article readers have ever been shown: its slug, and the claims of each of its versions."""
    rows = Publication.objects.shown().order_by("article_id", "-version").values_list(
        "article__slug", "version", _codes("content"), _path("$.duplicates[*].code", "content"),
        _path("$.set_aside[*].code", "content"),
    )  # fmt: skip
    for slug, versions in groupby(rows.iterator(chunk_size=100), key=itemgetter(0)):
        yield slug, {row[1]: Codes(tuple(row[2]), (*row[2], *row[3], *row[4])) for row in versions}


def live(slug: str) -> Publication | None:
    """What readers see now of an article, as a row without its content; None where there is nothing."""
    return Publication.objects.filter(article__slug=slug, state=PublicationState.LIVE).defer("content").first()


def codes_of(slug: str) -> set[str]:
    """Every claim that readers were ever shown of an article, by its code."""
    parts = (_path(f"$.{name}[*].code", "content") for name in ("claims", "duplicates", "set_aside"))
    rows = Publication.objects.shown().filter(article__slug=slug).values_list(*parts)
    return {code for row in rows for codes in row for code in codes}


def corrections(before: int | None = None, size: int | None = CORRECTIONS_SIZE) -> Slice:
    """All corrections, the latest first, each with the frozen article it is about. Two queries, however many."""
    found = (
        Correction.objects.filter(**_below(before))
        .select_related("publication__article", "published_in")
        .defer("publication__content", "published_in__content")
        .prefetch_related("claims")
        .annotate(frozen_article=_part("article", "publication__content"), shown_codes=_codes("publication__content"))
        .order_by("-id")
    )
    rows = [
        {
            **entries.correction(c),
            "id": c.pk,
            "article": c.frozen_article,
            "shown": c.shown_codes,
            "retracted": c.publication.article.state == ArticleState.WITHDRAWN,
        }
        for c in _cut(found, size)
    ]
    return _slice(rows, size)


def _below(before: int | None) -> dict[str, int]:
    return {} if before is None else {"id__lt": before}


def _cut(rows: Any, size: int | None) -> Any:
    return rows if size is None else rows[: size + 1]


def _slice(rows: Sequence[Any], size: int | None) -> Slice:
    if size is None or len(rows) <= size:
        return Slice(tuple(rows), None)
    kept = rows[:size]
    last = kept[-1]
    return Slice(tuple(kept), last["id"] if isinstance(last, dict) else last.id)


# Lists take from a snapshot the part they show, in the database: a snapshot is as long as its article.
def _document(column: str) -> Cast:
    text = Func(F(column), Value("UTF8"), function="convert_from", output_field=TextField())
    return Cast(text, JSONField())


def _part(key: str, column: str) -> KeyTransform:
    return KeyTransform(key, _document(column))


def _path(path: str, column: str) -> Func:
    return Func(
        _document(column), Cast(Value(path), _JsonPath()), function="jsonb_path_query_array", output_field=JSONField()
    )


def _codes(column: str) -> Func:
    return _path("$.claims[*].code", column)


class _JsonPath(TextField):  # type: ignore[type-arg]
    """PostgreSQL's type of a path into JSON; used in casts alone."""

    def db_type(self, connection: Any) -> str:
        return "jsonpath"

    def cast_db_type(self, connection: Any) -> str:
        return "jsonpath"
