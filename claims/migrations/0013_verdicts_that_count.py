import re
from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent / "sql"
SQL = (HERE / "verdicts_that_count.sql").read_text(encoding="utf-8")


def former(name: str) -> str:
    """A function as the review desk's migration left it."""
    text = (HERE / "review_desk.sql").read_text(encoding="utf-8")
    return re.findall(rf"^CREATE OR REPLACE FUNCTION {name}\(.*?\$\$;$", text, re.DOTALL | re.MULTILINE)[-1]


class Migration(migrations.Migration):
    """A verdict counts no longer when its reviewer has researched the claim since; a dispute is about the last one."""

    dependencies = [("claims", "0012_guest_news")]
    operations = [
        migrations.RunSQL(
            [SQL],
            [former("claims_counting"), former("claims_decision_has_its_quorum"), "CALL claims_make_safe()"],
        )
    ]
