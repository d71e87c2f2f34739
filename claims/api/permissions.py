"""Who may come in. What somebody may then write, the actions say; what they may read, the QuerySets."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from claims.models import ApiToken


class DeskPermission(BasePermission):
    """An active person of the desk; with a token for reading alone, only to read."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not (request.user.is_authenticated and request.user.is_active):
            return False
        if isinstance(request.auth, ApiToken) and not request.auth.allows(str(request.method)):
            raise PermissionDenied("This token does not reach so far: use one with another scope.", code="scope")
        return True


class RecordPermission(DeskPermission):
    """The audit trail is for those whose role reads it."""

    message = "Your roles do not include this: read the audit trail."

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.has_perm("claims.view_record")


class ReportPermission(DeskPermission):
    """Readers' reports hold readers' addresses: they are for those whose role handles them."""

    message = "Your roles do not include this: handle readers' reports."

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.has_perm("claims.handle_report")
