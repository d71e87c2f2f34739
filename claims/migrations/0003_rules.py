from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "rules.sql"


class Migration(migrations.Migration):
    """The rules of the desk that hold at every door, as triggers."""

    dependencies = [("claims", "0002_record")]
    operations = [migrations.RunSQL([SQL.read_text(encoding="utf-8")])]
