"""Conversations: begun, continued, resolved; and what was said in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from claims.actions import comments
from claims.admin.base import MOMENTS, DeskModelAdmin, ReadOnlyAdmin, View, me, once
from claims.admin.claim import text_of
from claims.admin.conversations import home_of, talk_of, with_comments
from claims.admin.forms import AnchorFields, DeskForm, PageForm, place_of, sent
from claims.admin.steps import form_for
from claims.models import Claim, Comment, Thread

ABOUT = ("article", "claim", "evidence", "verdict")
LONGEST = 10_000

# What is done with a thread: the button, what happens, and the action.
STEPS: dict[str, tuple[str, str, Callable[..., Thread]]] = {
    "resolve": ("Resolve", "It keeps no sign-off waiting any more. A reply opens it again.", comments.resolve),
    "reopen": ("Reopen", "It is open again; if it blocks, the sign-off waits for it again.", comments.reopen),
    "block": ("Let it block the sign-off", "The article is not signed off until it is resolved, by who opened it or by "
              "an editor.", partial(comments.set_blocking, blocking=True)),
    "unblock": ("Let it block no longer", "The article can be signed off while it is open.",
                partial(comments.set_blocking, blocking=False)),
}  # fmt: skip


class WordsField(forms.CharField):
    """What somebody says."""

    def __init__(self, **kwargs: Any) -> None:
        area = forms.Textarea(attrs={"rows": 5})
        said = "Name a colleague as @username, and they are told."
        super().__init__(label="What you say", max_length=LONGEST, widget=area, help_text=said, **kwargs)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class OpenForm(DeskForm, AnchorFields):
    """A new conversation, on a passage where one is quoted."""

    text = WordsField()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not any(cleaned.get(name) for name in ABOUT):
            self.add_error("article", "Say what it is about: an article, a claim, evidence or a verdict.")
        return cleaned

    def passage(self) -> dict[str, Any] | None:
        """The place that is meant; None where none is given."""
        given = self.cleaned_data
        if not given.get("exact") and (given.get("start") is None or given.get("end") is None):
            return None
        about = given.get("evidence") or given.get("verdict")
        claim: Claim | None = given.get("claim") or (about.claim if about else None)
        article = given.get("article") or (claim.article if claim else None)
        return place_of(given, text_of(article)) if article else None


class ThreadAdmin(DeskModelAdmin):
    """A conversation and its forms. Its own page is where the others link to."""

    add_permission = "claims.comment"
    change_form_template = "admin/desk/thread_page.html"
    add_form = OpenForm
    fields = (*ABOUT, "passage", "blocking", "guest_link", "opened_by", "opened_at", "resolved_by", "resolved_at")
    readonly_fields = ("passage",)
    add_fieldsets = (
        (None, {"fields": ["text", "blocking"]}),
        ("On which passage", {"fields": ["exact", "place", "prefix", "suffix", ("start", "end")]}),
        ("About", {"fields": [*ABOUT], "description": "One of these is enough."}),
    )
    autocomplete_fields = ABOUT
    list_display = ("__str__", "article", "claim", "blocking", "opened_by", "opened_at", "resolved_at")
    list_filter = ("blocking", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("article", "claim", "opened_by")
    search_fields = ("=claim__code", "article__title", "exact")
    date_hierarchy = "opened_at"
    ordering = ("-id",)

    @admin.display(description="passage")
    def passage(self, thread: Thread) -> str:
        if thread.revision is None:
            return "—"
        return f"“{thread.exact}”, revision {thread.revision.number}, characters {thread.start}–{thread.end}"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "article":
            field.required = False  # a claim implies it
        return field

    def enter(self, request: HttpRequest, form: Any) -> Thread:
        given = form.cleaned_data
        about = {name: given.get(name) for name in ABOUT}
        return comments.open_thread(
            by=me(request), text=given["text"], blocking=given["blocking"], passage=form.passage(), **about
        )

    def just_entered(self, request: HttpRequest, form: DeskForm) -> Thread | None:
        given = {name: form.cleaned_data[name] for name in ABOUT if form.cleaned_data.get(name)}
        since = timezone.now() - MOMENTS
        mine = Thread.objects.filter(opened_by=me(request), opened_at__gte=since, **given)
        return mine.filter(comments__text=form.cleaned_data["text"]).first()

    def response_post_save_add(self, request: HttpRequest, obj: Thread) -> HttpResponseRedirect:
        """Back to what it is about."""
        return HttpResponseRedirect(home_of(obj))

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (
            ("reply/", "reply", self.reply_view),
            *((f"{name}/", name, self.step_view(*step)) for name, step in STEPS.items()),
        )

    def beside(self, request: HttpRequest, row: Thread) -> dict[str, Any]:
        shown = with_comments(Thread.objects.filter(pk=row.pk)).get()
        return {"talk": talk_of(shown, me(request)), "home": home_of(row)}

    def reply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        thread = self.row(request, pk)

        def act(given: dict[str, Any]) -> Comment:
            since = timezone.now() - MOMENTS
            mine = Comment.objects.filter(thread=thread, author=me(request), created_at__gte=since)
            return once(  # type: ignore[no-any-return]
                request,
                lambda: mine.filter(text=given["text"], taken_back_at__isnull=True).first(),
                lambda: comments.reply(thread=thread, by=me(request), **given),
            )

        return self.form_page(
            request, thread, form_for({"text": WordsField()}, request), act, title="Reply", button="Reply",
            done="Said.", says="A conversation that was resolved is open again.", back=home_of(thread),
        )  # fmt: skip

    def step_view(self, label: str, says: str, action: Callable[..., Any]) -> View:
        """The page of a step that needs nothing but the thread."""

        def view(request: HttpRequest, pk: int) -> HttpResponse:
            thread = self.row(request, pk)
            return self.form_page(
                request, thread, PageForm(**sent(request)), lambda given: action(thread=thread, by=me(request)),
                title=label, button=label, says=says, back=home_of(thread),
            )  # fmt: skip

        return view


class CommentAdmin(ReadOnlyAdmin):
    """What was said. What was taken back is neither shown nor found."""

    hidden_fields = ("text",)
    fields = ("thread", "author", "guest_link", "words_said", "mentioned", "created_at", "taken_back_at")
    readonly_fields = ("words_said", "mentioned")
    change_form_template = "admin/desk/comment.html"
    list_display = ("short", "thread", "author", "guest_link", "created_at", "taken_back_at")
    list_filter = (("taken_back_at", admin.EmptyFieldListFilter),)
    list_select_related = ("thread", "author", "guest_link")
    search_fields = ("words", "author__username")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        found: models.QuerySet[Any] = rows.with_words()
        return found

    @admin.display(description="text")
    def short(self, comment: Comment) -> str:
        return comment.said[:100] or "taken back"

    @admin.display(description="text")
    def words_said(self, comment: Comment) -> str:
        return comment.said or "taken back"

    @admin.display(description="mentions")
    def mentioned(self, comment: Comment) -> str:
        return ", ".join(person.name for person in comment.people_mentioned()) or "—"

    def beside(self, request: HttpRequest, row: Comment) -> dict[str, Any]:
        own = row.author_id == me(request).pk and row.taken_back_at is None
        return {"may_take_back": own, "home": home_of(row.thread)}

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("take-back/", "take_back", self.take_back_view),)

    def take_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        comment = self.row(request, pk)
        return self.form_page(
            request, comment, PageForm(**sent(request)),
            lambda given: comments.take_back(comment=comment, by=me(request)),
            title="Take your comment back", button="Take it back", back=home_of(comment.thread), done="Taken back.",
            says="Its place stays and its words go; only those who read the record can still see them.",
        )  # fmt: skip
