"""Whether both sides say the same: original value, accumulated depreciation and net value, per asset and in total.

Both sides are read in order of the asset code, as they come, and held against each other like two sorted piles of
paper: memory stays flat whatever the number of assets.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from syncd.mapping.expression import RUNTIME
from syncd.mapping.layout import FinanceLayout
from syncd.mapping.measures import FIELDS, Measures
from syncd.mapping.to_mysql import by_bytes
from syncd.mapping.to_sql import Dialect
from syncd.money import ZERO, decimal
from syncd.ports import Ledger

DIFFERENCES_MAX: Final = 1_000
"""Differences that are listed; all are counted."""


class Amounts(NamedTuple):
    """What one side says of an asset, or of all. In yuan; None for what cannot be read as an amount."""

    original_value: Decimal | None
    accumulated_depreciation: Decimal | None
    impairment: Decimal | None = ZERO

    @property
    def net_value(self) -> Decimal | None:
        """Original value less accumulated depreciation less impairment."""
        if self.original_value is None or self.accumulated_depreciation is None or self.impairment is None:
            return None
        return self.original_value - self.accumulated_depreciation - self.impairment

    def __add__(self, other: object) -> "Amounts":
        """Field by field; what cannot be read counts as nothing, its asset is listed as a difference."""
        assert isinstance(other, Amounts)
        return Amounts(*((one or ZERO) + (two or ZERO) for one, two in zip(self, other, strict=True)))


class Difference(NamedTuple):
    """Where the two sides differ. `asset_code` is empty for a total; None for the side that lacks the asset or has
    no readable amount."""

    asset_code: str
    field: str
    eam: Decimal | None
    finance: Decimal | None

    @property
    def share(self) -> Decimal:
        """How large the difference is against the EAM's amount: 0.01 is one per cent. 1 when a side is missing."""
        if self.eam is None or self.finance is None or self.eam == 0:
            return Decimal(self.eam != self.finance)
        return abs((self.finance - self.eam) / self.eam)


class Control(NamedTuple):
    """The balance of ledger accounts against the cards' total, both as they stand in finance."""

    field: str
    accounts: Sequence[str]
    balance: Decimal
    cards: Decimal

    @property
    def share(self) -> Decimal:
        """How far the balance is from the cards' total: 0.01 is one per cent of that total."""
        return Difference("", self.field, self.cards, self.balance).share


class Report(NamedTuple):
    """The outcome. `differing` counts the assets of which `differences` lists the first; `alerting` counts those
    above the alert, and the totals and controls that are. `parked` has, by asset code, the open parked rows of those
    that are listed: most often they are why."""

    assets: int
    eam: Amounts
    finance: Amounts
    differing: int
    differences: Sequence[Difference]
    totals: Sequence[Difference]
    controls: Sequence[Control]
    alerting: int
    parked: Mapping[str, Sequence[str]] = MappingProxyType({})


Sided = tuple[str, Amounts | None, Amounts | None]


def reconcile(measures: Measures, layout: FinanceLayout, eam: Iterator[Sequence[Any]], ledger: Ledger) -> Report:
    """Compare the EAM, whose rows are those of the measures' query, with the cards, and these with the accounts."""
    counts = _condition(measures.cards)
    with closing(ledger.scan(cards_query(layout, ledger.dialect))) as held:
        cards = ((str(row[0]), layout.card_row(row)) for row in held)
        found = ((code, _amounts(card)) for code, card in cards if counts(card))
        report = compare(side_by_side(map(_asset, eam), found), measures.alert_above)
    return controlled(report, list(_controls(measures, layout, ledger, report.finance)), measures.alert_above)


def parked(ledger: Ledger, pipeline: str, report: Report) -> dict[str, list[str]]:
    """The open parked rows of the assets that are listed: asset code → numbers, before each its partition's pipeline
    where the pipeline has partitions."""
    codes = list(dict.fromkeys(d.asset_code for d in report.differences))
    if not codes:
        return {}
    marks = ", ".join("?" * len(codes))
    rows = ledger.query(
        "SELECT subject, pipeline, id FROM syncd.parked WHERE settled_at IS NULL AND (pipeline = ? OR pipeline LIKE ?)"
        f" AND subject IN ({marks}) ORDER BY pipeline, id",
        (pipeline, f"{pipeline}/%", *codes),
    )
    found: dict[str, list[str]] = {}
    for subject, part, number in rows:
        found.setdefault(str(subject), []).append(str(number) if part == pipeline else f"{part}:{number}")
    return found


def cards_query(layout: FinanceLayout, dialect: Dialect) -> str:
    """All cards in the order of their codes' bytes."""
    code = layout.reads["asset_code"]
    order = {"postgres": f'{code} COLLATE "C"', "mysql": by_bytes(code)}.get(dialect, code)
    return f"{layout.all_cards_query()} ORDER BY {order}"


def entries_query(layout: FinanceLayout, accounts: int) -> str:
    """SELECT account code and amounts (debit, then credit or less credit) of the entries to so many accounts. Empty
    when the layout does not say how to read them back."""
    if len(layout.entries) != 1 or layout.entries[0].named is not None:
        return ""
    (table,) = layout.entries
    columns = {re.sub(r"\s+", "", e.text.lower()): f"e.{column}" for column, e in table.columns.items()}
    amounts = (
        [columns.get("entry.debit-entry.credit")]
        if "entry.debit-entry.credit" in columns
        else [columns.get("entry.debit"), columns.get("entry.credit")]
    )
    looked_up = f"{layout.file.accounts.lower()}(entry.account)"
    account, joined = columns.get("entry.account"), ""
    if account is None and looked_up in columns:
        spec = layout.lookups[layout.file.accounts]
        account, joined = f"a.{spec.code}", f" JOIN {spec.table} AS a ON a.{spec.gives} = {columns[looked_up]}"
    if account is None or None in amounts:
        return ""
    marks = ", ".join("?" * accounts)
    return (
        f"SELECT {account}, {', '.join(map(str, amounts))} FROM {table.name} AS e{joined} WHERE {account} IN ({marks})"
    )


def side_by_side(eam: Iterable[tuple[str, Amounts]], finance: Iterable[tuple[str, Amounts]]) -> Iterator[Sided]:
    """Both sides, ordered by code, asset by asset; None where a side lacks it. A code that a side has twice is
    lacking on the other the second time."""
    left, right = iter(eam), iter(finance)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield one[0], one[1], None
            one = next(left, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(right, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(left, None), next(right, None)


def compare(pairs: Iterable[Sided], alert_above: Decimal) -> Report:
    """The report on all assets, without controls."""
    assets = differing = alerting = 0
    eam = finance = Amounts(ZERO, ZERO)
    listed: list[Difference] = []
    for code, one, other in pairs:
        assets += 1
        eam, finance = eam + (one or Amounts(ZERO, ZERO)), finance + (other or Amounts(ZERO, ZERO))
        if one == other:
            continue
        found = list(differences(code, one, other))
        differing += bool(found)
        alerting += any(d.share > alert_above for d in found)
        listed += islice(found, DIFFERENCES_MAX - len(listed))
    totals = list(differences("", eam, finance))
    alerting += any(d.share > alert_above for d in totals)
    return Report(assets, eam, finance, differing, listed, totals, (), alerting)


def controlled(report: Report, controls: Sequence[Control], alert_above: Decimal) -> Report:
    """The report with its controls; they count once if any is above the alert and no total has said so already."""
    alerts = any(control.share > alert_above for control in controls)
    is_said = any(total.share > alert_above for total in report.totals)
    return report._replace(controls=controls, alerting=report.alerting + (alerts and not is_said))


def differences(code: str, eam: Amounts | None, finance: Amounts | None) -> Iterator[Difference]:
    """The values in which an asset differs."""
    for field in (*FIELDS, "net_value"):
        one = getattr(eam, field) if eam else None
        other = getattr(finance, field) if finance else None
        if one != other or one is None:
            yield Difference(code, field, one, other)


def _asset(row: Sequence[Any]) -> tuple[str, Amounts]:
    code, *amounts = row
    return str(code), Amounts(*(None if amount is None else decimal(amount) for amount in amounts))


def _amounts(card: Mapping[str, Any]) -> Amounts:
    return Amounts(*(card.get(field) or ZERO for field in FIELDS))


def _controls(measures: Measures, layout: FinanceLayout, ledger: Ledger, cards: Amounts) -> Iterator[Control]:
    """Debit balances for the original value, credit balances for what reduces it."""
    for field, accounts in measures.accounts.items():
        query = entries_query(layout, len(accounts))
        if not query:
            return
        debit = ZERO
        with closing(ledger.scan(query, accounts)) as entries:
            for _, amount, *credit in entries:
                debit += decimal(amount) - (decimal(credit[0]) if credit else ZERO)
        balance = debit if field == FIELDS[0] else -debit
        yield Control(field, accounts, balance, getattr(cards, field) or ZERO)


def _condition(source: str) -> Callable[[Mapping[str, Any]], bool]:
    """The mapping's condition on a card, as a function."""
    if not source:
        return lambda card: True
    scope = dict(RUNTIME)
    exec(f"def counts(card):\n    return {source}", scope)
    return scope["counts"]  # type: ignore[return-value]
