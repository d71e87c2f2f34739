"""An article, its immutable revisions, their links, and the sentences somebody says hold no fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from claims.choices import ArticleState
from claims.models.coverage import Blocker, Coverage, blockers_of, coverage_of
from claims.models.desk import Person
from claims.models.fields import WebAddress
from claims.models.rating import RatingScale
from claims.segmenting import LinkStatus

if TYPE_CHECKING:
    from claims.models.signoff import SignOff


# The shape of a BCP 47 tag (RFC 5646), its subtags unlooked-up.
LANGUAGE_TAG = RegexValidator(
    r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z", "This is no language tag: say one of BCP 47, such as en or pt-BR."
)


class ArticleQuerySet(models.QuerySet["Article"]):
    def for_lists(self) -> ArticleQuerySet:
        """With all that a row in a list shows, in a constant number of queries."""
        return self.select_related("current_revision", "lead", "scale").defer(
            "current_revision__source_bytes", "current_revision__text", "current_revision__sentences",
            "current_revision__blocks",
        )  # fmt: skip

    def settled(self, wanted: bool = True) -> ArticleQuerySet:
        """Articles whose every sentence is settled; or the others."""
        every = Q(settled_count=F("sentence_count"))
        return self.filter(every if wanted else ~every)

    def signed(self, wanted: bool = True) -> ArticleQuerySet:
        """Articles on which a sign-off stands; or the others."""
        standing = models.Exists(Article.objects.filter(pk=models.OuterRef("pk"), sign_offs__voided_at__isnull=True,
                                                        sign_offs__isnull=False))  # fmt: skip
        return self.filter(standing if wanted else ~standing)


class Article(models.Model):
    """The thing checked. `state` moves as claims.workflow says, in the database too."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "article_moves_by_workflow", "no_round_is_open", "sign_off_covers_what_stands", "moved_at_is_true",
        "precedents_are_kept", "search_is_kept",
    )  # fmt: skip

    slug = models.SlugField(max_length=120, unique=True)
    title = models.CharField(max_length=300, blank=True)
    byline = models.CharField(max_length=300, blank=True)
    publisher = models.CharField(max_length=300, blank=True)
    url = WebAddress(blank=True)
    published_on = models.DateField(null=True, blank=True)
    language = models.CharField(
        max_length=35, blank=True, validators=[LANGUAGE_TAG], help_text="A BCP 47 language tag, such as en or pt-BR."
    )
    republished_from_publisher = models.CharField(max_length=300, blank=True)
    republished_from_url = WebAddress(blank=True)
    republished_from_on = models.DateField(null=True, blank=True)

    state = models.CharField(max_length=20, choices=ArticleState, default=ArticleState.RECEIVED)
    current_revision = models.ForeignKey(
        "ArticleRevision", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    lead = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="leads")
    due_at = models.DateTimeField(null=True, blank=True)

    scale = models.ForeignKey(RatingScale, models.PROTECT, related_name="articles")
    quorum = models.PositiveSmallIntegerField(default=2, help_text="Verdicts that close a round.")
    votes_to_carry = models.PositiveSmallIntegerField(default=2, help_text="Equal verdicts that decide a claim.")
    blind = models.BooleanField(default=True, help_text="Reviewers do not see each other's verdicts in an open round.")
    publish_dissent = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Readers are shown verdicts that differ from the decision, without their reviewers.",
    )
    signer_may_have_judged = models.BooleanField(
        default=False, help_text="Relaxes the rule of sign-off to: the editor researched none of the claims."
    )

    claim_count = models.PositiveIntegerField(default=0, editable=False)
    sentence_count = models.PositiveIntegerField(default=0, editable=False)
    settled_count = models.PositiveIntegerField(default=0, editable=False)

    moved_at = models.DateTimeField(null=True, editable=False, help_text="When it came into its state.")
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        permissions = (
            ("receive_article", "Can receive articles and new revisions"),
            ("edit_article", "Can edit an article's details and desk settings"),
            ("mark_non_factual", "Can mark sentences as non-factual"),
            ("sign_off", "Can sign an article off"),
            ("publish", "Can publish an article"),
            ("withdraw_article", "Can withdraw an article"),
        )
        constraints = (
            CheckConstraint(
                condition=Q(quorum__gte=1, votes_to_carry__gte=1, votes_to_carry__lte=F("quorum"), quorum__lte=15),
                name="votes_to_carry_fit_the_quorum",
                violation_error_message="Votes to carry are at most the quorum, and the quorum is from 1 to 15.",
            ),
            CheckConstraint(
                # More than half of the quorum, so that two ratings can never both carry.
                condition=Q(votes_to_carry__gt=F("quorum") / 2),
                name="votes_to_carry_are_a_majority",
                violation_error_message="Votes to carry are more than half of the quorum: never do two ratings carry.",
            ),
            CheckConstraint(condition=Q(settled_count__lte=F("sentence_count")), name="settled_sentences_exist"),
        )

    def __str__(self) -> str:
        return self.title or self.slug

    def digest(self) -> str:
        """Hex SHA-256 of all that a sign-off covers, as the database computes it now."""
        computed = models.Func(F("pk"), function="claims_article_digest", output_field=models.CharField())
        return str(Article.objects.filter(pk=self.pk).values_list(computed, flat=True).get())

    def standing_sign_off(self) -> SignOff | None:
        """The sign-off that has not lapsed, if there is one."""
        return self.sign_offs.filter(voided_at__isnull=True).select_related("signed_by").first()

    def coverage(self) -> Coverage:
        """How every sentence of the current revision stands."""
        return coverage_of(self)

    def blockers(self, person: Person | None = None) -> list[Blocker]:
        """Everything that keeps the article from being signed off, as far as this person may know of it."""
        return blockers_of(self, person)

    def was_researched_by(self, person: Person) -> bool:
        """Whether this person ever wrote one of the article's claims or their evidence."""
        return self.claims.filter(contributions__person=person).exists()

    def was_judged_by(self, person: Person) -> bool:
        """Whether this person filed a verdict on, or adjudicated, one of the article's claims."""
        return (
            self.claims.filter(verdicts__reviewer=person).exists()
            or self.claims.filter(decisions__decided_by=person).exists()
        )


class ArticleRevision(models.Model):
    """One text of an article, never edited.

    `blocks` is a list of [kind, start, end] that tile the text; `sentences` a list of [start, end, kind].
    Offsets are Unicode code points into `text`, the end is exclusive.
    """

    TRIGGERS: ClassVar[tuple[str, ...]] = ("revision_is_never_edited",)

    article = models.ForeignKey(Article, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64, help_text="Hex SHA-256 of the text as UTF-8.")
    source_bytes = models.BinaryField()
    source_sha256 = models.CharField(max_length=64, help_text="Hex SHA-256 of the bytes as they were received.")
    media_type = models.CharField(max_length=100)
    blocks: models.JSONField[Any, Any] = models.JSONField()
    sentences: models.JSONField[Any, Any] = models.JSONField()
    report: models.JSONField[Any, Any] = models.JSONField(default=list)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("article", "number")
        constraints = (
            UniqueConstraint(fields=["article", "number"], name="revision_number_is_unique_in_its_article"),
            CheckConstraint(condition=Q(number__gte=1), name="revision_numbers_start_at_one"),
        )

    def __str__(self) -> str:
        return f"revision {self.number} of article {self.article_id}"


class ArticleLink(models.Model):
    """A citation link of a revision. `target` is http(s) or empty; a recovered one was found by a person."""

    TRIGGERS: ClassVar[tuple[str, ...]] = ("link_stays_where_it_was",)

    revision = models.ForeignKey(ArticleRevision, models.PROTECT, related_name="links")
    text = models.TextField(blank=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    target = WebAddress(blank=True)
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in LinkStatus])

    class Meta:
        ordering = ("revision", "start", "id")
        constraints = (
            CheckConstraint(condition=Q(end__gte=F("start")), name="link_ends_after_it_starts"),
            CheckConstraint(
                condition=Q(status=LinkStatus.MISSING.value, target="")
                | (~Q(status=LinkStatus.MISSING.value) & ~Q(target="")),
                name="link_has_a_target_unless_missing",
            ),
        )

    def __str__(self) -> str:
        return self.text


class NonFactualMark(models.Model):
    """A named person's word that one sentence states no fact. Taken back, it keeps who took it back and when."""

    TRIGGERS: ClassVar[tuple[str, ...]] = (
        "mark_stays_where_it_was", "sign_off_covers_what_stands",
    )  # fmt: skip

    revision = models.ForeignKey(ArticleRevision, models.PROTECT, related_name="non_factual_marks")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    marked_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    marked_at = models.DateTimeField(auto_now_add=True)
    taken_back_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("revision", "start")
        constraints = (
            CheckConstraint(condition=Q(end__gt=F("start")), name="mark_ends_after_it_starts"),
            CheckConstraint(
                condition=Q(taken_back_by__isnull=True, taken_back_at__isnull=True)
                | Q(taken_back_by__isnull=False, taken_back_at__isnull=False),
                name="mark_was_taken_back_by_somebody_at_some_time",
            ),
            UniqueConstraint(
                fields=["revision", "start"],
                condition=Q(taken_back_at__isnull=True),
                name="sentence_is_marked_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.start}–{self.end}"
