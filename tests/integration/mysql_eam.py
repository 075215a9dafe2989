"""A MariaDB EAM to write to, and sources over it, for the tests of the MySQL source."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pymysql
import pytest

from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import source as mysql
from connectors.mysql.position import Place, parse
from connectors.mysql.source import MysqlSource
from syncd.change import ChangeSet, Column, Kind, Position, Table
from syncd.errors import Halt
from tests.integration.eam import read_until, until

SCHEMA = "CREATE TABLE asset (id BIGINT PRIMARY KEY, code VARCHAR(200), value DECIMAL(18, 2), remark TEXT)"
ASSET = Table(
    "asset",
    "asset",
    (
        Column("id", Kind.INTEGER),
        Column("code", Kind.TEXT),
        Column("value", Kind.DECIMAL, "money"),
        Column("remark", Kind.TEXT),
    ),
    (0,),
)


class MysqlEam:
    """A database of its own with the table `asset`, or what `schema` says."""

    def __init__(self, dsn: str, schema: str = SCHEMA, tables: Sequence[Table] = (ASSET,)) -> None:
        self.dsn = dsn
        self.name = dsn.rpartition("/")[2]
        self.tables = {table.alias: table for table in tables}
        self.settings = mysql.Settings(dsn, retention_hours=0)
        self.writer = self.session()
        self.run(*schema.split(";"))

    def session(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        """A connection of the EAM's own; each statement is a transaction unless one is begun."""
        return pymysql.connect(**self.arguments(), charset="utf8mb4", autocommit=True)

    def arguments(self) -> dict[str, Any]:
        """Those of the driver."""
        return mysql_dsn.parse(self.dsn).arguments()

    def close(self) -> None:
        self.writer.close()

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Statements one after the other; the rows of the last."""
        with self.writer.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def insert(self, *ids: int) -> None:
        for number in ids:
            self.run(f"INSERT INTO asset VALUES ({number}, 'FA', 1.00, NULL)")

    def purge(self) -> None:
        """Throw all of the log away but for a new file. The server keeps a file that somebody reads."""
        self.run("FLUSH BINARY LOGS")
        newest = self.run("SHOW BINARY LOGS")[-1][0]
        until(lambda: not self.run(f"PURGE BINARY LOGS TO '{newest}'") and len(self.run("SHOW BINARY LOGS")) == 1)

    def connect(self, **settings: object) -> MysqlSource:
        return mysql.connect(replace(self.settings, **settings), self.tables, self.name)  # type: ignore[arg-type]

    def start(self, checkpoint: Position | None = None, **settings: object) -> MysqlSource:
        source = self.connect(**settings)
        try:
            source.start(checkpoint)
        except BaseException:
            source.close()
            raise
        return source

    def streaming(self, **settings: object) -> tuple[MysqlSource, Position]:
        """A source past its snapshot, and where it stands."""
        source = self.start(**settings)
        return source, read_until(source, past_the_snapshot)[-1].position


def past_the_snapshot(sets: list[ChangeSet]) -> bool:
    return bool(sets) and sets[-1].position.startswith("1/")


def ended(changes: int) -> Callable[[list[ChangeSet]], bool]:
    """Until so many changes were said and the transaction of the last one is over."""

    def is_over(position: Position) -> bool:
        place = parse(position)
        return isinstance(place, Place) and not place.event

    return lambda sets: sum(len(s.changes) for s in sets) >= changes and is_over(sets[-1].position)


def halted(source: MysqlSource) -> Halt:
    """What the source stops with."""
    with pytest.raises(Halt) as halt:
        read_until(source, lambda sets: False)
    return halt.value
