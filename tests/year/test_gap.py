"""The gap between use and scrapping: IT took the disks out on 15 February, the warehouse recorded nothing, and the
write-off came in June. What is removed in a month still bears that month, and early scrap is not caught up."""

from datetime import date
from decimal import Decimal

from tests.year.company import Company
from tests.year.script import Script
from tests.year.test_year import PARKED, assert_cards


def test_depreciation_is_right_until_the_month_of_the_write_off() -> None:
    """120,000.00 over 120 months, in use since June 2025: 950.00 a month, the last in June; 1606 and the loss are
    those of the carrying amount at the end of June."""
    script = Script(0, 1)
    code = script.settle("JQSB", date(2025, 6, 10), 12_000_000)
    company = Company(script.opening)
    for number in range(1, 8):
        script.begin(number)
        if number == 6:
            script.write_off(code, date(2026, 6, 10))
        month = script.end(number)
        company.carry(month.transactions)
        company.depreciate(month.code)
        assert company.query(PARKED) == []
        assert company.close(month.code) == []
        assert_cards(company, script.books, month.code)
    charged = company.query(
        "SELECT period, credit FROM gl_entry WHERE account = '1602' AND credit NOT IN ('0', '0.00')"
        " AND period >= '2026-01' ORDER BY period"
    )
    assert charged == [(f"2026-{month:02}", "950.00") for month in range(1, 7)]
    lines = company.query(
        "SELECT account, debit, credit FROM gl_entry WHERE period = '2026-06' AND account IN ('1601', '1606', '6711')"
        " ORDER BY number, line"
    )
    assert [(account, Decimal(str(debit)) - Decimal(str(credit))) for account, debit, credit in lines] == [
        ("1606", Decimal("108600.00")),
        ("1601", Decimal("-120000.00")),
        ("6711", Decimal("108600.00")),
        ("1606", Decimal("-108600.00")),
    ]
