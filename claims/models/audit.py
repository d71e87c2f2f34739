"""The trail. Its rows are written by database triggers (claims/migrations/sql/trail.sql), by nothing else.

The form of an event, and what is promised of it, stands in docs/trail.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, UniqueConstraint

from claims.models.article import Article
from claims.models.comment import Comment, Thread
from claims.models.desk import Person
from claims.models.guest import GuestLink, GuestUse
from claims.models.verdict import Verdict

# What stands for a value that is not shown: erased by law, or never kept beside the event (see Opening).
REDACTED = "[redacted]"
NOT_KEPT = "[not kept]"
# Columns whose values are in no opening: too large or too secret to be kept twice (claims/migrations/sql/trail.sql).
WITHHELD = frozenset({
    "person.password", "articlerevision.source_bytes", "articlerevision.text", "articlerevision.blocks",
    "articlerevision.sentences", "publication.content", "webhook.secret",
})  # fmt: skip


def recorded_as(table: str) -> str:
    """What the trail calls the rows of a table."""
    return table.removeprefix("claims_")


def recorded_models() -> list[type[models.Model]]:
    """The desk's models whose every change is on record: all that do not say ON_RECORD = False."""
    found = apps.get_app_config("claims").get_models(include_auto_created=True)
    return [model for model in found if getattr(model, "ON_RECORD", True)]


class Stream(models.Model):
    """The head of one stream: `article/12`, `source/7`, `person/3` or `desk`. Locked and moved with every event."""

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "only_triggers_write_the_record", "nothing_is_deleted", "nothing_is_truncated",
    )  # fmt: skip

    name = models.CharField(max_length=40, primary_key=True)
    length = models.BigIntegerField()
    at = models.DateTimeField(help_text="The time of the last event; the next is never earlier.")
    previous = models.BinaryField(help_text="The hash of the event before the last.")
    head = models.BinaryField(help_text="The hash of the last event.")

    def __str__(self) -> str:
        return f"{self.name} {self.length}"


# What is on record about the desk's own people and keys, for those whose role reads the record and nobody else.
RECORD_ALONE = (
    "contribution", "person", "person_groups", "person_user_permissions", "apitoken", "signingkey", "redaction",
    "recusal", "savedfilter", "readerreport", "webhook", "guestlink", "guestuse",
)  # fmt: skip


def _blind_to(person: Person, verdict: str) -> Q:
    """Whether the verdict of this id, a column of what is asked, exists and is hidden from this person."""
    # A range of one: asked for equality, PostgreSQL would read all verdicts before it looks at the first event.
    same = Verdict.objects.filter(pk__range=(OuterRef(verdict), OuterRef(verdict)))
    return Q(Exists(same)) & ~Q(Exists(same.visible_to(person)))


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, person: Person) -> AuditEventQuerySet:
        """Events this person may read, whatever door they come through; nothing for who is not of the desk.

        None on verdicts that are still blind to them, nor on what is said of those; none on sources and evidence
        unless their role needs confidential ones, nor on guests who are sources; none on readers' reports, which hold
        their addresses, unless their role handles them; on people, tokens, keys, guests, who contributed or stepped
        back, on comments that were taken back, and on redactions with their basis, only for those whose role reads the
        record.
        """
        if not person.of_the_desk:
            return self.none()
        blind = _blind_to(person, "object_id")
        seen = self.exclude(Q(object_type="verdict") & blind)
        seen = seen.exclude(Q(object_type="verdict_relied_on") & _blind_to(person, "parent_id"))
        threads, comments = Thread.objects.visible_to(person), Comment.objects.visible_to(person)
        seen = seen.exclude(Q(object_type="thread") & ~Exists(threads.filter(pk=OuterRef("object_id"))))
        seen = seen.exclude(Q(object_type="comment") & ~Exists(comments.filter(pk=OuterRef("object_id"))))
        seen = seen.exclude(Q(object_type="comment_mentions") & ~Exists(comments.filter(pk=OuterRef("parent_id"))))
        redactions = Redaction.objects.filter(pk=OuterRef("object_id"))
        seen = seen.exclude(Q(object_type="redaction") & Exists(redactions.filter(blind, object_type="verdict")))
        for kind, shown in (("thread", threads), ("comment", comments)):
            told = redactions.filter(~Exists(shown.filter(pk=OuterRef("object_id"))), object_type=kind)
            seen = seen.exclude(Q(object_type="redaction") & Exists(told))
        if not person.has_perm("claims.view_confidential"):
            # The whole action: its reason and the counters it moves tell of the source as well.
            seen = seen.exclude(object_type__in=("source", "evidence", "verdict_relied_on"))
            seen = seen.exclude(Q(action__startswith="source.") | Q(action__startswith="evidence."))
            told = redactions.filter(object_type__in=("source", "evidence", "auditevent"))
            seen = seen.exclude(Q(object_type="redaction") & Exists(told))
            links, uses = GuestLink.objects.visible_to(person), GuestUse.objects.visible_to(person)
            seen = seen.exclude(Q(object_type="guestlink") & ~Exists(links.filter(pk=OuterRef("object_id"))))
            seen = seen.exclude(Q(object_type="guestuse") & ~Exists(uses.filter(pk=OuterRef("object_id"))))
        if not person.has_perm("claims.handle_report"):
            seen = seen.exclude(object_type="readerreport")
        if person.has_perm("claims.view_record"):
            return seen
        taken_back = Comment.objects.filter(taken_back_at__isnull=False, pk=OuterRef("object_id"))
        return seen.exclude(object_type__in=RECORD_ALONE).exclude(Q(object_type="comment") & Exists(taken_back))

    def of(self, row: models.Model) -> AuditEventQuerySet:
        """The history of one row and of the rows that join it to others, newest first."""
        own = Q(object_type=recorded_as(row._meta.db_table), object_id=row.pk)
        for field in row._meta.many_to_many:
            joining = recorded_as(field.m2m_db_table())
            own |= Q(object_type=joining, parent_id=row.pk)
        return self.filter(own).order_by("-seq")

    def opened(self) -> AuditEventQuerySet:
        """With the openings, so that `before`, `after` and `reason` of a list cost one query."""
        return self.prefetch_related("openings")


class Opened(NamedTuple):
    """One event's text, as far as its openings tell it."""

    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditEvent(models.Model):
    """Who changed what, when and why.

    `bytes` is the event; the other columns repeat it for lists and filters, and verify_audit compares them.
    """

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "only_triggers_write_the_record", "record_is_never_edited", "nothing_is_deleted", "nothing_is_truncated",
    )  # fmt: skip

    seq = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=40)
    n = models.BigIntegerField(help_text="The event's number in its stream, from 1 without a gap.")
    at = models.DateTimeField()
    actor = models.ForeignKey(Person, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    action = models.CharField(max_length=100)
    request_id = models.CharField(max_length=64, blank=True)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField(null=True)
    parent_id = models.BigIntegerField(
        null=True, help_text="Of a row that joins two others: the id of the object it belongs to."
    )
    article = models.ForeignKey(Article, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    outside = models.BooleanField(help_text="Made around the desk's actions: a shell, raw SQL, a bulk update.")
    db_role = models.CharField(max_length=63)
    bytes = models.BinaryField(help_text="The event in canonical form, as it was hashed.")
    hash = models.BinaryField(help_text="RFC 6962 leaf hash of the bytes.")

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ("-seq",)
        permissions = (("view_record", "Can read the audit trail"),)
        constraints = (UniqueConstraint(fields=["stream", "n"], name="event_has_its_own_place_in_its_stream"),)
        indexes = (
            models.Index(fields=["object_type", "object_id", "seq"]),
            models.Index(fields=["article", "seq"]),
            models.Index(fields=["actor", "seq"]),
            models.Index(F("action"), F("seq"), name="claims_audi_action_seq"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The event as data, its text as commitments."""
        data: dict[str, Any] = json.loads(bytes(self.bytes))
        return data

    @cached_property
    def opened(self) -> Opened:
        """The event's text. What was erased reads as REDACTED, what is kept in the row alone as NOT_KEPT."""
        kept = {o.place: NOT_KEPT if o.value is None else o.value for o in self.openings.all()}
        reason = self.content["reason"]
        return Opened(
            kept.get("reason", REDACTED) if reason else "",
            _opened("before", self.content["before"], kept),
            _opened("after", self.content["after"], kept),
        )

    @property
    def reason(self) -> str:
        """Why, in the actor's words; may be empty."""
        return self.opened.reason

    @property
    def before(self) -> dict[str, Any] | None:
        """The changed columns as they were; None for a new row."""
        return self.opened.before

    @property
    def after(self) -> dict[str, Any] | None:
        """The changed columns as they became, of a new row all; None for a deleted row."""
        return self.opened.after


def _opened(side: str, fields: Mapping[str, Any] | None, kept: Mapping[str, str]) -> dict[str, Any] | None:
    if fields is None:
        return None
    return {
        name: kept.get(f"{side}.{name}", REDACTED) if isinstance(value, dict) else value
        for name, value in fields.items()
    }


class Opening(models.Model):
    """What opens one commitment of an event: its salt and value. Taking it away erases the text and breaks no proof.

    `place` is `reason`, `before.COLUMN` or `after.COLUMN`. A value of None is kept in the row alone: it is too large or
    too secret to be kept twice.
    """

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "only_triggers_write_the_record", "opening_goes_only_by_redaction", "nothing_is_truncated",
        "words_are_forgotten",
    )  # fmt: skip

    pk = models.CompositePrimaryKey("event_id", "place")
    event = models.ForeignKey(
        AuditEvent, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="openings"
    )
    place = models.CharField(max_length=80)
    salt = models.BinaryField()
    value = models.TextField(null=True)

    def __str__(self) -> str:
        return f"{self.event_id} {self.place}"


class Redaction(models.Model):
    """An erasure by law: whose text, of which column, on what legal basis. The text itself is nowhere any more."""

    object_type = models.CharField(max_length=60, help_text="As in the trail; `auditevent` for an event's reason.")
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=60)
    basis = models.TextField(help_text="The legal basis, such as: GDPR Art. 17(1)(d), request of 3 May 2026.")
    article = models.ForeignKey(Article, models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(basis=""), name="redaction_has_a_legal_basis"),)
        indexes = (models.Index(fields=["object_type", "object_id", "field"]),)

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}: {self.field}"
