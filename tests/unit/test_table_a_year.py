"""A ledger with tables a year, of which finance makes the next when it is time."""

from datetime import date
from decimal import Decimal

from tests.advice import advice
from tests.unit import lab

TABLES = ("gl_voucher", "gl_entry")


def of_year(year: int) -> str:
    """The lab's two tables as those of a year."""
    made = lab.SQL[lab.SQL.index("CREATE TABLE gl_voucher") : lab.SQL.index("CREATE TABLE fa_card")]
    for table in TABLES:
        made = made.replace(table, f"{table}_{year}")
    return made


@advice("row_no_table")
def test_a_row_of_a_year_without_its_table_is_parked_until_the_table_is_there() -> None:
    """Invariants 5 and 15: an invoice of January stops nothing in December; the hint is followed."""
    finance = lab.FINANCE
    for table in TABLES:
        finance = finance.replace(f"table: {table}", f'table: "{table}_{{voucher.year}}"')
    period = "INSERT INTO gl_period VALUES ('2027-01', '2027-01-01', '2027-01-31', 1);"
    one = lab.Lab(lab.BILLS, finance=finance, sql=lab.SQL + of_year(2026) + period)
    for n, day in enumerate((date(2026, 3, 3), date(2027, 1, 4), date(2026, 3, 5))):
        one.commit(one.insert("bill", id=n, amount=Decimal("1.00"), on_=day))
    one.rest()
    asked = "SELECT number, event_date FROM gl_voucher_{} ORDER BY number"
    assert one.parked == [("bill:1", "failed", "row_no_table")]
    assert one.ask(asked.format(2026)) == [(1, "2026-03-03"), (2, "2026-03-05")]
    one.database.executescript(of_year(2027))
    one.retry()
    assert one.parked == []
    assert one.ask(asked.format(2027)) == [(1, "2027-01-04")]
