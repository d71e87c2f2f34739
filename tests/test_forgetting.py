"""What people were told long ago goes, a little at a time, and the trail misses nothing of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from unittest import mock

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import TestCase, override_settings
from django.utils import timezone

from claims.actions import articles, forgetting, notifying
from claims.actions.forgetting import forget
from claims.actions.overdue import tell_what_is_overdue
from claims.choices import NotificationKind, Role
from claims.models import Article, AuditEvent, Delivery, DeliveryTry, Notification, Person
from tests import build, stories
from tests.transactional import RealTransactions

DAYS = 90


class Told(TestCase):
    """Somebody who is told by e-mail."""

    def setUp(self) -> None:
        self.person = self.somebody()
        self.on = build.article()
        self.now = timezone.now()

    def somebody(self) -> Person:
        person = build.person(Role.RESEARCHER)
        Person.objects.filter(pk=person.pk).update(email="r@desk.example")
        return Person.objects.get(pk=person.pk)

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def tell(self, *, made: float, read: float | None = None, sent: float | None = None) -> Notification:
        """A notification made so many days ago, read and delivered so many days ago, where at all."""
        notifying.tell(NotificationKind.SIGNED_OFF, [self.person], by=None, article=self.on)
        row = Notification.objects.order_by("-id").first()
        assert row is not None
        Notification.objects.filter(pk=row.pk).update(created_at=self.ago(made), read_at=self.now)
        Notification.objects.filter(pk=row.pk).update(read_at=None if read is None else self.ago(read))
        if sent is not None:
            delivery = Delivery.objects.get(notification=row)
            Delivery.objects.filter(pk=delivery.pk).update(delivered_at=self.ago(sent))
            DeliveryTry.objects.create(delivery=delivery, milliseconds=5)
        self.on = build.article()  # the next is about another
        return row

    def forgotten(self) -> None:
        while forget():
            pass


class WhatGoes(Told):
    def left(self) -> set[int]:
        return set(Notification.objects.values_list("pk", flat=True))

    def test_what_was_read_or_delivered_longer_ago_than_it_is_kept(self) -> None:
        gone = self.tell(made=100, read=91, sent=100)
        kept = [
            self.tell(made=100, read=89, sent=89),
            self.tell(made=100, read=91),  # it still waits to go out
            self.tell(made=359, sent=80),  # unread
            self.tell(made=1, read=0, sent=0),
        ]
        sent_long_ago = self.tell(made=200, sent=199)
        self.forgotten()
        self.assertEqual(self.left(), {row.pk for row in [*kept, sent_long_ago]})
        self.assertFalse(Delivery.objects.filter(notification__in=[gone.pk, sent_long_ago.pk]).exists())
        self.assertEqual((Delivery.objects.count(), DeliveryTry.objects.count()), (4, 3))

    def test_what_was_never_read_goes_after_four_times_as_long(self) -> None:
        self.tell(made=361, sent=360)
        kept = self.tell(made=359, sent=359)
        self.forgotten()
        self.assertEqual(self.left(), {kept.pk})

    def test_given_up_is_done_too(self) -> None:
        row = self.tell(made=100)
        Delivery.objects.update(given_up_at=self.ago(91))
        self.forgotten()
        self.assertEqual((self.left(), Delivery.objects.count()), ({row.pk}, 0))

    def test_what_is_overdue_is_not_told_again_because_it_was_forgotten(self) -> None:
        claim = build.identified(self.on, assignee=self.person, due_at=self.ago(400))
        self.assertEqual(tell_what_is_overdue(), 1)
        Notification.objects.update(created_at=self.ago(395), read_at=self.ago(390))
        Delivery.objects.update(delivered_at=self.ago(395))
        self.forgotten()
        self.assertEqual(list(Notification.objects.values_list("kind", flat=True)), ["overdue"])
        self.assertEqual(tell_what_is_overdue(), 0)
        articles.withdraw(article=claim.article, reason="Not ours.", by=build.the(Role.EDITOR))
        self.forgotten()
        self.assertEqual(self.left(), set())

    def test_how_long_is_a_setting(self) -> None:
        self.tell(made=400, read=300, sent=300)
        for days, rows in ((0, 1), (301, 1), (299, 0)):
            with self.subTest(days), override_settings(NOTIFICATIONS_KEPT_DAYS=days):
                self.forgotten()
                self.assertEqual(Notification.objects.count(), rows)

    def test_a_few_at_a_time_the_oldest_first(self) -> None:
        rows = [self.tell(made=100, read=95, sent=95) for _ in range(5)]
        with mock.patch.object(forgetting, "FEW", 2):
            removed = forget()
            self.assertEqual((removed, self.left()), (4, {row.pk for row in rows[2:]}))
            self.forgotten()
        self.assertEqual((self.left(), Delivery.objects.count(), DeliveryTry.objects.count()), (set(), 0, 0))

    def test_the_trail_misses_nothing(self) -> None:
        stories.begin()
        self.tell(made=100, read=95, sent=95)
        events = AuditEvent.objects.count()
        self.forgotten()
        self.assertFalse(Notification.objects.exists())
        self.assertEqual((AuditEvent.objects.count(), stories.found()), (events, []))


class TheCommand(Told):
    def test_it_is_done_by_deliver_and_said(self) -> None:
        self.tell(made=100, read=95, sent=95)
        said = StringIO()
        call_command("deliver", once=True, stdout=said)
        self.assertEqual(said.getvalue(), "2 old notifications and deliveries removed\n")
        self.assertFalse(Notification.objects.exists())


class SeveralAtOnce(RealTransactions):
    def test_what_one_has_in_hand_the_other_leaves(self) -> None:
        person = build.person(Role.RESEARCHER)
        for _ in range(4):
            notifying.tell(NotificationKind.SIGNED_OFF, [person], by=None, article=build.article())
        Notification.objects.update(read_at=timezone.now() - timedelta(days=91))
        other = connection.copy()
        try:
            other.ensure_connection()
            other.set_autocommit(False)
            with other.cursor() as cursor:
                cursor.execute("SELECT id FROM claims_notification ORDER BY id LIMIT 2 FOR UPDATE")
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                self.assertEqual(forget(), 2)
            other.rollback()
            self.assertEqual((forget(), Article.objects.count()), (2, 4))
        finally:
            other.close()
            connections.close_all()
