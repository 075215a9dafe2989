"""Why accounts do not hold of a document what the EAM says, by what syncd's own tables and the entries tell.

The first reason that holds is told, as of assets: `causes`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from syncd.books.reconciliation import causes, open_items
from syncd.books.reconciliation.as_read import SEVERAL
from syncd.books.reconciliation.asked import Asked
from syncd.books.reconciliation.open_items import ByHand, Items, Part
from syncd.books.reconciliation.reconcile import ENTRY_CHANGED, Cause, Found
from syncd.desk import closing, partitions
from syncd.money import ZERO
from syncd.posting import Voucher
from syncd.record import decode_voucher

_POSTED: Final = """
    SELECT key, subject, source, content FROM syncd.posting WHERE pipeline IN (?*)
      AND (subject IN (?*) OR source IN (?*) OR key IN (?*)) AND length(content) < ?
"""
_FINANCE: Final = "propose_items"


def explain(asked: Asked, items: Items, found: Sequence[Found]) -> dict[str, Cause]:
    """By document the cause of its difference."""
    told: dict[str, Cause] = {}
    rest = iter(found)
    while lot := list(islice(rest, causes.CODES_ASKED_MAX)):
        told |= dict(_explained(asked, items, lot))
    return told


def _explained(asked: Asked, items: Items, found: Sequence[Found]) -> Iterator[tuple[str, Cause]]:
    keys = {f.code: [key for key in f.key.split(SEVERAL) if key] for f in found}
    known = causes.known_of(asked, items.ledger, items.balance.judged, keys)
    by_hand: defaultdict[str, list[ByHand]] = defaultdict(list)
    since = closing.begun(items.ledger, items.layout.kept("")) or ""
    for entry in open_items.by_hand(items, [*keys]):
        is_alike = entry.period[4:5] == since[4:5]  # `2026-02`, which is compared with no `202602`
        if not is_alike or entry.period >= since:  # what lay there before is an opening balance
            by_hand[entry.code].append(entry)
    posted, altered = _posted(asked, items, keys)
    for one in found:
        cause = known.of(one.code)
        yield (
            one.code,
            cause or _of_entries(one, by_hand[one.code], known, one.code in posted, altered.get(one.code, "")),
        )


def _of_entries(found: Found, by_hand: Sequence[ByHand], known: causes.Known, is_posted: bool, altered: str) -> Cause:
    if altered:
        return Cause(ENTRY_CHANGED, {"voucher": altered}, _FINANCE)
    if by_hand and sum((entry.amount for entry in by_hand), ZERO):
        params = {"voucher": by_hand[-1].voucher, "account": by_hand[-1].account}
        return Cause("cause_manual", params, "propose_manual")
    if edited := known.edited(found.code):
        return Cause("cause_edited", {"id": edited}, "propose_eam_row")
    if given_up := known.given_up(found.code):
        return Cause("cause_discarded", {"id": given_up}, "propose_eam_row")
    if not is_posted and found.finance is not None:
        return Cause("cause_opening_item", {}, _FINANCE)
    return Cause("cause_not_posted", {}, _FINANCE)


def _posted(asked: Asked, items: Items, keys: Mapping[str, Sequence[str]]) -> tuple[set[str], dict[str, str]]:
    """The documents of which something was posted; and by document the posting whose entries finance does not hold as
    they were posted."""
    held: defaultdict[str, dict[Part, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for key, part, amount in open_items.ours(items, [*keys]):
        held[key][part] += amount
    of_row = {f"{items.balance.judged}:{key}": code for code, own in keys.items() for key in own}
    names = partitions.names(items.ledger, asked.pipeline)
    rows = items.ledger.query(_POSTED, (names, [*keys], [*of_row], [*held], causes.CONTENT_CHARS_MAX))
    posted: set[str] = set()
    altered: dict[str, str] = {}
    for posting, subject, source, content in rows:
        posted |= {str(subject), of_row.get(str(source), "")}
        recorded = _recorded(items, str(subject), decode_voucher(str(content)))
        there = held.get(str(posting), {})
        for part in recorded.keys() | there.keys():
            if part[0] in keys and recorded.get(part, ZERO) != there.get(part, ZERO):
                altered[part[0]] = str(posting)
    return posted, altered


def _recorded(items: Items, subject: str, voucher: Voucher | None) -> Mapping[Part, Decimal]:
    """What a posting has put on the accounts, by document and what `by` names."""
    balance, found = items.balance, defaultdict[Part, Decimal](Decimal)
    block, _, field = balance.told_by.partition(".")
    for e in () if voucher is None else voucher.entries:
        if e.account in balance.accounts and voucher is not None:
            of_voucher = voucher.fields.get(field) if field in voucher.fields else subject
            code = e.dims.get(field) if block == "entry" else of_voucher
            texts = [e.dims.get(dim) for dim in balance.by]
            part = tuple("" if text is None else str(text) for text in (code, *texts))
            found[part] += balance.sign * (e.debit - e.credit)
    return found
