"""The simulated year on PostgreSQL: the same events, all that holds on SQLite, and the same vouchers and entries."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from typing import Final

import pytest

from connectors.ledger import postgres as ledger_postgres
from connectors.ledger.ledger import SqlLedger
from syncd.mapping.language.load import Mapping as Loaded
from syncd.money import CENT
from syncd.statements import script as statements
from tests.servers import Postgres
from tests.unit.lab import NAME
from tests.year.company import Company, finance_ddl
from tests.year.seldom import Year
from tests.year.test_year import ENTRIES, SEED, VOUCHERS, lived, replayed

MONTHS_AGAIN: Final = 2
AMOUNT: Final = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture
def on_postgres(postgres: Postgres, new_database: Callable[[], str]) -> Iterator[Callable[[Loaded], SqlLedger]]:
    """Opens finance on PostgreSQL, with its tables."""
    dsn = new_database()
    for statement in statements(finance_ddl()):
        postgres.run(statement, database=dsn.rpartition("/")[2])
    with ExitStack() as opened:

        def connect(mapping: Loaded) -> SqlLedger:
            settings = ledger_postgres.Settings(dsn)
            ledger = ledger_postgres.connect(settings, NAME, mapping.layout, mapping.tables, mapping.hash)
            return opened.enter_context(closing(ledger))

        yield connect


def test_a_year_on_postgres_is_the_one_on_sqlite(
    request: pytest.FixtureRequest, on_postgres: Callable[[Loaded], SqlLedger]
) -> None:
    """Twelve closings there; the first of the months again, in other batches, on the other ledger."""
    script = Year(request.config.getoption("--year-devices"), SEED)
    company = Company(script.opening, open_finance=on_postgres)
    months = lived(company, script)
    again = replayed(script, months[:MONTHS_AGAIN], sets_max=2, rests=5)
    for sql in (VOUCHERS, ENTRIES):
        known = [spelled(row) for row in again.query(sql)]
        assert [spelled(row) for row in company.query(sql)][: len(known)] == known


def spelled(row: tuple[object, ...]) -> list[str]:
    """As text, whatever a database keeps an amount as."""
    texts = ["" if value is None else str(value) for value in row]
    return [str(Decimal(text).quantize(CENT)) if AMOUNT.fullmatch(text) else text for text in texts]
