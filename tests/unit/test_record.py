"""Rows and changes come back from their stored text as they were. Invariant 7."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from syncd.change import UNCHANGED, Change, Column, Kind, Malformed, Position, Row, Table, Value
from syncd.posting import CardWrite, Entry, Posting, TableRow, Voucher
from syncd.record import decode_change, decode_row, decode_voucher, encode_change, encode_content, encode_row, has_marks

KINDS = (Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP, Kind.BOOLEAN)
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
