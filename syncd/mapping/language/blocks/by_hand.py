"""Vouchers by hand as rows of a table that nobody else writes: what the `reconcile` block says of them, compiled."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from syncd.change import Kind, Row, Table
from syncd.mapping.language.blocks.readings import Decisions, filled, find_table
from syncd.mapping.language.file.model import Reconcile
from syncd.mapping.language.rules import Resolver

WORDS: Final[Mapping[str, Kind]] = {
    "voucher": Kind.TEXT,
    "asset": Kind.TEXT,
    "date": Kind.DATE,
    "summary": Kind.TEXT,
    "content": Kind.TEXT,
}
"""What a row of a voucher by hand may be filled with."""


class ByHand(NamedTuple):
    """The table, and what makes a row of it from the names of WORDS."""

    table: Table
    fill: Callable[..., Row]


def compile_by_hand(block: Reconcile | None, resolver: Resolver, decisions: Decisions) -> ByHand | None:
    """What the block says; None where it says nothing or is wrong, which the reader's `errors` then say."""
    said = None if block is None else block.by_hand
    at = ("reconcile", "by_hand")
    table = None if said is None else find_table(resolver, said.table, (*at, "table"))
    if said is None or table is None:
        return None
    fill = filled(resolver, decisions, table, said.columns, (*at, "columns"), WORDS, resolver.constants())
    if [said.columns.get(table.columns[i].name) for i in table.key] != ["voucher"]:
        resolver.reader.fault("reconcile_by_hand_key", (*at, "table"), table=table.alias)
    return None if fill is None else ByHand(table, fill)
