"""Both sides held against each other, without databases."""

import tracemalloc
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.books.reconciliation import history
from syncd.books.reconciliation.reconcile import ASSETS_MAX, Amounts, Control, Group, compare, controlled, side_by_side
from syncd.cli import reconciling
from syncd.errors import MappingErrors
from tests.unit.lab import BILLS, loaded

ALERT = Decimal("0.01")


def amounts(original: str, accumulated: str = "0", impairment: str = "0") -> Amounts:
    return Amounts(Decimal(original), Decimal(accumulated), Decimal(impairment))


def test_equal_sides_differ_in_nothing() -> None:
    held = [("FA-SC-1", amounts("100.00", "5.00")), ("FA-SC-2", amounts("200", "10"))]
    same = [("FA-SC-1", amounts("100", "5")), ("FA-SC-2", amounts("200.00", "10.00"))]
    report = compare(side_by_side(held, same), ALERT)
    assert (report.assets, report.differing, report.alerting) == (2, 0, 0)
    assert report.eam == report.finance
    assert report.eam.carrying_amount == Decimal("285.00")


def test_no_share_is_below_nothing() -> None:
    """A share of less than zero would alert of every asset."""
    block = "reconcile: {on: bill, asset_code: id::text, original_value: amount, alert_above: %s}"
    assert loaded(BILLS + block % "0").reconcile is not None
    with pytest.raises(MappingErrors) as refused:
        loaded(BILLS + block % "-0.01")
    assert [(e.code, e.params["place"]) for e in refused.value.errors] == [("wrong_shape", "reconcile.alert_above")]


@pytest.mark.parametrize(("finance", "alerting"), [("10100.00", 0), ("10100.01", 2), ("9900.00", 0), ("9899.99", 2)])
def test_alert_is_strictly_above_one_per_cent(finance: str, alerting: int) -> None:
    """The asset and the total of the only asset alert together."""
    report = compare(side_by_side([("A", amounts("10000"))], [("A", amounts(finance))]), ALERT)
    assert report.differing == 1
    assert report.alerting == alerting
    assert {d.field for d in report.differences} == {"original_value", "carrying_amount"}


def test_asset_that_one_side_lacks_alerts() -> None:
    """Scrapped in one system, still depreciating in the other."""
    report = compare(side_by_side([("A", amounts("1"))], [("A", amounts("1")), ("B", amounts("2"))]), ALERT)
    assert [(d.asset_code, d.eam, d.finance) for d in report.differences] == [("B", None, Decimal(2))]
    assert report.differences[0].figures == amounts("2")
    assert report.alerting == 2


def test_code_that_stands_twice_is_found() -> None:
    report = compare(side_by_side([("A", amounts("1")), ("A", amounts("1"))], [("A", amounts("1"))]), ALERT)
    assert {(d.asset_code, d.finance) for d in report.differences} == {("A", None)}


def test_amount_that_cannot_be_read_is_a_difference_and_not_a_zero() -> None:
    report = compare(side_by_side([("A", Amounts(None, Decimal(0)))], [("A", amounts("0"))]), ALERT)
    assert [(d.field, d.eam) for d in report.differences] == [("original_value", None), ("carrying_amount", None)]
    assert report.alerting == 1


@pytest.mark.parametrize(("balance", "alerting"), [("9306000", 0), ("9306000.01", 0), ("9076000", 1)])
def test_accounts_that_do_not_hold_what_the_cards_say_alert(balance: str, alerting: int) -> None:
    """Both sides agree, asset by asset: only the accounts know that a voucher is missing."""
    report = compare(side_by_side([("A", amounts("9306000"))], [("A", amounts("9306000"))]), ALERT)
    control = Control("original_value", ["1601"], Decimal(balance), Decimal("9306000"))
    checked = controlled(report, [control], ALERT)
    assert (checked.differing, checked.alerting, checked.controls) == (0, alerting, [control])


codes = st.dictionaries(st.text(max_size=3), st.integers(0, 9).map(lambda n: amounts(str(n))), max_size=8)


@given(codes, codes)
def test_merging_is_a_full_outer_join_in_byte_order(left: dict[str, Amounts], right: dict[str, Amounts]) -> None:
    def piled(side: dict[str, Amounts]) -> list[tuple[str, Amounts]]:
        return sorted(side.items(), key=lambda item: item[0].encode("utf-8", "surrogatepass"))

    merged = list(side_by_side(piled(left), piled(right)))
    assert [code for code, *_ in merged] == [code for code, _ in piled(left | right)]
    assert all((one, other) == (left.get(code), right.get(code)) for code, one, other, _ in merged)


def test_memory_stays_flat_however_many_assets_differ() -> None:
    """Invariant 11: all are counted, those of the first thousand assets listed."""

    def side(value: str) -> Iterator[tuple[str, Amounts]]:
        return ((f"FA-{n:07}", amounts(value)) for n in range(20_000))

    tracemalloc.start()
    report = compare(side_by_side(side("1"), side("2")), ALERT)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (report.assets, report.differing, len(report.differences)) == (20_000, 20_000, 2 * ASSETS_MAX)
    assert peak_bytes < 12_000_000


def test_the_same_amount_in_other_digits_is_told_as_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """A ledger with two places beside cards with as many as there are: neither accounts nor totals are listed."""
    report = compare(side_by_side([("A", amounts("10.50"))], [("A", amounts("10.5"))]), ALERT)
    control = Control("original_value", ["1601"], Decimal("10.50"), Decimal("10.5"))
    group = Group("dept", "SC", amounts("10.50"), amounts("10.5"))
    reconciling._show(history.plain(report._replace(controls=[control], groups=[group])))
    told = capsys.readouterr().out
    assert "10.5" in told
    assert "1601" not in told
    assert "dept" not in told
