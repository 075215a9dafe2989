"""What counts as a difference between the mirror and a fresh look, and what does not. Invariants 2 and 7."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from syncd.change import UNCHANGED, Change, Column, Kind, Malformed, Op, Position, Row, Table
from syncd.daemon.differences import Differences, TableDifference
from syncd.record import encode_row, has_marks

AT = datetime(2026, 2, 3, tzinfo=UTC)
COLUMNS = (Column("id", Kind.INTEGER), Column("code", Kind.TEXT), Column("value", Kind.DECIMAL, "money"))
ASSET, DEPT = Table("asset", "asset", COLUMNS, (0,)), Table("dept", "department", COLUMNS, (0,))
TABLES: Mapping[str, Table] = {"dept": DEPT, "asset": ASSET}
ROW: Row = (1, "FA-1", Decimal("10.00"))
BAD = Malformed("十", "malformed_number")
Told = tuple[str, Op, Row | None, Row | None]


class Laid:
    """A mirror and a source side by side."""

    def __init__(self) -> None:
        self.found = {alias: TableDifference() for alias in TABLES}
        self.differences = Differences(TABLES, ["dept"], self.found)

    def close(self) -> None:
        self.differences.close()

    def held(self, *rows: Row, alias: str = "asset", columns: int = 3) -> None:
        """The mirror, as a mapping of so many columns has written it."""
        table = Table(alias, alias, COLUMNS[:columns], (0,))
        self.differences.hold(alias, [(str(row[0]), encode_row(table, row[:columns])) for row in rows])

    def said(self, op: Op, before: Row | None, after: Row | None, alias: str = "asset") -> None:
        flawed = has_marks(before) or has_marks(after)
        self.differences.say(Change(alias, op, before, after, Position(""), AT, flawed))

    def told(self, whole: Collection[str] = tuple(TABLES)) -> list[Told]:
        return [(c.table, c.op, c.before, c.after) for c in self.differences.all(whole, AT)]


@pytest.fixture
def laid() -> Iterator[Laid]:
    with closing(Laid()) as laid:
        yield laid


@pytest.mark.parametrize(
    ("was", "now", "differs"),
    [
        (ROW, ROW, False),
        (ROW, (1, "FA-1", Decimal("10.0")), False),
        (ROW, (1, "FA-2", Decimal("10.00")), True),
        (ROW, (1, UNCHANGED, Decimal("10.00")), False),
        ((1, UNCHANGED, Decimal("10.00")), ROW, False),
        ((1, "FA-1", BAD), (1, "FA-1", BAD), False),
        ((1, "FA-1", BAD), ROW, True),
        (ROW, (1, "FA-1", BAD), True),
        ((1, "FA-1", UNCHANGED), (1, "FA-1", BAD), True),
        ((1, "FA-1", None), ROW, True),
    ],
)
def test_what_is_not_known_is_no_difference_and_what_cannot_be_read_is(
    laid: Laid, was: Row, now: Row, differs: bool
) -> None:
    laid.held(was)
    laid.said("read", None, now)
    assert laid.told() == ([("asset", "update", was, now)] if differs else [])


def test_a_column_that_is_declared_only_since_makes_no_event_but_fills_a_reference(laid: Laid) -> None:
    for alias in TABLES:
        laid.held(ROW, alias=alias, columns=2)
        laid.said("read", None, ROW, alias)
    assert laid.told() == [("dept", "update", (1, "FA-1", UNCHANGED), ROW)]


def test_what_was_not_said_of_a_row_is_as_the_mirror_has_it(laid: Laid) -> None:
    laid.held(ROW)
    laid.said("update", None, (1, UNCHANGED, Decimal("11.00")))
    assert laid.told() == [("asset", "update", ROW, (1, "FA-1", Decimal("11.00")))]


def test_events_of_one_row_count_for_what_they_come_to(laid: Laid) -> None:
    """A topic says old changes again: what the mirror has already is not undone and done again."""
    laid.held(ROW)
    laid.said("insert", None, (1, "FA-1", Decimal("1.00")))
    laid.said("update", (1, "FA-1", Decimal("1.00")), ROW)
    laid.said("insert", None, (2, "FA-2", None))
    laid.said("delete", (2, "FA-2", None), None)
    laid.said("insert", None, (3, "FA-3", None))
    laid.said("update", (3, "FA-3", None), (4, "FA-3", None))
    assert laid.told() == [("asset", "insert", None, (4, "FA-3", None))]


@pytest.mark.parametrize("alike", [True, False])
def test_keys_that_move_onto_each_other_leave_no_row_behind(laid: Laid, alike: bool) -> None:
    was: list[Row] = [(n, "FA" if alike else f"FA-{n}", Decimal("10.00")) for n in (1, 2, 3)]
    now: list[Row] = [(n + 1, code, value) for n, code, value in was]  # type: ignore[operator]
    for row in was:
        laid.said("read", None, row)
    for before, after in zip(was, now, strict=True):
        laid.said("update", before, after)
    laid.held(*now)
    assert laid.told() == []


def test_rows_that_a_topic_forgot_are_not_gone(laid: Laid) -> None:
    gone, forgotten = (2, "FA-2", None), (3, "FA-3", None)
    laid.held(ROW, gone, forgotten)
    laid.said("read", None, ROW)
    laid.said("delete", gone, None)
    assert laid.told(whole=["dept"]) == [("asset", "delete", gone, None)]
    assert laid.found["asset"].unseen == 1


def test_a_table_that_was_emptied_is_known_to_be_empty(laid: Laid) -> None:
    laid.held(ROW, (2, "FA-2", None))
    laid.said("read", None, ROW)
    laid.said("truncate", None, None)
    laid.said("insert", None, (2, "FA-2", None))
    assert laid.told(whole=["dept"]) == [("asset", "delete", ROW, None)]


def test_what_refers_goes_before_what_is_referred_to(laid: Laid) -> None:
    for alias in TABLES:
        laid.held(ROW, alias=alias)
        laid.said("read", None, (2, "new", None), alias)
    assert [(alias, op) for alias, op, *_ in laid.told()] == [
        ("asset", "delete"),
        ("dept", "insert"),
        ("asset", "insert"),
        ("dept", "delete"),
    ]
