"""The desk's settings: read by everybody, changed by those who may configure it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import desk
from claims.api import etags
from claims.api.base import Door
from claims.api.examples import examples
from claims.api.fields import RowSerializer, said
from claims.models import DeskSettings


@examples({"Ask for two primary sources": {"primary_needed": 2, "secondary_needed": 4}})  # fmt: skip
class DeskSettingsSerializer(RowSerializer):
    """What the desk has settled for all its articles."""

    class Meta:
        model = DeskSettings
        fields = ("primary_needed", "secondary_needed", "quorum", "votes_to_carry", "blind", "publish_dissent")
        extra_kwargs = said()


class DeskSettingsDoor(Door):
    noun, nouns = "settings of the desk", "settings of the desk"
    serializer_class = DeskSettingsSerializer
    queryset = DeskSettings.objects.all()
    sparse = False

    @extend_schema(responses=DeskSettingsSerializer)
    def show(self, request: Request) -> Response:
        """Show the desk's settings"""
        return Response(self.shown(DeskSettings.of_the_desk()))

    @extend_schema(request=DeskSettingsSerializer, responses={200: DeskSettingsSerializer})
    def partial_update(self, request: Request) -> Response:
        """Change the desk's settings"""
        etags.insist_on_if_match(request)
        with transaction.atomic():
            shown: Any = self.shown(DeskSettings.objects.select_for_update().first() or DeskSettings.of_the_desk())
            etags.insist_on_match(request, shown)
            changes = self.body(partial=True)
            if changes:
                desk.configure(by=self.person, **changes)
            return Response(self.shown(DeskSettings.of_the_desk()))
