"""From the commit in the EAM to the voucher that finance can see, at a steady rate."""

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.result import Result
from bench.world import ASSETS_SQL, World, connect, daemon, number, wait, world

POLL_SECONDS = 0.002


def measure(changes_per_s: int, seconds: int) -> list[Result]:
    """p50 and p99 in milliseconds over `seconds` of one-change transactions; the peer is the stated target."""
    with TemporaryDirectory(prefix="syncd-bench-") as directory, world(Path(directory)) as made, daemon(made):
        wait("the slot", lambda: number(made.eam_dsn, "SELECT count(*) FROM pg_replication_slots") > 0)
        total = changes_per_s * seconds
        committed: list[float] = []
        writer = threading.Thread(target=_commit_steadily, args=(made, total, changes_per_s, committed))
        writer.start()
        seen = _watch(made, total)
        writer.join()
        latencies = sorted((seen[n] - committed[n]) * 1000 for n in range(total))
    p50, p99 = latencies[total // 2], latencies[total * 99 // 100]
    name = f"EAM commit to visible voucher, {changes_per_s} changes/s"
    return [Result(f"{name}, p50", p50, 250.0, "ms"), Result(f"{name}, p99", p99, 250.0, "ms")]


def _commit_steadily(made: World, total: int, changes_per_s: int, committed: list[float]) -> None:
    connection = connect(made.eam_dsn)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for n in range(total):
            time.sleep(max(0.0, started + n / changes_per_s - time.perf_counter()))
            cursor.execute(ASSETS_SQL, (n + 1, n + 1))
            connection.commit()
            committed.append(time.perf_counter())
    connection.close()


def _watch(made: World, total: int) -> list[float]:
    """When each voucher was first seen, in the order of the assets: one subject after another keeps that order."""
    connection = connect(made.finance_dsn)
    connection.autocommit = True
    seen: list[float] = []
    with connection.cursor() as cursor:
        deadline = time.perf_counter() + 120 + total / 100
        while len(seen) < total:
            assert time.perf_counter() < deadline, f"{len(seen)} of {total} vouchers were seen"
            cursor.execute("SELECT posted FROM syncd.pipeline")
            row = cursor.fetchone()
            seen += [time.perf_counter()] * (int(row[0] if row else 0) - len(seen))
            time.sleep(POLL_SECONDS)
    connection.close()
    return seen
