"""Whom the desk asked, and what they answered: the right of reply, on file."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q

from claims.choices import Channel, ContactOutcome
from claims.models.article import Article
from claims.models.claim import Claim
from claims.models.desk import Person


class ContactQuerySet(models.QuerySet["Contact"]):
    def awaiting(self) -> ContactQuerySet:
        """Questions that nobody has answered, and that are not closed otherwise."""
        return self.filter(outcome=ContactOutcome.AWAITING)


class Contact(models.Model):
    """One question to one person or body outside the desk. The question is never edited; how it ended is added."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "contact_asks_what_it_asked", "contact_is_about_its_own_article", "everybody_acts_in_their_own_name",
        "everybody_closes_in_their_own_name", "contact_is_closed_once", "contact_is_answered_by_its_guest",
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
        )
        indexes = (models.Index(fields=["due_at"], condition=Q(outcome="awaiting"), name="claims_contact_awaiting"),)

    def __str__(self) -> str:
        return f"to {self.whom}"
