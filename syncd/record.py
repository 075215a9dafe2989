"""Rows, changes and postings as JSON text, for the mirror, the parked and the collected rows, the record.

A row is an object by column name, so that a stored row outlives a mapping whose columns were reordered or added
to: a name that is missing reads as UNCHANGED. Numbers that are money are JSON strings; a float is never written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, cast

import orjson

from syncd.change import UNCHANGED, Change, Kind, Malformed, Op, Position, Row, Table, Unchanged, Value
from syncd.posting import Entry, Posting, Voucher

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


def row_encoder(table: Table) -> Callable[[Row], str]:
    """`encode_row` for many rows of one table: a function made for it."""
    exact = "str(v) if (v := row[{0}]).__class__ is Decimal else v"
    values = [exact.format(i) if c.kind is Kind.DECIMAL else f"row[{i}]" for i, c in enumerate(table.columns)]
    fields = ", ".join(f"{column.name!r}: {value}" for column, value in zip(table.columns, values, strict=True))
    encoder = eval(f"lambda row: encode({{{fields}}})", {"encode": _encode, "Decimal": Decimal})
    return cast(Callable[[Row], str], encoder)


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
    return {column.name: value for column, value in zip(table.columns, row, strict=True)}


def _row(table: Table, stored: Mapping[str, object]) -> Row:
    return tuple(_value(c.kind, stored[c.name]) if c.name in stored else UNCHANGED for c in table.columns)


def _value(kind: Kind, stored: object) -> Value:
    if isinstance(stored, dict):
        return Malformed(stored["malformed"], stored["reason"]) if "malformed" in stored else UNCHANGED
    if isinstance(stored, str) and kind in _decoders:
        return _decoders[kind](stored)
    return cast(Value, stored)


def encode_content(posting: Posting) -> str:
    """What a posting wrote, as JSON: its cards, its voucher with every line, its other rows. Said once: what it has
    none of is left out, an event date that is the voucher's date too, and a line's summary is null where it is the
    voucher's."""
    _, _, _, _, cards, voucher, rows, _, _, _ = posting
    content: dict[str, object] = {}
    if cards:
        content["cards"] = [[code, verb, fields] for code, verb, fields in cards]
    if voucher is not None:
        content["voucher"] = _voucher(voucher)
    if rows:
        content["rows"] = [[table, key, values] for table, key, values in rows]
    return _encode(content)


def decode_cards(content: str) -> Sequence[tuple[str, str, Mapping[str, object]]]:
    """The card writes of an encoded posting: asset code, verb, fields; the values as JSON kept them."""
    return [(code, verb, fields) for code, verb, fields in json.loads(content).get("cards", ())]


def decode_voucher(content: str) -> Voucher | None:
    """The voucher of an encoded posting; the values of its auxiliaries as JSON kept them."""
    stored = json.loads(content).get("voucher")
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
    )


def _voucher(voucher: Voucher) -> dict[str, object]:
    kind, period, day, event_date, summary, entries = voucher
    lines = [
        [account, str(debit), str(credit), None if said == summary else said, dims]
        for account, debit, credit, said, dims in entries
    ]
    said: dict[str, object] = {"type": kind, "period": period, "date": day, "summary": summary, "entries": lines}
    if event_date != day:
        said["event_date"] = event_date
    return said


def _encode(value: object) -> str:
    try:
        return orjson.dumps(value, default=plain, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))
