"""Our reading of a log beside two others on the same bytes: the library's, for generated tables and rows, and the
server's own, for every character of its character sets."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pymysql
import pytest
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from connectors.binlog import rows as binlog_rows
from connectors.binlog.rows import RowReader, Rows, compile_rows
from connectors.binlog.stream import Events, charsets
from connectors.binlog.table import VARCHAR, WireColumn, table_map
from connectors.binlog.text import decoder
from connectors.convert import SHANGHAI, Unfit
from connectors.mysql import dsn as mysql_dsn
from syncd.change import Column, Kind, Table, Value
from tests.servers import MariaDb

TABLES = 80
ROWS = 40
LABELS = ("草稿", "in_use", "é", "d")
COMMON = ("ascii", "latin1", "gbk", "gb2312", "big5", "euckr")
"""Character sets of which nothing may be refused that the server knows."""
UNICODE = frozenset({"binary", "utf8mb3", "utf8mb4", "ucs2", "utf16", "utf16le", "utf32"})
"""Python's own."""
TEXT = "abcXYZ 019'\\车床数控ß"


class Drawn(NamedTuple):
    """A column: its SQL type, the kind it is declared as, a value for it, and the library's value as ours."""

    sql: str
    kind: Kind
    value: Callable[[random.Random], object]
    ours: Callable[[Any], Value]


def same(value: Any) -> Value:
    return value


def signed(bits: int) -> Callable[[random.Random], object]:
    return lambda r: r.choice(
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0, -1, r.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1)))
    )


def unsigned(bits: int) -> Callable[[random.Random], object]:
    return lambda r: r.choice((0, 2**bits - 1, r.randrange(2**bits)))


def decimals(precision: int, scale: int) -> Drawn:
    def value(r: random.Random) -> Decimal:
        return Decimal(r.choice((-1, 1)) * r.randrange(10 ** r.randint(1, precision))) / (10**scale)

    return Drawn(f"DECIMAL({precision}, {scale})", Kind.DECIMAL, value, same)


def text(sql: str, alphabet: str = TEXT, longest: int = 30, ours: Callable[[Any], Value] = same) -> Drawn:
    def value(r: random.Random) -> str:
        return "".join(r.choices(alphabet, k=r.choice((0, 1, r.randint(0, longest))))).rstrip()

    return Drawn(sql, Kind.TEXT, value, ours)


def moments(digits: int) -> Iterator[Drawn]:
    def moment(r: random.Random) -> datetime:
        drawn = datetime(1975, 1, 1) + timedelta(seconds=r.randrange(60 * 365 * 86400), microseconds=r.randrange(10**6))
        return drawn.replace(microsecond=drawn.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits))

    yield Drawn(
        f"DATETIME({digits})", Kind.TIMESTAMP, moment, lambda m: m and m.replace(tzinfo=SHANGHAI).astimezone(UTC)
    )
    yield Drawn(f"TIMESTAMP({digits}) NULL", Kind.TIMESTAMP, moment, lambda m: m and m.replace(tzinfo=UTC))
    yield Drawn(f"DATETIME({digits})", Kind.DATE, moment, lambda m: m and m.date())
    yield Drawn(
        f"TIME({digits})", Kind.TEXT, lambda r: moment(r).time(), lambda t: t if t is None else clock(t, digits)
    )


def in_shanghai(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=SHANGHAI).astimezone(UTC)


def clock(span: timedelta | None, digits: int) -> str | None:
    if span is None:
        return None
    seconds, micros = span.seconds, f"{span.microseconds:06}"[:digits]
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{micros}" if digits else text


def some_labels(r: random.Random) -> str:
    return ",".join(r.sample(LABELS, r.randint(0, 4)))


def joined(labels: set[str] | None) -> Value:
    """The library takes an empty SET for NULL; so are both here."""
    return ",".join(label for label in LABELS if label in labels) if labels else None


COLUMNS = [
    *(Drawn(f"{name}{sign}", Kind.INTEGER, (unsigned if sign else signed)(bits), same)
      for name, bits in (("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64))
      for sign in ("", " UNSIGNED")),
    Drawn("BOOLEAN", Kind.BOOLEAN, lambda r: r.randrange(2), lambda v: v if v is None else v == 1),
    *(decimals(*size) for size in ((1, 0), (5, 5), (9, 2), (10, 0), (18, 2), (20, 19), (38, 6), (65, 30))),
    Drawn("DOUBLE", Kind.TEXT, lambda r: round(r.uniform(-1e6, 1e6), 3), lambda v: v if v is None else str(v)),
    Drawn("DATE", Kind.DATE, lambda r: date(1000, 1, 1) + timedelta(r.randrange(3_000_000)), same),
    Drawn("YEAR", Kind.INTEGER, lambda r: r.randint(1901, 2155), same),
    *(drawn for digits in range(7) for drawn in moments(digits)),
    text("VARCHAR(40) CHARACTER SET utf8mb4"),
    text("VARCHAR(300) CHARACTER SET utf8mb4", longest=300),
    text("CHAR(30) CHARACTER SET utf8mb3"),
    text("VARCHAR(99) CHARACTER SET gbk", "abc车床数控"),
    text("VARCHAR(99) CHARACTER SET latin1", "abcéß€"),
    text("TEXT CHARACTER SET utf8mb4", longest=400),
    text("LONGTEXT CHARACTER SET gbk", "车床", 400),
    text("VARBINARY(99)", "abc", ours=lambda v: v.decode() if v else v),
    text("BLOB", "abc", ours=lambda v: v.decode() if v else v),
    Drawn(f"ENUM{LABELS} CHARACTER SET utf8mb4", Kind.TEXT, lambda r: r.choice(LABELS), same),
    Drawn(f"SET{LABELS} CHARACTER SET utf8mb4", Kind.TEXT, some_labels, joined),
    Drawn("BIT(1)", Kind.INTEGER, unsigned(1), lambda v: v if v is None else int(v, 2)),
    Drawn("BIT(37)", Kind.INTEGER, unsigned(37), lambda v: v if v is None else int(v, 2)),
    Drawn("JSON", Kind.TEXT, lambda r: f'{{"n": {r.randrange(99)}}}', same),
]  # fmt: skip


class Made(NamedTuple):
    """A generated table, and which of its columns are declared, in the order of declaration."""

    name: str
    columns: list[tuple[Drawn, str]]
    declared: list[int]

    def table(self) -> Table:
        return Table(self.name, self.name, tuple(Column(f"c{i}", self.columns[i][0].kind) for i in self.declared), (0,))


def test_generated_rows_read_as_the_library_reads_them(
    new_mariadb: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binlog_rows, "PATTERN_ROWS", 2)  # both ways of reading have their part
    arguments = mysql_dsn.parse(new_mariadb()).arguments()
    r = random.Random(20260131)
    with closing(pymysql.connect(**arguments, charset="utf8mb4", autocommit=True)) as connection:
        cursor = connection.cursor()
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("SHOW MASTER STATUS")
        file, position, *_ = cursor.fetchone() or ("", 4)
        made = {f"t{n}": fill(cursor, r, f"t{n}") for n in range(TABLES)}
        cursor.execute("CREATE TABLE last (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO last VALUES (1)")
        sets = charsets(connection)
    theirs = list(read_theirs(arguments, str(file), int(position)))
    ours = list(read_ours(arguments, str(file), int(position), made, sets))
    assert len(ours) == len(theirs) > TABLES * 3
    for (name, kind, rows), (their_name, their_kind, their_rows) in zip(ours, theirs, strict=True):
        assert (name, kind, len(rows)) == (their_name, their_kind, len(their_rows))
        for (before, after, flawed), (their_before, their_after) in zip(rows, their_rows, strict=True):
            assert not flawed
            for row, theirs_row in ((before, their_before), (after, their_after)):
                assert row == (theirs_row and expected(made[name], theirs_row)), name


def fill(cursor: Any, r: random.Random, name: str) -> Made:
    """A table with rows inserted, updated and deleted."""
    drawn = [r.choice(COLUMNS) for _ in range(r.choice((1, 5, 9, 20, 40)))]
    columns = [(column, r.choice(("", " NOT NULL" if "NULL" not in column.sql else ""))) for column in drawn]
    made = Made(name, columns, r.sample(range(len(columns)), r.randint(1, len(columns))))
    sql = ", ".join(f"c{i} {column.sql}{null}" for i, (column, null) in enumerate(columns))
    cursor.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY, {sql})")
    rows = [(n, *values(r, made)) for n in range(ROWS)]
    marks = ", ".join(["%s"] * (len(columns) + 1))
    cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    sets = ", ".join(f"c{i} = %s" for i in range(len(columns)))
    for n in r.sample(range(ROWS), 5):
        cursor.execute(f"UPDATE {name} SET {sets} WHERE id = %s", (*values(r, made), n))
    cursor.execute(f"DELETE FROM {name} WHERE id % 3 = 0")
    return made


def values(r: random.Random, made: Made) -> list[object]:
    return [None if not null and "NOT" not in null and r.random() < 0.3 else c.value(r) for c, null in made.columns]


def expected(made: Made, row: dict[str, Any]) -> tuple[Value, ...]:
    return tuple(made.columns[i][0].ours(row[f"c{i}"]) for i in made.declared)


def read_theirs(arguments: dict[str, Any], file: str, position: int) -> Iterator[tuple[str, str, list[Any]]]:
    kinds = {WriteRowsEvent: "insert", UpdateRowsEvent: "update", DeleteRowsEvent: "delete"}
    stream = BinLogStreamReader(
        dict(arguments), 902, log_file=file, log_pos=position, resume_stream=True, only_events=list(kinds),
        enable_logging=False,
    )  # fmt: skip
    for event in stream:
        kind = kinds[type(event)]
        if event.table == "last":
            break
        if kind == "update":
            yield event.table, kind, [(row["before_values"], row["after_values"]) for row in event.rows]
        else:
            rows = [row["values"] for row in event.rows]
            yield event.table, kind, [(None, row) if kind == "insert" else (row, None) for row in rows]
    stream.close()


def read_ours(
    arguments: dict[str, Any], file: str, position: int, made: dict[str, Made], sets: dict[int, str]
) -> Iterator[tuple[str, str, Rows]]:
    readers: dict[bytes, tuple[str, RowReader]] = {}
    with closing(Events(arguments, 901, mariadb=True, file=file, position=position)) as events:
        while (event := events.read(10.0)) is not None:
            if event.kind == "table":
                wire = table_map(event.data, mariadb=True)
                if wire.name == "last":
                    return
                if wire.id not in readers:
                    readers[wire.id] = wire.name, compile_rows(wire, made[wire.name].table(), sets)
            elif event.kind in ("insert", "update", "delete"):
                name, reader = readers[event.data[:6]]
                yield (
                    name,
                    event.kind,
                    [
                        (*(without_empty_sets(made[name], row) for row in (before, after)), flawed)
                        for before, after, flawed in getattr(reader, event.kind)(event.data)
                    ],
                )
    raise AssertionError("the log ended early")


def without_empty_sets(made: Made, row: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
    is_set = [made.columns[i][0].ours is joined for i in made.declared]
    return row and tuple(None if empty and value == "" else value for value, empty in zip(row, is_set, strict=True))


def test_every_character_reads_as_the_server_converts_it(mariadb: MariaDb) -> None:
    """Of one byte and of two, in every character set that there is a codec for."""
    widths = dict(mariadb.run("SELECT character_set_name, maxlen FROM information_schema.character_sets"))
    for name in sorted(str(name) for name in widths.keys() - UNICODE):
        ours = decoder(WireColumn("a", VARCHAR, 9, collation=1), {1: name})
        for first, last, size in ((0, 0xFF, 1), (0x8000, 0xFFFF, 2))[: 1 if widths[name] == 1 else 2]:
            raw = f"UNHEX(LPAD(HEX(seq), {2 * size}, '0'))"
            asked = f"SELECT {raw}, CONVERT(CONVERT({raw} USING {name}) USING utf8mb4) FROM seq_{first}_to_{last}"
            said = [(bytes(raw), text) for raw, text in mariadb.run(asked) if text is not None]  # type: ignore[arg-type]
            differ = [(raw, text, read) for raw, text in said if (read := attempt(ours, raw)) not in (text, None)]
            assert not [found for found in differ if not is_unknown(*found[:2])], name
            if name in COMMON:
                assert all(attempt(ours, raw) == text for raw, text in said if not is_unknown(raw, text)), name


def is_unknown(raw: bytes, text: object) -> bool:
    """Whether the server says that it does not know the character."""
    return "\ufffd" in str(text) or str(text).count("?") > raw.count(b"?")


def attempt(ours: Callable[[bytes], str], raw: bytes) -> str | None:
    try:
        return ours(raw)
    except Unfit:
        return None
