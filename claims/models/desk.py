"""The people of the desk and the tokens their programs use."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from ipaddress import ip_address, ip_network
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils import timezone
from django.utils.functional import cached_property

from claims.choices import EmailMode, Role, Scope

# What each role may do when the desk is set up; from then on the groups' permissions say it, not this table.
# The permissions themselves stand in the Meta of the model they are about.
ROLE_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.RESEARCHER: ("receive_article", "write_claim", "triage", "set_aside", "confirm_set_aside", "mark_duplicate",
                      "write_source", "cite_evidence", "submit_for_review", "mark_non_factual", "view_confidential",
                      "withdraw_claim", "comment", "log_contact"),
    Role.REVIEWER: ("confirm_set_aside", "judge", "return_to_research", "view_confidential", "comment"),
    Role.ADJUDICATOR: ("confirm_set_aside", "adjudicate", "return_to_research", "view_confidential", "comment"),
    Role.EDITOR: ("receive_article", "edit_article", "write_claim", "triage", "set_aside", "confirm_set_aside",
                  "mark_duplicate", "mark_non_factual", "return_to_research", "reopen", "sign_off",
                  "withdraw_article", "view_record", "view_confidential", "withdraw_claim", "comment", "log_contact",
                  "invite_guest", "configure_desk", "handle_report"),
    Role.PUBLISHER: ("confirm_set_aside", "publish", "correct", "comment", "handle_report"),
    Role.AUDITOR: ("confirm_set_aside", "view_record", "view_confidential", "view_blind_verdicts"),
}  # fmt: skip


# Which roles' permissions a token of each scope may use, where its person has them. Every scope reads; what is
# confidential, where the person may. What no role has (people, others' tokens) goes with EDIT.
SCOPE_ROLES: dict[Scope, tuple[Role, ...]] = {
    Scope.READ: (),
    Scope.RESEARCH: (Role.RESEARCHER,),
    Scope.REVIEW: (Role.REVIEWER, Role.ADJUDICATOR),
    Scope.EDIT: (Role.EDITOR,),
    Scope.PUBLISH: (Role.PUBLISHER,),
    Scope.AUDIT: (Role.AUDITOR,),
}
READS = frozenset({Scope.READ, Scope.AUDIT})
ALL_SCOPES = tuple(SCOPE_ROLES)
OF_ROLES = frozenset(code for codes in ROLE_PERMISSIONS.values() for code in codes)


def within(scopes: Collection[str], codename: str) -> bool:
    """Whether a token of these scopes may use this permission of the desk."""
    if codename == "view_confidential":
        return True
    if codename not in OF_ROLES:
        return Scope.EDIT in scopes
    return any(codename in ROLE_PERMISSIONS[role] for scope in scopes for role in SCOPE_ROLES.get(Scope(scope), ()))


class Person(AbstractUser):
    """A person of the desk. People are deactivated (`is_active`), never deleted: the record speaks of them.

    What somebody may is what their roles include (`holds`); a program that comes with a token for them may no more than
    that, and only within the token's scopes (`has_perm`).
    """

    scopes: Collection[str] | None = None  # of the token that this person's program came with; None: in person

    email_mode = models.CharField(
        "e-mail", max_length=10, choices=EmailMode, default=EmailMode.EACH, db_default="", blank=True,
        help_text="How notifications come by e-mail, where there is an address.",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "people"
        ordering = ("username",)

    @property
    def name(self) -> str:
        """How the desk and its public pages call this person."""
        return self.get_full_name() or self.username

    @cached_property
    def of_roles(self) -> frozenset[str]:
        """The permissions of the desk that the roles include, such as `claims.judge`, whatever a token allows."""
        return frozenset(name for name in super().get_all_permissions() if name.startswith("claims."))

    @property
    def of_the_desk(self) -> bool:
        """Whether any role makes this active person one of the desk."""
        return self.is_active and bool(self.of_roles)

    def holds(self, perm: str) -> bool:
        """Whether the roles include this, whatever a token allows."""
        return self.is_active and (self.is_superuser or perm in self.of_roles)

    def lacks(self, perm: str) -> str:
        """Why this person may not use a permission now, as the beginning of a sentence; empty when they may."""
        if not self.holds(perm):
            return "Your roles do not include this"
        if self.scopes is not None and not within(self.scopes, perm.removeprefix("claims.")):
            return "The scopes of your token do not include this"
        return ""

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return not self.lacks(perm) if perm.startswith("claims.") else super().has_perm(perm, obj)

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        return {name for name in super().get_all_permissions(obj) if self.has_perm(name)}


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> ApiTokenQuerySet:
        """Tokens that open a door now: not revoked, not expired, of an active person."""
        now = timezone.now()
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            revoked_at__isnull=True,
            person__is_active=True,
        )


class ApiToken(models.Model):
    """A bearer token. The secret is shown once; only its SHA-256 is kept (it is random, so that is enough)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=100, help_text="What it is good for: words of Scope, with spaces between.")
    networks = models.CharField(
        max_length=500, blank=True, default="", db_default="",
        help_text="The networks it may be used from, such as 203.0.113.0/24, with spaces between; empty: any.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = (
            CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=models.F("created_at")),
                name="token_expires_after_it_was_made",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name or 'token'} of {self.person_id}"

    @staticmethod
    def digest_of(secret: str) -> str:
        """The form in which a token's secret is kept: hex SHA-256 of its UTF-8 bytes."""
        return hashlib.sha256(secret.encode()).hexdigest()

    @property
    def scopes(self) -> list[str]:
        """What the token is good for, as words of Scope."""
        return self.scope.split()

    @property
    def from_networks(self) -> list[str]:
        """The networks it may be used from; empty: from anywhere."""
        return self.networks.split()

    def allows(self, method: str) -> bool:
        """Whether a request of this HTTP method is within the token's scopes at all."""
        if Scope.CALENDAR in self.scopes:
            return False
        return method in {"GET", "HEAD", "OPTIONS"} or not READS.issuperset(self.scopes)

    def works_from(self, address: str) -> bool:
        """Whether it may be used from this IP address; an address that is none is in no network."""
        if not self.networks:
            return True
        try:
            here = ip_address(address)
        except ValueError:
            return False
        return any(here in ip_network(network) for network in self.from_networks)
