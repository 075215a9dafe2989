"""A company under the shipped mapping whose EAM is written by hand, document by document: for reports of which each
figure is known."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from connectors import memory
from syncd.books.depreciation.runs import Computing
from syncd.books.reports import package
from syncd.books.reports.sheet import Package, Sheet
from syncd.change import Value
from syncd.mapping.language.load import load
from tests.shipped import copied
from tests.unit.lab import NAME
from tests.year import company as companies
from tests.year.company import Company, Transaction, Written
from tests.year.script import Script

PRINTED = package.Printed("lab", "王芳", datetime(2026, 4, 1, 9, tzinfo=UTC))
Row = Mapping[str, Value]


class Shop(Company):
    """Nothing that is written may be parked."""

    def _write(self, transaction: Transaction) -> None:
        """What was there before stands in the EAM's tables, too; the rest only in its log."""
        if not hasattr(self, "ledger"):
            super()._write(transaction)
            return
        writes = [
            memory.Write(w.table, *(None if row is None else self.row(w.table, row) for row in (w.before, w.after)))
            for w in transaction.rows
        ]
        self.store.commit(writes, transaction.at)

    def write(self, table: str, day: date, before: Row | None = None, **row: Value) -> Row:
        """A row as it is from a day on; columns that are not named are NULL."""
        full = {column.name: row.get(column.name) for column in self.mapping.tables[table].columns}
        at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        self.carry([Transaction(at, [Written(table, before, full)])])
        parked = self.query("SELECT subject, code, params FROM syncd.parked WHERE settled_at IS NULL")
        assert not parked, parked
        return full

    def buy(self, number: int, payment: str, value: str, day: date, department_id: int = 1, **more: Value) -> Row:
        """An asset is registered."""
        return self.write(
            "asset", day, id=number, asset_code=f"FA-SC-{number:04}", name="车床", class_code="JQSB",
            department_id=department_id, status="in_use", purchase_date=day, approved_on=day,
            original_value=Decimal(value), input_vat=Decimal("0.00"), payment=payment,
            opening_depreciation=Decimal("0.00"), **more,
        )  # fmt: skip

    def charge(self, number: int, day: date) -> Row:
        """A month's depreciation that does not wait for its run."""
        return self.write(
            "deprec", day, asset_id=number, period=f"{day:%Y-%m}", line=1, kind="disposal", department_id=1,
            amount=Decimal("950.00"), charged_on=day, grant_amount=Decimal("0.00"),
        )  # fmt: skip

    def dispose(self, number: int, kind: str, day: date, **more: Value) -> Row:
        """An asset's last month is charged, and it is taken off the books; the disposal has its number."""
        self.charge(number, day)
        if kind in ("theft", "shortage"):
            more = {"transfer_out_rate": Decimal("0.13")} | more
        return self.write(
            "disposal", day, id=number, asset_id=number, kind=kind, inspection_no="JD-1", contract_no="HT-1",
            status="approved", approved_on=day, **more,
        )  # fmt: skip

    @property
    def computing(self) -> Computing:
        """How its assets depreciate."""
        meaning = self.mapping.depreciation
        assert meaning is not None
        rules = [rule.name for rule in self.mapping.rules if rule.on.alias == meaning.rows.alias]
        return Computing(NAME, meaning, self.mapping.tables, rules, self.mapping.zone)

    def report(self, month: str) -> Package:
        """The month's sheets."""
        arguments = (self.ledger, self.mapping, self.periods(), self.period(month), PRINTED, {NAME: self.computing})
        return package.package(*arguments)


def shop(machines: int = 4, change: Callable[[str], str] = lambda text: text) -> Shop:
    """With machines in the books whose codes end in 0001, 0002 …: 120,000.00 each, 950.00 a month, taken over with what
    they had by 2025. `change` makes another file of the mapping's main one."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        main = copied(Path(folder)) / "demo.yaml"
        main.write_text(change(main.read_text("utf-8")), "utf-8")
        loaded = load(main)
        patch.setattr(companies, "mapping", lambda: loaded)
        script = Script(0, 1)
        codes = [script.settle("JQSB", date(2025, 6, 10), 12_000_000) for _ in range(machines)]
        assert [code[-4:] for code in codes] == [f"{n:04}" for n in range(1, machines + 1)]
        return Shop(script.opening)


def sheet(of: Package, code: str) -> Sheet:
    """One of them."""
    (found,) = (one for one in of.sheets if one.code == f"report_{code}")
    return found


def rows(of: Sheet) -> list[dict[str, Any]]:
    """By the Chinese headings of its columns; subtotals too."""
    return [dict(zip((column.title("zh") for column in of.columns), row, strict=True)) for row in of.rows]
