"""kill -9 of application writers, of the sealer and of PostgreSQL, at random points and under load.

    python -m benchmarks.kills [KILLS] [--apart]

Eight writers take steps on eight articles, each step two actions in one transaction, and note on disk what was
acknowledged to them; a sealer seals. Then one of them is killed, or PostgreSQL with all its processes; it is started
again, and everything must be there: what was acknowledged, once; no gap in a stream; no half of a step; a trail that
verifies, with the checkpoint that was kept before the kill too; and a signer that goes on. With --apart the writers'
transactions are taken apart, each statement standing for itself: the same check must then fail.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.scratch import desk, machine, say

WHAT = ("writer", "writer", "sealer", "sealer", "postgres", "postgres")  # as often as they are killed
PAUSE = (0.2, 1.5)  # seconds of load before a kill


def main() -> int:
    reader = argparse.ArgumentParser(description="Kill the desk again and again.")
    reader.add_argument("kills", nargs="?", type=int, default=100)
    reader.add_argument("--apart", action="store_true")
    reader.add_argument("--control", type=int, default=0, metavar="KILLS", help="afterwards, taken apart, so many")
    reader.add_argument("--writers", type=int, default=8)
    reader.add_argument("--seed", type=int, default=1)
    given = reader.parse_args()
    with desk(durable=True) as environment:
        wrong = run(environment, given.writers, given.kills, random.Random(given.seed), apart=given.apart)
        if given.control:
            say("And now with the transactions taken apart:")
            controlled = run(environment, given.writers, given.control, random.Random(1), apart=True, enough=1)
            wrong += [] if controlled else ["the control run found nothing wrong: the check cannot fail"]
    say(machine())
    return 1 if wrong else 0


def run(
    environment: dict[str, str], writers: int, kills: int, dice: random.Random, *, apart: bool, enough: int = 0
) -> list[str]:
    """So many kills; gives everything that was wrong after any of them. Ends early where `enough` things were."""
    wrong: list[str] = []
    killed: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, Crew(environment, Path(folder), writers, apart) as crew:
        for number in range(1, kills + 1):
            crew.wait_until_all_work()
            time.sleep(dice.uniform(*PAUSE))
            what = dice.choice(WHAT)
            kept = crew.last_checkpoint()
            crew.kill(what, dice)
            killed[what] = killed.get(what, 0) + 1
            now = crew.judge(kept)
            wrong += [f"kill {number}, of {what}: {one}" for one in now]
            for one in now:
                say(f"    kill {number}, of {what}: {one}")
            if number % 10 == 0:
                say(f"{number} kills {killed}: {crew.counted} steps acknowledged, {len(wrong)} things wrong")
            if enough and len(wrong) >= enough:
                break
            crew.go_on()
    say(f"{number} kills {killed}: {crew.counted} steps acknowledged, {len(wrong)} things wrong")
    return wrong


class Crew:
    """The writers, the sealer and the server of one desk, each a process."""

    def __init__(self, environment: dict[str, str], folder: Path, writers: int, apart: bool) -> None:
        self.environment = {**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parent.parent)}
        self.folder, self.writers, self.apart = folder, writers, apart
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.counted = 0
        self.begun: dict[str, int] = {}

    def __enter__(self) -> Crew:
        from tests import build

        self.claims = [build.identified().pk for _ in range(self.writers)]
        build.the("editor")
        close()
        self.go_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def go_on(self) -> None:
        """Start whoever is not running."""
        for path in self._noted():
            path.touch()
            self.begun[path.name] = path.stat().st_size
        for number, claim in enumerate(self.claims):
            self._start(f"writer {number}", "write", str(number), str(claim), str(self.folder), str(int(self.apart)))
        self._start("sealer", "seal")

    def _start(self, name: str, *words: str) -> None:
        if name not in self.running or self.running[name].poll() is not None:
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.kills_crew", *words]
            log = (self.folder / f"{name}.log").open("ab")
            self.running[name] = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def stop(self, number: int) -> None:
        """End the writers and the sealer, and wait until they have."""
        for process in self.running.values():
            process.send_signal(number)
        for process in self.running.values():
            process.wait()

    def wait_until_all_work(self) -> None:
        """Every writer has taken a step since it was started, and the sealer is there. Raises RuntimeError."""
        until = time.monotonic() + 60
        while any(path.stat().st_size <= self.begun.get(path.name, 0) for path in self._noted()):
            if time.monotonic() > until or any(p.poll() is not None for p in self.running.values()):
                logs = "".join(path.read_text()[-500:] for path in self.folder.glob("*.log"))
                raise RuntimeError(f"The crew does not work: {logs}")
            time.sleep(0.05)

    def _noted(self) -> list[Path]:
        """Where each writer notes what was acknowledged."""
        return [self.folder / f"acknowledged-{number}" for number in range(self.writers)]

    def kill(self, what: str, dice: random.Random) -> None:
        """kill -9; the others go on for a moment, and then all stop where they are."""
        if what == "postgres":
            self._kill_postgres()
        else:
            name = "sealer" if what == "sealer" else dice.choice([n for n in self.running if n != "sealer"])
            self.running[name].kill()
        time.sleep(dice.uniform(0, 0.3))
        self.stop(signal.SIGKILL)
        close()

    def _kill_postgres(self) -> None:
        """The postmaster and all its processes at once, as a power cut would; then it is started again."""
        home = self._home()
        postmaster = int((home / "data" / "postmaster.pid").read_text().split("\n")[0])
        os.kill(postmaster, signal.SIGSTOP)
        for pid in (*children_of(postmaster), postmaster):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{postmaster}/cwd").exists():
            time.sleep(0.01)
        self._restart(home)

    def _home(self) -> Path:
        """The server's folder, from its socket's."""
        host = self.environment["DATABASE_URL"].partition("host=")[2].replace("%2F", "/")
        return Path(host).parent

    def _restart(self, home: Path) -> None:
        """As the next process that uses the desk does; ours goes on using it."""
        from factcheck.postgres_host import account_for
        from factcheck.postgres_server import Server

        server = Server(home, account_for(home / "data"), durable=True)
        server.enter()
        server.leave()

    def last_checkpoint(self) -> str:
        """What somebody outside has, up to a moment before the kill."""
        from claims.models import Checkpoint

        last = Checkpoint.objects.first()
        close()
        return last.note if last else ""

    def judge(self, kept: str) -> list[str]:
        """Everything that is wrong now, with all writers stopped."""
        from django.conf import settings

        from claims.actions import sealing
        from claims.proofs import signing
        from claims.trail.verification import known_keys, verify, vouched

        wrong: list[str] = []
        try:
            outside = [vouched(kept, "what was kept", known_keys(), settings.AUDIT_ORIGIN)] if kept else []
            wrong += [str(f) for f in verify(outside=outside, progress=quiet).findings]
            own = signing.Signer(settings.AUDIT_DIR, settings.AUDIT_ORIGIN)
            sealing.signer_in = lambda _: own
            checkpoint = sealing.seal()
            assert checkpoint is not None
            outside.append(vouched(checkpoint.note, "the seal after it", known_keys(), settings.AUDIT_ORIGIN))
            wrong += [f"after sealing: {f}" for f in verify(outside=outside, progress=quiet).findings]
            wrong += [*self._steps()]
        except Exception as error:  # whatever it is, it is not as it should be
            wrong.append(f"{type(error).__name__}: {error}")
        finally:
            close()
        return wrong

    def _steps(self) -> Iterator[str]:
        """Every acknowledged step is there once and whole: its event and both its rows, which were changed together."""
        from claims.models import AuditEvent, Claim, Leaf, Source

        places = list(Leaf.objects.order_by("index").values_list("event_id", flat=True))
        if sorted(places) != sorted(AuditEvent.objects.values_list("seq", flat=True)):
            yield "the leaves are not the events, each once"
        self.counted = 0
        for number, claim in enumerate(self.claims):
            path = self.folder / f"acknowledged-{number}"
            acknowledged = path.read_text(encoding="utf-8").split()
            self.counted += len(acknowledged)
            own = AuditEvent.objects.filter(request_id__startswith=f"w{number}-").values_list(
                "object_type", "request_id"
            )
            found = {kind: [step for other, step in own if other == kind] for kind in ("claim", "source")}
            if len(set(found["claim"])) != len(found["claim"]):
                yield f"writer {number}: a step is there twice"
            if missing := set(acknowledged) - set(found["claim"]):
                yield f"writer {number}: {len(missing)} acknowledged steps are lost, {min(missing)} first"
            if halves := set(found["claim"]) ^ set(found["source"]):
                yield f"writer {number}: half of the step {min(halves)} is there"
            last = max((int(step.partition("-")[2]) for step in found["claim"]), default=0)
            told = Claim.objects.get(pk=claim).headline
            if last and told != f"step {last}":
                yield f"writer {number}: the row says {told}, its last event step {last}"
            if Source.objects.filter(title__startswith=f"w{number}-").count() != len(set(found["source"])):
                yield f"writer {number}: not a row for each event"


def close() -> None:
    from django.db import connection

    with suppress(Exception):
        connection.close()


def children_of(parent: int) -> list[int]:
    """The processes that a process has started and that are still there."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(place.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(place.parent.name))
    return found


def quiet(_what: str, _count: int) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
