"""What a reconciliation found, as a sheet for whoever works through it: a line for each difference."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd.books.reconciliation.reconcile import WHOLE
from syncd.books.reports import csv
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.language import current, say
from syncd.mapping.language.blocks.measures import FIELDS

COLUMNS: Final = (
    Column("reconcile_number"),
    Column("reconcile_balance"),
    Column("reconcile_document"),
    Column("reconcile_value"),
    Column("reconcile_eam", "money"),
    Column("reconcile_finance", "money"),
    Column("difference", "money"),
    Column("reconcile_cause"),
)


def write(path: Path, found: Mapping[str, Any]) -> int:
    """Write them all; how many they are."""
    listed = [d for d in found["differences"] if d["id"]]
    rows = [_row(say("reconcile_assets"), d, listed) for d in listed]
    for balance in found["balances"]:
        listed, name = balance["differences"], balance["name"]
        rows += [_row(label(balance), d, listed, name) for d in listed]
    csv.write_sheet(Sheet("report_eam_differences", COLUMNS, rows), path, current())
    return len(rows)


def label(balance: Mapping[str, Any]) -> str:
    """What people call a balance of the mapping."""
    return str(balance["says"].get(current()) or balance["name"])


def cause(difference: Mapping[str, Any]) -> str:
    """Why, and what can be done."""
    params = difference["params"] | {"difference": difference["id"], "asset": difference["asset_code"]}
    told = difference["cause"], difference["proposal"]
    return " ".join(say(code, params) for code in told if code)


def is_amount(difference: Mapping[str, Any], name: str = "") -> bool:
    """Whether it is one of an amount; `name` is that of the balance that it is of."""
    return difference["field"] in (*FIELDS, "carrying_amount", WHOLE, name)


def value(difference: Mapping[str, Any]) -> str:
    """What it differs in; of an asset that a side lacks all that the other says of it."""
    figures = difference.get("figures") or {}
    return say(difference["field"], {field: f"{Decimal(amount):,.2f}" for field, amount in figures.items()})


def is_moved(difference: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], name: str = "") -> bool:
    """Whether only texts differ: the same amount, another department."""
    return not any(is_amount(d, name) for d in listed if d["asset_code"] == difference["asset_code"])


def _row(of: str, d: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], name: str = "") -> Row:
    one, other = (_cell(d[side], is_amount(d, name)) for side in ("eam", "finance"))
    off = other - one if isinstance(one, Decimal) and isinstance(other, Decimal) else None
    field = {"field": say(d["field"])}
    why = f"{say('reconcile_moved', field)} {cause(d)}" if is_moved(d, listed, name) else cause(d)
    return d["id"], of, d["asset_code"], of if d["field"] == name else value(d), one, other, off, why


def _cell(said: str | None, is_figure: bool) -> Cell:
    return Decimal(said) if said is not None and is_figure else said
