"""Runs as people ask for them: approved by somebody for a reason, once.

Only the daemon makes a run. Here one is asked for, in one transaction that no other operator's overlaps, so that three
who ask at once get one run and two answers.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import runs, sources, terms
from syncd.books.depreciation.plan import month_read
from syncd.books.depreciation.runs import Computing
from syncd.books.depreciation.terms import BOOK, SQL
from syncd.desk.parked.operators import Actor, Agreed, act, alone
from syncd.errors import Halt, WrongUsage
from syncd.ports import Desk, Ledger, Period
from syncd.record import timestamp


class Standing(NamedTuple):
    """How far a run is. `assets`, `rows` and `cents` are what it has made, `faults` JSON: asset → code and params."""

    run: int
    kind: str
    state: str
    reached: str
    assets: int
    rows: int
    cents: int
    faults: str


class Answer(NamedTuple):
    """What became of the wish: a run was asked for now, or waits for a second person, or one is on its way already, or
    all is posted by the vouchers that are named."""

    state: Literal["asked", "proposed", "on_its_way", "posted"]
    run: int
    vouchers: Sequence[str]


def standings(ledger: Ledger | Desk, pipeline: str, period: str) -> list[Standing]:
    """The runs of a period, in order."""
    return [_standing(row) for row in ledger.query(SQL["runs"], (pipeline, BOOK, period))]


def _standing(row: Sequence[object]) -> Standing:
    run, kind, state, reached, assets, rows, amount, faults = row
    figures = (int(str(assets)), int(str(rows)), int(str(amount)))
    return Standing(int(str(run)), str(kind), str(state), str(reached), *figures, str(faults))


def approve(
    ledger: Ledger, computing: Computing, periods: Sequence[Period], period: str, by: Actor, agreed: Agreed = alone
) -> Answer:
    """Ask for the run of a month, `2026-02`; `agreed` as in `operators.accept`. Raises Halt where it could be posted
    nowhere."""
    until, pipeline = period_month(period), computing.pipeline
    _require_open(periods, period, until)
    while True:
        known = standings(ledger, pipeline, period)
        is_owed = any(True for _ in still_owed(ledger, computing, periods, until)) or failed(ledger, computing)
        with ledger.desk() as desk:
            if standings(desk, pipeline, period) != known:
                continue  # somebody has asked meanwhile, or the daemon has made what was asked
            if going := [run for run in known if run.state == "asked"]:
                return Answer("on_its_way", going[-1].run, ())
            if known and not is_owed:
                return Answer("posted", known[-1].run, vouchers(ledger, computing, period))
            return _ask(desk, pipeline, period, "post", "", by, agreed)


def reverse(ledger: Ledger, pipeline: str, period: str, asset: str, by: Actor, agreed: Agreed = alone) -> Answer:
    """Ask that a month, `2026-02`, is taken back, of one asset or of all."""
    period_month(period)
    with ledger.desk() as desk:
        if any(run.state == "asked" for run in standings(desk, pipeline, period)):
            raise Halt("depreciation_on_its_way", period=period)
        return _ask(desk, pipeline, period, "reverse", asset, by, agreed)


def still_owed(ledger: Ledger, computing: Computing, periods: Sequence[Period], until: int) -> Iterator[runs.Owed]:
    """The assets that owe something up to a month, and those that cannot be computed."""
    runs.fold(ledger, computing)
    said = sources.read(ledger, computing.pipeline, computing.meaning, computing.tables)
    for chunk in terms.assets(ledger, computing.pipeline, computing.meaning):
        posted = terms.posted(ledger, computing.pipeline, BOOK, chunk)
        yield from (one for one in runs.owed(chunk, posted, said, until, periods) if one.periods)


def failed(ledger: Ledger, computing: Computing) -> int:
    """How many rows of earlier runs could not be posted and wait to be tried again."""
    rows = ledger.query(SQL["failed"], (computing.pipeline, computing.meaning.rows.alias))
    return int(str(rows[0][0]))


def assets(ledger: Ledger, pipeline: str) -> int:
    """How many assets have terms."""
    return int(str(ledger.query(SQL["count"], (pipeline,))[0][0]))


def vouchers(ledger: Ledger, computing: Computing, period: str) -> Sequence[str]:
    """What the runs of a period have posted."""
    rows = ledger.query(SQL["vouchers"], (computing.pipeline, list(computing.rules), f"run:{period}/%"))
    return [str(voucher) for (voucher,) in rows]


def period_month(period: str) -> int:
    """A period as a month. Raises WrongUsage for what is none."""
    try:
        return month_read(period)
    except ValueError:
        raise WrongUsage("depreciation_period", value=period) from None


def month_of(period: str, periods: Sequence[Period]) -> int:
    """The month of a period, called as finance calls it or by year and month. Raises WrongUsage for what is neither."""
    found = next((plans.month_of(p.last) for p in periods if p.code == period), None)
    return period_month(period) if found is None else found


def _require_open(periods: Sequence[Period], period: str, until: int) -> None:
    if not periods:
        return
    if not (own := runs.of_month(until, periods)):
        raise WrongUsage("depreciation_no_period", period=period)
    if not any(p.open for p in own):
        first = min((p for p in periods if p.open), key=lambda p: p.first, default=None)
        raise Halt("depreciation_closed", period=period, first="–" if first is None else first.code)


def _ask(desk: Desk, pipeline: str, period: str, kind: str, asset: str, by: Actor, agreed: Agreed) -> Answer:
    target = f"depreciation/{period}"
    run = len(desk.query(SQL["runs"], (pipeline, BOOK, period))) + 1
    detail = {"run": run, "kind": kind} | ({"asset": asset} if asset else {})
    if not agreed(desk, by, "depreciate", pipeline, target, detail):
        return Answer("proposed", run, ())
    at = timestamp(datetime.now(UTC))
    desk.execute(SQL["ask"], (pipeline, BOOK, period, run, kind, asset, by.name, by.reason, at))
    act(desk, by, "depreciate", pipeline, target, detail)
    return Answer("asked", run, ())
