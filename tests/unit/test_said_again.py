"""Invariants 1 and 2: a log that is read again from an earlier place makes nothing a second time, whatever has been
reversed since."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.memory import MemorySource
from syncd.change import ChangeSet, Position
from syncd.daemon import pipeline
from tests.unit.lab import Lab

MAPPING = """
tables:
  asset:
    table: asset
    key: id
    subject: asset_code
    columns: {id: integer, asset_code: text, value: money, on_: date}
rules:
  registration:
    on: asset
    when: op = 'insert'
    once: after.asset_code
    voucher: &voucher
      type: "'记'"
      date: after.on_
      summary: "'add'"
      entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]
  cancelled:
    on: asset
    when: op = 'update'
    reverse: [registration, corrected]
  corrected:
    on: asset
    when: op = 'update'
    voucher: *voucher
"""


class _Again:
    """The log, read from its beginning by one who has read it before."""

    def __init__(self, source: MemorySource) -> None:
        self._source = source

    def take(self) -> Sequence[ChangeSet]:
        found = []
        while (said := self._source.read(0)) is not None:
            found.append(said)
        return found

    def ack(self, position: Position) -> None:
        pass


def _row(value: str) -> dict[str, Any]:
    return {"id": 1, "asset_code": "A", "value": Decimal(value), "on_": date(2026, 2, 3)}


@pytest.mark.parametrize("splits", [True, False], ids=["at rest between", "one batch"])
def test_a_registration_that_was_reversed_is_not_made_anew(splits: bool) -> None:
    lab = Lab(MAPPING, splits)
    lab.rest()
    source = lab.open_source()
    source.start(None)
    lab.commit(lab.insert("asset", **_row("100.00")))
    lab.commit(lab.update("asset", _row("100.00"), **_row("120.00")))
    lab.commit(lab.update("asset", _row("120.00"), **_row("130.00")))
    lab.rest()
    made = lab.ask("SELECT key, reverses FROM syncd_posting ORDER BY seq")
    assert len(made) == 5
    pipeline.step(_Again(source), lab.translator, lab.ledger, lambda outcomes: None)
    assert lab.ask("SELECT key, reverses FROM syncd_posting ORDER BY seq") == made
    assert lab.balance("1601") == Decimal("130.00")


@pytest.mark.parametrize("restarts", [False, True], ids=["running on", "after a restart"])
def test_a_correction_that_came_to_nothing_is_not_tried_again(restarts: bool) -> None:
    """Invariant 13: what a parked row was tried with is in the ledger, not in the memory of who tried it."""
    lab = Lab(MAPPING.replace("after.value}, {account", "after.value + 0 / (after.value - 100)}, {account"), True)
    row = _row("100.00")
    lab.commit(lab.insert("asset", **row))
    lab.commit(lab.update("asset", row, id=2))
    tried = lab.ask("SELECT attempts, folded FROM syncd_parked ORDER BY id LIMIT 1")
    assert tried == [(2, 2)]
    if restarts:
        lab.ledger = lab.open_ledger()
        lab.ledger.acquire()
    lab.commit(lab.insert("asset", **row))
    assert [(code, state) for _, state, code in lab.parked] == [("uncomputable", "failed"), *[("behind", "behind")] * 2]
    assert lab.ask("SELECT attempts, folded FROM syncd_parked ORDER BY id LIMIT 1") == [(2, 3)]
