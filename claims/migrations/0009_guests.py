import datetime
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "guests.sql"
# Their triggers go with them.
FUNCTIONS = (
    "claims_guest_link_is_about_its_own_article", "claims_guest_use_is_of_a_link_that_allows_it",
    "claims_guest_writes_in_their_own_thread", "claims_guest_may", "claims_report_is_about_its_own_article",
    "claims_report_stays_closed",
)  # fmt: skip
UNDO = [
    *(f"DROP FUNCTION {name} CASCADE" for name in FUNCTIONS),
    "DROP TRIGGER guest_link_stays_revoked ON claims_guestlink",
]


class Migration(migrations.Migration):
    """A guest's link lasts ninety days at most and does what it was made for; a closed report stays closed."""

    dependencies = [("claims", "0008_comments")]

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
        migrations.RunSQL([SQL.read_text(encoding="utf-8")], UNDO),
    ]
