"""Money: exact from the wire to the table, rounded in one way, and nothing taken that is no exact number."""

from decimal import Context, Decimal, getcontext, localcontext

import pytest

from syncd.money import CENT, EXACT, ZERO, at_most, decimal, is_money, round_half_up

D = Decimal


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.005", "0.01"),  # half to even gives 0.00
        ("0.025", "0.03"),  # half to even gives 0.02
        ("2.665", "2.67"),  # half to even gives 2.66
        ("2.675", "2.68"),  # the binary fraction beside it gives 2.67
        ("0.004999", "0.00"),
        ("0.015", "0.02"),
        ("1900", "1900.00"),
    ],
)
def test_half_a_cent_rounds_up_and_never_to_even(value: str, rounded: str) -> None:
    assert str(round_half_up(D(value))) == rounded


@pytest.mark.parametrize(("value", "rounded"), [("-0.005", "-0.01"), ("-2.665", "-2.67"), ("-0.0049", "-0.00")])
def test_half_of_a_negative_rounds_away_from_zero(value: str, rounded: str) -> None:
    """As a red letter: what is cancelled is the same number that was posted."""
    assert str(round_half_up(D(value))) == rounded
    assert round_half_up(D(value)) == -round_half_up(-D(value))


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        ("3166.6665", 3, "3166.667"),
        ("3166.6665", 2, "3166.67"),
        ("0.00025", 4, "0.0003"),
        ("2.5", 0, "3"),
        ("149.5", 0, "150"),
        ("-2.5", 0, "-3"),
        ("50", -2, "1E+2"),
        ("1.23", 6, "1.230000"),
    ],
)
def test_places_other_than_two(value: str, places: int, rounded: str) -> None:
    assert str(round_half_up(D(value), places)) == rounded


def test_two_places_are_what_nobody_need_ask_for() -> None:
    assert str(round_half_up(D("1.2345"))) == "1.23"


def test_large_amounts_keep_every_digit() -> None:
    """Invariant 7: the interpreter's own 28 digits are not enough for a product of two NUMERIC(28, x)."""
    amount = D("1234567890123456789012345678901234567890.125")
    assert str(round_half_up(amount)) == "1234567890123456789012345678901234567890.13"
    left, right = 1234567890123456789012, 9876543210987654321098
    assert EXACT.multiply(D(left).scaleb(-2), D(right).scaleb(-2)) == EXACT.scaleb(D(left * right), -4)
    assert getcontext().prec < EXACT.prec


def test_rounding_does_not_ask_the_thread_it_runs_in() -> None:
    """Whoever sets the interpreter's context, a driver or a library, changes no amount."""
    with localcontext(Context(prec=4, rounding="ROUND_DOWN")):
        assert str(round_half_up(D("123456.785"))) == "123456.79"
        assert is_money(D("123456.78"))
        assert not is_money(D("123456.785"))


@pytest.mark.parametrize("amount", ["0", "0.00", "1", "1.5", "1.50", "1.500", "-13.13", "1E+3", "99999999999999999.99"])
def test_two_places_and_fewer_are_money(amount: str) -> None:
    assert is_money(D(amount))


@pytest.mark.parametrize("amount", ["0.001", "1.005", "1.501", "-0.009", "99999999999999999.999"])
def test_three_places_are_no_money(amount: str) -> None:
    """A voucher with a tenth of a cent balances and can be paid by nobody."""
    assert not is_money(D(amount))


@pytest.mark.parametrize(
    ("value", "number"),
    [("12.30", "12.30"), (7, "7"), (D("0.1"), "0.1"), ("-5", "-5"), ("1e3", "1E+3"), (" 4.5 ", "4.5")],
)
def test_exact_numbers_come_in_with_the_digits_they_have(value: object, number: str) -> None:
    assert str(decimal(value)) == number


@pytest.mark.parametrize("value", [0.1, 1.0, -0.0, float("nan"), float("inf")])
def test_a_float_is_refused_wherever_it_turns_up(value: float) -> None:
    """Invariant 7: a binary fraction has already lost what it once stood for."""
    with pytest.raises(ValueError, match="not an exact number"):
        decimal(value)


@pytest.mark.parametrize("value", [True, False, None, b"1", 1j, [1], ()])
def test_what_only_looks_like_a_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not an exact number"):
        decimal(value)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-inf", D("NaN"), D("-Infinity")])
def test_what_is_not_finite_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        decimal(value)


@pytest.mark.parametrize("value", ["十五万", "", " ", "1,000.00", "1.2.3", "0x10", "¥5", "12 元", "--1"])
def test_prose_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        decimal(value)


def test_a_cent_and_nothing() -> None:
    assert (str(CENT), str(ZERO)) == ("0.01", "0")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("9.995", "10.00"),
        ("9.994", "9.99"),
        ("-0.005", "-0.01"),
        ("-0.004", "0.00"),
        ("10", "10"),
        ("7.10", "7.10"),
    ],
)
def test_a_number_has_at_most_the_places_that_finance_keeps(given: str, kept: str) -> None:
    """Half away from zero, no zero below zero; what has no more places stays as it is written. Invariant 13."""
    assert str(at_most(Decimal(given), 2)) == kept


def test_more_places_are_kept_where_finance_keeps_them() -> None:
    assert str(at_most(Decimal("0.12345"), 4)) == "0.1235"
    assert at_most(None, 2) is None
