"""Filters of the lists, kept under names."""

from __future__ import annotations

from typing import Any, NamedTuple

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import saved_filters
from claims.api.base import Edited, Listed, Shown, visible
from claims.api.examples import examples
from claims.api.fields import Choice, PersonField, RowSerializer, Text, said
from claims.api.filtering import FlagFilter, OneOf, PersonFilter, saveable
from claims.api.lists import LISTS
from claims.api.ordering import terms_of
from claims.models import SavedFilter

PLACES = [(place, place) for place in LISTS]


@examples({"Central claims that are late, for the whole desk": {
    "list": "claims", "slug": "late-and-central", "title": "Late and central", "shared": True,
    "query": "overdue=true&importance=central&ordering=due_at",
}})  # fmt: skip
class SavedFilterSerializer(RowSerializer):
    """A list's parameters under a name."""

    list = Choice(choices=PLACES, help_text="The list it is for.")
    slug = Text(max_length=60, help_text="Its name in `?saved=`: small letters, digits and hyphens.")
    person = PersonField(read_only=True, help_text="Whose it is.")

    class Meta:
        model = SavedFilter
        fields = ("id", "list", "slug", "title", "query", "shared", "person", "created_at", "updated_at")
        read_only_fields: tuple[str, ...] = ("id", "created_at", "updated_at")
        extra_kwargs = said(
            id="The filter's id.", title="What people call it; may be empty.",
            query="The list's parameters as a query string, such as `state=decided&ordering=due_at`.",
            shared="Whether the whole desk may use it.", created_at="When it was kept.",
            updated_at="When it was last changed.",
        )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "query" in attrs:
            view = self.context["view"]
            place = attrs.get("list") or view.row(view.kwargs["pk"]).list
            check(LISTS[place].of(view), attrs["query"])
        return attrs


@examples({"Keep it to oneself": {"shared": False}})  # fmt: skip
class SavedFilterChanged(SavedFilterSerializer):
    """What may be changed of it."""

    class Meta(SavedFilterSerializer.Meta):
        read_only_fields = (*SavedFilterSerializer.Meta.read_only_fields, "list")


class SavedFilterFilters(django_filters.FilterSet):
    list = OneOf("list", PLACES, "Filters for this list.")
    person = PersonFilter("person", "Filters of this person")
    shared = FlagFilter("Filters that the desk shares, or the others.", "shared")


class SavedFilterDoor(Listed, Shown, Edited):
    noun, nouns = "saved filter", "saved filters: mine, and those that the desk shares"
    place = "saved-filters"
    serializer_class = SavedFilterSerializer
    filterset_class = SavedFilterFilters
    search_fields = ("slug", "title")
    ordering_fields = ("list", "slug", "created_at", "updated_at")
    queryset = SavedFilter.objects.select_related("person")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)

    def get_serializer_class(self) -> type[SavedFilterSerializer]:
        return SavedFilterChanged if self.action == "partial_update" else SavedFilterSerializer

    @extend_schema(request=SavedFilterSerializer, responses={201: SavedFilterSerializer})
    def create(self, request: Request) -> Response:
        """Keep a filter under a name

        Its parameters are those of the list; wrong ones are refused here and not when they are used.
        """
        return self.made(saved_filters.keep(by=self.person, **self.body()))

    @extend_schema(request=SavedFilterChanged, responses={200: SavedFilterSerializer})
    def partial_update(self, request: Request, pk: int) -> Response:
        return super().partial_update(request, pk)

    def hold(self, row: SavedFilter) -> None:
        SavedFilter.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)

    def change(self, row: SavedFilter, changes: dict[str, Any]) -> None:
        saved_filters.edit(saved=row, by=self.person, **changes)

    def destroy(self, request: Request, pk: int) -> Response:
        """Take away a saved filter of mine"""
        saved_filters.discard(saved=self.row(pk), by=self.person)
        return Response(status=204)


class _Asked(NamedTuple):
    """As much of a request as an ordering needs."""

    query_params: QueryDict


def check(view: Any, query: str) -> None:
    """A query string that this list would take. Raises ValidationError at `query`, with everything that is wrong."""
    given = QueryDict(query)
    wrong = [f"{name}: no parameter that can be kept for this list." for name in given if name not in saveable(view)]
    wrong += [f"{name}: give it once." for name, values in given.lists() if len(values) > 1]
    form = view.filterset_class(data=given, queryset=view.queryset.none()).form
    wrong += [f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items()]
    try:
        terms_of(_Asked(given), view)  # type: ignore[arg-type]
    except serializers.ValidationError as error:
        wrong += [str(said) for said in error.detail.values()]  # type: ignore[union-attr]
    if wrong:
        raise serializers.ValidationError({"query": wrong})
