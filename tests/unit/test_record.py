"""Rows and changes come back from their stored text as they were. Invariant 7."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.change import UNCHANGED, Change, Column, Kind, Malformed, Position, Row, Table, Unchanged, Value
from syncd.posting import CardWrite, Entry, Posting, TableRow, Voucher
from syncd.record import decode_change, decode_row, decode_voucher, encode_change, encode_content, encode_row, has_marks

KINDS = (Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP, Kind.BOOLEAN)
OF_KIND = dict(zip(KINDS, (int, Decimal, str, date, datetime, bool), strict=True))
TABLE = Table("t", "eam.t", tuple(Column(str(kind), kind) for kind in KINDS), (0,))
MARKS = st.just(None) | st.just(UNCHANGED) | st.builds(Malformed, st.text(), st.text())
ROWS = st.tuples(
    *(
        st.integers() | MARKS,
        st.decimals(allow_nan=False, allow_infinity=False) | MARKS,
        st.text() | MARKS,
        st.dates() | MARKS,
        st.datetimes(timezones=st.just(UTC)) | MARKS,
        st.booleans() | MARKS,
    )
)
LONG = "9" * 5_000
CHANGE = Change("t", "read", None, None, Position(""), datetime(2026, 1, 1, tzinfo=UTC))


@given(ROWS)
def test_a_row_comes_back(row: Row) -> None:
    assert decode_row(TABLE, encode_row(TABLE, row)) == row


@given(ROWS, ROWS)
def test_a_change_comes_back(before: Row, after: Row) -> None:
    committed_at = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    change = Change("t", "update", before, after, Position("7/1"), committed_at, has_marks(before) or has_marks(after))
    assert decode_change({"t": TABLE}, encode_change(TABLE, change)) == change


def test_a_column_that_came_later_is_unchanged() -> None:
    """A stored row outlives a mapping to which columns were added."""
    fewer = Table("t", "eam.t", TABLE.columns[:2], (0,))
    assert decode_row(TABLE, encode_row(fewer, (1, Decimal("1.50")))) == (1, Decimal("1.50"), *[UNCHANGED] * 4)


@given(ROWS, st.permutations(range(6)))
def test_what_was_kept_as_another_kind_is_of_this_kind_or_a_mark(row: Row, order: list[int]) -> None:
    """Invariants 5 and 7: a column that the mapping declares anew is never a value of the wrong kind, nor an error."""
    columns = (Column(today.name, KINDS[i]) for i, today in zip(order, TABLE.columns, strict=True))
    was = Table("t", "eam.t", tuple(columns), (0,))
    read = decode_row(TABLE, encode_row(was, tuple(row[i] for i in order)))
    for column, value in zip(TABLE.columns, read, strict=True):
        assert type(value) in (OF_KIND[column.kind], Malformed, Unchanged, type(None)), (column, value)
        assert type(value) is not datetime or value.tzinfo is not None


@pytest.mark.parametrize("kept", [Kind.TEXT, Kind.DECIMAL])
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("-5", -5),
        ("12", 12),
        ("36.00", 36),
        ("36.50", Malformed("36.50", "malformed_integer")),
        ("1E+999999", Malformed("1E+999999", "malformed_integer")),
        (LONG, Malformed(LONG, "malformed_integer")),
    ],
)
def test_a_whole_number_that_was_kept_otherwise(kept: Kind, text: str, read: Value) -> None:
    """Invariant 5: one that nobody can read is a mark, and no error."""
    was, now = (Table("t", "eam.t", (Column("n", kind),), (0,)) for kind in (kept, Kind.INTEGER))
    assert decode_row(now, encode_row(was, (text if kept is Kind.TEXT else Decimal(text),))) == (read,)


def test_a_posting_is_told_whole() -> None:
    """Invariant 8: cards, the voucher with every line, and other rows; amounts as text, to the cent."""
    day = date(2026, 2, 3)
    dims: dict[str, Value] = {"dept": "SC", "asset": None}
    entries = (
        Entry("1601", Decimal("100.10"), Decimal(0), "new", dims),
        Entry("1002", Decimal(0), Decimal("100.10"), "new", {}),
    )
    voucher = Voucher("记", "2026-02", day, day, "new", entries)
    posting = Posting(
        *("k", "r", "s", CHANGE, (CardWrite("A", "open", {"v": Decimal("1.10"), "on": day, "n": 2**70}),), voucher),
        rows=(TableRow("fin.x", ("a",), {"a": True}),),
    )
    content = encode_content(posting)
    assert '"cards":[["A","open",{"v":"1.10","on":"2026-02-03","n":1180591620717411303424}]]' in content
    assert '"rows":[["fin.x",["a"],{"a":true}]]' in content
    assert decode_voucher(content) == voucher
