"""The statement that reconciles the demonstration's EAM gives the same on PostgreSQL, MariaDB and SQLite."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors import scan_eam
from syncd import mapping
from syncd.demo import company, eam
from syncd.files import shipped
from syncd.mapping.sqlite import register_sqlite
from tests.acceptance.databases import connected

MONTH = date(2026, 2, 1)


class File(sqlite3.Connection):
    """SQLite as the people of the demonstration want it; money is text there."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.execute("BEGIN")
        yield
        self.execute("COMMIT")

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        return super().executemany(sql, [tuple(map(_kept, row)) for row in parameters])

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return super().execute(sql, tuple(map(_kept, parameters)))


def _kept(value: object) -> object:
    return str(value) if isinstance(value, Decimal | date) else value


def _lived_in(db: Any, dialect: company.Dialect) -> None:
    """A company with a past: upgrades, a written-down device, two months charged of which one is approved."""
    company.create(db, "eam", dialect)
    company.settle_eam(db, MONTH, 60)
    eam.upgrade(db, 3, Decimal("50000.00"), MONTH)
    eam.upgrade(db, 3, Decimal("0.01"), MONTH)
    eam.impair(db, 5, Decimal("1234.56"), MONTH)
    eam.charge_month(db, MONTH)
    eam.approve_month(db, MONTH)
    eam.charge_month(db, date(2026, 3, 1))


def test_what_is_compared_is_the_same_wherever_the_eam_is(
    tmp_path: Path, new_database: Callable[[], str], new_mariadb: Callable[[], str]
) -> None:
    """Invariant 7, of the reconciliation: not a cent differs, nor the order of codes."""
    measures = mapping.load(shipped("mappings", "demo.yaml")).reconcile
    assert measures is not None
    postgres, mariadb, file = new_database(), new_mariadb(), tmp_path / "eam.db"
    with (
        closing(sqlite3.connect(file, factory=File, isolation_level=None)) as lite,
        closing(connected(postgres)) as one,
        closing(connected(mariadb)) as other,
    ):
        _lived_in(lite, "sqlite")
        _lived_in(one, "postgres")
        _lived_in(other, "mysql")
    with (
        scan_eam.postgres(postgres, measures.query) as meant,
        scan_eam.mysql(mariadb, measures.query) as there,
        scan_eam.sqlite(str(file), measures.query, register_sqlite) as here,
    ):
        expected = [_asset(row) for row in meant]
        assert len(expected) > 50
        assert [_asset(row) for row in there] == expected
        assert [_asset(row) for row in here] == expected


def _asset(row: Sequence[Any]) -> tuple[object, ...]:
    return str(row[0]), *(None if amount is None else Decimal(amount) for amount in row[1:])
