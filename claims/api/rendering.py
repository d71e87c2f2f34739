"""Answers as JSON bytes, the same for the same answer: they are what ETags are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

MEDIA_TYPE = "application/json"


def render(data: Any) -> bytes:
    """Compact JSON in UTF-8, times in UTC as RFC 3339 has them."""
    return orjson.dumps(data, default=_as_text, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


class DeskRenderer(BaseRenderer):
    """JSON for every answer; nothing where there is none."""

    media_type, format, charset = MEDIA_TYPE, "json", None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else render(data)


def _as_text(value: Any) -> Any:
    """What is text, list or object by another name: sentences that wait for a language, lazy lists, errors."""
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not answered as JSON.")
