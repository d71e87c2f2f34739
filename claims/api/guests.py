"""Links for guests: made, revoked, and what was done by them."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import guests
from claims.api.base import Listed, Shown, visible
from claims.api.examples import examples
from claims.api.fields import Address, Flag, PersonField, Reference, RowSerializer, StrictSerializer, Whole, said
from claims.api.filtering import FlagFilter, IdFilter, MomentFilter, OneOf, PersonFilter
from claims.choices import GuestDid, GuestMay, GuestRelation
from claims.models import Article, Claim, Contact, GuestLink, GuestUse
from claims.models.guest import LONGEST
from claims.publishing.urls import guest_url


class GuestLinkSerializer(RowSerializer):
    """A link for one guest. Its address is told once, when it is made."""

    usable = Flag(read_only=True, help_text="Whether it opens its page now.")
    made_by = PersonField(read_only=True, help_text="Who made it.")
    revoked_by = PersonField(read_only=True, allow_null=True, help_text="Who revoked it, or null.")

    class Meta:
        model = GuestLink
        fields = ("id", "article", "claim", "name", "relation", "may", "contact", "usable", "made_by", "made_at",
                  "expires_at", "revoked_by", "revoked_at")  # fmt: skip
        read_only_fields = fields
        extra_kwargs = said(
            id="The link's id.", article="The article's id.",
            claim="The id of the one claim it shows; null: the article.",
            name="Who the guest is.", relation="What they have to do with the article.",
            may="What they may do besides reading.", contact="The id of the question they are asked, or null.",
            made_at="When it was made.", expires_at="Until when it is good.",
            revoked_at="When it was revoked, or null.",
        )  # fmt: skip


@examples({"Let the author comment for a week": {
    "article": 1, "name": "Ada Example", "relation": "author", "may": "comment", "days": 7,
}})  # fmt: skip
class GuestInvited(RowSerializer):
    """A new link for a guest."""

    article = Reference(queryset=Article.objects.all(), help_text="The article's id.")
    claim = Reference(
        queryset=Claim.objects.all(), required=False, allow_null=True, help_text="The id of the one claim to show."
    )
    contact = Reference(
        queryset=Contact.objects.all(), required=False, allow_null=True,
        help_text="The id of the question to answer; given exactly where `may` is answer.",
    )  # fmt: skip
    days = Whole(
        min_value=1,
        max_value=LONGEST.days,
        default=guests.DAYS,
        help_text="For how many days it is good: 14 by default.",
    )

    class Meta:
        model = GuestLink
        fields = ("article", "claim", "name", "relation", "may", "contact", "days")
        extra_kwargs = said(
            name="Who the guest is; they see it on their page.", relation="What they have to do with the article.",
            may="What they may do besides reading; reading alone by default.",
        )  # fmt: skip


class GuestLinkMade(GuestLinkSerializer):
    """A new link, with its address."""

    url = Address(read_only=True, help_text="The address to send to the guest. It is told this once and kept nowhere.")

    class Meta(GuestLinkSerializer.Meta):
        fields = (*GuestLinkSerializer.Meta.fields, "url")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class GuestLinkFilters(django_filters.FilterSet):
    article = IdFilter("article", "Links to this article or one of its claims.")
    claim = IdFilter("claim", "Links to this claim.")
    contact = IdFilter("contact", "Links that ask this question.")
    relation = OneOf("relation", GuestRelation.choices, "Links of guests of this relation.")
    may = OneOf("may", GuestMay.choices, "Links that let guests do this.")
    usable = FlagFilter(
        "Links that open their page now, or the others.", condition=Q(revoked_at__isnull=True, expires_at__gt=Now())
    )
    made_by = PersonFilter("made_by", "Links that this person made")
    made_after = MomentFilter("made_at", "Made at this moment or later.", "gte")
    made_before = MomentFilter("made_at", "Made before this moment.", "lt")


class GuestLinkDoor(Listed, Shown):
    noun, nouns = "guest's link", "guests' links"
    place = "guest-links"
    serializer_class = GuestLinkSerializer
    filterset_class = GuestLinkFilters
    search_fields = ("name",)
    ordering_fields = ("article", "claim", "made_at", "expires_at")
    queryset = GuestLink.objects.select_related("made_by", "revoked_by")

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)

    @extend_schema(request=GuestInvited, responses={201: GuestLinkMade})
    def create(self, request: Request) -> Response:
        """Invite a guest

        The answer holds the link's address, this once: it is kept nowhere.
        """
        link, token = guests.invite(by=self.person, **{"may": GuestMay.READ, **self.body(GuestInvited)})
        return self.made(link, url=guest_url(token))


class Nothing(StrictSerializer):
    """A body in which nothing is given."""


class GuestLinkRevocationDoor(GuestLinkDoor):
    @extend_schema(request=None, responses={200: GuestLinkSerializer}, filters=False)
    def revoke(self, request: Request, pk: int) -> Response:
        """Revoke a guest's link

        It opens nothing any more; what was written by it stays.
        """
        row = self.row(pk)
        self.body(Nothing)
        guests.revoke(link=row, by=self.person)
        return Response(self.shown(self.row(pk)))


class GuestUseSerializer(RowSerializer):
    """One use of a guest's link."""

    class Meta:
        model = GuestUse
        fields = ("id", "link", "did", "at")
        read_only_fields = fields
        extra_kwargs = said(
            id="The use's id.", link="The link's id.",
            did="What was done; the page opened again within ten minutes is one use.", at="When.",
        )  # fmt: skip


class GuestUseFilters(django_filters.FilterSet):
    link = IdFilter("link", "Uses of this link.")
    article = IdFilter("link__article", "Uses of links to this article.")
    did = OneOf("did", GuestDid.choices, "Uses of this kind.")
    after = MomentFilter("at", "At this moment or later.", "gte")
    before = MomentFilter("at", "Before this moment.", "lt")


class GuestUseDoor(Listed):
    noun, nouns = "use of a guest's link", "uses of guests' links"
    serializer_class = GuestUseSerializer
    filterset_class = GuestUseFilters
    ordering_fields = ("link", "at")
    queryset = GuestUse.objects.all()

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)
