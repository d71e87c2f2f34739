"""Comments: written into threads, or beginning one; taken back by their authors."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import comments
from claims.api.anchors import AnchorGiven
from claims.api.base import Listed, Shown, visible
from claims.api.examples import examples
from claims.api.fields import Flag, Nothing, PersonField, Reference, StrictSerializer, Text
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, PersonFilter
from claims.api.threads import CommentInThread, ThreadSerializer, comments_shown, with_what_is_shown
from claims.models import Article, Claim, Evidence, Thread, Verdict

ABOUT = ("thread", "article", "claim", "evidence", "verdict")


class CommentSerializer(CommentInThread):
    """One contribution to a conversation, with the thread it stands in. Never edited."""

    thread = ThreadSerializer(read_only=True, help_text="The conversation it stands in.")

    class Meta(CommentInThread.Meta):
        fields = ("id", "thread", *CommentInThread.Meta.fields[1:])
        read_only_fields = fields


@examples({
    "Begin a thread on a claim that blocks the sign-off": {
        "claim": 1, "text": "@jonas, is this the log of the right year?", "blocking": True,
    },
    "Answer in a thread": {"thread": 1, "text": "It is: the cover says 2023."},
    "On a passage of the article": {"article": 1, "text": "Who says so?", "passage": {"exact": "It was a shame."}},
})  # fmt: skip
class CommentGiven(StrictSerializer):
    """What is said, and where: in a thread, or beginning one on an article, claim, piece of evidence or verdict."""

    thread = Reference(
        queryset=Thread.objects.select_related("article"),
        required=False,
        help_text="The id of the thread it continues.",
    )
    article = Reference(queryset=Article.objects.all(), required=False, help_text="Or the article it begins one on.")
    claim = Reference(queryset=Claim.objects.select_related("article"), required=False, help_text="Or the claim.")
    evidence = Reference(
        queryset=Evidence.objects.select_related("claim__article"), required=False, help_text="Or the evidence."
    )
    verdict = Reference(
        queryset=Verdict.objects.select_related("claim__article"), required=False, help_text="Or the verdict."
    )
    text = Text(max_length=10_000, help_text="What is said. @username mentions somebody of the desk.")
    passage = AnchorGiven(required=False, help_text="For a new thread: the place in the article's current text.")
    blocking = Flag(
        required=False, help_text="For a new thread: whether the article is not signed off while it is unresolved."
    )
    mentions = serializers.ListField(
        child=PersonField(), required=False, max_length=comments.MOST,
        help_text="Whom it mentions besides those named in the text: ids or usernames.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len([name for name in ABOUT if name in attrs]) != 1:
            raise serializers.ValidationError(f"Give exactly one of {', '.join(ABOUT)}.")
        begins: Any = {name: "Goes with a new thread alone." for name in ("passage", "blocking") if name in attrs}
        if "thread" in attrs and begins:
            raise serializers.ValidationError(begins)
        return attrs


class MentionFilter(PersonFilter):
    """Comments that mention somebody, as far as they stand."""

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        if not value:
            return queryset
        if value.isascii() and value.isdigit() and len(value) < 19:
            return queryset.filter(taken_back_at__isnull=True, mentions=int(value))
        return queryset.filter(taken_back_at__isnull=True, mentions__username=value)


class CommentFilters(django_filters.FilterSet):
    article = IdFilter("thread__article", "Comments on this article and all of it.")
    claim = IdFilter("thread__claim", "Comments on this claim, its evidence and verdicts.")
    # Not "thread": the lookup thread__exact is the passage of the thread, a column of that name.
    thread = IdFilter("thread__id", "Comments in this thread.")
    author = PersonFilter("author", "Comments by this person")
    mention = MentionFilter("mentions", "Comments that mention this person")
    guest = FlagFilter("Comments by guests, or by people of the desk.", condition=Q(guest_link__isnull=False))
    taken_back = FlagFilter("Comments that were taken back, or the others.", condition=Q(taken_back_at__isnull=False))
    created_after = MomentFilter("created_at", "Written at this moment or later.", "gte")
    created_before = MomentFilter("created_at", "Written before this moment.", "lt")


class CommentDoor(Listed, Shown):
    noun, nouns = "comment", "comments"
    place = "comments"
    anchor_pointer = "/passage"
    serializer_class = CommentSerializer
    filterset_class = CommentFilters
    search_fields = ("words",)
    ordering_fields = ("thread", "created_at")
    queryset = with_what_is_shown(comments_shown(), "thread__")

    def get_queryset(self) -> QuerySet:
        """What was taken back is found by none of its words."""
        found: Any = super().get_queryset()
        return visible(found.with_words() if self.action == "list" else found, self.person)

    @extend_schema(request=CommentGiven, responses={201: CommentSerializer})
    def create(self, request: Request) -> Response:
        """Say something in a thread, or begin one

        Give one of thread, article, claim, evidence, verdict. A reply to a resolved thread opens it again. Naming
        somebody as @username who may not see the thread is an error.
        """
        given = self.body(CommentGiven)
        if "thread" in given:
            comment = comments.reply(by=self.person, **given)
        else:
            comment = comments.open_thread(by=self.person, **given).comments.get()
        return self.made(comment)


class CommentTakingBackDoor(CommentDoor):
    @extend_schema(request=None, responses={200: CommentSerializer}, filters=False)
    def take_back(self, request: Request, pk: int) -> Response:
        """Take one's own comment back

        It stays on file without its text, which only those who read the record can still see.
        """
        row = self.row(pk)
        self.body(Nothing)
        comments.take_back(comment=row, by=self.person)
        return Response(self.shown(self.row(pk)))
