"""What the trail's codes are called: actions by the words of their steps, kinds of object, columns."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from claims.models.audit import recorded_as
from claims.workflow import ARTICLE_STEPS, CLAIM_STEPS, JUDGE

STEPS = {f"claim.{step.name}": step.label for step in CLAIM_STEPS} | {
    f"{'publication' if step.name in ('correct', 'retract') else 'article'}.{step.name}": step.label
    for step in ARTICLE_STEPS
}
ACTIONS: dict[str, str] = {
    "article.receive": "Receive an article",
    "article.revise": "Add a new text",
    "article.edit": "Edit the article",
    "article.mark_non_factual": "Mark as stating no fact",
    "article.take_mark_back": "Take a mark back",
    "claim.identify": "Write a claim",
    "claim.edit": "Edit the claim",
    "claim.settle_anchor": "Settle its place",
    "source.enter": "Enter a source",
    "source.edit": "Edit a source",
    "evidence.cite": "Cite evidence",
    "evidence.edit": "Edit evidence",
    "evidence.withdraw": "Withdraw evidence",
    "evidence.restore": "Restore evidence",
    "source.withdraw": "Withdraw a source",
    "source.restore": "Restore a source",
    "claim.recuse": "Step back from a claim",
    "verdict.file": JUDGE.label,
    "comment.write": "Comment",
    "comment.take_back": "Take a comment back",
    "thread.resolve": "Resolve a conversation",
    "thread.reopen": "Reopen a conversation",
    "thread.block": "Let a conversation block the sign-off",
    "thread.unblock": "Let a conversation block no longer",
    "contact.log": "Log a question",
    "contact.close": "Enter how a question ended",
    "contact.extend": "Change a deadline",
    "contact.answer": "Answer a question, as its guest",
    "contact.answer_late": "Enter a late answer",
    **STEPS,
    "guest.invite": "Invite a guest",
    "guest.revoke": "Revoke a guest's link",
    "guest.use": "A guest uses their link",
    "report.send": "A reader reports an error",
    "report.close": "Close a reader's report",
    "desk.add_person": "Add a person",
    "desk.set_roles": "Set roles",
    "desk.reset_password": "Make a new password",
    "desk.change_password": "Change one's password",
    "desk.deactivate": "Deactivate a person",
    "desk.reactivate": "Reactivate a person",
    "desk.configure": "Change the desk's settings",
    "desk.issue_token": "Issue a token",
    "desk.calendar_address": "Make a calendar address",
    "desk.revoke_token": "Revoke a token",
    "desk.set_email_mode": "Choose how e-mail comes",
    "notification.read": "Read notifications",
    "filter.keep": "Keep a filter",
    "filter.edit": "Change a kept filter",
    "filter.discard": "Take a kept filter away",
    "webhook.add": "Add a webhook",
    "webhook.disable": "Switch a webhook off",
    "webhook.enable": "Switch a webhook on",
    "webhook.switch_off": "Give a webhook up",
    "audit.redact": "Redact by law",
    "audit.key_introduced": "Put a signing key on record",
    "audit.key_added": "Add a signing key",
    "audit.key_retired": "Retire a signing key",
    "outside.insert": "Added around the desk",
    "outside.update": "Changed around the desk",
    "outside.delete": "Deleted around the desk",
}
KINDS = {
    "articlerevision": "text",
    "articlelink": "link",
    "nonfactualmark": "mark as stating no fact",
    "anchor": "place in the text",
    "verdict_relied_on": "evidence relied on",
    "signoff": "sign-off",
    "correction_claims": "claim of a correction",
    "ratingscale": "rating scale",
    "person_groups": "role of a person",
    "person_user_permissions": "permission of a person",
    "apitoken": "API token",
    "thread": "conversation",
    "comment_mentions": "mention in a comment",
    "contact": "question to somebody outside",
    "guestlink": "guest's link",
    "guestuse": "use of a guest's link",
    "readerreport": "reader's report",
    "desksettings": "settings of the desk",
    "auth_group": "role",
    "auth_group_permissions": "permission of a role",
    "signingkey": "signing key",
}


def words_of(action: str) -> str:
    """What an action is called; an action nobody named, by its code."""
    return ACTIONS.get(action, action.replace(".", ": ").replace("_", " "))


def kind_of(object_type: str) -> str:
    """What a kind of object is called."""
    return KINDS.get(object_type, object_type.replace("_", " "))


def model_of(object_type: str) -> type[models.Model] | None:
    """The model whose rows the trail calls so; None for what is no more."""
    return _models().get(object_type)


def field_of(object_type: str, column: str) -> models.Field[Any, Any] | None:
    """The field behind a column of the trail; None for what is no more."""
    model = model_of(object_type)
    return _fields(model).get(column) if model else None


def order_of(object_type: str, column: str) -> tuple[int, str]:
    """Where a column stands among those of its kind: as the model has them."""
    model = model_of(object_type)
    names = list(_fields(model)) if model else []
    return names.index(column) if column in names else len(names), column


def label_of(object_type: str, column: str) -> str:
    """What a column is called."""
    field = field_of(object_type, column)
    return str(field.verbose_name) if field else column.removesuffix("_id").replace("_", " ")


@cache
def _models() -> dict[str, type[models.Model]]:
    return {recorded_as(model._meta.db_table): model for model in apps.get_models(include_auto_created=True)}


@cache
def _fields(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.attname: field for field in model._meta.concrete_fields}
