"""A ledger on paper: a small Book in memory, to try a mapping without a database.

It keeps what the rules look up: rows, cards, postings, parked and collected rows. Finance knows every account and
code unless it is told which.
"""

from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from syncd.change import Change, Position, Row, Table, Value, key_text
from syncd.folding import row_of
from syncd.mapping.layout.layout import FinanceLayout
from syncd.ports import NOT_KEPT, CollectedRow, Head, KeptRow, Numbered, Parked, Period, Posted, Series, Statement
from syncd.posting import Batch, Fields, Outcome, Posting, Rejection, Voucher, begins, named
from syncd.record import encode_content


@dataclass
class Note:
    """A parked row at rest."""

    id: int
    rejection: Rejection
    request: str = ""
    approved: set[str] = field(default_factory=set)
    settled: bool = False
    sent: Change | None = None
    """What the EAM sent, where a person has edited it since."""


class Anything(dict[Value, Value]):
    """A lookup that knows every code as itself."""

    def __contains__(self, code: object) -> bool:
        return code is not None

    def __missing__(self, code: Value) -> Value:
        return code

    def get(self, code: Value, default: Any = None) -> Any:
        """The code itself."""
        return code


class PaperHolds(NamedTuple):
    """Implements `ports.Holds`."""

    heads: Mapping[str, Head]
    rows: Mapping[str, str]
    awaited: Collection[str]


class PaperBook:
    """Implements `ports.Book`. `closed` are the periods that are not open; every month is a period."""

    row_letters_max = 1 << 62

    def __init__(
        self,
        tables: Mapping[str, Table],
        layout: FinanceLayout,
        lookups: Mapping[str, Mapping[Value, Value]] | None = None,
        closed: Collection[str] = (),
    ) -> None:
        self.tables, self.layout, self.closed = tables, layout, set(closed)
        self.lookups = dict(lookups or {})
        self.images: dict[str, dict[str, Row]] = defaultdict(dict)
        self.card_fields: dict[str, dict[str, Value]] = {}
        self.entered: list[Numbered] = []
        self.notes: list[Note] = []
        self.loose: list[tuple[CollectedRow, str, str, str]] = []
        self.due: list[tuple[str, str]] = []
        self.moves: dict[str, str] = {}

    # What the translator looks up

    def mirror(self, table: str, keys: Collection[str]) -> Mapping[str, Row]:
        """Rows by key."""
        return {key: self.images[table][key] for key in keys if key in self.images[table]}

    def posted(self, keys: Collection[str]) -> Mapping[str, Posted]:
        """Postings and collected rows by key."""
        found = {row.key: Posted(row.key, rule, "", "", "") for row, rule, _, _ in self.loose if row.key in keys}
        return found | {p.key: self._posted(p, n) for p, n in self.entered if p.key in keys}

    def standing(self, subjects: Collection[str], rules: Collection[str]) -> Mapping[str, Sequence[Posted]]:
        """The postings of each subject that stand."""
        found: dict[str, list[Posted]] = defaultdict(list)
        for p, posted in self._standing(rules):
            if p.subject in subjects:
                found[p.subject].append(posted)
        return found

    def standing_of(self, rows: Collection[str], rules: Collection[str]) -> Sequence[Posted]:
        """The postings of a source row that stand."""
        return [posted for p, posted in self._standing(rules) if self._row_of(p) in rows]

    def _standing(self, rules: Collection[str]) -> Iterator[tuple[Posting, Posted]]:
        for p, n in self.entered:
            posted = self._posted(p, n)
            if p.rule in rules and p.reverses is None and not posted.reversed_by:
                yield p, posted

    def _row_of(self, posting: Posting) -> str:
        return row_of(self.tables[posting.change.table], posting.change)

    def collected_row(self, key: str) -> KeptRow:
        """A collected row that is in no voucher yet; of one that is the paper says nothing."""
        for (own, _, change, _), rule, group, card in self.loose:
            if own == key:
                return KeptRow(row_of(self.tables[change.table], change), False, card, f"{rule}/{group}")
        return NOT_KEPT

    def moved(self, row: str) -> str | None:
        """The key a row had before."""
        return self.moves.get(row)

    def collecting(self, asset_codes: Collection[str], without: Collection[str] = ()) -> Mapping[str, str]:
        """The groups that cards wait for."""
        loose = (kept for kept in reversed(self.loose) if kept[0].key not in without)
        return {card: f"{rule}/{group}" for _, rule, group, card in loose if card in asset_codes}

    def is_released(self, rule: str, group: str) -> bool:
        """Whether a group was released."""
        return any(rule == r and begins(group, prefix) for r, prefix in self.due)

    @property
    def refuses_cards(self) -> bool:
        """Paper is patient."""
        return False

    def cards(self, asset_codes: Collection[str]) -> Mapping[str, Fields]:
        """Cards by asset code."""
        return {code: self.card_fields[code] for code in asset_codes if code in self.card_fields}

    def periods(self) -> Sequence[Period]:
        """Every month from 2000 to 2099."""
        firsts = [date(year, month, 1) for year in range(2000, 2100) for month in range(1, 13)]
        following = [*firsts[1:], date(2100, 1, 1)]
        return [
            Period(f"{a:%Y-%m}", a, b - timedelta(days=1), f"{a:%Y-%m}" not in self.closed)
            for a, b in zip(firsts, following, strict=True)
        ]

    def lookup(self, name: str) -> Mapping[Value, Value]:
        """What finance calls a code."""
        return self.lookups.get(name, Anything())

    def budget(self, name: str) -> Mapping[Value, Value] | None:
        """What is left, where it was said."""
        return self.lookups.get(name)

    def class_cards(self, class_: str) -> Mapping[str, Fields] | None:
        """Not all cards are on paper."""
        return None

    def journal(self, asked: Statement) -> Sequence[Sequence[object]] | None:
        """Finance's own vouchers are not on paper."""
        return None

    def holds(self) -> "PaperHolds":
        """Whom the open rows hold back."""
        open_notes = [note for note in self.notes if not note.settled]
        notes = [note.rejection for note in open_notes]
        return PaperHolds(
            {n.rejection.subject: Head(n.id, n.rejection.waits_for) for n in reversed(open_notes)},
            {row_of(self.tables[r.change.table], r.change): r.subject for r in notes},
            {r.waits_for for r in notes if r.waits_for},
        )

    def held(self) -> Collection[str]:
        """Subjects with parked rows."""
        return self.holds().heads.keys()

    def parked(self, positions: Collection[Position]) -> Collection[Position]:
        """Positions of changes that were parked."""
        return {note.rejection.change.position for note in self.notes} & set(positions)

    def requested(self, limit: int) -> Sequence[Parked]:
        """Rows asked for, with their followers."""
        asked = {note.rejection.subject for note in self.notes if note.request and not note.settled}
        waiting = [n for n in self.notes if not n.settled and n.rejection.subject in asked]
        for note in waiting:
            note.request = ""
        return [
            Parked(n.id, n.rejection.subject, n.rejection.change, frozenset(n.approved), sent=n.sent) for n in waiting
        ]

    def due_groups(self, now: datetime) -> Sequence[tuple[str, str]]:
        """Released groups that hold rows."""
        groups = {(rule, group): None for _, rule, group, _ in self.loose}
        return [(r, g) for r, g in groups if any(r == d and begins(g, prefix) for d, prefix in self.due)]

    def collected(self, rule: str, group: str) -> Generator[CollectedRow]:
        """The rows of a group."""
        return (row for row, r, g, _ in self.loose if (r, g) == (rule, group))

    # The one write

    def write(self, batch: Batch) -> Sequence[Outcome]:
        """Take a batch down."""
        for outcome in batch.outcomes:
            if outcome.parked_id is not None:
                self.notes[outcome.parked_id].settled = outcome.rejection is None
            if outcome.rejection is not None:
                self._park(outcome, outcome.rejection)
            for posting in outcome.postings:
                self._enter(posting)
        for table, rows in batch.mirror.items():
            self.images[table] |= {key: row for key, row in rows.items() if row is not None}
            for key in (key for key, row in rows.items() if row is None):
                self.images[table].pop(key, None)
        self.moves |= batch.moved
        for note in self.notes:
            waits_for = note.rejection.waits_for
            if not note.settled and waits_for and waits_for in batch.arrived:
                note.request = "retry"
        return batch.outcomes

    def put(self, alias: str, row: Row) -> None:
        """A row that was there before."""
        self.images[alias][key_text(self.tables[alias], row)] = row

    def _park(self, outcome: Outcome, rejection: Rejection) -> None:
        if outcome.parked_id is not None:
            self.notes[outcome.parked_id].rejection = rejection
            return
        self.notes.append(Note(len(self.notes), rejection))
        if rejection.status == "behind":
            head = next(n for n in self.notes if not n.settled and n.rejection.subject == rejection.subject)
            if self._source(head.rejection) == self._source(rejection):
                head.request = "retry"

    def _source(self, rejection: Rejection) -> tuple[str, str]:
        change = rejection.change
        row = change.before if change.after is None else change.after
        return change.table, "*" if row is None else key_text(self.tables[change.table], row)

    def _enter(self, posting: Posting) -> None:
        if posting.release is not None:
            self.due.append((posting.release.rule, posting.release.group))
        if posting.collected is not None:
            rule, group, asset, replaces, withdraws, _ = posting.collected
            self.loose = [kept for kept in self.loose if kept[0].key != replaces]
            if not withdraws:
                self.loose.append((CollectedRow(posting.key, posting.subject, posting.change), rule, group, asset))
            return
        posting = named(posting, self._names)
        for card in posting.cards:
            if card.verb == "rename":
                self.card_fields[str(card.fields["asset_code"])] = self.card_fields.pop(card.asset_code, {})
                continue
            self.card_fields[card.asset_code] = {**self.card_fields.get(card.asset_code, {}), **card.fields}
        self.entered.append(Numbered(posting, self._number(posting)))

    def _number(self, posting: Posting) -> int:
        voucher = posting.voucher
        if voucher is None:
            return 0
        series = self._series(voucher)
        before = [n for p, n in self.entered if p.voucher and self._series(p.voucher) == series]
        return 0 if series is None else max(before, default=0) + 1

    def _series(self, voucher: Voucher) -> Series | None:
        held, of = (voucher.period, voucher.type), self.layout.series
        return held if of is None else of(*held)

    def _posted(self, posting: Posting, number: int) -> Posted:
        by = next((p.key for p, _ in self.entered if p.reverses and p.reverses.key == posting.key), "")
        source, at = self._row_of(posting), posting.change.position
        content = encode_content(posting, source, finance=("", number))
        return Posted(posting.key, posting.rule, self.ref(posting, number), content, by, at)

    def _names(self, key: str) -> tuple[str, str]:
        posting, number = next(n for n in self.entered if n.posting.key == key)
        voucher = posting.voucher
        called = self.layout.voucher_called(voucher, number) if voucher else ""
        return self.ref(posting, number), called

    def ref(self, posting: Posting, number: int) -> str:
        """What people call the posting's voucher."""
        voucher = posting.voucher
        return self.layout.voucher_ref(voucher.period, voucher.type, number, posting.key) if voucher else ""
