"""What a close looks for among the documents of the EAM: construction that is ready, and what brought input VAT."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from syncd.mapping.language.file.shapes import Expr, Strict

if TYPE_CHECKING:
    from syncd.mapping.language.blocks.readings import Reading


class ReadyRows(Strict):
    """Rows of a table that say that something is ready for use, and that are not carried to an asset yet."""

    asset: Expr
    """The asset's code."""
    since: Expr
    """The day on which it was ready."""
    where: Expr
    """Which rows do; `first` and `last` are the days of the month."""


class VatRows(Strict):
    """Documents of a table that bring input VAT."""

    account: Expr
    """The account that it is on, or its role; a role that is none of input VAT, or NULL, where it is not deducted."""
    amount: Expr
    """How much it is."""
    where: Expr
    """Which rows are in the books."""


class Documents(NamedTuple):
    """Both, compiled. `ready` say (key…, asset, since, whether), `vat` (key…, account, amount, whether)."""

    ready: Sequence["Reading"] = ()
    vat: Sequence["Reading"] = ()


NO_DOCUMENTS: Final = Documents()
