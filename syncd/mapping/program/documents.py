"""Documents (单据) made of what the log says of their headers and lines.

A document is a row of a table of its own: its header's columns, and its lines as one column each, in the order of
their keys. That row is kept in the mirror beside the rows that it is made of, so that a change of a line finds the
others. The log tells of headers and lines; at the end of each transaction stands a change of every document that it has
touched, with the row before the transaction and the row after it: what rules can do with a row they can do with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, cast

from syncd.change import ROWLESS, UNCHANGED, Change, Lines, Malformed, Position, Row, Table, Unchanged, Value, join_key
from syncd.change import key_text as key_of
from syncd.folding import UNFINISHED, UNREAD
from syncd.mapping.program.transactions import Span
from syncd.ports import Book
from syncd.record import has_marks


class Part(NamedTuple):
    """The lines of one kind: their table, and the columns of it that hold the header's key."""

    table: Table
    of: tuple[int, ...]


@dataclass(frozen=True)
class DocumentTable:
    """A document as the mapping declares it. `table` is its own: the columns of the header's, then one of each part."""

    table: Table
    header: Table
    parts: tuple[Part, ...]


class Told(NamedTuple):
    """What a transaction means to a document: its `change`, None where nothing is to be judged, as lines without a
    header; and what the mirror is to hold of it."""

    alias: str
    key: str
    image: Row | None
    change: Change | None


@dataclass
class _Held:
    """A document while transactions pass over it. `header` is None while it has not come; `is_partial` where lines of a
    kind that was declared later were never read for it."""

    header: Row | None
    parts: list[dict[str, Row]]
    is_partial: bool = False


class _Touch(NamedTuple):
    """A document that a transaction has touched: as it was, by which change first, and how that names it."""

    was: Row | None
    first: Change
    name: str


@dataclass
class _Span:
    """What a transaction has touched: documents by alias and key, those of which it changes what was never read, and
    whether all that it says is what a snapshot reads."""

    touched: dict[tuple[str, str], _Touch]
    unread: set[tuple[str, str]]
    events: set[tuple[str, str]]


def documents_of(
    documents: Mapping[str, DocumentTable],
    changes: Sequence[Change],
    spans: Sequence[Span],
    book: Book,
    repeats: bool = False,
) -> Sequence[Sequence[Told]]:
    """For each transaction what it means to each document, in the order in which it touches them. Where a log `repeats`
    itself, a change of what is not there is no news."""
    by_table: dict[str, list[tuple[DocumentTable, int | None]]] = {}
    for document in documents.values():
        by_table.setdefault(document.header.alias, []).append((document, None))
        for place, part in enumerate(document.parts):
            by_table.setdefault(part.table.alias, []).append((document, place))
    wanted: dict[str, set[str]] = {}
    for change in changes:
        for document, n in by_table.get(change.table, ()):
            wanted.setdefault(document.table.alias, set()).update(key for key, _ in _keys(document, n, change))
    held = {
        (alias, key): _opened(documents[alias], row)
        for alias, keys in wanted.items()
        for key, row in book.mirror(alias, keys).items()
    }
    return [_transaction(by_table, changes[s.start : s.end], s.is_whole, held, repeats) for s in spans]


def changes_of(told: Iterable[Sequence[Told]]) -> Iterator[Change]:
    """What of it is to be judged."""
    return (one.change for of in told for one in of if one.change is not None)


def _transaction(
    by_table: Mapping[str, Sequence[tuple[DocumentTable, int | None]]],
    changes: Sequence[Change],
    is_whole: bool,
    held: dict[tuple[str, str], _Held],
    repeats: bool,
) -> list[Told]:
    span, of = _Span({}, set(), set()), dict[str, DocumentTable]()
    for change in changes:
        for document, n in by_table.get(change.table, ()):
            alias = document.table.alias
            of[alias] = document
            keys = _keys(document, n, change)
            for key, row in keys:
                place = alias, key
                one = held.setdefault(place, _Held(None, [{} for _ in document.parts]))
                if place not in span.touched:
                    name = f"{alias}/was" if key != keys[-1][0] else alias
                    span.touched[place] = _Touch(_row(document, key, one), change, name)
                if change.op != "read":
                    span.events.add(place)
                if not repeats and _is_unread(document, n, one, change, key):
                    span.unread.add(place)
                _put(document, n, one, change, row)
    told = (_told(of[alias], key, held[alias, key], span, is_whole) for alias, key in span.touched)
    return [one for one in told if one is not None]


def _is_unread(document: DocumentTable, n: int | None, held: _Held, change: Change, key: str) -> bool:
    """Whether a change is of a row that was there before the documents were declared, and was never read for them."""
    if held.is_partial:
        return change.op != "read"
    if change.op not in ("update", "delete") or held.header is not None:
        return False
    part = document.header.key if n is None else document.parts[n].of
    is_own = change.before is not None and join_key([change.before[i] for i in part]) == key
    return is_own and (n is None or not any(held.parts))


def _told(document: DocumentTable, key: str, held: _Held, span: _Span, is_whole: bool) -> Told | None:
    """None where nothing has changed."""
    alias = document.table.alias
    touch, is_unread = span.touched[alias, key], (alias, key) in span.unread
    if is_unread:
        row = _row(document, key, held)
        held.header, held.is_partial = None, False  # until all of it is read it is nobody's
        image = _row(document, key, held)
        if _judged(document, touch.was) is None and _judged(document, row) is None:
            position = Position(f"{touch.first.position}/{touch.name}{UNREAD}")
            row = _named(document, key, touch.first)
            return Told(alias, key, image, Change(alias, "update", row, row, position, touch.first.committed_at, True))
    else:
        image = row = _row(document, key, held)
    was, first = touch.was, touch.first
    if was == row:
        return None
    is_read = (alias, key) not in span.events
    before = None if is_read else _judged(document, was)
    after = _judged(document, row)
    if before is None and after is None:
        return Told(alias, key, image, None)
    op: Any = "read" if is_read else "insert" if before is None else "delete" if after is None else "update"
    ending = UNREAD if is_unread else "" if is_whole else UNFINISHED
    position = Position(f"{first.position}/{touch.name}{ending}")
    flawed = has_marks(before) or has_marks(after)
    return Told(alias, key, image, Change(alias, op, before, after, position, first.committed_at, flawed))


def _keys(document: DocumentTable, n: int | None, change: Change) -> list[tuple[str, Row | None]]:
    """The documents that a change of a header, or of a line of the `n`-th part, touches, with the row as each has it
    then: of a row that has moved both, the one that it has left first."""
    if change.op in ROWLESS:
        return []
    found: dict[str, Row | None] = {}
    for row, is_there in ((change.before, False), (change.after, True)):
        if row is None:
            continue
        part = document.header.key if n is None else document.parts[n].of
        values = [row[i] for i in part]
        if not any(value is None or isinstance(value, Unchanged | Malformed) for value in values):
            key = join_key(values)
            found.pop(key, None)
            found[key] = row if is_there else None
    return list(found.items())


def _named(document: DocumentTable, key: str, change: Change) -> Row:
    """A document of which nothing but its key is known, by a change of a line."""
    row: list[Value] = [UNCHANGED] * len(document.header.columns)
    parts = (part for part in document.parts if part.table.alias == change.table)
    for part, line in product(parts, (change.before, change.after)):
        if line is not None and join_key([line[i] for i in part.of]) == key:
            for at, i in zip(document.header.key, part.of, strict=True):
                row[at] = line[i]
    return (*row, *(cast(Value, Lines()) for _ in document.parts))


def _put(document: DocumentTable, n: int | None, held: _Held, change: Change, row: Row | None) -> None:
    """What a change leaves of a document: `row` is the header, or the line, as it is in it now."""
    if n is None:
        held.header = row
        held.is_partial = held.is_partial and change.op != "read"  # a snapshot reads its lines as well
        return
    table, lines = document.parts[n].table, held.parts[n]
    if change.before is not None:
        lines.pop(key_of(table, change.before), None)
    if row is not None:
        lines[key_of(table, row)] = row


def _opened(document: DocumentTable, row: Row) -> _Held:
    count = len(document.header.columns)
    parts: list[dict[str, Row]] = [
        {key_of(part.table, line): line for line in cast(Sequence[Row], value)} if isinstance(value, tuple) else {}
        for part, value in zip(document.parts, row[count:], strict=True)
    ]
    is_partial = not all(isinstance(value, tuple) for value in row[count:])
    return _Held(_judged(document, row) and row[:count], parts, is_partial)


def _row(document: DocumentTable, key: str, held: _Held) -> Row | None:
    """As the mirror keeps it; lines whose header has not come are kept under nothing but its key."""
    if held.header is None and not any(held.parts):
        return None
    header = held.header or (UNCHANGED,) * len(document.header.columns)
    lines = (Lines(sorted(lines.values(), key=lambda line: _order(part, line)))
             for part, lines in zip(document.parts, held.parts, strict=True))  # fmt: skip
    return (*header, *cast(Iterator[Value], lines))


def _judged(document: DocumentTable, row: Row | None) -> Row | None:
    """A document that has its header."""
    if row is None or all(isinstance(value, Unchanged) for value in row[: len(document.header.columns)]):
        return None
    return row


def _order(part: Part, line: Row) -> list[tuple[str, Any]]:
    """By what the lines' keys hold: the order in which they came is nobody's."""
    values = (line[i] for i in part.table.key)
    return [(v.__class__.__name__, str(v) if isinstance(v, Unchanged | Malformed) else v) for v in values]
