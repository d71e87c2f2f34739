"""Guests are invited, and their links revoked; every use is seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from claims.actions import guests
from claims.admin.base import MOMENTS, DeskModelAdmin, ReadOnlyAdmin, View, me
from claims.admin.forms import DeskForm, PageForm, sent
from claims.choices import GuestMay
from claims.models import Article, Claim, Contact, GuestLink
from claims.models.guest import LONGEST
from claims.publishing.urls import guest_url

SHOWN = 50  # of a link's uses, and of a page's links


class InvitationForm(DeskForm):
    """A link for one guest."""

    days = forms.IntegerField(
        initial=guests.DAYS, min_value=1, max_value=LONGEST.days, help_text="How long the link is good for."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["may"].label, self.fields["contact"].label = "The guest may", "Question"


class GuestLinkAdmin(DeskModelAdmin):
    """Links that let somebody without an account in."""

    add_permission = "claims.invite_guest"
    change_form_template = "admin/desk/guest_link.html"
    hidden_fields = ("digest",)
    add_form = InvitationForm
    add_fieldsets = (
        ("What is shown", {"fields": ["article", "claim"]}),
        ("The guest", {"fields": ["name", "relation", "may", "contact", "days"]}),
    )
    fields = ("name", "relation", "article", "claim", "may", "contact", "made_by", "made_at", "expires_at",
              "revoked_by", "revoked_at")  # fmt: skip
    autocomplete_fields = ("article", "claim", "contact")
    list_display = ("name", "relation", "article", "claim", "may", "opens", "uses", "expires_at", "made_by")
    list_filter = ("may", "relation", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("article", "claim", "made_by")
    search_fields = ("name",)
    date_hierarchy = "made_at"
    ordering = ("-id",)

    @admin.display(description="opens", boolean=True)
    def opens(self, link: GuestLink) -> bool:
        return link.usable

    @admin.display(description="uses")
    def uses(self, link: Any) -> int:
        return int(link.use_count)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        links: Any = super().get_queryset(request)
        return cast(models.QuerySet[Any], links.annotate(use_count=models.Count("uses")))

    def enter(self, request: Any, form: DeskForm) -> GuestLink:
        given = form.values()
        by = me(request)
        # Pressed twice: the address of the first link is shown to nobody any more, so that link goes.
        for lost in self._made_just_now(by, given):
            guests.revoke(link=lost, by=by)
        link, token = guests.invite(by=by, days=form.cleaned_data["days"], **given)
        request.secret = guest_url(token)
        return link

    def _made_just_now(self, by: Any, given: dict[str, Any]) -> Iterable[GuestLink]:
        since = timezone.now() - MOMENTS
        return GuestLink.objects.usable().filter(made_by=by, made_at__gte=since, uses__isnull=True, **given)

    def response_add(self, request: Any, obj: GuestLink, post_url_continue: Any = None) -> HttpResponse:
        return self.show(
            request, "admin/desk/secret.html", title=f"The link for {obj.name}"[:150], original=obj,
            secret=request.secret,
            says="Send it to the guest and to nobody else. Copy it now: only its digest is kept, and it is not shown "
            "again.",
        )  # fmt: skip

    def pages(self) -> Iterable[tuple[str, str, View]]:
        return (("revoke/", "revoke", self.revoke_view),)

    def beside(self, request: HttpRequest, row: GuestLink) -> dict[str, Any]:
        may = request.user.has_perm("claims.invite_guest")
        return {"link": row, "may_revoke": may and row.revoked_at is None, "uses": row.uses.all()[:SHOWN]}

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        link = self.row(request, pk)
        return self.form_page(
            request, link, PageForm(**sent(request)), lambda given: guests.revoke(link=link, by=me(request)),
            title=f"Revoke the link for {link.name}"[:150], button="Revoke", done="Revoked.",
            says="The link opens nothing any more. What was written by it stays. There is no way back.",
        )  # fmt: skip


class GuestUseAdmin(ReadOnlyAdmin):
    """What guests did."""

    list_display = ("link", "did", "at")
    list_filter = ("did",)
    list_select_related = ("link",)
    date_hierarchy = "at"
    ordering = ("-id",)


def guests_beside(
    request: Any, *, article: Article, claim: Claim | None = None, contact: Contact | None = None
) -> dict[str, Any]:
    """What a page tells of its guests: their links, and where to invite another (for admin/desk/guests.html)."""
    found = GuestLink.objects.visible_to(request.user).annotate(use_count=models.Count("uses"))
    about: dict[str, Any] = {"contact": contact} if contact else {"claim": claim} if claim else {"article": article}
    prefilled: dict[str, Any] = {"article": article.pk}
    if claim is not None:
        prefilled["claim"] = claim.pk
    asking = {"contact": contact.pk, "may": GuestMay.ANSWER, "name": contact.whom[:200]} if contact else {}
    return {
        "guest_links": found.filter(**about).select_related("made_by")[:SHOWN],
        "may_invite": request.user.has_perm("claims.invite_guest"),
        "invite_page": f"{reverse('admin:claims_guestlink_add')}?{urlencode({**prefilled, **asking})}",
        "invite_words": "Ask by link" if contact else "Invite a guest",
    }
