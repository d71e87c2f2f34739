"""The seal on the record: the signed checkpoint, and proofs that events are covered by it (docs/trail.md)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from claims.api.base import Door, visible
from claims.api.fields import Text, Whole
from claims.api.rendering import DeskRenderer
from claims.models import AuditEvent, Checkpoint, SigningKey
from claims.proofs import verifier
from claims.trail import proofs

MOMENTS = 5  # seconds within which a sealer that is at work has sealed what waits
RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[409], description="After how many seconds to ask again."
)


class NotSealedYet(APIException):
    """The event is on record, and no signed checkpoint covers it yet."""

    status_code = 409
    default_code = "not_sealed"
    wait = MOMENTS

    def __init__(self, error: proofs.NotSealed) -> None:
        super().__init__(str(error))


class KeySerializer(serializers.Serializer):
    verifier = Text(help_text="The public key, as a C2SP verifier key: name+id+base64.")
    since = serializers.DateTimeField(help_text="When it came on record.")
    retired_at = serializers.DateTimeField(allow_null=True, help_text="When it stopped signing, or null.")


class CheckpointSerializer(serializers.Serializer):
    """How many events the record had, and the root of the tree over them, signed."""

    origin = Text(help_text="The name of the record; also the name of the keys that sign it.")
    size = Whole(help_text="How many events the tree holds.")
    root = Text(  # type: ignore[assignment]  # declared fields are taken off the class
        help_text="The root of the tree (RFC 6962), in base64."
    )
    signed_at = serializers.DateTimeField(source="at", help_text="When it was signed.")
    note = Text(help_text="The checkpoint itself, a signed note of C2SP's tlog-checkpoint form.")
    keys = KeySerializer(many=True, help_text="The keys that have signed, the oldest first.")


class OpeningSerializer(serializers.Serializer):
    salt = Text(help_text="Sixteen bytes, in base64.")
    value = Text(help_text="The text.")


class BundleSerializer(serializers.Serializer):
    """A proof bundle. Keep the answer's bytes as they are: any change of them is rejected."""

    event = Text(help_text="The event's bytes, as they were hashed.")
    format = Text(help_text="factcheck-proof@v1.")
    key = Text(help_text="The key that signed the checkpoint, as a C2SP verifier key.")
    openings = serializers.DictField(
        child=OpeningSerializer(), help_text="By place: what opens the event's commitments."
    )
    proof = Text(help_text="Proof of inclusion and checkpoint, of C2SP's tlog-proof form.")
    published = serializers.DictField(
        allow_null=True, help_text="Always null here; of published claims, see their pages."
    )


class AsIs(DeskRenderer):
    """Bytes as they are; problems like everywhere."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        return data if isinstance(data, bytes) else super().render(data, accepted_media_type, renderer_context)


class CheckpointDoor(Door):
    serializer_class = CheckpointSerializer
    queryset = Checkpoint.objects.none()

    @extend_schema(responses=CheckpointSerializer, operation_id="audit_checkpoint_retrieve")
    def show(self, request: Request) -> Response:
        """Show the last signed checkpoint

        Keep it outside: whatever was sealed before it and is changed afterwards is detected with it.
        """
        last = Checkpoint.objects.first()
        if last is None:
            raise NotFound("Nothing is sealed yet.")
        origin = verifier.Checkpoint.parse(verifier.parse_note(last.note)[0]).origin
        root = base64.b64encode(bytes(last.root)).decode()
        answer = {"origin": origin, "size": last.size, "root": root, "at": last.at, "note": last.note,
                  "keys": SigningKey.objects.order_by("pk")}  # fmt: skip
        return Response(CheckpointSerializer(answer).data)


class ProofDoor(Door):
    serializer_class = BundleSerializer
    renderer_classes = (AsIs,)
    noun = "audit event"
    queryset = AuditEvent.objects.all()

    def get_queryset(self) -> QuerySet:
        return visible(super().get_queryset(), self.person)

    @extend_schema(responses=BundleSerializer, operation_id="audit_events_proof_retrieve", parameters=[RETRY_AFTER])
    def show(self, request: Request, pk: int) -> Response:
        """Show the proof that an event is sealed

        For everybody who may see the event; with its texts, as far as they are kept. The answer's bytes are a file for
        the verifier, the same every time. An event that no signed checkpoint covers yet: 409 (`not_sealed`).
        """
        event = self.row(pk)
        try:
            return Response(proofs.bundle(event, event.openings.all()))
        except proofs.NotSealed as error:
            raise NotSealedYet(error) from error
