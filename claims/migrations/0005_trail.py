from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

HERE = Path(__file__).parent / "sql"


def sql(name: str) -> migrations.RunSQL:
    return migrations.RunSQL([(HERE / f"{name}.sql").read_text(encoding="utf-8")])


class Migration(migrations.Migration):
    """Events as canonical bytes in streams, with erasable openings; tree, checkpoints and keys.

    What was on record before is taken over.
    """

    dependencies = [("claims", "0004_default_desk")]
    operations = [
        migrations.RunSQL(["CREATE TABLE claims_former_event AS TABLE claims_auditevent"]),
        migrations.DeleteModel(name="AuditEvent"),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("seq", models.BigAutoField(primary_key=True, serialize=False)),
                ("stream", models.CharField(max_length=40)),
                ("n", models.BigIntegerField(help_text="The event's number in its stream, from 1 without a gap.")),
                ("at", models.DateTimeField()),
                ("action", models.CharField(max_length=100)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("object_type", models.CharField(max_length=60)),
                ("object_id", models.BigIntegerField(null=True)),
                (
                    "parent_id",
                    models.BigIntegerField(
                        help_text="Of a row that joins two others: the id of the object it belongs to.", null=True
                    ),
                ),
                (
                    "outside",
                    models.BooleanField(help_text="Made around the desk's actions: a shell, raw SQL, a bulk update."),
                ),
                ("db_role", models.CharField(max_length=63)),
                ("bytes", models.BinaryField(help_text="The event in canonical form, as it was hashed.")),
                ("hash", models.BinaryField(help_text="RFC 6962 leaf hash of the bytes.")),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "article",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="claims.article",
                    ),
                ),
            ],
            options={
                "ordering": ("-seq",),
                "permissions": (("view_record", "Can read the audit trail"),),
                "indexes": [
                    models.Index(fields=["object_type", "object_id", "seq"], name="claims_audi_object__3ddc63_idx"),
                    models.Index(fields=["article", "seq"], name="claims_audi_article_fa332e_idx"),
                    models.Index(fields=["actor", "seq"], name="claims_audi_actor_i_dbb2ce_idx"),
                    models.Index(models.F("action"), models.F("seq"), name="claims_audi_action_seq"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("stream", "n"), name="event_has_its_own_place_in_its_stream")
                ],
            },
        ),
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("length", models.BigIntegerField()),
                ("at", models.DateTimeField(help_text="The time of the last event; the next is never earlier.")),
                ("previous", models.BinaryField(help_text="The hash of the event before the last.")),
                ("head", models.BinaryField(help_text="The hash of the last event.")),
            ],
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "event_id", "place", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("place", models.CharField(max_length=80)),
                ("salt", models.BinaryField()),
                ("value", models.TextField(null=True)),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="openings",
                        to="claims.auditevent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Unsealed",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="claims.auditevent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("hash", models.BinaryField()),
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="leaf",
                        to="claims.auditevent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={"get_latest_by": "size", "ordering": ("-size",)},
        ),
        migrations.CreateModel(
            name="CheckpointPlace",
            fields=[
                ("place", models.CharField(max_length=500, primary_key=True, serialize=False)),
                (
                    "size",
                    models.BigIntegerField(default=0, help_text="The size of the last checkpoint that arrived there."),
                ),
                ("arrived_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0, help_text="In a row, since it last worked.")),
                ("next_try_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(size__gte=0), name="place_has_received_so_many_events")
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verifier",
                    models.CharField(help_text="The public half, as a C2SP verifier key.", max_length=200, unique=True),
                ),
                ("since", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "object_type",
                    models.CharField(help_text="As in the trail; `auditevent` for an event's reason.", max_length=60),
                ),
                ("object_id", models.BigIntegerField()),
                ("field", models.CharField(max_length=60)),
                (
                    "basis",
                    models.TextField(help_text="The legal basis, such as: GDPR Art. 17(1)(d), request of 3 May 2026."),
                ),
                ("at", models.DateTimeField()),
                (
                    "article",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="claims.article",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["object_type", "object_id", "field"], name="claims_reda_object__a169b4_idx")
                ],
                "constraints": [
                    models.CheckConstraint(condition=~models.Q(basis=""), name="redaction_has_a_legal_basis")
                ],
            },
        ),
        migrations.AddField(
            model_name="publication",
            name="claims_root",
            field=models.CharField(
                blank=True,
                default="",
                max_length=64,
                help_text="Hex RFC 6962 root over the claims as published, each as canonical JSON, in their order.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="publication",
            name="claims_count",
            field=models.PositiveIntegerField(default=0, help_text="How many claims that root is over."),
        ),
        migrations.AlterField(
            model_name="publication",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting for its seal"),
                    ("live", "Live"),
                    ("superseded", "Superseded"),
                    ("retracted", "Retracted"),
                    ("lapsed", "Never shown"),
                ],
                default="waiting",
                max_length=20,
            ),
        ),
        sql("trail"),
        sql("trail_takes_over"),
    ]
