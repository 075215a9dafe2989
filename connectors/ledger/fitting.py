"""Changes and rows of a source as the state keeps them, short enough to be sent.

A text that is longer than the server takes is kept as its beginning, with the mark that says so: a rule that reads it
later parks the row with that reason, and no other is held up by it.
"""

from typing import Final

from syncd.change import Change, Malformed, Row, Table, Value
from syncd.record import encode_change, encode_row

KEPT_LETTERS: Final = 200
"""What is kept of such a text."""


def change_text(table: Table, change: Change, bytes_max: int) -> str:
    """`encode_change`, of at most so many bytes."""
    text = encode_change(table, change)
    if is_short(text, bytes_max):
        return text
    room = _room(table, bytes_max)
    return encode_change(table, change._replace(before=_cut(change.before, room), after=_cut(change.after, room)))


def row_text(table: Table, row: Row, text: str, bytes_max: int) -> str:
    """A row's `text`, as `encode_row` gives it, or a shorter one."""
    return text if is_short(text, bytes_max) else encode_row(table, _cut(row, _room(table, bytes_max)) or ())


def is_short(text: str, bytes_max: int) -> bool:
    """Whether a text takes at most so many bytes, with its quotes doubled."""
    return len(text) * 4 <= bytes_max or len(text.encode()) + text.count("'") <= bytes_max


def _room(table: Table, bytes_max: int) -> int:
    """Letters of one value, of which there are two images: four bytes, or six as JSON has control characters."""
    return max(bytes_max // (len(table.columns) * 2 * 8) - KEPT_LETTERS, KEPT_LETTERS)


def _cut(row: Row | None, room: int) -> Row | None:
    return None if row is None else tuple(_shortened(value, room) for value in row)


def _shortened(value: Value, room: int) -> Value:
    if isinstance(value, Malformed) and len(value.raw) > room:
        return Malformed(value.raw[:KEPT_LETTERS], value.reason)
    if isinstance(value, str) and len(value) > room:
        return Malformed(value[:KEPT_LETTERS], "malformed_too_long")
    return value
