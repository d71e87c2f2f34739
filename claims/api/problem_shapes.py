"""The problems of the API as its schema shows them: their shapes, what each status says, and an example of each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.http import Http404
from rest_framework import exceptions as rest
from rest_framework import serializers

from claims.anchoring import QuoteAmbiguous, QuoteNotFound, Selector
from claims.api.bulk import ItemsRefused
from claims.api.etags import PreconditionFailed, PreconditionRequired
from claims.api.idempotency import AtWork, KeyReused
from claims.api.parsing import TooLarge
from claims.api.problems import problem_of
from claims.rules import Refusal, Refused


class RowInTheWay(serializers.Serializer):
    type = serializers.CharField(help_text="What it is, such as claim.")
    id = serializers.IntegerField(help_text="Its id.")


class BrokenRule(serializers.Serializer):
    code = serializers.CharField(help_text="The name of the rule.")
    message = serializers.CharField(help_text="What is wrong, said to a person.")
    about = RowInTheWay(allow_null=True, help_text="The row that stands in the way, where it is one; or null.")


class FieldError(serializers.Serializer):
    pointer = serializers.CharField(required=False, help_text="Where in the body: a JSON pointer (RFC 6901).")
    parameter = serializers.CharField(required=False, help_text="Or which parameter of the query.")
    detail = serializers.CharField(help_text="What is wrong with it.")
    code = serializers.CharField(help_text="The same in one word, for programs.")


class Place(serializers.Serializer):
    start = serializers.IntegerField(help_text="Where it begins, in code points.")
    end = serializers.IntegerField(help_text="Where it ends, exclusive.")
    exact = serializers.CharField(help_text="The text there.")
    prefix = serializers.CharField(allow_blank=True, help_text="The text just before it.")
    suffix = serializers.CharField(allow_blank=True, help_text="The text just after it.")


class Problem(serializers.Serializer):
    """What went wrong (RFC 9457)."""

    type = serializers.CharField(help_text="about:blank: the title says what the status means.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What went wrong this time.")
    code = serializers.CharField(allow_blank=True, help_text="The same in one word, for programs.")


class BadInput(Problem):
    """The body or the query is not what it should be."""

    errors = FieldError(  # type: ignore[assignment]
        many=True, required=False, help_text="What is wrong, field by field."
    )


class RefusedProblem(Problem):
    """The rules of the desk, or this person's roles, forbid it; nothing was written."""

    refusals = BrokenRule(many=True, required=False, help_text="Every reason.")


class NoSuchPlace(BadInput):
    """The anchor fits no place of the text, or more than one."""

    nearest = Place(required=False, allow_null=True, help_text="The place most like the quote, if any comes near.")
    candidates = Place(many=True, required=False, help_text="The first places where the quote stands.")
    total = serializers.IntegerField(required=False, help_text="In how many places it stands.")


class ChangedProblem(Problem):
    """Somebody changed it since the caller read it; nothing was written."""

    current = serializers.DictField(help_text="What it is now. Its ETag is this answer's.")


class Item(serializers.Serializer):
    index = serializers.IntegerField(help_text="Its place among the items, from 0.")
    problem = serializers.DictField(
        allow_null=True,
        help_text="Why it cannot be made, as the problem it would be alone; null for one that could be.",
    )


class ItemsProblem(Problem):
    """Some items cannot be made, so none was (`items_refused`)."""

    items = Item(many=True, required=False, help_text="Each item, in order.")


SHAPES = {400: BadInput, 403: RefusedProblem, 409: RefusedProblem, 412: ChangedProblem, 413: BadInput, 415: BadInput}
SENTENCES = {
    304: "Nothing has changed since the ETag in If-None-Match.",
    400: "The body or the query is not what it should be.",
    401: "No valid token, and no session.",
    403: "The token's scope or this person's roles do not include it.",
    404: "There is nothing here that this person may see.",
    406: "The caller accepts no JSON.",
    409: "The rules of the desk refuse it; or somebody changed the same thing at that moment (`try_again`); "
    "or no signed checkpoint covers it yet (`not_sealed`); or the first request with the Idempotency-Key is still at "
    "work (`in_progress`).",
    412: "It has changed since the ETag in If-Match; ETag and `current` say what it is now.",
    413: "The body is too large.",
    415: "The body is not application/json, or the text is of a kind that is not read.",
    422: "The Idempotency-Key was used for another request (`key_reused`); or the anchor fits no place of the text, or "
    "more than one; or one of many items cannot be made (`items_refused`).",
    428: "If-Match is missing.",
    429: "The token, or the address the call comes from, calls too often: wait as long as Retry-After says.",
}


def _said(error: Exception, method: str = "POST") -> Any:
    """A problem as a caller gets it."""
    return problem_of(error, {"request": SimpleNamespace(method=method)})


_NO_EVIDENCE = Refusal("evidence_is_sufficient", "There is no evidence yet: cite a source that takes a stance.")
_ONE_SIDE = Refusal(
    "both_stances_were_sought",
    "Cite contradicting evidence, or say in none_contradicting where you looked and found none.",
)
_NO_NOTE = rest.ErrorDetail("This field is required.", code="required")
_QUOTE = Selector(exact="The harbour was closed on 3 May 2023.", prefix="", suffix=" The mayor", start=44, end=81)
_AGAIN = Selector(exact="It was a shame.", prefix="nine million. ", suffix="\n\nThe works", start=132, end=147)
_LATER = Selector(exact="It was a shame.", prefix="in June. ", suffix="", start=231, end=246)

# What each status can say, by a name for it; 422 by the shape of its problem.
EXAMPLES: dict[int | type[Problem], dict[str, Any]] = {
    400: {"WrongFields": _said(rest.ValidationError({
        "stated_on": [rest.ErrorDetail("Date has wrong format.", code="invalid")],
        "anchor": {"start": [rest.ErrorDetail("A valid integer is required.", code="invalid")]},
    }))},
    401: {"NoToken": _said(rest.AuthenticationFailed("This token is unknown, expired or revoked."))},
    403: {"NotYours": _said(Refused([Refusal("not_permitted", "Your roles do not include this: file a verdict.")])),
          "Scope": _said(rest.PermissionDenied("This token does not reach so far: use another.", "scope"))},
    404: {"NothingHere": _said(Http404())},
    406: {"NoJSON": _said(rest.NotAcceptable("Answers are application/json here: accept that."))},
    409: {"Refused": _said(Refused([_NO_EVIDENCE, _ONE_SIDE])), "AtWork": _said(AtWork())},
    412: {"Changed": _said(PreconditionFailed({"id": 12, "due_at": "2024-05-10T12:00:00Z"}, ""))},
    413: {"TooLarge": _said(TooLarge("Send at most 25165824 bytes."))},
    415: {"NotJSON": _said(rest.UnsupportedMediaType("text/plain"))},
    428: {"NoIfMatch": _said(PreconditionRequired())},
    429: {"TooOften": _said(rest.Throttled(wait=3, detail="You call too often."))},
    Problem: {"KeyReused": _said(KeyReused())},
    NoSuchPlace: {"NotThere": _said(QuoteNotFound(_QUOTE)), "Twice": _said(QuoteAmbiguous([_AGAIN, _LATER], 2))},
    ItemsProblem: {"OneIsWrong": _said(ItemsRefused([
        {"index": 0, "problem": None},
        {"index": 1, "problem": _said(rest.ValidationError({"items": {"1": {"statement": [_NO_NOTE]}}}))},
    ]))},
}  # fmt: skip
WRONG_QUERY = {"WrongQuery": _said(rest.ValidationError({
    "page_size": [rest.ErrorDetail("A number from 1 to 200.", code="invalid")],
}), "GET")}  # fmt: skip
