"""A small finance database and its layout, written by hand, for the ledgers' tests."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import psycopg2
import pymysql

from connectors.ledger import mysql as ledger_mysql
from connectors.ledger import postgres as ledger_postgres
from connectors.ledger import sqlite as ledger_sqlite
from connectors.ledger.ledger import SqlLedger
from connectors.mysql import dsn as mysql_dsn
from syncd import journal, migrate
from syncd.change import Change, Column, Kind, Op, Position, Row, Table, Value
from syncd.journal import ColumnShape, Shape, TableShape
from syncd.mapping.layout import periods
from syncd.ports import Drawn, Layout, Ledger, LookupSpec, Numbered, Period, Series, Statement, TableWrite
from syncd.posting import (
    Batch,
    CardWrite,
    Entry,
    Fields,
    Outcome,
    Posting,
    Refused,
    Rejection,
    Rejections,
    Status,
    Voucher,
)
from syncd.statements import script

ASSET = Table(
    "asset",
    "eam.asset",
    (Column("id", Kind.INTEGER), Column("code", Kind.TEXT), Column("value", Kind.DECIMAL)),
    (0,),
)
TABLES = {"asset": ASSET}
WAIT_SECONDS_MAX = 120.0
COMMITTED = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)

SCHEMA = """
    CREATE TABLE fin.account (code VARCHAR(20) PRIMARY KEY, id INTEGER NOT NULL);
    CREATE TABLE fin.period (
        code VARCHAR(7) PRIMARY KEY, starts DATE NOT NULL, ends DATE NOT NULL, is_open INTEGER NOT NULL
    );
    CREATE TABLE fin.card (asset_code VARCHAR(40) PRIMARY KEY, name VARCHAR(20), original_value MONEY_TYPE);
    CREATE TABLE fin.voucher (
        period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL, posted_on DATE NOT NULL,
        summary VARCHAR(20) NOT NULL CHECK (summary <> 'refuse me'), external_key VARCHAR(80) NOT NULL,
        PRIMARY KEY (period, type, number)
    );
    CREATE TABLE fin.entry (
        period VARCHAR(7) NOT NULL, type VARCHAR(2) NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL,
        account_id INTEGER NOT NULL, debit MONEY_TYPE NOT NULL, credit MONEY_TYPE NOT NULL,
        PRIMARY KEY (period, type, number, line)
    );
    INSERT INTO fin.account VALUES ('1601', 16010), ('1002', 10020);
    INSERT INTO fin.period VALUES ('2026-01', '2026-01-01', '2026-01-31', 0);
    INSERT INTO fin.period VALUES ('2026-02', '2026-02-01', '2026-02-28', 1);
"""


_HEAD = (
    ColumnShape("period", Kind.TEXT, "voucher.period"),
    ColumnShape("type", Kind.TEXT, "voucher.type"),
    ColumnShape("number", Kind.INTEGER, "voucher.number"),
)
_VOUCHER = (
    ColumnShape("posted_on", Kind.DATE, "voucher.date"),
    ColumnShape("summary", Kind.TEXT, "voucher.summary"),
    ColumnShape("external_key", Kind.TEXT, "voucher.key"),
)
_ENTRY = (
    ColumnShape("line", Kind.INTEGER, "entry.line"),
    ColumnShape("account_id", Kind.NULL, ""),
    ColumnShape("debit", Kind.DECIMAL, "entry.debit"),
    ColumnShape("credit", Kind.DECIMAL, "entry.credit"),
)


def names(columns: Sequence[ColumnShape]) -> tuple[str, ...]:
    """The columns' names."""
    return tuple(column.name for column in columns)


def shape(voucher: Sequence[ColumnShape], entry: Sequence[ColumnShape]) -> Shape:
    """Of the two tables with these columns."""
    head = TableShape("fin.voucher", False, names(_HEAD), True, tuple(voucher))
    line = TableShape("fin.entry", True, names(_HEAD), True, tuple(entry))
    return Shape([(head, names(voucher)), (line, names(entry))], lambda period: ("fin.voucher", "fin.entry"))


class SmallLayout:
    """`ports.Layout` by hand."""

    name = "small"
    shape = shape(_HEAD + _VOUCHER, _HEAD + _ENTRY)
    lookups: Mapping[str, LookupSpec] = {"account_id": LookupSpec("account_id", "fin.account", "code", "id", "")}
    card_fields = ("name", "original_value")
    card_guard = "fin.card"
    finance_edits: frozenset[str] = frozenset()
    held = frozenset(card_fields)

    def render(
        self, postings: Sequence[Numbered], lookups: Mapping[str, Mapping[Value, Value]]
    ) -> Iterable[TableWrite]:
        ids = lookups["account_id"]
        cards = [card for posting, _ in postings for card in posting.cards]
        opened = [(c.asset_code, c.fields["name"], c.fields["original_value"]) for c in cards if c.verb == "open"]
        columns = ("asset_code", "name", "original_value")
        if opened:
            yield TableWrite("fin.card", columns, columns[:1], "open", opened)
        for name in self.card_fields:
            changed = [(c.asset_code, c.fields[name]) for c in cards if c.verb == "change" and name in c.fields]
            if changed:
                yield TableWrite("fin.card", ("asset_code", name), columns[:1], "update", changed)
        vouchers = [(p, p.voucher, number) for p, number in postings if p.voucher is not None]
        if vouchers:
            yield TableWrite(
                "fin.voucher",
                names(_HEAD + _VOUCHER),
                (),
                "insert",
                [(v.period, v.type, number, v.date, v.summary, p.key) for p, v, number in vouchers],
            )
            yield TableWrite(
                "fin.entry",
                names(_HEAD + _ENTRY),
                (),
                "insert",
                [
                    (v.period, v.type, number, line, ids[e.account], e.debit, e.credit)
                    for _, v, number in vouchers
                    for line, e in enumerate(v.entries, 1)
                ],
            )

    def writes(self, periods: Sequence[Period]) -> Mapping[str, Mapping[str, Kind]]:
        text, number, money = Kind.TEXT, Kind.INTEGER, Kind.DECIMAL
        voucher = {"period": text, "type": text, "number": number}
        return {
            "fin.card": {"asset_code": text, "name": text, "original_value": money},
            "fin.voucher": {**voucher, "posted_on": Kind.DATE, "summary": text, "external_key": text},
            "fin.entry": {**voucher, "line": number, "account_id": number, "debit": money, "credit": money},
        }

    def drawn(self, periods: Sequence[Period]) -> Mapping[str, Drawn]:
        return {}

    def holds(self, field: str, periods: Sequence[Period]) -> Iterable[tuple[str, str]]:
        known = {
            "voucher.key": ("fin.voucher", "external_key"),
            "entry.debit": ("fin.entry", "debit"),
            "card.original_value": ("fin.card", "original_value"),
        }
        return [known[field]] if field in known else []

    def places(self, field: str) -> int | None:
        return 2 if field == "original_value" else None

    def exact(self, kind: Kind, value: object) -> Value:
        return cast(Value, journal.exact(kind, value))

    def card_query(self) -> str:
        return "SELECT asset_code, name, original_value FROM fin.card WHERE asset_code = ?"

    def card_row(self, row: Sequence[object]) -> Fields:
        value = row[2]
        return {"name": cast(str, row[1]), "original_value": None if value is None else Decimal(str(value))}

    def periods_query(self) -> str:
        return "SELECT code, starts, ends, is_open FROM fin.period"

    def periods(self, rows: Sequence[Sequence[object]]) -> Sequence[Period]:
        return periods.listed(rows)

    def period_update(self, code: str, is_open: bool) -> tuple[str, Sequence[object]] | None:
        return "UPDATE fin.period SET is_open = ? WHERE code = ?", (int(is_open), code)

    series: Callable[[str, str], Series | None] | None = None

    def kept(self, period: str) -> str:
        return period

    def last_number(self, series: Series) -> Statement:
        return "SELECT max(number) FROM fin.voucher WHERE period = ? AND type = ?", series

    def numbered(self, series: Series) -> tuple[str, str, str, Sequence[object]]:
        return "fin.voucher", "number", " WHERE period = ? AND type = ?", series

    def number_in(self, found: object) -> int:
        return int(str(found or 0))

    def last_date(self, series: Series) -> Statement | None:
        return "SELECT max(posted_on) FROM fin.voucher WHERE period = ? AND type = ?", series

    def voucher_ref(self, period: str, type: str, number: int, key: str) -> str:
        return f"{period} {type}-{number}"

    def voucher_called(self, voucher: Voucher, number: int) -> str:
        return f"{voucher.type}-{number} of {voucher.date}"


@dataclass(frozen=True)
class Finance:
    """A finance database of one kind. `open` gives a ledger on it, `run` a statement as finance's own people."""

    kind: str
    connect: Callable[[str, bool, str], Ledger]
    run: Callable[..., list[tuple[object, ...]]]

    def open(self, pipeline: str = "main", dry_run: bool = False, mapping_hash: str = "m1") -> Ledger:
        return self.connect(pipeline, dry_run, mapping_hash)


SMALL = SmallLayout()


def in_postgres(dsn: str, layout: Layout = SMALL, schema: str = SCHEMA) -> Finance:
    """The finance database in PostgreSQL, migrated."""
    settings = ledger_postgres.Settings(dsn)

    def connect(pipeline: str, dry_run: bool, mapping_hash: str) -> Ledger:
        return ledger_postgres.connect(settings, pipeline, layout, TABLES, mapping_hash, dry_run)

    def run(sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), params or None)
            return cursor.fetchall() if cursor.description else []

    run("CREATE SCHEMA fin")
    return _made(
        Finance("postgres", connect, run),
        schema,
        "NUMERIC(18, 2)",
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    )


def in_mysql(dsn: str, layout: Layout = SMALL, schema: str = SCHEMA) -> Finance:
    """The finance database in MariaDB, migrated."""
    dsn = f"{dsn}?ssl_disabled=true"
    settings = ledger_mysql.Settings(dsn)

    def connect(pipeline: str, dry_run: bool, mapping_hash: str) -> Ledger:
        return ledger_mysql.connect(settings, pipeline, layout, TABLES, mapping_hash, dry_run)

    def run(sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        sql = sql.replace("fin.", "fin_").replace("syncd.", "syncd_").replace("?", "%s")
        connection = pymysql.connect(**mysql_dsn.parse(dsn).arguments(), autocommit=True)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    return _made(Finance("mysql", connect, run), schema, "DECIMAL(18, 2)", "BIGINT AUTO_INCREMENT PRIMARY KEY")


def in_sqlite(path: Path, layout: Layout = SMALL, schema: str = SCHEMA) -> Finance:
    """The finance database in a SQLite file, migrated."""
    path.touch()
    settings = ledger_sqlite.Settings(path)

    def connect(pipeline: str, dry_run: bool, mapping_hash: str) -> Ledger:
        return ledger_sqlite.connect(settings, pipeline, layout, TABLES, mapping_hash, dry_run)

    def run(sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with closing(connect("finance", False, "")) as ledger:
            return _run(ledger, sql, params)

    return _made(Finance("sqlite", connect, run), schema, "TEXT", "INTEGER PRIMARY KEY AUTOINCREMENT")


class Kept(ledger_sqlite.Sqlite):
    """The one connection to a database in memory, which ends with it."""

    def close(self) -> None:
        self.rollback()

    def drop(self) -> None:
        super().close()


def in_memory(kept: Kept) -> Finance:
    """The finance database in memory, migrated; all ledgers share its connection."""

    def connect(pipeline: str, dry_run: bool, mapping_hash: str) -> Ledger:
        return SqlLedger(lambda: kept, pipeline, SmallLayout(), TABLES, mapping_hash, dry_run)

    def run(sql: str, params: Sequence[object] = ()) -> list[tuple[object, ...]]:
        return _run(connect("finance", False, ""), sql, params)

    return _made(Finance("memory", connect, run), SCHEMA, "TEXT", "INTEGER PRIMARY KEY")


def _run(ledger: Ledger, sql: str, params: Sequence[object]) -> list[tuple[object, ...]]:
    sql = sql.replace("fin.", "fin_")
    if sql.lstrip().startswith("SELECT"):
        return ledger.query(sql, params)
    ledger.execute([(sql, params)])
    return []


def _made(finance: Finance, schema: str, money: str, serial: str) -> Finance:
    for sql in script(schema.replace("MONEY_TYPE", money).replace("SERIAL_KEY", serial)):
        finance.run(sql)
    with closing(finance.open()) as ledger:
        migrate.migrate(ledger, COMMITTED)
    return finance


def asset(number: int, value: str = "100.10", op: Op = "insert", at: int = 0, code: str = "") -> Change:
    """A change of the source row `number`, about the asset of that number or `code`, committed at log position `at`
    or, if that is 0, at `number`."""
    row: Row = (number, code or f"FA-{number}", Decimal(value))
    return Change("asset", op, None, None if op == "truncate" else row, Position(f"{at or number:08}"), COMMITTED)


def voucher(value: str = "100.10", summary: str = "addition", credit: str = "") -> Voucher:
    """An addition of `value`; with `credit` it does not balance."""
    amount, other, day = Decimal(value), Decimal(credit or value), date(2026, 2, 3)
    zero = Decimal(0)
    entries = (Entry("1601", amount, zero, summary, {}), Entry("1002", zero, other, summary, {"dept": "SC"}))
    return Voucher("记", "2026-02", day, day, summary, entries)


def posted(change: Change, key: str = "", made: Voucher | None = None, name: str = "lathe") -> Outcome:
    """The registration of an asset: its card and its voucher."""
    assert change.after is not None
    code, value = str(change.after[1]), change.after[2]
    card = CardWrite(code, "open", {"name": name, "original_value": value})
    posting = Posting(key or f"registration/{code}", "registration", code, change, (card,), made or voucher(str(value)))
    return Outcome(change, code, (posting,))


def rejected(change: Change, status: Status = "failed", waits_for: str = "", parked_id: int | None = None) -> Outcome:
    """A change that could not be posted."""
    assert change.after is not None
    code = str(change.after[1])
    rejection = Rejection(change, code, "registration", status, "unknown_account", {"account": "9999"}, waits_for)
    return Outcome(change, code, rejection=rejection, parked_id=parked_id)


def batch(*outcomes: Outcome, arrived: Sequence[str] = (), position: str | None = None) -> Batch:
    """Outcomes as one batch from the log, with the mirror that goes with them."""
    mirror: dict[str, dict[str, Row | None]] = {}
    for change in (o.change for o in outcomes if o.change.after is not None):
        mirror.setdefault(change.table, {})[str(change.after[0])] = change.after
    last = outcomes[-1].change.position if outcomes else None
    return Batch(outcomes, mirror, frozenset(arrived), Position(position) if position else last)


def write(ledger: Ledger, made: Batch) -> Sequence[Outcome]:
    """Write one batch in one transaction; without what finance refuses, as one that is judged anew."""
    while True:
        try:
            with ledger.begin() as book:
                return book.write(made)
        except Refused as refusal:
            made = made._replace(outcomes=[_parked(outcome, refusal.rejections) for outcome in made.outcomes])


def _parked(outcome: Outcome, rejections: Rejections) -> Outcome:
    rejection = rejections.get(outcome.change)
    return outcome if rejection is None else outcome._replace(postings=(), rejection=rejection)


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds; a server takes a moment to notice that a connection has ended."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
