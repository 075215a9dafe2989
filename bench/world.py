"""The two databases of a benchmark on real PostgreSQL servers, and the daemon between them as a user runs it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2 import extensions

from tests.servers import Postgres, postgres_server

HERE = Path(__file__).parent
WAIT_SECONDS_MAX = 300.0
TUNED = {"shared_buffers": "1GB", "max_wal_size": "8GB", "min_wal_size": "4GB", "fsync": "on"}
"""As a DBA would set a server of this size; writes stay durable. Ours and the peer's use the same servers."""
USED = (
    "CREATE TABLE used AS SELECT repeat('x', 1000) AS line FROM generate_series(1, 600000)",
    "DROP TABLE used",
    "CHECKPOINT",
)
"""A server at work writes into log files and memory that it has used before. A new one has to make them first, which
would be a fifth of what the server does."""
ASSET_COLUMNS = (
    "id, asset_code, name, class_code, department_id, status, original_value, life_months, purchase_date, approved_on"
)
ASSETS_SQL = f"""
    INSERT INTO eam.asset ({ASSET_COLUMNS})
    SELECT n, 'FA-SC-' || lpad(n::text, 7, '0'), '数控车床 ' || n, 'SC', 1 + n %% 20, 'in_use',
           10000 + n %% 90000 + 0.25, 120, DATE '2026-01-01' + (n %% 300)::int, DATE '2026-01-01' + (n %% 300)::int
    FROM generate_series(%s, %s) AS n
"""


class World(NamedTuple):
    """EAM and finance, each a server of its own, and a configuration that joins them. `binaries` is where the `syncd`
    that carries is installed."""

    eam: Postgres
    finance: Postgres
    eam_dsn: str
    finance_dsn: str
    config: Path
    binaries: Path = Path(sys.executable).parent


@contextmanager
def world(directory: Path) -> Iterator[World]:
    """Both servers, tables made, migrated, mapping accepted; stopped and removed at the end."""
    with servers() as (eam, finance):
        made = World(eam, finance, eam.create_database(), finance.create_database(), directory / "syncd.yaml")
        fill(made.eam_dsn, "eam.sql")
        join(made, "bench", HERE / "registration.yaml")
        yield made


@contextmanager
def servers() -> Iterator[tuple[Postgres, Postgres]]:
    """The EAM's and finance's, which have been at work before."""
    with postgres_server(**TUNED) as eam, postgres_server(**TUNED, wal_level="replica") as finance:
        for server in (eam, finance):
            for statement in USED:
                server.run(statement)
        yield eam, finance


def fill(dsn: str, script: str) -> None:
    """Run a script of this folder in a new database."""
    with connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute((HERE / script).read_text("utf-8"))
    connection.close()


def join(made: World, pipeline: str, mapping: Path) -> None:
    """Make finance's tables and the configuration of the one pipeline; migrate, accept the mapping."""
    fill(made.finance_dsn, "finance.sql")
    made.config.write_text(
        f"""
pipelines:
  {pipeline}:
    mapping: {mapping}
    source: {{kind: postgres, dsn: "{made.eam_dsn}"}}
    ledger: {{kind: postgres, dsn: "{made.finance_dsn}"}}
""",
        "utf-8",
    )
    syncd(made, "migrate")
    syncd(made, "mapping", "accept", "--actor", "bench", "--reason", "benchmark")


def connect(dsn: str) -> extensions.connection:
    """A connection whose `with` block commits."""
    return psycopg2.connect(dsn)


def syncd(made: World, *arguments: str) -> None:
    """Run a command to its end; its output is shown if it fails."""
    done = subprocess.run(command(made, *arguments), capture_output=True, text=True, env=environment())
    assert done.returncode == 0, f"syncd {' '.join(arguments)}:\n{done.stdout}{done.stderr}"


@contextmanager
def daemon(made: World) -> Iterator[subprocess.Popen[bytes]]:
    """`syncd run` as a process of its own, stopped by SIGTERM."""
    with (made.config.parent / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command(made, "run"), stdout=log, stderr=log, env=environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def add_assets(made: World, first: int, last: int, per_transaction: int) -> None:
    """Commit assets in use, `per_transaction` at a time."""
    connection = connect(made.eam_dsn)
    with connection.cursor() as cursor:
        for start in range(first, last + 1, per_transaction):
            cursor.execute(ASSETS_SQL, (start, min(start + per_transaction - 1, last)))
            connection.commit()
    connection.close()


def wait(what: str, condition: Callable[[], bool], pause_s: float = 0.02) -> None:
    """Until the condition holds, or fail with what was waited for."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"waited {WAIT_SECONDS_MAX:.0f} s in vain for {what}"
        time.sleep(pause_s)


def number(dsn: str, sql: str) -> float:
    """The single number of a query."""
    with watch(dsn, sql) as now:
        return now()


@contextmanager
def watch(dsn: str, sql: str) -> Iterator[Callable[[], float]]:
    """Asks for the single number of a query again and again, on one connection: to make one each time would take the
    processor from those who are watched."""
    connection = connect(dsn)
    connection.autocommit = True

    def now() -> float:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            return float(row[0]) if row and row[0] is not None else 0.0

    try:
        yield now
    finally:
        connection.close()


def subscribe(made: World) -> str:
    """The DSN of a peer database with a subscription to the EAM's assets that waits; its slot holds from now on."""
    peer = made.finance.create_database()
    source, target = made.eam_dsn.rpartition("/")[2], peer.rpartition("/")[2]
    made.eam.run("CREATE PUBLICATION peer FOR TABLE eam.asset", database=source)
    made.eam.run("SELECT pg_create_logical_replication_slot('peer', 'pgoutput')", database=source)
    with connect(peer) as connection, connection.cursor() as cursor:
        cursor.execute((HERE / "eam.sql").read_text("utf-8"))
    connection.close()
    made.finance.run(
        f"CREATE SUBSCRIPTION peer CONNECTION '{made.eam_dsn}' PUBLICATION peer"
        " WITH (create_slot = false, slot_name = 'peer', enabled = false, copy_data = false)",
        database=target,
    )
    return peer


@contextmanager
def subscription(made: World, peer: str) -> Iterator[None]:
    """PostgreSQL's own replication, running for the length of the block."""
    target = peer.rpartition("/")[2]
    made.finance.run("ALTER SUBSCRIPTION peer ENABLE", database=target)
    try:
        yield
    finally:
        for statement in ("DISABLE", "SET (slot_name = NONE)"):
            made.finance.run(f"ALTER SUBSCRIPTION peer {statement}", database=target)
        made.finance.run("DROP SUBSCRIPTION peer", database=target)


def command(made: World, *arguments: str) -> list[str]:
    """The installed command on this configuration."""
    return [str(made.binaries / "syncd"), *arguments, "--config", str(made.config)]


def environment() -> dict[str, str]:
    """English, whoever runs it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # a checkout reads its own code
    return {**kept, "SYNCD_LANG": "en"}
