"""Guests are let in by a link, shown one article or claim, and may answer or comment where the link says so."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.utils import timezone

from claims.actions import comments, contacts
from claims.actions.acting import acting, insert, lock_article, require, update
from claims.choices import GuestDid, GuestMay
from claims.models import Article, Claim, Comment, Contact, GuestLink, GuestUse, Person, Thread
from claims.models.guest import LONGEST
from claims.rules import Refusal, Refused

DAYS = 14
ONE_VISIT = timedelta(minutes=10)  # within which opening the page again is no other use
MOMENTS = timedelta(seconds=60)  # within which the same words again are the button pressed twice
MOST_A_DAY = 20
LONGEST_COMMENT, LONGEST_ANSWER = 10_000, 50_000  # characters
WRITING = (GuestDid.COMMENTED, GuestDid.ANSWERED)


class LinkNotValid(Exception):
    """A link that opens nothing. A stranger is not told whether it was forged, expired or revoked."""

    def __init__(self) -> None:
        super().__init__("This link is not valid (any more).")


def invite(
    *, article: Article, name: str, relation: str, may: str, by: Person, claim: Claim | None = None,
    contact: Contact | None = None, days: int = DAYS,
) -> tuple[GuestLink, str]:  # fmt: skip
    """Make a link for one guest, good for so many days; gives it and its token, which is kept nowhere.

    `claim` limits what is shown to that claim; `contact` is the question they are to answer, with `may` ANSWER. Raises
    Refused, or ValidationError by field.
    """
    require(by, "invite_guest", "invite guests")
    if not 1 <= days <= LONGEST.days:
        raise ValidationError({"days": f"A guest's link is good for 1 to {LONGEST.days} days."})
    _check(article, claim, contact, may)
    secret = secrets.token_urlsafe(32)
    link = GuestLink(
        article=article, claim=claim, name=name.strip(), relation=relation, may=may, contact=contact, made_by=by,
        digest=GuestLink.digest_of(secret), expires_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    with acting(by=by, action="guest.invite"):
        insert(link)
    return link, _signer().sign(secret)


def revoke(*, link: GuestLink, by: Person) -> GuestLink:
    """Close a link for good; one that is revoked already stays as it is. Raises Refused."""
    require(by, "invite_guest", "revoke guests' links")
    with acting(by=by, action="guest.revoke"):
        link = _held(link)
        if link.revoked_at is None:
            update(link, revoked_by=by, revoked_at=timezone.now())
    return link


def open_link(*, token: str) -> GuestLink:
    """The link that this token opens now. Raises LinkNotValid; for a forged token without asking the database."""
    try:
        secret = _signer().unsign(token)
    except BadSignature as error:
        raise LinkNotValid from error
    found = GuestLink.objects.usable().filter(digest=GuestLink.digest_of(secret))
    link = found.select_related("article__current_revision", "claim", "contact").first()
    if link is None:
        raise LinkNotValid
    return link


def note_use(*, link: GuestLink, did: str) -> GuestUse:
    """Put on record what a guest did. The page opened again within ten minutes is the same use.

    Raises Refused where the link does not allow it.
    """
    with acting(by=None, action="guest.use"):
        if did == GuestDid.OPENED:
            _held(link)
            visit = link.uses.filter(did=did, at__gt=timezone.now() - ONE_VISIT).first()
            if visit is not None:
                return visit
        use = GuestUse(link=link, did=did)
        insert(use)
    return use


def comment(*, link: GuestLink, text: str, claim: Claim | None = None) -> Comment:
    """A guest writes in their own thread on the claim or (without one) on what they are shown; the first words open it.

    The same words sent twice at once are one comment. Raises Refused, or ValidationError by field.
    """
    text = _said(text, "text", LONGEST_COMMENT, "Write your comment first.")
    with acting(by=None, action="guest.use"):
        link = _held(link)
        _insist(link, GuestMay.COMMENT, "This link does not let you comment.")
        claim = _shown(link, claim)
        own = link.threads.filter(claim=claim, evidence__isnull=True, verdict__isnull=True).order_by("id").first()
        if own is not None and (same := _sent_already(own, text)):
            return same
        _insist_on_limit(link)
        if own is None:
            opened = comments.open_thread(article=link.article, claim=claim, guest_link=link, text=text)
            said = opened.comments.get()
        else:
            said = comments.reply(thread=own, guest_link=link, text=text)
        note_use(link=link, did=GuestDid.COMMENTED)
    return said


def answer(*, link: GuestLink, text: str) -> Contact:
    """A guest answers the question they were asked; where the desk has closed it, late. The same answer sent twice is
    one. Raises Refused, or ValidationError by field.
    """
    text = _said(text, "answer", LONGEST_ANSWER, "Write your answer first.")
    with acting(by=None, action="guest.use"):
        link = _held(link)
        _insist(link, GuestMay.ANSWER, "This link does not ask you anything.")
        lock_article(link.article)  # before the question, as whoever of the desk closes it does
        contact = Contact.objects.select_for_update(of=("self",), no_key=True).get(guest_links=link)
        if contact.answered_by(link)[0] == text:
            return contact
        if not contact.takes_a_guests_answer:
            raise Refused([Refusal("question_is_open", "This question is closed: it waits for no answer any more.")])
        _insist_on_limit(link)
        contact = contacts.answer(contact=contact, answer=text, guest_link=link)
        note_use(link=link, did=GuestDid.ANSWERED)
    return contact


def _signer() -> Signer:
    return Signer(salt="guest")


def _check(article: Article, claim: Claim | None, contact: Contact | None, may: str) -> None:
    """The claim stands in the article, the question is about what is shown, and who answers has one."""
    if claim is not None and claim.article_id != article.pk:
        raise ValidationError({"claim": "Choose a claim of this article."})
    if claim is not None and claim.withdrawn_at is not None:
        raise ValidationError({"claim": "This claim is withdrawn: restore it first, or choose another."})
    if contact is not None and contact.article_id != article.pk:
        raise ValidationError({"contact": "Choose a question about this article."})
    if contact is not None and claim is not None and contact.claim_id != claim.pk:
        raise ValidationError({"contact": "Choose a question about this claim, or show the whole article."})
    if (may == GuestMay.ANSWER) != (contact is not None):
        said = "Choose the question that the guest is to answer; only then may they answer."
        raise ValidationError({"contact": said})


def _held(link: GuestLink) -> GuestLink:
    """The link as it is now, held until the transaction ends, so that what one guest does comes one by one."""
    held = GuestLink.objects.select_for_update(of=("self",), no_key=True)
    return held.select_related("article", "claim", "contact").get(pk=link.pk)


def _insist(link: GuestLink, may: str, otherwise: str) -> None:
    if not link.usable:
        raise Refused([Refusal("guest_link_is_valid", str(LinkNotValid()))])
    if link.may != may:
        raise Refused([Refusal("guest_may_do_this", otherwise)])


def _insist_on_limit(link: GuestLink) -> None:
    day = timezone.now() - timedelta(days=1)
    if link.uses.filter(did__in=WRITING, at__gt=day).count() >= MOST_A_DAY:
        said = (
            f"You have written {MOST_A_DAY} times within a day, which is as often as this page takes. Come back later."
        )
        raise Refused([Refusal("guest_writes_within_limits", said)])


def _shown(link: GuestLink, claim: Claim | None) -> Claim | None:
    """What the guest writes about: the one claim they are shown, or of the whole article what they chose."""
    if claim is None or claim == link.claim:
        return link.claim
    if link.claim is not None or claim.article_id != link.article_id or claim.withdrawn_at is not None:
        raise ValidationError({"about": "Choose a claim that you are shown."})
    return claim


def _said(text: str, field: str, most: int, otherwise: str) -> str:
    """The text without the space around it, checked. Raises ValidationError."""
    text = text.strip()
    if not text:
        raise ValidationError({field: otherwise})
    if len(text) > most:
        raise ValidationError({field: f"Write at most {most:,} characters; this is {len(text):,}."})
    return text


def _sent_already(thread: Thread, text: str) -> Comment | None:
    last = thread.comments.order_by("-id").first()
    just = last is not None and last.guest_link_id is not None and last.created_at > timezone.now() - MOMENTS
    return last if just and last is not None and last.text == text else None
