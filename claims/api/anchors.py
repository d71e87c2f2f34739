"""Where claims stand in the text."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from claims.api.examples import examples
from claims.api.fields import RowSerializer, StrictSerializer, Verbatim, Whole, said
from claims.models import Anchor

LARGEST_OFFSET = 2**31 - 1


class AnchorSerializer(RowSerializer):
    """Where a claim stands in a text (W3C TextPositionSelector and TextQuoteSelector)."""

    revision = Whole(source="revision.number", read_only=True, help_text="The number of the text it stands in.")
    score = serializers.FloatField(
        read_only=True, allow_null=True, help_text="How like the quote the place is, up to 1, when fuzzy; else null."
    )

    class Meta:
        model = Anchor
        fields = ("revision", "start", "end", "exact", "prefix", "suffix", "status", "score")
        read_only_fields = fields
        extra_kwargs = said(
            start="Where it begins, in code points; null when orphaned.", end="Where it ends, exclusive; or null.",
            exact="The quote.", prefix="The text just before it.", suffix="The text just after it.",
            status="exact and moved are settled; fuzzy and orphaned wait for a person.",
        )  # fmt: skip


@examples({
    "By its quote": {"exact": "The harbour was closed on 4 May 2023."},
    "By its offsets": {"start": 32, "end": 69},
})  # fmt: skip
class AnchorGiven(StrictSerializer):
    """A place in the article's current text: by its quote, or by its offsets."""

    exact = Verbatim(required=False, help_text="The quote, to the letter. Or give start and end.")
    prefix = Verbatim(required=False, allow_blank=True, help_text="Text just before it, where the quote recurs.")
    suffix = Verbatim(required=False, allow_blank=True, help_text="Text just after it, where the quote recurs.")
    start = Whole(
        required=False, min_value=0, max_value=LARGEST_OFFSET,
        help_text="Where the claim begins, in code points. Goes with end.",
    )  # fmt: skip
    end = Whole(required=False, min_value=0, max_value=LARGEST_OFFSET, help_text="Where it ends, exclusive.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if set(attrs) != {"start", "end"} and ("exact" not in attrs or {"start", "end"} & set(attrs)):
            raise serializers.ValidationError("Give {start, end}, or {exact} with prefix and suffix; not both.")
        return attrs
