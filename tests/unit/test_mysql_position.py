"""Places in a binary log, and what was read of it by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mysql.gtid import Gtids
from connectors.mysql.position import (
    Coverage,
    Place,
    Point,
    Reading,
    in_snapshot,
    in_stream,
    of_event,
    of_file,
    parse,
    with_gtids,
)
from syncd.change import Position

PLACES = st.builds(
    Place,
    st.builds(Point, st.integers(0, 20), st.integers(0, 10**7), st.integers(0, 2**32), st.integers(0, 2**40)),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.just(""),
)


def text(place: Place) -> Position:
    return Position(f"{of_event(of_file(place.point), place.point.offset, place.event)}{place.row:08d}")


@given(PLACES, PLACES)
def test_the_order_of_the_text_is_the_order_of_the_log(one: Place, other: Place) -> None:
    """Names of files grow past six digits, files past four gigabytes."""
    assert (text(one) < text(other)) == (one < other)
    assert parse(text(one)) == one
    assert in_snapshot(10**9, Coverage(other.point)) < text(one)


def test_a_set_stands_behind_its_changes() -> None:
    point = Point(0, 999999, 1795210921, 4)
    change = Position(f"{of_event(of_file(point), 4, 1)}{1:08d}")
    assert change < with_gtids(change, "0-1-5") < Position(f"{of_event(of_file(point), 4, 1)}{2:08d}")
    assert in_stream(point, "0-1-5") < change
    assert parse(with_gtids(change, "0-1-5")) == Place(point, 1, 1, "0-1-5")


def test_a_snapshot_is_taken_up_where_it_was_left() -> None:
    coverage = Coverage(Point(0, 3, 1795210921, 400), "0-1-5").read("asset", ("1", "甲/|.")).read("dept", None)
    assert parse(in_snapshot(7, coverage)) == Reading(7, coverage)
    assert coverage.resume("asset") == ("1", "甲/|.")
    assert coverage.finished("dept")
    assert not coverage.finished("asset")
    assert parse(in_snapshot(7)) == Reading(7, None)


def test_what_is_no_position_is_refused() -> None:
    with pytest.raises(ValueError):
        parse(Position("r000000000012.000003"))


@pytest.mark.parametrize(
    ("read", "named", "then"),
    [
        ("", ["0-1-5", "0-2-6", "7-1-1"], "0-2-6,7-1-1"),
        ("0-1-5,7-1-1", ["0-1-6", ""], "0-1-6,7-1-1"),
        ("AA:1-5", ["aa:6", "aa:9", "bb:1"], "aa:1-6:9,bb:1"),
        ("aa:1-3:7,\nbb:2", ["aa:5", "aa:4", "aa:6", "bb:1"], "aa:1-7,bb:1-2"),
        ("aa:3", ["aa:1-9"], "aa:1-9"),
        ("aa:1-3:tag:2,bb:other:1", ["aa:Tag:3", "aa:4", "aa:tag:1"], "aa:1-4:tag:1-3,bb:other:1"),
    ],
)
def test_the_names_of_what_was_read(read: str, named: list[str], then: str) -> None:
    gtids = Gtids(read)
    for name in named:
        gtids.add(name)
    assert str(gtids) == then
    assert str(Gtids(then)) == then
