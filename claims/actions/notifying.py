"""People are told what concerns them, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils import timezone

from claims.actions.acting import acting, update
from claims.choices import NotificationKind
from claims.models import Article, Claim, Comment, Contact, Notification, Person, ReaderReport

Kind = NotificationKind
Whom = Iterable[Person | None]


def tell(
    kind: NotificationKind, people: Iterable[Person | None], *, by: Person | None, article: Article | None = None,
    claim: Claim | None = None, comment: Comment | None = None, report: ReaderReport | None = None,
    contact: Contact | None = None,
) -> None:  # fmt: skip
    """Tell each of these people, once, of a claim, article, comment, report or question. Called within an action.

    Left out are who does it (`by`), who has left the desk, and who has not yet read that they were told the same. How
    it reaches them is in the outbox with it: a trigger fills that.
    """
    told = {person.pk: person for person in people if person is not None and person.is_active and person != by}
    article = article or (claim.article if claim else None)
    Notification.objects.bulk_create(
        [
            Notification(person=told[pk], kind=kind, by=by, article=article, claim=claim, comment=comment,
                         report=report, contact=contact)
            for pk in sorted(told)
        ],
        ignore_conflicts=True,
    )  # fmt: skip


# ---------------------------------------------------------------- who is told what


def those_who_may(permission: str) -> QuerySet[Person]:
    """Everybody active whose roles include this (a codename). Superusers are not told of what is anybody's work."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return Person.objects.with_perm(f"claims.{permission}", backend=backend, include_superusers=False)


def may_judge(claim: Claim) -> Whom:
    """Who may judge this claim: neither researched it nor stepped back from it."""
    return _unconcerned(claim, "judge")


def settle_disputes(claim: Claim) -> Whom:
    """Who may adjudicate it, having neither researched nor reviewed it nor stepped back; and who leads the article."""
    return [*_unconcerned(claim, "adjudicate").exclude(verdicts__claim=claim), claim.article.lead]


def lead_or_signers(article: Article) -> Whom:
    """Who leads the article; where nobody does, those who may sign it off and did not work on it."""
    if article.lead is not None and article.lead.is_active:
        return [article.lead]
    free = those_who_may("sign_off").exclude(contributions__claim__article=article)
    if article.signer_may_have_judged:
        return free
    return free.exclude(verdicts__claim__article=article).exclude(decisions__claim__article=article)


def all_who_go_on(article: Article) -> Whom:
    """Who leads the article, who may publish it, and who works on its claims."""
    assigned = Person.objects.filter(assigned_claims__article=article, assigned_claims__withdrawn_at__isnull=True)
    return [article.lead, *those_who_may("publish"), *assigned.distinct()]


def assignee(claim: Claim) -> Whom:
    return [claim.assignee]


def _unconcerned(claim: Claim, permission: str) -> QuerySet[Person]:
    free = those_who_may(permission).exclude(contributions__claim=claim)
    return free.exclude(recusals__claim=claim)


@dataclass(frozen=True, slots=True)
class Telling:
    """Something that happens to a claim or an article: as what, and to whom, it is told."""

    kind: NotificationKind
    whom: Callable[[Claim], Whom]


# By the names of claims.workflow: what follows from a step of a claim, or from the last verdict of its round. That a
# verdict is filed is told nobody: in blind review nobody but its reviewer knows of it until the round closes.
OF_CLAIMS: Mapping[str, Telling] = {
    "submit_for_review": Telling(Kind.YOUR_TURN, may_judge),
    "return_to_research": Telling(Kind.YOUR_TURN, assignee),
    "reopen": Telling(Kind.YOUR_TURN, assignee),
    "differ": Telling(Kind.DISPUTED, settle_disputes),
}


@dataclass(frozen=True, slots=True)
class TellingOfArticle:
    kind: NotificationKind
    whom: Callable[[Article], Whom]


OF_ARTICLES: Mapping[str, TellingOfArticle] = {
    "settled": TellingOfArticle(Kind.YOUR_TURN, lead_or_signers),
    "sign_off": TellingOfArticle(Kind.SIGNED_OFF, all_who_go_on),
}


def tell_of_claim(claim: Claim, happened: str, *, by: Person | None, assigned_before: int | None) -> None:
    """Tell whom it concerns that this happened to a claim, and somebody new that it is theirs.

    In: the step's name (any other concerns nobody), and the id of who was assigned to the claim before.
    """
    told = OF_CLAIMS.get(happened)
    if told is not None:
        tell(told.kind, told.whom(claim), by=by, claim=claim)
    if claim.assignee_id not in (None, assigned_before):
        tell(Kind.ASSIGNMENT, [claim.assignee], by=by, claim=claim)


def tell_of_article(article: Article, happened: str, *, by: Person | None) -> None:
    """Tell whom it concerns that this happened to an article: `settled` or `sign_off`."""
    told = OF_ARTICLES[happened]
    tell(told.kind, told.whom(article), by=by, article=article)


# ---------------------------------------------------------------- reading them


def mark_read(*, by: Person, notification: Notification | None = None) -> int:
    """Mark one of one's own notifications as read, or all; gives how many were unread.

    Raises ObjectDoesNotExist for somebody else's.
    """
    own = Notification.objects.visible_to(by)
    if notification is not None:
        own = own.filter(pk=notification.pk)
        if not own.exists():
            raise ObjectDoesNotExist
    with acting(by=by, action="notification.read"):
        return own.unread().update(read_at=timezone.now())


def set_email_mode(*, mode: str, by: Person) -> Person:
    """How one's own notifications come by e-mail from now on (choices.EmailMode). Raises ValidationError."""
    with acting(by=by, action="desk.set_email_mode"):
        person = Person.objects.select_for_update(no_key=True).get(pk=by.pk)
        if person.email_mode != mode:
            update(person, email_mode=mode)
    return person
