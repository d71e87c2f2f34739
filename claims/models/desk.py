"""The people of the desk and the tokens their programs use."""

from __future__ import annotations

import hashlib

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils import timezone

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


class Person(AbstractUser):
    """A person of the desk. People are deactivated (`is_active`), never deleted: the record speaks of them."""

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
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.WRITE)
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

    def allows(self, method: str) -> bool:
        """Whether a request of this HTTP method is within the token's scope."""
        if self.scope == Scope.CALENDAR:
            return False
        return self.scope == Scope.WRITE or method in {"GET", "HEAD", "OPTIONS"}
