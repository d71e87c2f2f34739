"""Claims: identified in the text, edited, taken from step to step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from claims.actions import claims, recusals, steps, verdicts
from claims.admin.base import MOMENTS, DeskModelAdmin, View, me
from claims.admin.contact import contacts_about
from claims.admin.conversations import talks_about
from claims.admin.forms import AnchorFields, AnchorForm, DeskForm, LinesField, place_of, sent
from claims.admin.guest import guests_beside
from claims.admin.precedents import precedents_of
from claims.admin.reading import around
from claims.admin.steps import WHAT_HAPPENS, buttons, claim_step_fields, form_for, pressed_twice
from claims.models import Anchor, Article, Claim, Contribution, Person, Verdict
from claims.queries import CLAIM_QUEUES, LEADS_ON, standing_of
from claims.workflow import CLAIM_STEPS, JUDGE, Step

STEPS: dict[str, Step] = {step.name: step for step in (*CLAIM_STEPS, JUDGE)}
JUDGING = ("judge", "adjudicate")
EDITABLE = [
    "statement", "headline", "kind", "claimant", "attribution", "stated_on", "importance", "legal_risk", "topics",
    "assignee", "assignment_note", "due_at",
]  # fmt: skip
SAYS: Any = (None, {"fields": ["statement", "headline", "kind", "claimant", "attribution", "stated_on"]})
HANDLING: Any = (
    "Handling",
    {"fields": ["importance", "legal_risk", "topics", "assignee", "assignment_note", "due_at"]},
)


class ClaimForm(DeskForm):
    """What a claim says and how it is handled."""

    attribution = LinesField(
        required=False, help_text="Through whom the claim reaches us, nearest to the claimant first, one a line."
    )
    topics = LinesField(required=False, help_text="One a line.")


class IdentifyForm(ClaimForm, AnchorFields):
    """A new claim, with its place in the text."""


class Queue(admin.SimpleListFilter):
    """What waits for me."""

    title = "my queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(queue.name, queue.title) for queue in CLAIM_QUEUES.values()]

    def queryset(self, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = queryset
        queue = CLAIM_QUEUES.get(self.value() or "")
        return found.filter(pk__in=queue.of(me(request)).values("pk")) if queue else found


class WaitsFor(admin.SimpleListFilter):
    """The desk's queue: what waits for which step, whoever takes it."""

    title = "waits for"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "Anything"), *((name, STEPS[name].label) for name in LEADS_ON.values())]

    def queryset(self, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = queryset
        states = [state for state, name in LEADS_ON.items() if name == self.value()]
        if not states and self.value() != "any":
            return found
        waiting = Claim.objects.unfinished()
        return found.filter(pk__in=(waiting.filter(state__in=states) if states else waiting).values("pk"))


class Overdue(admin.SimpleListFilter):
    """What should have been done by now."""

    title = "due date"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("true", "Overdue"), ("false", "Not overdue")]

    def queryset(self, request: HttpRequest, queryset: Any) -> models.QuerySet[Any]:
        found: models.QuerySet[Any] = queryset
        return queryset.overdue(self.value() == "true") if self.value() in ("true", "false") else found


class ClaimAdmin(DeskModelAdmin):
    add_permission = change_permission = "claims.write_claim"
    change_form_template = "admin/desk/claim.html"
    form = ClaimForm
    add_form = IdentifyForm
    fieldsets = (SAYS, HANDLING)
    add_fieldsets = (
        ("Where it stands", {"fields": ["article", "exact", "place", "prefix", "suffix", ("start", "end")]}),
        ("What it says", SAYS[1]),
        HANDLING,
    )
    autocomplete_fields = ("article", "assignee")
    list_display = ("code", "says", "stands_at", "outcome", "assignee", "due_at", "importance", "article", "kind")
    list_display_links = ("code", "says")
    list_filter = (
        Queue, WaitsFor, Overdue, "state", "kind", "importance", "legal_risk",
        ("withdrawn_at", admin.EmptyFieldListFilter),
    )  # fmt: skip
    list_select_related = ("article", "assignee", "decision__rating")
    search_fields = ("statement", "headline", "claimant", "code")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @admin.display(description="claim", ordering="headline")
    def says(self, claim: Claim) -> str:
        return claim.headline or claim.statement[:75]

    @admin.display(description="state, since", ordering="moved_at")
    def stands_at(self, claim: Claim) -> str:
        state = "Withdrawn" if claim.withdrawn else claim.get_state_display()
        return f"{state}, {claim.moved_at:%Y-%m-%d %H:%M}" if claim.moved_at else state

    @admin.display(description="decision")
    def outcome(self, claim: Claim) -> str:
        if claim.decision is None:
            return "—"
        return f"{claim.decision.rating.label}{' (stale)' if claim.stale else ''}"

    def enter(self, request: HttpRequest, form: DeskForm) -> Claim:
        anchor = place_of(form.cleaned_data, text_of(form.cleaned_data["article"]))
        return claims.identify(by=me(request), anchor=anchor, **form.values())

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Claim | None:
        said = form.values()
        since = timezone.now() - MOMENTS
        return Claim.objects.filter(created_by=me(request), created_at__gte=since, **said).first()

    def amend(self, request: HttpRequest, form: DeskForm, row: Claim) -> Claim:
        return claims.edit(claim=row, by=me(request), **form.values(changed=True))

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (
            ("step/<slug:step>/", "step", self.step_view),
            ("anchor/", "anchor", self.anchor_view),
            ("recuse/", "recuse", self.recuse_view),
        )

    def beside(self, request: HttpRequest, row: Claim) -> dict[str, Any]:
        claim = Claim.objects.for_lists().select_related("article__current_revision").get(pk=row.pk)
        return {
            "steps": buttons(STEPS.values(), claim, request.user),
            "talks": talks_about(me(request), claim=claim),
            "contacts": contacts_about(me(request), claim=claim),
            **in_sight(claim, request.user),
            **precedents_of(claim, request.user, folded=False),
            **guests_beside(request, article=claim.article, claim=claim),
        }

    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        row = STEPS.get(step)
        if row is None:
            raise Http404
        self.row(request, pk)
        claim = Claim.objects.for_lists().select_related("article__current_revision").get(pk=pk)
        button = next(b for b in buttons([row], claim, request.user))
        form = form_for(claim_step_fields(row, claim, request.user), request)
        beside = precedents_of(claim, request.user, folded=True) if row.name in JUDGING else {}
        page = self.form_page(
            request, claim, form, lambda given: take(claim, row, request.user, given),
            title=f"{claim.code}: {row.label}", button=row.label, says=WHAT_HAPPENS[step],
            done=f"{claim.code}: {row.label.lower()}: done.",
            template="admin/desk/claim_step.html", blocked=button, **in_sight(claim, request.user), **beside,
        )  # fmt: skip
        if form.refused and pressed_twice(claim, f"claim.{step}", request.user):
            claim.refresh_from_db(fields=["state"])
            return self.done_already(request, claim, f"{claim.code} is {claim.get_state_display().lower()}")
        if form.refused and "digest" in form.fields:
            # The page that tells of the change shows the claim as it is now; the next verdict is on that.
            form.send_instead(digest=claim.digest)
        return page

    def recuse_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.row(request, pk)
        claim = Claim.objects.for_lists().select_related("article__current_revision").get(pk=pk)
        note = forms.CharField(
            label="The conflict of interest", widget=forms.Textarea(attrs={"rows": 5}), max_length=5000
        )
        return self.form_page(
            request, claim, form_for({"note": note}, request),
            lambda given: recusals.recuse(claim=claim, by=me(request), **given),
            title=f"{claim.code}: step back", button="Step back from this claim",
            done=f"{claim.code}: you have stepped back.",
            says="You judge this claim no more, for good. A verdict of yours in an open round counts no longer. "
            "That you stepped back is seen by the desk; why, by editors and auditors alone.",
            template="admin/desk/claim_step.html", **in_sight(claim, request.user),
        )  # fmt: skip

    def anchor_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.row(request, pk)
        claim = Claim.objects.for_lists().select_related("article__current_revision").get(pk=pk)
        anchor = claim.current_anchor()
        form = AnchorForm(**sent(request), initial={"exact": anchor.exact} if anchor else {})
        text = text_of(claim.article)
        return self.form_page(
            request, claim, form,
            lambda given: claims.settle_anchor(claim=claim, anchor=place_of(given, text), by=me(request)),
            title=f"{claim.code}: its place in the text", button="This is the place",
            says="Say where the claim stands in the current revision. Whoever settles it has researched the claim.",
            template="admin/desk/claim_step.html", **in_sight(claim, request.user),
        )  # fmt: skip


def text_of(article: Article) -> str:
    """The article's current text."""
    return article.current_revision.text if article.current_revision else ""


def take(claim: Claim, step: Step, by: Any, given: dict[str, Any]) -> Any:
    """Hand a step's page over to its action; what was left empty is not given."""
    filled = {name: value for name, value in given.items() if value not in (None, "")}
    if step is JUDGE:
        return verdicts.file(claim=claim, by=by, **filled)
    return steps.take(claim=claim, step=step.name, by=by, **filled)


def in_sight(claim: Claim, person: Person | Any) -> dict[str, Any]:
    """What belongs in sight together with a claim: its place, evidence, decisions, verdicts where they may be seen."""
    anchor: Anchor | None = claim.current_anchor()
    evidence = claim.evidence.visible_to(person).select_related("source", "created_by", "withdrawn_by")
    seen = Verdict.objects.visible_to(person).filter(claim=claim).select_related("reviewer", "rating", "claim")
    return {
        "claim": claim,
        "anchor": anchor,
        "in_text": around(anchor, claim.article.current_revision),
        "evidence": evidence.order_by("withdrawn_at", "id"),
        "may_cite": person.has_perm("claims.cite_evidence"),
        "may_settle": person.has_perm("claims.write_claim"),
        "verdicts": seen.order_by("-round", "id"),
        "verdicts_in": claim.verdicts.counting().count() if claim.state == "in_review" else None,
        "decisions": claim.decisions.select_related("rating", "decided_by").order_by("-round"),
        "contributors": Contribution.objects.filter(claim=claim).select_related("person").order_by("since"),
        "attribution": " ← ".join([claim.claimant or "—", *claim.attribution]),
        "standing": standing_of(claim, person),
        "recusals": [(r, r.note_for(person)) for r in claim.recusals.select_related("person")],
        "may_recuse": (person.has_perm("claims.judge") or person.has_perm("claims.adjudicate"))
        and not claim.was_recused_from_by(person),
    }


class AnchorAdmin(DeskModelAdmin):
    """Anchors are seen here; they are settled on the claim's page."""

    list_display = ("exact", "claim", "status", "score", "current", "created_by", "created_at")
    list_filter = ("status", "current")
    list_select_related = ("claim", "created_by")
    search_fields = ("exact", "=claim__code")
    date_hierarchy = "created_at"
    ordering = ("-id",)


class ContributionAdmin(DeskModelAdmin):
    """Who ever wrote a claim or its evidence; the desk itself remembers."""

    list_display = ("claim", "person", "since")
    list_select_related = ("claim", "person")
    search_fields = ("=claim__code", "person__username", "person__last_name")
    date_hierarchy = "since"
    ordering = ("-id",)
