"""People are told what concerns them, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Iterable

from claims.choices import NotificationKind
from claims.models import Article, Claim, Comment, Notification, Person, ReaderReport


def tell(
    kind: NotificationKind, people: Iterable[Person | None], *, by: Person | None, article: Article | None = None,
    claim: Claim | None = None, comment: Comment | None = None, report: ReaderReport | None = None,
) -> None:  # fmt: skip
    """Tell each of these people, once, of a claim, article, comment or report. Called within an action.

    Left out are who does it (`by`), who has left the desk, and who has not read yet that they were told the same. How
    it reaches them is in the outbox with it: a trigger fills that.
    """
    told = {person.pk: person for person in people if person is not None and person.is_active and person != by}
    about = {"article": article or (claim.article if claim else None), "claim": claim, "comment": comment}
    Notification.objects.bulk_create(
        [Notification(person=told[pk], kind=kind, by=by, report=report, **about) for pk in sorted(told)],
        ignore_conflicts=True,
    )
