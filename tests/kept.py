"""A SQLite database in memory that outlives the ledgers over it, as a finance database outlives the daemon."""

import sqlite3

from connectors.ledger.sqlite import MEMORY, Sqlite


class Kept(Sqlite):
    """A connection that stays. It is everybody's, a repair's reader's too: who leaves rolls back what he himself
    began."""

    def __init__(self, database: sqlite3.Connection) -> None:
        super().__init__(MEMORY)
        self._connection = database
        self._is_begun = False

    def begin(self) -> None:
        super().begin()
        self._is_begun = True

    def begin_reading(self) -> None:
        super().begin_reading()
        self._is_begun = True

    def commit(self) -> None:
        super().commit()
        self._is_begun = False

    def rollback(self) -> None:
        if self._is_begun:
            super().rollback()
        self._is_begun = False

    def close(self) -> None:
        self.rollback()
