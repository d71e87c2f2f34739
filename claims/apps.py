from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.core.checks import Tags, register

from claims import checks


class Claims(AppConfig):
    name = "claims"
    verbose_name = "The desk"
    default = True

    def ready(self) -> None:
        register(checks.the_record_is_complete, Tags.database)
        register(checks.the_role_does_what_it_needs, Tags.database)
        register(checks.production_says_who_it_is, Tags.security, deploy=True)
        register(checks.the_trail_is_sealed, Tags.security, deploy=True)


class DeskAdmin(admin.AdminConfig):
    default_site = "claims.admin.site.DeskSite"
    default = False
