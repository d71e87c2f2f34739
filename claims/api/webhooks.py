"""Addresses of my programs: added, switched off and on, and the log of what was sent there."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import webhooks
from claims.api.base import Listed, Shown, visible
from claims.api.examples import examples
from claims.api.fields import Address, Choice, RowSerializer, StrictSerializer, Text, said
from claims.api.filtering import FlagFilter, IdFilter, OneOf
from claims.choices import NotificationKind
from claims.models import Delivery, DeliveryTry, Webhook


class Kinds(serializers.ListField):
    """A list of kinds of notification."""

    child = Choice(choices=NotificationKind.choices)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


class WebhookSerializer(RowSerializer):
    """An address of a program of mine that is told what I am told."""

    kinds = Kinds(help_text="What it is told of; none: of everything.")

    class Meta:
        model = Webhook
        fields = ("id", "url", "kinds", "made_at", "disabled_at", "disabled_reason")
        read_only_fields = fields
        extra_kwargs = said(
            id="The webhook's id.", url="Where it is told.", made_at="When it was added.",
            disabled_at="Since when nothing is sent there, or null.", disabled_reason="Why it is switched off.",
        )  # fmt: skip


@examples({"Be told when it is my turn": {
    "url": "https://hooks.example.org/factcheck", "kinds": ["your_turn", "assignment"],
}})  # fmt: skip
class WebhookAdded(StrictSerializer):
    """A new webhook."""

    url = Address(
        max_length=2000, help_text="An https address, on port 443 or one from 1024 up, in the public internet."
    )
    kinds = Kinds(required=False, max_length=20, help_text="What it is told of; none: of everything.")


class WebhookMade(WebhookSerializer):
    """With the secret, this once."""

    secret = Text(read_only=True, help_text="Signs what is sent (whsec_…, Standard Webhooks). It is not shown again.")

    def get_field_names(self, declared_fields: Any, info: Any) -> Any:
        return (*self.Meta.fields, "secret")


class WebhookFilters(django_filters.FilterSet):
    disabled = FlagFilter("What is switched off, or on.", condition=Q(disabled_at__isnull=False))


class TrySerializer(RowSerializer):
    class Meta:
        model = DeliveryTry
        fields = ("at", "status", "milliseconds", "error")
        read_only_fields = fields
        extra_kwargs = said(
            at="When.", status="The HTTP status of the answer, or null where there was none.",
            milliseconds="How long it took.", error="What went wrong; empty when it arrived.",
        )  # fmt: skip


class DeliverySerializer(RowSerializer):
    """One notification on its way to a webhook."""

    kind = serializers.ChoiceField(
        source="notification.kind", choices=NotificationKind.choices, read_only=True, help_text="What it tells."
    )
    log = TrySerializer(many=True, read_only=True, help_text="Every try, newest first.")

    class Meta:
        model = Delivery
        fields = ("id", "notification", "kind", "message_id", "due_at", "tries", "delivered_at", "given_up_at", "log")
        read_only_fields = fields
        extra_kwargs = said(
            id="The delivery's id.", notification="The notification's id.",
            message_id="Its webhook-id, the same at every try.", due_at="When it was or is tried next.",
            tries="How often it was tried.", delivered_at="When it arrived, or null.",
            given_up_at="When it was given up, or null.",
        )  # fmt: skip


class DeliveryFilters(django_filters.FilterSet):
    kind = OneOf("notification__kind", NotificationKind.choices, "Deliveries that tell this.")
    notification = IdFilter("notification", "Deliveries of this notification.")
    delivered = FlagFilter("What has arrived, or has not.", condition=Q(delivered_at__isnull=False))


class WebhookDoor(Listed, Shown):
    noun, nouns = "webhook", "webhooks"
    place = "webhooks"
    serializer_class = WebhookSerializer
    filterset_class = WebhookFilters
    ordering_fields = ("made_at",)
    queryset = Webhook.objects.all()

    def get_queryset(self) -> QuerySet:
        """One's own, whoever one is."""
        return visible(super().get_queryset(), self.person).filter(person=self.person.pk)

    @extend_schema(request=WebhookAdded, responses={201: WebhookMade})
    def create(self, request: Request) -> Response:
        """Add an address of a program of mine

        The secret is in this answer and in no other.
        """
        webhook, secret = webhooks.add_webhook(by=self.person, **self.body(WebhookAdded))
        return self.made(webhook, secret=secret)


class WebhookSwitchDoor(WebhookDoor):
    @extend_schema(request=None, responses={200: WebhookSerializer}, filters=False)
    def disable(self, request: Request, pk: int) -> Response:
        """Switch a webhook off

        What waits for it is given up.
        """
        webhooks.disable_webhook(webhook=self.row(pk), by=self.person)
        return Response(self.shown(self.row(pk)))

    @extend_schema(request=None, responses={200: WebhookSerializer}, filters=False)
    def enable(self, request: Request, pk: int) -> Response:
        """Switch a webhook on again

        What was missed is not sent later.
        """
        webhooks.enable_webhook(webhook=self.row(pk), by=self.person)
        return Response(self.shown(self.row(pk)))


class WebhookDeliveryDoor(Listed):
    noun, nouns = "delivery", "deliveries to a webhook"
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilters
    ordering_fields = ("due_at",)
    queryset = Delivery.objects.select_related("notification").prefetch_related("log")

    def get_queryset(self) -> QuerySet:
        if not self.person.pk:
            return Delivery.objects.none()
        mine = Webhook.objects.filter(person=self.person)
        webhook = get_object_or_404(mine, pk=self.kwargs["webhook_id"])
        return super().get_queryset().filter(webhook=webhook)
