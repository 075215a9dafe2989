"""The EAM's rows as `syncd quality` reads them are those that the stream would bring, also where a driver would refuse
what a column holds (invariant 7)."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from connectors import scan_eam
from connectors.convert import row_converter
from syncd.books.quality.eam import rows_query
from syncd.change import Column, Kind, Malformed, Row, Table
from syncd.connector import Rows, Scan
from syncd.dialects import Dialect
from tests.acceptance.databases import connected

ZONE = "Asia/Shanghai"
TABLE = Table(
    "asset",
    "asset",
    (
        Column("id", Kind.INTEGER),
        Column("code", Kind.TEXT),
        Column("amount", Kind.DECIMAL, "money"),
        Column("rate", Kind.DECIMAL),
        Column("bought", Kind.DATE),
        Column("made", Kind.TIMESTAMP),
        Column("seen", Kind.TIMESTAMP),
        Column("leaf", Kind.BOOLEAN),
    ),
    (0,),
)
SEEN = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
RIGHT = (1, "FA-1", Decimal("15000.00"), Decimal("0.05"), date(2024, 2, 29), SEEN, SEEN, True)


def read(scan: Callable[[str, str], AbstractContextManager[Scan]], dsn: str) -> list[Row]:
    def query(dialect: Dialect, zone: str, moments: Collection[str], texts: Collection[str]) -> str:
        return rows_query(TABLE, dialect, moments) + " ORDER BY 1"

    convert = row_converter(TABLE, ZoneInfo(ZONE))
    with scan(dsn, ZONE) as asked:
        found: Rows = asked.rows(query)
        return [convert(row)[0] for row in found]


def test_rows_of_postgresql(new_database: Callable[[], str]) -> None:
    dsn = new_database()
    with closing(connected(dsn)) as db:
        db.execute(
            "CREATE TABLE asset (id INTEGER, code TEXT, amount NUMERIC(18, 2), rate DOUBLE PRECISION, bought DATE,"
            " made TIMESTAMP, seen TIMESTAMPTZ, leaf BOOLEAN)"
        )
        db.execute(
            "INSERT INTO asset VALUES"
            " (1, 'FA-1', 15000, 0.05, '2024-02-29', '2026-03-01 00:30', '2026-02-28 16:30Z', true),"
            " (2, NULL, 'NaN', 'Infinity', 'infinity', '-infinity', '20000-01-01', NULL)"
        )
    right, odd = read(partial(scan_eam.postgres), dsn)
    assert right == RIGHT
    assert odd[:2] == (2, None)
    assert all(isinstance(value, Malformed) for value in odd[2:7])


def test_rows_of_mariadb(new_mariadb: Callable[[], str]) -> None:
    dsn = new_mariadb()
    with closing(connected(dsn)) as db:
        db.execute(
            "CREATE TABLE asset (id INTEGER, code TEXT, amount DECIMAL(18, 2), rate DOUBLE, bought DATE,"
            " made DATETIME, seen TIMESTAMP NULL, leaf TINYINT(1))"
        )
        db.execute("SET sql_mode = '', time_zone = '+00:00'")
        db.execute(
            "INSERT INTO asset VALUES"
            " (1, 'FA-1', 15000, 0.05, '2024-02-29', '2026-03-01 00:30', '2026-02-28 16:30', 1),"
            " (2, NULL, NULL, NULL, '0000-00-00', '0000-00-00 00:00:00', NULL, NULL)"
        )
    right, odd = read(scan_eam.mysql, dsn)
    assert right == RIGHT
    assert odd[:4] == (2, None, None, None)
    assert [isinstance(value, Malformed) for value in odd[4:]] == [True, True, False, False]
