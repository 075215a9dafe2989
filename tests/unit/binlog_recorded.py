"""What a real server logged, and how it printed what it then held: see tests/golden/binlog."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from connectors.binlog.rows import RowReader, compile_rows
from connectors.binlog.table import TableMap, table_map
from syncd.change import Column, Kind, Row, Table

GOLDEN: Final = Path(__file__).parent.parent / "golden" / "binlog"
_PRINTED: Final[dict[str, Any]] = json.loads((GOLDEN / "mariadb1011.json").read_text("utf-8"))
CHARSETS: Final = {int(number): name for number, name in _PRINTED["charsets"].items()}
PRINTED: Final[dict[str, list[list[str | None]]]] = _PRINTED["printed"]


class Recorded(NamedTuple):
    """A rows event and the table map before it."""

    kind: str
    wire: TableMap
    map_data: bytes
    data: bytes


def _read() -> Iterator[Recorded]:
    map_data = b""
    for line in (GOLDEN / "mariadb1011.hex").read_text().splitlines():
        kind, _, data = line.partition(" ")
        if kind == "table":
            map_data = bytes.fromhex(data)
        else:
            yield Recorded(kind, table_map(map_data, mariadb=True), map_data, bytes.fromhex(data))


RECORDED: Final = list(_read())


def declared(wire: TableMap, kind: Kind = Kind.TEXT, form: str = "") -> Table:
    """All columns of a table, of one kind."""
    return Table(wire.name, wire.name, tuple(Column(column.name, kind, form) for column in wire.columns), (0,))


def inserted(table: str, kind: Kind = Kind.TEXT, form: str = "") -> list[tuple[Row, bool]]:
    """The rows of all inserts that were printed, with all columns declared as one kind."""
    events = [event for event in RECORDED if event.wire.name == table and event.kind == "insert"]
    rows = [row for event in events for row in reader(event, declared(event.wire, kind, form)).insert(event.data)]
    return [(after, flawed) for _, after, flawed in rows[: len(PRINTED[table])] if after is not None]


def reader(event: Recorded, table: Table) -> RowReader:
    return compile_rows(event.wire, table, CHARSETS)
