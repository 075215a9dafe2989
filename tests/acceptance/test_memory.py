"""Invariant 11, bounded: a backlog of 100,000 rows and one transaction of 200,000, in flat memory."""

from pathlib import Path

import psutil
import pytest

from bench.world import add_assets, daemon, number, wait, world

RESIDENT_BYTES_MAX = 200 * 1024 * 1024


@pytest.mark.parametrize(
    ("rows", "per_transaction"), [(100_000, 100), (200_000, 200_000)], ids=["backlog", "one-transaction"]
)
def test_invariant_11_memory_stays_flat(tmp_path: Path, rows: int, per_transaction: int) -> None:
    with world(tmp_path) as made:
        with daemon(made):
            wait("the slot", lambda: number(made.eam_dsn, "SELECT count(*) FROM pg_replication_slots") > 0)
            wait("the snapshot", lambda: number(made.finance_dsn, "SELECT count(position) FROM syncd.pipeline") > 0)
        add_assets(made, 1, rows, per_transaction)
        resident_max = 0
        with daemon(made) as process:
            watched = psutil.Process(process.pid)

            def posted() -> bool:
                nonlocal resident_max
                resident_max = max(resident_max, watched.memory_info().rss)
                return number(made.finance_dsn, "SELECT posted FROM syncd.pipeline") >= rows

            wait("all postings", posted)
        assert number(made.finance_dsn, "SELECT count(*) FROM fin.voucher") == rows
        assert number(made.finance_dsn, "SELECT max(number) FROM fin.voucher WHERE period = '2026-01'") == number(
            made.finance_dsn, "SELECT count(*) FROM fin.voucher WHERE period = '2026-01'"
        )
        assert resident_max < RESIDENT_BYTES_MAX, f"{resident_max / 1024 / 1024:.0f} MB resident"
