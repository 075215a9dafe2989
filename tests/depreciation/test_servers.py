"""Runs on real servers: PostgreSQL and MariaDB hold what SQLite does, and a daemon that is killed in the middle of a
run has posted every asset once in the end."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.books.depreciation import asking
from syncd.desk.parked.operators import Actor
from syncd.statements import script
from tests.advice.command import BY, daemon, fine
from tests.depreciation.plant import ddl
from tests.depreciation.site import NAME, Site, carry
from tests.servers import MariaDb, Postgres

KILLED_ASSETS = 10_000
"""Three chunks."""


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: Postgres, new_database: Callable[[], str]) -> Iterator[Site]:
    dsn = new_database()
    for statement in script(ddl("postgres")):
        postgres.run(statement, database=dsn.rpartition("/")[2])
    made = Site(tmp_path, f'{{kind: postgres, dsn: "{dsn}"}}')
    yield made
    made.close()


@pytest.fixture
def on_mariadb(tmp_path: Path, mariadb: MariaDb, new_mariadb: Callable[[], str]) -> Iterator[Site]:
    dsn = new_mariadb()
    for statement in script(ddl("mysql")):
        mariadb.run(statement, database=dsn.rpartition("/")[2])
    made = Site(tmp_path, f'{{kind: mysql, dsn: "{dsn}"}}')
    yield made
    made.close()


def total(site: Site, account: str) -> Decimal:
    return sum(
        (Decimal(str(d)) - Decimal(str(c)) for d, c in site.ask(
            f"SELECT debit, credit FROM gl_entry WHERE account = '{account}'"
        )), Decimal(0)
    )  # fmt: skip


@pytest.mark.parametrize("server", ["on_postgres", "on_mariadb"])
def test_a_run_a_reversal_and_a_run_again(server: str, request: pytest.FixtureRequest) -> None:
    """A hole is filled once, shares and a late change are as on SQLite, and the record's chain holds."""
    site: Site = request.getfixturevalue(server)
    for code in ("A", "B", "C"):
        site.asset(code)
    site.eam.execute("INSERT INTO share VALUES ('C', 'SC', '40'), ('C', 'XZ', '60')")
    carry(site)
    with daemon(site.config, NAME):
        fine(f"depreciate 2026-03 --approve {BY}", site.config)
        assert (total(site, "5101"), total(site, "6602")) == (Decimal("9120.00"), Decimal("2280.00"))
        fine(f"depreciate 2026-02 --reverse --asset B {BY}", site.config)
        assert total(site, "1602") == Decimal("-9500.00")
        fine(f"depreciate 2026-03 --approve {BY}", site.config)
        assert "already posted" in fine(f"depreciate 2026-03 --approve {BY}", site.config)
    assert total(site, "1602") == Decimal("-11400.00")
    assert "3 assets agree, 0 differ" in fine("depreciate 2026-02 --check", site.config)
    fine("audit verify", site.config)


def test_invariant_2_a_daemon_killed_in_the_middle_of_a_run(on_postgres: Site) -> None:
    """adempiere#4311: an asset's row and its mark are one transaction. SIGKILL between two chunks; both or neither."""
    site = on_postgres
    site.eam.execute("BEGIN")
    for n in range(KILLED_ASSETS):
        site.asset(f"A{n:05}")
    site.eam.execute("COMMIT")
    carry(site)
    wired = site.pipeline
    assert wired.computing is not None
    with closing(wired.open_ledger()) as ledger:
        by = Actor("accountant", "month end")
        asking.approve(ledger, wired.computing, wired.periods(ledger), "2026-02", by)
        command = [Path(sys.executable).with_name("syncd"), "run", "--config", site.config]
        killed = subprocess.Popen(command, env=os.environ | {"SYNCD_LANG": "en"}, stdout=-3, stderr=-3)
        waited = threading.Event()
        while not (run := asking.standings(ledger, NAME, "2026-02")[0]).assets:
            assert killed.poll() is None
            waited.wait(0.01)
        killed.kill()
        killed.wait()
        run = asking.standings(ledger, NAME, "2026-02")[0]
        assert run.assets > 0
        marked = ledger.query("SELECT count(*) FROM syncd.depreciated")
        kept = ledger.query("SELECT count(*) FROM syncd.collected")
        assert marked == kept == [(run.assets,)]
    with daemon(site.config, NAME):
        fine(f"depreciate 2026-02 --approve {BY}", site.config)
    assert total(site, "5101") == Decimal("1900.00") * KILLED_ASSETS
    assert site.ask("SELECT count(*) FROM syncd.depreciated") == [(KILLED_ASSETS,)]
