"""How the debit and the credit of an entry are read back, whatever finance keeps of them.

A column is known by what it does: the layout's own expressions are tried with some debits and credits. So it makes no
difference how a layout spells that one column holds the debit less the credit, or less the other way round, cents,
or a size beside a word for the side.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from syncd.mapping.expression.parse import RUNTIME, Expression, Uncomputable
from syncd.mapping.layout.tables import PhysicalTable, spelled
from syncd.money import ZERO

_SIZES: Final = [Decimal(text) for text in ("100", "-100", "7.25", "0.01")]
_TRIED: Final = [(size, ZERO) for size in _SIZES] + [(ZERO, size) for size in _SIZES]
_ON_DEBIT: Final = [not credit for _, credit in _TRIED]
_NAMES: Final = frozenset({"entry.debit", "entry.credit"})
_EXACTLY: Final = "1.000000"
"""Whole numbers that are divided become decimals by it, on every server."""


def entry_amounts(table: PhysicalTable, alias: str) -> Sequence[str]:
    """SQL of the debit and of the credit, or of the one less the other alone; empty where no columns tell."""
    tried = {column: found for column, e in table.columns.items() if (found := _tried(e)) is not None}
    debit, credit = (_scaled(table, alias, tried, sign) for sign in ((1, 0), (0, 1)))
    if debit and credit:
        return [debit, credit]
    if net := _scaled(table, alias, tried, (1, -1)):
        return [net]
    size = _scaled(table, alias, tried, (1, 1))
    side = next((found for column, values in tried.items() if (found := _side(alias, column, values))), "")
    return (
        [f"CASE WHEN {side} THEN {size} ELSE 0 END", f"CASE WHEN {side} THEN 0 ELSE {size} END"]
        if size and side
        else []
    )


def _tried(e: Expression) -> Sequence[object] | None:
    """What a column is given for each of what is tried; None for one that reads something else."""
    if not e.names or not e.names <= _NAMES:
        return None
    try:
        given = eval(f"lambda debit, credit: {e.python()}", dict(RUNTIME))
        return [given(*one) for one in _TRIED]
    except (Uncomputable, NameError, ArithmeticError):
        return None


def _scaled(table: PhysicalTable, alias: str, tried: dict[str, Sequence[object]], signs: tuple[int, int]) -> str:
    """The column that holds debit and credit by these signs, times something, as what it holds; the amount as it is
    before all others."""
    wanted = [signs[0] * debit + signs[1] * credit for debit, credit in _TRIED]
    found = sorted(_factors(tried, wanted), key=lambda one: (abs(one[1]) != 1, one[1] < 0))
    if not found:
        return ""
    column, factor = found[0]
    sql = f"{alias}.{spelled(column)}"
    if abs(factor) != 1:
        per = next((c for c, e in table.columns.items() if _constant(e) == abs(factor)), "")
        sql = f"{sql} * {_EXACTLY} / {f'{alias}.{spelled(per)}' if per else f'{abs(factor):f}'}"
    return f"-({sql})" if factor < 0 else sql


def _factors(tried: dict[str, Sequence[object]], wanted: Sequence[Decimal]) -> Iterator[tuple[str, Decimal]]:
    for column, values in tried.items():
        if any(isinstance(value, bool) or not isinstance(value, int | Decimal) for value in values):
            continue
        pairs = [(Decimal(str(value)), one) for value, one in zip(values, wanted, strict=True)]
        factors = {value / one for value, one in pairs if one}
        if len(factors) == 1 and factors != {ZERO} and all(not value for value, one in pairs if not one):
            yield column, next(iter(factors))


def _side(alias: str, column: str, values: Sequence[object]) -> str:
    """The condition that an entry is a debit, by a column that says one thing of debits and another of credits."""
    of_debits, of_credits = (
        {value for value, on_debit in zip(values, _ON_DEBIT, strict=True) if on_debit is wanted}
        for wanted in (True, False)
    )
    if len(of_debits) != 1 or len(of_credits) != 1 or of_debits == of_credits:
        return ""
    (said,) = of_debits
    if isinstance(said, bool) or not isinstance(said, str | int):
        return ""
    written = str(said) if isinstance(said, int) else "'" + said.replace("'", "''") + "'"
    return f"{alias}.{spelled(column)} = {written}"


def _constant(e: Expression) -> Decimal | None:
    """The number that a column is always given."""
    if e.names or not isinstance(e.term.detail, int | Decimal | str):
        return None
    try:
        return Decimal(str(e.term.detail))
    except ArithmeticError:
        return None
