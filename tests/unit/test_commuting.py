"""Invariant 4: an edit of a collected row goes before parked rows of its subject only where it makes no difference
which of them is first. Each log is carried twice, with the document posted when it comes and with it parked until its
account is there, and must end in the same books."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from syncd.change import Value
from tests.unit.lab import NAME, Lab
from tests.unit.test_log_decides import ASSET, REGISTRATION, asset

MAPPING: Final = f"""
tables:
  asset: {{table: asset, key: id, subject: asset_code, {ASSET}}}
  due:
    table: due
    key: id
    join: {{asset: asset_id}}
    subject: asset.asset_code
    columns: {{id: integer, asset_id: integer, claim: text, amount: money, on_: date}}
  work:
    table: work
    key: id
    join: {{asset: asset_id}}
    subject: asset.asset_code
    columns: {{id: integer, asset_id: integer, claim: text, amount: money, on_: date, account: text}}
  note:
    table: note
    key: id
    join: {{asset: asset_id}}
    subject: asset.asset_code
    columns: {{id: integer, asset_id: integer, claim: text, amount: money, on_: date, account: text}}
  run: {{table: run, key: id, columns: {{id: integer, status: text}}}}
rules:
  registration:
    on: asset
    when: op = 'insert'
{REGISTRATION}
  due:
    on: due
    once: {{key: after.claim, as: claim, unique: true}}
    edited: refuse
    collect: {{group: "'all'", post: {{on: run, when: after.status = 'ok', group: "'all'"}}}}
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'due'"
      entries: [{{account: "'6602'", debit: after.amount}}, {{account: "'1002'", credit: after.amount}}]
    OF_DUE
  work:
    on: work
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'work'"
      entries: [{{account: after.account, debit: after.amount}}, {{account: "'1002'", credit: after.amount}}]
    OF_WORK
  note:
    on: note
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'note'"
      entries: [{{account: after.account, debit: after.amount}}, {{account: "'1002'", credit: after.amount}}]
"""
DAY: Final = date(2026, 2, 3)
DUE: Final[dict[str, Value]] = {"id": 1, "asset_id": 1, "claim": "6", "amount": Decimal("10.00"), "on_": DAY}
WORK: Final[dict[str, Value]] = {**DUE, "claim": "7", "account": "9999"}
IN_USE: Final = "coalesce(other.status, 'in_use') = 'in_use'"
SCRAPS: Final = "change: {asset_code: \"'B'\", status: \"'scrapped'\"}"
OPENS: Final = """card: {asset_code: "'C'", name: "'mill'", original_value: "0.00", accumulated_depreciation: "0.00",
           status: "'in_use'"}"""


def edited_if(check: str, code: str) -> str:
    """An edit of the amount asks for something of a card."""
    told = f'check: "after.amount = 10 OR {check}", says: {{zh: 不可, en: no}}'
    return f"cards: {{other: \"'{code}'\"}}\n    require: [{{{told}}}]"


CASES: Final[dict[str, tuple[str, str, dict[str, Value], bool]]] = {
    "nothing in common": ("", "", {"amount": Decimal(12)}, True),
    "a field that the edit does not read": (
        edited_if(IN_USE, "B"),
        "change: {asset_code: \"'B'\", name: \"'mill'\"}",
        {"amount": Decimal(12)},
        True,
    ),
    "a field that the edit reads": (
        edited_if(IN_USE, "B"),
        SCRAPS,
        {"amount": Decimal(12)},
        False,
    ),
    "the card that the edit reads": (edited_if("NOT other.exists", "C"), OPENS, {"amount": Decimal(12)}, False),
    "the fact that the edit claims": ("", "once: {key: after.claim, as: claim, unique: true}", {"claim": "7"}, False),
    "postings that the edit cancels": (
        "\n".join(("", "  cancels:", "    on: due", "    when: op = 'update'", "    reverse: work")),
        "",
        {"amount": Decimal(12)},
        False,
    ),
    "a field that is read where the row comes from": (
        edited_if(IN_USE, "B"),
        SCRAPS,
        {"amount": Decimal(12), "asset_id": 2},
        False,
    ),
}
"""What the document touches → what the rules on both say, what the edit changes, and whether it goes ahead."""


def carried(of_due: str, of_work: str, edit: dict[str, Value], is_late: bool) -> tuple[Any, Any]:
    """What is collected right behind the edit, and the books in the end."""
    lab = Lab(MAPPING.replace("OF_DUE", of_due).replace("OF_WORK", of_work), True)
    account = "INSERT INTO gl_account VALUES ('9999')"
    if not is_late:
        lab.database.execute(account)
    lab.commit(lab.insert("asset", **asset(1, "A")), lab.insert("asset", **asset(2, "B")))
    lab.commit(lab.insert("due", **DUE))
    lab.commit(lab.insert("work", **WORK))
    lab.commit(lab.insert("note", **{**WORK, "asset_id": 2}))
    lab.commit(lab.update("due", DUE, **edit))
    lab.rest()
    kept = lab.ask(f"SELECT change FROM syncd_collected WHERE pipeline = '{NAME}'")
    if is_late:
        assert ("A", "failed", "unknown_account") in lab.parked
        lab.database.execute(account)
        lab.retry()
    lab.commit(lab.insert("run", id=1, status="ok"))
    lab.rest()
    accounts = [lab.balance(account) for account in ("1002", "1601", "6602", "9999")]
    return kept, (sorted(lab.cards), accounts, lab.parked)


@pytest.mark.parametrize("touched", CASES)
def test_an_edit_goes_ahead_only_where_it_makes_no_difference(touched: str) -> None:
    """The books are those of the order in which the EAM said it, whether it goes ahead or waits."""
    *rules, edit, goes_ahead = CASES[touched]
    (_, in_time), (kept, late) = (carried(*rules, edit, is_late) for is_late in (False, True))
    assert late == in_time
    first, _ = carried(*rules, {}, True)
    assert (kept != first) == goes_ahead
