"""What the leak hunt asks for: every address that can be read, with every value that its parameters can have.

Nothing here names a resource or a page: addresses come from the API's schema, the admin's registry and the public
patterns, values from the rows that are there, hidden ones first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldError
from django.db.models import Model, QuerySet
from django.urls import NoReverseMatch, URLPattern, resolve, reverse

from claims import urls as public
from claims import workflow
from claims.api.docs import schema
from claims.api.expanding import EXPANDED
from claims.api.filtering import PersonFilter
from claims.models import Article, ArticleRevision, AuditEvent, Checkpoint, Claim, Person, Publication

NEWEST = 4  # rows of a noun that are asked for; what is hidden was written last
OFFERED = 8  # choices of a filter of the admin that are taken, beside those near to what is hidden
PAGES = 4  # that are followed where a page holds one row
# A saved filter only stands for parameters that are asked for themselves.
HANDLED = {"cursor", "page_size", "count", "ordering", "fields", "search", "expand", "saved"}


class Quarry:
    """What is hunted: the words that stand in the hidden rows, when they were written, and who could be asked for."""

    def __init__(self, words: Iterable[str], at: datetime, people: Sequence[Person]) -> None:
        self.words = tuple(words)
        moments = (at - timedelta(days=1), at - timedelta(microseconds=1), at, at + timedelta(microseconds=1))
        self.moments = [moment.isoformat() for moment in moments]
        self.days = [(at + timedelta(days=n)).date().isoformat() for n in (-1, 0, 1)]
        self.people = [str(person.pk) for person in people][:6]
        self.nouns: set[type[Model]] = set()  # in whose tables something is hidden
        self.named = [person.username for person in people][:1]

    def is_near(self, query: str) -> bool:
        """Whether a query names one of the people or a noun in whose table something is hidden."""
        value = query.rpartition("=")[2]
        return value in self.people or value.partition(".")[0] in {noun._meta.model_name for noun in self.nouns}


def newest(model: type[Model], most: int = NEWEST) -> list[Any]:
    """The keys of a noun's last rows, seen by whom it may be."""
    return list(model._base_manager.order_by("-pk").values_list("pk", flat=True)[: most + 2 * (model is AuditEvent)])


# ---------------------------------------------------------------- the API


def readable() -> list[tuple[str, dict[str, Any]]]:
    """Every GET of the schema: its path, and the operation."""
    return [(path, methods["get"]) for path, methods in schema()["paths"].items() if "get" in methods]


def addresses(path: str) -> list[str]:
    """The path with its parameters filled in."""
    view = view_of(path)
    names = re.findall(r"\{(\w+)\}", path)
    found = []
    for values in product(*(fillings(name, view, path) for name in names)):
        address = path
        for name, value in zip(names, values, strict=True):
            address = address.replace(f"{{{name}}}", str(value))
        found.append(address)
    return found


def view_of(path: str) -> Any:
    return resolve(re.sub(r"\{\w+\}", "1", path)).func.cls  # type: ignore[attr-defined]


def fillings(name: str, view: Any, path: str) -> list[Any]:
    """The values of a parameter in a path: keys of the row it names."""
    if name == "number":
        return sorted(set(ArticleRevision.objects.values_list("number", flat=True)))
    stem = name.removesuffix("_id")
    nouns = {model._meta.model_name: model for model in apps.get_app_config("claims").get_models()}
    own = getattr(getattr(view, "queryset", None), "model", None)
    model = own if own and name in ("id", "pk", own._meta.pk.name) else nouns.get(stem.replace("_", ""))
    if model is None:
        raise LookupError(f"{path}: which values has {{{name}}}? Say so in tests/hunting.py.")
    return newest(model)


def variants(path: str, operation: dict[str, Any], quarry: Quarry) -> Iterator[str]:
    """The queries that an address takes: every filter and ordering value, each field alone, the words, all counted."""
    view = view_of(path)
    parameters = {p["name"]: p for p in operation.get("parameters", ()) if p["in"] == "query"}
    if "cursor" in parameters:
        yield from of_list(parameters, view, quarry)
    if "format" in parameters:  # what the list holds, which is asked for with everything
        yield from (urlencode({"format": form}) for form in parameters["format"]["schema"]["enum"])
        return
    if "fields" in parameters:
        yield from (urlencode({"fields": name}) for name in fields_of(operation))
    if "expand" in parameters:
        yield urlencode({"expand": ",".join(view.serializer_class._declared_fields[EXPANDED].doors)})
    yield from with_what_is_required(parameters, view, quarry)


def of_list(parameters: dict[str, Any], view: Any, quarry: Quarry) -> Iterator[str]:
    """Every filter and ordering value of a list, its whole length counted, and the words."""
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    for name in sorted(set(parameters) - HANDLED):
        for value in values_of(name, filters.get(name), parameters[name], view, quarry):
            yield urlencode({name: value, "count": "true"})
    for name in (*view.ordering_fields, view.queryset.model._meta.pk.name):
        yield from (urlencode({"ordering": sign + name}) for sign in ("", "-"))
    yield urlencode({"count": "true", "page_size": 200})
    if "search" in parameters:
        yield from (urlencode({"search": word, "count": "true"}) for word in quarry.words)


def with_what_is_required(parameters: dict[str, Any], view: Any, quarry: Quarry) -> Iterator[str]:
    """The words as what an address does not answer without; and with the first of them its other values."""
    wanted = [name for name, parameter in parameters.items() if parameter.get("required")]
    for word in quarry.words if wanted else ():
        yield urlencode(dict.fromkeys(wanted, word))
    for name in sorted(set(parameters) - set(wanted)) if wanted else ():
        for value in values_of(name, None, parameters[name], view, quarry):
            yield urlencode(dict.fromkeys(wanted, quarry.words[0]) | {name: value})


def values_of(name: str, filter_: Any, parameter: dict[str, Any], view: Any, quarry: Quarry) -> list[Any]:
    """Every value that a filter is asked with."""
    shape = resolved(parameter["schema"])
    if "enum" in shape:
        return [value for value in shape["enum"] if value is not None]
    if shape.get("type") == "boolean":
        return ["true", "false"]
    if shape.get("format") == "date-time":
        return quarry.moments
    if shape.get("format") == "date":
        return quarry.days
    if isinstance(filter_, PersonFilter):
        return quarry.people + quarry.named
    there = distinct(view.queryset.model._base_manager.all(), getattr(filter_, "field_name", None) or name)
    if shape.get("type") in ("integer", "number"):
        nouns = [m for m in apps.get_app_config("claims").get_models() if m._meta.model_name == name]
        return list(dict.fromkeys([*there, *(pk for noun in nouns for pk in newest(noun))]))
    return there or list(quarry.words)


def distinct(rows: QuerySet[Any], lookup: str, most: int = 6) -> list[Any]:
    """The values of a field in these rows, of the newest rows first; none where there is no such field."""
    try:
        found = rows.order_by("-pk").values_list(lookup, flat=True)[:400]
        return [value for value in dict.fromkeys(found) if isinstance(value, str | int) and value != ""][:most]
    except (FieldError, TypeError):
        return []


def fields_of(operation: dict[str, Any]) -> list[str]:
    shape = resolved(operation["responses"]["200"]["content"]["application/json"]["schema"])
    rows = shape.get("properties", {}).get("results")
    return list((resolved(rows["items"]) if rows else shape).get("properties", {}))


def resolved(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape of the schema, its reference followed."""
    while "$ref" in shape:
        shape = schema()["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    return shape


# ---------------------------------------------------------------- the admin


def admin_lists() -> list[tuple[type[Model], str]]:
    """Every registered noun and the address of its list."""
    return [(m, reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist")) for m in admin.site._registry]


def admin_pages(quarry: Quarry) -> Iterator[str]:
    """Every page that is no list: the site's own, and of each noun its forms and the pages of its newest rows."""
    for pattern in admin.site.get_urls():
        if isinstance(pattern, URLPattern) and pattern.name and pattern.name != "logout":
            try:
                yield reverse(f"admin:{pattern.name}")
            except NoReverseMatch:
                continue  # it takes arguments: a catch-all, or a way to another page
    for model, registered in admin.site._registry.items():
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        for pk in newest(model, NEWEST if model in quarry.nouns else 1):
            yield from pages_of(model, registered, pk)
        for field in registered.autocomplete_fields:
            asked = {"app_label": "claims", "model_name": model._meta.model_name, "field_name": field, "term": "e"}
            yield f"{reverse('admin:autocomplete')}?{urlencode(asked)}"


def pages_of(model: type[Model], registered: Any, pk: Any) -> Iterator[str]:
    noun = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    yield reverse(f"{noun}_change", args=[pk])
    yield reverse(f"{noun}_history", args=[pk])
    for route, name, _ in registered.pages():
        for values in product(*(steps(parameter) for parameter in re.findall(r"<([^>]+)>", route))):
            yield reverse(f"{noun}_{name}", args=[pk, *values])


def steps(parameter: str) -> list[str]:
    if not parameter.endswith(":step"):
        raise LookupError(f"Which values has <{parameter}> in a page of the admin? Say so in tests/hunting.py.")
    return list(workflow.BY_NAME)


def admin_variants(model: type[Model], changes: Any, quarry: Quarry) -> Iterator[str]:
    """The queries of a list: what each of its filters offers, its orders, searches, and each field of the row itself.

    In: `changes`, the list that the page was drawn from.
    """
    for spec in changes.filter_specs:
        offered = [c["query_string"].lstrip("?") for c in spec.choices(changes) if "query_string" in c]
        yield from [query for query in offered if quarry.is_near(query)] + offered[:OFFERED]
    for at in range(1, len(changes.list_display) + 1):
        yield from (f"o={at}", f"o=-{at}")
    if changes.search_fields:
        yield from (urlencode({"q": word}) for word in quarry.words)
    if changes.date_hierarchy:
        year, month, day = quarry.days[1].split("-")
        name = changes.date_hierarchy
        yield urlencode({f"{name}__year": year, f"{name}__month": int(month), f"{name}__day": int(day)})
    for field in model._meta.concrete_fields:
        for value in distinct(model._base_manager.all(), field.attname, most=2):
            yield urlencode({field.attname: str(value)[:100]})


# ---------------------------------------------------------------- the public pages

# Secrets of addresses, which only whoever made them knows; filled in by the hunt.
SECRETS: dict[str, list[str]] = {"secret": [], "token": []}
PUBLIC: dict[str, Callable[[], list[Any]]] = {
    "secret": lambda: SECRETS["secret"],
    "token": lambda: SECRETS["token"],
    "slug": lambda: list(Article.objects.order_by("-pk").values_list("slug", flat=True)),
    "version": lambda: sorted(set(Publication.objects.values_list("version", flat=True))),
    "code": lambda: sorted(set(Claim.objects.values_list("code", flat=True))),
    "size": lambda: list(Checkpoint.objects.values_list("size", flat=True))[:NEWEST],
    "old": lambda: list(Checkpoint.objects.values_list("size", flat=True))[:2],
    "new": lambda: list(Checkpoint.objects.values_list("size", flat=True))[:2],
    "after": lambda: list(Checkpoint.objects.values_list("size", flat=True))[:2],
}


def public_pages() -> Iterator[str]:
    """Every public address."""
    for pattern in public.urlpatterns:
        names = re.findall(r"<\w+:(\w+)>", str(pattern.pattern))
        if missing := [name for name in names if name not in PUBLIC]:
            raise LookupError(f"Which values has {missing[0]} in /{pattern.pattern}? Say so in tests/hunting.py.")
        for values in product(*(PUBLIC[name]() for name in names)):
            yield reverse(pattern.name, kwargs=dict(zip(names, values, strict=True)))
