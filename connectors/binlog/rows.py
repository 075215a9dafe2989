"""Rows events, bytes to rows of a declared table, by functions compiled for one table as the log has it.

A row starts with a bit for each of its columns that is NULL; those take no room. So for each pattern of NULLs that
keeps coming the places of all columns between two of variable length are known, and one straight line of code is
compiled for it: no loop, no test, nothing at all for a column that nobody declared. Rare patterns are walked. Pure.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from struct import Struct
from typing import Final, NamedTuple, cast

from connectors.binlog.events import Garbled
from connectors.binlog.shortcuts import Shortcut, names_of, shortcut
from connectors.binlog.table import TableMap, WireColumn, length
from connectors.binlog.text import Charsets
from connectors.binlog.types import BITS, Layout, layout, text_of
from connectors.convert import SHANGHAI, careful, parser
from syncd.change import ABSENT, UNCHANGED, Column, Malformed, Row, Table, Unchanged, Value

PATTERN_ROWS: Final = 8
"""Rows of one pattern of NULLs after which it is compiled, which costs as much as walking a hundred."""
PATTERNS_MAX: Final = 256
"""Compiled patterns of one table; some kilobytes each."""

Read = Callable[[bytes, int], tuple[Row, int, bool]]
"""(event data, where the first value starts) → (row, where the row ends, flawed)."""
Rows = list[tuple[Row | None, Row | None, bool]]
"""(before, after, flawed) of each row."""


class RowReader(NamedTuple):
    """The data of one table's rows events → their rows. Raise Garbled."""

    insert: Callable[[bytes], Rows]
    update: Callable[[bytes], Rows]
    delete: Callable[[bytes], Rows]


def compile_rows(wire: TableMap, table: Table, charsets: Charsets, zone: tzinfo = SHANGHAI) -> RowReader:
    """Compile the readers of one table's rows events into rows of the declared table.

    A declared column that the log's table does not have reads as ABSENT; one that a row image leaves out as UNCHANGED,
    after an update as it was before, if that is said; a value that does not fit as Malformed; each makes it flawed.
    `charsets` are those of the server, see `binlog_stream.charsets`; a DATETIME is taken in `zone`."""
    images = _Images(wire, table, charsets, zone)

    def insert(data: bytes) -> Rows:
        with _whole():
            (image,), at = images.start(data, 1)
            return [(None, row, flawed) for row, flawed in image.rows(data, at)]

    def delete(data: bytes) -> Rows:
        with _whole():
            (image,), at = images.start(data, 1)
            return [(row, None, flawed) for row, flawed in image.rows(data, at)]

    def update(data: bytes) -> Rows:
        rows: Rows = []
        with _whole():
            (first, second), at = images.start(data, 2)
            while at < len(data):
                before, at, flawed = first.read(data, at)
                after, at, flawed_after = second.read(data, at)
                if flawed_after:
                    after = tuple(b if a is UNCHANGED else a for a, b in zip(after, before, strict=True))
                    flawed_after = _marked(after)
                rows.append((before, after, flawed or flawed_after))
            if at != len(data):
                raise IndexError
        return rows

    return RowReader(insert, update, delete)


def column_reader(
    column: Column, wire: WireColumn, charsets: Charsets, zone: tzinfo = SHANGHAI
) -> Callable[[bytes], Value]:
    """The bytes of one column's value → the value. Never raises for what they hold."""
    text, parse = text_of(wire, charsets, column.places), parser(column, zone)

    def slow(raw: object) -> Value:
        assert isinstance(raw, bytes)
        said = text(raw)
        return careful(parse, said)

    return lambda raw: careful(slow, raw)


class _Images:
    """The row images of one table, by which of its columns they hold."""

    def __init__(self, wire: TableMap, table: Table, charsets: Charsets, zone: tzinfo) -> None:
        self._count = len(wire.columns)
        self._known: dict[bytes, _Image] = {}
        self._plan = _Plan(wire.columns, table, charsets, zone)

    def start(self, data: bytes, count: int) -> tuple[list["_Image"], int]:
        """The images that an event's rows consist of, and where its first row starts."""
        columns, at = length(data, 8)
        if columns != self._count:
            raise Garbled("rows have another number of columns than their table")
        size = (columns + 7) // 8
        images = []
        for _ in range(count):
            present = data[at : at + size]
            image = self._known.get(present)
            if image is None:
                image = self._known[present] = _Image(self._plan, present)
            images.append(image)
            at += size
        return images, at


class _Image:
    """Rows that hold the columns marked in `present`."""

    def __init__(self, plan: "_Plan", present: bytes) -> None:
        self._plan = plan
        self._columns = [i for i in range(len(plan.wires)) if present[i // 8] >> i % 8 & 1]
        self._bytes = (len(self._columns) + 7) // 8
        self._compiled: dict[bytes, Read] = {}
        self._seen: dict[bytes, int] = {}

    def read(self, data: bytes, at: int) -> tuple[Row, int, bool]:
        start = at + self._bytes
        nulls = data[at:start]
        read = self._compiled.get(nulls)
        return read(data, start) if read is not None else self._rare(data, start, nulls)

    def rows(self, data: bytes, at: int) -> Iterator[tuple[Row, bool]]:
        """All rows from there on. Raises IndexError when the data do not end where a row does."""
        while at < len(data):
            row, at, flawed = self.read(data, at)
            yield row, flawed
        if at != len(data):
            raise IndexError

    def _rare(self, data: bytes, at: int, nulls: bytes) -> tuple[Row, int, bool]:
        filled = [i for n, i in enumerate(self._columns) if not nulls[n // 8] >> n % 8 & 1]
        seen = self._seen[nulls] = self._seen.get(nulls, 0) + 1
        if seen >= PATTERN_ROWS and len(self._compiled) < PATTERNS_MAX:
            self._compiled[nulls] = read = self._plan.compile(self._columns, filled)
            return read(data, at)
        if len(self._seen) > 16 * PATTERNS_MAX:
            self._seen.clear()
        return self._plan.walk(data, at, self._columns, filled)


class _Plan:
    """How a table's columns are read, whichever of them a row holds."""

    def __init__(self, wires: Sequence[WireColumn], table: Table, charsets: Charsets, zone: tzinfo) -> None:
        self.wires = wires
        self._layouts = [layout(wire) for wire in wires]
        self._wanted = {column.name: i for i, column in enumerate(table.columns)}
        self._table = table
        self._names: dict[str, object] = names_of(zone)
        self._readers: dict[int, Callable[[bytes], Value]] = {}
        self._shortcuts: dict[int, Shortcut] = {}
        self._known = {i for wire in wires if (i := self._wanted.get(wire.name)) is not None}
        for n, wire in enumerate(wires):
            if (i := self._wanted.get(wire.name)) is not None:
                column = table.columns[i]
                self._readers[i] = self._names[f"read{i}"] = column_reader(column, wire, charsets, zone)
                self._shortcuts[i] = shortcut(column, wire, self._layouts[n], charsets, self._names, i)
                self._names[f"text{i}"] = text_of(wire, charsets, column.places)
                self._names[f"parse{i}"] = parser(column, zone)

    def walk(self, data: bytes, at: int, present: Sequence[int], filled: Sequence[int]) -> tuple[Row, int, bool]:
        """One row, column by column."""
        values: list[Value] = [UNCHANGED if i in self._known else ABSENT for i in range(len(self._table.columns))]
        for n in present:
            if (i := self._wanted.get(self.wires[n].name)) is not None:
                values[i] = None
        for n in filled:
            where = self._layouts[n]
            start = at + where.prefix
            at = start + (int.from_bytes(data[at:start], "little") if where.prefix else where.size)
            if at > len(data):
                raise IndexError
            if (i := self._wanted.get(self.wires[n].name)) is not None:
                values[i] = self._readers[i](data[start:at])
        row = tuple(values)
        return row, at, _marked(row)

    def compile(self, present: Sequence[int], filled: Sequence[int]) -> Read:
        """One straight line of code for rows in which `present` are the columns there are, and `filled` those of
        them that are not NULL."""
        names = dict(self._names)
        carried = {i for n in present if (i := self._wanted.get(self.wires[n].name)) is not None}
        code = _Code(names)
        for n in filled:
            where, i = self._layouts[n], self._wanted.get(self.wires[n].name)
            code.column(where, i, self._shortcuts[i] if i is not None else None)
        code.flush()
        given = {i for n in filled if (i := self._wanted.get(self.wires[n].name)) is not None}
        fields = "".join(
            f"v{i}," if i in given else "None," if i in carried else "UNCHANGED," if i in self._known else "ABSENT,"
            for i in range(len(self._table.columns))
        )
        lines = [
            "def read(d, p):",
            f" flawed = {len(carried) < len(self._table.columns)}",
            *code.lines,
            f" return ({fields}), {code.here()}, flawed",
        ]
        exec("\n".join(lines), names)
        return cast(Read, names["read"])


class _Code:
    """The lines of one row's reader. Between two values of variable length every place is known, so that all numbers
    there are unpacked by at most two calls, one for each byte order."""

    def __init__(self, names: dict[str, object]) -> None:
        self.lines: list[str] = []
        self._names = names
        self._offset = 0
        self._fields: dict[str, list[tuple[int, str, list[str]]]] = {"<": [], ">": []}
        self._values: list[str] = []
        self._structs = 0

    def here(self, more: int = 0) -> str:
        """Source of the place that is reached."""
        offset = self._offset + more
        return f"p + {offset}" if offset else "p"

    def column(self, where: Layout, i: int | None, way: Shortcut | None) -> None:
        """Read the next column into `v{i}`, or step over it where nobody declared it."""
        if not where.prefix:
            if i is not None and way is not None:
                names = [f"n{i}_{k}" for k in range(len(where.codes))] if way.unpacks else []
                if names:
                    self._fields[where.order].append((self._offset, where.codes, names))
                raw = f"d[{self.here()}:{self.here(where.size)}]"
                self._value(i, way.source(names, raw), raw)
            self._offset += where.size
            return
        self.flush()
        start, size = self.here(where.prefix), f"d[{self.here()}]"
        if where.prefix == 2:
            size = f"(d[{self.here()}] | d[{self.here(1)}] << 8)"
        elif where.prefix > 2:
            size = f"number(d[{self.here()}:{start}], 'little')"
        if i is None or way is None:
            self.lines.append(f" p = {start} + {size}")
        else:
            self.lines += [f" q = {start}", f" p = q + {size}"]
            self._value(i, way.source([], "d[q:p]"), "d[q:p]")
        self._offset = 0
        self.flush()

    def _value(self, i: int, source: str, raw: str) -> None:
        self._values += [f" try: v{i} = {source}", " except WRONG:", f"  v{i} = read{i}({raw}); flawed = True"]

    def flush(self) -> None:
        """Unpack what was asked for since the last variable length, and make values of it."""
        for order, fields in self._fields.items():
            if fields:
                end, form = 0, order
                for offset, codes, _ in fields:
                    form += f"{offset - end}x{codes}" if offset > end else codes
                    end = offset + sum(BITS[c] for c in codes) // 8
                self._names[f"s{self._structs}"] = Struct(form).unpack_from
                names = "".join(f"{name}, " for _, _, names in fields for name in names)
                self.lines.append(f" {names}= s{self._structs}(d, p)")
                self._structs += 1
        self.lines += self._values
        self._values = []
        self._fields = {"<": [], ">": []}


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except (IndexError, ValueError, struct.error):
        raise Garbled("rows have another length than their columns") from None


def _marked(row: Row) -> bool:
    return any(isinstance(value, Unchanged | Malformed) for value in row)
