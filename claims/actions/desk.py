"""People join and leave; their programs get tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils import timezone

from claims.actions.acting import acting, insert, require, update
from claims.choices import Role, Scope
from claims.models import ApiToken, DeskSettings, Person

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
    *, person: Person, by: Person | None, scope: str = Scope.WRITE, name: str = "", days: int = DAYS
) -> tuple[ApiToken, str]:
    """Make a bearer token good for so many days; gives it and the secret, which is kept nowhere.

    A person may make tokens for themselves; `by` None is the machine's owner.
    """
    if by is not None and by.pk != person.pk:
        require(by, "add_apitoken", "make tokens for others")
    if not 1 <= days <= 3650:
        raise ValidationError({"days": "A token is good for 1 to 3650 days."})
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person=person, name=name, scope=scope, digest=ApiToken.digest_of(secret),
        expires_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    with acting(by=by, action="desk.issue_token"):
        insert(token)
    return token, secret


def calendar_address(*, by: Person) -> str:
    """Make one's own secret for the calendar of deadlines, good for a year; the one before stops working.

    Out: the secret, which is kept nowhere.
    """
    with acting(by=by, action="desk.calendar_address"):
        for token in by.api_tokens.filter(scope=Scope.CALENDAR, revoked_at__isnull=True):
            revoke_token(token=token, by=by)
        _, secret = issue_token(person=by, by=by, scope=Scope.CALENDAR, name="Calendar", days=365)
    return secret


def revoke_token(*, token: ApiToken, by: Person) -> None:
    """Close a token for good; one's own, or anybody's with the permission."""
    if by.pk != token.person_id:
        require(by, "change_apitoken", "revoke others' tokens")
    with acting(by=by, action="desk.revoke_token"):
        update(token, revoked_at=token.revoked_at or timezone.now())
