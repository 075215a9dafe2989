"""All kinds of warning of a window of time."""

from collections.abc import Sequence
from contextlib import closing

from syncd.books.warnings import kinds, record
from syncd.books.warnings.by_hand import by_hand
from syncd.books.warnings.notice import Kind, Notice, Report, Window
from syncd.mapping.language.blocks.measures import Measures
from syncd.mapping.language.blocks.screens import DataQuality
from syncd.mapping.layout.layout import FinanceLayout
from syncd.mapping.verbs.rule import Rule
from syncd.ports import Ledger
from syncd.spread import Spread


def look(
    ledger: Ledger,
    pipeline: str,
    quality: DataQuality,
    rules: Sequence[Rule],
    layout: FinanceLayout,
    measures: Measures | None,
    window: Window,
) -> Report:
    """Read the record and finance, and say what is worth a look."""
    said = quality.warnings
    facts = record.facts(ledger, pipeline, record.roles(rules), window, said.supplier)
    not_asked: dict[Kind, str] = {}
    found: list[Notice] = []
    new = [card for card in facts.opened if card.voucher]  # those brought over are history, and `syncd quality`'s
    found += kinds.amounts(new, _spreads(ledger, layout), float(said.outlier))
    found += kinds.round_trips(facts.moved, window, said.days)
    if quality.thresholds:
        found += kinds.under_thresholds(facts.disposed, quality.thresholds, said.near)
        found += kinds.split_purchases(new, quality.thresholds, said.together)
    else:
        not_asked |= dict.fromkeys(("under_threshold", "split_purchase"), "warnings_no_threshold")
    found += kinds.odd_hours(facts.committed, window, said.hours, said.weekdays)
    found += kinds.alike_devices(new)
    accounts = said.accounts or tuple(a for held in (measures.accounts if measures else {}).values() for a in held)
    entries = layout.voucher_entries_query(len(accounts)) if accounts else None
    if entries is None:
        not_asked["by_hand"] = "warnings_no_entries" if accounts else "warnings_no_accounts"
    else:
        found += by_hand(ledger, layout, entries, accounts, window)
    sure = float(said.sure)
    kept = sorted((w for w in found if w.sure >= sure), key=lambda w: (-w.sure, w.kind, w.on, tuple(w.rows)))
    return Report(kept, facts.postings, not_asked)


def _spreads(ledger: Ledger, layout: FinanceLayout) -> dict[str, Spread]:
    """What is usual in each class, of every card in finance."""
    spreads: dict[str, Spread] = {}
    if not layout.cards:
        return spreads
    with closing(ledger.scan(layout.all_cards_query())) as rows:
        for class_, value in record.history(layout.card_row(row) for row in rows):
            spreads.setdefault(class_, Spread()).add(value)
    return spreads
