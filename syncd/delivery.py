"""What is to be told outside the ledger: an answer to the EAM, an alert, heads of the hash chains.

A delivery is decided once, in the transaction of what it tells, and kept in the outbox until it is settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

Told = Literal["held", "rejected", "posted", "parked"]
"""What an answer may tell of a row: it awaits approval, a person refused it, it is posted, it is parked."""
WORDS: Final = ("state", "voucher", "reason", "by", "key", "at")
"""The parameters of an answer's statement that are no columns of the row."""
State = Literal["waiting", "unknown", "done", "refused", "discarded"]
Result = Literal["done", "refused", "lost", "throttled", "unknown"]
Asked = Literal["taken", "absent", "lost", "unasked"]
"""Whether a delivery was taken: it was, it was not, it could not be asked just now, it cannot be asked at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the mapping answers to the EAM about the rows of a table. `columns` are the parameters of both statements
    that are columns of the row, with their place in it; `language` is that of the books; `finds` says that the
    statement touches a row that must be there: one that inserts may find its own key, and touches none then."""

    table: str
    on: frozenset[Told]
    statement: str
    ask: str
    columns: Mapping[str, int] = field(hash=False)
    language: Literal["zh", "en"] = "zh"
    finds: bool = True


class Delivery(NamedTuple):
    """Something to be told, as the outbox keeps it. `key` is its idempotency key; `body` what is told, by kind: see
    `outbox`. `code` and `params` say what the last attempt came to."""

    pipeline: str
    seq: int
    key: str
    kind: str
    target: str
    subject: str
    body: Mapping[str, Any]
    decided_at: datetime
    state: State
    attempts: int
    next_at: datetime
    code: str
    params: Mapping[str, str]
    settled_at: datetime | None


class Sent(NamedTuple):
    """What became of an attempt. `done`; `refused`, and would be again; `lost` before anything was done: the session is
    opened anew; `throttled`: to be tried after `wait_s`, or when it is due anyway; `unknown`: it may have been taken,
    which is asked before it is sent again. `code` and `params` say why it is not done, and hold no secret."""

    result: Result
    code: str = ""
    params: Mapping[str, str] = {}
    wait_s: float = 0.0


DONE: Final = Sent("done")
