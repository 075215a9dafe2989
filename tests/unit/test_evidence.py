"""Invariants 1 and 14: what a snapshot that is taken again finds otherwise than the mirror has it was changed, and no
log said so. It is carried as the change that it is; a mirror that was set right without it would hide it for ever."""

from decimal import Decimal

import pytest

from connectors.memory import MemorySource
from tests.unit.lab import NAME, Feed, Lab
from tests.unit.test_log_decides import REGISTRATION, asset

MAPPING = f"""
tables:
  asset:
    table: asset
    key: id
    subject: asset_code
    columns: {{id: integer, asset_code: text, name: text, status: text, value: money, on_: date}}
rules:
  registration:
    on: asset
    when: op IN ('insert', 'read')
    snapshot: post
{REGISTRATION.strip(chr(10))}
  corrected:
    on: asset
    when: op = 'update' AND after.value <> before.value
    change: {{asset_code: after.asset_code, original_value: card.original_value + after.value - before.value}}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'corrected'"
      entries:
        - {{account: "'1601'", debit: after.value - before.value}}
        - {{account: "'1002'", credit: after.value - before.value}}
"""


def lose(lab: Lab) -> None:
    """The checkpoint moves over what waits, and nothing of it was carried."""
    position = lab.feed.take()[-1].position
    lab.database.execute("UPDATE syncd_pipeline SET position = ?", (position,))
    lab.ledger = lab.open_ledger()


def snapshot_again(lab: Lab) -> None:
    source: MemorySource = lab.open_source()
    checkpoint = lab.ledger.checkpoint()
    assert checkpoint is not None
    source.snapshot_again(checkpoint)
    lab.feed, lab.translator = Feed(source, 1_000), lab.mapping.translator(NAME, again=True)
    lab.rest()


@pytest.mark.parametrize("times", [1, 2])
def test_a_change_that_no_log_said_is_carried_by_a_snapshot_that_is_taken_again(times: int) -> None:
    lab = Lab(MAPPING)
    lab.commit(lab.insert("asset", **asset(1)), lab.insert("asset", **asset(2, "B")))
    lab.rest()
    for n in range(times):
        old, new = (Decimal(f"{100 + 50 * m}.00") for m in (n, n + 1))
        lab.commit(lab.update("asset", asset(1, value=old), value=new))
        lose(lab)
        snapshot_again(lab)
    assert [(card[0], str(card[2])) for card in lab.cards] == [("A", f"{100 + 50 * times}.00"), ("B", "100.00")]
    assert [summary for *_, summary in lab.vouchers] == ["add", "add", *["corrected"] * times]
    snapshot_again(lab)
    assert len(lab.vouchers) == 2 + times, "and only once"
