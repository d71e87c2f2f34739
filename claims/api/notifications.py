"""What I am told: listed, and marked as read."""

from __future__ import annotations

from typing import Any

import django_filters
from django.conf import settings
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import notifying
from claims.api.base import Listed, Shown, visible
from claims.api.fields import PersonField, RowSerializer, Text, Whole, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf
from claims.choices import NotificationKind
from claims.messages import messages_of
from claims.models import Notification


class ToldList(serializers.ListSerializer):
    """Puts the rows of a page into words together."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        _put_into_words(rows, self.context["request"].user)
        return super().to_representation(rows)


class NotificationSerializer(RowSerializer):
    """One thing that I am told, in words made now and for me."""

    title = Text(read_only=True, help_text="What it is, in a few words.")
    sentence = Text(read_only=True, help_text="What it says.")
    quote = Text(
        read_only=True, help_text="What somebody wrote to me or of it, where that is why I am told; else empty."
    )
    url = Text(read_only=True, help_text="The page of the desk that it is about; opened there, it is read.")
    by = PersonField(
        read_only=True,
        allow_null=True,
        help_text="Whose doing it is; null for the desk's own, and where I may not see it.",
    )
    comment = Whole(source="comment_id", read_only=True, allow_null=True, help_text="The comment's id, or null.")

    class Meta:
        model = Notification
        list_serializer_class = ToldList
        fields = ("id", "kind", "title", "sentence", "quote", "url", "article", "claim", "comment", "report", "contact",
                  "by", "created_at", "read_at")  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The notification's id.", kind="What kind of thing.", article="The article's id, or null.",
            claim="The claim's id, or null.", report="The reader's report's id, or null.",
            contact="The id of the question to somebody outside, or null.",
            created_at="When I was told.", read_at="When I marked it as read, or null.",
        )  # fmt: skip

    def to_representation(self, instance: Any) -> Any:
        if not hasattr(instance, "hidden"):
            _put_into_words([instance], self.context["request"].user)
        shown = super().to_representation(instance)
        if instance.hidden:
            shown.update({name: None for name in ("article", "claim", "comment", "by") if name in shown})
        return shown


def _put_into_words(rows: list[Any], person: Any) -> None:
    for row, message in zip(rows, messages_of(rows, person), strict=True):
        row.title, row.sentence, row.quote, row.hidden = message.title, message.sentence, message.quote, message.hidden
        row.url = f"{settings.SITE_URL}{message.path}" if message.path else ""


class NotificationFilters(django_filters.FilterSet):
    kind = OneOf("kind", NotificationKind.choices, "Notifications of this kind.")
    unread = FlagFilter("What I have not read, or what I have.", condition=Q(read_at__isnull=True))
    article = IdFilter("article", "Notifications about this article.")
    claim = IdFilter("claim", "Notifications about this claim.")
    created_after = MomentFilter("created_at", "Told at this moment or later.", "gte")
    created_before = MomentFilter("created_at", "Told before this moment.", "lt")


class MarkedSerializer(serializers.Serializer):
    """What came of marking them."""

    marked = Whole(help_text="How many were unread.")


class NotificationDoor(Listed, Shown):
    noun, nouns = "notification", "notifications"
    place = "notifications"
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilters
    ordering_fields = ("created_at",)
    queryset = Notification.objects.for_reading()

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)


class NotificationReadDoor(NotificationDoor):
    @extend_schema(request=None, responses={200: NotificationSerializer}, filters=False)
    def read(self, request: Request, pk: int) -> Response:
        """Mark one notification as read"""
        notifying.mark_read(notification=self.row(pk), by=self.person)
        return Response(self.shown(self.row(pk)))

    @extend_schema(
        request=None, responses={200: MarkedSerializer}, filters=False, operation_id="notifications_read_all"
    )
    def read_all(self, request: Request) -> Response:
        """Mark all my notifications as read"""
        return Response(MarkedSerializer({"marked": notifying.mark_read(by=self.person)}).data)
