"""The closing list and the reports on PostgreSQL and MariaDB: the same, row by row, as over SQLite."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Final

import pytest

from connectors import reading
from connectors.ledger import mysql as ledger_mysql
from connectors.ledger import postgres as ledger_postgres
from syncd import migrate
from syncd.books.close import closing as close
from syncd.books.close.item import Item
from syncd.books.reports.sheet import Sheet
from syncd.desk.audit import verify
from syncd.ports import Ledger
from tests.finance_cases.books import NOW
from tests.finance_cases.year import SQL, Company, eventful
from tests.unit.lab import NAME

STATE: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'syncd_*'"
FINANCE: Final = ("gl_account", "gl_period", "gl_voucher", "gl_entry", "fa_card")
TYPES: Final = (
    (r"\b(debit|credit|original_value|impairment|accumulated_depreciation) TEXT", r"\1 NUMERIC(18, 2)"),
    (r"\b(first|last|date|event_date) TEXT", r"\1 DATE"),
    (r"\bTEXT\b", "VARCHAR(64)"),
    (r"residual_rate VARCHAR\(64\)", "residual_rate NUMERIC(6, 4)"),
)
"""What finance's columns are on a server."""


@pytest.fixture(scope="module")
def books() -> Company:
    """With a row parked, a disposal open, a voucher by hand, and one that was deleted."""
    found = eventful()
    found.by_hand("2026-02", "2026-02-02", ("5301", "9.50", "0", ""), ("1002", "0", "9.50", ""))
    found.by_hand("2026-02", "2026-02-02", ("1601", "5.00", "0", "FA-1"), ("1002", "0", "5.00", ""))
    found.buy("FA-12", "-1.00", "2026-02-05")
    found.buy("FA-13", "6000000.00", "2026-02-05")
    found.buy("FA-14", "2400.00", "2026-02-06", dept="XS", name="=1+1")
    found.happen("transfer", "FA-14", "0.00", "2026-02-07", dept="SC")
    found.happen("disposal", "FA-14", "0.00", "2026-02-20")
    return found


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest, books: Company) -> Iterator[Ledger]:
    """A server that holds what the books do."""
    mapping = books.mapping
    arguments = (NAME, mapping.layout, mapping.tables, mapping.hash)
    if request.param == "postgres":
        opened = ledger_postgres.connect(
            ledger_postgres.Settings(request.getfixturevalue("new_database")()), *arguments
        )
    else:
        dsn = f"{request.getfixturevalue('new_mariadb')()}?ssl_disabled=true"
        opened = ledger_mysql.connect(ledger_mysql.Settings(dsn), *arguments)
    with closing(opened) as ledger:
        schema = SQL
        for old, new in TYPES:
            schema = re.sub(old, new, schema)
        ledger.execute((statement, ()) for statement in schema.split(";") if statement.strip())
        ledger.execute((f"DELETE FROM {table}", ()) for table in FINANCE)
        migrate.migrate(ledger, NOW)
        for table in FINANCE:
            _copy(books, table, table, ledger)
        for (table,) in set(books.ask(STATE)) - {("syncd_migration",)}:
            _copy(books, str(table), str(table).replace("_", ".", 1), ledger)
        yield ledger


def _copy(books: Company, source: str, table: str, ledger: Ledger) -> None:
    cursor = books.database.execute(f"SELECT * FROM {source}")
    names = ", ".join(column for column, *_ in cursor.description)
    rows: Sequence[Sequence[object]] = cursor.fetchall()
    marks = ", ".join("?" * len(cursor.description))
    ledger.execute((f"INSERT INTO {table} ({names}) VALUES ({marks})", row) for row in rows)


def looked(books: Company, ledger: Ledger) -> Mapping[str, Item]:
    layout = books.mapping.layout
    periods = reading.periods_less_closed(ledger, layout)
    period = next(one for one in periods if one.code == "2026-02")
    chain = close.Elsewhere(None, lambda: verify.verify(ledger, NAME, layout))
    return {item.said.code: item for item in close.look(ledger, books.mapping, periods, period, NOW, chain, [NAME])}


def sheets(books: Company, ledger: Ledger) -> Sequence[Sheet]:
    """Of a month, and of the year to its end and to its own."""
    return [*books.package("2026-02", ends_year=True, ledger=ledger).sheets, *books.package(ledger=ledger).sheets]


def test_a_server_says_what_sqlite_says(books: Company, server: Ledger) -> None:
    """Also after the month was closed there. Invariant 7: no amount is another."""
    here, there = looked(books, books.ledger), looked(books, server)
    assert here["close_chain"].state == "holds"
    assert {code for code, item in here.items() if item.state == "fails"} >= {
        "close_parked",
        "close_held",
        "close_clearing",
        "close_cards",
        "close_research",
        "close_earlier",
    }
    for code, item in here.items():
        assert there[code] == item, code
    for one, other in zip(sheets(books, books.ledger), sheets(books, server), strict=True):
        assert one == other, one.code
