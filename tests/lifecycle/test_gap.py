"""The disposal gap: disks removed on 15 February that nobody in the warehouse ever scanned. It is escalated within the
deadline, depreciation is right until the write-off, and the report for audit is complete."""

from datetime import date
from decimal import Decimal

from syncd.books.lifecycle import standing
from syncd.books.lifecycle.compliance import compliance
from syncd.desk.parked import operators
from tests.lifecycle.shop import BY, Shop, shop_mapping
from tests.unit.lab import NAME

MONTHLY = Decimal("380.00")
"""24,000.00 less 5 %, over 60 months."""
HELD = standing.Cards(shop_mapping().layout, "dept", "name")


def replayed() -> Shop:
    shop = Shop()
    shop.on(date(2026, 1, 20))
    shop.asset("FA-IT-1")
    shop.move("FA-IT-1", "to_dispose", date(2026, 2, 15))
    for day in range(16, 28):
        shop.quiet_until(date(2026, 2, day))
    return shop


def test_the_gap_is_escalated_within_the_deadline() -> None:
    """Seven days, then the asset manager, three days later the director; without a single entry by the warehouse."""
    shop = replayed()
    assert shop.tasks == [
        ("FA-IT-1", "collect", "asset_manager", "2026-02-15"),
        ("FA-IT-1", "to_dispose 1", "asset_manager", "2026-02-23"),
        ("FA-IT-1", "to_dispose 4", "director", "2026-02-26"),
    ]
    found = standing.report(shop.ledger, [shop.living], HELD, date(2026, 2, 27))
    (row,) = found.standing
    assert (row.asset, row.name, row.department, row.state) == ("FA-IT-1", "磁盘阵列", "IT", "to_dispose")
    assert (row.since, row.days, row.due, row.days_over) == (date(2026, 2, 15), 12, date(2026, 2, 22), 5)
    assert row.role == "director"


def test_depreciation_goes_on_until_the_write_off_and_no_month_longer() -> None:
    """In use since June 2025: July 2025 to March 2026 are nine months. The pre-write-off voucher waits for finance; in
    April nothing is depreciated any more, and nothing is left in clearing."""
    shop = replayed()
    shop.run("2026-02")
    for state, day in (("isolated", 27), ("awaiting_approval", 28)):
        shop.move("FA-IT-1", state, date(2026, 2, day))
    shop.move("FA-IT-1", "awaiting_writeoff", date(2026, 3, 4))
    shop.on(date(2026, 3, 31), 7)
    shop.run("2026-03")
    shop.document(1, "FA-IT-1", date(2026, 3, 31))
    assert [(subject, state) for subject, state, _ in shop.parked] == [("FA-IT-1", "approval")]
    (row,) = operators.parked(shop.ledger, NAME, operators.Selection(state="approval"))
    operators.approve(shop.ledger, NAME, row.id, BY, "finance")
    shop.rest()
    shop.move("FA-IT-1", "scrapped", date(2026, 3, 31))
    shop.on(date(2026, 4, 30))
    shop.run("2026-04")
    assert shop.parked == []
    ((accumulated,),) = shop.ask("SELECT accumulated_depreciation FROM fa_card")
    assert Decimal(str(accumulated)) == 9 * MONTHLY
    assert shop.balance("6602") == 9 * MONTHLY
    assert (shop.balance("1606"), shop.balance("1601")) == (0, -Decimal("24000.00"))
    assert shop.balance("6711") == Decimal("24000.00") - 9 * MONTHLY
    assert [period for (period,) in shop.ask("SELECT DISTINCT period FROM gl_entry WHERE account = '6602'")][-1] == (
        "2026-03"
    )
    vouchers = [(period, summary) for period, _, summary in shop.ask("SELECT period, number, summary FROM gl_voucher")]
    march = [summary for period, summary in vouchers if period == "2026-03"]
    assert march == ["计提折旧 2026-03", "固定资产转入清理 FA-IT-1", "结转处置净损失 FA-IT-1"]


def test_the_report_for_audit_is_complete_and_says_what_was_late() -> None:
    shop = replayed()
    for state, day in (("isolated", 27), ("awaiting_approval", 28)):
        shop.move("FA-IT-1", state, date(2026, 2, day))
    shop.move("FA-IT-1", "awaiting_writeoff", date(2026, 3, 4))
    before = compliance(shop.ledger, shop.living, "FA-IT-1", date(2026, 3, 4))
    assert before is not None
    assert [lack.code for lack in before.lacks] == [
        "lifecycle_lacks_end", "lifecycle_lacks_document", "lifecycle_lacks_voucher",
    ]  # fmt: skip
    shop.document(1, "FA-IT-1", date(2026, 3, 5))
    (row,) = operators.parked(shop.ledger, NAME, operators.Selection(state="approval"))
    operators.approve(shop.ledger, NAME, row.id, BY, "finance")
    shop.rest()
    shop.move("FA-IT-1", "scrapped", date(2026, 3, 5))
    found = compliance(shop.ledger, shop.living, "FA-IT-1", date(2026, 4, 1))
    assert found is not None
    assert found.lacks == []
    assert not found.is_kept
    legs = [(leg.stay.state, leg.days, leg.days_over, [one.role for one in leg.told]) for leg in found.legs]
    assert legs == [
        ("to_dispose", 12, 5, ["asset_manager", "director"]),
        ("isolated", 1, 0, []),
        ("awaiting_approval", 4, 0, []),
        ("awaiting_writeoff", 1, 0, []),
        ("scrapped", 0, 0, []),
    ]
    ((document,),) = [found.documents]
    assert [value for _, value, _ in document.values] == [1, "JD-1", "王芳", date(2026, 3, 5)]
    assert [(one.ref, one.amount, list(one.who)) for one in found.vouchers] == [
        ("2026-03 记-1", Decimal("24000.00"), ["王芳"]),
        ("2026-03 记-2", Decimal("24000.00"), []),
    ]
    assert [act.actor for act in found.actions] == ["accountant"]
    ended = standing.report(shop.ledger, [shop.living], HELD, date(2026, 4, 1))
    assert ended.standing == []
    assert [(f.department, f.closed, f.mean_days) for f in ended.figures] == [
        (None, 1, Decimal("18.00")), ("IT", 1, Decimal("18.00")),
    ]  # fmt: skip
    assert ended.target is not None
    assert (ended.target.target_days, ended.target.is_reached) == (Decimal("36.00"), True)
