"""Invariant 7, of time: expressions × zones × kinds of source, both sides of midnight and of a clock's change.

Each time is written into a table of a real server, in each kind of column that keeps one; read by the real source;
evaluated here, and by the SQL that the reconciler asks that server; and compared with what PostgreSQL says of the same
moment when its session is on the clock of the books.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import pytest

from connectors import scan_eam
from connectors.changelog import source as changelog
from connectors.debezium.values import Reading, mark, reader
from connectors.mysql import source as mysql
from syncd.change import Column, Kind, Row, Table, Value
from syncd.dialects import Dialect
from syncd.mapping.expression.parse import RUNTIME, ExpressionError, Name, parse
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.expression.zones_sql import column_moment
from tests.integration.eam import Eam, changes, past_the_snapshot, read_until
from tests.integration.mysql_eam import MysqlEam

SHANGHAI, PARIS = "Asia/Shanghai", "Europe/Paris"
ZONES: Final = [
    (SHANGHAI, SHANGHAI),
    (PARIS, PARIS),
    (SHANGHAI, PARIS),
    (PARIS, SHANGHAI),
    (PARIS, "America/New_York"),
    (SHANGHAI, "UTC"),
]
"""The source's, and that of the books."""

TIMES: Final = [
    *("2026-02-28 15:59:59", "2026-02-28 16:00:00", "2026-02-28 22:59:59", "2026-02-28 23:00:00"),
    *("2026-02-28 23:59:59", "2026-03-01 00:00:00", "2026-03-01 01:30:00", "2025-12-31 23:30:00"),
    *("2026-03-29 00:30:00", "2026-03-29 01:00:00", "2026-03-29 01:59:59", "2026-03-29 03:00:00"),
    "2026-03-29 02:30:00",  # Paris skips it
    *("2026-10-25 00:30:00", "2026-10-25 01:30:00", "2026-10-25 01:59:59", "2026-10-25 03:00:00"),
    *("2026-10-25 02:00:00", "2026-10-25 02:30:00"),  # Paris has them twice
    *("2026-03-08 06:59:59", "2026-11-01 05:30:00", "2026-11-01 06:30:00", "1988-04-17 02:30:00"),
]
"""Written once as wall times of the source, and once as moments in UTC."""

EXPRESSIONS: Final[Sequence[tuple[str, str]]] = [
    *((text, text) for text in (
        "at::date", "at::text", "to_char(at, 'YYYY-MM-DD HH24:MI:SS')", "to_char(at, 'YYYYMM')",
        "extract(hour from at)", "extract(day from at)", "extract(dow from at)", "extract(week from at)",
        "extract(doy from at)", "extract(month from at)", "extract(minute from at)",
        "date_trunc('hour', at)::text", "date_trunc('day', at)::text", "date_trunc('month', at)::date",
        "at >= DATE '2026-03-01'", "at < TIMESTAMP '2026-03-01 00:00:00'", "DATE '2026-02-28' < at::date",
        "at BETWEEN DATE '2026-02-01' AND DATE '2026-02-28'", "at IN (TIMESTAMP '2026-03-01 00:00:00')",
        "(at + INTERVAL '90 minutes')::text", "(at - INTERVAL '1 day 2 hours')::date",
        "(at + INTERVAL '1 month')::text", "(at::date + INTERVAL '36 hours')::text", "(at - INTERVAL '1 second')::date",
        "greatest(at, TIMESTAMP '2026-03-01 00:00:00')::text", "coalesce(at, TIMESTAMP '2026-01-01 00:00')::date",
        "CASE WHEN at IS NULL THEN DATE '2026-01-01' ELSE at::date END", "at::text::timestamp::date", "at IS NULL",
        "nullif(at, TIMESTAMP '2026-03-01 00:00:00')::text", "'到 ' || at",
    )),
    ("(at AT TIME ZONE 'UTC')::text", "(moment AT TIME ZONE 'UTC')::text"),
    ("(at AT TIME ZONE 'America/New_York')::date", "(moment AT TIME ZONE 'America/New_York')::date"),
    (
        "(at AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Paris')::text",
        "(moment AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Paris')::timestamp::text",
    ),
    *((f"(TIMESTAMP '{wall}' AT TIME ZONE 'Europe/Paris')::text",
       f"(TIMESTAMP '{wall}' AT TIME ZONE 'Europe/Paris')::timestamp::text")
      for wall in ("2026-10-25 02:30", "2026-03-29 02:30", "2026-07-01 00:00")),
    ("at = later", "moment = later_moment"),
    ("at < later", "moment < later_moment"),
    ("at IS DISTINCT FROM later", "moment IS DISTINCT FROM later_moment"),
]  # fmt: skip
"""As a mapping says it, and as PostgreSQL is asked: `at` is its `timestamp` on the session's clock."""

WALL = "least({0} AT TIME ZONE '{zone}', ({0} - INTERVAL '1 hour') AT TIME ZONE '{zone}' + INTERVAL '1 hour')"
"""PostgreSQL means the second of two equal wall times; going an hour back and forth finds the first."""


class Held(NamedTuple):
    """What one source holds: (column → the values that the real source read, in order of `TIMES`), and its server as
    the reconciler asks it."""

    values: Mapping[str, Sequence[Value]]
    ask: Callable[[scan_eam.Query, str], Sequence[Sequence[Any]]] | None
    table: str = ""
    moments: frozenset[str] = frozenset()


def columns(*names: str) -> tuple[Column, ...]:
    return (Column("id", Kind.INTEGER), *(Column(name, Kind.TIMESTAMP) for name in names))


def table(name: str, *names: str) -> Table:
    return Table("times", name, columns(*names), (0,))


def by_column(found: Sequence[Row | None], names: Sequence[str]) -> dict[str, list[Value]]:
    rows = sorted((row for row in found if row is not None), key=lambda row: int(str(row[0])))
    return {name: [row[i + 1] for row in rows] for i, name in enumerate(names)}


# The real sources ---------------------------------------------------------------------------------------------------

POSTGRES: Final = """
    CREATE TABLE eam.times (id int PRIMARY KEY, wall timestamp, moment timestamptz, told text, touched int)
"""
MARIADB: Final = """
    CREATE TABLE times (id INT PRIMARY KEY, wall DATETIME, moment TIMESTAMP NULL, told VARCHAR(30), touched INT)
"""
NAMES: Final = ("wall", "moment", "told")


def _inserts(name: str, zone: str = "") -> str:
    rows = [f"({n}, '{at}', '{at}{zone}', '{at}')" for n, at in enumerate(TIMES)]
    return f"INSERT INTO {name} (id, wall, moment, told) VALUES {', '.join(rows)}"


def by_log(new_database: Callable[[], str], zone: str) -> Held:
    dsn, times = new_database(), table("eam.times", *NAMES)
    schema = f"CREATE SCHEMA eam; {POSTGRES}; {_inserts('eam.times', '+00')}"
    with closing(Eam(dsn, schema, [times])) as eam, closing(eam.start(zone=zone)) as source:
        read = changes(read_until(source, past_the_snapshot))
        eam.run("UPDATE eam.times SET touched = 1")
        said: list[Row | None] = []
        while len(said) < len(TIMES):
            said += [c.after for c in changes([s for s in [source.read(1.0)] if s is not None])]
    found = by_column([c.after for c in read], NAMES)
    assert by_column(said, NAMES) == found
    return Held(found, partial(_scan, scan_eam.postgres, dsn), "eam.times", frozenset({"moment"}))


def by_binlog(new_mariadb: Callable[[], str], zone: str) -> Held:
    dsn, times = new_mariadb(), table("times", *NAMES)
    schema = f"SET time_zone = '+00:00';{MARIADB};{_inserts('times')}"
    with closing(MysqlEam(dsn, schema, [times])) as eam:
        source = mysql.connect(replace(eam.settings, zone=zone), eam.tables, eam.name)
        with closing(source):
            source.start(None)
            read = changes(read_until(source, past_the_snapshot))
            eam.run("SET time_zone = 'SYSTEM'", "UPDATE times SET touched = 1")
            said: list[Row | None] = []
            while len(said) < len(TIMES):
                said += [c.after for c in changes([s for s in [source.read(1.0)] if s is not None])]
    found = by_column([c.after for c in read], NAMES)
    assert by_column(said, NAMES) == found
    return Held(found, partial(_scan, scan_eam.mysql, dsn), "times", frozenset({"moment"}))


def by_changelog(settings: changelog.Settings, run: Callable[[str], object], insert: str, times: Table) -> list[Any]:
    tables = {"times": times}
    changelog.install(settings, tables)
    run(insert)
    with closing(changelog.connect(settings, tables, "times")) as source:
        source.start(None)
        said: list[Any] = []
        while len(said) < len(TIMES):
            said += [c for c in changes([s for s in [source.read(1.0)] if s is not None]) if c.after is not None]
    return said


def by_changelog_postgres(new_database: Callable[[], str], zone: str) -> Held:
    dsn, times = new_database(), table("eam.times", *NAMES)
    with closing(Eam(dsn, f"CREATE SCHEMA eam; {POSTGRES}", [times])) as eam:
        settings = changelog.Settings("postgres", dsn, schema="eam", prune_rows_max=0, zone=zone)
        said = by_changelog(settings, eam.run, _inserts("eam.times", "+00"), times)
    held = by_column([c.after for c in said], NAMES)
    return Held(held, partial(_scan, scan_eam.postgres, dsn), "eam.times", frozenset({"moment"}))


def by_changelog_mariadb(new_mariadb: Callable[[], str], zone: str) -> Held:
    dsn, times = new_mariadb(), table("times", *NAMES)
    with closing(MysqlEam(dsn, f"SET time_zone = '+00:00';{MARIADB}", [times])) as eam:
        settings = changelog.Settings("mysql", dsn, prune_rows_max=0, zone=zone)
        said = by_changelog(settings, eam.run, _inserts("times"), times)
    held = by_column([c.after for c in said], NAMES)
    return Held(held, partial(_scan, scan_eam.mysql, dsn), "times", frozenset({"moment"}))


def by_changelog_sqlite(path: Path, zone: str) -> Held:
    names, file = ("wall", "iso", "moment"), path / "eam.db"
    times = table("times", *names)
    with closing(sqlite3.connect(file, isolation_level=None)) as eam:
        eam.execute("CREATE TABLE times (id INTEGER PRIMARY KEY, wall TEXT, iso TEXT, moment TEXT)")
        rows = [f"({n}, '{at}', '{at.replace(' ', 'T')}', '{at}Z')" for n, at in enumerate(TIMES)]
        settings = changelog.Settings("sqlite", str(file), prune_rows_max=0, zone=zone)
        said = by_changelog(settings, eam.execute, f"INSERT INTO times VALUES {', '.join(rows)}", times)
    return Held(
        by_column([c.after for c in said], names),
        partial(_scan, _sqlite, str(file)),
        "times",
        frozenset({"moment"}),
    )


def by_debezium(zone: str) -> Held:
    """Messages as the documentation of Debezium has them: a count since 1970 or a text; of a wall time, as if UTC."""
    kinds: dict[str, tuple[str, str, Callable[[datetime], object]]] = {
        "milli": ("int64", "io.debezium.time.Timestamp", lambda at: int(at.timestamp() * 1_000)),
        "connect": ("int64", "org.apache.kafka.connect.data.Timestamp", lambda at: int(at.timestamp() * 1_000)),
        "micro": ("int64", "io.debezium.time.MicroTimestamp", lambda at: int(at.timestamp() * 1_000_000)),
        "nano": ("int64", "io.debezium.time.NanoTimestamp", lambda at: int(at.timestamp()) * 10**9),
        "iso": ("string", "io.debezium.time.IsoTimestamp", lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"),
        "moment": ("string", "io.debezium.time.ZonedTimestamp", lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"),
        "elsewhere": (
            "string",
            "io.debezium.time.ZonedTimestamp",
            lambda at: at.astimezone(ZoneInfo("America/New_York")).isoformat(),
        ),
    }
    values: dict[str, list[Value]] = {}
    for column, (type_, name, spelt) in kinds.items():
        read = reader("times", Column(column, Kind.TIMESTAMP), {"type": type_, "name": name}, Reading(ZoneInfo(zone)))
        values[column] = [mark(read, spelt(datetime.fromisoformat(at).replace(tzinfo=UTC))) for at in TIMES]
    return Held(values, None, moments=frozenset({"moment", "elsewhere"}))


def _scan(scan: Callable[..., Any], where: str, query: scan_eam.Query, zone: str) -> list[Sequence[Any]]:
    with scan(where, zone) as found:
        return list(found.rows(query))


def _sqlite(path: str, zone: str) -> Any:
    return scan_eam.sqlite(path, zone, register_sqlite)


@pytest.fixture(params=[SHANGHAI, PARIS])
def zone(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(
    params=["postgres log", "mariadb log", "postgres changelog", "mariadb changelog", "sqlite changelog", "debezium"]
)
def held(
    request: pytest.FixtureRequest,
    zone: str,
    tmp_path: Path,
    new_database: Callable[[], str],
    new_mariadb: Callable[[], str],
) -> Held:
    match request.param:
        case "postgres log":
            return by_log(new_database, zone)
        case "mariadb log":
            return by_binlog(new_mariadb, zone)
        case "postgres changelog":
            return by_changelog_postgres(new_database, zone)
        case "mariadb changelog":
            return by_changelog_mariadb(new_mariadb, zone)
        case "sqlite changelog":
            return by_changelog_sqlite(tmp_path, zone)
    return by_debezium(zone)


# What PostgreSQL says -----------------------------------------------------------------------------------------------


@pytest.fixture
def books(new_database: Callable[[], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(new_database(), autocommit=True) as connection:
        connection.execute("CREATE TABLE times (id int, wall timestamp)")
        for n, at in enumerate(TIMES):
            connection.execute("INSERT INTO times VALUES (%s, %s)", (n, at))
        yield connection


def meant(books: psycopg.Connection, source: str, zone: str, is_moment: bool) -> list[list[str | None]]:
    """Each expression's value for each time."""
    moment = "wall AT TIME ZONE 'UTC'" if is_moment else WALL.format("wall", zone=source)
    books.execute(f"SET timezone = '{zone}'")
    told = ", ".join(f"({asked})::text" for _, asked in EXPRESSIONS)
    later = "lead(moment, 1, moment) OVER (ORDER BY id) AS later_moment"
    rows = f"SELECT id, moment, {later} FROM (SELECT id, {moment} AS moment FROM times) AS t"
    seen = f"SELECT id, moment, later_moment, moment::timestamp AS at FROM ({rows}) AS m"
    return [list(row) for row in books.execute(f"SELECT {told} FROM ({seen}) AS s ORDER BY id").fetchall()]


def test_every_source_means_what_postgresql_says_on_the_clock_of_the_books(
    held: Held, zone: str, books: psycopg.Connection
) -> None:
    for source, here in ZONES:
        for column in held.values if source == zone else ():
            expected = meant(books, source, here, column in held.moments)
            told = f"{column} of a source in {source}, books in {here}"
            for n, computed in enumerate(_computed(held.values[column], here)):
                wrong = _differences(computed, [row[n] for row in expected])
                assert not wrong, f"{EXPRESSIONS[n][0]}, {told}: {wrong}"
            assert _days(held, column, source) == _days_meant(held, books, column, source), told
            for n, sql, said in _asked(held, column, source, here):
                wrong = _differences(said, [row[n] for row in expected])
                assert not wrong, f"{EXPRESSIONS[n][0]}, {told}, by {sql}: {wrong}"


def _computed(values: Sequence[Value], here: str) -> Iterator[list[str | None]]:
    """What compiled rules say, expression by expression."""
    scope = {"at": Name("row[0]", Kind.TIMESTAMP), "later": Name("row[1]", Kind.TIMESTAMP)}
    pairs = [*zip(values, [*values[1:], values[-1]], strict=True)]
    for text, _ in EXPRESSIONS:
        compute = eval(f"lambda row: {parse(text, scope, {}, here).python()}", dict(RUNTIME))
        yield [_shown(compute(pair)) for pair in pairs]


def _asked(held: Held, column: str, source: str, here: str) -> Iterator[tuple[int, str, list[str | None]]]:
    """What the source's own server says, as the reconciler asks it: number of the expression, SQL, answers. MySQL is
    not asked what it would not compute exactly."""
    if held.ask is None:
        return
    asked: list[tuple[int, Kind, str]] = []

    def query(dialect: Dialect, zone: str, moments: Collection[str], texts: Collection[str]) -> str:
        is_moment = f"{held.table}.{column}" in moments
        seen = partial(column_moment, dialect, Kind.TIMESTAMP, zone=zone, is_moment=is_moment)
        scope = {name: Name(name, Kind.TIMESTAMP, seen(f"{name}_.{column}")) for name in ("at", "later")}
        for n, (text, _) in enumerate(EXPRESSIONS):
            expression = parse(text, scope, {}, here)
            try:
                asked.append((n, expression.kind, expression.sql(dialect)))
            except ExpressionError as error:
                if (dialect, error.code) != ("mysql", "no_sql"):
                    raise
        last = len(TIMES) - 1
        following = f"later_.id = CASE WHEN at_.id = {last} THEN {last} ELSE at_.id + 1 END"
        told = ", ".join(sql for _, _, sql in asked)
        return f"SELECT {told} FROM {held.table} AS at_ JOIN {held.table} AS later_ ON {following} ORDER BY at_.id"

    rows = held.ask(query, source)
    for (n, kind, sql), values in zip(asked, zip(*rows, strict=True), strict=True):
        is_truth = kind is Kind.BOOLEAN
        yield n, sql, [_shown(bool(v) if is_truth and v is not None else v) for v in values]


def _days(held: Held, column: str, source: str) -> list[str | None]:
    """What the source's own server is told of the column where a mapping declares it a date. SQLite keeps a text."""
    if held.ask is None or "iso" in held.values:
        return []

    def query(dialect: Dialect, zone: str, moments: Collection[str], texts: Collection[str]) -> str:
        day = column_moment(dialect, Kind.DATE, f"t.{column}", zone, f"{held.table}.{column}" in moments)
        told = parse("day + 0", {"day": Name("day", Kind.DATE, day)}).sql(dialect)
        return f"SELECT {told} FROM {held.table} AS t ORDER BY t.id"

    return [_shown(value) for (value,) in held.ask(query, source)]


def _days_meant(held: Held, books: psycopg.Connection, column: str, source: str) -> list[str | None]:
    """A date that a source takes of a time is the day as the source has it."""
    if held.ask is None or "iso" in held.values:
        return []
    day = f"(wall AT TIME ZONE 'UTC' AT TIME ZONE '{source}')::date" if column in held.moments else "wall::date"
    return [str(day) for (day,) in books.execute(f"SELECT {day} FROM times ORDER BY id").fetchall()]


def _differences(
    found: Sequence[str | None], expected: Sequence[str | None]
) -> list[tuple[str, str | None, str | None]]:
    return [(at, f, e) for at, f, e in zip(TIMES, found, expected, strict=True) if f != e]


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    return f"{value:f}" if isinstance(value, Decimal) else value.isoformat() if isinstance(value, date) else str(value)
