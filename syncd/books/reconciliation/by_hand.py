"""Vouchers by hand on controlled accounts: which entries there are since syncd posts, and the red letter that a person
may accept, as a row of a table of the mapping."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from syncd.books import balances
from syncd.books.reconciliation.asked import Asked
from syncd.books.reconciliation.causes import SQL
from syncd.books.reconciliation.reconcile import Cause, Control, Difference, Manual
from syncd.change import Change, Position, Value, key_text
from syncd.desk import closing, partitions
from syncd.errors import Fault
from syncd.mapping.language.blocks.measures import FIELDS
from syncd.money import ZERO, decimal
from syncd.ports import Ledger, Period
from syncd.posting import BY_HAND, Entry, Posting, Voucher
from syncd.record import decode_voucher, encode_change, encode_content

ENTRIES_MAX: Final = 1_000
TOLD: Final = "cause_manual"


def entries(asked: Asked, ledger: Ledger, controls: Collection[Control]) -> list[Manual]:
    """Entries of vouchers that no posting made, since syncd posts, and that none has cancelled: all of accounts that do
    not hold what the cards say; of others those to assets that are left with something, as when an amount was moved
    from one asset to another."""
    found: list[Manual] = []
    off = {control.field for control in controls if control.balance != control.cards}
    since = _since(asked, ledger)
    for control in controls:
        query = asked.layout.manual_query(len(control.accounts))
        if not query or since is None:
            break
        for account, asset, debit, credit, *voucher in ledger.query(query, (*control.accounts, since, ENTRIES_MAX)):
            amount = decimal(debit) - decimal(credit)
            if amount != ZERO:
                amount = amount if control.field == FIELDS[0] else -amount
                parts = tuple(str(part) for part in voucher)
                entry = (control.field, str(account), str(asset or ""), " ".join(parts), amount)
                found.append(Manual(*entry, _reference(asked, parts), parts))
    over = _cancelled(ledger, found)
    stand = _left([one for one in found if one.reference not in over], off)
    causes = _causes(asked, ledger, stand)
    return [*(one._replace(cause=causes.get(one.parts)) for one in stand), *_edited(found, over)]


def _left(found: Sequence[Manual], off: Collection[str]) -> list[Manual]:
    """Without those of accounts that hold what the cards say, where an asset has nothing left of them all."""
    rest: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in found:
        rest[one.account, one.asset_code] += one.amount
    moved = {account for (account, asset), amount in rest.items() if asset and amount != ZERO}
    return [
        one for one in found if one.field in off or (one.account in moved and rest[one.account, one.asset_code] != ZERO)
    ]


Cancelled = Mapping[str, Mapping[tuple[str, str], Decimal]]
"""By reference of a voucher by hand what its red letter took from accounts, debit less credit, by account and asset."""


def _cancelled(ledger: Ledger, found: Sequence[Manual]) -> Cancelled:
    keys = sorted({f"{BY_HAND}{one.reference}" for one in found if one.reference})
    taken: dict[str, defaultdict[tuple[str, str], Decimal]] = {}
    for key, content in ledger.query(SQL["cancelled"], (keys,)) if keys else ():
        red = decode_voucher(str(content))
        of = taken.setdefault(str(key).removeprefix(BY_HAND), defaultdict(Decimal))
        for entry in () if red is None else red.entries:
            of[entry.account, str(entry.dims.get("asset") or "")] += entry.debit - entry.credit
    return taken


def _edited(found: Sequence[Manual], over: Cancelled) -> Iterator[Manual]:
    """What stands of vouchers that were cancelled and then changed: by how much they are another than was cancelled."""
    together: dict[tuple[str, str, str], Manual] = {}
    for one in found:
        if one.reference in over:
            place = one.reference, one.account, one.asset_code
            before = together.get(place)
            together[place] = one if before is None else one._replace(amount=before.amount + one.amount)
    for (reference, account, asset), one in together.items():
        taken = over[reference].get((account, asset), ZERO)
        rest = one.amount + (taken if one.field == FIELDS[0] else -taken)
        if rest != ZERO:
            yield one._replace(amount=rest)


def _since(asked: Asked, ledger: Ledger) -> str | date | None:
    """The first period in which syncd has posted, or its first day where vouchers do not say theirs: what lies there
    before is an opening balance. None where it has posted nothing."""
    begun = closing.begun(ledger, asked.layout.kept(""))
    if begun is None or "voucher.period" in asked.layout.naming:
        return begun
    return next((period.first for period in _periods(asked, ledger) if period.code == begun), None)


def _periods(asked: Asked, ledger: Ledger) -> Sequence[Period]:
    query = asked.layout.periods_query()
    return asked.layout.periods(ledger.query(query) if query else [])


def _causes(asked: Asked, ledger: Ledger, found: Sequence[Manual]) -> Mapping[tuple[str, ...], Cause]:
    """By what names a voucher what becomes of it, where the mapping has a rule that cancels it."""
    if asked.by_hand is None or asked.is_partitioned:
        return {}
    alias = asked.by_hand.table.alias
    references = sorted({one.reference for one in found if one.reference})
    names = partitions.names(ledger, asked.pipeline)
    rows = ledger.query(SQL["parked"], (names, [""], alias, references)) if references else []
    parked = {str(key): (str(number), str(state), str(code)) for _, key, _, number, state, code, _ in rows}
    told: dict[tuple[str, ...], Cause] = {}
    for one in found:
        if one.parts in told or not one.reference:
            continue
        number, state, code = parked.get(one.reference, ("", "", ""))
        if state in ("approval", "failed", "behind"):
            told[one.parts] = Cause(f"cause_{state}", {"id": number, "code": code}, f"propose_{state}")
        elif change := _change(asked, ledger, one, [other for other in found if other.parts == one.parts]):
            told[one.parts] = Cause(TOLD, {"change": change}, "propose_cancelling")
    return told


def differences(found: Sequence[Manual], last: int) -> list[Difference]:
    """Entries by hand as differences of their own, numbered behind the `last`: finance has an amount on an account that
    the EAM knows nothing of, by the voucher that is named."""
    listed: list[Difference] = []
    for number, one in enumerate(found, last + 1):
        cause = one.cause or Cause(TOLD, {}, "propose_manual")
        if cause.code == TOLD:
            cause = cause._replace(params={"voucher": one.voucher, "account": one.account, **cause.params})
        listed.append(Difference(one.asset_code, one.field, None, one.amount, cause, number))
    return listed


def _named(asked: Asked, parts: Sequence[str]) -> tuple[str, str, int]:
    """Period, type and number of a voucher that finance names so; a number of 0 where one of them is missing."""
    said = dict(zip(asked.layout.naming, parts, strict=True))
    written = said.get("voucher.label", said.get("voucher.number"))
    number = 0
    with suppress(ValueError):
        number = asked.layout.number_in(written)
    if not {"voucher.period", "voucher.type"} <= said.keys():
        return "", "", 0
    return said["voucher.period"], said["voucher.type"], number


def _reference(asked: Asked, parts: Sequence[str]) -> str:
    """What people call the voucher, as they call ours; empty where it cannot be told."""
    period, kind, number = _named(asked, parts)
    return asked.layout.voucher_ref(period, kind, number, "") if number else ""


def _change(asked: Asked, ledger: Ledger, one: Manual, mine: Sequence[Manual]) -> str:
    """The row that asks for its red letter, as JSON; empty where finance does not tell all of it, or it is none that
    could be posted."""
    voucher = _voucher(asked, ledger, one)
    if voucher is None or asked.by_hand is None:
        return ""
    table = asked.by_hand.table
    number = _named(asked, one.parts)[2]
    at = datetime.now(UTC)
    made = Posting("", "", "", Change(table.alias, "insert", None, None, Position(""), at), voucher=voucher)
    asset = min((other.asset_code for other in mine if other.asset_code), default=None)
    content = encode_content(made, finance=("", number))
    row = asked.by_hand.fill(one.reference, asset, voucher.date, voucher.summary, content)
    change = Change(table.alias, "insert", None, row, Position(""), at)
    return encode_change(table, change) if key_text(table, row) == one.reference else ""


def _voucher(asked: Asked, ledger: Ledger, one: Manual) -> Voucher | None:
    """A voucher by hand with all its entries."""
    period, kind, _ = _named(asked, one.parts)
    layout, naming = asked.layout, asked.layout.naming
    periods = [known for known in _periods(asked, ledger) if known.code == period]
    dims = [f"entry.{dim}".lower() for dim in layout.file.dims]
    if not periods or not balances.can_read(layout, periods, "voucher.date", *naming, *dims):
        return None
    where = " AND ".join(f"{{{field}}} = ?" for field in naming)
    try:
        lines = list(balances.entries(ledger, layout, periods, where, one.parts))
    except Fault:
        return None
    if len(lines) < 2 or sum((line.net for line in lines), ZERO) != ZERO or (day := lines[0].day) is None:
        return None
    made = tuple(_entry(layout.file.quantities, line) for line in lines if line.debit or line.credit)
    return Voucher(kind, period, day, day, lines[0].summary, made)


def _entry(quantities: Collection[str], line: balances.JournalEntry) -> Entry:
    dims: dict[str, Value] = {
        name: None if not value else Decimal(value) if name in quantities else value
        for name, value in line.dims.items()
    }
    return Entry(line.account, line.debit, line.credit, line.summary, dims)
