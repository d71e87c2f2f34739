"""What verification finds: the event it is about, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, int], None]  # what is being checked, and how many have been


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is not as it was sealed. `seq` is the event's number, 0 where no single event is meant."""

    seq: int
    what: str

    def __str__(self) -> str:
        return f"event {self.seq}: {self.what}" if self.seq else self.what
