"""What guests say to the desk."""

from __future__ import annotations

from claims.actions.acting import acting, insert
from claims.models import Article, Claim, Comment, GuestLink, Thread


def open_thread(*, article: Article, text: str, guest_link: GuestLink, claim: Claim | None = None) -> Thread:
    """Open a guest's own thread with its first comment."""
    with acting(by=None, action="comment.open"):
        thread = Thread(article=article, claim=claim, guest_link=guest_link)
        insert(thread)
        insert(Comment(thread=thread, guest_link=guest_link, text=text))
    return thread


def reply(*, thread: Thread, text: str, guest_link: GuestLink) -> Comment:
    """Add to a guest's own thread."""
    with acting(by=None, action="comment.reply"):
        comment = Comment(thread=thread, guest_link=guest_link, text=text)
        insert(comment)
    return comment
