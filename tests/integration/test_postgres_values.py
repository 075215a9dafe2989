"""Invariant 7 at a real server: the snapshot and the stream read every type alike, whatever the server is set to."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.postgres.server import slot_sql
from syncd.change import Column, Kind, Malformed, Table, Value
from syncd.errors import Halt
from tests.advice import advice
from tests.integration.eam import Eam, changes, next_changes, past_the_snapshot, read_until
from tests.servers import Postgres

NOON = datetime(2026, 1, 31, 4, tzinfo=UTC)
"""Noon in Shanghai."""
VALUES: list[tuple[str, str, Column, Value]] = [
    ("numeric(18,2)", "150000.5", Column("c", Kind.DECIMAL, "money"), Decimal("150000.50")),
    ("numeric", "12.3400", Column("c", Kind.DECIMAL, "money"), Decimal("12.34")),
    ("numeric", "'NaN'", Column("c", Kind.DECIMAL), Malformed("NaN", "malformed_unending")),
    ("eam.yuan", "7", Column("c", Kind.DECIMAL, "money"), Decimal("7.00")),
    ("float8", "0.1", Column("c", Kind.DECIMAL), Decimal("0.1")),
    ("text", "'一百'", Column("c", Kind.DECIMAL, "money"), Malformed("一百", "malformed_number")),
    ("bigint", "9223372036854775807", Column("c", Kind.INTEGER), 9223372036854775807),
    ("int", "20260131", Column("c", Kind.DATE, "%Y%m%d"), date(2026, 1, 31)),
    ("bigint", "1769832000", Column("c", Kind.TIMESTAMP, "epoch"), NOON),
    ("date", "'2026-01-31'", Column("c", Kind.DATE), date(2026, 1, 31)),
    ("date", "'infinity'", Column("c", Kind.DATE), Malformed("infinity", "malformed_unending")),
    ("timestamp", "'2026-01-31 12:00'", Column("c", Kind.TIMESTAMP), NOON),
    ("timestamp", "'2026-01-31 23:59'", Column("c", Kind.DATE), date(2026, 1, 31)),
    ("timestamptz", "'2026-01-31 12:00+08'", Column("c", Kind.TIMESTAMP), NOON),
    ("timestamptz", "'2026-01-31 00:30+08'", Column("c", Kind.DATE), date(2026, 1, 31)),
    ("char(6)", "'in'", Column("c", Kind.TEXT), "in"),
    ("eam.code", "'A1'", Column("c", Kind.TEXT), "A1"),
    ("text", r"E'a\tb\nc\\d\"e'", Column("c", Kind.TEXT), 'a\tb\nc\\d"e'),
    ("text", "''", Column("c", Kind.TEXT), ""),
    ("text", "NULL", Column("c", Kind.TEXT), None),
    ("bool", "true", Column("c", Kind.BOOLEAN), True),
    ("bool", "true", Column("c", Kind.TEXT), "true"),
    ("smallint", "0", Column("c", Kind.BOOLEAN), False),
    ("eam.status", "'idle'", Column("c", Kind.TEXT), "idle"),
    ("uuid", "'0B6F7B0E-7A4F-4D3C-9A53-0242AC120002'", Column("c", Kind.TEXT), "0b6f7b0e-7a4f-4d3c-9a53-0242ac120002"),
    ("jsonb", """'{"a": [1, 2]}'""", Column("c", Kind.TEXT), '{"a": [1, 2]}'),
    ("bytea", r"'\xff00'", Column("c", Kind.TEXT), r"\xff00"),
    ("interval", "'1 day 2 hours'", Column("c", Kind.TEXT), "1 day 02:00:00"),
]
TYPES = """
    CREATE SCHEMA eam; CREATE DOMAIN eam.yuan AS numeric(18,2); CREATE DOMAIN eam.code AS char(8);
    CREATE TYPE eam.status AS ENUM ('in_use', 'idle');
"""


def test_snapshot_and_stream_read_every_type_alike(new_database: Callable[[], str]) -> None:
    columns = [Column(f"c{i}", column.kind, column.form) for i, (_, _, column, _) in enumerate(VALUES)]
    table = Table("asset", "eam.asset", (Column("id", Kind.INTEGER), *columns), (0,))
    definitions = ", ".join(f"c{i} {kind}" for i, (kind, _, _, _) in enumerate(VALUES))
    row = ", ".join(sql for _, sql, _, _ in VALUES)
    schema = (
        f"{TYPES} CREATE TABLE eam.asset (id int PRIMARY KEY, {definitions}); INSERT INTO eam.asset VALUES (1, {row})"
    )
    with closing(Eam(new_database(), schema, [table])) as eam:
        for name, value in (("timezone", "America/New_York"), ("datestyle", "SQL, DMY"), ("extra_float_digits", "-5")):
            eam.run(f"ALTER DATABASE {eam.name} SET {name} = '{value}'")
        eam.run(f"ALTER DATABASE {eam.name} SET client_encoding = 'GBK'")
        with closing(eam.start()) as source:
            (read,) = changes(read_until(source, past_the_snapshot))
            eam.run("UPDATE eam.asset SET id = 1")
            (updated,) = next_changes(source, 1)
    assert repr(read.after) == repr((1, *(value for _, _, _, value in VALUES)))
    assert repr(updated.after) == repr(read.after)
    assert read.flawed
    assert updated.flawed


@pytest.fixture
def encoded(postgres: Postgres) -> Iterator[Callable[[str], Eam]]:
    """Makes an EAM whose database keeps text in the given encoding."""
    made: list[Eam] = []

    def make(encoding: str) -> Eam:
        name = f"eam_{encoding.lower()}"
        postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        made.append(Eam(postgres.dsn(name)))
        return made[-1]

    yield make
    for eam in made:
        eam.close()
        postgres.drop_database(eam.settings.dsn)


@pytest.mark.parametrize(
    ("encoding", "value"), [("EUC_CN", "国"), ("SQL_ASCII", Malformed("\\xb9\\xfa", "malformed_utf8"))]
)
def test_text_of_another_encoding_arrives_or_is_marked(
    encoded: Callable[[str], Eam], encoding: str, value: Value
) -> None:
    """A server converts what it knows the encoding of; of raw bytes nothing is guessed."""
    eam = encoded(encoding)
    eam.run("SET client_encoding = 'SQL_ASCII'", r"INSERT INTO eam.asset VALUES (1, E'\xb9\xfa')")
    with closing(eam.start()) as source:
        (read,) = changes(read_until(source, past_the_snapshot))
        eam.run("UPDATE eam.asset SET value = 1")
        (updated,) = next_changes(source, 1)
    assert read.after is not None
    assert updated.after is not None
    assert read.after[1] == updated.after[1] == value


@advice("pg_slot_too_old")
def test_a_slot_older_than_its_publication_says_so(new_database: Callable[[], str]) -> None:
    with closing(Eam(new_database())) as eam:
        eam.run("ALTER TABLE eam.asset REPLICA IDENTITY FULL")
        eam.run(slot_sql(eam.slot))
        eam.run("INSERT INTO eam.asset VALUES (1)")
        with closing(eam.start()) as source, pytest.raises(Halt) as halt:
            read_until(source, past_the_snapshot)
        assert halt.value.code == "pg_slot_too_old"
        eam.run(str(halt.value.params["repair"]))
        with closing(eam.start()) as source:
            assert len(changes(read_until(source, past_the_snapshot))) == 1
