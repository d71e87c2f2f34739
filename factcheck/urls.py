from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import defaults

from claims.api.problems import our_fault


def server_error(request: HttpRequest) -> HttpResponse:
    """What is answered where the desk itself failed: to programs a problem like any other, to people a page."""
    return our_fault() if request.path.startswith("/api/") else defaults.server_error(request)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("claims.api.urls")),
    path("", include("claims.urls")),
]
handler500 = server_error
