"""A reconciliation from beginning to end: compared, weighed at the ledger's point of the log, explained."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final, NamedTuple

from syncd.books import causes, sides
from syncd.books.as_read import Past
from syncd.books.reconcile import ASSETS_MAX, Amounts, Cause, Found, Report, Weights, controlled, weighed
from syncd.books.sides import Eam, NoChecksums, Sides
from syncd.change import Table
from syncd.mapping.language.measures import Measures
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import Ledger


class Asked(NamedTuple):
    """What is reconciled. `zone` is the EAM's clock; `wait` waits until the log is carried as far as it was at a
    moment, on the EAM's clock and on ours, and says whether it is; it must not wait for what nobody carries."""

    measures: Measures
    layout: FinanceLayout
    tables: Mapping[str, Table]
    pipeline: str
    zone: str
    wait: Callable[[datetime, datetime], bool]
    is_partitioned: bool = False


_Waiting = tuple[Found, Amounts | None]
"""An asset as it differed, and what the EAM said of it at the ledger's point of the log."""
_UNKNOWN: Final = Cause("cause_unknown")


class _Judged(NamedTuple):
    """Differing assets, as they are at the point of the log: those that differ there, and those on their way."""

    differing: Sequence[Found]
    waiting: Sequence[_Waiting]


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
    measures = asked.measures
    with ledger.reading():
        # Finance's moment begins here, before the EAM's: so the EAM is never behind what was carried of it.
        position = _position(ledger, asked.pipeline)
        with opened() as eam:
            since = datetime.now(UTC)
            compared = Sides(asked.measures, asked.layout, eam, ledger)
            weights = compare(compared)
            unreadable = sides.unreadable(compared)
        controls = list(sides.controls(compared, weights.finance))
        past = Past(compared, asked.pipeline, asked.tables, asked.zone)
        judged = _judge(weights.found, past, {}, position)
        why = causes.explain(asked, ledger, judged.differing[:ASSETS_MAX])
        manual = causes.manual(asked, ledger, controls)
        altered = causes.altered(asked, ledger, controls, manual)
    waiting = [found for found, _ in judged.waiting]
    late = _Judged((), ())
    if judged.waiting:
        late = _await(asked, compared, past, judged.waiting, eam.at, since)
        waiting = [found for found, _ in late.waiting]
        why |= {found.code: causes.lost() if found in weights.found else _UNKNOWN for found in late.differing}
    unseen = weights.differing - len(weights.found)
    _settle(weights, [*judged.differing, *late.differing])
    report = Report(weights.assets, weights.eam, weights.finance, 0, (), (), (), 0)
    report = weighed(report, weights, [*judged.differing, *late.differing], why)
    report = controlled(report, controls, measures.alert_above)
    return report._replace(
        differences=[*report.differences, *causes.by_hand(manual, len(report.differences))],
        manual=manual,
        altered=altered,
        unreadable=unreadable,
        alerting=report.alerting + len(unreadable),
        waiting=waiting,
        unseen=unseen,
        position=position,
        way=way,
    )


def _judge(found: Sequence[Found], past: Past, then: Mapping[str, Amounts], position: str) -> _Judged:
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


def _await(
    asked: Asked, compared: Sides, past: Past, waiting: Sequence[_Waiting], at: datetime, since: datetime
) -> _Judged:
    """What was on its way, once it has had time to arrive. Nobody is told that the log has lost something on one word:
    what is not there when the log has been carried past the moment is looked for once more, past a later one."""
    differing: list[Found] = []
    for is_last in (False, True):
        now = datetime.now(UTC)
        is_carried = asked.wait(at, since) if not is_last else asked.wait(at + (now - since), now)
        with compared.ledger.reading():
            found = _look_again(compared, past, waiting, is_carried and is_last)
        differing += found.differing
        waiting = found.waiting
        if not waiting or not is_carried:
            break
    return _Judged(differing, waiting)


def _look_again(compared: Sides, past: Past, waiting: Sequence[_Waiting], is_carried: bool) -> _Judged:
    """What was on its way, once more: most has arrived. What has not although all of the log was carried that there was
    when the EAM was asked, the log never told."""
    then = [found.code for found, _ in waiting]
    cards = sides.cards_of(compared, then)
    said = past.amounts([found for found, _ in waiting])
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
        "SELECT position FROM syncd.pipeline WHERE (name = ? OR name LIKE ?) AND position IS NOT NULL ORDER BY name",
        (pipeline, f"{pipeline}/%"),
    )
    return " ".join(str(position) for (position,) in rows)
