"""The ledger within one transaction: what the translator looks up, and the one write."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from connectors import reading
from connectors.ledger import collecting, parking
from connectors.ledger.bookkeeping import Bookkeeper
from connectors.ledger.database import CHUNK_ROWS, Verb
from connectors.ledger.standing import SQL, Work
from syncd.change import Position, Row, Value
from syncd.errors import Transient
from syncd.ports import CollectedRow, Parked, Period, Posted
from syncd.posting import Batch, Fields, MirrorWrite, Outcome
from syncd.record import decode_change, decode_row, row_encoder, timestamp

_IMAGE: Final = ("pipeline", "source_table", "key", "image")
CARDS_ASKED_MAX: Final = 5_000
"""Asset codes in one query."""


class SqlBook:
    """A `ports.Book`. It lives as long as its transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lookups: dict[str, Mapping[Value, Value]] = {}
        self._gathered: tuple[str, str] | None = None

    def mirror(self, table: str, keys: Collection[str]) -> Mapping[str, Row]:
        work, columns = self._work, self._work.tables[table]
        rows = work.database.each(SQL["mirror"], (work.pipeline, table), keys)
        return {str(key): decode_row(columns, str(image)) for key, image in rows}

    def posted(self, keys: Collection[str]) -> Mapping[str, Posted]:
        work = self._work
        kept = work.database.each(SQL["kept"], (work.pipeline,), keys) if work.standing.collects else []
        found = {str(key): Posted(str(key), str(rule), "", "", "") for key, rule in kept}
        for row in work.database.each(SQL["posted"], (work.pipeline,), keys):
            found[str(row[0])] = _posted(row)
        return found

    def latest(self, subjects: Collection[str], rules: Collection[str]) -> Mapping[str, Posted]:
        rows = self._work.database.each(SQL["latest"], (self._work.pipeline, list(rules)), subjects)
        oldest_first = sorted(rows, key=itemgetter(0))
        return {str(subject): _posted(posted) for _, subject, *posted in oldest_first if not posted[-1]}

    def cards(self, asset_codes: Collection[str]) -> Mapping[str, Fields]:
        layout, asked = self._work.layout, list(asset_codes)
        found: dict[str, Fields] = {}
        for start in range(0, len(asked), CARDS_ASKED_MAX):
            codes = asked[start : start + CARDS_ASKED_MAX]
            for row in self._work.database.query(layout.cards_query(len(codes)), codes):
                found[str(row[0])] = layout.card_row(row)
        return found

    def periods(self) -> Sequence[Period]:
        return reading.periods(self._work.database, self._work.layout)

    def lookup(self, name: str) -> Mapping[Value, Value]:
        if name not in self._lookups:
            self._lookups[name] = reading.lookup(self._work.database, self._work.layout.lookups[name])
        return self._lookups[name]

    def held(self) -> Collection[str]:
        return self._work.standing.held.keys()

    def parked(self, positions: Collection[Position]) -> Collection[Position]:
        if not (positions and self._work.standing.parked_seq):
            return ()
        rows = self._work.database.query(SQL["parked_at"], (self._work.pipeline, list(positions)))
        return {Position(str(row[0])) for row in rows}

    def requested(self, limit: int) -> Sequence[Parked]:
        return parking.requested(self._work, limit)

    def due_groups(self, now: datetime) -> Sequence[tuple[str, str]]:
        return [(str(r), str(g)) for r, g in self._work.database.query(SQL["due_groups"], (self._work.pipeline,))]

    def collected(self, rule: str, group: str) -> Iterator[CollectedRow]:
        """The rows of a group. The write that follows in this transaction takes them."""
        self._gathered = (rule, group)
        for key, subject, change in self._work.database.query(SQL["collect"], (self._work.pipeline, rule, group)):
            yield CollectedRow(str(key), str(subject), decode_change(self._work.tables, str(change)))

    def write(self, batch: Batch) -> Sequence[Outcome]:
        work, standing = self._work, self._work.standing
        before = standing.posting_seq, standing.parked_seq, standing.position or ""
        outcomes = list(batch.outcomes)
        lookups = {name: self.lookup(name) for name in work.layout.lookups}
        bookkeeper = Bookkeeper(work, lookups, outcomes, in_order=self._gathered is None)
        bookkeeper.prepare()
        self._mirror(batch.mirror)  # before the postings: the server takes it in while they are made
        bookkeeper.post()
        if self._gathered is not None:
            collecting.take(work, *self._gathered, outcomes)
        parking.park(work, outcomes)
        parking.settle(work, outcomes)
        parking.arrive(work, batch.arrived)
        self._count(outcomes)
        if batch.position is not None:
            standing.position = batch.position
        self._advance(outcomes, before)
        return outcomes

    def _mirror(self, writes: Sequence[MirrorWrite]) -> None:
        work = self._work
        last: defaultdict[str, dict[str, Row | None]] = defaultdict(dict)
        for table, key, row in writes:
            last[table][key] = row
        for table, rows in last.items():
            kept = [key for key, row in rows.items() if row is not None]
            known = {key for (key,) in work.database.each(SQL["mirrored"], (work.pipeline, table), kept)}
            # Nobody else writes these rows, so none that is new can be there by the time it is inserted.
            self._images("insert", table, rows, [key for key in kept if key not in known])
            self._images("update", table, rows, [key for key in kept if key in known])
            if gone := [(work.pipeline, table, key) for key, row in rows.items() if row is None]:
                work.database.put("syncd.mirror", _IMAGE[:3], _IMAGE[:3], "delete", [gone])

    def _images(self, verb: Verb, table: str, rows: Mapping[str, Row | None], keys: Sequence[str]) -> None:
        work, encode = self._work, row_encoder(self._work.tables[table])
        lots = (keys[start : start + CHUNK_ROWS] for start in range(0, len(keys), CHUNK_ROWS))
        chunks = ([(work.pipeline, table, key, encode(rows[key] or ())) for key in lot] for lot in lots)
        if keys:
            work.database.put("syncd.mirror", _IMAGE, _IMAGE[:3], verb, chunks)

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        work, standing = self._work, self._work.standing
        if self._gathered is None:
            standing.changes += sum(o.parked_id is None for o in outcomes)
        standing.posted += sum(len(o.postings) for o in outcomes)
        standing.repeated += sum(not o.postings and o.rejection is None and not o.ignored for o in outcomes)
        for reason, changes in sorted(Counter(o.ignored for o in outcomes if o.ignored).items()):
            work.database.send(SQL["count_ignored"], (work.pipeline, reason, changes))

    def _advance(self, outcomes: Sequence[Outcome], before: tuple[int, int, str]) -> None:
        work, s = self._work, self._work.standing
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


def _posted(row: Sequence[object]) -> Posted:
    key, rule, voucher, content, reversed_by = map(str, row)
    return Posted(key, rule, voucher, content, reversed_by)
