"""Random logs of an EAM, small enough to read, and whatever people do to them at the desk in between.

A log says what it wants of rows (`Put`, `Drop`, `Move`), not what their images were: those come of the rows as they
stand. So any part of a log is a log too, and one that fails can be made smaller by leaving things out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, Literal, NamedTuple

from connectors.memory import Write
from syncd.change import Malformed, Row, Table, Value, key_text

BEGAN_AT: Final = datetime(2026, 1, 20, 4, tzinfo=UTC)
BETWEEN_COMMITS: Final = timedelta(hours=40)

Key = tuple[Value, ...]


class Put(NamedTuple):
    """The row with this key gets these values; it is made of the table's `DEFAULTS` where there is none."""

    table: str
    key: Key
    values: Mapping[str, Value]


class Drop(NamedTuple):
    """The row with this key goes, if it is there."""

    table: str
    key: Key


class Move(NamedTuple):
    """The row's key becomes another, if it is there and the other is free."""

    table: str
    key: Key
    to: Key


class Empty(NamedTuple):
    """The table is truncated."""

    table: str


Op = Put | Drop | Move | Empty
Verb = Literal["retry", "discard", "approve", "reject", "edit"]
_VERBS: Final[Sequence[Verb]] = ("retry", "discard", "approve", "approve", "reject", "edit")


class Deed(NamedTuple):
    """What somebody does at the desk about the `nth` open row, in source order, once all before it is carried."""

    verb: Verb
    nth: int


Transaction = tuple[Op, ...]


class Log(NamedTuple):
    """`before` transactions were there when the daemon came: it knows them by a snapshot. A `lean` log says little of
    the row before. Where `parts` are said, a set holds so many changes and a batch two sets at most: a transaction that
    is larger is too large to be judged as a whole."""

    before: int
    steps: tuple[Transaction | Deed, ...]
    lean: bool = False
    parts: int = 0


DEFAULTS: Final[Mapping[str, Mapping[str, Value]]] = {
    "dept": {"code": "SC", "kind": "production"},
    "cls": {"life": 36},
    "asset": {
        "name": "lathe",
        "status": "in_use",
        "dept_id": 1,
        "class_id": None,
        "value": Decimal("100.00"),
        "on_": date(2026, 2, 3),
    },
    "upgrade": {"asset_id": 1, "amount": Decimal("30.00"), "on_": date(2026, 2, 5)},
    "work": {"order_no": "WO-1", "asset_code": "FA-1", "amount": Decimal("7.00"), "on_": date(2026, 2, 6)},
    "deprec": {"amount": Decimal("10.00"), "on_": date(2026, 1, 31)},
    "run": {"status": "approved"},
    "bill": {
        "bill_no": "B-1",
        "asset_id": 1,
        "state": "ok",
        "amount": Decimal("50.00"),
        "on_": date(2026, 2, 8),
    },
    "note": {"asset_id": 1, "body": "seen"},
    "claim_head": {"status": "approved", "advance": Decimal("0.00"), "on_": date(2026, 2, 9)},
    "claim_item": {"claim_id": 1, "dept_id": 1, "amount": Decimal("20.00")},
}


def tried(chance: Random) -> Log:
    """A log."""
    themes = ["asset", *chance.sample(sorted(_ACTS), chance.choice((0, 1, 1, 2, 2, 3, 9)))]
    steps: list[Transaction | Deed] = [_prelude(chance)] if chance.random() < 0.9 else []
    for _ in range(chance.choice((2, 3, 4, 5, 6, 8))):
        ops = [_ACTS[chance.choice(themes)](chance) for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 12)))]
        steps.append(tuple(ops))
        if chance.random() < 0.15:
            steps.append(Deed(chance.choice(_VERBS), chance.choice((0, 0, 1))))
    parts = chance.choice((1, 2)) if chance.random() < 0.15 else 0
    return Log(chance.choice((0, 0, 1, 2)), tuple(steps), chance.random() < 0.2, parts)


def commits(log: Log, tables: Mapping[str, Table]) -> Iterator[tuple[Sequence[Write], datetime] | Deed]:
    """The log with images: the writes of each transaction and when it was committed, and the deeds between them."""
    rows: dict[str, dict[str, Row]] = {alias: {} for alias in tables}
    at = BEGAN_AT
    for step in log.steps:
        if isinstance(step, Deed):
            yield step
            continue
        at += BETWEEN_COMMITS
        writes = [write for op in step if (write := _write(op, tables[op.table], rows[op.table])) is not None]
        yield writes, at


def _write(op: Op, table: Table, rows: dict[str, Row]) -> Write | None:
    if isinstance(op, Empty):
        rows.clear()
        return Write(op.table, None, None)
    names = [table.columns[i].name for i in table.key]
    key = key_text(table, _row(table, dict(zip(names, op.key, strict=True))))
    before = rows.get(key)
    match op:
        case Put(_, _, values):
            known: Mapping[str, Value] = {**_defaults(op), **dict(zip(names, op.key, strict=True))}
            was = dict(zip((c.name for c in table.columns), before, strict=True)) if before is not None else known
            rows[key] = after = _row(table, {**was, **values})
            return Write(op.table, before, after)
        case Drop():
            return None if rows.pop(key, None) is None else Write(op.table, before, None)
        case Move(_, _, to):
            if before is None:
                return None
            was = dict(zip((c.name for c in table.columns), before, strict=True))
            after = _row(table, {**was, **dict(zip(names, to, strict=True))})
            if key_text(table, after) in rows:
                return None
            del rows[key]
            rows[key_text(table, after)] = after
            return Write(op.table, before, after)


def _row(table: Table, values: Mapping[str, Value]) -> Row:
    return tuple(values.get(column.name) for column in table.columns)


def _defaults(op: Put) -> Mapping[str, Value]:
    if op.table == "asset":
        return {**DEFAULTS["asset"], "asset_code": f"FA-{op.key[0]}"}
    if op.table == "claim_head":
        return {**DEFAULTS["claim_head"], "no": f"C-{op.key[0]}"}
    return DEFAULTS[op.table]


def _prelude(chance: Random) -> Transaction:
    """What most companies have."""
    ops: list[Op] = [Put("dept", (i,), {"code": code}) for i, code in ((1, "SC"), (2, "GL")) if chance.random() < 0.93]
    ops += [Put("cls", (1,), {})] * (chance.random() < 0.5)
    ops += [Put("asset", (i,), {}) for i in (1, 2) if chance.random() < 0.6]
    ops += [Put("run", ("2026-01",), {})] * (chance.random() < 0.4)
    chance.shuffle(ops)
    return tuple(ops)


def _some(chance: Random, **values: Sequence[Any]) -> dict[str, Value]:
    """One or two of the columns, each with one of its values."""
    names = chance.sample(sorted(values), min(len(values), chance.choice((0, 1, 1, 1, 2, 2, 3))))
    return {name: chance.choice(values[name]) for name in names}


_GOOD: Final = (Decimal("20.00"), Decimal("45.50"), Decimal("120.00"), Decimal("250.00"), Decimal("0.10"))
_AMOUNTS: Final = (*_GOOD, *_GOOD, *_GOOD, Decimal("-5.00"), Decimal("13.13"), Malformed("十五万", "malformed_number"))
_DAYS: Final = (date(2026, 1, 15), date(2026, 2, 20), date(2026, 3, 2))
_DATES: Final = (*_DAYS, *_DAYS, date(2025, 12, 30), date(2027, 1, 1))


def _asset(chance: Random) -> Op:
    key = (chance.choice((1, 1, 1, 1, 2, 2, 2, 3)),)
    if chance.random() < 0.1:
        return Drop("asset", key)
    if chance.random() < 0.03:
        return Move("asset", key, (4,))
    return Put(
        "asset",
        key,
        _some(
            chance,
            asset_code=("FA-1", "FA-2", "FA-3", "AF-1", None, ""),
            name=("mill", "press", "mill", "press", "a name too long"),
            status=("in_use", "in_use", "draft", "scrapped", "scrapped"),
            dept_id=(1, 1, 2, 2, 3, 9),
            class_id=(1, 1, 2, None),
            value=(*_AMOUNTS, Decimal("9000.00"), Decimal("9000.00"), Decimal("8000.00")),
            on_=_DATES,
        ),
    )


def _upgrade(chance: Random) -> Op:
    key = (chance.choice((1, 1, 2, 3)),)
    if chance.random() < 0.1:
        return Drop("upgrade", key)
    return Put("upgrade", key, _some(chance, asset_id=(1, 1, 2, 2, 3), amount=_AMOUNTS, on_=_DATES))


def _work(chance: Random) -> Op:
    key = (chance.choice((1, 2, 3)),)
    if chance.random() < 0.1:
        return Drop("work", key)
    return Put(
        "work", key, _some(chance, order_no=("WO-1", "WO-2"), asset_code=("FA-1", "FA-1", "FA-2"), amount=_AMOUNTS)
    )


def _deprec(chance: Random) -> Op:
    key = (chance.choice((1, 1, 2, 2, 3)), chance.choice(("2026-01", "2026-02")))
    if chance.random() < 0.1:
        return Drop("deprec", key)
    return Put("deprec", key, _some(chance, amount=_AMOUNTS, on_=_DATES))


def _run(chance: Random) -> Op:
    key = (chance.choice(("2026-01", "2026-02")),)
    return Put("run", key, {"status": chance.choice(("approved", "approved", "open"))})


def _bill(chance: Random) -> Op:
    key = (chance.choice((1, 1, 2)),)
    if chance.random() < 0.1:
        return Drop("bill", key)
    states = ("ok", "bin", "ok")
    return Put("bill", key, _some(chance, bill_no=("B-1", "B-2"), state=states, amount=_AMOUNTS, asset_id=(1, 2, 3)))


def _note(chance: Random) -> Op:
    key = (chance.choice((1, 2)),)
    if chance.random() < 0.02:
        return Empty("note")
    if chance.random() < 0.1:
        return Drop("note", key)
    return Put("note", key, _some(chance, asset_id=(1, 2, 3), body=("seen", "gone", "a text too long")))


def _claim(chance: Random) -> Op:
    key = (chance.choice((1, 1, 1, 2)),)
    if chance.random() < 0.1:
        return Drop("claim_head", key)
    if chance.random() < 0.03:
        return Move("claim_head", key, (3,))
    states = ("approved", "approved", "approved", "draft", "paid")
    advances = (Decimal("0.00"), Decimal("10.00"), Decimal("13.13"))
    return Put("claim_head", key, _some(chance, no=("C-1", "C-2", None), status=states, advance=advances, on_=_DATES))


def _item(chance: Random) -> Op:
    key = (chance.choice((1, 1, 2, 2, 3, 4)),)
    if chance.random() < 0.15:
        return Drop("claim_item", key)
    return Put("claim_item", key, _some(chance, claim_id=(1, 1, 1, 2, 3, None), dept_id=(1, 1, 2, 9), amount=_AMOUNTS))


def _dept(chance: Random) -> Op:
    key = (chance.choice((1, 2, 3, 3, 9)),)
    if chance.random() < 0.2:
        return Drop("dept", key)
    return Put("dept", key, _some(chance, code=("SC", "GL", "D9"), kind=("production", "office", "none")))


def _class(chance: Random) -> Op:
    key = (chance.choice((1, 2)),)
    if chance.random() < 0.25:
        return Drop("cls", key)
    return Put("cls", key, _some(chance, life=(12, 36, 48)))


_ACTS: Final = {
    "asset": _asset,
    "asset again": _asset,
    "bill": _bill,
    "claim": _claim,
    "claim item": _item,
    "claim item again": _item,
    "class": _class,
    "dept": _dept,
    "deprec": _deprec,
    "note": _note,
    "run": _run,
    "upgrade": _upgrade,
    "work": _work,
}
