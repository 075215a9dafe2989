"""Documents of the EAM that a close holds against the accounts, compiled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from syncd.change import Kind
from syncd.mapping.language.blocks.closing_block import NO_DOCUMENTS, Documents
from syncd.mapping.language.blocks.readings import Decisions, Reading, read_rows

if TYPE_CHECKING:
    from syncd.mapping.language.blocks.month_end import Close
    from syncd.mapping.language.rules import Resolver

DAYS: Final = {"first": Kind.DATE, "last": Kind.DATE}
"""What its expressions may read besides: the days of the month."""


def compile_documents(block: "Close | None", resolver: "Resolver", decisions: Decisions) -> Documents:
    """What the block says; what is wrong with it goes to the resolver's reader."""
    if block is None:
        return NO_DOCUMENTS

    def read(word: str, alias: str, said: Sequence[tuple[str, Kind]]) -> Reading | None:
        table = resolver.tables.get(alias)
        key = [] if table is None else [table.columns[i] for i in table.key]
        at = ("close", word, alias)
        return read_rows(resolver, decisions, alias, [*((f'"{c.name}"', c.kind) for c in key), *said], at, DAYS)

    ready = [
        read("ready", alias, [(one.asset, Kind.TEXT), (one.since, Kind.DATE), (one.where, Kind.BOOLEAN)])
        for alias, one in block.ready.items()
    ]
    vat = [
        read("input_vat", alias, [(one.account, Kind.TEXT), (one.amount, Kind.DECIMAL), (one.where, Kind.BOOLEAN)])
        for alias, one in block.input_vat.items()
    ]
    return Documents([one for one in ready if one is not None], [one for one in vat if one is not None])
