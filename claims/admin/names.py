"""Rows by the names people know them by, those of a whole page looked up in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import TextField, Value
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse

from claims import models as desk
from claims.choices import CorrectionType, GuestDid, Stance

Reference = tuple[type[models.Model], int]
Names = Mapping[Reference, str]
SHORT = 70
SLOTS = 5  # the most columns that a name is made of


class Called(NamedTuple):
    """The columns that a name is made of, and how; a path to another row goes by way of its key."""

    columns: tuple[str, ...]
    name: Callable[..., str]


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[:SHORT].rstrip()}…"


def _person(username: str, first_name: str, last_name: str) -> str:
    return desk.Person(username=username, first_name=first_name, last_name=last_name).name


def _of(key: str = "") -> tuple[str, ...]:
    """The columns of a person's name."""
    return tuple(f"{key}{column}" for column in ("username", "first_name", "last_name"))


# Their places in this table say in the query which rows are of which model.
CALLED: dict[type[models.Model], Called] = {
    desk.Article: Called(("title", "slug"), lambda title, slug: _short(title or slug)),
    desk.ArticleRevision: Called(("number",), lambda number: f"revision {number}"),
    desk.ArticleLink: Called(("text",), lambda text: f"“{_short(text)}”"),
    desk.NonFactualMark: Called(("start", "end"), lambda start, end: f"characters {start}–{end}"),
    desk.Claim: Called(
        ("code", "headline", "statement"), lambda code, headline, statement: f"{code} {_short(headline or statement)}"
    ),
    desk.Anchor: Called(("claim__code", "exact"), lambda code, exact: f"{code} “{_short(exact)}”"),
    desk.Contribution: Called(("claim__code", *_of("person__")), lambda code, *name: f"{code}: {_person(*name)}"),
    desk.Source: Called(("title",), _short),
    desk.Evidence: Called(
        ("claim__code", "stance", "source__title"),
        lambda code, stance, title: f"{code}: {Stance(stance).label.lower()}, {_short(title)}",
    ),
    desk.Verdict: Called(
        ("claim__code", "round", *_of("reviewer__")),
        lambda code, number, *name: f"{code}: {_person(*name)}, round {number}",
    ),
    desk.Decision: Called(
        ("claim__code", "rating__label", "round"), lambda code, rating, number: f"{code}: {rating}, round {number}"
    ),
    desk.SignOff: Called(
        ("signed_at", *_of("signed_by__")), lambda moment, *name: f"of {_person(*name)}, {moment[:10]}"
    ),
    desk.Publication: Called(("version",), lambda version: f"version {version}"),
    desk.Correction: Called(
        ("type", "made_at"), lambda kind, moment: f"{CorrectionType(kind).label.lower()}, {moment[:10]}"
    ),
    desk.RatingScale: Called(("name",), str),
    desk.Rating: Called(("label",), str),
    desk.Person: Called(_of(), _person),
    desk.ApiToken: Called(("name", *_of("person__")), lambda name, *person: f"{name} of {_person(*person)}"),
    desk.Recusal: Called(
        ("claim__code", *_of("person__")), lambda code, *name: f"{_person(*name)} from {code}"
    ),
    desk.Thread: Called(
        ("claim__code", "article__title", "opened_at"),
        lambda code, title, moment: f"on {code or _short(title)}, {moment[:10]}",
    ),
    desk.Comment: Called(
        ("created_at", "guest_link__name", *_of("author__")),
        lambda moment, guest, *name: f"of {guest or _person(*name)}, {moment[:10]}",
    ),
    desk.Contact: Called(("whom", "asked_at"), lambda whom, moment: f"to {_short(whom)}, {moment[:10]}"),
    desk.GuestLink: Called(("name",), lambda name: f"for {name}"),
    desk.GuestUse: Called(("link__name", "did"), lambda name, did: f"{name}: {GuestDid(did).label.lower()}"),
    desk.ReaderReport: Called(("sent_at",), lambda moment: f"of {moment[:10]}"),
    desk.Webhook: Called(("url",), _short),
    desk.SavedFilter: Called(("list", "slug"), lambda place, slug: f"{place}?saved={slug}"),
    desk.DeskSettings: Called(("id",), lambda pk: "the desk's settings"),
    Group: Called(("name",), str),
    Permission: Called(("name",), str),
    desk.SigningKey: Called(("verifier",), _short),
    desk.Redaction: Called(
        ("field", "object_type", "object_id"), lambda field, kind, pk: f"{field.replace('_', ' ')} of {kind} {pk}"
    ),
}  # fmt: skip
MODELS = tuple(CALLED)


def names_of(references: Iterable[Reference], person: desk.Person) -> dict[Reference, str]:
    """What these rows are called. Those that this person may not see are left out."""
    wanted: dict[type[models.Model], set[int]] = defaultdict(set)
    for model, pk in references:
        if model in CALLED:
            wanted[model].add(pk)
    first, *others = [_columns(model, pks, person) for model, pks in wanted.items()] or [None]
    found = () if first is None else first.union(*others, all=True) if others else first
    names = {}
    for place, pk, *values in found:
        model = MODELS[place]
        called = CALLED[model]
        names[model, pk] = called.name(*values[: len(called.columns)])
    return names


def name_of(model: type[models.Model], pk: int, names: Names) -> str:
    """The row's name; where it has none here, its kind and id."""
    return names.get((model, pk)) or f"{model._meta.verbose_name} {pk}"


def page_of(model: type[models.Model], pk: int) -> str:
    """The address of the row's page; empty where it has none."""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    except NoReverseMatch:
        return ""


def _columns(model: type[models.Model], pks: set[int], person: desk.Person) -> Any:
    """These rows as far as this person may see them: the model's place, the id, and the columns as text."""
    rows: Any = model._default_manager.all()
    rows = rows.visible_to(person) if hasattr(rows, "visible_to") else rows
    columns = [Cast(column, TextField()) for column in CALLED[model].columns]
    padding = [Value("", TextField())] * (SLOTS - len(columns))
    return rows.order_by().filter(pk__in=pks).values_list(Value(MODELS.index(model)), "pk", *columns, *padding)
