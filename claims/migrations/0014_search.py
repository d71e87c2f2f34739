from pathlib import Path

import django.db.models.deletion
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "search.sql"
# PostgreSQL's own, of its contrib package; the owner of a database may create it there.
TRIGRAMS = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE =
      'Search needs pg_trgm, which this server has not: install its contrib package, then migrate again.';
  END IF;
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
END $$
"""
TAKEN_BACK = """
DROP PROCEDURE claims_make_searchable();
DROP TRIGGER words_are_forgotten ON claims_opening;
DROP TRIGGER search_is_kept ON claims_source;
DROP TRIGGER search_is_kept ON claims_article;
DROP TRIGGER search_is_kept ON claims_claim;
DROP FUNCTION claims_forget_opening();
DROP FUNCTION claims_search_of_source();
DROP FUNCTION claims_search_of_article();
DROP FUNCTION claims_search_of_claim();
DROP FUNCTION claims_search_claim(claims_claim, text);
DROP FUNCTION claims_forget(text);
DROP FUNCTION claims_know(text);
DROP FUNCTION claims_spelt(text);
DROP FUNCTION claims_as_searched(claims_source);
DROP FUNCTION claims_as_searched(claims_article);
DROP FUNCTION claims_as_searched(claims_claim, text);
DROP FUNCTION claims_searched(regconfig, text[]);
DROP FUNCTION claims_line_words(regconfig, text, "char");
DROP FUNCTION claims_line(text);
"""


def searchable(noun: str, *more: models.Index) -> migrations.CreateModel:
    name = f"searchable{noun}"
    return migrations.CreateModel(
        name=f"Searchable{noun.title()}",
        fields=[
            (
                noun,
                models.OneToOneField(
                    db_constraint=False,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    primary_key=True,
                    related_name="searchable",
                    serialize=False,
                    to=f"claims.{noun}",
                ),
            ),
            ("dictionary", models.TextField()),
            ("folded", models.TextField()),
            ("words", SearchVectorField()),
        ],
        options={
            "indexes": [
                GinIndex(fastupdate=False, fields=["words"], name=f"{name}_words"),
                GinIndex(fastupdate=False, fields=["folded"], name=f"{name}_folded", opclasses=["gin_trgm_ops"]),
                *more,
            ],
        },
    )


class Migration(migrations.Migration):
    """The words of claims, articles and sources, and the parts of their words, for search."""

    dependencies = [("claims", "0013_verdicts_that_count")]
    operations = [
        migrations.RunSQL([TRIGRAMS], migrations.RunSQL.noop),
        searchable("claim"),
        searchable("article", models.Index(fields=["dictionary"], name="searchablearticle_dictionary")),
        searchable("source"),
        migrations.CreateModel(
            name="KnownWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["word"], name="knownword_word"),
                    GinIndex(fastupdate=False, fields=["word"], name="knownword_trigrams", opclasses=["gin_trgm_ops"]),
                ],
            },
        ),
        migrations.RunSQL([SQL.read_text(encoding="utf-8")], TAKEN_BACK),
    ]
