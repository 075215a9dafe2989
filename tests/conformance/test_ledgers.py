"""One suite over every ledger. A new ledger is one line in LEDGERS."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from syncd.ports import Ledger
from tests.conformance.finance import Finance, Kept, asset, batch, in_memory, in_postgres, in_sqlite, posted, write

LEDGERS: Final = ("sqlite", "memory", "postgres")


@pytest.fixture(params=LEDGERS)
def finance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Finance]:
    """A finance database of each kind."""
    if request.param == "postgres":
        yield in_postgres(request.getfixturevalue("new_database")())
    elif request.param == "sqlite":
        yield in_sqlite(tmp_path / "finance.db")
    else:
        kept = Kept(Path(":memory:"))
        yield in_memory(kept)
        kept.drop()


@pytest.fixture
def ledger(finance: Finance) -> Iterator[Ledger]:
    """A ledger on it."""
    with closing(finance.open()) as opened:
        yield opened


def test_a_batch_is_written_whole(finance: Finance, ledger: Ledger) -> None:
    """Invariants 2, 6, 8: card, voucher, entries, posting, mirror and checkpoint in one transaction."""
    outcomes = write(ledger, batch(posted(asset(1)), posted(asset(2, "0.30"))))
    assert [len(o.postings) for o in outcomes] == [1, 1]
    assert ledger.checkpoint() == "00000002"
    assert finance.run("SELECT asset_code, name FROM fin.card ORDER BY asset_code") == [("FA-1", "lathe"), ("FA-2", "lathe")]
    assert [r[0] for r in finance.run("SELECT number FROM fin.voucher ORDER BY number")] == [1, 2]
    with ledger.begin() as book:
        print(book.posted(["registration/FA-1", "x"]), book.cards(["FA-1"]), book.mirror("asset", ["1"]), book.periods(), book.lookup("account_id"))
