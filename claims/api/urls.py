"""Every address of the API, in one table."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path, register_converter

from claims.api.articles import ArticleDoor, CoverageDoor
from claims.api.audit_events import AuditEventDoor
from claims.api.audit_proofs import CheckpointDoor, ProofDoor
from claims.api.base import NoSuchAddress
from claims.api.claim_steps import ClaimStepsDoor
from claims.api.claims import ClaimAnchorDoor, ClaimDoor
from claims.api.corrections import CorrectionDoor, PublicationCorrectionDoor
from claims.api.decisions import DecisionDoor
from claims.api.docs import DocsView, SchemaView
from claims.api.evidence import EvidenceDoor, EvidenceWithdrawalDoor
from claims.api.me import MeDoor
from claims.api.notifications import NotificationDoor, NotificationReadDoor
from claims.api.publications import ArticlePublicationDoor, PublicationDoor
from claims.api.rating_scales import RatingScaleDoor
from claims.api.revisions import LinkDoor, MarkDoor, RevisionDoor
from claims.api.signoffs import ArticleStepsDoor, SignOffDoor
from claims.api.sources import SourceDoor
from claims.api.verdicts import VerdictDoor
from claims.api.webhooks import WebhookDeliveryDoor, WebhookDoor, WebhookSwitchDoor


class Id:
    """An id that a row can have: at most eighteen digits, so that it always fits the database's integers."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class Number(Id):
    """The number of a revision within its article."""

    regex = "[0-9]{1,9}"


register_converter(Id, "id")
register_converter(Number, "number")

LIST: dict[str, Any] = {"get": "list"}
LIST_AND_CREATE: dict[str, Any] = {"get": "list", "post": "create"}
SHOW: dict[str, Any] = {"get": "retrieve"}
SHOW_AND_EDIT: dict[str, Any] = {"get": "retrieve", "patch": "partial_update"}
STEPS: dict[str, Any] = {"get": "offered", "post": "take"}
CREATE: dict[str, Any] = {"post": "create"}
SHOW_ONE: dict[str, Any] = {"get": "show"}
SHOW_ONE_AND_CREATE = SHOW_ONE | CREATE
SETTLE: dict[str, Any] = {"post": "settle"}
WITHDRAW: dict[str, Any] = {"post": "withdraw"}
DELETE: dict[str, Any] = {"delete": "destroy"}

app_name = "api"
urlpatterns = [
    path("articles/", ArticleDoor.as_view(LIST_AND_CREATE)),
    path("articles/<id:pk>/", ArticleDoor.as_view(SHOW_AND_EDIT)),
    path("articles/<id:article_id>/revisions/", RevisionDoor.as_view(LIST_AND_CREATE)),
    path("articles/<id:article_id>/revisions/<number:number>/", RevisionDoor.as_view(SHOW)),
    path("articles/<id:article_id>/links/", LinkDoor.as_view(LIST)),
    path("articles/<id:article_id>/coverage/", CoverageDoor.as_view(SHOW_ONE)),
    path("articles/<id:article_id>/non-factual/", MarkDoor.as_view(LIST_AND_CREATE)),
    path("articles/<id:article_id>/non-factual/<id:pk>/", MarkDoor.as_view(DELETE)),
    path("articles/<id:article_id>/steps/", ArticleStepsDoor.as_view(STEPS)),
    path("articles/<id:article_id>/sign-off/", SignOffDoor.as_view(SHOW_ONE_AND_CREATE)),
    path("articles/<id:article_id>/publications/", ArticlePublicationDoor.as_view(CREATE)),
    path("claims/", ClaimDoor.as_view(LIST_AND_CREATE)),
    path("claims/<id:pk>/", ClaimDoor.as_view(SHOW_AND_EDIT)),
    path("claims/<id:pk>/steps/", ClaimStepsDoor.as_view(STEPS)),
    path("claims/<id:pk>/anchor/", ClaimAnchorDoor.as_view(SETTLE)),
    path("sources/", SourceDoor.as_view(LIST_AND_CREATE)),
    path("sources/<id:pk>/", SourceDoor.as_view(SHOW_AND_EDIT)),
    path("evidence/", EvidenceDoor.as_view(LIST_AND_CREATE)),
    path("evidence/<id:pk>/", EvidenceDoor.as_view(SHOW_AND_EDIT)),
    path("evidence/<id:pk>/withdraw/", EvidenceWithdrawalDoor.as_view(WITHDRAW)),
    path("verdicts/", VerdictDoor.as_view(LIST_AND_CREATE)),
    path("verdicts/<id:pk>/", VerdictDoor.as_view(SHOW)),
    path("decisions/", DecisionDoor.as_view(LIST)),
    path("decisions/<id:pk>/", DecisionDoor.as_view(SHOW)),
    path("rating-scales/", RatingScaleDoor.as_view(LIST)),
    path("rating-scales/<id:pk>/", RatingScaleDoor.as_view(SHOW)),
    path("publications/", PublicationDoor.as_view(LIST)),
    path("publications/<id:pk>/", PublicationDoor.as_view(SHOW)),
    path("publications/<id:publication_id>/corrections/", PublicationCorrectionDoor.as_view(CREATE)),
    path("corrections/", CorrectionDoor.as_view(LIST)),
    path("corrections/<id:pk>/", CorrectionDoor.as_view(SHOW)),
    path("audit-events/", AuditEventDoor.as_view(LIST)),
    path("audit-events/<id:pk>/", AuditEventDoor.as_view(SHOW)),
    path("audit/checkpoint/", CheckpointDoor.as_view(SHOW_ONE)),
    path("audit/events/<id:pk>/proof/", ProofDoor.as_view(SHOW_ONE), name="audit-proof"),
    path("me/", MeDoor.as_view(SHOW_ONE | {"post": "choose"})),
    path("notifications/", NotificationDoor.as_view(LIST)),
    path("notifications/read/", NotificationReadDoor.as_view({"post": "read_all"})),
    path("notifications/<id:pk>/", NotificationDoor.as_view(SHOW)),
    path("notifications/<id:pk>/read/", NotificationReadDoor.as_view({"post": "read"})),
    path("webhooks/", WebhookDoor.as_view(LIST_AND_CREATE)),
    path("webhooks/<id:pk>/", WebhookDoor.as_view(SHOW)),
    path("webhooks/<id:pk>/disable/", WebhookSwitchDoor.as_view({"post": "disable"})),
    path("webhooks/<id:pk>/enable/", WebhookSwitchDoor.as_view({"post": "enable"})),
    path("webhooks/<id:webhook_id>/deliveries/", WebhookDeliveryDoor.as_view(LIST)),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    re_path(r"", NoSuchAddress.as_view()),
]
