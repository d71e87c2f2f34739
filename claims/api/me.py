"""Who am I, what may I do, what waits for me."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import notifying
from claims.api.base import Door
from claims.api.fields import Choice, Flag, RowSerializer, StrictSerializer, Text, Whole, said
from claims.choices import EmailMode, Role, Scope
from claims.models import ApiToken, Claim, Notification, Person
from claims.queries import CLAIM_QUEUES

QUEUE_LENGTH = 50


class QueuedClaim(RowSerializer):
    class Meta:
        model = Claim
        fields = ("id", "article", "code", "statement", "state", "due_at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The claim's id.", article="The article's id.", code="Its public code.", statement="What is claimed.",
            state="Where it is in its workflow.", due_at="When it is due, or null.",
        )  # fmt: skip


class QueueSerializer(serializers.Serializer):
    research = QueuedClaim(many=True, help_text="Claims to research: mine, or nobody's yet.")
    review = QueuedClaim(many=True, help_text="Claims in review that I did not research and have not judged.")
    adjudication = QueuedClaim(many=True, help_text="Disputed claims that I neither researched nor reviewed.")


class TokenSerializer(RowSerializer):
    scope = serializers.ChoiceField(choices=Scope.choices, help_text="What it is good for.")

    class Meta:
        model = ApiToken
        fields = ("id", "name", "scope", "created_at", "expires_at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The token's id.", name="What its owner calls it.", created_at="When it was made.",
            expires_at="When it ends, or null.",
        )  # fmt: skip


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
            "queue": {name: queue.of(person).order_by("id")[:QUEUE_LENGTH] for name, queue in CLAIM_QUEUES.items()},
        }  # fmt: skip
        return Response(MeSerializer(answer, context=self.get_serializer_context()).data)
