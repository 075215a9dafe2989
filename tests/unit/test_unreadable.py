"""Invariants 1, 4 and 5: a message that nobody understands parks by itself. Its text is kept, its row's followers wait
where the row is known, and the next message of the row says what it said."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors import memory
from connectors.debezium.unreadable import unreadable
from syncd.change import Change, ChangeSet, Position, Row
from syncd.daemon import repair
from syncd.desk.parked import operators
from syncd.desk.parked.operators import Selection
from syncd.errors import Gap, WrongUsage
from syncd.language import say
from syncd.mapping.program.failure import unread
from syncd.record import decode_change, encode_change
from tests.unit.lab import CLERK, NAME, Lab

MAPPING = """
tables:
  asset: {table: asset, key: id, columns: {id: integer, code: text, value: money, on_: date}, subject: code}
rules:
  bought:
    on: asset
    when: op = 'insert'
    voucher: {type: "'记'", date: after.on_, summary: "'add'",
              entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]}
  more:
    on: asset
    when: op = 'update' AND after.value > before.value
    voucher: {type: "'记'", date: after.on_, summary: "'more'",
              entries: [{account: "'1601'", debit: after.value - before.value},
                        {account: "'1002'", credit: after.value - before.value}]}
"""
AT = datetime(2026, 2, 3, tzinfo=UTC)
KNOWN: Row = (1, None, None, None)


class Said(Lab):
    """A lab to which changes are said as a connector reads them."""

    def __init__(self) -> None:
        super().__init__(MAPPING)
        self._number = 0

    def say(self, *changes: Change) -> None:
        """A batch, each change a transaction by itself."""
        self._number += 1
        sets = [ChangeSet(changes, Position(f"{self._number:020d}"), AT, True, tuple(range(1, len(changes) + 1)))]
        while sets:
            with self.ledger.begin() as book:
                batch = self.translator.translate(sets, book)
                book.write(batch)
            self.rest()
            sets = list(batch.rest)

    def unread(self, row: Row | None, value: bytes = b"?", place: str = "eam/0@17") -> Change:
        return unreadable(self.mapping.tables["asset"], row, value, "debezium_flattened", Position(place), 0)


def asset(id: int, value: int, code: str = "") -> Row:
    return (id, code or f"FA-{id}", Decimal(value), date(2026, 2, 3))


def inserted(id: int, value: int) -> Change:
    return Change("asset", "insert", None, asset(id, value), Position(f"c{id}"), AT)


def updated(id: int, before: int, after: int) -> Change:
    return Change("asset", "update", asset(id, before), asset(id, after), Position(f"u{id}/{after}"), AT)


def test_what_says_nothing_of_any_row_holds_nobody_back() -> None:
    lab = Said()
    lab.say(inserted(1, 100), lab.unread(None, b'{"id": 1}'), lab.unread(None, place="eam/0@18"), updated(1, 100, 150))
    assert lab.parked == [
        ("eam/0@17", "failed", "message_unreadable"),
        ("eam/0@18", "failed", "message_unreadable"),
    ]
    assert lab.balance("1601") == 150
    row = operators.parked(lab.ledger, NAME, Selection(), 1)[0]
    assert '{"id": 1}' in say(row.code, row.params, "en")
    assert '{\\"id\\": 1}' in row.change, "its text is kept"
    lab.say(lab.unread(None, b'{"id": 1}'))
    assert len(lab.parked) == 2, "the same again is no more"


@pytest.mark.parametrize("batches", [False, True], ids=["one batch", "several"])
def test_the_next_message_of_the_row_says_what_it_said(batches: bool) -> None:
    lab = Said()
    lab.say(inserted(1, 100), inserted(2, 10))
    messages = [lab.unread(KNOWN), updated(2, 10, 20), updated(1, 150, 200)]
    for lot in [[message] for message in messages] if batches else [messages]:
        lab.say(*lot)
    assert not lab.parked
    assert lab.balance("1601") == 200 + 20
    assert lab.ask("SELECT summary FROM gl_voucher ORDER BY summary") == [("add",), ("add",), ("more",), ("more",)]


def test_it_has_the_subject_of_its_row_and_may_be_the_first_of_it() -> None:
    lab = Said()
    lab.say(inserted(1, 100), lab.unread(KNOWN), lab.unread((9, "FA-9", None, None), place="eam/0@18"))
    assert lab.parked == [("FA-1", "failed", "message_unreadable"), ("FA-9", "failed", "message_unreadable")]
    lab.say(updated(9, 7, 8), Change("asset", "delete", asset(1, 100), None, Position("d1"), AT))
    assert not lab.parked
    assert lab.balance("1601") == 100 + 8, "an insert, for nobody knew the row"


def test_it_stays_whatever_is_asked_until_it_is_given_up() -> None:
    """Invariant 15: the way out that is printed."""
    lab = Said()
    lab.say(inserted(1, 100), lab.unread(KNOWN), inserted(2, 5))
    lab.retry()
    assert lab.parked == [("FA-1", "failed", "message_unreadable")]
    (row,) = operators.parked(lab.ledger, NAME, Selection(), 2)
    with pytest.raises(WrongUsage, match="edit_no_row"):
        operators.edit(lab.ledger, NAME, row.id, {"value": "7"}, lab.mapping.tables, lambda _, text: text, CLERK)
    operators.discard(lab.ledger, NAME, Selection((row.id,)), CLERK)
    lab.rest()
    assert not lab.parked
    lab.say(updated(1, 100, 150))
    assert lab.balance("1601") == 155


@pytest.mark.parametrize("row", [None, KNOWN, asset(1, 5)])
@pytest.mark.parametrize("value", [b"\xff\0", "数控".encode(), b"a\0b", b"x" * 200_000, b"", None])
def test_any_text_is_kept_and_read_back(row: Any, value: bytes | None) -> None:
    lab = Said()
    change = unreadable(lab.mapping.tables["asset"], row, value, "debezium_not_json", Position("p"), 7)
    assert decode_change(lab.mapping.tables, encode_change(lab.mapping.tables["asset"], change)) == change
    assert unread(change).params["reason"] == "debezium_not_json"
    lab.say(change)
    assert len(lab.parked) == 1


def test_a_repair_parks_it_too() -> None:
    """Invariant 1: it is among the messages behind the snapshot, and no image says what it said."""
    lab = Said()
    lab.commit(lab.insert("asset", id=1, code="FA-1", value=Decimal(100), on_=date(2026, 2, 3)))
    lab.rest()

    class Source(memory.MemorySource):
        def read(self, timeout_s: float) -> ChangeSet | None:
            said = super().read(timeout_s)
            if said is None or not said.changes:
                return said
            return said._replace(changes=[*said.changes, lab.unread(None)], cuts=None, places=())

    def opened() -> memory.MemorySource:
        return Source(memory.Settings(lab.store), lab.mapping.tables)

    scope = repair.Scope(lab.spec()._replace(open_source=opened), lab.mapping.tables, ())
    repair.repair(scope, lab.open_ledger(), Gap("kafka_log_anew"), CLERK, lambda *_: None)
    assert lab.parked == [("eam/0@17", "failed", "message_unreadable")]
    assert lab.balance("1601") == 100
