"""Acting for somebody: one transaction, and who, what and why handed to the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from claims.models import Article, Claim, Person
from claims.rules import Given, Refusal, Refused
from claims.workflow import Step, ask
from factcheck.tracing import request_id

# Who acts in the action that runs, for what follows from several of them.
_actor: ContextVar[Person | None] = ContextVar("actor", default=None)


def _set(values: tuple[str, ...]) -> tuple[str, ...]:
    """Set the transaction's actor, action, reason and request id; give back what they were."""
    names = ("factcheck.actor", "factcheck.action", "factcheck.reason", "factcheck.request_id")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join("current_setting(%s, true)" for _ in names), names)
        before = tuple(value or "" for value in cursor.fetchone())
        cursor.execute(
            "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in names),
            [part for pair in zip(names, values, strict=True) for part in pair],
        )
    return before


@contextmanager
def acting(*, by: Person | None, action: str, reason: str = "") -> Iterator[None]:
    """One transaction in which every write is recorded as `action` done by `by` for `reason`.

    `by` is None for what nobody of the desk does: a command of the machine's owner. Within another action the
    outer one's transaction is joined (as a savepoint) and its name put back afterwards.

    Raises Refused also where it is the database that refuses: two people at once, or a rule no action asked.
    """
    with refusing(), transaction.atomic():
        before = _set((str(by.pk) if by else "", action, reason, request_id.get()))
        token = _actor.set(by)
        try:
            yield
        finally:
            _actor.reset(token)
        # Not in a finally: after an error the transaction (or savepoint) rolls back, and the settings with it.
        _set(before)


def actor() -> Person | None:
    """Who acts; None for the machine's owner, and outside of every action."""
    return _actor.get()


@contextmanager
def refusing() -> Iterator[None]:
    """What the database refuses is raised as Refused, like everything the rules refuse."""
    try:
        yield
    except IntegrityError as error:
        raise Refused([refusal_of(error)]) from error


def refusal_of(error: IntegrityError) -> Refusal:
    """A database's refusal as the rule it is named for: constraints and triggers bear sentences as names."""
    diag = getattr(error.__cause__, "diag", None)
    name = getattr(diag, "constraint_name", None) or "integrity"
    said = getattr(diag, "message_primary", "") or ""
    if "violates" in said or not said:
        said = _said_of_constraints().get(name) or name.replace("_", " ").capitalize() + "."
    return Refusal(name, said)


@cache
def _said_of_constraints() -> dict[str, str]:
    """What the models' constraints say to people, where their names do not say it already."""
    constraints = [c for model in apps.get_models() for c in model._meta.constraints]
    return {
        c.name: str(c.violation_error_message)
        for c in constraints
        if c.violation_error_message != c.default_violation_error_message
    }


def insist(step: Step, subject: Article | Claim, by: Person, given: Given = None) -> None:
    """Ask for a step; raise Refused with every reason against it."""
    if refusals := ask(step, subject, by, given):
        raise Refused(refusals)


def require(by: Person, permission: str, what: str) -> None:
    """Refuse unless this active person has a permission of the desk (its codename); `what` completes the sentence."""
    if why := by.lacks(f"claims.{permission}"):
        raise Refused([Refusal("not_permitted", f"{why}: {what}.")])


def check_able(field: str, person: Person | None, permission: str) -> None:
    """Work is given to somebody active whose roles do it. Raises ValidationError for this field."""
    if person is not None and not person.holds(f"claims.{permission}"):
        raise ValidationError({field: f"{person.name} does not do this work: choose somebody whose roles do."})


def check_text(row: type[models.Model], field: str, text: str, *, missing: str = "") -> None:
    """A text is no longer than its column says, which a text column does not see to; `missing` is said of an empty one.

    Raises ValidationError for this field.
    """
    longest: int | None = getattr(row._meta.get_field(field), "max_length", None)
    if missing and not text.strip():
        raise ValidationError({field: missing})
    if longest is not None and len(text) > longest:
        raise ValidationError({field: f"This is longer than {longest:,} characters: shorten it."})


def lock_article(article: Article) -> Article:
    """The article as it is now, held until the transaction ends. Always locked before any of its claims."""
    locked = Article.objects.select_for_update(of=("self",), no_key=True).select_related("current_revision")
    return locked.defer("current_revision__source_bytes", "current_revision__blocks").get(pk=article.pk)


def lock_claim(claim: Claim) -> Claim:
    """The claim as it is now, and its article, held until the transaction ends."""
    article = lock_article(claim.article)
    locked = Claim.objects.select_for_update(of=("self",), no_key=True).select_related("decision").get(pk=claim.pk)
    locked.article = article
    return locked


def insert(row: models.Model) -> None:
    """Check the fields and insert. Raises ValidationError by field; what rows must agree on is the database's."""
    row.full_clean(validate_unique=False, validate_constraints=False)
    row.save(force_insert=True)


def update(row: models.Model, **changes: object) -> None:
    """Set, check and save these fields alone. Raises ValidationError by field."""
    for name, value in changes.items():
        setattr(row, name, value)
    others = {f.name for f in row._meta.concrete_fields} - set(changes)
    row.clean_fields(exclude=others)
    stamp = ["updated_at"] if any(f.name == "updated_at" for f in row._meta.concrete_fields) else []
    row.save(update_fields=[*changes, *stamp])
