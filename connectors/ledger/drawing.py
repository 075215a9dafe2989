"""Rows with an id that finance draws itself: what is written behind them refers to it, so it must be known.

Three ways, the quickest that is safe: ids that the server reserves before the rows go in; ids that a statement gave in
one block; ids read back by a column that tells each row from every other.
"""

from collections.abc import Mapping, Sequence

from connectors.ledger.database import CHUNK_ROWS, Database, require_found
from syncd.dialects import SPELLINGS
from syncd.errors import Halt
from syncd.ports import Drawn, TableWrite


def put(database: Database, write: TableWrite, drawn: Drawn, ahead: int = 0) -> TableWrite:
    """Insert the rows and fill `drawn.ids`; the write with its ids, the first of its columns. `ahead`: for so many
    rows in all the transaction will want ids. Raises Halt where nobody can tell them."""
    table, columns, _, _, rows, *_ = write
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


def find(database: Database, write: TableWrite, drawn: Drawn) -> None:
    """Fill `drawn.ids` with the ids of rows that are there. Raises RowRefused where one is not."""
    place = write.columns.index(drawn.known_by)
    ids = _ids(database, write, drawn)
    keys = [str(row[place]).rstrip() for row in write.rows]
    require_found(write.table, sum(isinstance(ids.get(key), int) for key in keys), len(keys))
    drawn.ids.extend(given for key in keys if isinstance(given := ids[key], int))


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
    ids = _ids(database, write, drawn)
    place = write.columns.index(drawn.known_by)
    found = [ids.get(str(row[place]).rstrip()) for row in write.rows]
    if len(ids) != len(write.rows) or not all(isinstance(given, int) for given in found):
        raise Halt("ledger_id_untold", table=write.table, column=drawn.column)
    return [given for given in found if isinstance(given, int)]


def _ids(database: Database, write: TableWrite, drawn: Drawn) -> Mapping[str, object]:
    """What each row is known by → its id."""
    known, column, table = _names(database, write, drawn)
    place = write.columns.index(drawn.known_by)
    others = f"({drawn.where}) AND " if drawn.where else ""
    sql = f"SELECT {known}, {column} FROM {table} WHERE {others}{known} = ?"
    return {str(key).rstrip(): given for key, given in database.each(sql, (), [str(row[place]) for row in write.rows])}


def _names(database: Database, write: TableWrite, drawn: Drawn) -> tuple[str, str, str]:
    spelling = SPELLINGS[database.dialect]
    return spelling.quoted(drawn.known_by), spelling.quoted(drawn.column), spelling.table(write.table)
