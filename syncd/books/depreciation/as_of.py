"""How assets stand on a day, past or future. What is booked is what `figures` says, as on every page; what is still
owed by then follows from the plan and is told apart; and where what is booked is not what the plan says of the same
months, the difference is named."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from syncd.books import writes
from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import recomputation, runs, sources, terms
from syncd.books.depreciation.methods import cents, residual
from syncd.books.depreciation.plan import History, Posted
from syncd.books.depreciation.preview import Group, Tell
from syncd.books.depreciation.runs import Computing
from syncd.books.depreciation.sources import Sources
from syncd.books.depreciation.terms import BOOK, SQL, Asset
from syncd.books.figures import Amounts, Cards, Line, figures
from syncd.change import key_text
from syncd.money import ZERO
from syncd.ports import Ledger
from syncd.record import decode_change

ELSEWHERE: Final = "beside"
"""The months agree and the books do not: something was booked beside them, or on another day."""


class Unlike(NamedTuple):
    """What is booked is not what the plan says of the months that are booked: by how much in yuan, booked less planned;
    the months whose amounts differ, as people read them; the likely rule, as `recomputation` calls it."""

    difference: Decimal
    months: str
    rule: str


class Standing(NamedTuple):
    """An asset at the end of a day. `booked` is what the accounts have, `charged` what of it was charged since the
    month began; `owed` are the months that have ended by then and are not booked, `of_month` those of the day's own
    month among them. In yuan. `months_left` is None for what does not depreciate."""

    asset: str
    group: Group
    booked: Amounts
    charged: Decimal = ZERO
    owed: Decimal = ZERO
    of_month: Decimal = ZERO
    months_left: int | None = None
    unlike: Unlike | None = None

    @property
    def expected(self) -> Decimal:
        """The carrying amount once all that is owed is booked."""
        return self.booked.carrying_amount - self.owed

    @property
    def month_amount(self) -> Decimal:
        """What the day's month carries, booked or not."""
        return self.charged + self.of_month


Sent = Mapping[str, Mapping[int, int]]
"""By asset and month what the EAM has sent and is posted, in cents."""


def as_of(
    ledger: Ledger, computing: Computing, cards: Cards, day: date, tell: Tell, asset: str = ""
) -> Iterator[Standing]:
    """How every asset in the books stands at the end of a day, or one of them. A month is owed once it has ended."""
    lines = _booked(ledger, computing, cards, day)
    runs.fold(ledger, computing)
    pipeline, meaning = computing.pipeline, computing.meaning
    until = plans.month_of(day + timedelta(days=1)) - 1
    said = sources.read(ledger, pipeline, meaning, computing.tables)
    sent = _sent(ledger, computing, until) if meaning.by == "eam" else {}
    total, done = len(lines), 0
    for chunk in terms.assets(ledger, pipeline, meaning):
        made = terms.posted(ledger, pipeline, BOOK, chunk, until)
        for one in chunk:
            line = lines.pop(one.code, None)
            if line is not None and any(line.closing) and asset in ("", one.code):
                yield _standing(one, line, day, until, sent.get(one.code, {}), made.get(one.code), said, meaning.by)
        done += len(chunk)
        tell(done, total)
    for code, line in sorted(lines.items()):  # cards that say nothing of depreciation
        if any(line.closing) and asset in ("", code):
            yield Standing(code, Group("", "", ""), line.closing, line.of("charged").accumulated_depreciation)


def _booked(ledger: Ledger, computing: Computing, cards: Cards, day: date) -> dict[str, Line]:
    found = writes.card_writes(ledger, computing.zone, [computing.pipeline])
    return figures(found, cards, day.replace(day=1), day).assets()


def _standing(
    asset: Asset, line: Line, day: date, until: int, sent: Mapping[int, int], made: Posted | None, said: Sources,
    by: str,
) -> Standing:  # fmt: skip
    month = plans.month_of(day)
    place = asset.place(month + 1)
    group = Group(place.department, place.workshop, place.asset_class)
    plain = Standing(asset.code, group, line.closing, line.of("charged").accumulated_depreciation)
    history, work = asset.history, said.work.get(asset.code)
    if history is None:
        return plain
    posted = made or plans.NOTHING
    if by == "eam":
        planned = plans.plan(history, work)
        last = max(sent, default=planned.first - 1)
        posted = Posted(frozenset(range(planned.first, last + 1)), planned.through(last))
    said_of = plans.figures(history, until, posted, work)
    owed = min(said_of.owed, _room(line.closing, plans.at_month(history, month)))
    of_month = max(ZERO, min(owed, said_of.month_amount)) if until == month and month not in posted.months else ZERO
    standing = plain._replace(owed=owed, of_month=of_month, months_left=said_of.months_left)
    difference = line.closing.accumulated_depreciation - (said_of.accumulated - said_of.owed)
    if not difference or until < month:  # within a month its own charge may be booked or not
        return standing
    return standing._replace(unlike=_unlike(history, difference, sent, work))


def _room(booked: Amounts, state: plans.Terms) -> Decimal:
    """What may still be charged before C − S is passed."""
    return max(ZERO, booked.carrying_amount - residual(booked.original_value, state.residual_rate))


def _unlike(
    history: History, difference: Decimal, sent: Mapping[int, int], work: Mapping[int, Decimal] | None
) -> Unlike:
    planned = plans.plan(history, work)
    last = max(sent, default=planned.first - 1)
    months = [n for n in range(planned.first, last + 1) if sent.get(n, 0) != planned.amount(n)]
    if not months:
        return Unlike(difference, "", ELSEWHERE)
    rule = recomputation.likely(history, months[0], sent.get(months[0], 0), work)
    return Unlike(difference, ", ".join(plans.lines(months)), rule)


def _sent(ledger: Ledger, computing: Computing, until: int) -> Sent:
    """What is held, parked, given up or collected and not posted is not booked."""
    pipeline, meaning, tables = computing.pipeline, computing.meaning, computing.tables
    unposted = {str(key) for (key,) in ledger.query(SQL["unposted"], (pipeline, meaning.rows.alias))}
    for (change,) in ledger.query(SQL["collected"], (pipeline, list(computing.rules))):
        row = decode_change(tables, str(change)).after
        unposted |= set() if row is None else {key_text(meaning.rows, row)}
    found: dict[str, dict[int, int]] = {}
    for asset, period, amount in sources.said_by(ledger, pipeline, meaning.sent, tables, skip=unposted):
        month = None if asset is None or period is None or amount is None else recomputation.month(period)
        if month is not None and month <= until:
            months = found.setdefault(asset, {})
            months[month] = months.get(month, 0) + cents(amount)
    return found
