"""The statement that reconciles the demonstration's EAM gives the same on PostgreSQL, MariaDB and SQLite."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors import scan_eam
from syncd.books.reconciliation import checksums
from syncd.demo import company, eam
from syncd.dialects import Dialect
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.language.load import Mapping, load
from tests.acceptance.databases import connected
from tests.shipped import copied

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


def _lived_in(db: Any, dialect: Dialect) -> None:
    """A company with a past: upgrades, a written-down device, two months charged of which one is approved."""
    company.create(db, "eam", dialect)
    company.settle_eam(db, MONTH, 60)
    eam.upgrade(db, 3, Decimal("50000.00"), MONTH)
    eam.upgrade(db, 3, Decimal("0.01"), MONTH)
    eam.impair(db, 5, Decimal("1234.56"), MONTH)
    eam.charge_month(db, MONTH)
    eam.approve_month(db, MONTH)
    eam.charge_month(db, date(2026, 3, 1))


def _without_a_code(directory: Path) -> Mapping:
    """The demonstration's mapping, for which one device has no code yet."""
    path = copied(directory / "mappings") / "demo.yaml"
    text = path.read_text("utf-8")
    changed = text.replace("  asset_code: asset_code\n", "  asset_code: nullif(asset_code, 'FA-SC-0003')\n")
    assert changed != text
    path.write_text(changed, "utf-8")
    return load(path)


def test_what_is_compared_is_the_same_wherever_the_eam_is(
    tmp_path: Path, new_database: Callable[[], str], new_mariadb: Callable[[], str]
) -> None:
    """Invariant 7, of the reconciliation: not a cent differs, nor the order of codes."""
    measures = _without_a_code(tmp_path).reconcile
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

    def in_order(dialect: Dialect, *given: Any) -> str:
        return checksums.rows_query(measures.query(dialect, *given), dialect, dialect, None)

    with (
        scan_eam.postgres(postgres, "Asia/Shanghai") as meant,
        scan_eam.mysql(mariadb, "Asia/Shanghai") as there,
        scan_eam.sqlite(str(file), "Asia/Shanghai", register_sqlite) as here,
    ):
        expected = [_asset(row) for row in meant.rows(in_order)]
        assert len(expected) > 50
        assert [code for code, *_ in expected] == sorted(code for code, *_ in expected)
        assert expected[0][0] == "", "it has a name that sorts, and is compared with nobody"
        assert [_asset(row) for row in there.rows(in_order)] == expected
        assert [_asset(row) for row in here.rows(in_order)] == expected
        shape = checksums.Shape(3, 0)

        def in_parts(dialect: Dialect, *given: Any) -> str:
            other: Dialect = "mysql" if dialect == "postgres" else "postgres"
            return checksums.parts_query(measures.query(dialect, *given), dialect, other, shape)

        parts = [checksums.read(list(scan.rows(in_parts))) for scan in (meant, there)]
        assert parts[0] == parts[1], "one canonical text, one hash, whatever server computes it"
        assert sum(part.rows for part in parts[0].values()) == len(expected)


def _asset(row: Sequence[Any]) -> tuple[object, ...]:
    return str(row[0]), *(None if amount is None else Decimal(amount) for amount in row[1:4])
