"""The last changes as they were read: what another mapping would make of them can then be shown."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from connectors.ledger.fitting import is_short
from connectors.ledger.state import SQL, Work
from syncd.posting import Outcome
from syncd.record import encode_change

CHANGES_MAX: Final = 1_000
"""How many are looked back on."""
OF_BATCH_MAX: Final = 100
"""How many are kept of one batch: of a full one each fortieth, which costs 0.4 µs a change, 0.3 of them PostgreSQL's
(200 pieces of 46 kB, 1.05 ms of its processor time each)."""
_CLEARED_EVERY: Final = 100


def keep(work: Work, outcomes: Sequence[Outcome], before: int) -> None:
    """Keep the end of a batch from the log, once `state.changes` counts it; `before` is what that was."""
    now = work.state.changes
    if now == before:
        return
    last = list(islice((o.change for o in reversed(outcomes) if o.parked_id is None), OF_BATCH_MAX))
    texts = [encode_change(work.tables[change.table], change) for change in reversed(last)]
    while not is_short(kept := f"[{','.join(texts)}]", work.database.text_bytes_max):
        del texts[: len(texts) // 2 + 1]  # the older ones of very long rows
    work.database.send(SQL["keep_recent"], (work.pipeline, now, now - len(texts) + 1, kept))
    if before // _CLEARED_EVERY != now // _CLEARED_EVERY:
        work.database.send(SQL["clear_recent"], (work.pipeline, now - CHANGES_MAX))
