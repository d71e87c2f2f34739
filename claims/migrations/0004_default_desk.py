from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from claims.models.desk import ROLE_PERMISSIONS

SCALE = (
    ("true", "True", 5, "The statement is accurate and nothing significant is missing."),
    (
        "mostly_true",
        "Mostly true",
        4,
        "The statement is accurate but needs clarification or additional information.",
    ),
    ("half_true", "Half true", 3, "The statement is partly accurate but leaves out important details."),
    ("mostly_false", "Mostly false", 2, "The statement holds some truth but ignores critical facts."),
    ("false", "False", 1, "The statement is not accurate."),
    (
        "misleading",
        "Misleading",
        None,
        "The facts may hold, but what the statement suggests by them does not.",
    ),
    ("unproven", "Unproven", None, "The evidence that exists neither supports nor refutes the statement."),
    ("not_checkable", "Not checkable", None, "The statement cannot be checked against evidence."),
)


def set_up(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The default scale, and a group for each role with the permissions it starts with."""
    app = apps.get_app_config("claims")
    app.models_module = True  # permissions are otherwise made only after the last migration
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for role, codenames in ROLE_PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.add(*Permission.objects.filter(content_type__app_label="claims", codename__in=codenames))
    scale = apps.get_model("claims", "RatingScale").objects.create(
        name="Factcheck",
        description="From true to false in five steps, and three outcomes apart.",
        is_default=True,
    )
    Rating = apps.get_model("claims", "Rating")
    for position, (code, label, value, definition) in enumerate(SCALE, start=1):
        Rating.objects.create(
            scale=scale, code=code, label=label, value=value, definition=definition, position=position
        )


class Migration(migrations.Migration):
    """The default rating scale and the roles of the desk."""

    dependencies = [("claims", "0003_rules")]
    operations = [migrations.RunPython(set_up, migrations.RunPython.noop)]
