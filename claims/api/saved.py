"""`?saved=`: the parameters that somebody kept under a name, as if they had been given."""

from __future__ import annotations

from django.db.models import Case, When
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from claims.models import Person, SavedFilter

PARAMETER = "saved"


def apply(request: Request, place: str, person: Person) -> None:
    """Put the saved parameters of this list into the query; what is given besides wins. Raises ValidationError."""
    given = request.query_params
    if PARAMETER not in given:
        return
    names = given.getlist(PARAMETER)
    known = SavedFilter.objects.visible_to(person).filter(list=place, slug=names[0])
    # One's own before the desk's of the same name.
    saved = (
        known.order_by(Case(When(person=person, then=0), default=1)).first()
        if len(names) == 1 and "\0" not in names[0]
        else None
    )
    if saved is None:
        wrong = "There is no filter of this name for this list: /api/v1/saved-filters/ has those there are."
        raise ValidationError({PARAMETER: ErrorDetail(wrong, code="unknown")})
    merged = QueryDict(saved.query, mutable=True)
    for name, values in given.lists():
        if name != PARAMETER:
            merged.setlist(name, values)
    request._request.GET = merged  # type: ignore[assignment]
