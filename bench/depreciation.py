"""`python -m bench.depreciation [--assets N]`: a run of depreciation computed, collected and posted on PostgreSQL,
beside one INSERT … SELECT of the same rows in the same server; how much processor time it takes of syncd and of the
server, and how much memory.

What syncd does of a row: compute it from its card's history, judge it by the rules, keep it until its group is
released, mark its month, keep its image, change its card, post the voucher and seal the record. What the peer does: the
amounts by one expression, straight into the table of rows. Half of the assets share a group.
"""

import argparse
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Final, NamedTuple

import psutil

from bench.result import Result, show, show_breakdown
from bench.world import TUNED, USED
from syncd.books.depreciation import asking, runs
from syncd.daemon import drain, pipeline
from syncd.daemon.supervisor import tune_interpreter
from syncd.desk.parked.operators import Actor
from syncd.statements import script
from tests.depreciation.plant import ddl
from tests.depreciation.site import NAME, Site
from tests.servers import Postgres, postgres_server

PEER: Final = (
    "CREATE TABLE peer (code text, period text, line bigint, dept text, amount numeric(18, 2), months text,"
    " on_ date, PRIMARY KEY (code, period, line))"
)
SELECT: Final = (
    "INSERT INTO peer SELECT asset_code, '2026-02', 1, dept,"
    " round(original_value * (1 - residual_rate) / life_months, 2), '2026-02', DATE '2026-02-28' FROM fa_card"
)


class Took(NamedTuple):
    """Seconds of a run and of the peer; microseconds of processor time an asset, of this process and of the server's
    for it; the most memory that this process has held, in MB."""

    seconds: float
    peer_seconds: float
    syncd_us: float
    server_us: float
    megabytes: float


def measure(assets: int) -> tuple[list[Result], Took]:
    """A run for so many assets beside the peer, and for a tenth of them, for the memory must not grow with their
    number."""
    tune_interpreter()
    few, many = _run(assets // 10), _run(assets)
    results = [
        Result(f"a run of {n:,} assets, beside INSERT … SELECT of its rows", took.seconds, took.peer_seconds, "s")
        for n, took in ((assets // 10, few), (assets, many))
    ]
    return [*results, Result("memory, beside that for the few", many.megabytes, few.megabytes, "MB")], many


def parts(took: Took) -> dict[str, float]:
    """Microseconds of processor time an asset, by who spends them."""
    return {"syncd": took.syncd_us, "finance's server for it": took.server_us}


def _run(assets: int) -> Took:
    with TemporaryDirectory(prefix="syncd-bench-") as directory, postgres_server(**TUNED) as server:
        dsn = server.create_database()
        name = dsn.rpartition("/")[2]
        for statement in (*script(ddl("postgres")), *USED):
            server.run(statement, database=name)
        site = Site(Path(directory), f'{{kind: postgres, dsn: "{dsn}"}}')
        with closing(site):
            _fill(site, assets)
            wired = site.pipeline
            computing, spec = wired.computing, wired.spec()
            assert computing is not None
            with closing(wired.open_ledger()) as ledger:
                assert ledger.acquire()
                drain.to_the_end(spec, ledger, False, lambda *_: None)
                runs.fold(ledger, computing)
                server.run("ANALYZE", database=name)
                server.run("CHECKPOINT", database=name)
                by = Actor("bench", "measure")
                asking.approve(ledger, computing, wired.periods(ledger), "2026-02", by)
                translator = spec.translator()
                here, there, started = process_time(), _server_seconds(server), perf_counter()
                while spec.compute(ledger, translator, lambda _: None):
                    pipeline.settle(translator, ledger, lambda _: None)
                ours = perf_counter() - started
                here, there = process_time() - here, _server_seconds(server) - there
                (run,) = asking.standings(ledger, NAME, "2026-02")
                assert (run.assets, run.state) == (assets, "made"), run
                ((posted,),) = ledger.query("SELECT count(*) FROM syncd.collected WHERE posted <> ''")
                assert posted == assets, "all of them are in a voucher"
            server.run(PEER, database=name)
            started = perf_counter()
            server.run(SELECT, database=name)
            theirs = perf_counter() - started
    megabytes = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return Took(ours, theirs, here / assets * 1e6, there / assets * 1e6, megabytes)


def _server_seconds(server: Postgres) -> float:
    """Processor time of the server's processes that serve syncd."""
    pids = server.run("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'syncd %'")
    return sum(sum(psutil.Process(int(str(pid))).cpu_times()[:2]) for (pid,) in pids)


def _fill(site: Site, assets: int) -> None:
    site.eam.execute("BEGIN")
    for n in range(assets):
        site.asset(f"FA-{n:07}", f"{12000 + n % 90000}.00", 36 + n % 12 * 12, dept="SC" if n % 2 else "XZ")
    site.eam.execute("COMMIT")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.depreciation", description=__doc__)
    parser.add_argument("--assets", type=int, default=200_000, help="assets of the run")
    print(datetime.now(UTC).isoformat(timespec="seconds"))
    found, spent = measure(parser.parse_args().assets)
    show(found)
    show_breakdown(parts(spent), "an asset")
