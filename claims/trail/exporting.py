"""The sealed trail for somebody else's keeping: enough to compute the tree anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, takewhile

from claims.models import Article, AuditEvent, Checkpoint, SigningKey
from claims.proofs import verifier
from claims.trail.proofs import opened

CHUNK = 1_000


def export(*, since: int, article: Article | None, text: bool) -> Iterator[bytes]:
    """A line of canonical JSON for every event under the last checkpoint, in the tree's order, and one that ends it.

    In: from which tree size on; the article whose texts are opened (None: all), and whether any are.
    """
    last = Checkpoint.objects.first()
    size = last.size if last else 0
    for begin in takewhile(lambda at: at < size, count(since, CHUNK)):
        events = AuditEvent.objects.filter(leaf__index__gte=begin, leaf__index__lt=min(begin + CHUNK, size))
        for event in events.select_related("leaf").order_by("leaf__index").opened():
            shown = text and (article is None or event.article_id == article.pk)
            yield verifier.canonical({
                "event": bytes(event.bytes).decode(),
                "index": event.leaf.index,
                "openings": opened(event.openings.all()) if shown else {},
            })  # fmt: skip
    yield verifier.canonical({
        "checkpoint": last.note if last else "",
        "keys": list(SigningKey.objects.order_by("pk").values_list("verifier", flat=True)),
        "size": size,
    })  # fmt: skip
