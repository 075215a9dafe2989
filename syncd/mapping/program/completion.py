"""Changes made whole: what a log did not carry is taken from the mirror, and what nobody knows stays UNCHANGED."""

from collections.abc import Mapping, Sequence

from syncd.change import ABSENT, UNCHANGED, Change, Malformed, Position, Row, Table, Unchanged, key_text
from syncd.folding import differ, old_key
from syncd.ports import Book
from syncd.record import has_marks, timestamp


def complete_from_mirror(
    changes: Sequence[Change], tables: Mapping[str, Table], book: Book, again: bool = False
) -> Sequence[Change]:
    """The changes with the before-images and the columns that the log did not carry taken from the mirror, and,
    where one row changes more than once, from the change before it. What nobody knows stays UNCHANGED. Where a snapshot
    is taken `again`, a row that is not as the mirror has it was changed and no log said so: that is an update."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        if _incomplete(change) or (again and change.op == "read"):
            wanted.setdefault(change.table, set()).add(old_key(tables[change.table], change))
    if not wanted:
        return changes
    images: dict[str, dict[str, Row | None]] = {a: dict(book.mirror(a, keys)) for a, keys in wanted.items()}
    completed = []
    for change in changes:
        if change.table in wanted and change.op != "truncate":
            change = _completed(change, tables[change.table], images[change.table], again)
        completed.append(change)
    return completed


def _incomplete(change: Change) -> bool:
    if change.op == "update":
        return change.before is None or change.flawed
    return change.flawed and change.op in ("delete", "unreadable")


def _completed(change: Change, table: Table, images: dict[str, Row | None], again: bool) -> Change:
    before, after = change.before, change.after
    if again and change.op == "read" and after is not None:
        image = images.get(key_text(table, after))
        return change if image is None or not differ(image, after) else _missed(change, image, after)
    if change.op == "unreadable":
        image = images.get(old_key(table, change))
        return change if image is None else change._replace(before=image, after=_filled(after or (), image))
    if _incomplete(change):
        image = images.get(old_key(table, change)) or _unknown(table, before or after or ())
        before = image if before is None else _recalled(before, image)
        after = after and _filled(after, before)
        change = change._replace(before=before, after=after, flawed=has_marks(before) or has_marks(after))
    if before is not None:
        images[key_text(table, before)] = None
    if after is not None:
        images[key_text(table, after)] = after
    return change


def _missed(change: Change, image: Row, after: Row) -> Change:
    """Under a place of its own: that of a row in a snapshot comes again in the next one."""
    after, place = _filled(after, image), Position(f"{change.position}@{timestamp(change.committed_at)}")
    flawed = has_marks(image) or has_marks(after)
    return change._replace(op="update", before=image, after=after, position=place, flawed=flawed)


def _unknown(table: Table, row: Row) -> Row:
    """The image of a row of which only the key is known."""
    return tuple(value if i in table.key else UNCHANGED for i, value in enumerate(row))


def _filled(row: Row, image: Row) -> Row:
    return tuple(known if isinstance(value, Unchanged) else value for value, known in zip(row, image, strict=True))


def _recalled(before: Row, image: Row) -> Row:
    """What a column held before is what it was last known to hold, whether the log still has the column or not."""
    return tuple(
        known if isinstance(value, Unchanged | Malformed) and value in (UNCHANGED, ABSENT) else value
        for value, known in zip(before, image, strict=True)
    )
