"""What is printed for MySQL means the same there, or is refused: compared on MariaDB with the compiled Python."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pymysql
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from connectors.mysql import dsn as mysql_dsn
from connectors.scan_eam import MYSQL_MODES
from syncd.change import Kind
from syncd.mapping.expression.parse import RUNTIME, ExpressionError, Name, Uncomputable, parse
from tests.differential.generated import COLUMNS, SCALARS, expressions
from tests.differential.test_expressions import rows
from tests.servers import MariaDb

SCOPE = {name: Name(f"row[{i}]", kind, f"held.{name}") for i, (name, kind) in enumerate(COLUMNS.items())}
TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.DECIMAL: "DECIMAL(18, 6)",
    Kind.TEXT: "VARCHAR(80) COLLATE utf8mb4_general_ci",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "DATETIME(6)",
    Kind.BOOLEAN: "BOOLEAN",
}
ERROR = "no value"
AMOUNT_MAX = Decimal("999999999999")

Row = tuple[object, ...]


class Held:
    """The rows of the differential test as a MariaDB table gives them back: its decimals have six places."""

    def __init__(self, dsn: str) -> None:
        self.connection = pymysql.connect(**mysql_dsn.parse(dsn).arguments(), charset="utf8mb4", autocommit=True)
        columns = ", ".join(f"{name} {TYPES[kind]}" for name, kind in COLUMNS.items())
        marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET time_zone = '+00:00', {MYSQL_MODES.removeprefix('SET ')}")
            cursor.execute(f"CREATE TABLE held (number INTEGER PRIMARY KEY, {columns})")
            for n, row in enumerate(rows()):
                cursor.execute(f"INSERT INTO held VALUES ({marks})", (n, *map(_bounded, row)))
            cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM held ORDER BY number")
            self.rows = [tuple(map(_typed, COLUMNS.values(), row)) for row in cursor.fetchall()]

    def answers(self, sql: str, kind: Kind) -> list[object]:
        """The value for each row; one that the server refuses to compute refuses them all."""
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(f"SELECT {sql} FROM held ORDER BY number")
            except (pymysql.DataError, pymysql.OperationalError) as error:
                if error.args[0] not in (1690, 1292, 1441):  # out of range, no such date
                    raise
                return [ERROR] * len(self.rows)
            return [_typed(kind, value) for (value,) in cursor.fetchall()]


def _bounded(value: object) -> object:
    if isinstance(value, Decimal) and abs(value) > AMOUNT_MAX:
        return AMOUNT_MAX
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _typed(kind: Kind, value: object) -> object:
    if kind is Kind.BOOLEAN and value is not None:
        return bool(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _computed(source: str, row: Row) -> object:
    try:
        return eval(f"lambda row: {source}", RUNTIME)(row)
    except Uncomputable:
        return ERROR


@pytest.fixture(scope="module")
def held(mariadb: MariaDb) -> Iterator[Held]:
    dsn = mariadb.create_database()
    made = Held(f"{dsn}?ssl_disabled=true")
    with closing(made.connection):
        yield made
    mariadb.drop_database(dsn)


@settings(max_examples=400)
@given(written=st.sampled_from(SCALARS).flatmap(lambda kind: expressions(kind, 3)))
def test_mysql_agrees_or_refuses(held: Held, written: str) -> None:
    """Invariant 7: the reconciliation computes on MariaDB what the stream computed, to the last place."""
    try:
        expression = parse(written, SCOPE)
        sql = expression.sql("mysql")
    except ExpressionError:
        return
    note(f"python {expression.python()}\nmysql  {sql}")
    for row, there in zip(held.rows, held.answers(sql, expression.kind), strict=True):
        here = _computed(expression.python(), row)
        if ERROR in (here, there):
            continue
        assert here == there, f"{row}: python {here!r}, mysql {there!r}"


@pytest.mark.parametrize(
    "written",
    [
        "m / n",
        "round(m / 3, 2)",
        "m * n * m * n",
        "CAST(m AS numeric(12, 2))",
        "CAST(m + 1 AS text)",
        "CAST(digits AS numeric)",
        "CAST(digits AS date)",
        "greatest(t, u)",
        "trim(t, 'ab')",
        "make_date(2026, 2, 30)",
        "uuid(t)",
    ],
)
def test_what_mysql_would_only_approximate_is_refused(written: str) -> None:
    expression = parse(written, SCOPE)
    with pytest.raises(ExpressionError) as refused:
        expression.sql("mysql")
    assert refused.value.code == "no_sql"
    assert refused.value.params["dialect"] == "mysql"


def test_every_other_function_has_its_like_in_mysql(held: Held) -> None:
    """So that a refusal is a decision and not an oversight."""
    for written in _EACH:
        expression = parse(written, SCOPE)
        there = held.answers(expression.sql("mysql"), expression.kind)
        here = [_computed(expression.python(), row) for row in held.rows]
        assert here == there, written
        assert any(value not in (None, ERROR) for value in here), written


_EACH = (
    *("abs(i)", "abs(m)", "round(m)", "round(m, 1)", "round(m, -2)", "trunc(m)", "trunc(m, 1)", "floor(m)", "ceil(m)"),
    *("upper(t)", "lower(t)", "trim(t)", "ltrim(t)", "rtrim(t)", "length(t)", "left(t, 2)", "left(t, -1)"),
    *("right(t, 2)", "right(t, -1)", "substr(t, 2)", "substr(t, 0, 2)", "substr(t, -1, 4)", "replace(t, 'a', 'A')"),
    *("lpad(t, 4)", "lpad(t, -1)", "last_day(d)", "last_day(at)", "add_months(d, 1)", "add_months(at, -13)"),
    *("months_between_floor(d, e)", "d - e", "d + 3", "d < at", "i / 7", "i % 7", "m % 7", "-m", "t || u || i"),
    *("concat(t, i, d)", "t LIKE 'a%'", "t LIKE '%\\_1'", "t IN ('a', 'abc')", "t = 'A'", "t = ' '", "nullif(t, 'a')"),
    *("CAST(at AS text)", "CAST(d AS text)", "CAST(m AS text)", "CAST(p AS text)", "CAST(i AS numeric)"),
    *("CAST(m AS integer)", "CAST(p AS integer)", "CAST(at AS date)", "CAST(d AS timestamp)", "greatest(m, n, i)"),
    *("to_char(d, 'YYYY-MM')", "to_char(at, 'YYYYMMDD HH24:MI:SS')", "coalesce(m, 0)", "p IS NOT TRUE"),
    *(f"date_trunc('{unit}', d)" for unit in ("year", "quarter", "month", "week", "day")),
    *(f"date_trunc('{unit}', at)" for unit in ("year", "quarter", "month", "week", "day", "hour", "minute")),
    *(f"extract({f} from at)" for f in ("year", "quarter", "month", "week", "day", "dow", "isodow", "doy", "hour")),
)
