"""Rows with an id that finance draws itself: what is written behind them refers to it, so it must be known.

Three ways, the quickest that is safe: ids that the server reserves before the rows go in; ids that a statement gave in
one block; ids read back by a column that tells each row from every other.
"""

from collections.abc import Sequence

from connectors.ledger.database import CHUNK_ROWS, Database
from syncd.dialects import SPELLINGS
from syncd.errors import Halt
from syncd.ports import Drawn, TableWrite


def put(database: Database, write: TableWrite, drawn: Drawn, ahead: int = 0) -> TableWrite:
    """Insert the rows and fill `drawn.ids`; the write with its ids, the first of its columns. `ahead`: for so many
    rows in all the transaction will want ids. Raises Halt where nobody can tell them."""
    table, columns, _, _, rows, _ = write
    reserved = database.reserve(table, drawn, len(rows), ahead)
    if reserved:
        whole = _whole(write, drawn, reserved)
        lots = (whole.rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS))
        database.put_drawn(table, whole.columns, lots)
        drawn.ids.extend(reserved)
        return whole
    ids = database.put_drawing(table, columns, rows)
    if not (ids and _are_ours(database, write, drawn, ids)):
        ids = _found(database, write, drawn)
    drawn.ids.extend(ids)
    return _whole(write, drawn, ids)


def _whole(write: TableWrite, drawn: Drawn, ids: Sequence[int]) -> TableWrite:
    rows = [(given, *row) for given, row in zip(ids, write.rows, strict=True)]
    return write._replace(columns=(drawn.column, *write.columns), rows=rows)


def _are_ours(database: Database, write: TableWrite, drawn: Drawn, ids: Sequence[int]) -> bool:
    """Whether the ends of what the server says is one block are the first and the last row: then it is one."""
    if not drawn.known_by:
        return True
    place = write.columns.index(drawn.known_by)
    known, column, table = _names(database, write, drawn)
    ends = {ids[0]: write.rows[0][place], ids[-1]: write.rows[-1][place]}
    found = database.query(f"SELECT {column}, {known} FROM {table} WHERE {column} IN (?*)", (list(ends),))
    return {given: str(key).rstrip() for given, key in found} == {n: str(key).rstrip() for n, key in ends.items()}


def _found(database: Database, write: TableWrite, drawn: Drawn) -> Sequence[int]:
    """The ids by what each row is known by."""
    if not drawn.known_by:
        raise Halt("ledger_id_untold", table=write.table, column=drawn.column)
    place = write.columns.index(drawn.known_by)
    known, column, table = _names(database, write, drawn)
    keys = [str(row[place]) for row in write.rows]
    rows = database.each(f"SELECT {known}, {column} FROM {table} WHERE {known} = ?", (), keys)
    ids = {str(key).rstrip(): given for key, given in rows}
    found = [ids.get(key.rstrip()) for key in keys]
    if len(ids) != len(rows) or not all(isinstance(given, int) for given in found):
        raise Halt("ledger_id_untold", table=write.table, column=drawn.column)
    return [given for given in found if isinstance(given, int)]


def _names(database: Database, write: TableWrite, drawn: Drawn) -> tuple[str, str, str]:
    spelling = SPELLINGS[database.dialect]
    return spelling.quoted(drawn.known_by), spelling.quoted(drawn.column), spelling.table(write.table)
