"""The public addresses. They are for ever: what is linked today is found in ten years."""

from __future__ import annotations

from django.urls import path, register_converter

from claims import calendars, feeds, guest_views, report_views, views


class Version:
    """`v2` in a path as 2. Nine digits at most fit the database's integer."""

    regex = "v[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value[1:])

    def to_url(self, value: int) -> str:
        return f"v{value}"


class Code:
    """A claim's code, such as C12; never to be taken for a version."""

    regex = "[A-Z][A-Za-z0-9]{0,11}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class Size:
    """The size of a tree; eighteen digits always fit a bigint."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(Version, "version")
register_converter(Size, "size")
register_converter(Code, "code")

urlpatterns = [
    path("calendar/<str:secret>.ics", calendars.deadlines, name="calendar"),
    path("", views.front, name="front"),
    path("factchecks/", views.article_list, name="public-articles"),
    path("factchecks/feed.atom", feeds.atom, name="public-atom"),
    path("factchecks/feed.json", feeds.json_feed, name="public-json-feed"),
    path("factchecks/claimreview.json", feeds.claim_reviews, name="public-claim-reviews"),
    path("factchecks/<slug:slug>/", views.article, name="public-article"),
    path("factchecks/<slug:slug>/<version:version>/", views.article, name="public-article-version"),
    path("factchecks/<slug:slug>/<version:version>/record.json", feeds.record, name="public-record"),
    path("factchecks/<slug:slug>/<code:code>/", views.claim, name="public-claim"),
    path("factchecks/<slug:slug>/<code:code>/<version:version>/", views.claim, name="public-claim-version"),
    path("factchecks/<slug:slug>/<code:code>/<version:version>/proof.json", views.proof, name="public-proof"),
    path("factchecks/<slug:slug>/report/", report_views.report, name="public-report"),
    path("factchecks/<slug:slug>/report/sent/", report_views.sent, name="public-report-sent"),
    path("factchecks/<slug:slug>/<code:code>/report/", report_views.report, name="public-claim-report"),
    path("guest/<str:token>/", guest_views.guest, name="guest"),
    path("trail/", views.trail, name="public-trail"),
    path("trail/verify.py", views.verifier_file, name="public-verifier"),
    path("trail/verify.html", views.verifier_page, name="public-verifier-page"),
    path("checkpoint", views.checkpoint, name="public-checkpoint"),
    path("checkpoint/<size:size>", views.checkpoint, name="public-checkpoint-of-size"),
    path("checkpoint/after/", views.checkpoint_archive, name="public-checkpoints"),
    path("checkpoint/after/<size:after>", views.checkpoint_archive, name="public-checkpoints-after"),
    path("checkpoint/<size:old>/to/<size:new>", views.consistency, name="public-consistency"),
    path("corrections/", views.corrections, name="public-corrections"),
    path("ratings/", views.ratings, name="public-ratings"),
    path("methodology/", views.methodology, name="public-methodology"),
    path("sitemap.xml", feeds.sitemap, name="public-sitemap"),
    path("robots.txt", feeds.robots, name="public-robots"),
    path("healthz", views.healthz, name="healthz"),
]
