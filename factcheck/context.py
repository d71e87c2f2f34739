from django.conf import settings
from django.http import HttpRequest


def desk(request: HttpRequest) -> dict[str, str]:
    """What every template may say about this desk."""
    return {
        "desk_name": settings.DESK_NAME,
        "desk_notice": settings.DESK_NOTICE,
        "site_url": settings.SITE_URL,
    }
