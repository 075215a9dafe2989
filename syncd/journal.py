"""How a voucher lies in finance's tables, as the record remembers it: so that it is known again without yesterday's
layout and lookups.

The shape of the tables is kept once, `syncd.shape`, and named by every posting: which columns find a voucher's rows,
and which were given what. A column that was given a name as it is, `entry.debit`, is told by the posting's own record.
What only the layout could tell, an expression's value or a lookup's answer, is kept beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from syncd.change import Kind, Value
from syncd.money import ZERO, decimal
from syncd.posting import Posting, Voucher

HASH_DIGITS: Final = 32
"""Of a shape's SHA-256: every posting carries them."""
_YEAR_AND_MONTH: Final = 6
"""Letters of a period's code without a hyphen."""

Rows = Sequence[Sequence[Any]]
Kept = Sequence[object]
"""What a posting's record says beside the posting itself: the hash of the shape and the voucher's number, then by table
its name, empty where the shape has it, and its rows' kept values. Those come only where a table has any."""


class ColumnShape(NamedTuple):
    """A column that depends on the posting. `source` is the name that it was given as it is; empty where its values
    are kept. NULL is the kind of what a lookup gave: an id or a code, whatever finance calls it."""

    name: str
    kind: Kind
    source: str


class TableShape(NamedTuple):
    """One table's rows, one a voucher or one an entry. `name` is empty where it varies. `key` are the columns that find
    a voucher's rows, all at once where `is_shared`, else one by one. Columns that are not listed hold the same in every
    row, a state or a maker, and finance's own people go on to change them."""

    name: str
    is_of_entries: bool
    key: tuple[str, ...]
    is_shared: bool
    columns: tuple[ColumnShape, ...]


class Shape:
    """The tables of a voucher, each with the names of all its columns in order. `names_in` gives the tables' names in
    a period. Kept as `text` under its `hash`."""

    def __init__(
        self,
        tables: Sequence[tuple[TableShape, Sequence[str]]] = (),
        names_in: Callable[[str], Sequence[str]] = lambda period: (),
    ) -> None:
        self.tables = tuple(table for table, _ in tables)
        self.text = orjson.dumps(self.tables, default=tuple).decode()
        self.hash = hash_of(self.text)
        self._names_in = names_in
        self._places = [[names.index(c.name) for c in table.columns if not c.source] for table, names in tables]
        self._is_said = not any(self._places) and all(table.name for table in self.tables)

    def kept(
        self, postings: Sequence[tuple[Posting, int]], writes: Iterable[tuple[str, Any, Any, str, Rows, Any, str]]
    ) -> list[Kept]:
        """What the record keeps of each posting; empty for one without a voucher. `writes` are the `TableWrite`s that
        were rendered of these postings."""
        if not self.tables:
            return [()] * len(postings)
        own = self.hash
        if self._is_said:
            return [(own, number) if posting[5] is not None else () for posting, number in postings]
        rows = {table: iter(written) for table, _, _, verb, written, _, _ in reversed([*writes]) if verb == "insert"}
        return [(own, n, *self._kept(v, rows)) if (v := posting[5]) is not None else () for posting, n in postings]

    def _kept(self, voucher: Voucher, rows: Mapping[str, Iterator[Sequence[Any]]]) -> Iterator[Kept]:
        names = self._names_in(voucher.period)
        for table, places, name in zip(self.tables, self._places, names, strict=True):
            mine = [next(rows[name]) for _ in voucher.entries] if table.is_of_entries else [next(rows[name])]
            yield "" if table.name else name, [[row[i] for i in places] for row in mine] if places else []


class Source(NamedTuple):
    """A posting as its record tells it: what shapes name it by."""

    key: str
    rule: str
    subject: str
    ref: str
    reverses: str
    """The reference of the voucher that it cancels, or empty."""
    voucher: Voucher


def year_of(period: str, day: date) -> int:
    """The year of a voucher: its period's, or that of its day where the period's code does not begin with one."""
    return int(period[:4]) if period[:4].isdecimal() else day.year


def month_of(period: str, day: date) -> int:
    """The month, likewise."""
    month = month_in(period)
    return int(month) if period[:4].isdecimal() and month.isdecimal() else day.month


def month_in(period: str) -> str:
    """The month as a period's code has it that begins with the year, `2026-02` or `202602`."""
    return period[4:] if len(period) == _YEAR_AND_MONTH and period.isdecimal() else period[5:7]


def decode(text: str) -> list[TableShape]:
    """The tables of a shape that was kept as text."""
    return [
        TableShape(name, of_entries, tuple(key), shared, tuple(ColumnShape(n, Kind(k), s) for n, k, s in columns))
        for name, of_entries, key, shared, columns in orjson.loads(text)
    ]


def hash_of(text: str) -> str:
    """The name under which a shape is kept."""
    return sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def written(
    tables: Sequence[TableShape], source: Source, number: int, kept: Sequence[tuple[str, Rows]]
) -> Iterator[tuple[str, TableShape, list[list[Any]]]]:
    """By table its name, its shape, and the values that the shape's columns were given: what the record tells of a
    voucher's rows. `number` and `kept` are the record's."""
    heads = _heads(source, number)
    for i, table in enumerate(tables):
        name, values = kept[i] if kept else ("", ())
        lines = list(_lines(source.voucher)) if table.is_of_entries else [{}]
        rows = []
        for n, line in enumerate(lines):
            own = iter(values[n] if values else ())
            rows.append([exact(c.kind, (heads | line).get(c.source) if c.source else next(own)) for c in table.columns])
        yield table.name or name, table, rows


def spelled(kind: Kind, value: object) -> str:
    """A value in one spelling, whatever a database gives back: a decimal without zeros at its end, dates and moments in
    ISO 8601, a text without the spaces at its end that a CHAR column adds. Raises ValueError for a value that cannot be
    what its column was given."""
    found = exact(kind, value)
    if found is None:
        return ""
    if isinstance(found, bool):
        return str(int(found))
    if isinstance(found, Decimal):
        return f"{found.normalize() if found else ZERO:f}"
    return str(found).rstrip()


def exact(kind: Kind, value: Any) -> Any:
    """A value as JSON or a database gave it, as the kind it is; one without a kind stays as it is."""
    if value is None:
        return None
    match kind:
        case Kind.DECIMAL:
            return decimal(value)
        case Kind.INTEGER:
            return int(decimal(value))
        case Kind.BOOLEAN:
            return value in (True, 1, "1", "t", "true")
        case Kind.DATE:
            return _moment(value).date()
        case Kind.TIMESTAMP:
            return _moment(value)
    return value


def _heads(source: Source, number: int) -> dict[str, Value]:
    v = source.voucher
    said: dict[str, Value] = {f"voucher.{name}".lower(): value for name, value in v.fields.items()}
    return said | {
        "voucher.period": v.period,
        "voucher.year": year_of(v.period, v.date),
        "voucher.month": month_of(v.period, v.date),
        "voucher.type": v.type,
        "voucher.number": number,
        "voucher.date": v.date,
        "voucher.event_date": v.event_date,
        "voucher.summary": v.summary,
        "voucher.ref": source.ref,
        "voucher.key": source.key,
        "voucher.debit": sum((e.debit for e in v.entries), ZERO),
        "voucher.credit": sum((e.credit for e in v.entries), ZERO),
        "voucher.reverses": source.reverses or None,
        "posting.key": source.key,
        "posting.subject": source.subject,
        "posting.rule": source.rule,
    }


def _lines(voucher: Voucher) -> Iterator[dict[str, Value]]:
    for line, e in enumerate(voucher.entries, 1):
        yield {f"entry.{name}".lower(): value for name, value in e.dims.items()} | {
            "entry.line": line,
            "entry.account": e.account,
            "entry.debit": e.debit,
            "entry.credit": e.credit,
            "entry.summary": e.summary,
        }


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time.min)
    else:
        found = datetime.fromisoformat(str(value))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
