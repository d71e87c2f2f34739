"""What the API costs, as ratios taken in one run: against the same SQL run raw, and against itself on a small desk.

    python -m benchmarks.rest [--sizes 10000,100000,1000000] [--rounds 200]

Each request goes through the whole server but its socket: environment in, bytes out, with a token, in this process. Raw
is the statement that the answer is made of, through psycopg's own cursor, serialised with orjson. A request and its raw
counterpart are taken in turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.many import fill
from benchmarks.scratch import desk, machine, percentile, say

Call = Callable[[], Any]


def main() -> None:
    reader = argparse.ArgumentParser(description="Measure the API.")
    reader.add_argument("--sizes", default="10000,100000")
    reader.add_argument("--rounds", type=int, default=200)
    given = reader.parse_args()
    with desk(durable=True):
        say(machine())
        say("| claims | what | API p50 | p95 | raw p50 | ratio | against the smallest desk |")
        say("|---|---|---|---|---|---|---|")
        smallest: dict[str, float] = {}
        for size in (int(size) for size in given.sizes.split(",")):
            fill(size)
            measure(size, given.rounds, smallest)


def measure(size: int, rounds: int, smallest: dict[str, float]) -> None:
    for name, api, raw in cases(size):
        for _ in range(20):
            api()
            raw()
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            for call, taken in zip((api, raw), times, strict=True):
                begun = time.perf_counter()
                call()
                taken.append((time.perf_counter() - begun) * 1000)
        middle, below = statistics.median(times[0]), statistics.median(times[1])
        grown = middle / smallest.setdefault(name, middle)
        say(f"| {size:,} | {name} | {middle:.2f} ms | {percentile(times[0], 95):.2f} | {below:.2f} ms |"
            f" {middle / below:.2f} | {grown:.2f} |")  # fmt: skip


def cases(size: int) -> list[tuple[str, Call, Call]]:
    """What is measured: its name, the request, and the same raw."""
    from claims.choices import Role
    from claims.models import Claim
    from tests import build

    person = build.the(Role.RESEARCHER)
    server = Server(person)
    count = Claim.objects.count()
    middle = Claim.objects.order_by("pk")[count // 2].pk
    deep = server.cursor_after(middle)
    one = itertools.cycle(Claim.objects.order_by("-pk").values_list("pk", flat=True)[:1000])
    raw = Raw()
    # Claims are written on articles as they are: some dozens to each.
    on = itertools.cycle([build.article() for _ in range(10)])
    fresh: list[int] = []

    def write() -> None:
        claim = server.post("claims/", {"article": next(on).pk, "statement": "Again.", "kind": "event",
                                        "anchor": {"exact": build.CLAIMS[0]}})  # fmt: skip
        fresh.append(json.loads(claim)["id"])

    return [
        ("list of 50", lambda: server.get("claims/"), lambda: raw.page()),
        ("filtered list of 50", lambda: server.get("claims/?state=disputed&kind=event"),
         lambda: raw.page("state = 'disputed' AND kind = 'event'")),
        ("list of 50, in the middle", lambda: server.get(f"claims/?cursor={deep}"), lambda: raw.page(f"id < {middle}")),
        ("one claim", lambda: server.get(f"claims/{next(one)}/"), lambda: raw.page(f"id = {next(one)}")),
        ("a claim written, against its rows written by the plain ORM", write, lambda: raw.insert(next(on))),
        ("a step, against its row changed by the plain ORM",
         lambda: server.post(f"claims/{fresh.pop()}/steps/", {"step": "triage"}), lambda: raw.update(next(one))),
    ]  # fmt: skip


class Server:
    """The application as a server calls it."""

    def __init__(self, person: Any) -> None:
        from django.core.wsgi import get_wsgi_application

        from claims.actions import desk as people

        self.application = get_wsgi_application()
        self.headers = {"HTTP_AUTHORIZATION": f"Bearer {people.issue_token(person=person, by=None)[1]}"}

    def call(self, method: str, address: str, body: bytes = b"") -> bytes:
        path, _, query = address.partition("?")
        answered: list[str] = []
        environment = {
            "REQUEST_METHOD": method, "PATH_INFO": f"/api/v1/{path}", "QUERY_STRING": query, "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json",
            **self.headers,
        }  # fmt: skip
        answer = self.application(environment, lambda status, headers: answered.append(status))
        content = b"".join(answer)
        # Not closed, as a server would: that closes the connection to the database, which production keeps.
        if not answered[0].startswith("2"):
            raise RuntimeError(f"{method} {address}: {answered[0]} {content[:500]!r}")
        return content

    def get(self, address: str) -> bytes:
        return self.call("GET", address)

    def post(self, address: str, body: Any) -> bytes:
        return self.call("POST", address, json.dumps(body).encode())

    def cursor_after(self, pk: int) -> str:
        """The cursor of the page that begins after this claim."""
        import base64

        cursor = json.dumps({"o": "", "v": [str(pk)], "b": False}).encode()
        return base64.urlsafe_b64encode(cursor).decode().rstrip("=")


class Raw:
    """The same without the application: the statement of the answer's shape, one cursor, orjson."""

    def __init__(self) -> None:
        from django.db import connection
        from psycopg.rows import dict_row

        from claims.api.claims import ClaimSerializer, _shape

        names = tuple(name for name in ClaimSerializer().fields if name != "expanded")
        statement = _shape(names, everything=True)._statement
        self.select = statement.rpartition(" WHERE ")[0]
        self.numbers = itertools.count(1_000_000)
        connection.ensure_connection()
        self.cursor = connection.connection.cursor(row_factory=dict_row)

    def page(self, condition: str = "true") -> bytes:
        import orjson

        condition = condition.replace("id ", '"claims_claim"."id" ').replace("state ", '"claims_claim"."state" ')
        condition = condition.replace("kind ", '"claims_claim"."kind" ')
        rows = self.cursor.execute(
            f'{self.select} WHERE {condition} ORDER BY "claims_claim"."id" DESC LIMIT 50'
        ).fetchall()
        return orjson.dumps(rows)

    def insert(self, on: Any) -> None:
        """A claim and its anchor by the plain ORM, with the triggers that the database has for all."""
        from django.db import transaction

        from claims.models import Anchor, Claim

        number = next(self.numbers)
        claim, anchor = Claim.objects.filter(state="identified").first(), Anchor.objects.first()
        assert claim is not None and anchor is not None
        claim.pk, claim.article, claim.number, claim.code = None, on, number, f"P{number}"
        anchor.pk, anchor.claim, anchor.revision = None, claim, on.current_revision
        with transaction.atomic():
            claim.save(force_insert=True)
            anchor.claim_id = claim.pk
            anchor.save(force_insert=True)

    def update(self, pk: int) -> None:
        from claims.models import Claim

        claim = Claim.objects.get(pk=pk)
        claim.assignment_note = str(next(self.numbers))
        claim.save(update_fields=["assignment_note", "updated_at"])


if __name__ == "__main__":
    main()
