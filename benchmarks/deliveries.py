"""kill -9 of `manage.py deliver` at random points, while it sends.

    python -m benchmarks.deliveries [KILLS] [--notifications N]

Notifications are made, each to go out by e-mail and by webhook, to a mail server and a receiver in this process, which
remember what came. `deliver` is killed again and again while it sends: a third of the time just when something has come
and is not acknowledged yet. After each kill the outbox is held against what arrived: nothing is marked that did not
arrive, and besides what is marked at most the one thing that was in hand has arrived. At the end everything has
arrived, and what came twice came with the id it had the first time.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.scratch import desk, machine, say
from tests.receivers import HookServer, MailServer, running

HOME = Path(__file__).parent.parent
# When the kill comes, after something arrived: at once, before that is acknowledged; within so many seconds, when it
# may be unmarked yet; or anywhere in a whole round of a slow machine.
AT_ONCE, SHORTEST, LONGEST = 0.0, 0.003, 0.15
HOST = "desk.example"


def main() -> int:
    reader = argparse.ArgumentParser(description="Kill deliver again and again.")
    reader.add_argument("kills", nargs="?", type=int, default=50)
    reader.add_argument("--notifications", type=int, default=1000)
    reader.add_argument("--seed", type=int, default=1)
    given = reader.parse_args()
    with running(MailServer()) as mail, running(HookServer()) as hooks:
        os.environ.update(EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(mail.port), WEBHOOK_ALLOW="127.0.0.1",
                          EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
                          SITE_URL=f"https://{HOST}")  # fmt: skip
        with desk(durable=True):
            wrong = Outbox(mail, hooks).run(given.kills, given.notifications, random.Random(given.seed))
    for one in wrong:
        say(f"    {one}")
    say(machine())
    return 1 if wrong else 0


class Outbox:
    """One person who is told everything, and what has arrived of it."""

    def __init__(self, mail: MailServer, hooks: HookServer) -> None:
        from claims.actions import webhooks
        from claims.choices import Role
        from claims.models import Person
        from tests import build

        self.mail, self.hooks, self.hit = mail, hooks, 0
        person = build.person(Role.RESEARCHER)
        Person.objects.filter(pk=person.pk).update(email=f"somebody@{HOST}")
        self.person = Person.objects.get(pk=person.pk)
        webhooks.add_webhook(url=hooks.url, by=self.person)
        self.article = build.article()
        self.unmarked: set[str] = set()
        self.missing: set[str] = set()

    def run(self, kills: int, notifications: int, dice: random.Random) -> list[str]:
        """Everything that was wrong."""
        wrong: list[str] = []
        for number in range(kills):
            self.tell(notifications * (number + 1) // kills - notifications * number // kills)
            wrong += [f"kill {number + 1}: {one}" for one in self.kill(dice)]
            if (number + 1) % 10 == 0:
                say(f"{number + 1} kills: {len(self.arrivals())} arrivals, {len(wrong)} things wrong")
        self._deliver("--once").wait()
        return wrong + self.at_the_end(kills, notifications)

    def tell(self, count: int) -> None:
        """So many notifications more; each is read at once, so that the next is another."""
        from claims.actions import notifying
        from claims.choices import NotificationKind

        for _ in range(count):
            notifying.tell(NotificationKind.SIGNED_OFF, [self.person], by=None, article=self.article)
            notifying.mark_read(by=self.person)

    def kill(self, dice: random.Random) -> list[str]:
        """Let it begin to send, kill it, and say what is wrong then."""
        wanted = self.count() + dice.randint(1, self._waiting().count() - 1)
        process, within = self._deliver(), dice.choice((AT_ONCE, SHORTEST, LONGEST))

        def arrived() -> None:
            if within == AT_ONCE and self.count() >= wanted:
                process.kill()

        self.mail.on_arrival = self.hooks.on_arrival = arrived
        until = time.monotonic() + 120
        while self.count() < wanted:
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("deliver does not send.")
            time.sleep(0.0002)
        time.sleep(dice.uniform(0, within))
        process.kill()
        process.wait()
        self._until_its_session_has_ended()
        self.hit += self._waiting().exists()
        arrived, marked = set(self.arrivals()), self._marked()
        wrong = [f"{name} is marked and has not arrived" for name in marked - arrived - self.missing]
        self.missing |= marked - arrived
        new = arrived - marked - self.unmarked
        self.unmarked = arrived - marked
        return wrong + ([f"{len(new)} have arrived and are not marked, where one was in hand"] if len(new) > 1 else [])

    def at_the_end(self, kills: int, notifications: int) -> list[str]:
        from claims.models import Delivery

        expected = set(Delivery.objects.values_list("message_id", flat=True))
        counts = Counter(self.arrivals())
        mails = {m["Message-ID"].strip("<>").partition("@")[0] for m in self.mail.messages}
        twice = {name: count for name, count in counts.items() if count > 1}
        by_mail = sum(counts[name] - 1 for name in twice if name in mails)
        by_hook = sum(counts[name] - 1 for name in twice if name not in mails)
        lost = expected - set(counts)
        say(
            f"{kills} kills, {self.hit} with more to send, {notifications} notifications by e-mail and webhook: "
            f"{len(lost)} lost; repeated under the same id {by_mail} e-mails, {by_hook} webhooks"
        )
        wrong = [f"{len(lost)} are lost"] if lost else []
        wrong += ["something arrived that nobody sent"] if set(counts) - expected else []
        wrong += [f"{len(expected)} were to be sent"] if len(expected) != 2 * notifications else []
        wrong += [f"{by_mail + by_hook} repetitions of {kills} kills"] if by_mail + by_hook > kills else []
        return wrong + ([f"{self._waiting().count()} still wait"] if self._waiting().exists() else [])

    def arrivals(self) -> list[str]:
        """The id of every message that came, as often as it came."""
        mails = [m["Message-ID"].strip("<>").partition("@")[0] for m in list(self.mail.messages)]
        return mails + [headers["webhook-id"] for headers, _ in list(self.hooks.received)]

    def count(self) -> int:
        """How many messages came, repeated ones as well."""
        return len(self.mail.messages) + len(self.hooks.received)

    def _waiting(self) -> Any:
        from claims.models import Delivery

        return Delivery.objects.waiting()

    def _marked(self) -> set[str]:
        from claims.models import Delivery

        return set(Delivery.objects.filter(delivered_at__isnull=False).values_list("message_id", flat=True))

    def _deliver(self, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "manage.py", "deliver", *more]
        return subprocess.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _until_its_session_has_ended(self) -> None:
        """What it had sent to the database before it was killed is done, or taken back."""
        from django.db import connection

        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with connection.cursor() as cursor:
            while True:
                cursor.execute(f"{others} AND backend_type = 'client backend'")
                if cursor.fetchone()[0] == 0:
                    return
                time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
