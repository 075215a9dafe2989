"""What PostgreSQL's log says, and does not say, of rows whose tables change under the reader."""

from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal

import pytest

from syncd.change import ABSENT, UNCHANGED, Column, Kind, Row, Table
from tests.integration.eam import ASSET, SCHEMA, Eam, next_changes, past_the_snapshot, read_until, whole

LONG = "long" * 600
FULL = "ALTER TABLE eam.asset REPLICA IDENTITY FULL"


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Iterator[Eam]:
    with closing(Eam(new_database())) as eam:
        yield eam


def asset(id: int, code: str | None = None, value: str | None = None, remark: str | None = None) -> Row:
    return (id, code, value and Decimal(value), remark)


def test_without_full_identity_there_is_no_old_row_but_its_key(eam: Eam) -> None:
    """Invariant 7: what the log did not carry is UNCHANGED and never NULL; the mirror knows it."""
    eam.run(f"INSERT INTO eam.asset VALUES (1, 'SB-1', 5, '{LONG}')")
    source, _ = eam.streaming()
    with closing(source):
        eam.run("UPDATE eam.asset SET code = 'SB-2'")
        eam.run("UPDATE eam.asset SET id = 2")
        eam.run("DELETE FROM eam.asset")
        update, move, delete = next_changes(source, 3)
    after = (1, "SB-2", Decimal("5.00"), UNCHANGED)
    assert (update.before, update.after, update.flawed) == (None, after, True)
    assert (move.before, move.after) == ((1, *[UNCHANGED] * 3), (2, *after[1:]))
    assert (move.op, delete.op, delete.before, delete.flawed) == ("update", "delete", (2, *[UNCHANGED] * 3), True)


def test_with_full_identity_a_long_text_is_taken_from_the_old_row(eam: Eam) -> None:
    eam.run(FULL, f"INSERT INTO eam.asset VALUES (1, 'SB-1', 5, '{LONG}')")
    source, _ = eam.streaming()
    with closing(source):
        eam.run("UPDATE eam.asset SET id = 2, value = NULL")
        (move,) = next_changes(source, 1)
    assert (move.op, move.flawed) == ("update", False)
    assert (move.before, move.after) == (asset(1, "SB-1", "5.00", LONG), asset(2, "SB-1", None, LONG))


def test_truncate_is_said_of_every_table_it_empties(new_database: Callable[[], str]) -> None:
    """Invariant 1: it carries no rows, but is not passed over."""
    cost = Table("cost", "eam.cost", (Column("id", Kind.INTEGER),), (0,))
    schema = SCHEMA + "CREATE TABLE eam.cost (id int PRIMARY KEY, asset bigint REFERENCES eam.asset)"
    with closing(Eam(new_database(), schema, [ASSET, cost])) as eam:
        source, _ = eam.streaming()
        with closing(source):
            eam.run(
                "INSERT INTO eam.asset VALUES (1)", "TRUNCATE eam.asset CASCADE", "INSERT INTO eam.asset VALUES (2)"
            )
            said = next_changes(source, 4)
    assert sorted((c.op, c.table) for c in said[1:3]) == [("truncate", "asset"), ("truncate", "cost")]
    assert [c.position for c in said] == sorted({c.position for c in said})
    assert all(c.before is None and c.after is None for c in said[1:3])


def test_a_column_that_was_called_otherwise_for_a_while_is_absent_from_the_rows_of_that_time(eam: Eam) -> None:
    """Invariant 7: the log describes rows as they were; what it does not say is not unchanged."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run("INSERT INTO eam.asset VALUES (1, 'a', 1, 'x')")
        eam.run("ALTER TABLE eam.asset RENAME COLUMN remark TO site")
        eam.run("INSERT INTO eam.asset VALUES (2, 'b', 2, 'Shanghai')")
        eam.run("ALTER TABLE eam.asset RENAME COLUMN site TO remark", "INSERT INTO eam.asset VALUES (3, 'c', 3, 'y')")
        first, second, third = next_changes(source, 3)
    assert (first.after, first.flawed) == (asset(1, "a", "1.00", "x"), False)
    assert (second.after, second.flawed) == ((2, "b", Decimal("2.00"), ABSENT), True)
    assert (third.after, third.flawed) == (asset(3, "c", "3", "y"), False)


def test_a_table_that_had_another_name_for_a_while_stays_the_same_one(eam: Eam) -> None:
    """Invariant 1: a table is not lost because a DBA gave it another name."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run("ALTER TABLE eam.asset RENAME TO asset_2026", "INSERT INTO eam.asset_2026 VALUES (1)")
        eam.run("ALTER TABLE eam.asset_2026 RENAME TO asset", "INSERT INTO eam.asset VALUES (2)")
        said = next_changes(source, 2)
    assert [(change.table, change.after) for change in said] == [("asset", asset(1)), ("asset", asset(2))]


def test_partitions_are_their_table(new_database: Callable[[], str]) -> None:
    schema = """
        CREATE SCHEMA eam;
        CREATE TABLE eam.asset (id bigint PRIMARY KEY, code text, value numeric(18,2), remark text)
            PARTITION BY RANGE (id);
        CREATE TABLE eam.asset_low PARTITION OF eam.asset FOR VALUES FROM (0) TO (100);
        CREATE TABLE eam.asset_high (LIKE eam.asset INCLUDING ALL);
        ALTER TABLE eam.asset REPLICA IDENTITY FULL; ALTER TABLE eam.asset_low REPLICA IDENTITY FULL;
        INSERT INTO eam.asset VALUES (1, 'low')
    """
    with closing(Eam(new_database(), schema)) as eam, closing(eam.start()) as source:
        sets = read_until(source, past_the_snapshot)
        assert [c.after for c in sets[0].changes] == [asset(1, "low")]
        eam.run("ALTER TABLE eam.asset ATTACH PARTITION eam.asset_high FOR VALUES FROM (100) TO (200)")
        eam.run("INSERT INTO eam.asset VALUES (150, 'high')")
        eam.run("UPDATE eam.asset SET code = 'lower' WHERE id = 1")
        said = next_changes(source, 2)
    assert [(c.table, c.op, c.before, c.after) for c in said] == [
        ("asset", "insert", None, asset(150, "high")),
        ("asset", "update", (1, "low", UNCHANGED, UNCHANGED), asset(1, "lower")),  # or what a partition left out
    ]


def test_other_tables_and_databases_are_none_of_its_business(eam: Eam) -> None:
    source, _ = eam.streaming()
    with closing(source):
        eam.run("CREATE TABLE eam.note (id int PRIMARY KEY)", f"ALTER PUBLICATION {eam.slot} ADD TABLE eam.note")
        eam.run("INSERT INTO eam.note SELECT generate_series(1, 5000)", "INSERT INTO eam.asset VALUES (1)")
        (said,) = next_changes(source, 1)
    assert said.after == asset(1)
    assert said.position.endswith(
        ".00001389"
    )  # 5,001: what is not tracked is counted, so that a new mapping counts alike


def test_a_long_transaction_goes_on_where_it_was_left(eam: Eam) -> None:
    """Invariants 2 and 11: it comes in parts, and a restart within it repeats and skips nothing."""
    source, _ = eam.streaming()
    with closing(source):
        eam.run("INSERT INTO eam.asset SELECT generate_series(1, 5000)", "DELETE FROM eam.asset WHERE id > 4000")
        sets = read_until(source, whole(6000))
        sets = sets[next(i for i, s in enumerate(sets) if s.changes) :]
    assert [len(s.changes) for s in sets] == [2000, 2000, 2000, 0]
    assert len({s.position for s in sets}) == 4
    for i in range(4):
        with closing(eam.start(sets[i].position)) as again:
            rest = read_until(again, lambda said: bool(said) and said[-1].position >= sets[-1].position)
        said = [c for s in sets[i + 1 :] for c in s.changes]
        assert [c for s in rest for c in s.changes] == said
