"""What finance's tables in PostgreSQL are like, what syncd may do to them, and the statement that would mend what is
wrong with them."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, cast

from connectors.ledger.database import LIMIT_SECONDS_MIN, MONEY_DIGITS, Nature, Physical, Rows
from syncd.change import Kind
from syncd.dialects.postgres import decimal_type
from syncd.dialects.postgres import table as spelled_table
from syncd.errors import Fault
from syncd.money import MONEY_PLACES
from syncd.ports import Drawn, Finding

_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("text", "varchar", "bpchar"), Kind.TEXT),
    **dict.fromkeys(("int2", "int4", "int8"), Kind.INTEGER),
    **dict.fromkeys(("timestamp", "timestamptz"), Kind.TIMESTAMP),
    "numeric": Kind.DECIMAL,
    "bool": Kind.BOOLEAN,
    "date": Kind.DATE,
}
_COLUMNS: Final = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typname,
           coalesce(information_schema._pg_char_max_length(a.atttypid, a.atttypmod),
                    information_schema._pg_numeric_precision(a.atttypid, a.atttypmod)),
           information_schema._pg_numeric_scale(a.atttypid, a.atttypmod),
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '' OR a.attidentity = 'a',
           coalesce((SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
                     WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), '')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_NATURE: Final = """
    SELECT c.relkind = 'v' OR row_security_active(c.oid), c.relkind = 'v'
           OR EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D')
           OR EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'),
           ARRAY(SELECT a.attname::text FROM pg_index i
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
                 WHERE i.indrelid = c.oid AND i.indisprimary)
    FROM pg_class c WHERE c.oid = to_regclass(?)
"""
_RIGHTS: Final = """
    SELECT has_schema_privilege(c.relnamespace, 'USAGE'),
           ARRAY(SELECT p FROM unnest(?::text[]) p
                 WHERE NOT (SELECT coalesce(bool_and(has_column_privilege(c.oid, a.attname, p)), true)
                            FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY(?::name[]))),
           c.relnamespace::regnamespace::text, format('%s.%I', c.relnamespace::regnamespace, c.relname),
           quote_ident(current_user)
    FROM pg_class c WHERE c.oid = to_regclass(?)
"""
_OWN: Final = """
    SELECT string_agg(DISTINCT p, ', ' ORDER BY p), quote_ident(current_user)
    FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
    WHERE c.relnamespace = to_regnamespace('syncd') AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, p)
"""
_SEQUENCE: Final = """
    SELECT format('%I.%I', n.nspname, s.relname) FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_attribute a ON a.attrelid = to_regclass(?) AND a.attname = ? AND NOT a.attisdropped
    WHERE s.relkind = 'S' AND (
      EXISTS (SELECT 1 FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'i'
                AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)
      OR EXISTS (SELECT 1 FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                 WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum AND d.refobjid = s.oid
                   AND pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\\(''[^'']+''::regclass\\)$'))
"""
"""The sequence of a column that holds what it gives as it is."""
_DRAWS: Final = """
    SELECT has_sequence_privilege(s.oid, 'USAGE') AND has_schema_privilege(s.relnamespace, 'USAGE'),
           format('%s.%I', s.relnamespace::regnamespace, s.relname), s.relnamespace::regnamespace::text,
           has_schema_privilege(s.relnamespace, 'USAGE'), quote_ident(current_user)
    FROM pg_class s WHERE s.oid = to_regclass(?) AND s.relkind = 'S'
"""
_NAMED: Final = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ? AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND (c.relkind = 'S') = ?
    ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname
"""
_HIDDEN: Final = """
    SELECT quote_ident(current_user) FROM pg_class c WHERE c.oid = to_regclass(?) AND row_security_active(c.oid)
       AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
                       AND pg_get_expr(p.polqual, p.polrelid) = 'true'
                       AND (0 = ANY(p.polroles)
                            OR EXISTS (SELECT 1 FROM unnest(p.polroles) r WHERE pg_has_role(r, 'USAGE'))))
"""
_SERVER: Final = """
    SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',
           (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'),
           current_setting('statement_timeout'), quote_ident(current_user), quote_ident(current_database())
"""
_UNIQUE: Final = """
    SELECT ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey))
    FROM pg_index i WHERE i.indrelid = to_regclass(?) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
"""
_CONSTRAINED: Final = """
    SELECT a.attname::text FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
    WHERE c.conrelid = to_regclass(?) AND c.conname = ?
    UNION SELECT a.attname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = to_regclass(?) AND x.relname = ?
"""
_PARENTS: Final = """
    SELECT format('%I.%I', n.nspname, f.relname), quote_ident(b.attname)
    FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid JOIN pg_namespace n ON n.oid = f.relnamespace
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (here, there)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.here AND a.attname = ?
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.there
    WHERE c.conrelid = to_regclass(?) AND c.contype = 'f' AND has_column_privilege(f.oid, b.attnum, 'SELECT')
"""
_LACKING: Final = """
    SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS r
    WHERE NOT has_table_privilege(to_regclass(?)::oid, r)
"""
_DENIED: Final = re.compile(r"permission denied for (schema|table|view|relation|sequence|function) (\S+)")
_NO_TEMPORARY: Final = re.compile(r"permission denied to create temporary tables")


class Judge(NamedTuple):
    """Asks one connection's database."""

    query: Callable[[str, Sequence[object]], Rows]

    def columns(self, table: str) -> Mapping[str, Physical]:
        """See `Database.columns`."""
        return {
            str(name): Physical(
                type=str(declared),
                kind=_KINDS.get(str(base)),
                length=None if length is None or str(base).startswith("int") else int(str(length)),
                places=None if places is None else int(str(places)),
                required=bool(required),
                exact=base not in ("float4", "float8"),
                generated=bool(generated),
                default=str(default),
            )
            for name, declared, base, length, places, required, generated, default in self.query(
                _COLUMNS, (spelled_table(table),)
            )
        }

    def nature(self, table: str) -> Nature:
        """See `Database.nature`."""
        rows = self.query(_NATURE, (spelled_table(table),))
        if not rows or not any(rows[0][:2]):
            return Nature()
        ((by_insert, acts, key),) = rows
        amounts = {n: c.places for n, c in self.columns(table).items() if c.kind is Kind.DECIMAL} if acts else {}
        return Nature(bool(by_insert), bool(acts), tuple(cast(list[str], key)), amounts)

    def missing_right(self, table: str, columns: Sequence[str], rights: Sequence[str]) -> str:
        """See `Database.missing_right`."""
        rows = self.query(_RIGHTS, (list(rights), list(columns), spelled_table(table)))
        ((usage, missing, schema, named, user),) = rows
        grants = [] if usage else [f"GRANT USAGE ON SCHEMA {schema} TO {user}"]
        if isinstance(missing, list) and missing:
            grants.append(f"GRANT {', '.join(missing)} ON {named} TO {user}")
        return "; ".join(grants)

    def sequence(self, table: str, drawn: Drawn) -> str:
        """Where a column's ids come from, as the layout or the column says; empty where neither does."""
        if drawn.sequence:
            return spelled_table(drawn.sequence)
        return next((str(found) for (found,) in self.query(_SEQUENCE, (spelled_table(table), drawn.column))), "")

    def missing_draw(self, table: str, drawn: Drawn) -> str:
        """See `Database.missing_draw`."""
        named = self.sequence(table, drawn)
        for may, sequence, schema, usage, user in self.query(_DRAWS, (named,)) if named else ():
            grants = [] if usage else [f"GRANT USAGE ON SCHEMA {schema} TO {user}"]
            return "" if may else "; ".join([*grants, f"GRANT USAGE ON SEQUENCE {sequence} TO {user}"])
        return ""

    def grant(self, fault: Fault) -> str:
        """See `Database.grant`. What the server names is a schema, or something in one that it does not name."""
        what = fault.params.get("error", "")
        if _NO_TEMPORARY.search(what):
            ((*_, user, database),) = self.query(_SERVER, ())
            return f"GRANT TEMPORARY ON DATABASE {database} TO {user}"
        denied = _DENIED.search(what)
        if denied is None:
            return ""
        kind, name = denied.groups()
        ((user,),) = self.query("SELECT quote_ident(current_user)", ())
        if kind == "schema":
            return f"GRANT USAGE ON SCHEMA {name} TO {user}"
        if kind == "function":
            return f"GRANT EXECUTE ON FUNCTION {name} TO {user}"
        named = [str(found) for (found,) in self.query(_NAMED, (name, kind == "sequence"))]
        if kind == "sequence":
            return f"GRANT USAGE ON SEQUENCE {named[0] if named else name} TO {user}"
        right = str(fault.params.get("right") or "SELECT")
        lacking = [str(lacks) for (lacks,) in self.query(_LACKING, (named[0],))] if named else []
        if lacking and right not in lacking:  # a trigger's own statement wants more than ours: the server says not what
            right = ", ".join([other for other in lacking if other != "DELETE"] or lacking)
        return f"GRANT {right} ON {named[0] if named else name} TO {user}"

    def doubts(self, tables: Mapping[str, Collection[str]]) -> Iterator[Finding]:
        """See `Database.doubts`."""
        ((standby, read_only, limit_ms, limit, user, database),) = self.query(_SERVER, ())
        if standby:
            yield Finding("error", "finance_read_only", {"error": "pg_is_in_recovery() = true"})
        elif read_only:
            repair = f"ALTER ROLE {user} IN DATABASE {database} SET default_transaction_read_only = off"
            yield Finding("error", "ledger_read_only", {"user": str(user)}, repair)
        if 0 < int(str(limit_ms)) < LIMIT_SECONDS_MIN * 1000:
            repair = f"ALTER ROLE {user} IN DATABASE {database} SET statement_timeout = '{LIMIT_SECONDS_MIN}s'"
            params = {"name": "statement_timeout", "limit": str(limit), "wanted": f"{LIMIT_SECONDS_MIN}s"}
            yield Finding("warning", "ledger_limit", params, repair)
        if own := next((row for row in self.query(_OWN, ()) if row[0]), None):
            repair = f"GRANT {own[0]} ON ALL TABLES IN SCHEMA syncd TO {own[1]}"
            yield Finding("error", "ledger_no_right", {"table": "syncd.*"}, repair)
        for table in tables:
            for (role,) in self.query(_HIDDEN, (spelled_table(table),)):
                repair = f"CREATE POLICY syncd ON {table} TO {role} USING (true) WITH CHECK (true)"
                yield Finding("warning", "ledger_row_security", {"table": table}, repair)

    def is_unique(self, table: str, key: Collection[str]) -> bool:
        """See `Database.is_unique`."""
        found = self.query(_UNIQUE, (spelled_table(table),))
        return any(set(cast(list[str], columns)) == set(key) for (columns,) in found)

    def constrained(self, table: str, refused: Mapping[str, str]) -> set[str]:
        """See `Database.constrained`."""
        if refused.get("column"):
            return {refused["column"]}
        asked = (spelled_table(table), refused.get("constraint", ""))
        return {str(name) for (name,) in self.query(_CONSTRAINED, (*asked, *asked))}

    def parents(self, table: str, column: str) -> Sequence[tuple[str, str]]:
        """See `Database.parents`."""
        return [(str(t), str(c)) for t, c in self.query(_PARENTS, (column, spelled_table(table)))]

    def widened(self, table: str, column: str, places: int = MONEY_PLACES) -> str:
        """See `Database.widened`."""
        return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {decimal_type(MONEY_DIGITS + places, places)}"
