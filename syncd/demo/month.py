"""The play: a month of asset life. Each scene is what people do in the EAM, then what stands in finance for it."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from syncd.books.close.item import Item
from syncd.demo import close, eam
from syncd.demo.close import Previewed
from syncd.demo.eam import Device, Sale
from syncd.demo.stage import Parked, Stage, Voucher
from syncd.language import current
from syncd.money import ZERO, round_half_up

TOOL_PRICE = Decimal("151578.95")
"""Over ten years with a residual of 5 % this is 1,200.00 a month."""
VAT_RATE = Decimal("0.13")


class Scene(NamedTuple):
    """What happened: the message that tells it, and what there is to see: vouchers, a parked row, a run's preview, a
    close list, files. `elapsed_ms` is from the EAM's commit to what stands in finance."""

    code: str
    params: Mapping[str, object]
    vouchers: Sequence[Voucher] = ()
    parked: Parked | None = None
    previewed: Previewed | None = None
    items: Sequence[Item] = ()
    files: Sequence[str] = ()
    elapsed_ms: int = 0


def play(stage: Stage) -> Iterator[Scene]:
    """The scenes in order, to the close; each is over when finance shows it."""
    forgotten = yield from life(stage)
    yield from _close(stage, *forgotten)


def life(stage: Stage) -> Generator[Scene, None, tuple[int, str]]:
    """The scenes before the close: what people do in the EAM, to the month's depreciation. Returns the disposal whose
    result is forgotten: its id, and the asset's code."""
    yield from _start(stage)
    yield from _purchases(stage)
    yield from _large_purchases(stage)
    yield from _bad_rows(stage)
    yield from _corrections(stage)
    yield from _changes(stage)
    forgotten = yield from _disposals(stage)
    yield from _depreciation(stage)
    return forgotten


def _start(stage: Stage) -> Iterator[Scene]:
    """The snapshot: cards for what was there, and no voucher, for the old books hold it already."""
    clock = _Clock()
    ((devices,),) = stage.eam.execute("SELECT count(*) FROM asset WHERE status <> 'draft'").fetchall()
    stage.wait(lambda: stage.rows("SELECT count(*) FROM fa_card") == [(devices,)])
    yield Scene("demo_snapshot", {"cards": devices}, elapsed_ms=clock.ms())


def _purchases(stage: Stage) -> Iterator[Scene]:
    tools = [
        _bought(stage, f"FA-SC-{2001 + i}", "数控车床", TOOL_PRICE, department_id=1 if i < 6 else 2) for i in range(10)
    ]
    clock = _Clock()
    eam.register(stage.eam, tools)
    vouchers = stage.posted("registration", [tool.asset_code for tool in tools])
    yield Scene("demo_tools", {"count": len(vouchers)}, vouchers[:1], elapsed_ms=clock.ms())

    clock = _Clock()
    codes = [f"FA-DZ-{2001 + i}" for i in range(20)]
    for code in codes:
        device = _bought(stage, code, "计算机", Decimal("6194.69"), "DZSB", 6, payment="payable", supplier_id=2)
        eam.register(stage.eam, [device])
    vouchers = stage.posted("registration", codes)
    yield Scene("demo_on_credit", {"count": len(vouchers)}, vouchers[:1], elapsed_ms=clock.ms())


def _large_purchases(stage: Stage) -> Iterator[Scene]:
    """Strictly above 5,000,000 waits."""
    line = _bought(stage, "FA-SC-2101", "自动化产线", Decimal("5000000.00"), vat=ZERO)
    press = _bought(stage, "FA-SC-2102", "五轴加工中心", Decimal("5000000.01"), vat=ZERO)
    clock = _Clock()
    eam.register(stage.eam, [line, press])
    vouchers = stage.posted("registration", [line.asset_code])
    yield Scene("demo_at_limit", {"asset": line.asset_code}, vouchers, elapsed_ms=clock.ms())
    parked = stage.parked(press.asset_code)
    yield Scene("demo_waits", {"asset": press.asset_code}, parked=parked)
    clock = _Clock()
    stage.approve(parked)
    vouchers = stage.posted("registration", [press.asset_code])
    yield Scene("demo_approved", {"asset": press.asset_code}, vouchers, elapsed_ms=clock.ms())


def _bad_rows(stage: Stage) -> Iterator[Scene]:
    for code, typed in (("FA-SC-2201", "-150000"), ("FA-SC-2202", "15万")):
        (asset_id,) = eam.register(stage.eam, [_bought(stage, code, "注塑机", typed, vat=Decimal("19500.00"))])
        yield Scene("demo_bad_row", {"asset": code, "typed": typed}, parked=stage.parked(code))
        clock = _Clock()
        eam.correct(stage.eam, asset_id, Decimal("150000.00"), stage.today)
        vouchers = stage.posted("registration", [code])
        yield Scene("demo_repaired", {"asset": code}, vouchers, elapsed_ms=clock.ms())


def _corrections(stage: Stage) -> Iterator[Scene]:
    """What is posted is never edited: a red voucher takes it back and a right one stands beside it."""
    code = "FA-SC-2301"
    (asset_id,) = eam.register(stage.eam, [_bought(stage, code, "空压机", Decimal("15000.00"), vat=ZERO)])
    stage.posted("registration", [code])
    clock = _Clock()
    eam.correct(stage.eam, asset_id, Decimal("150000.00"), stage.today, paid=Decimal("15000.00"))
    right = stage.posted("registration_corrected", [code])
    red = stage.posted("registration_cancelled", [code])
    yield Scene("demo_corrected", {"asset": code}, [*red, *right], elapsed_ms=clock.ms())

    twice = "FA-SC-2302"
    (asset_id,) = eam.register(stage.eam, [_bought(stage, twice, "空压机", Decimal("150000.00"), vat=ZERO)])
    stage.posted("registration", [twice])
    clock = _Clock()
    eam.delete(stage.eam, asset_id)
    red = stage.posted("registration_taken_back", [twice])
    yield Scene("demo_deleted", {"asset": twice}, red, elapsed_ms=clock.ms())


def _changes(stage: Stage) -> Iterator[Scene]:
    first, second, third, fourth = _machines(stage, 4)
    on = stage.today
    clock = _Clock()
    eam.upgrade(stage.eam, first[0], Decimal("50000.00"), on)
    vouchers = stage.posted("upgrade", [first[1]])
    yield Scene("demo_upgrade", {"asset": first[1]}, vouchers, elapsed_ms=clock.ms())
    clock = _Clock()
    eam.transfer(stage.eam, second[0], 4, on)
    vouchers = stage.posted("transfer", [second[1]])
    yield Scene("demo_transfer", {"asset": second[1]}, vouchers, elapsed_ms=clock.ms())
    clock = _Clock()
    eam.impair(stage.eam, third[0], Decimal("2000.00"), on)
    vouchers = stage.posted("impairment", [third[1]])
    yield Scene("demo_impairment", {"asset": third[1]}, vouchers, elapsed_ms=clock.ms())
    clock = _Clock()
    eam.repair(stage.eam, fourth[0], Decimal("3200.00"), Decimal("416.00"), on.replace(day=1) - timedelta(days=3))
    vouchers = stage.posted("repair", [fourth[1]])
    yield Scene("demo_late_repair", {"asset": fourth[1]}, vouchers, elapsed_ms=clock.ms())


def _disposals(stage: Stage) -> Generator[Scene, None, tuple[int, str]]:
    """Each bears the depreciation of its last month, then leaves the books through 1606, a voucher a document. The last
    one's result is forgotten: its (id, asset code)."""
    old, sold, cheap = _machines(stage, 7)[4:]
    for code, asset, sale in (
        ("demo_scrap", old, _sale(stage, "scrap", "800.00", removal_cost=Decimal("300.00"), received_by="materials")),
        ("demo_sale_gain", sold, _sale(stage, "sale", "900000.00")),
        ("demo_sale_loss", cheap, _sale(stage, "sale", "100.00", received_by="receivable")),
    ):
        clock = _Clock()
        steps = ["disposal", *(["disposal_cost"] if sale.removal_cost else []), "disposal_proceeds"]
        if asset == cheap:
            forgotten = eam.hand_over(stage.eam, asset[0], sale)
        else:
            eam.dispose(stage.eam, asset[0], sale)
            steps.append("disposal_result")
        vouchers = [voucher for step in steps for voucher in stage.posted(step, [asset[1]])]
        yield Scene(code, {"asset": asset[1]}, vouchers, elapsed_ms=clock.ms())
    return forgotten, cheap[1]


def _depreciation(stage: Stage) -> Iterator[Scene]:
    """The EAM computes, syncd holds its own figures against it, and the run is approved."""
    charged = eam.charge_month(stage.eam, stage.today)
    taken = "SELECT count(*) FROM syncd_collected WHERE rule = 'monthly_depreciation'"
    stage.wait(lambda: stage.rows(taken) == [(charged,)])
    found = close.previewed(stage)
    ((gone,),) = stage.eam.execute(
        "SELECT count(*) FROM depreciation WHERE kind = 'disposal' AND period = ?", (eam.period_of(stage.today),)
    ).fetchall()
    told: dict[str, object] = {"assets": found.assets, "gone": gone, "differing": found.differing}
    yield Scene("demo_preview", told, previewed=found)

    clock = _Clock()
    eam.approve_month(stage.eam, stage.today)
    open_rows = "SELECT count(*) FROM syncd_collected WHERE posted = ''"
    stage.wait(lambda: stage.rows(open_rows) == [(0,)])
    refs = stage.rows(
        "SELECT voucher FROM syncd_posting WHERE rule = 'monthly_depreciation' AND voucher <> '' ORDER BY seq"
    )
    told = {"assets": charged, "vouchers": len(refs)}
    yield Scene("demo_month_end", told, [stage.voucher(str(ref)) for (ref,) in refs[:2]], elapsed_ms=clock.ms())


def _close(stage: Stage, disposal: int, asset: str) -> Iterator[Scene]:
    """The list names what was forgotten; it is recorded in the EAM, as the list says, and the month is closed."""
    month = eam.period_of(stage.today)
    listed = close.items(stage)
    told: dict[str, object] = {"month": month, "failing": sum(item.state == "fails" for item in listed)}
    yield Scene("demo_close_list", told, items=listed)

    clock = _Clock()
    eam.settle(stage.eam, disposal, stage.today)
    vouchers = stage.posted("disposal_result", [asset])
    yield Scene("demo_mended", {"asset": asset}, vouchers, elapsed_ms=clock.ms())

    listed = close.close(stage)
    amiss = [item for item in listed if item.state != "holds"]
    if any(item.state == "fails" for item in amiss):
        yield Scene("demo_not_closed", {"month": month}, items=amiss)
    else:
        yield Scene("demo_closed", {"month": month, "items": len(listed)}, items=amiss)
    folder, files = close.reports(stage, current())
    yield Scene("demo_reports", {"month": month, "folder": folder.relative_to(stage.directory.parent)}, files=files)


def _bought(
    stage: Stage,
    code: str,
    name: str,
    value: Decimal | str,
    class_code: str = "JQSB",
    department_id: int = 1,
    vat: Decimal | None = None,
    payment: Literal["bank", "payable"] = "bank",
    supplier_id: int | None = 1,
) -> Device:
    tax = round_half_up(Decimal(value) * VAT_RATE) if vat is None else vat
    return Device(code, name, class_code, department_id, value, stage.today, tax, payment, supplier_id)


def _sale(
    stage: Stage,
    kind: Literal["scrap", "sale"],
    proceeds: str,
    removal_cost: Decimal = ZERO,
    received_by: Literal["bank", "receivable", "materials"] = "bank",
) -> Sale:
    vat = ZERO if received_by == "materials" else round_half_up(Decimal(proceeds) * VAT_RATE)
    return Sale(kind, stage.today, Decimal(proceeds), vat, removal_cost, received_by)


def _machines(stage: Stage, count: int) -> list[tuple[int, str]]:
    """(id, asset code) of machines that were there before the month."""
    return stage.eam.execute(
        "SELECT id, asset_code FROM asset WHERE class_code = 'JQSB' AND status = 'in_use' AND approved_on < ?"
        " ORDER BY id LIMIT ?",
        (str(stage.today.replace(day=1)), count),
    ).fetchall()


class _Clock:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)
