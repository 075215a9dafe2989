"""How a change table in SQLite is read.

SQLite has one writer, so numbers are given in the order of commits and without gaps. It tells no transaction from
another, so all that is read at once is said as one set.
"""

import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connectors.changelog.rows import Chunk, Columns, Images, Logged, Logs, Marks, literal
from connectors.changelog.signs import Look, Renewed, Signs, TableSigns
from connectors.changelog.triggers_sqlite import (
    NOW,
    OURS,
    SEAL,
    image,
    install_sql,
    names,
    quoted,
    remove_sql,
    sign_of,
    triggers,
)
from syncd.errors import Gap, Halt, Transient
from syncd.ports import Finding

POLL_S: Final = 0.01
BUSY_TIMEOUT_S: Final = 5.0
PASSING: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)

COMPARED_MAX: Final = 500
"""Rows whose keys are compared in one statement."""


class Database:
    """The EAM as the change table's reader sees it."""

    def __init__(self, path: str, pipeline: str) -> None:
        if not Path(path).is_file():
            raise Halt("changelog_no_database", path=path)
        self._pipeline = pipeline
        self._version = 0
        self._looked: tuple[int, Look] | None = None
        uri = f"{Path(path).absolute().as_uri()}?mode=rw"
        with _mended():
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
            self._db.text_factory = _text
            self._marks = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0, check_same_thread=False)

    def close(self) -> None:
        self._db.close()
        self._marks.close()

    def spelled(self, table: str) -> str:
        """A table's name as the change table has it: without schemas a dot is written as an underscore."""
        return table.replace(".", "_")

    def is_installed(self) -> bool:
        """Whether there is a change table."""
        with _mended():
            there = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return there.issuperset(OURS)

    def identity(self) -> str:
        """What tells this change table from one that is made after it."""
        with _mended():
            return f"changelog:sqlite:{self._db.execute('SELECT identity FROM syncd_changelog').fetchone()[0]}"

    def tracked(self) -> Sequence[str]:
        """The tables that have any trigger of ours."""
        with _mended():
            rows = self._db.execute(
                "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%/* syncd columns:%'"
            )
            return [row[0] for row in rows]

    def covered(self) -> Mapping[str, Columns]:
        """The tables whose triggers are whole and as `install` makes them, with the columns they write."""
        covered: dict[str, Columns] = {}
        for table in self.tracked():
            written = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            with _mended():
                stored = dict(self._db.execute(written, (table,)).fetchall())
            columns = Columns.of_comment(stored.get(f"syncd_{table}_insert", ""))
            if columns is not None and all(
                stored.get(f"syncd_{table}_{kind}") == sql for kind, sql in triggers(table, columns).items()
            ):
                covered[table] = columns
        return covered

    def columns(self, table: str) -> frozenset[str]:
        """The columns that a table has, computed ones among them; none when there is no such table, or it is a view."""
        listed = (
            "SELECT c.name FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c"
            " WHERE t.type = 'table' AND t.name = ? COLLATE NOCASE AND c.hidden <> 1"
        )
        with _mended():
            return frozenset(row[0] for row in self._db.execute(listed, (table,)))

    def refused(self) -> Sequence[tuple[str, str]]:
        """What this user may not do, with the statement that would allow it. SQLite knows no rights but a file's."""
        return ()

    def doubts(self, tables: Sequence[str]) -> Sequence[Finding]:
        """What passes the triggers of these tables by."""
        return ()

    def look(self, tables: Mapping[str, Columns], read_to: int) -> Look:
        """See `signs`. As long as nobody defines anything all is as it was."""
        with _mended():
            (version,) = self._db.execute("PRAGMA schema_version").fetchone()
            if self._looked is None or self._looked[0] != version:
                self._looked = version, self._look(tables)
        return self._looked[1]

    def _look(self, tables: Mapping[str, Columns]) -> Look:
        found: dict[str, TableSigns] = {}
        standing = []
        for name in tables:
            if known := sorted(self.columns(name)):
                found[name] = TableSigns({name: sign} if (sign := self._sign(name)) else {}, None)
                standing.append(f"{name} {found[name].triggers} {known}")
        # Its identity is made with the change table. Numbers that begin anew tell of another one no more once they have
        # come as far as those that were read.
        ((identity,),) = self._db.execute("SELECT max(identity) FROM syncd_changelog").fetchall()
        return Look(Signs(str(identity or ""), found, 0), "\n".join(standing))

    def _sign(self, table: str) -> str:
        """The sign of a table's triggers, empty when they are not whole."""
        listed = "SELECT name, type, rowid, sql FROM sqlite_master WHERE tbl_name IN (?, ?)"
        seal = f"syncd_{table}_{SEAL}"
        there = {
            name: (place, sql) for name, kind, place, sql in self._db.execute(listed, (table, seal)) if kind != "table"
        }
        made = [there[name] for name in names(table) if name in there]
        place, sql = there.get(seal, (None, ""))
        if len(made) < len(names(table)) or (place is not None and max(at for at, _ in made) > place):
            return ""
        return sign_of(sql.split("'")[-2] if sql else "", (text for _, text in made))

    def renewed(self) -> Renewed:
        """What `install` has replaced; nothing in the installation of an earlier version."""
        with _mended():
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'syncd_renewed'").fetchall():
                return {}
            return {(part, was): now for part, was, now in self._db.execute("SELECT part, was, now FROM syncd_renewed")}

    def hole(self, table: str, was: TableSigns, now: TableSigns, seen: int) -> Gap | None:
        """Whatever happens to a table or a column happens to its triggers too."""
        return None

    def install_sql(self, tables: Mapping[str, Columns]) -> list[str]:
        """Triggers that are already as wanted are left alone, so that they keep their signs."""
        covered = self.covered()
        with _mended():
            signs = {name: self._sign(name) for name in tables}
        wanted = {
            name: columns
            for name, columns in tables.items()
            if covered.get(name) != columns or signs[name].partition(".")[0] == ""
        }
        return install_sql(wanted, signs)

    def remove_sql(self, tables: Sequence[str], last: bool) -> list[str]:
        return remove_sql(tables, last)

    def printed(self, statements: Sequence[str]) -> list[str]:
        """Statements as SQLite's own client reads them from a file."""
        return ["BEGIN IMMEDIATE", *statements, "COMMIT"]

    def execute(self, statements: Sequence[str]) -> None:
        """Statements in one transaction."""
        with _mended(), _transaction(self._db, "IMMEDIATE"):
            for sql in statements:
                self._db.execute(sql)

    def marks(self) -> Marks:
        with _mended():
            pruned = self._db.execute("SELECT max(pruned_to) FROM syncd_changelog").fetchone()[0]
            self._db.execute("SELECT 1 FROM syncd_change LIMIT 0")  # one that was dropped has no number, as a new one
            last = self._db.execute(
                "SELECT max(seq) FROM (SELECT seq FROM sqlite_sequence WHERE name = 'syncd_change'"
                " UNION ALL SELECT max(seq) FROM syncd_change)"  # INSERT OR FAIL that fails leaves its numbers unnoted
            ).fetchone()
        return Marks(pruned or 0, last[0] or 0)

    def newest(self) -> int:
        """The number of the last row that was committed."""
        return self.marks().last

    def frontier(self) -> int:
        return self.marks().last

    def read(self, after: int, limit: int) -> Logs:
        with _mended():
            (self._version,) = self._db.execute("PRAGMA data_version").fetchone()
            rows = self._db.execute(
                "SELECT seq, 0, table_name, op, before, after, occurred_at FROM syncd_change"
                " WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, limit),
            ).fetchall()
        return Logs([Logged._make(row) for row in rows], held_up=False)

    def next_of(self, txids: Collection[int], after: int, before: int) -> Mapping[int, int]:
        """Nothing: here a row does not tell its transaction."""
        return {}

    def chunk(self, table: str, columns: Columns, key: Sequence[object] | None, since: int, limit: int) -> Chunk:
        """Rows beyond `key` in key order, and what happened to the table after `since`, both as of one moment."""
        keys = ", ".join(quoted(c) for c in columns.key)
        beyond = f"WHERE ({keys}) > ({', '.join('?' * len(columns.key))})" if key else ""
        with _mended(), _transaction(self._db, "DEFERRED"):
            rows = self._db.execute(
                f"SELECT {image('r', columns.names)} FROM {quoted(table)} AS r {beyond} ORDER BY {keys} LIMIT ?",
                (*(key or ()), limit),
            ).fetchall()
            return Chunk([row[0] for row in rows], self._since(table, since))

    def beyond(self, table: str, columns: Columns, rows: Sequence[Images], key: Sequence[object]) -> Sequence[Images]:
        """Those of the rows that `chunk` would find beyond a key, if they were there."""
        keys = ", ".join(quoted(c) for c in columns.key)
        found: list[Images] = []
        for lot in (rows[i : i + COMPARED_MAX] for i in range(0, len(rows), COMPARED_MAX)):
            values = ", ".join([f"(?, {', '.join('?' * len(columns.key))})"] * len(lot))
            params = [value for n, row in enumerate(lot) for value in (n, *(row[name] for name in columns.key))]
            with _mended():
                listed = self._db.execute(
                    f"WITH v(n, {keys}) AS (SELECT 0, {keys} FROM {quoted(table)} WHERE 0 UNION ALL VALUES {values})"
                    f" SELECT n FROM v WHERE ({keys}) > ({', '.join('?' * len(columns.key))})",
                    (*params, *key),
                )
                found += [lot[n] for (n,) in listed]
        return found

    def _since(self, table: str, since: int) -> list[Logged]:
        rows = self._db.execute(
            "SELECT seq, 0, table_name, op, before, after, occurred_at FROM syncd_change"
            " WHERE seq > ? AND table_name = ? ORDER BY seq",
            (since, table),
        )
        return [Logged._make(row) for row in rows]

    def count(self, table: str) -> int:
        with _mended():
            return int(self._db.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0])

    def wait(self, timeout_s: float) -> None:
        """Return when another connection has committed since the last read, or after the timeout."""
        deadline = time.monotonic() + timeout_s
        with _mended():
            while self._db.execute("PRAGMA data_version").fetchone()[0] == self._version:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return
                time.sleep(min(POLL_S, left_s))

    def acknowledge(self, seq: int, prune_rows_max: int) -> bool:
        """Note that everything up to `seq` is durable, and prune a little. False when the EAM is just writing."""
        try:
            with _mended(), _transaction(self._marks, "IMMEDIATE"):
                self._marks.execute(
                    f"INSERT INTO syncd_ack VALUES (?, ?, {NOW}) ON CONFLICT (pipeline) DO UPDATE"
                    " SET seq = excluded.seq, acked_at = excluded.acked_at",
                    (self._pipeline, seq),
                )
                self._prune(self._marks, prune_rows_max)
        except Transient:
            return False
        return True

    def readers(self) -> Sequence[str]:
        """The pipelines that have acknowledged something, for which the change table keeps what they have not."""
        with _mended():
            return [name for (name,) in self._db.execute("SELECT pipeline FROM syncd_ack ORDER BY pipeline")]

    def forget_sql(self, pipeline: str) -> str:
        """Keep nothing for a pipeline any more."""
        return f"DELETE FROM syncd_ack WHERE pipeline = {literal(pipeline)}"

    def patience_sql(self, seconds: int) -> Sequence[str]:
        """A writer waits for the file as ever."""
        return []

    def prune(self, rows_max: int) -> int:
        """Delete at most `rows_max` rows that every pipeline has acknowledged; how many they were."""
        with _mended(), _transaction(self._db, "IMMEDIATE"):
            return self._prune(self._db, rows_max)

    def prunable(self) -> int:
        """How many rows every pipeline has acknowledged."""
        with _mended():
            count = "SELECT count(*) FROM syncd_change WHERE seq <= (SELECT min(seq) FROM syncd_ack)"
            return int(self._db.execute(count).fetchone()[0])

    def _prune(self, db: sqlite3.Connection, rows_max: int) -> int:
        (last,) = db.execute(
            "SELECT max(seq) FROM (SELECT seq FROM syncd_change WHERE seq <= (SELECT min(seq) FROM syncd_ack)"
            " ORDER BY seq LIMIT ?)",
            (rows_max,),
        ).fetchone()
        if last is None:
            return 0
        db.execute("UPDATE syncd_changelog SET pruned_to = max(pruned_to, ?)", (last,))
        noted = "seq FROM sqlite_sequence WHERE name = 'syncd_change'"
        db.execute(f"INSERT INTO sqlite_sequence SELECT 'syncd_change', 0 WHERE NOT EXISTS (SELECT {noted})")
        db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'syncd_change'", (last,))
        return db.execute("DELETE FROM syncd_change WHERE seq <= ?", (last,)).rowcount


def _text(raw: bytes) -> str:
    """Text as it is; bytes that are not UTF-8 as surrogates, for the value that holds them to be malformed alone."""
    return raw.decode("utf-8", "surrogateescape")


@contextmanager
def _transaction(db: sqlite3.Connection, kind: str) -> Iterator[None]:
    db.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


@contextmanager
def _mended() -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        if _passes(error):
            raise Transient("changelog_busy", error=error) from error
        if "no such table" in str(error) and "syncd_" in str(error):
            raise Halt("changelog_missing") from error
        raise Halt("changelog_database", error=error) from error


def _passes(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING
