from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "precedents.sql"
TAKEN_BACK = """
DROP PROCEDURE claims_post_every_claim();
DROP TRIGGER precedents_are_kept ON claims_claim;
DROP TRIGGER precedents_are_kept ON claims_article;
DROP FUNCTION claims_precedents_of_claim();
DROP FUNCTION claims_precedents_of_article();
DROP FUNCTION claims_post(bigint, text, text, text);
DROP FUNCTION claims_words(regconfig, text);
DROP FUNCTION claims_dictionary(text);
"""


class Migration(migrations.Migration):
    """The words of every standing claim, so that earlier decisions on similar claims are found."""

    dependencies = [("claims", "0009_guests")]
    operations = [
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "word", "claim", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "word",
                    models.TextField(
                        db_collation="C", help_text="A lexeme, as text search of the article's language has it."
                    ),
                ),
                ("frequency", models.SmallIntegerField()),
                ("length", models.SmallIntegerField()),
                (
                    "claim",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="claims.claim",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("word", "claim"),
                        include=("frequency", "length"),
                        name="posting_is_read_from_its_index",
                    )
                ],
            },
        ),
        # The same columns again; the unique index above, which also holds the figures, serves for both.
        migrations.RunSQL(
            ["ALTER TABLE claims_posting DROP CONSTRAINT claims_posting_pkey"],
            ["ALTER TABLE claims_posting ADD PRIMARY KEY (word, claim_id)"],
        ),
        migrations.RunSQL([SQL.read_text(encoding="utf-8")], TAKEN_BACK),
    ]
