from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "guest_news.sql"
TAKEN_BACK = """
DROP FUNCTION claims_late_answer_is_entered_once() CASCADE;
DROP FUNCTION claims_late_answer_is_entered_by_the_desk_or_its_guest() CASCADE;
DROP TRIGGER late_answer_is_entered_in_ones_own_name ON claims_contact;
DROP TRIGGER contact_asks_what_it_asked ON claims_contact;
CREATE TRIGGER contact_asks_what_it_asked BEFORE UPDATE ON claims_contact FOR EACH ROW
  EXECUTE FUNCTION claims_only_changes('What was asked is never edited.',
    'due_at,outcome,answer,closed_by_id,closed_at');
CALL claims_put_on_record('claims_contact', plain => 'channel,outcome');
CALL claims_make_safe();
"""


class Migration(migrations.Migration):
    """Whoever it concerns is told what guests write; an answer that comes too late is kept."""

    dependencies = [
        ("claims", "0011_review_roles"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="notification",
            name="person_is_told_once_while_unread",
        ),
        migrations.AddField(
            model_name="contact",
            name="late_answer",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="What came after the question was closed; how it ended stays as it was entered.",
                max_length=50000,
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="late_answer_at",
            field=models.DateTimeField(blank=True, help_text="When the late answer was entered.", null=True),
        ),
        migrations.AddField(
            model_name="contact",
            name="late_answer_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="contact",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.contact",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("assignment", "Assigned to you"),
                    ("your_turn", "Your turn"),
                    ("mention", "You were mentioned"),
                    ("disputed", "Reviewers differ"),
                    ("stale", "What was judged has changed"),
                    ("overdue", "Overdue"),
                    ("signed_off", "Signed off"),
                    ("reader_report", "A reader reports an error"),
                    ("guest_news", "News from outside"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="kinds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("assignment", "Assigned to you"),
                        ("your_turn", "Your turn"),
                        ("mention", "You were mentioned"),
                        ("disputed", "Reviewers differ"),
                        ("stale", "What was judged has changed"),
                        ("overdue", "Overdue"),
                        ("signed_off", "Signed off"),
                        ("reader_report", "A reader reports an error"),
                        ("guest_news", "News from outside"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                help_text="What it is told of; none: of everything.",
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("late_answer", ""), ("late_answer_at__isnull", True), ("late_answer_by__isnull", True)),
                    models.Q(
                        models.Q(("late_answer", ""), _negated=True),
                        ("late_answer_at__isnull", False),
                        models.Q(("outcome", "awaiting"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="late_answer_comes_after_the_question_was_closed",
                violation_error_message="Only a question that is closed gets a late answer.",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("read_at__isnull", True)),
                fields=("person", "kind", "article", "claim", "comment", "report", "contact"),
                name="person_is_told_once_while_unread",
                nulls_distinct=False,
            ),
        ),
        migrations.RunSQL([SQL.read_text(encoding="utf-8")], TAKEN_BACK),
    ]
