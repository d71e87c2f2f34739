"""Signing an article off, and the article's other steps."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims.actions import articles, signoffs
from claims.api.articles import ArticleSerializer
from claims.api.base import Door
from claims.api.examples import examples
from claims.api.fields import Choice, PersonField, RowSerializer, StrictSerializer, Text, Whole, said
from claims.api.problems import told
from claims.api.steps import RefusalSerializer, StepsSerializer, asked
from claims.models import Article, SignOff
from claims.workflow import ARTICLE_STEPS, BY_NAME, ask


class SignOffSerializer(RowSerializer):
    """An editor's approval of the whole article, bound to the digest of exactly what was approved."""

    revision = Whole(source="revision.number", read_only=True, help_text="The number of the text signed off.")
    signed_by = PersonField(read_only=True, help_text="Who signed off.")

    class Meta:
        model = SignOff
        fields = ("id", "article", "revision", "digest", "note", "signed_by", "signed_at", "voided_at", "void_reason")
        read_only_fields = fields
        extra_kwargs = said(
            id="The sign-off's id.", article="The article's id.", digest="Hex SHA-256 of all that was approved.",
            note="The editor's note.", signed_at="When it was signed.",
            voided_at="When it lapsed, or null while it stands.", void_reason="Why it lapsed.",
        )  # fmt: skip


class SignOffAsked(serializers.Serializer):
    """The sign-off that stands, and whether the caller may sign off now."""

    digest = Text(help_text="The digest of all that a sign-off would cover now; give it back to sign just this.")
    sign_off = SignOffSerializer(allow_null=True, help_text="The sign-off that stands, or null.")
    refusals = RefusalSerializer(many=True, help_text="Everything against the caller's signing off now.")


@examples({"Sign just what was read": {
    "note": "Read twice.", "digest": "5b0f3c1e8a7d4e2f9c6b1a0d3e5f7081923a4b5c6d7e8f90a1b2c3d4e5f60718",
}})  # fmt: skip
class SignOffGiven(StrictSerializer):
    """What may go with a sign-off."""

    note = Text(required=False, allow_blank=True, max_length=5000, help_text="A note, on record.")
    digest = Text(
        required=False, allow_blank=True, max_length=64,
        help_text="The article's digest, where known: the sign-off is refused if it has changed.",
    )  # fmt: skip


@examples({"Withdraw it": {"step": "withdraw", "reason": "Another desk has checked it."}})  # fmt: skip
class ArticleStep(StrictSerializer):
    """A step of the article that has no address of its own."""

    step = Choice(
        choices=["withdraw"],
        help_text="withdraw. Signing off, publishing and correcting have addresses of their own.",
    )
    reason = Text(max_length=5000, help_text="Why, on record.")


class SignOffDoor(Door):
    serializer_class = SignOffSerializer
    queryset = SignOff.objects.select_related("revision", "signed_by").defer(
        "revision__text", "revision__source_bytes", "revision__sentences", "revision__blocks"
    )

    @extend_schema(responses=SignOffAsked)
    def show(self, request: Request, article_id: int) -> Response:
        """Show the sign-off that stands, and what is against one now"""
        article = self.article(article_id)
        standing = self.get_queryset().filter(article=article, voided_at__isnull=True).first()
        refusals = ask(BY_NAME["sign_off"], article, self.person)
        answer = {
            "sign_off": standing,
            "digest": article.digest(),
            "refusals": [told(refusal) for refusal in refusals],
        }
        return Response(SignOffAsked(answer).data)

    @extend_schema(request=SignOffGiven, responses={201: SignOffSerializer})
    def create(self, request: Request, article_id: int) -> Response:
        """Sign the article off as it stands

        A 409 lists every blocker.
        """
        article, given = self.article(article_id), self.body(SignOffGiven)
        return self.made(signoffs.sign_off(article=article, by=self.person, **given))


class ArticleStepsDoor(Door):
    serializer_class = ArticleSerializer
    queryset = Article.objects.for_lists().select_related("created_by")

    @extend_schema(responses=StepsSerializer)
    def offered(self, request: Request, article_id: int) -> Response:
        """Show every step of the article, with the reasons against it

        Asked for the caller, in the article's present state.
        """
        return asked(ARTICLE_STEPS, self.article(article_id), self.person)

    @extend_schema(request=ArticleStep, responses={200: ArticleSerializer})
    def take(self, request: Request, article_id: int) -> Response:
        """Withdraw an article that was never published

        A 409 lists every refusal.
        """
        article, given = self.article(article_id), self.body(ArticleStep)
        articles.withdraw(article=article, reason=given["reason"], by=self.person)
        return Response(self.shown(self.row(article_id)))
