"""A row of finance that is found by another code from now on."""

from connectors.ledger.database import Database
from syncd.dialects import SPELLINGS
from syncd.ports import TableWrite


def rename(database: Database, write: TableWrite) -> None:
    """Make the first of two rows the second, in the columns given. Raises RowRefused where finance has one so already,
    or something refers to the old code."""
    spelling = SPELLINGS[database.dialect]
    was, now = write.rows
    columns = [spelling.quoted(column) for column in write.columns]
    sets, found = ", ".join(f"{column} = ?" for column in columns), " AND ".join(f"{column} = ?" for column in columns)
    where = f" AND ({write.where})" if write.where else ""
    database.execute(f"UPDATE {spelling.table(write.table)} SET {sets} WHERE {found}{where}", (*now, *was))
