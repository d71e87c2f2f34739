from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "throttles.sql"
# On record, like every change of a token.
SAID = "SELECT set_config('factcheck.action', 'desk.name_scopes', true)"
NAMED = """
UPDATE claims_apitoken SET scope = CASE scope WHEN 'write' THEN 'read research review edit publish audit'
  ELSE 'read audit' END WHERE scope IN ('read', 'write')
"""
TAKEN_BACK = """
UPDATE claims_apitoken SET scope = CASE WHEN scope IN ('read', 'audit', 'read audit') THEN 'read' ELSE 'write' END
  WHERE scope <> 'calendar'
"""
UNSAID = "SELECT set_config('factcheck.action', '', true)"


class Migration(migrations.Migration):
    """Programs: scopes and networks of their tokens, how often they may call, and what they were answered."""

    dependencies = [("claims", "0014_search")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The networks it may be used from, such as 203.0.113.0/24, with spaces between; empty: any.",
                max_length=500,
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                help_text="What it is good for: words of Scope, with spaces between.", max_length=100
            ),
        ),
        migrations.RunSQL([SAID, NAMED, UNSAID], [SAID, TAKEN_BACK, UNSAID]),
        migrations.CreateModel(
            name="Throttle",
            fields=[
                ("bucket", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("empty_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(["ALTER TABLE claims_throttle SET UNLOGGED"], migrations.RunSQL.noop),
        migrations.RunSQL(
            [SQL.read_text(encoding="utf-8")],
            ["DROP FUNCTION claims_throttle(text, integer, integer)", "DROP FUNCTION claims_permissions_of(bigint)"],
        ),
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(help_text="Hex SHA-256 of the Idempotency-Key.", max_length=64)),
                (
                    "asked",
                    models.CharField(help_text="Hex SHA-256 of the request's method, address and body.", max_length=64),
                ),
                ("status", models.SmallIntegerField(null=True)),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField(default=b"")),
                ("began_at", models.DateTimeField(db_index=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "key"), name="key_is_used_once_by_a_person")],
            },
        ),
    ]
