"""What is advised about an engine of Debezium in the daemon, followed over PostgreSQL: one company."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jpype
import pytest

from connectors.engine import java as engine_java
from syncd.cli import passes
from syncd.cli.codes import NEEDS_A_PERSON, WRONG
from syncd.daemon import reader
from tests.acceptance.routes import debezium_properties
from tests.advice import advice, advised, heard
from tests.advice.any_eam import BY, Company, founded
from tests.servers import Postgres

FULL = "SELECT format('ALTER TABLE %I REPLICA IDENTITY FULL', tablename) FROM pg_tables WHERE schemaname = 'public'"
OURS = "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"


@contextmanager
def company(postgres: Postgres, directory: Path) -> Iterator[Company]:
    dsn = postgres.create_database()
    try:
        with founded(directory, dsn, {"kind": "engine", "connector": "postgresql", "scan_dsn": dsn}) as made:
            for (statement,) in made.eam.rows(FULL):
                made.eam.execute(statement)
            properties = {**debezium_properties(made.eam), "publication.autocreate.mode": "filtered"}
            made.set_source(properties=properties)
            yield made
    finally:
        postgres.drop_database(dsn)


@pytest.fixture(scope="module")
def made(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """All that was there has been read."""
    with company(postgres, tmp_path_factory.mktemp("company")) as made:
        made.syncd("snapshot")
        yield made


@contextmanager
def wrong(made: Company, **settings: object) -> Iterator[None]:
    """Settings that are corrected afterwards; properties are added to those that are right."""
    right = dict(made.source)
    properties = settings.pop("properties", {})
    made.set_source(**settings, properties={**right["properties"], **properties})  # type: ignore[dict-item]
    yield
    made.set_source(**{**dict.fromkeys(settings), **right})


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        advised("engine_connector", {"connector": "postgres"}),
        advised("engine_property_ours", {"properties": {"offset.storage": "x"}}),
        advised("engine_property", {"properties": {"decimal.handling.mode": "double"}}),
        advised("engine_setting", {"properties": {"max.queue.size": "1"}}),
    ],
)
def test_a_setting_is_corrected(made: Company, code: str, settings: Mapping[str, Any]) -> None:
    with wrong(made, **settings):
        said = heard(code, made.syncd("check", expect=1 if code == "engine_setting" else WRONG))
    made.syncd("check")
    if code == "engine_property":
        allowed = said["allowed"].partition(",")[0].partition(" ")[0]
        with wrong(made, properties={"decimal.handling.mode": allowed}):
            made.syncd("check")


@advice("engine_no_scan")
def test_the_tables_cannot_be_asked(made: Company) -> None:
    with wrong(made, scan_dsn=None):
        heard("engine_no_scan", made.syncd("reconcile", expect=NEEDS_A_PERSON))
    made.syncd("reconcile")


@advice("engine_history")
def test_a_connector_keeps_a_history(made: Company, tmp_path: Path) -> None:
    """With the file it goes on to what it then asks of a server of its kind, which is not at hand."""
    with wrong(made, connector="mysql"):
        heard("engine_history", made.syncd("check", expect=WRONG))
        made.set_source(history=str(tmp_path / "history"))
        assert "time.precision.mode" not in heard("engine_setting", made.syncd("check", expect=1))["error"]
        made.set_source(history=None)


@advice("engine_failed", "engine_snapshot_interrupted")
def test_a_snapshot_is_given_up_and_interrupted(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    table = "snapshot.select.statement.overrides"
    with company(postgres, tmp_path) as new:
        with wrong(new, properties={table: "public.repair", f"{table}.public.repair": "SELECT nonsense"}):
            assert "nonsense" in heard("engine_failed", new.syncd("snapshot", expect=NEEDS_A_PERSON))["error"]
        with monkeypatch.context() as patched:
            patched.setattr(reader, "TRANSACTION_CHANGES_MAX", 1)  # or all is one transaction
            patched.setattr(passes.Shown, "__call__", interrupt)
            new.limits = {"batch_changes_max": 1}
            new.set_source()
            new.syncd("snapshot", expect=130)
        heard("engine_snapshot_interrupted", new.halted())
        new.syncd("snapshot --again --actor NAME --reason TEXT --yes")
        new.goes_on()
        new.syncd(f"uninstall --yes {BY}")


def drop_slot(made: Company) -> str:
    """What reads from it may still be leaving."""
    name = str(made.eam.value(OURS))
    drop = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ? AND NOT active"
    made.until(lambda: made.eam.rows(drop, name))
    return name


def make_slot_anew(made: Company) -> None:
    made.eam.execute("SELECT pg_create_logical_replication_slot(?, 'pgoutput')", (drop_slot(made),))


def lose_log(made: Company) -> None:
    """The server keeps no more of the log than fits."""
    made.eam.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    made.eam.execute("SELECT pg_reload_conf()")
    try:
        for _ in range(3):
            made.eam.execute("SELECT pg_switch_wal()")
            made.eam.execute("SELECT pg_logical_emit_message(false, 'x', 'x')")
        made.eam.execute("CHECKPOINT")
        made.until(lambda: made.eam.value(OURS.replace("slot_name", "wal_status")) == "lost")
    finally:
        made.eam.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
        made.eam.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize(
    ("code", "lose"),
    [
        advised("engine_slot_missing", drop_slot),
        advised("engine_slot_ahead", make_slot_anew),
        advised("engine_gap", lose_log),
    ],
)
def test_the_log_is_lost(made: Company, code: str, lose: Callable[[Company], object]) -> None:
    made.register()
    lose(made)
    heard(code, made.halted())
    assert made.json(f"repair --yes {BY}")["tables"]["asset"]["inserted"] == 1
    made.goes_on()


@advice("engine_stopped")
def test_a_connection_is_cut(made: Company) -> None:
    def is_said() -> bool:
        made.eam.execute(OURS.replace("slot_name", "pg_terminate_backend(active_pid)"))
        said = made.syncd("status", expect=None)
        with suppress(AssertionError):  # the log says it first, the status a moment later
            return bool(heard("engine_stopped", said))
        return False

    with made.running():
        made.settled()
        made.until(is_said)
        made.register()
        made.settled()


@advice("engine_failed")
def test_the_engine_names_what_is_wrong(made: Company) -> None:
    with wrong(made, properties={"database.user": "nobody"}):
        assert "nobody" in heard("engine_failed", made.halted())["error"]
    made.goes_on()


@advice("engine_old_java")
def test_java_is_too_old(made: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """None so old is at hand."""
    with monkeypatch.context() as patched:
        patched.setattr(engine_java, "java_version", lambda: 11)
        heard("engine_old_java", made.syncd("check", expect=NEEDS_A_PERSON))
    made.syncd("check")


def syncd(made: Company, command: str, expect: int, without: str, **environment: str) -> str:
    """A command in a process of its own, for Java is started once in each; without some of Debezium's libraries."""
    libraries = made.config.with_name("libraries")
    if not libraries.exists():
        libraries.mkdir()
        for jar in engine_java._LIBRARIES.glob("*.jar"):
            if not jar.name.startswith(f"{without}-"):
                (libraries / jar.name).symlink_to(jar)
    program = (
        "import sys; from pathlib import Path; from connectors.engine import java; from syncd.cli import main;"
        f"java._LIBRARIES = Path({str(libraries)!r}); sys.argv[0] = 'syncd'; main()"
    )
    words = [sys.executable, "-c", program, *command.split(), "--config", str(made.config)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment}, timeout=180)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


@advice("engine_no_java", "engine_no_connector")
def test_neither_java_nor_the_connector_is_there(made: Company, tmp_path: Path) -> None:
    (tmp_path / "lib" / "server").mkdir(parents=True)
    (tmp_path / "lib" / "server" / "libjvm.so").write_text("no library")
    there = str(jpype.JClass("java.lang.System").getProperty("java.home"))
    name = "debezium-connector-postgres"
    (jar,) = engine_java._LIBRARIES.glob(f"{name}-*.jar")
    heard("engine_no_java", syncd(made, "check", NEEDS_A_PERSON, name, JAVA_HOME=str(tmp_path)))
    heard("engine_no_connector", syncd(made, "check", NEEDS_A_PERSON, name, JAVA_HOME=there))
    with wrong(made, jars=[str(jar)]):
        syncd(made, "check", 0, name, JAVA_HOME=there)


@advice("engine_no_again")
def test_a_snapshot_is_wanted_again(made: Company) -> None:
    """The last of the tests of this company: the repair finds nothing that is missing."""
    made.goes_on()
    heard("engine_no_again", made.syncd(f"snapshot --again --yes {BY}", expect=NEEDS_A_PERSON))
    made.syncd("repair --force --preview")
    made.is_green()
