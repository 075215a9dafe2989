"""Invariant 14: whatever keeps a tracked table's changes from arriving is noticed while the log is read, and when it is
read again, by its own reason; what keeps nothing from arriving stops nobody."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from syncd.change import Column, Kind, Table
from syncd.errors import Fault, Gap, Halt
from syncd.ports import Source
from tests.integration.eam import WAIT_S, Eam, next_changes, past_the_snapshot, read_until

SCHEMA = """
    CREATE SCHEMA eam;
    CREATE TYPE eam.state AS ENUM ('', 'idle', 'N');
    CREATE TABLE eam.asset (id bigint PRIMARY KEY, code text, value numeric(18,2), remark eam.state);
    INSERT INTO eam.asset SELECT n, 'A' || n, n * 100, ''::eam.state FROM generate_series(1, 5) n;
    CREATE TABLE eam.part (id bigint PRIMARY KEY, code text, value numeric(18,2), remark text) PARTITION BY RANGE (id);
    CREATE TABLE eam.part_low PARTITION OF eam.part FOR VALUES FROM (0) TO (100);
    CREATE TABLE eam.part_high PARTITION OF eam.part FOR VALUES FROM (100) TO (200);
    INSERT INTO eam.part SELECT n, 'P' || n, n * 100, '' FROM generate_series(96, 105) n;
    CREATE TABLE eam.loose (id bigint PRIMARY KEY, code text, value numeric(18,2), remark text);
    INSERT INTO eam.loose VALUES (250, 'P250', 1, '')
"""
COLUMNS = (
    Column("id", Kind.INTEGER),
    Column("code", Kind.TEXT),
    Column("value", Kind.DECIMAL, "money"),
    Column("remark", Kind.TEXT),
)
TABLES = (Table("asset", "eam.asset", COLUMNS, (0,)), Table("part", "eam.part", COLUMNS, (0,)))

LOST: dict[str, tuple[str, str]] = {
    "taken out and put back": (
        "pg_published_anew",
        "ALTER PUBLICATION {p} DROP TABLE eam.asset; UPDATE eam.asset SET value = 1;"
        "ALTER PUBLICATION {p} ADD TABLE eam.asset",
    ),
    "taken out": ("pg_published_anew", "ALTER PUBLICATION {p} DROP TABLE eam.asset"),
    "inserts only for a while": (
        "pg_publication_anew",
        "ALTER PUBLICATION {p} SET (publish = 'insert'); UPDATE eam.asset SET value = 1;"
        "ALTER PUBLICATION {p} SET (publish = 'insert, update, delete, truncate')",
    ),
    "a filter for a while": (
        "pg_published_anew",
        "ALTER PUBLICATION {p} SET TABLE eam.asset WHERE (id > 3), eam.part; UPDATE eam.asset SET value = 1;"
        "ALTER PUBLICATION {p} SET TABLE eam.asset, eam.part",
    ),
    "some columns for a while": (
        "pg_published_anew",
        "ALTER PUBLICATION {p} SET TABLE eam.asset (id, code), eam.part; UPDATE eam.asset SET value = 1;"
        "ALTER PUBLICATION {p} SET TABLE eam.asset, eam.part",
    ),
    "publication made anew": (
        "pg_publication_anew",
        "DROP PUBLICATION {p}; UPDATE eam.asset SET value = 1;"
        "CREATE PUBLICATION {p} FOR TABLE eam.asset, eam.part WITH (publish_via_partition_root)",
    ),
    "publication made anew without the table": (
        "pg_publication_anew",
        "DROP PUBLICATION {p}; CREATE PUBLICATION {p} FOR TABLE eam.part WITH (publish_via_partition_root)",
    ),
    "publication gone": ("pg_publication_anew", "DROP PUBLICATION {p}"),
    "table made anew": (
        "pg_table_anew",
        "CREATE TABLE eam.new (LIKE eam.asset INCLUDING ALL); DROP TABLE eam.asset;"
        "ALTER TABLE eam.new RENAME TO asset; ALTER PUBLICATION {p} ADD TABLE eam.asset",
    ),
    "names of two tables exchanged": (
        "pg_table_anew",
        "CREATE TABLE eam.new (LIKE eam.asset INCLUDING ALL); ALTER TABLE eam.asset RENAME TO old;"
        "ALTER TABLE eam.new RENAME TO asset",
    ),
    "column made anew": (
        "pg_columns_anew",
        "ALTER TABLE eam.asset DROP COLUMN value, ADD COLUMN value numeric(18,2) DEFAULT 7",
    ),
    "names of two columns exchanged": (
        "pg_columns_anew",
        "ALTER TABLE eam.asset RENAME code TO x; ALTER TABLE eam.asset RENAME remark TO code;"
        "ALTER TABLE eam.asset RENAME x TO remark",
    ),
    "values written by an ALTER": (
        "pg_rows_rewritten",
        "ALTER TABLE eam.asset ALTER COLUMN value TYPE numeric(20,2) USING value * 10",
    ),
    "values of a partition written by an ALTER": (
        "pg_rows_rewritten",
        "ALTER TABLE eam.part ALTER COLUMN value TYPE numeric(20,4) USING value * 10",
    ),
    "written by an ALTER, and altered once more": (
        "pg_rows_rewritten",
        "BEGIN; ALTER TABLE eam.asset ALTER COLUMN value TYPE numeric(20,2) USING value * 10; COMMIT;"
        "ALTER TABLE eam.asset ADD COLUMN y int",
    ),
    "partition detached": ("pg_partition_gone", "ALTER TABLE eam.part DETACH PARTITION eam.part_high"),
    "partition dropped": ("pg_partition_gone", "DROP TABLE eam.part_high"),
    "partition away for a while": (
        "pg_partition_gone",
        "ALTER TABLE eam.part DETACH PARTITION eam.part_high; UPDATE eam.part_high SET value = 1;"
        "ALTER TABLE eam.part ATTACH PARTITION eam.part_high FOR VALUES FROM (100) TO (200)",
    ),
    "partition attached with rows": (
        "pg_partition_attached",
        "ALTER TABLE eam.part ATTACH PARTITION eam.loose FOR VALUES FROM (200) TO (300)",
    ),
    "rows written in the transaction that attaches": (
        "pg_partition_attached",
        "BEGIN; CREATE TABLE eam.fresh (LIKE eam.part INCLUDING ALL); INSERT INTO eam.fresh VALUES (350, 'P', 1, '');"
        "ALTER TABLE eam.part ATTACH PARTITION eam.fresh FOR VALUES FROM (300) TO (400); COMMIT",
    ),
    "partition emptied": ("pg_partition_emptied", "TRUNCATE eam.part_high"),
    "partition unlogged for a while": (
        "pg_rows_rewritten",
        "ALTER TABLE eam.part_low SET UNLOGGED; UPDATE eam.part SET value = 1; ALTER TABLE eam.part_low SET LOGGED",
    ),
    "partition made unlogged": (
        "pg_rows_rewritten",
        "CREATE UNLOGGED TABLE eam.next PARTITION OF eam.part FOR VALUES FROM (200) TO (300);"
        "INSERT INTO eam.part VALUES (201, 'P201', 1, ''); ALTER TABLE eam.next SET LOGGED",
    ),
    "labels renamed": ("pg_labels_renamed", "ALTER TYPE eam.state RENAME VALUE 'idle' TO 'sold'"),
    "labels renamed for a while": (
        "pg_labels_renamed",
        "ALTER TYPE eam.state RENAME VALUE 'idle' TO 'sold'; UPDATE eam.asset SET remark = 'sold';"
        "ALTER TYPE eam.state RENAME VALUE 'sold' TO 'idle'",
    ),
    "partition emptied and filled": (
        "pg_partition_emptied",
        "BEGIN; TRUNCATE eam.part_high; INSERT INTO eam.part VALUES (150, 'P150', 1, ''); COMMIT",
    ),
}
BROKEN: dict[str, tuple[str, str, str]] = {
    "column renamed": (
        "pg_no_column",
        "ALTER TABLE eam.asset RENAME value TO amount",
        "ALTER TABLE eam.asset RENAME amount TO value",
    ),
    "table renamed": (
        "pg_table_gone",
        "ALTER TABLE eam.asset RENAME TO assets",
        "ALTER TABLE eam.assets RENAME TO asset",
    ),
    "no identity": (
        "pg_no_identity",
        "ALTER TABLE eam.asset REPLICA IDENTITY NOTHING",
        "ALTER TABLE eam.asset REPLICA IDENTITY FULL",
    ),
    "a partition made unlogged": (
        "pg_unlogged",
        "CREATE UNLOGGED TABLE eam.next PARTITION OF eam.part FOR VALUES FROM (200) TO (300)",
        "ALTER TABLE eam.next SET LOGGED",
    ),
    "no identity of a partition": (
        "pg_no_identity",
        "ALTER TABLE eam.part_low REPLICA IDENTITY NOTHING",
        "ALTER TABLE eam.part_low REPLICA IDENTITY DEFAULT",
    ),
}
HARMLESS: dict[str, str] = {
    "columns that nobody declares": "ALTER TABLE eam.asset ADD COLUMN x int DEFAULT 7; ALTER TABLE eam.part ADD y text",
    "an index": "CREATE INDEX ON eam.asset (code)",
    "rows moved": "VACUUM FULL eam.asset; VACUUM FULL eam.part_high; CLUSTER eam.asset USING asset_pkey",
    "rows written and then moved": "UPDATE eam.asset SET value = 8; VACUUM FULL eam.asset",
    "rows written anew for a column that nobody declares": "ALTER TABLE eam.asset ADD COLUMN x float DEFAULT random()",
    "another owner": "CREATE ROLE {p}_owner SUPERUSER; ALTER PUBLICATION {p} OWNER TO {p}_owner",
    "a partition made": "CREATE TABLE eam.part_next PARTITION OF eam.part FOR VALUES FROM (200) TO (300)",
    "a partition made, and filled at once": "BEGIN; CREATE TABLE eam.part_next PARTITION OF eam.part"
    " FOR VALUES FROM (200) TO (300); INSERT INTO eam.part VALUES (201, 'P201', 1, ''); COMMIT",
    "a partition attached without rows": "CREATE TABLE eam.none (LIKE eam.part INCLUDING ALL);"
    "ALTER TABLE eam.part ATTACH PARTITION eam.none FOR VALUES FROM (400) TO (500)",
    "another table published": "ALTER PUBLICATION {p} ADD TABLE eam.loose",
    "a wider type": "ALTER TABLE eam.asset ALTER COLUMN code TYPE varchar; ALTER TABLE eam.asset ALTER code TYPE text",
    "identity": "ALTER TABLE eam.asset REPLICA IDENTITY FULL; ALTER TABLE eam.asset REPLICA IDENTITY DEFAULT",
    "emptied and filled": "TRUNCATE eam.asset; INSERT INTO eam.asset VALUES (1, 'A', 1, '')",
    "emptied and filled at once": "BEGIN; TRUNCATE eam.asset; INSERT INTO eam.asset VALUES (1, 'A', 1, ''); COMMIT",
    "labels added": "ALTER TYPE eam.state ADD VALUE 'sold' BEFORE 'idle'; ALTER TYPE eam.state ADD VALUE 'A2'",
    "a partition made, and packed": "CREATE TABLE eam.part_next PARTITION OF eam.part FOR VALUES FROM (200) TO (300);"
    "VACUUM FULL eam.part_next; INSERT INTO eam.part VALUES (201, 'P201', 1, '')",
    "statistics": "ANALYZE eam.asset; VACUUM FREEZE eam.asset; VACUUM FREEZE pg_publication",
}


@pytest.fixture
def eam(new_database: Callable[[], str]) -> Iterator[Eam]:
    with closing(Eam(new_database(), SCHEMA, TABLES)) as made:
        yield made


def do(eam: Eam, statements: str) -> None:
    """One after the other, as a DBA does; what stands in BEGIN … COMMIT in one transaction."""
    gathered: list[str] = []
    for statement in statements.replace("{p}", eam.slot).split(";"):
        text = statement.strip()
        if text == "BEGIN" or gathered:
            gathered.append(text)
        elif text:
            eam.run(text)
        if text in ("COMMIT", "ROLLBACK"):
            eam.run(*gathered)
            gathered = []


def noticed(source: Source) -> Fault:
    """What the reader hears within seconds, when nothing is written to the table any more."""
    deadline = time.monotonic() + WAIT_S
    try:
        while time.monotonic() < deadline:
            source.lag()
            source.read(0.05)
    except Fault as fault:
        return fault
    pytest.fail("nobody noticed")


@pytest.mark.parametrize("case", LOST)
def test_a_hole_in_the_log_is_noticed(eam: Eam, case: str) -> None:
    code, statements = LOST[case]
    source, _ = eam.streaming()
    with closing(source):
        known = source.identity()
        do(eam, statements)
        fault = noticed(source)
    assert (isinstance(fault, Gap), fault.code) == (True, code)
    with closing(eam.connect()) as again, pytest.raises(Gap, match=code):
        again.recognise(known)  # when it is read again


SCHEMAS = "TABLES IN SCHEMA eam"
WHOLES: dict[str, tuple[str, str]] = {
    SCHEMAS: (
        "pg_published_anew",
        "CREATE SCHEMA away; ALTER TABLE eam.asset SET SCHEMA away; UPDATE away.asset SET value = 1;"
        "ALTER TABLE away.asset SET SCHEMA eam",
    ),
    "ALL TABLES": (
        "pg_rows_rewritten",
        "ALTER TABLE eam.asset SET UNLOGGED; UPDATE eam.asset SET value = 1; ALTER TABLE eam.asset SET LOGGED",
    ),
}


@pytest.mark.parametrize("published", WHOLES)
def test_a_hole_in_the_log_of_whatever_is_there_is_noticed(eam: Eam, published: str) -> None:
    """Where a publication names no tables, the server lets more be done to them."""
    eam.run(f"CREATE PUBLICATION {eam.slot} FOR {published} WITH (publish_via_partition_root)")
    code, statements = WHOLES[published]
    source, _ = eam.streaming()
    with closing(source):
        known = source.identity()
        for harmless in ("VACUUM FULL eam.asset; CREATE INDEX ON eam.asset (code)", "TRUNCATE eam.asset"):
            do(eam, harmless)
            source.lag()
        do(eam, "INSERT INTO eam.asset VALUES (1, 'A', 1, '')")
        do(eam, statements)
        fault = noticed(source)
    assert (isinstance(fault, Gap), fault.code) == (True, code)
    with closing(eam.connect()) as again, pytest.raises(Gap, match=code):
        again.recognise(known)


def test_earlier_marks_of_a_published_schema_still_hold(eam: Eam) -> None:
    eam.run(f"CREATE PUBLICATION {eam.slot} FOR {SCHEMAS} WITH (publish_via_partition_root)")
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
    earlier = re.sub(r"-\d+, ?|, ?-\d+", "", known)
    assert earlier != known
    with closing(eam.connect()) as again:
        again.recognise(earlier)
        again.start(position)


@pytest.mark.parametrize("case", ["taken out and put back", "inserts only for a while", "a filter for a while"])
def test_nothing_is_taken_from_behind_a_hole(eam: Eam, case: str) -> None:
    """A change from behind it would lie on top of what is missing, and hide it from a repair."""
    source, _ = eam.streaming()
    with closing(source):
        source.lag()
        do(eam, LOST[case][1])
        eam.run("UPDATE eam.asset SET value = 2 WHERE id = 5")
        with pytest.raises(Gap):
            next_changes(source, 1)


@pytest.mark.parametrize("case", BROKEN)
def test_what_a_check_refuses_stops_the_reader(eam: Eam, case: str) -> None:
    code, broken, mended = BROKEN[case]
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
        do(eam, broken)
        fault = noticed(source)
    assert (type(fault), fault.code) == (Halt, code)
    do(eam, mended)
    with closing(eam.connect()) as again:
        again.recognise(known)
        again.start(position)
        eam.run("UPDATE eam.asset SET value = 3 WHERE id = 4")
        assert [c.after[2] for c in next_changes(again, 1) if c.after] == [3]


def test_whom_rows_are_hidden_from_reads_none_of_the_table(eam: Eam) -> None:
    """A role that a policy shows nothing would see an empty table: its repair would call every asset gone."""
    eam.run(
        "DO $$BEGIN CREATE ROLE hidden LOGIN REPLICATION; EXCEPTION WHEN duplicate_object THEN END$$",
        "GRANT USAGE ON SCHEMA eam TO hidden; GRANT SELECT ON ALL TABLES IN SCHEMA eam TO hidden",
        f"CREATE PUBLICATION {eam.slot} FOR TABLE eam.asset, eam.part WITH (publish_via_partition_root)",
    )
    as_hidden = re.sub("//[^@]*@", "//hidden@", eam.settings.dsn)
    source = eam.start(dsn=as_hidden)
    with closing(source):
        position = read_until(source, past_the_snapshot)[-1].position
        eam.run("ALTER TABLE eam.asset ENABLE ROW LEVEL SECURITY")
        fault = noticed(source)
    assert (type(fault), fault.code) == (Halt, "pg_row_security")
    with closing(eam.connect(dsn=as_hidden)) as again:
        with pytest.raises(Halt, match="pg_row_security"):
            again.start(position)
        with pytest.raises(Halt, match="pg_row_security"):
            again.look()
        (found,) = [f for f in again.check() if f.code == "pg_row_security"]
    eam.run(found.repair.rstrip(";"))
    with closing(eam.connect(dsn=as_hidden)) as again:
        again.start(position)
        eam.run("UPDATE eam.asset SET value = 3 WHERE id = 4")
        assert len(next_changes(again, 1)) == 1


def test_rights_that_are_taken_away_stop_the_reader(eam: Eam) -> None:
    eam.run(
        "DO $$BEGIN CREATE ROLE barred LOGIN REPLICATION; EXCEPTION WHEN duplicate_object THEN END$$",
        "GRANT USAGE ON SCHEMA eam TO barred; GRANT SELECT ON ALL TABLES IN SCHEMA eam TO barred",
        f"CREATE PUBLICATION {eam.slot} FOR TABLE eam.asset, eam.part WITH (publish_via_partition_root)",
    )
    as_barred = re.sub("//[^@]*@", "//barred@", eam.settings.dsn)
    source = eam.start(dsn=as_barred)
    with closing(source):
        read_until(source, past_the_snapshot)
        eam.run("REVOKE SELECT ON eam.asset FROM barred")
        fault = noticed(source)
    assert (type(fault), fault.code) == (Halt, "pg_no_select")


def test_a_table_that_the_mapping_declares_since_is_read_by_a_snapshot_taken_again(eam: Eam) -> None:
    """Its rows are in no log, whoever has published it; what the message says to do reads them."""
    late = Table("loose", "eam.loose", COLUMNS, (0,))
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
    eam.tables["loose"] = late
    for published in ("", f"ALTER PUBLICATION {eam.slot} ADD TABLE eam.loose"):
        if published:
            eam.run(published)
        with closing(eam.connect()) as again:
            again.recognise(known)
            with pytest.raises(Halt, match="pg_unread_table"):
                again.start(position)
    with closing(eam.connect()) as again:
        again.recognise(known)
        again.snapshot_again(position)
        sets = read_until(again, lambda sets: any(c.table == "loose" for s in sets for c in s.changes))
        assert [c.after[0] for s in sets for c in s.changes if c.table == "loose" and c.after] == [250]


@pytest.mark.parametrize("case", HARMLESS)
def test_what_loses_nothing_stops_nobody(eam: Eam, case: str) -> None:
    source, position = eam.streaming()
    with closing(source):
        known = source.identity()
        for _ in range(2):
            source.lag()
        do(eam, HARMLESS[case])
        source.lag()
        eam.run("UPDATE eam.asset SET value = 2 WHERE id = 1", "UPDATE eam.part SET value = 2 WHERE id = 99")
        read_until(source, lambda sets: any(c.table == "part" for s in sets for c in s.changes))
        source.lag()
    with closing(eam.connect()) as again:
        again.recognise(known)
        again.start(position)
