"""One truth of an asset and a date: what `depreciate --as-of` says is booked is what the card, the accounts and the
reports say, whoever computed it; what is owed stands beside it, and a difference to the schedule is named."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.books.close import cards
from syncd.books.depreciation import as_of
from syncd.books.depreciation.runs import Computing
from syncd.files import shipped
from syncd.mapping.language.load import load
from tests.unit.lab import NAME
from tests.year import company as companies
from tests.year.company import Company, Transaction, Written
from tests.year.script import Script


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Company, str]]:
    """A machine of 120,000.00, 950.00 a month, under the shipped mapping, whose EAM computes; it sent 900.00 for
    January and the right amount for February."""
    with pytest.MonkeyPatch.context() as patch:
        loaded = load(Path(str(shipped("mappings", "demo.yaml"))))
        patch.setattr(companies, "mapping", lambda: loaded)
        script = Script(0, 1)
        code = script.settle("JQSB", date(2025, 6, 10), 12_000_000)
        company = Company(script.opening)
        send(company, code, "2026-01", "900.00", date(2026, 1, 31))
        send(company, code, "2026-02", "950.00", date(2026, 2, 28))
        yield company, code


def send(company: Company, code: str, period: str, amount: str, day: date, approved: bool = True) -> None:
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    row = {
        "asset_id": int(code[-4:]), "period": period, "line": 1, "kind": "month", "department_id": 1,
        "amount": Decimal(amount), "charged_on": day, "grant_amount": Decimal("0.00"),
    }  # fmt: skip
    run = {"period": period, "status": "approved", "approved_on": day}
    written = [Written("deprec", None, row), *([Written("run", None, run)] if approved else [])]
    company.carry([Transaction(at, [one]) for one in written])
    assert company.query("SELECT code FROM syncd.parked WHERE settled_at IS NULL") == []


def standing(company: Company, day: date) -> as_of.Standing:
    meaning = company.mapping.depreciation
    assert meaning is not None
    computing = Computing(NAME, meaning, company.mapping.tables, ["monthly_depreciation"], company.mapping.zone)
    read = cards.read(company.mapping.month_end, company.mapping.layout.card_kinds)
    (found,) = as_of.as_of(company.ledger, computing, read, day, lambda done, total: None)
    return found


@pytest.mark.parametrize(("month", "day"), [("2026-01", date(2026, 1, 31)), ("2026-02", date(2026, 2, 28))])
def test_what_the_eam_sent_otherwise_is_one_figure_everywhere(shop: tuple[Company, str], month: str, day: date) -> None:
    company, code = shop
    found = standing(company, day)
    assert found.booked == company.figures_at(month)[code]
    ((credit,),) = company.query(
        f"SELECT sum(credit) - sum(debit) FROM gl_entry WHERE account = '1602' AND period <= '{month}'"
    )
    assert found.booked.accumulated_depreciation == Decimal(str(credit)).quantize(Decimal("0.01"))
    assert (found.owed, found.expected) == (Decimal("0.00"), found.booked.carrying_amount)
    assert found.month_amount == {"2026-01": Decimal("900.00"), "2026-02": Decimal("950.00")}[month]


def test_the_difference_to_the_schedule_is_named(shop: tuple[Company, str]) -> None:
    company, _ = shop
    assert standing(company, date(2026, 2, 28)).unlike == as_of.Unlike(Decimal("-50.00"), "2026-01", "unknown")


def test_what_is_owed_stands_beside_what_is_booked(shop: tuple[Company, str]) -> None:
    """Of a day to come: every month that ends by then, up to C − S and no further."""
    company, _ = shop
    booked = standing(company, date(2026, 2, 28)).booked
    april = standing(company, date(2026, 4, 30))
    assert (april.booked, april.owed, april.month_amount) == (booked, Decimal("1900.00"), Decimal("950.00"))
    assert standing(company, date(2026, 4, 29)).owed == Decimal("950.00"), "a month is owed once it has ended"
    end = standing(company, date(2040, 1, 31))
    assert end.owed == booked.carrying_amount - Decimal("6000.00") - Decimal("50.00"), "the 50.00 are no month's"


def test_what_was_collected_and_not_posted_is_owed(shop: tuple[Company, str]) -> None:
    """A row without its run is in no voucher yet."""
    company, code = shop
    send(company, code, "2026-03", "950.00", date(2026, 3, 31), approved=False)
    march = standing(company, date(2026, 3, 31))
    assert (march.booked.accumulated_depreciation, march.owed) == (Decimal("7550.00"), Decimal("950.00"))
