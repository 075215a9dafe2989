"""Generated functions that turn logical cards, vouchers and entries into physical rows, a batch at a time."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.change import Kind, Value
from syncd.mapping.expression import RUNTIME, Expression, Name

ASSET_CODE: Final = "asset_code"
_TEXT_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")

PERIOD_SCOPE: Final = {
    "voucher.period": Name("period", Kind.TEXT),
    "voucher.year": Name("int(period[:4])", Kind.INTEGER),
    "voucher.month": Name("int(period[5:7])", Kind.INTEGER),
}
REF_SCOPE: Final = PERIOD_SCOPE | {
    "voucher.type": Name("type", Kind.TEXT),
    "voucher.number": Name("number", Kind.INTEGER),
}
VOUCHER_SCOPE: Final = REF_SCOPE | {
    "voucher.date": Name("day", Kind.DATE),
    "voucher.event_date": Name("event_date", Kind.DATE),
    "voucher.summary": Name("summary", Kind.TEXT),
    "voucher.ref": Name("ref(period, type, number)", Kind.TEXT),
    "voucher.key": Name("key", Kind.TEXT),
    "voucher.debit": Name("debits(entries)", Kind.DECIMAL),
    "voucher.credit": Name("credits(entries)", Kind.DECIMAL),
    "voucher.reverses": Name("(reverses and reverses.voucher)", Kind.TEXT),
    "posting.key": Name("key", Kind.TEXT),
    "posting.subject": Name("subject", Kind.TEXT),
    "posting.rule": Name("rule", Kind.TEXT),
}
ENTRY_SCOPE: Final = VOUCHER_SCOPE | {
    "entry.line": Name("line", Kind.INTEGER),
    "entry.account": Name("account", Kind.TEXT),
    "entry.debit": Name("debit", Kind.DECIMAL),
    "entry.credit": Name("credit", Kind.DECIMAL),
    "entry.summary": Name("said", Kind.TEXT),
}
"""What layouts may read of a voucher and of an entry, as the generated functions name it."""


class UnknownLookup(LookupError):
    """Finance does not know a code that the layout must translate."""

    def __init__(self, lookup: str, code: Value) -> None:
        super().__init__(lookup, code)
        self.lookup, self.code = lookup, code


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


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """A finance table and what its columns are given. `named` is the name as an expression of the period, for a
    table a year."""

    name: str
    named: Expression | None
    key: tuple[str, ...]
    columns: Mapping[str, Expression]

    def kinds(self) -> dict[str, Kind]:
        """The kind of value each column is given."""
        return {c: e.kind for c, e in self.columns.items()}


def called(text: str, names: Iterable[str]) -> list[str]:
    """The functions among `names` that an expression calls."""
    bare = _TEXT_LITERAL.sub("", text)
    return [n for n in names if re.search(rf"\b{re.escape(n)}\s*\(", bare, re.IGNORECASE)]


def card_names(e: Expression) -> set[str]:
    """The card fields that an expression reads, `asset_code` aside."""
    return {n.partition(".")[2] for n in e.names} - {ASSET_CODE}


CardShape = tuple[str, ...]
"""The verb and the fields of a card write: writes of one shape share one function."""
CardWriter = tuple[list[tuple[PhysicalTable, tuple[str, ...]]], Callable[..., Any]]


def card_writer(shape: CardShape, cards: Sequence[PhysicalTable], lookups: Sequence[str]) -> CardWriter:
    """The tables and columns that card writes of this shape touch, and (writes, lookups) → rows of each table."""
    verb, *fields = shape
    tables: list[tuple[PhysicalTable, tuple[str, ...]]] = []
    for table in cards:
        columns = tuple(c for c, e in table.columns.items() if c in table.key or _touched(e, verb, set(fields)))
        if verb == "open" or set(columns) - set(table.key):
            tables.append((table, columns))
    body = [f"    r{i} = []" for i in range(len(tables))]
    body += ["    for code, _, fields in cards:", "        get = fields.get"]
    body += [
        f"        r{i}.append(({_commas(table.columns[c].python() for c in columns)}))"
        for i, (table, columns) in enumerate(tables)
    ]
    body.append(f"    return ({_commas(f'r{i}' for i in range(len(tables)))})")
    return tables, _define("cards, lookups", [*_looks(lookups), *body])


def journal(vouchers: Sequence[PhysicalTable], entries: Sequence[PhysicalTable], lookups: Sequence[str]) -> Any:
    """(numbered postings, lookups, ref) → (table, columns, key, rows) in the order they must be written."""
    body = _looks(lookups)
    tables = (*vouchers, *entries)
    body += [f"    r{i} = {'{}' if t.named else '[]'}" for i, t in enumerate(tables)]
    body += [
        "    for posting, number in postings:",
        "        key, rule, subject, _, _, voucher, _, reverses, _, _ = posting",
        "        if voucher is None:",
        "            continue",
        "        type, period, day, event_date, summary, entries = voucher",
    ]
    body += [_row(i, t, "        ") for i, t in enumerate(vouchers)]
    body += ["        line = 0", "        for account, debit, credit, said, dims in entries:", "            line += 1"]
    body += [_row(i, t, "            ") for i, t in enumerate(entries, len(vouchers))]
    body.append("    written = []")
    for i, t in enumerate(tables):
        named = f"for name, rows in r{i}.items()" if t.named else f"for name, rows in (({t.name!r}, r{i}),)"
        body.append(f"    written += [(name, {tuple(t.columns)!r}, {t.key!r}, rows) {named}]")
    return _define("postings, lookups, ref", [*body, "    return written"])


def journal_check(vouchers: Sequence[PhysicalTable], entries: Sequence[PhysicalTable], lookups: Sequence[str]) -> Any:
    """(posting, strict lookups, ref): evaluates every column that calls one of `lookups`, so that a miss raises.
    None when there is no such column."""
    columns = [
        [e for t in tables for e in t.columns.values() if called(e.text, lookups)] for tables in (vouchers, entries)
    ]
    if not any(columns):
        return None
    body = [
        *_looks(lookups),
        "    key, rule, subject, _, _, voucher, _, reverses, _, _ = posting",
        "    type, period, day, event_date, summary, entries = voucher",
        "    number = line = 0",
        *(f"    {e.python()}" for e in columns[0]),
        "    for account, debit, credit, said, dims in entries:",
        "        line += 1",
        *(f"        {e.python()}" for e in columns[1]),
    ]
    return _define("posting, lookups, ref", body)


def table_names(tables: Sequence[PhysicalTable]) -> Any:
    """period → the name of each table in that period."""
    return _define("period", [f"    return ({_commas(t.named.python() if t.named else repr(t.name) for t in tables)})"])


def reference(e: Expression) -> Any:
    """(period, type, number) → what people call the voucher."""
    return _define("period, type, number", [f"    return {e.python()}"])


def _row(i: int, table: PhysicalTable, indent: str) -> str:
    row = f"({_commas(e.python() for e in table.columns.values())})"
    rows = f"r{i}.setdefault({table.named.python()}, [])" if table.named else f"r{i}"
    return f"{indent}{rows}.append({row})"


def _touched(e: Expression, verb: str, fields: set[str]) -> bool:
    """Whether a card column is written when these fields are given."""
    reads = card_names(e)
    return bool(reads & fields) if reads else verb == "open"


def _commas(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts)


def _looks(names: Iterable[str]) -> list[str]:
    return [f"    look_{n} = lookups[{n!r}].get" for n in names]


def _define(params: str, body: Sequence[str]) -> Any:
    """A function from generated source."""
    scope: dict[str, Any] = {**RUNTIME, "debits": _debits, "credits": _credits}
    exec(compile("\n".join([f"def made({params}):", *body]), "<layout>", "exec"), scope)
    return scope["made"]


def _debits(entries: Sequence[Any]) -> Any:
    return sum(e[1] for e in entries)


def _credits(entries: Sequence[Any]) -> Any:
    return sum(e[2] for e in entries)
