import datetime
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "guests.sql"


class Migration(migrations.Migration):
    """A guest's link lasts ninety days at most and does what it was made for; a closed report stays closed."""

    dependencies = [("claims", "0008_review_roles")]

    operations = [
        migrations.AddConstraint(
            model_name="guestlink",
            constraint=models.CheckConstraint(
                condition=models.Q(expires_at__lte=models.F("made_at") + datetime.timedelta(days=90)),
                name="guest_link_lasts_ninety_days",
                violation_error_message="A guest's link is good for 1 to 90 days.",
            ),
        ),
        migrations.AddConstraint(
            model_name="readerreport",
            constraint=models.CheckConstraint(
                condition=models.Q(outcome="corrected") | models.Q(correction__isnull=True),
                name="report_that_led_to_a_correction_says_so",
                violation_error_message="Only a report that led to a correction names one.",
            ),
        ),
        migrations.RunSQL([SQL.read_text(encoding="utf-8")]),
    ]
