"""What finance holds in the end, as the oracle's words, and what must be true of any books."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

from syncd import audit
from syncd.change import Table
from syncd.record import decode_change
from tests.simulation.oracle import Books, Card, Facts, Journal, Line, Made


def facts(database: sqlite3.Connection, tables: Mapping[str, Table]) -> Facts:
    """What people did at the desk."""
    rows = database.execute("SELECT position, state, change, original, approved FROM syncd_parked").fetchall()
    edited = {row[0]: decode_change(tables, row[2]).after for row in rows if row[3] is not None}
    return Facts(
        {position: after for position, after in edited.items() if after is not None},
        frozenset(row[0] for row in rows if row[1] == "discarded"),
        {row[0]: frozenset(step.partition("@")[2] for step in json.loads(row[4])) for row in rows},
        frozenset(row[0] for row in rows if row[1] == "ignored"),
    )


def held(database: sqlite3.Connection) -> Books:
    """What finance holds."""
    books = Books()
    journals = _journals(database)
    for key, rule, subject in database.execute("SELECT key, rule, subject FROM syncd_posting ORDER BY seq"):
        journal = journals.get(key)
        if rule != "depreciation":
            books.made[subject].append(Made(rule, journal))
        elif journal is not None:
            for _, debit, _, dept, _ in journal.lines:
                if dept is not None:
                    books.depreciation[f"{journal.event_date:%Y-%m}", dept] += debit
    for code, name, dept, value, accumulated, status in database.execute(
        "SELECT asset_code, name, dept, original_value, accumulated_depreciation, status FROM fa_card"
    ):
        books.cards[code] = Card(name, dept, Decimal(value), Decimal(accumulated), status)
    open_rows = database.execute("SELECT position, state FROM syncd_parked WHERE settled_at IS NULL")
    books.parked = dict(open_rows.fetchall())
    return books


def _journals(database: sqlite3.Connection) -> dict[str, Journal]:
    """Vouchers by idempotency key."""
    lines: dict[tuple[str, str, int], list[Line]] = defaultdict(list)
    for period, kind, number, account, debit, credit, dept, asset in database.execute(
        "SELECT period, type, number, account, debit, credit, dept, asset FROM gl_entry ORDER BY line"
    ):
        lines[period, kind, number].append((account, Decimal(debit), Decimal(credit), dept, asset))
    return {
        key: Journal(
            kind, period, date.fromisoformat(day), date.fromisoformat(event), tuple(lines[period, kind, number])
        )
        for period, kind, number, day, event, key in database.execute(
            "SELECT period, type, number, date, event_date, external_key FROM gl_voucher"
        )
    }


def sound(database: sqlite3.Connection, series: Sequence[str] = ("period", "type")) -> None:
    """Invariants that hold at any moment, whatever was posted; `series` is within what vouchers are numbered."""
    _balanced(database)
    _gapless(database, series)
    _chained(database)


def _balanced(database: sqlite3.Connection) -> None:
    for key, journal in _journals(database).items():
        debit, credit = (sum((line[side] for line in journal.lines), Decimal(0)) for side in (1, 2))
        assert debit == credit, f"invariant 3: {key} is not balanced"
        assert len(journal.lines) >= 2, f"invariant 3: {key} has fewer than two entries"
        red = database.execute("SELECT reverses FROM syncd_posting WHERE key = ?", (key,)).fetchone()
        assert red is not None, f"invariant 8: nothing says where voucher {key} comes from"
        assert red[0] or all(line[1] >= 0 and line[2] >= 0 for line in journal.lines), f"invariant 3: {key} is negative"


def _gapless(database: sqlite3.Connection, series: Sequence[str]) -> None:
    columns = ", ".join([*series, "number"])
    numbers = database.execute(f"SELECT {columns} FROM gl_voucher ORDER BY {columns}").fetchall()
    for of, rows in groupby(numbers, key=lambda row: row[:-1]):
        given = [row[-1] for row in rows]
        assert given == list(range(1, len(given) + 1)), f"invariant 6: {of} has {given}"


def _chained(database: sqlite3.Connection) -> None:
    fields = ", ".join(audit.POSTING)
    rows = database.execute(f"SELECT {fields}, hash FROM syncd_posting ORDER BY seq").fetchall()
    records = ((row[0], [str(field) for field in row[:-1]], row[-1]) for row in rows)
    assert list(audit.breaks(records)) == [], "invariant 12: the chain of postings is broken"
