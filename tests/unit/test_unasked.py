"""A card that is opened is not asked for where finance itself refuses one that is there; what is posted is the same."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from connectors.ledger.book import SqlBook
from tests.unit.lab import Lab

DAY: Final = date(2026, 2, 1)
MAPPING: Final = """
tables:
  asset: {table: eam.asset, key: id, subject: code,
          columns: {id: integer, code: text, name: text, value: money, on_date: date}}
rules:
  registration:
    on: asset
    when: op = 'insert'
    once: after.id
    card: {asset_code: after.code, name: after.name, original_value: after.value}
    voucher:
      type: "'转'"
      date: after.on_date
      summary: "'增加'"
      entries:
        - {account: "'1601'", debit: after.value, asset: after.code}
        - {account: "'1002'", credit: after.value}
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Collection[str]]:
    """Every question for cards."""
    questions: list[Collection[str]] = []
    real = SqlBook.cards

    def cards(book: SqlBook, asset_codes: Collection[str]) -> object:
        questions.append(sorted(asset_codes))
        return real(book, asset_codes)

    monkeypatch.setattr(SqlBook, "cards", cards)
    return questions


@pytest.mark.parametrize("splits", [True, False], ids=["one by one", "at once"])
def test_a_card_that_finance_has_typed_is_refused_whether_it_was_asked_for_or_not(
    splits: bool, asked: list[Collection[str]]
) -> None:
    """Invariants 2, 5 and 13: neither replaced nor posted, the others are, with numbers in the order of the log."""
    lab = Lab(MAPPING, splits)
    lab.commit(lab.insert("asset", id=1, code="FA-1", name="机床", value=Decimal(100), on_date=DAY))
    lab.rest()
    assert asked == [["FA-1"]]  # nobody knew yet whether finance would refuse it
    lab.commit(lab.insert("asset", id=2, code="FA-2", name="铣床", value=Decimal(200), on_date=DAY))
    lab.rest()
    assert asked == [["FA-1"]]
    lab.ask("INSERT INTO fa_card (asset_code, name, original_value) VALUES ('FA-4', '手工', '9')")
    for n in (3, 4, 5):
        lab.commit(lab.insert("asset", id=n, code=f"FA-{n}", name="车床", value=Decimal(300), on_date=DAY))
    lab.rest()
    assert [subject for subject, _, code in lab.parked if code == "card_exists"] == ["FA-4"]
    assert [(card[0], card[1]) for card in lab.cards] == [
        ("FA-1", "机床"), ("FA-2", "铣床"), ("FA-4", "手工"), ("FA-3", "车床"), ("FA-5", "车床"),
    ]  # fmt: skip
    assert [number for _, number, _, _ in lab.vouchers] == [1, 2, 3, 4]


def test_two_rows_of_one_batch_that_open_one_card_are_still_told_apart(asked: list[Collection[str]]) -> None:
    """Invariant 13: what the batch opens itself is known without finance."""
    lab = Lab(MAPPING)
    lab.commit(lab.insert("asset", id=1, code="FA-1", name="机床", value=Decimal(100), on_date=DAY))
    lab.rest()
    asked.clear()
    for n in (2, 3):
        lab.commit(lab.insert("asset", id=n, code="FA-2", name=f"铣床 {n}", value=Decimal(200), on_date=DAY))
    lab.turn()
    assert (asked, lab.parked) == ([], [("FA-2", "failed", "card_exists")])
