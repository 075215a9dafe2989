"""From the commit in the EAM to the voucher that finance can see, beside PostgreSQL's own replication of the row."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.result import Result
from bench.world import ASSETS_SQL, World, connect, daemon, number, subscribe, subscription, wait, world

POLL_SECONDS = 0.002
OURS_SQL = "SELECT posted FROM syncd.pipeline"
THEIRS_SQL = "SELECT coalesce(max(id), 0) FROM eam.asset"


def measure(changes_per_s: int, seconds: int) -> list[Result]:
    """p50 and p99 in milliseconds over `seconds` of one-change transactions, both readers at work at once."""
    with TemporaryDirectory(prefix="syncd-bench-") as directory, world(Path(directory)) as made:
        peer = subscribe(made)
        with daemon(made), subscription(made, peer), ThreadPoolExecutor() as pool:
            wait("the daemon", lambda: number(made.finance_dsn, "SELECT count(position) FROM syncd.pipeline") > 0)
            total = changes_per_s * seconds
            ours = pool.submit(seen_at, made.finance_dsn, OURS_SQL, total)
            theirs = pool.submit(seen_at, peer, THEIRS_SQL, total)
            committed = commit_steadily(made, total, changes_per_s)
            mine = sorted((seen - at) * 1000 for seen, at in zip(ours.result(), committed, strict=True))
            peers = sorted((seen - at) * 1000 for seen, at in zip(theirs.result(), committed, strict=True))
    name = f"EAM commit to visible, {changes_per_s} changes/s"
    return [
        Result(f"{name}, p{percent}", mine[total * percent // 100], peers[total * percent // 100], "ms")
        for percent in (50, 99)
    ]


def commit_steadily(made: World, total: int, changes_per_s: int) -> list[float]:
    """When each commit returned."""
    committed: list[float] = []
    connection = connect(made.eam_dsn)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for n in range(total):
            time.sleep(max(0.0, started + n / changes_per_s - time.perf_counter()))
            cursor.execute(ASSETS_SQL, (n + 1, n + 1))
            connection.commit()
            committed.append(time.perf_counter())
    connection.close()
    return committed


def seen_at(dsn: str, count_sql: str, total: int) -> list[float]:
    """When each row was first seen; both sides apply commits in order, so a count is enough."""
    connection = connect(dsn)
    connection.autocommit = True
    seen: list[float] = []
    with connection.cursor() as cursor:
        deadline = time.perf_counter() + 600 + total / 100
        while len(seen) < total:
            assert time.perf_counter() < deadline, f"{len(seen)} of {total} rows were seen"
            cursor.execute(count_sql)
            row = cursor.fetchone()
            seen += [time.perf_counter()] * (int(row[0] if row else 0) - len(seen))
            time.sleep(POLL_SECONDS)
    connection.close()
    return seen
