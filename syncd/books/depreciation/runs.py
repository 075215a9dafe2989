"""A run: one month's depreciation, computed, and handed to the rules as rows of a table that nobody else writes.

The desk asks for a run; the posting thread makes it, a chunk of assets at a time, a transaction each, in which the
rows go through the mapping like any change, the months are marked as made, and the run notes how far it is. So a
restart goes on where the last transaction ended, and no month is made twice. The source's checkpoint is not touched.
When all assets are through, the run's own row follows, which releases what was collected.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from syncd.books.depreciation import plan as plans
from syncd.books.depreciation import sources, terms
from syncd.books.depreciation.methods import half_up, yuan
from syncd.books.depreciation.plan import NOTHING, Posted, last_day, month_read, month_text
from syncd.books.depreciation.sources import Fault, Sources
from syncd.books.depreciation.terms import SQL, Asset
from syncd.change import Change, ChangeSet, Position, Row, Table, keyer
from syncd.errors import Halt
from syncd.mapping.language.blocks.depreciation import Depreciation
from syncd.mapping.program.failure import INCALCULABLE
from syncd.ports import Book, Ledger, Period
from syncd.posting import NOTHING as NONE_REFUSED
from syncd.posting import Batch, Made, Month, Outcome, Refused, Rejection, Rejections
from syncd.record import moment

FAULTS_MAX: Final = 1_000
"""Kept with a run; more than that have one cause."""
PERCENT: Final = 100
_keys_text: Final = json.JSONEncoder(ensure_ascii=False).encode
"""`json.dumps` makes an encoder each time, which is half of what it takes."""


class Translator(Protocol):
    """The mapping, compiled."""

    def translate(self, sets: Sequence[ChangeSet], book: Book, refused: Rejections = NONE_REFUSED) -> Batch: ...


Count = Callable[[Sequence[Outcome]], None]


class Computing(NamedTuple):
    """What a pipeline's mapping says that runs need. `rules` are those that post the computed rows."""

    pipeline: str
    meaning: Depreciation
    tables: Mapping[str, Table]
    rules: Sequence[str]
    zone: ZoneInfo


class Owed(NamedTuple):
    """What an asset owes: by period in which it is to be posted, the months and their amounts in cents."""

    asset: Asset
    periods: Mapping[int, Sequence[tuple[int, int]]]
    fault: Fault | None = None

    @property
    def cents(self) -> int:
        """All of it."""
        return sum(cents for months in self.periods.values() for _, cents in months)


class Asked(NamedTuple):
    """A run that is not made yet."""

    book: str
    period: str
    run: int
    kind: str
    asset: str
    reached: str
    made: int
    faults: str
    asked_at: str


def fold(ledger: Ledger, computing: Computing) -> None:
    """Let the terms know what was posted by now; months whose rows a person gave up are owed again."""
    terms.fold(ledger, computing.pipeline, computing.meaning, computing.rules, computing.zone)
    if keys := [json.dumps([key], ensure_ascii=False) for key in sorted(_given_up(ledger, computing))]:
        ledger.execute([(SQL["given_up"], (computing.pipeline, keys))])


def _given_up(ledger: Ledger, computing: Computing) -> frozenset[str]:
    """The keys of rows that a person gave up."""
    asked = (computing.pipeline, computing.meaning.rows.alias)
    return frozenset(str(key) for (key,) in ledger.query(SQL["discarded"], asked))


def target(month: int, until: int, periods: Sequence[Period]) -> int | None:
    """Where a month is posted: in its own period, or in the first open one after it up to the run's; None where there
    is none. Without periods every month is open."""
    if not periods:
        return month
    return next((one for one in range(month, until + 1) if any(p.open for p in of_month(one, periods))), None)


def of_month(month: int, periods: Sequence[Period]) -> Sequence[Period]:
    """The periods in which a month's depreciation is dated, whatever finance calls them: those of its last day."""
    day = last_day(month)
    return [p for p in periods if p.first <= day <= p.last]


def owed(
    found: Sequence[Asset], posted: Mapping[str, Posted], said: Sources, until: int, periods: Sequence[Period]
) -> Iterator[Owed]:
    """What assets owe up to a month, by the periods in which it is to be posted. What is told otherwise of a posted
    month is posted in the run's; where that is less, all that the asset owes is posted there, once it is more than what
    there is too much of."""
    targets: dict[int, int | None] = {}
    for asset in found:
        if asset.fault is not None:
            yield Owed(asset, {}, asset.fault)
        if asset.history is None:
            continue
        if asset.code in said.faults:
            yield Owed(asset, {}, said.faults[asset.code])
            continue
        shares = said.shares.get(asset.code)
        if shares and sum(percent for _, percent in shares) != PERCENT:
            total = sum(percent for _, percent in shares)
            yield Owed(asset, {}, Fault("depreciation_shares", {"value": str(total)}))
            continue
        by_period: dict[int, list[tuple[int, int]]] = {}
        work = said.work.get(asset.code)
        made = posted.get(asset.code, NOTHING)
        due = plans.due(asset.history, made, until, work)
        is_less = bool(made.by_month) and any(cents < 0 for _, cents in due)
        if is_less and sum(cents for _, cents in due) <= 0:
            due = []
        for month, cents in due:
            into = until if is_less or month in made.by_month else month
            if into not in targets:
                targets[into] = target(into, until, periods)
            if (at := targets[into]) is not None:
                by_period.setdefault(at, []).append((month, cents))
        yield Owed(asset, by_period)


def turns(computing: Computing) -> Callable[[Ledger, Translator, Count], bool]:
    """`turn` again and again. What comes from the EAM beside cards is read once a run, as it stands when the run begins
    or is gone on with after a restart: all of it is read for each chunk otherwise."""
    known: dict[Asked, Sources] = {}

    def read(ledger: Ledger, asked: Asked) -> Sources:
        run = asked._replace(reached="", made=0, faults="")
        if not asked.reached or run not in known:
            known.clear()
            known[run] = _read(ledger, computing)
        return known[run]

    def go_on(ledger: Ledger, translator: Translator, count: Count) -> bool:
        goes_on = turn(ledger, translator, computing, count, read)
        if not goes_on:
            known.clear()
        return goes_on

    return go_on


def turn(
    ledger: Ledger, translator: Translator, computing: Computing, count: Count,
    read: Callable[[Ledger, Asked], Sources] | None = None,
) -> bool:  # fmt: skip
    """Take the oldest run that is asked for a chunk further; whether there was one."""
    rows = ledger.query(SQL["asked"], (computing.pipeline,))
    if not rows:
        return False
    book, period, run, kind, asset, reached, made, faults, asked_at = rows[0]
    asked = Asked(
        *(str(book), str(period), int(str(run)), str(kind), str(asset), str(reached), int(str(made))),
        *(str(faults), str(asked_at)),
    )
    if not asked.reached:
        _begin(ledger, computing)
    refused: dict[Change, Rejection] = {}
    while True:
        try:
            with ledger.begin() as finance:
                if asked.kind == "reverse":
                    changes, progress = _reverse(ledger, finance, computing, asked)
                else:
                    changes, progress = _post(ledger, finance, computing, asked, read)
                at = moment(asked.asked_at)
                sets = [ChangeSet(changes, Position(""), at)] if changes else []
                batch = translator.translate(sets, finance, refused)
                outcomes = finance.write(batch._replace(position=None, made=progress))
            count(outcomes)
            return True
        except Refused as refusal:
            refused |= refusal.rejections


def _begin(ledger: Ledger, computing: Computing) -> None:
    """Before anything is computed: terms as of now, and rows that failed are tried again."""
    fold(ledger, computing)
    ledger.execute([(SQL["retry"], (computing.pipeline, computing.meaning.rows.alias))])


def _read(ledger: Ledger, computing: Computing) -> Sources:
    return sources.read(ledger, computing.pipeline, computing.meaning, computing.tables)


def _post(
    ledger: Ledger, finance: Book, computing: Computing, asked: Asked,
    read: Callable[[Ledger, Asked], Sources] | None,
) -> tuple[Sequence[Change], Made]:  # fmt: skip
    """The next assets' rows; behind the last of them the run's own."""
    pipeline, meaning = computing.pipeline, computing.meaning
    until, faults = month_read(asked.period), dict(json.loads(asked.faults))
    found = terms.next_assets(ledger, pipeline, meaning, asked.book, asked.reached)
    if not found:
        return _run_rows(ledger, computing, asked), Made(
            asked.book, asked.period, asked.run, (), (), asked.reached, True, 0, 0, 0, asked.faults
        )
    codes = [asset.code for asset in found]
    posted = terms.posted(ledger, pipeline, asked.book, found)
    said = _read(ledger, computing) if read is None else read(ledger, asked)
    within = (pipeline, asked.book, codes[0], codes[-1])
    at, place, n = moment(asked.asked_at), _place(asked), asked.made
    nth = {(str(a), int(str(m))): int(str(times)) for a, m, times in ledger.query(SQL["taken_back"], within)}
    if metered := [code for code, one in posted.items() if one.by_month]:
        times = ledger.query(SQL["times"], (pipeline, asked.book, metered))
        nth |= {(str(a), int(str(m))): int(str(last)) for a, m, last in times}
    every = list(owed(found, posted, said, until, finance.periods()))
    lines = _lines(ledger, within, min((min(one.periods) for one in every if one.periods), default=until))
    alias, key_of = meaning.rows.alias, keyer(meaning.rows)
    changes: list[Change] = []
    months: list[Month] = []
    for one in every:
        code = one.asset.code
        made = filled(computing, one, said, lines)
        if (fault := made if isinstance(made, Fault) else one.fault) and len(faults) < FAULTS_MAX:
            faults[code] = [fault.code, fault.params]
        for period, carried, line, rows in () if isinstance(made, Fault) else made:
            name, keys = month_text(period), _keys_text([key_of(row) for row in rows])
            for month, cents in carried:
                months.append(Month(code, month, nth.get((code, month), 0) + 1, name, line, cents, keys))
            for row in rows:
                n += 1
                changes.append(Change(alias, "insert", None, row, Position(f"{place}{n}"), at))
    cents = sum(month.cents for month in months)
    assets = len({month.asset for month in months})
    progress = Made(
        *(asked.book, asked.period, asked.run, months, (), codes[-1], False, assets, len(changes), cents),
        json.dumps(faults, ensure_ascii=False),
    )
    return changes, progress


def _lines(ledger: Ledger, within: tuple[str, ...], first: int) -> Counter[tuple[str, str]]:
    """How many rows assets have by period from the first on, whatever became of them."""
    lines = Counter[tuple[str, str]]()
    for asset, period, line, keys in ledger.query(SQL["row_lines"], (*within, month_text(first))):
        last = int(str(line)) + len(json.loads(str(keys))) - 1
        lines[str(asset), str(period)] = max(lines[str(asset), str(period)], last)
    return lines


Filled = Sequence[tuple[int, Sequence[tuple[int, int]], int, Sequence[Row]]]
"""By period in which it is posted: the months that are carried, the number of the first row, the rows."""


def filled(computing: Computing, one: Owed, said: Sources, lines: Counter[tuple[str, str]]) -> Filled | Fault:
    """The rows of what an asset owes; or why a column of one has no value: then there are none. `lines` counts the rows
    that there are by asset and period, these too."""
    made: list[tuple[int, Sequence[tuple[int, int]], int, Sequence[Row]]] = []
    for period, carried in sorted(one.periods.items()):
        line = lines[one.asset.code, month_text(period)] + 1
        try:
            rows = list(_rows(computing, one.asset, period, carried, line, said))
        except INCALCULABLE as error:
            return sources.no_value(error)
        made.append((period, carried, line, rows))
    for period, _, _, said_of in made:
        lines[one.asset.code, month_text(period)] += len(said_of)
    return made


def _rows(
    computing: Computing, asset: Asset, period: int, carried: Sequence[tuple[int, int]], line: int, said: Sources
) -> list[Row]:
    """The rows of an asset in a period: one, or one for each department that shares it."""
    fill = computing.meaning.fill
    assert fill is not None, "the mapping says that syncd computes"
    name, day = month_text(period), last_day(period)
    total = sum([cents for _, cents in carried])
    months = _told(tuple([month for month, _ in carried]))
    return [
        fill(asset.code, name, line + n, "month", department, yuan(cents), months, day, asset.card)
        for n, (department, cents) in enumerate(shared(asset, period, total, said.shares.get(asset.code, ())))
    ]


@lru_cache(maxsize=1024)
def _told(months: tuple[int, ...]) -> str:
    """Months as a row tells them; most rows of a run carry the same."""
    return ", ".join(plans.lines(months))


def shared(asset: Asset, period: int, cents: int, shares: Sequence[tuple[str, Decimal]]) -> Sequence[tuple[str, int]]:
    """An amount by department: by percent, each share rounded half up, the last taking the remainder."""
    if not shares:
        return [(asset.place(period).department, cents)]
    found: list[tuple[str, int]] = []
    left = cents
    for n, (department, percent) in enumerate(shares):
        above, below = percent.as_integer_ratio()
        part = half_up(cents * above, below * PERCENT)
        part = left if n == len(shares) - 1 else min(part, left)
        left -= part
        if part:
            found.append((department, part))
    return found


def _run_rows(ledger: Ledger, computing: Computing, asked: Asked) -> Sequence[Change]:
    """The run's own row, and one for each earlier period in which it has made rows: they are released too."""
    meaning = computing.meaning
    if meaning.run is None or meaning.fill_run is None:
        return ()
    params = (computing.pipeline, asked.book, f"{asked.period}/{asked.run}")
    periods = sorted({asked.period, *(str(period) for (period,) in ledger.query(SQL["periods"], params))})
    try:
        rows = [meaning.fill_run(period, asked.run, last_day(month_read(period))) for period in periods]
    except INCALCULABLE as error:
        raise Halt("depreciation_run_row", period=asked.period, why=sources.no_value(error).code) from None
    at = moment(asked.asked_at)
    place = _place(asked)
    return [
        Change(meaning.run.alias, "insert", None, row, Position(f"{place}{n}"), at)
        for n, row in enumerate(rows, asked.made + 1)
    ]


def _reverse(ledger: Ledger, finance: Book, computing: Computing, asked: Asked) -> tuple[Sequence[Change], Made]:
    """The rows that carry a month, deleted again, but for those that a person gave up: nothing of them is posted."""
    month, alias = month_read(asked.period), computing.meaning.rows.alias
    params = (computing.pipeline, asked.book, month, asked.reached, asked.asset, asked.asset, terms.ASSETS_MAX)
    found = [(str(asset), str(keys)) for asset, keys in ledger.query(SQL["carrying"], params)]
    if len(found) == terms.ASSETS_MAX:  # of the last asset there may be more
        found = [one for one in found if one[0] != found[-1][0]] or found
    given_up = _given_up(ledger, computing)
    keys = [key for _, said in found for key in json.loads(said) if key not in given_up]
    images = finance.mirror(alias, keys)
    at, place = moment(asked.asked_at), _place(asked)
    changes = [
        Change(alias, "delete", images[key], None, Position(f"{place}{n}"), at)
        for n, key in enumerate(keys, asked.made + 1)
        if key in images
    ]
    reached = found[-1][0] if found else asked.reached
    progress = Made(
        *(asked.book, asked.period, asked.run, (), found, reached, not found, len(found), len(changes), 0),
        asked.faults,
    )
    return changes, progress


def _place(asked: Asked) -> str:
    """Where the positions of a run's changes begin; with a number behind it they are the same whenever they are
    made."""
    book = f"{asked.book}/" if asked.book else ""
    return f"run:{book}{asked.period}/{asked.run}/"
