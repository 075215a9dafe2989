"""How a change table in SQLite is read.

SQLite has one writer, so numbers are given in the order of commits and without gaps. It tells no transaction from
another, so all that is read at once is said as one set.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connectors.changelog.rows import Chunk, Columns, Logged, Logs, Marks
from connectors.changelog.triggers_sqlite import NOW, image, install_sql, quoted, remove_sql, triggers
from syncd.errors import Halt, Transient
from syncd.ports import Finding

POLL_S: Final = 0.01
BUSY_TIMEOUT_S: Final = 5.0
PASSING: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


class Database:
    """The EAM as the change table's reader sees it."""

    def __init__(self, path: str, pipeline: str) -> None:
        if not Path(path).is_file():
            raise Halt("changelog_no_database", path=path)
        self._pipeline = pipeline
        self._version = 0
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
            return bool(self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'syncd_changelog'").fetchall())

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
        """The columns that a table has; none when there is no such table."""
        with _mended():
            return frozenset(row[0] for row in self._db.execute("SELECT name FROM pragma_table_info(?)", (table,)))

    def refused(self) -> Sequence[tuple[str, str]]:
        """What this user may not do, with the statement that would allow it. SQLite knows no rights but a file's."""
        return ()

    def doubts(self, tables: Sequence[str]) -> Sequence[Finding]:
        """What passes the triggers of these tables by."""
        return ()

    def install_sql(self, tables: Mapping[str, Columns]) -> list[str]:
        return install_sql(tables)

    def remove_sql(self, tables: Sequence[str], last: bool) -> list[str]:
        return remove_sql(tables, last)

    def printed(self, statement: str) -> str:
        """A statement as the server's own client reads it from a file."""
        return statement

    def execute(self, statements: Sequence[str]) -> None:
        """Statements in one transaction."""
        with _mended(), _transaction(self._db, "IMMEDIATE"):
            for sql in statements:
                self._db.execute(sql)

    def marks(self) -> Marks:
        with _mended():
            pruned = self._db.execute("SELECT max(pruned_to) FROM syncd_changelog").fetchone()[0]
            last = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'syncd_change'").fetchone()
        return Marks(pruned or 0, last[0] if last else 0)

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
            with _transaction(self._marks, "IMMEDIATE"):
                self._marks.execute(
                    f"INSERT INTO syncd_ack VALUES (?, ?, {NOW}) ON CONFLICT (pipeline) DO UPDATE"
                    " SET seq = excluded.seq, acked_at = excluded.acked_at",
                    (self._pipeline, seq),
                )
                self._prune(self._marks, prune_rows_max)
        except sqlite3.OperationalError as error:
            if _passes(error):
                return False
            raise Halt("changelog_database", error=error) from error
        return True

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
        raise Halt("changelog_database", error=error) from error


def _passes(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING
