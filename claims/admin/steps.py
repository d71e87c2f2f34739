"""Steps as buttons with their reasons, and each as a page with a form of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.db import models

from claims.admin.forms import PageForm, sent
from claims.admin.names import page_of
from claims.admin.wording import model_of
from claims.choices import ClaimKind, ClaimState, Confidence, CorrectionType, SaidRating, TriageReason
from claims.models import Article, AuditEvent, Claim, Evidence, Person, Rating
from claims.rules import Refusal
from claims.workflow import JUDGE, Step, ask

WHAT_HAPPENS = {
    "triage": "The claim goes to research.",
    "set_aside": "The claim leaves research as not checkable. It counts as settled once somebody else confirms it.",
    "confirm_set_aside": "You confirm, in your name, that the claim is not checkable. Its sentence then counts as "
    "settled. Only an editor can reopen it.",
    "mark_duplicate": "This claim closes; what is decided on the other claim holds for it too.",
    "submit_for_review": "A new round opens. Reviewers judge the claim and its evidence exactly as they now stand; "
    "a change afterwards makes their verdicts stale.",
    "judge": "Your verdict is final once the round closes. Until then nobody else sees it, and a second one takes its "
    "place. The last verdict of the quorum closes the round at once.",
    "adjudicate": "Your rating becomes the decision of this round, with your reason beside it. "
    "It stands until the claim is reopened or returned to research.",
    "return_to_research": "The round closes without a decision, or the decision is set aside. Verdicts stay on file; "
    "the next round needs new ones.",
    "reopen": "The decision or set-aside no longer holds. Where readers have been shown the claim, your reason is "
    "published as a correction, and the article is under correction.",
    "withdraw_claim": "The claim counts for nothing any more, and its sentence is open again unless another claim "
    "covers it. It stays on file with your reason and can be restored.",
    "restore_claim": "The claim counts again, exactly as it stood when it was withdrawn.",
    "sign_off": "You approve the article exactly as it stands now. Any change afterwards voids your sign-off.",
    "publish": "A numbered version is frozen and shown to readers. It is never edited, only followed by another.",
    "correct": "The text is public. The article is under correction until the next version is published.",
    "retract": "The notice takes the place of the published pages at once. There is no way back.",
    "withdraw": "The article is checked no further. There is no way back.",
}


class Reason(NamedTuple):
    """What is said against a step, and the page of the row that stands in the way; empty where it is none."""

    message: str
    page: str


@dataclass(frozen=True, slots=True)
class Button:
    """A step as this person finds it here: allowed, or refused with the reasons."""

    step: Step
    refusals: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        return not self.refusals

    @property
    def elsewhere(self) -> bool:
        """Whether it is the state or the person's role that is in the way, and no rule."""
        return any(r.code in ("not_permitted", "not_from_this_state") for r in self.refusals)

    @property
    def reasons(self) -> list[Reason]:
        return reasons(self.refusals)


def buttons(steps: Iterable[Step], subject: Claim | Article, person: Any) -> list[Button]:
    """Every step from here for this person, possible ones first."""
    found = [Button(step, tuple(ask(step, subject, person))) for step in steps]
    return sorted(found, key=lambda b: (not b.allowed, b.elsewhere))


def reasons(refusals: Iterable[Refusal]) -> list[Reason]:
    """Refusals as people read them: of an article it is the text that is opened."""
    found = []
    for refusal in refusals:
        kind, pk = refusal.about or ("", 0)
        model = model_of(kind)
        page = page_of(model, pk) if model else ""
        found.append(Reason(refusal.message, f"{page}#text-heading" if page and model is Article else page))
    return found


def pressed_twice(subject: Claim | Article, action: str, person: Any) -> bool:
    """Whether the last thing that happened to this row is that very step, taken by this person."""
    last = AuditEvent.objects.of(subject).first()
    return last is not None and last.actor_id == person.pk and last.action == action


class NamedChoice(forms.ModelChoiceField):
    """People by their names, claims by code and headline, ratings with their definition."""

    def label_from_instance(self, obj: models.Model) -> str:
        if isinstance(obj, Person):
            return obj.name
        if isinstance(obj, Rating):
            return f"{obj.label}: {obj.definition}"
        if isinstance(obj, Claim):
            return f"{obj.code}: {obj.headline or obj.statement[:75]}"
        return str(obj)


class NamedChoices(forms.ModelMultipleChoiceField):
    """Evidence and claims, each with what it says."""

    def label_from_instance(self, obj: models.Model) -> str:
        if isinstance(obj, Evidence):
            return f"{obj.get_stance_display()}: {obj.source.title} — {(obj.excerpt or obj.note)[:120]}"
        return f"{obj.code}: {obj.headline or obj.statement[:75]}" if isinstance(obj, Claim) else str(obj)


def _text(label: str, help_text: str = "", **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, widget=forms.Textarea(attrs={"rows": 5}), max_length=20_000, **more
    )


def reason_field() -> forms.CharField:
    """Why something is done: on record."""
    return forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 4}), max_length=5000)


def _choice(label: str, choices: Any, **more: Any) -> forms.ChoiceField:
    blank = [] if more.get("required", True) else [("", "—")]
    return forms.ChoiceField(label=label, choices=[*blank, *choices], **more)


def _rating(article: Article) -> forms.ModelChoiceField:
    return NamedChoice(
        Rating.objects.filter(scale=article.scale_id), label="Rating", widget=forms.RadioSelect, empty_label=None
    )


def claim_field(name: str, claim: Claim, *, required: bool) -> forms.Field | None:
    """The form field for what a claim's step needs or takes; None where this claim has no use for it."""
    article = claim.article
    if name == "said_rating" and claim.kind != ClaimKind.QUOTATION:
        return None
    makers: Mapping[str, Any] = {
        "assignee": lambda: NamedChoice(
            Person.objects.filter(is_active=True), label="Assignee", required=False, empty_label="Nobody yet"
        ),
        "triage_reason": lambda: _choice("Why it is not checkable", TriageReason.choices),
        "note": lambda: _text("Note", "What a colleague needs to know to confirm it."),
        "duplicate_of": lambda: NamedChoice(
            article.claims.standing().exclude(pk=claim.pk).exclude(state=ClaimState.DUPLICATE),
            label="The claim it duplicates",
        ),
        "none_contradicting": lambda: _text(
            "Where you looked and found nothing against it", "Needed unless contradicting evidence is cited.",
            required=False, initial=claim.none_contradicting,
        ),
        "rating": lambda: _rating(article),
        "said_rating": lambda: _choice("Was it said?", SaidRating.choices),
        "reason": lambda: _text("Reason"),
        "correction_type": lambda: _choice(
            "Kind of correction, if readers have been shown the claim", corrections(), required=False
        ),
    }  # fmt: skip
    field: forms.Field = makers[name]()
    return field


def corrections() -> list[tuple[str, str]]:
    """The kinds of correction; a retraction is a step of its own."""
    return [(value, label) for value, label in CorrectionType.choices if value != CorrectionType.RETRACTION]


def form_for(fields: Mapping[str, forms.Field | None], request: Any, **kwargs: Any) -> PageForm:
    """A page's form with these fields, bound when something was sent."""
    form = PageForm(**sent(request), **kwargs)
    form.fields.update({name: made for name, made in fields.items() if made is not None})
    return form


def claim_step_fields(step: Step, claim: Claim, person: Any) -> dict[str, forms.Field | None]:
    """The fields of a claim's step page."""
    if step is JUDGE:
        return verdict_fields(claim, person)
    names = [(name, True) for name in step.needs] + [(name, False) for name in step.takes]
    return {name: claim_field(name, claim, required=required) for name, required in names}


def verdict_fields(claim: Claim, person: Any) -> dict[str, forms.Field | None]:
    """The fields of a verdict. The digest is of the claim as the reviewer was shown it."""
    standing = claim.evidence.standing().visible_to(person).select_related("source")
    return {
        "rating": _rating(claim.article),
        "said_rating": claim_field("said_rating", claim, required=True),
        "confidence": _choice("Confidence", Confidence.choices, widget=forms.RadioSelect),
        "rationale": _text("Rationale"),
        "relied_on": NamedChoices(
            standing, label="Evidence relied on", required=False, widget=forms.CheckboxSelectMultiple
        ),
        "digest": forms.CharField(required=False, widget=forms.HiddenInput, initial=claim.digest),
    }
