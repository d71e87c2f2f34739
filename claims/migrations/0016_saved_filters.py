import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Filters of the API's lists, kept under names."""

    dependencies = [("claims", "0015_programs")]

    operations = [
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("list", models.CharField(help_text="The list it is for, such as claims.", max_length=40)),
                (
                    "slug",
                    models.CharField(
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9]+(-[a-z0-9]+)*\\Z", "Small letters, digits and hyphens."
                            )
                        ],
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=200)),
                (
                    "query",
                    models.TextField(
                        help_text="Parameters of the list, such as state=decided&ordering=due_at.", max_length=4000
                    ),
                ),
                ("shared", models.BooleanField(default=False, help_text="Whether the whole desk may use it.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("list", "slug"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "list", "slug"),
                        name="saved_filter_has_its_own_name",
                        violation_error_message="You have a filter of this name for this list: choose another.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("shared", True)),
                        fields=("list", "slug"),
                        name="shared_filter_has_its_own_name",
                        violation_error_message="The desk shares a filter of this name for this list: choose another.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            ["CALL claims_put_on_record('claims_savedfilter', keep => false)", "CALL claims_make_safe()"],
            migrations.RunSQL.noop,
        ),
    ]
