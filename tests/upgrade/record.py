"""Records what a version of syncd leaves behind: its state beside finance's tables, and the EAM that goes with it.

Run by the interpreter of a checkout of that version, from its root, with the folder that takes the recording:

    cd CHECKOUT && .venv/bin/python RECORD.PY FOLDER

The company is the demonstration's. The daemon of that version carries what its people do, so that there are postings
of every kind, parked rows in every state, collected rows that are not released, some that are released and not yet
posted, and changes in the EAM that nobody has read.
"""

import contextlib
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, os.getcwd())

from syncd.reader import Reader

from syncd import desk as operators
from syncd import migrate, pipeline, supervisor, wiring  # as they lie in the recorded version
from syncd.demo import company, eam
from syncd.demo.eam import Device, Sale
from syncd.demo.stage import File
from tests.acceptance.databases import connected
from tests.servers import mariadb_server, postgres_server

MONTH = date(2026, 3, 1)
DEVICES = 8
BY = operators.Actor("clerk", "recorded")
WAIT_S_MAX = 120.0
AWAITED = "SELECT count(*) FROM syncd.parked WHERE state = ? AND settled_at IS NULL"
POSTED = "SELECT count(*) FROM syncd.posting WHERE rule = ?"
COLLECTED = "SELECT count(*) FROM syncd.collected WHERE posted = ''"


class Company:
    """The EAM in a SQLite file with a changelog, finance anywhere, and what carries between them."""

    def __init__(self, folder: Path, finance: object, ledger: dict[str, str]) -> None:
        self.eam_path = folder / "eam.db"
        self.eam = sqlite3.connect(self.eam_path, factory=File, isolation_level=None, timeout=10)
        company.create(self.eam, "eam", "sqlite")
        company.create(finance, "finance", "sqlite" if ledger["kind"] == "sqlite" else finance.kind)
        company.settle_eam(self.eam, MONTH, DEVICES)
        company.settle_finance(finance, self.eam, MONTH)
        source = {"kind": "changelog", "dialect": "sqlite", "database": str(self.eam_path)}
        ends = {"mapping": "shipped:demo.yaml", "source": source, "ledger": ledger}
        lines = [f"    {name}: {json.dumps(end)}" for name, end in ends.items()]
        config = folder / "syncd.yaml"
        config.write_text("\n".join(["pipelines:", "  demo:", *lines, ""]), "utf-8")
        self.pipeline = wiring.pipeline(config, "demo")
        self.pipeline.triggers.install(self.pipeline.source_settings, self.pipeline.mapping.tables)
        self.ledger = self.pipeline.open_ledger()
        migrate.migrate(self.ledger, datetime.now(UTC))
        operators.accept(self.ledger, self.pipeline.mapping.name, self.pipeline.mapping.hash, BY)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The daemon, for as long as the block lasts."""
        stop = threading.Event()
        daemon = threading.Thread(target=supervisor.supervise, args=([self.pipeline.runner(stop)], stop))
        daemon.start()
        try:
            yield
        finally:
            stop.set()
            daemon.join()

    def count(self, sql: str, *params: object) -> int:
        return int(str(self.ledger.query(sql, params)[0][0]))

    def until(self, sql: str, *params: object, is_: int) -> None:
        """Wait until a count is what it is to be."""
        self.wait(lambda: self.count(sql, *params) == is_, f"{sql} {params} = {is_}")

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_S_MAX
        while not reached():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.02)

    def parked(self, subject: str) -> int:
        """Wait for the subject's first parked row; its number."""
        query = "SELECT min(id) FROM syncd.parked WHERE subject = ? AND settled_at IS NULL"
        self.wait(lambda: self.ledger.query(query, (subject,)) != [(None,)], subject)
        return self.count(query, subject)

    def bought(self, code: str, value: str, department: int = 1) -> int:
        """A machine that was registered; its id."""
        vat = Decimal("130.00")
        (made,) = eam.register(self.eam, [Device(code, "数控车床", "JQSB", department, value, MONTH, vat)])
        return made


def live(at: Company) -> None:
    """What happens in the company, up to where it is recorded."""
    old = [row[0] for row in at.eam.execute("SELECT id FROM asset WHERE status = 'in_use' ORDER BY id").fetchall()]
    april, may = date(2026, 4, 1), date(2026, 5, 1)
    with at.running():
        at.until(POSTED, "registration", is_=len(old))
        first, *_ = [at.bought(f"FA-SC-300{n}", f"15157{n}.95") for n in range(1, 7)]
        at.until(POSTED, "registration", is_=len(old) + 6)
        eam.correct(at.eam, first, Decimal("160000.00"), MONTH)
        eam.delete(at.eam, first + 1)
        eam.upgrade(at.eam, first + 2, Decimal("5000.00"), MONTH, 12)
        eam.impair(at.eam, first + 3, Decimal("200.00"), MONTH)
        eam.repair(at.eam, first + 3, Decimal("320.00"), Decimal("41.60"), date(2026, 2, 26))
        eam.transfer(at.eam, first + 4, 4, MONTH)
        eam.dispose(at.eam, old[0], Sale("sale", MONTH, Decimal("900.00"), Decimal("117.00")))
        at.until(POSTED, "disposal", is_=1)
        eam.charge_month(at.eam, MONTH)
        eam.approve_month(at.eam, MONTH)
        at.until("SELECT count(*) FROM syncd.released", is_=1)
        at.until(COLLECTED, is_=0)

        eam.charge_month(at.eam, april)
        eam.dispose(at.eam, first + 5, Sale("scrap", april, Decimal("80.00"), Decimal("10.40")))  # depreciate first
        eam.charge_month(at.eam, may)

        at.bought("FA-SC-3101", "6000000.00")
        operators.approve(at.ledger, "demo", at.parked("FA-SC-3101"), BY, "finance")
        at.until(POSTED, "registration", is_=len(old) + 7)
        eam.upgrade(at.eam, at.bought("FA-SC-3102", "7000000.00"), Decimal("1000.00"), MONTH)  # behind it
        negative = at.bought("FA-SC-3201", "-150000.00")
        eam.repair(at.eam, negative, Decimal("99.00"), Decimal("1.00"), MONTH)  # behind it
        at.bought("FA-SC-3202", "15万")
        changed = {"original_value": "150000.00"}
        tables = at.pipeline.mapping.tables
        operators.edit(at.ledger, "demo", at.parked("FA-SC-3202"), changed, tables, BY)
        at.until(POSTED, "registration", is_=len(old) + 8)
        at.bought("FA-SC-3203", "0.00")
        operators.discard(at.ledger, "demo", operators.Selection((at.parked("FA-SC-3203"),)), BY)
        at.bought("FA-SC-3204", "88000.00", department=99)  # waits for its department
        at.bought("FA-SC-3205", "0.00")
        given_up = at.parked("FA-SC-3205")
        at.until("SELECT count(*) FROM syncd.parked WHERE state = 'discarded'", is_=1)
        at.until(AWAITED, "failed", is_=4)
        at.until(AWAITED, "behind", is_=3)
        at.until(AWAITED, "approval", is_=1)
        collected = at.eam.execute("SELECT count(*) FROM depreciation WHERE kind = 'month' AND period > '2026-03'")
        at.until(COLLECTED, is_=collected.fetchone()[0])
    eam.approve_month(at.eam, april)
    take_a_step(at)
    assert at.count("SELECT count(*) FROM syncd.collected WHERE posted = '' AND due = 1"), "nothing is due"
    assert at.count("SELECT count(*) FROM syncd.collected WHERE posted = '' AND due = 0"), "nothing is to be released"
    # what nobody has read yet, in the EAM and at the desk
    operators.discard(at.ledger, "demo", operators.Selection((given_up,)), BY)
    eam.correct(at.eam, first + 2, Decimal("151000.00"), MONTH)
    at.bought("FA-SC-3301", "33000.00")


def take_a_step(at: Company) -> None:
    """Carry what the EAM holds, and end before what it released is posted, as a daemon does that is killed."""
    spec = at.pipeline.line()
    translator, ledger = spec.translator(), at.pipeline.open_ledger()
    with contextlib.closing(ledger):
        assert ledger.acquire()
        source = at.ledger.query("SELECT source FROM syncd.pipeline")[0][0]
        with Reader(spec.open_source, ledger.checkpoint(), str(source), 1_000, 1_000) as reader:
            while not at.count("SELECT count(*) FROM syncd.released WHERE grp = '2026-04'"):
                pipeline.step(reader, translator, ledger)


def keep(at: Company, path: Path) -> None:
    """The EAM, as a file that stands alone."""
    at.eam.close()
    pack(at.eam_path, path)


def pack(source: Path, path: Path) -> None:
    """A SQLite file with its log written into it, compressed."""
    with contextlib.closing(sqlite3.connect(source)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
    path.write_bytes(gzip.compress(source.read_bytes(), mtime=0))


def on_sqlite(folder: Path, into: Path) -> None:
    path = folder / "finance.db"
    with contextlib.closing(sqlite3.connect(path, factory=File, isolation_level=None, timeout=10)) as finance:
        finance.execute("PRAGMA journal_mode = WAL")
        at = Company(folder, finance, {"kind": "sqlite", "path": str(path)})
        live(at)
        at.ledger.close()
    keep(at, into / "sqlite.eam.db.gz")
    pack(path, into / "sqlite.finance.db.gz")


def on_postgres(folder: Path, into: Path) -> None:
    with postgres_server() as server:
        dsn = server.create_database()
        at = Company(folder, connected(dsn), {"kind": "postgres", "dsn": dsn})
        live(at)
        at.ledger.close()
        dumped(into / "postgres.finance.sql", "pg_dump", "--inserts", "--no-owner", "--no-privileges", dsn)
    keep(at, into / "postgres.eam.db.gz")


def on_mariadb(folder: Path, into: Path) -> None:
    with mariadb_server() as server:
        dsn = server.create_database()
        at = Company(folder, connected(dsn), {"kind": "mysql", "dsn": dsn})
        live(at)
        at.ledger.close()
        name = dsn.rpartition("/")[2]
        access = ["--host=127.0.0.1", f"--port={server.port}", "--user=syncd", "--password=secret"]
        shape = ["--skip-dump-date", "--skip-extended-insert", "--single-transaction", name]
        dumped(into / "mariadb.finance.sql", "mysqldump", "--no-defaults", *access, *shape)
    keep(at, into / "mariadb.eam.db.gz")


def dumped(path: Path, *command: str) -> None:
    """A dump that any client can run: without what only the server's own understands."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    foreign = ("\\", "-- Host:", "/*M!999999")
    lines = [line for line in text.splitlines() if not line.startswith(foreign)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def main(into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for record in (on_sqlite, on_postgres, on_mariadb):
        with tempfile.TemporaryDirectory() as folder:
            record(Path(folder), into)
    shutil.copytree("mappings", into / "mappings", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.cases"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
