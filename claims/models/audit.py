"""The trail. Its rows are written by database triggers (claims/migrations/sql/record.sql), by nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from claims.models.article import Article
from claims.models.desk import Person
from claims.models.verdict import Verdict


def recorded_as(table: str) -> str:
    """What the trail calls the rows of a table."""
    return table.removeprefix("claims_")


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, person: Person) -> AuditEventQuerySet:
        """Events this person may read: none on verdicts that are still blind to them, none on confidential sources
        unless their role needs those.
        """
        hidden = Verdict.objects.exclude(pk__in=Verdict.objects.visible_to(person).values("pk")).values("pk")
        seen = self.exclude(Q(object_type="verdict", object_id__in=hidden))
        seen = seen.exclude(Q(object_type="verdict_relied_on", parent_id__in=hidden))
        if not person.has_perm("claims.view_confidential"):
            # The whole action: its reason and the counters it moves tell of the source as well.
            seen = seen.exclude(object_type__in=("source", "evidence"))
            seen = seen.exclude(Q(action__startswith="source.") | Q(action__startswith="evidence."))
        return seen

    def of(self, row: models.Model) -> AuditEventQuerySet:
        """The history of one row and of the rows that join it to others, newest first."""
        own = Q(object_type=recorded_as(row._meta.db_table), object_id=row.pk)
        for field in row._meta.many_to_many:
            joining = recorded_as(field.m2m_db_table())
            own |= Q(object_type=joining, parent_id=row.pk)
        return self.filter(own).order_by("-seq")


class AuditEvent(models.Model):
    """Who changed what, when and why. `before` and `after` hold what changed (a new row: all of it)."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "only_triggers_write_the_record", "record_is_never_edited",
    )  # fmt: skip

    seq = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(Person, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    action = models.CharField(max_length=100)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField(null=True)
    parent_id = models.BigIntegerField(
        null=True, help_text="Of a row that joins two others: the id of the object it belongs to."
    )
    article = models.ForeignKey(Article, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    before: models.JSONField[Any, Any] = models.JSONField(null=True)
    after: models.JSONField[Any, Any] = models.JSONField(null=True)
    outside = models.BooleanField(help_text="Made around the desk's actions: a shell, raw SQL, a bulk update.")
    db_role = models.CharField(max_length=63)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ("-seq",)
        permissions = (("view_record", "Can read the audit trail"),)
        indexes = (
            models.Index(fields=["object_type", "object_id", "seq"]),
            models.Index(fields=["article", "seq"]),
            models.Index(fields=["actor", "seq"]),
            models.Index(F("action"), F("seq"), name="claims_audi_action_seq"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"
