"""A month that the EAM computes anew before its run is approved: nothing was posted, so finance follows. The waiting
row is replaced or withdrawn, and what waited for its group goes on."""

from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from syncd.change import Value
from tests.unit.lab import NOW, Lab
from tests.unit.test_last_depreciation import LAST
from tests.unit.test_log_decides import APPROVED, CHARGE, COLLECTING, DEPT, asset, both, cleared

FOLLOWS: Final = "    when: after.amount <> 0\n    once: [after.asset_id, after.period]\n    edited: refuse\n"
INSERTED: Final = "    when: op = 'insert'\n    join: {asset: after.asset_id, dept"
RECOMPUTED: Final = COLLECTING.replace(INSERTED, INSERTED.replace("    when: op = 'insert'\n", FOLLOWS))
FEBRUARY: Final[dict[str, Value]] = {**CHARGE, "period": "2026-02", "on_": date(2026, 2, 28)}
ELSEWHERE: Final = {"id": 6, "code": "D6"}
ABROAD: Final = {"id": 7, "code": "D7"}


def waiting(splits: bool, is_disposed: bool = True) -> Lab:
    """A row is collected, and a disposal waits for its group."""
    lab = Lab(RECOMPUTED, splits)
    lab.commit(*[lab.insert("dept", **row) for row in (DEPT, ELSEWHERE, ABROAD)], lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **CHARGE))
    if is_disposed:
        lab.commit(lab.update("asset", asset(), status="scrapped"))
    return lab


@both
def test_what_is_computed_anew_behind_a_change_that_waits_is_judged_behind_it(splits: bool) -> None:
    """Invariant 4: the new amount was said after the disposal, and may be so because of what that did. The month is
    posted as it was, the disposal finds it, and the edit is refused; it is never posted twice, nor before its time."""
    lab = waiting(splits)
    lab.commit(lab.update("deprec", CHARGE, amount=Decimal(12)))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert (cleared(lab), lab.balance("6602")) == ((0, 0, 90), 10)
    assert lab.parked == [("A", "failed", "edited_after_posting")]


@both
def test_a_row_that_is_deleted_before_its_run_is_approved_is_withdrawn(splits: bool) -> None:
    """The disposal that waited for it clears all of the cost, and the run posts nothing."""
    lab = waiting(splits)
    lab.commit(lab.delete("deprec", **CHARGE))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert (lab.parked, cleared(lab)) == ([], (0, 0, 100))
    assert lab.cards == [("A", "lathe", "100.00", "0.00", "scrapped")]


@both
@pytest.mark.parametrize(
    "new", [{"amount": Decimal(12)}, {"amount": Decimal(12), "dept_id": 6}], ids=["amount", "both"]
)
def test_a_row_that_is_computed_anew_is_replaced(splits: bool, new: dict[str, Value]) -> None:
    """Also where its group is another now: the disposal that follows waits for that one, and clears 88."""
    lab = waiting(splits, is_disposed=False)
    lab.commit(lab.update("deprec", CHARGE, **new))
    lab.commit(lab.update("asset", asset(), status="scrapped"))
    lab.rest()
    assert lab.parked == [("A", "behind", "behind_group")]
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert (lab.parked, cleared(lab), lab.balance("6602")) == ([], (0, 0, 88), 12)


@both
def test_a_row_that_is_deleted_and_written_again_goes_before_the_disposal_that_needs_it(splits: bool) -> None:
    """The disposal waits for its month's row, not behind it."""
    lab = Lab(LAST.replace(INSERTED, INSERTED.replace("    when: op = 'insert'\n", FOLLOWS)), splits)
    lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **CHARGE))
    lab.commit(lab.update("asset", asset(), status="scrapped", on_=date(2026, 1, 20)))
    lab.commit(lab.delete("deprec", **CHARGE))
    lab.commit(lab.insert("deprec", **{**CHARGE, "amount": Decimal(12)}))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert (lab.parked, cleared(lab)) == ([], (0, 0, 88))


@both
def test_a_later_month_is_withdrawn_while_an_earlier_one_is_waited_for(splits: bool) -> None:
    """The disposal waits for January; February is taken back all the same, and does not hold it up."""
    lab = Lab(RECOMPUTED, splits)
    lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **CHARGE), lab.insert("deprec", **FEBRUARY))
    lab.commit(lab.update("asset", asset(), status="scrapped"))
    lab.commit(lab.delete("deprec", **FEBRUARY))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert (lab.parked, cleared(lab)) == ([], (0, 0, 90))
    assert lab.ask("SELECT key FROM syncd_collected WHERE posted = ''") == []


@both
def test_what_is_edited_after_its_run_was_approved_is_refused(splits: bool) -> None:
    """It is in a voucher: parked, and settled where it is put back."""
    for is_deleted in (True, False):
        lab = Lab(RECOMPUTED, splits)
        lab.commit(lab.insert("dept", **DEPT), lab.insert("asset", **asset()))
        lab.commit(lab.insert("deprec", **CHARGE))
        lab.commit(lab.insert("run", **APPROVED))
        edit = lab.delete("deprec", **CHARGE) if is_deleted else lab.update("deprec", CHARGE, amount=Decimal(12))
        lab.commit(edit)
        lab.rest()
        assert (lab.parked, lab.balance("6602")) == ([("A", "failed", "edited_after_posting")], 10)
        put_back = {**CHARGE, "amount": Decimal(12)}
        lab.commit(lab.insert("deprec", **CHARGE) if is_deleted else lab.update("deprec", put_back, amount=Decimal(10)))
        lab.rest()
        assert (lab.parked, lab.balance("6602")) == ([], 10)


class Settled(Lab):
    """An asset and its month were there before syncd came."""

    def settle(self) -> None:
        rows = [self.insert("dept", **DEPT), self.insert("asset", **asset()), self.insert("deprec", **CHARGE)]
        self.store.commit(rows, NOW)


@both
def test_what_a_snapshot_has_put_on_the_card_is_not_edited_silently(splits: bool) -> None:
    """It is in the old books, and on the card: an edit or a deletion of it is refused."""
    mapping = RECOMPUTED.replace("    when: op = 'insert'\n", "    when: op IN ('insert', 'read')\n")
    for is_deleted in (True, False):
        lab = Settled(mapping, splits)
        assert lab.cards == [("A", "lathe", "100.00", "10.00", "in_use")]
        lab.commit(lab.delete("deprec", **CHARGE) if is_deleted else lab.update("deprec", CHARGE, amount=Decimal(12)))
        lab.rest()
        assert lab.parked == [("A", "failed", "edited_after_posting")]


@both
def test_a_condition_over_what_the_row_leads_to_is_followed(splits: bool) -> None:
    """A rule for one department: a row comes to it, goes from it, and changes while there."""
    mapping = RECOMPUTED.replace(
        "after.amount <> 0\n", "after.amount <> 0 AND place = 'D5'\n    let: {place: dept.code}\n"
    )
    lab = Lab(mapping, splits)
    lab.commit(*[lab.insert("dept", **row) for row in (DEPT, ELSEWHERE, ABROAD)])
    lab.commit(*[lab.insert("asset", **asset(n, f"A{n}")) for n in (1, 2, 3)])
    rows = [{**CHARGE, "asset_id": n, "dept_id": d} for n, d in ((1, 5), (2, 6), (3, 5))]
    lab.commit(*[lab.insert("deprec", **row) for row in rows])
    lab.commit(lab.update("deprec", rows[0], dept_id=7))
    lab.commit(lab.update("deprec", rows[1], dept_id=5, amount=Decimal(20)))
    lab.commit(lab.update("deprec", rows[2], amount=Decimal(30)))
    lab.commit(lab.insert("run", **APPROVED))
    lab.rest()
    assert (lab.parked, lab.balance("6602")) == ([], 50)
