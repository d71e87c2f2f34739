"""How the comparisons ask the database: what their queries have in common.

Only PostgreSQL's own functions are used, never ours: whoever could change the rows could change those as well. What an
event says is taken from its bytes, which the tree has vouched for. Each long query has two halves: the first is quick
and picks out whatever is not plainly in order; the second judges that, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DataError, ProgrammingError, connection, transaction

from claims.trail.findings import Finding

MOST = 20  # of one kind that are named; the first of them says enough
# Of the events from a tree size on: those sealed since, and those not sealed yet.
SINCE = """(%(since)s = 0 OR NOT EXISTS (
  SELECT 1 FROM claims_leaf l WHERE l.event_id = e.seq AND l.index < %(since)s))"""


def found(query: str, asked: Mapping[str, Any], *, sorting: bool = True) -> list[Finding]:
    """What the query gives, in UTC. `sorting` False: all events are read in the order of an index, not put in order."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
            cursor.execute(f"SET LOCAL enable_sort = {'on' if sorting else 'off'}")
            cursor.execute(query, asked)
            return [Finding(seq, what) for seq, what in cursor.fetchall()]
    except DataError:
        return [Finding(0, "the bytes of an event are not JSON at all.")]
    except ProgrammingError as error:
        return [Finding(0, f"a table of the desk is not as it was made: {str(error).splitlines()[0]}.")]
