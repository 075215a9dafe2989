"""A difference that a reconciliation found, as people read it in a terminal, on a page, and as a line of a sheet."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd.books.reconciliation.reconcile import WHOLE
from syncd.books.reports import csv
from syncd.books.reports.sheet import Cell, Column, Row, Sheet
from syncd.language import Language, current, say
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


def label(balance: Mapping[str, Any], words: Language | None = None) -> str:
    """What people call a balance of the mapping."""
    return str(balance["says"].get(words or current()) or balance["name"])


def cause(
    difference: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], name: str = "", words: Language | None = None
) -> str:
    """Why; `listed` are all differences beside it, and `name` is that of the balance that they are of."""
    why = say(difference["cause"], _params(difference), words) if difference["cause"] else ""
    is_moved = not any(is_amount(d, name) for d in listed if d["asset_code"] == difference["asset_code"])
    moved = say("reconcile_moved", {"field": say(difference["field"], {}, words)}, words) if is_moved else ""
    return f"{moved} {why}".strip()


def proposal(difference: Mapping[str, Any], words: Language | None = None) -> str:
    """What can be done about it; empty where that is not known."""
    return say(difference["proposal"], _params(difference), words) if difference["proposal"] else ""


def is_acceptable(difference: Mapping[str, Any]) -> bool:
    """Whether somebody may have the posting made that it proposes."""
    return difference["proposal"] in ("propose_posting", "propose_cancelling")


def sides(difference: Mapping[str, Any], name: str = "") -> tuple[Cell, Cell]:
    """What the EAM and finance say, amounts as such; a code that looks like a number is none."""
    one, other = (
        Decimal(said) if (said := difference[side]) is not None and is_amount(difference, name) else said
        for side in ("eam", "finance")
    )
    return one, other


def is_amount(difference: Mapping[str, Any], name: str = "") -> bool:
    """Whether it is one of an amount."""
    return difference["field"] in (*FIELDS, "carrying_amount", WHOLE, name)


def value(difference: Mapping[str, Any], words: Language | None = None) -> str:
    """What it differs in; of an asset that a side lacks all that the other says of it."""
    figures = difference.get("figures") or {}
    return say(difference["field"], {field: f"{Decimal(amount):,.2f}" for field, amount in figures.items()}, words)


def _params(difference: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**difference["params"], "difference": difference["id"], "asset": difference["asset_code"]}


def _row(of: str, d: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], name: str = "") -> Row:
    one, other = sides(d, name)
    off = other - one if isinstance(one, Decimal) and isinstance(other, Decimal) else None
    why = f"{cause(d, listed, name)} {proposal(d)}".strip()
    return d["id"], of, d["asset_code"], of if d["field"] == name else value(d), one, other, off, why
