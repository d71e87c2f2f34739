"""The id of a request, by which its answer, its events on the trail and its lines in the log are found together."""

from __future__ import annotations

import logging
from contextvars import ContextVar

# Of the request being served; empty in commands and shells.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class WithRequestId(logging.Filter):
    """Adds the id of the request in which something is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True
