"""How people name what is on the trail, at the command line: `claim:12`, `article:the-slug`, `event:77`."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.dateparse import parse_date, parse_datetime

from claims.models import Article, AuditEvent, Person

LONGEST = 18  # digits that always fit a bigint


class NoSuchThing(Exception):
    """What was named is not there, or not named so; the message says how it is."""


def named(text: str) -> tuple[str, int]:
    """`TYPE:ID` as the trail's kind of object and its id; `event:SEQ` as ("auditevent", SEQ). Raises NoSuchThing."""
    kind, _, number = text.partition(":")
    if not number.isdecimal() or len(number) > LONGEST:
        raise NoSuchThing(f"{text} names nothing: write TYPE:ID, such as claim:12, or event:77.")
    return ("auditevent" if kind == "event" else kind), int(number)


def last_event_of(text: str) -> AuditEvent:
    """The last event on an object, or the event itself. Raises NoSuchThing."""
    kind, number = named(text)
    found = AuditEvent.objects.filter(seq=number) if kind == "auditevent" else AuditEvent.objects.filter(
        object_type=kind, object_id=number)  # fmt: skip
    event = found.order_by("-seq").first()
    if event is None:
        raise NoSuchThing(f"There is nothing on record of {text}.")
    return event


def article(text: str) -> Article:
    """An article by its id or slug. Raises NoSuchThing."""
    by_id = text.isdecimal() and len(text) <= LONGEST
    found = Article.objects.filter(pk=int(text)) if by_id else Article.objects.filter(slug=text)
    if (one := found.first()) is None:
        raise NoSuchThing(f"There is no article {text}: give its id or its slug.")
    return one


def active_person(name: str) -> Person:
    """Who acts, by the name they log in with. Raises NoSuchThing."""
    found = Person.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise NoSuchThing(f"There is no active person {name}.")
    return found


def moment_or_size(text: str) -> datetime | int:
    """A time in UTC (`2026-05-03` is the end of that day), or the size of a tree. Raises NoSuchThing."""
    try:
        if text.isdecimal() and len(text) <= LONGEST:
            return int(text)
        if moment := parse_datetime(text):
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if day := parse_date(text):
            return datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=UTC)
    except ValueError:
        pass
    raise NoSuchThing(f"{text} is neither a time, such as 2026-05-03T14:00:00Z, nor the size of a tree.")
