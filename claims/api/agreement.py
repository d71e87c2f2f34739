"""How far reviewers agree, for the desk and for each pair."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.api.base import Door
from claims.api.fields import Flag, PersonField, Text, Whole
from claims.models import Person, Verdict
from claims.reliability import FEW, MOST_PAIRS, Question, agreement_for, sees_all_pairs

PLACES = 4


class AgreementAsked(serializers.Serializer):
    """Which question, and of which time."""

    question = serializers.ChoiceField(
        choices=Question.choices, default=Question.RATING.value,
        help_text="`rating`: is it true; `said_rating`: of a quotation, was it said.",
    )  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which is no name in Python."""
        day: dict[str, Any] = {"required": False, "input_formats": ["%Y-%m-%d"]}
        return {
            "from": serializers.DateField(help_text="Rounds that ended on this day or later, in UTC.", **day),
            "to": serializers.DateField(help_text="Rounds that ended on this day or earlier, in UTC.", **day),
            **super().get_fields(),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] > attrs["to"]:
            raise serializers.ValidationError({"to": "The period ends before it begins."})
        return attrs


class Share(serializers.FloatField):
    """A figure to four decimals, or null where it is undefined."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: Any) -> Any:
        return round(float(value), PLACES)


class FiguresSerializer(serializers.Serializer):
    """Null is undefined: nothing was judged twice, or everything got the same answer."""

    units = Whole(help_text="Rounds that two or more of these people judged.")
    verdicts = Whole(help_text="Their verdicts in these rounds.")
    few = Flag(help_text=f"Whether there are fewer than {FEW} units, so that chance weighs heavily.")
    percent_agreement = Share(source="percent", help_text="The share of pairs of verdicts that are equal, from 0 to 1.")
    alpha_nominal = Share(help_text="Krippendorff's alpha, nominal: 1 is full agreement, 0 what chance gives.")
    alpha_ordinal = Share(help_text="Krippendorff's alpha, ordinal, over the rated outcomes; null where none are.")
    ordinal_units = Whole(help_text="Of the units those with two or more rated outcomes: what the ordinal alpha is of.")
    unrated = Whole(
        help_text="Of the verdicts those that the ordinal alpha leaves out: their outcome has no place on it."
    )


class PairFiguresSerializer(FiguresSerializer):
    kappa = Share(help_text="Cohen's kappa: 1 is full agreement, 0 what chance gives.")


class PairSerializer(serializers.Serializer):
    reviewers = serializers.ListField(child=PersonField(), help_text="The two.")
    figures = PairFiguresSerializer(help_text="How far they agree.")


class ScaleAgreementSerializer(serializers.Serializer):
    scale = Text(help_text="The scale's name; empty for the question whether it was said.")
    desk = FiguresSerializer(help_text="Of all reviewers together.")
    pairs = PairSerializer(many=True, help_text="Of two reviewers each, those with the most rounds in common first.")


class AgreementSerializer(serializers.Serializer):
    """Agreement in closed rounds. Nothing of an open round is in it."""

    all_pairs = Flag(
        help_text=f"Whether the pairs are all there are (at most {MOST_PAIRS}), or only those the caller is one of."
    )
    scales = ScaleAgreementSerializer(many=True, help_text="One entry a rating scale: scales are not compared.")


class AgreementDoor(Door):
    serializer_class = AgreementSerializer
    queryset = Verdict.objects.none()
    parameters: ClassVar = {"show": ("from", "to", "question")}

    @extend_schema(parameters=[AgreementAsked], responses=AgreementSerializer, operation_id="agreement_retrieve")
    def show(self, request: Request) -> Response:
        """Show how far reviewers agree

        Of closed rounds alone. The desk's figures are open to everybody of the desk; those of a pair to the two and to
        those whose role reads the record.
        """
        asked = AgreementAsked(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        given, person = asked.validated_data, self.person
        assert isinstance(person, Person)  # noqa: S101  (for the type checker)
        found = agreement_for(
            person, question=Question(given["question"]), since=given.get("from"), until=given.get("to")
        )
        return Response(AgreementSerializer({"all_pairs": sees_all_pairs(person), "scales": found}).data)
