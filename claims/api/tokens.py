"""My programs' tokens: made in person, listed, revoked."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import desk
from claims.api.base import Listed, Shown
from claims.api.examples import examples
from claims.api.fields import Choice, Nothing, RowSerializer, StrictSerializer, Text, Whole, Words, said
from claims.api.filtering import FlagFilter
from claims.choices import Scope
from claims.models import ApiToken


class TokenSerializer(RowSerializer):
    """A program's token. Its secret is told once, when it is made."""

    scopes = serializers.ListField(child=Choice(choices=Scope.choices), help_text="What it is good for.")
    networks = Words(source="from_networks", help_text="The networks it may be used from; none: from anywhere.")

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            "id", "name", "scopes", "networks", "created_at", "expires_at", "last_used_at", "revoked_at",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The token's id.", name="What its owner calls it.", created_at="When it was made.",
            expires_at="When it ends, or null.", last_used_at="When it was last used, to the minute, or null.",
            revoked_at="When it was revoked, or null.",
        )  # fmt: skip


@examples({"For a program that enters claims from one network": {
    "name": "Importer", "scopes": ["read", "research"], "networks": ["192.0.2.0/24"], "days": 90,
}})  # fmt: skip
class TokenWanted(StrictSerializer):
    """A new token for a program of mine."""

    name = Text(required=False, allow_blank=True, max_length=100, help_text="What you call it.")
    scopes = serializers.ListField(
        child=Choice(choices=Scope.choices), required=False, max_length=20,
        help_text="What it is good for; everything by default.",
    )  # fmt: skip
    networks = Words(required=False, max_text=50, help_text="The networks it may be used from; none: from anywhere.")
    days = Whole(required=False, help_text=f"How long it is good for, 1 to 3650; {desk.DAYS} by default.")


class TokenMade(TokenSerializer):
    """With the secret, this once."""

    secret = Text(read_only=True, help_text="What the program sends as `Authorization: Bearer …`. It is kept nowhere.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "secret")
        read_only_fields = fields


class TokenFilters(django_filters.FilterSet):
    revoked = FlagFilter("Revoked tokens, or the others.", condition=Q(revoked_at__isnull=False))


class TokenDoor(Listed, Shown):
    noun, nouns = "token", "tokens of my programs"
    place = "me/tokens"
    serializer_class = TokenSerializer
    filterset_class = TokenFilters
    ordering_fields = ("created_at", "expires_at", "last_used_at")
    queryset = ApiToken.objects.all()

    def get_queryset(self) -> QuerySet:
        found: QuerySet[Any] = super().get_queryset()
        return found.filter(person=self.person) if self.person.pk else found.none()

    @extend_schema(request=TokenWanted, responses={201: TokenMade})
    def create(self, request: Request) -> Response:
        """Make a token for a program of mine

        In person, that is in a session: a program makes no token for another. The answer holds the secret, this once.
        """
        token, secret = desk.issue_token(person=self.person, by=self.person, **self.body(TokenWanted))
        return self.made(token, secret=secret)


class TokenRevocationDoor(TokenDoor):
    @extend_schema(request=None, responses={200: TokenSerializer}, filters=False)
    def revoke(self, request: Request, pk: int) -> Response:
        """Revoke a token of mine

        It opens nothing any more; there is no way back.
        """
        token = self.row(pk)
        self.body(Nothing)
        desk.revoke_token(token=token, by=self.person)
        return Response(self.shown(self.row(pk)))
