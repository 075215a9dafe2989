"""Expressions mean what PostgreSQL says they mean: compiled to Python, printed for PostgreSQL, SQLite and MySQL."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import psycopg
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from syncd.change import Kind
from syncd.mapping.expression.parse import RUNTIME, Expression, ExpressionError, Name, Uncomputable, parse
from syncd.mapping.expression.runtime import decimal_text, timestamp_text
from syncd.mapping.expression.sqlite import register_sqlite
from tests.differential.generated import COLUMNS, SCALARS, SQL_TYPES, expressions
from tests.servers import Postgres

SCOPE = {name: Name(f"row[{i}]", kind, name) for i, (name, kind) in enumerate(COLUMNS.items())}
ERROR = "the database refuses"
ROWS_COUNT = 16
ZONES = ("UTC", "Europe/Paris")

Row = tuple[object, ...]

_POOL: dict[Kind, list[object]] = {
    Kind.INTEGER: [0, 1, -1, 2, 7, -7, 12, 100, 2024, 1_000_000],
    Kind.DECIMAL: [Decimal(v) for v in ("0", "0.00", "1", "1.5", "-1.5", "0.005", "-0.005", "2.50", "100.00", "3")]
    + [Decimal(v) for v in ("12345678.90", "99999999999999.99", "-0.000001", "100000000000000000000")],
    Kind.TEXT: [
        "",
        " ",
        "a",
        "A",
        "abc",
        "  b ",
        "it's",
        "a\\b",
        "50%",
        "固定资产",
        "设备_1",
        "ß",
        "é\n",
        "𠮷",
        "'||'",
    ],
    Kind.DATE: [date(2024, 2, 29), date(2026, 1, 31), date(2025, 12, 31), date(1999, 3, 1), date(2026, 2, 28)],
    Kind.TIMESTAMP: [
        datetime(2026, 1, 31, 23, 59, 59, 999999, UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(2026, 7, 1, 8, 30, 0, 500000, UTC),
        datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),  # a second before Paris skips an hour
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # and in the first of the hours that it has twice
    ],
    Kind.BOOLEAN: [True, False],
}
_DIGITS = ["12", " -7 ", "3.50", "1e2", "abc", "", "+5", ".5", "00012", "1,2"]

# What PostgreSQL does not have, said there in another way than ours.
FUNCTIONS = """
CREATE FUNCTION add_months(date, int) RETURNS date LANGUAGE sql RETURN ($1 + ($2 || ' months')::interval)::date;
CREATE FUNCTION add_months(timestamp, int) RETURNS timestamp LANGUAGE sql RETURN $1 + ($2 || ' months')::interval;
CREATE FUNCTION last_day(date) RETURNS date LANGUAGE sql RETURN
    (date_trunc('month', $1) + '1 month'::interval)::date - 1;
CREATE FUNCTION last_day(timestamp) RETURNS timestamp LANGUAGE sql RETURN last_day($1::date) + $1::time;
CREATE FUNCTION month_days(date) RETURNS bigint LANGUAGE sql RETURN
    (extract(year from $1) * 12 + extract(month from $1)) * 31 + extract(day from $1);
CREATE FUNCTION months_between_floor(date, date) RETURNS bigint LANGUAGE sql RETURN
    floor((month_days($1) - month_days($2)) / 31.0);
CREATE FUNCTION answers(expression text, relation text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE number int; answer text;
BEGIN
    FOR number IN SELECT id FROM rows ORDER BY id LOOP
        BEGIN
            EXECUTE format('SELECT (%s)::text FROM %I WHERE id = $1', expression, relation) INTO answer USING number;
            RETURN NEXT answer;
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT 'the database refuses';
        END;
    END LOOP;
END $$;
"""


def rows() -> list[Row]:
    """The rows that every expression is evaluated on: one of NULLs, the rest mixed, with some NULLs."""
    random = Random(20260131)
    made: list[Row] = [(None,) * len(COLUMNS)]
    while len(made) < ROWS_COUNT:
        made.append(
            tuple(
                None if random.random() < 0.12 else random.choice(_DIGITS if name == "digits" else _POOL[kind])
                for name, kind in COLUMNS.items()
            )
        )
    return made


class Engines:
    """The same rows in PostgreSQL, in SQLite and here."""

    def __init__(self, dsn: str) -> None:
        self.rows = rows()
        self.postgres = psycopg.connect(dsn, autocommit=True)
        self.sqlite = sqlite3.connect(":memory:")
        self.postgres.execute("SET timezone = 'UTC'")
        self.postgres.execute(FUNCTIONS)
        columns = ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in COLUMNS.items())
        self.postgres.execute(f"CREATE TABLE rows (id int, {columns})")
        for zone in ZONES:  # the rows on the clock of a zone, as an expression sees them
            told = [f"at AT TIME ZONE 'UTC' AT TIME ZONE '{zone}' AS at" if c == "at" else c for c in COLUMNS]
            self.postgres.execute(f"CREATE VIEW {_view(zone)} AS SELECT id, {', '.join(told)} FROM rows")
        register_sqlite(self.sqlite)
        self.sqlite.execute(f"CREATE TABLE rows (id int, {', '.join(COLUMNS)})")
        width = len(COLUMNS) + 1
        for i, row in enumerate(self.rows):
            self.postgres.execute(f"INSERT INTO rows VALUES ({', '.join(['%s'] * width)})", (i, *map(_naive, row)))
            kept = [_sqlite_value(v) for v in row]
            self.sqlite.execute(f"INSERT INTO rows VALUES ({', '.join('?' * width)})", (i, *kept))

    def close(self) -> None:
        self.postgres.close()
        self.sqlite.close()

    def in_postgres(self, sql: str, kind: Kind, relation: str = "rows") -> list[str | None]:
        cast = f"CAST(({sql}) AS {SQL_TYPES[kind]})"
        return [answer for (answer,) in self.postgres.execute("SELECT answers(%s, %s)", (cast, relation)).fetchall()]

    def in_sqlite(self, sql: str, kind: Kind) -> list[str | None]:
        answers = []
        for i in range(len(self.rows)):
            try:
                (value,) = self.sqlite.execute(f"SELECT {sql} FROM rows WHERE id = {i}").fetchone()
                answers.append(_shown(bool(value) if kind is Kind.BOOLEAN and value is not None else value))
            except sqlite3.OperationalError:
                answers.append(ERROR)
        return answers

    def in_python(self, expression: Expression, source: str) -> list[str | None]:
        compute = eval(f"lambda row: {source}", RUNTIME)
        answers = []
        for row in self.rows:
            try:
                answers.append(_shown(compute(row)))
            except Uncomputable:
                answers.append(ERROR)
        return answers


def _view(zone: str) -> str:
    return "in_" + zone.lower().replace("/", "_")


def _naive(value: object) -> object:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _sqlite_value(value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return timestamp_text(value.replace(tzinfo=None))
    return value.isoformat() if isinstance(value, date) else value


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(_sqlite_value(value))


@pytest.fixture(scope="module")
def engines(postgres: Postgres) -> Iterator[Engines]:
    dsn = postgres.create_database()
    made = Engines(dsn)
    yield made
    made.close()
    postgres.drop_database(dsn)


NUMBERS = st.builds(
    lambda digits, places: Decimal(f"{digits}e-{places}"), st.integers(-(10**20), 10**20), st.integers(0, 12)
)


@settings(max_examples=100)
@given(pairs=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20))
def test_decimals_are_computed_to_postgresqls_places(engines: Engines, pairs: list[tuple[Decimal, Decimal]]) -> None:
    scope = {"a": Name("a", Kind.DECIMAL, "a"), "b": Name("b", Kind.DECIMAL, "b")}
    texts = ["a + b", "a - b", "a * b", "a / b", "a % b", "-a", "round(a, 2)", "round(a, -3)", "trunc(b, 1)"]
    texts += ["floor(a)", "ceil(b)", "greatest(a, b)", "round(a * b / 7, 2)"]
    usable = [(a, b) for a, b in pairs if b]
    columns = ", ".join(f"({t})::text" for t in texts).replace("%", "%%")
    asked = engines.postgres.execute(
        f"SELECT {columns} FROM unnest(%s::numeric[], %s::numeric[]) AS pair (a, b)",
        ([a for a, _ in usable], [b for _, b in usable]),
    )
    computes = [eval(f"lambda a, b: {parse(t, scope).python()}", RUNTIME) for t in texts]
    for (a, b), answers in zip(usable, asked.fetchall(), strict=True):
        for text, compute, answer in zip(texts, computes, answers, strict=True):
            assert f"{compute(a, b):f}" == answer, f"{text} for {a} and {b}"


def test_text_is_compared_and_folded_alike_under_any_locale(postgres: Postgres) -> None:
    """A database whose locale orders a before B, and knows an upper case of é, changes no answer."""
    postgres.run("CREATE DATABASE elsewhere TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    words = ["a", "B", "A", "ß", "é", "É", "中", "机床", "", "_", "a b"]
    scope = {"x": Name("x", Kind.TEXT, "x"), "y": Name("y", Kind.TEXT, "y")}
    texts = ["x < y", "x >= y", "x BETWEEN y AND 'z'", "greatest(x, y)", "least(x, y)", "upper(x)", "lower(x || y)"]
    with psycopg.connect(postgres.dsn("elsewhere"), autocommit=True) as connection:
        for text in texts:
            expression = parse(text, scope)
            compute = eval(f"lambda x, y: {expression.python()}", RUNTIME)
            pairs = "unnest(%(words)s::text[]) AS a (x), unnest(%(words)s::text[]) AS b (y)"
            answers = connection.execute(f"SELECT x, y, {expression.sql('postgres')} FROM {pairs}", {"words": words})
            for x, y, answer in answers:
                assert compute(x, y) == answer, f"{text} for {x!r} and {y!r}"
    postgres.drop_database(postgres.dsn("elsewhere"))


@settings(max_examples=300)
@given(written=st.sampled_from(SCALARS).flatmap(expressions), zone=st.sampled_from(ZONES))
def test_expressions_agree_with_postgresql_and_sqlite(engines: Engines, written: str, zone: str) -> None:
    try:
        expression = parse(written, SCOPE, {}, zone)
        if expression.kind is Kind.TIMESTAMP:  # which is a moment outside
            written = f"CAST(({written}) AS text)"
            expression = parse(written, SCOPE, {}, zone)
    except ExpressionError:
        assert set(engines.in_postgres(written, Kind.TEXT)) == {ERROR}
        return
    kind = expression.kind
    ours, lite = expression.sql("postgres"), expression.sql("sqlite")
    note(f"python   {expression.python()}\npostgres {ours}\nsqlite   {lite}")
    here = engines.in_python(expression, expression.python())
    meant, printed = engines.in_postgres(written, kind, _view(zone)), engines.in_postgres(ours, kind)
    in_sqlite = engines.in_sqlite(lite, kind)
    folded = any(
        word in written for word in (" AND ", " OR ", "CASE", "NULL")
    )  # PostgreSQL leaves out what a constant decides
    for row, answers in zip(engines.rows, zip(here, meant, printed, in_sqlite, strict=True), strict=True):
        computed = [a for a in answers if a != ERROR]
        assert len(set(computed)) <= 1, f"{row}: python, as written, postgres, sqlite = {answers}"
        assert folded or ERROR in answers[1:3] or answers[0] != ERROR, f"{row}: PostgreSQL computes what Python refuses"
    if kind is Kind.BOOLEAN:
        held = engines.in_python(expression, f"bool({expression.condition()})")
        both = [(h, v) for h, v in zip(held, here, strict=True) if ERROR not in (h, v)]
        assert [h == "true" for h, _ in both] == [v == "true" for _, v in both]
