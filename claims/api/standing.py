"""How a claim stands: what it waits for, since when, and what should be known before it is judged."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.api.claims import ClaimDoor
from claims.api.fields import Flag, PersonField, Text, Whole
from claims.queries import standing_of


class ChangeSerializer(serializers.Serializer):
    """One change, after the judgement, of what was judged."""

    at = serializers.DateTimeField(help_text="When.")
    actor = PersonField(allow_null=True, help_text="Who changed it; null where nobody of the desk did.")
    action = Text(help_text="What was being done, such as evidence.edit.")
    kind = Text(help_text="What kind of row was changed: claim, anchor, evidence or source.")
    fields = serializers.ListField(child=Text(), help_text="Which of its columns.")  # type: ignore[assignment]


class StandingSerializer(serializers.Serializer):
    """How a claim stands."""

    waits_for = Text(allow_null=True, help_text="The step it waits for; null when nothing is waited for.")
    label = Text(allow_null=True, help_text="What a button for that step says.")  # type: ignore[assignment]
    permission = Text(allow_null=True, help_text="The permission that step takes.")
    assignee = PersonField(allow_null=True, help_text="Who works on the claim, or null.")
    since = serializers.DateTimeField(allow_null=True, help_text="Since when it waits.")
    overdue = Flag(help_text="Whether its due date has passed.")
    verdicts_needed = Whole(allow_null=True, help_text="In review: the verdicts that close the round.")
    verdicts_in = Whole(allow_null=True, help_text="In review: how many that count are in; whose, is not said.")
    stale_because = ChangeSerializer(
        many=True, help_text="What changed after the decision, or after the caller's own verdict in the open round."
    )
    cautions = serializers.ListField(
        child=Text(), help_text="What should be known, such as: all evidence speaks for one party."
    )


class ClaimStandingDoor(ClaimDoor):
    sparse = False

    @extend_schema(responses=StandingSerializer, filters=False)
    def show(self, request: Request, pk: int) -> Response:
        """Show what the claim waits for, since when, and what should be known of it"""
        claim = self.row(pk)
        found = standing_of(claim, self.person)
        answer: dict[str, Any] = {
            "waits_for": found.step.name if found.step else None,
            "label": found.step.label if found.step else None,
            "permission": found.step.permission if found.step else None,
            "assignee": claim.assignee,
        }
        names = ("since", "overdue", "verdicts_needed", "verdicts_in", "stale_because", "cautions")
        return Response(StandingSerializer(answer | {name: getattr(found, name) for name in names}).data)
