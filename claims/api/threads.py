"""Conversations about what is being checked; begun and continued by comments (claims.api.comments)."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import comments
from claims.api.base import Listed, Shown, visible
from claims.api.examples import examples
from claims.api.fields import Flag, Nothing, PersonField, RowSerializer, StrictSerializer, Text, Verbatim, Whole, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, PersonFilter
from claims.models import Comment, Person, Thread

TEXTS = ("text", "source_bytes", "sentences", "blocks", "report")


class PassageSerializer(serializers.Serializer):
    """A place in one text of the article."""

    revision = Whole(source="revision.number", help_text="The number of the text it stands in.")
    start = Whole(help_text="Where it begins, in code points.")
    end = Whole(help_text="Where it ends, exclusive.")
    exact = Verbatim(help_text="What stands there.")

    def to_representation(self, instance: Thread) -> Any:
        return super().to_representation(instance) if instance.revision_id else None


class ThreadSerializer(RowSerializer):
    """A conversation about an article, or of it a claim, a piece of evidence, a verdict, or a passage of its text."""

    passage = PassageSerializer(
        source="*", read_only=True, allow_null=True, help_text="The passage it is about, or null."
    )
    guest = Text(
        source="guest_link.name", read_only=True, allow_null=True,
        help_text="The guest whose conversation it is and who reads it, or null.",
    )  # fmt: skip
    opened_by = PersonField(read_only=True, allow_null=True, help_text="Who began it; null where a guest did.")
    resolved_by = PersonField(read_only=True, allow_null=True, help_text="Who resolved it, or null.")

    class Meta:
        model = Thread
        fields: tuple[str, ...] = (
            "id", "article", "claim", "evidence", "verdict", "passage", "blocking", "guest", "opened_by", "opened_at",
            "resolved_by", "resolved_at",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The thread's id.", article="The article's id.", claim="The id of the claim it is about, or null.",
            evidence="The id of the evidence it is about, or null.",
            verdict="The id of the verdict it is about, or null.",
            blocking="Whether the article is not signed off while it is unresolved.", opened_at="When it was begun.",
            resolved_at="When it was resolved, or null.",
        )  # fmt: skip


class CommentInThread(RowSerializer):
    """One contribution to a thread, never edited."""

    author = PersonField(read_only=True, allow_null=True, help_text="Who wrote it; null for a guest.")
    guest = Text(
        source="guest_link.name", read_only=True, allow_null=True, help_text="The guest who wrote it, or null."
    )
    text = Verbatim(source="said", read_only=True, help_text="What was said; empty once it was taken back.")
    mentions = serializers.ListField(
        child=PersonField(), read_only=True, source="people_mentioned",
        help_text="Whom it mentions; nobody once it was taken back.",
    )  # fmt: skip

    class Meta:
        model = Comment
        fields: tuple[str, ...] = ("id", "author", "guest", "text", "mentions", "created_at", "taken_back_at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The comment's id.", created_at="When it was written.",
            taken_back_at="When its author took it back, or null.",
        )  # fmt: skip


class ThreadWithComments(ThreadSerializer):
    """A conversation with all that was said in it."""

    comments = CommentInThread(many=True, read_only=True, help_text="What was said, in order.")

    class Meta(ThreadSerializer.Meta):
        fields = (*ThreadSerializer.Meta.fields, "comments")
        read_only_fields = fields


@examples({"Let it block no longer": {"blocking": False}})  # fmt: skip
class Blocking(StrictSerializer):
    """Whether the thread blocks."""

    blocking = Flag(help_text="Whether the article is not signed off while the thread is unresolved.")


class ThreadFilters(django_filters.FilterSet):
    article = IdFilter("article", "Threads on this article and all of it.")
    claim = IdFilter("claim", "Threads on this claim, its evidence and verdicts.")
    evidence = IdFilter("evidence", "Threads on this piece of evidence.")
    verdict = IdFilter("verdict", "Threads on this verdict.")
    blocking = FlagFilter("Threads that block the sign-off while unresolved, or the others.", "blocking")
    resolved = FlagFilter("Resolved threads, or those still open.", condition=Q(resolved_at__isnull=False))
    guest = FlagFilter("Conversations with guests, or the others.", condition=Q(guest_link__isnull=False))
    opened_by = PersonFilter("opened_by", "Threads that this person began")
    opened_after = MomentFilter("opened_at", "Begun at this moment or later.", "gte")
    opened_before = MomentFilter("opened_at", "Begun before this moment.", "lt")


def with_what_is_shown(threads: QuerySet, at: str = "") -> QuerySet:
    """Rows with the threads at the end of this path, and all that is shown of those, in one query."""
    joined = (f"{at}{name}" for name in ("revision", "guest_link", "opened_by", "resolved_by"))
    return threads.select_related(*joined).defer(*(f"{at}revision__{text}" for text in TEXTS))


def comments_shown() -> QuerySet:
    """Comments in the order they were written, with their writers and whom they mention."""
    people = Prefetch("mentions", Person.objects.order_by("pk"))
    return Comment.objects.select_related("author", "guest_link").prefetch_related(people).order_by("pk")


class ThreadDoor(Listed, Shown):
    noun, nouns = "thread", "threads"
    place = "threads"
    serializer_class: Any = ThreadSerializer
    filterset_class = ThreadFilters
    ordering_fields = ("article", "opened_at", "resolved_at")
    queryset = with_what_is_shown(Thread.objects.all())

    def get_queryset(self) -> QuerySet:
        found = visible(super().get_queryset(), self.person)
        return found if self.action == "list" else found.prefetch_related(Prefetch("comments", comments_shown()))

    def get_serializer_class(self) -> type[ThreadSerializer]:
        return ThreadSerializer if self.action == "list" else ThreadWithComments


class ThreadStepsDoor(ThreadDoor):
    @extend_schema(request=None, responses={200: ThreadWithComments}, filters=False)
    def resolve(self, request: Request, pk: int) -> Response:
        """Resolve a thread

        One that blocks is resolved by who opened it or by an editor.
        """
        return self.taken(pk, Nothing, comments.resolve)

    @extend_schema(request=None, responses={200: ThreadWithComments}, filters=False)
    def reopen(self, request: Request, pk: int) -> Response:
        """Take a resolved thread up again

        Where it blocks, it blocks again.
        """
        return self.taken(pk, Nothing, comments.reopen)

    @extend_schema(request=Blocking, responses={200: ThreadWithComments}, filters=False)
    def block(self, request: Request, pk: int) -> Response:
        """Say whether a thread blocks the sign-off of its article

        It is made to block no longer by who opened it or by an editor.
        """
        return self.taken(pk, Blocking, comments.set_blocking)

    def taken(self, pk: int, body: type[StrictSerializer], action: Any) -> Response:
        """The thread as it is after this action, called with what the body holds."""
        row = self.row(pk)
        action(thread=row, by=self.person, **self.body(body))
        return Response(self.shown(self.row(pk)))
