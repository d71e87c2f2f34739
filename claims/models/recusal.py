"""Who has stepped back from judging a claim."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from claims.models.claim import Claim
from claims.models.desk import Person


class RecusalQuerySet(models.QuerySet["Recusal"]):
    def visible_to(self, person: Person) -> RecusalQuerySet:
        """That somebody stepped back is open; their note is a person's own affair, see `Recusal.note_for`."""
        return self


class Recusal(models.Model):
    """A reviewer or adjudicator leaves the pool of a claim, with a note of the conflict of interest. For good: a
    verdict they filed in a round that is open counts no longer.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "recusal_is_never_edited", "everybody_acts_in_their_own_name", "sign_off_covers_what_stands",
    )  # fmt: skip

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="recusals")
    person = models.ForeignKey(Person, models.PROTECT, related_name="recusals")
    note = models.TextField(max_length=5000, help_text="The conflict of interest, for the editors and auditors.")
    recused_at = models.DateTimeField(auto_now_add=True)

    objects = RecusalQuerySet.as_manager()

    class Meta:
        ordering = ("claim", "id")
        constraints = (
            UniqueConstraint(fields=["claim", "person"], name="person_recuses_themselves_once"),
            CheckConstraint(condition=~Q(note=""), name="recusal_says_why"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} from claim {self.claim_id}"

    def note_for(self, person: Person) -> str:
        """The note, for its author and for those who see to the rules; for everybody else nothing."""
        entitled = person.pk == self.person_id or person.has_perm("claims.edit_article")
        return self.note if entitled or person.has_perm("claims.view_record") else ""
