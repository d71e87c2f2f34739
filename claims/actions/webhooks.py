"""People add addresses of their programs, which are told what they are told, and switch them off and on."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from claims import outgoing
from claims.actions.acting import acting, insert, require, update
from claims.choices import NotificationKind
from claims.models import Person, Webhook
from claims.rules import Refusal, Refused

SECRET_PREFIX = "whsec_"  # noqa: S105  (what every secret begins with, no secret)
MOST = 10
BY_ITS_OWNER = "Switched off by its owner."


def add_webhook(*, url: str, by: Person, kinds: Iterable[str] = ()) -> tuple[Webhook, str]:
    """Have an address told what one is told; gives the webhook and the secret that signs what is sent there.

    In: an https address, and the kinds of notification it is told of (none: all). Raises Refused where there are
    enough of them, ValidationError by field; what the name of the address stands for is looked at at every sending.
    """
    try:
        outgoing.target_of(url, settings.WEBHOOK_ALLOW)
    except outgoing.NotAllowed as wrong:
        raise ValidationError({"url": str(wrong)}) from None
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    wanted = set(kinds)
    if unknown := wanted - set(NotificationKind.values):
        raise ValidationError({"kinds": f"There is no kind {', '.join(sorted(unknown))}."})
    with acting(by=by, action="webhook.add"):
        _insist_on_few(by)
        webhook = Webhook(person=by, url=url, secret=secret, kinds=[k for k in NotificationKind.values if k in wanted])
        insert(webhook)
    return webhook, secret


def disable_webhook(*, webhook: Webhook, by: Person, reason: str = "") -> Webhook:
    """Nothing more is sent there; one's own, or anybody's with the permission. What waits is given up."""
    if by.pk != webhook.person_id:
        require(by, "change_webhook", "switch off others' webhooks")
    with acting(by=by, action="webhook.disable", reason=reason):
        webhook = _held(webhook)
        if webhook.disabled_at is None:
            own = by.pk == webhook.person_id
            said = reason.strip() or (BY_ITS_OWNER if own else f"Switched off by {by.name}.")
            update(webhook, disabled_at=timezone.now(), disabled_reason=said[:300])
    return webhook


def enable_webhook(*, webhook: Webhook, by: Person) -> Webhook:
    """What is told from now on is sent there again; what was missed is not. Only one's own. Raises Refused."""
    if by.pk != webhook.person_id:
        raise Refused([Refusal("not_permitted", "Your roles do not include this: switch on others' webhooks.")])
    with acting(by=by, action="webhook.enable"):
        _insist_on_few(by, besides=webhook)
        webhook = _held(webhook)
        if webhook.disabled_at is not None:
            update(webhook, disabled_at=None, disabled_reason="")
    return webhook


def switch_off(webhook: Webhook, reason: str) -> None:
    """The desk itself gives an address up: it answers that it is gone, or nothing arrived there for days."""
    with acting(by=None, action="webhook.switch_off", reason=reason):
        webhook = _held(webhook)
        if webhook.disabled_at is None:
            update(webhook, disabled_at=timezone.now(), disabled_reason=reason[:300])


def _held(webhook: Webhook) -> Webhook:
    return Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)


def _insist_on_few(by: Person, besides: Webhook | None = None) -> None:
    """Counted under the person's lock. Raises Refused."""
    Person.objects.select_for_update(no_key=True).get(pk=by.pk)
    there = Webhook.objects.filter(person=by, disabled_at__isnull=True)
    if besides is not None:
        there = there.exclude(pk=besides.pk)
    if there.count() >= MOST:
        raise Refused([Refusal("webhooks_are_few", f"You have {MOST} webhooks already: switch one off first.")])
