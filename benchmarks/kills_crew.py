"""The processes that benchmarks.kills kills: a writer, or the sealer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.db import connection
from django.utils import timezone

django.setup()

from django.core.management import call_command  # noqa: E402 - Django had to be set up

from claims.actions import claims, sources  # noqa: E402
from claims.actions.acting import acting, request_id  # noqa: E402
from claims.choices import Role  # noqa: E402
from claims.models import AuditEvent, Claim, Person, Source  # noqa: E402


def write(number: int, claim_id: int, folder: Path, apart: bool) -> None:
    """Step after step: the claim's headline is changed and a source entered; noted when both are acknowledged."""
    claim = Claim.objects.get(pk=claim_id)
    people = {role: Person.objects.get(username=f"the-{role}") for role in (Role.RESEARCHER, Role.EDITOR)}
    made = AuditEvent.objects.filter(request_id__startswith=f"w{number}-").values_list("request_id", flat=True)
    number_of_step = max((int(name.partition("-")[2]) for name in made), default=0)
    with (folder / f"acknowledged-{number}").open("a", encoding="utf-8") as noted:
        while True:
            number_of_step += 1
            name = f"w{number}-{number_of_step}"
            (in_pieces if apart else in_one)(claim, name, f"step {number_of_step}", people)
            noted.write(f"{name}\n")
            noted.flush()
            os.fsync(noted.fileno())


def in_one(claim: Claim, name: str, headline: str, people: dict[Role, Person]) -> None:
    """Both actions in one transaction."""
    request_id.set(name)
    with acting(by=None, action="benchmark.step"):
        claims.edit(claim=claim, headline=headline, by=people[Role.EDITOR])
        sources.enter(
            by=people[Role.RESEARCHER], title=name, kind="document", tier="primary", accessed_at=timezone.now()
        )


def in_pieces(claim: Claim, name: str, headline: str, people: dict[Role, Person]) -> None:
    """The same without a transaction: every statement stands for itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('factcheck.request_id', %s, false), set_config('factcheck.action', 'x', false)", [name]
        )
    Claim.objects.filter(pk=claim.pk).update(headline=headline)
    Source.objects.create(title=name, kind="document", tier="primary", created_by=people[Role.RESEARCHER])


def seal() -> None:
    call_command("seal")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5] == "1")
    else:
        seal()
