"""Rating scales, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from claims.admin.base import ReadOnlyAdmin
from claims.models import RatingScale


class RatingScaleAdmin(ReadOnlyAdmin):
    fields = ("name", "description", "is_default", "ratings")
    readonly_fields = ("ratings",)
    list_display = ("name", "description", "is_default")
    list_filter = ("is_default",)
    search_fields = ("name", "description")

    @admin.display(description="ratings, best to worst")
    def ratings(self, scale: RatingScale) -> SafeString:
        rows = ((r.label, r.value or "unrated", r.definition) for r in scale.ratings.all())
        return format_html_join("", "<p><strong>{}</strong> ({}): {}</p>", rows)
