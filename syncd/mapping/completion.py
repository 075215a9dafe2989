"""Changes made whole: what a log did not carry is taken from the mirror, and what nobody knows stays UNCHANGED."""

from collections.abc import Mapping, Sequence

from syncd.change import UNCHANGED, Change, Row, Table, Unchanged, join_key, key_text
from syncd.ports import Book
from syncd.record import has_marks


def complete_from_mirror(changes: Sequence[Change], tables: Mapping[str, Table], book: Book) -> Sequence[Change]:
    """The changes with the before-images and the columns that the log did not carry taken from the mirror, and,
    where one row changes more than once, from the change before it. What nobody knows stays UNCHANGED."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        if _incomplete(change):
            wanted.setdefault(change.table, set()).add(old_key(tables[change.table], change))
    if not wanted:
        return changes
    images: dict[str, dict[str, Row | None]] = {a: dict(book.mirror(a, keys)) for a, keys in wanted.items()}
    completed = []
    for change in changes:
        if change.table in wanted and change.op != "truncate":
            change = _completed(change, tables[change.table], images[change.table])
        completed.append(change)
    return completed


def _incomplete(change: Change) -> bool:
    if change.op == "update":
        return change.before is None or change.flawed
    return change.op == "delete" and change.flawed


def old_key(table: Table, change: Change) -> str:
    """The key a row had before a change. A key column that the log left out of the before-image is unchanged."""
    before, after = change.before, change.after
    if before is None or after is None:
        return key_text(table, before or after or ())
    return join_key([after[i] if isinstance(before[i], Unchanged) else before[i] for i in table.key])


def _completed(change: Change, table: Table, images: dict[str, Row | None]) -> Change:
    before, after = change.before, change.after
    if _incomplete(change):
        image = images.get(old_key(table, change)) or _unknown(table, before or after or ())
        before = image if before is None else _filled(before, image)
        after = after and _filled(after, before)
        change = change._replace(before=before, after=after, flawed=has_marks(before) or has_marks(after))
    if before is not None:
        images[key_text(table, before)] = None
    if after is not None:
        images[key_text(table, after)] = after
    return change


def _unknown(table: Table, row: Row) -> Row:
    """The image of a row of which only the key is known."""
    return tuple(value if i in table.key else UNCHANGED for i, value in enumerate(row))


def _filled(row: Row, image: Row) -> Row:
    return tuple(known if isinstance(value, Unchanged) else value for value, known in zip(row, image, strict=True))
