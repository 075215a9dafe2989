"""What a run of computed depreciation has made, kept in the transaction of its rows: a month is made once."""

from typing import Final

from connectors.ledger import collected_events
from connectors.ledger.collected_events import Said
from connectors.ledger.state import SQL, Work
from syncd import audit
from syncd.posting import Made

_COLUMNS: Final = (
    *("pipeline", "book", "asset", "month", "nth", "period", "line", "cents", "row_keys"),
    *("run", "posting_seq", "live"),
)


def keep(work: Work, made: Made) -> None:
    """The months made or taken back, and how far the run is."""
    seq = work.state.posting_seq
    run = f"{made.period}/{made.run}"
    rows = [(work.pipeline, made.book, *month, run, seq, 1) for month in made.months]
    if rows:
        work.database.put("syncd.depreciated", _COLUMNS, (), "insert", [rows])
        told = [
            audit.digest(
                asset, made.book, str(month), str(nth), period, str(line), str(cents), row_keys, run, str(seq)
            )
            for asset, month, nth, period, line, cents, row_keys in made.months
        ]  # fmt: skip
        collected_events.remember(work, collected_events.record(work, [Said("made", told, run)]))
    for asset, keys in made.taken_back:
        work.database.execute(SQL["take_back"], (asset, work.pipeline, made.book, keys))
    state = "made" if made.is_whole else "asked"
    done = (state, made.reached, made.assets, made.rows, made.cents, made.faults)
    work.database.execute(SQL["run_reached"], (*done, work.pipeline, made.book, made.period, made.run))
