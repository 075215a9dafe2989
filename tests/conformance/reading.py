"""How the suites read a source, whatever its kind."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.change import Change, ChangeSet, Position, Row, key_text
from syncd.ports import Source
from tests.conformance.eams import EAMS, TABLES, Eam
from tests.conformance.kafka_eam import KafkaEam

WAIT_S = 120.0
"""Bound of every wait; none comes near it."""


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, directory: Path) -> Iterator[Eam]:
    """An EAM of a kind of EAMS, or read from Kafka, with the metadata of transactions or without."""

    def new(fixture: str) -> str:
        return str(request.getfixturevalue(fixture)())

    if kind.startswith("kafka"):
        broker, connect = (request.getfixturevalue(server) for server in ("kafka", "connect"))
        eam: Eam = KafkaEam(new("new_database"), broker, connect, metadata=kind == "kafka-transactions")
    else:
        eam = EAMS[kind](directory, new)
    yield eam
    eam.close()


def asset(id: int, code: str = "FA", value: str = "1.00") -> Row:
    return (id, code, Decimal(value), date(2026, 1, 31), True)


def read_until(source: Source, done: Callable[[list[ChangeSet]], bool]) -> list[ChangeSet]:
    """What a source says until `done`, within the bound."""
    sets: list[ChangeSet] = []
    deadline = time.monotonic() + WAIT_S
    while not done(sets):
        assert time.monotonic() < deadline, f"not said within {WAIT_S} s; said: {sets[-5:]}"
        said = source.read(0.2)
        if said is not None:
            sets.append(said)
    return sets


def count(changes: int) -> Callable[[list[ChangeSet]], bool]:
    return lambda sets: sum(len(s.changes) for s in sets) >= changes


def changes(sets: list[ChangeSet]) -> list[Change]:
    return [change for s in sets for change in s.changes]


def streaming(sets: list[ChangeSet]) -> bool:
    """The snapshot is over: a set came that holds no rows of it."""
    return bool(sets) and not any(change.op == "read" for change in sets[-1].changes)


def apply(images: dict[tuple[str, str], Row], change: Change) -> None:
    """A change to what a follower knows of the tables."""
    table = TABLES[change.table]
    if change.before is not None:
        images.pop((change.table, key_text(table, change.before)), None)
    if change.after is not None:
        images[change.table, key_text(table, change.after)] = change.after


def start(eam: Eam, checkpoint: Position | None = None) -> Source:
    source = eam.connect()
    source.start(checkpoint)
    return source


def begun(eam: Eam) -> tuple[Source, Position]:
    """A source past its snapshot, and where it stands."""
    source = start(eam)
    return source, read_until(source, lambda sets: bool(sets) and not source.in_snapshot(sets[-1].position))[
        -1
    ].position


def transactions(sets: list[ChangeSet]) -> tuple[list[list[Change]], list[Change]]:
    """The changes of each transaction that has ended, and of the one that has not."""
    ended: list[list[Change]] = []
    said: list[Change] = []
    for s in sets:
        done = 0
        for cut in (len(s.changes),) if s.cuts is None else s.cuts:
            said += s.changes[done:cut]
            if said:
                ended.append(said)
            said, done = [], cut
        said += s.changes[done:]
    return ended, said
