"""Who am I, what may I do, what waits for me."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import desk, notifying
from claims.api.base import Door
from claims.api.examples import examples
from claims.api.fields import Choice, Flag, RowSerializer, StrictSerializer, Text, Whole, said
from claims.api.tokens import TokenSerializer
from claims.choices import EmailMode, Role
from claims.models import ApiToken, Article, Claim, Notification, Person
from claims.queries import ARTICLE_QUEUES, CLAIM_QUEUES

QUEUE_LENGTH = 50


class QueuedClaim(RowSerializer):
    class Meta:
        model = Claim
        fields = ("id", "article", "code", "statement", "importance", "legal_risk", "state", "moved_at", "due_at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The claim's id.", article="The article's id.", code="Its public code.", statement="What is claimed.",
            importance="What it carries in the article.", legal_risk="Whether a lawyer should see it.",
            state="Where it is in its workflow.", moved_at="Since when it waits.", due_at="When it is due, or null.",
        )  # fmt: skip


class QueuedArticle(RowSerializer):
    class Meta:
        model = Article
        fields = ("id", "slug", "title", "state", "moved_at", "sentence_count", "settled_count", "due_at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The article's id.", slug="Its name in public addresses.", title="Its headline.",
            state="Where it is in its workflow.", moved_at="Since when it is there.",
            sentence_count="How many sentences are to be settled.", settled_count="How many of them are.",
            due_at="When it is due, or null.",
        )  # fmt: skip


class QueueSerializer(serializers.Serializer):
    research = QueuedClaim(many=True, help_text="Claims to research: mine, or nobody's yet.")
    review = QueuedClaim(many=True, help_text="Claims in review that I did not research and have not judged.")
    adjudication = QueuedClaim(many=True, help_text="Disputed claims that I neither researched nor reviewed.")
    confirmation = QueuedClaim(many=True, help_text="Claims that somebody else set aside, for me to confirm.")
    overdue = QueuedClaim(many=True, help_text="For editors: every unfinished claim whose due date has passed.")
    sign_off = QueuedArticle(many=True, help_text="Articles that are settled, for me to sign off.")
    checking = QueuedArticle(many=True, help_text="Articles that are being checked, for editors.")
    publish = QueuedArticle(many=True, help_text="Articles that are signed off, for me to publish.")


class MeSerializer(serializers.Serializer):
    """The caller."""

    id = Whole(help_text="My id.")
    username = Text(help_text="My username.")
    name = Text(help_text="How the desk calls me.")
    email = Text(help_text="My address; may be empty.")
    is_superuser = Flag(help_text="Whether I have every permission; the rules of the desk bind me all the same.")
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), help_text="My roles.")
    permissions = serializers.ListField(child=Text(), help_text="What my roles may do, such as claims.judge.")
    token = TokenSerializer(allow_null=True, help_text="The token I came with; null in a session.")
    unread = Whole(help_text="How many notifications I have not read.")
    email_mode = serializers.ChoiceField(
        choices=EmailMode.choices, help_text="How they come by e-mail: each at once (empty), daily, or none."
    )
    queue = QueueSerializer(help_text=f"What waits for me, oldest first, at most {QUEUE_LENGTH} of each.")


class CalendarSerializer(serializers.Serializer):
    """Where a calendar program finds my deadlines."""

    url = Text(help_text="The secret address; it is told this once. Making another stops this one.")


class MyCalendarDoor(Door):
    noun, nouns = "calendar address", "calendar addresses"
    serializer_class = CalendarSerializer
    queryset = Person.objects.none()

    @extend_schema(request=None, responses={201: CalendarSerializer}, operation_id="me_calendar_create")
    def create(self, request: Request) -> Response:
        """Make a secret address for a calendar of my deadlines

        Good for a year. The address made before stops working.
        """
        secret = desk.calendar_address(by=self.person)
        return Response({"url": request.build_absolute_uri(reverse("calendar", args=[secret]))}, status=201)


@examples({"Once a day": {"email_mode": "daily"}})  # fmt: skip
class MeChosen(StrictSerializer):
    """How I want to be told."""

    email_mode = Choice(
        choices=EmailMode.choices, allow_blank=True,
        help_text="How notifications come by e-mail: each at once (empty), daily, or none.",
    )  # fmt: skip


class MeDoor(Door):
    serializer_class = MeSerializer
    queryset = Person.objects.none()

    @extend_schema(responses=MeSerializer, operation_id="me_retrieve")
    def show(self, request: Request) -> Response:
        """Show who I am, my permissions and my queue"""
        return self._answer(self.person)

    @extend_schema(request=MeChosen, responses={200: MeSerializer}, operation_id="me_choose")
    def choose(self, request: Request) -> Response:
        """Choose how notifications come to me by e-mail"""
        return self._answer(notifying.set_email_mode(mode=self.body(MeChosen)["email_mode"], by=self.person))

    def _answer(self, person: Person) -> Response:
        groups = set(person.groups.values_list("name", flat=True))
        answer: dict[str, Any] = {
            "id": person.pk, "username": person.username, "name": person.name, "email": person.email,
            "is_superuser": person.is_superuser,
            "roles": [role.value for role in Role if role.value in groups],
            "permissions": sorted(p for p in person.get_all_permissions() if p.startswith("claims.")),
            "token": self.request.auth if isinstance(self.request.auth, ApiToken) else None,
            "unread": Notification.objects.visible_to(person).unread().count(), "email_mode": person.email_mode,
            "queue": {
                **{name: queue.of(person).order_by("id")[:QUEUE_LENGTH] for name, queue in CLAIM_QUEUES.items()},
                **{queue.name: queue.of(person).order_by("id")[:QUEUE_LENGTH] for queue in ARTICLE_QUEUES},
            },
        }  # fmt: skip
        return Response(MeSerializer(answer, context=self.get_serializer_context()).data)
