"""The tracked tables as the log has them, and whether a statement leaves their rows and values as they are.

Whatever a statement does to a tracked table stops the reader, unless it is known to be harmless. What columns were
before is said by the log's own table maps; of a table of which no row has come yet, by the catalogue, from where in the
log it was asked on.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from connectors.binlog.table import TableMap
from connectors.mysql.server import Described
from connectors.mysql.sql.alter import Altered, Redefined
from connectors.mysql.sql.column import ColumnType, keeps, of_wire
from connectors.mysql.sql.tokens import Name
from connectors.mysql.statement import Does, Effect, summary
from syncd.change import Kind, Table
from syncd.errors import Gap

_STOPS: Final[Mapping[Does, str]] = {
    "unlogged": "mysql_unlogged",
    "altered": "mysql_altered",
    "rename": "mysql_renamed",
    "create": "mysql_made_anew",
    "unread": "mysql_unread",
    "rows": "mysql_statement",
}


class Catalogue(NamedTuple):
    """What the catalogue said of the tracked tables, before the log had grown up to a place: file and offset. It holds
    for statements that stand behind it."""

    tables: Mapping[Name, Described]
    file: int
    offset: int


class Tracked:
    """Which tables are read, under which names, and what is known of their columns. `reaches` tells whether a
    statement that names these things may change a tracked table by a trigger, view or routine. The catalogue that it
    asks is that of the log's `end`: what was dropped up to there it did not see any more."""

    def __init__(
        self,
        tables: Mapping[Name, Table],
        folds: bool,
        charsets: Mapping[int, str],
        catalogue: Catalogue,
        reaches: Callable[[frozenset[str], frozenset[str]], bool],
        end: Callable[[], tuple[int, int]],
    ) -> None:
        self._tables, self._folds, self._charsets = tables, folds, charsets
        self._catalogue, self._reaches, self._end = catalogue, reaches, end
        self._judged: dict[str, tuple[int, int]] = {}
        self._columns: dict[Name, dict[str, ColumnType]] = {}

    def table(self, name: Name) -> Table | None:
        """The tracked table of a name as the log spells it."""
        return self._tables.get(self._spelt(name))

    def describe(self, wire: TableMap) -> None:
        """The log tells the columns of a tracked table."""
        name = self._spelt((wire.schema, wire.name))
        known = self._columns.get(name, {})
        said = {column.name.lower(): of_wire(column, self._charsets) for column in wire.columns}
        self._columns[name] = {
            column: kind._replace(counts=column in known and known[column].counts)
            for column, kind in said.items()
            if kind is not None
        }

    def require_harmless(self, done: Effect, sql: str, mode: int, file: int, offset: int) -> None:
        """Raises Gap for a statement, which stands at a place in the log, that may change rows of a tracked table."""
        touched = self._touched(done)
        if done.does == "rows":
            if touched or self._reaches(done.words, frozenset(name for _, name in self._tables)):
                raise Gap("mysql_statement", statement=summary(sql, mode))
            self._judged |= dict.fromkeys(done.words, self._end())
        elif done.does == "columns" and touched and done.alter is not None:
            self._take(done.alter, sql, mode, file, offset)
        elif done.does in _STOPS and touched:
            raise Gap(_STOPS[done.does], statement=summary(sql, mode, done.clause))
        elif self._was_tied(done, (file, offset)):
            raise Gap("mysql_statement", statement=summary(sql, mode))

    def _was_tied(self, done: Effect, at: tuple[int, int]) -> bool:
        """Whether a statement takes away, or a table with, what may have carried on a change that was let by: when that
        was judged, it had gone already."""
        self._judged = {word: end for word, end in self._judged.items() if at < end}
        if done.does == "untied":
            return bool(self._judged and (not done.words or done.words & self._judged.keys()))
        goes = done.does in ("unlogged", "rename")
        return goes and bool(self._judged) and any(name in self._judged or not name for _, name in done.tables)

    def _touched(self, done: Effect) -> bool:
        """A database that goes takes all its tables along."""
        wholes = {(schema, "") for schema, _ in self._tables}
        return any(self._spelt(name) in self._tables or self._spelt(name) in wholes for name in done.tables)

    def _take(self, alter: Altered, sql: str, mode: int, file: int, offset: int) -> None:
        """Columns with other names or types. One that is declared must be what it was; where it goes, its values are
        unknown from now on."""
        name = self._spelt(alter.table)
        known = self._known(name, file, offset)
        declared = {column.name.lower(): column for column in self._tables[name].columns}
        catalogued = self._catalogue.tables.get(name)
        has_generated = catalogued is None or bool(declared.keys() & catalogued.generated)
        for column in alter.columns:
            old, new = column.old.lower(), column.new.lower()
            was = known.pop(old, None) if old else None
            is_declared = new in declared
            if is_declared and old != new:
                is_kept = False
            elif new and old and (is_declared or has_generated):
                as_text = is_declared and declared[new].kind is Kind.TEXT
                is_kept = self._is_kept(column, was, alter.is_strict, as_text)
            else:
                is_kept = column.is_read or bool(column.new)
            if not is_kept:
                raise Gap("mysql_altered", statement=summary(sql, mode, _clause(column)))
            kind = was if column.type is None else column.type
            if new and kind is not None and column.is_read:
                known[new] = kind
        if known:
            self._columns[name] = known

    def _is_kept(self, column: Redefined, was: ColumnType | None, is_strict: bool, as_text: bool) -> bool:
        if not column.is_read:
            return False
        return column.type is None or (was is not None and keeps(was, column.type, is_strict, as_text))

    def _known(self, name: Name, file: int, offset: int) -> dict[str, ColumnType]:
        """What is known of a table's columns at a place in the log, to be changed by who asks."""
        known = self._columns.get(name)
        catalogue = self._catalogue
        if known is None and (file, offset) >= (catalogue.file, catalogue.offset) and name in catalogue.tables:
            known = dict(catalogue.tables[name].columns)
        return dict(known or {})

    def _spelt(self, name: Name) -> Name:
        return (name[0].lower(), name[1].lower()) if self._folds else name


def _clause(column: Redefined) -> str:
    """How it was spelt, without what rows may hold: up to the first text or sign."""
    words: list[str] = []
    for token in column.clause:
        if not token.name:
            break
        words.append(token.text)
    return " ".join(words)
