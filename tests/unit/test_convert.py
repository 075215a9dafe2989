"""Source values as what their columns are declared to be: exactly, or marked with the reason. Invariant 7."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.convert import Unfit, converter, parser, row_converter, typed
from syncd.change import UNCHANGED, Column, Kind, Malformed, Table, Value
from syncd.language import catalogue

INTEGER, DECIMAL, MONEY = Column("c", Kind.INTEGER), Column("c", Kind.DECIMAL), Column("c", Kind.DECIMAL, "money")
TEXT, BOOLEAN, DATE, MOMENT = (Column("c", kind) for kind in (Kind.TEXT, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP))
EPOCH = Column("c", Kind.TIMESTAMP, "epoch")
EPOCH_DAY = Column("c", Kind.DATE, "epoch")
HUNDREDTHS = Column("c", Kind.DECIMAL, places=2)
MAYBE_DAY = Column("c", Kind.DATE, is_zero_null=True)
MAYBE_COMPACT = Column("c", Kind.DATE, "%Y%m%d", is_zero_null=True)
MAYBE_MOMENT = Column("c", Kind.TIMESTAMP, is_zero_null=True)
TEXTS, NUMBERS, AMOUNTS, DAYS, FLAGS = (
    Column("c", Kind.TEXT, elements=kind) for kind in (Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.BOOLEAN)
)
COMPACT, DOTTED = Column("c", Kind.DATE, "%Y%m%d"), Column("c", Kind.DATE, "%Y年%m月%d日")
STAMP = Column("c", Kind.TIMESTAMP, "%Y%m%d%H%M%S")
NOON = datetime(2026, 1, 31, 4, tzinfo=UTC)
"""Noon in Shanghai."""
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("column", "given", "value"),
    [
        (INTEGER, " 12 ", 12),
        (INTEGER, Decimal("12.00"), 12),
        (INTEGER, 12.0, 12),
        (DECIMAL, "1.2345", Decimal("1.2345")),
        (DECIMAL, 7, Decimal(7)),
        (DECIMAL, 0.1, Decimal("0.1")),
        (MONEY, "150000", Decimal(150000)),
        (MONEY, "5.1000", Decimal("5.10")),
        (MONEY, Decimal("-5.10"), Decimal("-5.10")),
        (TEXT, 12, "12"),
        (TEXT, "数控".encode(), "数控"),
        (TEXT, True, "true"),
        (TEXT, Decimal("1E+2"), "100"),
        (BOOLEAN, 0, False),
        (BOOLEAN, "Y", True),
        (DATE, "2026-01-31", date(2026, 1, 31)),
        (DATE, datetime(2026, 1, 31, 23), date(2026, 1, 31)),
        (DATE, datetime(2026, 1, 31, 23, tzinfo=UTC), date(2026, 2, 1)),
        (COMPACT, "20260131", date(2026, 1, 31)),
        (COMPACT, 20260131, date(2026, 1, 31)),
        (DOTTED, "2026年1月31日", date(2026, 1, 31)),
        (MOMENT, "2026-01-31 12:00", NOON),
        (MOMENT, "2026-01-31T04:00:00Z", NOON),
        (MOMENT, datetime(2026, 1, 31, 12), NOON),
        (MOMENT, date(2026, 1, 31), datetime(2026, 1, 30, 16, tzinfo=UTC)),
        (STAMP, "20260131120000", NOON),
        (EPOCH, 1769832000, NOON),
        (EPOCH, "1769832000.5", NOON.replace(microsecond=500000)),
        (EPOCH, None, None),
        (EPOCH_DAY, 1770134399, date(2026, 2, 3)),
        (EPOCH_DAY, "1770134400", date(2026, 2, 4)),
        (HUNDREDTHS, 0.1 + 0.2, Decimal("0.30")),
        (HUNDREDTHS, 2.675, Decimal("2.68")),
        (HUNDREDTHS, -1e-9, Decimal("0.00")),
        (HUNDREDTHS, 9007199254740.993, Decimal("9007199254740.99")),
        (HUNDREDTHS, "1.005", Decimal("1.01")),
        (HUNDREDTHS, 7, Decimal("7.00")),
        (MAYBE_DAY, "0000-00-00", None),
        (MAYBE_DAY, "0000-00-00 00:00:00.000", None),
        (MAYBE_DAY, " ", None),
        (MAYBE_DAY, "2026-01-31", date(2026, 1, 31)),
        (MAYBE_COMPACT, "00000000", None),
        (MAYBE_COMPACT, 0, None),
        (MAYBE_COMPACT, "20260131", date(2026, 1, 31)),
        (MAYBE_MOMENT, "0000-00-00 00:00:00+00:00", None),
        (TEXTS, '{a,NULL,"NULL","b,\\"c\\\\","{}",""}', '["a", null, "NULL", "b,\\"c\\\\", "{}", ""]'),
        (TEXTS, "{}", "[]"),
        (TEXTS, '["机", null]', '["机", null]'),
        (TEXTS, ["机", None], '["机", null]'),
        (NUMBERS, "{1,-7,NULL}", "[1, -7, null]"),
        (NUMBERS, "[1, -7, null]", "[1, -7, null]"),
        (AMOUNTS, "{1.50,NULL}", '["1.50", null]'),
        (AMOUNTS, "[1.50, null]", '["1.50", null]'),
        (DAYS, "{2026-01-31}", '["2026-01-31"]'),
        (FLAGS, "{t,f,NULL}", "[true, false, null]"),
        (FLAGS, "[true, false]", "[true, false]"),
    ],
)
def test_what_fits_is_read(column: Column, given: object, value: Value) -> None:
    read = converter(column)(given)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("column", "given", "reason"),
    [
        (INTEGER, "1_000", "malformed_number"),
        (INTEGER, "１２", "malformed_number"),
        (INTEGER, "1.5", "malformed_integer"),
        (INTEGER, "", "malformed_empty"),
        (DECIMAL, "12,000.00", "malformed_number"),
        (DECIMAL, "NaN", "malformed_unending"),
        (DECIMAL, Decimal("sNaN"), "malformed_unending"),
        (DECIMAL, float("inf"), "malformed_unending"),
        (DECIMAL, 0.1 + 0.2, "malformed_float"),
        (DECIMAL, "1e9999", "malformed_huge"),
        (DECIMAL, "1e99999", "malformed_number"),
        (MONEY, "150000.005", "malformed_places"),
        (MONEY, Decimal("0.001"), "malformed_places"),
        (MONEY, "十五万", "malformed_number"),
        (TEXT, "a\0b", "malformed_nul"),
        (TEXT, "机\ud800", "malformed_charset"),
        (TEXT, b"\xb9\xfa", "malformed_utf8"),
        (TEXT, object, "malformed_type"),
        (BOOLEAN, "maybe", "malformed_boolean"),
        (BOOLEAN, 2, "malformed_boolean"),
        (DATE, "0000-00-00", "malformed_zero_date"),
        (DATE, "2026-02-30", "malformed_date"),
        (DATE, "infinity", "malformed_unending"),
        (DATE, "20260131", "malformed_date"),
        (COMPACT, "00000000", "malformed_zero_date"),
        (COMPACT, "2026111", "malformed_date"),
        (COMPACT, "2026-01-31", "malformed_date"),
        (MOMENT, "0000-00-00 00:00:00", "malformed_zero_date"),
        (MOMENT, "2026-01-31 25:00", "malformed_timestamp"),
        (MOMENT, "9999-12-31 23:00:00-08", "malformed_timestamp"),
        (STAMP, "2026013112000", "malformed_timestamp"),
        (EPOCH, "1769832000000000", "malformed_timestamp"),
        (EPOCH, "today", "malformed_number"),
        (HUNDREDTHS, 123456789012345.67, "malformed_float"),
        (HUNDREDTHS, float("nan"), "malformed_unending"),
        (HUNDREDTHS, "1e60", "malformed_huge"),
        (MAYBE_DAY, "2026-00-00", "malformed_date"),
        (TEXTS, "{{a},{b}}", "malformed_array"),
        (TEXTS, "[2:3]={a,b}", "malformed_array"),
        (TEXTS, '[["a"]]', "malformed_array"),
        (TEXTS, "{a", "malformed_array"),
        (TEXTS, "{a}b", "malformed_array"),
        (TEXTS, "a,b", "malformed_array"),
        (NUMBERS, "{1,x}", "malformed_number"),
    ],
)
def test_what_does_not_fit_says_why(column: Column, given: object, reason: str) -> None:
    with pytest.raises(Unfit) as unfit:
        converter(column)(given)
    assert unfit.value.reason == reason
    assert reason in catalogue()


def test_a_row_keeps_its_good_columns_and_marks_the_others() -> None:
    """A bad value is no error of the reader: rules that do not use it go on."""
    table = Table("a", "a", (INTEGER, MONEY, DATE, TEXT), (0,))
    convert = row_converter(table)
    assert convert((1, "2.50", "2026-01-31", None)) == ((1, Decimal("2.50"), date(2026, 1, 31), None), False)
    row, flawed = convert(("x", "2.50", UNCHANGED, b"\xff"))
    assert flawed
    assert row == (
        Malformed("x", "malformed_number"),
        Decimal("2.50"),
        UNCHANGED,
        Malformed("\\xff", "malformed_utf8"),
    )


def test_the_zone_of_times_without_one_is_chosen() -> None:
    assert parser(MOMENT, ZoneInfo("UTC"))("2026-01-31 04:00:00") == NOON
    assert parser(DATE, ZoneInfo("UTC"))("2026-01-31 23:00:00+00") == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (Column("c", Kind.DECIMAL, "money"), " 12 ", Decimal(12)),
        (Column("c", Kind.DECIMAL, "money"), "1e3", Decimal("1e3")),
        (Column("c", Kind.DECIMAL, "money"), "1.005", Malformed("1.005", "malformed_places")),
        (Column("c", Kind.DECIMAL, "money"), "1,000.00", Malformed("1,000.00", "malformed_number")),
        (Column("c", Kind.DECIMAL), "1.005", Decimal("1.005")),
        (Column("c", Kind.DECIMAL), "NaN", Malformed("NaN", "malformed_unending")),
        (Column("c", Kind.DECIMAL), "-Infinity", Malformed("-Infinity", "malformed_unending")),
        (Column("c", Kind.DECIMAL), "１２", Malformed("１２", "malformed_number")),
        (Column("c", Kind.DECIMAL), "", Malformed("", "malformed_empty")),
        (Column("c", Kind.INTEGER), "1e3", 1000),
        (Column("c", Kind.INTEGER), "1.5", Malformed("1.5", "malformed_integer")),
        (Column("c", Kind.INTEGER), "1_000", Malformed("1_000", "malformed_number")),
        (Column("c", Kind.BOOLEAN), "yes", True),
        (Column("c", Kind.BOOLEAN), "0", False),
        (Column("c", Kind.BOOLEAN), "perhaps", Malformed("perhaps", "malformed_boolean")),
        (Column("c", Kind.DATE), "2026-02-30", Malformed("2026-02-30", "malformed_date")),
        (Column("c", Kind.DATE), "20260203", Malformed("20260203", "malformed_date")),
        (Column("c", Kind.DATE, "%Y%m%d"), "20260203", date(2026, 2, 3)),
        (Column("c", Kind.DATE, "%Y%m%d"), "2026-02-03", date(2026, 2, 3)),
        (Column("c", Kind.DATE, "%Y%m%d"), "2026111", Malformed("2026111", "malformed_date")),
        (Column("c", Kind.TIMESTAMP), "2026-02-03 01:30", datetime(2026, 2, 3, 0, 30, tzinfo=UTC)),
        (Column("c", Kind.TIMESTAMP), "2026-02-03T01:30:00Z", datetime(2026, 2, 3, 1, 30, tzinfo=UTC)),
        (Column("c", Kind.TIMESTAMP, "epoch"), "1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (Column("c", Kind.TIMESTAMP, "epoch"), "2026-07-03 01:30:00", datetime(2026, 7, 2, 23, 30, tzinfo=UTC)),
        (Column("c", Kind.TIMESTAMP), "half past one", Malformed("half past one", "malformed_timestamp")),
        (Column("c", Kind.TEXT), "a\0", Malformed("a\0", "malformed_nul")),
    ],
)
def test_what_a_person_types_is_taken_as_the_source_would(column: Column, text: str, value: Value) -> None:
    """Invariant 7: no other door takes what the sources' refuses. Times are by the clock where the books are."""
    assert typed(column, text, PARIS) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=2))
def test_money_comes_back_to_the_cent(amount: Decimal) -> None:
    assert converter(MONEY)(str(amount)) == converter(MONEY)(amount) == amount


@given(st.text(max_size=12))
def test_text_is_a_number_exactly_when_the_database_would_say_so(text: str) -> None:
    """Whatever is read as a number consists of ASCII digits, sign, point and exponent only."""
    try:
        number = parser(DECIMAL)(text)
    except Unfit:
        return
    assert set(text.strip(" ")) <= set("0123456789+-.eE")
    assert number == Decimal(text.strip(" "))


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.decimals(), st.dates())
)
def test_whatever_a_driver_returns_is_a_value_or_a_mark(value: object) -> None:
    table = Table("a", "a", (INTEGER, DECIMAL, MONEY, TEXT, BOOLEAN, DATE, MOMENT, EPOCH, COMPACT, STAMP), (0,))
    row, flawed = row_converter(table)([value] * len(table.columns))
    assert flawed == any(isinstance(v, Malformed) for v in row)
