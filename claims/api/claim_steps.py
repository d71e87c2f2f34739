"""The steps of a claim: what may be done next, and doing it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import steps
from claims.api.claims import ClaimDoor, ClaimSerializer, rating_on_scale
from claims.api.examples import examples
from claims.api.fields import Choice, PersonField, Reference, StrictSerializer, Text
from claims.api.steps import StepsSerializer, asked
from claims.choices import CorrectionType, SaidRating, TriageReason
from claims.models import Claim
from claims.workflow import CLAIM_STEPS, JUDGE


@examples({
    "Take it up": {"step": "triage", "assignee": "jonas"},
    "Set it aside": {"step": "set_aside", "triage_reason": "opinion", "note": "A feeling, not a fact."},
    "Confirm that somebody else set it aside": {"step": "confirm_set_aside"},
    "It repeats another": {"step": "mark_duplicate", "duplicate_of": 3},
    "Submit it for review": {
        "step": "submit_for_review", "none_contradicting": "The harbour office's archive, and the Courier's.",
    },
    "Decide where the reviewers differ": {
        "step": "adjudicate", "rating": "mostly_true", "reason": "Closed for ships, open for ferries.",
    },
    "Send it back": {"step": "return_to_research", "reason": "The log has a second page."},
    "Open a decided claim again": {
        "step": "reopen", "reason": "A reader sent the second page of the log.", "correction_type": "update",
    },
})  # fmt: skip
class StepTaken(StrictSerializer):
    """A step and what goes with it; GET says what each needs and takes."""

    step = Choice(choices=[step.name for step in CLAIM_STEPS], help_text="Which step.")
    assignee = PersonField(required=False, allow_null=True, help_text="triage: who takes the claim up.")
    triage_reason = Choice(choices=TriageReason.choices, required=False, help_text="set_aside: why.")
    note = Text(required=False, allow_blank=True, max_length=5000, help_text="set_aside: the note to the reason.")
    duplicate_of = Reference(
        queryset=Claim.objects.all(), required=False, help_text="mark_duplicate: the id of the claim it duplicates."
    )
    none_contradicting = Text(
        required=False, allow_blank=True, max_length=5000,
        help_text="submit_for_review: where one looked for contradicting evidence and found none.",
    )  # fmt: skip
    rating = Text(required=False, max_length=40, help_text="adjudicate: a rating's code on the article's scale.")
    said_rating = Choice(
        choices=SaidRating.choices, required=False, allow_null=True, help_text="adjudicate a quotation: was it said."
    )
    reason = Text(
        required=False, allow_blank=True, max_length=5000,
        help_text="adjudicate, return_to_research, reopen: the reason, on record. Reopening a claim that readers see "
        "opens a correction with this reason as its text, public once the next version is published.",
    )  # fmt: skip
    correction_type = Choice(
        choices=CorrectionType.choices, required=False,
        help_text="reopen of a published claim: the type of the correction that opens with it.",
    )  # fmt: skip


class ClaimStepsDoor(ClaimDoor):
    @extend_schema(responses=StepsSerializer, filters=False)
    def offered(self, request: Request, pk: int) -> Response:
        """Show every step of the claim, with the reasons against it

        Asked for the caller, in the claim's present state.
        """
        return asked((*CLAIM_STEPS, JUDGE), self.row(pk), self.person)

    @extend_schema(request=StepTaken, responses={200: ClaimSerializer}, filters=False)
    def take(self, request: Request, pk: int) -> Response:
        """Take a step with the claim

        A 409 lists every refusal.
        """
        claim, given = self.row(pk), self.body(StepTaken)
        assert isinstance(claim, Claim)  # noqa: S101  (for the type checker)
        if "rating" in given:
            given["rating"] = rating_on_scale(claim, given["rating"])
        steps.take(claim=claim, by=self.person, **given)
        return Response(self.shown(self.row(pk)))
