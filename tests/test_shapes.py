"""What is read straight from columns is what the serializer would answer."""

from __future__ import annotations

import json
from typing import Any

from django.test import TestCase
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from claims.api.claims import ClaimSerializer
from claims.api.expanding import EXPANDED
from claims.api.lists import LISTS
from claims.api.shapes import Shape
from claims.choices import ClaimState, Role
from claims.importers import intake
from claims.models import Anchor, Claim, Person
from tests import build
from tests.test_api_desk import ApiCase


def rendered(data: Any) -> Any:
    return json.loads(JSONRenderer().render(data))


class SameAsTheSerializer(TestCase):
    def setUp(self) -> None:
        for state in ClaimState:
            claim = build.claim(state, build.article())
            if state == ClaimState.RESEARCHING:
                build.cite(claim, source=build.source(confidential=True))
        Claim.objects.filter(state=ClaimState.DECIDED).update(statement="Changed since.")
        moved = build.identified().article
        raw = build.TEXT.replace(build.CLAIMS[0], f"{build.CLAIMS[0][:-1]}, they said.").encode()
        intake.revise(article=moved, raw=raw, media_type="text/markdown", by=build.the(Role.RESEARCHER), note="")
        self.assertTrue(Anchor.objects.filter(current=True, score__isnull=False).exists())
        Person.objects.filter(username__contains="researcher").update(first_name="Rosa", last_name="")

    def test_every_resource_that_has_a_shape(self) -> None:
        shaped = 0
        for place, door_class in LISTS.items():
            door: Any = door_class()
            door.request, door.action, door.kwargs, door.format_kwarg = None, "list", {}, None
            names = tuple(name for name in door.get_serializer().fields if name != EXPANDED)
            if "shape" not in vars(door_class):
                continue
            shaped += 1
            for person in (build.person(superuser=True), build.the(Role.RESEARCHER)):
                with self.subTest(place, person=person):
                    door.request = type("Asked", (), {"user": person, "method": "GET", "query_params": {}})()
                    rows = list(door.get_queryset())
                    self.assertTrue(rows)
                    serializer = door.get_serializer_class()(rows, many=True, context={"request": door.request})
                    serializer.child.fields.pop(EXPANDED, None)
                    quick = door.shape(names).answers(row.pk for row in rows)
                    self.assertEqual(rendered(quick), rendered(serializer.data))
        self.assertGreaterEqual(shaped, 3)

    def test_it_is_one_query_however_many_rows(self) -> None:
        shape = Shape(ClaimSerializer(), ("id", "code", "decision"), Claim.objects.all())
        for ids in (
            list(Claim.objects.values_list("pk", flat=True)[:1]),
            list(Claim.objects.values_list("pk", flat=True)),
        ):
            with self.assertNumQueries(1):
                self.assertEqual([row["id"] for row in shape.answers(ids)], ids)
        with self.assertNumQueries(0):
            self.assertEqual(shape.answers([]), [])

    def test_what_it_cannot_read_is_an_error_when_it_is_made(self) -> None:
        class Odd(serializers.ModelSerializer):
            odd = serializers.SerializerMethodField()

            class Meta:
                model = Claim
                fields = ("id", "odd")

        with self.assertRaisesMessage(TypeError, "odd (SerializerMethodField) cannot be read from columns"):
            Shape(Odd(), ("id", "odd"), Claim.objects.all())
        with self.assertRaisesMessage(TypeError, "cannot be read from its columns alone"):
            Shape(ClaimSerializer(), ("id",), Claim.objects.filter(pk=1))


class Counts(ApiCase):
    def test_who_sees_no_confidential_source_does_not_see_it_counted(self) -> None:
        claim = build.claim(ClaimState.RESEARCHING)
        build.cite(claim, source=build.source(confidential=True))
        build.cite(claim)
        for role, count in ((Role.RESEARCHER, 2), (Role.PUBLISHER, 1)):
            with self.subTest(role):
                for path in ("claims/", f"claims/?article={claim.article_id}"):
                    self.assertEqual(
                        self.get(build.the(role), path)["results"][0]["evidence_counts"]["corroborates"], count
                    )
                self.assertEqual(
                    self.get(build.the(role), f"claims/{claim.pk}/")["evidence_counts"]["corroborates"], count
                )

    def test_the_list_costs_four_statements(self) -> None:
        build.identified()
        client = self.client_of(build.the(Role.RESEARCHER))
        client.get("/api/v1/claims/")
        with self.assertNumQueries(4):  # who asks, which claims, what they are, the people in them
            client.get("/api/v1/claims/")
