"""What finance's tables in MySQL or MariaDB are like, and the statement that would mend what is wrong with them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from connectors.ledger.database import LIMIT_SECONDS_MIN, MONEY_DIGITS, Nature, Physical, Rows
from syncd.change import Kind
from syncd.dialects.mysql import decimal_type, joined, quoted
from syncd.dialects.mysql import table as spelled_table
from syncd.errors import Fault, Halt
from syncd.money import MONEY_PLACES
from syncd.ports import Finding

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
           AND extra NOT LIKE '%GENERATED%', extra LIKE '%GENERATED%',
           coalesce(CASE WHEN version() LIKE '%MariaDB%' OR extra LIKE '%GENERATED%' THEN column_default
                         ELSE quote(column_default) END, '')
    FROM "information_schema"."columns" WHERE table_schema = database() AND table_name = ? ORDER BY ordinal_position
"""
_KEPT: Final = """
    SELECT engine FROM "information_schema"."tables" WHERE table_schema = database() AND table_name = ?
"""
_CHARSETS: Final = """
    SELECT column_name, character_set_name FROM "information_schema"."columns"
    WHERE table_schema = database() AND table_name = ? AND character_set_name IS NOT NULL
"""
_REPEATED: Final = """
    SELECT is_nullable, column_default, extra, column_comment FROM "information_schema"."columns"
    WHERE table_schema = database() AND table_name = ? AND column_name = ?
"""
_ACTS: Final = """
    SELECT EXISTS (SELECT 1 FROM "information_schema"."views" WHERE table_schema = database() AND table_name = ?),
           EXISTS (SELECT 1 FROM "information_schema"."triggers"
                   WHERE event_object_schema = database() AND event_object_table = ?)
"""
_PRIMARY: Final = """
    SELECT column_name FROM "information_schema"."statistics"
    WHERE table_schema = database() AND table_name = ? AND index_name = 'PRIMARY'
"""
_UNIQUE: Final = """
    SELECT index_name, column_name FROM "information_schema"."statistics"
    WHERE table_schema = database() AND table_name = ? AND non_unique = 0
"""
_REFERRING: Final = """
    SELECT column_name, referenced_table_name, referenced_column_name FROM "information_schema"."key_column_usage"
    WHERE table_schema = database() AND table_name = ? AND (constraint_name = ? OR column_name = ?)
"""
_KEY: Final = """
    SELECT column_name FROM "information_schema"."statistics"
    WHERE table_schema = database() AND table_name = ? AND index_name = ?
"""
_FIRST: Final = """
    SELECT column_name FROM "information_schema"."columns"
    WHERE table_schema = database() AND table_name = ? ORDER BY ordinal_position LIMIT 1
"""
_STATE: Final = """
    SELECT table_name FROM "information_schema"."tables"
    WHERE table_schema = database() AND substr(table_name, 1, 6) = 'syncd_' AND table_type = 'BASE TABLE'
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
                generated=bool(generated),
                default=str(default),
            )
            for name, declared, base, length, places, required, generated, default in self.query(
                _COLUMNS, (joined(table),)
            )
        }
        if not found:
            try:
                self.execute(f"SELECT 1 FROM {spelled_table(table)} WHERE FALSE")
            except Fault as fault:
                if fault.code != "finance_no_table":
                    raise
        return found

    def nature(self, table: str) -> Nature:
        """See `Database.nature`. Triggers are shown to those alone who may make them."""
        ((is_view, is_triggered),) = self.query(_ACTS, (joined(table), joined(table)))
        if not (is_view or is_triggered):
            return Nature()
        key = tuple(str(name) for (name,) in self.query(_PRIMARY, (joined(table),)))
        amounts = {n: c.places for n, c in self.columns(table).items() if c.kind is Kind.DECIMAL}
        return Nature(bool(is_view), True, key, amounts)

    def missing_right(self, table: str, columns: Sequence[str], rights: Sequence[str]) -> str:
        """See `Database.missing_right`. Rights may come from anywhere, a role too: each is tried on no row at all."""
        target, listed = spelled_table(table), ", ".join(map(quoted, columns))
        same = ", ".join(f"{quoted(name)} = {quoted(name)}" for name in columns)
        tried = {
            "SELECT": f"SELECT {listed} FROM {target} WHERE FALSE",
            "INSERT": f"INSERT INTO {target} ({listed}) SELECT {listed} FROM {target} WHERE FALSE",
            "UPDATE": f"UPDATE {target} SET {same} WHERE FALSE",
        }
        missing = [right for right in rights if self._is_denied(tried[right])]
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
        for name, limit_s in self.query("SHOW VARIABLES LIKE 'max_statement_time'", ()):  # MySQL has none
            if 0 < float(str(limit_s)) < LIMIT_SECONDS_MIN:
                params = {"name": str(name), "limit": f"{limit_s} s", "wanted": f"{LIMIT_SECONDS_MIN} s"}
                repair = f"ALTER USER {self._user()} WITH MAX_STATEMENT_TIME {LIMIT_SECONDS_MIN}"
                yield Finding("warning", "ledger_limit", params, repair)
        for (own,) in self.query(_STATE, ()):
            if missing := self._missing_of_state(str(own)):
                repair = f"GRANT {', '.join(missing)} ON {self._database()}.{own} TO {self._user()}"
                yield Finding("error", "ledger_no_right", {"table": str(own)}, repair)
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

    def constrained(self, table: str, refused: Mapping[str, str]) -> set[str]:
        """See `Database.constrained`."""
        if refused.get("column"):
            return {refused["column"]}
        name = refused.get("constraint", "").rpartition(".")[2]
        named = {str(c) for c, _, _ in self.query(_REFERRING, (joined(table), name, ""))}
        named |= {str(c) for (c,) in self.query(_KEY, (joined(table), name))}
        # The table's own definition, which who may read the table may see; the catalogue shows checks to few.
        ((_, definition),) = self.query(f"SHOW CREATE TABLE {joined(table)}", ())
        lines = str(definition).replace("`", '"').splitlines()
        clauses = " ".join(line for line in lines if f'CONSTRAINT "{name}" CHECK' in line)
        return named | {column for column in self.columns(table) if f'"{column}"' in clauses or column == name}

    def parents(self, table: str, column: str) -> Sequence[tuple[str, str]]:
        """See `Database.parents`."""
        found = self.query(_REFERRING, (joined(table), "", column))
        return [(quoted(str(t)), quoted(str(c))) for _, t, c in found if t is not None]

    def widened(self, table: str, column: str, places: int = MONEY_PLACES) -> str:
        """See `Database.widened`. What a MODIFY does not repeat of a column is gone, so it repeats what there is."""
        wide = decimal_type(MONEY_DIGITS + places, places)
        for nullable, default, extra, comment in self.query(_REPEATED, (joined(table), column)):
            wide += "" if nullable == "YES" else " NOT NULL"
            if default is not None and default != "NULL":
                wide += f" DEFAULT ({default})" if "DEFAULT_GENERATED" in str(extra) else f" DEFAULT {default}"
            wide += " COMMENT '" + str(comment).replace("'", "''") + "'" if comment else ""
        return f"ALTER TABLE {joined(table)} MODIFY {column} {wide}"

    def _without_rollback(self, table: str) -> str:
        """The storage engine of a table that keeps no transactions; empty for one that does."""
        engines = [str(engine) for (engine,) in self.query(_KEPT, (joined(table),)) if engine is not None]
        return next((engine for engine in engines if engine.upper() != "INNODB"), "")

    def _missing_of_state(self, table: str) -> list[str]:
        """The rights on a table of syncd's own that are missing, each tried on no row at all."""
        tried = {
            "SELECT": f"SELECT 1 FROM {table} WHERE FALSE",
            "INSERT": f"INSERT INTO {table} SELECT * FROM {table} WHERE FALSE",
            "DELETE": f"DELETE FROM {table} WHERE FALSE",
        }
        found = [right for right, sql in tried.items() if self._is_denied(sql)]
        ((column,),) = self.query(_FIRST, (table,)) if not found else (("",),)
        if found or self._is_denied(f"UPDATE {table} SET {quoted(str(column))} = NULL WHERE FALSE"):
            found.append("UPDATE")
        return found

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
