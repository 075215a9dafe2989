"""`python -m bench.depreciation [--assets N]`: a run of depreciation computed, collected and posted on PostgreSQL,
beside one INSERT … SELECT of the same rows in the same server.

What syncd does of a row: compute it from its card's history, judge it by the rules, keep it until its group is
released, mark its month, keep its image, change its card, post the voucher and seal the record. What the peer does: the
amounts by one expression, straight into the table of rows.
"""

import argparse
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from bench.result import Result, show
from syncd.books import asking, runs
from syncd.daemon import drain, pipeline
from syncd.daemon.supervisor import tune_interpreter
from syncd.desk.operators import Actor
from syncd.statements import script
from tests.depreciation.plant import ddl
from tests.depreciation.site import NAME, Site
from tests.servers import postgres_server

PEER: Final = (
    "CREATE TABLE peer (code text, period text, line bigint, dept text, amount numeric(18, 2), months text,"
    " on_ date, PRIMARY KEY (code, period, line))"
)
SELECT: Final = (
    "INSERT INTO peer SELECT asset_code, '2026-02', 1, dept,"
    " round(original_value * (1 - residual_rate) / life_months, 2), '2026-02', DATE '2026-02-28' FROM fa_card"
)


def measure(assets: int) -> list[Result]:
    """Seconds for a run of so many assets, and for the peer."""
    with TemporaryDirectory(prefix="syncd-bench-") as directory, postgres_server() as server:
        dsn = server.create_database()
        name = dsn.rpartition("/")[2]
        for statement in script(ddl("postgres")):
            server.run(statement, database=name)
        site = Site(Path(directory), f'{{kind: postgres, dsn: "{dsn}"}}')
        with closing(site):
            _fill(site, assets)
            wired = site.pipeline
            computing, spec = wired.computing, wired.spec()
            assert computing is not None
            tune_interpreter()
            with closing(wired.open_ledger()) as ledger:
                assert ledger.acquire()
                drain.to_the_end(spec, ledger, False, lambda *_: None)
                runs.fold(ledger, computing)
                server.run("ANALYZE", database=name)
                by = Actor("bench", "measure")
                asking.approve(ledger, computing, wired.periods(ledger), "2026-02", by)
                translator = spec.translator()
                started = perf_counter()
                while spec.compute(ledger, translator, lambda _: None):
                    pipeline.settle(translator, ledger, lambda _: None)
                ours = perf_counter() - started
                (run,) = asking.standings(ledger, NAME, "2026-02")
                assert (run.assets, run.state) == (assets, "made"), run
            server.run(PEER, database=name)
            started = perf_counter()
            server.run(SELECT, database=name)
            theirs = perf_counter() - started
    return [Result(f"a run of {assets:,} assets, beside INSERT … SELECT of its rows", ours, theirs, "s")]


def _fill(site: Site, assets: int) -> None:
    site.eam.execute("BEGIN")
    for n in range(assets):
        site.asset(f"FA-{n:07}", f"{12000 + n % 90000}.00", 36 + n % 12 * 12, dept="SC" if n % 2 else "XZ")
    site.eam.execute("COMMIT")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.depreciation", description=__doc__)
    parser.add_argument("--assets", type=int, default=100_000, help="assets of the run")
    print(datetime.now(UTC).isoformat(timespec="seconds"))
    show(measure(parser.parse_args().assets))
