"""Invariant 8: what was made of a source row is cancelled with it, whatever its subject was called when it was made."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.lab import NAME, Lab

MAPPING = """
tables:
  asset: {table: asset, key: id, subject: asset_code, columns: {id: integer, asset_code: text, value: money, on_: date}}
  cost:
    table: cost
    key: id
    join: {asset: asset_id}
    subject: asset.asset_code
    columns: {id: integer, asset_id: integer, amount: money, on_: date}
rules:
  bought:
    on: asset
    when: op = 'insert'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'add'"
      entries: [{account: "'1601'", debit: after.value}, {account: "'1002'", credit: after.value}]
  more:
    on: asset
    when: op = 'update' AND after.value > before.value
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'add'"
      entries:
        - {account: "'1601'", debit: after.value - before.value}
        - {account: "'1002'", credit: after.value - before.value}
  gone: {on: asset, when: op = 'delete', reverse: [bought, more]}
  spent:
    on: cost
    when: op = 'insert'
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'add'"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
  unspent: {on: cost, when: op = 'delete', reverse: spent}
"""


def _asset(id: int, code: str, value: str = "100.00") -> dict[str, Any]:
    return {"id": id, "asset_code": code, "value": Decimal(value), "on_": date(2026, 2, 3)}


COST = {"id": 1, "asset_id": 1, "amount": Decimal("5.00"), "on_": date(2026, 2, 3)}


@pytest.fixture(params=["at rest between", "one batch", "restarts"])
def lab(request: pytest.FixtureRequest) -> Lab:
    found = Lab(MAPPING, splits=request.param != "one batch")
    found.restarts = request.param == "restarts"  # type: ignore[attr-defined]
    return found


def commit(lab: Lab, *writes: Any) -> None:
    lab.commit(*writes)
    if lab.restarts:  # type: ignore[attr-defined]
        lab.ledger, lab.translator = lab.open_ledger(), lab.mapping.translator(NAME)
        lab.ledger.acquire()
        lab.feed = lab.open_feed()


def test_a_renamed_asset_that_is_deleted_is_cancelled_whole(lab: Lab) -> None:
    """Under three names, and an asset that bears one of them now keeps what is its own."""
    commit(lab, lab.insert("asset", **_asset(1, "A")))
    commit(lab, lab.update("asset", _asset(1, "A"), value=Decimal("130.00")))
    commit(lab, lab.update("asset", _asset(1, "A", "130.00"), asset_code="B"))
    commit(lab, lab.update("asset", _asset(1, "B", "130.00"), value=Decimal("135.00")))
    commit(lab, lab.update("asset", _asset(1, "B", "135.00"), asset_code="C"))
    commit(lab, lab.insert("asset", **_asset(2, "A", "7.00")))
    commit(lab, lab.delete("asset", **_asset(1, "C", "135.00")))
    lab.rest()
    assert not lab.parked
    assert lab.balance("1601") == Decimal("7.00")


@pytest.mark.parametrize("how", ["its asset is renamed", "it is moved to another"])
def test_a_row_of_an_asset_that_is_called_otherwise_by_now(lab: Lab, how: str) -> None:
    commit(lab, lab.insert("asset", **_asset(1, "A")), lab.insert("asset", **_asset(2, "Z")))
    commit(lab, lab.insert("cost", **COST))
    commit(lab, lab.insert("cost", **{**COST, "id": 2}))
    last = {**COST, "asset_id": 2} if how == "it is moved to another" else COST
    if last is COST:
        commit(lab, lab.update("asset", _asset(1, "A"), asset_code="B"))
    else:
        commit(lab, lab.update("cost", COST, **last))
    commit(lab, lab.delete("cost", **last))
    lab.rest()
    assert not lab.parked
    assert lab.balance("6602") == Decimal("5.00"), "the other one stands"


def test_the_key_of_a_cancellation_goes_with_the_newest_posting(lab: Lab) -> None:
    """Invariant 2: a log that is read again says the same keys of the same postings."""
    commit(lab, lab.insert("asset", **_asset(1, "A")))
    commit(lab, lab.update("asset", _asset(1, "A"), value=Decimal("130.00")))
    commit(lab, lab.delete("asset", **_asset(1, "A", "130.00")))
    lab.rest()
    cancelled = lab.ask("SELECT key LIKE '%/red/2', reverses FROM syncd_posting WHERE reverses <> '' ORDER BY 1")
    assert [str(key).partition("/")[0] for _, key in cancelled] == ["more", "bought"]
