"""The lists that can be asked for by a name that somebody keeps: of each, its place under /api/v1/."""

from __future__ import annotations

from claims.api.articles import ArticleDoor
from claims.api.audit_events import AuditEventDoor
from claims.api.base import Door
from claims.api.claims import ClaimDoor
from claims.api.comments import CommentDoor
from claims.api.contacts import ContactDoor
from claims.api.corrections import CorrectionDoor
from claims.api.decisions import DecisionDoor
from claims.api.evidence import EvidenceDoor
from claims.api.publications import PublicationDoor
from claims.api.sources import SourceDoor
from claims.api.threads import ThreadDoor
from claims.api.verdicts import VerdictDoor

LISTS: dict[str, type[Door]] = {
    door.place: door
    for door in (
        ArticleDoor, AuditEventDoor, ClaimDoor, CommentDoor, ContactDoor, CorrectionDoor, DecisionDoor, EvidenceDoor,
        PublicationDoor, SourceDoor, ThreadDoor, VerdictDoor,
    )
}  # fmt: skip
