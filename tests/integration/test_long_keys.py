"""Keys that no index of PostgreSQL holds, 2,704 bytes: of a source's row, of what a rule posts once, of a join, of a
group. Their rows are carried as any others, and a repeat is a repeat. Invariants 2 and 5."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal
from random import Random
from string import ascii_letters

import pytest

from syncd.change import KEY_BYTES_MAX, Column, Kind, Table, bounded, join_key, key_text, keyer
from tests.advice import advice
from tests.integration.server_lab import on_mariadb, on_postgres

MAPPING = """
tables:
  bill:
    table: bill
    key: [code, n]
    subject: left(code, 20)
    columns: {code: text, n: integer, amount: money, on_: date, memo: text}
  note: {table: note, key: memo, columns: {memo: text, account: text}}
  run: {table: run, key: memo, columns: {memo: text}}
rules:
  billed:
    on: bill
    when: op = 'insert'
    join: {note: after.memo}
    once: after.memo
    voucher: &v
      type: "'记'"
      date: after.on_
      summary: "'bill'"
      entries: [{account: note.account, debit: after.amount}, {account: "'1002'", credit: after.amount}]
  collected:
    on: bill
    when: op = 'insert'
    join: {note: after.memo}
    collect: {group: [after.memo], post: {on: run, when: op = 'insert', group: [after.memo]}}
    voucher: *v
  gone: {on: bill, when: op = 'delete', reverse: [billed]}
"""
CHANCE = Random(7)
LONG = "".join(CHANCE.choices(ascii_letters, k=3_000))
CHINESE = "资" * 1_000


@pytest.mark.parametrize("long", [LONG, CHINESE])
def test_a_key_that_no_index_holds_is_carried_as_any_other(new_database: Callable[[], str], long: str) -> None:
    lab = on_postgres(new_database(), MAPPING)
    with closing(lab.ledger):
        row = {"code": f"A{long}", "n": 1, "amount": Decimal(5), "on_": date(2026, 2, 3), "memo": f"once {long}"}
        again = {**row, "n": 2}
        lab.commit(lab.insert("note", memo=row["memo"], account="6602"))
        lab.commit(lab.insert("bill", **row))
        lab.commit(lab.insert("bill", **again))
        lab.commit(lab.insert("run", memo=row["memo"]))
        lab.rest()
        entries = "SELECT sum(debit::numeric), count(*) FROM gl_entry WHERE account = '6602'"
        assert lab.ledger.query(entries) == [(Decimal(15), 2)], "once by its key, and both rows of the group"
        lab.commit(lab.update("bill", row, amount=Decimal(6)))
        lab.commit(lab.delete("bill", **{**row, "amount": Decimal(6)}))
        lab.rest()
        assert lab.ledger.query(entries) == [(Decimal(10), 3)]
        assert lab.ledger.query("SELECT code FROM syncd.parked WHERE settled_at IS NULL") == []


PLAIN = """
tables:
  bill: {table: bill, key: code, columns: {code: text, amount: money, on_: date}}
rules:
  billed:
    on: bill
    when: op = 'insert'
    once: left(after.code, 20)
    voucher:
      type: "'记'"
      date: after.on_
      summary: "'bill'"
      entries: [{account: "'6602'", debit: after.amount}, {account: "'1002'", credit: after.amount}]
"""


@advice("key_long")
def test_a_key_that_mariadb_cannot_keep_parks_its_row_and_no_other(new_mariadb: Callable[[], str]) -> None:
    """Invariant 5; shortened in the EAM it is posted."""
    lab = on_mariadb(new_mariadb(), PLAIN)
    with closing(lab.ledger):
        row = {"code": LONG[:507], "amount": Decimal(5), "on_": date(2026, 2, 3)}
        longer = {**row, "code": f"X{LONG[:507]}"}
        for one in (longer, row, {**row, "code": LONG}):
            lab.commit(lab.insert("bill", **one))
        lab.commit(lab.update("bill", longer, amount=Decimal(6)))
        lab.rest()
        parked = "SELECT code FROM syncd.parked WHERE settled_at IS NULL"
        assert lab.ledger.query(parked) == [("key_long",)] * 2
        assert lab.ledger.query("SELECT count(*) FROM gl_voucher") == [(1,)], "and what is longer than any index is cut"
        lab.commit(lab.update("bill", {**longer, "amount": Decimal(6)}, code="X-1"))
        lab.rest()
        assert lab.ledger.query(parked) == []
        assert lab.ledger.query("SELECT sum(debit) FROM gl_entry") == [(11,)]


def test_a_long_key_is_its_beginning_and_a_digest_and_a_short_one_stays() -> None:
    """What was a key of a landed version is one still: no index held a longer one."""
    table = Table("t", "t", (Column("a", Kind.TEXT), Column("b", Kind.TEXT)), (0,))
    for text in ("short", "x" * KEY_BYTES_MAX, "资" * (KEY_BYTES_MAX // 3), "a|b" * 800):
        assert key_text(table, (text, None)) == keyer(table)((text, None)) == join_key([text]) == text
    seen = {key_text(table, (f"{LONG}{n}", None)) for n in range(10)}
    assert len(seen) == 10
    assert all(len(key.encode()) <= KEY_BYTES_MAX and key.startswith(LONG[:100]) for key in seen)
    assert keyer(table)((LONG, None)) == key_text(table, (LONG, None)) == bounded(LONG)
