"""Generated functions that turn logical cards, vouchers and entries into physical rows, a batch at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from syncd.change import Value
from syncd.journal import month_in, month_of, year_of
from syncd.mapping.expression.parse import RUNTIME, Expression
from syncd.mapping.layout.tables import PhysicalTable, card_names, lookups_called
from syncd.ports import Numbered, TableWrite


class UnknownLookup(LookupError):
    """Finance does not know a code that the layout must translate."""

    def __init__(self, lookup: str, code: Value) -> None:
        super().__init__(lookup, code)
        self.lookup, self.code = lookup, code


class UnkeptField(LookupError):
    """A card's table has no place for a field that a rule gives it."""

    def __init__(self, table: str, field: str) -> None:
        super().__init__(table, field)
        self.table, self.field = table, field


class StrictLookup(dict[Value, Value]):
    """A lookup that raises UnknownLookup for what it does not know; NULL stays NULL."""

    def __init__(self, name: str, known: Mapping[Value, Value]) -> None:
        super().__init__()
        self._name, self._known = name, known

    def get(self, code: Value, default: Any = None) -> Any:
        """What the code stands for."""
        if code is not None and code not in self._known:
            raise UnknownLookup(self._name, code)
        return self._known.get(code)


Label = Callable[[str, str, int], str]
"""(period, type, number) → the number as it is written."""
CardShape = tuple[str, ...]
"""The verb and the fields of a card write: writes of one shape share one function."""
CardWriter = tuple[list[tuple[PhysicalTable, tuple[str, ...]]], Callable[..., Any]]


def card_writer(
    shape: CardShape, cards: Sequence[PhysicalTable], lookups: Sequence[str], knows_ids: bool = False
) -> CardWriter:
    """The tables and columns that card writes of this shape touch, and (writes, lookups) → rows of each table; with
    `knows_ids` (writes, lookups, ids), by asset code the ids that finance gave its cards."""
    verb, *fields = shape
    tables: list[tuple[PhysicalTable, tuple[str, ...]]] = []
    for table in cards:
        columns = tuple(c for c, e in table.columns.items() if c in table.key or _touched(e, verb, set(fields)))
        if verb == "open" or set(columns) - set(table.key):
            tables.append((table, columns))
    body = [f"    r{i} = []" for i in range(len(tables))]
    body += ["    for code, _, fields in cards:", "        get = fields.get"]
    rows = [
        f"r{i}.append(({_commas(table.columns[c].local() for c in columns)}))"
        for i, (table, columns) in enumerate(tables)
    ]
    body += _chosen(cards, tables, rows) if cards and cards[0].when else [f"        {row}" for row in rows]
    body.append(f"    return ({_commas(f'r{i}' for i in range(len(tables)))})")
    return tables, _define(f"cards, lookups{', ids' if knows_ids else ''}", [*_looks(lookups), *body])


def _chosen(
    cards: Sequence[PhysicalTable], tables: Sequence[tuple[PhysicalTable, tuple[str, ...]]], rows: Sequence[str]
) -> list[str]:
    """The row of the one table that holds the card, where that is written at all."""
    written = {table.name: row for (table, _), row in zip(tables, rows, strict=True)}
    lines: list[str] = []
    for i, table in enumerate(cards):
        head = f"{'elif' if i else 'if'} {table.when.condition()}:" if table.when else "else:"
        lines += [f"        {head}", f"            {written.get(table.name, 'pass')}"]
    return lines


def chooser(cards: Sequence[PhysicalTable]) -> Any:
    """(fields' `get`) → the place of the table that holds such a card."""
    choices = [f"    if {t.when.condition()}:\n        return {i}" for i, t in enumerate(cards) if t.when]
    return _define("get", [*choices, f"    return {len(cards) - 1}"])


def renamer(cards: Sequence[PhysicalTable], lookups: Sequence[str]) -> CardWriter:
    """The tables and columns that hold the asset code, and (code, lookups) → their values in each table."""
    held = [(table, tuple(c for c, e in table.columns.items() if "card.asset_code" in e.names)) for table in cards]
    tables = [(table, columns) for table, columns in held if columns]
    rows = _commas(f"({_commas(t.columns[c].local() for c in columns)})" for t, columns in tables)
    return tables, _define("code, lookups", [*_looks(lookups), "    get = {}.get", f"    return ({rows})"])


def journal(
    vouchers: Sequence[PhysicalTable],
    entries: Sequence[PhysicalTable],
    lookups: Sequence[str],
    drawn: PhysicalTable | None = None,
    label: Label | None = None,
) -> Any:
    """(numbered postings, lookups, ref) → (table, columns, key, rows) in the order they must be written. With `drawn`,
    the vouchers' table whose ids these refer to, (…, ids): by its name the ids that finance gave, in order."""
    body = _looks(lookups)
    tables = (*vouchers, *entries)
    body += [f"    r{i} = {'{}' if t.named else '[]'}" for i, t in enumerate(tables)]
    body += ["    given = {name: iter(its) for name, its in ids.items()}"] if drawn else []
    body += [
        "    for posting, number in postings:",
        "        key, rule, subject, _, _, voucher, _, reverses, _, _ = posting",
        "        if voucher is None:",
        "            continue",
        "        type, period, day, event_date, summary, entries, fields, _ = voucher",
    ]
    body += [f"        id = next(given[{drawn.called}])"] if drawn else []
    body += [_row(i, t, "        ") for i, t in enumerate(vouchers)]
    body += ["        line = 0", "        for account, debit, credit, said, dims in entries:", "            line += 1"]
    body += [_row(i, t, "            ") for i, t in enumerate(entries, len(vouchers))]
    body.append("    written = []")
    for i, t in enumerate(tables):
        named = f"for name, rows in r{i}.items()" if t.named else f"for name, rows in (({t.name!r}, r{i}),)"
        body.append(f"    written += [(name, {tuple(t.columns)!r}, {t.key!r}, rows) {named}]")
    return _define(f"postings, lookups, ref{', ids' if drawn else ''}", [*body, "    return written"], label)


def journal_check(
    vouchers: Sequence[PhysicalTable],
    entries: Sequence[PhysicalTable],
    lookups: Sequence[str],
    known: Expression,
    label: Label | None = None,
) -> Any:
    """(posting, strict lookups, ref): evaluates every column that calls a lookup, so that a miss raises; but for those
    that are `known` and no more, which the translator has looked up already. None when there is no such column."""
    columns = [
        [e for t in tables for e in t.columns.values() if lookups_called(e) and e.term != known.term]
        for tables in (vouchers, entries)
    ]
    if not any(columns):
        return None
    body = [
        *_looks(lookups),
        "    key, rule, subject, _, _, voucher, _, reverses, _, _ = posting",
        "    type, period, day, event_date, summary, entries, fields, _ = voucher",
        "    number = line = id = 0",
        *(f"    {e.python()}" for e in columns[0]),
        "    for account, debit, credit, said, dims in entries:",
        "        line += 1",
        *(f"        {e.python()}" for e in columns[1]),
    ]
    return _define("posting, lookups, ref", body, label)


def other_rows(postings: Sequence[Numbered]) -> Iterator[TableWrite]:
    """The rows of other finance tables, one write for rows of one shape that follow each other."""
    shape: tuple[str, tuple[str, ...], tuple[str, ...]] | None = None
    rows: list[tuple[Value, ...]] = []
    for posting, _ in postings:
        for table, key, values in posting.rows:
            if (table, key, tuple(values)) != shape:
                if shape is not None:
                    yield _other(shape, rows)
                shape, rows = (table, key, tuple(values)), []
            rows.append(tuple(values.values()))
    if shape is not None:
        yield _other(shape, rows)


def _other(shape: tuple[str, tuple[str, ...], tuple[str, ...]], rows: list[tuple[Value, ...]]) -> TableWrite:
    table, key, columns = shape
    return TableWrite(table, columns, key, "upsert" if key else "insert", rows)


def table_names(tables: Sequence[PhysicalTable]) -> Any:
    """period → the name of each table in that period."""
    return _define("period", [f"    return ({_commas(t.called for t in tables)})"])


def reference(e: Expression, label: Label | None = None) -> Any:
    """(period, type, number, key) → what people call the voucher."""
    return _define("period, type, number, key", [f"    return {e.python()}"], label)


def _row(i: int, table: PhysicalTable, indent: str) -> str:
    row = f"({_commas(e.local() for e in table.columns.values())})"
    rows = f"r{i}.setdefault({table.called}, [])" if table.named else f"r{i}"
    return f"{indent}{rows}.append({row})"


def _touched(e: Expression, verb: str, fields: set[str]) -> bool:
    """Whether a card column is written when these fields are given."""
    reads = card_names(e)
    return bool(reads & fields) if reads else verb == "open"


def _commas(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts)


def _looks(names: Iterable[str]) -> list[str]:
    return [f"    look_{n} = lookups[{n!r}].get" for n in names]


def _define(params: str, body: Sequence[str], label: Label | None = None) -> Any:
    """A function from generated source."""
    scope: dict[str, Any] = {**RUNTIME, "debits": _debits, "credits": _credits, "label": label}
    scope |= {"year_of": year_of, "month_of": month_of, "month_in": month_in}
    exec(compile("\n".join([f"def made({params}):", *body]), "<layout>", "exec"), scope)
    return scope["made"]


def _debits(entries: Sequence[Any]) -> Any:
    return sum(e[1] for e in entries)


def _credits(entries: Sequence[Any]) -> Any:
    return sum(e[2] for e in entries)
