import threading
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from claims.actions.delivering import Outcome, deliver
from claims.actions.forgetting import forget
from claims.actions.overdue import tell_what_is_overdue
from claims.choices import DeliveryChannel
from factcheck.signals import undisturbed

PAUSE = 1.0  # seconds between two looks at what waits
MINUTE = 60.0  # between two looks at what is overdue, and between two lines of output
HOUR = 3600.0  # between two looks at what is old, when there was nothing more


class Command(BaseCommand):
    help = (
        "Sends what waits in the outbox: notifications by e-mail and webhook; removes those that are old. Runs until "
        "stopped; several may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        self.counted: Counter[tuple[DeliveryChannel, Outcome]] = Counter()
        self.looked, self.said = -MINUTE, time.monotonic()
        self.forgets_at, self.forgotten = self.said, 0
        try:
            while True:
                try:
                    self._round()
                except (OperationalError, InterfaceError) as lost:
                    if options["once"]:
                        raise
                    self.stderr.write(f"The database does not answer, trying again: {lost}")
                    connection.close()
                if options["once"]:
                    return
                time.sleep(PAUSE)
        finally:
            self._say(now=True)

    def _round(self) -> None:
        """Tell what is overdue, once a minute, deliver what is due, and remove a little of what is old."""
        if time.monotonic() - self.looked >= MINUTE:
            tell_what_is_overdue()
            self.looked = time.monotonic()
        for tried in deliver(_quiet):
            self.counted[tried] += 1
            self._say()
        if time.monotonic() >= self.forgets_at:
            removed = forget()
            self.forgotten += removed
            self.forgets_at += 0 if removed else HOUR
        self._say()

    def _say(self, now: bool = False) -> None:
        """A line on what was done since the last, a minute apart."""
        if (self.counted or self.forgotten) and (now or time.monotonic() - self.said >= MINUTE):
            done = [f"{channel.label}: {count} {outcome}" for (channel, outcome), count in sorted(self.counted.items())]
            done += [f"{self.forgotten} old notifications and deliveries removed"] if self.forgotten else []
            self.stdout.write("; ".join(done))
            self.stdout.flush()
            self.counted.clear()
            self.said, self.forgotten = time.monotonic(), 0


def _quiet() -> AbstractContextManager[object]:
    """A signal that comes while something is sent waits until that is marked. Only the main thread hears of signals."""
    return undisturbed() if threading.current_thread() is threading.main_thread() else nullcontext()
