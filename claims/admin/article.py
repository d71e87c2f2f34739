"""Articles: received, described, revised, marked sentence by sentence, signed off and published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import urlencode

from claims.actions import articles, corrections, publications, signoffs
from claims.admin.base import MOMENTS, DeskModelAdmin, View, me, once
from claims.admin.contact import contacts_about
from claims.admin.conversations import talks_about
from claims.admin.forms import DeskForm, PageForm, sent
from claims.admin.guest import guests_beside
from claims.admin.history import UNDER_AN_ARTICLE, page_of_events, timeline_of
from claims.admin.reading import LEGEND, blocks_of, spans_of
from claims.admin.steps import WHAT_HAPPENS, NamedChoices, buttons, form_for, pressed_twice, reasons
from claims.admin.steps import corrections as kinds_of_correction
from claims.choices import CorrectionType, PublicationState
from claims.importers import intake
from claims.importers.text import MAX_BYTES, MEDIA_TYPES
from claims.models import Article, ArticleLink, ArticleRevision, Correction, Publication
from claims.models.coverage import NON_FACTUAL, OPEN, Coverage
from claims.publishing import snapshot
from claims.workflow import ARTICLE_STEPS, Step

STEPS: dict[str, Step] = {step.name: step for step in ARTICLE_STEPS}
DONE_AS = {"correct": "publication.correct", "retract": "publication.retract"}
DETAILS: list[Any] = ["title", "byline", "publisher", "url", "published_on", "language"]
ORIGIN: list[Any] = ["republished_from_publisher", "republished_from_url", "republished_from_on"]
DESK: list[Any] = [
    "lead", "due_at", "quorum", "votes_to_carry", "blind", "publish_dissent", "signer_may_have_judged",
]  # fmt: skip
SHOWN = 100  # of open sentences, marks and blockers: a long list helps nobody


class TextFields(forms.Form):
    """A text as it comes in: pasted, or as a file."""

    text = forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 14}),
                           help_text="Paste the article here, or choose a file.")  # fmt: skip
    upload = forms.FileField(label="File", required=False, help_text="UTF-8, at most 10 MB.")
    media_type = forms.ChoiceField(choices=[(m, m) for m in reversed(MEDIA_TYPES)])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("text") and not cleaned.get("upload"):
            self.add_error("text", "Paste the text, or choose a file.")
        return cleaned


class ReceiveForm(DeskForm, TextFields):
    """A new article; what is given here wins over what the text says of itself."""


class ReviseForm(PageForm, TextFields):
    """A new text of an article."""

    note = forms.CharField(required=False, max_length=2000, help_text="What changed, or where the text is from.")


class ArticleAdmin(DeskModelAdmin):
    add_permission = "claims.receive_article"
    change_permission = "claims.edit_article"
    change_form_template = "admin/desk/article.html"
    add_form = ReceiveForm
    fieldsets = (
        ("Details", {"fields": [*DETAILS]}),
        ("First published elsewhere", {"fields": ORIGIN}),
        ("The desk", {"fields": DESK}),
    )
    add_fieldsets = (
        ("Text", {"fields": ["text", "upload", "media_type"]}),
        ("Details", {"fields": DETAILS, "description": "Only what the text does not say, or says wrongly."}),
        ("First published elsewhere", {"fields": ORIGIN}),
    )
    autocomplete_fields = ("lead",)
    list_display = ("title", "publisher", "state", "progress", "claim_count", "lead", "due_at", "created_at")
    list_filter = ("state", "blind")
    list_select_related = ("lead",)
    search_fields = ("title", "byline", "publisher", "slug", "url")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    @admin.display(description="settled")
    def progress(self, article: Article) -> str:
        return f"{article.settled_count} of {article.sentence_count}"

    def enter(self, request: HttpRequest, form: DeskForm) -> Article:
        said = {name: value for name, value in form.values().items() if value}
        return intake.receive(
            raw=raw_of(form.cleaned_data), media_type=form.cleaned_data["media_type"], by=me(request), **said
        )

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Article | None:
        same = hashlib.sha256(raw_of(form.cleaned_data)).hexdigest()
        since = timezone.now() - MOMENTS
        mine = Article.objects.filter(created_by=me(request), created_at__gte=since)
        return mine.filter(current_revision__source_sha256=same).first()

    def amend(self, request: HttpRequest, form: DeskForm, row: Article) -> Article:
        return articles.edit(article=row, by=me(request), **form.values(changed=True))

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (
            ("step/<slug:step>/", "step", self.step_view),
            ("revise/", "revise", self.revise_view),
            ("non-factual/", "non_factual", self.non_factual_view),
            ("timeline/", "timeline", self.timeline_view),
        )

    def beside(self, request: HttpRequest, row: Article) -> dict[str, Any]:
        article = with_text(row.pk)
        revision, coverage = article.current_revision, article.coverage()
        claims = list(article.claims.standing().for_lists())
        links = ArticleLink.objects.filter(revision=revision)
        person: Any = request.user
        return {
            "article": article,
            "revision": revision,
            "blocks": blocks_of(revision, coverage, spans_of(claims)) if revision else [],
            "legend": LEGEND,
            "totals": coverage.totals,
            "coverage": coverage,
            "claims": claims,
            "links_missing": links.filter(status="missing").count(),
            "links_all": links.count(),
            "open_sentences": sentences(article, coverage),
            "marks": marks_of(revision, coverage) if revision else [],
            "sign_off": article.standing_sign_off(),
            "blockers": reasons(blocker.refusal() for blocker in article.blockers(person)),
            "publications": article.publications.defer("content").select_related("published_by")[:10],
            "steps": buttons(STEPS.values(), article, person),
            "may_identify": person.has_perm("claims.write_claim"),
            "talks": talks_about(person, article=article),
            "contacts": contacts_about(person, article=article),
            "may_mark": person.has_perm("claims.mark_non_factual"),
            "may_revise": person.has_perm("claims.receive_article"),
            **guests_beside(request, article=article),
        }

    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        row = STEPS.get(step)
        if row is None:
            raise Http404
        self.row(request, pk)
        article = with_text(pk)
        button = next(b for b in buttons([row], article, request.user))
        form = form_for(step_fields(row, article), request)
        page = self.form_page(
            request, article, form, lambda given: take(article, row, request, given), title=f"{row.label}: {article}",
            button=row.label, says=WHAT_HAPPENS[step], done=f"{row.label}: done.", blocked=button,
            template="admin/desk/step.html",
        )  # fmt: skip
        if form.refused and pressed_twice(article, DONE_AS.get(step, f"article.{step}"), request.user):
            article.refresh_from_db(fields=["state"])
            return self.done_already(request, article, f"the article is {article.get_state_display().lower()}")
        if form.refused and "digest" in form.fields:
            form.send_instead(digest=article.digest())
        return page

    def timeline_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        article = self.row(request, pk)
        page = page_of_events(timeline_of(article, me(request)), request.GET, me(request), UNDER_AN_ARTICLE)
        title = f"Timeline: {article}"[:150]
        return self.show(request, self.object_history_template, title=title, original=article, timeline=True, **page)

    def revise_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        article = self.row(request, pk)
        form = ReviseForm(**sent(request))

        def act(given: dict[str, Any]) -> ArticleRevision:
            revision, counts = intake.revise(
                article=article, raw=raw_of(given), media_type=given["media_type"], by=me(request), note=given["note"]
            )
            report = ", ".join(f"{n} {status}" for status, n in counts.items())
            self.message_user(request, f"Revision {revision.number}. Its claims were found again as: {report}.")
            return revision

        return self.form_page(
            request, article, form, act, title=f"A new text: {article}", button="Add the revision",
            done="Fuzzy and orphaned claims wait for a person, on the claim's page.",
            says="The text becomes the next revision; the earlier ones stay. Every claim is looked for in it.",
        )  # fmt: skip

    def non_factual_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        article = self.row(request, pk)
        fields = {
            "start": forms.IntegerField(min_value=0, help_text="In code points."),
            "end": forms.IntegerField(min_value=1, help_text="Exclusive."),
        }
        return self.form_page(
            request, article, form_for(fields, request),
            lambda given: articles.mark_non_factual(article=article, by=me(request), **given),
            title=f"Mark as stating no fact: {article}", button="Mark as stating no fact",
            done="Marked, in your name.",
            says="The sentences of the body between these offsets count as settled, in your name.",
        )  # fmt: skip


def raw_of(given: dict[str, Any]) -> bytes:
    """The bytes that came in. What was pasted has the line ends of text, not those of a form."""
    upload = given.get("upload")
    if upload:
        upload.seek(0)
        return bytes(upload.read(MAX_BYTES + 1))
    return str(given["text"]).replace("\r\n", "\n").encode()


def with_text(pk: int) -> Article:
    """The article with its current revision, the bytes it came from left where they are."""
    return Article.objects.select_related("current_revision", "lead").defer("current_revision__source_bytes").get(pk=pk)


def sentences(article: Article, coverage: Coverage) -> list[dict[str, Any]]:
    """The first open sentences that no claim stands in, each with the address of a claim page for it."""
    text = article.current_revision.text if article.current_revision else ""
    bare = [s for s in coverage.sentences if s.status == OPEN and not s.claims][:SHOWN]
    return [
        {
            "start": s.start,
            "end": s.end,
            "text": text[s.start : s.end],
            "query": urlencode(
                {"article": str(article.pk), "exact": text[s.start : s.end], "place": f"{s.start}:{s.end}",
                 "statement": text[s.start : s.end]}
            ),
        }
        for s in bare
    ]  # fmt: skip


def marks_of(revision: ArticleRevision, coverage: Coverage) -> list[dict[str, Any]]:
    """The standing marks of the revision, with their sentences."""
    standing = revision.non_factual_marks.filter(taken_back_at__isnull=True).select_related("marked_by")[:SHOWN]
    counted = {s.start for s in coverage.sentences if s.status == NON_FACTUAL}
    return [{"mark": m, "text": revision.text[m.start : m.end], "counts": m.start in counted} for m in standing]


def live(article: Article) -> Publication:
    """What readers see now; 404 where there is nothing."""
    found = article.publications.filter(state=PublicationState.LIVE).first()
    if found is None:
        raise Http404
    return found


def step_fields(step: Step, article: Article) -> dict[str, forms.Field | None]:
    """The fields of an article's step page."""
    area = forms.Textarea(attrs={"rows": 5})
    fields: dict[str, dict[str, forms.Field | None]] = {
        "sign_off": {
            "note": forms.CharField(required=False, widget=area),
            "digest": forms.CharField(required=False, widget=forms.HiddenInput, initial=article.digest()),
        },
        "correct": {
            "type": forms.ChoiceField(label="Kind", choices=kinds_of_correction()),
            "text": forms.CharField(label="What readers are told", widget=area, max_length=5000),
            "claims": NamedChoices(
                article.claims.standing(),
                label="Claims it is about",
                required=False,
                widget=forms.CheckboxSelectMultiple,
            ),
        },
        "retract": {"text": forms.CharField(label="What readers are told", widget=area, max_length=5000)},
        "withdraw": {"reason": forms.CharField(widget=area, max_length=5000)},
    }
    return fields.get(step.name, {})


def take(article: Article, step: Step, request: HttpRequest, given: dict[str, Any]) -> Any:
    """Hand a step's page over to its action."""
    by: Any = request.user
    if step.name == "sign_off":
        return signoffs.sign_off(article=article, by=by, **given)
    if step.name == "publish":
        return publications.publish(article=article, build=snapshot.build, by=by)
    if step.name == "withdraw":
        return articles.withdraw(article=article, by=by, **given)
    if step.name == "retract":
        given = {"type": CorrectionType.RETRACTION, **given}

    def same() -> Correction | None:
        since = timezone.now() - MOMENTS
        mine = Correction.objects.filter(publication__article=article, made_by=by, made_at__gte=since)
        return mine.filter(type=given["type"], text=given["text"]).first()

    return once(request, same, lambda: corrections.correct(publication=live(article), by=by, **given))
