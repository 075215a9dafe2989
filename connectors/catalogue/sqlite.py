"""SQLite's catalogue. A type there is a word: what the values look like tells more."""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from connectors.catalogue.described import Catalogue, Told, schema
from syncd.dialects.sqlite import quoted
from syncd.init.seen.schema import SAMPLE_ROWS_MAX, Schema, Sort

_TABLES: Final = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)
_COLUMNS: Final = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1'
_UNIQUE: Final = """
    SELECT l.name, i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
    WHERE l."unique" AND NOT l.partial AND l.origin <> 'pk' ORDER BY l.seq, i.seqno
"""
_FOREIGN: Final = """
    SELECT f.id, f."from", f."table",
           coalesce(f."to", (SELECT k.name FROM pragma_table_info(f."table") AS k WHERE k.pk = 1))
    FROM pragma_foreign_key_list(?) AS f ORDER BY f.id, f.seq
"""
_SORTS: Final[Sequence[tuple[str, Sort]]] = (
    ("INT", "integer"),
    ("TIMESTAMP|DATETIME", "timestamp"),
    ("DATE", "date"),
    ("BOOL", "boolean"),
    ("JSON", "json"),
    ("CHAR|CLOB|TEXT", "text"),
    ("REAL|FLOA|DOUB", "float"),
    ("DEC|NUM|MONEY", "decimal"),
)
_DAYS: Final[Sequence[tuple[re.Pattern[str], Sort]]] = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "date"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*"), "timestamp"),
)
_AMOUNT: Final = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


def read(path: str) -> Schema:
    """The database in a file. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        columns: list[Told] = []
        unique: list[tuple[str, str, bool, str]] = []
        foreign: list[tuple[str, str, str, str, str]] = []
        samples: dict[str, list[tuple[object, ...]]] = {}
        for (table,) in db.execute(_TABLES).fetchall():
            listed = db.execute(_COLUMNS, (table,)).fetchall()
            keys = [name for name, _, _, _, pk, _ in sorted(listed, key=lambda row: row[4]) if pk]
            order = f" ORDER BY {', '.join(quoted(k) + ' DESC' for k in keys)}" if keys else ""
            names = ", ".join(quoted(row[0]) for row in listed)
            samples[table] = db.execute(
                f"SELECT {names} FROM {quoted(table)}{order} LIMIT {SAMPLE_ROWS_MAX}"
            ).fetchall()
            for place, (name, type_, not_null, default, pk, hidden) in enumerate(listed):
                is_rowid = pk == 1 and len(keys) == 1 and str(type_).upper() == "INTEGER"
                sort, places = _sort(str(type_), [row[place] for row in samples[table]])
                required = bool(not_null) and default is None and not is_rowid
                columns.append(Told(table, name, type_, sort, places, None, required, is_rowid, hidden > 1, ""))
            unique += [(table, "", True, name) for name in keys]
            unique += [(table, index, False, name) for index, name in db.execute(_UNIQUE, (table,))]
            foreign += [(table, str(n), a, other, b) for n, a, other, b in db.execute(_FOREIGN, (table,))]
        said = Catalogue(columns, unique, foreign, {})
        return schema("sqlite", said, lambda table, *_: samples[table], has_log=False)


def _sort(type_: str, values: Iterable[object]) -> tuple[Sort, int | None]:
    """The sort of a column, by its values where they are texts; and the places of what is always written with two."""
    declared: Sort = next((sort for words, sort in _SORTS if re.search(words, type_.upper())), "other")
    texts = [value for value in values if isinstance(value, str)]
    if declared in ("text", "other", "decimal") and texts:
        if all(map(_AMOUNT.fullmatch, texts)) and any("." in text for text in texts):
            return "decimal", max(len(text.partition(".")[2]) for text in texts)
        days = [sort for pattern, sort in _DAYS if all(map(pattern.fullmatch, texts))]
        declared = days[0] if days else declared
    return declared, None
