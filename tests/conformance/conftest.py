"""The ledgers that the suites run over. A new ledger is one line in LEDGERS."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from connectors.ledger.sqlite import MEMORY
from syncd.ports import Ledger
from tests.conformance.finance import Finance, Kept, in_memory, in_mysql, in_postgres, in_sqlite

LEDGERS: Final = ("sqlite", "memory", "postgres", "mysql")


@pytest.fixture(params=LEDGERS)
def finance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Finance]:
    """A finance database of each kind."""
    if request.param == "postgres":
        yield in_postgres(request.getfixturevalue("new_database")())
    elif request.param == "mysql":
        yield in_mysql(request.getfixturevalue("new_mariadb")())
    elif request.param == "sqlite":
        yield in_sqlite(tmp_path / "finance.db")
    else:
        kept = Kept(MEMORY)
        yield in_memory(kept)
        kept.drop()


@pytest.fixture
def ledger(finance: Finance) -> Iterator[Ledger]:
    """A ledger on it."""
    with closing(finance.open()) as opened:
        yield opened
