"""The outbox as people see it: what is in it, and what they have sent again."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, cast

from syncd import statements
from syncd.delivery import Delivery, State
from syncd.desk.parked import operators
from syncd.errors import Halt, WrongUsage
from syncd.ports import Desk, Ledger
from syncd.record import moment, timestamp

SQL: Final = statements.load("syncd.outbox", "outbox.sql")


class Open(NamedTuple):
    """Deliveries of a kind that are not done, by their state; the first was decided at `since`."""

    kind: str
    state: State
    deliveries: int
    since: datetime


def listed(ledger: Ledger, pipeline: str, state: str, kind: str, done: bool, limit: int) -> list[Delivery]:
    """Deliveries, the newest first: of a state or a kind where one is given, those that are done if asked for."""
    params = (pipeline, state, state, kind, kind, int(done or bool(state)), limit)
    return [*map(delivery, ledger.query(SQL["listed"], params))]


def show(ledger: Ledger, pipeline: str, seq: int) -> Delivery:
    """One delivery. Raises WrongUsage when there is none."""
    for row in ledger.query(SQL["one"], (pipeline, seq)):
        return delivery(row)
    raise WrongUsage("outbox_no_delivery", id=seq, pipeline=pipeline)


def of_subject(ledger: Ledger, pipeline: str, subject: str, limit: int) -> list[Delivery]:
    """What was told about a subject, the newest first; nothing where the outbox was not migrated yet."""
    try:
        return [*map(delivery, ledger.query(SQL["of_subject"], (subject, pipeline, limit)))]
    except Halt as halt:
        if halt.code != "finance_no_table":
            raise
        return []


def has(ledger: Ledger, pipeline: str, seq: int) -> bool:
    """Whether there is such a delivery."""
    return bool(ledger.query(SQL["one"], (pipeline, seq)))


def retry(ledger: Ledger, pipeline: str, seq: int, by: operators.Actor) -> None:
    """Have a refused delivery sent once more. Raises WrongUsage for one that is not refused, and for one behind which
    a later one of its subject was sent: what it says is no longer so."""
    with ledger.desk() as desk:
        one = _refused(desk, pipeline, seq)
        for (later,) in desk.query(SQL["overtaken"], (one.subject, pipeline, one.kind, one.target, seq)):
            raise WrongUsage("outbox_overtaken", id=seq, later=later)
        desk.execute(SQL["again"], (timestamp(datetime.now(UTC)), pipeline, seq))
        operators.act(desk, by, "resend", pipeline, f"delivery/{seq}", {"key": one.key})


def discard(ledger: Ledger, pipeline: str, seq: int, by: operators.Actor) -> None:
    """Give a refused delivery up: it is never sent. Raises WrongUsage for one that is not refused."""
    with ledger.desk() as desk:
        one = _refused(desk, pipeline, seq)
        desk.execute(SQL["discard"], (pipeline, seq))
        operators.act(desk, by, "unsend", pipeline, f"delivery/{seq}", {"key": one.key})


def _refused(desk: Desk, pipeline: str, seq: int) -> Delivery:
    rows = desk.query(SQL["one"], (pipeline, seq))
    if not rows:
        raise WrongUsage("outbox_no_delivery", id=seq, pipeline=pipeline)
    one = delivery(rows[0])
    if one.state != "refused":
        raise WrongUsage("outbox_not_refused", id=seq, state=f"delivery_{one.state}")
    return one


def open_deliveries(ledger: Ledger, pipeline: str) -> list[Open]:
    """What is not done; nothing where an earlier version's tables were not migrated yet."""
    try:
        rows = ledger.query(SQL["counts"], (pipeline,))
    except Halt as halt:
        if halt.code != "finance_no_table":
            raise
        return []
    return [Open(str(kind), cast(State, str(state)), int(str(n)), moment(str(since))) for kind, state, n, since in rows]


def delivery(row: Sequence[object]) -> Delivery:
    """A row of the table."""
    pipeline, seq, *texts = row
    key, kind, target, subject, body, decided_at, state, attempts, next_at, code, params, settled_at = texts
    return Delivery(
        *(str(pipeline), int(str(seq)), str(key), str(kind), str(target), str(subject)),
        *(json.loads(str(body)), moment(str(decided_at)), cast(State, str(state)), int(str(attempts))),
        *(moment(str(next_at)), str(code), json.loads(str(params))),
        None if settled_at is None else moment(str(settled_at)),
    )
