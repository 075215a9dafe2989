"""A message that nobody understands, as a change that parks by itself.

Where its table and its row's key are known it is of that row: what comes behind it waits, and the next message that
can be read heals it. Otherwise its place in the topic is all that names it, and nobody knows who should wait.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.debezium.rows import Rows
from syncd.change import UNCHANGED, Change, Malformed, Position, Row, Table, Unchanged

TEXT_CHARACTERS_MAX: Final = 50_000
"""So much of a message is kept."""
OF_ONE: Final = frozenset(
    (
        "avro_not_confluent",
        "avro_unreadable",
        "debezium_connector",
        "debezium_flattened",
        "debezium_no_key",
        "debezium_no_position",
        "debezium_no_row",
        "debezium_no_table",
        "debezium_not_json",
        "debezium_op",
    )
)
"""What is wrong with one message, and not with how they are read: others may be whole."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def unreadable(
    table: Table, row: Row | None, value: bytes | None, reason: str, position: Position, at_ms: int
) -> Change:
    """The change. `row` is what is known of the row, its key at least; None where nothing is."""
    mark = Malformed(text(value), reason)
    free = [i for i in range(len(table.columns)) if i not in table.key]
    if row is None or not free:
        row, at = (UNCHANGED,) * len(table.columns), table.key[0]
    else:
        row = tuple(UNCHANGED if isinstance(held, Malformed) else held for held in row)
        at = max(free, key=lambda i: (row[i] is UNCHANGED, row[i] is None, i))
    marked = (*row[:at], mark, *row[at + 1 :])
    return Change(table.alias, "unreadable", None, marked, position, _EPOCH + timedelta(milliseconds=at_ms), True)


def known_row(table: Table, rows: Rows, images: tuple[Any, ...]) -> Row | None:
    """The first of several images of a row that tells its key."""
    for image in images:
        if isinstance(image, Mapping):
            row, _ = rows(image)
            if not any(row[i] is None or isinstance(row[i], Unchanged | Malformed) for i in table.key):
                return row
    return None


def text(value: bytes | None) -> str:
    """A message as text, in base64 where it is none."""
    try:
        said = (value or b"").decode()
        if not said.isprintable() and any(not (c.isprintable() or c.isspace()) for c in said):
            said = b64encode(value or b"").decode()
    except UnicodeDecodeError:
        said = b64encode(value or b"").decode()
    return said if len(said) <= TEXT_CHARACTERS_MAX else said[:TEXT_CHARACTERS_MAX] + "…"
