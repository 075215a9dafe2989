"""The terms that are kept against the record out of which they were folded: each stretch of postings, folded again on
top of what is kept of the postings before it, must give what is kept of the stretch."""

import json
from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from syncd.books.depreciation.terms import (
    BESIDE,
    POSTINGS_MAX,
    SQL,
    changed,
    folded_for,
    next_postings,
    renamings_of,
    whole,
)
from syncd.mapping.language.blocks.depreciation import Depreciation
from syncd.ports import Ledger
from syncd.record import RENAMED_LIKE

ANY: Final = "–"
"""In place of an asset: a row that no posting accounts for, or postings that were passed by."""
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, KeyError, ArithmeticError)
"""What reading a card raises into which somebody has written anything."""
Row = tuple[object, ...]
"""Pipeline, asset, number of the posting, day, month, card."""


def flawed(ledger: Ledger, pipeline: str, meaning: Depreciation, rules: Sequence[str], zone: ZoneInfo) -> Iterator[str]:
    """Assets whose terms are not as the record says. Nothing is kept, or of other fields than the mapping names today,
    where the next run folds anew."""
    with ledger.reading():
        kept = ledger.query(SQL["folded"], (pipeline,))
        if not kept or str(kept[0][0]) != folded_for(meaning):
            return
        since, until, count = 0, int(str(kept[0][1])), 0
        renaming = ledger.query(SQL["renamed"], (pipeline, until, RENAMED_LIKE))
        renamings = renamings_of((seq, content) for seq, content in renaming)
        while since < until:
            rows = next_postings(ledger.query, pipeline, rules, since, POSTINGS_MAX)
            if len(rows) == POSTINGS_MAX:
                rows = whole(rows)
            rows = [row for row in rows if int(str(row[0])) <= until]
            if not rows:
                yield ANY
                return
            last = int(str(rows[-1][0]))
            try:
                folded = changed(ledger.query, pipeline, meaning, rows, frozenset(rules), zone, since, renamings)
            except _UNREADABLE:
                yield ANY
                return
            assets = sorted({str(row[1]) for row in folded})
            if assets:
                there = ledger.query(SQL["stretch"], (pipeline, assets, since, last))
                count += len(there)
                if set(there) != set(folded):
                    restated = {str(asset) for (asset,) in ledger.query(SQL["restated"], (pipeline, assets))}
                    yield from _differing(there, folded, restated)
            since = last
        ((found,),) = ledger.query(SQL["rows"], (pipeline,))
        if int(str(found)) != count:
            yield ANY


def _differing(there: Sequence[Row], folded: Sequence[Row], restated: set[str]) -> list[str]:
    differing = {_said(row, restated) for row in there} ^ {_said(row, restated) for row in folded}
    return sorted({asset for asset, *_ in differing})


def _said(row: Row, restated: set[str]) -> tuple[str, ...]:
    """A row as it is compared. From when a change counts, and what was booked beside the runs, followed from the months
    that counted when it was folded: of an asset of which one was taken back since, that cannot be told again."""
    _, asset, seq, day, month, text = row
    try:
        card = dict(json.loads(str(text)))
    except _UNREADABLE:
        return str(asset), str(seq), str(text)
    if asset in restated:
        month, card = "", {name: value for name, value in card.items() if name != BESIDE}
    return str(asset), str(seq), str(day), str(month), json.dumps(card, sort_keys=True)
