"""What may be done next with a claim or an article, asked of the workflow; and doing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from claims.api.fields import Flag, Text, Whole
from claims.api.problems import told
from claims.models import Article, Claim, Person
from claims.workflow import Step, ask


class AboutSerializer(serializers.Serializer):
    """One row that stands in the way."""

    type = Text(help_text="What it is: article (its text), claim or thread.")
    id = Whole(help_text="Its id.")


class RefusalSerializer(serializers.Serializer):
    code = Text(help_text="The name of the rule.")
    message = Text(help_text="What is wrong, said to a person.")
    about = AboutSerializer(allow_null=True, help_text="The row that stands in the way, where it is one; or null.")


class StepSerializer(serializers.Serializer):
    """A step, and whether this person may take it now."""

    step = Text(help_text="The step's name.")
    label = Text(help_text="What a button for it says.")  # type: ignore[assignment]
    allowed = Flag(help_text="Whether this person may take it now.")
    refusals = RefusalSerializer(many=True, help_text="Every reason why not; what is given with a step may answer it.")
    needs = serializers.ListField(child=Text(), help_text="What must be given with it.")
    takes = serializers.ListField(child=Text(), help_text="What may be given with it.")


class StepsSerializer(serializers.Serializer):
    results = StepSerializer(many=True, help_text="Every step of the state table.")


def asked(steps: Iterable[Step], subject: Article | Claim, person: Person) -> Response:
    """Every step with what the workflow says to it."""
    found: list[dict[str, Any]] = []
    for step in steps:
        refusals = ask(step, subject, person)
        found.append({
            "step": step.name, "label": step.label, "allowed": not refusals,
            "refusals": [told(refusal) for refusal in refusals], "needs": step.needs, "takes": step.takes,
        })  # fmt: skip
    return Response(StepsSerializer({"results": found}).data)
