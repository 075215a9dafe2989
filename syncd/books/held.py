"""How much money parked rows hold back: what their vouchers would debit, as far as the rule says that by the row's own
columns."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple

from syncd.desk.parked.operators import Group, matching
from syncd.mapping.verbs.rule import Rule
from syncd.mapping.verbs.voucher import Voucher
from syncd.money import EXACT, ZERO
from syncd.ports import Ledger

ROWS_MAX: Final = 2_000
"""Rows of a group that are added up while somebody waits for a page: 20 ms."""
_CHANGES: Final = (
    "SELECT change FROM syncd.parked"
    " WHERE pipeline = ? AND (? = '' OR subject = ?) AND (? = '' OR state = ?) AND (? = '' OR rule = ?)"
    " AND (? = '' OR code = ?) AND (? = '' OR source_table = ?) AND id > ? AND id <= ? AND settled_at IS NULL"
    " ORDER BY id LIMIT ?"
)
Debited = Mapping[tuple[str, str], Decimal]
"""(`after` or `before`, column) → how often it is counted."""


class Held(NamedTuple):
    """What the first `rows` of a group hold, in yuan."""

    amount: Decimal
    rows: int


def by_rule(rules: Sequence[Rule]) -> Mapping[str, Debited]:
    """By rule what its voucher debits; without those of which that cannot be said by a row alone."""
    vouchers = ((rule, rule.verb(Voucher)) for rule in rules)
    found = ((rule.name, voucher.debited(rule)) for rule, voucher in vouchers if voucher is not None)
    return {name: debited for name, debited in found if debited}


def held(ledger: Ledger, pipeline: str, group: Group, rules: Mapping[str, Debited]) -> Held | None:
    """What the rows of a group hold; None where its rule does not say it."""
    debited = rules.get(group.rule)
    if debited is None:
        return None
    total, rows = ZERO, 0
    with closing(ledger.scan(_CHANGES, (pipeline, *matching(group.selection), ROWS_MAX))) as found:
        for (change,) in islice(found, ROWS_MAX):
            total, rows = EXACT.add(total, _of(json.loads(str(change)), debited)), rows + 1
    return Held(total, rows)


def _of(change: Mapping[str, Any], debited: Debited) -> Decimal:
    """Of a row; what of it is no amount counts for nothing."""
    total = ZERO
    for (side, column), times in debited.items():
        value = (change[side] or {}).get(column)
        try:
            amount = Decimal(value) if isinstance(value, str) else ZERO
        except ArithmeticError:
            continue
        total = EXACT.fma(times, amount, total) if amount.is_finite() else total
    return total
