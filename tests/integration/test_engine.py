"""Debezium Engine on a real PostgreSQL: killed, cut off from its log, and asked for what it must not do."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors.debezium.envelope import Half
from connectors.engine import source as engine
from syncd.change import UNCHANGED, Change, ChangeSet, Column, Kind, Position, Table
from syncd.errors import Fault, Gap, Halt, Transient
from syncd.ports import Source
from tests.conformance.eams import TABLES, Drop, EnginePostgresEam, Move, Put, Row, engine_settings
from tests.servers import Postgres, postgres_server
from tests.tidy.tree import ROOT

WAIT_S = 120.0


def asset(id: int, code: str = "FA") -> Row:
    return (id, code, Decimal("1.00"), date(2026, 1, 31), True)


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Iterator[EnginePostgresEam]:
    made = EnginePostgresEam(new_database())
    yield made
    made.close()


def read_until(source: Source, done: Callable[[list[ChangeSet]], bool]) -> list[ChangeSet]:
    sets: list[ChangeSet] = []
    deadline = time.monotonic() + WAIT_S
    while not done(sets):
        assert time.monotonic() < deadline, f"said: {sets[-3:]}"
        if (said := source.read(0.1)) is not None:
            sets.append(said)
    return sets


def begun(eam: EnginePostgresEam) -> tuple[Source, Position]:
    source = eam.connect()
    source.start(None)
    position = read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position))[-1].position
    source.ack(position)
    return source, position


def after(source: Source, count: int) -> list[Change]:
    sets = read_until(source, lambda sets: sum(len(s.changes) for s in sets) >= count)
    return [change for s in sets for change in s.changes]


@contextmanager
def reader(eam: EnginePostgresEam, directory: Path) -> Iterator[None]:
    """The reading process, killed at the end as if the power went."""
    with (directory / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.engine_reader", eam.dsn, str(directory)],
            cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield
        assert process.poll() is None, (directory / "log").read_text()[-2000:]
    finally:
        process.kill()
        process.wait()


def test_a_reader_that_is_killed_goes_on_where_the_ledger_is(eam: EnginePostgresEam, tmp_path: Path) -> None:
    """Invariants 1 and 2: nothing is lost, and what comes again bears the name it had."""
    said, checkpoint = tmp_path / "changes", tmp_path / "checkpoint"
    said.touch()
    checkpoint.touch()
    eam.commit(*(Put("asset", asset(i)) for i in range(1, 11)))
    known = 10
    deadline = time.monotonic() + WAIT_S
    for _ in range(2):
        with reader(eam, tmp_path):
            start = known
            while len(heard(said)) < start + 10 or known < start + 40 or not checkpoint.read_text().startswith("s"):
                known += 1
                eam.commit(Put("asset", asset(known)))
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
                time.sleep(0.02)  # a clerk types
    with reader(eam, tmp_path):
        while len(heard(said)) < known:
            assert time.monotonic() < deadline, f"{len(heard(said))} of {known}"
            time.sleep(0.1)
    lines = [line.split() for line in said.read_text().splitlines()]
    assert {int(key) for _, key in lines} == set(range(1, known + 1))
    assert len({position for position, _ in lines}) == known


def heard(said: Path) -> set[str]:
    return {line.split()[1] for line in said.read_text().splitlines() if line.count(" ") == 1}


def test_a_bulk_insert_is_never_cut_where_an_engine_could_not_go_on(eam: EnginePostgresEam) -> None:
    """Invariant 1: many rows of one COPY have the same place in the log, behind which the rest would be passed over."""
    source, origin = begun(eam)
    with closing(source):
        rows = "".join(f"{i}\tFA\t1.00\t2026-01-31\ttrue\n" for i in range(1, 4501))
        with eam.db.cursor() as cursor:
            cursor.copy_expert("COPY asset (id, code, original_value, bought_on, in_use) FROM STDIN", StringIO(rows))
        sets = read_until(source, lambda sets: sum(len(s.changes) for s in sets) >= 4500)
    assert len(sets) > 2
    for n in (0, len(sets) // 2):
        with closing(eam.connect()) as again:
            again.start(sets[n].position)
            rest = {c.after[0] for c in after(again, 4500) if c.after}
        assert rest == set(range(1, 4501))
    assert sets[0].position > origin


def test_a_transaction_that_began_before_the_checkpoint_and_commits_behind_it_is_said_whole(
    eam: EnginePostgresEam,
) -> None:
    """Invariant 1: its first rows stand in the log before the place where the engine goes on."""
    source, _ = begun(eam)
    with closing(source), closing(psycopg2.connect(eam.dsn)) as clerk:
        insert = "INSERT INTO asset (id, code) SELECT n, 'FA' FROM generate_series(%s, %s) AS n"
        with clerk.cursor() as cursor:
            cursor.execute(insert, (1, 50))
            eam.commit(Put("asset", asset(100)))
            sets = read_until(source, lambda sets: any(s.changes for s in sets))
            checkpoint = sets[-1].position
            source.ack(checkpoint)
            cursor.execute(insert, (51, 60))
        clerk.commit()
        assert len(after(source, 60)) == 60
    with closing(eam.connect()) as again:
        again.start(checkpoint)
        rest = after(again, 60)
    assert {c.after[0] for c in rest if c.after} >= set(range(1, 61))


def test_a_table_that_logs_keys_alone(eam: EnginePostgresEam) -> None:
    """Invariant 7: of the row before nothing is invented; a change of key is still one change."""
    eam.db.cursor().execute("ALTER TABLE asset REPLICA IDENTITY DEFAULT")
    eam.commit(Put("asset", asset(1)), Put("asset", asset(2)))
    source, _ = begun(eam)
    with closing(source):
        eam.commit(Move("asset", (1,), asset(1, "b")), Move("asset", (1,), asset(9, "b")), Drop("asset", (2,)))
        said = after(source, 3)
    unknown = (UNCHANGED,) * 4
    assert [(c.op, c.before, c.after) for c in said] == [
        ("update", None, asset(1, "b")),
        ("update", (1, *unknown), asset(9, "b")),
        ("delete", (2, *unknown), None),
    ]


def test_a_half_of_a_change_of_key_without_its_other_is_said_by_itself(eam: EnginePostgresEam) -> None:
    """Invariants 1 and 5."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    old = Half("old", "e", Change("asset", "delete", asset(1), None, Position("d"), at))
    new = Half("new", "e", Change("asset", "insert", None, asset(9), Position("c"), at))
    with closing(engine.EngineSource(eam.settings, TABLES, "main")) as source:
        for said in (old, old, new, new, old, new.change):
            source._add(said)
        assert [change.op for change in source._changes] == ["delete", "update", "insert", "delete", "insert"]
        source._add(old)
        source._end_transaction()
        assert [change.op for change in source._changes][5:] == ["delete"], "nor waits for the next transaction"


def test_a_null_is_not_its_columns_default(eam: EnginePostgresEam) -> None:
    """Invariant 7: converters of Kafka Connect write the default instead, unless they are told."""
    eam.db.cursor().execute("ALTER TABLE asset ALTER COLUMN original_value SET DEFAULT 5")
    nothing: Row = (1, "FA", None, None, None)
    eam.commit(Put("asset", nothing))
    source = eam.connect()
    with closing(source):
        source.start(None)
        assert after(source, 1)[0].after == nothing


def test_a_lost_log_is_a_gap(eam: EnginePostgresEam) -> None:
    """Decided before the engine starts: it would go on behind the gap and say nothing."""
    source, origin = begun(eam)
    with closing(source):
        eam.commit(Put("asset", asset(1)))
        source.ack(read_until(source, lambda sets: any(s.changes for s in sets))[-1].position)
        slot = one(eam, "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()")
        deadline = time.monotonic() + WAIT_S
        confirmed = "SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = %s"
        while one(eam, confirmed, slot) <= lsn(origin):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert refused(eam, origin) == "engine_slot_ahead"
    one(eam, "SELECT 1 FROM (SELECT pg_drop_replication_slot(%s)) AS dropped", slot)
    assert refused(eam, origin) == "engine_slot_missing"


def one(eam: EnginePostgresEam, sql: str, *params: object) -> Any:
    """The only value of a statement's only row."""
    with eam.db.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def lsn(position: Position) -> int:
    (offset,) = json.loads(position[17:]).values()
    return int(json.loads(offset)["lsn"])


def refused(eam: EnginePostgresEam, checkpoint: Position) -> str:
    with closing(eam.connect()) as source, pytest.raises(Gap) as gap:
        source.start(checkpoint)
    return gap.value.code


def test_a_look_leaves_neither_slot_nor_publication(eam: EnginePostgresEam) -> None:
    """Invariant 10."""
    with closing(eam.connect()) as source:
        source.look()
        read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position))
    assert one(eam, "SELECT count(*) FROM pg_publication") == 0
    assert one(eam, "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()") == 0


def test_a_server_that_goes_away_is_waited_for(tmp_path: Path) -> None:
    """The engine ends; who starts it again, from the checkpoint, is the daemon."""
    with postgres_server() as server:
        eam = EnginePostgresEam(server.create_database())
        source, origin = begun(eam)
        with closing(source):
            stop(server, eam)
            with pytest.raises(Transient):
                read_until(source, lambda sets: False)
        with pytest.raises(Transient):
            eam.connect()
        server.start()
        server.run("INSERT INTO asset VALUES (1, 'FA', 1.00, '2026-01-31', true)", database=eam.dsn.rpartition("/")[2])
        with closing(eam.connect()) as again:
            again.start(origin)
            assert [c.after for c in after(again, 1)] == [asset(1)]


def stop(server: Postgres, eam: EnginePostgresEam) -> None:
    eam.close()
    server.stop(kill=True)


def test_a_partitioned_table_has_its_own_name_and_a_row_that_moves_in_it_is_updated(
    new_database: Callable[[], str],
) -> None:
    """Invariants 1 and 14: under the names of its partitions nobody would know it."""
    dsn = new_database()
    column = Column("id", Kind.INTEGER), Column("region", Kind.TEXT)
    tables = {"asset": Table("asset", "asset", column, (0,))}
    with closing(psycopg2.connect(dsn)) as db, db.cursor() as cursor:
        db.autocommit = True
        cursor.execute(
            "CREATE TABLE asset (id INTEGER, region TEXT) PARTITION BY LIST (region);"
            "CREATE TABLE asset_n PARTITION OF asset FOR VALUES IN ('N');"
            "CREATE TABLE asset_s PARTITION OF asset FOR VALUES IN ('S');"
            "ALTER TABLE asset_n REPLICA IDENTITY FULL; ALTER TABLE asset_s REPLICA IDENTITY FULL"
        )
        with closing(engine.connect(engine_settings(dsn), tables, "main")) as source:
            source.start(None)
            read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position))
            cursor.execute("INSERT INTO asset VALUES (1, 'N'), (2, 'N')")
            cursor.execute("UPDATE asset SET region = 'S' WHERE id = 1")
            cursor.execute("DELETE FROM asset WHERE id = 2")
            said = [(c.op, c.before, c.after) for c in after(source, 4)]
        cursor.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
    assert said == [
        ("insert", None, (1, "N")),
        ("insert", None, (2, "N")),
        ("update", (1, "N"), (1, "S")),
        ("delete", (2, "N"), None),
    ]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"decimal.handling.mode": "double"}, "engine_property"),
        ({"time.precision.mode": "connect"}, "engine_property"),
        ({"snapshot.mode": "when_needed"}, "engine_property"),
        ({"skipped.operations": "t"}, "engine_property"),
        ({"tombstones.on.delete": True}, "engine_property"),
        ({"transforms": "unwrap"}, "engine_property_ours"),
        ({"offset.storage": "x"}, "engine_property_ours"),
    ],
)
def test_what_would_lose_something_is_refused(properties: dict[str, str | bool], code: str) -> None:
    """Invariant 7."""
    with pytest.raises(Halt) as halted:
        engine.connect(engine.Settings("postgresql", properties), TABLES, "main")
    assert halted.value.code == code


@pytest.mark.parametrize(
    ("connector", "code"),
    [("oracel", "engine_connector"), ("mysql", "engine_history"), ("mariadb", "engine_history")],
)
def test_a_connector_that_cannot_be_is_refused(connector: str, code: str) -> None:
    with pytest.raises(Halt) as halted:
        engine.connect(engine.Settings(connector), TABLES, "main")
    assert halted.value.code == code


def test_a_connector_that_is_not_installed_is_named(tmp_path: Path) -> None:
    settings = engine.Settings("mariadb", history=tmp_path / "history")
    with pytest.raises(Halt, match="engine_no_connector"):
        engine.connect(settings, TABLES, "main")


def test_a_process_that_used_java_ends_with_its_own_exit_code() -> None:
    """Whatever Java still has to give back: a daemon that halts must not look like one that crashed."""
    script = """if True:
        import sys, jpype
        from connectors.engine import java as engine_java
        engine_java.start_java("64m", (), "off")
        task = jpype.JProxy("java.lang.Runnable", dict={"run": lambda: None})
        for _ in range(100):
            jpype.JClass("java.lang.Thread")(task).run()
        jpype.JClass("java.lang.System").gc()
        sys.exit(3)"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 3


def test_a_wrong_login_is_said(eam: EnginePostgresEam) -> None:
    wrong = replace(eam.settings, properties={**eam.settings.properties, "database.user": "nobody"})
    with pytest.raises(Fault) as fault:
        engine.connect(wrong, TABLES, "main")
    assert isinstance(fault.value, Halt)
    assert "nobody" in str(fault.value)


def test_the_connector_checks_its_own_settings(eam: EnginePostgresEam) -> None:
    wrong = replace(eam.settings, properties={**eam.settings.properties, "max.queue.size": "1"})
    with closing(engine.connect(wrong, TABLES, "main")) as source:
        assert [f.code for f in source.check()] == ["engine_setting"]


def test_what_an_engine_would_pass_over_in_silence(eam: EnginePostgresEam) -> None:
    """Invariant 1: a misspelt table or column would never be heard of."""
    eam.db.cursor().execute("ALTER TABLE asset REPLICA IDENTITY DEFAULT")
    wrong = {"asset": TABLES["asset"], "nowhere": replace(TABLES["dept"], name="nowhere")}
    wrong["short"] = replace(TABLES["deprec"], columns=(*TABLES["deprec"].columns, Column("rate", Kind.DECIMAL)))
    with closing(engine.connect(eam.settings, wrong, "main")) as source:
        assert [f.code for f in source.check()] == ["pg_identity", "pg_no_table", "pg_no_column"]


def test_the_reconciliation_asks_the_database(eam: EnginePostgresEam) -> None:
    with pytest.raises(Halt, match="engine_no_scan"):
        engine.scan(eam.settings, print)
    settings = replace(eam.settings, scan_dsn=eam.dsn)
    with engine.scan(settings, print) as scan:
        rows = scan.rows(lambda dialect, zone, moments, texts: f"SELECT '{dialect}'")
        assert [tuple(row) for row in rows] == [("postgres",)]
