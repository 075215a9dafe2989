"""Leaves out of the stream what a snapshot has already shown, row by row.

This is for tables that log no old rows, when the snapshot is newer than the slot: the stream then repeats transactions
whose effect is in rows already read. Which snapshot showed a row depends on the row's key.
"""

from typing import NamedTuple

from connectors.postgres.pgoutput import Relation, RowReader, rows
from connectors.postgres.position import AS_OF_SLOT, Coverage, Part
from connectors.rewind import Ordered
from syncd.change import Change, Column, Kind, Position, Row, Table


class Keys(NamedTuple):
    """A relation's row messages read as the server's own text of the key, and how these texts are ordered."""

    reader: RowReader
    ordered: Ordered


def keys_of(relation: Relation, ordered: Ordered) -> Keys:
    """Compile the key of a relation."""
    table = ordered.table
    columns = tuple(Column(table.columns[i].name, Kind.TEXT) for i in table.key)
    narrowed = Table(table.alias, table.name, columns, tuple(range(len(columns))))
    return Keys(rows(relation, narrowed), ordered)


class Overlap:
    """The overlap of one transaction with the snapshots; `seen` says which of them saw it."""

    def __init__(self, coverage: Coverage, xid: int) -> None:
        self._tables = coverage.tables
        self._seen = [snapshot.sees(xid) for snapshot in coverage.snapshots]
        self.none = not any(self._seen)

    def rest(self, change: Change, keys: Keys, data: bytes) -> Change | None:
        """What the snapshots have not shown of a change; None when they have shown all of it. A row whose key
        moved between two parts may have been shown only as it was, or only as it became."""
        parts = self._tables.get(change.table, ())
        if len({self._saw(part) for part in parts}) < 2:
            return None if parts and self._saw(parts[0]) else change
        bare = _read_keys(keys.reader, change, data)
        after_shown = bare.after is not None and self._shown(parts, bare.after, keys.ordered)
        before = bare.before if bare.before is not None and _whole(bare.before) else bare.after
        before_shown = before is not None and self._shown(parts, before, keys.ordered)
        match change.op, before_shown, after_shown:
            case "insert", _, True:
                return None
            case "delete", True, _:
                return None
            case "update", True, True:
                return None
            case "update", True, False:
                return change._replace(op="insert", before=None)
            case "update", False, True:
                return change._replace(op="delete", after=None)
        return change

    def emptied(self, alias: str) -> bool:
        """Whether every snapshot of the table has already shown it emptied by this transaction."""
        parts = self._tables.get(alias, ())
        return bool(parts) and all(self._saw(part) for part in parts)

    def _shown(self, parts: tuple[Part, ...], key: Row, ordered: Ordered) -> bool:
        place = ordered.place([str(text) for text in key])
        for part in parts:
            if part.last is None or place <= ordered.place(part.last):
                return self._saw(part)
        return False

    def _saw(self, part: Part) -> bool:
        return part.snapshot != AS_OF_SLOT and self._seen[part.snapshot]


def _read_keys(reader: RowReader, change: Change, data: bytes) -> Change:
    read = {"insert": reader.insert, "update": reader.update, "delete": reader.delete}[change.op]
    return read(data, Position(""), change.committed_at)


def _whole(key: Row) -> bool:
    return all(isinstance(value, str) for value in key)
