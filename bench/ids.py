"""How fast vouchers go in whose ids finance draws itself, beside the same with ids that we make.

A ledger writes batches of both, in turn, on PostgreSQL and on MariaDB.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Final

from bench.result import Result
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Ledger
from syncd.posting import Outcome
from tests.conformance.finance import Finance, asset, batch, in_mysql, in_postgres, posted, write
from tests.conformance.shapes import CARDS, COMMON, DRAWN, MOVES, RULES, SCHEMA
from tests.servers import mariadb_server, postgres_server
from tests.unit.lab import loaded

BATCH_CHANGES: Final = 4_000
_OWN: Final = {"    generated: id\n": "", "{period:": "{id: voucher.number, period:", "voucher.id": "voucher.number"}
Open = Callable[[str, FinanceLayout, str], Finance]


def measure(changes: int) -> list[Result]:
    """Vouchers of two entries and a card a second: drawn ids, and made ones."""
    with postgres_server() as postgres:
        results = [_beside("PostgreSQL", postgres.create_database, in_postgres, changes)]
    with mariadb_server() as mariadb:
        return [*results, _beside("MariaDB", mariadb.create_database, in_mysql, changes)]


def _made() -> str:
    """The layout with ids that are ours."""
    text = DRAWN
    for was, now in _OWN.items():
        text = text.replace(was, now)
    return text


def _beside(name: str, create: Callable[[], str], open_in: Open, changes: int) -> Result:
    spent = [0.0, 0.0]
    with _ledger(create(), DRAWN, open_in) as drawn, _ledger(create(), _made(), open_in) as made:
        for start in range(0, changes, BATCH_CHANGES):
            outcomes = [posted(asset(n)) for n in range(start + 1, start + BATCH_CHANGES + 1)]
            turns = [(0, drawn), (1, made)]
            for which, ledger in turns if start // BATCH_CHANGES % 2 else reversed(turns):
                took = _seconds(ledger, outcomes)
                spent[which] += took if start else 0.0  # the first of each finds its way
    done = max(changes - BATCH_CHANGES, BATCH_CHANGES)
    said = f"vouchers posted with ids that {name} draws, beside ids that we make"
    return Result(said, done / spent[0], done / spent[1], "vouchers/s")


def _seconds(ledger: Ledger, outcomes: list[Outcome]) -> float:
    started = time.perf_counter()
    write(ledger, batch(*outcomes))
    return time.perf_counter() - started


@contextmanager
def _ledger(dsn: str, layout: str, open_in: Open) -> Iterator[Ledger]:
    with closing(open_in(dsn, loaded(RULES, COMMON + CARDS + layout).layout, SCHEMA + MOVES).open()) as ledger:
        assert ledger.acquire()
        yield ledger
