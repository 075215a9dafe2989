"""Cards of several kinds in tables of their own, as servers read them: what one table lacks is NULL there, of the kind
that it has in the other."""

from collections.abc import Callable, Sequence
from contextlib import closing
from decimal import Decimal

from syncd.dialects import Dialect
from tests.integration.server_lab import on_mariadb, on_postgres
from tests.unit.lab import Lab
from tests.unit.test_cards_by_kind import LAYOUT, MAPPING, asset

TABLES = """
CREATE TABLE fa_building (no VARCHAR(20) PRIMARY KEY, name VARCHAR(60), cost DECIMAL(14, 2), "Area" DECIMAL(9, 2));
CREATE TABLE fa_machine (code VARCHAR(20) PRIMARY KEY, called VARCHAR(60), value DECIMAL(14, 2), sort VARCHAR(20));
"""


def test_postgresql_reads_them_as_one(new_database: Callable[[], str]) -> None:
    """With types that do not agree unless they are said."""
    _read_as_one(on_postgres(new_database(), MAPPING, LAYOUT, TABLES), "postgres")


def test_mariadb_reads_them_as_one(new_mariadb: Callable[[], str]) -> None:
    _read_as_one(on_mariadb(new_mariadb(), MAPPING, LAYOUT, TABLES), "mysql")


def _read_as_one(lab: Lab, dialect: Dialect) -> None:
    with closing(lab.ledger):
        assert [finding.code for finding in lab.ledger.check() if finding.level == "error"] == []
        building, machine = asset("B-1", "building"), asset("M-1", "machine")
        lab.commit(lab.insert("asset", **building), lab.insert("asset", **machine))
        lab.rest()
        lab.commit(lab.update("asset", machine, cost=Decimal("150.00")))
        lab.commit(lab.update("asset", building, code="B-2"))
        lab.rest()
        layout = lab.mapping.layout
        assert lab.ledger.query("SELECT count(*) FROM syncd.parked WHERE settled_at IS NULL") == [(0,)]
        cards = {row[0]: layout.card_row(row) for row in lab.ledger.query(layout.all_cards_query())}
        assert {code: (card["kind"], card["original_value"], card["area"]) for code, card in cards.items()} == {
            "B-2": ("building", Decimal("100.00"), Decimal("12.50")),
            "M-1": ("machine", Decimal("150.00"), None),
        }
        compared: Sequence[Sequence[object]] = lab.ledger.query(
            layout.compared_query(dialect, ["original_value"], ["kind"], "") + " ORDER BY k"
        )
        assert [tuple(map(str, row)) for row in compared] == [
            ("B-2", "100.00", "building"),
            ("M-1", "150.00", "machine"),
        ]
