"""A PostgreSQL EAM to write to, and sources over it, for the tests of the PostgreSQL source."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg2

from connectors.postgres import source as postgres
from connectors.postgres.source import PostgresSource
from syncd.change import Change, ChangeSet, Column, Kind, Position, Table
from syncd.ports import Source

WAIT_S = 120.0
"""Bound of every wait; none comes near it."""
SCHEMA = """
    CREATE SCHEMA eam;
    CREATE TABLE eam.asset (id bigint PRIMARY KEY, code text, value numeric(18,2), remark text);
    ALTER TABLE eam.asset ALTER COLUMN remark SET STORAGE EXTERNAL;
"""
ASSET = Table(
    "asset",
    "eam.asset",
    (
        Column("id", Kind.INTEGER),
        Column("code", Kind.TEXT),
        Column("value", Kind.DECIMAL, "money"),
        Column("remark", Kind.TEXT),
    ),
    (0,),
)


class Eam:
    """A database of its own with the table `eam.asset`, or what `schema` says."""

    def __init__(self, dsn: str, schema: str = SCHEMA, tables: Sequence[Table] = (ASSET,)) -> None:
        self.name = dsn.rpartition("/")[2]
        self.tables = {table.alias: table for table in tables}
        self.settings = postgres.Settings(dsn)
        self._writer = psycopg2.connect(dsn)
        self._writer.autocommit = True
        self.run(schema)
        self.slot = f"syncd_{self.name}"

    def close(self) -> None:
        self._writer.close()

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Statements in one transaction; the rows of the last."""
        with self._writer.cursor() as cursor:
            cursor.execute("; ".join(statements))
            return list(cursor.fetchall()) if cursor.description else []

    def connect(self, **settings: object) -> PostgresSource:
        return postgres.connect(replace(self.settings, **settings), self.tables, self.name)  # type: ignore[arg-type]

    def start(self, checkpoint: Position | None = None, **settings: object) -> PostgresSource:
        source = self.connect(**settings)
        try:
            source.start(checkpoint)
        except BaseException:
            source.close()
            raise
        return source

    def streaming(self) -> tuple[PostgresSource, Position]:
        """A source past its snapshot, and where it stands."""
        source = self.start()
        return source, read_until(source, past_the_snapshot)[-1].position

    def confirmed(self) -> int:
        """How far the slot was acknowledged."""
        sql = f"SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = '{self.slot}'"
        return int(str(self.run(sql)[0][0]))


def past_the_snapshot(sets: list[ChangeSet]) -> bool:
    return bool(sets) and sets[-1].position.startswith("1/")


def holding(changes: int) -> Callable[[list[ChangeSet]], bool]:
    """Until so many changes were said."""
    return lambda sets: sum(len(s.changes) for s in sets) >= changes


def whole(changes: int) -> Callable[[list[ChangeSet]], bool]:
    """Until so many changes were said and the transaction of the last one is over."""
    return lambda sets: holding(changes)(sets) and sets[-1].position.endswith(".00000000")


def read_until(source: Source, done: Callable[[list[ChangeSet]], bool]) -> list[ChangeSet]:
    """What a source says until `done`, within the bound."""
    sets: list[ChangeSet] = []
    deadline = time.monotonic() + WAIT_S
    while not done(sets):
        assert time.monotonic() < deadline, f"not said in time, but: {[s.position for s in sets[-5:]]}"
        if (said := source.read(0.1)) is not None:
            sets.append(said)
    return sets


def changes(sets: list[ChangeSet]) -> list[Change]:
    return [change for s in sets for change in s.changes]


def next_changes(source: Source, count: int) -> list[Change]:
    return changes(read_until(source, holding(count)))


def next_ids(source: Source, count: int) -> list[object]:
    """The first column of the next changes."""
    return [change.after and change.after[0] for change in next_changes(source, count)]


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, within the bound."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
