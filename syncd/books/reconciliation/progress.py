"""How far the log is carried, by what the daemon leaves in the ledger."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from syncd.desk import status
from syncd.ports import Ledger
from syncd.record import moment

WAIT_SECONDS_MAX: Final = 20.0
POLL_S: Final = 0.25
BEHIND: Final = timedelta(seconds=2)
"""A log tells commits by whole seconds, or by when their statements began; and clocks differ."""


def wait(ledger: Ledger, pipelines: Sequence[str], at: datetime, since: datetime) -> bool:
    """Wait until daemons have carried all of the log that there was at a moment, `at` on the EAM's clock and `since` on
    ours; whether they have. Not where none runs: what nobody carries may wait for days."""
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not all(is_carried(ledger, name, at, since) for name in pipelines):
        now = datetime.now(since.tzinfo)
        if time.monotonic() > until or not all(status.daemons(ledger, name, now) for name in pipelines):
            return False
        time.sleep(POLL_S)
    return True


def is_carried(ledger: Ledger, pipeline: str, at: datetime, since: datetime) -> bool:
    """Whether a change has been carried that was committed well behind the moment, or a daemon has said since that
    nothing was left."""
    rows = ledger.query("SELECT committed_at FROM syncd.pipeline WHERE name = ?", (pipeline,))
    if rows and rows[0][0] is not None and moment(str(rows[0][0])) > at + BEHIND:
        return True
    said = status.last_report(ledger, pipeline)
    if said is None or said.state != "posting" or said.lagged_at is None or said.lagged_at < since + BEHIND:
        return False
    return said.oldest is None and not said.bytes_behind and not said.rows_behind
