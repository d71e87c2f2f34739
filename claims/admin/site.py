"""The desk's own admin site: its nouns, its front page with my queue."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone

from claims import models
from claims.actions.acting import acting
from claims.admin.agreement import agreement_page
from claims.admin.article import ArticleAdmin
from claims.admin.audit import AuditEventAdmin
from claims.admin.base import DeskModelAdmin, holds_a_role, me
from claims.admin.claim import AnchorAdmin, ClaimAdmin, ContributionAdmin
from claims.admin.comment import CommentAdmin, ThreadAdmin
from claims.admin.contact import ContactAdmin
from claims.admin.evidence import EvidenceAdmin
from claims.admin.guest import GuestLinkAdmin, GuestUseAdmin
from claims.admin.notification import Pages, unread_of
from claims.admin.person import GroupAdmin, PersonAdmin
from claims.admin.publication import CorrectionAdmin, PublicationAdmin, SignOffAdmin
from claims.admin.queue import queue_of
from claims.admin.rating import RatingScaleAdmin
from claims.admin.recusal import RecusalAdmin
from claims.admin.report import ReaderReportAdmin
from claims.admin.revision import ArticleLinkAdmin, ArticleRevisionAdmin, NonFactualMarkAdmin
from claims.admin.saved_filter import SavedFilterAdmin
from claims.admin.settings import DeskSettingsAdmin
from claims.admin.source import SourceAdmin
from claims.admin.token import ApiTokenAdmin
from claims.admin.verdict import DecisionAdmin, VerdictAdmin
from claims.admin.webhook import WebhookAdmin

# In the order of the chain, which is the order of the menu.
NOUNS: dict[type[Any], type[DeskModelAdmin]] = {
    models.Article: ArticleAdmin,
    models.ArticleRevision: ArticleRevisionAdmin,
    models.ArticleLink: ArticleLinkAdmin,
    models.NonFactualMark: NonFactualMarkAdmin,
    models.Claim: ClaimAdmin,
    models.Anchor: AnchorAdmin,
    models.Source: SourceAdmin,
    models.Evidence: EvidenceAdmin,
    models.Verdict: VerdictAdmin,
    models.Decision: DecisionAdmin,
    models.Recusal: RecusalAdmin,
    models.Thread: ThreadAdmin,
    models.Comment: CommentAdmin,
    models.Contact: ContactAdmin,
    models.GuestLink: GuestLinkAdmin,
    models.GuestUse: GuestUseAdmin,
    models.SignOff: SignOffAdmin,
    models.Publication: PublicationAdmin,
    models.Correction: CorrectionAdmin,
    models.ReaderReport: ReaderReportAdmin,
    models.RatingScale: RatingScaleAdmin,
    models.Contribution: ContributionAdmin,
    models.AuditEvent: AuditEventAdmin,
    models.Person: PersonAdmin,
    models.ApiToken: ApiTokenAdmin,
    models.Webhook: WebhookAdmin,
    models.SavedFilter: SavedFilterAdmin,
    models.DeskSettings: DeskSettingsAdmin,
    Group: GroupAdmin,
}


class DeskSite(admin.AdminSite):
    """Takes no admin that is not one of the desk's: others write past the rules."""

    index_title = "Your desk"
    site_title = settings.DESK_NAME
    site_header = settings.DESK_NAME
    site_url = "/factchecks/"
    index_template = "admin/desk/index.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        for model, admin_class in NOUNS.items():
            self.register(model, admin_class)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Django's own admin of groups asks to be registered too; it is not, nor is any other stranger."""
        if admin_class is not None and issubclass(admin_class, DeskModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """With the pages of one's own, and the desk's figures."""
        pages = Pages(self)
        own = [
            path("notifications/", self.admin_view(pages.listed), name="notifications"),
            path("notifications/read/", self.admin_view(pages.all_read), name="notifications_read"),
            path("notifications/<int:pk>/", self.admin_view(pages.opened), name="notification"),
            path("me/", self.admin_view(pages.mine), name="me"),
            path("me/calendar/", self.admin_view(pages.calendar), name="me_calendar"),
            path("agreement/", self.admin_view(partial(agreement_page, self)), name="agreement"),
        ]
        return own + super().get_urls()

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With how many notifications are unread, for the header."""
        unread = {"unread_count": unread_of(request)} if holds_a_role(request.user) else {}
        return {**super().each_context(request), **unread}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        order = {model: at for at, model in enumerate(NOUNS)}
        for app in apps:
            app["models"].sort(key=lambda entry: order.get(entry["model"], len(order)))
        return sorted(apps, key=lambda app: app["app_label"] != "claims")

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        queue = queue_of(me(request)) if holds_a_role(request.user) else []
        return super().index(request, {**(extra_context or {}), "queue": queue, "now": timezone.now()})

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """A person's own password: Django's form, on record as theirs."""
        with acting(by=me(request), action="desk.change_password"):
            return super().password_change(request, extra_context)
