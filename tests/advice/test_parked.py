"""Invariant 15, rows that are parked: the clerk reads why and does what the hint says, in the EAM or at syncd's desk.
The row is posted, nothing else is parked, and finance is equal to the EAM."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest

from syncd.demo import eam
from tests.advice import advised
from tests.advice.office import TODAY, Case, Office, opened

CHARGED = "asset_id, period, line, kind, department_id, amount, charged_on"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(tmp_path_factory.mktemp("office")) as made:
        yield made


def typed_wrong(column: str, wrong: object, right: object) -> Callable[[Office, str], Case]:
    """A device is registered with a wrong value, which is corrected."""

    def case(office: Office, asset: str) -> Case:
        device = office.enter(asset, status="draft")
        office.write(f"UPDATE asset SET {column} = ?, status = 'in_use' WHERE id = ?", wrong, device)
        yield
        office.write(f"UPDATE asset SET {column} = ? WHERE id = ?", right, device)

    return case


def approved_without_a_day(office: Office, asset: str) -> Case:
    device = office.enter(asset)
    office.write(
        "INSERT INTO impairment (id, asset_id, amount, status) VALUES (?, ?, '100.00', 'approved')", device, device
    )
    yield
    office.write("UPDATE impairment SET approved_on = '2026-11-20' WHERE id = ?", device)


def repaired_for_less_than_nothing(office: Office, asset: str) -> Case:
    eam.repair(office.stage.eam, office.enter(asset), Decimal(800), Decimal(-104), TODAY)
    yield
    office.write("UPDATE repair SET input_vat = '104.00' WHERE input_vat = '-104'")


def levied_at_another_rate(office: Office, asset: str) -> Case:
    """What is wrong is not the row: the levy rate is another by now, and the mapping has the old one."""
    device, day = office.enter(asset), str(TODAY)
    sale = "(id, asset_id, kind, contract_no, status, approved_on) VALUES (?, ?, 'group', 'HT-1', 'approved', ?)"
    office.write(f"INSERT INTO disposal {sale}", device, device, day)
    office.write("UPDATE asset SET status = 'sold' WHERE id = ?", device)
    paid = "(?, ?, 'bank', '1000.00', '10.00', 'simplified', 'approved', ?)"
    columns = "id, disposal_id, received_by, amount, output_vat, vat_method, status, received_on"
    office.write(f"INSERT INTO disposal_proceeds ({columns}) VALUES {paid}", device, device, day)
    shown = yield
    office.edit("demo.yaml", ("simplified_rate: 0.03", "simplified_rate: 0.01"))
    office.do(shown, "parked retry")


def transfer_deleted(office: Office, asset: str) -> Case:
    """A document that may not be deleted before a later one was."""
    device = office.enter(asset)
    for department in (2, 3):
        eam.transfer(office.stage.eam, device, department, TODAY)
    office.rest()
    office.write("DELETE FROM transfer WHERE id = (SELECT min(id) FROM transfer WHERE asset_id = ?)", device)
    shown = yield
    office.do(shown, "parked discard")


def upgraded_before_it_is_registered(office: Office, asset: str) -> Case:
    device = office.enter(asset, status="draft")
    eam.upgrade(office.stage.eam, device, Decimal(6000), TODAY)
    yield
    office.write("UPDATE asset SET status = 'in_use' WHERE id = ?", device)


def upgraded_in_place_of_another(office: Office, asset: str) -> Case:
    device, draft = office.enter(asset), office.enter(f"{asset}-2", status="draft")
    eam.upgrade(office.stage.eam, draft, Decimal(6000), TODAY)
    yield
    office.write("UPDATE upgrade SET asset_id = ? WHERE asset_id = ?", device, draft)


def approved(office: Office, asset: str) -> Case:
    office.enter(asset, Decimal(6_000_000))
    shown = yield
    office.do(shown, "approve")


def refused(office: Office, asset: str) -> Case:
    """The EAM takes it back as well."""
    device = office.enter(asset, Decimal(6_000_000))
    shown = yield
    office.do(shown, "reject")
    office.rest()
    office.write("UPDATE asset SET status = 'draft' WHERE id = ?", device)


def department_missing(office: Office, asset: str) -> Case:
    device = office.enter(asset, department_id=90)
    yield
    office.write("INSERT INTO department VALUES (90, ?, '新部门', NULL, 'sales')", f"D{device}")


def behind_another(office: Office, asset: str) -> Case:
    device = office.enter(asset, Decimal(0))
    eam.upgrade(office.stage.eam, device, Decimal(6000), TODAY)
    shown = yield
    assert "the original value must be above zero" in office.type("parked list --subject " + asset)
    office.do(shown, "parked list")
    office.write("UPDATE asset SET original_value = '10000.00' WHERE id = ?", device)


def behind_a_group(office: Office, asset: str) -> Case:
    device = office.enter(asset, approved_on=date(2026, 10, 5))
    eam.charge_month(office.stage.eam, TODAY)
    eam.upgrade(office.stage.eam, device, Decimal(6000), TODAY)
    yield
    assert "2026-11" in office.type("status")
    eam.approve_month(office.stage.eam, TODAY)


def card_spoilt(office: Office, asset: str) -> Case:
    """Somebody in finance has typed prose where a number of months is."""
    device = office.enter(asset)
    office.rest()
    ((was,),) = office.stage.rows("SELECT life_months FROM fa_card WHERE asset_code = ?", asset)
    office.book("UPDATE fa_card SET life_months = 'ten years' WHERE asset_code = ?", asset)
    eam.upgrade(office.stage.eam, device, Decimal(6000), TODAY)
    shown = yield
    office.book("UPDATE fa_card SET life_months = ? WHERE asset_code = ?", was, asset)
    office.do(shown, "parked retry")


OF_THE_ROW = [
    advised("require", typed_wrong("original_value", "0", "10000.00"), ["registration"]),
    advised(
        "require",
        levied_at_another_rate,
        [
            "registration",
            "disposal",
            "lifecycle",
            "status_follows_disposal",
            "disposal_proceeds",
            "disposal_vat_relief",
        ],
        name="require-another",
    ),
    advised("row_gone", transfer_deleted, ["registration", *2 * ["transfer", "department_follows_transfer"]]),
    advised("no_card", upgraded_before_it_is_registered, ["registration", "upgrade"]),
    advised("no_card", upgraded_in_place_of_another, ["registration", "upgrade"], name="no_card-other"),
    advised("reference_missing", department_missing, ["registration"]),
    advised("card_unreadable", card_spoilt, ["registration", "upgrade"]),
    advised("missing_value", approved_without_a_day, ["registration", "impairment"]),
    advised("negative_amount", repaired_for_less_than_nothing, ["registration", "repair"]),
    advised("unknown_period", typed_wrong("approved_on", "2062-11-20", "2026-11-20"), ["registration"]),
    advised("no_decision", typed_wrong("payment", "cheque", "bank"), ["registration"], name="no_decision-row"),
    advised("malformed", typed_wrong("original_value", "15万", "150000.00"), ["registration"]),
    advised("subject_long", typed_wrong("asset_code", "FA-" + "X" * 400, "FA-XX-9"), []),
]


@pytest.mark.parametrize(("code", "case", "posted"), OF_THE_ROW)
def test_what_a_parked_row_advises_posts_it(
    office: Office, code: str, case: Callable[[Office, str], Case], posted: list[str]
) -> None:
    assert office.follow(code, case) == posted


AT_THE_DESK = [
    advised("approval", "approval", approved, ["registration"]),
    advised("approval", "approval", refused, [], name="approval-refused"),
    advised("behind", "behind", behind_another, ["registration", "upgrade"]),
    advised("behind_group", "behind", behind_a_group, ["registration", "upgrade"]),
]


@pytest.mark.parametrize(("code", "state", "case", "posted"), AT_THE_DESK)
def test_what_a_row_that_waits_advises_posts_it(
    office: Office, code: str, state: str, case: Callable[[Office, str], Case], posted: list[str]
) -> None:
    assert office.follow(code, case, state) == posted
