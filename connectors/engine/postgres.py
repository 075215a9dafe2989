"""What the engine does not ask of PostgreSQL: whose log it is, and whether the slot still stands before the checkpoint.

An engine goes on silently behind a slot that somebody moved or made anew; so it is looked at before every start. The
driver is the engine's own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import jpype

from connectors.engine.java import fault
from syncd.change import Table
from syncd.errors import Gap
from syncd.ports import Finding

_SSL: Final = ("sslmode", "sslcert", "sslkey", "sslrootcert")
_SYSTEM: Final = "SELECT system_identifier::text FROM pg_control_system()"
_SLOT: Final = """\
SELECT (confirmed_flush_lsn - '0/0')::text, (pg_current_wal_lsn() - confirmed_flush_lsn)::text
FROM pg_replication_slots WHERE slot_name = ?"""

_TABLE: Final = """\
SELECT c.relreplident::text, string_agg(a.attname, ',')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = to_regclass(?) GROUP BY c.oid"""


class Slot(NamedTuple):
    """A replication slot: up to where it lets go of the log, and how many bytes the log goes on behind that."""

    confirmed: int
    behind: int


class Server:
    """A connection to the EAM's PostgreSQL. Raises Transient or Halt."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._slot = properties["slot.name"]
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
        return Slot(int(row[0]), int(row[1])) if row else None

    def require_slot(self, offset: Mapping[str, Any]) -> None:
        """Raises Gap when the log between the checkpoint and the slot is gone."""
        slot = self.slot()
        if slot is None:
            raise Gap("engine_slot_missing", slot=self._slot)
        if slot.confirmed > int(offset["lsn"]):
            raise Gap("engine_slot_ahead", slot=self._slot, confirmed=slot.confirmed, checkpoint=offset["lsn"])

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


def _login(properties: Mapping[str, str]) -> dict[str, str]:
    given = {name: properties.get(f"database.{name}", "") for name in ("user", "password", *_SSL)}
    return {name: value for name, value in given.items() if value} | {"ApplicationName": "syncd"}
