"""A reconciliation from beginning to end: compared, weighed at the ledger's point of the log, explained."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

from syncd.books.reconciliation import by_hand, causes, item_causes, open_items, sides
from syncd.books.reconciliation.as_read import Past, Pasts
from syncd.books.reconciliation.asked import Asked
from syncd.books.reconciliation.open_items import Items
from syncd.books.reconciliation.reconcile import (
    ASSETS_MAX,
    NONE,
    Amounts,
    Cause,
    Found,
    OfBalance,
    Report,
    Unsaid,
    Weights,
    controlled,
    weighed,
)
from syncd.books.reconciliation.sides import Eam, NoChecksums, Sides, Uncontrolled
from syncd.desk import partitions
from syncd.mapping.language.blocks.balances import Balance
from syncd.mapping.language.blocks.measures import Measures
from syncd.money import ZERO
from syncd.ports import Ledger

_Waiting = tuple[Found, Amounts | None]
"""An asset as it differed, and what the EAM said of it at the ledger's point of the log."""
_UNKNOWN: Final = Cause("cause_unknown")


class _Judged(NamedTuple):
    """Differing assets, as they are at the point of the log: those that differ there, and those on their way."""

    differing: Sequence[Found]
    waiting: Sequence[_Waiting]


class _Pile(NamedTuple):
    """Assets, or the documents of a balance, as they were compared: what the log says of them, what finance says of
    some as it stands, what of them differs at the log's point, and why."""

    weights: Weights
    past: Past | Pasts
    held: Callable[[Sequence[str]], Mapping[str, Amounts]]
    judged: _Judged
    why: dict[str, Cause]


def run(asked: Asked, opened: Callable[[], AbstractContextManager[Eam]], ledger: Ledger) -> Report:
    """Compare both sides and say why they differ. Raises what the sides raise."""
    try:
        return _run(asked, opened, ledger, sides.by_checksums, "checksums")
    except NoChecksums:
        return _run(asked, opened, ledger, sides.by_rows, "rows")


def _run(
    asked: Asked,
    opened: Callable[[], AbstractContextManager[Eam]],
    ledger: Ledger,
    compare: Callable[[Sides], Weights],
    way: str,
) -> Report:
    unsaid = [Unsaid("unsaid_cards", {})] if asked.measures is None else []
    report = Report(0, NONE, NONE, 0, (), (), (), 0, way=way, unsaid=unsaid)
    with ledger.reading():
        # Finance's moment begins here, before the EAM's: so the EAM is never behind what was carried of it.
        position = _position(ledger, asked.pipeline)
        with opened() as eam:
            since = datetime.now(UTC)
            compared = None if asked.measures is None else Sides(asked.measures, asked.layout, eam, ledger)
            weights = None if compared is None else compare(compared)
            items = [Items(balance, asked.layout, eam, ledger, asked.periods) for balance in asked.balances]
            weighed_items = [open_items.weigh(one) for one in items]
            unreadable = [u for one in _compared(asked) for u in sides.unreadable(eam, one)]
        piles: list[_Pile] = []
        if compared is not None and weights is not None:
            past: Past | Pasts = Pasts(compared.measures, ledger, asked.pipeline, asked.tables, asked.zone)
            judged = _judge(weights.found, past, position)
            why = causes.explain(asked, compared.measures, ledger, judged.differing[:ASSETS_MAX])
            held = partial(sides.cards_of, compared.measures, compared.layout, ledger)
            piles.append(_Pile(weights, past, held, judged, why))
            report = _controlled(asked, compared, report, weights)
        for one, of_balance in zip(items, weighed_items, strict=True):
            past = Past(one.balance, ledger, asked.pipeline, asked.tables, asked.zone, open_items.folded)
            judged = _judge(of_balance.found, past, position)
            why = item_causes.explain(asked, one, judged.differing[:ASSETS_MAX])
            piles.append(_Pile(of_balance, past, partial(open_items.held, one), judged, why))
    settled = [_settled(asked, ledger, pile, eam.at, since) for pile in piles]
    if compared is not None:
        report = _of_assets(report, compared.measures, *settled.pop(0))
    balances: list[OfBalance] = []
    for balance, (pile, late) in zip(asked.balances, settled, strict=True):
        last = sum(len(one.differences) for one in balances) + len(report.differences)
        balances.append(_of_balance(balance, pile, late, last))
    alerting = report.alerting + len(unreadable) + sum(one.alerting for one in balances)
    return report._replace(balances=balances, unreadable=unreadable, alerting=alerting, position=position)


def _compared(asked: Asked) -> list[sides.Asked]:
    """Everything that the EAM is asked."""
    return [*([] if asked.measures is None else [asked.measures]), *asked.balances]


def _controlled(asked: Asked, compared: Sides, report: Report, weights: Weights) -> Report:
    """The report with the balances of the accounts and what is behind them, or why they cannot be read."""
    measures, ledger = compared.measures, compared.ledger
    if not measures.accounts:
        return report._replace(unsaid=[Unsaid("unsaid_accounts", {})])
    try:
        controls = list(sides.controls(compared, asked.periods, weights.finance))
    except Uncontrolled:
        told = {"accounts": ", ".join(code for codes in measures.accounts.values() for code in codes)}
        return report._replace(unsaid=[Unsaid("unsaid_entries", told | {"layout": asked.layout.name})])
    manual = by_hand.entries(asked, ledger, controls)
    altered = causes.altered(asked, ledger, controls, manual)
    return report._replace(controls=controls, manual=manual, altered=altered)


def _settled(asked: Asked, ledger: Ledger, pile: _Pile, at: datetime, since: datetime) -> tuple[_Pile, Sequence[Found]]:
    """The totals at the point of the log, and what is still on its way once it has had time to arrive."""
    late = _Judged((), ())
    if pile.judged.waiting:
        late = _await(asked, ledger, pile, at, since)
        why = {f.code: causes.lost() if f in pile.weights.found else _UNKNOWN for f in late.differing}
        pile = pile._replace(why=pile.why | why)
    differing = [*pile.judged.differing, *late.differing]
    _settle(pile.weights, differing)
    return pile._replace(judged=_Judged(differing, ())), [found for found, _ in late.waiting]


def _of_assets(report: Report, measures: Measures, pile: _Pile, waiting: Sequence[Found]) -> Report:
    unseen = _unseen(pile)
    report = report._replace(assets=pile.weights.assets)
    report = weighed(report, pile.weights, pile.judged.differing, pile.why)
    report = controlled(report, report.controls, measures.alert_above)
    manual = by_hand.differences(report.manual, len(report.differences))
    return report._replace(differences=[*report.differences, *manual], waiting=waiting, unseen=unseen)


def _of_balance(balance: Balance, pile: _Pile, waiting: Sequence[Found], last: int) -> OfBalance:
    """Its differences are numbered behind the `last`."""
    weights = pile.weights
    found = weighed(Report(0, NONE, NONE, 0, (), (), (), 0), weights, pile.judged.differing, pile.why)
    return OfBalance(
        balance.name,
        balance.says,
        balance.accounts,
        weights.assets,
        found.eam.original_value or ZERO,
        found.finance.original_value or ZERO,
        found.differing,
        [d._replace(number=d.number + last) for d in found.differences],
        found.alerting,
        waiting,
        found.found,
        _unseen(pile),
    )


def _unseen(pile: _Pile) -> int:
    """Those that differ and were not looked at more closely."""
    return pile.weights.differing - len(pile.judged.differing)


def _judge(found: Sequence[Found], past: Past | Pasts, position: str) -> _Judged:
    """Each asset at the point of the log. Where the mirror cannot tell, as the EAM says now."""
    said = past.amounts(found) if found and position else None
    if said is None:
        return _Judged(found, ())
    differing: list[Found] = []
    waiting: list[_Waiting] = []
    for one in found:
        at = said.get(one.code)
        if at == one.finance and at != one.eam:
            waiting.append((one, at))
        elif at is None and one.eam is not None:
            differing.append(one)
        else:
            differing.append(one._replace(eam=at))
    return _Judged(differing, waiting)


def _await(asked: Asked, ledger: Ledger, pile: _Pile, at: datetime, since: datetime) -> _Judged:
    """What was on its way, once it has had time to arrive. Nobody is told that the log has lost something on one word:
    what is not there when the log has been carried past the moment is looked for once more, past a later one."""
    differing: list[Found] = []
    waiting = pile.judged.waiting
    for is_last in (False, True):
        now = datetime.now(UTC)
        is_carried = asked.wait(at, since) if not is_last else asked.wait(at + (now - since), now)
        with ledger.reading():
            found = _look_again(pile, waiting, is_carried and is_last)
        differing += found.differing
        waiting = found.waiting
        if not waiting or not is_carried:
            break
    return _Judged(differing, waiting)


def _look_again(pile: _Pile, waiting: Sequence[_Waiting], is_carried: bool) -> _Judged:
    """What was on its way, once more: most has arrived. What has not although all of the log was carried that there was
    when the EAM was asked, the log never told."""
    then = [found.code for found, _ in waiting]
    cards = pile.held(then)
    said = pile.past.amounts([found for found, _ in waiting])
    differing: list[Found] = []
    still: list[_Waiting] = []
    for found, at in waiting:
        now, card = None if said is None else said.get(found.code), cards.get(found.code)
        if now != card:
            differing.append(found._replace(eam=now, finance=card))
        elif now == at and now != found.eam:
            if is_carried:
                differing.append(found._replace(finance=card))
            else:
                still.append((found, at))
    return _Judged(differing, still)


def _settle(weights: Weights, differing: Sequence[Found]) -> None:
    """The totals, of the assets as they are at the point of the log."""
    final = {found.code: found for found in differing}
    weights.differing += len(final) - len(weights.found)
    for found in weights.found:
        last = final.get(found.code, found._replace(eam=found.finance))
        weights.shift(found, last)


def _position(ledger: Ledger, pipeline: str) -> str:
    """How far the log is carried; of a pipeline with partitions, how far each."""
    rows = ledger.query(
        "SELECT position FROM syncd.pipeline WHERE name IN (?*) AND position IS NOT NULL ORDER BY name",
        (partitions.names(ledger, pipeline),),
    )
    return " ".join(str(position) for (position,) in rows)
