"""A company under the shipped mapping whose depreciation syncd computes: the real source over an EAM in memory, the
real translator and ledger, the runs and closes that people ask for. The EAM's tables stand in SQLite too, where the
reconciliation reads them; depreciation it has computed for itself, by `books.py`."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from connectors import memory, reading
from connectors.ledger.ledger import SqlLedger
from syncd.books.close import cards, closing
from syncd.books.close.item import Item, Said
from syncd.books.depreciation import asking, plan, runs, terms
from syncd.books.figures import Amounts, figures
from syncd.books.reconciliation import reconcile
from syncd.books.writes import card_writes
from syncd.change import Value
from syncd.daemon import pipeline
from syncd.demo import company
from syncd.demo.stage import File
from syncd.desk import closing as desk
from syncd.desk.audit import verify
from syncd.desk.parked import operators
from syncd.files import shipped
from syncd.mapping.expression.sqlite import register_sqlite
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.ports import Period
from tests.shipped import copied
from tests.unit.lab import NAME, NOW, Lab

BY: Final = operators.Actor("王芳", "月结")
FIRST: Final = date(2026, 1, 1)
CLEARING_DAYS: Final = 62
"""How long a disposal of the script may stand open in 1606."""
BLOCKS: Final = f"""
depreciation:
  by: syncd
  straight_line: fixed
  from: card.acquired_month
  when: card.status = 'in_use'
  opening: card.origin = 'opening'
  opening_until: DATE '2025-12-31'
  continues: card.origin IN ('split', 'merged')
  card: {{impairment: card.impairment, method: card.method, department: card.dept,
         workshop: card.workshop, asset_class: card.class}}
  rows:
    table: deprec
    columns:
      {{asset_id: "right(asset, 4)::integer", period: period, line: line, kind: kind,
        department_id: "CASE department WHEN 'SC1' THEN 1 WHEN 'SC2' THEN 2 WHEN 'SC3' THEN 3
        WHEN 'YF' THEN 4 WHEN 'XS' THEN 5 WHEN 'GL' THEN 6 END",
        amount: amount, charged_on: date, grant_amount: "0.00"}}
  run: {{table: run, columns: {{period: period, status: "'approved'", approved_on: date}}}}
  books:
    tax: {{life_months: "tax_months(card.class)::integer", method: "'straight_line'"}}

close:
  auxiliaries: {{dept: dept, workshop: workshop, class: class}}
  depreciates: card.status = 'in_use' AND card.method <> 'none'
  clearing_days: {CLEARING_DAYS}
"""
"""What a company adds to the shipped mapping whose EAM leaves depreciation to syncd. The last four of a code are the
id."""
CARDS_IN_USE: Final = (
    "SELECT asset_code, original_value, accumulated_depreciation, impairment FROM fa_card WHERE status = 'in_use'"
)
TABLES: Final = ("gl_account", "gl_department", "gl_period", "gl_voucher", "gl_entry")


@cache
def mapping() -> Loaded:
    """The shipped mapping with `BLOCKS` in place of its own."""
    with TemporaryDirectory() as folder:
        main = copied(Path(folder)) / "demo.yaml"
        own = re.sub(r"(?ms)^(depreciation|close):\n.*?(?=^\w|\Z)", "", main.read_text("utf-8"))
        main.write_text(own + BLOCKS, "utf-8")
        return load(main)


def finance_ddl() -> str:
    """Finance's tables in PostgreSQL's spelling."""
    return shipped("mappings", "demo", "finance.sql").read_text("utf-8")


class Written(NamedTuple):
    """A row of the EAM as it was and as it is."""

    table: str
    before: Mapping[str, Value] | None
    after: Mapping[str, Value] | None


class Transaction(NamedTuple):
    """What the EAM commits at once."""

    at: datetime
    rows: Sequence[Written]


class Company(Lab):
    """One pipeline, over SQLite or over what `open_finance` opens. `rests`: after so many transactions it has carried
    all that waits; `sets_max` of them are a batch."""

    def __init__(
        self, opening: Sequence[Written], sets_max: int = 1_000_000, rests: int = 0,
        open_finance: Callable[[Loaded], SqlLedger] | None = None,
    ) -> None:  # fmt: skip
        self.mapping, self.rests, self._open_finance = mapping(), rests, open_finance
        self.database = sqlite3.connect(":memory:", factory=File, isolation_level=None)
        self.eam = sqlite3.connect(":memory:", factory=File, isolation_level=None)
        register_sqlite(self.eam)
        company.create(self.eam, "eam", "sqlite")
        company.create(self.database, "finance", "sqlite")
        self.store = memory.Store()
        self._write(Transaction(NOW, opening))
        company.settle_finance(self.database, self.eam, FIRST)
        self.ledger = self.open_ledger()
        migrate(self.ledger, NOW)
        if open_finance is not None:
            self._copy_finance()
        self.translator = self.mapping.translator(NAME)
        self.feed = self.open_feed(sets_max)
        self.rest()

    def open_ledger(self, dry_run: bool = False) -> SqlLedger:
        return super().open_ledger(dry_run) if self._open_finance is None else self._open_finance(self.mapping)

    def open_source(self) -> memory.MemorySource:
        return memory.connect(memory.Settings(self.store), self.mapping.source_tables, NAME)

    def rest(self) -> None:
        while self.turn():
            pass

    def _copy_finance(self) -> None:
        """What finance begins with, into its database elsewhere."""
        for table in TABLES:
            cursor = self.database.execute(f"SELECT * FROM {table}")
            names = [column for column, *_ in cursor.description]
            marks = ", ".join("?" * len(names))
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            self.ledger.execute((statement, row) for row in cursor.fetchall())

    def _write(self, transaction: Transaction) -> None:
        """In the log and in the tables."""
        writes = []
        for table, before, after in transaction.rows:
            found = self.mapping.tables[table]
            was, now = (None if row is None else self.row(table, row) for row in (before, after))
            key = " AND ".join(f"{found.columns[i].name} = ?" for i in found.key)
            if was is not None:
                self.eam.execute(f"DELETE FROM {found.name} WHERE {key}", [was[i] for i in found.key])
            if now is not None:
                names = ", ".join(column.name for column in found.columns)
                marks = ", ".join("?" * len(now))
                values = [value if value is None or isinstance(value, int) else str(value) for value in now]
                self.eam.execute(f"INSERT INTO {found.name} ({names}) VALUES ({marks})", values)
            writes.append(memory.Write(table, was, now))
        if any(write.table in self.mapping.source_tables for write in writes):
            self.store.commit(writes, transaction.at)

    def carry(self, transactions: Iterable[Transaction]) -> None:
        """What people do in the EAM."""
        for n, transaction in enumerate(transactions, 1):
            self._write(transaction)
            if self.rests and n % self.rests == 0:
                self.rest()
        self.rest()

    @property
    def computing(self) -> runs.Computing:
        meaning = self.mapping.depreciation
        assert meaning is not None
        rules = [rule.name for rule in self.mapping.rules if rule.on.alias == meaning.rows.alias]
        return runs.Computing(NAME, meaning, self.mapping.tables, rules, self.mapping.zone)

    def depreciate(self, month: str) -> None:
        """A run is approved and made, and what waited for it is carried."""
        asking.approve(self.ledger, self.computing, self.periods(), month, BY)
        while runs.turn(self.ledger, self.translator, self.computing, lambda outcomes: None):
            pipeline.settle(self.translator, self.ledger, lambda outcomes: None)
        self.rest()

    def periods(self) -> Sequence[Period]:
        return reading.periods_less_closed(self.ledger, self.mapping.layout)

    def period(self, month: str) -> Period:
        (found,) = (period for period in self.periods() if period.code == month)
        return found

    def items(self, month: str) -> Sequence[Item]:
        """What must hold, the reconciliation and the chain with it."""
        period = self.period(month)
        now = datetime.combine(period.last + timedelta(days=1), datetime.min.time(), UTC)
        chain = closing.Elsewhere(self._differences, lambda: verify.verify(self.ledger, NAME, self.mapping.layout))
        return list(closing.look(self.ledger, self.mapping, self.periods(), period, now, chain, [NAME]))

    def _differences(self) -> list[tuple[str, Said, object, object]]:
        return [(d.asset_code, d.said, d.eam, d.finance) for d in self.reconciled().differences]

    def reconciled(self) -> reconcile.Report:
        """Both sides as they stand."""
        measures = self.mapping.reconcile
        assert measures is not None
        rows = self.eam.execute(measures.query("sqlite", self.mapping.file.timezone, (), ()))
        eam = sorted((str(code), _amounts(amounts[:3])) for code, *amounts in rows)
        held = self.query(CARDS_IN_USE)
        cards_in_use = sorted((str(code), _amounts(amounts)) for code, *amounts in held)
        return reconcile.compare(reconcile.side_by_side(eam, cards_in_use), measures.alert_above)

    def close(self, month: str) -> list[Item]:
        """The month is closed where all holds; what does not."""
        seen, items = desk.numbers(self.ledger, month), self.items(month)
        failing = [item for item in items if item.state not in ("holds", "noted")]
        if not failing:
            self.shut(month, seen)
        return failing

    def shut(self, month: str, seen: desk.Numbers | None = None) -> None:
        """Closed, as somebody has seen it."""
        seen = seen or desk.numbers(self.ledger, month)
        desk.close(self.ledger, month, seen, self.mapping.layout.period_update(month, is_open=False), {}, BY)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """What finance holds."""
        return list(self.ledger.query(sql))

    def figures_at(self, month: str) -> Mapping[str, Amounts]:
        """What reports say that assets come to at a month's end."""
        read, period = cards.read(self.mapping.month_end, self.mapping.layout.card_kinds), self.period(month)
        found = figures(card_writes(self.ledger, self.mapping.zone, [NAME]), read, period.first, period.last)
        return {asset: line.closing for asset, line in found.assets().items() if any(line.closing)}

    def planned_at(self, month: str) -> Mapping[str, Decimal]:
        """What the plan says that each asset has depreciated by a month's end, with nothing said of what was posted."""
        runs.fold(self.ledger, self.computing)
        return {
            asset.code: plan.figures(asset.history, plan.month_read(month)).accumulated
            for chunk in terms.assets(self.ledger, NAME, self.computing.meaning)
            for asset in chunk
            if asset.history is not None
        }


def _amounts(values: Sequence[object]) -> reconcile.Amounts:
    return reconcile.amounts(Decimal(str(value)) for value in values)
