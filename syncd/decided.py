"""Deliveries written down in the transaction that decides them, by whoever decides: the ledger with its postings, the
outbox with its alerts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol

from syncd.record import timestamp

_ROWS_MAX: Final = 100
_COLUMNS: Final = (
    *("pipeline", "seq", "key", "kind", "target", "subject", "body"),
    *("decided_at", "state", "attempts", "next_at", "code", "params"),
)
_TAKE: Final = "UPDATE syncd.outbox SET seq = seq + ? WHERE pipeline = ?"
_BEGIN: Final = "INSERT INTO syncd.outbox (pipeline, seq) VALUES (?, ?)"
_LAST: Final = "SELECT seq FROM syncd.outbox WHERE pipeline = ?"
_KNOWN: Final = "SELECT key FROM syncd.delivery WHERE pipeline = ? AND key IN (?*)"


class Decided(NamedTuple):
    """A delivery as it is decided; see `delivery.Delivery`. It is not sent before `not_before`, at once without."""

    key: str
    kind: str
    target: str
    subject: str
    body: Mapping[str, Any]
    not_before: datetime | None = None


class Transaction(Protocol):
    """A transaction of the ledger, in the spelling of `statements`."""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]: ...
    def execute(self, sql: str, params: Sequence[object] = ()) -> int: ...


def keep(transaction: Transaction, pipeline: str, decided: Iterable[Decided], now: str) -> int:
    """Put what was decided into the outbox, in order, but for what was decided before: the same key is the same
    delivery; how many are new. `now` is as `record.timestamp` writes it. The numbers are kept from others until the
    transaction ends."""
    new = {one.key: one for one in decided}
    for lot in _lots([*new]):
        for (known,) in transaction.query(_KNOWN, (pipeline, lot)):
            del new[str(known)]
    if not new:
        return 0
    if not transaction.execute(_TAKE, (len(new), pipeline)):
        transaction.execute(_BEGIN, (pipeline, len(new)))
    ((last,),) = transaction.query(_LAST, (pipeline,))
    first = int(str(last)) - len(new) + 1
    rows = [_row(pipeline, seq, one, now) for seq, one in enumerate(new.values(), first)]
    for lot in _lots(rows):
        places = ", ".join([f"({', '.join('?' * len(_COLUMNS))})"] * len(lot))
        insert = f"INSERT INTO syncd.delivery ({', '.join(_COLUMNS)}) VALUES {places}"
        transaction.execute(insert, [*chain.from_iterable(lot)])
    return len(new)


def _row(pipeline: str, seq: int, one: Decided, now: str) -> tuple[object, ...]:
    body = json.dumps(dict(one.body), ensure_ascii=False)
    next_at = now if one.not_before is None else timestamp(one.not_before)
    return (pipeline, seq, one.key, one.kind, one.target, one.subject, body, now, "waiting", 0, next_at, "", "{}")


def _lots(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + _ROWS_MAX] for start in range(0, len(rows), _ROWS_MAX))
