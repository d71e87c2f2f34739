"""Bearer tokens of the desk's people (RFC 6750), and how often may be called."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from claims.actions import admission
from claims.models import ApiToken, Person
from factcheck.addresses import address_of, neighbourhood


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer fc_…`. Other schemes are left to the next class; a bad token is a 401.

    Every call is counted here, whatever it comes with: guessing tokens soon is a 429, and so is calling too often.
    """

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        address = address_of(request)
        if scheme.lower() != "bearer":
            _insist(admission.count(neighbourhood(address)))
            return None
        admitted = admission.admit(neighbourhood(address), secret.strip())
        _insist(admitted.wait)
        token = admitted.token
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        if not token.works_from(address):
            raise AuthenticationFailed(f"This token is not to be used from {address or 'an unknown address'}.")
        admission.note_use(token)
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="factcheck"'


def _insist(wait: float) -> None:
    if wait:
        raise Throttled(wait=wait, detail="You call too often.")
