"""What happens at a desk, for the tests of the trail: random stories, and what somebody outside keeps of them.

A story is a list of things that people do, in an order that its seed decides. What the rules refuse is a part of it.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import override_settings

from claims.actions import (
    articles,
    claims,
    corrections,
    desk,
    evidence,
    publications,
    redaction,
    sealing,
    signoffs,
    sources,
    steps,
)
from claims.anchoring import QuoteNotFound
from claims.choices import ArticleState, ClaimState, CorrectionType, Role
from claims.models import Article, Checkpoint, Claim, Evidence, Person, SigningKey, Source
from claims.models.audit import recorded_as
from claims.publishing.snapshot import build as snapshot
from claims.rules import Refused
from claims.trail.findings import Finding
from claims.trail.verification import Anchor, known_keys, verify, vouched
from tests import build
from tests.transactional import as_owner

# What tests that commit leave standing, without the events that once told of it.
STANDING = ("claims_ratingscale", "claims_rating", "auth_group", "auth_group_permissions")
GUARDED = ("claims_auditevent", "claims_stream", "claims_opening", "claims_unsealed")


def execute(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def begin() -> None:
    """Put on record what stands without a record, so that the trail of a test is whole."""
    with as_owner():
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in GUARDED:
            execute(f"ALTER TABLE {table} DISABLE TRIGGER only_triggers_write_the_record")
        for table in STANDING:
            execute(
                f"""DO $$
                DECLARE r jsonb; e claims_auditevent; given text[];
                BEGIN
                  SELECT string_to_array(encode(tgargs, 'escape'), '\\000') INTO given FROM pg_trigger
                    WHERE tgname = 'every_change_is_recorded' AND tgrelid = '{table}'::regclass;
                  FOR r IN SELECT to_jsonb(t) FROM {table} t WHERE NOT EXISTS (
                    SELECT 1 FROM claims_auditevent x
                    WHERE x.object_type = '{recorded_as(table)}' AND x.object_id = t.id)
                    ORDER BY id LOOP
                    e.action := 'desk.begin'; e.request_id := ''; e.db_role := current_user; e.outside := false;
                    e.object_type := '{recorded_as(table)}'; e.object_id := (r->>'id')::bigint; e.stream := 'desk';
                    IF given[1] <> '' THEN e.parent_id := (r->>given[1])::bigint; END IF;
                    PERFORM claims_write_event(e, NULL, r - 'updated_at'::text, '', string_to_array(given[3], ','),
                                               string_to_array(given[4], ','));
                  END LOOP;
                END $$"""
            )
        for table in GUARDED:
            execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER only_triggers_write_the_record")
        execute("SET CONSTRAINTS ALL DEFERRED")


def sealed() -> Checkpoint:
    """Everything that waits, sealed."""
    made = sealing.seal()
    assert made is not None
    return made


def kept(checkpoint: Checkpoint, told_by: str = "the checkpoint that Eve kept") -> Anchor:
    """What somebody outside keeps of a checkpoint."""
    return vouched(checkpoint.note, told_by, known_keys(), settings.AUDIT_ORIGIN)


def found(*outside: Anchor, since: int = 0) -> list[Finding]:
    """What verification finds, with what is kept outside."""
    return verify(outside=outside, since=since, progress=lambda what, count: None).findings


class Story:
    """Random work at a desk; `acts` are what may happen."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.did: list[str] = []
        self.anchors: list[Anchor] = []

    def go_on(self, turns: int) -> None:
        for _ in range(turns):
            act = self.dice.choice(self.acts)
            try:
                act(self)
            except (Refused, ValidationError, QuoteNotFound, OperationalError, IntegrityError):
                # Two who wait for each other, too: one of them is told to try again.
                self.did.append(f"({act.__name__})")
            else:
                self.did.append(act.__name__)

    def one(self, rows: Any) -> Any:
        """Any of these rows; where there is none, the desk has nothing to do."""
        every = list(rows.order_by("pk"))
        if not every:
            raise ValidationError("nothing to do")
        return self.dice.choice(every)

    def words(self) -> str:
        """A text of any kind: with quotes, line breaks, other scripts, or nothing but blanks around it."""
        parts = (
            "the mayor",
            "“nine million”",
            "it's",
            "ça",
            "数字",
            "🙂",
            'a "b"',
            "two\nlines",
            "back\\slash",
            "\u2028",
            "%s",
        )
        return " ".join(self.dice.choices(parts, k=self.dice.randint(1, 5)))

    def receives(self) -> None:
        build.article()

    def identifies(self) -> None:
        build.identified(self.one(Article.objects.all()), self.dice.choice(build.CLAIMS), statement=self.words())

    def decides(self) -> None:
        build.claim(self.dice.choice(list(ClaimState)), self.one(Article.objects.all()), self.dice.choice(build.CLAIMS))

    def edits(self) -> None:
        changes = {self.dice.choice(("statement", "headline", "claimant")): self.words()}
        if self.dice.random() < 0.3:
            changes = {"topics": [self.words() for _ in range(self.dice.randint(0, 3))]}
        claims.edit(claim=self.one(Claim.objects.all()), by=build.the(Role.EDITOR), **changes)

    def cites(self) -> None:
        claim = self.one(Claim.objects.all())
        build.cite(claim, source=build.source(title=self.words(), confidential=self.dice.random() < 0.3),
                   excerpt=self.words())  # fmt: skip

    def withdraws_evidence(self) -> None:
        evidence.withdraw(evidence=self.one(Evidence.objects.all()), reason=self.words(), by=build.the(Role.RESEARCHER))

    def edits_a_source(self) -> None:
        given = {"title": self.words(), "accessed_at": datetime(2024, 6, self.dice.randint(1, 30), tzinfo=UTC)}
        sources.edit(source=self.one(Source.objects.all()), by=build.the(Role.RESEARCHER), **given)

    def judges(self) -> None:
        claim = self.one(Claim.objects.filter(state=ClaimState.IN_REVIEW))
        build.verdict(claim, self.dice.choice(("true", "false")), relied_on=list(claim.evidence.all()))

    def reopens(self) -> None:
        claim = self.one(Claim.objects.filter(state=ClaimState.DECIDED))
        steps.take(claim=claim, step="reopen", reason=self.words(), by=build.the(Role.EDITOR))

    def publishes(self) -> None:
        build.published()

    def publishes_again(self) -> None:
        on = self.one(Article.objects.filter(state=ArticleState.UNDER_CORRECTION))
        for claim in on.claims.filter(state=ClaimState.RESEARCHING):
            build.cite(claim)
            steps.take(claim=claim, step="submit_for_review", by=build.the(Role.RESEARCHER), none_contradicting="Two.")
            for _ in range(2):
                build.verdict(claim, "false")
        signed = signoffs.sign_off(article=Article.objects.get(pk=on.pk), by=build.person(Role.EDITOR))
        publications.publish(article=signed.article, build=snapshot, by=build.the(Role.PUBLISHER))

    def corrects(self) -> None:
        on = self.one(Article.objects.filter(state=ArticleState.PUBLISHED))
        kind = self.dice.choice([CorrectionType.TYPO, CorrectionType.RETRACTION])
        corrections.correct(publication=on.publications.get(state="live"), type=kind, text=self.words(),
                            claims=on.claims.all()[:2], by=build.the(Role.PUBLISHER))  # fmt: skip

    def withdraws(self) -> None:
        articles.withdraw(article=self.one(Article.objects.all()), reason=self.words(), by=build.the(Role.EDITOR))

    def changes_roles(self) -> None:
        person, chief = self.one(Person.objects.all()), build.person(superuser=True)
        desk.set_roles(person=person, roles=self.dice.sample(list(Role), 2), by=chief)
        (desk.deactivate if person.is_active else desk.reactivate)(person=person, by=chief)
        if not person.is_active:
            desk.reactivate(person=person, by=chief)
        desk.reset_password(person=person, by=chief)

    def hands_out_a_token(self) -> None:
        token, _ = desk.issue_token(person=self.one(Person.objects.all()), by=None, name=self.words())
        if self.dice.random() < 0.5:
            desk.revoke_token(token=token, by=build.person(superuser=True))

    def works_around_the_desk(self) -> None:
        claim = self.one(Claim.objects.all())
        with transaction.atomic():
            execute("UPDATE claims_claim SET topics = %s WHERE id = %s", [self.words()], claim.pk)
            execute("UPDATE auth_group SET name = name || 'x' WHERE id = (SELECT max(id) FROM auth_group)")
            execute("UPDATE auth_group SET name = rtrim(name, 'x') WHERE id = (SELECT max(id) FROM auth_group)")

    def erases(self) -> None:
        row, name = self.dice.choice(
            [(Evidence, "excerpt"), (Source, "title"), (Claim, "statement"), (Claim, "topics")]
        )
        if self.dice.random() < 0.2:
            row, name = Person, "email"
        by = build.the(Role.EDITOR)
        with as_owner():
            redaction.redact(kind=recorded_as(row._meta.db_table), object_id=self.one(row.objects.all()).pk, field=name,
                             basis="GDPR Art. 17(1)(d)", by=by)  # fmt: skip

    def erases_a_reason(self) -> None:
        with_reason = execute("SELECT event_id FROM claims_opening WHERE place = 'reason' ORDER BY 1")
        if with_reason:
            seq = self.dice.choice(with_reason)[0]
            with as_owner():
                redaction.redact(
                    kind="auditevent", object_id=seq, field="reason", basis="By law.", by=build.the(Role.EDITOR)
                )

    def brings_in_a_key(self) -> None:
        sealing.add_key(by=build.the(Role.EDITOR))

    def retires_a_key(self) -> None:
        every = list(SigningKey.objects.filter(retired_at__isnull=True).order_by("pk"))
        if len(every) > 1:
            sealing.retire_key(every[0].verifier, by=build.the(Role.EDITOR))

    def seals(self) -> None:
        self.anchors.append(kept(sealed(), f"what was kept of seal {len(self.anchors)}"))

    acts: Sequence[Callable[[Story], None]] = (
        receives, identifies, identifies, decides, edits, edits, cites, cites, withdraws_evidence, edits_a_source,
        judges, judges, reopens, publishes, publishes_again, corrects, withdraws, changes_roles, hands_out_a_token,
        works_around_the_desk, erases, erases, erases_a_reason, brings_in_a_key, retires_a_key, seals, seals,
    )  # fmt: skip


def tell(seed: int, turns: int = 12) -> tuple[Story, list[Finding]]:
    """A whole story, and what verification finds of it, which is nothing."""
    story = Story(seed)
    build.article()
    story.go_on(turns)
    story.seals()
    story.go_on(2)
    return story, _verified(story)


def _verified(story: Story) -> list[Finding]:
    """With everything that was kept, once whole and once from any size that was signed."""
    since = story.dice.choice(story.anchors).size
    return found(*story.anchors) + found(*story.anchors, since=since)


class OwnKeys:
    """Tests with keys of their own, so that what they do with them is nobody else's concern."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.keys = override_settings(AUDIT_DIR=Path(cls.folder.name))
        cls.keys.enable()
        super().setUpClass()  # type: ignore[misc]

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()  # type: ignore[misc]
        cls.keys.disable()
        cls.folder.cleanup()
