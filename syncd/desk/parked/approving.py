"""Many rows approved at once: how many and how much is said first, and nothing is done when that is not so any more."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from syncd.desk.parked import approvals, operators
from syncd.desk.parked.operators import Actor, ParkedRow, Selection
from syncd.errors import Transient
from syncd.ports import Desk, Ledger


class Meant(NamedTuple):
    """The rows that a person may approve in a role now; `barred` are those of the selection that others have to, for
    they have typed or agreed to them, and those that are being tried again."""

    rows: Sequence[ParkedRow]
    barred: Sequence[ParkedRow]


def meant(ledger: Ledger | Desk, pipeline: str, selection: Selection, role: str, name: str) -> Meant:
    """What a selection means to a person in a role. Raises what `operators.approve` does for a row that is named and
    does not wait for it."""
    now = datetime.now(UTC)
    for number in selection.ids:
        operators.awaiting(ledger, pipeline, number, role)
    found = operators.parked(ledger, pipeline, selection._replace(state="approval"))
    waiting = [row for row in found if row.state == "approval" and role in approvals.deciding(row, now)]
    done = approvals.deeds(ledger, pipeline, [row.id for row in waiting])
    free = [
        row
        for row in waiting
        if not row.request and not operators.barred(ledger, pipeline, row, done.get(row.id, ()), name)
    ]
    known = {row.id for row in free}
    return Meant(free, [row for row in waiting if row.id not in known])


def approve_all(
    ledger: Ledger, pipeline: str, selection: Selection, seen: Sequence[ParkedRow], by: Actor, role: str
) -> None:
    """Give every row of a selection its step. Raises Transient when these are not the rows that were seen, each as it
    was seen: then nothing is done."""
    with ledger.desk() as desk:
        now = meant(desk, pipeline, selection, role, by.name).rows
        if [(row.id, row.change, row.params) for row in now] != [(row.id, row.change, row.params) for row in seen]:
            raise Transient("approve_overtaken", seen=len(seen), now=len(now))
        for row in now:
            operators.give(desk, pipeline, row, by, role)
