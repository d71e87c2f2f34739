"""What people of the desk, and guests, say to one another about what is being checked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Case, CheckConstraint, F, Q, Value, When

from claims.models.article import Article, ArticleRevision
from claims.models.claim import Claim
from claims.models.desk import Person
from claims.models.evidence import Evidence
from claims.models.guest import GuestLink
from claims.models.verdict import Verdict


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, person: Person) -> ThreadQuerySet:
        """Threads about what this person may see: a blind verdict, a confidential source and a guest who is a
        source hide theirs too.
        """
        verdicts = Verdict.objects.visible_to(person)
        evidence = Evidence.objects.visible_to(person)
        guests = GuestLink.objects.visible_to(person)
        return self.filter(
            Q(guest_link__isnull=True) | Q(guest_link__in=guests.values("pk")),
            Q(verdict__isnull=True) | Q(verdict__in=verdicts.values("pk")),
            Q(evidence__isnull=True) | Q(evidence__in=evidence.values("pk")),
        )

    def blocking(self) -> ThreadQuerySet:
        """Threads that keep their article from being signed off."""
        return self.filter(blocking=True, resolved_at__isnull=True)


class Thread(models.Model):
    """A conversation about an article, or of it a claim, a piece of evidence or a verdict; or a passage of its text.

    `start` and `end` are code points into the revision's text, `exact` is what stands there.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "thread_stays_where_it_was", "thread_is_about_its_own_article", "everybody_acts_in_their_own_name",
        "everybody_resolves_in_their_own_name", "thread_is_resolved_by_its_opener_or_an_editor",
        "guest_is_shown_no_evidence_and_no_verdict",
    )  # fmt: skip

    article = models.ForeignKey(Article, models.PROTECT, related_name="threads")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, blank=True, related_name="threads")
    evidence = models.ForeignKey(Evidence, models.PROTECT, null=True, blank=True, related_name="threads")
    verdict = models.ForeignKey(Verdict, models.PROTECT, null=True, blank=True, related_name="threads")
    revision = models.ForeignKey(ArticleRevision, models.PROTECT, null=True, blank=True, related_name="threads")
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    exact = models.TextField(blank=True)
    blocking = models.BooleanField(default=False, help_text="The article is not signed off while it is unresolved.")
    guest_link = models.ForeignKey(
        GuestLink, models.PROTECT, null=True, blank=True, related_name="threads",
        help_text="The guest whose conversation it is; that guest sees it, and no other guest.",
    )  # fmt: skip
    opened_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    resolved_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = (("comment", "Can comment"),)
        constraints = (
            CheckConstraint(
                condition=Q(resolved_by__isnull=True, resolved_at__isnull=True)
                | Q(resolved_by__isnull=False, resolved_at__isnull=False),
                name="thread_is_resolved_by_somebody_at_some_time",
            ),
            CheckConstraint(
                condition=Q(revision__isnull=True, start__isnull=True, end__isnull=True, exact="")
                | (Q(revision__isnull=False, start__isnull=False, end__gt=F("start")) & ~Q(exact="")),
                name="thread_on_a_passage_says_where",
            ),
            CheckConstraint(
                condition=Q(opened_by__isnull=False) | Q(guest_link__isnull=False),
                name="thread_is_opened_by_somebody",
            ),
            CheckConstraint(
                condition=Q(evidence__isnull=True) | Q(verdict__isnull=True),
                name="thread_is_about_one_thing",
            ),
        )
        indexes = (
            models.Index(
                fields=["article"], condition=Q(blocking=True, resolved_at__isnull=True), name="claims_thread_blocking"
            ),
        )

    def __str__(self) -> str:
        return f"thread {self.pk}"


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, person: Person) -> CommentQuerySet:
        """Comments in threads that this person may see."""
        return self.filter(thread__in=Thread.objects.visible_to(person).values("pk"))

    def with_words(self) -> CommentQuerySet:
        """With `words`, the text that may be searched: nothing of what was taken back."""
        standing = When(taken_back_at__isnull=True, then=F("text"))
        return self.annotate(words=Case(standing, default=Value(""), output_field=models.TextField()))


class Comment(models.Model):
    """One contribution to a thread, by a person of the desk or by a guest. Never edited; it can be taken back, and
    then stays on file for the record alone.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "comment_is_never_edited", "everybody_acts_in_their_own_name", "comment_is_taken_back_by_its_author",
        "guest_writes_in_their_own_thread",
    )  # fmt: skip

    thread = models.ForeignKey(Thread, models.PROTECT, related_name="comments")
    author = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="comments")
    guest_link = models.ForeignKey(GuestLink, models.PROTECT, null=True, blank=True, related_name="comments")
    text = models.TextField(max_length=10_000)
    mentions = models.ManyToManyField(Person, related_name="mentioned_in", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ("thread", "id")
        constraints = (
            CheckConstraint(condition=~Q(text=""), name="comment_says_something"),
            CheckConstraint(
                condition=Q(author__isnull=False, guest_link__isnull=True)
                | Q(author__isnull=True, guest_link__isnull=False),
                name="comment_is_by_a_person_or_by_a_guest",
            ),
        )

    def __str__(self) -> str:
        return f"comment {self.pk} in thread {self.thread_id}"

    @property
    def said(self) -> str:
        """What is shown: the text, unless it was taken back."""
        return "" if self.taken_back_at else self.text

    def people_mentioned(self) -> list[Person]:
        """Whom it mentions, unless it was taken back."""
        return [] if self.taken_back_at else list(self.mentions.all())
