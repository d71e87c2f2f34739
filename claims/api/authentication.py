"""Bearer tokens of the desk's people (RFC 6750)."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from claims.models import ApiToken, Person

USE_IS_NOTED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer fc_…`. Other schemes are left to the next class; a bad token is a 401."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = ApiToken.digest_of(secret.strip().encode("utf-8", "replace").decode())
        token = ApiToken.objects.usable().select_related("person").filter(digest=digest).first()
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        now = timezone.now()
        # One write a minute: a busy program's token row would otherwise be the hottest of the database.
        ApiToken.objects.filter(
            Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY), pk=token.pk
        ).update(last_used_at=now)
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="factcheck"'
