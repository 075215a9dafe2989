"""What the users were promised, with its figures, on every route: real servers, the installed daemon between them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.demo import eam
from syncd.demo.eam import Device, Sale
from tests.acceptance.plant import DEMO, MONTH, Plant, plant_on
from tests.acceptance.routes import Route
from tests.shipped import copied

TOOL = Decimal("151578.95")
"""Over ten years with a residual of 5 % this is 1,200.00 a month."""
TODAY = MONTH.replace(day=10)
NEXT_MONTH = date(2026, 3, 1)
DEVICES_ELSEWHERE = 300


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, route: Route) -> Iterator[Plant]:
    """One company for the tests that close no month, each with assets of its own."""
    with plant_on(route, tmp_path_factory.mktemp("shared"), text_amounts=True) as made, made.running():
        yield made


@pytest.fixture
def company(tmp_path: Path, route: Route) -> Iterator[Plant]:
    """A company without devices, its daemon running."""
    with plant_on(route, tmp_path) as made, made.running():
        yield made


def tools(count: int, first: int = 1, department_id: int = 1) -> list[Device]:
    return [Device(f"FA-SC-{first + i:03}", "数控车床", "JQSB", department_id, TOOL, TODAY) for i in range(count)]


def parked(company: Plant) -> dict[str, dict[str, object]]:
    """The open parked rows by subject."""
    return {row["subject"]: row for row in company.json("parked", "list")}


def entries(company: Plant, where: str, *parameters: object) -> list[tuple[object, ...]]:
    """(account, department, debit, credit) of the entries of the vouchers that match, in order."""
    sql = (
        "SELECT e.account, e.dept, e.debit, e.credit FROM gl_entry e"
        f" JOIN gl_voucher v USING (period, type, number) WHERE {where} ORDER BY period, type, number, line"
    )
    return company.finance.rows(sql, *parameters)


def of_asset(company: Plant, summary: str, asset_code: str) -> list[tuple[object, ...]]:
    return entries(company, "v.summary LIKE ?", f"{summary}%{asset_code}%")


def close_month(company: Plant, month: date) -> None:
    eam.charge_month(company.eam, month)
    eam.approve_month(company.eam, month)
    company.settled()


def card(company: Plant, asset_code: str, *fields: str) -> tuple[object, ...]:
    return company.finance.rows(f"SELECT {', '.join(fields)} FROM fa_card WHERE asset_code = ?", asset_code)[0]


def yuan(amount: str) -> Decimal:
    return Decimal(amount)


def test_ten_machine_tools_from_purchase_to_changed_depreciation(company: Plant) -> None:
    """Scenarios 2, 3, 4 and 9: visible within 3 s, 12,000.00 a month, changes follow."""
    ids = eam.register(company.eam, tools(6) + tools(4, first=7, department_id=2))
    vouchers = "SELECT count(*) = 10 FROM gl_voucher WHERE summary LIKE '购入固定资产%'"
    assert company.until("ten vouchers", lambda: company.finance.value(vouchers)) < 3
    assert company.finance.value("SELECT count(*) FROM fa_card") == 10
    assert of_asset(company, "购入固定资产", "FA-SC-001") == [
        ("1601", "SC1", TOOL, yuan("0.00")),
        ("1002", None, yuan("0.00"), TOOL),
    ]

    close_month(company, MONTH)
    assert not entries(company, "v.summary LIKE '计提%折旧%'"), "added this month, depreciates from the next"
    close_month(company, NEXT_MONTH)
    assert entries(company, "v.summary LIKE '计提2026年3月固定资产折旧%'") == [
        ("5101", "SC1", yuan("7200.00"), yuan("0.00")),
        *6 * [("1602", "SC1", yuan("0.00"), yuan("1200.00"))],
        ("5101", "SC2", yuan("4800.00"), yuan("0.00")),
        *4 * [("1602", "SC2", yuan("0.00"), yuan("1200.00"))],
    ]

    april = date(2026, 4, 15)
    eam.upgrade(company.eam, ids[0], yuan("50000.00"), april)
    eam.transfer(company.eam, ids[1], 4, april)
    eam.repair(company.eam, ids[2], yuan("1000.00"), yuan("130.00"), april)
    company.settled()
    assert card(company, "FA-SC-001", "original_value") == (TOOL + 50_000,)
    assert card(company, "FA-SC-002", "dept") == ("YF",)
    assert of_asset(company, "固定资产调拨", "FA-SC-002") == [
        ("1601", "YF", TOOL, yuan("0.00")),
        ("1601", "SC1", yuan("0.00"), TOOL),
        ("1602", "SC1", yuan("1200.00"), yuan("0.00")),
        ("1602", "YF", yuan("0.00"), yuan("1200.00")),
    ]
    assert of_asset(company, "固定资产修理费", "FA-SC-003") == [
        ("5101", "SC1", yuan("1000.00"), yuan("0.00")),
        ("22210101", None, yuan("130.00"), yuan("0.00")),
        ("1002", None, yuan("0.00"), yuan("1130.00")),
    ]

    close_month(company, april)
    of_april = entries(company, "v.summary LIKE '计提2026年4月固定资产折旧%'")
    expense = {(account, dept): debit for account, dept, debit, _ in of_april}
    assert expense["5101", "SC1"] == yuan("7200.00"), "what changed this month counts from the next"
    close_month(company, date(2026, 5, 1))
    may = entries(company, "v.summary LIKE '计提2026年5月固定资产折旧%'")
    expense = {(account, dept): debit for account, dept, debit, _ in may if account != "1602"}
    upgraded = ((TOOL + 50_000) * yuan("0.95") - 2 * 1200) / 118
    assert expense["530101", "YF"] == yuan("1200.00")
    assert expense["5101", "SC1"] == 4 * 1200 + round(upgraded, 2)
    assert company.json("reconcile")["differing"] == 0


@pytest.mark.parametrize("route", ["postgres", "mariadb", "kafka-postgres"], indirect=True)
def test_disposal_clears_through_1606_and_ends_depreciation(company: Plant) -> None:
    """Scenarios 5 and 8: scrap and sale with their papers, gain and loss, and the whole life in one place."""
    scrapped, sold, cheap, paperless = eam.register(company.eam, tools(4))
    close_month(company, NEXT_MONTH)
    on = date(2026, 4, 20)
    eam.dispose(company.eam, scrapped, Sale("scrap", on, removal_cost=yuan("500.00")))
    eam.dispose(company.eam, sold, Sale("sale", on, yuan("200000.00"), yuan("26000.00")))
    eam.dispose(company.eam, cheap, Sale("sale", on, yuan("100000.00"), yuan("13000.00"), received_by="receivable"))
    close_month(company, on)
    company.eam.execute(
        "INSERT INTO disposal (id, asset_id, kind, status, approved_on)"
        " SELECT 9, ?, 'scrap', 'approved', approved_on FROM disposal WHERE id = 1",
        (paperless,),
    )
    company.settled()

    net = TOOL - 2 * 1200
    zero = yuan("0.00")
    assert of_asset(company, "报废转入清理", "FA-SC-001") == [
        ("1606", None, net, zero),
        ("1602", "SC1", yuan("2400.00"), zero),
        ("1601", "SC1", zero, TOOL),
    ]
    assert of_asset(company, "支付清理费用", "FA-SC-001") == [
        ("1606", None, yuan("500.00"), zero),
        ("1002", None, zero, yuan("500.00")),
    ]
    loss, result = "结转固定资产处置净损失", net + 500
    assert of_asset(company, loss, "FA-SC-001") == [("6711", "SC1", result, zero), ("1606", None, zero, result)]
    assert of_asset(company, "清理收入", "FA-SC-002") == [
        ("1002", None, yuan("226000.00"), zero),
        ("1606", None, zero, yuan("200000.00")),
        ("22210102", None, zero, yuan("26000.00")),
    ]
    assert ("6115", "SC1", zero, 200_000 - net) in of_asset(company, "结转固定资产处置净收益", "FA-SC-002")
    assert ("6115", "SC1", net - 100_000, zero) in of_asset(company, loss, "FA-SC-003")
    cleared = "SELECT asset, sum(debit) - sum(credit) FROM gl_entry WHERE account = '1606' GROUP BY asset"
    assert {balance for _, balance in company.finance.rows(cleared)} == {zero}

    assert "inspection report" in str(parked(company)["FA-SC-004"]["message"])

    close_month(company, date(2026, 5, 1))
    assert not entries(company, "v.summary LIKE '计提2026年5月固定资产折旧%'"), "only FA-SC-004 is left, and waits"
    head = next(row["id"] for row in company.json("parked", "list") if row["state"] == "failed")
    company.syncd("parked", "discard", str(head), "--actor", "li", "--reason", "no papers, stays in use")
    company.settled()
    may = entries(company, "v.summary LIKE '计提2026年5月固定资产折旧%'")
    assert [debit for account, _, debit, _ in may if account == "5101"] == [yuan("1200.00")], "a supplementary voucher"

    life = company.syncd("trace", "FA-SC-001")
    steps = [life.index(step) for step in ("registration", "monthly_depreciation", "single_depreciation", "disposal")]
    assert steps == sorted(steps), "the whole life, from purchase to write-off, in one place"


def test_above_five_million_waits_for_finance(shared: Plant) -> None:
    """Scenario 6: strictly above."""
    values = {"FA-SC-101": yuan("5000000.00"), "FA-SC-102": yuan("5000000.01")}
    eam.register(shared.eam, [Device(code, "产线", "JQSB", 1, value, TODAY) for code, value in values.items()])
    shared.settled()
    held = "SELECT asset_code FROM fa_card WHERE asset_code IN ('FA-SC-101', 'FA-SC-102')"
    assert shared.finance.rows(held) == [("FA-SC-101",)]
    row = parked(shared)["FA-SC-102"]
    assert row["state"] == "approval"
    shared.syncd("approve", str(row["id"]), "--role", "finance", "--actor", "li", "--reason", "budget 2026-17")
    shared.settled()
    assert of_asset(shared, "购入固定资产", "FA-SC-102")[0][2] == yuan("5000000.01")
    assert "FA-SC-102" not in parked(shared)


def test_wrong_amounts_and_codes_are_parked_in_words_a_clerk_understands(shared: Plant) -> None:
    """Scenarios 1 and 9: `150000` typed as a negative or as text, an old code; others go on, a correction heals."""
    typed = {"FA-SC-201": "-150000", "FA-SC-202": "15万", "SC-203": "150000"}
    ids = [eam.register(shared.eam, [Device(c, "铣床", "JQSB", 1, v, TODAY)])[0] for c, v in typed.items()]
    eam.register(shared.eam, tools(1, first=204))
    shared.settled()
    booked = "SELECT asset_code, original_value FROM fa_card WHERE asset_code LIKE 'FA-SC-20_' ORDER BY 1"
    assert shared.finance.rows(booked) == [("FA-SC-204", TOOL)]
    said = {subject: str(row["message"]) for subject, row in parked(shared).items()}
    assert "must be above zero" in said["FA-SC-201"]
    assert "15万" in said["FA-SC-202"]
    assert "type-department-serial" in said["SC-203"]

    eam.correct(shared.eam, ids[0], yuan("150000.00"), TODAY)
    eam.correct(shared.eam, ids[1], yuan("150000.00"), TODAY)
    shared.eam.execute("UPDATE asset SET asset_code = 'FA-SC-203' WHERE id = ?", (ids[2],))
    shared.settled()
    assert shared.finance.rows(booked)[:3] == [(f"FA-SC-20{n}", yuan("150000.00")) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("route", "devices"),
    [("postgres", 1_200), ("mariadb", DEVICES_ELSEWHERE), ("kafka-postgres", DEVICES_ELSEWHERE)],
    indirect=["route"],
)
def test_whole_company_closes_its_month_within_a_minute(tmp_path: Path, route: Route, devices: int) -> None:
    """Scenarios 3 and 7: devices brought over, depreciated, and equal on both sides; 1,200 of them on one route."""
    with plant_on(route, tmp_path, devices=devices) as company, company.running():
        company.settled()
        charged = eam.charge_month(company.eam, MONTH)
        company.settled()
        assert company.json("reconcile")["differing"] == 0, "what is computed and not approved counts on neither side"
        eam.approve_month(company.eam, MONTH)
        posted = "SELECT count(*) FROM syncd.collected WHERE posted <> '' AND rule = 'monthly_depreciation'"
        assert company.until("the month", lambda: company.finance.value(posted) == charged) < 60
        assert charged > devices * 0.95

        report = company.json("reconcile")
        assert report["differing"] == 0
        assert report["eam"] == report["finance"]
        assert all(yuan(control["balance"]) == yuan(control["cards"]) for control in report["controls"])

        (code,) = company.finance.rows("SELECT asset_code FROM fa_card LIMIT 1")[0]
        wrong = "UPDATE fa_card SET original_value = original_value + ? WHERE asset_code = ?"
        company.finance.execute(wrong, (yuan("0.01"), code))
        report = company.json("reconcile", expect=1)
        assert (report["differing"], report["alerting"]) == (1, 1), (
            "a card of ours that finance edits is never below it"
        )
        company.finance.execute(wrong, (yuan("100000.00"), code))
        report = company.json("reconcile", expect=1)
        assert {d["asset_code"] for d in report["differences"]} == {code, ""}
        assert report["alerting"] == 1


def test_correction_and_deletion_of_what_was_posted_are_red_letters(shared: Plant) -> None:
    """Nothing posted is edited: same lines negative, a right voucher beside it; unposted ones leave no trace."""
    draft = tools(1, first=309)[0]._replace(status="draft")
    wrong, twice, unposted = eam.register(shared.eam, [*tools(2, first=301), draft])
    shared.settled()
    eam.correct(shared.eam, wrong, yuan("15157.89"), TODAY, TOOL)
    eam.delete(shared.eam, twice)
    eam.delete(shared.eam, unposted)
    shared.settled()
    zero = yuan("0.00")
    of_it = "x.period = v.period AND x.type = v.type AND x.number = v.number AND x.asset LIKE 'FA-SC-30%'"
    red = entries(shared, f"v.summary LIKE '注销%' AND EXISTS (SELECT 1 FROM gl_entry x WHERE {of_it})")
    assert red == 2 * [("1601", "SC1", -TOOL, zero), ("1002", None, zero, -TOOL)]
    assert of_asset(shared, "订正", "FA-SC-301")[0] == ("1601", "SC1", yuan("15157.89"), zero)
    assert card(shared, "FA-SC-301", "original_value", "status") == (yuan("15157.89"), "in_use")
    assert card(shared, "FA-SC-302", "status") == ("cancelled",)
    assert shared.finance.value("SELECT count(*) FROM fa_card WHERE asset_code LIKE 'FA-SC-30_'") == 2


def test_late_event_goes_to_the_first_open_period_with_its_own_date(shared: Plant) -> None:
    (asset,) = eam.register(shared.eam, tools(1, first=401))
    late = date(2025, 12, 28)
    eam.repair(shared.eam, asset, yuan("700.00"), yuan("0.00"), late)
    shared.settled()
    dates = shared.finance.rows(
        "SELECT period, voucher_date, event_date FROM gl_voucher WHERE summary LIKE '固定资产修理费%'"
    )
    assert dates == [("2026-02", TODAY, late)], "days ascend with numbers: not before that of the voucher before it"


@pytest.mark.parametrize("route", ["postgres"], indirect=True)
def test_rules_cannot_be_edited_in_production(tmp_path: Path, route: Route) -> None:
    """Scenario 1: a mapping changed after a person answered for it is refused until someone answers again."""
    edited = copied(tmp_path / "mappings") / DEMO.name
    with plant_on(route, tmp_path, mapping=edited) as company:
        edited.write_text(
            edited.read_text("utf-8").replace("approval_above: 5000000", "approval_above: 9000000"), "utf-8"
        )
        assert "syncd mapping accept" in company.syncd("run", expect=3)
