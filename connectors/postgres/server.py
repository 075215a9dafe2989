"""What the source asks of the EAM's PostgreSQL beside the log: its catalogue, its slot, its publication."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn
from psycopg2.extras import LogicalReplicationConnection

from connectors.certificates import is_refused
from connectors.postgres.pgoutput import Relation
from connectors.postgres.position import lsn_number
from syncd.change import Table
from syncd.errors import Fault, Gap, Halt, Transient, WrongUsage
from syncd.secrets import unquoted

SESSION: Final = """
    SELECT set_config('client_encoding', CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII'
                                         ELSE 'UTF8' END, false);
    SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET extra_float_digits = 1;
    SET standard_conforming_strings = on; SET client_min_messages = error;
    SET row_security = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0
"""
"""The forms in which the decoder expects values, whatever the server's or the role's own settings. A database that
does not know its encoding (SQL_ASCII) sends bytes as they are."""
RELEASE_S_MAX: Final = 5.0
RELEASE_POLL_S: Final = 0.02
_PATIENCE: Final[Mapping[str, str]] = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}

_FACTS: Final = """
    SELECT (SELECT system_identifier::text FROM pg_control_system()),
           (SELECT timeline_id FROM pg_control_checkpoint()),
           current_setting('server_version_num')::int, current_setting('wal_level'), pg_is_in_recovery(),
           current_user::text, current_database()::text
"""
_SLOT: Final = """
    SELECT plugin, database, active, coalesce(wal_status, ''), coalesce(restart_lsn::text, ''),
           coalesce(confirmed_flush_lsn::text, '')
    FROM pg_replication_slots WHERE slot_name = %s
"""
_LOG_END: Final = (
    "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text"
)
_LAG: Final = """
    SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text,
           coalesce(restart_lsn::text, ''), coalesce(wal_status, ''), coalesce(safe_wal_size::text, '')
    FROM pg_replication_slots WHERE slot_name = %s
"""
_TABLE: Final = """
    SELECT c.oid::bigint, c.relkind::text, greatest(c.reltuples, 0)::bigint,
           n.nspname || '.' || c.relname,
           has_schema_privilege(n.oid, 'USAGE')
             AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT')),
           row_security_active(c.oid), EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary
                                           AND indimmediate)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p')
"""
_COLUMNS: Final = """
    SELECT a.attname, t.oid::bigint, CASE WHEN d.typtype = 'd' THEN d.typtypmod ELSE a.atttypmod END,
           t.typcategory::text, format_type(a.atttypid, a.atttypmod),
           has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    FROM pg_attribute a
    JOIN pg_type d ON d.oid = a.atttypid
    JOIN pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_DOMAINS: Final = (
    "SELECT oid::bigint, typbasetype::bigint, typtypmod FROM pg_type WHERE typtype = 'd' AND oid = ANY (%s)"
)
FIRST_OWN_OID: Final = 16384
"""Lower ones are PostgreSQL's own (`FirstNormalObjectId`)."""
_PARTS: Final = """
    WITH RECURSIVE below AS (
        SELECT %s::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN below ON i.inhparent = below.oid
    )
    SELECT n.nspname, c.relname, c.relkind <> 'p', c.relpersistence = 'p', c.relreplident = 'f',
           ARRAY(SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
                 WHERE i.indrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
                   AND i.indisvalid AND i.indisunique AND i.indimmediate AND i.indpred IS NULL
                   AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END)
    FROM below JOIN pg_class c ON c.oid = below.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    ORDER BY c.oid <> %s, 1, 2
"""
"""The table first. What PostgreSQL itself takes for an identity (`RelationGetIndexList`): a deferrable key is none."""
_UNIQUE: Final = """
    SELECT ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
    FROM pg_index i
    WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
"""
_PUBLICATION: Final = """
    SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate, pubviaroot FROM pg_publication WHERE pubname = %s
"""
_PUBLISHED: Final = "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = %s"
_PUBLISHED_PARTLY: Final = """
    SELECT schemaname || '.' || tablename, attnames::text[], coalesce(rowfilter, '')
    FROM pg_publication_tables WHERE pubname = %s
"""
"""Column lists and row filters exist since PostgreSQL 15."""
_MAY_CREATE: Final = "SELECT %s <> '' AND has_database_privilege(current_database(), 'CREATE')"
_MAY_ALTER: Final = "SELECT pg_has_role(pubowner, 'USAGE') FROM pg_publication WHERE pubname = %s"
_MAY_OWN: Final = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = %s"
_ROOM: Final = """
    SELECT current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots),
           current_setting('max_wal_senders')::int
             - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'),
           (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user),
           current_setting('max_replication_slots')::int, current_setting('max_wal_senders')::int
"""

_OPEN: Final = """
    SELECT 'pid ' || l.pid, extract(epoch FROM clock_timestamp() - min(a.xact_start))::bigint
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted GROUP BY l.pid
    UNION ALL SELECT 'prepared ' || gid, extract(epoch FROM clock_timestamp() - prepared)::bigint FROM pg_prepared_xacts
    ORDER BY 2 DESC NULLS LAST LIMIT 10
"""
"""Whoever may not see the sessions of others sees no age."""


class Facts(NamedTuple):
    """Which server this is and what it is set to. `version` is as 150004."""

    system: str
    timeline: int
    version: int
    wal_level: str
    standby: bool
    user: str
    database: str


class Slot(NamedTuple):
    """A replication slot as it stands; LSNs are 0 where there is none."""

    plugin: str
    database: str
    active: bool
    wal_status: str
    restart: int
    confirmed: int


class SourceColumn(NamedTuple):
    """A column in the catalogue; a domain has the oid of its base type. `category` is `pg_type.typcategory`."""

    name: str
    type_oid: int
    modifier: int
    category: str
    type: str
    readable: bool


class Part(NamedTuple):
    """A table, a partition of it, or a child that inherits from it. `key` are the columns by which the log knows its
    old rows, which it has whole where `is_full`; without either the server refuses updates once it is published.
    `holds_rows` is false for what is only divided, `is_logged` for what is written past the log."""

    schema: str
    table: str
    holds_rows: bool
    is_logged: bool
    is_full: bool
    key: frozenset[str]

    @property
    def name(self) -> str:
        """With its schema."""
        return f"{self.schema}.{self.table}"


class SourceTable(NamedTuple):
    """A table in the catalogue. `rows` is an estimate; `hides_rows` says whether row security keeps some of them from
    this role, `has_primary_key` whether partitions made later have one; `parts` are itself and its partitions, or those
    that inherit from it, whose rows are not its own: the log says them under their own names."""

    oid: int
    kind: str
    rows: int
    name: str
    readable: bool
    hides_rows: bool
    has_primary_key: bool
    columns: tuple[SourceColumn, ...]
    parts: tuple[Part, ...]

    @property
    def is_divided(self) -> bool:
        """Whether its rows are in partitions. The log marks old rows as the whole table would have them, and says of
        each what its partition keeps."""
        return self.kind == "p"

    @property
    def is_full(self) -> bool:
        """Whether old rows of the log are whole and can be told from those that are not."""
        return self.parts[0].is_full and not self.is_divided

    @property
    def own(self) -> Sequence[Part]:
        """The parts whose rows are its own."""
        return self.parts if self.is_divided else self.parts[:1]


class Publication(NamedTuple):
    """A publication: whether it publishes every kind of change, partitions as their root, and each table with
    the columns it is limited to (None for all) and its row filter."""

    every_kind: bool
    via_root: bool
    tables: Mapping[str, tuple[frozenset[str] | None, str]]


class Server:
    """One ordinary connection, each statement a transaction of its own. Raises Transient or Halt."""

    def __init__(self, dsn: str, application: str) -> None:
        self._connection = open_connection(dsn, application)
        self._connection.autocommit = True

    def close(self) -> None:
        self._connection.close()

    def fileno(self) -> int:
        return int(self._connection.fileno())

    def ping(self) -> None:
        """Raises Transient when the server has ended the connection."""
        self.query("SELECT 1")

    def facts(self) -> Facts:
        return Facts(*self.query(_FACTS)[0])

    def slot(self, name: str) -> Slot | None:
        for plugin, database, active, status, restart, confirmed in self.query(_SLOT, name):
            return Slot(plugin, database, active, status, _lsn(restart), _lsn(confirmed))
        return None

    def lag(self, slot: str) -> tuple[int, int, str, str] | None:
        """Where the log ends, where the slot holds it from, `wal_status` and `safe_wal_size`."""
        for end, restart, status, safe in self.query(_LAG, slot):
            return _lsn(end), _lsn(restart), status, safe
        return None

    def log_end(self) -> int:
        """Where the log ends: all that is committed and can be seen stands before it."""
        return _lsn(self.query(_LOG_END)[0][0])

    def table(self, name: str) -> SourceTable | None:
        """A table or partitioned table of the catalogue."""
        for oid, kind, rows, full, readable, hides, has_key in self.query(_TABLE, *split(name)):
            columns = tuple(SourceColumn(*row) for row in self.query(_COLUMNS, oid))
            found = self.query(_PARTS, oid, oid)
            parts = tuple(Part(s, t, holds, logs, full, frozenset(key)) for s, t, holds, logs, full, key in found)
            return SourceTable(oid, kind, rows, full, readable, hides, has_key, columns, parts)
        return None

    def unique_keys(self, table: SourceTable) -> Sequence[frozenset[str]]:
        """Columns of which the server itself sees to it that no two rows of the table have the same."""
        return [frozenset(row[0]) for row in self.query(_UNIQUE, table.oid)]

    def twice(self, table: SourceTable, key: Sequence[str]) -> tuple[Any, ...] | None:
        """A key that two rows of the table have. It looks at all of them."""
        spelled, only = ", ".join(quoted(c) for c in key), "" if table.is_divided else "ONLY "
        sql = f"SELECT {spelled} FROM {only}{quoted(*split(table.name))} GROUP BY {spelled} HAVING count(*) > 1 LIMIT 1"
        return next(iter(self.query(sql)), None)

    def with_base_types(self, relation: Relation) -> Relation:
        """The log names a column's domain; its values are those of the type the domain is made of."""
        own = [column.type_oid for column in relation.columns if column.type_oid >= FIRST_OWN_OID]
        bases = {oid: (base, modifier) for oid, base, modifier in self.query(_DOMAINS, own)} if own else {}
        columns = (
            column._replace(type_oid=bases[column.type_oid][0], modifier=bases[column.type_oid][1])
            if column.type_oid in bases
            else column
            for column in relation.columns
        )
        return relation._replace(columns=tuple(columns))

    def publication(self, name: str, version: int) -> Publication | None:
        for every_kind, via_root in self.query(_PUBLICATION, name):
            if version < 150000:
                return Publication(every_kind, via_root, {row[0]: (None, "") for row in self.query(_PUBLISHED, name)})
            partly = self.query(_PUBLISHED_PARTLY, name)
            return Publication(
                every_kind, via_root, {t: (frozenset(columns), condition) for t, columns, condition in partly}
            )
        return None

    def may_publish(self, name: str, tables: Sequence[SourceTable]) -> bool:
        """Whether this role may create the publication, or add these tables to it."""
        sql = _MAY_ALTER if self.query(_PUBLICATION, name) else _MAY_CREATE
        owned = all(self.query(_MAY_OWN, table.oid)[0][0] for table in tables)
        return owned and bool(self.query(sql, name)[0][0])

    def room(self) -> tuple[int, int, bool, int, int]:
        """Free slots, free senders, whether this role may replicate, and the two limits."""
        slots, senders, may, slots_max, senders_max = self.query(_ROOM)[0]
        return slots, senders, may, slots_max, senders_max

    def open_transactions(self) -> list[str]:
        """Who holds open a transaction that has written, the oldest first: `pid 4711 (250 s)`."""
        return [who if age is None else f"{who} ({age} s)" for who, age in self.query(_OPEN)]

    def await_release(self, slot: str) -> None:
        """Wait a little for a connection that was just closed to let go of the slot. Raises Transient."""
        deadline = time.monotonic() + RELEASE_S_MAX
        while (standing := self.slot(slot)) is not None and standing.active:
            if time.monotonic() > deadline:
                raise Transient("pg_slot_active", slot=slot)
            time.sleep(RELEASE_POLL_S)

    def try_write(self, sql: str) -> bool:
        """Run a statement that may be refused; False if it was."""
        try:
            self.query(sql)
        except Halt:
            return False
        return True

    def query(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        with guarded(), self._connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall()) if cursor.description else []


def open_connection(dsn: str, application: str, replication: bool = False) -> Any:
    """A connection whose values come in the forms that the decoder expects. Raises Transient or Halt."""
    with guarded():
        given = parse_dsn(dsn)
        defaults = {name: value for name, value in _PATIENCE.items() if name not in given}
        connection = psycopg2.connect(
            make_dsn(dsn, application_name=application, client_encoding="UTF8", **defaults),
            connection_factory=LogicalReplicationConnection if replication else None,
        )
        with connection.cursor() as cursor:
            cursor.execute(SESSION)
        if not replication:
            connection.commit()
        return connection


def split(name: str) -> tuple[str, str]:
    """Schema and table of a name; `public` where it gives no schema."""
    schema, _, table = name.rpartition(".")
    return schema or "public", table


def full_name(table: Table) -> str:
    """A tracked table's name with its schema."""
    return ".".join(split(table.name))


def quoted(*names: str) -> str:
    """An identifier, its parts joined by dots."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def publication_sql(name: str, tables: Sequence[str], exists: bool) -> str:
    """The statement that publishes these tables, partitions with them, and none that inherits from them."""
    listed = ", ".join(f"ONLY {quoted(*split(table))}" for table in tables)
    if exists:
        return f"ALTER PUBLICATION {quoted(name)} ADD TABLE {listed};"
    return f"CREATE PUBLICATION {quoted(name)} FOR TABLE {listed} WITH (publish_via_partition_root = true);"


def slot_sql(name: str, failover: bool = False) -> str:
    """The statement by which a DBA makes the slot; from there on the log is kept."""
    options = ", failover => true" if failover else ""
    return f"SELECT pg_create_logical_replication_slot({literal(name)}, 'pgoutput'{options});"


def drop_slot_sql(name: str) -> str:
    """The statement that lets the server forget the slot."""
    return f"SELECT pg_drop_replication_slot({literal(name)});"


@contextmanager
def guarded() -> Iterator[None]:
    """Errors of the driver become what `errors` knows."""
    try:
        yield
    except psycopg2.Error as error:
        raise fault(error) from error


_TRANSIENT: Final[Mapping[str, str]] = {
    "08": "pg_gone",
    "57P": "pg_gone",
    "53300": "pg_connections",
    "53": "pg_resources",
    "40": "pg_gone",
    "55006": "pg_slot_active",
    "55P03": "pg_gone",
    "57014": "pg_gone",
}
_HALT: Final[Mapping[str, str]] = {
    "28": "pg_login",
    "3D000": "pg_no_database",
    "42501": "pg_no_right",
}
_GAP: Final[Mapping[str, str]] = {
    "55000": "pg_slot_lost",
    "58P01": "pg_slot_lost",
    "42704": "pg_late_publication",
}
_NO_LOGIN: Final = ("authentication failed", "pg_hba.conf", "no password", "role ", "认证失败", "角色")
_NO_RIGHT: Final = ("start walsender", "REPLICATION attribute", "复制", "permission denied", "权限不够")
_PASSING: Final = ("starting up", "accepting connections", "shutting down", "recovery", "terminating")
_FULL: Final = ("too many", "remaining connection slots", "max_wal_senders", "太多", "预留")


def fault(error: psycopg2.Error) -> Fault:
    """What an error of the driver means; one that is not known is a Halt."""
    state = error.pgcode or ""
    said = (error.diag.message_primary or str(error)).strip()
    if isinstance(error, psycopg2.ProgrammingError) and not state:
        return WrongUsage("pg_dsn", error=unquoted(said))
    if not state:
        return _unnumbered(said)
    if code := _GAP.get(state):
        return Gap(code, error=said)
    for length in (5, 3, 2):
        if code := _TRANSIENT.get(state[:length]):
            return Transient(code, error=said)
        if code := _HALT.get(state[:length]):
            return Halt(code, error=said)
    return Halt("pg_error", error=said, state=state)


def _unnumbered(said: str) -> Fault:
    """Errors of a connection carry no SQLSTATE, only words, in the server's language or the client's."""
    if is_refused(said) and "FATAL" not in said:
        return Halt("pg_certificate", error=said)
    refused = "FATAL" in said or "致命错误" in said
    if refused and any(words in said for words in _FULL):
        return Transient("pg_connections", error=said)
    if not refused or any(words in said for words in _PASSING):
        return Transient("pg_gone", error=said)
    if any(words in said for words in _NO_RIGHT):
        return Halt("pg_no_right", error=said)
    if any(words in said for words in _NO_LOGIN):
        return Halt("pg_login", error=said)
    if "database" in said or "数据库" in said:
        return Halt("pg_no_database", error=said)
    return Transient("pg_gone", error=said)


def _lsn(text: str) -> int:
    return lsn_number(text) if text else 0
