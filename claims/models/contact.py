"""Whom the desk asked, and what they answered: the right of reply, on file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q

from claims.choices import Channel, ContactOutcome, GuestDid
from claims.models.article import Article
from claims.models.claim import Claim
from claims.models.desk import Person

if TYPE_CHECKING:
    from claims.models.guest import GuestLink


class ContactQuerySet(models.QuerySet["Contact"]):
    def awaiting(self) -> ContactQuerySet:
        """Questions that nobody has answered, and that are not closed otherwise."""
        return self.filter(outcome=ContactOutcome.AWAITING)


class Contact(models.Model):
    """One question to one person or body outside the desk. The question is never edited; how it ended is added, and
    beside it, once, what was answered too late for that.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "contact_asks_what_it_asked", "contact_is_about_its_own_article", "everybody_acts_in_their_own_name",
        "everybody_closes_in_their_own_name", "contact_is_closed_once", "contact_is_answered_by_its_guest",
        "late_answer_is_entered_once", "late_answer_is_entered_by_the_desk_or_its_guest",
        "late_answer_is_entered_in_ones_own_name",
    )  # fmt: skip

    article = models.ForeignKey(Article, models.PROTECT, related_name="contacts")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, blank=True, related_name="contacts")
    whom = models.CharField(max_length=300, help_text="Who was asked, with their office or organisation.")
    channel = models.CharField(max_length=20, choices=Channel)
    question = models.TextField(max_length=10_000)
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="contacts")
    asked_at = models.DateTimeField(help_text="When the question was put.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="The deadline they were given.")
    outcome = models.CharField(max_length=20, choices=ContactOutcome, default=ContactOutcome.AWAITING)
    answer = models.TextField(blank=True, max_length=50_000, help_text="Their words, or what was said and how.")
    closed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When the outcome was entered.")
    late_answer = models.TextField(
        blank=True, max_length=50_000, default="", db_default="",
        help_text="What came after the question was closed; how it ended stays as it was entered.",
    )  # fmt: skip
    late_answer_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    late_answer_at = models.DateTimeField(null=True, blank=True, help_text="When the late answer was entered.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = (("log_contact", "Can log whom the desk asked, and what they answered"),)
        constraints = (
            CheckConstraint(condition=~Q(question=""), name="contact_asks_something"),
            CheckConstraint(
                condition=Q(outcome=ContactOutcome.AWAITING, closed_at__isnull=True, answer="")
                | (~Q(outcome=ContactOutcome.AWAITING) & Q(closed_at__isnull=False)),
                name="contact_ends_at_some_time",
            ),
            CheckConstraint(
                condition=~Q(outcome=ContactOutcome.ANSWERED) | ~Q(answer=""),
                name="answered_contact_has_an_answer",
                violation_error_message="Give the answer, or choose another outcome.",
            ),
            CheckConstraint(
                condition=Q(late_answer="", late_answer_by__isnull=True, late_answer_at__isnull=True)
                | (~Q(late_answer="") & Q(late_answer_at__isnull=False) & ~Q(outcome=ContactOutcome.AWAITING)),
                name="late_answer_comes_after_the_question_was_closed",
                violation_error_message="Only a question that is closed gets a late answer.",
            ),
        )
        indexes = (models.Index(fields=["due_at"], condition=Q(outcome="awaiting"), name="claims_contact_awaiting"),)

    def __str__(self) -> str:
        return f"to {self.whom}"

    @property
    def takes_a_guests_answer(self) -> bool:
        """Whether it is open, or the desk has closed it and no late answer is there yet."""
        return self.closed_at is None or (self.closed_by_id is not None and self.late_answer_at is None)

    def answered_by(self, link: GuestLink) -> tuple[str, datetime | None]:
        """The answer that came through this very link, in time or late, and when; empty where none did.

        Guests answer a question once, whichever link they have: what nobody of the desk entered came by the link that
        was used to answer.
        """
        if not link.uses.filter(did=GuestDid.ANSWERED).exists():
            return "", None
        return (self.answer, self.closed_at) if self.closed_by_id is None else (self.late_answer, self.late_answer_at)
