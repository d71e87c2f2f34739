from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "record.sql"


class Migration(migrations.Migration):
    """The record: triggers that write every change to the audit trail."""

    dependencies = [("claims", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunSQL([SQL.read_text(encoding="utf-8")])]
