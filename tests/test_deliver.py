"""What waits in the outbox arrives: at a real mail server and a real receiver, once, and later when it fails."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import SimpleTestCase, override_settings
from django.utils import timezone

from claims.actions import notifying, webhooks
from claims.actions.delivering import WAITS, Outcome, deliver
from claims.actions.posting import signature
from claims.choices import NotificationKind, Role
from claims.models import Article, AuditEvent, Delivery, DeliveryTry, Notification, Person, Webhook
from tests import build
from tests.receivers import HookServer, MailServer, running
from tests.transactional import RealTransactions

HOME = Path(__file__).parent.parent
HERE = (ipaddress.IPv4Network("127.0.0.1"),)


class OutboxCase(RealTransactions):
    """Somebody with an address, and both servers."""

    def setUp(self) -> None:
        self.mail = self.enterContext(running(MailServer()))
        self.hooks = self.enterContext(running(HookServer()))
        self.enterContext(
            override_settings(
                EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1",
                EMAIL_PORT=self.mail.port, WEBHOOK_ALLOW=HERE, SITE_URL="https://desk.example",
            )
        )  # fmt: skip
        self.person = self.somebody()
        self.on = build.article()

    def somebody(self, mode: str = "") -> Person:
        person = build.person(Role.RESEARCHER)
        Person.objects.filter(pk=person.pk).update(email=f"{person.username}@desk.example", email_mode=mode)
        return Person.objects.get(pk=person.pk)

    def tell(self, *people: Person, about: Article | None = None) -> None:
        with transaction.atomic():
            notifying.tell(NotificationKind.SIGNED_OFF, people or [self.person], by=None, article=about or self.on)

    def run_once(self) -> list[Outcome]:
        return [outcome for _, outcome in deliver(nullcontext)]

    def now(self) -> None:
        """What waits is due now."""
        Delivery.objects.waiting().update(due_at=timezone.now() - timedelta(seconds=1))

    def hook(self, **given: object) -> Webhook:
        return webhooks.add_webhook(url=self.hooks.url, by=self.person, **given)[0]


class Mail(OutboxCase):
    def test_a_message_says_where_to_look_and_nothing_of_what_is_there(self) -> None:
        self.tell()
        self.assertEqual(self.run_once(), [Outcome.SENT])
        self.assertEqual(self.run_once(), [])
        [message] = self.mail.messages
        row = Delivery.objects.get()
        self.assertEqual(message["Message-ID"], f"<{row.message_id}@desk.example>")
        self.assertEqual(message["To"], self.person.email)
        self.assertEqual(message["Subject"], "The Factcheck desk: Signed off")
        self.assertEqual(message.get_content_type(), "text/plain")
        said = message.get_payload(decode=True).decode()
        self.assertIn(f"https://desk.example/admin/notifications/{row.notification_id}/", said)
        self.assertIn(self.on.title, said)
        self.assertEqual((row.tries, row.delivered_at is None, row.given_up_at), (1, False, None))
        self.assertEqual(DeliveryTry.objects.get().error, "")

    def test_words_of_comments_and_notes_stay_at_the_desk(self) -> None:
        build.identified(self.on, assignee=self.person, assignment_note="Whispered in the lobby.")
        self.run_once()
        self.assertNotIn("Whispered", self.mail.messages[0].get_payload(decode=True).decode())

    def test_a_day_comes_in_one_message(self) -> None:
        daily = self.somebody("daily")
        for _ in range(3):
            self.tell(daily, about=build.article())
        self.assertEqual(self.run_once(), [])
        self.now()
        Delivery.objects.waiting().update(due_at=timezone.now())
        self.assertEqual(self.run_once(), [Outcome.SENT])
        [message] = self.mail.messages
        self.assertEqual(message["Subject"], "The Factcheck desk: 3 notifications")
        self.assertEqual(message.get_payload(decode=True).decode().count("/admin/notifications/"), 3)
        self.assertEqual(Delivery.objects.waiting().count(), 0)

    def test_a_repeated_day_is_the_same_message(self) -> None:
        daily = self.somebody("daily")
        self.tell(daily)
        self.tell(daily, about=build.article())
        Delivery.objects.update(due_at=timezone.now())
        self.run_once()
        Delivery.objects.update(delivered_at=None)
        self.run_once()
        self.assertEqual(len({m["Message-ID"] for m in self.mail.messages}), 1)
        self.assertEqual(len(self.mail.messages), 2)

    def test_what_fails_is_tried_again_ever_later_and_then_given_up(self) -> None:
        self.mail.refuse = "451 not now"
        self.tell()
        for number, wait in enumerate(WAITS):
            with self.assertLogs("claims.actions.delivering", "WARNING"):
                self.assertEqual(self.run_once(), [Outcome.FAILED])
            row = Delivery.objects.get()
            self.assertEqual((row.tries, row.delivered_at, row.given_up_at), (number + 1, None, None))
            self.assertLess(abs(row.due_at - timezone.now() - wait), timedelta(seconds=5))
            self.assertEqual(self.run_once(), [])
            self.now()
        with self.assertLogs("claims.actions.delivering", "WARNING"):
            self.run_once()
        self.assertIsNotNone(Delivery.objects.get().given_up_at)
        self.assertEqual(DeliveryTry.objects.count(), len(WAITS) + 1)
        self.assertIn("451", DeliveryTry.objects.first().error)

    def test_it_arrives_when_the_server_is_there_again(self) -> None:
        self.mail.refuse = "451 not now"
        self.tell()
        with self.assertLogs("claims.actions.delivering", "WARNING"):
            self.run_once()
        self.mail.refuse = ""
        self.now()
        self.assertEqual(self.run_once(), [Outcome.SENT])
        self.assertEqual(len(self.mail.messages), 1)

    def test_an_address_that_is_refused_for_good_is_given_up_at_once(self) -> None:
        self.mail.refuse = "550 nobody"
        self.tell()
        with self.assertLogs("claims.actions.delivering", "WARNING"):
            self.assertEqual(self.run_once(), [Outcome.GIVEN_UP])

    def test_a_server_that_is_down_holds_up_no_webhook(self) -> None:
        self.hook()
        for _ in range(3):
            self.tell(about=build.article())
        with override_settings(EMAIL_PORT=1), self.assertLogs("claims.actions.delivering", "WARNING"):
            self.assertEqual(Counter(self.run_once()), {Outcome.FAILED: 1, Outcome.SENT: 3})

    def test_who_has_left_or_wants_none_any_more_gets_none(self) -> None:
        for change in ({"is_active": False}, {"email": ""}, {"email_mode": "none"}):
            person = self.somebody()
            self.tell(person)
            Person.objects.filter(pk=person.pk).update(**change)
        self.assertEqual(self.run_once(), [Outcome.GIVEN_UP] * 3)
        self.assertEqual(self.mail.messages, [])


class Hooks(OutboxCase):
    def setUp(self) -> None:
        super().setUp()
        notifying.set_email_mode(mode="none", by=self.person)
        self.to = self.hook()

    def test_it_is_signed_and_holds_ids_and_addresses_alone(self) -> None:
        self.tell()
        self.assertEqual(self.run_once(), [Outcome.SENT])
        [(headers, body)] = self.hooks.received
        row, told = Delivery.objects.get(), Notification.objects.get()
        self.assertEqual(json.loads(body), {
            "type": "notification.signed_off", "timestamp": told.created_at.isoformat(),
            "data": {"id": told.pk, "kind": "signed_off", "article": self.on.pk, "claim": None,
                     "url": f"https://desk.example/admin/notifications/{told.pk}/"},
        })  # fmt: skip
        at = int(headers["webhook-timestamp"])
        self.assertLess(abs(time.time() - at), 10)
        self.assertEqual(headers["webhook-id"], row.message_id)
        self.assertEqual(headers["webhook-signature"], signature(self.to.secret, row.message_id, at, body))
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(list(row.log.values_list("status", flat=True)), [200])

    def test_a_repeated_try_has_the_same_id_and_body(self) -> None:
        self.hooks.answers = [500, 302, 200]
        self.tell()
        for expected in (Outcome.FAILED, Outcome.FAILED, Outcome.SENT):
            self.assertEqual(self.run_once(), [expected])
            self.now()
        self.assertEqual(len({(h["webhook-id"], b) for h, b in self.hooks.received}), 1)
        self.assertEqual(list(DeliveryTry.objects.order_by("id").values_list("status", flat=True)), [500, 302, 200])

    def test_gone_is_gone(self) -> None:
        self.hooks.answers = [410]
        for _ in range(2):
            self.tell(about=build.article())
        self.assertEqual(self.run_once(), [Outcome.GIVEN_UP, Outcome.GIVEN_UP])
        self.assertEqual(len(self.hooks.received), 1)
        self.to.refresh_from_db()
        self.assertIn("410", self.to.disabled_reason)
        event = AuditEvent.objects.filter(action="webhook.switch_off").first()
        self.assertEqual((event.actor, event.outside), (None, False))

    def test_what_fails_for_days_switches_it_off(self) -> None:
        self.hooks.answers = [500] * 50
        self.tell()
        for _ in range(len(WAITS) + 1):
            self.to.refresh_from_db()
            self.assertIsNone(self.to.disabled_at)
            self.assertEqual(self.run_once(), [Outcome.FAILED])
            self.now()
        self.to.refresh_from_db()
        self.assertIsNotNone(self.to.disabled_at)
        self.assertEqual(Delivery.objects.waiting().count(), 0)

    def test_what_else_waits_for_an_address_that_fails_waits_with_it(self) -> None:
        self.hooks.answers = [500]
        for _ in range(3):
            self.tell(about=build.article())
        self.assertEqual(self.run_once(), [Outcome.FAILED])
        self.assertEqual(self.run_once(), [])
        self.assertEqual(len(set(Delivery.objects.values_list("due_at", flat=True))), 1)
        self.assertEqual(sorted(Delivery.objects.values_list("tries", flat=True)), [0, 0, 1])
        self.now()
        self.assertEqual(self.run_once(), [Outcome.SENT] * 3)

    def test_nothing_is_sent_inside_and_the_log_says_why(self) -> None:
        self.tell()
        with override_settings(WEBHOOK_ALLOW=()):
            self.assertEqual(self.run_once(), [Outcome.FAILED])
        self.assertEqual(self.hooks.received, [])
        self.assertIn("not public", DeliveryTry.objects.get().error)

    def test_what_waited_when_it_was_switched_off_is_given_up(self) -> None:
        self.tell()
        webhooks.disable_webhook(webhook=self.to, by=self.person)
        self.assertEqual(self.run_once(), [Outcome.GIVEN_UP])
        self.assertEqual(self.hooks.received, [])


class Signature(SimpleTestCase):
    def test_it_is_that_of_the_specification(self) -> None:
        """The published vector of Standard Webhooks."""
        made = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                         b'{"test": 2432232314}')  # fmt: skip
        self.assertEqual(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")


class SeveralAtOnce(OutboxCase):
    def test_two_that_deliver_never_send_the_same(self) -> None:
        self.hook()
        daily = [self.somebody("daily") for _ in range(5)]
        for _ in range(15):
            self.tell(self.person, *daily, about=build.article())
        self.now()
        due = timezone.now() - timedelta(seconds=1)
        Delivery.objects.waiting().update(due_at=due)
        wrong: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(3):
                    list(deliver(nullcontext))
            except BaseException as error:
                wrong.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(Delivery.objects.waiting().count(), 0)
        ids = Counter(m["Message-ID"] for m in self.mail.messages)
        self.assertEqual((len(ids), set(ids.values())), (15 + 5, {1}))
        self.assertEqual(Counter(Counter(h["webhook-id"] for h, _ in self.hooks.received).values()), {1: 15})
        self.assertEqual(set(DeliveryTry.objects.values_list("error", flat=True)), {""})


class TheCommand(OutboxCase):
    def test_once_delivers_says_so_and_tells_what_is_overdue(self) -> None:
        build.identified(self.on, assignee=self.person, due_at=timezone.now() - timedelta(hours=1))
        said = StringIO()
        call_command("deliver", once=True, stdout=said)
        self.assertEqual(said.getvalue(), "E-mail: 2 sent\n")
        kinds = sorted(m["Subject"].rpartition(": ")[2] for m in self.mail.messages)
        self.assertEqual(kinds, ["Assigned to you", "Overdue"])

    def test_a_signal_ends_it_when_what_is_in_hand_has_been_marked(self) -> None:
        for _ in range(40):
            self.tell(about=build.article())
        database = connection.settings_dict
        environment = {**os.environ, **environment_of(database), "EMAIL_HOST": "127.0.0.1",
                       "EMAIL_PORT": str(self.mail.port)}  # fmt: skip
        command = [sys.executable, "-W", "ignore", "manage.py", "deliver"]
        process = subprocess.Popen(command, cwd=HOME, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until = time.monotonic() + 60
        while len(self.mail.messages) < 3 and time.monotonic() < until:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, said)
        self.assertRegex(said.decode(), r"\AE-mail: \d+ sent\n")
        sent = Delivery.objects.filter(delivered_at__isnull=False).count()
        self.assertGreaterEqual(sent, 3)
        self.assertEqual(len(self.mail.messages), sent)
        self.run_once()
        self.assertEqual(set(Counter(m["Message-ID"] for m in self.mail.messages).values()), {1})
        self.assertEqual(len(self.mail.messages), 40)


def environment_of(database: dict[str, object]) -> dict[str, str]:
    """What another process needs to work in the tests' database, as the role that the tests have."""
    before, _, query = os.environ["DATABASE_URL"].partition("?")
    place = f"{before.rpartition('/')[0]}/{database['NAME']}" + (f"?{query}" if query else "")
    given = {"DATABASE_URL": place}
    if owner := os.environ.get("DATABASE_OWNER_URL"):
        before, _, query = owner.partition("?")
        given["DATABASE_OWNER_URL"] = f"{before.rpartition('/')[0]}/{database['NAME']}" + (f"?{query}" if query else "")
    return given


class Killed(SimpleTestCase):
    """kill -9, a few times. Fifty: python -m benchmarks.deliveries."""

    def test_nothing_is_lost_and_what_comes_twice_is_known_as_the_same(self) -> None:
        environment = {n: value for n, value in os.environ.items() if n not in ("DATABASE_URL", "AUDIT_DIR")}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.deliveries", "5", "--notifications", "120"]
        done = subprocess.run(
            command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertRegex(said, r"5 kills, .*: 0 lost")
