"""The ledger within one transaction: what the translator looks up, and the one write."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Final

from connectors import reading
from connectors.ledger import answering, collecting, computing, parking, recent
from connectors.ledger.bookkeeping import MIRROR, Bookkeeper, refuses_cards
from connectors.ledger.database import CHUNK_ROWS, Rows, Verb
from connectors.ledger.fitting import row_text
from connectors.ledger.state import SQL, Work, integer
from syncd.change import Position, Row, Value
from syncd.errors import Halt, Transient
from syncd.folding import row_of
from syncd.ports import NOT_KEPT, CollectedRow, Holds, KeptRow, Parked, Period, Posted, Statement
from syncd.posting import Batch, Fields, Images, Outcome, Refused, is_released
from syncd.record import decode_change, decode_row, row_encoder, timestamp

Answer = Callable[[], Rows]
_CHANGE: Final = itemgetter(0)
_OP: Final = itemgetter(1)
_IMAGE: Final = ("pipeline", "source_table", "key", "image")


class SqlBook:
    """A `ports.Book`. It lives as long as its transaction."""

    def __init__(self, work: Work, reads_only: bool = False) -> None:
        self._work, self._reads_only = work, reads_only
        self._lookups: dict[str, Mapping[Value, Value]] = {}

    @property
    def row_letters_max(self) -> int:
        return self._work.database.row_letters_max

    def mirror(self, table: str, keys: Collection[str]) -> Mapping[str, Row]:
        work, columns = self._work, self._work.tables[table]
        rows = work.database.each(SQL["mirror"], (work.pipeline, table), keys)
        return {str(key): decode_row(columns, str(image)) for key, image in rows}

    def posted(self, keys: Collection[str]) -> Mapping[str, Posted]:
        work = self._work
        kept = work.database.each(SQL["kept"], (work.pipeline,), keys) if work.state.collects else []
        found = {str(key): Posted(str(key), str(rule), "", "", "") for key, rule in kept}
        for row in work.database.each(SQL["posted"], (work.pipeline,), keys):
            found[str(row[0])] = _posted(row)
        return found

    def standing(self, subjects: Collection[str], rules: Collection[str]) -> Mapping[str, Sequence[Posted]]:
        found: defaultdict[str, list[Posted]] = defaultdict(list)
        for subject, posted in self._standing("standing", rules, subjects):
            found[subject].append(posted)
        return found

    def standing_of(self, rows: Collection[str], rules: Collection[str]) -> Sequence[Posted]:
        return [posted for _, posted in self._standing("standing_of", rules, rows)]

    def _standing(self, sql: str, rules: Collection[str], places: Collection[str]) -> Iterator[tuple[str, Posted]]:
        rows = self._work.database.each(SQL[sql], (self._work.pipeline, list(rules)), places)
        for _, subject, *posted in sorted(rows, key=itemgetter(0)):
            if not posted[-1]:
                yield str(subject), _posted(posted)

    def moved(self, row: str) -> str | None:
        rows = self._work.database.query(SQL["moved"], (self._work.pipeline, row))
        return str(rows[0][0]) if rows else None

    def collecting(self, asset_codes: Collection[str], without: Collection[str] = ()) -> Mapping[str, str]:
        if not (self._work.state.collects and asset_codes):
            return {}
        rows = self._work.database.each(SQL["collecting"], (self._work.pipeline,), asset_codes)
        latest_first = sorted(rows, key=itemgetter(0), reverse=True)
        return {str(code): f"{rule}/{group}" for _, code, rule, group, key in latest_first if key not in without}

    def collected_row(self, key: str) -> KeptRow:
        work = self._work
        found = work.database.query(SQL["collected_row"], (work.pipeline, key)) if work.state.collects else []
        if not found:
            return NOT_KEPT
        text, posted, card, rule, group = found[0]
        change = decode_change(work.tables, str(text))
        return KeptRow(row_of(work.tables[change.table], change), bool(posted), str(card), f"{rule}/{group}")

    def is_released(self, rule: str, group: str) -> bool:
        return is_released(rule, group, self._work.state.released)

    def cards(self, asset_codes: Collection[str]) -> Mapping[str, Fields]:
        layout = self._work.layout
        query = layout.card_query()
        rows = self._work.database.each(query, (), asset_codes) if query else []
        return {str(row[0]): layout.card_row(row) for row in rows}

    @property
    def refuses_cards(self) -> bool:
        return not self._reads_only and refuses_cards(self._work)

    def periods(self) -> Sequence[Period]:
        return reading.periods_less_closed(self._work.database, self._work.layout)

    def lookup(self, name: str) -> Mapping[Value, Value]:
        if name not in self._lookups:
            self._lookups[name] = reading.lookup(self._work.database, self._work.layout.lookups[name])
        return self._lookups[name]

    def budget(self, name: str) -> Mapping[Value, Value]:
        database = self._work.database
        if not self._reads_only:
            database.execute(SQL["begin_budgets"])
            database.query(SQL["hold_budgets"] + database.for_update)
        return reading.lookup(database, self._work.layout.lookups[name])  # as it is now that nobody else takes any

    def class_cards(self, class_: str) -> Mapping[str, Fields]:
        layout = self._work.layout
        query = layout.class_query()
        rows = self._work.database.query(query, (class_,) if query.endswith("?") else ()) if query else []
        return {str(row[0]): layout.card_row(row) for row in rows}

    def journal(self, asked: Statement) -> Sequence[Sequence[object]]:
        return self._work.database.query(*asked)

    def holds(self) -> Holds:
        return self._work.state.holds

    def parked(self, positions: Collection[Position]) -> Collection[Position]:
        if not (positions and self._work.state.parked_seq):
            return ()
        rows = self._work.database.query(SQL["parked_at"], (self._work.pipeline, list(positions)))
        return {Position(str(row[0])) for row in rows}

    def requested(self, limit: int) -> Sequence[Parked]:
        return parking.requested(self._work, limit)

    def due_groups(self, now: datetime) -> Sequence[tuple[str, str]]:
        work = self._work
        if not work.state.may_be_due:
            return ()
        found = collecting.due_groups(work)
        work.state.may_be_due = bool(found)
        return found

    def collected(self, rule: str, group: str) -> Generator[CollectedRow]:
        tables, least = self._work.tables, collecting.least_due(self._work, rule, group)
        which = self._work.pipeline, rule, group, least
        for key, subject, stored, number in self._work.database.stream(SQL["collect"], which):
            try:
                change = decode_change(tables, str(stored))
            except KeyError as missing:
                raise Halt("collected_unreadable", table=missing.args[0], rule=rule, group=group) from None
            yield CollectedRow(str(key), str(subject), change, integer(number))

    def write(self, batch: Batch) -> Sequence[Outcome]:
        work, state = self._work, self._work.state
        before = state.posting_seq, state.parked_seq, state.position or ""
        lookups = _Lookups(self.lookup)
        outcomes, gathered = batch.outcomes, batch.gathered
        asked = self._sorted(batch.mirror, all_new := _all_new(outcomes))
        self._number(outcomes, {} if gathered is None else gathered.numbers)
        mirror = partial(self._mirror, batch.mirror, asked, all_new)
        bookkeeper = Bookkeeper(work, lookups, outcomes, in_order=gathered is None, ahead=mirror)
        bookkeeper.prepare()
        try:
            bookkeeper.post()
        except Refused:
            self._require_writer(before)
            raise
        if batch.moved:
            rows = [(work.pipeline, now, was) for now, was in batch.moved.items()]
            work.database.put("syncd.moved", ("pipeline", "key", "was"), ("pipeline", "key"), "upsert", [rows])
        if batch.made is not None:
            computing.keep(work, batch.made)
        if gathered is not None:
            collecting.take(work, gathered.rule, gathered.group, outcomes)
        parking.park(work, outcomes, again=gathered is not None)
        parking.settle(work, outcomes)
        parking.arrive(work, batch.arrived)
        parking.defer(work, batch.deferred)
        if work.answers:
            answering.answer(work, outcomes, gathered)
        counted = state.changes
        self._count(outcomes, is_read=gathered is None)
        recent.keep(work, outcomes, counted)
        if batch.position is not None:
            state.position = batch.position
        self._advance(outcomes, before)
        return outcomes

    def _number(self, outcomes: Sequence[Outcome], given: Mapping[Position, int]) -> None:
        """Number the changes that are parked or collected, in source order. One that was collected has its own."""
        numbers, state = self._work.numbers, self._work.state
        numbers.update(given)
        for change, _, postings, rejection, _, parked_id, _ in outcomes:
            if rejection is None:
                for posting in postings:
                    if posting[8] is not None:  # by number, for this is done for every change
                        break
                else:
                    continue
            if parked_id is None and change.position not in numbers:
                state.parked_seq += 1
                numbers[change.position] = state.parked_seq

    def _sorted(self, images: Images, all_new: bool) -> Sequence[tuple[str, Sequence[str], Answer]]:
        """By table the keys of the rows that are there, and which of these the mirror has: the server looks while the
        postings are judged. Of rows that the log inserts it is not asked, once it was asked of such and had none: it
        refuses one that is there, and then the batch is made again, asking."""
        work = self._work
        kept = {table: [key for key, row in rows.items() if row is not None] for table, rows in images.items() if rows}
        if all_new and work.state.mirrors_unasked:
            return [(table, keys, list) for table, keys in kept.items()]
        ask, mirrored = work.database.ask, SQL["mirrored"]
        return [(table, keys, ask(mirrored, (work.pipeline, table), keys)) for table, keys in kept.items()]

    def _mirror(self, images: Images, asked: Sequence[tuple[str, Sequence[str], Answer]], all_new: bool) -> None:
        work = self._work
        any_known = False
        for table, kept, mirrored in asked:
            rows = images[table]
            known = {key for (key,) in mirrored()}
            any_known |= bool(known)
            # Nobody else writes these rows, so none that is new can be there by the time it is inserted.
            self._images("insert", table, rows, [key for key in kept if key not in known] if known else kept)
            self._images("update", table, rows, [key for key in kept if key in known] if known else ())
            if gone := [(work.pipeline, table, key) for key, row in rows.items() if row is None]:
                work.database.put(MIRROR, _IMAGE[:3], _IMAGE[:3], "delete", [gone])
        if all_new:
            work.state.mirrors_unasked = not any_known

    def _images(self, verb: Verb, table: str, rows: Mapping[str, Row | None], keys: Sequence[str]) -> None:
        work, encode = self._work, row_encoder(self._work.tables[table])
        lots = (keys[start : start + CHUNK_ROWS] for start in range(0, len(keys), CHUNK_ROWS))
        bytes_max, declared = work.database.text_bytes_max, work.tables[table]

        def chunk(lot: Sequence[str]) -> Sequence[tuple[Value, ...]]:
            images = [rows[key] or () for key in lot]
            texts = [*map(encode, images)]
            if len(max(texts, key=len)) * 4 > bytes_max:
                texts = [row_text(declared, row, text, bytes_max) for row, text in zip(images, texts, strict=True)]
            return [(work.pipeline, table, key, text) for key, text in zip(lot, texts, strict=True)]

        if keys:
            work.database.put(MIRROR, _IMAGE, _IMAGE[:3], verb, map(chunk, lots))

    def _count(self, outcomes: Sequence[Outcome], is_read: bool) -> None:
        work, state = self._work, self._work.state
        reasons: list[str] = []
        for _, _, postings, rejection, ignored, parked_id, _ in outcomes:  # once, for this is done for every change
            if is_read and parked_id is None:
                state.changes += 1
            if postings:
                state.posted += len(postings)
            elif ignored:
                reasons.append(ignored)
            elif rejection is None:
                state.repeated += 1
        for reason, changes in sorted(Counter(reasons).items()):
            work.database.send(SQL["count_ignored"], (work.pipeline, reason, changes))

    def _require_writer(self, before: tuple[int, int, str]) -> None:
        """Raises Transient when another has written since: what finance refuses may be what that one has posted."""
        ((position, posting_seq, _, parked_seq, *_),) = self._work.database.query(
            SQL["read_pipeline"], (self._work.pipeline,)
        )
        if (posting_seq, parked_seq, position or "") != before:
            raise Transient("not_the_writer", pipeline=self._work.pipeline)

    def _advance(self, outcomes: Sequence[Outcome], before: tuple[int, int, str]) -> None:
        work, s = self._work, self._work.state
        newest = timestamp(max(o.change.committed_at for o in outcomes)) if outcomes else None
        moved = work.database.execute(
            SQL["advance"],
            (
                *(s.position, newest, work.now, s.posting_seq, s.posting_hash),
                *(s.parked_seq, s.changes, s.posted, s.repeated, work.pipeline, *before),
            ),
        )
        if moved != 1:
            raise Transient("not_the_writer", pipeline=work.pipeline)


class _Lookups(dict[str, Mapping[Value, Value]]):
    """The lookups that the layout asks for, each when it does: one that tells budgets may take its time."""

    def __init__(self, read: Callable[[str], Mapping[Value, Value]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, name: str) -> Mapping[Value, Value]:
        self[name] = found = self._read(name)
        return found


def _all_new(outcomes: Sequence[Outcome]) -> bool:
    """Whether the log says of every row that it is new."""
    return set(map(_OP, map(_CHANGE, outcomes))) == {"insert"}


def _posted(row: Sequence[object]) -> Posted:
    return Posted(*map(str, row))
