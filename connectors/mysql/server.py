"""What the source asks of the EAM's MySQL or MariaDB beside the log: variables, catalogue, where the log ends."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pymysql
from pymysql.constants import CLIENT

from connectors.certificates import is_refused
from connectors.mysql import dsn as mysql_dsn
from connectors.mysql.faults import FULL, GONE, LOGIN, NO_RIGHT
from connectors.mysql.sql.column import ColumnType, parse
from connectors.mysql.sql.tokens import tokens
from syncd.change import Table
from syncd.errors import Fault, Gap, Halt, Transient

CONNECT_TIMEOUT_S: Final = 10
ANSWER_TIMEOUT_S: Final = 60
"""A statement that has not answered by then never will: the connection is dead."""
SESSION: Final = (
    "SET time_zone = '+00:00', sql_mode = 'ANSI_QUOTES', net_write_timeout = 600"
    " /*M! , max_statement_time = 0 */ /*!80000 , max_execution_time = 0 */"
)
"""The forms in which values are expected, whatever the server's own settings; a slow reader of rows is waited for, and
a large table is read for as long as it takes. Each product passes the comment of the other over."""
MARIADB_REPLICA_HOSTS: Final = (10, 5, 1)
MYSQL_REPLICAS: Final = (8, 0, 22)
MYSQL_LOG_STATUS: Final = (8, 2, 0)
"""From these versions on statements are spelt anew; MySQL 8.4 no longer knows the old ones."""

SERVER_IDS: Final = (1 << 31, (1 << 32) - 1)
"""Nobody numbers servers as high as that by hand."""
MAY_NOT_RECOVER: Final = "1401"
"""What MySQL says to who lacks XA_RECOVER_ADMIN."""

_VARIABLES: Final = (
    *("log_bin", "binlog_format", "binlog_row_image", "binlog_row_metadata", "binlog_row_value_options"),
    *("log_bin_compress", "binlog_expire_logs_seconds", "expire_logs_days", "binlog_expire_logs_auto_purge"),
    *("max_binlog_total_size", "binlog_space_limit"),
    *("server_id", "server_uuid", "gtid_domain_id", "gtid_mode", "lower_case_table_names"),
    *("log_slave_updates", "log_replica_updates"),
)
_FACTS: Final = "SELECT version(), current_user(), database()"
_TABLE: Final = """
    SELECT t.table_schema, t.table_name, coalesce(t.engine, ''), coalesce(t.table_rows, 0),
        t.table_type = 'SYSTEM VERSIONED'
    FROM information_schema.tables t
    WHERE t.table_schema = %s AND t.table_name = %s AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
"""
_COLUMNS: Final = """
    SELECT column_name, data_type, column_type, coalesce(numeric_precision, 0), coalesce(numeric_scale, 0)
    FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
_DESCRIBED: Final = """
    SELECT column_name, column_type, coalesce(character_set_name, ''), is_nullable, extra
    FROM information_schema.columns WHERE table_schema = %s AND table_name = %s
"""
_UNIQUE: Final = """
    SELECT index_name, column_name FROM information_schema.statistics
    WHERE table_schema = %s AND table_name = %s AND non_unique = 0 AND sub_part IS NULL AND nullable <> 'YES'
"""

_FOREIGN_KEY: Final = re.compile(
    r"^ *CONSTRAINT (?P<name>.+?) FOREIGN KEY \(.*\) REFERENCES (?P<other>.+?) \(.*\)(?P<rules>[^()]*)$", re.MULTILINE
)
"""A foreign key as SHOW CREATE TABLE writes it, on a line of its own."""
_CASCADING: Final = re.compile(r"\bON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)\b")
_REACHING: Final = """
    SELECT action_statement FROM information_schema.triggers WHERE event_object_table IN %(words)s
    UNION ALL SELECT view_definition FROM information_schema.views WHERE table_name IN %(words)s
    UNION ALL SELECT routine_definition FROM information_schema.routines WHERE routine_name IN %(words)s
"""
_WORD: Final = re.compile(r"[\w$]+")


class Facts(NamedTuple):
    """Which server this is. `version` is as (10, 11, 19); `uid` survives restarts and tells it from other servers, of
    which those that replicate one another share the `cluster`, as far as can be told; `folds` when the case of table
    names means nothing; `variables` are its global ones, in lower case."""

    mariadb: bool
    version: tuple[int, ...]
    uid: str
    cluster: str
    server_id: int
    user: str
    database: str
    folds: bool
    variables: Mapping[str, str]


class SourceColumn(NamedTuple):
    """A column in the catalogue: `data_type` as `decimal`, `type` as `decimal(18,2)`."""

    name: str
    data_type: str
    type: str
    precision: int
    scale: int


class SourceTable(NamedTuple):
    """A table in the catalogue. `rows` is an estimate; `unique` the columns of each unique index without NULLs;
    `is_versioned` when old rows are kept beside those of today."""

    schema: str
    name: str
    engine: str
    rows: int
    columns: tuple[SourceColumn, ...]
    unique: Mapping[str, frozenset[str]]
    is_versioned: bool


class Described(NamedTuple):
    """A table's columns by name in lower case, those left out whose types are not understood, and which of them the
    server makes of others."""

    columns: Mapping[str, ColumnType]
    generated: frozenset[str]


class LogEnd(NamedTuple):
    """Where the log ends: the file's name, the offset, and the databases it is limited to or leaves out."""

    file: str
    offset: int
    only: frozenset[str]
    ignored: frozenset[str]


class Server:
    """One ordinary connection, each statement a transaction of its own. Raises Transient or Halt."""

    def __init__(self, dsn: str) -> None:
        self.connection = open_connection(dsn)

    def close(self) -> None:
        close(self.connection)

    def query(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        return rows(self.connection, sql, *params)

    def facts(self) -> Facts:
        text, user, database = self.query(_FACTS)[0]
        marks = ", ".join(["%s"] * len(_VARIABLES))
        variables = dict(self.query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({marks})", *_VARIABLES))
        server_id = variables.get("server_id", "0")
        return Facts(
            mariadb="mariadb" in text.lower(),
            version=_numbers(text),
            uid=variables.get("server_uuid") or f"{server_id}-{variables.get('gtid_domain_id', '')}",
            cluster=f"gtid-{variables.get('gtid_domain_id', '')}",
            server_id=int(server_id),
            user=user,
            database=database or "",
            folds=variables.get("lower_case_table_names", "0") != "0",
            variables=variables,
        )

    def table(self, schema: str, name: str) -> SourceTable | None:
        """A table of the catalogue, if this user sees it."""
        for schema_there, name_there, engine, count, is_versioned in self.query(_TABLE, schema, name):
            columns = tuple(SourceColumn(*row) for row in self.query(_COLUMNS, schema_there, name_there))
            unique: dict[str, frozenset[str]] = {}
            for index, column in self.query(_UNIQUE, schema_there, name_there):
                unique[index] = unique.get(index, frozenset()) | {column}
            return SourceTable(schema_there, name_there, engine, count, columns, unique, bool(is_versioned))
        return None

    def log_end(self, facts: Facts) -> LogEnd | None:
        """None when there is no log."""
        for row in self.query(log_status_sql(facts)):
            return LogEnd(row[0], row[1], _names(row[2]), _names(row[3]))
        return None

    def has_run(self, facts: Facts, gtids: str) -> bool:
        """Whether these transactions were run here. MariaDB says so when it is asked for the log."""
        return facts.mariadb or bool(self.query("SELECT gtid_subset(%s, @@GLOBAL.gtid_executed)", gtids)[0][0])

    def log_files(self) -> list[tuple[str, int]]:
        """The files of the log, oldest first, with their sizes in bytes."""
        return [(row[0], int(row[1])) for row in self.query("SHOW BINARY LOGS")]

    def grants(self, facts: Facts) -> str:
        """What this user may do, as the server lists it, with the roles that are in force."""
        sql = "SHOW GRANTS"
        if not facts.mariadb and facts.version >= (8,):
            role = self.query("SELECT current_role()")[0][0]
            sql = "SHOW GRANTS" if role == "NONE" else f"SHOW GRANTS FOR current_user() USING {role}"
        return "\n".join(row[0] for row in self.query(sql))

    def replica_ids(self, facts: Facts) -> frozenset[int]:
        """The server ids under which the log is being read, as far as readers registered and this user may know."""
        if facts.mariadb:
            sql = "SHOW REPLICA HOSTS" if facts.version >= MARIADB_REPLICA_HOSTS else "SHOW SLAVE HOSTS"
        else:
            sql = "SHOW REPLICAS" if facts.version >= MYSQL_REPLICAS else "SHOW SLAVE HOSTS"
        return frozenset(int(row[0]) for row in self.allowed(sql))

    def is_replica(self, facts: Facts) -> bool:
        """Whether it takes its data from another server, as far as this user may know."""
        new = not facts.mariadb and facts.version >= MYSQL_REPLICAS
        return bool(self.allowed("SHOW REPLICA STATUS" if new else "SHOW SLAVE STATUS"))

    def undecided(self) -> list[str]:
        """The XA transactions that are prepared and neither committed nor rolled back, as far as this user may know."""
        try:
            return [str(row[3]) for row in self.query("XA RECOVER")]
        except Halt as halt:
            if halt.code == "mysql_no_right" or halt.params.get("number") == MAY_NOT_RECOVER:
                return []
            raise

    def reaches(self, words: frozenset[str], tables: frozenset[str]) -> bool:
        """Whether what has these names, or what that names in turn, may change one of the tables; also where the user
        may not see what it does."""
        asked: frozenset[str] = frozenset()
        while words:
            asked |= words
            with guarded(), self.connection.cursor() as cursor:
                cursor.execute(_REACHING, {"words": sorted(words)})
                bodies = [row[0] for row in cursor.fetchall()]
            named = frozenset(word.lower() for body in bodies for word in _WORD.findall(body or ""))
            if not all(bodies) or {table.lower() for table in tables} & named:
                return True
            words = named - asked
        return False

    def described(self, schema: str, name: str) -> Described:
        """A table's columns as they are now."""
        rows_found = self.query(_DESCRIBED, schema, name)
        columns = {column.lower(): _column_type(*rest) for column, *rest in rows_found}
        made = {column.lower() for column, *_, extra in rows_found if " GENERATED" in extra.upper()}
        return Described({name: kind for name, kind in columns.items() if kind is not None}, frozenset(made))

    def allowed(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement; none when this user may not run it."""
        try:
            return self.query(sql)
        except Halt as halt:
            if halt.code == "mysql_no_right":
                return []
            raise


def _column_type(spelt: str, charset: str, nullable: str, extra: str) -> ColumnType | None:
    kind = parse(tokens(spelt))
    if kind is None:
        return None
    counts = "auto_increment" in extra.lower()
    return kind._replace(charset=charset, nullable=nullable == "YES", counts=counts)


def log_status_sql(facts: Facts) -> str:
    """The statement that tells where the log ends."""
    new = not facts.mariadb and facts.version >= MYSQL_LOG_STATUS
    return "SHOW BINARY LOG STATUS" if new else "SHOW MASTER STATUS"


def open_connection(dsn: str, **options: Any) -> Any:
    """A connection that commits each statement and gives times in UTC. Raises Transient or Halt."""
    arguments: dict[str, Any] = {
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": ANSWER_TIMEOUT_S,
        "write_timeout": ANSWER_TIMEOUT_S,
        "client_flag": CLIENT.MULTI_RESULTS,
        **mysql_dsn.parse(dsn).arguments(),
        **options,
    }
    with guarded():
        return pymysql.connect(init_command=SESSION, **arguments)


def close(connection: Any) -> None:
    """Close a connection, whatever became of it."""
    if connection.open:
        try:
            connection.close()
        except (pymysql.Error, OSError):
            connection._force_close()


def rows(connection: Any, sql: str, *params: object) -> list[tuple[Any, ...]]:
    """All rows of a statement. Raises Transient or Halt."""
    with guarded(), connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return list(cursor.fetchall())


def cascades(connection: Any, schema: str, name: str) -> list[tuple[str, str]]:
    """The foreign keys by which a change of another table changes this one, with that table. The catalogue hides them
    from a user who may only SELECT; the table's own statement does not."""
    ((_, statement),) = rows(connection, f"SHOW CREATE TABLE {quoted(schema, name)}")
    return [
        (_bare(key["name"]), _bare(key["other"]))
        for key in _FOREIGN_KEY.finditer(statement)
        if _CASCADING.search(key["rules"])
    ]


def names(table: Table, facts: Facts) -> tuple[str, str]:
    """Schema and table of a tracked table, as the server and its log spell them."""
    schema, _, name = table.name.rpartition(".")
    schema = schema or facts.database
    return (schema.lower(), name.lower()) if facts.folds else (schema, name)


def quoted(*names: str) -> str:
    """An identifier, its parts joined by dots, in the spelling that every sql_mode reads."""
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


def account(facts: Facts) -> str:
    """The user as GRANT takes it."""
    user, _, host = facts.user.rpartition("@")
    return f"{literal(user)}@{literal(host)}"


def literal(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@contextmanager
def guarded() -> Iterator[None]:
    """Errors of the driver become what `errors` knows."""
    try:
        yield
    except pymysql.Error as error:
        raise fault(error) from error
    except OSError as error:
        if isinstance(error, FileNotFoundError | PermissionError) or is_refused(f"{error}"):
            raise Halt("mysql_certificate", error=error) from error
        raise Transient("mysql_gone", error=error) from error


_TRANSIENT: Final[Mapping[int, str]] = {
    **dict.fromkeys((0, *GONE, 1205, 1213, 1317, 1969, 3024), "mysql_gone"),
    1412: "mysql_table_changed",
    **dict.fromkeys(FULL, "mysql_connections"),
}
_HALT: Final[Mapping[int, str]] = {
    **dict.fromkeys(LOGIN, "mysql_login"),
    **dict.fromkeys((1044, *NO_RIGHT), "mysql_no_right"),
    1049: "mysql_no_database",
    1381: "mysql_no_log",
    4052: "mysql_server_id_taken",
}
DUMP_FAILED: Final = 1236
_LOST: Final[Mapping[str, str]] = {
    "Could not find first log file": "mysql_log_gone",
    "purged": "mysql_log_gone",
    "could not find next log": "mysql_log_reset",
    "impossible position": "mysql_log_reset",
    "middle of event": "mysql_log_reset",
    "GTID": "mysql_failover_behind",
}
NO_LOG: Final = """[mysqld]
log_bin = binlog
server_id = 1
binlog_format = ROW
binlog_row_image = FULL
binlog_row_metadata = FULL
# then restart"""
_REFUSED: Final[Mapping[str, str]] = {"same server_": "mysql_server_id_taken", "not enabled": "mysql_no_log"}
"""The words by which the server tells why it does not send its log."""


def fault(error: Exception) -> Fault:
    """What an error of the driver means; one that is not known is a Halt."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = str(error.args[1]) if len(error.args) > 1 else str(error)
    if number == DUMP_FAILED:
        for words, code in _REFUSED.items():
            if words in said:
                return _halt(code, error=said)
        return Gap(next((code for words, code in _LOST.items() if words in said), "mysql_log_error"), error=said)
    if number in GONE and is_refused(said):
        return Halt("mysql_certificate", error=said)
    if number in _TRANSIENT:
        return Transient(_TRANSIENT[number], error=said)
    return _halt(_HALT.get(number, "mysql_error"), error=said, number=number)


def _halt(code: str, **params: object) -> Halt:
    return Halt(code, **params, repair=NO_LOG) if code == "mysql_no_log" else Halt(code, **params)


def _numbers(version: str) -> tuple[int, ...]:
    """`5.5.5-10.11.19-MariaDB-log` → (10, 11, 19): old clients are told a version that they can bear."""
    text = version.removeprefix("5.5.5-").partition("-")[0]
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _names(listed: str) -> frozenset[str]:
    return frozenset(name.strip() for name in (listed or "").split(",") if name.strip())


def _bare(name: str) -> str:
    """An identifier as a person reads it."""
    return re.sub(r'[`"]', "", name)
