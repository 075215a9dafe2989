"""Requests that change something, done once however often they are sent: a repeat under the same key gets the answer of
the first.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from syncd import statements
from syncd.errors import Fault, Halt, RowRefused, WrongUsage
from syncd.ports import Ledger
from syncd.record import timestamp

SQL: Final = statements.load("syncd.desk.access", "answered.sql")
KEPT: Final = timedelta(days=7)
"""How long an answer is kept."""
DONE: Final = 200


def once(
    ledger: Ledger, account: str, key: str, asked: str, now: datetime, do: Callable[[], dict[str, object]]
) -> dict[str, object]:
    """What `do` gives, or gave when the same was asked under this key before; `asked` is all of the request. Raises
    WrongUsage where something else was asked under it, and Halt while, or where, the first was begun and not answered:
    nobody knows then what was done. A refusal does nothing and is not kept."""
    digest = sha256(asked.encode()).hexdigest()
    try:
        with ledger.desk() as desk:
            found = desk.query(SQL["answer"], (key, account))
            if not found:
                desk.execute(SQL["forget"], (timestamp(now - KEPT),))
                desk.execute(SQL["begin"], (account, key, digest, timestamp(now)))
    except RowRefused:  # another one has begun it between the two statements
        raise Halt("api_in_hand", key=key) from None
    for known, status, body in found:
        if str(known) != digest:
            raise WrongUsage("api_key_reused", key=key)
        if not int(str(status)):
            raise Halt("api_in_hand", key=key)
        answer: dict[str, object] = json.loads(str(body))
        return answer
    try:
        made = do()
    except Fault:
        ledger.execute([(SQL["drop"], (key, account))])
        raise
    ledger.execute([(SQL["keep"], (DONE, json.dumps(made, ensure_ascii=False), key, account))])
    return made
