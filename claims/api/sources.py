"""Sources: entered and described."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import sources
from claims.api.base import Edited, Shown, visible
from claims.api.evidence import Withdrawal
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Flag, PersonField, Reference, RowSerializer, said
from claims.api.filtering import DayFilter, FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter, WordFilter
from claims.choices import SourceKind, Tier
from claims.models import Source


@examples({"A primary document": {
    "title": "Log of the harbour office, May 2023", "publisher": "The Harbour Office", "kind": "document",
    "tier": "primary", "url": "https://harbour.example/log", "archived_url": "https://archive.example/log",
    "published_on": "2023-05-31", "accessed_at": "2024-05-04T09:00:00Z",
}})  # fmt: skip
class SourceSerializer(RowSerializer):
    """Where something can be looked up."""

    derived_from = Reference(
        queryset=Source.objects.all(), required=False, allow_null=True,
        help_text="The id of the source this one derives from, or null: outlets with one origin are one source.",
    )  # fmt: skip
    withdrawn = Flag(read_only=True, help_text="Whether it was withdrawn: evidence from it then counts for nothing.")
    created_by = PersonField(read_only=True, help_text="Who entered it.")
    expanded = Expanded(derived_from="claims.api.sources.SourceDoor")

    class Meta:
        model = Source
        fields = (
            "id", "title", "publisher", "author", "url", "archived_url", "kind", "tier", "affiliation", "derived_from",
            "published_on", "accessed_at", "sha256", "confidential", "withdrawn",
            "withdrawn_reason", "created_by", "created_at", "updated_at", "expanded",
        )  # fmt: skip
        read_only_fields = ("id", "withdrawn_reason", "created_at", "updated_at")
        extra_kwargs = said(
            id="The source's id.", title="Its title.", publisher="Who published it.", author="Who made it.",
            url="Where it stands.", archived_url="Where a copy is archived.", kind="What it is.",
            tier="How near it is to what it tells of.", published_on="When it was published.",
            accessed_at="When it was looked up.", withdrawn_reason="Why it was withdrawn; empty while it stands.",
            created_at="When it was entered.",
            updated_at="When it was last changed.",
        )  # fmt: skip

    def to_representation(self, instance: Source) -> dict[str, Any]:
        shown = super().to_representation(instance)
        origin = instance.derived_from
        # A confidential origin is not even named to those who may not see it.
        if "derived_from" in shown and origin is not None and origin.confidential:
            sees = self.context["request"].user.has_perm("claims.view_confidential")
            shown["derived_from"] = origin.pk if sees else None
        return shown


class SourceFilters(django_filters.FilterSet):
    kind = OneOf("kind", SourceKind.choices, "Sources of this kind.")
    tier = OneOf("tier", Tier.choices, "Sources of this tier.")
    publisher = WordFilter("publisher", "Sources of this publisher.", lookup_expr="iexact")
    author = WordFilter("author", "Sources of this author.", lookup_expr="iexact")
    affiliation = WordFilter("affiliation", "Sources that speak for this party or interest.", lookup_expr="iexact")
    url = WordFilter("url", "The source at this address.")
    sha256 = WordFilter("sha256", "Sources of this content.")
    derived_from = IdFilter("derived_from", "Sources that derive from this one.", method="derivatives")
    confidential = FlagFilter("Confidential sources, or the others.", "confidential")
    withdrawn = FlagFilter("Withdrawn sources, or those that stand.", condition=Q(withdrawn_at__isnull=False))
    created_by = PersonFilter("created_by", "Sources that this person entered")
    published_after = DayFilter("published_on", "Published on this day or later.", "gte")
    published_before = DayFilter("published_on", "Published before this day.", "lt")
    accessed_before = MomentFilter("accessed_at", "Looked up before this moment.", "lt")

    def derivatives(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        seen = visible(Source.objects, self.request.user).filter(pk=value)
        return queryset.filter(derived_from__in=seen.values("pk"))


class SourceDoor(Exported, Shown, Edited):
    noun, nouns = "source", "sources"
    place = "sources"
    serializer_class = SourceSerializer
    filterset_class = SourceFilters
    search_fields = ("title", "author", "publisher", "affiliation", "url")
    ordering_fields = ("title", "publisher", "kind", "tier", "published_on", "accessed_at", "created_at", "updated_at")
    queryset = Source.objects.select_related("created_by", "derived_from")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)

    @extend_schema(request=SourceSerializer, responses={201: SourceSerializer})
    def create(self, request: Request) -> Response:
        """Enter a source"""
        return self.made(sources.enter(by=self.person, **self.body()))

    def hold(self, row: Source) -> None:
        Source.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)

    def change(self, row: Source, changes: dict[str, Any]) -> None:
        sources.edit(source=row, by=self.person, **changes)


class SourceWithdrawalDoor(SourceDoor):
    @extend_schema(request=Withdrawal, responses={200: SourceSerializer}, filters=False)
    def withdraw(self, request: Request, pk: int) -> Response:
        """Withdraw a mistaken source, with a reason

        Evidence from it counts no longer; what was judged with it becomes stale.
        """
        sources.withdraw(source=self.row(pk), by=self.person, **self.body(Withdrawal))
        return Response(self.shown(self.row(pk)))

    @extend_schema(request=Withdrawal, responses={200: SourceSerializer}, filters=False)
    def restore(self, request: Request, pk: int) -> Response:
        """Restore a withdrawn source, with a reason"""
        sources.restore(source=self.row(pk), by=self.person, **self.body(Withdrawal))
        return Response(self.shown(self.row(pk)))
