"""Invariants 4 and 5: a group that cannot be posted whole. Its rows are parked in their own place, what is left of it
is posted when they are settled, and nothing of it is out of reach."""

from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal

import pytest

from syncd.desk.parked import operators
from syncd.errors import Halt
from syncd.mapping.program import translator
from syncd.ports import Book
from tests.advice import advice
from tests.unit import lab as lab_module
from tests.unit.lab import CLERK, NAME, SQL, Lab, loaded
from tests.unit.test_log_decides import APPROVED, CHARGE, COLLECTING, asset, cleared

BY_DEPARTMENT = COLLECTING.replace(
    "{account: \"'6602'\", debit: after.amount}", "{account: dept.code, debit: after.amount}"
)
OK, BAD = {"id": 5, "code": "6602"}, {"id": 5, "code": "9999"}
OTHER = {**CHARGE, "asset_id": 2}


@pytest.fixture
def finance_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A debit of 13.13 is none."""
    refusing = SQL.replace("debit TEXT NOT NULL,", "debit TEXT NOT NULL CHECK (debit <> '13.13'),")
    assert refusing != SQL
    monkeypatch.setattr(lab_module, "SQL", refusing)


@pytest.fixture
def finance_refuses_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """No card may be charged 13.13."""
    refusing = SQL.replace(
        "accumulated_depreciation TEXT,", "accumulated_depreciation TEXT CHECK (accumulated_depreciation <> '13.13'),"
    )
    assert refusing != SQL
    monkeypatch.setattr(lab_module, "SQL", refusing)


@pytest.fixture(params=[True, False], ids=["at rest between", "one batch"])
def splits(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def charged(mapping: str, splits: bool, *charges: dict[str, object]) -> Lab:
    """Two assets, A and B, each charged."""
    lab = Lab(mapping, splits)
    lab.commit(lab.insert("dept", **OK), lab.insert("asset", **asset()), lab.insert("asset", **asset(2, "B")))
    for charge in charges:
        lab.commit(lab.insert("deprec", **charge))  # type: ignore[arg-type]
    return lab


def fall_due_in_vain(lab: Lab) -> None:
    """The department's account is one that finance does not know when the period is approved."""
    lab.commit(lab.update("dept", OK, code="9999"))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()


def scrap(lab: Lab, id: int, code: str) -> None:
    lab.commit(lab.update("asset", asset(id, code), status="scrapped"))


def test_a_row_that_fails_when_its_group_is_due_goes_before_what_waits_behind_it(splits: bool) -> None:
    lab = charged(BY_DEPARTMENT, splits, CHARGE)
    scrap(lab, 1, "A")
    fall_due_in_vain(lab)
    assert [state for _, state, _ in lab.parked] == ["failed", "behind"]
    lab.commit(lab.update("dept", BAD, code="6602"))
    lab.rest()
    lab.retry("A")
    assert not lab.parked
    assert cleared(lab) == (Decimal("100.00"), Decimal("0"), Decimal("90.00")), (
        "B is there, and A is cleared of what was charged"
    )


def test_what_waits_behind_a_row_that_was_given_up_goes_on(splits: bool) -> None:
    lab = charged(BY_DEPARTMENT, splits, CHARGE)
    scrap(lab, 1, "A")
    fall_due_in_vain(lab)
    give_up_the_first(lab)
    assert not lab.parked
    assert cleared(lab) == (Decimal("100.00"), Decimal("0"), Decimal("100.00"))


def give_up_the_first(lab: Lab) -> None:
    first = min(operators.parked(lab.ledger, NAME, operators.Selection()), key=lambda row: row.id)
    operators.discard(lab.ledger, NAME, operators.Selection(ids=(first.id,)), CLERK)
    lab.rest()


def test_the_row_that_finance_refuses_is_parked_and_the_rest_is_posted(
    splits: bool, finance_refuses_the_card: None
) -> None:
    lab = charged(COLLECTING, splits, CHARGE, {**OTHER, "amount": Decimal("13.13")})
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert lab.parked == [("B", "failed", "row_check")]
    assert lab.balance("1602") == Decimal("-10.00")
    scrap(lab, 2, "B")
    lab.rest()
    assert [(subject, state) for subject, state, _ in lab.parked][-1] == ("B", "behind")


@pytest.mark.parametrize("rows_max", [1, 2, 3, 4_000])
def test_invariant_13_a_group_is_the_same_in_lots_of_any_size(
    rows_max: int, monkeypatch: pytest.MonkeyPatch, finance_refuses_the_card: None
) -> None:
    """Two rows of one card in different lots: the second goes on from what the first makes of it, of which finance
    knows nothing yet. One that finance refuses is parked alone."""
    monkeypatch.setattr(translator, "GATHERED_ROWS_MAX", rows_max)
    refused = {**OTHER, "amount": Decimal("13.13")}
    charges = [{**CHARGE, "amount": Decimal(n)} for n in range(1, 6)]
    lab = charged(COLLECTING, False, *charges[:3], refused, *charges[3:])
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert lab.parked == [("B", "failed", "row_check")]
    assert lab.balance("1602") == Decimal("-15.00")
    assert lab.ask("SELECT accumulated_depreciation FROM fa_card WHERE asset_code = 'A'") == [("15.00",)]
    assert [summary for *_, summary in lab.vouchers].count("dep") == 1


def test_invariant_11_what_refuses_every_row_is_not_looked_for_row_by_row(
    monkeypatch: pytest.MonkeyPatch, finance_refuses_the_card: None
) -> None:
    """It is the rule's fault then, and the first row speaks for all; the transactions do not grow with the rows."""

    def transactions(assets: int) -> int:
        lab = Lab(COLLECTING)
        lab.commit(lab.insert("dept", **OK))
        for n in range(1, assets + 1):
            lab.commit(lab.insert("asset", **asset(n, f"A{n}")))
            lab.commit(lab.insert("deprec", **{**CHARGE, "asset_id": n, "amount": Decimal("13.13")}))
        lab.rest()
        begun = 0
        begin = lab.ledger.begin

        def counted() -> AbstractContextManager[Book]:
            nonlocal begun
            begun += 1
            return begin()

        monkeypatch.setattr(lab.ledger, "begin", counted)
        lab.commit(lab.insert("run", **APPROVED))
        lab.rest()
        assert [(subject, code) for subject, _, code in lab.parked] == [("A1", "row_check")]
        assert lab.ask("SELECT count(*) FROM syncd_collected WHERE posted = '' AND due = 2") == [(assets - 1,)]
        return begun

    assert transactions(400) < transactions(100) + 20


def test_what_waited_for_a_group_does_not_have_it_tried_for_ever(splits: bool, finance_refuses_the_card: None) -> None:
    """What waited for it waits behind the row now; only a person or a correction has that tried again."""
    lab = charged(COLLECTING, splits, {**OTHER, "amount": Decimal("13.13")})
    scrap(lab, 2, "B")
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert [(subject, state) for subject, state, _ in lab.parked] == [("B", "failed"), ("B", "behind")]


def test_where_finance_refuses_the_sum_alone_all_wait_for_the_first(splits: bool, finance_refuses: None) -> None:
    lab = charged(COLLECTING, splits, {**CHARGE, "amount": Decimal("3.13")}, OTHER)
    lab.commit(lab.insert("run", **APPROVED))
    scrap(lab, 2, "B")
    lab.rest()
    assert [(subject, state) for subject, state, _ in lab.parked] == [("A", "failed"), ("B", "behind")]
    give_up_the_first(lab)
    assert not lab.parked
    assert cleared(lab) == (Decimal("100.00"), Decimal("0"), Decimal("90.00"))


@pytest.mark.parametrize("gone", ["discarded", "deleted in the EAM"])
def test_the_rest_of_a_group_goes_on_when_the_row_that_speaks_for_it_is_settled(splits: bool, gone: str) -> None:
    lab = charged(BY_DEPARTMENT, splits, CHARGE, OTHER)
    fall_due_in_vain(lab)
    assert lab.parked == [("A", "failed", "unknown_account")]
    if gone == "discarded":
        give_up_the_first(lab)
    else:
        lab.commit(lab.delete("deprec", **CHARGE))
        lab.rest()
    assert lab.parked == [("B", "failed", "unknown_account")]
    lab.commit(lab.update("dept", BAD, code="6602"))
    scrap(lab, 2, "B")
    lab.rest()
    lab.retry()
    assert not lab.parked
    assert cleared(lab) == (Decimal("100.00"), Decimal("0"), Decimal("90.00"))


def test_a_row_that_failed_is_parked_in_its_place_a_second_time_too(splits: bool) -> None:
    lab = charged(BY_DEPARTMENT, splits, CHARGE)
    lab.commit(lab.update("dept", OK, code="9999"))
    lab.commit(lab.insert("run", **APPROVED))
    scrap(lab, 1, "A")
    lab.rest()
    first = lab.ask("SELECT id FROM syncd_parked WHERE settled_at IS NULL ORDER BY id")
    for _ in range(3):
        lab.retry("A")
    assert lab.ask("SELECT id FROM syncd_parked WHERE settled_at IS NULL ORDER BY id") == first
    assert [state for _, state, _ in lab.parked] == ["failed", "behind"]


METERS = """
tables:
  dept: {table: dept, key: id, columns: {id: integer, code: text}}
  meter: {table: meter, key: id, columns: {id: integer, dept_id: integer, amount: money, on_: date}}
rules:
  usage:
    on: meter
    when: op <> 'delete'
    join: {dept: after.dept_id}
    collect: {group: ["'all'"], post: "0 2 * * *"}
    voucher:
      type: "'U'"
      date: after.on_
      summary: "'use'"
      entries: [{account: dept.code, debit: after.amount}, {account: "'1002'", credit: after.amount}]
"""
METER = {"id": 1, "dept_id": 1, "amount": Decimal("7.00"), "on_": date(2026, 2, 3)}


def test_a_row_that_the_rules_reject_beside_one_that_finance_refuses(finance_refuses: None) -> None:
    """The pipeline goes on: the first speaks for both, and comes with the other when it can be posted."""
    lab = Lab(METERS, splits=True)
    lab.commit(
        *(lab.insert("dept", id=n, code="6602") for n in (1, 2)),
        lab.insert("meter", **METER),
    )
    lab.commit(lab.update("meter", METER, dept_id=2, amount=Decimal("13.13")))
    lab.commit(lab.update("dept", {"id": 1, "code": "6602"}, code="9999"))
    fall_due(lab)
    assert lab.parked == [("meter:1", "failed", "unknown_account")]
    lab.commit(lab.update("dept", {"id": 1, "code": "9999"}, code="6602"))
    lab.retry()
    assert not lab.parked
    assert lab.balance("6602") == Decimal("20.13"), "finance takes the sum"


def fall_due(lab: Lab) -> None:
    """As at two in the morning."""
    lab.ledger.fall_due("usage")
    lab.rest()


def test_what_is_collected_anew_waits_for_its_own_night() -> None:
    """A row that failed and comes again is due at once, and nothing else of its group."""
    lab = Lab(METERS, splits=True)
    lab.commit(lab.insert("dept", id=1, code="6602"), lab.insert("dept", id=2, code="6602"))
    lab.commit(lab.insert("meter", **METER))
    lab.commit(lab.update("dept", {"id": 1, "code": "6602"}, code="9999"))
    fall_due(lab)
    assert [code for _, _, code in lab.parked] == ["unknown_account"]
    lab.commit(lab.insert("meter", **{**METER, "id": 2, "dept_id": 2}))
    lab.commit(lab.update("dept", {"id": 1, "code": "9999"}, code="6602"))
    lab.retry()
    assert lab.balance("6602") == Decimal("7.00")
    fall_due(lab)
    assert lab.balance("6602") == Decimal("14.00")


@advice("collected_unreadable")
def test_rows_of_a_table_that_the_mapping_no_longer_has_are_named() -> None:
    lab = Lab(METERS, splits=True)
    lab.commit(lab.insert("dept", id=1, code="6602"), lab.insert("meter", **METER))
    lab.mapping = loaded(METERS.replace("  meter: {", "  meters: {").replace("on: meter", "on: meters"))
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
    lab.ledger.acquire()
    with pytest.raises(Halt, match="collected_unreadable"):
        fall_due(lab)
    lab.mapping = loaded(METERS)
    lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
    lab.ledger.acquire()
    fall_due(lab)
    assert lab.balance("6602") == Decimal("7.00")
