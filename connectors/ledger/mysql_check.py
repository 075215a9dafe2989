"""What finance's tables in MySQL or MariaDB are like, and the statement that would mend what is wrong with them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from connectors.ledger.database import Physical, Rows
from connectors.ledger.mysql_spelling import joined, quoted
from syncd.change import Kind
from syncd.errors import Fault, Halt
from syncd.ports import Finding

MONEY_PLACES: Final = 2
PACKET_BYTES_MIN: Final = 4 << 20
"""A posting with its content is far smaller, a parked row with long texts may not be."""
_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), Kind.TEXT),
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint"), Kind.INTEGER),
    **dict.fromkeys(("datetime", "timestamp"), Kind.TIMESTAMP),
    "decimal": Kind.DECIMAL,
    "bit": Kind.BOOLEAN,
    "date": Kind.DATE,
}
_COLUMNS: Final = """
    SELECT column_name, column_type, data_type, coalesce(character_maximum_length, numeric_precision), numeric_scale,
           is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%'
           AND extra NOT LIKE '%GENERATED%'
    FROM "information_schema"."columns" WHERE table_schema = database() AND table_name = ? ORDER BY ordinal_position
"""
_KEPT: Final = """
    SELECT engine FROM "information_schema"."tables" WHERE table_schema = database() AND table_name = ?
"""
_CHARSETS: Final = """
    SELECT column_name, character_set_name FROM "information_schema"."columns"
    WHERE table_schema = database() AND table_name = ? AND character_set_name IS NOT NULL
"""
_NULLABLE: Final = """
    SELECT is_nullable FROM "information_schema"."columns"
    WHERE table_schema = database() AND table_name = ? AND column_name = ?
"""
_UNIQUE: Final = """
    SELECT index_name, column_name FROM "information_schema"."statistics"
    WHERE table_schema = database() AND table_name = ? AND non_unique = 0
"""
_DENIED: Final = re.compile(r"(\w+(?:, ?\w+)*) command denied to user .* for (?:column .* in )?table (\S+)")


class Judge(NamedTuple):
    """Asks one connection's database; `query` and `execute` are a `Database`'s."""

    query: Callable[[str, Sequence[object]], Rows]
    execute: Callable[[str], int]

    def columns(self, table: str) -> Mapping[str, Physical]:
        """See `Database.columns`. A table without any right is not shown at all, unlike one that is not there."""
        found = {
            str(name): Physical(
                type=str(declared),
                kind=_KINDS.get(str(base)),
                length=None if length is None or "int" in str(base) else int(str(length)),
                places=None if places is None or "int" in str(base) else int(str(places)),
                required=bool(required),
                exact=base not in ("float", "double"),
            )
            for name, declared, base, length, places, required in self.query(_COLUMNS, (joined(table),))
        }
        if not found:
            try:
                self.execute(f"SELECT 1 FROM {quoted(joined(table))} WHERE FALSE")
            except Fault as fault:
                if fault.code != "finance_no_table":
                    raise
        return found

    def missing_right(self, table: str, columns: Sequence[str]) -> str:
        """See `Database.missing_right`. Rights may come from anywhere, a role too: each is tried on no row at all."""
        target, listed = quoted(joined(table)), ", ".join(map(quoted, columns))
        same = ", ".join(f"{quoted(name)} = {quoted(name)}" for name in columns)
        tried = {
            "SELECT": f"SELECT {listed} FROM {target} WHERE FALSE",
            "INSERT": f"INSERT INTO {target} ({listed}) SELECT {listed} FROM {target} WHERE FALSE",
            "UPDATE": f"UPDATE {target} SET {same} WHERE FALSE",
        }
        missing = [right for right, sql in tried.items() if self._is_denied(sql)]
        grants = [f"GRANT {', '.join(missing)} ON {self._database()}.{joined(table)} TO {self._user()}"]
        if not missing:
            grants.clear()
        if self._is_denied("CREATE TEMPORARY TABLE syncd_stage_tried (a INT)"):
            grants.append(f"GRANT CREATE TEMPORARY TABLES ON {self._database()}.* TO {self._user()}")
        else:
            self.execute("DROP TEMPORARY TABLE syncd_stage_tried")
        return "; ".join(grants)

    def doubts(self, tables: Mapping[str, Collection[str]]) -> Iterator[Finding]:
        """See `Database.doubts`."""
        ((bytes_max,),) = self.query("SELECT @@max_allowed_packet", ())
        if int(str(bytes_max)) < PACKET_BYTES_MIN:
            params = {"bytes": str(bytes_max), "wanted": str(PACKET_BYTES_MIN)}
            repair = f"SET GLOBAL max_allowed_packet = {PACKET_BYTES_MIN}"
            yield Finding("warning", "ledger_packet_small", params, repair)
        ((logged, form),) = self.query("SELECT @@log_bin, @@binlog_format", ())
        if logged and form == "STATEMENT":
            yield Finding("error", "ledger_binlog_statement", {}, "SET GLOBAL binlog_format = 'ROW'")
        for table, columns in tables.items():
            if engine := self._without_rollback(table):
                params = {"table": table, "engine": engine}
                yield Finding("error", "ledger_no_rollback", params, _repair(table))
            narrow = {str(charset) for name, charset in self.query(_CHARSETS, (joined(table),)) if name in columns}
            for charset in sorted(narrow - {"utf8mb4", "gb18030"}):
                repair = f"ALTER TABLE {joined(table)} CONVERT TO CHARACTER SET utf8mb4"
                yield Finding("warning", "ledger_charset", {"table": table, "charset": charset}, repair)

    def require_rollback(self, table: str) -> None:
        """Raises Halt for a table in which a batch that fails would leave its rows."""
        if engine := self._without_rollback(table):
            raise Halt("ledger_no_rollback", table=table, engine=engine, repair=_repair(table))

    def is_rate(self, table: str, column: str) -> bool:
        """Whether a column is meant to round what is written: a number with more places than money has."""
        found = self.columns(table).get(column)
        return found is not None and found.kind is Kind.DECIMAL and (found.places or 0) > MONEY_PLACES

    def is_unique(self, table: str, key: Collection[str]) -> bool:
        """Whether an index says that no two rows have the same key."""
        indexes: dict[object, set[str]] = {}
        for index, column in self.query(_UNIQUE, (joined(table),)):
            indexes.setdefault(index, set()).add(str(column))
        return set(key) in indexes.values()

    def grant(self, fault: Fault) -> str:
        """See `Database.grant`."""
        denied = _DENIED.search(fault.params.get("error", ""))
        if denied is None:
            return ""
        table = denied[2].replace("`", "").replace("'", "")
        where = table if "." in table else f"{self._database()}.{table}"
        return f"GRANT {denied[1]} ON {where} TO {self._user()}"

    def widened(self, table: str, column: str) -> str:
        """See `Database.widened`. What a MODIFY does not repeat of a column is gone, so it repeats NOT NULL."""
        nullable = self.query(_NULLABLE, (joined(table), column)) == [("YES",)]
        return f"ALTER TABLE {joined(table)} MODIFY {column} DECIMAL(18, 2){'' if nullable else ' NOT NULL'}"

    def _without_rollback(self, table: str) -> str:
        """The storage engine of a table that keeps no transactions; empty for one that does."""
        engines = [str(engine) for (engine,) in self.query(_KEPT, (joined(table),)) if engine is not None]
        return next((engine for engine in engines if engine.upper() != "INNODB"), "")

    def _is_denied(self, sql: str) -> bool:
        try:
            self.execute(sql)
        except Fault as fault:
            return fault.code == "finance_no_right"
        return False

    def _database(self) -> str:
        return str(self.query("SELECT database()", ())[0][0])

    def _user(self) -> str:
        name, _, host = str(self.query("SELECT current_user()", ())[0][0]).rpartition("@")
        return f"'{name}'@'{host}'"


def _repair(table: str) -> str:
    return f"ALTER TABLE {joined(table)} ENGINE = InnoDB"
