"""People at syncd's own desk, who approve, refuse, retry, edit and give up parked rows at random."""

import json
from collections.abc import Mapping
from datetime import UTC
from random import Random

from connectors.convert import typed
from syncd.change import Column, Table, Value
from syncd.desk.parked import operators
from syncd.ports import Ledger

SOMEBODY = operators.Actor("clerk", "simulation")
FINANCE = operators.Actor("accountant", "simulation")


def act(ledger: Ledger, pipeline: str, tables: Mapping[str, Table], chance: Random) -> None:
    """Do something about one open row, if there is one."""
    rows = operators.parked(ledger, pipeline, operators.Selection())
    if not rows:
        return
    row = chance.choice(rows)
    one = operators.Selection(ids=(row.id,))
    if row.state == "approval" and row.request:
        return  # it is to be tried again first, and nobody knows what it waits for then
    if row.state == "approval":
        if chance.random() < 0.8:
            operators.approve(ledger, pipeline, row.id, FINANCE, "finance")
        else:
            operators.reject(ledger, pipeline, row.id, FINANCE, "finance")
        return
    match chance.randrange(6):
        case 0:
            operators.discard(ledger, pipeline, one, SOMEBODY)
        case 1 | 2:
            _edit(ledger, pipeline, tables, row, chance)
        case _:
            operators.retry(ledger, pipeline, one, SOMEBODY)


def _read(column: Column, text: str) -> Value:
    return typed(column, text, UTC)


def _edit(ledger: Ledger, pipeline: str, tables: Mapping[str, Table], row: operators.ParkedRow, chance: Random) -> None:
    """Put right what is wrong with a row, and nothing else."""
    after = json.loads(row.change)["after"]
    values: dict[str, str | None] = {}
    column = {"asset": "original_value", "upgrade": "amount"}.get(row.table)
    if (
        after
        and column
        and (not isinstance(after[column], str) or after[column].startswith("-") or after[column] == "13.13")
    ):
        values[column] = f"{chance.randrange(1, 4000)}.50"
    if values:
        operators.edit(ledger, pipeline, row.id, values, tables, _read, SOMEBODY)
