"""Guests: let in by a link, shown nothing internal, every use on record."""

from __future__ import annotations

from tests import build
from django.test import TestCase
from claims.actions import guests
from claims.choices import Role

class Smoke(TestCase):
    def test_smoke(self):
        p = build.published()
        link, token = guests.invite(article=p.article, name="Ada", relation="author", may="comment", by=build.the(Role.EDITOR))
        r = self.client.get(f"/guest/{token}/")
        print(r.status_code, r.headers); print(r.content.decode()[:6000])
        r = self.client.post(f"/guest/{token}/", {"send": "comment", "comment-text": "Hello", "comment-about": "C1"})
        print(r.status_code, r.content.decode()[:3000], r.headers)
        r = self.client.get(f"/factchecks/{p.article.slug}/C1/report/")
        print(r.status_code, r.content.decode()[1200:5000], r.headers)
        r = self.client.post(f"/factchecks/{p.article.slug}/C1/report/", {"text": "wrong"})
        print(r.status_code, r.headers)
