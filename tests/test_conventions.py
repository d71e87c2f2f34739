"""The conventions of the house, kept by machine."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db.models import Choices
from django.test import SimpleTestCase, TestCase

from claims import choices, rules
from claims.models import Claim, Verdict
from claims.workflow import ARTICLE_STEPS, CLAIM_STEPS, JUDGE

HOME = Path(__file__).parent.parent
# From the lowest layer to the highest. A layer may import those below it and itself, never its neighbours.
LAYERS = (
    ("choices", "subjects", "anchoring", "segmenting", "spelling", "agreement", "proofs", "outgoing"),
    ("rules",),
    ("workflow",),
    ("models",),
    ("messages",),
    ("actions", "queries", "reliability", "precedents", "search", "trail"),
    ("importers", "publishing"),
    ("admin", "api", "views", "guest_views", "report_views", "feeds", "calendars", "checks", "management", "urls"),
)
DOORS = ("views", "guest_views", "report_views", "feeds", "calendars")  # what the public addresses lead to
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
WIRING = {"apps"}  # where Django is told what there is
TEXT_ONLY = (
    "anchoring",
    "segmenting",
    "spelling",
    "agreement",
    "proofs.verifier",
    "proofs.merkle",
    "proofs.signing",
    "outgoing",
    "importers.text",
    "importers.masthead",
    "importers.inline",
    "importers.body",
)


def modules() -> dict[str, Path]:
    """Every module of the app but its migrations, by dotted name below `claims`."""
    found = {}
    for path in (HOME / "claims").rglob("*.py"):
        parts = path.relative_to(HOME / "claims").with_suffix("").parts
        if parts[0] not in ("migrations", "__init__"):
            found[".".join(p for p in parts if p != "__init__")] = path
    return found


def imported(path: Path) -> set[str]:
    """The dotted names a module imports at run time; what stands under TYPE_CHECKING is for readers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


class Imports(SimpleTestCase):
    def test_point_down_only(self) -> None:
        for name, path in modules().items():
            layer = name.split(".")[0]
            if layer in WIRING:
                continue
            self.assertIn(layer, LEVEL, f"{name} is in no layer")
            for target in imported(path):
                if not target.startswith("claims."):
                    continue
                other = target.split(".")[1]
                if other == layer or other not in LEVEL:
                    continue
                neighbours = layer == "urls" and other in DOORS  # addresses name their views
                with self.subTest(f"{name} imports {target}"):
                    self.assertTrue(LEVEL[other] < LEVEL[layer] or neighbours, "imports point down only")

    def test_text_functions_know_nothing_of_django(self) -> None:
        for name in TEXT_ONLY:
            wrong = {
                i for i in imported(modules()[name]) if i.startswith(("django", "claims.models", "claims.choices"))
            }
            self.assertEqual(wrong, set(), name)

    def test_only_actions_and_the_record_write(self) -> None:
        """No layer above the actions saves, creates, updates or deletes through the ORM."""
        verbs = re.compile(r"\.(save|create|bulk_create|bulk_update|get_or_create|update_or_create|delete)\(")
        for name, path in modules().items():
            if name.split(".")[0] in ("admin", "api", *DOORS, "importers", "publishing", "management"):
                hits = [line for line in path.read_text().splitlines() if verbs.search(line)]
                self.assertEqual(hits, [], name)


class Size(SimpleTestCase):
    """The verifier is one file for readers to keep, so it is the only longer one."""

    def test_modules_and_functions_stay_readable(self) -> None:
        for path in [*modules().values(), *(HOME / "factcheck").glob("*.py")]:
            source = path.read_text(encoding="utf-8")
            self.assertLessEqual(source.count("\n"), 450 if path.name == "verifier.py" else 300, path)
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef):
                    lines = (node.end_lineno or 0) - node.lineno + 1
                    self.assertLessEqual(lines, 40, f"{path}: {node.name}")

    def test_readme_is_short(self) -> None:
        self.assertLessEqual((HOME / "README.md").read_text().count("\n"), 150)


class Rules(SimpleTestCase):
    # Kept by the database under the same name: the rules of section 3 that bind every door.
    IN_THE_DATABASE = (
        "reviewer_did_not_research", "adjudicator_did_not_research", "adjudicator_did_not_review",
        "editor_did_not_research", "editor_did_not_judge", "publication_is_signed_off_by_another",
        "set_aside_is_confirmed_by_another_person", "claim_is_a_duplicate_of_another", "judge_is_not_recused",
        "claim_stands",
    )  # fmt: skip

    def test_each_has_one_definition_a_row_and_a_trigger_or_constraint_in_its_model(self) -> None:
        rows = {rule.__name__ for step in (*CLAIM_STEPS, JUDGE, *ARTICLE_STEPS) for rule in step.rules}
        models = "".join(p.read_text() for p in (HOME / "claims" / "models").glob("*.py"))
        sql = "".join(p.read_text() for p in (HOME / "claims" / "migrations" / "sql").glob("*.sql"))
        constraints = (HOME / "claims" / "migrations" / "0001_initial.py").read_text()
        for rule in self.IN_THE_DATABASE:
            with self.subTest(rule):
                self.assertTrue(callable(getattr(rules, rule)))
                self.assertIn(rule, rows)
                self.assertIn(f'"{rule}"', models)
                self.assertTrue(f"CREATE TRIGGER {rule} " in sql or f"name='{rule}'" in constraints)

    def test_no_rule_stands_unused(self) -> None:
        rows = {rule.__name__ for step in (*CLAIM_STEPS, JUDGE, *ARTICLE_STEPS) for rule in step.rules}
        tree = ast.parse((HOME / "claims" / "rules.py").read_text())
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.assertEqual(defined, rows)

    def test_each_says_its_sentence(self) -> None:
        for step in (*CLAIM_STEPS, JUDGE, *ARTICLE_STEPS):
            for rule in step.rules:
                self.assertRegex(rule.__doc__ or "", r"(?s)^[A-Z].*\.", rule.__name__)


class Words(SimpleTestCase):
    def test_choices_hold_choices_and_nothing_else(self) -> None:
        tree = ast.parse((HOME / "claims" / "choices.py").read_text())
        self.assertEqual({type(n) for n in tree.body}, {ast.Expr, ast.ImportFrom, ast.ClassDef})
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self.assertTrue(issubclass(getattr(choices, node.name), Choices))

    def test_no_loose_ends_and_no_strangers(self) -> None:
        tracked = subprocess.run(["git", "ls-files"], cwd=HOME, capture_output=True, text=True, check=False).stdout
        if not tracked:
            self.skipTest("not a git checkout")
        marks = re.compile(r"\b(TODO|FIXME|XXX)\b")
        for name in tracked.split():
            path = HOME / name
            if path.suffix in (".py", ".md", ".sql", ".html", ".css", ".toml") and path != Path(__file__):
                self.assertIsNone(marks.search(path.read_text(encoding="utf-8")), name)


class Dependencies(SimpleTestCase):
    def test_are_pinned_with_hashes_and_named_with_their_reason(self) -> None:
        reasons = (HOME / "docs" / "decisions" / "0002-dependencies.md").read_text()
        for kind in ("requirements", "requirements-test", "requirements-dev"):
            wanted = (HOME / f"{kind}.in").read_text().splitlines()
            for line in wanted:
                name = re.match(r"[\w-]+", line)
                if name and not line.startswith("-"):
                    self.assertIn(f"`{name[0]}`", reasons)
            pins = (HOME / f"{kind}.txt").read_text()
            self.assertNotIn("://", pins, "no registry is named")
            for block in re.split(r"\n(?=\S)", pins):
                if re.match(r"[\w-]+==", block):
                    self.assertIn("--hash=sha256:", block)

    def test_the_project_says_which_python(self) -> None:
        config = tomllib.loads((HOME / "pyproject.toml").read_text())
        self.assertEqual(config["tool"]["ruff"]["target-version"], "py311")


class Migrations(TestCase):
    def test_are_complete(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())

    def test_history_is_protected(self) -> None:
        """No foreign key of history cascades or is set to null."""
        for model in Claim._meta.apps.get_app_config("claims").get_models():
            for field in model._meta.concrete_fields:
                # What the trail is made of needs no such key: nothing is deleted there at all.
                if field.is_relation and getattr(model, "ON_RECORD", True):
                    self.assertEqual(field.remote_field.on_delete.__name__, "PROTECT", f"{model.__name__}.{field.name}")
        self.assertTrue(Verdict._meta.get_field("claim").remote_field)
