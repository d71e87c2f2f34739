"""Search over claims, articles and sources at once, ranked."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from claims.api.base import Door
from claims.api.fields import Flag, Text
from claims.api.pagination import LARGEST, PAGE
from claims.api.precedents import ArticleOfPrecedent
from claims.choices import FoundBy, SearchKind
from claims.models import Claim
from claims.search.ranked import LONGEST, Found, search

LAST = 10_000  # the number of a page


class SearchAsked(serializers.Serializer):
    """What is looked for."""

    q = serializers.CharField(
        max_length=LONGEST,
        help_text=f'Words, at most {LONGEST} characters. All of them are looked for; also "a phrase", or, -without.',
    )
    kind = serializers.ChoiceField(
        choices=SearchKind.choices, required=False, help_text="What to look for alone; without it, everything."
    )
    page = serializers.IntegerField(min_value=1, max_value=LAST, default=1, help_text="Which page, from 1.")
    page_size = serializers.IntegerField(
        min_value=1, max_value=LARGEST, default=PAGE, help_text=f"Answers on a page, {PAGE} by default."
    )


class FoundSerializer(serializers.Serializer):
    """A claim, an article or a source that answers."""

    type = serializers.ChoiceField(source="kind", choices=SearchKind.choices, help_text="What it is.")
    id = serializers.IntegerField(source="pk", help_text="Its id.")
    code = Text(help_text="Of a claim: its public code within its article; else empty.")
    title = Text(help_text="Of a claim: its statement; else its title.")
    article = ArticleOfPrecedent(allow_null=True, help_text="Of a claim: the article it was made in; else null.")
    withdrawn = Flag(help_text="Whether it was withdrawn: it then counts for nothing.")
    found_by = serializers.ChoiceField(
        source="by", choices=FoundBy.choices,
        help_text="`words`: by the words looked for, in any of their forms. `similar`: by words spelt nearly so, "
        "because few answers or none have the words themselves.",
    )  # fmt: skip
    rank = serializers.SerializerMethodField(help_text="How well it answers, among those found in the same way.")
    marked = Text(
        help_text="HTML: its statement or title, and its other fields in which something is found; what is found is "
        "between <mark> and </mark>, everything else is escaped."
    )

    def get_rank(self, found: Found) -> float:
        return round(found.rank, 4)


class SearchSerializer(serializers.Serializer):
    """The answers, the best first; those found by similar words after all others."""

    results = FoundSerializer(many=True, help_text="The answers of this page.")
    next = serializers.URLField(allow_null=True, help_text="The address of the next page, if there is one.")
    previous = serializers.URLField(allow_null=True, help_text="The address of the page before, if there is one.")


class SearchDoor(Door):
    serializer_class = SearchSerializer
    queryset = Claim.objects.none()
    parameters: ClassVar = {"find": ("q", "kind", "page", "page_size")}

    @extend_schema(parameters=[SearchAsked], responses=SearchSerializer, operation_id="search")
    def find(self, request: Request) -> Response:
        """Search claims, articles and sources by their words

        Every form of a word is found that the language of its article has. Ranked are the newest 300 matches of each
        kind: for common words older ones are not answers, so narrow the search. Where fewer than five are found, words
        spelt nearly like those looked for are found too. Withdrawn rows are found, and say so.
        """
        asked = SearchAsked(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        number, size = given["page"], given["page_size"]
        found, more = search(
            text=given["q"], person=self.person, start=(number - 1) * size, size=size,
            kinds=[given["kind"]] if "kind" in given else list(SearchKind),
        )  # fmt: skip
        address = request.build_absolute_uri()
        return Response(
            SearchSerializer({
                "results": found,
                "next": replace_query_param(address, "page", number + 1) if more else None,
                "previous": replace_query_param(address, "page", number - 1) if number > 1 else None,
            }).data
        )  # fmt: skip
