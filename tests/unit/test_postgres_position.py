"""Positions in PostgreSQL's log, what a snapshot saw, and the rewinding of rows to the slot's point."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres.position import (
    AS_OF_SLOT,
    Coverage,
    Part,
    Place,
    Snapshot,
    in_snapshot,
    in_stream,
    lsn_number,
    lsn_text,
    parse,
    snapshot_of,
)
from connectors.rewind import KeyedRow, Ordered, Rewind, merge
from syncd.change import Change, Column, Kind, Op, Position, Row, Table

LSNS = st.integers(0, 2**64 - 1)
NTH = st.integers(0, 2**32 - 1)
KEYS = st.none() | st.tuples(st.text(), st.text())
SNAPSHOTS = st.builds(Snapshot, st.integers(3, 2**40), st.integers(3, 2**40), st.frozensets(st.integers(3, 99)), LSNS)
COVERAGES = st.builds(
    Coverage,
    LSNS,
    st.tuples(SNAPSHOTS, SNAPSHOTS),
    st.dictionaries(st.text(), st.tuples(st.builds(Part, st.integers(AS_OF_SLOT, 1), KEYS))),
)
NOW = datetime(2026, 2, 1, tzinfo=UTC)


@given(LSNS, NTH, LSNS, NTH)
def test_the_order_of_the_text_is_the_order_of_the_log(lsn: int, nth: int, other: int, other_nth: int) -> None:
    assert (in_stream(lsn, nth) < in_stream(other, other_nth)) == ((lsn, nth) < (other, other_nth))
    assert in_snapshot(nth) < in_stream(other, other_nth)
    assert (in_snapshot(nth) < in_snapshot(other_nth)) == (nth < other_nth)


@given(LSNS, NTH, COVERAGES)
def test_a_position_is_read_as_it_was_written(lsn: int, nth: int, coverage: Coverage) -> None:
    kept = coverage if lsn < coverage.horizon else None
    assert parse(in_stream(lsn, nth, coverage)) == Place(False, lsn, nth, kept)
    assert parse(in_snapshot(nth, coverage)) == Place(True, coverage.slot, nth, coverage)


@given(LSNS)
def test_an_lsn_is_written_as_postgresql_does(lsn: int) -> None:
    assert lsn_number(lsn_text(lsn)) == lsn
    assert lsn_text(0x16B374D848) == "16/B374D848"


def test_a_snapshot_sees_what_was_committed_before_it_across_the_turn_of_the_counter() -> None:
    turn = 5 << 32
    seen = snapshot_of(f"{turn - 5}:{turn + 5}:{turn - 3},{turn + 2}", 1)
    low = 2**32
    assert [seen.sees(xid) for xid in (low - 6, low - 5, low - 3, low - 1, 3, 2, 5, 6)] == [
        True, True, False, True, True, False, False, False,
    ]  # fmt: skip


def test_coverage_goes_on_where_it_stopped() -> None:
    first, second = snapshot_of("10:10:", 100), snapshot_of("20:20:", 200)
    coverage = Coverage(50).under(snapshot_of("5:5:", 60)).under(first).read("a", ("3",), 0).under(second)
    assert coverage.snapshots == (first, second)
    assert coverage.resume("a") == ("3",)
    whole = coverage.read("a", ("7",), 1).read("a", None, 1).read("b", ("1",), AS_OF_SLOT)
    assert whole.tables == {"a": (Part(0, ("3",)), Part(1, None)), "b": (Part(AS_OF_SLOT, ("1",)),)}
    assert whole.finished("a")
    assert not whole.finished("b")
    assert whole.horizon == 200


ASSET = Table(
    "asset", "asset", (Column("id", Kind.INTEGER), Column("code", Kind.TEXT), Column("name", Kind.TEXT)), (0, 1)
)
BY_KEY = Ordered(ASSET, (True, False))
IMAGES = st.dictionaries(st.tuples(st.integers(-3, 12), st.sampled_from(["", "a", "ab", "中"])), st.text(max_size=3))


@given(st.lists(st.tuples(st.integers(-(10**30), 10**30), st.text(st.characters(exclude_characters="\0")))))
def test_places_sort_as_the_server_does(keys: list[tuple[int, str]]) -> None:
    """Numbers by value, text by its bytes, which in UTF-8 is by code point."""
    try:
        places = {key: BY_KEY.place([str(key[0]), key[1]]) for key in keys}
    except UnicodeEncodeError:
        return  # half of a surrogate pair is no text
    assert sorted(keys, key=places.__getitem__) == sorted(keys)


@given(IMAGES, st.lists(st.tuples(st.sampled_from(["put", "drop", "move"]), st.integers(0, 99), st.text(max_size=3))))
def test_the_rows_are_rewound_to_what_they_were(
    was: dict[tuple[int, str], str], steps: list[tuple[str, int, str]]
) -> None:
    """Whatever happened since: what is read is what was there at the slot's point, in the order of the key."""
    rows = dict(was)
    changes: list[Change] = []

    def say(op: Op, before: tuple[int, str] | None, after: tuple[int, str] | None) -> None:
        images = [None if k is None else (str(k[0]), k[1], rows[k]) for k in (before, after)]
        changes.append(Change("asset", op, images[0], images[1], Position(""), NOW))

    for verb, number, name in steps:
        key = (number % 13, "a" if number % 2 else "中")
        known = sorted(rows)
        if verb == "put" and key not in rows:
            rows[key] = name
            say("insert", None, key)
        elif verb == "drop" and known:
            say("delete", known[number % len(known)], None)
            del rows[known[number % len(known)]]
        elif verb == "move" and known and (key not in rows or key == known[number % len(known)]):
            old = known[number % len(known)]
            before: Row = (str(old[0]), old[1], rows.pop(old))
            rows[key] = name
            changes.append(Change("asset", "update", before, (str(key[0]), key[1], name), Position(""), NOW))

    rewind = Rewind([BY_KEY], Coverage(0), ZoneInfo("UTC"))
    try:
        rewind.note(changes)
        found = (
            KeyedRow(BY_KEY.place([str(i), code]), (str(i), code), (i, code, name), False)
            for (i, code), name in sorted(rows.items())
        )
        assert [f.row for f in merge(found, rewind.rows("asset"))] == [
            (i, code, name) for (i, code), name in sorted(was.items())
        ]
    finally:
        rewind.close()
