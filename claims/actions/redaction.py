"""Erasing text by law: from its row, from every event that held it, and nowhere without saying so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, models

from claims.actions import answers
from claims.actions.acting import acting
from claims.models import (
    Article,
    AuditEvent,
    Claim,
    KnownWord,
    Opening,
    Person,
    Posting,
    SearchableArticle,
    SearchableClaim,
    SearchableSource,
    Source,
)
from claims.models.audit import REDACTED, WITHHELD, recorded_as, recorded_models

KEPT_FROM: dict[type[models.Model] | None, tuple[type[models.Model], ...]] = {
    Claim: (Posting, SearchableClaim),
    Article: (SearchableArticle,),
    Source: (SearchableSource,),
}
SHORTEST = 4  # characters: shorter texts are found everywhere, and nobody's in particular


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place where the same text stands."""

    kind: str
    id: int
    field: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id} {self.field}"


def check(kind: str, object_id: int, field: str) -> None:
    """Raises ValidationError unless there is such a text, and it is one that can be erased."""
    if kind == "auditevent":
        if field != "reason":
            raise ValidationError("Of an event, the reason can be redacted; for all else name the object it is about.")
        if not AuditEvent.objects.filter(pk=object_id).exists():
            raise ValidationError(f"There is no event {object_id}.")
        return
    model = _models().get(kind)
    if model is None:
        raise ValidationError(f"There is nothing called {kind} on record.")
    if f"{kind}.{field}" in WITHHELD:
        raise ValidationError(
            f"{kind}.{field} is what everything else refers to: retract, and publish anew without it."
        )
    if field not in (texts := erasable(model)):
        raise ValidationError(f"{field} is no text of a {kind}: name one of {', '.join(texts)}.")
    if not model._default_manager.filter(pk=object_id).exists():
        raise ValidationError(f"There is no {kind} {object_id}.")


def tables_of(kind: str) -> list[str]:
    """Where the texts of a kind are; `auditevent` has none but openings."""
    model = _models().get(kind)
    return [Opening._meta.db_table, *([] if model is None else [model._meta.db_table])]


def copies_of_words(kind: str) -> list[str]:
    """The tables in which triggers keep the words of a kind, so that it is found by them."""
    return [m._meta.db_table for m in KEPT_FROM.get(_models().get(kind), ())] + [KnownWord._meta.db_table]


def erasable(model: type[models.Model]) -> list[str]:
    """The fields of a recorded model that hold somebody's words."""
    kind = recorded_as(model._meta.db_table)
    words = [f.attname for f in _texts_in(model) if not isinstance(f, models.BinaryField | models.JSONField)]
    return sorted(name for name in words if f"{kind}.{name}" not in WITHHELD)


def redact(*, kind: str, object_id: int, field: str, basis: str, by: Person) -> int:
    """Erase a field of an object, or the reason of an event (`auditevent`): the row reads `[redacted]` from now on.

    In: `basis` is the legal basis; it stays on record, as does who did it. The connection must be the owner's. Every
    proof and root stays valid, because events hold commitments, and these stay. Out: how many openings were taken away.
    Raises ValidationError; Refused where a rule of the database stands against it.
    """
    check(kind, object_id, field)
    if not basis.strip():
        raise ValidationError("Say on what legal basis.")
    with acting(by=by, action="audit.redact"), connection.cursor() as cursor:
        cursor.execute("SELECT claims_redact(%s, %s, %s, %s, %s)", [kind, object_id, field, basis, by.pk])
        erased = int(cursor.fetchone()[0])
        answers.erase_all()
    return erased


def texts_of(kind: str, object_id: int, field: str) -> set[str]:
    """Every text the field ever held, as far as it is still kept."""
    if kind == "auditevent":
        found = Opening.objects.filter(event_id=object_id, place="reason")
    else:
        events = AuditEvent.objects.filter(object_type=kind, object_id=object_id).values("seq")
        found = Opening.objects.filter(event__in=events, place__in=(f"before.{field}", f"after.{field}"))
    return {text for text in found.values_list("value", flat=True) if text and text != REDACTED}


def copies(texts: set[str]) -> Iterator[Copy]:
    """Where else one of these texts stands: in a row, within a longer text, or in an opening of another object."""
    wanted = sorted({written for text in texts for written in _ways_to_write(text) if len(written) >= SHORTEST})
    if not wanted:
        return
    for model in recorded_models():
        for f in _texts_in(model):
            for pk in _holding(model, f, wanted):
                yield Copy(recorded_as(model._meta.db_table), pk, f.attname)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.object_type, e.object_id, o.place FROM claims_opening o"
            " JOIN claims_auditevent e ON e.seq = o.event_id"
            " WHERE EXISTS (SELECT 1 FROM unnest(%s::text[]) w WHERE strpos(o.value, w) > 0) ORDER BY 1, 2, 3",
            [wanted],
        )
        yield from (Copy(kind, pk, f"{place} (trail)") for kind, pk, place in cursor.fetchall())


def _models() -> dict[str, type[models.Model]]:
    return {recorded_as(m._meta.db_table): m for m in recorded_models()}


def _ways_to_write(text: str) -> Iterator[str]:
    """A text, also as it stands within JSON; of a list, which is kept as JSON, each of its members."""
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    for member in read if isinstance(read, list) else [text]:
        yield str(member)
        yield json.dumps(str(member), ensure_ascii=False)[1:-1]


def _texts_in(model: Any) -> list[Any]:
    """The columns that hold free text, or bytes of it."""
    kinds = (models.CharField, models.TextField, models.BinaryField, models.JSONField, ArrayField)
    return [f for f in model._meta.concrete_fields if isinstance(f, kinds) and not f.choices]


def _holding(model: Any, f: Any, wanted: list[str]) -> list[int]:
    """The rows whose column holds one of the texts."""
    table, column = (connection.ops.quote_name(name) for name in (model._meta.db_table, f.column))
    if isinstance(f, models.BinaryField):
        found = f"position(convert_to(w, 'UTF8') IN {column}) > 0"
    else:
        in_json = isinstance(f, ArrayField | models.JSONField)
        found = f"strpos({f'to_jsonb({column})' if in_json else column}::text, w) > 0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE EXISTS (SELECT 1 FROM unnest(%s::text[]) w WHERE {found}) ORDER BY id",  # noqa: S608 - names from our own models
            [wanted],
        )
        return [pk for (pk,) in cursor.fetchall()]
