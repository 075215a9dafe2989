"""How a voucher lies in finance, as the record remembers it; and one spelling, whatever a database gives back."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd import journal
from syncd.change import Change, Kind, Position, Value
from syncd.journal import Source
from syncd.mapping.language.load import load
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.layout.numbers import Pattern
from syncd.ports import Numbered
from syncd.posting import Entry, Posting, Reversed, Voucher
from syncd.record import decode_kept, decode_voucher, encode_content

GOLDEN = Path(__file__).parent.parent / "golden"
LAYOUTS = [*sorted((GOLDEN / "legacy").glob("finance_*.yaml")), GOLDEN / "example" / "example.yaml"]
DAY = date(2026, 2, 5)
CHANGE = Change("t", "read", None, None, Position(""), datetime(2026, 1, 1, tzinfo=UTC))


def posting(lines: int = 2, period: str = "2026-02", key: str = "k") -> Posting:
    entries = tuple(Entry("1601", Decimal(n), Decimal("0.5"), f"行{n}", {"dept": "SC"}) for n in range(lines))
    voucher = Voucher("记", period, DAY, date(2026, 1, 31), "试", entries)
    return Posting(key, "r", "s", CHANGE, (), voucher, (), Reversed("a", "2026-01 记-7"))


def told(layout: FinanceLayout, content: str, of: Posting, ref: str) -> dict[str, list[dict[str, Any]]]:
    """What the record tells of a voucher's rows, table by table, without the layout's help."""
    shape, number, kept = decode_kept(content)
    assert shape == layout.shape.hash == journal.hash_of(layout.shape.text)
    voucher = decode_voucher(content)
    assert voucher is not None
    source = Source(of.key, of.rule, of.subject, ref, "2026-01 记-7", voucher)
    found = journal.written(journal.decode(layout.shape.text), source, number, kept)
    return {
        name: [dict(zip([c.name for c in table.columns], row, strict=True)) for row in rows]
        for name, table, rows in found
    }


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_the_record_tells_what_was_rendered(path: Path) -> None:
    """Invariant 12, over ids that a lookup gave, GUIDs, fractions, a table a year, a header on its lines; postings
    without a voucher between, vouchers of different lengths."""
    layout = load(path).layout
    lookups: dict[str, Mapping[Value, Value]] = {n: {"1601": 117, "SC": "7 "} for n in layout.lookups}
    lot = [
        Numbered(posting(2, "2025-12", "a"), 1),
        Numbered(Posting("none", "r", "s", CHANGE), 0),
        Numbered(posting(3, "2026-02", "b"), 1),
        Numbered(posting(2, "2025-12", "c"), 2),
    ]
    kinds = {c.name: c.kind for table in layout.shape.tables for c in table.columns}
    together = layout.shape.kept(lot, list(layout.render(lot, lookups)))
    assert together[1] == ()
    for one, kept in zip(lot, together, strict=True):
        if one.posting.voucher is None:
            continue
        writes = list(layout.render([one], lookups))
        assert [kept] == layout.shape.kept([one], writes), "each gets its own rows"
        ref = layout.voucher_ref(one.posting.voucher.period, one.posting.voucher.type, one.number, one.posting.key)
        tables = told(layout, encode_content(one.posting, finance=kept), one.posting, ref)
        assert list(tables) == [write.table for write in writes]
        for write in writes:
            names = list(tables[write.table][0])
            rendered = [dict(zip(write.columns, row, strict=True)) for row in write.rows]
            assert [[journal.spelled(kinds[n], row[n]) for n in names] for row in tables[write.table]] == [
                [journal.spelled(kinds[n], row[n]) for n in names] for row in rendered
            ]
            assert all(len({row[name] for row in rendered}) == 1 for name in set(write.columns) - set(names))


def test_a_posting_of_before_keeps_nothing() -> None:
    assert decode_kept(encode_content(posting())) == ("", 0, [])


def test_where_columns_are_given_names_the_record_keeps_no_values() -> None:
    """The record is the dearest row on both sides: it says nothing twice."""
    layout = load(GOLDEN / "example" / "example.yaml").layout
    lot = [Numbered(posting(), 7)]
    assert layout.shape.kept(lot, []) == [(layout.shape.hash, 7)]


@pytest.mark.parametrize(
    ("layout", "table", "key", "columns"),
    [
        ("fractions", 1, ["period", "type", "num"], ["period", "type", "num", "line", "account", "value_num"]),
        ("guids", 0, ["id"], ["id", "period", "type", "number", "date"]),
        ("guids", 1, ["voucher_id"], ["id", "voucher_id", "line", "account", "debit", "credit"]),
        ("table_a_year", 0, ["month", "type", "number"], ["month", "type", "number", "date"]),
    ],
)
def test_a_layout_tells_what_finds_a_voucher_and_what_depends_on_it(
    layout: str, table: int, key: list[str], columns: list[str]
) -> None:
    """A constant is a state or a maker that finance's people go on to change: it is left out."""
    shape = load(GOLDEN / "legacy" / f"finance_{layout}.yaml").layout.shape.tables[table]
    assert (list(shape.key), [c.name for c in shape.columns]) == (key, columns)
    assert shape.is_shared


def test_what_a_lookup_gave_is_kept_and_has_no_kind() -> None:
    (_, entries) = load(GOLDEN / "legacy" / "finance_ids.yaml").layout.shape.tables
    columns = {c.name: (c.kind, c.source) for c in entries.columns}
    assert columns["faccountid"] == columns["fdeptid"] == (Kind.NULL, "")
    assert columns["fdebit"] == (Kind.DECIMAL, "entry.debit")


@pytest.mark.parametrize(
    ("kind", "written", "given_back"),
    [
        (Kind.INTEGER, 1, "1"),
        (Kind.INTEGER, 1, Decimal("1.0")),
        (Kind.DECIMAL, Decimal("100.10"), "100.1"),
        (Kind.DECIMAL, Decimal("1E+2"), Decimal("100.0000")),
        (Kind.DECIMAL, Decimal("-0.00"), Decimal(0)),
        (Kind.DATE, DAY, "2026-02-05"),
        (Kind.DATE, "2026-02-05", datetime(2026, 2, 5)),
        (Kind.TIMESTAMP, datetime(2026, 2, 5, 8, 30), "2026-02-05 08:30:00"),
        (Kind.TIMESTAMP, datetime(2026, 2, 5, 8, 30), datetime(2026, 2, 5, 8, 30, tzinfo=UTC)),
        (Kind.TEXT, "折旧", "折旧   "),
        (Kind.TEXT, None, None),
        (Kind.BOOLEAN, True, 1),
        (Kind.BOOLEAN, False, "0"),
        (Kind.NULL, 16010, "16010 "),
        (Kind.NULL, "16010", Decimal("16010")),
    ],
)
def test_a_value_is_known_again_however_a_database_spells_it(kind: Kind, written: object, given_back: object) -> None:
    """Invariant 12: no voucher is accused for what is another spelling of it."""
    assert journal.spelled(kind, written) == journal.spelled(kind, given_back)


@pytest.mark.parametrize(
    ("kind", "written", "edited"),
    [
        (Kind.INTEGER, 1, 2),
        (Kind.DECIMAL, Decimal("100.10"), "100.11"),
        (Kind.DECIMAL, Decimal("100.10"), "-100.10"),
        (Kind.DATE, DAY, "2026-02-06"),
        (Kind.TEXT, "折旧", "折 旧"),
        (Kind.TEXT, "折旧", None),
        (Kind.BOOLEAN, True, 0),
        (Kind.NULL, 16010, 1601),
    ],
)
def test_a_value_that_was_edited_is_another(kind: Kind, written: object, edited: object) -> None:
    """Invariant 12."""
    assert journal.spelled(kind, written) != journal.spelled(kind, edited)


@pytest.mark.parametrize(
    ("period", "year", "month"),
    [("2026-02", 2026, 2), ("202602", 2026, 2), ("202612", 2026, 12), ("2026/12", 2026, 12), ("FY26 P8", 2025, 3)],
)
def test_a_vouchers_year_and_month_are_those_of_its_periods_code(period: str, year: int, month: int) -> None:
    """In a number that is written by a pattern, too; of its day where the code tells neither."""
    day = date(2025, 3, 31)
    assert (journal.year_of(period, day), journal.month_of(period, day)) == (year, month)
    if period.startswith("2026"):
        assert Pattern("{year}{month}-{number:03}").written(period, "", 7) == f"{year}{month:02}-007"
