"""Invariant 14 for Debezium's engine over PostgreSQL: what its publication keeps from the log is noticed while it is
read and when it is read again, and a repair begins behind the hole."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

import pytest

from connectors.engine import source as engine
from syncd.change import ChangeSet, Position
from syncd.errors import Fault, Gap, Halt
from syncd.ports import Source
from tests.conformance.eams import EnginePostgresEam

WAIT_S = 120.0
LOST: dict[str, tuple[str, str]] = {
    "taken out and put back": (
        "pg_published_anew",
        "ALTER PUBLICATION {p} DROP TABLE asset; UPDATE asset SET code = 'b'; ALTER PUBLICATION {p} ADD TABLE asset",
    ),
    "made anew": (
        "pg_publication_anew",
        "DROP PUBLICATION {p}; UPDATE asset SET code = 'b'; CREATE PUBLICATION {p} FOR TABLE {all}",
    ),
    "gone": ("pg_publication_anew", "DROP PUBLICATION {p}; UPDATE asset SET code = 'b'"),
    "a filter for a while": (
        "pg_published_anew",
        "ALTER PUBLICATION {p} SET TABLE asset WHERE (id > 3); UPDATE asset SET code = 'b';"
        "ALTER PUBLICATION {p} SET TABLE {all}",
    ),
    "values written by an ALTER": (
        "pg_rows_rewritten",
        "ALTER TABLE asset ALTER original_value TYPE numeric(20, 2) USING original_value * 10",
    ),
}


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Iterator[EnginePostgresEam]:
    made = EnginePostgresEam(new_database())
    run(made, "INSERT INTO asset (id, code, original_value) SELECT n, 'a', 1 FROM generate_series(1, 5) n")
    yield made
    made.close()


def run(eam: EnginePostgresEam, statements: str) -> None:
    """One after the other, with the publication's name and all that it publishes."""
    with eam.db.cursor() as cursor:
        for statement in statements.split(";"):
            cursor.execute("SELECT pubname FROM pg_publication")
            for (name,) in cursor.fetchall():
                eam.publication = name
            every = "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public'"
            cursor.execute(every)
            ((listed,),) = cursor.fetchall()
            cursor.execute(statement.format(p=getattr(eam, "publication", ""), all=listed))


def asked(eam: EnginePostgresEam, sql: str) -> Decimal:
    """One number."""
    with eam.db.cursor() as cursor:
        cursor.execute(sql + (" WHERE database = current_database()" if "slots" in sql else ""))
        ((value,),) = cursor.fetchall()
        return Decimal(value)


def streaming(eam: EnginePostgresEam) -> tuple[Source, Position]:
    source = eam.connect()
    source.start(None)
    position = read_until(source, lambda said: not source.in_snapshot(said.position)).position
    source.ack(position)
    return source, position


def read_until(source: Source, done: Callable[[ChangeSet], bool]) -> ChangeSet:
    deadline = time.monotonic() + WAIT_S
    while True:
        assert time.monotonic() < deadline, "not said in time"
        if (said := source.read(0.1)) is not None and done(said):
            return said


def noticed(source: Source) -> Fault:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            source.lag()
            source.read(0.05)
        except Fault as fault:
            return fault
    pytest.fail("nobody noticed")


@pytest.mark.parametrize("case", LOST)
def test_a_hole_in_the_log_is_noticed_and_left_behind(eam: EnginePostgresEam, case: str) -> None:
    code, statements = LOST[case]
    source, position = streaming(eam)
    with closing(source):
        known = source.identity()
        run(eam, statements)
        fault = noticed(source)
    assert (type(fault), fault.code) == (Gap, code)
    with closing(eam.connect()) as again, pytest.raises(Gap, match=code):
        again.recognise(known)
    with closing(eam.connect()) as repaired:
        hole_ended = asked(eam, "SELECT pg_current_wal_lsn() - '0/0'")
        repaired.find_whole(position)
        repaired.start(None)
        assert asked(eam, "SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots") >= hole_ended
        end = read_until(repaired, lambda said: not repaired.in_snapshot(said.position)).position
        known = repaired.identity()
        run(eam, "UPDATE asset SET code = 'c' WHERE id = 4")
        said = read_until(repaired, lambda said: bool(said.changes))
        assert [(c.after and c.after[1]) for c in said.changes] == ["c"], "nothing from before the repair"
    with closing(eam.connect()) as again:
        again.recognise(known)
        again.start(end)
        again.lag()


def test_a_renamed_column_stops_the_engine_until_it_has_its_name_back(eam: EnginePostgresEam) -> None:
    source, position = streaming(eam)
    with closing(source):
        known = source.identity()
        run(eam, "ALTER TABLE asset RENAME code TO label")
        fault = noticed(source)
    assert (type(fault), fault.code) == (Halt, "pg_no_column")
    run(eam, "ALTER TABLE asset RENAME label TO code")
    with closing(eam.connect()) as again:
        again.recognise(known)
        again.start(position)
        run(eam, "UPDATE asset SET code = 'c' WHERE id = 4")
        read_until(again, lambda said: bool(said.changes))


def test_what_loses_nothing_stops_no_engine(eam: EnginePostgresEam) -> None:
    source, position = streaming(eam)
    with closing(source):
        known = source.identity()
        run(eam, "ALTER TABLE asset ADD x int DEFAULT 7; CREATE INDEX ON asset (code); VACUUM FULL asset")
        run(eam, "UPDATE asset SET code = 'c' WHERE id = 4")
        read_until(source, lambda said: bool(said.changes))
        source.lag()
    with closing(eam.connect()) as again:
        again.recognise(known)
        again.start(position)
    with closing(eam.connect()) as again:
        again.recognise(known.partition(engine.MARKED)[0])  # as an earlier version has kept it
        again.start(position)
        again.lag()
