"""What the tests of random statements have in common: a DBA says what a grammar can say while people write, and whoever
hears the source in the end knows the tables as they are, or the source has said that it does not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import partial
from random import Random
from typing import Protocol

from syncd.change import Change, ChangeSet, Position, Row, Table, key_text
from syncd.errors import Fault
from syncd.ports import Source
from tests.integration.eam import read_until
from tests.integration.follower import Follower

STEPS_MAX = 16
Grammar = Mapping[str, Sequence[str]]
"""`statement` and `write` are drawn from; every other word stands in braces in them."""


class Tables(Protocol):
    """A database with tracked tables."""

    tables: Mapping[str, Table]

    def run(self, *statements: str) -> list[tuple[object, ...]]: ...


def said(grammar: Grammar, chance: Random, word: str, drawn: Mapping[str, str]) -> str:
    """A statement, or several with ` ; ` between them. `drawn` are words that are settled already."""
    words = {name: chance.choice(options) for name, options in grammar.items() if name not in ("statement", "write")}
    words |= {"number": str(chance.randrange(10, 9_000)), "write": "", **drawn}
    text = chance.choice(grammar[word])
    if "{write}" in text:
        words["write"] = said(grammar, chance, "write", drawn)
    return text.format(**words)


def heard(eam: Tables, source: Source, acts: Iterable[Callable[[], None]], chance: Random) -> Fault | None:
    """What the source said was wrong while one act came after the other, or that a row parks; None when it said
    nothing, and everything that is there."""
    follower, has_mark, at = Follower(), False, Position("")

    def hear(sets: Iterable[ChangeSet]) -> None:
        nonlocal has_mark, at
        for s in sets:
            has_mark, at = _hear(eam, follower, s.changes) or has_mark, s.position

    def is_at(end: Position, sets: list[ChangeSet]) -> bool:
        return source.reaches(sets[-1].position if sets else at, end)

    try:
        hear(read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position)))
        for act in acts:
            act()
            if chance.random() < 0.3:
                source.lag()
            if chance.random() < 0.5 and (one := source.read(0)) is not None:
                hear([one])
        hear(read_until(source, partial(is_at, source.end())))
        source.lag()
    except Fault as fault:
        return fault
    if has_mark:
        return Fault("parked")
    there = _there(eam)
    assert follower.rows == there, (follower.rows, there)
    return None


def _hear(eam: Tables, follower: Follower, changes: Sequence[Change]) -> bool:
    """Whether a change says of itself that it cannot be read: its row parks."""
    marked = False
    for change in changes:
        marked = marked or (change.flawed and change.op != "delete")
        if change.op == "truncate":
            follower.rows = {key: row for key, row in follower.rows.items() if key[0] != change.table}
        else:
            follower.hear(eam.tables, change)
    return marked


def _there(eam: Tables) -> dict[tuple[str, str], Row]:
    """The tables as they are."""
    found: dict[tuple[str, str], Row] = {}
    for alias, table in eam.tables.items():
        columns = ", ".join(column.name for column in table.columns)
        if eam.run(f"SELECT count(*) FROM {table.name}") == [(0,)]:
            continue  # where a column is called otherwise now nobody has written a row since
        for number, code, value, remark in eam.run(f"SELECT {columns} FROM {table.name}"):
            row: Row = (int(str(number)), code, _money(value), remark)  # type: ignore[assignment]
            found[alias, key_text(table, row)] = row
    return found


def _money(value: object) -> Decimal | None:
    with suppress(InvalidOperation):
        return None if value is None else Decimal(str(value))
    raise AssertionError(f"{value} was read as money")
