"""Documents (单据) as a mapping declares them: header rows with their lines, and the tables whose rows they are."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from syncd.change import Column, Kind, Table
from syncd.mapping.expression.terms import Many, Name, nearest
from syncd.mapping.language import scope
from syncd.mapping.language.file.model import DocumentBlock, MappingFile
from syncd.mapping.language.scope import ExpressionReader
from syncd.mapping.program.documents import DocumentTable, Part
from syncd.mapping.verbs.rule import DocumentLines, Join


def read_documents(
    file: MappingFile, tables: Mapping[str, Table], reader: ExpressionReader
) -> dict[str, DocumentTable]:
    """The documents by alias. One that names a table or a column that there is not is left out, with its error told."""
    found: dict[str, DocumentTable] = {}
    for alias, block in file.documents.items():
        for other in ("tables", "references"):
            if alias in getattr(file, other):
                reader.fault("table_twice", ("documents", alias), table=alias)
        document = _read(alias, block, {a: t for a, t in tables.items() if a in file.tables}, reader)
        if document is not None:
            found[alias] = document
    return found


def _read(
    alias: str, block: DocumentBlock, tables: Mapping[str, Table], reader: ExpressionReader
) -> DocumentTable | None:
    errors = len(reader.errors)
    header = _table(block.header, tables, reader, ("documents", alias, "header"))
    parts: list[Part] = []
    for word, lines in block.lines.items():
        place = ("documents", alias, "lines", word)
        table = _table(lines.table, tables, reader, (*place, "table"))
        if table is None or header is None:
            continue
        columns = [column.name for column in table.columns]
        if len(lines.of) != len(header.key):
            params = {"table": header.alias, "given": len(lines.of), "wanted": len(header.key)}
            reader.fault("join_key_count", (*place, "of"), **params)
        for name, i in zip(lines.of, header.key, strict=False):
            if name not in columns:
                params = {"column": name, "table": table.alias, "nearest": nearest(name, columns)}
                reader.fault("unknown_column", (*place, "of"), **params)
            elif (kind := table.columns[columns.index(name)].kind) is not header.columns[i].kind:
                wanted = header.columns[i].kind
                params = {"column": name, "table": table.alias, "kind": kind, "wanted": wanted}
                reader.fault("lines_kind", (*place, "of"), **params)
        if word.lower() in {column.name.lower() for column in header.columns}:
            reader.fault("name_twice", place, name=word, other=f"{header.alias}.{word}")
        if table.alias in (header.alias, *(part.table.alias for part in parts)):
            reader.fault("table_twice", (*place, "table"), table=table.alias)
        parts.append(Part(table, tuple(columns.index(name) for name in lines.of if name in columns)))
    if header is None or len(reader.errors) > errors:
        return None
    held = [Column(w, Kind.NULL, of=part.table) for w, part in zip(block.lines, parts, strict=True)]
    return DocumentTable(replace(header, alias=alias, columns=(*header.columns, *held)), header, tuple(parts))


def _table(
    alias: str, tables: Mapping[str, Table], reader: ExpressionReader, place: tuple[str | int, ...]
) -> Table | None:
    if alias not in tables:
        reader.fault("unknown_table", place, table=alias, nearest=nearest(alias, list(tables)))
    return tables.get(alias)


def lines(word: str, n: int, column: int, table: Table, joins: Mapping[str, Join]) -> Iterator[DocumentLines]:
    """The `n`-th lines of a document, which are a column of its row: as they are, with what they join, and as they
    were."""
    own = tuple(join.variable for join in joins.values())
    now = Many(word, f"ls{n}" if joins else f"(after[{column}] or ())", (f"l{n}", *own))
    names = scope.columns(table, f"l{n}", word)
    for join in joins.values():
        names |= scope.columns(join.table, join.variable, join.alias)
    yield DocumentLines(word, table, column, now, joins, _of(names, now))
    was = Many(f"before.{word}", f"(before[{column}] or ())", (f"b{n}",))
    names = scope.columns(table, f"b{n}", was.alias)
    yield DocumentLines(was.alias, table, column, was, {}, _of(names, was))


def _of(names: Mapping[str, Name], many: Many) -> dict[str, Name]:
    return {name: replace(one, many=many) for name, one in names.items()}
