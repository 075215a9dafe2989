"""What a SQLite file does to a ledger: wrong files, other writers, columns that would make fractions of money."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.ledger import sqlite as ledger_sqlite
from syncd.errors import Halt, Transient
from syncd.ports import Ledger
from syncd.posting import CardWrite, Outcome, Posting
from tests.conformance.finance import (
    SCHEMA,
    TABLES,
    Finance,
    SmallLayout,
    asset,
    batch,
    in_sqlite,
    posted,
    voucher,
    write,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "finance.db"


@pytest.fixture
def finance(path: Path) -> Finance:
    return in_sqlite(path)


@pytest.fixture
def ledger(finance: Finance) -> Iterator[Ledger]:
    with closing(finance.open()) as opened:
        yield opened


def at(path: Path) -> Ledger:
    return ledger_sqlite.connect(ledger_sqlite.Settings(path), "main", SmallLayout(), TABLES, "m1")


def test_a_file_that_is_not_there_is_not_created(path: Path) -> None:
    with closing(at(path)) as ledger, pytest.raises(Halt) as raised:
        ledger.acquire()
    assert raised.value.code == "finance_no_database"
    assert not path.exists()


def test_a_file_that_is_no_database_is_said_so(path: Path) -> None:
    path.write_text("finance " * 1000)
    with closing(at(path)) as ledger, pytest.raises(Halt) as raised:
        ledger.acquire()
    assert raised.value.code == "finance_no_database"


def test_another_program_that_writes_is_waited_for(path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of somebody else is transient; afterwards the batch goes through, once."""
    monkeypatch.setattr(ledger_sqlite, "BUSY_SECONDS_MAX", 0.01)
    ledger.acquire()
    with closing(sqlite3.connect(path, isolation_level=None)) as other, closing(at(path)) as people:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient) as raised:
            people.execute([("DELETE FROM syncd.daemon", ())])
        assert raised.value.code == "finance_busy"
        other.execute("ROLLBACK")
    write(ledger, batch(posted(asset(1))))


@pytest.mark.parametrize(
    ("declared", "level", "code"),
    [
        *((declared, "warning", "ledger_column_double") for declared in ("NUMERIC(18, 2)", "REAL", "DECIMAL", "float")),
        ("INTEGER", "error", "ledger_column_inexact"),
    ],
)
def test_check_tells_columns_that_are_no_decimals(path: Path, declared: str, level: str, code: str) -> None:
    """Invariant 7: of SQLite's columns only text keeps a decimal as it is; a fraction of double precision comes back as
    it was written."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA.replace("fin.", "fin_").replace("MONEY_TYPE", declared))
    with closing(at(path)) as ledger:
        said = [f for f in ledger.check() if f.code.startswith("ledger_column")]
    assert {(f.level, f.code) for f in said} == {(level, code)}
    found = {(f.params.get("table"), f.params.get("column")) for f in said}
    assert found == {("fin.card", "original_value"), ("fin.entry", "debit"), ("fin.entry", "credit")}


def test_a_number_beyond_64_bits_is_parked(ledger: Ledger) -> None:
    """Invariant 5: what SQLite cannot hold is the row's fault."""
    change = asset(1)
    card = CardWrite("FA-1", "open", {"name": 2**70, "original_value": None})
    huge = Posting("registration/FA-1", "registration", "FA-1", change, (card,), voucher())
    outcomes = write(ledger, batch(Outcome(change, "FA-1", (huge,)), posted(asset(2))))
    assert outcomes[0].rejection is not None
    assert outcomes[0].rejection.code == "row_out_of_range"
    assert outcomes[1].postings
