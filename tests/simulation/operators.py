"""People at syncd's own desk, who approve, refuse, retry, edit and give up parked rows at random."""

import json
from collections.abc import Mapping
from random import Random

from syncd import desk
from syncd.change import Table
from syncd.ports import Ledger

SOMEBODY = desk.Actor("clerk", "simulation")
FINANCE = desk.Actor("accountant", "simulation")


def act(ledger: Ledger, pipeline: str, tables: Mapping[str, Table], chance: Random) -> None:
    """Do something about one open row, if there is one."""
    rows = desk.parked(ledger, pipeline, desk.Selection())
    if not rows:
        return
    row = chance.choice(rows)
    one = desk.Selection(ids=(row.id,))
    if row.state == "approval":
        if chance.random() < 0.8:
            desk.approve(ledger, pipeline, row.id, FINANCE, "finance")
        else:
            desk.reject(ledger, pipeline, row.id, FINANCE, "finance")
        return
    match chance.randrange(6):
        case 0:
            desk.discard(ledger, pipeline, one, SOMEBODY)
        case 1 | 2:
            _edit(ledger, pipeline, tables, row, chance)
        case _:
            desk.retry(ledger, pipeline, one, SOMEBODY)


def _edit(ledger: Ledger, pipeline: str, tables: Mapping[str, Table], row: desk.ParkedRow, chance: Random) -> None:
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
        desk.edit(ledger, pipeline, row.id, values, tables, SOMEBODY)
