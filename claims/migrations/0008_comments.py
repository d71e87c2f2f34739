from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "comments.sql"


class Migration(migrations.Migration):
    """The rules of threads, comments and the contact log, kept by the database as well."""

    dependencies = [("claims", "0007_review_desk")]
    operations = [migrations.RunSQL([SQL.read_text(encoding="utf-8")])]
