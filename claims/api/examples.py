"""Bodies to try the API with, said once beside the serializer that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

Serializer = TypeVar("Serializer", bound=type)


def examples(bodies: dict[str, dict[str, Any]]) -> Callable[[Serializer], Serializer]:
    """Of a serializer: these bodies by what they do. What extends it has them too, unless it has its own."""
    return extend_schema_serializer(
        examples=[OpenApiExample(says, value=body, request_only=True) for says, body in bodies.items()]
    )
