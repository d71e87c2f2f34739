"""What people are told, and how it reaches them. None of it is history: it says what to look at, never what is there.

A notification holds no text: what it says is made from the rows it points to, when it is read, for the person who reads
it. So nothing blind or confidential is ever copied into one, and what is erased by law is not left here.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from claims.choices import DeliveryChannel, NotificationKind
from claims.models.article import Article
from claims.models.claim import Claim
from claims.models.comment import Comment
from claims.models.contact import Contact
from claims.models.desk import Person
from claims.models.fields import WebAddress
from claims.models.report import ReaderReport


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, person: Person) -> NotificationQuerySet:
        """Everybody sees their own and nobody else's."""
        return self.filter(person=person)

    def unread(self) -> NotificationQuerySet:
        """What has not been read yet."""
        return self.filter(read_at__isnull=True)

    def for_reading(self) -> NotificationQuerySet:
        """With all that `claims.messages` makes words of."""
        return self.select_related("person", "article", "claim", "comment__author", "report", "contact", "by")


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, person: Person) -> WebhookQuerySet:
        """One's own; a superuser sees whose there are, and never a secret."""
        return self if person.is_superuser else self.filter(person=person)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, person: Person) -> DeliveryQuerySet:
        """The deliveries of one's own notifications."""
        return self.filter(notification__person=person)

    def waiting(self) -> DeliveryQuerySet:
        """What has neither arrived nor been given up."""
        return self.filter(delivered_at__isnull=True, given_up_at__isnull=True)


class Notification(models.Model):
    """One thing one person is told. While it is unread, the same is not told twice."""

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = ("notification_goes_out",)

    person = models.ForeignKey(Person, models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=20, choices=NotificationKind)
    article = models.ForeignKey(Article, models.PROTECT, null=True, blank=True, related_name="+")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, blank=True, related_name="+")
    comment = models.ForeignKey(Comment, models.PROTECT, null=True, blank=True, related_name="+")
    report = models.ForeignKey(ReaderReport, models.PROTECT, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            UniqueConstraint(
                fields=["person", "kind", "article", "claim", "comment", "report", "contact"],
                condition=Q(read_at__isnull=True), nulls_distinct=False, name="person_is_told_once_while_unread",
            ),
        )  # fmt: skip
        indexes = (models.Index(fields=["person", "-id"]),)

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id}"


class Webhook(models.Model):
    """An address of a person's program that is told what they are told (Standard Webhooks).

    `secret` signs what is sent and so is kept: `whsec_` and base64 of 32 random bytes. Answered with 410 Gone, or
    failing for days, the webhook is switched off.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = ()

    person = models.ForeignKey(Person, models.PROTECT, related_name="webhooks")
    url = WebAddress()
    secret = models.CharField(max_length=80, editable=False)
    kinds = ArrayField(
        models.CharField(max_length=20, choices=NotificationKind), default=list, blank=True,
        help_text="What it is told of; none: of everything.",
    )  # fmt: skip
    made_at = models.DateTimeField(auto_now_add=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=300, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            CheckConstraint(
                condition=Q(disabled_at__isnull=True, disabled_reason="")
                | (Q(disabled_at__isnull=False) & ~Q(disabled_reason="")),
                name="webhook_is_switched_off_with_a_reason",
            ),
        )

    def __str__(self) -> str:
        return str(self.url)


class Delivery(models.Model):
    """The outbox: one notification on its way by one channel, written in the transaction that made the notification.

    `deliver` takes what is due with SKIP LOCKED. `message_id` is the same at every try, so that whoever receives a
    message a second time can tell.
    """

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = ()

    notification = models.ForeignKey(Notification, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=DeliveryChannel)
    webhook = models.ForeignKey(Webhook, models.PROTECT, null=True, blank=True, related_name="deliveries")
    message_id = models.CharField(max_length=64, unique=True)
    due_at = models.DateTimeField(help_text="When it is tried next.")
    tries = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "deliveries"
        constraints = (
            CheckConstraint(
                condition=(Q(channel=DeliveryChannel.WEBHOOK) & Q(webhook__isnull=False))
                | (~Q(channel=DeliveryChannel.WEBHOOK) & Q(webhook__isnull=True)),
                name="delivery_by_webhook_names_it",
            ),
            CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(given_up_at__isnull=True), name="delivery_ends_one_way"
            ),
        )
        indexes = (
            models.Index(
                fields=["due_at"], condition=Q(delivered_at__isnull=True, given_up_at__isnull=True),
                name="claims_delivery_waiting",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.channel} {self.message_id}"


class DeliveryTry(models.Model):
    """One try of one delivery, for the log: what the other side answered."""

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = ()

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The HTTP status, where there was one.")
    milliseconds = models.PositiveIntegerField()
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"try {self.pk} of delivery {self.delivery_id}"
