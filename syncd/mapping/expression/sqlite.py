"""The runtime's functions in SQLite, so that no decimal ever becomes a float there."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from syncd.change import Kind
from syncd.mapping.expression.functions import (
    CLOCK,
    FIELDS,
    SIGNATURES,
    UNITS,
    Builtin,
    date_format,
    date_trunc,
    extract,
)
from syncd.mapping.expression.nested import (
    ELEMENTS,
    array_all,
    array_any,
    array_element,
    array_items,
    array_length,
    json_at,
    json_text,
)
from syncd.mapping.expression.runtime import (
    RUNTIME,
    UNROUNDED,
    Uncomputable,
    decimal_text,
    greatest,
    least,
    timestamp_text,
    uuid,
)
from syncd.mapping.expression.to_python import CASTS, DECIMAL, INTEGER
from syncd.mapping.expression.to_sql import ARITHMETIC
from syncd.mapping.expression.zones import change

Value = None | int | float | str | bytes
Body = Callable[..., Any]

_DAYS = (Kind.DATE, Kind.TIMESTAMP)
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)


def register_sqlite(connection: sqlite3.Connection) -> None:
    """Register what the SQL of expressions calls, and the exact aggregate `syncd_sum`."""
    for name, params, kind, body in _strict():
        connection.create_function(f"syncd_{name}", len(params), _wrapped(params, kind, body), deterministic=True)
    for kind in Kind:
        for name, body in (("greatest", greatest), ("least", least), ("same", lambda a, b: a == b)):
            width = 2 if name == "same" else -1
            function = _wrapped_with_nulls(kind, Kind.BOOLEAN if name == "same" else kind, body)
            connection.create_function(f"syncd_{name}_{kind}", width, function, deterministic=True)
    connection.create_function("syncd_uuid", -1, _uuid, deterministic=True)
    for name, width, function in _nested():
        connection.create_function(f"syncd_{name}", width, function, deterministic=True)
    connection.create_function("syncd_amount", 1, _amount, deterministic=True)
    connection.create_function("syncd_seen", 2, _seen, deterministic=True)
    connection.create_aggregate("syncd_sum", 1, Sum)  # type: ignore[arg-type]
    for word, choose in (("min", min), ("max", max)):
        for kind in (Kind.DECIMAL, Kind.TIMESTAMP):
            connection.create_aggregate(f"syncd_{word}_{kind}", 1, partial(Extreme, choose, kind))  # type: ignore[arg-type]


class Sum:
    """The exact sum of decimals; NULLs are left out, and of nothing the sum is NULL."""

    def __init__(self) -> None:
        self._total: Decimal | None = None

    def step(self, value: Value) -> None:
        """Take one value."""
        if value is not None:
            self._total = UNROUNDED.add(self._total or Decimal(0), _decimal(value))

    def finalize(self) -> str | None:
        """The sum as text."""
        return None if self._total is None else decimal_text(self._total)


class Extreme:
    """The least or the most of the values of a kind that are not NULL; NULL of none."""

    def __init__(self, choose: Callable[[Any, Any], Any], kind: Kind) -> None:
        self._choose, self._kind = choose, kind
        self._found: Any = None

    def step(self, value: Value) -> None:
        """Take one value."""
        if value is not None:
            read = _READ[self._kind](value)
            self._found = read if self._found is None else self._choose(self._found, read)

    def finalize(self) -> Value:
        """It, as SQLite has it."""
        return None if self._found is None else _WRITE[self._kind](self._found)


def _strict() -> Iterator[tuple[str, tuple[Kind, ...], Kind, Body]]:
    for (given, kind), template in CASTS.items():
        yield f"cast_{given}_{kind}", (given,), kind, _compiled(template, 1)
    for op, name in ARITHMETIC.items():
        yield f"{name}_integer", (Kind.INTEGER,) * 2, Kind.INTEGER, _compiled(INTEGER[op], 2)
        yield f"{name}_decimal", (Kind.DECIMAL,) * 2, Kind.DECIMAL, _compiled(DECIMAL[op], 2)
    for kind, template in zip(_NUMBERS, ("-{0}", "subtract(0, {0})"), strict=True):
        yield f"negative_{kind}", (kind,), kind, _compiled(template, 1)
    for kind in (*_NUMBERS, Kind.TEXT):
        value = "{0}" if kind is Kind.DECIMAL else CASTS[kind, Kind.DECIMAL]
        places = (kind, Kind.INTEGER, Kind.INTEGER)
        yield f"fit_{kind}", places, Kind.DECIMAL, _compiled(f"fit({value}, {{1}}, {{2}})", 3)
    for kind in (Kind.DECIMAL, Kind.TIMESTAMP):
        yield f"compare_{kind}", (kind, kind), Kind.INTEGER, lambda a, b: (a > b) - (a < b)
    for kind in _DAYS:
        amounts = (kind, Kind.INTEGER, Kind.INTEGER, Kind.INTEGER)
        yield f"add_interval_{kind}", amounts, kind, _compiled("add_interval({0}, {1}, {2}, {3})", 4)
        words = [w for w in UNITS if kind is Kind.TIMESTAMP or w not in CLOCK]
        yield from map(_signature, (date_trunc(w, kind) for w in words))
        fields = [w for w in FIELDS if kind is Kind.TIMESTAMP or w not in CLOCK]
        yield from map(_signature, (extract(w, kind) for w in fields))
    yield "add_days", (Kind.DATE, Kind.INTEGER), Kind.DATE, _compiled("add_days({0}, {1})", 2)
    yield "days_between", (Kind.DATE, Kind.DATE), Kind.INTEGER, _compiled("({0} - {1}).days", 2)
    zoned = (Kind.TIMESTAMP, Kind.TEXT)
    yield "wall", zoned, Kind.TIMESTAMP, lambda moment, zone: change("wall", zone)(moment.replace(tzinfo=UTC))
    for op in ("moment", "instant"):
        yield op, zoned, Kind.TIMESTAMP, partial(_utc, op)
    yield "like", (Kind.TEXT, Kind.TEXT), Kind.BOOLEAN, _compiled("like({0}, {1})", 2)
    yield "to_char", (Kind.TIMESTAMP, Kind.TEXT), Kind.TEXT, _to_char
    yield from map(_signature, (b for group in SIGNATURES.values() for b in group if not b.sqlite))


def _nested() -> Iterator[tuple[str, int, Callable[..., Value]]]:
    """What reads JSON and arrays; its answer may be NULL."""
    yield "json_at", -1, _partial(json_at, str)
    yield "json_text", -1, _partial(json_text, str)
    yield "array_count", 1, _partial(lambda text: len(array_items(text)), int)
    yield "array_length", 1, _partial(array_length, int)
    for kind, item in ELEMENTS.items():
        yield f"array_element_{kind}", 2, _partial(array_element(item), _WRITE[kind])
        for word, test in (("any", array_any), ("all", array_all)):
            yield f"array_{word}_same_{kind}", 2, _quantified(test(item, True), _READ[kind])
            yield f"array_{word}_other_{kind}", 2, _quantified(test(item, False), _READ[kind])


def _partial(body: Body, write: Callable[[Any], Value]) -> Callable[..., Value]:
    def call(*args: Value) -> Value:
        found = None if None in args else body(*args)
        return None if found is None else write(found)

    return call


def _quantified(test: Body, read: Callable[[Any], Any]) -> Callable[..., Value]:
    return lambda value, text: test(None if value is None else read(value), text)


def _signature(builtin: Builtin) -> tuple[str, tuple[Kind, ...], Kind, Body]:
    return builtin.label, builtin.params, builtin.kind, _compiled(builtin.python, len(builtin.params))


def _compiled(template: str, width: int) -> Body:
    """The template as a function: the very source that compiled rules run."""
    names = [f"a{i}" for i in range(width)]
    body: Body = eval(f"lambda {', '.join(names)}: {template.format(*names)}", RUNTIME)
    return body


def _wrapped(params: tuple[Kind, ...], kind: Kind, body: Body) -> Callable[..., Value]:
    readers, write = [_READ[p] for p in params], _WRITE[kind]

    def call(*args: Value) -> Value:
        if None in args:
            return None
        return write(body(*[read(a) for read, a in zip(readers, args, strict=True)]))

    return call


def _wrapped_with_nulls(kind: Kind, result: Kind, body: Body) -> Callable[..., Value]:
    read, write = _READ[kind], _WRITE[result]

    def call(*args: Value) -> Value:
        value = body(*[None if a is None else read(a) for a in args])
        return None if value is None else write(value)

    return call


def _uuid(*parts: str | None) -> str | None:
    return None if None in parts else uuid(*[str(p) for p in parts])


def _amount(value: Any) -> str | None:
    """A decimal column's value as text, NULL for what is no number: SQLite keeps any text in any column."""
    try:
        number = None if value is None else _decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return decimal_text(number) if number is not None and number.is_finite() else None


def _to_char(moment: datetime, form: str) -> str:
    found = date_format(form)
    assert found is not None
    template, attributes = found
    return template % tuple([getattr(moment, a) for a in attributes])


def _decimal(value: Any) -> Decimal:
    """A float is what SQLite makes of a decimal in a NUMERIC column: 15 digits of it are as they were written."""
    return Decimal(f"{value:.15g}" if isinstance(value, float) else value)


def _utc(op: str, wall: datetime, zone: str) -> datetime:
    return change(op, zone)(wall).replace(tzinfo=None)


def _timestamp(value: str) -> datetime:
    """A wall time, or a moment, which is in UTC."""
    found = datetime.fromisoformat(value)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _seen(value: str | None, zone: str) -> str | None:
    """A column's text as a moment in UTC; one without a zone is taken in `zone`. NULL for what is no time."""
    try:
        found = datetime.fromisoformat(value) if value is not None else None
        if found is None:
            return None
        return timestamp_text(_timestamp(value) if found.tzinfo else _utc("moment", found, zone))  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError, Uncomputable):
        return None


_READ: dict[Kind, Callable[[Any], Any]] = {
    Kind.INTEGER: int,
    Kind.DECIMAL: _decimal,
    Kind.TEXT: str,
    Kind.BOOLEAN: bool,
    Kind.DATE: date.fromisoformat,
    Kind.TIMESTAMP: _timestamp,
    Kind.JSON: str,
    Kind.ARRAY: str,
    Kind.NULL: str,
}
_WRITE: dict[Kind, Callable[[Any], Value]] = {
    Kind.INTEGER: int,
    Kind.DECIMAL: decimal_text,
    Kind.TEXT: str,
    Kind.BOOLEAN: int,
    Kind.DATE: date.isoformat,
    Kind.TIMESTAMP: timestamp_text,
    Kind.JSON: str,
    Kind.ARRAY: str,
    Kind.NULL: str,
}
