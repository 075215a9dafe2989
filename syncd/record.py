"""Rows, changes and postings as JSON text, for the mirror, the parked and the collected rows, the record.

A row is an object by column name, so that a stored row outlives a mapping whose columns were reordered or added
to: a name that is missing reads as UNCHANGED. Numbers that are money are JSON strings; a float is never written.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from syncd.change import UNCHANGED, Change, Kind, Malformed, Op, Position, Row, Table, Unchanged, Value
from syncd.posting import Entry, Fields, Posting, Voucher

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_quoted: Final = json.encoder.encode_basestring
_decoders: Final[Mapping[Kind, Callable[[str], Value]]] = {
    Kind.DECIMAL: Decimal,
    Kind.DATE: date.fromisoformat,
    Kind.TIMESTAMP: datetime.fromisoformat,
}


def timestamp(moment: datetime) -> str:
    """A moment as syncd's tables keep it: ISO 8601, UTC, microseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The inverse of `timestamp`."""
    return datetime.fromisoformat(text)


def plain(value: Value) -> object:
    """A value as JSON holds it; Decimal, date and datetime as text."""
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


def row_encoder(table: Table) -> Callable[[Row], str]:
    """`encode_row` for many rows of one table."""
    names, text = [_NAMES[column.name] for column in table.columns], _JSON

    def encode(row: Row) -> str:
        pairs = [name + text[type(v)](v) for name, v in zip(names, row, strict=True) if v is not UNCHANGED]
        return "{" + ",".join(pairs) + "}"

    return encode


def decode_row(table: Table, text: str) -> Row:
    """The inverse of `encode_row`, for today's columns."""
    return _row(table, json.loads(text))


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
    return row is not None and any(isinstance(v, Unchanged | Malformed) for v in row)


def _object(table: Table, row: Row | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {c.name: plain(v) for c, v in zip(table.columns, row, strict=True) if v is not UNCHANGED}


def _row(table: Table, stored: Mapping[str, object]) -> Row:
    return tuple(_value(c.kind, stored[c.name]) if c.name in stored else UNCHANGED for c in table.columns)


def _value(kind: Kind, stored: object) -> Value:
    if isinstance(stored, dict):
        return Malformed(stored["malformed"], stored["reason"]) if "malformed" in stored else UNCHANGED
    if isinstance(stored, str) and kind in _decoders:
        return _decoders[kind](stored)
    return cast(Value, stored)


def encode_content(posting: Posting) -> str:
    """What a posting wrote, as JSON: its cards, its voucher with every line, its other rows."""
    cards = ",".join([f'[{_quoted(c.asset_code)},"{c.verb}",{_fields(c.fields)}]' for c in posting.cards])
    voucher = "null" if posting.voucher is None else _voucher(posting.voucher)
    rows = ",".join([f"[{_quoted(r.table)},{_encode(r.key)},{_fields(r.values)}]" for r in posting.rows])
    return f'{{"cards":[{cards}],"voucher":{voucher},"rows":[{rows}]}}'


def decode_voucher(content: str) -> Voucher | None:
    """The voucher of an encoded posting; the values of its auxiliaries as JSON kept them."""
    stored = json.loads(content)["voucher"]
    if stored is None:
        return None
    return Voucher(
        stored["type"],
        stored["period"],
        date.fromisoformat(stored["date"]),
        date.fromisoformat(stored["event_date"]),
        stored["summary"],
        tuple(Entry(a, Decimal(d), Decimal(c), s, dims) for a, d, c, s, dims in stored["entries"]),
    )


def _voucher(voucher: Voucher) -> str:
    kind, period, day, event_day, summary, entries = voucher
    told = _quoted(summary)
    lines = ",".join(
        [
            f'[{_quoted(a)},"{d}","{c}",{told if said is summary else _quoted(said)},{_fields(dims)}]'
            for a, d, c, said, dims in entries
        ]
    )
    return (
        f'{{"type":{_quoted(kind)},"period":"{period}","date":"{day}","event_date":"{event_day}",'
        f'"summary":{told},"entries":[{lines}]}}'
    )


def _fields(fields: Fields) -> str:
    names, text = _NAMES, _JSON
    return "{" + ",".join([names[name] + text[type(v)](v) for name, v in fields.items()]) + "}"


class _Names(dict[str, str]):
    """Field names as JSON keys, each spelled once."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, _quoted(name) + ":")


_NAMES: Final = _Names()


_JSON: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    str: _quoted,
    Decimal: lambda value: f'"{value}"',
    date: lambda value: f'"{value}"',
    datetime: lambda value: f'"{value}"',
    Malformed: lambda value: _encode(plain(value)),
    Unchanged: lambda value: _encode(plain(value)),
}
"""How each kind of value is written. Every posting passes here: a general encoder takes three times as long."""
