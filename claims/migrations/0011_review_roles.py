from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from claims.models.desk import ROLE_PERMISSIONS

NEW = {"withdraw_claim", "comment", "log_contact", "invite_guest", "configure_desk", "handle_report"}


def admit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the roles what they may do with what is new, what a desk has changed of them otherwise stays; and the desk
    its settings, as they are without anybody's doing.
    """
    app = apps.get_app_config("claims")
    app.models_module = True  # permissions are otherwise made only after the last migration
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    Permission = apps.get_model("auth", "Permission")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=[role.value for role in ROLE_PERMISSIONS]):
        wanted = NEW.intersection(next(codes for role, codes in ROLE_PERMISSIONS.items() if role.value == group.name))
        group.permissions.add(*Permission.objects.filter(content_type__app_label="claims", codename__in=wanted))
    apps.get_model("claims", "DeskSettings").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    """What the roles of the desk may do with comments, contacts, guests, reports, settings and withdrawal."""

    dependencies = [("claims", "0010_precedents")]
    operations = [migrations.RunPython(admit, migrations.RunPython.noop)]
