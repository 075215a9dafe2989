"""Invariant 15 for what an EAM keeps of its log while no daemon reads: `status` says it, what it advises is done, and
it is said no more."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from syncd import language, wiring
from syncd.daemon import drain
from syncd.demo import eam
from syncd.demo.eam import Device
from syncd.demo.stage import built, running
from syncd.desk import kept
from tests.acceptance.plant import MONTH, Plant, plant
from tests.advice import advice, heard
from tests.advice.office import BY, DEVICES, TODAY, commands, daemon, type_in
from tests.servers import Postgres, postgres_server

STOPPED = 1
SEGMENT = "SELECT pg_logical_emit_message(false, 'filler', 'x'), pg_switch_wal()"
STANDING = "SELECT wal_status, coalesce(safe_wal_size, 0), pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    language.choose(None)


@advice("kept_rows")
def test_rows_that_nobody_has_deleted_are_deleted_by_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "ROWS_MAX", 3)
    with built(tmp_path, DEVICES, TODAY) as stage:
        with closing(stage.pipeline.open_ledger()) as ledger:
            assert ledger.acquire()
            drain.snapshot(stage.pipeline.spec(), ledger, lambda *_: None)
        for _ in range(5):
            stage.eam.execute("UPDATE asset SET name = name || '.' WHERE id = 1")
        heard("kept_rows", type_in(tmp_path, "status"))
        assert "DROP TRIGGER" in type_in(tmp_path, "uninstall")
        with running(stage):
            stage.wait(lambda: stage.eam.execute("SELECT count(*) FROM syncd_change").fetchone()[0] <= 1)
        assert "that nobody has deleted" not in type_in(tmp_path, "status", STOPPED)
        type_in(tmp_path, "reconcile")


class Keeping:
    """A plant whose EAM's server keeps log for it."""

    def __init__(self, server: Postgres, made: Plant) -> None:
        self.server, self.made = server, made
        self.pipeline = wiring.pipeline(made.config, None)
        self.devices = 0

    def limit(self, size: str) -> None:
        """A DBA says how much may be kept."""
        self.server.run(f"ALTER SYSTEM SET max_slot_wal_keep_size = '{size}'")
        self.server.run("SELECT pg_reload_conf()")
        limit = "SELECT current_setting('max_slot_wal_keep_size')"
        self.made.until("the limit", lambda: self.server.run(limit) == [(size,)])

    def fill(self, until: Callable[[str, int, int], bool]) -> str:
        """The EAM writes until its server's slot stands so; what `status` then says."""
        self.devices += 1
        eam.register(self.made.eam, [Device(f"FA-XX-{self.devices:03}", "车床", "JQSB", 1, "9000.00", MONTH)])
        while not until(*self.standing()):
            self.server.run(SEGMENT)
        return self.status()

    def standing(self) -> tuple[str, int, int]:
        ((status, safe, retained),) = self.server.run(STANDING)
        return str(status), int(str(safe)), int(str(retained or 0))

    def status(self) -> str:
        return type_in(self.made.config.parent, "status", STOPPED)

    def read(self) -> None:
        """The daemon runs until it has read all, and the server hears of it."""
        with daemon(self.pipeline):
            self.made.settled()

            def is_let_go() -> bool:
                self.server.run("CHECKPOINT")  # or the server looks in a quarter of a minute
                return self.standing()[2] < kept.RETAINED_BYTES_MAX

            self.made.until("the log is let go of", is_let_go)


@advice("kept_running_out", "kept_unreserved", "kept_lost", "kept_large")
def test_a_slot_that_nobody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariants 1, 2, 14 and 15: a warning while there is time, and then the loss."""
    monkeypatch.setattr(kept, "RETAINED_BYTES_MAX", 20_000_000)
    with postgres_server() as server, plant(tmp_path, server.create_database(), server.create_database()) as made:
        keeping = Keeping(server, made)
        keeping.read()

        heard("kept_large", keeping.fill(lambda status, safe, retained: retained > 20_000_000))
        assert "replication slot" in type_in(tmp_path, "uninstall")
        keeping.read()
        assert "→" not in keeping.status()

        keeping.limit("100MB")
        shown = keeping.fill(lambda status, safe, retained: safe < 30_000_000)
        heard("kept_running_out", shown)
        assert "log until it is lost" in shown
        keeping.read()
        assert "→" not in keeping.status()

        heard("kept_unreserved", keeping.fill(lambda status, safe, retained: status == "unreserved"))
        with daemon(keeping.pipeline):
            keeping.limit("1GB")
        keeping.read()
        assert "→" not in keeping.status()

        keeping.limit("100MB")
        keeping.fill(lambda status, safe, retained: status == "unreserved")
        server.run("CHECKPOINT")
        shown = keeping.status()
        heard("kept_lost", shown)
        look, repair = (command for command in commands(shown) if command.startswith("repair"))
        assert "registration" in type_in(tmp_path, look)
        type_in(tmp_path, repair.replace("--actor NAME --reason TEXT", f"--yes {BY}"))
        keeping.read()
        assert "→" not in keeping.status()
        assert made.finance.value("SELECT count(*) FROM fa_card") == keeping.devices
        type_in(tmp_path, "reconcile")
        type_in(tmp_path, "audit verify")
