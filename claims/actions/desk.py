"""People join and leave; their programs get tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils import timezone

from claims.actions.acting import acting, insert, require, update
from claims.choices import Role, Scope
from claims.models import ApiToken, DeskSettings, Person
from claims.models.desk import ALL_SCOPES
from claims.rules import Refusal, Refused

TOKEN_PREFIX = "fc_"  # noqa: S105  (what every token begins with, no secret)
DAYS = 90


def add_person(
    *,
    username: str,
    roles: Iterable[str],
    by: Person | None,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
) -> tuple[Person, str]:
    """Add somebody in these roles; gives the person and a password that is kept nowhere.

    `by` None means the machine's owner, from a command. Raises ValidationError for a taken or impossible name.
    """
    if by is not None:
        require(by, "add_person", "add people")
    named = [Role(role) for role in roles]
    if Person.objects.filter(username__iexact=username).exists():
        raise ValidationError({"username": f"There is a {username} already: choose another name."})
    password = secrets.token_urlsafe(12)
    with acting(by=by, action="desk.add_person"):
        person = Person(
            username=username,
            email=email,
            first_name=first_name,
            last_name=last_name,
            is_staff=True,
            is_active=True,
        )
        person.set_password(password)
        insert(person)
        person.groups.add(*Group.objects.filter(name__in=[role.value for role in named]))
    return person, password


def reset_password(*, person: Person, by: Person | None) -> str:
    """Give somebody a new password, told once; the old one stops working."""
    if by is not None:
        require(by, "change_person", "change people")
    password = secrets.token_urlsafe(12)
    with acting(by=by, action="desk.reset_password"):
        person.set_password(password)
        update(person, password=person.password)
    return password


def set_roles(*, person: Person, roles: Iterable[str], by: Person) -> None:
    """Put somebody in exactly these roles."""
    require(by, "change_person", "change people")
    with acting(by=by, action="desk.set_roles"):
        person.groups.set(Group.objects.filter(name__in=[Role(role).value for role in roles]))


def deactivate(*, person: Person, by: Person) -> None:
    """Somebody leaves the desk: no login, no token; all they did stays theirs."""
    require(by, "change_person", "change people")
    with acting(by=by, action="desk.deactivate"):
        update(person, is_active=False)


def reactivate(*, person: Person, by: Person) -> None:
    """Somebody comes back."""
    require(by, "change_person", "change people")
    with acting(by=by, action="desk.reactivate"):
        update(person, is_active=True)


def configure(*, by: Person, **changes: Any) -> DeskSettings:
    """Change the desk's settings (any field of DeskSettings). Raises Refused, or ValidationError by field."""
    require(by, "configure_desk", "change the desk's settings")
    names = {f.name for f in DeskSettings._meta.concrete_fields} - {"id", "updated_at"}
    if unknown := set(changes) - names:
        raise ValidationError({name: "This is no setting of the desk." for name in unknown})
    with acting(by=by, action="desk.configure"):
        settings = DeskSettings.objects.select_for_update(no_key=True).first()
        if settings is None:
            settings = DeskSettings(pk=1)
            insert(settings)
        update(settings, **changes)
    return settings


def issue_token(
    *,
    person: Person,
    by: Person | None,
    scopes: Iterable[str] = ALL_SCOPES,
    name: str = "",
    days: int = DAYS,
    networks: Iterable[str] = (),
) -> tuple[ApiToken, str]:
    """Make a bearer token good for so many days; gives it and the secret, which is kept nowhere.

    In: what it is good for, in words of Scope (at least one; READ goes without saying); the IP networks or addresses it
    may be used from, none for anywhere. A person may make tokens for themselves, in person: a program that was given a
    token makes no other. `by` None is the machine's owner. Raises Refused, or ValidationError by field.
    """
    if by is not None and by.pk != person.pk:
        require(by, "add_apitoken", "make tokens for others")
    words = _scope(scopes)
    if by is not None and by.scopes is not None and words != Scope.CALENDAR:
        raise Refused([Refusal("token_is_made_in_person", "A token makes no other: log in to make one.")])
    if not 1 <= days <= 3650:
        raise ValidationError({"days": "A token is good for 1 to 3650 days."})
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person=person, name=name, scope=words, networks=_networks(networks), digest=ApiToken.digest_of(secret),
        expires_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    with acting(by=by, action="desk.issue_token"):
        insert(token)
    return token, secret


def _scope(scopes: Iterable[str]) -> str:
    """These words of Scope as a token keeps them, each once. Raises ValidationError."""
    given = set(scopes)
    if unknown := given.difference(Scope.values):
        known = ", ".join(ALL_SCOPES)
        raise ValidationError({"scopes": f"There is no scope {', '.join(sorted(unknown))}: choose from {known}."})
    if not given or (Scope.CALENDAR in given and len(given) > 1):
        raise ValidationError({"scopes": "Choose what the token is good for; the calendar goes with nothing else."})
    return " ".join(scope for scope in Scope.values if scope in given)


def _networks(networks: Iterable[str]) -> str:
    """These IP networks as a token keeps them. Raises ValidationError."""
    try:
        return " ".join(str(ip_network(network)) for network in networks)
    except ValueError as wrong:
        raise ValidationError(
            {"networks": f"{wrong}: give networks such as 203.0.113.0/24 or 2001:db8::/32."}
        ) from None


def calendar_address(*, by: Person) -> str:
    """Make one's own secret for the calendar of deadlines, good for a year; the one before stops working.

    Out: the secret, which is kept nowhere.
    """
    with acting(by=by, action="desk.calendar_address"):
        for token in by.api_tokens.filter(scope=Scope.CALENDAR, revoked_at__isnull=True):
            revoke_token(token=token, by=by)
        _, secret = issue_token(person=by, by=by, scopes=[Scope.CALENDAR], name="Calendar", days=365)
    return secret


def revoke_token(*, token: ApiToken, by: Person) -> None:
    """Close a token for good; one's own, or anybody's with the permission."""
    if by.pk != token.person_id:
        require(by, "change_apitoken", "revoke others' tokens")
    with acting(by=by, action="desk.revoke_token"):
        update(token, revoked_at=token.revoked_at or timezone.now())
