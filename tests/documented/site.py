"""The examples of docs/mapping.md put together: one mapping, one layout, their files, and finance's tables on any
ledger."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from connectors import memory
from connectors.ledger import mysql as ledger_mysql
from connectors.ledger import postgres as ledger_postgres
from connectors.ledger import sqlite as ledger_sqlite
from syncd import statements
from syncd.change import Value
from syncd.daemon import pipeline
from syncd.mapping.language.load import Mapping as Loaded
from syncd.mapping.language.load import load
from syncd.migrate import migrate
from syncd.ports import Ledger
from syncd.posting import Outcome
from tests.acceptance.databases import Database, connected
from tests.documented.pieces import filled, pieces
from tests.integration.eam import until
from tests.unit.lab import Feed

NAME: Final = "documented"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
TURNS_MAX: Final = 40
FILES: Final = {
    "demo/expense_account.csv": "kind,account\nproduction,5101\n*,6602\n",
    "demo/codes.csv": "old_code,code\nA-1,FA-1\n",
    "demo/accounts.csv": "standard,role,code,name\nASBE,fixed_assets,1601,固定资产\nASBE,bank,1002,银行存款\n"
    "ASBE,accumulated_depreciation,1602,累计折旧\nSBE,fixed_assets,1601,固定资产\n",
}
TABLES: Final = filled(
    "tables asset",
    ('      purchase_date: {date: "%Y%m%d"}\n', '      purchase_date: {date: "%Y%m%d"}\n'
     "      name: text\n      status: text\n      site_id: integer\n      department_id: integer\n"
     "      approved_on: date\n"
     "      class_code: text\n      serial_no: text\n      supplier_id: integer\n"),
    ("    columns: {…}\n", "    columns: {asset_id: integer, line: integer, amount: money}\n"
     "  deprec: {table: eam.deprec, key: id, columns: {id: integer, asset_id: integer, period: text, amount: money}}\n"
     "  deprec_run: {table: eam.deprec_run, key: period, columns: {period: text, status: text}}\n"),
    ("{id: integer, code: text, kind: text}", "{id: integer, code: text, kind: text, workshop: text}}\n"
     "  site: {table: eam.site, key: id, columns: {id: integer, kind: text}"),
)  # fmt: skip
RULES: Final = filled(
    "rules registration",
    ("accumulated_depreciation: 0}", "accumulated_depreciation: 0, dept: dept.code,\n"
     "           class: after.class_code, status: \"'in_use'\"}"),
)  # fmt: skip
COLLECT: Final = filled(
    "monthly_depreciation",
    ("    voucher: {…} ", "    voucher:\n"
     "      type: \"'转'\"\n      date: last_day((after.period || '-01')::date)\n"
     "      summary: \"'depreciation ' || after.period\"\n      entries:\n"
     "        - {account: expense_account(dept.kind), debit: after.amount, dept: dept.code}\n"
     "        - {account: account('accumulated_depreciation'), credit: after.amount}\n"),
)  # fmt: skip
LAYOUT: Final = filled(
    "finance",
    ("      original_value: card.original_value\n", "      original_value: card.original_value\n"
     "      accumulated_depreciation: card.accumulated_depreciation\n      keeper: card.keeper\n"
     "      name: card.name\n      dept: card.dept\n      class: card.class\n      status: card.status\n"),
    ("{id: \"uuid(voucher.key)\", number: voucher.number, …}", '{id: "uuid(voucher.key)", number: voucher.number,'
     " period: voucher.period, type: voucher.type, posted_on: voucher.date, external_key: voucher.key}"),
    ("{…, account_id: ", '{voucher_id: "uuid(voucher.key)", line: entry.line, debit: entry.debit,'
     " credit: entry.credit, dept: entry.dept, account_id: "),
)  # fmt: skip
KINDS: Final = (
    "kinds: {original_value: money, accumulated_depreciation: money, keeper: text, name: text,"
    " dept: text, class: text, status: text}\n"
)
DDL: Final = """
    CREATE TABLE fin.account (
        code VARCHAR(20) PRIMARY KEY, id INTEGER NOT NULL, name VARCHAR(40) NOT NULL, is_leaf INTEGER NOT NULL
    );
    CREATE TABLE fin.period (
        code VARCHAR(7) PRIMARY KEY, starts_on DATE NOT NULL, ends_on DATE NOT NULL, status VARCHAR(9) NOT NULL
    );
    CREATE TABLE fin.card (
        asset_code VARCHAR(40) PRIMARY KEY, original_value MONEY_TYPE, accumulated_depreciation MONEY_TYPE,
        keeper VARCHAR(20), name VARCHAR(20), dept VARCHAR(9), class VARCHAR(9), status VARCHAR(9)
    );
    CREATE TABLE fin.voucher (
        id CHAR(36) PRIMARY KEY, period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL,
        posted_on DATE NOT NULL, external_key VARCHAR(120) NOT NULL, UNIQUE (period, type, number)
    );
    CREATE TABLE fin.entry (
        voucher_id CHAR(36) NOT NULL, line INTEGER NOT NULL, account_id INTEGER NOT NULL, org VARCHAR(2) NOT NULL,
        debit MONEY_TYPE NOT NULL, credit MONEY_TYPE NOT NULL, dept VARCHAR(9), PRIMARY KEY (voucher_id, line)
    );
    INSERT INTO fin.account VALUES ('1601', 16010, '固定资产', 1), ('1002', 10020, '银行存款', 1);
    INSERT INTO fin.account VALUES ('1602', 16020, '累计折旧', 1), ('5101', 51010, '制造费用', 1);
    INSERT INTO fin.period VALUES ('2026-01', '2026-01-01', '2026-01-31', 'closed');
    INSERT INTO fin.period VALUES ('2026-02', '2026-02-01', '2026-02-28', 'open');
    INSERT INTO fin.period VALUES ('2026-03', '2026-03-01', '2026-03-31', 'open');
"""
CARDS: Final = filled(
    "card",
    ("amount: card.original_value}", "amount: card.original_value,"
     " written_off: card.accumulated_depreciation, keeper: card.keeper,"
     " dept: card.dept, class: card.class, status: card.status}"),
)  # fmt: skip
BY_KIND: Final = filled(
    "kinds",
    ("area: money}", KINDS.partition("{")[2].replace("}\n", ", area: money}")),
    ("sort: card.kind}", "sort: card.kind, written_off: card.accumulated_depreciation, keeper: card.keeper,"
     " name: card.name, dept: card.dept, class: card.class, status: card.status}"),
)  # fmt: skip
OF_KINDS: Final = """
    CREATE TABLE fin.building (code VARCHAR(40) PRIMARY KEY, cost MONEY_TYPE, area MONEY_TYPE);
    CREATE TABLE fin.machine (
        code VARCHAR(40) PRIMARY KEY, cost MONEY_TYPE, sort VARCHAR(20), written_off MONEY_TYPE,
        keeper VARCHAR(9), name VARCHAR(20), dept VARCHAR(9), class VARCHAR(9), status VARCHAR(9)
    );
    INSERT INTO fin.building (code, cost, area) VALUES ('FA-2', '900.00', '12.50');
"""
ITEMS: Final = """
    CREATE TABLE fin.item (id SERIAL_KEY, kind CHAR(4) NOT NULL, code VARCHAR(40) NOT NULL, label VARCHAR(20));
    CREATE UNIQUE INDEX one_item ON fin.item (kind, code);
    CREATE TABLE fin.item_value (
        item_id BIGINT PRIMARY KEY REFERENCES fin.item (id), amount MONEY_TYPE, written_off MONEY_TYPE,
        keeper VARCHAR(9), dept VARCHAR(9), class VARCHAR(9), status VARCHAR(9)
    );
    INSERT INTO fin.item (kind, code, label) VALUES ('MAT', 'FA-1', 'steel');
"""
DRAWN: Final = filled(
    "voucher",
    ("line: entry.line, …", "line: entry.line,\n    account_id: account_id(entry.account), debit: entry.debit,"
     " credit: entry.credit, dept: entry.dept"),
)  # fmt: skip
MOVES: Final = """
    CREATE TABLE fin.move (
        id SERIAL_KEY, number VARCHAR(20) NOT NULL, year INTEGER NOT NULL, kind VARCHAR(2) NOT NULL,
        posted_on DATE NOT NULL, external_key VARCHAR(120) NOT NULL, UNIQUE (year, kind, number)
    );
    CREATE TABLE fin.line (
        move_id BIGINT NOT NULL REFERENCES fin.move (id), line INTEGER NOT NULL, account_id INTEGER NOT NULL,
        debit MONEY_TYPE NOT NULL, credit MONEY_TYPE NOT NULL, dept VARCHAR(9), PRIMARY KEY (move_id, line)
    );
"""
PERIODS: Final = {
    "query": "ALTER TABLE fin.period ADD book INTEGER DEFAULT 1 NOT NULL; CREATE TABLE fin.book (book INTEGER);"
    " INSERT INTO fin.book VALUES (1);",
    "closed_until": "CREATE TABLE fin.setting (closed_on DATE); INSERT INTO fin.setting VALUES ('2026-01-31');",
}
"""What the ways to say periods need in finance."""
TYPES: Final = {"postgres": "NUMERIC(18, 2)", "mysql": "DECIMAL(18, 2)", "sqlite": "TEXT"}
IDS: Final = {
    "postgres": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY",
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
}


def layout_with(piece: str) -> str:
    """The layout with these blocks in place of its own."""
    own = set(re.findall(r"(?m)^(\w+):", piece))
    blocks = re.split(r"(?m)^(?=\w+:)", LAYOUT + KINDS)
    return "".join(block for block in blocks if block.partition(":")[0] not in own) + piece


def written(folder: Path, layout: str, first: str, second: str, files: Mapping[str, str] = FILES) -> Loaded:
    """The mapping in the files that the examples name: its head, and two parts."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / "finance").mkdir()
    (folder / "finance" / "demo.yaml").write_text(layout, "utf-8")
    (folder / "demo" / "purchase.yaml").write_text(first, "utf-8")
    (folder / "demo" / "disposal.yaml").write_text(second, "utf-8")
    (folder / "demo.yaml").write_text(pieces()["mapping"] + pieces()["parts"], "utf-8")
    return load(folder / "demo.yaml")


class Books:
    """A mapping over finance on some ledger and an EAM whose transactions are written by hand."""

    def __init__(self, kind: str, dsn: str, mapping: Loaded, ddl: str) -> None:
        self.mapping = mapping
        self._open = _OPEN[kind](dsn)
        self.finance: Database = connected(dsn)
        for sql in statements.script(ddl.replace("MONEY_TYPE", TYPES[kind]).replace("SERIAL_KEY", IDS[kind])):
            self.run(sql)
        self.ledger = self.open()
        migrate(self.ledger, NOW)
        assert self.ledger.acquire()
        self.store = memory.Store()
        self.begin()
        self._at = datetime(2026, 2, 3, 4, tzinfo=UTC)
        self.rest()

    def begin(self) -> None:
        """A process that knows what is committed."""
        self.translator = self.mapping.translator(NAME)
        source = memory.connect(memory.Settings(self.store), self.mapping.tables, NAME)
        source.start(self.ledger.checkpoint())
        self._feed = Feed(source, 1_000_000)

    def begin_anew(self) -> None:
        """The daemon ends and another begins."""
        self.ledger.close()
        self.ledger = self.open()
        until(self.ledger.acquire)  # a server may take a moment to see that the other is gone
        self.begin()

    def open(self) -> Ledger:
        m = self.mapping
        return self._open(NAME, m.layout, m.tables, m.hash)

    def run(self, sql: str) -> list[tuple[object, ...]]:
        """A statement as finance's own people."""
        sql = sql if self.finance.kind == "postgres" else sql.replace("fin.", "fin_").replace("gl.", "gl_")
        done = self.finance.execute(sql)
        return list(done.fetchall()) if done.description else []

    def commit(self, *writes: tuple[str, Mapping[str, Value] | None, Mapping[str, Value] | None]) -> list[Outcome]:
        """A transaction of the EAM, rows as (table, before, after); what became of it."""
        made = []
        for alias, before, after in writes:
            columns = [column.name for column in self.mapping.tables[alias].columns]
            rows = [None if row is None else tuple(row.get(name) for name in columns) for row in (before, after)]
            made.append(memory.Write(alias, *rows))
        self._at += timedelta(seconds=1)
        self.store.commit(made, self._at)
        return self.rest()

    def rest(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        quiet = 0
        for _ in range(TURNS_MAX):
            turned = pipeline.turn(self._feed, self.translator, self.ledger, outcomes.extend)
            quiet = 0 if turned else quiet + 1
            if quiet > 1:
                return outcomes
        raise AssertionError("it does not come to rest")

    def close(self) -> None:
        self.ledger.close()
        self.finance.close()


Opening = Callable[..., Ledger]
_OPEN: Final[Mapping[str, Callable[[str], Opening]]] = {
    "sqlite": lambda dsn: lambda *asked: ledger_sqlite.connect(ledger_sqlite.Settings(Path(dsn)), *asked),
    "postgres": lambda dsn: lambda *asked: ledger_postgres.connect(ledger_postgres.Settings(dsn), *asked),
    "mysql": lambda dsn: lambda *asked: ledger_mysql.connect(ledger_mysql.Settings(dsn), *asked),
}
