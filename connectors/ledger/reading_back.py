"""Whether finance holds what was written: asked of tables alone where it does things of its own, by triggers or rules.
All rows of a lot in one question, and only their number comes back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from connectors.ledger.database import Database, Nature
from syncd.change import Value
from syncd.dialects import SPELLINGS
from syncd.errors import RowRefused
from syncd.money import round_half_up
from syncd.ports import TableWrite

ROWS_ASKED_MAX: Final = 250


def read_back(database: Database, write: TableWrite, nature: Nature) -> None:
    """Raises RowRefused where rows are missing or an amount in them is another. Texts and dates may be put into
    finance's own form; rows without a key cannot be found again."""
    key = write.key or nature.key
    if not key or not set(key) <= set(write.columns):
        return
    spelling = SPELLINGS[database.dialect]
    quoted, table = spelling.quoted, spelling.table(write.table)
    told = [(i, quoted(n), nature.amounts.get(n)) for i, n in enumerate(write.columns) if n in (*key, *nature.amounts)]
    for start in range(0, len(write.rows), ROWS_ASKED_MAX):
        rows = dict.fromkeys(_told(row, told) for row in write.rows[start : start + ROWS_ASKED_MAX])
        same = [_same(row, [name for _, name, _ in told]) for row in rows]
        params = [value for row in rows for value in row if value is not None]
        ((found,),) = database.query(f"SELECT count(*) FROM {table} WHERE {' OR '.join(same)}", params)
        if found != len(rows):
            wrong = f"{found} of {len(rows)}"
            raise RowRefused("row_otherwise", table=write.table, column="", constraint="", error=wrong)


def _told(row: Sequence[Value], told: Sequence[tuple[int, str, int | None]]) -> tuple[Value, ...]:
    return tuple(_kept(row[i], places) for i, _, places in told)


def _kept(value: Value, places: int | None) -> Value:
    """An amount as a column of so many places keeps it; any other value as text, which every server compares as what
    the column is."""
    if isinstance(value, Decimal):
        return value if places is None else round_half_up(value, places)
    return value if value is None or isinstance(value, bool) else str(value)


def _same(row: Sequence[Value], names: Sequence[str]) -> str:
    pairs = zip(names, row, strict=True)
    return "(" + " AND ".join(f"{name} IS NULL" if value is None else f"{name} = ?" for name, value in pairs) + ")"
