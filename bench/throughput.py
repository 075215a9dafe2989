"""How fast a backlog becomes cards and vouchers, beside PostgreSQL's own logical replication of the same table, and
beside Debezium Engine, which reads the same log and writes nothing.

Replication copies one row a change; ours writes a card, a voucher, two entries, the posting with its idempotency key
and hash, and the mirror: six rows a change.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import engine
from bench.result import Result
from bench.world import World, add_assets, daemon, number, subscribe, subscription, wait, watch, world

CHANGES_PER_TRANSACTION = 100
ROWS_PER_CHANGE = 6
POSTED = "SELECT posted FROM syncd.pipeline"


def measure(changes: int) -> list[Result]:
    """Changes a second for a backlog of `changes`, ours and theirs, on the same servers, one after the other."""
    with TemporaryDirectory(prefix="syncd-bench-") as directory, world(Path(directory)) as made:
        with daemon(made):
            wait("the slot", lambda: number(made.eam_dsn, "SELECT count(*) FROM pg_replication_slots") > 0)
            add_assets(made, 1, 1, 1)
            wait("the first voucher", lambda: number(made.finance_dsn, POSTED) == 1)
        peer = subscribe(made)
        engine.prepare(made)
        add_assets(made, 2, changes + 1, CHANGES_PER_TRANSACTION)
        ours = _ours(made, changes)
        theirs = _theirs(made, peer, changes)
        read = engine.measure(made, changes)
        return [
            Result("changes posted a second, PostgreSQL to PostgreSQL, backlog", ours, theirs, "changes/s"),
            Result("rows written a second, the same run", ours * ROWS_PER_CHANGE, theirs, "rows/s"),
            Result("changes posted, beside those that Debezium Engine reads without a sink", ours, read, "changes/s"),
        ]


def _ours(made: World, changes: int) -> float:
    """From the daemon's first sight of the backlog to the commit of the last voucher."""
    with daemon(made), watch(made.finance_dsn, POSTED) as posted:
        wait("the backlog to begin", lambda: posted() > 1, 0.005)
        started, before = time.perf_counter(), posted()
        wait("the backlog to be posted", lambda: posted() >= changes + 1)
        elapsed = time.perf_counter() - started
    assert number(made.finance_dsn, "SELECT count(*) FROM fin.voucher") == changes + 1
    assert number(made.finance_dsn, "SELECT count(*) FROM fin.entry") == 2 * (changes + 1)
    return (changes + 1 - before) / elapsed


def _theirs(made: World, peer: str, changes: int) -> float:
    with subscription(made, peer), watch(peer, "SELECT coalesce(max(id), 1) - 1 FROM eam.asset") as copied:
        wait("the peer to begin", lambda: copied() > 0, 0.005)
        started, before = time.perf_counter(), copied()
        wait("the peer to copy the backlog", lambda: copied() >= changes)
        return (changes - before) / (time.perf_counter() - started)
