"""Every address of the API, in one table."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path, register_converter

from claims.api.agreement import AgreementDoor
from claims.api.articles import ArticleDoor, CoverageDoor
from claims.api.audit_events import AuditEventDoor
from claims.api.audit_proofs import CheckpointDoor, ProofDoor
from claims.api.base import NoSuchAddress
from claims.api.claim_steps import ClaimStepsDoor
from claims.api.claims import ClaimAnchorDoor, ClaimDoor
from claims.api.comments import CommentDoor, CommentTakingBackDoor
from claims.api.contacts import ContactClosingDoor, ContactDoor, ContactLateAnswerDoor
from claims.api.corrections import CorrectionDoor, PublicationCorrectionDoor
from claims.api.decisions import DecisionDoor
from claims.api.desk_settings import DeskSettingsDoor
from claims.api.docs import DocsView, SchemaView
from claims.api.evidence import EvidenceDoor, EvidenceWithdrawalDoor
from claims.api.guests import GuestLinkDoor, GuestLinkRevocationDoor, GuestUseDoor
from claims.api.me import MeDoor, MyCalendarDoor
from claims.api.notifications import NotificationDoor, NotificationReadDoor
from claims.api.precedents import SimilarDoor
from claims.api.publications import ArticlePublicationDoor, PublicationDoor
from claims.api.rating_scales import RatingScaleDoor
from claims.api.recusals import RecusalDoor
from claims.api.reports import ReaderReportClosingDoor, ReaderReportDoor
from claims.api.revisions import LinkDoor, MarkDoor, RevisionDoor
from claims.api.saved_filters import SavedFilterDoor
from claims.api.search import SearchDoor
from claims.api.signoffs import ArticleStepsDoor, SignOffDoor
from claims.api.sources import SourceDoor, SourceWithdrawalDoor
from claims.api.standing import ClaimStandingDoor
from claims.api.threads import ThreadDoor, ThreadStepsDoor
from claims.api.tokens import TokenDoor, TokenRevocationDoor
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
RESTORE: dict[str, Any] = {"post": "restore"}
REVOKE: dict[str, Any] = {"post": "revoke"}
CLOSE: dict[str, Any] = {"post": "close"}
EXPORT: dict[str, Any] = {"get": "export"}
BULK: dict[str, Any] = {"post": "create_many"}
DELETE: dict[str, Any] = {"delete": "destroy"}

app_name = "api"
urlpatterns = [
    path("articles/", ArticleDoor.as_view(LIST_AND_CREATE)),
    path("articles/export/", ArticleDoor.as_view(EXPORT)),
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
    path("claims/bulk/", ClaimDoor.as_view(BULK)),
    path("claims/export/", ClaimDoor.as_view(EXPORT)),
    path("claims/similar/", SimilarDoor.as_view({"get": "of_text"})),
    path("claims/<id:pk>/similar/", SimilarDoor.as_view({"get": "of_claim"})),
    path("claims/<id:pk>/", ClaimDoor.as_view(SHOW_AND_EDIT)),
    path("claims/<id:pk>/steps/", ClaimStepsDoor.as_view(STEPS)),
    path("claims/<id:pk>/standing/", ClaimStandingDoor.as_view(SHOW_ONE)),
    path("claims/<id:pk>/anchor/", ClaimAnchorDoor.as_view(SETTLE)),
    path("sources/", SourceDoor.as_view(LIST_AND_CREATE)),
    path("sources/export/", SourceDoor.as_view(EXPORT)),
    path("sources/<id:pk>/", SourceDoor.as_view(SHOW_AND_EDIT)),
    path("sources/<id:pk>/withdraw/", SourceWithdrawalDoor.as_view(WITHDRAW)),
    path("sources/<id:pk>/restore/", SourceWithdrawalDoor.as_view(RESTORE)),
    path("evidence/", EvidenceDoor.as_view(LIST_AND_CREATE)),
    path("evidence/bulk/", EvidenceDoor.as_view(BULK)),
    path("evidence/export/", EvidenceDoor.as_view(EXPORT)),
    path("evidence/<id:pk>/", EvidenceDoor.as_view(SHOW_AND_EDIT)),
    path("evidence/<id:pk>/withdraw/", EvidenceWithdrawalDoor.as_view(WITHDRAW)),
    path("evidence/<id:pk>/restore/", EvidenceWithdrawalDoor.as_view(RESTORE)),
    path("verdicts/", VerdictDoor.as_view(LIST_AND_CREATE)),
    path("verdicts/export/", VerdictDoor.as_view(EXPORT)),
    path("verdicts/<id:pk>/", VerdictDoor.as_view(SHOW)),
    path("recusals/", RecusalDoor.as_view(LIST_AND_CREATE)),
    path("recusals/<id:pk>/", RecusalDoor.as_view(SHOW)),
    path("decisions/", DecisionDoor.as_view(LIST)),
    path("decisions/export/", DecisionDoor.as_view(EXPORT)),
    path("decisions/<id:pk>/", DecisionDoor.as_view(SHOW)),
    path("threads/", ThreadDoor.as_view(LIST)),
    path("threads/<id:pk>/", ThreadDoor.as_view(SHOW)),
    path("threads/<id:pk>/resolve/", ThreadStepsDoor.as_view({"post": "resolve"})),
    path("threads/<id:pk>/reopen/", ThreadStepsDoor.as_view({"post": "reopen"})),
    path("threads/<id:pk>/block/", ThreadStepsDoor.as_view({"post": "block"})),
    path("comments/", CommentDoor.as_view(LIST_AND_CREATE)),
    path("comments/<id:pk>/", CommentDoor.as_view(SHOW)),
    path("comments/<id:pk>/take-back/", CommentTakingBackDoor.as_view({"post": "take_back"})),
    path("contacts/", ContactDoor.as_view(LIST_AND_CREATE)),
    path("contacts/export/", ContactDoor.as_view(EXPORT)),
    path("contacts/<id:pk>/", ContactDoor.as_view(SHOW_AND_EDIT)),
    path("contacts/<id:pk>/close/", ContactClosingDoor.as_view({"post": "close"})),
    path("contacts/<id:pk>/late-answer/", ContactLateAnswerDoor.as_view({"post": "answer_late"})),
    path("guest-links/", GuestLinkDoor.as_view(LIST_AND_CREATE)),
    path("guest-links/<id:pk>/", GuestLinkDoor.as_view(SHOW)),
    path("guest-links/<id:pk>/revoke/", GuestLinkRevocationDoor.as_view(REVOKE)),
    path("guest-uses/", GuestUseDoor.as_view(LIST)),
    path("reader-reports/", ReaderReportDoor.as_view(LIST)),
    path("reader-reports/<id:pk>/", ReaderReportDoor.as_view(SHOW)),
    path("reader-reports/<id:pk>/close/", ReaderReportClosingDoor.as_view(CLOSE)),
    path("rating-scales/", RatingScaleDoor.as_view(LIST)),
    path("rating-scales/<id:pk>/", RatingScaleDoor.as_view(SHOW)),
    path("publications/", PublicationDoor.as_view(LIST)),
    path("publications/export/", PublicationDoor.as_view(EXPORT)),
    path("publications/<id:pk>/", PublicationDoor.as_view(SHOW)),
    path("publications/<id:publication_id>/corrections/", PublicationCorrectionDoor.as_view(CREATE)),
    path("corrections/", CorrectionDoor.as_view(LIST)),
    path("corrections/export/", CorrectionDoor.as_view(EXPORT)),
    path("corrections/<id:pk>/", CorrectionDoor.as_view(SHOW)),
    path("audit-events/", AuditEventDoor.as_view(LIST)),
    path("audit-events/export/", AuditEventDoor.as_view(EXPORT)),
    path("audit-events/<id:pk>/", AuditEventDoor.as_view(SHOW)),
    path("audit/checkpoint/", CheckpointDoor.as_view(SHOW_ONE)),
    path("audit/events/<id:pk>/proof/", ProofDoor.as_view(SHOW_ONE), name="audit-proof"),
    path("desk-settings/", DeskSettingsDoor.as_view(SHOW_ONE | {"patch": "partial_update"})),
    path("me/tokens/", TokenDoor.as_view(LIST_AND_CREATE)),
    path("me/tokens/<id:pk>/", TokenDoor.as_view(SHOW)),
    path("me/tokens/<id:pk>/revoke/", TokenRevocationDoor.as_view(REVOKE)),
    path("me/calendar/", MyCalendarDoor.as_view(CREATE)),
    path("search/", SearchDoor.as_view({"get": "find"})),
    path("agreement/", AgreementDoor.as_view(SHOW_ONE)),
    path("me/", MeDoor.as_view(SHOW_ONE | {"post": "choose"})),
    path("saved-filters/", SavedFilterDoor.as_view(LIST_AND_CREATE)),
    path("saved-filters/<id:pk>/", SavedFilterDoor.as_view(SHOW_AND_EDIT | DELETE)),
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
