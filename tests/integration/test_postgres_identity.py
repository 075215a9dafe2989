"""Invariant 14: what PostgreSQL does not take for an identity is refused before anything is published, for from then on
the EAM's own updates would fail; old rows are what their partition keeps of them."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from connectors.postgres import stream
from syncd.change import UNCHANGED, Column, Kind, Table
from syncd.errors import Halt
from tests.advice import advice
from tests.integration.eam import Eam, holding, past_the_snapshot, read_until, whole
from tests.integration.test_postgres_check import findings, mended

ASSET = Table("asset", "eam.asset", (Column("id", Kind.INTEGER), Column("code", Kind.TEXT)), (0,))
PARTED = """
    CREATE SCHEMA eam;
    CREATE TABLE eam.asset (id bigint NOT NULL, code text) PARTITION BY RANGE (id);
    CREATE TABLE eam.low PARTITION OF eam.asset FOR VALUES FROM (0) TO (10);
    CREATE TABLE eam.high PARTITION OF eam.asset FOR VALUES FROM (10) TO (100);
"""
SHAPES = {
    "a key that is deferrable": "CREATE SCHEMA eam;"
    " CREATE TABLE eam.asset (id bigint PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text)",
    "no key": "CREATE SCHEMA eam; CREATE TABLE eam.asset (id bigint NOT NULL, code text)",
    "an identity of nothing": "CREATE SCHEMA eam; CREATE TABLE eam.asset (id bigint PRIMARY KEY, code text);"
    " ALTER TABLE eam.asset REPLICA IDENTITY NOTHING",
    "an index that was dropped": "CREATE SCHEMA eam; CREATE TABLE eam.asset (id bigint NOT NULL, code text);"
    " CREATE UNIQUE INDEX one ON eam.asset (id); ALTER TABLE eam.asset REPLICA IDENTITY USING INDEX one;"
    " DROP INDEX eam.one",
    "an index that only includes the key": "CREATE SCHEMA eam;"
    " CREATE TABLE eam.asset (id bigint NOT NULL, code text NOT NULL);"
    " CREATE UNIQUE INDEX one ON eam.asset (code) INCLUDE (id);"
    " ALTER TABLE eam.asset REPLICA IDENTITY USING INDEX one",
    "a leaf without, under a whole root": PARTED + "ALTER TABLE eam.asset REPLICA IDENTITY FULL;"
    " ALTER TABLE eam.low REPLICA IDENTITY FULL",
    "leaves of leaves": PARTED.replace("TO (100);", "TO (100) PARTITION BY RANGE (id);")
    + "CREATE TABLE eam.top PARTITION OF eam.high FOR VALUES FROM (10) TO (50);"
    " ALTER TABLE eam.low REPLICA IDENTITY FULL; ALTER TABLE eam.high REPLICA IDENTITY FULL",
}


@pytest.fixture
def made(new_database: Callable[[], str]) -> Iterator[Callable[[str], Eam]]:
    eams: list[Eam] = []

    def make(schema: str) -> Eam:
        eams.append(Eam(new_database(), schema, [ASSET]))
        return eams[-1]

    yield make
    for eam in eams:
        eam.close()


def works(eam: Eam) -> None:
    """What the application does all day."""
    eam.run("INSERT INTO eam.asset VALUES (1, 'a'), (11, 'b')")
    eam.run("UPDATE eam.asset SET code = code || '!' WHERE id IN (1, 11)")
    eam.run("DELETE FROM eam.asset WHERE id IN (1, 11)")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_eam_goes_on_writing(made: Callable[[str], Eam], shape: str) -> None:
    eam = made(SHAPES[shape])
    works(eam)
    (wrong,) = findings(eam)
    assert wrong.code == "pg_no_identity"
    works(eam)
    with pytest.raises(Halt, match="pg_no_identity"):
        eam.start()
    assert eam.run("SELECT count(*) FROM pg_publication") == [(0,)]
    works(eam)
    assert mended(eam) == ["pg_no_identity"]
    source, _ = eam.streaming()
    with closing(source):
        works(eam)


def test_an_old_row_is_what_its_partition_keeps_of_it(made: Callable[[str], Eam]) -> None:
    """A root that says whole old rows, and a leaf that has but keys: a NULL in them is nothing that was."""
    eam = made(PARTED + "ALTER TABLE eam.asset REPLICA IDENTITY FULL; ALTER TABLE eam.high REPLICA IDENTITY FULL;"
                        " ALTER TABLE eam.low ADD PRIMARY KEY (id)")  # fmt: skip
    eam.run("INSERT INTO eam.asset VALUES (1, 'a'), (11, 'b')")
    assert [f.code for f in findings(eam, "warning")] == ["pg_identity", "pg_partitions_to_come"]
    source, _ = eam.streaming()
    with closing(source):
        eam.run("DELETE FROM eam.asset WHERE id = 1; DELETE FROM eam.asset WHERE id = 11")
        said = read_until(source, holding(2))
    assert [(c.op, c.before, c.flawed) for s in said for c in s.changes] == [
        ("delete", (1, UNCHANGED), True),
        ("delete", (11, "b"), False),
    ]


@advice("pg_partitions_to_come")
@pytest.mark.parametrize("advised", ["a statement with each partition", "a primary key"])
def test_a_partition_that_is_made_later_can_be_written(made: Callable[[str], Eam], advised: str) -> None:
    """Under a root that has whole old rows, which no partition inherits."""
    eam = made(PARTED + "ALTER TABLE eam.asset REPLICA IDENTITY FULL; ALTER TABLE eam.low REPLICA IDENTITY FULL;"
                        " ALTER TABLE eam.high REPLICA IDENTITY FULL")  # fmt: skip
    assert [f.code for f in findings(eam, "warning")] == ["pg_partitions_to_come"]
    if advised == "a primary key":
        eam.run("ALTER TABLE eam.asset ADD PRIMARY KEY (id)")
        assert findings(eam, "warning") == []
    source, _ = eam.streaming()
    with closing(source):
        eam.run("CREATE TABLE eam.top PARTITION OF eam.asset FOR VALUES FROM (100) TO (200)")
        if advised != "a primary key":
            eam.run("ALTER TABLE eam.top REPLICA IDENTITY FULL")
        eam.run("INSERT INTO eam.asset VALUES (101, 'a')", "UPDATE eam.asset SET code = 'b' WHERE id = 101")
        assert [c.after for s in read_until(source, holding(2)) for c in s.changes] == [(101, "a"), (101, "b")]


@advice("pg_publishes_partitions")
def test_partitions_are_published_as_their_table(made: Callable[[str], Eam]) -> None:
    eam = made(PARTED + "ALTER TABLE eam.low REPLICA IDENTITY FULL; ALTER TABLE eam.high REPLICA IDENTITY FULL")
    eam.run(f"CREATE PUBLICATION {eam.slot} FOR TABLE eam.asset")
    assert mended(eam) == ["pg_publishes_partitions"]
    source, _ = eam.streaming()
    with closing(source):
        works(eam)
        assert {c.table for s in read_until(source, holding(6)) for c in s.changes} == {"asset"}


def test_rows_of_tables_that_inherit_are_neither_read_nor_streamed(made: Callable[[str], Eam]) -> None:
    """And their own updates go on, though they have no identity."""
    eam = made("CREATE SCHEMA eam; CREATE TABLE eam.asset (id bigint PRIMARY KEY, code text);"
               " CREATE TABLE eam.old () INHERITS (eam.asset); INSERT INTO eam.asset VALUES (1, 'a');"
               " INSERT INTO eam.old VALUES (2, 'b')")  # fmt: skip
    assert [f.code for f in findings(eam, "warning")] == ["pg_identity", "pg_heirs"]
    with closing(eam.start()) as source:
        read = read_until(source, past_the_snapshot)
        assert [c.after for s in read for c in s.changes] == [(1, "a")]
        eam.run("UPDATE eam.old SET code = 'c'; UPDATE ONLY eam.asset SET code = 'd' WHERE id = 1")
        said = read_until(source, holding(1))
    assert [c.after for s in said for c in s.changes] == [(1, "d")]


@pytest.mark.parametrize("identity", ["FULL", "DEFAULT"])
def test_a_row_that_goes_to_another_partition_is_updated(made: Callable[[str], Eam], identity: str) -> None:
    """Also where a set of changes would end between its halves, and a row that is deleted before another is inserted is
    not taken for it."""
    eam = made("CREATE SCHEMA eam;"
               " CREATE TABLE eam.asset (id bigint, code text, PRIMARY KEY (id, code)) PARTITION BY LIST (code);"
               " CREATE TABLE eam.a PARTITION OF eam.asset FOR VALUES IN ('a');"
               " CREATE TABLE eam.b PARTITION OF eam.asset FOR VALUES IN ('b');"
               f" ALTER TABLE eam.asset REPLICA IDENTITY {identity};"
               f" ALTER TABLE eam.a REPLICA IDENTITY {identity}; ALTER TABLE eam.b REPLICA IDENTITY {identity};"
               f" INSERT INTO eam.asset SELECT n, 'a' FROM generate_series(1, {stream.CHANGES_MAX + 2}) n")  # fmt: skip
    source, _ = eam.streaming()
    with closing(source):
        eam.run("DELETE FROM eam.asset WHERE id = 1; UPDATE eam.asset SET code = 'b' WHERE id > 1")
        sets = read_until(source, whole(stream.CHANGES_MAX + 2))
        said = [c for s in sets for c in s.changes]
        assert len(sets) > 1
        assert [(c.op, c.before, c.after) for c in said[:2]] == [
            ("delete", (1, "a"), None),
            ("update", (2, "a"), (2, "b")),
        ]
        assert {c.op for c in said[1:]} == {"update"}
        eam.run("DELETE FROM eam.asset WHERE id = 2; INSERT INTO eam.asset VALUES (1, 'a')")
        assert [c.op for s in read_until(source, holding(2)) for c in s.changes] == ["delete", "insert"]
    again = eam.start(sets[0].position)
    with closing(again):
        rest = [c for s in read_until(again, holding(1)) for c in s.changes]
    assert rest[0] == said[len(sets[0].changes)]
