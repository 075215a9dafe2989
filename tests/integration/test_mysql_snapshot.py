"""The snapshot of a MariaDB EAM: consistent with its log whatever happens meanwhile."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from connectors.mysql import snapshot as mysql_snapshot
from connectors.mysql.server import Server
from syncd.change import Change, Column, Kind, Position, Row, Table, key_text
from syncd.errors import Gap, Transient
from tests.advice import advice
from tests.integration.eam import changes, read_until, until
from tests.integration.follower import Follower, contradicting
from tests.integration.mysql_eam import ASSET, SCHEMA, MysqlEam, past_the_snapshot
from tests.servers import MariaDb

PART = Table(
    "part",
    "part",
    (Column("kind", Kind.TEXT), Column("no", Kind.DECIMAL), Column("name", Kind.TEXT)),
    (0, 1),
)
KINDS = ("a", "B", "ä", "甲", "Z\\'\\\\x")
"""The byte order of these is not the server's own."""
MORE = "CREATE TABLE part (kind VARCHAR(20), no DECIMAL(9, 1), name TEXT, PRIMARY KEY (kind, no))"
FILL = """
    INSERT INTO asset SELECT CAST(seq AS SIGNED) * 10 - 20000, concat('a', seq), seq, 'first' FROM seq_1_to_4500;
    INSERT INTO part SELECT elt(seq % 5 + 1, 'a', 'B', 'ä', '甲', 'Z\\'\\\\x'), seq - 2000.5, 'first'
    FROM seq_1_to_4500
"""


@pytest.fixture
def eam(new_mariadb: Callable[[], str]) -> Iterator[MysqlEam]:
    with closing(MysqlEam(new_mariadb(), f"{SCHEMA};{MORE};{FILL}", [ASSET, PART])) as eam:
        yield eam


def meddle(eam: MysqlEam, chance: random.Random, count: int) -> None:
    """Transactions of all kinds, all over the tables: inserts, updates, deletes, keys that move."""
    with closing(eam.session()) as connection, connection.cursor() as cursor:
        for turn in range(count):
            connection.begin()
            for _ in range(chance.randrange(1, 4)):
                key, free = (chance.randrange(1, 4501) * 10 - 20000 for _ in range(2))
                kind, no = chance.choice(KINDS), chance.randrange(1, 9000) - 2000.5
                cursor.execute(
                    chance.choice(
                        [
                            f"INSERT IGNORE INTO asset VALUES ({free + 1}, 'new', {turn}, NULL)",
                            f"UPDATE asset SET code = 'turn {turn}' WHERE id BETWEEN {key} AND {key + 30}",
                            f"DELETE FROM asset WHERE id = {key}",
                            f"UPDATE IGNORE asset SET id = {free} WHERE id = {key}",
                            f"INSERT IGNORE INTO part VALUES ('{kind}', {no}, 'new')",
                            f"UPDATE part SET name = 'turn {turn}' WHERE no = {no}",
                            f"DELETE FROM part WHERE no = {no}",
                            f"UPDATE IGNORE part SET kind = '{kind}' WHERE kind = 'ä' AND no = {no}",
                        ]
                    )
                )
            connection.commit()


def in_the_database(eam: MysqlEam) -> dict[tuple[str, str], Row]:
    assets = eam.run("SELECT id, code, value, remark FROM asset")
    parts = eam.run("SELECT kind, no, name FROM part")
    rows: dict[tuple[str, str], Row] = {("asset", str(row[0])): row for row in assets}  # type: ignore[misc]
    return rows | {("part", key_text(PART, row)): row for row in parts}  # type: ignore[misc, arg-type]


def heard(eam: MysqlEam, said: list[Change]) -> dict[tuple[str, str], Row]:
    follower = Follower()
    for change in said:
        follower.hear(eam.tables, change)
    return follower.rows


def test_a_snapshot_interrupted_again_and_again_ends_exact(eam: MysqlEam) -> None:
    """Invariants 1 and 2: killed in mid-snapshot while others write, at random, many times: the follower ends up with
    the tables as they are, and heard nothing that contradicts what it knew."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    said: list[Change] = []
    checkpoint: Position | None = None
    for turn in range(8):
        writer = threading.Thread(target=meddle, args=[eam, random.Random(seed + turn), 25])
        writer.start()
        with closing(eam.start(checkpoint)) as source:
            for _ in range(chance.randrange(4)):
                if (sets := source.read(0.05)) is not None:
                    said += sets.changes
                    checkpoint = sets.position
        writer.join()
        if turn % 3 == 1:
            eam.run("FLUSH BINARY LOGS")
    eam.run("INSERT INTO asset (id) VALUES (999999)")
    with closing(eam.start(checkpoint)) as source:
        said += changes(read_until(source, lambda sets: any(c.after and c.after[0] == 999999 for c in changes(sets))))
    assert heard(eam, said) == in_the_database(eam), f"seed {seed}"
    contradictions = list(contradicting(eam.tables, said))
    assert not contradictions, f"seed {seed}: {contradictions[:3]}"


def test_a_key_without_a_value_comes_first(new_mariadb: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 1: a table may be declared by a key that is none."""
    monkeypatch.setattr(mysql_snapshot, "ROWS_MAX", 1)
    schema = (
        "CREATE TABLE asset (id INT, code TEXT, value INT, remark TEXT); INSERT INTO asset (id) VALUES (-1), (NULL)"
    )
    with closing(MysqlEam(new_mariadb(), schema)) as eam:
        with closing(eam.start()) as source:
            (first,) = read_until(source, lambda sets: len(sets) == 1)
        with closing(eam.start(first.position)) as source:
            rest = changes(read_until(source, past_the_snapshot))
    assert [c.after and c.after[0] for c in [*first.changes, *rest]] == [None, -1]


def test_events_stay_events_when_a_snapshot_is_read_later(eam: MysqlEam) -> None:
    """Invariant 1: what happened since the snapshot began is said as changes, on rows as they were at that point; a
    voucher is not lost because a snapshot was interrupted."""
    known = in_the_database(eam)
    with closing(eam.start()) as source:
        first = source.read(5)
    assert first is not None
    meddle(eam, random.Random(1), 60)
    with closing(eam.start(first.position)) as source:
        rest = read_until(source, past_the_snapshot)
    read = changes([first, *rest])
    assert {c.op for c in read} == {"read"}
    assert {(c.table, key_text(eam.tables[c.table], c.after or ())): c.after for c in read} == known


@pytest.mark.parametrize("locks", [False, True])
def test_a_snapshot_of_a_server_that_is_written_to_ends_where_the_log_goes_on(
    eam: MysqlEam, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    """Invariant 1: by the server's word for it, and by a moment's lock where it has none, as MySQL."""
    monkeypatch.setattr(mysql_snapshot, "needs_lock", lambda server: locks)
    stop = threading.Event()

    def write() -> None:
        seed = 0
        while not stop.is_set():
            meddle(eam, random.Random(seed := seed + 1), 5)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with closing(eam.start()) as source:
            said = changes(read_until(source, past_the_snapshot))
            stop.set()
            writer.join()
            eam.run("INSERT INTO asset (id) VALUES (900000)")
            said += changes(
                read_until(source, lambda sets: any(c.after and c.after[0] == 900000 for c in changes(sets)))
            )
    finally:
        stop.set()
        writer.join()
    assert not list(contradicting(eam.tables, said))
    assert heard(eam, said) == in_the_database(eam)


def test_nobody_commits_between_a_snapshot_and_its_place_in_the_log(
    eam: MysqlEam, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 1: where the server does not tell them together, as MySQL, it is locked while both are asked."""
    begin = mysql_snapshot._begin
    writer = threading.Thread(target=eam.insert, args=[900001])

    def begin_and_be_overtaken(connection: object) -> None:
        begin(connection)
        writer.start()
        until(lambda: not writer.is_alive() or is_waiting())

    def is_waiting() -> bool:
        with closing(eam.session()) as session, session.cursor() as cursor:
            return (
                cursor.execute("SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for%%lock'") > 0
            )

    monkeypatch.setattr(mysql_snapshot, "needs_lock", lambda server: True)
    monkeypatch.setattr(mysql_snapshot, "_begin", begin_and_be_overtaken)
    with closing(eam.start()) as source:
        writer.join()
        said = changes(read_until(source, lambda sets: any(c.op == "insert" for c in changes(sets))))
    assert [c.after and c.after[0] for c in said if c.op == "insert"] == [900001]


def test_a_snapshot_says_how_far_it_is(eam: MysqlEam) -> None:
    with closing(eam.start()) as source:
        source.read(5)
        note = source.lag().note
        assert (note["table"], note["rows"]) == ("asset", "2000")
        assert int(note["rows_total"]) > 4000
        read_until(source, past_the_snapshot)
        assert "table" not in source.lag().note


def test_a_snapshot_whose_log_is_gone_does_not_go_on(mariadb: MariaDb, eam: MysqlEam) -> None:
    """Invariant 1: what happened meanwhile could not be told any more."""
    with closing(eam.start()) as source:
        first = source.read(5)
    assert first is not None
    eam.purge()
    with pytest.raises(Gap) as gap:
        eam.start(first.position)
    assert gap.value.code == "mysql_log_gone"


DURING = {
    "ALTER TABLE part ADD COLUMN extra INT FIRST, ALGORITHM = COPY": "",
    "ALTER TABLE part ADD INDEX (name(9)), ENGINE = InnoDB": "",
    "ALTER TABLE part MODIFY name VARCHAR(40), ALGORITHM = COPY": "mysql_altered",
    "TRUNCATE part": "",
    "RENAME TABLE part TO away, spare TO part": "mysql_renamed",
    "CREATE OR REPLACE TABLE part SELECT * FROM spare": "mysql_unlogged",
}


@advice("mysql_table_changed")
@pytest.mark.parametrize("is_left", [False, True])
@pytest.mark.parametrize("statement", DURING)
def test_a_table_that_is_altered_while_a_snapshot_is_read_is_begun_again(
    eam: MysqlEam, statement: str, is_left: bool
) -> None:
    """Invariants 1 and 14: by itself; if rows may have changed, the reader stops behind the snapshot, where a repair
    can compare. Whether it was read under one snapshot or, after an interruption, under a newer one."""
    eam.run("CREATE TABLE spare LIKE part", "INSERT INTO spare VALUES ('a', 1, 'one'), ('B', 2, 'two')")
    source = eam.start()
    first = source.read(5)
    assert first is not None
    said, checkpoint, stopped = [*first.changes], first.position, ""
    passing: set[str] = set()
    if is_left:
        source.close()
    eam.run(statement, "INSERT INTO asset (id) VALUES (999999)")
    if is_left:
        source = eam.start(checkpoint)

    def is_over() -> bool:
        nonlocal source, checkpoint, stopped
        try:
            if (sets := source.read(0.1)) is not None:
                said.extend(sets.changes)
                checkpoint = sets.position
        except Gap as gap:
            stopped = gap.code
        except Transient as error:
            passing.add(error.code)
            source.close()
            source = eam.start(checkpoint)
        return bool(stopped) or (said[-1].after or ())[:1] == (999999,)

    try:
        until(is_over)
    finally:
        source.close()
    assert checkpoint.startswith("1/"), "past the snapshot"
    assert stopped == DURING[statement]
    is_begun_again = not is_left and not statement.startswith("RENAME")
    assert passing == ({"mysql_table_changed"} if is_begun_again else set())
    if not stopped:
        assert heard(eam, [change for change in said if change.op != "truncate"]) == in_the_database(eam)


def test_a_time_limit_of_the_server_ends_no_snapshot(eam: MysqlEam) -> None:
    """Nothing that is tried again would come further."""
    ((was,),) = eam.run("SELECT @@GLOBAL.max_statement_time")
    eam.run("SET GLOBAL max_statement_time = 60")
    try:
        with closing(Server(eam.dsn)) as server:
            assert server.query("SELECT @@max_statement_time = 0") == [(1,)]
    finally:
        eam.run(f"SET GLOBAL max_statement_time = {was}")


PREPARED = ("XA START 'x'", "UPDATE asset SET value = 13 WHERE id = 10", "XA END 'x'", "XA PREPARE 'x'")


@pytest.mark.parametrize("is_behind", [False, True])
def test_a_transaction_in_two_phases_while_a_snapshot_begins(
    eam: MysqlEam, monkeypatch: pytest.MonkeyPatch, is_behind: bool
) -> None:
    """Invariant 1: prepared behind the first look and committed before the second, its rows are neither in the snapshot
    nor behind it in the log. Where they are behind it, the reader comes to them."""
    opened = mysql_snapshot.view

    def view(*arguments: str) -> mysql_snapshot.View:
        with closing(eam.session()) as session, session.cursor() as cursor:
            for statement in () if is_behind else PREPARED:
                cursor.execute(statement)
            found = opened(*arguments)  # type: ignore[arg-type]
            for statement in PREPARED if is_behind else ():
                cursor.execute(statement)
            eam.run("FLUSH BINARY LOGS")
            cursor.execute("XA COMMIT 'x'")
        return found

    monkeypatch.setattr("connectors.mysql.source.view", view)
    with pytest.raises(Gap if is_behind else Transient) as fault, closing(eam.start()) as source:
        read_until(source, lambda sets: False)
    assert fault.value.code == ("mysql_xa" if is_behind else "mysql_xa_undecided")
