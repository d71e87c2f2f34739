"""What waits in the outbox goes out: by e-mail, once a day together, by webhook.

Each delivery is one transaction: taken with SKIP LOCKED, sent, and marked. Whatever ends the process in between, the
row is there as it was. docs/decisions/0012-deliveries.md says what that promises.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from claims import outgoing
from claims.actions.mailing import Mailer, is_final, mail_of, wants_mail
from claims.actions.posting import post
from claims.actions.webhooks import switch_off
from claims.choices import DeliveryChannel
from claims.models import Delivery, DeliveryTry, Webhook
from claims.models.notification import DeliveryQuerySet

logger = logging.getLogger(__name__)
# How long is waited after each try that failed (Standard Webhooks); after the try that follows the last it is given up.
WAITS = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
GONE = 410
FEW = 20  # people whose daily message is looked for at a time
LONGEST_ERROR = 500
# Whoever puts together somebody's daily message; beside it, the person's id.
DIGEST_LOCK = 0x66_61
NO_ADDRESS = "There is no address any more, or no e-mail is wanted there."


class Outcome(StrEnum):
    """What came of a try."""

    SENT = "sent"
    FAILED = "failed, to be tried again"
    GIVEN_UP = "given up"


Quiet = Callable[[], AbstractContextManager[object]]
Mailed = tuple[Outcome, list[DeliveryTry], float]


def deliver(quiet: Quiet) -> Iterator[tuple[DeliveryChannel, Outcome]]:
    """Deliver everything that is due now; gives the channel of each try, and what came of it.

    In: a context in which the process is not to be ended; each single delivery is in one. A channel in which something
    failed rests until the next call, so that one that is down holds up nothing.
    """
    mailer = Mailer()
    ways: dict[DeliveryChannel, Callable[[], Outcome | None]] = {
        DeliveryChannel.EMAIL: lambda: _mail_one(mailer),
        DeliveryChannel.DIGEST: lambda: _mail_a_day(mailer),
        DeliveryChannel.WEBHOOK: _post_one,
    }
    try:
        while ways:  # one of each in turn
            for channel, once in list(ways.items()):
                with quiet():
                    outcome = once()
                if outcome is not None:
                    yield channel, outcome
                if outcome in (None, Outcome.FAILED):
                    del ways[channel]
    finally:
        mailer.close()


def _due(channel: DeliveryChannel) -> DeliveryQuerySet:
    """What of a channel is due and nobody else has in hand; taken by whoever reads it."""
    due = Delivery.objects.waiting().filter(channel=channel, due_at__lte=timezone.now())
    with_words = due.select_related(
        "webhook", "notification__person", "notification__article", "notification__claim",
        "notification__comment__author", "notification__report", "notification__contact",
    )  # fmt: skip
    return with_words.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")


def _mail_one(mailer: Mailer) -> Outcome | None:
    """Send the e-mail that has been due longest. None: there is none."""
    with transaction.atomic(durable=True):
        delivery = _due(DeliveryChannel.EMAIL).first()
        if delivery is None:
            return None
        tried = _mail(mailer, [delivery])
    return _timed(tried)


def _mail_a_day(mailer: Mailer) -> Outcome | None:
    """Send one person all that is due of one day, in one message; as `_mail_one`."""
    due = Delivery.objects.waiting().filter(channel=DeliveryChannel.DIGEST, due_at__lte=timezone.now())
    people = due.order_by().values_list("notification__person", flat=True).distinct()[:FEW]
    for person in list(people):
        with transaction.atomic(durable=True):
            if not _alone(person):
                continue
            rows = list(_due(DeliveryChannel.DIGEST).filter(notification__person=person))
            day = [row for row in rows if row.due_at == rows[0].due_at]
            if not day:
                continue
            tried = _mail(mailer, day)
        return _timed(tried)
    return None


def _alone(person: int) -> bool:
    """Whether nobody else puts this person's daily message together; so until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [DIGEST_LOCK, person % 2**31])
        return bool(cursor.fetchone()[0])


def _mail(mailer: Mailer, deliveries: Sequence[Delivery]) -> Mailed:
    """Send these as one message, and mark them.

    They are marked before the message is handed over, so that between the server's word that it has it and the commit
    there is nothing more to do: only who is killed in between repeats it.
    """
    began = time.monotonic()
    if not wants_mail(deliveries[0].notification.person):
        return Outcome.GIVEN_UP, [_give_up(row, error=NO_ADDRESS) for row in deliveries], began
    log: list[DeliveryTry] = []
    try:
        with transaction.atomic():
            message = mail_of(deliveries)
        log = [_arrived(row) for row in deliveries]
        mailer.send(message)
    except Exception as error:  # whatever went wrong, at the server's or with this message: the others go on
        logger.warning("No e-mail for delivery %s: %s", deliveries[0].pk, error)
        mailer.close()
        _undo(deliveries, log)
        final = is_final(error)
        fail = _give_up if final else _failed
        log = [fail(row, error=f"{type(error).__name__}: {error}") for row in deliveries]
        return Outcome.GIVEN_UP if final else Outcome.FAILED, log, began
    return Outcome.SENT, log, began


def _undo(deliveries: Sequence[Delivery], log: Sequence[DeliveryTry]) -> None:
    """They did not arrive after all."""
    for row, tried in zip(deliveries, log, strict=False):
        tried.delete()
        row.delivered_at, row.tries = None, row.tries - 1
        row.save(update_fields=["delivered_at", "tries"])


def _timed(mailed: Mailed) -> Outcome:
    """Say afterwards how long it took."""
    outcome, log, began = mailed
    took = int((time.monotonic() - began) * 1000)
    DeliveryTry.objects.filter(pk__in=[row.pk for row in log]).update(milliseconds=took)
    return outcome


def _post_one() -> Outcome | None:
    """Send the webhook that has been due longest; as `_mail_one`."""
    with transaction.atomic(durable=True):
        delivery = _due(DeliveryChannel.WEBHOOK).first()
        if delivery is None or delivery.webhook is None:
            return None
        webhook = delivery.webhook
        if webhook.disabled_at is not None or not delivery.notification.person.is_active:
            _give_up(delivery, error="The webhook is switched off.")
            return Outcome.GIVEN_UP
        began, status, error = time.monotonic(), None, ""
        try:
            status = post(delivery).status
        except (outgoing.NotAllowed, outgoing.Unreachable) as failed:
            error = str(failed)
        took = int((time.monotonic() - began) * 1000)
        if status is not None and 200 <= status < 300:
            _arrived(delivery, status=status, milliseconds=took)
            return Outcome.SENT
        error = error or f"The answer was {status}."
        if status == GONE:
            _give_up(delivery, status=status, milliseconds=took, error=error)
            switch_off(webhook, "Its address answered that it is gone (410).")
            return Outcome.GIVEN_UP
        _failed(delivery, status=status, milliseconds=took, error=error)
        _hold_back(webhook, delivery)
    return Outcome.FAILED


def _hold_back(webhook: Webhook, failed: Delivery) -> None:
    """What else waits for this address waits as long as what failed; when that is given up, the address is."""
    if failed.given_up_at is not None:
        switch_off(webhook, f"Nothing arrived there in {len(WAITS) + 1} tries over days.")
        return
    waiting = Delivery.objects.waiting().filter(webhook=webhook, due_at__lt=failed.due_at)
    held = waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1000]
    Delivery.objects.filter(pk__in=list(held)).update(due_at=failed.due_at)


def _arrived(row: Delivery, **told: Any) -> DeliveryTry:
    return _mark(row, delivered_at=timezone.now(), **told)


def _failed(row: Delivery, *, error: str, **told: Any) -> DeliveryTry:
    """To be tried again later, or given up after the last wait."""
    if row.tries >= len(WAITS):
        return _give_up(row, error=error, **told)
    return _mark(row, due_at=timezone.now() + WAITS[row.tries], error=error, **told)


def _give_up(row: Delivery, *, error: str, **told: Any) -> DeliveryTry:
    return _mark(row, given_up_at=timezone.now(), error=error, **told)


def _mark(
    row: Delivery, *, error: str = "", status: int | None = None, milliseconds: int | None = 0, **changes: Any
) -> DeliveryTry:
    """One more try, and what came of it."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.tries += 1
    row.save(update_fields=["tries", *changes])
    return DeliveryTry.objects.create(
        delivery=row, status=status, milliseconds=milliseconds or 0, error=error.replace("\0", "")[:LONGEST_ERROR]
    )
