"""The contact log: whom the desk asked, and what they answered."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q
from django.db.models.functions import Now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import contacts
from claims.actions.acting import lock_article
from claims.api.base import Edited, Shown
from claims.api.examples import examples
from claims.api.expanding import Expanded
from claims.api.exporting import Exported
from claims.api.fields import Choice, PersonField, Reference, RowSerializer, StrictSerializer, Text, Verbatim, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter
from claims.choices import Channel, ContactOutcome
from claims.models import Article, Claim, Contact

ENDS = [(value, label) for value, label in ContactOutcome.choices if value != ContactOutcome.AWAITING]


@examples({"Give them longer": {"due_at": "2024-05-09T12:00:00Z"}})  # fmt: skip
class ContactSerializer(RowSerializer):
    """One question to one person or body outside the desk, and how it ended. Only its deadline changes."""

    asked_by = PersonField(read_only=True, help_text="Who of the desk asked.")
    closed_by = PersonField(
        read_only=True, allow_null=True,
        help_text="Who entered how it ended; null while it is open, and where a guest answered.",
    )  # fmt: skip
    late_answer_by = PersonField(
        read_only=True, allow_null=True,
        help_text="Who entered the late answer; null where there is none, and where a guest gave it.",
    )  # fmt: skip
    expanded = Expanded(article="claims.api.articles.ArticleDoor", claim="claims.api.claims.ClaimDoor")

    class Meta:
        model = Contact
        fields = (
            "id", "article", "claim", "whom", "channel", "question", "asked_by", "asked_at", "due_at", "outcome",
            "answer", "closed_by", "closed_at", "late_answer", "late_answer_by", "late_answer_at", "created_at",
            "expanded",
        )  # fmt: skip
        read_only_fields = tuple(name for name in fields if name != "due_at")
        extra_kwargs = said(
            id="The contact's id.", article="The article's id.", claim="The id of the claim it is about, or null.",
            whom="Who was asked, with their office or organisation.", channel="By which channel.",
            question="What they were asked.", asked_at="When the question was put.",
            due_at="The deadline they were given, or null.", outcome="How it ended; awaiting while it is open.",
            answer="Their words, or what was said and how.", closed_at="When the outcome was entered, or null.",
            late_answer="What was answered after it was closed; else empty.",
            late_answer_at="When the late answer was entered, or null.",
            created_at="When the question was entered here.",
        )  # fmt: skip


@examples({"A question by e-mail": {
    "claim": 1, "whom": "Harbour Office, press desk", "channel": "email",
    "question": "Was the harbour closed to all ships on 3 May 2023?",
    "asked_at": "2024-05-04T09:30:00Z", "due_at": "2024-05-07T12:00:00Z",
}})  # fmt: skip
class ContactLogged(StrictSerializer):
    """A question that the desk has put."""

    article = Reference(queryset=Article.objects.all(), required=False, help_text="The article's id.")
    claim = Reference(
        queryset=Claim.objects.select_related("article"), required=False,
        help_text="Or the id of the claim it is about.",
    )  # fmt: skip
    whom = Text(max_length=300, help_text="Who was asked, with their office or organisation.")
    channel = Choice(choices=Channel.choices, help_text="By which channel.")
    question = Verbatim(max_length=10_000, help_text="What they were asked, word for word.")
    asked_at = serializers.DateTimeField(help_text="When the question was put.")
    due_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="The deadline they were given, or null."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "article" not in attrs and "claim" not in attrs:
            raise serializers.ValidationError("Give an article, or a claim.")
        return attrs


@examples({"They answered": {"outcome": "answered", "answer": "It was, from six in the morning."}})  # fmt: skip
class ContactClosed(StrictSerializer):
    """How a question ended."""

    outcome = Choice(choices=ENDS, help_text="How it ended.")
    answer = Verbatim(
        required=False, allow_blank=True, max_length=50_000, help_text="Their words, or what was said and how."
    )


@examples({"They answered after all": {"answer": "We have found the log: it was closed from six."}})
class ContactAnsweredLate(StrictSerializer):
    """What was answered after a question was closed."""

    answer = Verbatim(max_length=50_000, help_text="Their words, or what was said and how.")


class ContactFilters(django_filters.FilterSet):
    article = IdFilter("article", "Questions about this article and all of it.")
    claim = IdFilter("claim", "Questions about this claim.")
    channel = OneOf("channel", Channel.choices, "Questions put by this channel.")
    outcome = OneOf("outcome", ContactOutcome.choices, "Questions that ended so.")
    asked_by = PersonFilter("asked_by", "Questions that this person put")
    overdue = FlagFilter(
        "Questions not answered by their deadline, or the others.",
        condition=Q(outcome=ContactOutcome.AWAITING, due_at__isnull=False, due_at__lt=Now()),
    )
    late = FlagFilter("Questions with a late answer, or the others.", condition=Q(late_answer_at__isnull=False))
    due_before = MomentFilter("due_at", "Due before this moment.", "lt")
    asked_after = MomentFilter("asked_at", "Put at this moment or later.", "gte")
    asked_before = MomentFilter("asked_at", "Put before this moment.", "lt")


class ContactDoor(Exported, Shown, Edited):
    noun, nouns = "contact", "contacts"
    place = "contacts"
    serializer_class = ContactSerializer
    filterset_class = ContactFilters
    search_fields = ("whom", "question", "answer", "late_answer")
    ordering_fields = ("article", "outcome", "asked_at", "due_at", "closed_at")
    queryset = Contact.objects.select_related("article", "asked_by", "closed_by", "late_answer_by")

    @extend_schema(request=ContactLogged, responses={201: ContactSerializer})
    def create(self, request: Request) -> Response:
        """Log a question that the desk has put to somebody outside"""
        return self.made(contacts.log(by=self.person, **self.body(ContactLogged)))

    def hold(self, row: Contact) -> None:
        lock_article(row.article)

    def change(self, row: Contact, changes: dict[str, Any]) -> None:
        contacts.extend(contact=row, by=self.person, **changes)


class ContactClosingDoor(ContactDoor):
    @extend_schema(request=ContactClosed, responses={200: ContactSerializer}, filters=False)
    def close(self, request: Request, pk: int) -> Response:
        """Enter how a question ended, and the answer

        Once: what was entered is not changed.
        """
        row = self.row(pk)
        contacts.close(contact=row, by=self.person, **self.body(ContactClosed))
        return Response(self.shown(self.row(pk)))


class ContactLateAnswerDoor(ContactDoor):
    @extend_schema(request=ContactAnsweredLate, responses={200: ContactSerializer}, filters=False)
    def answer_late(self, request: Request, pk: int) -> Response:
        """Enter what was answered after the question was closed

        Once; how it ended stays. Whoever asked, closed the question, or leads the article is told.
        """
        row = self.row(pk)
        contacts.answer_late(contact=row, by=self.person, **self.body(ContactAnsweredLate))
        return Response(self.shown(self.row(pk)))
