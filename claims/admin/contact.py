"""The contact log: whom the desk asked, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from claims.actions import contacts
from claims.admin.base import MOMENTS, DeskModelAdmin, View, me
from claims.admin.forms import DeskForm
from claims.admin.guest import guests_beside
from claims.admin.names import page_of
from claims.admin.steps import form_for
from claims.choices import Channel, ContactOutcome
from claims.models import Article, Claim, Contact, Person

SHOWN = 40  # questions on one page
ENDS = [(value, label) for value, label in ContactOutcome.choices if value != ContactOutcome.AWAITING]
ASKED = ["article", "claim", "whom", "channel", "question", "asked_at", "due_at"]


@dataclass(frozen=True, slots=True)
class ContactLog:
    """The questions about an article or a claim as its page shows them, those without an answer first."""

    rows: list[Contact]
    more: str
    about: dict[str, int]
    may_log: bool
    channels: list[tuple[str, str]]
    ends: list[tuple[str, str]]
    now: datetime


def contacts_about(person: Person, *, article: Article | None = None, claim: Claim | None = None) -> ContactLog:
    """The questions about this article, or this claim of one; one query."""
    name, row = ("claim", claim) if claim else ("article", article)
    about = {name: row.pk} if row else {}
    found = Contact.objects.filter(**about).select_related("claim", "asked_by", "closed_by", "late_answer_by")
    rows = list(found.order_by(F("closed_at").desc(nulls_first=True), "-pk")[: SHOWN + 1])
    pages = "&".join(f"{name}={pk}" for name, pk in about.items())
    return ContactLog(
        rows=rows[:SHOWN],
        more=f"{reverse('admin:claims_contact_changelist')}?{pages}" if len(rows) > SHOWN else "",
        about=about,
        may_log=person.has_perm("claims.log_contact"),
        channels=Channel.choices,
        ends=ENDS,
        now=timezone.now(),
    )


class LogForm(DeskForm):
    """A question that was put to somebody outside."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not (cleaned.get("article") or cleaned.get("claim")):
            self.add_error("article", "Say what it is about: an article, or a claim.")
        return cleaned


class ContactAdmin(DeskModelAdmin):
    add_permission = "claims.log_contact"
    change_form_template = "admin/desk/contact.html"
    add_form = LogForm
    fields = (*ASKED, "asked_by", "outcome", "answer", "closed_by", "closed_at", "late_answer", "late_answer_by",
              "late_answer_at")  # fmt: skip
    add_fieldsets = ((None, {"fields": ASKED}),)
    autocomplete_fields = ("article", "claim")
    list_display = ("whom", "article", "claim", "channel", "asked_by", "asked_at", "due_at", "outcome")
    list_filter = ("outcome", "channel")
    list_select_related = ("article", "claim", "asked_by")
    search_fields = ("whom", "question", "answer", "late_answer", "=claim__code")
    date_hierarchy = "asked_at"
    ordering = ("-id",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "article":
            field.required = False  # a claim implies it
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"asked_at": timezone.now(), **super().get_changeform_initial_data(request)}

    def enter(self, request: HttpRequest, form: DeskForm) -> Contact:
        given: dict[str, Any] = {name: form.cleaned_data.get(name) for name in ASKED}
        return contacts.log(by=me(request), **given)

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Contact | None:
        given = form.cleaned_data
        since = timezone.now() - MOMENTS
        mine = Contact.objects.filter(asked_by=me(request), created_at__gte=since)
        return mine.filter(whom=given["whom"], question=given["question"], claim=given.get("claim")).first()

    def response_post_save_add(self, request: HttpRequest, obj: Contact) -> HttpResponseRedirect:
        """Back to what it is about."""
        return HttpResponseRedirect(home_of(obj))

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (
            ("close/", "close", self.close_view),
            ("late/", "late", self.late_view),
            ("extend/", "extend", self.extend_view),
        )

    def beside(self, request: HttpRequest, row: Contact) -> dict[str, Any]:
        may_log, open_one = me(request).has_perm("claims.log_contact"), row.outcome == ContactOutcome.AWAITING
        guests = guests_beside(request, article=row.article, claim=row.claim, contact=row)
        late = may_log and not open_one and row.late_answer_at is None
        return {"may_close": may_log and open_one, "may_answer_late": late, "home": home_of(row), **guests}

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = self.row(request, pk)
        area = forms.Textarea(attrs={"rows": 6})
        fields = {
            "outcome": forms.ChoiceField(label="How it ended", choices=ENDS),
            "answer": forms.CharField(
                required=False, widget=area, max_length=50_000, help_text="Their words, or what was said and how."
            ),
        }
        return self.form_page(
            request, contact, form_for(fields, request),
            lambda given: contacts.close(contact=contact, by=me(request), **given),
            title=f"How it ended: {contact}", button="Enter it", back=home_of(contact), done="Entered.",
            says=f"Asked: “{contact.question[:300]}” What you enter here is not changed afterwards.",
        )  # fmt: skip

    def late_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = self.row(request, pk)
        answer = forms.CharField(
            label="Late answer", max_length=50_000, widget=forms.Textarea(attrs={"rows": 6}),
            help_text="Their words, or what was said and how.",
        )  # fmt: skip
        return self.form_page(
            request, contact, form_for({"answer": answer}, request),
            lambda given: contacts.answer_late(contact=contact, by=me(request), **given),
            title=f"A late answer: {contact}", button="Enter it", back=home_of(contact), done="Entered.",
            says=f"It ended so: {contact.get_outcome_display().lower()}. That stays; what came afterwards is kept "
            "beside it, and is not changed either.",
        )  # fmt: skip

    def extend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = self.row(request, pk)
        when = forms.SplitDateTimeField(
            label="Deadline", required=False, widget=AdminSplitDateTime(), help_text="In UTC; empty for none."
        )
        form = form_for({"due_at": when}, request, initial={"due_at": contact.due_at})
        return self.form_page(
            request, contact, form, lambda given: contacts.extend(contact=contact, by=me(request), **given),
            title=f"Another deadline: {contact}", button="Set the deadline", back=home_of(contact),
        )  # fmt: skip


def home_of(contact: Contact) -> str:
    """The page of what the question is about, at its place."""
    page = page_of(Claim, contact.claim_id) if contact.claim_id else page_of(Article, contact.article_id)
    return f"{page}#contact-{contact.pk}"
