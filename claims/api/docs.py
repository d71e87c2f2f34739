"""The schema and the pages that explain it; the only addresses open to everybody."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

# Swagger UI writes style attributes and draws its icons from data: addresses; it runs no inline script.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document. It is the same for everybody and costs half a second, so it is drawn once.

    docs/openapi.json is a copy: `manage.py spectacular --format openapi-json --file docs/openapi.json`.
    """
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-any-return]


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI 3.1 document of this API, as JSON."""

    schema = None
    renderer_classes = [OpenApiJsonRenderer]  # noqa: RUF012  (a list in the class it extends)

    def media_types(self) -> tuple[str, ...]:
        """By its own name; and as the JSON that it is, for who has not heard of that."""
        return (OpenApiJsonRenderer.media_type, "application/json")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        drawn = schema()
        description = f"{drawn['info']['description']} {settings.DESK_NOTICE}".strip()
        return Response(drawn | {"info": drawn["info"] | {"description": description}})


class DocsView(SpectacularSwaggerSplitView):
    """Interactive documentation, from this server alone."""

    schema = None
    url_name = "api:schema"

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        done = super().finalize_response(request, response, *args, **kwargs)
        done["Content-Security-Policy"] = DOCS_POLICY
        return done
