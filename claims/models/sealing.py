"""The seal on the trail: one Merkle tree (RFC 6962) over all events, its signed checkpoints, and where they went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.db import connections, models
from django.db.models import Q

from claims.models.audit import AuditEvent
from claims.proofs import merkle

NEVER_EDITED = ("record_is_never_edited", "nothing_is_deleted", "nothing_is_truncated")


class Unsealed(models.Model):
    """An event that waits for the sealer. Written and taken away by triggers alone."""

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = ("only_triggers_write_the_record", "nothing_is_truncated")

    event = models.OneToOneField(AuditEvent, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+")

    def __str__(self) -> str:
        return str(self.event_id)


class LeafQuerySet(models.QuerySet["Leaf"]):
    def size(self) -> int:
        """How many events the tree holds."""
        last = self.order_by("-index").values_list("index", flat=True).first()
        return 0 if last is None else last + 1


class Leaf(models.Model):
    """An event's place in the tree. `index` counts from 0 without a gap, in the order of sealing."""

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = (
        *NEVER_EDITED, "leaf_is_an_event_at_the_end", "sealed_event_waits_no_longer",
    )  # fmt: skip

    index = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, models.DO_NOTHING, db_constraint=False, related_name="leaf")
    hash = models.BinaryField()

    objects = LeafQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.index}: event {self.event_id}"


class NodeQuerySet(models.QuerySet["Node"]):
    def hashes(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """The hashes at these places, (level, index), leaves (level 0) included, in one query.

        Raises KeyError where one is not there.
        """
        wanted = list(places)
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                "SELECT w.level, w.index, coalesce(n.hash, l.hash)"
                " FROM unnest(%s::smallint[], %s::bigint[]) AS w (level, index)"
                " LEFT JOIN claims_node n ON n.level = w.level AND n.index = w.index"
                " LEFT JOIN claims_leaf l ON w.level = 0 AND l.index = w.index",
                [[level for level, _ in wanted], [index for _, index in wanted]],
            )
            found = {(level, index): hash_ for level, index, hash_ in cursor.fetchall()}
        if missing := [place for place, hash_ in found.items() if hash_ is None]:
            raise KeyError(missing[0])
        return {place: bytes(hash_) for place, hash_ in found.items()}

    def tree(self, size: int) -> merkle.Appender:
        """The tree as it was at this size, ready to be appended to."""
        edge = merkle.subtrees(size)
        hashes = self.hashes(edge)
        return merkle.Appender(size, [hashes[place] for place in edge])


class Node(models.Model):
    """The root of a complete subtree: node (level, index) covers the leaves index·2^level to (index+1)·2^level - 1.

    Level 0 are the leaves, which have a table of their own. A node never changes, so the tree only grows.
    """

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = NEVER_EDITED

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    objects = NodeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"node {self.level}, {self.index}"


class Checkpoint(models.Model):
    """A signed statement of the tree's size and root: a C2SP tlog-checkpoint in a signed note."""

    ON_RECORD = False
    TRIGGERS: ClassVar[tuple[str, ...]] = NEVER_EDITED

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        get_latest_by = "size"
        ordering = ("-size",)

    def __str__(self) -> str:
        return f"checkpoint of {self.size} events"


class SigningKey(models.Model):
    """A key that signs checkpoints, from when and until when; on record like everything else. The secret half is
    outside the database.
    """

    verifier = models.CharField(max_length=200, unique=True, help_text="The public half, as a C2SP verifier key.")
    since = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.verifier


class CheckpointPlace(models.Model):
    """A place outside the database that checkpoints are sent to, and how far it has come. Not part of the trail."""

    ON_RECORD = False

    place = models.CharField(max_length=500, primary_key=True)
    size = models.BigIntegerField(default=0, help_text="The size of the last checkpoint that arrived there.")
    arrived_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row, since it last worked.")
    next_try_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(size__gte=0), name="place_has_received_so_many_events"),)

    def __str__(self) -> str:
        return f"{self.place}: {self.size}"
