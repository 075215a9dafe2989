"""What tells that the log may have kept something to itself.

pgoutput judges each change by the catalogue of its moment. A table that was taken out of the publication and put back,
a filter that came and went, rows that an ALTER TABLE wrote anew: each leaves a hole amid a log that goes on, and what
the catalogue says afterwards is as before. But it says it by other objects: what is made anew has another oid, what is
altered another xmin, what is written anew another file. These are the marks.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple, Protocol

from connectors.postgres.server import full_name, quoted, split
from syncd.change import Table
from syncd.errors import Gap, Halt, RowsGone

TEXT_CHARACTERS_MAX: Final = 60_000
"""What a TEXT of MySQL holds, with something to spare."""
_OF_ALL: Final = """
    SELECT ({whole}),
           (SELECT concat_ws(' ', rolsuper, rolreplication, rolbypassrls) FROM pg_roles WHERE rolname = current_user),
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""
_OF_TABLES: Final = """
    WITH RECURSIVE wanted AS (
        SELECT n.nspname || '.' || c.relname AS name, c.oid, c.relkind, n.oid AS schema
        FROM unnest(%s::text[], %s::text[]) AS w (schema, name)
        JOIN pg_namespace n ON n.nspname = w.schema
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p')
    ), below AS (
        SELECT oid AS root, oid, '' AS joined FROM wanted
        UNION ALL
        SELECT b.root, i.inhrelid, b.joined || '/' || i.xmin::text
        FROM pg_inherits i JOIN below b ON b.oid = i.inhparent JOIN wanted w ON w.oid = b.root AND w.relkind = 'p'
    )
    SELECT w.name, w.oid::bigint,
           ARRAY({of_table}),
           (SELECT json_object_agg(a.attname, CASE WHEN l.labels IS NULL THEN json_build_array(a.attnum, a.xmin::text)
                                              ELSE json_build_array(a.attnum, a.xmin::text, l.labels) END)
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid,
                 LATERAL (SELECT json_object_agg(e.oid, e.xmin::text) AS labels FROM pg_enum e
                          WHERE e.enumtypid IN (t.oid, t.typbasetype, t.typelem)) l
            WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped),
           (SELECT json_object_agg(c.oid, json_build_array(c.relfilenode::bigint, b.joined))
            FROM below b JOIN pg_class c ON c.oid = b.oid WHERE b.root = w.oid AND c.relkind <> 'p'),
           concat_ws(' ', has_schema_privilege(w.schema, 'USAGE'), row_security_active(w.oid),
             (SELECT string_agg(concat_ws(',', attname, atttypid, atttypmod,
                                          has_column_privilege(attrelid, attnum, 'SELECT')), ' ' ORDER BY attnum)
              FROM pg_attribute WHERE attrelid = w.oid AND attnum > 0 AND NOT attisdropped),
             (SELECT string_agg(concat_ws(',', c.oid, c.relpersistence, c.relreplident, (
                       SELECT string_agg(concat_ws(',', i.indexrelid, i.indisvalid, i.indisprimary, i.indisreplident),
                                         ' ' ORDER BY i.indexrelid)
                       FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique)), ' ' ORDER BY c.oid)
              FROM below b JOIN pg_class c ON c.oid = b.oid WHERE b.root = w.oid))
    FROM wanted w
"""
"""Plain reads of catalogues: nothing here waits for a table that is being altered."""
_PUBLICATION: Final = """
    SELECT concat_ws('.', oid, concat_ws(',', puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot),
                     pubowner, xmin) FROM pg_publication WHERE pubname = %s
"""
_PUBLISHED: Final = """
    SELECT m.oid FROM pg_publication p JOIN {members} ON m.pub = p.oid
    WHERE p.pubname = %s AND m.member IN (w.oid, w.schema) ORDER BY 1
"""
_MEMBERS: Final = "(SELECT oid::bigint AS oid, prpubid AS pub, prrelid AS member FROM pg_publication_rel) m"
_MEMBERS_15: Final = """
    (SELECT oid::bigint AS oid, prpubid AS pub, prrelid AS member FROM pg_publication_rel
     UNION ALL SELECT oid::bigint, pnpubid, pnnspid FROM pg_publication_namespace
     UNION ALL SELECT (- d.xmin::text::bigint), n.pnpubid, d.objid FROM pg_publication_namespace n
               JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.pnnspid
                               AND d.classid = 'pg_class'::regclass AND d.objsubid = 0) m
"""
"""A whole schema can be published since PostgreSQL 15. A table that leaves it is published no more: by what it came
into its schema is a number below zero."""
_FILE: Final = """
    SELECT EXISTS (SELECT FROM {rows} AND age(t.xmin) > age((%s %% 4294967296)::text::xid)),
           EXISTS (SELECT FROM pg_class c, {rows} AND c.oid = t.tableoid AND (age(t.xmin) > age(c.xmin)
                   OR (t.xmin = c.xmin AND t.cmin::text::bigint <= c.cmin::text::bigint)))
"""
_JOINED: Final = """
    WITH RECURSIVE up AS (
        SELECT inhrelid, inhparent, xmin AS by, cmin AS at FROM pg_inherits WHERE inhrelid = %s
        UNION ALL
        SELECT i.inhrelid, i.inhparent, i.xmin, i.cmin FROM pg_inherits i JOIN up ON up.inhparent = i.inhrelid
        WHERE i.inhrelid <> %s
    )
    SELECT EXISTS (SELECT FROM up, {rows} AND (age(t.xmin) > age(up.by)
                   OR (t.xmin = up.by AND t.cmin::text::bigint < up.at::text::bigint)))
"""
_NAME: Final = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s
"""


class Asked(Protocol):
    """Whoever answers a statement. Raises Transient or Halt."""

    def query(self, sql: str, *params: object) -> list[tuple[Any, ...]]: ...


Unlogs = Literal["", "parts", "all"]
"""What may have been unlogged for a while, where it is the log that tells."""


class Teller(NamedTuple):
    """What tells of changes, a publication or triggers, as SQL with its parameters: the mark of the whole, and those of
    what it has for a table `w`, of which `below` are the parts."""

    whole: str
    whole_params: tuple[object, ...]
    of_table: str
    of_table_params: tuple[object, ...]


class TableMarks(NamedTuple):
    """A tracked table: itself, what publishes it, its declared columns by name, each with its number, by what it was
    altered last and the labels of its enumeration with by what each was, and the files with its rows. A file is its
    number and by what its partition belongs to the table."""

    oid: int
    published: tuple[int | str, ...]
    columns: Mapping[str, Sequence[Any]]
    files: Mapping[str, tuple[int, str]]


class Marks(NamedTuple):
    """A publication (empty when there is none) and its tracked tables. All transactions before `seen` had ended."""

    publication: str
    tables: Mapping[str, TableMarks]
    seen: int = 0

    def text(self) -> str:
        """For the pipeline's state. Of thousands of partitions the files are left out: what happened to them is then
        told while running alone."""
        whole = _dumped(self)
        if len(whole) <= TEXT_CHARACTERS_MAX:
            return whole
        return _dumped(self._replace(tables={name: of._replace(files={}) for name, of in self.tables.items()}))


def _dumped(marks: Marks) -> str:
    return json.dumps([marks.publication, marks.tables, marks.seen], separators=(",", ":"))


class Look(NamedTuple):
    """The marks at one moment. `standing` changes with whatever a check would look at: rights, types, identity."""

    marks: Marks
    standing: str


def parse(text: str) -> Marks:
    """The inverse of `Marks.text`."""
    publication, tables, seen = json.loads(text)
    return Marks(
        publication,
        {
            name: TableMarks(oid, tuple(published), columns, {o: (file, by) for o, (file, by) in files.items()})
            for name, (oid, published, columns, files) in tables.items()
        },
        seen,
    )


def look(server: Asked, version: int, publication: str, tables: Mapping[str, Table]) -> Look:
    """The marks as they are now. Raises Transient or Halt."""
    published = _PUBLISHED.format(members=_MEMBERS_15 if version >= 150000 else _MEMBERS)
    told = Teller(_PUBLICATION, (publication,), published, (publication,))
    return look_at(server, told, {full_name(t): [c.name for c in t.columns] for t in tables.values()})


def look_at(server: Asked, teller: Teller, tables: Mapping[str, Sequence[str]]) -> Look:
    """The same of any teller, for tables with their declared columns."""
    ((whole, role, seen),) = server.query(_OF_ALL.format(whole=teller.whole), *teller.whole_params)
    schemas, names = zip(*(split(name) for name in tables), strict=True) if tables else ((), ())
    of_tables = _OF_TABLES.format(of_table=teller.of_table)
    rows = server.query(of_tables, list(schemas), list(names), *teller.of_table_params)
    found = {name: _marks(tables[name], *rest) for name, *rest, _ in rows}
    standing = "\n".join([str(role), *(f"{row[0]} {row[-1]}" for row in sorted(rows))])
    return Look(Marks(whole or "", found, seen), standing)


def _marks(declared: Sequence[str], oid: int, published: Sequence[int | str], columns: Any, files: Any) -> TableMarks:
    numbers = {name: columns[name] for name in declared if name in (columns or {})}
    return TableMarks(oid, tuple(published), numbers, {o: (file, by) for o, (file, by) in (files or {}).items()})


def gap(server: Asked, publication: str, was: Marks, now: Marks) -> Gap | None:
    """What the log may have kept to itself between two looks, None for nothing. Raises Transient or Halt."""
    return next(_gaps(server, publication, was, now), None)


def _gaps(server: Asked, publication: str, was: Marks, now: Marks) -> Iterator[Gap]:
    if not _tells_the_same(was.publication, now.publication):
        yield Gap("pg_publication_anew", publication=publication)
    for name in was.tables.keys() & now.tables.keys():
        before, after = was.tables[name], now.tables[name]
        is_told = bool(before.published)  # what was not, and came in, is told from there on
        if is_told and before.oid == after.oid and _members(before, after) != _members(after, before):
            yield Gap("pg_published_anew", publication=publication, table=name)
        yield from gaps_of(server, name, before, after, was.seen, "all" if _may_unlog(now, name) else "parts")


def _members(of: TableMarks, other: TableMarks) -> list[int | str]:
    """What publishes a table, as far as both know: earlier marks have no schemas."""
    knows = any(int(n) < 0 for n in of.published) == any(int(n) < 0 for n in other.published)
    return [n for n in of.published if knows or int(n) > 0]


def _may_unlog(now: Marks, table: str) -> bool:
    """Whether a table can cease to be logged: the server forbids it of one that is published by its own name. What is
    written meanwhile is in no log, and what writes its rows anew may be its end."""
    _, kinds, *_ = [*now.publication.split("."), "", ""]
    return kinds.startswith("t") or any(int(n) < 0 for n in now.tables[table].published)


def _tells_the_same(was: str, now: str) -> bool:
    """Whether it was not altered meanwhile, or only given to somebody else."""
    before, after = was.split("."), now.split(".")
    return was == now or (before[:2] == after[:2] and before[2:3] != after[2:3])


def gaps_of(
    server: Asked, table: str, before: TableMarks, after: TableMarks, seen: int, unlogs: Unlogs = ""
) -> Iterator[Gap]:
    """What nobody tells, neither a publication nor a trigger, of one table."""
    if before.oid != after.oid:
        yield Gap("pg_table_anew", table=table)
    anew = [c for c, of in before.columns.items() if after.columns.get(c, of)[0] != of[0]]
    if anew:
        yield Gap("pg_columns_anew", table=table, columns=", ".join(anew))
    renamed = [c for c, of in before.columns.items() if _has_other_labels(of, after.columns.get(c, of))]
    if renamed:
        yield Gap("pg_labels_renamed", table=table, columns=", ".join(renamed))
    if before.files and before.files != after.files:
        yield from _of_files(server, table, before, after, seen, unlogs)


def _has_other_labels(was: Sequence[Any], now: Sequence[Any]) -> bool:
    """Whether a label was renamed, which changes rows without touching them; new ones are in no row yet."""
    return len(was) > 2 and len(now) > 2 and any(now[2].get(oid, by) != by for oid, by in was[2].items())


def _of_files(
    server: Asked, table: str, before: TableMarks, after: TableMarks, seen: int, unlogs: Unlogs
) -> Iterator[Gap]:
    for oid, (_, by) in before.files.items():
        if oid not in after.files or after.files[oid][1] != by:
            yield RowsGone("pg_partition_gone", table=table)
    is_altered = before.columns != after.columns or unlogs == "all"
    for oid, (file, _) in after.files.items():
        of = _File(server, table, int(oid), int(oid) != after.oid)
        if oid not in before.files:
            if of.ask(_JOINED, of.oid, after.oid) in ((True,), None):
                yield Gap("pg_partition_attached", table=table, partition=of.name())
            elif unlogs and file != int(oid) and (of.ask(_FILE, seen) or (True, True))[1]:
                yield Gap("pg_rows_rewritten", table=of.name())  # it may have been made unlogged
        elif before.files[oid][0] != file:
            yield from _of_file(of, seen, is_altered)


class _File(NamedTuple):
    """The rows of a table, or of a partition of it."""

    server: Asked
    table: str
    oid: int
    is_part: bool

    def name(self) -> str:
        """With its schema; empty when it has just gone."""
        return ".".join(self.server.query(_NAME, self.oid)[0]) if self.is_part else self.table

    def ask(self, sql: str, *params: int) -> tuple[Any, ...] | None:
        """Of the rows. Who may read the whole may not read its partitions one by one, and then asks the whole; None
        for whom the server does not let look at more than columns."""
        whole = f"{quoted(*split(self.table))} t WHERE t.tableoid = {self.oid}"
        part = quoted(*split(self.name()))
        for rows in (f"ONLY {part} t WHERE true", whole):
            with suppress(Halt):
                return self.server.query(sql.format(rows=rows), *params)[0]
        return None


def _of_file(of: _File, seen: int, is_altered: bool) -> Iterator[Gap]:
    """What was written anew without a declared column being altered was only moved (VACUUM FULL, CLUSTER, a table that
    was packed), or emptied, which the log says of a whole table. Rows that are older than the last look were moved too.
    Of others those that are older than the file were written anew; where all are younger the table was emptied."""
    if not (is_altered or of.is_part):
        return
    keeps, rewrites = of.ask(_FILE, seen) or (False, is_altered)
    if not keeps and rewrites:
        yield Gap("pg_rows_rewritten", table=of.name())
    elif not keeps and of.is_part:
        yield RowsGone("pg_partition_emptied", table=of.table, partition=of.name())
