"""A disposal clears what its own month's depreciation leaves, whichever of the two comes first."""

from datetime import date
from decimal import Decimal

from syncd.change import Value
from tests.unit.lab import Lab
from tests.unit.test_log_decides import COLLECTING, asset, both, cleared

WHEN = "op = 'update' AND before.status = 'in_use' AND after.status = 'scrapped'\n"
STAFF: dict[str, Value] = {"id": 5, "code": "D5"}
MONTH: dict[str, Value] = {
    "asset_id": 1, "period": "2026-01", "amount": Decimal(10), "on_": date(2026, 1, 31), "dept_id": 5,
}  # fmt: skip
RELEASED: dict[str, Value] = {"period": "2026-01", "status": "approved"}
NET: tuple[Decimal, ...] = (Decimal(0), Decimal(0), Decimal(90))
"""What is left in 1601 and 1602, and what 1606 clears: 100 less a month's 10."""
LAST = COLLECTING.replace(
    WHEN,
    WHEN
    + """\
    join: {charge: {table: deprec, key: [after.id, "to_char(after.on_, 'YYYY-MM')"]}}
    require: [{check: card.accumulated_depreciation >= charge.amount, says: depreciate first}]
""",
)


@both
def test_a_row_that_is_waited_for_does_not_wait_behind_what_waits_for_it(splits: bool) -> None:
    """The disposal waits for the depreciation of its month, which is of the same subject. That goes first, is collected
    and posted; then the disposal is judged again, by itself. Without that either is posted without the other."""
    lab = Lab(LAST, splits)
    lab.commit(lab.insert("dept", **STAFF), lab.insert("asset", **asset()))
    lab.commit(lab.update("asset", asset(), status="scrapped", on_=date(2026, 1, 20)))
    lab.rest()
    assert lab.parked == [("A", "failed", "reference_missing")]
    lab.commit(lab.insert("deprec", **MONTH))
    lab.rest()
    assert lab.parked == [("A", "behind", "behind_group")]
    lab.commit(lab.insert("run", **RELEASED))
    lab.rest()
    assert lab.parked == []
    assert cleared(lab) == NET


@both
def test_a_check_over_the_card_of_a_collected_row_is_asked_behind_its_group(splits: bool) -> None:
    """The card does not have the depreciation yet: that is no verdict, and nobody has to try the disposal again."""
    lab = Lab(LAST, splits)
    lab.commit(lab.insert("dept", **STAFF), lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **MONTH))
    lab.commit(lab.update("asset", asset(), status="scrapped", on_=date(2026, 1, 20)))
    lab.rest()
    assert lab.parked == [("A", "behind", "behind_group")]
    lab.commit(lab.insert("run", **RELEASED))
    lab.rest()
    assert lab.parked == []
    assert cleared(lab) == NET


@both
def test_a_check_that_does_not_look_at_the_card_says_so_at_once(splits: bool) -> None:
    """Whom a group would not make right is not kept waiting for it: the clerk is told now."""
    lab = Lab(LAST.replace("require: [", "require: [{check: after.on_ IS NOT NULL, says: which day}, "), splits)
    lab.commit(lab.insert("dept", **STAFF), lab.insert("asset", **asset()))
    lab.commit(lab.insert("deprec", **MONTH))
    lab.commit(lab.update("asset", asset(), status="scrapped", on_=None))
    lab.rest()
    assert lab.parked == [("A", "failed", "require")]


@both
def test_what_is_of_the_subject_besides_waits_behind_both(splits: bool) -> None:
    """Invariant 4: only the row that is waited for goes before; another month's waits where it came."""
    lab = Lab(LAST, splits)
    lab.commit(lab.insert("dept", **STAFF), lab.insert("asset", **asset()))
    lab.commit(lab.update("asset", asset(), status="scrapped", on_=date(2026, 1, 20)))
    lab.commit(lab.insert("deprec", **MONTH | {"period": "2026-02"}))
    lab.rest()
    assert lab.parked == [("A", "failed", "reference_missing"), ("A", "behind", "behind")]


@both
def test_all_of_it_in_one_batch_comes_to_the_same(splits: bool) -> None:
    """Invariant 13."""
    lab = Lab(LAST, splits)
    lab.commit(lab.insert("dept", **STAFF), lab.insert("asset", **asset()))
    lab.commit(lab.update("asset", asset(), status="scrapped", on_=date(2026, 1, 20)))
    lab.commit(lab.insert("deprec", **MONTH))
    lab.commit(lab.insert("run", **RELEASED))
    lab.rest()
    assert lab.parked == []
    assert cleared(lab) == NET
