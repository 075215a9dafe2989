"""How a change table in MySQL and MariaDB is read.

Numbers are given while transactions run, so one that is missing may still come, and a transaction that was rolled back
leaves a hole for ever. Nobody has to be asked which it is: what is not committed is looked at all the same. A number
that stands there uncommitted is waited for. One that does not is claimed: an empty row of our own takes it. From then
on the primary key lets nobody else have it, and who had drawn it, but not yet written, draws another. So the table is
without holes up to where it has been read, however long other transactions stay open.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice, takewhile
from typing import Any, Final

import pymysql

from connectors.changelog import signs_mysql
from connectors.changelog.mysql_check import DENIED, NO_TABLE, doubts, refusal, refused
from connectors.changelog.rows import Chunk, Columns, Images, Logged, Logs, Marks, literal
from connectors.changelog.signs import Look, Renewed, TableSigns
from connectors.changelog.triggers_mysql import (
    EVENTS,
    GUARD,
    NOW,
    NUMBERS,
    OURS,
    Tracked,
    bodies,
    image,
    install_sql,
    printed,
    quoted_table,
    remove_sql,
)
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql import server as mysql_server
from connectors.mysql.server import quoted, rows
from syncd.errors import Gap, Halt
from syncd.ports import Finding

POLL_S: Final = 0.05
LOCK_WAIT_S: Final = 1
DDL_WAIT_S: Final = 5
"""How long the EAM's writers may be kept waiting behind a statement that waits for one of them."""
CLAIMS_MAX: Final = 1_000
"""Numbers that one statement gives up."""
DUPLICATE: Final = 1062
LOCKED: Final = (1205, 1213)
BINARY_LOG_DISTRUSTS: Final = 1419
_NAMES: Final = "seq, 0, table_name, op, `before`, `after`, occurred_at"
_DUE: Final = {"insert": (False, True), "update": (True, True), "delete": (True, False)}
"""Which images a change has."""

COMPARED_MAX: Final = 500
"""Rows whose keys are compared in one statement."""


class Database:
    """The EAM as the change table's reader sees it. One connection reads, one notes what is acknowledged."""

    def __init__(self, dsn: str, pipeline: str) -> None:
        self._schema = mysql_dsn.parse(dsn).database
        self._pipeline = pipeline
        self._after = 0
        self._held = 0
        self._shapes: signs_mysql.Shapes = {}
        self._db = mysql_server.open_connection(dsn)
        self._marks = mysql_server.open_connection(dsn)
        for connection in (self._db, self._marks):
            rows(connection, f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_S}, lock_wait_timeout = {DDL_WAIT_S}")
        ((folds,),) = self._ask("SELECT @@lower_case_table_names")
        self._folds = bool(folds)

    def close(self) -> None:
        mysql_server.close(self._db)
        mysql_server.close(self._marks)

    def _ask(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with _mended():
            return rows(self._db, sql, *params)

    def _ours(self, table: str) -> str:
        return quoted(self._schema, f"syncd_{table}")

    def spelled(self, table: str) -> str:
        """A table's name as the change table has it, always with its database."""
        name = table if "." in table else f"{self._schema}.{table}"
        return name.lower() if self._folds else name

    def is_installed(self) -> bool:
        """Whether there is a change table; one that this user may not read is there."""
        probes = (f"SELECT 1 FROM {quoted(self._schema, name)} LIMIT 0" for name in OURS)
        return all(refusal(self._db, probe) != NO_TABLE for probe in probes)

    def identity(self) -> str:
        """What tells this change table from one that is made after it."""
        ((identity,),) = self._ask(f"SELECT identity FROM {self._ours('changelog')}")
        return f"changelog:mysql:{identity}"

    def tracked(self) -> Sequence[str]:
        """The tables that have any trigger of ours."""
        return sorted({table for table, _ in self._triggers()})

    def _triggers(self) -> dict[tuple[str, str], str]:
        """The bodies of our triggers by table and event."""
        found = self._ask(
            "SELECT event_object_schema, event_object_table, event_manipulation, action_statement"
            " FROM information_schema.triggers"
            " WHERE action_timing = 'AFTER' AND trigger_name LIKE 'syncd%%' AND INSTR(action_statement, %s) > 0",
            f"INSERT INTO {self._ours('change')} ",
        )
        return {(f"{schema}.{table}", event): body for schema, table, event, body in found}

    def covered(self) -> Mapping[str, Columns]:
        """The tables whose triggers are all as `install` makes them, with the columns they write."""
        stored, covered = self._triggers(), {}
        for table, text in self._noted():
            columns = Columns.of_comment(text)
            if columns is not None and any(self._are_as_made(stored, table, columns, guard) for guard in (GUARD, "")):
                covered[table] = columns
        return covered

    def _are_as_made(self, stored: Mapping[tuple[str, str], str], table: str, columns: Columns, guard: str) -> bool:
        wanted = bodies(self._schema, table, Tracked(columns, self._types(table)), guard)
        return all(_same(stored.get((table, event), ""), wanted[event]) for event in EVENTS)

    def _noted(self) -> list[tuple[str, str]]:
        """Tables with what `install` noted of their triggers."""
        listed = f"SELECT table_name, columns FROM {self._ours('covered')} ORDER BY table_name"
        return [] if refusal(self._db, listed) else [(name, text) for name, text in self._ask(listed)]

    def columns(self, table: str) -> frozenset[str]:
        """The columns that a table has; none when there is no such table, or it is a view."""
        return frozenset(self._types(table))

    def _types(self, table: str) -> dict[str, str]:
        schema, _, name = table.partition(".")
        listed = (
            "SELECT column_name, data_type FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE table_schema = %s AND table_name = %s AND table_type <> 'VIEW'"
        )
        return {column: kind.lower() for column, kind in self._ask(listed, schema, name)}

    def refused(self) -> Sequence[tuple[str, str]]:
        """What this user may not do, with the statement that would allow it."""
        return refused(self._db, self._schema, [name for name, _ in self._noted()])

    def doubts(self, tables: Sequence[str]) -> Sequence[Finding]:
        """What would pass the triggers of these tables by, or make their numbers worthless."""
        return doubts(self._db, tables)

    def install_sql(self, tables: Mapping[str, Columns]) -> list[str]:
        """Tables whose triggers are already as wanted are left alone: a trigger is made while nobody writes."""
        covered, stored = self.covered(), self._triggers()
        wanted = {
            name: Tracked(columns, self._types(name))
            for name, columns in tables.items()
            if covered.get(name) != columns or not self._are_as_made(stored, name, columns, GUARD)
        }
        gone = self._ask(
            "SELECT 1 FROM information_schema.triggers WHERE trigger_schema = %s AND trigger_name = 'syncd_gone'",
            self._schema,
        )
        return install_sql(self._schema, wanted, frozenset(self.tracked()), bool(gone))

    def look(self, tables: Mapping[str, Columns], read_to: int) -> Look:
        """See `signs`; what was seen is the number up to which the change table has been read."""
        with _mended():
            return signs_mysql.look(self._db, self._ours("change"), tables, read_to, self._shapes)

    def renewed(self) -> Renewed:
        """What `install` has replaced; nothing in the installation of an earlier version."""
        listed = f"SELECT part, was, now FROM {self._ours('renewed')}"
        return {} if refusal(self._db, listed) else {(part, was): now for part, was, now in self._ask(listed)}

    def hole(self, table: str, was: TableSigns, now: TableSigns, seen: int) -> Gap | None:
        with _mended():
            return signs_mysql.hole(self._db, self._schema, table, was, now, seen)

    def remove_sql(self, tables: Sequence[str], last: bool) -> list[str]:
        return remove_sql(self._schema, tables, last)

    def printed(self, statements: Sequence[str]) -> list[str]:
        return printed(statements)

    def execute(self, statements: Sequence[str]) -> None:
        """Statements one after the other: definitions know no transactions here."""
        try:
            with self._db.cursor() as cursor:
                for sql in statements:
                    cursor.execute(sql)
        except pymysql.Error as error:
            if error.args[0] == BINARY_LOG_DISTRUSTS:
                raise Halt("changelog_binary_log", error=error.args[1]) from error
            if error.args[0] in DENIED:
                raise Halt("changelog_refused", right=error.args[1]) from error
            raise mysql_server.fault(error) from error

    def marks(self) -> Marks:
        """The last number is that of the last row: it is never pruned, for old servers count on from it when they
        start."""
        ((pruned, last),) = self._ask(
            f"SELECT (SELECT pruned_to FROM {self._ours('changelog')}), (SELECT MAX(seq) FROM {self._ours('change')})"
        )
        return Marks(pruned, max(pruned, last or 0))

    def newest(self) -> int:
        """The number of the last row that was committed."""
        return self.marks().last

    def frontier(self) -> int:
        """The last number before the first hole."""
        pruned = self.marks().pruned
        change = self._ours("change")
        if not self._ask(f"SELECT 1 FROM {change} WHERE seq = %s", pruned + 1):
            return pruned
        ((last,),) = self._ask(
            f"SELECT seq FROM {change} AS c WHERE seq > %s"
            f" AND NOT EXISTS (SELECT 1 FROM {change} AS n WHERE n.seq = c.seq + 1) ORDER BY seq LIMIT 1",
            pruned,
        )
        return int(last)

    def read(self, after: int, limit: int) -> Logs:
        """Rows up to the first number that stands there uncommitted; those that stand nowhere are given up."""
        self._after = after
        if self._held > after and not self._committed(self._held) and self._uncommitted(self._held, self._held):
            return Logs((), held_up=True)
        change = self._ours("change")
        found = [
            Logged._make(row)
            for row in self._ask(f"SELECT {_NAMES} FROM {change} WHERE seq > %s ORDER BY seq LIMIT %s", after, limit)
        ]
        settled = self._settle(found, after)
        whole = sum(1 for _ in takewhile(lambda row: row.seq <= settled, found))
        for row in found[:whole]:
            if row.op in _DUE and (row.before is not None, row.after is not None) != _DUE[row.op]:
                raise Gap("changelog_lost", table=row.table, seq=row.seq)
        return Logs(found[:whole], whole < len(found))

    def _settle(self, found: Sequence[Logged], after: int) -> int:
        """The number up to which every one is committed or given up."""
        missing = list(islice(_missing(found, after), CLAIMS_MAX))
        if not missing:
            return found[-1].seq if found else after
        there = self._uncommitted(missing[0], missing[-1])
        free = list(takewhile(lambda seq: seq not in there, missing))
        if free and not self._claim(free):
            return missing[0] - 1
        if len(free) < len(missing):
            self._held = missing[len(free)]
            return self._held - 1
        return missing[-1] if len(missing) == CLAIMS_MAX else found[-1].seq

    def _committed(self, seq: int) -> bool:
        return bool(self._ask(f"SELECT 1 FROM {self._ours('change')} WHERE seq = %s", seq))

    def _uncommitted(self, first: int, last: int) -> frozenset[int]:
        """The numbers that stand in the table, committed or not."""
        self._ask("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
        listed = f"SELECT seq FROM {self._ours('change')} WHERE seq BETWEEN %s AND %s"
        return frozenset(seq for (seq,) in self._ask(listed, first, last))

    def _claim(self, numbers: Sequence[int]) -> bool:
        """Take numbers that stand nowhere, so that they never come. False when one has come meanwhile."""
        values = ", ".join(f"({seq}, 0, '', 'none', {NOW})" for seq in numbers)
        claim = f"INSERT INTO {self._ours('change')} (seq, txid, table_name, op, occurred_at) VALUES {values}"
        return self._unless(self._db, (DUPLICATE, *LOCKED), claim)

    def next_of(self, txids: Collection[int], after: int, before: int) -> Mapping[int, int]:
        """Nothing: here a row tells its connection, which has many transactions."""
        return {}

    def chunk(self, table: str, columns: Columns, key: Sequence[object] | None, since: int, limit: int) -> Chunk:
        """Rows beyond `key` in key order, and what happened to the table after `since`, both as of one moment."""
        types = self._types(table)
        listed = image("r", [name for name in columns.names if name in types], types)
        keys = [_ordered(name, types.get(name, "")) for name in columns.key]
        bounds = [_bound(value, types.get(name, "")) for name, value in zip(columns.key, key or (), strict=False)]
        beyond = f"WHERE {_beyond(keys)}" if key else ""
        self._ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._ask("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        try:
            found = self._ask(
                f"SELECT {listed} FROM {quoted_table(table)} AS r {beyond} ORDER BY {', '.join(keys)} LIMIT %s",
                *(bound for bound in bounds[:-1] for _ in range(2)),
                *bounds[-1:],
                limit,
            )
            changes = self._ask(
                f"SELECT {_NAMES} FROM {self._ours('change')} WHERE seq > %s AND table_name = %s ORDER BY seq",
                since,
                table,
            )
        finally:
            if self._db.open:
                self._ask("ROLLBACK")
        return Chunk([row[0] for row in found], [Logged._make(row) for row in changes])

    def beyond(self, table: str, columns: Columns, rows: Sequence[Images], key: Sequence[object]) -> Sequence[Images]:
        """Those of the rows that `chunk` would find beyond a key, if they were there."""
        types = self._types(table)
        kinds = [types.get(name, "") for name in columns.key]
        listed = ", ".join(quoted(name) for name in columns.key)
        keys = [_ordered(name, kind) for name, kind in zip(columns.key, kinds, strict=True)]
        bounds = [_bound(value, kind) for value, kind in zip(key, kinds, strict=True)]
        found: list[Images] = []
        for lot in (rows[i : i + COMPARED_MAX] for i in range(0, len(rows), COMPARED_MAX)):
            one = f" UNION ALL SELECT {', '.join(['%s'] * (1 + len(keys)))}"
            params = [
                value
                for n, row in enumerate(lot)
                for value in (n, *(_bound(row[name], kind) for name, kind in zip(columns.key, kinds, strict=True)))
            ]
            beyond = self._ask(
                f"SELECT n FROM (SELECT 0 AS n, {listed} FROM {quoted_table(table)} WHERE FALSE{one * len(lot)}) AS v"
                f" WHERE {_beyond(keys)}",
                *params,
                *(bound for bound in bounds[:-1] for _ in range(2)),
                *bounds[-1:],
            )
            found += [lot[int(n)] for (n,) in beyond]
        return found

    def count(self, table: str) -> int:
        """About how many rows a table has, as the server's statistics know it."""
        schema, _, name = table.partition(".")
        known = "SELECT table_rows FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
        return next((count or 0 for (count,) in self._ask(known, schema, name)), 0)

    def wait(self, timeout_s: float) -> None:
        """Return when there are changes beyond the last read, or after the timeout."""
        deadline = time.monotonic() + timeout_s
        while not self._ask(f"SELECT 1 FROM {self._ours('change')} WHERE seq > %s LIMIT 1", self._after):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            time.sleep(min(POLL_S, left_s))

    def acknowledge(self, seq: int, prune_rows_max: int) -> bool:
        """Note that everything up to `seq` is durable, and prune a little. False when another is just at it."""
        noted = (
            f"INSERT INTO {self._ours('ack')} VALUES (%s, %s, UTC_TIMESTAMP(6))"
            " ON DUPLICATE KEY UPDATE seq = %s, acked_at = UTC_TIMESTAMP(6)"
        )
        if not self._unless(self._marks, LOCKED, noted, self._pipeline, seq, seq):
            return False
        if prune_rows_max:
            self._prune(self._marks, prune_rows_max)
        return True

    def readers(self) -> Sequence[str]:
        """The pipelines that have acknowledged something, for which the change table keeps what they have not."""
        return [name for (name,) in self._ask(f"SELECT pipeline FROM {self._ours('ack')} ORDER BY pipeline")]

    def forget_sql(self, pipeline: str) -> str:
        """Keep nothing for a pipeline any more."""
        pipeline = pipeline.replace("\\", "\\\\")
        return f"DELETE FROM {self._ours('ack')} WHERE pipeline = {literal(pipeline)}"

    def patience_sql(self, seconds: int) -> Sequence[str]:
        """Wait for a table no longer than that: the EAM's own statements wait behind whoever waits to define."""
        return [f"SET SESSION lock_wait_timeout = {seconds}"]

    def prune(self, rows_max: int) -> int:
        """Delete at most `rows_max` rows that every pipeline has acknowledged; how many they were."""
        return self._prune(self._db, rows_max)

    def prunable(self) -> int:
        """How many rows every pipeline has acknowledged; the last row of all is kept."""
        return int(self._ask(f"SELECT COUNT(*) FROM {self._ours('change')} WHERE {self._acknowledged()}")[0][0])

    def _acknowledged(self) -> str:
        last = f"SELECT MAX(seq) AS seq FROM {self._ours('change')}"
        return f"seq <= (SELECT MIN(seq) FROM {self._ours('ack')}) AND seq < (SELECT seq FROM ({last}) AS l)"

    def _prune(self, connection: Any, rows_max: int) -> int:
        change = self._ours("change")
        some = f"SELECT seq FROM {change} WHERE {self._acknowledged()} ORDER BY seq LIMIT %s"
        with _mended():
            ((count, last),) = rows(connection, f"SELECT COUNT(*), MAX(seq) FROM ({some}) AS s", rows_max)
        if not count:
            return 0
        noted = f"UPDATE {self._ours('changelog')} SET pruned_to = GREATEST(pruned_to, %s)"
        gone = f"DELETE FROM {change} WHERE seq <= %s"
        return count if all(self._unless(connection, LOCKED, sql, last) for sql in (noted, gone)) else 0

    def _unless(self, connection: Any, numbers: Sequence[int], sql: str, *params: object) -> bool:
        """Whether a statement went through; False when it was refused with one of these error numbers."""
        with _mended(), mysql_server.guarded():
            try:
                with connection.cursor() as cursor:
                    cursor.execute(sql, params or None)
            except pymysql.Error as error:
                if error.args[0] in numbers:
                    return False
                raise
        return True


@contextmanager
def _mended() -> Iterator[None]:
    """A table of ours that is not there, whoever asked for it, has been dropped."""
    try:
        yield
    except Halt as halt:
        if halt.params.get("number") == str(NO_TABLE) and ".syncd_" in halt.params["error"]:
            raise Halt("changelog_missing") from halt
        raise


def _missing(found: Sequence[Logged], after: int) -> Iterator[int]:
    """The numbers between rows, in order."""
    expected = after + 1
    for row in found:
        yield from range(expected, row.seq)
        expected = row.seq + 1


def _same(stored: str, wanted: str) -> bool:
    """Whether a trigger does what it should; a client may have laid it out anew."""
    return stored.split() == wanted.split()


def _ordered(name: str, kind: str) -> str:
    """A key column in an order that comparing keeps: an ENUM is sorted by its index and compared as text."""
    return f"CONCAT({quoted(name)})" if kind in ("enum", "set") else quoted(name)


def _bound(value: object, kind: str) -> object:
    """A key's value as it is compared with its column: text would make large numbers inexact."""
    if isinstance(value, str) and kind.endswith(NUMBERS):
        return Decimal(value)
    return value.removesuffix("+00:00") if isinstance(value, str) and kind == "timestamp" else value


def _beyond(keys: Sequence[str]) -> str:
    """Rows behind a key, said so that an index serves; of each but the last column the value comes twice."""
    first, *rest = keys
    return f"({first} >= %s AND ({first} > %s OR {_beyond(rest)}))" if rest else f"{first} > %s"
