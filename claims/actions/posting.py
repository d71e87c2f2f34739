"""Notifications as webhooks, by Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from django.conf import settings
from django.urls import reverse

from claims import outgoing
from claims.models import Delivery

USER_AGENT = "Factcheck-Webhooks/1"


def body_of(delivery: Delivery) -> bytes:
    """What is sent, the same at every try: ids and addresses alone. What it is about is read at the desk, by somebody
    who may.
    """
    row = delivery.notification
    data = {
        "id": row.pk, "kind": row.kind, "article": row.article_id, "claim": row.claim_id,
        "url": settings.SITE_URL + reverse("admin:notification", args=[row.pk]),
    }  # fmt: skip
    said = {"type": f"notification.{row.kind}", "timestamp": row.created_at.isoformat(), "data": data}
    return json.dumps(said, separators=(",", ":")).encode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body` under the secret.

    In: the secret as its owner has it (`whsec_` and base64); seconds since 1970.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


def post(delivery: Delivery) -> outgoing.Answer:
    """Send a delivery to its webhook. Raises outgoing.NotAllowed or outgoing.Unreachable."""
    webhook = delivery.webhook
    if webhook is None:
        raise ValueError(f"{delivery} goes by no webhook.")
    body, now = body_of(delivery), int(time.time())
    headers = {
        "Content-Type": "application/json", "User-Agent": USER_AGENT, "webhook-id": delivery.message_id,
        "webhook-timestamp": str(now), "webhook-signature": signature(webhook.secret, delivery.message_id, now, body),
    }  # fmt: skip
    return outgoing.post(webhook.url, body, headers, allowed=settings.WEBHOOK_ALLOW)
