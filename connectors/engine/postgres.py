"""What the engine does not ask of PostgreSQL: whose log it is, and whether the slot still stands before the checkpoint.

An engine goes on silently behind a slot that somebody moved or made anew; so it is looked at before every start. The
driver is the engine's own.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import jpype

from connectors.engine import catalogue
from connectors.engine.java import fault
from connectors.postgres.watch import Watch
from syncd.change import Table
from syncd.errors import Gap
from syncd.ports import Finding

_SSL: Final = ("sslmode", "sslcert", "sslkey", "sslrootcert")
_WHERE: Final = ("lsn", "txId", "ts_usec")
_SYSTEM: Final = "SELECT system_identifier::text FROM pg_control_system()"
_LOG_END: Final = """\
SELECT ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)
        - '0/0')::text"""
_SLOT: Final = """\
SELECT (confirmed_flush_lsn - '0/0')::text, (pg_current_wal_lsn() - confirmed_flush_lsn)::text,
       coalesce(to_jsonb(s) ->> 'wal_status', '')
FROM pg_replication_slots s WHERE slot_name = ?"""

LOST: Final = "lost"
_TABLE: Final = """\
SELECT c.relreplident::text, string_agg(a.attname, ',')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = to_regclass(?) GROUP BY c.oid"""


HIDING: Final = frozenset(
    {
        *("pg_publishes_partly", "pg_publishes_columns", "pg_publishes_rows", "pg_publishes_partitions"),
        *("pg_row_security", "pg_no_select", "pg_no_identity", "pg_unlogged"),
    }
)


class Slot(NamedTuple):
    """A replication slot: up to where it lets go of the log, how many bytes the log goes on behind that, and what the
    server says of the log that it holds."""

    confirmed: int
    behind: int
    wal_status: str


class Server:
    """A connection to the EAM's PostgreSQL. Raises Transient or Halt."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._slot, self._publication = properties["slot.name"], properties["publication.name"]
        host, port = properties.get("database.hostname", "localhost"), properties.get("database.port", "5432")
        settings = jpype.JClass("java.util.Properties")()
        for name, value in _login(properties).items():
            settings.setProperty(name, value)
        try:
            url = f"jdbc:postgresql://{host}:{port}/{properties.get('database.dbname', '')}"
            self._connection = jpype.JClass("org.postgresql.Driver")().connect(url, settings)
        except jpype.JException as error:
            raise fault(error) from error

    def system(self) -> str:
        """What tells this server's log from any other's."""
        return str(self._row(_SYSTEM)[0])

    def slot(self) -> Slot | None:
        """The slot as it stands; None when there is none."""
        row = self._row(_SLOT, self._slot)
        return Slot(int(row[0]), int(row[1]), row[2]) if row else None

    def log_end(self) -> int:
        """Where the log ends; what it says next stands behind that."""
        return int(self._row(_LOG_END)[0])

    def say_something(self, statement: str) -> None:
        """Run the statement by which the engine hears that the log goes on."""
        try:
            running = self._connection.createStatement()
            running.execute(statement)
            running.close()
        except jpype.JException as error:
            raise fault(error) from error

    def require_slot(self, offset: Mapping[str, Any]) -> None:
        """Raises Gap when the log between the checkpoint and the slot is gone. Of one whose log the server has thrown
        away an engine says nothing and waits."""
        slot = self.slot()
        if slot is None:
            raise Gap("engine_slot_missing", slot=self._slot)
        if slot.confirmed > int(offset["lsn"]):
            raise Gap("engine_slot_ahead", slot=self._slot, confirmed=slot.confirmed, checkpoint=offset["lsn"])
        if slot.wal_status == LOST:
            raise Gap("engine_gap", error=f"{self._slot}: wal_status = {LOST}")

    def watch(self, tables: Mapping[str, Table], known: str = "") -> Watch:
        """What keeps watch over the publication. Raises Gap when the log has kept something to itself since `known`."""
        return catalogue.watch(self._rows, self._slot, self._publication, tables, known)

    def refused(self, tables: Mapping[str, Table]) -> list[Finding]:
        """What of the publication and the tables would keep changes from the log, and the engine does not mend."""
        return [f for f in catalogue.findings(self._rows, self._slot, self._publication, tables) if f.code in HIDING]

    def leave_behind(self, offset: Mapping[str, Any]) -> None:
        """What the slot still holds is a log with a hole, unless it was made anew behind it: begin behind it too."""
        slot = self.slot()
        if slot is not None and (slot.wal_status == LOST or slot.confirmed <= int(offset["lsn"])):
            catalogue.Catalogue(self._rows).await_release(self._slot)
            self._row("SELECT pg_drop_replication_slot(?)::text", self._slot)

    def findings(self, tables: Iterable[Table]) -> list[Finding]:
        """What an engine would pass over in silence: tables and columns that are not there, old rows not logged."""
        return [finding for table in tables if (finding := self._finding(table)) is not None]

    def _finding(self, table: Table) -> Finding | None:
        schema, _, name = table.name.rpartition(".")
        full = f"{schema or 'public'}.{name}"
        row = self._row(_TABLE, ".".join('"' + part.replace('"', '""') + '"' for part in full.split(".")))
        if not row:
            return Finding("error", "pg_no_table", {"table": full})
        known = row[1].split(",")
        missing = [column.name for column in table.columns if column.name not in known]
        if missing:
            params = {"table": full, "columns": ", ".join(missing), "known": ", ".join(known)}
            return Finding("error", "pg_no_column", params)
        return None if row[0] == "f" else Finding("warning", "pg_identity", {"table": full})

    def close(self) -> None:
        """Leave."""
        self._connection.close()

    def _row(self, sql: str, *params: str) -> list[str]:
        try:
            statement = self._connection.prepareStatement(sql)
            try:
                for n, param in enumerate(params, 1):
                    statement.setString(n, param)
                rows = statement.executeQuery()
                count = rows.getMetaData().getColumnCount()
                return [str(rows.getString(i + 1)) for i in range(count)] if rows.next() else []
            finally:
                statement.close()
        except jpype.JException as error:
            raise fault(error) from error

    def _rows(self, sql: str) -> list[str]:
        try:
            statement = self._connection.createStatement()
            statement.setEscapeProcessing(False)
            try:
                rows, found = statement.executeQuery(sql), []
                while rows.next():
                    found.append(str(rows.getString(1)))
                return found
            finally:
                statement.close()
        except jpype.JException as error:
            raise fault(error) from error


def begun_at(offset: str) -> str:
    """An offset without what was last read before it. From that the engine concludes what it may pass over: rows that
    stand in the log before the commit where it goes on, though their own transaction commits later. Without, it says
    all that the server sends, which begins with whole transactions."""
    kept = {name: value for name, value in json.loads(offset).items() if name in _WHERE}
    return json.dumps(kept, sort_keys=True)


def _login(properties: Mapping[str, str]) -> dict[str, str]:
    given = {name: properties.get(f"database.{name}", "") for name in ("user", "password", *_SSL)}
    return {name: value for name, value in given.items() if value} | {"ApplicationName": "syncd"}
