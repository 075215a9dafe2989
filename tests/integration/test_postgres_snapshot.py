"""The snapshot: consistent with the stream whatever happens meanwhile, and however often it is interrupted."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from syncd.change import Change, ChangeSet, Column, Kind, Position, Row, Table, key_text
from syncd.errors import Halt, Transient
from tests.integration.eam import ASSET, SCHEMA, Eam, changes, past_the_snapshot, read_until
from tests.integration.follower import Follower, contradicting

PART = Table(
    "part",
    "eam.part",
    (Column("kind", Kind.TEXT), Column("no", Kind.INTEGER), Column("name", Kind.TEXT)),
    (0, 1),
)
MORE = "CREATE TABLE eam.part (kind text, no int, name text, PRIMARY KEY (kind, no));"
FULL = "ALTER TABLE eam.asset REPLICA IDENTITY FULL; ALTER TABLE eam.part REPLICA IDENTITY FULL;"
FILL = """
    INSERT INTO eam.asset SELECT i * 10, 'a' || i, i, 'first' FROM generate_series(1, 4500) i;
    INSERT INTO eam.part SELECT chr(65 + i % 5) || 'ä', i, 'first' FROM generate_series(1, 4500) i;
"""


@pytest.fixture(params=["full", "default"])
def eam(request: pytest.FixtureRequest, new_database: Callable[[], str]) -> Iterator[Eam]:
    full = FULL if request.param == "full" else ""
    with closing(Eam(new_database(), SCHEMA + MORE + full + FILL, [ASSET, PART])) as eam:
        yield eam


def meddle(eam: Eam, chance: random.Random, count: int) -> None:
    """Transactions of all kinds, all over the tables: inserts, updates, deletes, keys that move."""
    connection = psycopg2.connect(eam.settings.dsn)
    try:
        for turn in range(count):
            with connection, connection.cursor() as cursor:
                for _ in range(chance.randrange(1, 4)):
                    key, free = chance.randrange(1, 4501) * 10, chance.randrange(1, 45001)
                    kind, no = chance.choice("ABCDE") + "ä", chance.randrange(1, 9000)
                    cursor.execute(
                        chance.choice(
                            [
                                f"INSERT INTO eam.asset VALUES ({free}, 'new', {turn}) ON CONFLICT DO NOTHING",
                                f"UPDATE eam.asset SET code = 'turn {turn}' WHERE id BETWEEN {key} AND {key + 30}",
                                f"DELETE FROM eam.asset WHERE id = {key}",
                                f"UPDATE eam.asset SET id = {free} WHERE id = {key}"
                                f" AND NOT EXISTS (SELECT FROM eam.asset WHERE id = {free})",
                                f"INSERT INTO eam.part VALUES ('{kind}', {no}, 'new') ON CONFLICT DO NOTHING",
                                f"UPDATE eam.part SET name = 'turn {turn}' WHERE no = {no}",
                                f"DELETE FROM eam.part WHERE no = {no}",
                                f"UPDATE eam.part SET kind = '{kind}' WHERE (kind, no) = ('Aä', {no})"
                                f" AND NOT EXISTS (SELECT FROM eam.part WHERE kind = '{kind}' AND no = {no})",
                            ]
                        )
                    )
    finally:
        connection.close()


def in_the_database(eam: Eam) -> dict[tuple[str, str], Row]:
    assets = eam.run("SELECT id, code, value, remark FROM eam.asset")
    parts = eam.run("SELECT kind, no, name FROM eam.part")
    rows: dict[tuple[str, str], Row] = {("asset", str(row[0])): row for row in assets}  # type: ignore[misc]
    return rows | {("part", f"{row[0]}|{row[1]}"): row for row in parts}  # type: ignore[misc]


def test_a_snapshot_interrupted_again_and_again_ends_exact(eam: Eam) -> None:
    """Invariants 1 and 2: killed in mid-snapshot while others write, at random, many times: the follower ends up with
    the tables as they are, and heard nothing that contradicts what it knew."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    follower = Follower()
    said: list[Change] = []
    checkpoint: Position | None = None
    for turn in range(12):
        writer = threading.Thread(target=meddle, args=[eam, random.Random(seed + turn), 25])
        writer.start()
        with closing(eam.start(checkpoint)) as source:
            for _ in range(chance.randrange(4)):
                if (heard := source.read(0.05)) is not None:
                    said += heard.changes
                    checkpoint = heard.position
                    for change in heard.changes:
                        follower.hear(eam.tables, change)
        writer.join()
    eam.run("INSERT INTO eam.asset VALUES (999999)")
    with closing(eam.start(checkpoint)) as source:
        for heard in read_until(source, lambda sets: any(c.after and c.after[0] == 999999 for c in changes(sets))):
            said += heard.changes
            for change in heard.changes:
                follower.hear(eam.tables, change)
    assert follower.rows == in_the_database(eam), f"seed {seed}"
    contradictions = list(contradicting(eam.tables, said))
    assert not contradictions, f"seed {seed}: {contradictions[:3]}"


def test_events_stay_events_where_the_log_has_old_rows(new_database: Callable[[], str]) -> None:
    """Invariant 1: what happened since the slot's point is said as changes, on rows as they were at that point; a
    voucher is not lost because a snapshot was interrupted."""
    with closing(Eam(new_database(), SCHEMA + MORE + FULL + FILL, [ASSET, PART])) as eam:
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
        assert len(read) == len(known)


def test_a_slot_that_a_dba_made_begins_at_its_own_point(eam: Eam) -> None:
    """The exact statements that syncd prints are enough, and what happened since is not lost."""
    with closing(eam.connect(create=False)) as source:
        repairs = [f.repair for f in source.check() if f.level == "error"]
    assert len(repairs) == 2
    for repair in repairs:
        eam.run(repair)
    eam.run("UPDATE eam.asset SET code = 'since' WHERE id = 20", "DELETE FROM eam.asset WHERE id = 30")
    follower = Follower()
    with closing(eam.start(create=False)) as source:
        eam.run("INSERT INTO eam.asset VALUES (999999)")
        for change in changes(read_until(source, lambda s: any(c.op == "insert" for c in changes(s)))):
            follower.hear(eam.tables, change)
    assert follower.rows == in_the_database(eam)


def test_the_progress_is_told(eam: Eam) -> None:
    eam.run("ANALYZE")
    with closing(eam.start()) as source:
        assert source.progress is not None
        assert (source.progress.rows_done, source.progress.rows_total) == (0, 9000)
        source.read(5)
        assert (source.progress.table, source.progress.rows_done) == ("asset", 2000)
        read_until(source, past_the_snapshot)
        assert source.progress is None


def test_keys_are_read_in_an_order_that_no_collation_changes(eam: Eam) -> None:
    with closing(eam.start()) as source:
        read = changes(read_until(source, past_the_snapshot))
    ids = [c.after[0] for c in read if c.table == "asset" and c.after]
    keys = [c.after[:2] for c in read if c.table == "part" and c.after]
    assert ids == sorted(ids, key=int)  # type: ignore[arg-type]
    assert keys == sorted(keys)  # type: ignore[type-var]


def test_a_table_that_came_later_into_the_mapping_is_not_half_followed(new_database: Callable[[], str]) -> None:
    """Invariant 1: what it held before would never be read, and nobody would notice."""
    with closing(Eam(new_database(), SCHEMA + MORE)) as eam:
        source, position = eam.streaming()
        source.close()
        eam.tables = {"asset": ASSET, "part": PART}
        with pytest.raises(Halt) as halt:
            eam.start(position)
    assert halt.value.code == "pg_unread_table"


def test_a_snapshot_survives_its_own_server_connection(eam: Eam) -> None:
    """A transaction that a DBA ends is transient: it goes on from the last position."""
    sets: list[ChangeSet] = []
    with closing(eam.start()) as source:
        first = source.read(5)
        assert first is not None
        sets.append(first)
        eam.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'syncd %'")
        with pytest.raises(Transient):
            sets += read_until(source, past_the_snapshot)
    with closing(eam.start(first.position)) as source:
        sets = [first, *read_until(source, past_the_snapshot)]
    assert len(changes(sets)) == 9000
