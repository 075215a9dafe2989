"""syncd as it is beside an earlier one, in one run: same servers, same log, in the order A B B A after a warm-up.

Each run has a pipeline and a finance database of its own. All pipelines are begun before the backlog is committed, so
every run reads the same bytes; then each side carries it, alone, and afterwards a steady rate of single changes. A run
counts when finance has all of it, once, with the sums of the EAM.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, Literal, NamedTuple, TypeVar

import psutil
from rich.console import Console
from rich.table import Table

from bench.latency import commit_steadily, seen_at
from bench.world import World, add_assets, connect, daemon, fill, join, number, servers, wait, watch
from tests.servers import Postgres

ORDER: Final = "ABBA"
CHANGES_PER_TRANSACTION: Final = 100
POSTED: Final = "SELECT coalesce(max(posted), 0) FROM syncd.pipeline"
BEGUN: Final = "SELECT count(position) FROM syncd.pipeline"
EAM_SUMS: Final = "SELECT count(*), sum(original_value), sum(original_value), sum(original_value) FROM eam.asset"
FINANCE_SUMS: Final = """
    SELECT (SELECT count(*) FROM fin.voucher), (SELECT sum(original_value) FROM fin.card), sum(debit), sum(credit)
    FROM fin.entry
"""
WRONG: Final = {
    "parked rows": "SELECT count(*) FROM syncd.parked",
    "keys posted twice": "SELECT count(*) - count(DISTINCT external_key) FROM fin.voucher",
    "gaps in numbers": "SELECT sum(last - vouchers) FROM"
    " (SELECT max(number) AS last, count(*) AS vouchers FROM fin.voucher GROUP BY period, type) AS series",
    "vouchers without two entries": "SELECT count(*) FROM (SELECT FROM fin.voucher LEFT JOIN fin.entry"
    " USING (period, type, number) GROUP BY period, type, number HAVING count(line) <> 2) AS odd",
}
CONTENT: Final = """
    SELECT md5(string_agg(concat_ws('|', asset_code, name, class, c.dept, original_value, life_months, acquired_month,
                                    posted_on, v.type, v.summary, debit), E'\\n' ORDER BY asset_code))
    FROM fin.card AS c JOIN fin.entry AS e ON asset = asset_code JOIN fin.voucher AS v USING (period, type, number)
"""
Servers = tuple[Postgres, Postgres]
"""The EAM's and finance's."""


class Side(NamedTuple):
    """A checkout of syncd that is installed in its `.venv`. Its own `bench/registration.yaml` says what is posted."""

    name: Literal["before", "now"]
    checkout: Path


class Backlog(NamedTuple):
    """Processor time is of the daemon, and of the finance server's processes that serve it, in microseconds a change.
    `load` is the machine's of the last minute, ours included; `content` a hash of what was written."""

    changes_per_s: float
    daemon_us: float
    server_us: float
    load: float
    content: str


class Latency(NamedTuple):
    """From the EAM's commit to the voucher that finance can see; processor time as above, but in small batches."""

    p50_ms: float
    p99_ms: float
    daemon_us: float
    server_us: float
    load: float


Figures = TypeVar("Figures", Backlog, Latency)


class Run(NamedTuple):
    """One side's turn."""

    side: Literal["before", "now"]
    backlog: Backlog
    latency: Latency


FIGURES: Final[Mapping[str, Callable[[Run], float]]] = {
    "changes posted a second, backlog": lambda run: run.backlog.changes_per_s,
    "processor time of syncd, µs a change": lambda run: run.backlog.daemon_us,
    "processor time of finance's server, µs a change": lambda run: run.backlog.server_us,
    "commit to visible, median, ms": lambda run: run.latency.p50_ms,
    "commit to visible, 99 %, ms": lambda run: run.latency.p99_ms,
    "processor time of syncd, single changes, µs": lambda run: run.latency.daemon_us,
    "processor time of finance's server, the same, µs": lambda run: run.latency.server_us,
    "load of the machine": lambda run: run.backlog.load,
}


def measure(before: Path, now: Path, rounds: int, changes: int, rate: int, seconds: int) -> list[Run]:
    """`rounds` times A B B A, A being `before`; the warm-up that comes first is not among them."""
    sides = {"A": Side("before", before), "B": Side("now", now)}
    order = [sides["A"], *(sides[letter] for letter in ORDER * rounds)]
    with TemporaryDirectory(prefix="syncd-bench-") as directory, servers() as between:
        backlogs = _backlogs(Path(directory), between, order, changes)
        latencies = [_latency(Path(directory), between, side, f"steady{n}", rate, seconds)
                     for n, side in enumerate(order)]  # fmt: skip
    assert len({backlog.content for backlog in backlogs}) == 1, "the runs did not write the same"
    return [
        Run(side.name, backlog, latency) for side, backlog, latency in zip(order, backlogs, latencies, strict=True)
    ][1:]


def _backlogs(directory: Path, between: Servers, order: Sequence[Side], changes: int) -> list[Backlog]:
    """The same log, carried once a side. All pipelines are begun before anything is in it."""
    eam_dsn = between[0].create_database()
    fill(eam_dsn, "eam.sql")
    begun = [_begun(directory, between, side, eam_dsn, f"run{n}") for n, side in enumerate(order)]
    add_assets(begun[0], 1, changes, CHANGES_PER_TRANSACTION)
    carried = []
    for made in begun:
        for server in between:
            server.run("CHECKPOINT")
        with daemon(made) as process:
            measured = _carried(made, process, changes)
        carried.append(_told(measured._replace(content=_checked(made, changes))))
        made.finance.drop_database(made.finance_dsn)
    return carried


def _begun(directory: Path, between: Servers, side: Side, eam_dsn: str, pipeline: str) -> World:
    """A pipeline that has its slot and a durable position, and stands."""
    config, binaries = directory / f"{pipeline}.yaml", side.checkout / ".venv" / "bin"
    made = World(*between, eam_dsn, between[1].create_database(), config, binaries)
    join(made, pipeline, side.checkout / "bench" / "registration.yaml")
    with daemon(made):
        wait("the pipeline to begin", lambda: number(made.finance_dsn, BEGUN) > 0)
    return made


def _carried(made: World, process: "subprocess.Popen[bytes]", changes: int) -> Backlog:
    """From the first commit of the backlog to the last."""
    with watch(made.finance_dsn, POSTED) as posted:
        wait("the backlog to begin", lambda: posted() > 0, 0.005)
        started, before = time.perf_counter(), posted()
        daemon_s, server_s = _processor_s(process.pid), _server_processor_s(made.finance)
        wait("the backlog to be posted", lambda: posted() >= changes)
        carried, elapsed_s = changes - before, time.perf_counter() - started
        daemon_s, server_s = _processor_s(process.pid) - daemon_s, _server_processor_s(made.finance) - server_s
    load = os.getloadavg()[0]
    return Backlog(carried / elapsed_s, daemon_s / carried * 1e6, server_s / carried * 1e6, load, "")


def _checked(made: World, changes: int) -> str:
    """What was written, as a hash of it. Fails where something is missing, twice, or does not add up."""
    for what, sql in WRONG.items():
        assert number(made.finance_dsn, sql) == 0, what
    eam, finance = _row(made.eam_dsn, EAM_SUMS), _row(made.finance_dsn, FINANCE_SUMS)
    assert eam[0] == changes, f"{eam[0]} of {changes} rows in the EAM"
    assert eam == finance, f"EAM {eam}, finance {finance}"
    return str(_row(made.finance_dsn, CONTENT)[0])


def _latency(directory: Path, between: Servers, side: Side, pipeline: str, rate: int, seconds: int) -> Latency:
    """A steady rate of transactions of one change, each seen in finance."""
    eam_dsn = between[0].create_database()
    fill(eam_dsn, "eam.sql")
    made, total = _begun(directory, between, side, eam_dsn, pipeline), rate * seconds
    with daemon(made) as process, ThreadPoolExecutor() as pool:
        wait("the daemon", lambda: number(eam_dsn, "SELECT count(*) FROM pg_stat_replication") > 0)
        daemon_s, server_s = _processor_s(process.pid), _server_processor_s(made.finance)
        seen = pool.submit(seen_at, made.finance_dsn, POSTED, total)
        committed = commit_steadily(made, total, rate)
        behind = sorted((at - was) * 1000 for at, was in zip(seen.result(), committed, strict=True))
        daemon_s, server_s = _processor_s(process.pid) - daemon_s, _server_processor_s(made.finance) - server_s
        load = os.getloadavg()[0]
    _checked(made, total)
    for server, dsn in zip(between, (eam_dsn, made.finance_dsn), strict=True):
        server.drop_database(dsn)
    p50_ms, p99_ms = behind[total // 2], behind[total * 99 // 100]
    return _told(Latency(p50_ms, p99_ms, daemon_s / total * 1e6, server_s / total * 1e6, load))


def _told(figures: Figures) -> Figures:
    """The figures, shown at once: a later run may fail."""
    Console().print(figures)
    return figures


def save(runs: Sequence[Run], path: Path) -> None:
    """Each run, in the order in which they were."""
    plain = [{"side": r.side, "backlog": r.backlog._asdict(), "latency": r.latency._asdict()} for r in runs]
    path.write_text(json.dumps(plain, indent=1) + "\n", "utf-8")


def show(runs: Sequence[Run]) -> None:
    """Median, least and most of both sides, and now ÷ before."""
    table = Table("", "before", "now", "now ÷ before")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, value in FIGURES.items():
        sides = [sorted(value(run) for run in runs if run.side == side) for side in ("before", "now")]
        told = [f"{median(s):,.1f} ({s[0]:,.1f} – {s[-1]:,.1f})" for s in sides]
        table.add_row(name, *told, f"{median(sides[1]) / median(sides[0]):.3f}")
    Console().print(table)


def _processor_s(pid: int) -> float:
    return sum(psutil.Process(pid).cpu_times()[:2])


def _server_processor_s(finance: Postgres) -> float:
    """Processor time of the server's processes that serve syncd."""
    pids = finance.run("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'syncd %'")
    return sum(sum(psutil.Process(int(str(pid))).cpu_times()[:2]) for (pid,) in pids)


def _row(dsn: str, sql: str) -> tuple[object, ...]:
    with closing(connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() or ()
