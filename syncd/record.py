"""Rows, changes and postings as JSON text, for the mirror, the parked and the collected rows, the record.

A row is an object by column name, so that a stored row outlives a mapping whose columns were reordered or added
to: a name that is missing reads as UNCHANGED. Numbers that are money are JSON strings; a float is never written.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final, cast

import orjson

from syncd import kept
from syncd.change import (
    UNCHANGED,
    Change,
    Column,
    Kind,
    Lines,
    Malformed,
    Op,
    Position,
    Row,
    Table,
    Unchanged,
    Value,
)
from syncd.money import ZERO
from syncd.posting import Entry, Posting, Voucher

_MARKS: Final = frozenset((Unchanged, Malformed))
"""The classes of what is no value; both are final."""
_SEARCHED: Final = _MARKS | {Lines}
_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS
PARTS_OF: Final = 1_000
SHARE_TEXTS: Final = 3
"""Of a share in a posting's content: key, subject and amounts. A list of texts alone is made and read in a
third of the time that lists in a list take, and a group has as many as it has rows."""


def timestamp(moment: datetime) -> str:
    """A moment as syncd's tables keep it: ISO 8601, UTC, microseconds, `Z`."""
    return _spelled(moment if moment.tzinfo is UTC else moment.astimezone(UTC))


@lru_cache(maxsize=64)
def _spelled(moment: datetime) -> str:
    """Changes of one transaction have one."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The inverse of `timestamp`."""
    return datetime.fromisoformat(text)


def plain(value: Value) -> object:
    """A value as JSON holds it; Decimal, date and datetime as text."""
    if type(value) is Decimal:  # nearly all that is asked for
        return str(value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Unchanged):
        return {"unchanged": True}
    if isinstance(value, Malformed):
        return {"malformed": value.raw, "reason": value.reason}
    return str(value)


def encode_row(table: Table, row: Row) -> str:
    """A row as a JSON object by column name."""
    return row_encoder(table)(row)


@cache
def row_encoder(table: Table) -> Callable[[Row], str]:
    """`encode_row` for one table: a function made for it once; that takes as long as a hundred rows do."""
    encoder = eval(f"lambda row: encode({_object_source(table)})", {"encode": _encode, **_lines_encoders(table)})
    return cast(Callable[[Row], str], encoder)


@cache
def _row_object(table: Table) -> Callable[[Row], dict[str, object]]:
    """The same, not yet encoded."""
    maker = eval(f"lambda row: {_object_source(table)}", _lines_encoders(table))
    return cast(Callable[[Row], dict[str, object]], maker)


def _object_source(table: Table) -> str:
    exact = "str(v) if (v := row[{0}]).__class__ is Decimal else v"
    lines = "[lines{0}(line) for line in v] if (v := row[{0}]).__class__ is Lines else v"
    values = [
        (lines if c.of is not None else exact if c.kind is Kind.DECIMAL else "row[{0}]").format(i)
        for i, c in enumerate(table.columns)
    ]
    fields = ", ".join(f"{column.name!r}: {value}" for column, value in zip(table.columns, values, strict=True))
    return f"{{{fields}}}"


def _lines_encoders(table: Table) -> dict[str, object]:
    """What the source of a table's object calls beside its row."""
    lines = {f"lines{i}": _row_object(c.of) for i, c in enumerate(table.columns) if c.of is not None}
    return {"Decimal": Decimal, "Lines": Lines, **lines}


def decode_row(table: Table, text: str) -> Row:
    """The inverse of `encode_row`, for today's columns."""
    return _row(table, decode_object(text))


def decode_object(text: str) -> dict[str, Any]:
    """An object of values as JSON kept them, quickly; one with a whole number of more than 64 bits slowly."""
    stored: dict[str, Any] = orjson.loads(text)
    if _has_float(stored):  # which is all that a longer number can be to it
        stored = json.loads(text)
    return stored


def encode_change(table: Table, change: Change) -> str:
    """A change as JSON; its two rows as objects by column name."""
    return _encode(
        {
            "table": change.table,
            "op": change.op,
            "before": _object(table, change.before),
            "after": _object(table, change.after),
            "position": change.position,
            "committed_at": timestamp(change.committed_at),
        }
    )


def decode_change(tables: Mapping[str, Table], text: str) -> Change:
    """The inverse of `encode_change`. Raises KeyError when the mapping no longer has the table."""
    stored = orjson.loads(text)
    if any(image is not None and _has_float(image) for image in (stored["before"], stored["after"])):
        stored = json.loads(text)
    table = tables[stored["table"]]
    before = None if stored["before"] is None else _row(table, stored["before"])
    after = None if stored["after"] is None else _row(table, stored["after"])
    return Change(
        table.alias,
        cast(Op, stored["op"]),
        before,
        after,
        Position(stored["position"]),
        moment(stored["committed_at"]),
        flawed=has_marks(before) or has_marks(after),
    )


def has_marks(row: Row | None) -> bool:
    """Whether a row holds UNCHANGED or a Malformed value."""
    if row is None or _SEARCHED.isdisjoint(map(type, row)):
        return False
    return any(type(v) in _MARKS or (isinstance(v, Lines) and any(map(has_marks, v))) for v in row)


def _has_float(stored: Mapping[str, object]) -> bool:
    types = set(map(type, stored.values()))
    if list not in types:
        return float in types
    lines = (line for value in stored.values() if isinstance(value, list) for line in value)
    return float in types or any(float in map(type, line.values()) for line in lines)


def _object(table: Table, row: Row | None) -> dict[str, object] | None:
    return None if row is None else _row_object(table)(row)


def _row(table: Table, stored: Mapping[str, object]) -> Row:
    try:
        return _row_decoder(table)(stored)
    except KeyError:  # a column that was declared since
        readers = [_reader(column, table.zone) for column in table.columns]
        pairs = zip(readers, table.columns, strict=True)
        return tuple(read(stored[c.name]) if c.name in stored else UNCHANGED for read, c in pairs)


def _reader(column: Column, zone: str) -> Callable[[object], Value]:
    """Of a column, or of the lines that it holds."""
    table = column.of
    if table is None:
        return _column_decoder(column, zone)

    def read(stored: object) -> Value:
        if isinstance(stored, list):
            return cast(Value, Lines(_row(table, line) for line in stored))
        return UNCHANGED if stored is not None else None

    return read


@cache
def _row_decoder(table: Table) -> Callable[[Mapping[str, object]], Row]:
    """An object that holds every column → the row, for one table: as `row_encoder`."""
    names: dict[str, object] = {}
    values = []
    for i, column in enumerate(table.columns):
        kept_as, decode = _DECODERS.get(column.kind, _AS_IT_IS)
        as_it_is = f"v if (v := stored[{column.name!r}]).__class__ is kept{i} or v is None else read{i}(v)"
        values.append(as_it_is if decode is _same and column.of is None else f"read{i}(stored[{column.name!r}])")
        names |= {f"read{i}": _reader(column, table.zone), f"kept{i}": kept_as}
    return cast(Callable[[Mapping[str, object]], Row], eval(f"lambda stored: ({', '.join(values)},)", names))


def object_reader(kinds: Mapping[str, Kind]) -> Callable[[Mapping[str, object]], Mapping[str, Value]]:
    """An object of values as JSON kept them → the values of those of these names that are there: as `row_encoder`."""
    names: dict[str, object] = {f"read{i}": decoder(kind) for i, kind in enumerate(kinds.values())}
    is_same = {Kind.TEXT: ".__class__ is str or v is None", Kind.INTEGER: ".__class__ is int or v is None"}
    values = [
        f"{name!r}: v if (v := stored[{name!r}]){is_same.get(kind, ' is None')} else read{i}(v)"
        for i, (name, kind) in enumerate(kinds.items())
    ]
    whole = eval(f"lambda stored: {{{', '.join(values)}}}", names)

    def read(stored: Mapping[str, object]) -> Mapping[str, Value]:
        if kinds.keys() <= stored.keys():
            return cast(Mapping[str, Value], whole(stored))
        return {name: decode_value(kind, stored[name]) for name, kind in kinds.items() if name in stored}

    return read


def decode_value(kind: Kind, stored: object) -> Value:
    """A value as JSON kept it, for a kind. What was kept while the mapping declared another kind is read where it is
    what it says is one of this kind; else it is a mark."""
    return decoder(kind)(stored)


@cache
def decoder(kind: Kind) -> Callable[[object], Value]:
    """`decode_value` for one kind."""
    return _column_decoder(Column("", kind), "UTC")


@cache
def _column_decoder(column: Column, zone: str) -> Callable[[object], Value]:
    """The same for a column, as it is declared today."""
    kept_as, usual = _DECODERS.get(column.kind, _AS_IT_IS)
    decode: Callable[..., Value] = kept.number_of(column) if column.kind is Kind.DECIMAL else usual

    def read(stored: object) -> Value:
        if stored is None:
            return None
        if stored.__class__ is kept_as:
            try:  # `suppress` takes longer than what it is about
                return decode(stored)
            except (ValueError, ArithmeticError):
                pass
        if isinstance(stored, dict):
            return Malformed(stored["malformed"], stored["reason"]) if "malformed" in stored else UNCHANGED
        return kept.read(column, zone, stored)

    return read


def _same(stored: object) -> Value:
    return cast(Value, stored)


def _moment(text: str) -> datetime:
    at = moment(text)
    if at.tzinfo is None:  # it was declared as a date, or as text
        raise ValueError
    return at


_AS_IT_IS: Final[tuple[type, Callable[..., Value]]] = (object, _same)
_DECODERS: Final[Mapping[Kind, tuple[type, Callable[..., Value]]]] = {
    Kind.TEXT: (str, _same),
    Kind.INTEGER: (int, _same),
    Kind.BOOLEAN: (bool, _same),
    Kind.DECIMAL: (str, kept.number),
    Kind.DATE: (str, date.fromisoformat),
    Kind.TIMESTAMP: (str, _moment),
}
"""What JSON has for a value of a kind, and how that is read."""


def encode_content(posting: Posting, source: str = "", *, finance: Sequence[object] = ()) -> str:
    """What a posting wrote, as JSON: its cards, its voucher with every line, its other rows; `of`, the source row that
    it came from as `table:key`; and in `finance` what is kept of its rows there, see `journal`. Said once: what it has
    none of is left out, an event date that is the voucher's date too, and a line's summary is null where it is the
    voucher's."""
    _, _, _, _, cards, voucher, rows, _, _, _ = posting
    if len(cards) > PARTS_OF or (voucher is not None and len(voucher[5]) > PARTS_OF):
        return "".join(_in_parts(posting, source, finance))
    content: dict[str, object] = {"of": source} if source else {}
    if cards:
        content["cards"] = [[code, verb, fields] for code, verb, fields in cards]
    if voucher is not None:
        content["voucher"] = _voucher(voucher)
    if rows:
        content["rows"] = [[table, key, values] for table, key, values in rows]
    if finance:
        content["finance"] = finance
    return _encode(content)


def _in_parts(posting: Posting, source: str, finance: Sequence[object]) -> Iterator[str]:
    """The same of a large group, so many things at a time: what the whole of it is made of takes ten times its text."""
    mark = "{"
    if source:
        yield f'{mark}"of":{_encode(source)}'
        mark = ","
    if posting.cards:
        yield f'{mark}"cards":'
        yield from _listed([code, verb, fields] for code, verb, fields in posting.cards)
        mark = ","
    if (voucher := posting.voucher) is not None:
        yield f'{mark}"voucher":{_encode(_heading(voucher)).removesuffix("}")},"entries":'
        yield from _listed(_lines(voucher))
        if voucher.shares:
            yield ',"shares":'
            yield from _listed(voucher.shares)
        yield "}"
        mark = ","
    if posting.rows:
        yield f'{mark}"rows":'
        yield from _listed([table, key, values] for table, key, values in posting.rows)
    if finance:
        yield f',"finance":{_encode(finance)}'
    yield "}"


def _listed(things: Iterable[object]) -> Iterator[str]:
    left, mark = iter(things), "["
    while lot := [*islice(left, PARTS_OF)]:
        yield mark + _encode(lot)[1:-1]
        mark = ","
    yield "[]" if mark == "[" else "]"


def decode_kept(content: str) -> tuple[str, int, Sequence[tuple[str, Sequence[Sequence[object]]]]]:
    """What an encoded posting keeps of its voucher's rows: the shape, the number, by table its name and kept values. No
    shape for one that was made before this was kept."""
    shape, number, *tables = json.loads(content).get("finance") or ("", 0)
    return shape, number, tables


def decode_content(content: str) -> Mapping[str, Any]:
    """An encoded posting as plain JSON, quickly: a whole number of more than 64 bits comes as a float, which is never
    the same as what it was. Empty where it is no JSON."""
    try:
        stored = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return stored if isinstance(stored, dict) else {}


def decode_cards(content: str) -> Sequence[tuple[str, str, Mapping[str, object]]]:
    """The card writes of an encoded posting: asset code, verb, fields; the values as JSON kept them."""
    return [(code, verb, fields) for code, verb, fields in json.loads(content).get("cards", ())]


RENAMED_MARK: Final = '"rename",{'
RENAMED_LIKE: Final = f"%{RENAMED_MARK}%"
"""What stands in the content of a posting that renames a card."""


def renamed(content: str) -> Sequence[tuple[str, str]]:
    """The old and the new code of each card that an encoded posting renames."""
    if RENAMED_MARK not in content:
        return ()
    return [(code, str(fields["asset_code"])) for code, verb, fields in decode_cards(content) if verb == "rename"]


def decode_rows(content: str) -> Sequence[tuple[str, Sequence[str], Mapping[str, object]]]:
    """The other rows of an encoded posting: table, key, values as JSON kept them."""
    return [(table, key, values) for table, key, values in json.loads(content).get("rows", ())]


def decode_source(content: str) -> str:
    """The source row of an encoded posting; empty where the record does not say."""
    return str(json.loads(content).get("of", "")) if content else ""


def decode_voucher(content: str) -> Voucher | None:
    """The voucher of an encoded posting; the values of its auxiliaries as JSON kept them. Shares are left out, for they
    are as many as a group has rows: see `read_shares`."""
    return read_voucher(json.loads(content))


def read_voucher(content: Mapping[str, Any]) -> Voucher | None:
    """The same, of a content that `decode_content` has read."""
    stored = content.get("voucher")
    if stored is None:
        return None
    summary = stored["summary"]
    return Voucher(
        stored["type"],
        stored["period"],
        date.fromisoformat(stored["date"]),
        date.fromisoformat(stored.get("event_date", stored["date"])),
        summary,
        tuple(
            Entry(account, Decimal(debit), Decimal(credit), summary if said is None else said, dims)
            for account, debit, credit, said, dims in stored["entries"]
        ),
        stored.get("fields", {}),
    )


def read_shares(content: Mapping[str, Any], of: str = "") -> Sequence[tuple[str, Sequence[tuple[int, Decimal]]]] | None:
    """By key the shares of a group's rows in its voucher, or those of one subject, of a content that `decode_content`
    has read: (number of the entry, from 1; amount on its side). None where none were kept: the posting is no group's,
    or is older than they are."""
    stored = (content.get("voucher") or {}).get("shares")
    if stored is None:
        return None
    return [
        (key, tuple(_amounts(text)))
        for key, subject, text in zip(*[iter(stored)] * SHARE_TEXTS, strict=True)
        if not of or subject == of
    ]


def share_text(amounts: Iterable[tuple[int, Decimal]]) -> str:
    """What a row has put into entries, as it is kept: `ENTRY:AMOUNT …`."""
    return " ".join([f"{place}:{amount}" for place, amount in amounts])


def _amounts(text: str) -> Iterator[tuple[int, Decimal]]:
    for part in text.split():
        place, _, amount = part.partition(":")
        yield int(place), Decimal(amount)


def _voucher(voucher: Voucher) -> dict[str, object]:
    said = _heading(voucher)
    said["entries"] = [*_lines(voucher)]
    if voucher[7]:
        said["shares"] = voucher[7]
    return said


def _heading(voucher: Voucher) -> dict[str, object]:
    kind, period, day, event_date, summary, _, fields, _ = voucher
    said: dict[str, object] = {"type": kind, "period": period, "date": day, "summary": summary}
    if event_date != day:
        said["event_date"] = event_date
    if fields:
        said["fields"] = fields
    return said


def _lines(voucher: Voucher) -> Iterator[object]:
    summary = voucher[4]
    for account, debit, credit, said, dims in voucher[5]:
        yield [
            account,
            "0" if debit is ZERO else str(debit),  # as one of the two is, and it is spelled slowly
            "0" if credit is ZERO else str(credit),
            None if said == summary else said,
            dims,
        ]


def _encode(value: object) -> str:
    try:
        return orjson.dumps(value, default=plain, option=_OPTIONS).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))
