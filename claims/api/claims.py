"""Claims: written in the text, edited, put back in their place, and moved by steps."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import django_filters
from django.db.models import Count, F, FilteredRelation, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import claims
from claims.actions.acting import lock_claim
from claims.anchoring import AnchorStatus
from claims.api.anchors import AnchorGiven, AnchorSerializer
from claims.api.base import Edited, Shown
from claims.api.bulk import MOST, Bulk
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Derived, OrNull, PersonField, Reference, RowSerializer, Text, Whole, Words, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter, WordFilter
from claims.api.shapes import KEPT, Shape
from claims.choices import ClaimKind, ClaimState, Importance, SaidRating, Stance, TriageReason
from claims.models import Anchor, Article, Claim, Decision, Evidence, Rating
from claims.queries import CLAIM_QUEUES, LEADS_ON


class EvidenceCounts(serializers.Serializer):
    corroborates = Whole(source="corroborates_count", help_text="Standing evidence for the claim.")
    contradicts = Whole(source="contradicts_count", help_text="Standing evidence against it.")
    context = Whole(source="context_count", help_text="Standing evidence that gives context.")  # type: ignore[assignment]


class DecisionInClaim(RowSerializer):
    """The outcome of the claim's last round."""

    rating = Text(source="rating.code", read_only=True, help_text="The rating's code.")
    said_rating = OrNull(choices=SaidRating.choices, help_text="Of a quotation: whether it was said; else null.")

    class Meta:
        model = Decision
        fields = ("rating", "said_rating", "method", "decided_at", "reason")
        read_only_fields = fields
        extra_kwargs = said(
            method="By agreement of the reviewers, or by adjudication.", decided_at="When it was decided.",
            reason="The adjudicator's reason; empty when the reviewers agreed.",
        )  # fmt: skip


@examples({"Hand it to somebody": {
    "assignee": "jonas", "assignment_note": "The harbour office answers by telephone only.",
    "due_at": "2024-05-08T17:00:00Z", "importance": "central", "topics": ["harbour", "works"],
}})  # fmt: skip
class ClaimSerializer(RowSerializer):
    """One checkable statement, anchored in the text."""

    anchor = AnchorSerializer(source="current_anchor", read_only=True, allow_null=True, help_text="Where it stands.")
    attribution = Words(required=False, help_text="Through whom the claim reaches us, nearest to the claimant first.")
    topics = Words(required=False, max_text=100, help_text="What it is about.")
    assignee = PersonField(required=False, allow_null=True, help_text="Who works on it, or null.")
    evidence_counts = EvidenceCounts(source="*", read_only=True, help_text="How much evidence takes which stance.")
    decision = DecisionInClaim(read_only=True, allow_null=True, help_text="What was decided, or null.")
    stale = Derived(
        "decision__digest", "digest", how=lambda decided, now: decided is not None and decided != now,
        help_text="Whether claim or evidence changed after the decision.",
    )  # fmt: skip
    withdrawn = Derived(
        "withdrawn_at", how=lambda at: at is not None,
        help_text="Whether it was withdrawn as a mistake: it then counts for nothing.",
    )  # fmt: skip
    triage_reason = OrNull(choices=TriageReason.choices, help_text="Why it was set aside, or null.")
    set_aside_by = PersonField(read_only=True, allow_null=True, help_text="Who set it aside, or null.")
    confirmed_by = PersonField(read_only=True, allow_null=True, help_text="Who confirmed that, or null.")
    created_by = PersonField(read_only=True, help_text="Who wrote the claim.")
    expanded = Expanded(article="claims.api.articles.ArticleDoor", duplicate_of="claims.api.claims.ClaimDoor")

    class Meta:
        model = Claim
        fields: tuple[str, ...] = (
            "id", "code", "article", "statement", "headline", "kind", "claimant", "attribution", "stated_on",
            "importance", "legal_risk", "topics", "state", "moved_at", "round", "anchor", "assignee", "assignment_note",
            "due_at", "evidence_counts", "decision", "stale", "withdrawn", "withdrawn_reason", "digest",
            "none_contradicting", "triage_reason", "triage_note", "set_aside_by", "confirmed_by",
            "duplicate_of", "created_by", "created_at", "updated_at", "expanded",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = (
            "id", "code", "article", "state", "moved_at", "round", "withdrawn_reason", "digest", "none_contradicting",
            "triage_reason", "triage_note", "duplicate_of", "created_at", "updated_at",
        )  # fmt: skip
        extra_kwargs = said(
            id="The claim's id.", code="Its public code within the article: C1, C2, …", article="The article's id.",
            statement="What is claimed, in one sentence.", kind="What kind of statement it is.",
            claimant="Who makes the claim.", stated_on="When it was made.",
            importance="What it carries in the article.",
            legal_risk="Whether a lawyer should see it before it is published.",
            moved_at="When it came into its state and round; null where that was not yet kept.",
            assignment_note="What the assignee is told with the work.",
            withdrawn_reason="Why it was withdrawn as a mistake; empty while it stands.",
            state="Where it is in its workflow; moved by steps alone.",
            round="The number of its last round of review; 0 before the first.", due_at="When it is due, or null.",
            digest="SHA-256 of what reviewers judge: give it with a verdict to judge only what you saw.",
            triage_note="The note to the triage reason.",
            duplicate_of="The id of the claim it duplicates, or null.", created_at="When it was written.",
            updated_at="When it was last changed.",
        )  # fmt: skip


@examples({
    "On a quote": {
        "article": 1, "statement": "The harbour was closed on 3 May 2023.", "headline": "Was the harbour closed?",
        "kind": "event", "claimant": "Ada Example", "attribution": ["The Example Post"], "stated_on": "2024-05-03",
        "importance": "central", "topics": ["harbour"], "anchor": {"exact": "The harbour was closed on 3 May 2023."},
    },
    "On a quote that stands twice": {
        "article": 1, "statement": "It was a shame.", "kind": "opinion", "claimant": "Ada Example",
        "anchor": {"exact": "It was a shame.", "prefix": "3 May 2023. "},
    },
    "On a range of the text": {
        "article": 1, "statement": "The harbour was closed on 3 May 2023.", "kind": "event", "claimant": "Ada Example",
        "anchor": {"start": 32, "end": 69},
    },
})  # fmt: skip
class ClaimWritten(ClaimSerializer):
    """A new claim and its place in the text."""

    article = Reference(queryset=Article.objects.all(), help_text="The article's id.")
    anchor = AnchorGiven(help_text="Where it stands in the article's current text.")  # type: ignore[assignment]

    class Meta(ClaimSerializer.Meta):
        read_only_fields = tuple(n for n in ClaimSerializer.Meta.read_only_fields if n != "article")


@examples({"Two claims": {"items": [
    {"article": 1, "statement": "The harbour was closed on 3 May 2023.", "kind": "event", "claimant": "Ada Example",
     "anchor": {"exact": "The harbour was closed on 3 May 2023."}},
    {"article": 1, "statement": "The works took eleven months.", "kind": "number", "claimant": "Ada Example",
     "anchor": {"exact": "The works took eleven months."}},
]}})  # fmt: skip
class ClaimsWritten(serializers.Serializer):
    """Claims to be written at once."""

    items = serializers.ListField(
        child=ClaimWritten(), min_length=1, max_length=MOST, help_text=f"At most {MOST} claims."
    )


class ClaimsMade(serializers.Serializer):
    """The new claims."""

    results = ClaimSerializer(many=True, help_text="In the order of the items.")


class OverdueFilter(FlagFilter):
    """true: what is late."""

    def filter(self, queryset: Any, value: str) -> Any:
        return queryset.overdue(value == "true") if value else queryset


class ClaimFilters(django_filters.FilterSet):
    article = IdFilter("article", "Claims of this article.")
    code = WordFilter("code", "Claims of this code.")
    state = OneOf("state", ClaimState.choices, "Claims in this state.")
    kind = OneOf("kind", ClaimKind.choices, "Claims of this kind.")
    importance = OneOf("importance", Importance.choices, "Claims of this importance.")
    claimant = WordFilter("claimant", "Claims of this claimant.", lookup_expr="iexact")
    topic = django_filters.CharFilter(method="about", help_text="Claims with this topic.")
    assignee = PersonFilter("assignee", "Claims that this person works on")
    created_by = PersonFilter("created_by", "Claims that this person wrote")
    duplicate_of = IdFilter("duplicate_of", "Duplicates of this claim.")
    rating = WordFilter("decision__rating__code", "Claims decided with this rating.")
    stale = FlagFilter(
        "Claims changed after their decision.",
        condition=Q(decision__isnull=False) & ~Q(decision__digest=F("digest")),
    )
    anchor = OneOf("anchors__status", [(s.value, s.value) for s in AnchorStatus], "Claims with this anchor status.",
                   method="anchored")  # fmt: skip
    legal_risk = FlagFilter("Claims that a lawyer should see, or the others.", "legal_risk")
    withdrawn = FlagFilter("Withdrawn claims, or those that stand.", condition=Q(withdrawn_at__isnull=False))
    overdue = OverdueFilter("Unfinished claims whose due date has passed, or the others.")
    waits_for = django_filters.ChoiceFilter(
        method="waits", choices=[(name, name) for name in LEADS_ON.values()],
        help_text="The desk's queue: unfinished claims that wait for this step, whoever takes it.",
    )  # fmt: skip
    due_before = MomentFilter("due_at", "Due before this moment.", "lt")
    awaiting = django_filters.ChoiceFilter(
        method="waiting", choices=[(name, name) for name in CLAIM_QUEUES],
        help_text="Claims that wait for me: my research, my review, my adjudication.",
    )  # fmt: skip

    def waits(self, queryset: Any, name: str, value: str) -> Any:
        states = [state for state, step in LEADS_ON.items() if step == value]
        return queryset.filter(pk__in=Claim.objects.unfinished().filter(state__in=states).values("pk"))

    def about(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(topics__contains=[value])

    def anchored(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(pk__in=Anchor.objects.filter(current=True, status=value).values("claim"))

    def waiting(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(pk__in=CLAIM_QUEUES[value].of(self.request.user).values("pk"))


class ClaimDoor(Bulk, Exported, Shown, Edited):
    noun, nouns = "claim", "claims"
    place = "claims"
    serializer_class = ClaimSerializer
    filterset_class = ClaimFilters
    search_fields = ("statement", "headline", "claimant", "code")
    ordering_fields = (
        "article",
        "number",
        "state",
        "kind",
        "importance",
        "moved_at",
        "due_at",
        "created_at",
        "updated_at",
    )
    queryset = Claim.objects.for_lists()

    def shape(self, names: tuple[str, ...]) -> Shape:
        return _shape(names, everything=self.person.has_perm("claims.view_confidential"))

    @extend_schema(request=ClaimWritten, responses={201: ClaimSerializer})
    def create(self, request: Request) -> Response:
        """Write a claim on a quote of the article

        A quote that stands nowhere is a 422 with the nearest place; one that stands in several, with the candidates.
        """
        return self.made(self.make(request.data))

    @extend_schema(request=ClaimsWritten, responses={201: ClaimsMade})
    def create_many(self, request: Request) -> Response:
        """Write many claims at once: all of them, or none

        Each is answered for by its place: the new claims, or what is wrong with which.
        """
        return super().create_many(request)

    def make(self, data: Any) -> Claim:
        return claims.identify(by=self.person, **self.body(ClaimWritten, data))

    def hold(self, row: Claim) -> None:
        lock_claim(row)

    def change(self, row: Claim, changes: dict[str, Any]) -> None:
        claims.edit(claim=row, by=self.person, **changes)


class ClaimAnchorDoor(ClaimDoor):
    anchor_pointer = ""

    @extend_schema(request=AnchorGiven, responses={200: ClaimSerializer}, filters=False)
    def settle(self, request: Request, pk: int) -> Response:
        """Say where the claim stands in the current text

        This settles a fuzzy or orphaned anchor. Errors are those of writing a claim.
        """
        claim = claims.settle_anchor(claim=self.row(pk), anchor=self.body(AnchorGiven), by=self.person)
        return Response(self.shown(self.row(claim.pk)))


def rating_on_scale(claim: Claim, code: str) -> Rating:
    """The rating of this code on the scale of the claim's article. Raises ValidationError."""
    found = Rating.objects.filter(scale=claim.article.scale_id, code=code).first()
    if found is None:
        known = ", ".join(Rating.objects.filter(scale=claim.article.scale_id).values_list("code", flat=True))
        wrong = serializers.ErrorDetail(f"The article's scale has {known}.", code="unknown")
        raise serializers.ValidationError({"rating": [wrong]})
    return found


@lru_cache(KEPT)
def _shape(names: tuple[str, ...], *, everything: bool) -> Shape:
    """How claims are answered to those who see confidential sources, and to those who do not: the counts differ."""
    anchored = FilteredRelation("anchors", condition=Q(anchors__current=True))
    # The same row as the property of that name.
    claims_shown = Claim.objects.annotate(current_anchor=anchored)  # type: ignore[no-redef]
    if everything:
        return Shape(ClaimSerializer(), names, claims_shown)
    counts: dict[str, Any] = {f"seen_{stance.value}": _seen(stance) for stance in Stance}
    instead = {f"{stance.value}_count": f"seen_{stance.value}" for stance in Stance}
    return Shape(ClaimSerializer(), names, claims_shown.annotate(**counts), instead)


def _seen(stance: Stance) -> Coalesce:
    """How much standing evidence of this stance is seen by those who see no confidential sources."""
    seen = Evidence.objects.standing().filter(source__confidential=False, claim=OuterRef("pk"), stance=stance)
    counted = seen.order_by().values("claim").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0, output_field=IntegerField())
