"""Heads of the hash chains in a table of another database, to which finance's owner has no rights."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final, cast

from connectors.ledger.database import Database
from syncd.audit import Anchored
from syncd.errors import Fault, Transient
from syncd.language import say

TABLE: Final = "syncd_anchored"
_CREATE: Final = (
    f"CREATE TABLE {TABLE} (pipeline VARCHAR(128) NOT NULL, chain VARCHAR(16) NOT NULL, seq BIGINT NOT NULL,"
    " hash VARCHAR(64) NOT NULL, at VARCHAR(32) NOT NULL, mac VARCHAR(64) NOT NULL)"
)
_INSERT: Final = f"INSERT INTO {TABLE} (pipeline, chain, seq, hash, at, mac) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT: Final = f"SELECT pipeline, chain, seq, hash, at, mac FROM {TABLE} ORDER BY at, pipeline, chain"


class AnchorTable:
    """A `ports.Anchor`. The table is made where it is missing; where it is there, INSERT and SELECT are enough."""

    def __init__(self, database: Database, place: str) -> None:
        self._database, self._place = database, place

    def append(self, heads: Sequence[Anchored]) -> None:
        database = self._database
        with closing(database):
            try:
                database.open()
                self._rows(database)
                database.begin()
                for one in heads:
                    database.execute(_INSERT, one)
                database.commit()
            except Fault as fault:
                database.rollback()
                raise self._failed(fault) from None

    def read(self) -> Iterator[Anchored]:
        database = self._database
        with closing(database):
            try:
                database.open()
                yield from self._rows(database)
            except Fault as fault:
                raise self._failed(fault) from None

    def _rows(self, database: Database) -> list[Anchored]:
        try:
            rows = database.query(_SELECT)
        except Fault as fault:
            if fault.code != "finance_no_table":
                raise
            database.execute(_CREATE)
            return []
        return [Anchored(*cast("tuple[str, str, int, str, str, str]", row)) for row in rows]

    def _failed(self, fault: Fault) -> Transient:
        return Transient("anchor_failed", place=self._place, error=say(fault.code, fault.params))
