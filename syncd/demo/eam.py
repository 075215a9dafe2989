"""The demonstration's EAM, seen from the people who work in it. Each function is what one of them does, in one
transaction; it knows nothing of finance or of syncd. Portable SQL, so the same people work on SQLite and PostgreSQL.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Literal, NamedTuple, Protocol

from syncd.books.depreciation.methods import Method, Revision, Terms, months_due, schedule
from syncd.money import ZERO

ON_BOOKS = "('in_use', 'to_dispose', 'isolated', 'awaiting_approval', 'awaiting_writeoff')"


class Database(Protocol):
    """A connection in autocommit mode that takes `?` parameters. All that a person does at once is one transaction,
    which is to hold the right to write from its start."""

    def transaction(self) -> AbstractContextManager[None]: ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any: ...
    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> Any: ...


class Device(NamedTuple):
    """A device as the EAM registers it; amounts in yuan, the value without VAT."""

    asset_code: str
    name: str
    class_code: str
    department_id: int
    value: Decimal | str
    approved_on: date
    vat: Decimal = ZERO
    payment: Literal["bank", "payable", "construction"] = "bank"
    supplier_id: int | None = 1
    status: str = "in_use"
    opening_depreciation: Decimal = ZERO


class Sale(NamedTuple):
    """What a disposal brought in and cost, all of it on one day; material taken into stock bears no VAT."""

    kind: Literal["scrap", "sale"]
    approved_on: date
    proceeds: Decimal = ZERO
    output_vat: Decimal = ZERO
    removal_cost: Decimal = ZERO
    received_by: Literal["bank", "receivable", "materials"] = "bank"


def register(db: Database, devices: Sequence[Device]) -> list[int]:
    """Devices entered and approved; their ids."""
    with db.transaction():
        first = next_id(db, "asset")
        rows = [_asset_row(first + i, device) for i, device in enumerate(devices)]
        columns = ", ".join(rows[0]) if rows else "id"
        marks = ", ".join("?" * len(rows[0])) if rows else "?"
        db.executemany(f"INSERT INTO asset ({columns}) VALUES ({marks})", [list(row.values()) for row in rows])
    return list(range(first, first + len(devices)))


def correct(
    db: Database, asset_id: int, value: Decimal, changed_on: date, paid: Decimal | None = None, cause: str = "error"
) -> None:
    """The original value was wrong. Where it was posted already, finance asks for the cause and for what was really
    `paid`, VAT included."""
    said = {"original_value": str(value), "changed_on": str(changed_on)}
    if paid is not None:
        said |= {"correction": cause, "paid": str(paid)}
    columns = ", ".join(f"{column} = ?" for column in said)
    db.execute(f"UPDATE asset SET {columns} WHERE id = ?", (*said.values(), asset_id))


def delete(db: Database, asset_id: int) -> None:
    """The registration was a mistake altogether."""
    db.execute("DELETE FROM asset WHERE id = ?", (asset_id,))


def upgrade(db: Database, asset_id: int, amount: Decimal, on: date, added_months: int = 0) -> None:
    """An approved upgrade; the EAM keeps it beside the original value, not in it."""
    with db.transaction():
        row = (next_id(db, "upgrade"), asset_id, str(amount), added_months, "bank", "approved", str(on))
        _insert(db, "upgrade", "id, asset_id, amount, added_months, payment, status, approved_on", row)


def impair(db: Database, asset_id: int, amount: Decimal, on: date) -> None:
    """An approved impairment."""
    with db.transaction():
        row = (next_id(db, "impairment"), asset_id, str(amount), "approved", str(on))
        _insert(db, "impairment", "id, asset_id, amount, status, approved_on", row)


def repair(db: Database, asset_id: int, amount: Decimal, vat: Decimal, on: date) -> None:
    """A repair that is done, on behalf of the department that has the asset now."""
    with db.transaction():
        (used_by,) = db.execute("SELECT department_id FROM asset WHERE id = ?", (asset_id,)).fetchone()
        row = (next_id(db, "repair"), asset_id, str(amount), str(vat), "bank", "done", str(on), used_by)
        _insert(db, "repair", "id, asset_id, amount, input_vat, payment, status, done_on, department_id", row)


def transfer(db: Database, asset_id: int, to_department_id: int, on: date) -> None:
    """An approved transfer to another department."""
    with db.transaction():
        (left,) = db.execute("SELECT department_id FROM asset WHERE id = ?", (asset_id,)).fetchone()
        row = (next_id(db, "transfer"), asset_id, left, to_department_id, "approved", str(on))
        _insert(db, "transfer", "id, asset_id, from_department_id, to_department_id, status, approved_on", row)
        db.execute("UPDATE asset SET department_id = ? WHERE id = ?", (to_department_id, asset_id))


def dispose(db: Database, asset_id: int, sale: Sale) -> None:
    """A disposal from approval to result."""
    settle(db, hand_over(db, asset_id, sale), sale.approved_on)


def hand_over(db: Database, asset_id: int, sale: Sale) -> int:
    """A scrapping or a sale: approved, with the depreciation that the month of removal still bears; then its costs and
    its proceeds, each a document of its own. Returns the disposal's id."""
    day = str(sale.approved_on)
    with db.transaction():
        for status in ("to_dispose", "isolated", "awaiting_approval", "awaiting_writeoff"):
            db.execute("UPDATE asset SET status = ? WHERE id = ?", (status, asset_id))
        _charge(db, "disposal", sale.approved_on, asset_id)
        number = next_id(db, "disposal")
        papers = (f"JD-{number:04}", None) if sale.kind == "scrap" else (None, f"HT-{number:04}")
        row = (number, asset_id, sale.kind, *papers, "approved", day)
        _insert(db, "disposal", "id, asset_id, kind, inspection_no, contract_no, status, approved_on", row)
        done = "scrapped" if sale.kind == "scrap" else "sold"
        db.execute("UPDATE asset SET status = ? WHERE id = ?", (done, asset_id))
    if sale.removal_cost:
        cost = (next_id(db, "disposal_cost"), number, str(sale.removal_cost), "bank", "approved", day)
        _insert(db, "disposal_cost", "id, disposal_id, amount, payment, status, paid_on", cost)
    if sale.proceeds:
        payer = "KH-01" if sale.received_by == "receivable" else None
        amounts = (sale.received_by, payer, str(sale.proceeds), str(sale.output_vat))
        got = (next_id(db, "disposal_proceeds"), number, *amounts, "approved", day)
        columns = "id, disposal_id, received_by, payer, amount, output_vat, status, received_on"
        _insert(db, "disposal_proceeds", columns, got)
    return number


def settle(db: Database, disposal_id: int, on: date) -> None:
    """A disposal is over: its result is to be booked."""
    closing = (next_id(db, "disposal_closing"), disposal_id, "approved", str(on))
    _insert(db, "disposal_closing", "id, disposal_id, status, closed_on", closing)


def charge_month(db: Database, month: date) -> int:
    """The month's depreciation of every asset on the books, computed; returns the number of rows."""
    with db.transaction():
        charged = _charge(db, "month", month)
        db.execute("INSERT INTO depreciation_run VALUES (?, 'calculated', NULL)", (period_of(month),))
    return charged


def approve_month(db: Database, month: date) -> None:
    """The month's depreciation is approved as it was computed."""
    db.execute(
        "UPDATE depreciation_run SET status = 'approved', approved_on = ? WHERE period = ?",
        (str(last_day(month)), period_of(month)),
    )


def period_of(day: date) -> str:
    """`2026-02`."""
    return f"{day:%Y-%m}"


def last_day(month: date) -> date:
    """The last day of a day's month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def next_id(db: Database, table: str) -> int:
    """The EAM numbers its rows itself."""
    (highest,) = db.execute(f"SELECT max(id) FROM {table}").fetchone()
    return (highest or 0) + 1


def _asset_row(asset_id: int, device: Device) -> dict[str, object]:
    return {
        "id": asset_id,
        "asset_code": device.asset_code,
        "name": device.name,
        "class_code": device.class_code,
        "department_id": device.department_id,
        "supplier_id": device.supplier_id,
        "status": device.status,
        "purchase_date": str(device.approved_on),
        "approved_on": str(device.approved_on),
        "original_value": str(device.value),
        "input_vat": str(device.vat),
        "payment": device.payment,
        "opening_depreciation": str(device.opening_depreciation),
    }


def _charge(db: Database, kind: Literal["month", "disposal"], month: date, asset_id: int | None = None) -> int:
    """Depreciation rows of a month that have none yet. A transfer moves the expense from the next month on, so
    the department that held the asset at the start of the month bears it."""
    period, first = period_of(month), month.replace(day=1)
    changes = _revisions(db)
    moved = dict(
        db.execute(
            "SELECT asset_id, min(from_department_id) FROM transfer WHERE status = 'approved' AND approved_on >= ?"
            " GROUP BY asset_id",
            (str(first),),
        ).fetchall()
    )
    assets = db.execute(
        "SELECT a.id, a.department_id, a.approved_on, a.original_value, c.method, c.residual_rate, c.life_months"
        " FROM asset a JOIN asset_class c ON c.code = a.class_code"
        f" WHERE a.status IN {ON_BOOKS} AND (a.id = ? OR CAST(? AS INTEGER) IS NULL) AND a.id NOT IN"
        " (SELECT d.asset_id FROM depreciation d WHERE d.period = ? AND d.line = 1) ORDER BY a.id",
        (asset_id, asset_id, period),
    ).fetchall()
    rows = []
    for number, department, approved_on, value, method, rate, life in assets:
        terms = Terms(Method(method), Decimal(value), Decimal(rate), life)
        amount = amount_of(terms, changes.get(number, ()), _day(approved_on), month)
        if amount:
            charged_on = month if kind == "disposal" else last_day(month)
            rows.append((number, period, 1, kind, moved.get(number, department), str(amount), str(charged_on)))
    _insert(db, "depreciation", "asset_id, period, line, kind, department_id, amount, charged_on", *rows)
    return len(rows)


def _insert(db: Database, table: str, columns: str, *rows: tuple[object, ...]) -> None:
    """Rows of the columns that are given; the others are what the EAM takes where nobody says anything."""
    marks = ", ".join("?" * len(columns.split(",")))
    db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def amount_of(terms: Terms, changes: Sequence[tuple[date, Revision]], registered: date, month: date) -> Decimal:
    """What an asset depreciates in a month, after what changed before that month."""
    count = months_due(registered, month)
    revisions = [r._replace(after_months=months_due(registered, on)) for on, r in changes]
    return next(islice(schedule(terms, revisions), count - 1, count), ZERO) if count else ZERO


def _revisions(db: Database) -> dict[int, list[tuple[date, Revision]]]:
    """By asset, what was approved and counts from the following month on."""
    found: dict[int, list[tuple[date, Revision]]] = {}
    for asset_id, amount, months, on in db.execute(
        "SELECT asset_id, amount, added_months, approved_on FROM upgrade WHERE status = 'approved'"
    ).fetchall():
        revision = Revision(0, added_value=Decimal(amount), added_months=months)
        found.setdefault(asset_id, []).append((_day(on), revision))
    for asset_id, amount, on in db.execute(
        "SELECT asset_id, amount, approved_on FROM impairment WHERE status = 'approved'"
    ).fetchall():
        found.setdefault(asset_id, []).append((_day(on), Revision(0, impairment=Decimal(amount))))
    return found


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
