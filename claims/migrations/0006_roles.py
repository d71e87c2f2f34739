from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "roles.sql"


class Migration(migrations.Migration):
    """What the application's role may do. Taken back, it keeps the rights it was given last."""

    dependencies = [("claims", "0005_trail")]
    operations = [migrations.RunSQL([SQL.read_text(encoding="utf-8")], "DROP PROCEDURE claims_admit(text)")]
