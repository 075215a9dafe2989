"""JSON and arrays mean what PostgreSQL's jsonb and arrays mean: compiled to Python, and printed for each database."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pymysql
import pytest

from connectors.convert import converter
from connectors.mysql import dsn as mysql_dsn
from connectors.scan_eam import MYSQL_MODES
from syncd.change import Column, Kind
from syncd.mapping.expression.parse import RUNTIME, ExpressionError, Name, Uncomputable, parse
from syncd.mapping.expression.sqlite import register_sqlite
from tests.servers import MariaDb, Postgres

REFUSED = "refused"
DOCUMENTS = (
    None,
    "null",
    "5",
    '"x"',
    "[]",
    "{}",
    '{"kind": "FA", "n": 7, "price": 1.50, "on": true, "off": false, "none": null, "": "blank"}',
    '{"kind": 1e3, "n": -0, "a": {"b": [1, "two", {"c": "机床\\n"}, null], "bb": 2, "B": 1}}',
    '[{"kind": "MT"}, ["x", 12345678901234567890.10], "z"]',
    '{"kind": "first", "kind": "\\u4e2d\\ud83d\\ude00/\\"", "a": [], "n": 0.00}',
    '{"kind": "\\ud83d"}',
    '{"kind": "\\u0000"}',
    "{kind: 1}",
    "",
)
IN_JSON = (
    "j ->> 'kind'",
    "j -> 'kind'",
    "j ->> 'n'",
    "j ->> 'price'",
    "j ->> 'on'",
    "j ->> 'none'",
    "(j -> 'none') IS NULL",
    "j ->> ''",
    "j -> 'a' ->> 'b'",
    "j -> 'a' -> 'b' ->> 1",
    "j -> 'a' -> 'b' -> 2 ->> 'c'",
    "j -> 'a' -> 'b' ->> -1",
    "j ->> 0",
    "j -> 0 ->> 'kind'",
    "j -> -2 ->> 1",
    "j -> i ->> k",
    "j ->> (k || '')",
    "upper(j ->> 'kind') || coalesce(j ->> 'n', '–')",
    "(j ->> 'n')::numeric + 1",
    "(j ->> 'on')::boolean",
    "CASE WHEN j ->> 'kind' IN ('FA', 'MT') THEN j ->> 'price' ELSE k END",
    "j::jsonb::text",
    "j ->> 'kind' = k",
)
ARRAYS = ("{a,b,NULL}", "{}", None, '{"x y","b,c","机"}', "{b}")
COUNTS = ("{1,2,NULL}", "{}", None, "{7,7}", "{2}")
IN_ARRAYS = (
    "texts[1]",
    "texts[i]",
    "texts[0]",
    "texts[-1]",
    "numbers[2] * 10",
    "k = ANY (texts)",
    "'b' = any(texts)",
    "'b' <> all(texts)",
    "'b' <> some(texts)",
    "'b' = all(texts)",
    "nullif(k, k) = any(texts)",
    "i = any(numbers)",
    "2 <> all(numbers)",
    "i <> all(numbers) AND k = any(texts)",
    "NOT 2 = any(numbers)",
    "cardinality(texts)",
    "array_length(texts, 1)",
    "array_length(numbers, 1) + cardinality(numbers)",
    "texts IS NULL",
    "texts = texts",
    "texts IS DISTINCT FROM texts",
    "CASE WHEN cardinality(numbers) > 1 THEN numbers[1] END",
)
KEYS = (("kind", 0), ("a", 2), (None, None))
SCOPE = {
    "j": Name("row[0]", Kind.TEXT, "j"),
    "texts": Name("row[1]", Kind.ARRAY, "texts", Kind.TEXT),
    "numbers": Name("row[2]", Kind.ARRAY, "numbers", Kind.INTEGER),
    "k": Name("row[3]", Kind.TEXT, "k"),
    "i": Name("row[4]", Kind.INTEGER, "i"),
}
Row = tuple[object, ...]


def rows() -> list[Row]:
    """Documents, arrays, a name and a place, as the tables of the databases hold them."""
    lists = list(zip(ARRAYS, COUNTS, strict=True))
    return [
        (document, *lists[n % len(lists)], *KEYS[(n + m) % len(KEYS)])
        for n, document in enumerate(DOCUMENTS)
        for m in range(2)
    ]


def kept(row: Row) -> Row:
    """The same as a row of a change."""
    texts, numbers = (converter(Column("", Kind.TEXT, elements=kind)) for kind in (Kind.TEXT, Kind.INTEGER))
    return (row[0], texts(row[1]), numbers(row[2]), *row[3:])


def in_python(written: str) -> list[object]:
    compute = eval(f"lambda row: {parse(written, SCOPE).python()}", RUNTIME)
    answers: list[object] = []
    for row in map(kept, rows()):
        try:
            answers.append(compute(row))
        except Uncomputable:
            answers.append(REFUSED)
    return list(map(_shown, answers))


def _shown(value: object) -> object:
    return value if value is None or value is REFUSED else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(scope="module")
def server(postgres: Postgres) -> Iterator[psycopg.Connection]:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE held (n int, j text, texts text[], numbers bigint[], k text, i bigint)")
        for n, row in enumerate(rows()):
            connection.execute("INSERT INTO held VALUES (%s, %s, %s, %s, %s, %s)", (n, *row))
        yield connection
    postgres.drop_database(dsn)


def in_postgres(server: psycopg.Connection, sql: str) -> list[object]:
    answers: list[object] = []
    for n in range(len(rows())):
        try:
            found = server.execute(f"SELECT ({sql})::text FROM held WHERE n = {n}").fetchone()  # type: ignore[arg-type]
            answers.append(found and found[0])
        except psycopg.DataError:
            answers.append(REFUSED)
    return answers


@pytest.fixture(scope="module")
def lite() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        register_sqlite(connection)
        connection.execute("CREATE TABLE held (n, j, texts, numbers, k, i)")
        for n, row in enumerate(map(kept, rows())):
            connection.execute("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?)", (n, *row))
        yield connection


def in_sqlite(connection: sqlite3.Connection, sql: str, kind: Kind) -> list[object]:
    answers: list[object] = []
    for n in range(len(rows())):
        try:
            (value,) = connection.execute(f"SELECT {sql} FROM held WHERE n = {n}").fetchone()
            answers.append(bool(value) if kind is Kind.BOOLEAN and value is not None else value)
        except sqlite3.OperationalError:
            answers.append(REFUSED)
    return list(map(_shown, answers))


@pytest.mark.parametrize("written", [*IN_JSON, *IN_ARRAYS])
def test_nested_values_mean_what_postgresql_means(
    server: psycopg.Connection, lite: sqlite3.Connection, written: str
) -> None:
    """Invariant 10: the stream, and the reconciliation on either database, read the same of a document."""
    expression = parse(written, SCOPE)
    here = in_python(written)
    asked = written if written in IN_ARRAYS else _as_jsonb(written)
    meant, printed = in_postgres(server, asked), in_postgres(server, expression.sql("postgres"))
    assert here == in_sqlite(lite, expression.sql("sqlite"), expression.kind)
    for row, answers in zip(rows(), zip(here, meant, printed, strict=True), strict=True):
        # A step that is NULL is NULL here before the document is read.
        known = set(answers[1:]) if row[3] is None and answers[0] is None else set(answers)
        assert len(known) == 1, f"{row}: python, as written, postgres = {answers}"


def _as_jsonb(written: str) -> str:
    """As PostgreSQL has to be told what the mapping language sees by itself."""
    return re.sub(r"\bj (?=-)", "j::jsonb ", written).replace("-> i", "-> i::int")


@pytest.fixture(scope="module")
def maria(mariadb: MariaDb) -> Iterator[pymysql.Connection]:  # type: ignore[type-arg]
    dsn = mariadb.create_database()
    arguments = mysql_dsn.parse(f"{dsn}?ssl_disabled=true").arguments()
    with closing(pymysql.connect(**arguments, charset="utf8mb4", autocommit=True)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(MYSQL_MODES)
            cursor.execute("CREATE TABLE held (n INT, j LONGTEXT, k VARCHAR(20), i BIGINT) CHARACTER SET utf8mb4")
            for n, row in enumerate(rows()):
                cursor.execute("INSERT INTO held VALUES (%s, %s, %s, %s)", (n, row[0], *row[3:]))
        yield connection
    mariadb.drop_database(dsn)


@pytest.mark.parametrize("written", IN_JSON)
def test_mariadb_reads_the_same_or_nothing(maria: "pymysql.Connection[pymysql.cursors.Cursor]", written: str) -> None:
    """Never another text: what MariaDB would spell otherwise is NULL, what it cannot be told is refused at load."""
    try:
        sql = parse(written, SCOPE).sql("mysql")
    except ExpressionError:
        return
    with maria.cursor() as cursor:
        cursor.execute(f"SELECT {sql} FROM held ORDER BY n")
        there = [value for (value,) in cursor.fetchall()]
    for row, mine, other in zip(rows(), in_python(written), there, strict=True):
        if mine != REFUSED and "first" not in str(row[0]):  # where a name stands twice, MariaDB takes the first
            told = other if parse(written, SCOPE).kind is Kind.TEXT or other is None else str(bool(other)).lower()
            assert told in (mine, None), row
