"""Postings to finance: vouchers numbered without gap, rows rendered by the layout, the record sealed, and what
finance refuses found by bisection."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Final, cast

from connectors.ledger import collected_events, collecting, drawing
from connectors.ledger.by_period import absent
from connectors.ledger.database import CHUNK_ROWS, Verb
from connectors.ledger.reading_back import read_back
from connectors.ledger.renaming import rename
from connectors.ledger.state import SQL, Work, integer
from connectors.reading import last_day
from syncd import audit
from syncd.change import Value
from syncd.errors import RowRefused, Transient
from syncd.folding import old_row_of, row_namer, row_of
from syncd.money import EXACT, ZERO
from syncd.ports import ANY_TYPE, Layout, Numbered, Series, TableWrite
from syncd.posting import (
    Outcome,
    Posting,
    Refused,
    Rejection,
    Status,
    Voucher,
    brought,
    freed,
    goes_before,
    is_unnamed,
    named,
    only_replaces,
)
from syncd.record import encode_content, timestamp

MIRROR: Final = "syncd.mirror"
ATTEMPTS_MAX: Final = 4
"""Of a batch: finance's people may take a number at the same moment, and have opened the card."""
_COLUMNS: Final = ("pipeline", *audit.POSTING, "hash", "source")

_add: Final = EXACT.add
_new: Final = tuple.__new__
"""Half the price of a named tuple's own constructor."""

Lookups = Mapping[str, Mapping[Value, Value]]
_Count = Callable[[Sequence[Outcome], dict[Series, int]], Iterator[tuple[Posting, int]]]


class Bookkeeper:
    """Posts the outcomes of one batch, or raises `Refused`: with what finance refuses parked, the rules may judge all
    that comes later differently. Later outcomes that may have been built on it, of its subject, its row or its cards,
    are not tried, so that each is refused for what it is itself. `in_order`: parked rows hold others back. `ahead`
    is done once, before the first of them and undone with it: the server takes it in while the rest is made."""

    def __init__(
        self, work: Work, lookups: Lookups, outcomes: Sequence[Outcome], in_order: bool, ahead: Callable[[], None]
    ) -> None:
        self._work = work
        self._in_order = in_order
        self._lookups = lookups
        self._outcomes = outcomes
        self._ahead: Callable[[], None] | None = ahead
        self._opens_unasked = refuses_cards(work)
        self._refused: dict[int, Rejection] = {}
        self._tainted: set[str] = set()
        self._spots: list[int] = []
        self._last: dict[Series, int] = {}
        """Of each series that is held the last number. Where vouchers are not numbered by period and type, those pairs
        are held too, for whoever closes a period, and count its vouchers."""
        of = work.layout.series
        self._count: _Count = _counted if of is None else partial(_counted_otherwise, of, work.layout.kept)
        self._numbering: Collection[Series] | None = None if of is None else set()
        """Those of them that have numbers in finance; None for all."""
        self._days: dict[Series, str] = {}
        """Of each series the day of its last voucher, as `YYYY-MM-DD`, where the layout asks that days ascend."""
        self._unnamed: set[str] = set()
        self._names: dict[str, tuple[str, str]] = {}

    def prepare(self) -> None:
        """Refuse what is unsound, and take hold of the voucher numbers."""
        series: set[Series] = set()
        asks = self._in_order and bool(self._work.state.holds.heads)
        for spot, outcome in enumerate(self._outcomes):
            if not outcome[2]:  # by number, for this is done for every change
                continue
            if asks and self._is_held(outcome):
                self._refuse(spot, RowRefused("behind"), "behind")
            elif fault := self._unsound(outcome[2], series):
                self._refuse(spot, fault)
            else:
                self._spots.append(spot)
        if self._work.layout.series is not None:
            kept = self._work.layout.kept
            series = {(kept(period), kind) for period, kind in series} | self._otherwise(series)
        self._last = self._last_numbers(sorted(series))
        if series:
            self._keep_shape()

    def post(self) -> None:
        """Write all postings. Raises Refused."""
        before = self._last
        self._post(self._spots)
        if self._refused:
            raise Refused({self._outcomes[spot].change: rejection for spot, rejection in self._refused.items()})
        if self._ahead is not None:
            self._go_ahead(self._ahead)
        for one, last in self._last.items():
            if last != before[one]:
                self._work.database.send(SQL["set_number"], (last, self._days.get(one, ""), *one))

    def _go_ahead(self, ahead: Callable[[], None]) -> None:
        """What goes ahead of postings, where there are none."""
        database = self._work.database
        try:
            with database.savepoint("syncd_ahead"):
                ahead()
                database.settle()
        except RowRefused as refusal:
            raise (Refused({}) if _is_known(refusal) else refusal) from None

    def _keep_shape(self) -> None:
        """Let the record say how its vouchers lie in finance."""
        shape, known = self._work.layout.shape, self._work.state.shapes
        if shape.tables and shape.hash not in known:
            self._work.database.send(SQL["add_shape"], (shape.hash, shape.text))
            known.add(shape.hash)

    def _unsound(self, postings: Sequence[Posting], series: set[Series]) -> RowRefused | None:
        """The last guard before finance: no voucher that does not balance, or that has no table yet. Notes what else
        the postings need: numbers of `series`, and the names of vouchers that this batch makes."""
        there = self._work.state.periods
        for posting in postings:
            voucher, reverses = posting[5], posting[7]
            if reverses is not None and is_unnamed(posting):
                self._unnamed.add(reverses.key)
            if voucher is not None:
                if fault := unsound(voucher, reverses is not None):
                    return fault
                if voucher[1] not in there and (fault := absent(self._work, voucher[1], voucher[0])):
                    return fault
                series.add((voucher[1], voucher[0]))
        return None

    def _is_held(self, outcome: Outcome) -> bool:
        """Whether parked rows of its subject hold an outcome back; not one that opens the card that they wait for, nor
        the row that they wait for itself, nor an edit of what is only kept."""
        head = self._work.state.holds.heads.get(outcome.subject)
        if head is None or outcome.parked_id is not None:
            return False
        if head.waits_for == row_of(self._work.tables[outcome.change.table], outcome.change):
            return False
        if goes_before(head.waits_for, outcome.postings) or only_replaces(outcome.postings):
            return False
        return head.waits_for not in {fact for p in outcome.postings for fact in freed(p)} | {
            f"card:{code}" for p in outcome.postings for card in p.cards for code in (card.asset_code, brought(card))
        }

    def _post(self, spots: Sequence[int]) -> None:
        lot_max = self._work.state.lot_max
        for start in range(0, len(spots), lot_max):
            self._post_lot(spots[start : start + lot_max])

    def _post_lot(self, spots: Sequence[int]) -> None:
        if self._tainted:
            spots = [i for i in spots if self._tainted.isdisjoint(self._touched(self._outcomes[i]))]
        for attempt in range(ATTEMPTS_MAX):
            if not spots:
                return
            try:
                self._write([self._outcomes[i] for i in spots])
                return
            except RowRefused as refusal:
                if refusal.code == "row_duplicate" and (self._opens_unasked or _is_known(refusal)):
                    raise Refused({}) from None  # the card or the image may be there: whoever makes it is to ask
                if refusal.code == "row_duplicate" and (self._is_overtaken() or self._reopens()):
                    continue
                if len(spots) > 1:
                    break
                if attempt:
                    self._refuse(spots[0], refusal)
                    return
                # Tried once more: the column that was too narrow may have been widened since it was last looked at.
            except Transient as fault:
                if fault.code != "finance_limit" or len(spots) == 1 or not self._work.database.is_open:
                    raise
                self._work.state.lot_max = len(spots) // 2  # what finance has no time for at once it may take in parts
                break
        middle = len(spots) // 2
        self._post(spots[:middle])
        self._post(spots[middle:])

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        work, last, days = self._work, dict(self._last), dict(self._days)
        counted = self._count(outcomes, last)
        numbered = [_new(Numbered, one) for one in (_ascending(counted, days) if days else counted)]
        if self._unnamed:
            numbered = [self._named(*one) for one in numbered]
        head = _Chain(work.state.posting_seq, work.state.posting_hash)
        opened: set[str] = set()
        ahead = len(numbered)
        with work.database.savepoint("syncd_postings"):
            if self._ahead is not None:
                self._ahead()
            for lot in waves(numbered):
                written: list[TableWrite] = []
                for write in work.layout.render(lot, self._lookups):
                    done = self._put(write, ahead)
                    # What the record keeps of vouchers it looks for here; of a large group the cards' rows are many.
                    written.append(done if done.verb == "insert" else done._replace(rows=()))
                    if write.verb == "open":
                        opened.add(write.table)
                ahead -= len(lot)
                work.database.put("syncd.posting", _COLUMNS, (), "insert", [self._record(lot, written, head)])
            collected = collecting.collect(work, outcomes)
            work.database.settle()
        self._ahead = None
        self._last, self._days = last, days
        for table in opened:
            work.state.opening.setdefault(table, "insert")
        work.state.posting_seq, work.state.posting_hash = head.seq, head.hash
        collected_events.remember(work, collected)

    def _put(self, write: TableWrite, ahead: int) -> TableWrite:
        """The write, with the ids that finance drew for its rows. `ahead` is for how many postings it may have to."""
        database = self._work.database
        table, columns, key, said, rows, drawn, where = write if write.verb in ("insert", "open") else newest(write)
        if said == "find" and drawn is not None:
            drawing.find(database, write, drawn)
            return write
        if said == "rename":
            rename(database, write)
            return write
        if drawn is not None:
            write = drawing.put(database, write, drawn, ahead)
            rows = write.rows
        else:
            verb = cast(Verb, self._work.state.opening.get(table, "upsert") if said == "open" else said)
            lots = (rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS))
            database.put(table, columns, key, verb, lots, where)
        nature = database.nature(table)
        if nature.acts:
            read_back(database, write._replace(rows=rows), nature)
        return write

    def _named(self, posting: Posting, number: int) -> Numbered:
        """A posting that speaks of another of this batch calls it by its number."""
        if posting.key in self._unnamed:
            self._names[posting.key] = names_of(self._work.layout, posting.key, posting.voucher, number)
        return Numbered(named(posting, self._names.__getitem__), number)

    def _record(
        self, numbered: Sequence[Numbered], written: Sequence[TableWrite], end: "_Chain"
    ) -> Sequence[tuple[Value, ...]]:
        work, seal = self._work, audit.seal
        pipeline, mapping_hash, now, ref = work.pipeline, work.mapping_hash, work.now, work.layout.voucher_ref
        named_by = {alias: row_namer(table) for alias, table in work.tables.items()}
        seq, head = end.seq, end.hash
        moment, committed_at = None, ""
        rows: list[tuple[Value, ...]] = []
        for (posting, number), finance in zip(numbered, work.layout.shape.kept(numbered, written), strict=True):
            key, rule, subject, change, _, voucher, _, reverses, _, _ = posting
            alias, _, before, after, position, at, _ = change
            seq += 1
            if at != moment:
                moment, committed_at = at, timestamp(at)
            source = named_by[alias](after or before or ())
            fields = (
                *(str(seq), key, rule, subject),
                "" if voucher is None else ref(voucher[1], voucher[0], number, key),
                "" if reverses is None else reverses.key,
                *(mapping_hash, position, committed_at, now),
                encode_content(posting, source, finance=finance),
            )
            head = seal(head, fields)
            rows.append((pipeline, *fields, head, source))
        end.seq, end.hash = seq, head
        return rows

    def _otherwise(self, held: Iterable[Series]) -> set[Series]:
        """The series that number the vouchers of these periods and types, where that is not they themselves."""
        of = self._work.layout.series
        found = set() if of is None else {series for one in held if (series := of(*one)) is not None}
        self._numbering = found
        return found

    def _last_numbers(self, series: Sequence[Series]) -> dict[Series, int]:
        """The last numbers given, kept from others until the transaction ends. At first use what finance's own
        people have typed counts too."""
        last, known = self._numbers(series), self._work.state.numbered
        if missing := [one for one in series if one not in last]:
            # A close cannot hold a series that it has never seen: both hold one that every period has.
            begun = {period for period, kind in missing if (period, kind) not in (self._numbering or ())}
            held = [(period, ANY_TYPE) for period in sorted(begun)]
            for one in (*held, *missing):
                self._work.database.send(SQL["add_number"], one)
            found = self._numbers((*held, *series))
            last = {one: found[one] for one in series}
        self._require_open({period for period, _ in series})
        for one in (last.keys() if self._numbering is None else set(self._numbering)) - known:
            known.add(one)
            last[one] = max(last[one], self._highest(one))
            self._look_at_days(one)
        return last

    def _numbers(self, series: Sequence[Series]) -> dict[Series, int]:
        """In one order, that two pipelines never wait for each other."""
        if not series:
            return {}
        which = " OR ".join(["period = ? AND type = ?"] * len(series))
        select = f"SELECT period, type, last, last_date FROM syncd.number WHERE {which} ORDER BY period, type"
        rows = self._work.database.query(select + self._work.database.for_update, [*chain.from_iterable(series)])
        if self._work.layout.series is None and self._work.layout.last_date(series[0]) is not None:
            self._days = {(str(period), str(kind)): str(day) for period, kind, _, day in rows}
        return {(str(period), str(kind)): integer(last) for period, kind, last, _ in rows}

    def _require_open(self, periods: set[str]) -> None:
        """Raises Transient when somebody has closed a period since it was looked at: now that its numbers are held,
        nobody can any more before the transaction ends."""
        if periods:
            closed = SQL["closed"] + self._work.database.for_update
            for (period,) in self._work.database.query(closed, (sorted(periods),)):
                raise Transient("period_closed_meanwhile", period=period)

    def _highest(self, series: Series) -> int:
        layout = self._work.layout
        rows = self._work.database.query(*layout.last_number(series))
        return max((layout.number_in(found) for (found,) in rows), default=0)

    def _look_at_days(self, series: Series) -> None:
        """No voucher of ours is to lie before what finance's own people have dated."""
        if series in self._days and (day := last_day(self._work.database, self._work.layout, series)) is not None:
            self._days[series] = max(self._days[series], day.isoformat())

    def _is_overtaken(self) -> bool:
        """Whether finance holds numbers above ours; ours then go on from there."""
        numbering = self._last.keys() if self._numbering is None else self._numbering
        highest = {series: self._highest(series) for series in numbering}
        overtaken = {series: number for series, number in highest.items() if number > self._last[series]}
        self._last = self._last | overtaken
        for series in overtaken:
            self._look_at_days(series)
        return bool(overtaken)

    def _reopens(self) -> bool:
        """Whether it may have been a card that was there: from now on what is there is replaced."""
        opening = self._work.state.opening
        inserted = "insert" in opening.values()
        opening.update(dict.fromkeys(opening, "upsert"))
        return inserted

    def _refuse(self, spot: int, refusal: RowRefused, status: Status = "failed") -> None:
        outcome = self._outcomes[spot]
        rules = ", ".join(dict.fromkeys(posting.rule for posting in outcome.postings))
        rejection = Rejection(outcome.change, outcome.subject, rules, status, refusal.code, refusal.params)
        self._refused[spot] = rejection
        self._tainted |= self._touched(outcome)

    def _touched(self, outcome: Outcome) -> set[str]:
        """The subject of an outcome and its source row, the cards that it writes, and those that it was built on."""
        table = self._work.tables[outcome.change.table]
        cards = {f"card:{code}" for p in outcome.postings for card in p.cards for code in (card[0], brought(card))}
        cards |= {f"card:{code}" for code in outcome.reads}
        rows = {f"row:{row_of(table, outcome.change)}", f"row:{old_row_of(table, outcome.change)}"}
        return cards | rows | {f"subject:{outcome.subject}"}


def _is_known(refusal: RowRefused) -> bool:
    """Whether the mirror has a row that it was not asked for."""
    return refusal.code == "row_duplicate" and refusal.params["table"] == MIRROR


def refuses_cards(work: Work) -> bool:
    """Whether cards are inserted, so that finance refuses one that is there already; whoever opens one then need not
    have asked."""
    return work.state.opening.get(work.layout.card_guard) == "insert"


def names_of(layout: Layout, key: str, voucher: Voucher | None, number: int) -> tuple[str, str]:
    """A voucher's reference, and what summaries call it; empty where there is none."""
    if voucher is None:
        return "", ""
    ref = layout.voucher_ref(voucher.period, voucher.type, number, key)
    return ref, layout.voucher_called(voucher, number)


class _Chain:
    """The head of the hash chain while a batch is written."""

    def __init__(self, seq: int, hash: str) -> None:
        self.seq, self.hash = seq, hash


def unsound(voucher: Voucher, is_reversal: bool) -> RowRefused | None:
    """Why a voucher is none: fewer than two entries, a line with two sides or none, a negative amount outside a
    red-letter reversal, debit that is not credit."""
    entries = voucher.entries
    if len(entries) < 2:
        return RowRefused("voucher_short", entries=len(entries))
    debited = credited = ZERO
    for account, debit, credit, _, _ in entries:
        if debit:
            if credit:
                return RowRefused("voucher_sides", account=account)
            debited = debit if debited is ZERO else _add(debited, debit)
        elif credit:
            credited = credit if credited is ZERO else _add(credited, credit)
        else:
            return RowRefused("voucher_sides", account=account)
        if not is_reversal and (debit < ZERO or credit < ZERO):
            return RowRefused("voucher_negative", account=account)
    return None if debited == credited else RowRefused("voucher_unbalanced", debit=debited, credit=credited)


def waves(numbered: Sequence[Numbered]) -> Iterator[Sequence[Numbered]]:
    """Postings in lots within which no card is written twice, nor a row of another table: finance judges each write by
    itself, as it would if they came one after the other."""
    codes = [card[0] for posting, _ in numbered for card in posting[4]]
    if len(set(codes)) == len(codes) and not any(posting[6] for posting, _ in numbered):  # nearly always
        yield from (numbered[i : i + CHUNK_ROWS] for i in range(0, len(numbered), CHUNK_ROWS))
        return
    lot: list[Numbered] = []
    written: set[object] = set()
    for one in numbered:
        posting = one[0]
        marks: set[object] = {card[0] for card in posting[4]}
        marks.update((table, *map(values.get, key)) for table, key, values in posting[6] if key)
        if len(lot) >= CHUNK_ROWS or not written.isdisjoint(marks):
            yield lot
            lot, written = [], set()
        lot.append(one)
        written |= marks
    if lot:
        yield lot


def newest(write: TableWrite) -> TableWrite:
    """The same with the last row alone where several have one key."""
    key = itemgetter(*map(write.columns.index, write.key))
    rows = {key(row): row for row in write.rows}
    return write if len(rows) == len(write.rows) else write._replace(rows=list(rows.values()))


def _counted(outcomes: Sequence[Outcome], last: dict[Series, int]) -> Iterator[tuple[Posting, int]]:
    """All postings but collected ones, each with its voucher's number, 0 where it has none; `last` goes on."""
    for outcome in outcomes:
        for posting in outcome[2]:  # by number, for this is done for every posting
            if posting[8] is None:
                number = 0
                if (voucher := posting[5]) is not None:
                    series = voucher[1], voucher[0]
                    number = last[series] = last[series] + 1
                yield posting, number


def _counted_otherwise(
    of: Callable[[str, str], Series | None],
    kept: Callable[[str], str],
    outcomes: Sequence[Outcome],
    last: dict[Series, int],
) -> Iterator[tuple[Posting, int]]:
    """The same where series are others than period and type: these count vouchers beside."""
    for outcome in outcomes:
        for posting in outcome.postings:
            if posting.collected is None:
                number = 0
                if (voucher := posting.voucher) is not None:
                    last[kept(voucher.period), voucher.type] += 1
                    if (series := of(voucher.period, voucher.type)) is not None:
                        number = last[series] = last[series] + 1
                yield posting, number


def _ascending(counted: Iterable[tuple[Posting, int]], days: dict[Series, str]) -> Iterator[tuple[Posting, int]]:
    """The same, no voucher dated before the last one of its series; the day of its event stays. `days` go on."""
    for posting, number in counted:
        if (voucher := posting[5]) is not None:
            series, day = (voucher[1], voucher[0]), voucher[2].isoformat()
            if day < days[series]:
                last = date.fromisoformat(days[series])
                posting = posting._replace(voucher=voucher._replace(date=last))
            else:
                days[series] = day
        yield posting, number
