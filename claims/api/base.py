"""What every resource shares: it translates a request into one call of an action, and a row into an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self, cast

from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from claims.api import etags, idempotency, saved
from claims.api.expanding import EXPANDED, PARAMETER, chosen, expand, expands
from claims.api.filtering import check_parameters
from claims.api.shapes import Shape
from claims.models import Article, Person


class Door(GenericViewSet):
    """A resource. `noun` and `nouns` are what its summaries call it; `place` where its rows are read, by id, under
    /api/v1/, if they are; `sparse` whether it takes `?fields=`; `parameters`
    which others it takes, by action, where it is no list; `in_parts` whether its POST is work of several transactions.
    """

    noun, nouns = "", ""
    place = ""
    ordering_fields: tuple[str, ...] = ()
    search_fields: tuple[str, ...] = ()
    sparse = True
    parameters: ClassVar[dict[str, tuple[str, ...]]] = {}
    in_parts = False
    lookup_field = "pk"
    post: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is not None:
            if self.place and self.action in ("list", "export"):
                saved.apply(request, self.place, self.person)
            check_parameters(request, self)
            if request.method == "POST":
                self.post = idempotency.once(self, self.post)

    def taken_up(self, since: datetime, **kwargs: Any) -> Response | None:
        """What a POST in parts was answered, or should have been, that was begun then and did get done; else None."""
        raise NotImplementedError

    def media_types(self) -> tuple[str, ...]:
        """In what this address answers what is asked for."""
        return ("application/json",)

    @property
    def person(self) -> Person:
        """Who asks. Where the schema is drawn nobody asks, and nobody sees anything."""
        return cast(Person, self.request.user) if self.request else Person()

    def body(
        self, serializer_class: type[BaseSerializer] | None = None, data: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        """The request's body, or a part of it, in shape. Raises ValidationError with pointers."""
        used = serializer_class or self.get_serializer_class()
        serializer = used(
            data=self.request.data if data is None else data, context=self.get_serializer_context(), **kwargs
        )
        serializer.is_valid(raise_exception=True)
        return cast(dict[str, Any], serializer.validated_data)

    def shown(self, rows: Any, many: bool = False) -> Any:
        """A row, or a list of them, as its answer; only the `?fields=` asked for, and what `?expand=` adds."""
        serializer_class: Any = self.get_serializer_class()
        names = names_of(serializer_class)
        asked: Mapping[str, str] = self.request.query_params if self.request.method in ("GET", "HEAD") else {}
        wanted = chosen(asked["fields"], names, "fields") if "fields" in asked and self.sparse else names
        expanded = None
        if PARAMETER in asked and expands(serializer_class):
            expanded = chosen(asked[PARAMETER], serializer_class._declared_fields[EXPANDED].doors, PARAMETER)
        answers = self.answers(rows if many else [rows], tuple(dict.fromkeys([*wanted, *(expanded or ())])))
        if expanded is not None:
            expand(self, serializer_class, answers, expanded, besides=set(expanded) - set(wanted))
        return answers if many else answers[0]

    def answers(self, rows: Iterable[Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
        """These fields of the rows, in their order."""
        shape = self.shape(names)
        if shape is not None:
            return shape.answers(row.pk for row in rows)
        serializer: Any = self.get_serializer(rows, many=True)
        for name in set(serializer.child.fields) - set(names):
            serializer.child.fields.pop(name)
        return list(serializer.data)

    def shape(self, names: tuple[str, ...]) -> Shape | None:
        """How these fields are read straight from columns, where a resource says it."""
        return None

    def plain(self, ids: Iterable[int]) -> list[dict[str, Any]]:
        """The rows of these ids that this person may see, as their answers, with nothing asked for besides."""
        return self.answers(self.keys().filter(pk__in=list(ids)), names_of(cast(Any, self.get_serializer_class())))

    def keys(self) -> QuerySet:
        """The rows this person may see; with no more than their ids, where they are answered from their columns."""
        found: QuerySet[Any] = self.get_queryset()
        if self.shape(("id",)) is None:
            return found
        ordered_by = {name.removeprefix("-") for name in self.request.query_params.get("ordering", "").split(",")}
        found = found.select_related(None).prefetch_related(None)
        return found.only("pk", *ordered_by.intersection(self.ordering_fields))

    @classmethod
    def of(cls, other: Door) -> Self:
        """This resource's list, as whoever asks `other` may see it."""
        door = cls()
        door.request, door.action, door.args, door.kwargs, door.format_kwarg = other.request, "list", (), {}, None
        return door

    def row(self, pk: int) -> Any:
        """The row of this id as this person may see it, fresh from the database. Raises Http404."""
        return get_object_or_404(self.get_queryset(), pk=pk)

    def made(self, row: models.Model, **more: Any) -> Response:
        """201 with the row as it is now, and its address."""
        shown = self.shown(get_object_or_404(self.keys(), pk=row.pk))
        return Response({**shown, **more}, status=201, headers=self.location(row))

    def location(self, row: models.Model) -> dict[str, str]:
        """Where a new row is read, as the header that says so; none where it has no address of its own."""
        return {"Location": self.request.build_absolute_uri(f"/api/v1/{self.place}/{row.pk}/")} if self.place else {}

    def article(self, pk: int) -> Article:
        """The article an address is under. Raises Http404."""
        return get_object_or_404(Article.objects.select_related("current_revision"), pk=pk)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        done = super().finalize_response(request, response, *args, **kwargs)
        done["Cache-Control"] = "private, no-cache"
        done["Vary"] = "Authorization, Cookie"
        if done.status_code == 200 and isinstance(done, Response) and request.method in ("GET", "HEAD", "PATCH"):
            etags.stamp(request, done)
        return done


@cache
def names_of(serializer_class: Any) -> tuple[str, ...]:
    """The fields of a serializer, without what is there only for who asks for it."""
    return tuple(name for name in serializer_class().fields if name != EXPANDED)


class Listed(Door):
    """With a list: filtered, searched, ordered, in pages."""

    def list(self, request: Request, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.keys()))
        return self.get_paginated_response(self.shown(page, many=True))


class Shown(Door):
    """With a detail."""

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.shown(get_object_or_404(self.keys(), pk=pk)))


class Edited(Door):
    """With PATCH, for who has read what they change: If-Match is compared under the row's lock."""

    def partial_update(self, request: Request, pk: int) -> Response:
        etags.insist_on_if_match(request)
        with transaction.atomic():
            row = self.row(pk)
            self.hold(row)
            row = self.row(pk)
            etags.insist_on_match(request, self.shown(row))
            changes = self.body(partial=True)
            if changes:
                self.change(row, changes)
            return Response(self.shown(self.row(pk)))

    def hold(self, row: Any) -> None:
        """Lock the row until the transaction ends."""
        raise NotImplementedError

    def change(self, row: Any, changes: dict[str, Any]) -> None:
        """Call the action that makes these changes."""
        raise NotImplementedError


class NoSuchAddress(APIView):
    """404 for every address that is none, as a problem like any other."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.args, self.kwargs, self.headers = args, kwargs, {}
        self.request = self.initialize_request(request, *args, **kwargs)
        error = NotFound("There is no such address. All of them are at /api/v1/docs/, and end with a slash.")
        self.response = self.finalize_response(self.request, self.handle_exception(error))
        return self.response


def visible(queryset: Any, person: Person) -> QuerySet:
    """What of it this person may see; nothing for nobody, as where the schema is drawn."""
    if not person.pk:
        return cast(QuerySet, queryset.none())
    return cast(QuerySet, queryset.visible_to(person))
