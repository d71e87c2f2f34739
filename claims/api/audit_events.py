"""The record, for those whose role reads it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.filters import SearchFilter
from rest_framework.request import Request

from claims.api.base import Shown, visible
from claims.api.exporting import Exported
from claims.api.fields import PersonField, RowSerializer, Text, Whole, said
from claims.api.filtering import DeskFilters, FlagFilter, IdFilter, MomentFilter, PersonFilter, WordFilter
from claims.api.ordering import DeskOrdering
from claims.api.permissions import RecordPermission
from claims.models import (
    Anchor,
    AuditEvent,
    Comment,
    Contact,
    Contribution,
    Decision,
    Evidence,
    Opening,
    Thread,
    Verdict,
)

OF_A_CLAIM: tuple[type[Model], ...] = (Anchor, Contact, Contribution, Decision, Evidence, Thread, Verdict)


class RecordedObject(serializers.Serializer):
    type = Text(source="object_type", help_text="What kind of row changed.")
    id = Whole(source="object_id", allow_null=True, help_text="Its id.")


class AuditEventSerializer(RowSerializer):
    """One line of the trail, written by the database."""

    actor = PersonField(read_only=True, allow_null=True, help_text="Who; null for what nobody of the desk did.")
    reason = Text(read_only=True, help_text="The reason given; may be empty.")
    object = RecordedObject(source="*", read_only=True, help_text="The row that changed.")
    article = Whole(source="article_id", read_only=True, allow_null=True, help_text="The id of its article, or null.")
    before = serializers.SerializerMethodField(help_text="What changed, as it was; null for a new row.")
    after = serializers.SerializerMethodField(help_text="What changed, as it became; null for a deleted row.")
    hash = serializers.SerializerMethodField(help_text="The event's leaf in the tree (RFC 6962): hex SHA-256.")

    class Meta:
        model = AuditEvent
        fields = (
            "seq", "at", "actor", "action", "reason", "request_id", "object", "article", "before", "after", "outside",
            "db_role", "stream", "n", "hash",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            seq="The event's number: later events have greater ones.", at="When.",
            action="What was being done, such as claim.triage.",
            request_id="The id of the request (X-Request-Id) it was done in.",
            db_role="The role of the database that wrote it.",
            stream="The stream it belongs to, such as article/12.", n="Its number in the stream, from 1 without a gap.",
        )  # fmt: skip

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_before(self, event: AuditEvent) -> Any:
        return event.before

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_after(self, event: AuditEvent) -> Any:
        return event.after

    def get_hash(self, event: AuditEvent) -> str:
        return bytes(event.hash).hex()


class AuditEventFilters(django_filters.FilterSet):
    article = IdFilter("article", "Events on this article and all under it.")
    claim = IdFilter("object_id", "Events on this claim, its anchors, evidence, verdicts, decisions and conversations.",
                     method="of_claim")  # fmt: skip
    actor = PersonFilter("actor", "Events by this person")
    action = WordFilter("action", "Events of this action, such as claim.triage.")
    object_type = WordFilter("object_type", "Events on rows of this kind, such as claim.")
    object_id = IdFilter("object_id", "Events on the row of this id; goes with object_type.")
    request_id = WordFilter("request_id", "Events of this request.")
    outside = FlagFilter("Changes made around the desk's actions, or through them.", "outside")
    after = MomentFilter("at", "Events at this moment or later.", "gte")
    before = MomentFilter("at", "Events before this moment.", "lt")

    def of_claim(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        found = Q(object_type="claim", object_id=value)
        for model in OF_A_CLAIM:
            rows = model._default_manager.filter(claim_id=value).values("pk")
            found |= Q(object_type=model._meta.model_name, object_id__in=rows)
        comments = Comment.objects.filter(thread__claim_id=value).values("pk")
        found |= Q(object_type="comment", object_id__in=comments)
        return queryset.filter(found)


class RecordSearch(SearchFilter):
    """The words of a search in actions and reasons. Reasons lie beside their events, and only those are asked whose
    events are asked for.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        for word in self.get_search_terms(request):
            reasons = Opening.objects.filter(event=OuterRef("pk"), place="reason", value__icontains=word)
            queryset = queryset.filter(Q(action__icontains=word) | Exists(reasons))
        return queryset


class AuditEventDoor(Exported, Shown):
    noun, nouns = "audit event", "audit events"
    place = "audit-events"
    permission_classes = (RecordPermission,)
    serializer_class = AuditEventSerializer
    filterset_class = AuditEventFilters
    filter_backends = (DeskFilters, RecordSearch, DeskOrdering)
    search_fields = ("action", "reason")
    ordering_fields = ("at",)
    queryset = AuditEvent.objects.opened().select_related("actor")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)
